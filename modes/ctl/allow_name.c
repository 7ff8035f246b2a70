#include <string.h>

#include "base/str.h"
#include "modes/ctl/allow_name.h"
#include "pki/hash.h"
#include "pki/spiffe.h"

#define HASH_SHOWN	4	/* bytes */

static bool
is_plain(struct slice word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!(word.ptr[i] >= 'A' && word.ptr[i] <= 'Z'))
			return false;
	return true;
}

/* METHOD,... in small letters; what is no part of a name goes to `odd`. */
static void
add_methods(struct str *name, struct str *odd, const char *methods)
{
	struct slice rest = slice_str(methods), word;

	while (slice_cut(&rest, ',', &word)) {
		word = slice_trim(word);
		if (word.len == 0)
			continue;
		if (!is_plain(word)) {
			str_addf(odd, "%.*s,", SLICE_ARG(word));
			continue;
		}
		str_add_char(name, '-');
		for (size_t i = 0; i < word.len; i++)
			str_add_char(name, (char)(word.ptr[i] | 0x20));
	}
}

static void
add_hash(struct str *name, struct slice text)
{
	uint8_t hash[HASH_LEN];

	hash_sha256(hash, text);
	str_add_char(name, '-');
	str_add_hex(name, hash, HASH_SHOWN);
}

/* What comes behind the last slash, where it may stand in a name. */
static void
add_id(struct str *name, const char *id)
{
	struct slice last = slice_str(strrchr(id, '/') + 1);

	str_addf(name, "-%.*s", SLICE_ARG(spiffe_label_ok(last) ? last :
	    SLICE("peer")));
	add_hash(name, slice_str(id));
}

static void
add_who(struct str *name, const struct allow_words *w)
{
	if (w->id != NULL) {
		str_add(name, w->verb);
		add_id(name, w->id);
		str_addf(name, "-to-%s", w->to);
		return;
	}

	const char *caller = w->namespace == NULL || strcmp(w->caller, "*") == 0 ?
	    "all" : w->caller;
	bool is_near = w->namespace == NULL || (strcmp(caller, "all") != 0 &&
	    strcmp(w->namespace, w->to_namespace) == 0);

	str_addf(name, "%s-", w->verb);
	if (!is_near)
		str_addf(name, "%s-", w->namespace);
	str_addf(name, "%s-to-%s", caller, w->to);
}

const char *
allow_name(struct arena *a, const struct allow_words *w)
{
	struct str name = { 0 }, odd = { 0 };

	add_who(&name, w);
	if (w->port != 0)
		str_addf(&name, "-%u", w->port);
	if (w->methods != NULL)
		add_methods(&name, &odd, w->methods);
	if (w->paths != NULL)
		str_addf(&odd, " %s", w->paths);
	if (w->ips != NULL)
		str_addf(&odd, " from %s", w->ips);
	if (odd.len > 0)
		add_hash(&name, str_slice(&odd));
	const char *kept = arena_dup(a, str_slice(&name)).ptr;

	str_fini(&name);
	str_fini(&odd);
	return kept;
}

size_t
allow_wider(struct arena *a, const struct allow_words *w,
    const char *names[ALLOW_WIDER_MAX])
{
	const unsigned has = (w->port != 0) | (w->methods != NULL) << 1 |
	    (w->paths != NULL) << 2 | (w->ips != NULL) << 3;
	size_t n = 0;

	for (unsigned left = 0; left < has; left++) {
		struct allow_words wider = *w;

		if ((left & has) != left)
			continue;
		if (!(left & 1))
			wider.port = 0;
		if (!(left & 2))
			wider.methods = NULL;
		if (!(left & 4))
			wider.paths = NULL;
		if (!(left & 8))
			wider.ips = NULL;
		names[n++] = allow_name(a, &wider);
	}
	return n;
}
