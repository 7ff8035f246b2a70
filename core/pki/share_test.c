#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "pki/key.h"
#include "pki/share.h"

#define COUNT		5
#define THRESHOLD	3

static const struct slice file = SLICE("-----BEGIN PRIVATE KEY-----\nMIGH\0AgEA"
    "\n-----END PRIVATE KEY-----\n");
static const char *const labels[] = { "a", "b", "c", "d", "e", "f", "g" };

static void
split(struct str *texts, size_t count, size_t threshold)
{
	struct err err = ERR_INIT;

	memset(texts, 0, count * sizeof(*texts));
	assert_int_equal(share_split(texts, count, threshold, file, "root.key",
	    &err), 0);
}

static void
wipe(struct str *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		key_wipe_str(&texts[i]);
}

/* Reads and combines; gives what is refused, "" when it gave the file back. */
static const char *
combine(const struct slice *texts, size_t n)
{
	static char why[1400];
	struct share shares[8];
	struct str out = { 0 };
	struct err err = ERR_INIT;
	size_t read = 0;

	while (read < n && share_read(&shares[read], texts[read], &err) == 0)
		read++;
	*why = '\0';
	if (read < n)
		snprintf(why, sizeof(why), "%s: %s", labels[read], err.text);
	else if (share_combine(&out, shares, labels, n, &err) < 0)
		snprintf(why, sizeof(why), "%s", err.text);
	else
		assert_true(slice_eq(str_slice(&out), file));
	for (size_t i = 0; i < read; i++)
		share_fini(&shares[i]);
	key_wipe_str(&out);
	return why;
}

TEST(share_every_subset_gives_the_file_or_says_what_is_missing)
{
	struct str texts[6];

	for (size_t count = 2; count <= 6; count++)
		for (size_t threshold = 2; threshold <= count; threshold++) {
			split(texts, count, threshold);
			for (unsigned int set = 1; set < 1u << count; set++) {
				struct slice chosen[6];
				size_t n = 0;

				for (size_t i = 0; i < count; i++)
					if (set >> i & 1)
						chosen[n++] = str_slice(&texts[i]);
				const char *why = combine(chosen, n);

				if (n >= threshold)
					assert_string_equal(why, "");
				else
					assert_non_null(strstr(why,
					    "shares are needed"));
			}
			wipe(texts, count);
		}
}

/* Whatever byte is changed, the share itself is named. */
TEST(share_that_was_mistyped_is_named)
{
	struct str texts[COUNT];
	struct slice chosen[THRESHOLD];

	split(texts, COUNT, THRESHOLD);
	for (size_t i = 0; i < THRESHOLD; i++)
		chosen[i] = str_slice(&texts[i]);
	/* The last one is the end of the last line. */
	for (size_t at = 0; at + 1 < texts[1].len; at++) {
		texts[1].ptr[at] ^= 1;
		const char *why = combine(chosen, THRESHOLD);

		if (strncmp(why, "b: ", 3) != 0)
			fail_msg("byte %zu: \"%s\"", at, why);
		texts[1].ptr[at] ^= 1;
	}
	for (size_t len = 0; len + 1 < texts[1].len; len++) {
		chosen[1] = slice_of(texts[1].ptr, len);
		assert_memory_equal(combine(chosen, THRESHOLD), "b: ", 3);
	}
	wipe(texts, COUNT);
}

/* --- by somebody who knows the format ------------------------------------------ */

/* Ends a text with the sum that it should have. */
static void
sign(struct str *text)
{
	uint8_t sum[HASH_LEN];

	text->len = (size_t)(strstr(text->ptr, "\ncheck ") + 1 - text->ptr);
	hash_sha256(sum, str_slice(text));
	str_add(text, "check ");
	str_add_hex(text, sum, 8);
	str_add(text, "\n");
}

/* The letter at word + skip becomes another. */
static void
change(struct str *text, const char *word, size_t skip)
{
	char *at = strstr(text->ptr, word) + strlen(word) + skip;

	*at = *at == 'A' ? 'B' : 'A';
	sign(text);
}

