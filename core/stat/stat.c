#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "stat/cell.h"
#include "stat/label.h"
#include "stat/series.h"
#include "stat/stat.h"

struct family_state {
	struct list         series;
	size_t              len;	/* without the reserved one */
	uint32_t            reserved_slot;
	struct stat_series *reserved;	/* no labels, or all "overflow" */
};

struct stat_registry {
	const struct stat_family *families;
	struct family_state      *states;
	size_t                    len;
	struct cell_set           cells;
	pthread_mutex_t           lock;		/* what follows, and states */
	struct map                labels;	/* pool */
	struct map                index;	/* key -> struct stat_series */
	pthread_mutex_t           sample_lock;	/* samples of all series */
};

static uint32_t
slots_of(const struct stat_family *f)
{
	/* A histogram: its buckets, one above the last, and the sum. */
	return f->type == STAT_HISTOGRAM ? (uint32_t)f->bounds->len + 2 : 1;
}

size_t
stat_family_labels(const struct stat_family *f)
{
	size_t n = 0;

	while (f->labels[n] != NULL)
		n++;
	return n;
}

struct stat_registry *
stat_registry_new(const struct stat_family *families, size_t len)
{
	struct stat_registry *r = mem_zalloc(sizeof(*r));

	r->families = families;
	r->len = len;
	r->states = mem_zalloc_array(len, sizeof(*r->states));
	check(pthread_mutex_init(&r->lock, NULL) == 0);
	check(pthread_mutex_init(&r->sample_lock, NULL) == 0);
	for (size_t i = 0; i < len; i++) {
		check(stat_family_labels(&families[i]) <= STAT_LABELS_MAX);
		check((families[i].type == STAT_HISTOGRAM) ==
		    (families[i].bounds != NULL));
		list_init(&r->states[i].series);
		/* Taken at once, so that counting always has a place. */
		r->states[i].reserved_slot =
		    cell_alloc(&r->cells, slots_of(&families[i]));
		check(r->states[i].reserved_slot != CELL_NONE);
	}
	return r;
}

static size_t
make_key(char key[], size_t family, struct label *const *labels, size_t len)
{
	memcpy(key, &family, sizeof(family));
	memcpy(key + sizeof(family), labels, len * sizeof(labels[0]));
	return sizeof(family) + len * sizeof(labels[0]);
}

#define KEY_MAX	(sizeof(size_t) + STAT_LABELS_MAX * sizeof(struct label *))

static void
series_free(struct stat_registry *r, struct stat_series *s)
{
	char key[KEY_MAX];
	size_t n = make_key(key, s->family, s->labels, s->labels_len);

	map_del(&r->index, slice_of(key, n));
	for (size_t i = 0; i < s->labels_len; i++)
		label_unref(&r->labels, s->labels[i]);
	list_remove(&s->link);
	mem_free(s);
}

void
stat_registry_free(struct stat_registry *r)
{
	struct list *link;

	for (size_t i = 0; i < r->len; i++)
		while ((link = r->states[i].series.next) != &r->states[i].series)
			series_free(r, list_entry(link, struct stat_series, link));
	check(r->labels.len == 0 && r->index.len == 0);
	map_fini(&r->labels, NULL);
	map_fini(&r->index, NULL);
	cell_set_fini(&r->cells);
	pthread_mutex_destroy(&r->lock);
	pthread_mutex_destroy(&r->sample_lock);
	mem_free(r->states);
	mem_free(r);
}

const struct stat_family *
stat_registry_family(const struct stat_registry *r, size_t family)
{
	check(family < r->len);
	return &r->families[family];
}

size_t
stat_registry_families(const struct stat_registry *r)
{
	return r->len;
}

struct stat_worker *
stat_worker_new(struct stat_registry *r)
{
	return cell_worker_new(&r->cells);
}

/* Takes the references in labels. */
static struct stat_series *
series_new(struct stat_registry *r, size_t family, uint32_t slot,
    struct label *const *labels, size_t len)
{
	struct stat_series *s = mem_zalloc(sizeof(*s) + len * sizeof(labels[0]));
	char key[KEY_MAX];
	size_t n = make_key(key, family, labels, len);

	s->registry = r;
	s->family = family;
	s->slot = slot;
	s->labels_len = len;
	memcpy(s->labels, labels, len * sizeof(labels[0]));
	list_append(&r->states[family].series, &s->link);
	map_put(&r->index, slice_of(key, n), s);
	return s;
}

