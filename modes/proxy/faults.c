#include "modes/proxy/faults.h"

#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct fault {
	uint64_t   revision;
	struct str text;
};

static void
fault_free(void *arg)
{
	struct fault *f = arg;

	str_fini(&f->text);
	mem_free(f);
}

void
faults_fini(struct faults *fs)
{
	map_fini(&fs->now, fault_free);
	map_fini(&fs->before, fault_free);
}

void
faults_begin(struct faults *fs)
{
	map_fini(&fs->before, fault_free);
	fs->before = fs->now;
	map_init(&fs->now);
}

#define BETWEEN	"; "

/* Whether it stands there, whole. */
static bool
is_said(const struct fault *f, const char *text)
{
	const size_t len = strlen(text), gap = strlen(BETWEEN);
	const char *all = str_ptr(&f->text);

	for (const char *at = f->text.len == 0 ? NULL : strstr(all, text);
	    at != NULL; at = *at == '\0' ? NULL : strstr(at + 1, text)) {
		bool begins = at == all || ((size_t)(at - all) >= gap &&
		    memcmp(at - gap, BETWEEN, gap) == 0);

		if (begins && (at[len] == '\0' ||
		    strncmp(at + len, BETWEEN, gap) == 0))
			return true;
	}
	return false;
}

void
faults_add(struct faults *fs, struct slice key, uint64_t revision,
    const char *text)
{
	struct fault *f = map_get(&fs->now, key);

	if (f == NULL) {
		f = mem_zalloc(sizeof(*f));
		map_put(&fs->now, key, f);
	}
	f->revision = revision;
	if (is_said(f, text))
		return;
	str_addf(&f->text, "%s%s", f->text.len > 0 ? BETWEEN : "", text);
}

static bool
is_same(const struct fault *a, const struct fault *b)
{
	return a != NULL && a->revision == b->revision &&
	    slice_eq(str_slice(&a->text), str_slice(&b->text));
}

void
faults_end(struct faults *fs, faults_tell_fn *tell, void *arg)
{
	struct slice key;
	size_t it = 0;
	void *value;

	while (map_next(&fs->now, &it, &key, &value)) {
		struct fault *f = value;

		if (!is_same(map_get(&fs->before, key), f))
			tell(arg, key, f->revision, str_ptr(&f->text));
	}
	for (it = 0; map_next(&fs->before, &it, &key, &value);)
		if (!map_has(&fs->now, key))
			tell(arg, key, ((struct fault *)value)->revision, "");
	map_fini(&fs->before, fault_free);
	map_init(&fs->before);
}

void
faults_each(const struct faults *fs, faults_tell_fn *tell, void *arg)
{
	struct slice key;
	size_t it = 0;
	void *value;

	while (map_next(&fs->now, &it, &key, &value)) {
		struct fault *f = value;

		tell(arg, key, f->revision, str_ptr(&f->text));
	}
}
