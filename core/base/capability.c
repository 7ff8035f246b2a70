#include <linux/capability.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/capability.h"

#define WORDS	_LINUX_CAPABILITY_U32S_3

static int
get(struct __user_cap_data_struct data[WORDS])
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};

	return (int)syscall(SYS_capget, &head, data);
}

uint64_t
capability_now(void)
{
	struct __user_cap_data_struct data[WORDS] = { { 0 } };

	if (get(data) < 0)
		return 0;
	return (uint64_t)data[1].effective << 32 | data[0].effective;
}

static bool
is_none(const struct __user_cap_data_struct data[WORDS])
{
	uint32_t any = 0;

	for (int i = 0; i < WORDS; i++)
		any |= data[i].permitted | data[i].inheritable;
	return any == 0;
}

int
capability_keep(uint64_t bits, struct err *err)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[WORDS] = { { 0 } };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	/* EINVAL: that was the last one.  EPERM: not ours to change. */
	for (unsigned long cap = 0; cap < 64; cap++)
		if ((bits >> cap & 1) == 0)
			prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (get(data) < 0)
		return err_errno(err, "capget");
	if (is_none(data))
		return 0;
	for (int i = 0; i < WORDS; i++) {
		data[i].permitted &= (uint32_t)(bits >> 32 * i);
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &head, data) == 0 ? 0 :
	    err_errno(err, "capset");
}
