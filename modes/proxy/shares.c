#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "conf/json.h"
#include "filter/rate_limit.h"
#include "modes/proxy/shares.h"

#define WHOLE	SYNC_QUOTA_WHOLE
_Static_assert(LEASE_WHOLE == SYNC_QUOTA_WHOLE, "the same parts");
_Static_assert(LEASE_KEYS_MAX >= SYNC_QUOTA_HOT_MAX, "room for what is leased");

#define NS_PER_MS	UINT64_C(1000000)

struct wanted {
	double   parts;		/* the whole at most */
	uint64_t asked_ms;	/* when somebody last did */
};

struct share_key {
	uint64_t      key;	/* 0: free */
	struct wanted wanted;
	bool          is_own;	/* it has parts of its own */
	uint64_t      parts;
};

#define KEYS	(SYNC_QUOTA_HOT_MAX + SYNC_QUOTA_KEYS_MAX)

struct share {
	char            *name;
	uint64_t         index;
	struct l7_part  *part;		/* counted */
	struct lease    *lease;		/* of part */
	struct wanted    wanted;
	uint64_t         parts;		/* in force */
	uint64_t         proxies;	/* last told; 0: never */
	uint64_t         counted_ms, until_ms;	/* until: 0: no lease */
	uint64_t         seen;		/* whose answer that is; 0: none */
	uint64_t         round;		/* last asked about */
	struct share_key keys[KEYS];
	bool             is_there;
};

void
shares_init(struct shares *ss)
{
	*ss = (struct shares){ .id = 0 };
}

static void
share_free(void *arg)
{
	struct share *s = arg;

	l7_part_unref(s->part);
	mem_free(s->name);
	mem_free(s);
}

void
shares_fini(struct shares *ss)
{
	map_fini(&ss->limits, share_free);
	map_fini(&ss->kept, NULL);
}

/* --- which limits ------------------------------------------------------------- */

void
shares_begin(struct shares *ss)
{
	size_t it = 0;
	void *value;

	while (map_next(&ss->limits, &it, NULL, &value))
		((struct share *)value)->is_there = false;
}

static uint64_t
equal_part(const struct share *s)
{
	return WHOLE / (s->proxies > 0 ? s->proxies : 1);
}

/* What the old lease had is in force in the new one. */
static void
put_in_force(struct share *s, uint64_t now_ms)
{
	lease_set(s->lease, 0, s->parts, now_ms * NS_PER_MS);
	for (size_t i = 0; i < KEYS; i++)
		if (s->keys[i].is_own)
			lease_set(s->lease, s->keys[i].key, s->keys[i].parts,
			    now_ms * NS_PER_MS);
}

static void
add_one(struct shares *ss, struct slice name, struct l7_part *part,
    size_t index, uint64_t now_ms)
{
	char *key = mem_printf("%.*s#%zu", SLICE_ARG(name), index);
	struct share *s = map_get(&ss->limits, slice_str(key));

	if (s == NULL) {
		s = mem_zalloc(sizeof(*s));
		s->name = mem_dup(name.ptr, name.len);
		s->index = index;
		s->proxies = (uintptr_t)map_get(&ss->kept, slice_str(key));
		s->parts = equal_part(s);
		s->counted_ms = now_ms;
		map_put(&ss->limits, slice_str(key), s);
		ss->asked_ms = 0;	/* soon: it was not asked about */
	}
	if (s->part != part) {
		l7_part_unref(s->part);
		s->part = l7_part_ref(part);
		s->lease = rate_limit_lease(rate_limit_of(part), index);
		put_in_force(s, now_ms);
	}
	s->is_there = true;
	mem_free(key);
}

void
shares_add(struct shares *ss, struct slice name, struct l7_part *part,
    uint64_t now_ms)
{
	const struct rate_limit *l = rate_limit_of(part);
	size_t n = RATE_LIMIT_LEASES(rate_limit_spec(l));

	for (size_t i = 0; i < n; i++)
		if (rate_limit_lease(l, i) != NULL)
			add_one(ss, name, part, i, now_ms);
}

void
shares_end(struct shares *ss)
{
	struct slice key;
	size_t it = 0;
	void *value;

	while (map_next(&ss->limits, &it, &key, &value))
		if (!((struct share *)value)->is_there)
			share_free(map_del(&ss->limits, key));
}

/* --- what they are asked for ---------------------------------------------------- */

/* Parts of the limit that so many in this time are. */
static double
parts_of(const struct share *s, uint64_t asked, uint64_t ms)
{
	const struct buckets_rate *r = lease_rate(s->lease);

	return (double)asked * (double)r->per_ns * WHOLE /
	    ((double)r->requests * (double)ms * (double)NS_PER_MS);
}

