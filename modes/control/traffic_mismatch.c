#include <stdlib.h>

#include "base/mem.h"
#include "modes/control/traffic_impl.h"
#include "modes/control/traffic_mismatch.h"
#include "stat/metrics.h"

/* By "destination port speaker spoken declared source". */
struct mismatch {
	uint64_t count, grown_ms, read_ms;
};

struct looking {
	struct traffic *traffic;
	uint64_t        now_ms;
};

/* The labels are in the order of metrics.c. */
static void
on_reading(void *ctx, const struct stat_reading *r)
{
	const struct looking *to = ctx;
	const struct slice *v = r->values;
	struct map *known = &to->traffic->mismatches;
	struct str key = { 0 };

	str_addf(&key, "%.*s/%.*s %.*s %.*s %.*s %.*s %.*s/%.*s",
	    SLICE_ARG(v[3]), SLICE_ARG(v[4]), SLICE_ARG(v[5]), SLICE_ARG(v[7]),
	    SLICE_ARG(v[8]), SLICE_ARG(v[6]), SLICE_ARG(v[1]), SLICE_ARG(v[2]));
	struct mismatch *m = map_get(known, str_slice(&key));

	if (m == NULL) {
		m = mem_zalloc(sizeof(*m));
		map_put(known, str_slice(&key), m);
	}
	if (r->raw > m->count)
		m->grown_ms = to->now_ms;
	m->count = r->raw;
	m->read_ms = to->now_ms;
	str_fini(&key);
}

static bool
is_over(const struct mismatch *m, uint64_t now_ms)
{
	return now_ms > m->grown_ms + TRAFFIC_MISMATCH_MS;
}

void
traffic_mismatches_look(struct traffic *t, uint64_t now_ms)
{
	struct looking to = { t, now_ms };
	size_t it = 0;
	struct slice key;
	void *m;

	stat_read(t->stats, METRIC_PROTOCOL_MISMATCHES, on_reading, &to);
	/* Series that are forgotten. */
	while (map_next(&t->mismatches, &it, &key, &m))
		if (((struct mismatch *)m)->read_ms != now_ms)
			mem_free(map_del(&t->mismatches, key));
}

static int
compare(const void *a, const void *b)
{
	return slice_cmp(*(const struct slice *)a, *(const struct slice *)b);
}

static void
add_row(struct conf_node *list, struct slice key, const struct mismatch *m)
{
	static const char *const members[] = { "destination", "port",
		"speaker", "spoken", "declared", "source" };
	struct conf_node *row = conf_add_map(list);
	struct slice part;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) &&
	    slice_cut(&key, ' ', &part); i++)
		if (!slice_is(part, METRIC_UNKNOWN "/" METRIC_UNKNOWN))
			conf_set_slice(row, members[i], part);
	conf_set_int(row, "count", (int64_t)m->count);
}

void
traffic_mismatches_write(struct traffic *t, uint64_t now_ms,
    struct conf_node *list)
{
	size_t it = 0, n = 0;
	void *value;

	traffic_mismatches_look(t, now_ms);
	struct slice *keys = mem_zalloc_array(t->mismatches.len + 1,
	    sizeof(*keys));

	while (map_next(&t->mismatches, &it, &keys[n], &value))
		n += !is_over(value, now_ms);
	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 0; i < n; i++)
		add_row(list, keys[i], map_get(&t->mismatches, keys[i]));
	mem_free(keys);
}
