#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "stat/text.h"

struct rendering {
	enum stat_format format;
	struct str      *out;
	bool             has_head;	/* of the family being written */
};

static const char *const type_words[] = {
	[STAT_COUNTER] = "counter",
	[STAT_GAUGE] = "gauge",
	[STAT_HISTOGRAM] = "histogram",
	[STAT_INFO] = "info",
};

static const char *const unit_words[] = {
	[STAT_NO_UNIT] = NULL,
	[STAT_SECONDS] = "seconds",
	[STAT_BYTES] = "bytes",
};

const char *
stat_content_type(enum stat_format format)
{
	return format == STAT_OPENMETRICS ?
	    "application/openmetrics-text; version=1.0.0; charset=utf-8" :
	    "text/plain; version=0.0.4; charset=utf-8";
}

/* Label values and help; a quote needs no escape in the help of 0.0.4. */
static void
add_escaped(struct str *out, struct slice text, bool quotes)
{
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];

		if (c == '\n')
			str_add(out, "\\n");
		else if (c == '\\' || (c == '"' && quotes))
			str_addf(out, "\\%c", c);
		else
			str_add_char(out, c);
	}
}

/* The name that HELP and TYPE are about. */
static struct slice
family_name(const struct rendering *r, const struct stat_family *f)
{
	struct slice name = slice_str(f->name);

	if (r->format == STAT_PROMETHEUS)
		return name;
	if (f->type == STAT_COUNTER)
		name.len -= strlen("_total");
	else if (f->type == STAT_INFO)
		name.len -= strlen("_info");
	return name;
}

static void
add_comment(struct rendering *r, const char *word, struct slice name,
    const char *text)
{
	str_addf(r->out, "# %s %.*s ", word, SLICE_ARG(name));
	add_escaped(r->out, slice_str(text), r->format == STAT_OPENMETRICS);
	str_add_char(r->out, '\n');
}

static void
add_head(struct rendering *r, const struct stat_family *f)
{
	struct slice name = family_name(r, f);
	const char *unit = unit_words[f->unit];

	if (r->format == STAT_PROMETHEUS) {
		add_comment(r, "HELP", name, f->help);
		add_comment(r, "TYPE", name, f->type == STAT_INFO ?
		    type_words[STAT_GAUGE] : type_words[f->type]);
		return;
	}
	add_comment(r, "TYPE", name, type_words[f->type]);
	if (unit != NULL)
		add_comment(r, "UNIT", name, unit);
	add_comment(r, "HELP", name, f->help);
}

/* The integer n in units of 1/1,000,000, exactly, without trailing zeros. */
static void
add_micro(struct str *out, uint64_t n, bool wants_point)
{
	char fraction[8];
	size_t len = 6;

	str_addf(out, "%llu", (unsigned long long)(n / 1000000));
	snprintf(fraction, sizeof(fraction), "%06u", (unsigned)(n % 1000000));
	while (len > 0 && fraction[len - 1] == '0')
		len--;
	if (len > 0)
		str_addf(out, ".%.*s", (int)len, fraction);
	else if (wants_point)
		str_add(out, ".0");
}

/* A boundary or sum of f; le in OpenMetrics is always written as a float. */
static void
add_scaled(struct str *out, const struct stat_family *f, uint64_t n,
    bool wants_point)
{
	if (f->unit == STAT_SECONDS)
		add_micro(out, n, wants_point);
	else
		str_addf(out, "%llu%s", (unsigned long long)n,
		    wants_point ? ".0" : "");
}

static void
add_double(struct str *out, double value)
{
	char text[32];

	if (isnan(value)) {
		str_add(out, "NaN");
	} else if (isinf(value)) {
		str_add(out, value > 0 ? "+Inf" : "-Inf");
	} else {
		/* The shortest that reads back as the same number. */
		for (int digits = 15; digits <= 17; digits++) {
			snprintf(text, sizeof(text), "%.*g", digits, value);
			if (strtod(text, NULL) == value)
				break;
		}
		str_add(out, text);
	}
}

/*
 * Opens {a="b",c="d" and leaves the brace open; gives what comes next.  A label
 * without a value is the same as none.
 */
static const char *
open_labels(struct str *out, const struct stat_reading *reading)
{
	const char *separator = "{";

	for (size_t i = 0; reading->family->labels[i] != NULL; i++) {
		if (reading->values[i].len == 0)
			continue;
		str_addf(out, "%s%s=\"", separator, reading->family->labels[i]);
		add_escaped(out, reading->values[i], true);
		str_add_char(out, '"');
		separator = ",";
	}
	return separator;
}

static void
add_name_and_labels(struct str *out, const struct stat_reading *reading,
    const char *suffix)
{
	str_addf(out, "%s%s", reading->family->name, suffix);
	if (open_labels(out, reading)[0] == ',')
		str_add_char(out, '}');
	str_add_char(out, ' ');
}

static void
add_bucket(struct rendering *r, const struct stat_reading *reading, size_t i,
    uint64_t cumulative)
{
	const struct stat_bounds *bounds = reading->hist->bounds;

	str_addf(r->out, "%s_bucket", reading->family->name);
	str_addf(r->out, "%sle=\"", open_labels(r->out, reading));
	if (i == bounds->len)
		str_add(r->out, "+Inf");
	else
		add_scaled(r->out, reading->family, bounds->at[i],
		    r->format == STAT_OPENMETRICS);
	str_addf(r->out, "\"} %llu\n", (unsigned long long)cumulative);
}

static void
add_histogram(struct rendering *r, const struct stat_reading *reading)
{
	uint64_t cumulative = 0;

	for (size_t i = 0; i <= reading->hist->bounds->len; i++) {
		cumulative += reading->hist->buckets[i];
		add_bucket(r, reading, i, cumulative);
	}
	check(cumulative == reading->hist->count);
	add_name_and_labels(r->out, reading, "_sum");
	add_scaled(r->out, reading->family, reading->hist->sum, false);
	str_add_char(r->out, '\n');
	add_name_and_labels(r->out, reading, "_count");
	str_addf(r->out, "%llu\n", (unsigned long long)cumulative);
}

static void
render_series(void *ctx, const struct stat_reading *reading)
{
	struct rendering *r = ctx;

	if (!r->has_head)
		add_head(r, reading->family);
	r->has_head = true;
	if (reading->hist != NULL) {
		add_histogram(r, reading);
		return;
	}
	add_name_and_labels(r->out, reading, "");
	if (reading->family->type == STAT_INFO)
		str_add_char(r->out, '1');
	else
		add_double(r->out, reading->value);
	str_add_char(r->out, '\n');
}

void
stat_render(struct stat_registry *registry, enum stat_format format,
    struct str *out)
{
	struct rendering r = { .format = format, .out = out };

	for (size_t i = 0; i < stat_registry_families(registry); i++) {
		r.has_head = false;
		stat_read(registry, i, render_series, &r);
	}
	if (format == STAT_OPENMETRICS)
		str_add(out, "# EOF\n");
}
