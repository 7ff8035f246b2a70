#include <string.h>

#include "base/map.h"
#include "base/mem.h"
#include "stat/report.h"
#include "stat/series.h"

#define SENT_LABELS_MAX	32	/* a newer sender may know more than we */
#define NO_LABEL	SIZE_MAX

/* One series of the sender, with what it said last. */
struct sent {
	struct stat_series *series;
	uint64_t            last[];	/* a counter, or buckets and sum */
};

struct stat_feed {
	struct stat_registry *registry;
	char                 *boot;
	struct map            sent;	/* family and label values -> struct sent */
	bool                (*judge)(void *ctx, const struct stat_family *,
				const struct slice *values);	/* or NULL */
	void                 *judge_ctx;
	uint64_t              refused;
};

/* While a text is being read. */
struct reading {
	struct stat_feed   *feed;
	struct stat_worker *worker;
	struct slice       *strings;
	size_t              strings_len, strings_cap;
	const struct stat_family *family;	/* NULL: one we do not know */
	size_t              family_index;
	size_t              labels_len;		/* of the sender */
	size_t              ours[SENT_LABELS_MAX];	/* our label, or NO_LABEL */
};

struct stat_feed *
stat_feed_new(struct stat_registry *r)
{
	struct stat_feed *f = mem_zalloc(sizeof(*f));

	f->registry = r;
	f->boot = mem_strdup("");
	return f;
}

static void
sent_free(void *p)
{
	struct sent *sent = p;

	stat_series_unref(sent->series);
	mem_free(sent);
}

void
stat_feed_free(struct stat_feed *f)
{
	if (f == NULL)
		return;
	map_fini(&f->sent, sent_free);
	mem_free(f->boot);
	mem_free(f);
}

void
stat_feed_set_judge(struct stat_feed *f, bool (*judge)(void *,
    const struct stat_family *, const struct slice *), void *ctx)
{
	f->judge = judge;
	f->judge_ctx = ctx;
}

uint64_t
stat_feed_refused(const struct stat_feed *f)
{
	return f->refused;
}

static int
read_header(struct stat_feed *f, struct slice line, struct err *err)
{
	static const struct slice magic = { "mesh-counters 1 ", 16 };

	if (!slice_has_prefix(line, magic))
		return err_set(err, ERR_DATA, "not a report of counters");
	line = slice_from(line, magic.len);
	if (slice_is(line, f->boot))
		return 0;
	/* Another life of the sender: it counts from zero. */
	map_fini(&f->sent, sent_free);
	mem_free(f->boot);
	f->boot = mem_dup(line.ptr, line.len);
	return 0;
}

static size_t
find_label(const struct stat_family *f, struct slice name)
{
	for (size_t i = 0; f->labels[i] != NULL; i++)
		if (slice_is(name, f->labels[i]))
			return i;
	return NO_LABEL;
}

static int
read_family(struct reading *r, struct slice line, struct err *err)
{
	struct stat_registry *registry = r->feed->registry;
	struct slice name, label;

	slice_cut(&line, ' ', &name);
	r->family = NULL;
	for (size_t i = 0; i < stat_registry_families(registry); i++) {
		const struct stat_family *f = stat_registry_family(registry, i);

		/* A sender adds to nothing else of ours. */
		if (f->to_control && slice_is(name, f->name)) {
			r->family = f;
			r->family_index = i;
		}
	}
	r->labels_len = 0;
	while (line.len > 0 && slice_cut(&line, ',', &label)) {
		if (r->labels_len == SENT_LABELS_MAX)
			return err_set(err, ERR_DATA, "too many labels");
		r->ours[r->labels_len++] = r->family == NULL ? NO_LABEL :
		    find_label(r->family, label);
	}
	return 0;
}

static void
add_string(struct reading *r, struct slice text)
{
	if (r->strings_len == r->strings_cap) {
		r->strings_cap = r->strings_cap == 0 ? 32 : r->strings_cap * 2;
		r->strings = mem_realloc(r->strings,
		    r->strings_cap * sizeof(r->strings[0]));
	}
	r->strings[r->strings_len++] = text;
}

