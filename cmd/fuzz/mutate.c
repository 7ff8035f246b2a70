#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/fuzz/mutate.h"

#define SEED_MAX	(1024 * 1024)	/* bytes that are read of a file */
#define INPUT_MAX	(64 * 1024)	/* an input does not grow beyond */
#define CHANGES_MAX	8
#define PIECE_MAX	64	/* bytes that one change moves */
#define COUNT(t)	(sizeof(t) / sizeof((t)[0]))

/* --- seeds --------------------------------------------------------------- */

static int
read_file(struct seeds *s, const char *path)
{
	FILE *f = fopen(path, "rb");
	char block[4096];
	size_t n;

	if (f == NULL)
		return -1;
	s->v = mem_realloc(s->v, (s->len + 1) * sizeof(*s->v));
	struct str *seed = &s->v[s->len++];

	str_init(seed);
	while (seed->len < SEED_MAX && (n = fread(block, 1, sizeof(block), f)) > 0)
		str_add_slice(seed, slice_of(block, n));
	fclose(f);
	return 0;
}

static int
read_folder(struct seeds *s, const char *path)
{
	struct dirent **names;
	int n = scandir(path, &names, NULL, alphasort), result = n < 0 ? -1 : 0;

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && result == 0) {
			char *file = mem_printf("%s/%s", path, names[i]->d_name);

			result = seeds_read(s, file);
			mem_free(file);
		}
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return result;
}

int
seeds_read(struct seeds *s, const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return -1;
	return S_ISDIR(st.st_mode) ? read_folder(s, path) : read_file(s, path);
}

void
seeds_fini(struct seeds *s)
{
	for (size_t i = 0; i < s->len; i++)
		str_fini(&s->v[i]);
	mem_free(s->v);
	*s = (struct seeds){ 0 };
}

/* --- changes ------------------------------------------------------------- */

static size_t
pick(uint64_t *state, size_t n)
{
	*state = *state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return n == 0 ? 0 : (size_t)(*state >> 33) % n;
}

/* Instead of `cut` bytes at `at` there is piece, which may be of s. */
static void
splice(struct str *s, size_t at, size_t cut, struct slice piece)
{
	struct str whole = { 0 };

	if (s->len - cut + piece.len > INPUT_MAX)
		return;
	str_add_slice(&whole, slice_of(str_ptr(s), at));
	str_add_slice(&whole, piece);
	str_add_slice(&whole, slice_from(str_slice(s), at + cut));
	str_fini(s);
	*s = whole;
}

/* Bytes that end, nest or lengthen something in one of our formats. */
static const struct slice words[] = {
	{ "\0", 1 }, { "\x01", 1 }, { "\x7f", 1 }, { "\x80", 1 }, { "\xff", 1 },
	{ "\xff\xff", 2 }, { "\x00\x00", 2 }, { "\x81\x80", 2 },
	{ "\x82\x01\x00", 3 }, { "\x30\x80", 2 }, { "\r\n", 2 }, { "\n", 1 },
	{ "\r", 1 }, { " ", 1 }, { "\t", 1 }, { ":", 1 }, { ": ", 2 },
	{ ",", 1 }, { ".", 1 }, { "..", 2 }, { "/", 1 }, { "%", 1 },
	{ "%2e", 3 }, { "%00", 3 }, { "\"", 1 }, { "\\", 1 }, { "\\u0000", 6 },
	{ "[", 1 }, { "]", 1 }, { "{", 1 }, { "}", 1 }, { "- ", 2 }, { "&a ", 3 },
	{ "*a", 2 }, { "---\n", 4 }, { "-----", 5 }, { "=", 1 }, { "0", 1 },
	{ "-1", 2 }, { "1e999", 5 }, { "9223372036854775808", 19 },
	{ "18446744073709551616", 20 }, { "null", 4 }, { "true", 4 },
	{ "HTTP/1.1", 8 }, { "0\r\n\r\n", 5 }, { "content-length: 3\r\n", 19 },
	{ "transfer-encoding: chunked\r\n", 28 }, { "connection: x-a\r\n", 17 },
};

static void
change(struct str *s, const struct seeds *seeds, uint64_t *state)
{
	size_t at = pick(state, s->len + 1), left = s->len - at;
	size_t n = pick(state, left < PIECE_MAX ? left + 1 : PIECE_MAX);
	struct slice word = words[pick(state, COUNT(words))];
	struct slice other = str_slice(&seeds->v[pick(state, seeds->len)]);
	size_t from = pick(state, other.len + 1);
	size_t kind = pick(state, 7);

	if (kind >= 5 && left == 0)
		kind = 1;
	switch (kind) {
	case 0:
		splice(s, at, n, SLICE(""));
		break;
	case 1:
		splice(s, at, 0, word);
		break;
	case 2:
		splice(s, at, word.len < left ? word.len : left, word);
		break;
	case 3:
		splice(s, pick(state, s->len + 1), 0,
		    slice_of(str_ptr(s) + at, n));
		break;
	case 4:
		splice(s, at, n, slice_from(other, from));
		break;
	case 5:
		s->ptr[at] = (char)pick(state, 256);
		break;
	default:
		s->ptr[at] = (char)(s->ptr[at] ^ (1 << pick(state, 8)));
		break;
	}
}

void
mutate(struct str *out, const struct seeds *seeds, uint64_t *state)
{
	check(seeds->len > 0);
	str_clear(out);
	str_add_slice(out, str_slice(&seeds->v[pick(state, seeds->len)]));
	for (size_t i = 1 + pick(state, CHANGES_MAX); i > 0; i--)
		change(out, seeds, state);
}