/* The one series of a family without labels; else the overflow. */
static struct stat_series *
reserved_series(struct stat_registry *r, size_t family, size_t labels_len)
{
	struct family_state *state = &r->states[family];
	struct label *labels[STAT_LABELS_MAX];

	if (state->reserved != NULL)
		return state->reserved;
	for (size_t i = 0; i < labels_len; i++)
		labels[i] = label_get(&r->labels, SLICE("overflow"));
	state->reserved = series_new(r, family, state->reserved_slot, labels,
	    labels_len);
	state->reserved->is_reserved = true;
	return state->reserved;
}

/* The series with these labels, made if there is room; takes labels. */
static struct stat_series *
find_or_make(struct stat_registry *r, size_t family,
    struct label *const *labels, size_t len)
{
	const struct stat_family *f = &r->families[family];
	struct family_state *state = &r->states[family];
	uint32_t max = f->series_max > 0 ? f->series_max : STAT_SERIES_MAX;
	char key[KEY_MAX];
	size_t n = make_key(key, family, labels, len);
	struct stat_series *s = map_get(&r->index, slice_of(key, n));

	if (s == NULL && len > 0 && state->len < max) {
		uint32_t slot = cell_alloc(&r->cells, slots_of(f));

		if (slot != CELL_NONE) {
			state->len++;
			return series_new(r, family, slot, labels, len);
		}
	}
	for (size_t i = 0; i < len; i++)
		label_unref(&r->labels, labels[i]);
	return s != NULL ? s : reserved_series(r, family, len);
}

struct stat_series *
stat_series_get(struct stat_registry *r, size_t family, const struct slice *values)
{
	struct label *labels[STAT_LABELS_MAX];
	size_t len = stat_family_labels(stat_registry_family(r, family));

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < len; i++)
		labels[i] = label_get(&r->labels, values[i]);
	struct stat_series *s =
	    stat_series_ref(find_or_make(r, family, labels, len));

	pthread_mutex_unlock(&r->lock);
	return s;
}

struct stat_series *
stat_series_ref(struct stat_series *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void
stat_series_unref(struct stat_series *s)
{
	if (s == NULL)
		return;
	uint32_t before = atomic_fetch_sub_explicit(&s->refs, 1,
	    memory_order_acq_rel);

	check(before > 0);
}

/* Changes whenever something was added. */
static uint64_t
fingerprint(struct stat_series *s)
{
	struct stat_registry *r = s->registry;
	uint64_t all = atomic_load_explicit(&s->set_bits, memory_order_relaxed);

	for (uint32_t i = 0; i < slots_of(&r->families[s->family]); i++)
		all = all * 31 + cell_sum(&r->cells, s->slot + i);
	return all;
}

static bool
is_idle(struct stat_series *s, uint64_t now_ms)
{
	bool is_held = s->is_reserved ||
	    atomic_load_explicit(&s->refs, memory_order_acquire) > 0;
	uint64_t now_at = is_held ? 0 : fingerprint(s);

	if (is_held || !s->was_idle || now_at != s->idle_fingerprint) {
		s->was_idle = !is_held;
		s->idle_fingerprint = now_at;
		s->idle_since_ms = now_ms;
		return false;
	}
	return now_ms - s->idle_since_ms >= STAT_IDLE_MS;
}

size_t
stat_registry_expire(struct stat_registry *r, uint64_t now_ms)
{
	size_t dropped = 0;

	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < r->len; i++) {
		LIST_FOREACH_SAFE(link, &r->states[i].series) {
			struct stat_series *s =
			    list_entry(link, struct stat_series, link);

			if (!is_idle(s, now_ms))
				continue;
			cell_free(&r->cells, s->slot, slots_of(&r->families[i]));
			series_free(r, s);
			r->states[i].len--;
			dropped++;
		}
	}
	pthread_mutex_unlock(&r->lock);
	return dropped;
}

void
stat_series_add(struct stat_worker *w, const struct stat_series *s, size_t i,
    uint64_t n)
{
	cell_add(w, s->slot + (uint32_t)i, n);
}

void
stat_counter_add(struct stat_worker *w, const struct stat_series *s, uint64_t n)
{
	stat_series_add(w, s, 0, n);
}

