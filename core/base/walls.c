#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/capability.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/walls.h"

#define KEYS_ROOM	(64 * 1024)	/* bytes; a proxy of a few certificates */

void
walls_open(struct walls *w, bool wanted)
{
	*w = (struct walls){
		.wanted = wanted && seccomp_can(), .files = { .fd = -1 },
	};
	if (w->wanted)
		landlock_open(&w->files, true);
	tzset();	/* libc asks once, with the first time that is written */
	w->capabilities = capability_now();
	w->has_locks = secret_can_lock(KEYS_ROOM);
}

static void
allow(struct landlock *l, const char *path, enum walls_use use)
{
	switch (use) {
	case WALLS_READ:
		landlock_allow_file(l, path);
		break;
	case WALLS_STATE:
		if (path != NULL)	/* whether that went well is told later */
			(void)mkdir(path, 0700);
		landlock_allow(l, path, LANDLOCK_WRITE);
		break;
	case WALLS_SOCKET:
		landlock_allow_around(l, path, LANDLOCK_SOCKETS);
		break;
	case WALLS_OPENED:
		break;
	}
}

void
walls_allow(struct walls *w, const struct walls_path *rows,
    const void *settings)
{
	for (; rows->field != NULL; rows++) {
		const char *path;

		memcpy(&path, (const char *)settings + rows->offset,
		    sizeof(path));
		allow(&w->files, path, rows->use);
	}
}

void
walls_raise(struct walls *w, uint64_t keep)
{
	/* Of its own process, what a cgroup and the machine allow it. */
	static const char *const read[] = {
		"/proc", "/sys/fs/cgroup", "/sys/devices/system/cpu",
	};

	if (!w->wanted)
		return;
	for (size_t i = 0; i < sizeof(read) / sizeof(read[0]); i++)
		landlock_allow(&w->files, read[i], LANDLOCK_READ);
	landlock_allow(&w->files, "/dev/urandom", LANDLOCK_READ);
	landlock_allow(&w->files, "/dev/null", LANDLOCK_DEVICE);
	if (w->files.abi == 0)
		err_set(&w->no_landlock, ERR_SYSTEM, "this kernel has none");
	w->has_landlock = landlock_shut(&w->files, &w->no_landlock) == 0 &&
	    w->files.abi > 0;
	capability_keep(keep, &w->no_drop);
	w->capabilities = capability_now();
	w->has_locks = secret_can_lock(KEYS_ROOM);
}

const char *
walls_capabilities(const struct walls *w)
{
	return w->capabilities == 0 ? "none" :
	    w->capabilities == CAPABILITY_BIND_LOW ? "NET_BIND_SERVICE" :
	    w->capabilities == CAPABILITY_CHOWN ? "CHOWN" : "some";
}

static void
tell(const struct walls *w, const struct err *no_seccomp)
{
	if (!w->has_locks)
		log_warn("walls", "keys cannot be locked into memory and could "
		    "reach swap: LimitMEMLOCK= (ulimit -l) is below %d bytes",
		    KEYS_ROOM);
	if (!w->has_landlock)
		log_warn("walls", "no Landlock, every file of its user is in "
		    "reach: %s", w->no_landlock.text);
	if (w->no_drop.kind != ERR_NONE)
		log_warn("walls", "capabilities could not be dropped: %s",
		    w->no_drop.text);
	if (!w->has_seccomp)
		log_warn("walls", "no seccomp, every system call is left: %s",
		    no_seccomp->text);
	log_info("walls", "up:%s%s%s capabilities left: %s",
	    w->has_seccomp ? " seccomp," : "",
	    w->has_landlock ? " Landlock," : "",
	    w->has_locks ? " locked keys," : "", walls_capabilities(w));
}

void
walls_shut(struct walls *w, const struct seccomp_set *const *sets)
{
	struct err err = ERR_INIT;

	if (!w->wanted) {
		if (seccomp_can())
			log_warn("walls", "down (--sandbox=false): who breaks "
			    "into this process may do what its user may");
		return;
	}
	w->has_seccomp = seccomp_shut(sets, &err) == 0;
	tell(w, &err);
}