/* NULL: there are too many, or it is not believed. */
static struct sent *
add_sent(struct reading *r, struct slice key, const struct slice *values)
{
	struct stat_feed *f = r->feed;
	struct slice ours[STAT_LABELS_MAX];
	struct sent *sent;

	if (f->sent.len >= STAT_FEED_SERIES_MAX)
		return NULL;
	for (size_t i = 0; i < STAT_LABELS_MAX; i++)
		ours[i] = SLICE("unknown");
	for (size_t i = 0; i < r->labels_len; i++)
		if (r->ours[i] != NO_LABEL)
			ours[r->ours[i]] = values[i];
	if (f->judge != NULL && !f->judge(f->judge_ctx, r->family, ours)) {
		f->refused++;
		return NULL;
	}
	size_t numbers = r->family->type == STAT_HISTOGRAM ?
	    r->family->bounds->len + 2 : 1;

	sent = mem_zalloc(sizeof(*sent) + numbers * sizeof(sent->last[0]));
	sent->series = stat_series_get(f->registry, r->family_index, ours);
	map_put(&f->sent, key, sent);
	return sent;
}

static struct sent *
find_sent(struct reading *r, const struct slice *values)
{
	struct str key = { 0 };
	struct sent *sent;

	str_addf(&key, "%zu", r->family_index);
	for (size_t i = 0; i < r->labels_len; i++) {
		str_add_char(&key, '\n');
		str_add_slice(&key, values[i]);
	}
	sent = map_get(&r->feed->sent, str_slice(&key));
	if (sent == NULL)
		sent = add_sent(r, str_slice(&key), values);
	str_fini(&key);
	return sent;
}

/* Number i of the series now stands at value. */
static void
advance(struct reading *r, struct sent *sent, size_t i, uint64_t value)
{
	uint64_t last = sent->last[i];

	stat_series_add(r->worker, sent->series, i,
	    value >= last ? value - last : value);
	sent->last[i] = value;
}

static int
read_buckets(struct reading *r, struct sent *sent, struct slice rest,
    struct err *err)
{
	const struct stat_bounds *bounds = r->family->bounds;
	uint64_t counts[STAT_BUCKETS_MAX] = { 0 };
	struct slice word, at;

	while (slice_cut(&rest, ' ', &word)) {
		uint64_t boundary = 0, count;
		bool is_last = slice_cut(&word, ':', &at) && slice_is(at, "inf");

		if ((!is_last && !slice_u64(at, &boundary)) ||
		    !slice_u64(word, &count))
			return err_set(err, ERR_DATA, "malformed bucket");
		counts[is_last ? bounds->len :
		    stat_bounds_find(bounds, boundary)] += count;
	}
	for (size_t i = 0; i <= bounds->len; i++)
		advance(r, sent, i, counts[i]);
	return 0;
}

static int
read_series(struct reading *r, struct slice line, struct err *err)
{
	struct slice values[SENT_LABELS_MAX], word;
	uint64_t number;
	size_t len = 0;

	while (slice_cut(&line, ' ', &word) && slice_u64(word, &number)) {
		if (len == r->labels_len || number >= r->strings_len)
			return err_set(err, ERR_DATA, "label out of range");
		values[len++] = r->strings[number];
	}
	if (len != r->labels_len || word.len < 2 || word.ptr[0] != '=' ||
	    !slice_u64(slice_from(word, 1), &number))
		return err_set(err, ERR_DATA, "malformed series");
	if (r->family == NULL)
		return 0;
	struct sent *sent = find_sent(r, values);

	if (sent == NULL && r->feed->sent.len < STAT_FEED_SERIES_MAX)
		return 0;
	if (sent == NULL)
		return err_set(err, ERR_TOO_LARGE, "more than %d series",
		    STAT_FEED_SERIES_MAX);
	if (r->family->type == STAT_COUNTER) {
		advance(r, sent, 0, number);
		return 0;
	}
	if (r->family->type != STAT_HISTOGRAM)
		return 0;
	advance(r, sent, r->family->bounds->len + 1, number);
	return read_buckets(r, sent, line, err);
}

static int
read_line(struct reading *r, struct slice line, struct err *err)
{
	if (line.len == 0)
		return 0;
	if (line.ptr[0] == '$') {
		add_string(r, slice_from(line, 1));
		return 0;
	}
	return line.ptr[0] == '#' ? read_family(r, slice_from(line, 1), err) :
	    read_series(r, line, err);
}

int
stat_feed_apply(struct stat_feed *f, struct stat_worker *worker,
    struct slice text, struct err *err)
{
	struct reading r = { .feed = f, .worker = worker };
	struct slice line = SLICE_NONE;
	int rc;

	slice_cut(&text, '\n', &line);
	rc = read_header(f, line, err);
	for (int number = 2; rc == 0 && slice_cut(&text, '\n', &line); number++)
		if ((rc = read_line(&r, line, err)) != 0)
			err_wrap(err, "line %d", number);
	mem_free(r.strings);
	return rc;
}
