#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "pki/base64.h"
#include "pki/key.h"
#include "pki/shamir.h"
#include "pki/share.h"
#include "pki/wrap.h"

#define FIRST_LINE	"mesh-share 1"
#define CHECK		"check "
#define CHECK_LEN	8	/* bytes of the hash; twice as many characters */

/* --- hashes ------------------------------------------------------------------------ */

static void
commit(uint8_t out[HASH_LEN], uint8_t index, const uint8_t value[HASH_LEN])
{
	struct hash h;

	hash_init(&h);
	hash_add(&h, SLICE("mesh share: value"));
	hash_add(&h, slice_of(&index, 1));
	hash_add(&h, slice_of(value, HASH_LEN));
	hash_out(&h, out);
}

static void
name_set(uint8_t out[SHARE_SET_LEN], const struct share *s)
{
	uint8_t numbers[] = { s->threshold, s->count }, sum[HASH_LEN];
	struct hash h;

	hash_init(&h);
	hash_add(&h, SLICE("mesh share: set"));
	hash_add(&h, slice_of(numbers, sizeof(numbers)));
	hash_add(&h, slice_of(s->name, strlen(s->name) + 1));
	hash_add(&h, slice_of(s->commitments, (size_t)s->count * HASH_LEN));
	hash_add(&h, str_slice(&s->sealed));
	hash_out(&h, sum);
	memcpy(out, sum, SHARE_SET_LEN);
}

static void
add_check(struct str *out, struct slice text)
{
	uint8_t sum[HASH_LEN];

	hash_sha256(sum, text);
	str_add_hex(out, sum, CHECK_LEN);
}

void
share_add_set(struct str *out, const struct share *s)
{
	str_add_hex(out, s->set, SHARE_SET_LEN);
}

void
share_fini(struct share *s)
{
	str_fini(&s->sealed);
	mem_wipe(s, sizeof(*s));
}

/* --- writing ------------------------------------------------------------------------ */

static void
add_line(struct str *out, const char *word, struct slice bytes)
{
	str_addf(out, "%s ", word);
	base64_add(out, BASE64_STD, bytes);
	str_add_char(out, '\n');
}

static void
write_share(struct str *out, const struct share *s)
{
	size_t from = out->len;

	key_room_str(out, 2 * s->sealed.len + 80 * (size_t)s->count + 1024);
	str_addf(out, FIRST_LINE "\n# Any %d of %d such files restore it: "
	    "mesh ctl ca combine FILE...\nname %s\n"
	    "share %d of %d, %d restore it\nset ", s->threshold, s->count,
	    s->name, s->index, s->count, s->threshold);
	share_add_set(out, s);
	str_add_char(out, '\n');
	add_line(out, "value", slice_of(s->value, HASH_LEN));
	for (size_t i = 0; i < s->count; i++)
		add_line(out, "commitment", slice_of(s->commitments[i],
		    HASH_LEN));
	add_line(out, "sealed", str_slice(&s->sealed));
	str_add(out, CHECK);
	add_check(out, slice_of(out->ptr + from,
	    out->len - sizeof(CHECK) + 1 - from));
	str_add_char(out, '\n');
}

/* Nothing that would do something to the terminal of who reads it. */
static bool
is_plain(struct slice name)
{
	struct str shown = { 0 };

	str_add_printable(&shown, name);
	bool is = slice_eq(str_slice(&shown), name);

	str_fini(&shown);
	return is;
}

static int
check_wish(size_t count, size_t threshold, struct slice file, const char *name,
    struct err *err)
{
	size_t len = strlen(name);

	if (threshold < 2 || threshold > count || count > SHARE_MAX)
		return err_set(err, ERR_USAGE, "expected 2 <= threshold <= "
		    "shares <= %d", SHARE_MAX);
	if (file.len == 0 || file.len > SHARE_FILE_MAX)
		return err_set(err, ERR_DATA, "%zu bytes, expected 1 to %d",
		    file.len, SHARE_FILE_MAX);
	if (len == 0 || len > SHARE_NAME_MAX || !is_plain(slice_str(name)))
		return err_set(err, ERR_DATA, "its name is empty, longer than "
		    "%d bytes, or has characters that are not to be seen",
		    SHARE_NAME_MAX);
	return 0;
}