TEST(share_that_was_changed_on_purpose_is_named)
{
	static const struct {
		const char *word;
		size_t      skip;
		const char *why;
	} rows[] = {
		{ "\nvalue ", 5, "c: it was changed: its value" },
		{ "\ncommitment ", 5, "c: it was changed: its set" },
		{ "\nsealed ", 9, "c: it was changed: its set" },
		{ "\nname ", 0, "c: it was changed: its set" },
		{ "\nset ", 0, "c: it was changed: its set" },
		{ "\nshare ", 0, "c: it was changed: its set" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str texts[COUNT];
		struct slice chosen[THRESHOLD];

		split(texts, COUNT, THRESHOLD);
		change(&texts[2], rows[i].word, rows[i].skip);
		for (size_t k = 0; k < THRESHOLD; k++)
			chosen[k] = str_slice(&texts[k]);
		const char *why = combine(chosen, THRESHOLD);

		if (strncmp(why, rows[i].why, strlen(rows[i].why)) != 0)
			fail_msg("%s: \"%s\"", rows[i].word, why);
		wipe(texts, COUNT);
	}
}

/* It is printed for whoever restores the key. */
TEST(share_whose_name_would_talk_to_a_terminal_is_refused)
{
	static const char bytes[] = { '\033', '\r', '\t', '\a', '\x7f', '\xff' };
	struct str texts[COUNT];

	split(texts, COUNT, THRESHOLD);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		struct slice chosen[THRESHOLD];

		*(strstr(texts[2].ptr, "\nname ") + 6) = bytes[i];
		sign(&texts[2]);
		for (size_t k = 0; k < THRESHOLD; k++)
			chosen[k] = str_slice(&texts[k]);
		assert_string_equal(combine(chosen, THRESHOLD), "c: its name has "
		    "characters that are not to be seen");
	}
	wipe(texts, COUNT);
}

TEST(share_of_another_set_is_named)
{
	struct str ours[COUNT], theirs[COUNT];

	split(ours, COUNT, THRESHOLD);
	split(theirs, COUNT, THRESHOLD);
	for (size_t odd = 0; odd < 4; odd++) {
		struct slice chosen[4];
		char wanted[64];

		for (size_t i = 0; i < 4; i++)
			chosen[i] = str_slice(i == odd ? &theirs[i] : &ours[i]);
		snprintf(wanted, sizeof(wanted), "%s is of another set than %s",
		    labels[odd], labels[odd == 0]);
		assert_string_equal(combine(chosen, 4), wanted);
	}
	wipe(ours, COUNT);
	wipe(theirs, COUNT);
}

TEST(share_that_stands_twice_is_named)
{
	struct str texts[COUNT];

	split(texts, COUNT, THRESHOLD);
	struct slice chosen[] = { str_slice(&texts[0]), str_slice(&texts[3]),
		str_slice(&texts[3]) };

	assert_string_equal(combine(chosen, 3), "b and c are both share 4");
	wipe(texts, COUNT);
}

TEST(share_split_refuses_what_makes_no_sense)
{
	static const struct {
		size_t      count, threshold;
		const char *name;
		enum err_kind kind;
	} rows[] = {
		{ 5, 1, "k", ERR_USAGE }, { 5, 6, "k", ERR_USAGE },
		{ 5, 0, "k", ERR_USAGE }, { SHARE_MAX + 1, 2, "k", ERR_USAGE },
		{ 5, 3, "", ERR_DATA }, { 5, 3, "a\nb", ERR_DATA },
		{ 5, 3, "a\033[2Jb", ERR_DATA }, { 5, 3, "a\x7f", ERR_DATA },
		{ 5, 3, "a\xc2\x9b" "2J", ERR_DATA }, { 5, 3, "a\xff", ERR_DATA },
	};
	struct str texts[SHARE_MAX + 1] = { { 0 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		assert_int_equal(share_split(texts, rows[i].count,
		    rows[i].threshold, file, rows[i].name, &err), -1);
		assert_int_equal(err.kind, rows[i].kind);
	}
	struct err err = ERR_INIT;

	assert_int_equal(share_split(texts, 5, 3, SLICE(""), "k", &err), -1);
	assert_int_equal(err.kind, ERR_DATA);
}