static double
least(double a, double b)
{
	return a < b ? a : b;
}

/*
 * What is wanted now.  It rises at once and falls by halves; where nobody asked
 * for so long, no more than one request in that time is wanted, which is much
 * or little as the limit is.
 */
static void
want(const struct share *s, struct wanted *w, uint64_t asked, uint64_t ms,
    uint64_t now_ms)
{
	double now = least(parts_of(s, asked, ms), WHOLE);

	if (asked > 0) {
		w->parts = now > w->parts / 2 ? now : w->parts / 2;
		w->asked_ms = now_ms;
	} else if (w->parts > 0 && now_ms > w->asked_ms) {
		w->parts = least(w->parts, parts_of(s, 1,
		    now_ms - w->asked_ms));
	}
	if (w->parts < 1)
		w->parts = 0;
}

/* The key's place, or that of the one that is least wanted. */
static struct share_key *
place_of(struct share *s, uint64_t key)
{
	struct share_key *last = NULL;

	for (size_t i = 0; i < KEYS; i++) {
		struct share_key *k = &s->keys[i];

		if (k->key == key)
			return k;
		if (!k->is_own && (last == NULL || k->wanted.parts < last->wanted.parts))
			last = k;
	}
	*last = (struct share_key){ .key = key };
	return last;
}

static void
count(struct share *s, uint64_t now_ms)
{
	struct lease_demand v[SYNC_QUOTA_KEYS_MAX];
	uint64_t ms = now_ms > s->counted_ms ? now_ms - s->counted_ms : 1;
	uint64_t asked = lease_asked(s->lease);
	size_t n = lease_asked_keys(s->lease, v, SYNC_QUOTA_KEYS_MAX);

	s->counted_ms = now_ms;
	want(s, &s->wanted, asked, ms, now_ms);
	for (size_t i = 0; i < n; i++)
		want(s, &place_of(s, v[i].key)->wanted, v[i].asked, ms, now_ms);
	for (size_t i = 0; i < KEYS; i++)
		if (s->keys[i].wanted.asked_ms != now_ms)
			want(s, &s->keys[i].wanted, 0, ms, now_ms);
}

static int
by_wanted(const void *a, const void *b)
{
	const struct sync_quota_row *x = a, *y = b;

	return x->parts > y->parts ? -1 : x->parts < y->parts;
}

/* Keys that come near what one may without a share of its own. */
static size_t
key_rows(const struct share *s, const struct sync_quota_row *limit,
    struct sync_quota_row v[KEYS])
{
	size_t n = 0;

	for (size_t i = 0; i < KEYS; i++) {
		const struct share_key *k = &s->keys[i];

		if (k->key == 0 || k->wanted.parts < (double)s->parts / 4)
			continue;
		v[n] = *limit;
		v[n].key = k->key;
		v[n].parts = (uint64_t)k->wanted.parts;
		v[n++].holds = k->is_own ? k->parts : s->parts;
	}
	qsort(v, n, sizeof(*v), by_wanted);
	return n < SYNC_QUOTA_KEYS_MAX ? n : SYNC_QUOTA_KEYS_MAX;
}

#define KEY_ROWS	(SYNC_QUOTA_HOT_MAX > SYNC_QUOTA_KEYS_MAX ? \
    SYNC_QUOTA_HOT_MAX : SYNC_QUOTA_KEYS_MAX)

/* Rows of a message that are kept for it, there or back: the same each time. */
static size_t
room_of(const struct share *s)
{
	return lease_is_keyed(s->lease) ? 1 + KEY_ROWS : 1;
}

static size_t
add_rows(struct share *s, uint64_t now_ms, struct sync_quota_row *rows)
{
	struct sync_quota_row keys[KEYS];

	count(s, now_ms);
	rows[0] = (struct sync_quota_row){
		.limit = slice_str(s->name), .index = s->index,
		.parts = lease_is_keyed(s->lease) ? 0 :
		    (uint64_t)s->wanted.parts,
		.proxies = s->proxies, .holds = s->parts,
	};
	size_t more = key_rows(s, &rows[0], keys);

	memcpy(rows + 1, keys, more * sizeof(*keys));
	return 1 + more;
}

/* Rows that are kept for those that are still to be asked about, at most so many. */
static size_t
rows_left(const struct shares *ss)
{
	size_t n = 0, it = 0;
	void *value;

	while (n < SYNC_QUOTA_ROWS_MAX &&
	    map_next(&ss->limits, &it, NULL, &value))
		if (((const struct share *)value)->round != ss->round)
			n += room_of(value);
	return n < SYNC_QUOTA_ROWS_MAX ? n : SYNC_QUOTA_ROWS_MAX;
}