int
share_split(struct str *texts, size_t count, size_t threshold,
    struct slice file, const char *name, struct err *err)
{
	uint8_t values[SHARE_MAX * HASH_LEN], random[SHARE_MAX * HASH_LEN];
	struct share s = { 0 };
	struct wrap_key key;

	if (check_wish(count, threshold, file, name, err) < 0)
		return -1;
	wrap_key_new(&key);
	random_bytes(random, sizeof(random));
	shamir_split(values, count, key.bytes, HASH_LEN, threshold, random);
	s.count = (uint8_t)count;
	s.threshold = (uint8_t)threshold;
	snprintf(s.name, sizeof(s.name), "%s", name);
	wrap_close(&s.sealed, file, slice_str(name), &key);
	for (size_t i = 0; i < count; i++)
		commit(s.commitments[i], (uint8_t)(i + 1),
		    values + i * HASH_LEN);
	name_set(s.set, &s);
	for (size_t i = 0; i < count; i++) {
		s.index = (uint8_t)(i + 1);
		memcpy(s.value, values + i * HASH_LEN, HASH_LEN);
		write_share(&texts[i], &s);
	}
	wrap_key_wipe(&key);
	mem_wipe(values, sizeof(values));
	mem_wipe(random, sizeof(random));
	share_fini(&s);
	return 0;
}

/* --- reading ------------------------------------------------------------------------ */

/* The next line that is no comment; false: there is none. */
static bool
next_line(struct slice *text, struct slice *line)
{
	while (slice_cut(text, '\n', line))
		if (line->len > 0 && line->ptr[0] != '#')
			return true;
	return false;
}

/* "WORD rest": gives the rest, or SLICE_NONE. */
static struct slice
read_word(struct slice *text, const char *word)
{
	struct slice line, prefix = slice_str(word);

	if (!next_line(text, &line) || !slice_has_prefix(line, prefix) ||
	    line.len <= prefix.len || line.ptr[prefix.len] != ' ')
		return SLICE_NONE;
	return slice_from(line, prefix.len + 1);
}

static bool
read_bytes(struct slice *text, const char *word, uint8_t out[HASH_LEN])
{
	return base64_decode(out, HASH_LEN, BASE64_STD,
	    read_word(text, word)) == HASH_LEN;
}

/* "2 of 5, 3 restore it" */
static bool
read_numbers(struct share *s, struct slice text)
{
	uint64_t index, count, threshold;
	struct slice part;
	bool ok = slice_cut(&text, ' ', &part) && slice_u64(part, &index) &&
	    slice_cut(&text, ' ', &part) && slice_is(part, "of") &&
	    slice_cut(&text, ',', &part) && slice_u64(part, &count) &&
	    slice_has_prefix(text, SLICE(" ")) &&
	    (text = slice_from(text, 1), slice_cut(&text, ' ', &part)) &&
	    slice_u64(part, &threshold) && slice_is(text, "restore it");

	if (!ok || count > SHARE_MAX || threshold < 2 || threshold > count ||
	    index < 1 || index > count)
		return false;
	s->index = (uint8_t)index;
	s->count = (uint8_t)count;
	s->threshold = (uint8_t)threshold;
	return true;
}

static bool
read_sealed(struct share *s, struct slice text)
{
	uint8_t *bytes = mem_alloc(base64_room(text.len) + 1);
	ptrdiff_t len = base64_decode(bytes, base64_room(text.len), BASE64_STD,
	    text);

	if (len > 0)
		str_add_slice(&s->sealed, slice_of(bytes, (size_t)len));
	mem_free(bytes);
	return len > 0;
}

static bool
read_lines(struct share *s, struct slice text, const char **why)
{
	struct slice line, set;
	bool ok = next_line(&text, &line) && slice_is(line, FIRST_LINE);
	struct slice name = ok ? read_word(&text, "name") : SLICE_NONE;
	struct str hex = { 0 };

	if (name.len == 0 || name.len > SHARE_NAME_MAX ||
	    !read_numbers(s, read_word(&text, "share")))
		return false;
	if (!is_plain(name)) {
		*why = "its name has characters that are not to be seen";
		return false;
	}
	snprintf(s->name, sizeof(s->name), "%.*s", SLICE_ARG(name));
	set = read_word(&text, "set");
	ok = read_bytes(&text, "value", s->value);
	for (size_t i = 0; ok && i < s->count; i++)
		ok = read_bytes(&text, "commitment", s->commitments[i]);
	if (!ok || !read_sealed(s, read_word(&text, "sealed")))
		return false;
	/* What it says of itself, and what it is. */
	name_set(s->set, s);
	share_add_set(&hex, s);
	ok = slice_eq(set, str_slice(&hex));
	str_fini(&hex);
	return ok;
}

