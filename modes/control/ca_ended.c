#include "base/clock.h"
#include "modes/control/ca_ended.h"
#include "modes/control/ca_rotate.h"

enum ca_ended
ca_ended(const struct ca *ca, int64_t now)
{
	if (ca->bundle->roots[0].not_after <= now)
		return CA_ENDED_ROOT;
	return ca->now.cert.not_after <= now ? CA_ENDED_INTERMEDIATE :
	    CA_ENDED_NOT;
}

static const char *
remedy(const struct ca *ca, bool is_root)
{
	enum ca_level level;

	if (ca_rotate_is_prepared(&ca->files, &level) &&
	    (level == CA_ROOT || !is_root))
		return "mesh ctl ca activate puts what is prepared to use";
	if (ca_rotate_has_key(&ca->files, ca->root_key_file))
		return is_root ? "mesh ctl ca prepare --level root, then mesh "
		    "ctl ca activate" : "mesh ctl ca prepare, then mesh ctl ca "
		    "activate";
	return is_root ? "mesh ctl ca prepare --csr prints a request, to be "
	    "signed under another root; mesh ctl ca prepare --chain takes what "
	    "comes back, and mesh ctl ca activate puts it to use" :
	    "mesh ctl ca prepare --csr prints a request, to be signed where the "
	    "root's key is; mesh ctl ca prepare --chain takes what comes back, "
	    "and mesh ctl ca activate puts it to use; or restart control with "
	    "that key";
}

void
ca_ended_add(struct str *out, const struct ca *ca, int64_t now)
{
	bool is_root = ca_ended(ca, now) == CA_ENDED_ROOT;
	char end[CLOCK_TEXT_MAX];

	clock_format(end, is_root ? ca->bundle->roots[0].not_after :
	    ca->now.cert.not_after, -1);
	str_addf(out, "the %s ended %s: no certificate is issued, and no proxy "
	    "can join, renew or connect; %s%s", is_root ? "root" :
	    "intermediate", end, remedy(ca, is_root), is_root ?
	    ", after which every proxy joins anew" : "");
}

int
ca_ended_check(const struct ca *ca, int64_t now, struct err *err)
{
	struct str why = { 0 };

	if (ca_ended(ca, now) == CA_ENDED_NOT)
		return 0;
	ca_ended_add(&why, ca, now);
	err_set(err, ERR_UNAVAILABLE, "%s", str_ptr(&why));
	str_fini(&why);
	return -1;
}