static bool
is_time(struct shares *ss, uint64_t now_ms)
{
	if (ss->limits.len == 0 || (ss->answered < ss->id &&
	    now_ms < ss->asked_ms + 2 * SYNC_QUOTA_ASK_MS))
		return false;
	if (rows_left(ss) > 0)
		return true;
	if (now_ms < ss->begun_ms + SYNC_QUOTA_ASK_MS)
		return false;
	ss->round++;
	ss->begun_ms = now_ms;
	return true;
}

bool
shares_ask(struct shares *ss, struct arena *a, uint64_t now_ms,
    struct sync_message *m)
{
	size_t it = 0, kept = 0;
	void *value;

	if (!is_time(ss, now_ms))
		return false;
	struct sync_quota_row *rows = arena_alloc(a,
	    rows_left(ss) * sizeof(*rows));

	*m = (struct sync_message){ .type = SYNC_DEMAND, .id = ++ss->id,
		.rows = rows };
	while (map_next(&ss->limits, &it, NULL, &value)) {
		struct share *s = value;

		if (s->round == ss->round ||
		    kept + room_of(s) > SYNC_QUOTA_ROWS_MAX)
			continue;
		kept += room_of(s);
		m->rows_len += add_rows(s, now_ms, rows + m->rows_len);
		if (s->seen > m->seen)
			m->seen = s->seen;
		s->round = ss->round;
	}
	ss->asked_ms = now_ms;
	ss->sent_ms[ss->id % SHARES_SENT] = now_ms;
	return true;
}

void
shares_restart(struct shares *ss)
{
	size_t it = 0;
	void *value;

	ss->answered = ss->id;
	ss->begun_ms = 0;
	while (map_next(&ss->limits, &it, NULL, &value))
		((struct share *)value)->round = ss->round;
}

/* --- what we may --------------------------------------------------------------- */

static void
end_key(struct share *s, struct share_key *k, uint64_t now_ms)
{
	lease_unset(s->lease, k->key, now_ms * NS_PER_MS);
	k->is_own = false;
}

static uint64_t
limited(uint64_t parts)
{
	return parts < WHOLE ? parts : WHOLE;
}

static bool
is_among(uint64_t key, const struct sync_quota_row *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].key == key)
			return true;
	return false;
}

/* Those that are not among them are as all others; then there is room. */
static void
take_keys(struct share *s, const struct sync_quota_row *v, size_t n,
    uint64_t now_ms)
{
	if (n > SYNC_QUOTA_HOT_MAX)
		n = SYNC_QUOTA_HOT_MAX;
	for (size_t i = 0; i < KEYS; i++)
		if (s->keys[i].is_own && !is_among(s->keys[i].key, v, n))
			end_key(s, &s->keys[i], now_ms);
	for (size_t i = 0; i < n; i++) {
		struct share_key *k = place_of(s, v[i].key);

		k->is_own = true;
		k->parts = limited(v[i].parts);
		lease_set(s->lease, k->key, k->parts, now_ms * NS_PER_MS);
	}
}

static uint64_t
good_until_ms(const struct shares *ss, uint64_t id)
{
	return ss->sent_ms[id % SHARES_SENT] + SYNC_QUOTA_LIFE_MS;
}

/* The row of a limit, and n of its keys behind it. */
static void
take_limit(struct shares *ss, uint64_t id, const struct sync_quota_row *r,
    size_t n, uint64_t now_ms)
{
	char *name = mem_printf("%.*s#%llu", SLICE_ARG(r->limit),
	    (unsigned long long)r->index);
	struct share *s = map_get(&ss->limits, slice_str(name));

	mem_free(name);
	if (s == NULL || r->key != 0)
		return;
	s->parts = limited(r->parts);
	ss->is_unsaved = ss->is_unsaved || s->proxies != r->proxies;
	s->proxies = r->proxies;
	s->until_ms = good_until_ms(ss, id);
	s->seen = id;
	lease_set(s->lease, 0, s->parts, now_ms * NS_PER_MS);
	if (lease_is_keyed(s->lease))
		take_keys(s, r + 1, n, now_ms);
}

