#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "conf/scalar.h"

static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };
static const char *const trues[] = { "true", "True", "TRUE" };
static const char *const falses[] = { "false", "False", "FALSE" };
static const char *const old_booleans[] = { "y", "n", "yes", "no", "on", "off" };
static const char *const not_finite[] = { ".inf", "+.inf", "-.inf", ".nan" };

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static bool
one_of(struct slice s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(s, words[i]))
			return true;
	return false;
}

static bool
one_of_any_case(struct slice s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (slice_ieq(s, slice_str(words[i])))
			return true;
	return false;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Cuts a run of digits off the front; gives how many. */
static size_t
cut_digits(struct slice *s)
{
	size_t n = 0;

	while (n < s->len && is_digit(s->ptr[n]))
		n++;
	*s = slice_from(*s, n);
	return n;
}

static void
cut_sign(struct slice *s)
{
	if (s->len > 0 && (s->ptr[0] == '-' || s->ptr[0] == '+'))
		*s = slice_from(*s, 1);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool
is_float(struct slice s)
{
	cut_sign(&s);
	size_t whole = cut_digits(&s), fraction = 0;

	if (s.len > 0 && s.ptr[0] == '.') {
		s = slice_from(s, 1);
		fraction = cut_digits(&s);
	}
	if (whole + fraction == 0)
		return false;
	if (s.len == 0)
		return true;
	if (s.ptr[0] != 'e' && s.ptr[0] != 'E')
		return false;
	s = slice_from(s, 1);
	cut_sign(&s);
	return cut_digits(&s) > 0 && s.len == 0;
}

static bool
is_leading_zero(struct slice s)
{
	cut_sign(&s);
	return s.len > 1 && s.ptr[0] == '0' && is_digit(s.ptr[1]);
}

/* Decimal with a sign, 0o17, 0x1F. */
static bool
is_int(struct slice s, int *base)
{
	bool octal = slice_has_prefix(s, SLICE("0o"));
	bool hex = slice_has_prefix(s, SLICE("0x"));

	*base = octal ? 8 : hex ? 16 : 10;
	if (!octal && !hex) {
		cut_sign(&s);
		return cut_digits(&s) > 0 && s.len == 0;
	}
	s = slice_from(s, 2);
	for (size_t i = 0; i < s.len; i++)
		if (memchr(octal ? "01234567" : "0123456789abcdefABCDEF",
		    s.ptr[i], octal ? 8 : 22) == NULL)
			return false;
	return s.len > 0;
}

/* False: does not fit. */
static bool
set_int(struct conf_node *n, int base)
{
	const char *digits = n->text.ptr + (base == 10 ? 0 : 2);

	errno = 0;
	long long value = strtoll(digits, NULL, base);

	if (errno == ERANGE)
		return false;
	n->kind = CONF_INT;
	n->integer = value;
	return true;
}

static bool
set_float(struct conf_node *n)
{
	double value = strtod(n->text.ptr, NULL);

	if (!isfinite(value))
		return false;
	n->kind = CONF_FLOAT;
	n->number = value;
	return true;
}

void
conf_scalar_resolve(struct conf_node *n)
{
	struct slice s = n->text;
	int base;

	n->kind = CONF_STRING;
	if (one_of(s, nulls, COUNT(nulls))) {
		n->kind = CONF_NULL;
	} else if (one_of(s, trues, COUNT(trues)) ||
	    one_of(s, falses, COUNT(falses))) {
		n->kind = CONF_BOOL;
		n->boolean = (s.ptr[0] | 0x20) == 't';
	} else if (is_leading_zero(s)) {
		if (is_float(s) && !is_int(s, &base))
			set_float(n);
	} else if (is_int(s, &base)) {
		if (!set_int(n, base))
			set_float(n);
	} else if (is_float(s)) {
		set_float(n);
	}
}

/* 22:30 and 1_000 are numbers to YAML 1.1. */
static bool
is_old_number(struct slice s)
{
	bool odd = false;

	if (s.len == 0 || !is_digit(s.ptr[0]))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		odd |= s.ptr[i] == ':' || s.ptr[i] == '_';
		if (!is_digit(s.ptr[i]) && s.ptr[i] != ':' && s.ptr[i] != '_')
			return false;
	}
	return odd;
}

const char *
conf_scalar_ambiguous(struct slice s)
{
	int base;

	if (one_of_any_case(s, old_booleans, COUNT(old_booleans)))
		return "a boolean";
	if (one_of_any_case(s, not_finite, COUNT(not_finite)) ||
	    is_old_number(s) || is_float(s) || is_int(s, &base))
		return "a number";
	return NULL;
}
