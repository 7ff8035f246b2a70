#include "pki/dn.h"

#include <string.h>

#include "pki/der.h"

#define PARTS_MAX	32	/* of one name */

/* RFC 4514, section 3. */
static const struct {
	struct slice body;
	const char  *name;
} types[] = {
	{ { "\x55\x04\x03", 3 }, "CN" },
	{ { "\x55\x04\x07", 3 }, "L" },
	{ { "\x55\x04\x08", 3 }, "ST" },
	{ { "\x55\x04\x0a", 3 }, "O" },
	{ { "\x55\x04\x0b", 3 }, "OU" },
	{ { "\x55\x04\x06", 3 }, "C" },
	{ { "\x55\x04\x09", 3 }, "STREET" },
	{ { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19", 10 }, "DC" },
	{ { "\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01", 10 }, "UID" },
};

static const char *
name_of(struct slice type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (slice_eq(types[i].body, type))
			return types[i].name;
	return NULL;
}

/* X.690, section 8.19: two numbers in the first, seven bits in a byte. */
static void
add_number(struct str *out, struct slice type)
{
	uint64_t n = 0;
	bool is_first = true;

	for (size_t i = 0; i < type.len; i++) {
		uint8_t byte = (uint8_t)type.ptr[i];

		n = n << 7 | (byte & 0x7f);
		if (byte & 0x80)
			continue;
		if (is_first)
			str_addf(out, "%u.", n < 80 ? (unsigned)(n / 40) : 2);
		if (is_first)
			n -= n < 80 ? n / 40 * 40 : 80;
		str_addf(out, "%s%llu", is_first ? "" : ".",
		    (unsigned long long)n);
		is_first = false;
		n = 0;
	}
}

/* RFC 4514, section 2.4. */
static void
add_text(struct str *out, struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.ptr[i];
		bool is_end = i == 0 || i + 1 == text.len;

		if (c < ' ' || c >= 0x7f)
			str_addf(out, "\\%02x", c);
		else if (strchr("\"+,;<>\\", c) != NULL || (c == ' ' && is_end) ||
		    (c == '#' && i == 0))
			str_addf(out, "\\%c", c);
		else
			str_add_char(out, (char)c);
	}
}

static bool
is_text(uint8_t tag)
{
	return tag == DER_UTF8 || tag == DER_PRINTABLE || tag == DER_IA5;
}

/* AttributeTypeAndValue. */
static bool
add_part(struct str *out, struct der *part)
{
	struct slice type, value, whole;
	const char *name;
	uint8_t tag;

	if (!der_get(part, DER_OID, &type))
		return false;
	tag = der_any(part, &value, &whole);
	if (tag == 0 || !der_end(part))
		return false;
	name = name_of(type);
	if (name != NULL)
		str_add(out, name);
	else
		add_number(out, type);
	str_add_char(out, '=');
	if (name != NULL && is_text(tag)) {
		add_text(out, value);
	} else {
		str_add_char(out, '#');
		str_add_hex(out, whole.ptr, whole.len);
	}
	return true;
}

/* RelativeDistinguishedName: a set, its parts joined by '+'. */
static bool
add_set(struct str *out, struct slice body)
{
	struct der set, part;
	bool is_first = true;

	der_init(&set, body);
	while (set.rest.len > 0) {
		if (!is_first)
			str_add_char(out, '+');
		if (!der_enter(&set, DER_SEQUENCE, &part) ||
		    !add_part(out, &part))
			return false;
		is_first = false;
	}
	return !is_first;
}

bool
dn_add(struct str *out, struct slice name)
{
	struct slice sets[PARTS_MAX];
	struct der d, in;
	size_t n = 0;

	der_init(&d, name);
	if (!der_enter(&d, DER_SEQUENCE, &in))
		return false;
	while (in.rest.len > 0)
		if (n == PARTS_MAX || !der_get(&in, DER_SET, &sets[n++]))
			return false;
	for (size_t i = n; i > 0; i--) {
		if (i < n)
			str_add_char(out, ',');
		if (!add_set(out, sets[i - 1]))
			return false;
	}
	return der_end(&d);
}