void
shares_answer(struct shares *ss, const struct sync_message *m, uint64_t now_ms)
{
	/* One that is late, or that nobody asked for, is none. */
	if (m->id > ss->id || m->id <= ss->answered ||
	    m->id + SHARES_SENT <= ss->id)
		return;
	ss->answered = m->id;
	if (now_ms >= good_until_ms(ss, m->id))
		return;
	for (size_t i = 0, n = 0; i < m->rows_len; i += 1 + n) {
		const struct sync_quota_row *r = &m->rows[i];

		for (n = 0; i + 1 + n < m->rows_len && r[1 + n].key != 0 &&
		    r[1 + n].index == r->index &&
		    slice_eq(r[1 + n].limit, r->limit); n++)
			continue;
		take_limit(ss, m->id, r, n, now_ms);
	}
}

uint64_t
shares_tick(struct shares *ss, uint64_t now_ms)
{
	uint64_t next = SYNC_QUOTA_ASK_MS;
	size_t it = 0;
	void *value;

	while (map_next(&ss->limits, &it, NULL, &value)) {
		struct share *s = value;

		if (s->until_ms == 0)
			continue;
		if (now_ms < s->until_ms) {
			if (s->until_ms - now_ms < next)
				next = s->until_ms - now_ms;
			continue;
		}
		s->until_ms = 0;
		s->seen = 0;
		s->parts = equal_part(s);
		lease_set(s->lease, 0, s->parts, now_ms * NS_PER_MS);
		take_keys(s, NULL, 0, now_ms);
	}
	return next;
}

/* --- a life later ----------------------------------------------------------------- */

void
shares_save(struct shares *ss, struct str *out)
{
	struct sync_quota_row *rows = mem_zalloc_array(ss->limits.len + 1,
	    sizeof(*rows));
	size_t n = 0, it = 0;
	void *value;

	while (map_next(&ss->limits, &it, NULL, &value)) {
		const struct share *s = value;

		rows[n++] = (struct sync_quota_row){
			.limit = slice_str(s->name), .index = s->index,
			.proxies = s->proxies };
	}
	sync_quota_write(out, rows, n);
	str_add_char(out, '\n');
	mem_free(rows);
	ss->is_unsaved = false;
}

int
shares_load(struct shares *ss, struct slice text, struct err *err)
{
	const struct sync_quota_row *rows;
	struct arena a = { 0 };
	size_t n = 0;
	const struct conf_node *list = conf_json_read(&a, text, "limits", err);
	int result = list == NULL ? -1 : list->kind != CONF_LIST ?
	    err_set(err, ERR_DATA, "expected a list") :
	    sync_quota_read(&a, list, &rows, &n, err);

	for (size_t i = 0; result == 0 && i < n; i++) {
		const char *key = arena_printf(&a, "%.*s#%llu",
		    SLICE_ARG(rows[i].limit),
		    (unsigned long long)rows[i].index);

		map_put(&ss->kept, slice_str(key),
		    (void *)(uintptr_t)rows[i].proxies);
	}
	arena_fini(&a);
	return result;
}

size_t
shares_leased(const struct shares *ss)
{
	size_t n = 0, it = 0;
	void *value;

	while (map_next(&ss->limits, &it, NULL, &value))
		n += ((const struct share *)value)->until_ms != 0;
	return n;
}

/* --- for people ------------------------------------------------------------------ */

static int
by_name(const void *a, const void *b)
{
	const struct share *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order != 0 ? order : (*x)->index < (*y)->index ? -1 :
	    (*x)->index > (*y)->index;
}

static void
write_one(const struct share *s, uint64_t now_ms, struct str *out)
{
	size_t keys = 0;

	for (size_t i = 0; i < KEYS; i++)
		keys += s->keys[i].is_own;
	str_add(out, "{\"limit\":");
	str_add_json(out, slice_str(s->name));
	str_addf(out, ",\"index\":%llu,\"leased\":%s,\"percent\":%.2f,"
	    "\"wantedPercent\":%.2f,\"proxies\":%llu,\"keys\":%zu,"
	    "\"leaseMs\":%llu}", (unsigned long long)s->index,
	    s->until_ms != 0 ? "true" : "false",
	    (double)s->parts * 100 / WHOLE, s->wanted.parts * 100 / WHOLE,
	    (unsigned long long)s->proxies, keys,
	    (unsigned long long)(s->until_ms > now_ms ?
	    s->until_ms - now_ms : 0));
}

void
shares_write(const struct shares *ss, uint64_t now_ms, struct str *out)
{
	const struct share **v = mem_zalloc_array(ss->limits.len + 1,
	    sizeof(*v));
	size_t n = 0, it = 0;
	void *value;

	while (map_next(&ss->limits, &it, NULL, &value))
		v[n++] = value;
	if (n > 1)
		qsort(v, n, sizeof(*v), by_name);
	str_add_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			str_add_char(out, ',');
		write_one(v[i], now_ms, out);
	}
	str_add_char(out, ']');
	mem_free(v);
}