/* The lines that the sum is of, comments included: up to the last line. */
static bool
is_typed_well(struct slice text)
{
	const char *last = NULL;
	struct str sum = { 0 };
	struct slice rest = text, line;
	bool is_good;

	while (slice_cut(&rest, '\n', &line))
		if (slice_has_prefix(line, SLICE(CHECK)))
			last = line.ptr;
	if (last == NULL)
		return false;
	add_check(&sum, slice_of(text.ptr, (size_t)(last - text.ptr)));
	rest = slice_from(text, (size_t)(last - text.ptr) + sizeof(CHECK) - 1);
	is_good = slice_has_prefix(rest, str_slice(&sum)) &&
	    slice_trim(slice_from(rest, sum.len)).len <= 1;
	str_fini(&sum);
	return is_good;
}

int
share_read(struct share *s, struct slice text, struct err *err)
{
	const char *why = "it was changed: its set has another name";
	uint8_t sum[HASH_LEN];

	*s = (struct share){ 0 };
	if (text.len > SHARE_TEXT_MAX || !slice_has_prefix(text,
	    SLICE(FIRST_LINE "\n")))
		return err_set(err, ERR_DATA, "no share: its first line is not \""
		    FIRST_LINE "\"");
	if (!is_typed_well(text))
		return err_set(err, ERR_DATA, "its last line does not fit the "
		    "others: a mistake of typing, or damage");
	if (!read_lines(s, text, &why)) {
		share_fini(s);
		return err_set(err, ERR_DATA, "%s", why);
	}
	commit(sum, s->index, s->value);
	if (hash_equal(slice_of(sum, HASH_LEN),
	    slice_of(s->commitments[s->index - 1], HASH_LEN)))
		return 0;
	share_fini(s);
	return err_set(err, ERR_DATA, "it was changed: its value is not the one "
	    "that the set was made with");
}

/* --- together ----------------------------------------------------------------------- */

static bool
same_set(const struct share *a, const struct share *b)
{
	return memcmp(a->set, b->set, SHARE_SET_LEN) == 0;
}

/* The first one of the set that most are of. */
static size_t
find_majority(const struct share *shares, size_t n)
{
	size_t best = 0, most = 0;

	for (size_t i = 0; i < n; i++) {
		size_t same = 0;

		for (size_t j = 0; j < n; j++)
			same += same_set(&shares[i], &shares[j]);
		if (same > most) {
			most = same;
			best = i;
		}
	}
	return best;
}

static int
check_all(const struct share *shares, const char *const *labels, size_t n,
    struct err *err)
{
	size_t first = find_majority(shares, n);

	for (size_t i = 0; i < n; i++)
		if (!same_set(&shares[i], &shares[first]))
			return err_set(err, ERR_DATA, "%s is of another set "
			    "than %s", labels[i], labels[first]);
	for (size_t i = 0; i < n; i++)
		for (size_t j = i + 1; j < n; j++)
			if (shares[i].index == shares[j].index)
				return err_set(err, ERR_DATA, "%s and %s are "
				    "both share %d", labels[i], labels[j],
				    shares[i].index);
	if (n < shares[0].threshold)
		return err_set(err, ERR_DATA, "%d shares are needed, and these "
		    "are %zu", shares[0].threshold, n);
	return 0;
}

int
share_combine(struct str *file, const struct share *shares,
    const char *const *labels, size_t n, struct err *err)
{
	const uint8_t *values[SHARE_MAX];
	uint8_t x[SHARE_MAX];
	struct wrap_key key = { 0 };
	int r;

	if (n == 0 || n > SHARE_MAX)
		return err_set(err, ERR_DATA, "expected 1 to %d shares",
		    SHARE_MAX);
	if (check_all(shares, labels, n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		values[i] = shares[i].value;
		x[i] = shares[i].index;
	}
	shamir_combine(key.bytes, HASH_LEN, values, x, n);
	key_room_str(file, shares[0].sealed.len);
	r = wrap_open(file, str_slice(&shares[0].sealed),
	    slice_str(shares[0].name), &key, err);
	wrap_key_wipe(&key);
	return r;
}
