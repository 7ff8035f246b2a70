#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "http/mutate_test.h"

#define ROUNDS	4000
#define ROOM	MUTANT_ROOM
#define COUNT(t) (sizeof(t) / sizeof((t)[0]))

static uint64_t seed;

void
mutate_seed(uint64_t v)
{
	seed = v;
}

size_t
mutate_pick(size_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return n == 0 ? 0 : (size_t)(seed >> 33) % n;
}

long
mutate_rounds(void)
{
	const char *s = getenv("MESH_FUZZ_ROUNDS");

	return s != NULL ? atol(s) : ROUNDS;
}

static void
splice(struct mutant *m, size_t at, size_t cut, const char *p, size_t n)
{
	if (m->len - cut + n > ROOM)
		return;
	char *copy = mem_dup(p, n);

	memmove(m->bytes + at + n, m->bytes + at + cut, m->len - at - cut);
	memcpy(m->bytes + at, copy, n);
	m->len = m->len - cut + n;
	mem_free(copy);
}

static const struct slice words[] = {
	{ "\r\n", 2 }, { "\n", 1 }, { "\r", 1 }, { " ", 1 }, { "\t", 1 },
	{ ":", 1 }, { ";", 1 }, { ",", 1 }, { "\0", 1 }, { "\xff", 1 },
	{ "%2e", 3 }, { "%", 1 }, { "/", 1 }, { "..", 2 }, { "?", 1 },
	{ "#", 1 }, { "_", 1 }, { "\"", 1 }, { "0", 1 }, { "1", 1 },
	{ "content-length: 3\r\n", 19 }, { "Connection: x-a, close\r\n", 24 },
	{ "transfer-encoding: chunked\r\n", 28 }, { "host: b\r\n", 9 },
	{ "connection: upgrade\r\n", 21 }, { "HTTP/1.0", 8 }, { "x-a: b\r\n", 8 },
	{ "0\r\n\r\n", 5 }, { "3;a=b\r\nabc\r\n", 12 }, { "HEAD", 4 },
	{ "304", 3 }, { "204", 3 }, { "103", 3 }, { "http://h", 8 }, { "*", 1 },
};

static void
mutate(struct mutant *m)
{
	size_t at = mutate_pick(m->len), n = mutate_pick(m->len - at);
	struct slice w = words[mutate_pick(COUNT(words))];

	switch (mutate_pick(6)) {
	case 0:
		m->bytes[at] = (char)mutate_pick(256);
		break;
	case 1:
		splice(m, at, 1, "", 0);
		break;
	case 2:
		splice(m, at, 0, w.ptr, w.len);
		break;
	case 3:
		splice(m, at, n < w.len ? n : w.len, w.ptr, w.len);
		break;
	case 4:
		splice(m, mutate_pick(m->len), 0, m->bytes + at, n % 40);
		break;
	default:
		m->bytes[at] = (char)(m->bytes[at] ^ 0x20);
		break;
	}
}

const char *const mutate_responses[] = {
	"HTTP/1.1 200 OK\r\ncontent-length: 3\r\nx: y\r\n\r\nabc",
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n1;x\r\nd\r\n0\r\ngrpc-status: 0\r\n\r\n",
	"HTTP/1.0 200 OK\r\n\r\nuntil close",
	"HTTP/1.1 204 No Content\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n",
	"HTTP/1.1 103 Early\r\nlink: a\r\n\r\n"
	    "HTTP/1.1 404 No\r\nset-cookie: a\r\nset-cookie: b\r\n"
	    "content-length: 1\r\nconnection: close\r\n\r\nx",
};
const size_t mutate_responses_len = sizeof(mutate_responses) /
    sizeof(mutate_responses[0]);

void
mutate_make(struct mutant *m, const char *const *seeds, size_t n)
{
	const char *s = seeds[mutate_pick(n)];

	m->len = strlen(s);
	memcpy(m->bytes, s, m->len);
	for (size_t i = mutate_pick(4); i > 0 && m->len > 1; i--)
		mutate(m);
}

void
mutate_show(const struct mutant *m, const char *a, const char *b)
{
	struct str s = { 0 };

	str_add_json(&s, slice_of(m->bytes, m->len));
	print_error("%s\n%s\n%s\n", str_ptr(&s), a, b);
	str_fini(&s);
	fail();
}

/* What became of the connection is another matter. */
static void
cut_behind_end(char *s)
{
	static const char *const ends[] = { " clean", " error", " idle" };
	size_t len = strlen(s);

	for (size_t i = 0; i < COUNT(ends); i++) {
		size_t n = strlen(ends[i]);

		if (len > n && strcmp(s + len - n, ends[i]) == 0)
			s[len - n] = '\0';
	}
}

void
mutate_compare(const struct mutant *m, struct trace *a, struct trace *b)
{
	char *sent = mem_strdup(trace_message(a));
	char *got = mem_strdup(trace_message(b));

	cut_behind_end(sent);
	cut_behind_end(got);
	if (strcmp(sent, got) != 0 || !b->complete ||
	    !slice_eq(str_slice(&a->payload), str_slice(&b->payload)))
		mutate_show(m, sent, str_ptr(&b->text));
	mem_free(sent);
	mem_free(got);
}