void
stat_gauge_add(struct stat_worker *w, const struct stat_series *s, int64_t n)
{
	stat_series_add(w, s, 0, (uint64_t)n);
}

void
stat_histogram_add(struct stat_worker *w, const struct stat_series *s, uint64_t value)
{
	const struct stat_bounds *bounds = s->registry->families[s->family].bounds;

	stat_series_add(w, s, stat_bounds_find(bounds, value), 1);
	stat_series_add(w, s, bounds->len + 1, value);
}

void
stat_gauge_set(struct stat_series *s, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	atomic_store_explicit(&s->set_bits, bits, memory_order_relaxed);
}

void
stat_series_sample(struct stat_series *s, double (*fn)(void *), void *ctx)
{
	pthread_mutex_lock(&s->registry->sample_lock);
	s->sample = fn;
	s->sample_ctx = ctx;
	pthread_mutex_unlock(&s->registry->sample_lock);
}

static double
sample(struct stat_series *s)
{
	struct stat_registry *r = s->registry;

	pthread_mutex_lock(&r->sample_lock);
	double value = s->sample == NULL ? 0 : s->sample(s->sample_ctx);

	pthread_mutex_unlock(&r->sample_lock);
	return value;
}

struct slice
stat_series_label(const struct stat_series *s, size_t i)
{
	return slice_of(s->labels[i]->text, s->labels[i]->len);
}

uint64_t
stat_series_raw(struct stat_series *s)
{
	return cell_sum(&s->registry->cells, s->slot);
}

double
stat_series_value(struct stat_series *s)
{
	const struct stat_family *f = &s->registry->families[s->family];
	uint64_t raw = stat_series_raw(s);
	uint64_t bits = atomic_load_explicit(&s->set_bits, memory_order_relaxed);
	double value = f->type == STAT_COUNTER ? (double)raw : (double)(int64_t)raw;
	double set;

	memcpy(&set, &bits, sizeof(set));
	if (f->unit == STAT_SECONDS)
		value /= 1e6;
	return value + set + sample(s);
}

void
stat_series_histogram(struct stat_series *s, struct stat_histogram *h)
{
	struct cell_set *cells = &s->registry->cells;
	uint32_t slot = s->slot;

	stat_histogram_init(h, s->registry->families[s->family].bounds);
	for (size_t i = 0; i <= h->bounds->len; i++) {
		h->buckets[i] = cell_sum(cells, slot++);
		h->count += h->buckets[i];
	}
	h->sum = cell_sum(cells, slot);
}

static int
compare_labels(const void *a, const void *b)
{
	const struct stat_series *x = *(struct stat_series *const *)a;
	const struct stat_series *y = *(struct stat_series *const *)b;
	int c = 0;

	for (size_t i = 0; c == 0 && i < x->labels_len; i++)
		c = slice_cmp(stat_series_label(x, i), stat_series_label(y, i));
	return c;
}

size_t
stat_series_list(struct stat_registry *r, size_t family, struct stat_series ***list)
{
	check(family < r->len);
	pthread_mutex_lock(&r->lock);
	struct family_state *state = &r->states[family];
	size_t n = 0;

	*list = mem_zalloc_array(state->len + 1, sizeof(**list));
	LIST_FOREACH(link, &state->series)
		(*list)[n++] = stat_series_ref(
		    list_entry(link, struct stat_series, link));
	pthread_mutex_unlock(&r->lock);
	qsort(*list, n, sizeof(**list), compare_labels);
	return n;
}

void
stat_read(struct stat_registry *r, size_t family,
    void (*on_reading)(void *, const struct stat_reading *), void *ctx)
{
	struct stat_series **list;
	size_t n = stat_series_list(r, family, &list);

	for (size_t i = 0; i < n; i++) {
		struct stat_series *s = list[i];
		struct slice values[STAT_LABELS_MAX];
		struct stat_histogram hist;
		struct stat_reading reading = {
			.family = &r->families[family], .values = values,
		};

		for (size_t k = 0; k < s->labels_len; k++)
			values[k] = stat_series_label(s, k);
		if (reading.family->type == STAT_HISTOGRAM) {
			stat_series_histogram(s, &hist);
			reading.hist = &hist;
		} else {
			reading.raw = stat_series_raw(s);
			reading.value = stat_series_value(s);
		}
		on_reading(ctx, &reading);
		stat_series_unref(s);
	}
	mem_free(list);
}
