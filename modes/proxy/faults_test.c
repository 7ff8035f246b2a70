#include "modes/proxy/faults.h"

#include "base/str.h"
#include "base/unit.h"

static void
note(void *arg, struct slice key, uint64_t revision, const char *text)
{
	str_addf(arg, "%.*s@%llu %s\n", SLICE_ARG(key),
	    (unsigned long long)revision, text);
}

/* One compilation; gives what was told. */
static const char *
round_of(struct faults *fs, struct str *out, const char *key,
    uint64_t revision, const char *text)
{
	str_fini(out);
	*out = (struct str){ 0 };
	faults_begin(fs);
	if (key != NULL)
		faults_add(fs, slice_str(key), revision, text);
	faults_end(fs, note, out);
	return out->len == 0 ? "" : str_ptr(out);
}

TEST(faults_are_told_when_they_are_news)
{
	struct faults fs = { .now = { 0 } };
	struct str out = { 0 };

	assert_string_equal(round_of(&fs, &out, "/a", 3, "odd"), "/a@3 odd\n");
	assert_string_equal(round_of(&fs, &out, "/a", 3, "odd"), "");
	assert_string_equal(round_of(&fs, &out, "/a", 3, "even"),
	    "/a@3 even\n");
	/* Of a new form it is news, even if it is the same. */
	assert_string_equal(round_of(&fs, &out, "/a", 4, "even"),
	    "/a@4 even\n");
	assert_string_equal(round_of(&fs, &out, NULL, 0, ""), "/a@4 \n");
	assert_string_equal(round_of(&fs, &out, NULL, 0, ""), "");
	str_fini(&out);
	faults_fini(&fs);
}

TEST(faults_of_a_document_are_one_text)
{
	struct faults fs = { .now = { 0 } };
	struct str out = { 0 };

	faults_begin(&fs);
	faults_add(&fs, SLICE("/a"), 3, "odd");
	faults_add(&fs, SLICE("/a"), 3, "even");
	faults_add(&fs, SLICE("/a"), 3, "odd");	/* at another place */
	faults_add(&fs, SLICE("/a"), 3, "dd");	/* no part is the same */
	faults_add(&fs, SLICE("/a"), 3, "eve");
	faults_add(&fs, SLICE("/a"), 3, "eve");
	faults_add(&fs, SLICE("/a"), 3, "ve");
	faults_end(&fs, note, &out);
	faults_each(&fs, note, &out);
	assert_string_equal(str_ptr(&out), "/a@3 odd; even; dd; eve; ve\n"
	    "/a@3 odd; even; dd; eve; ve\n");
	str_fini(&out);
	faults_fini(&fs);
}
