#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "base/check.h"
#include "http/h2_frames_test.h"

#define FRAME_HEAD	9

static void
put_frame(struct str *to, int type, unsigned int flags, uint32_t id,
    struct slice payload)
{
	const unsigned char head[FRAME_HEAD] = {
		(unsigned char)(payload.len >> 16),
		(unsigned char)(payload.len >> 8), (unsigned char)payload.len,
		(unsigned char)type, (unsigned char)flags,
		(unsigned char)(id >> 24), (unsigned char)(id >> 16),
		(unsigned char)(id >> 8), (unsigned char)id,
	};

	str_add_slice(to, slice_of(head, sizeof(head)));
	str_add_slice(to, payload);
}

static void
put_u32(struct str *to, uint32_t v)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		str_add_char(to, (char)(v >> shift));
}

/* An HPACK string without Huffman (RFC 7541, 5.2). */
static void
put_string(struct str *to, struct slice s)
{
	if (s.len < 127) {
		str_add_char(to, (char)s.len);
	} else {
		size_t rest = s.len - 127;

		str_add_char(to, 127);
		for (; rest >= 128; rest /= 128)
			str_add_char(to, (char)(rest % 128 + 128));
		str_add_char(to, (char)rest);
	}
	for (size_t i = 0; i < s.len; i++)
		str_add_char(to, (char)(s.ptr[i] == '+' ? ' ' : s.ptr[i]));
}

/* "name=value ..." as literals; "!name=value" is never to be indexed. */
static void
put_fields(struct str *to, struct slice rest)
{
	struct slice field;

	while (slice_cut(&rest, ' ', &field)) {
		struct slice value = field, name;

		if (field.len == 0)
			continue;
		bool is_secret = field.ptr[0] == '!';

		if (is_secret)
			value = slice_from(field, 1);
		slice_cut(&value, '=', &name);
		str_add_char(to, is_secret ? 0x10 : 0);
		put_string(to, name);
		put_string(to, value);
	}
}

static void
put_settings(struct str *to, struct slice rest)
{
	struct slice entry;

	while (slice_cut(&rest, ' ', &entry)) {
		struct slice value = entry, key;
		uint64_t k = 0, v = 0;

		if (entry.len == 0)
			continue;
		slice_cut(&value, '=', &key);
		check(slice_u64(key, &k) && slice_u64(value, &v));
		str_add_char(to, (char)(k >> 8));
		str_add_char(to, (char)k);
		put_u32(to, (uint32_t)v);
	}
}

static void
put_numbers(struct str *to, struct slice rest)
{
	struct slice word;
	uint64_t v;

	while (slice_cut(&rest, ' ', &word))
		if (slice_u64(word, &v))
			put_u32(to, (uint32_t)v);
}

static void
put_hex(struct str *to, struct slice s)
{
	for (size_t i = 0; i + 1 < s.len; i += 2) {
		char two[3] = { s.ptr[i], s.ptr[i + 1], '\0' };

		str_add_char(to, (char)strtoul(two, NULL, 16));
	}
}

static unsigned int
flags_of(char kind, struct slice word)
{
	unsigned int flags = 0;

	if ((kind == 'H' || kind == 'C') && slice_find(word, 'c') < 0)
		flags |= NGHTTP2_FLAG_END_HEADERS;
	if (slice_find(word, 'e') >= 0)
		flags |= NGHTTP2_FLAG_END_STREAM;
	if (slice_find(word, 'a') >= 0)
		flags |= NGHTTP2_FLAG_ACK;
	return flags;
}

static void
put_payload(struct str *to, char kind, struct slice rest)
{
	switch (kind) {
	case 'H':
	case 'C':
		put_fields(to, rest);
		break;
	case 'S':
		put_settings(to, rest);
		break;
	case 'R':
	case 'W':
	case 'G':
		put_numbers(to, rest);
		break;
	case 'Y':
		put_u32(to, 0);
		str_add_char(to, 15);
		break;
	default:
		str_add_slice(to, rest);
		break;
	}
}

static void
put_one(struct str *to, struct slice s)
{
	static const char kinds[] = "DHYRSxPGWC";
	struct str payload = { 0 };
	struct slice rest = s, word;

	if (slice_has_prefix(s, SLICE("GET"))) {
		put_fields(&payload, SLICE(":method=GET :scheme=http :path=/ "
		    ":authority=a"));
		put_frame(to, NGHTTP2_HEADERS, NGHTTP2_FLAG_END_HEADERS |
		    NGHTTP2_FLAG_END_STREAM, (uint32_t)strtoul(s.ptr + 3, NULL,
		    10), str_slice(&payload));
		str_fini(&payload);
		return;
	}
	slice_cut(&rest, ' ', &word);
	if (word.ptr[0] == 'X') {
		put_hex(to, rest);
		return;
	}
	const char *at = strchr(kinds, word.ptr[0]);

	check(at != NULL);
	put_payload(&payload, word.ptr[0], rest);
	put_frame(to, (int)(at - kinds), flags_of(word.ptr[0], word),
	    word.len > 1 ? (uint32_t)strtoul(word.ptr + 1, NULL, 10) : 0,
	    str_slice(&payload));
	str_fini(&payload);
}

void
h2_frames_write(struct str *to, const char *frames)
{
	for (const char *at = frames; at != NULL && *at != '\0';) {
		const char *end = strstr(at, " | ");

		put_one(to, slice_of(at, end != NULL ? (size_t)(end - at) :
		    strlen(at)));
		at = end != NULL ? end + 3 : NULL;
	}
}
