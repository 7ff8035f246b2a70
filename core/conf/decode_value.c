#include <stdio.h>

#include "conf/decode.h"
#include "conf/scalar.h"
#include "conf/units.h"

/* "70000", "the string "abc"", "a list": what stands where another was due. */
static void
add_found(struct str *s, const struct conf_node *n)
{
	struct slice text = n->text;

	if (n->kind == CONF_LIST || n->kind == CONF_MAP || n->kind == CONF_NULL) {
		str_add(s, conf_kind_name(n->kind));
		return;
	}
	if (text.len > 200)
		text.len = 200;
	if (n->kind == CONF_STRING)
		str_add_json(s, text);
	else
		str_add_slice(s, text);
}

int
decode_fail(struct decoder *d, const struct conf_node *n, const char *what)
{
	if (d->path.len == 0)
		return conf_error(n, d->err, "%s", what);
	return conf_error(n, d->err, "%s: %s", str_ptr(&d->path), what);
}

int
decode_fail_expected(struct decoder *d, const struct conf_node *n, const char *expected)
{
	struct str s = { 0 };

	str_addf(&s, "expected %s, found ", expected);
	add_found(&s, n);
	decode_fail(d, n, s.ptr);
	str_fini(&s);
	return -1;
}

/* A value that would be a string if it had quotes. */
static int
fail_unquoted(struct decoder *d, const struct conf_node *n, const char *taken_for)
{
	struct str s = { 0 };

	str_add(&s, "expected a string, found ");
	str_add_slice(&s, n->text);
	str_addf(&s, ", which is read as %s without quotes: write \"%s\"",
	    taken_for, n->text.ptr);
	decode_fail(d, n, s.ptr);
	str_fini(&s);
	return -1;
}

static int
need_string(struct decoder *d, const struct conf_node *n)
{
	if (n->kind == CONF_BOOL || n->kind == CONF_INT || n->kind == CONF_FLOAT)
		return fail_unquoted(d, n, conf_kind_name(n->kind));
	if (n->kind != CONF_STRING)
		return decode_fail_expected(d, n, "a string");
	const char *other = n->plain ? conf_scalar_ambiguous(n->text) : NULL;

	return other == NULL ? 0 : fail_unquoted(d, n, other);
}

int
decode_bool(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	(void)f;
	if (n->kind != CONF_BOOL)
		return decode_fail_expected(d, n, "true or false");
	*(bool *)out = n->boolean;
	return 0;
}

int
decode_int(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	char range[80] = "a whole number";

	if (f->max > f->min)
		snprintf(range, sizeof(range), "a whole number from %lld to %lld",
		    (long long)f->min, (long long)f->max);
	if (n->kind != CONF_INT || (f->max > f->min &&
	    (n->integer < f->min || n->integer > f->max)))
		return decode_fail_expected(d, n, range);
	*(int64_t *)out = n->integer;
	return 0;
}

int
decode_port(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	(void)f;
	if (n->kind != CONF_INT || n->integer < 1 || n->integer > UINT16_MAX)
		return decode_fail_expected(d, n, "a port from 1 to 65535");
	*(uint16_t *)out = (uint16_t)n->integer;
	return 0;
}

static int
fail_length(struct decoder *d, const struct conf_field *f, const struct conf_node *n)
{
	char text[80];

	snprintf(text, sizeof(text), "expected %lld to %lld bytes, found %zu",
	    (long long)f->min, (long long)f->max, n->text.len);
	return decode_fail(d, n, text);
}

int
decode_string(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	if (need_string(d, n) < 0)
		return -1;
	if (!conf_pattern_match(f->pattern, n->text))
		return decode_fail_expected(d, n, conf_pattern_expected(f->pattern));
	if (f->max > f->min && f->type == CONF_STRING_T &&
	    ((int64_t)n->text.len < f->min || (int64_t)n->text.len > f->max))
		return fail_length(d, f, n);
	*(const char **)out = n->text.ptr;
	return 0;
}

int
decode_duration(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	char low[CONF_DURATION_TEXT], high[CONF_DURATION_TEXT], range[160];
	int64_t ms;

	if (n->kind != CONF_STRING || !conf_duration_read(n->text, &ms))
		return decode_fail_expected(d, n, "a duration such as 10s or 1h30m");
	if (f->max > f->min && (ms < f->min || ms > f->max)) {
		conf_duration_text(low, f->min);
		conf_duration_text(high, f->max);
		snprintf(range, sizeof(range), "a duration from %s to %s", low, high);
		return decode_fail_expected(d, n, range);
	}
	*(int64_t *)out = ms;
	return 0;
}

int
decode_bytes(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	char range[96] = "a size such as 65536, 64Ki or 10Mi";
	bool good = n->kind == CONF_STRING || n->kind == CONF_INT;
	int64_t bytes = 0;

	good = good && conf_bytes_read(n->text, &bytes);
	if (good && f->max > f->min && (bytes < f->min || bytes > f->max)) {
		snprintf(range, sizeof(range), "a size from %lld to %lld bytes",
		    (long long)f->min, (long long)f->max);
		good = false;
	}
	if (!good)
		return decode_fail_expected(d, n, range);
	*(int64_t *)out = bytes;
	return 0;
}

int
decode_time(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	(void)f;
	if (n->kind != CONF_STRING || !conf_time_read(n->text, out))
		return decode_fail_expected(d, n, "a time such as 2026-11-21T01:12:41Z");
	return 0;
}

int
decode_enum(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	struct str s = { 0 };

	for (int i = 0; f->words[i] != NULL; i++) {
		if (n->kind == CONF_STRING && slice_is(n->text, f->words[i])) {
			*(int *)out = i;
			str_fini(&s);
			return 0;
		}
		str_addf(&s, "%s%s", i == 0 ? "one of " : ", ", f->words[i]);
	}
	decode_fail_expected(d, n, str_ptr(&s));
	str_fini(&s);
	return -1;
}

int
decode_word(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	int index;

	if (decode_enum(d, f, n, &index) < 0)
		return -1;
	*(const char **)out = f->words[index];
	return 0;
}

int
decode_percent(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	char range[96] = "a percentage such as 5 or 0.1";
	double low = (double)f->min, high = f->max > f->min ? (double)f->max : 100;
	double value = n->kind == CONF_INT ? (double)n->integer : n->number;

	if (n->kind != CONF_INT && n->kind != CONF_FLOAT)
		return decode_fail_expected(d, n, range);
	snprintf(range, sizeof(range), "a percentage from %.0f to %.0f", low, high);
	if (!(value >= low && value <= high))
		return decode_fail_expected(d, n, range);
	*(int64_t *)out = (int64_t)(value * (CONF_PERCENT_ALL / 100) + 0.5);
	return 0;
}

int
decode_port_or_name(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	struct conf_port_or_name *target = out;

	if (n->kind == CONF_INT)
		return decode_port(d, f, n, &target->number);
	if (n->kind != CONF_STRING || !conf_pattern_match(CONF_LABEL, n->text))
		return decode_fail_expected(d, n,
		    "a port from 1 to 65535 or the name of a port");
	target->name = n->text.ptr;
	return 0;
}

int
decode_any(struct decoder *d, const struct conf_field *f,
    const struct conf_node *n, void *out)
{
	(void)d;
	(void)f;
	*(const struct conf_node **)out = n;
	return 0;
}
