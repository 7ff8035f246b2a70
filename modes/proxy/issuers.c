#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/random.h"
#include "conf/json.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/state.h"
#include "stat/metrics.h"
#include "tls/system_roots.h"
#include "upstream/issuer_fetch.h"

struct issuer {
	struct issuers      *owner;
	char                *source;	/* "jwksUri URL" or "issuer URL" */
	char                *name, *address;	/* address: NULL: it knows */
	struct issuer_keys  *keys;	/* counted; the last good ones, or none */
	char                *text;	/* of those; NULL: none */
	struct err           err;	/* of the last fetch */
	unsigned             failures;	/* in a row */
	struct issuer_fetch *fetch;	/* NULL: none is under way */
	struct loop_timer    timer;	/* for the next */
	unsigned             unused;	/* compilations in a row */
	struct arena         said_memory;
	struct openid_provider said;	/* of itself; issuer absent: nothing */
	atomic_llong         fetched_s;	/* when they were had; 0: never */
	struct stat_series  *series;
};

struct issuers {
	struct tls_handshaker *handshaker;
	struct stat_registry  *stats;
	bool                   is_open;	/* started and not stopped */
	struct issuers_owner   owner;
	struct map             by_source;	/* struct issuer */
	struct arena           saved_memory;
	const struct conf_node *saved;	/* by the last process */
};

struct issuers *
issuers_new(struct tls_handshaker *handshaker, struct stat_registry *stats)
{
	struct issuers *x = mem_zalloc(sizeof(*x));

	x->handshaker = handshaker;
	x->stats = stats;
	return x;
}

/* --- one issuer ------------------------------------------------------------------- */

static double
fetched_at(void *arg)
{
	struct issuer *i = arg;

	return (double)atomic_load(&i->fetched_s);
}

static void
issuer_free(void *arg)
{
	struct issuer *i = arg;

	issuer_fetch_cancel(i->fetch);
	loop_timer_stop(&i->timer);
	if (i->series != NULL)
		stat_series_sample(i->series, NULL, NULL);
	stat_series_unref(i->series);
	issuer_keys_unref(i->keys);
	arena_fini(&i->said_memory);
	mem_free(i->source);
	mem_free(i->name);
	mem_free(i->address);
	mem_free(i->text);
	mem_free(i);
}

/* False: it is no set of keys. */
static bool
take_keys(struct issuer *i, struct slice text, int64_t when_s, struct err *err)
{
	struct issuer_keys *k = issuer_keys_new(text, err);

	if (k == NULL)
		return false;
	issuer_keys_unref(i->keys);
	i->keys = k;
	mem_free(i->text);
	i->text = mem_dup(text.ptr, text.len);
	atomic_store(&i->fetched_s, when_s);
	return true;
}

static void
take_saved(struct issuer *i)
{
	struct err err = ERR_INIT;

	CONF_FOREACH(e, conf_get(i->owner->saved, "issuers")) {
		const char *source = conf_get_string(e->node, "source");
		const char *keys = conf_get_string(e->node, "keys");

		if (source == NULL || keys == NULL ||
		    strcmp(source, i->source) != 0)
			continue;
		if (!take_keys(i, slice_str(keys), conf_get_int(e->node,
		    "fetchedAt", 0), &err))
			log_warn("tokens", "keys of %s that were kept: %s",
			    i->name, err.text);
	}
}

static void begin_fetch(void *);

static struct issuer *
issuer_new(struct issuers *x, const struct model_jwt_rule *r,
    const char *source)
{
	struct issuer *i = mem_zalloc(sizeof(*i));
	struct slice label = slice_str(r->issuer);

	i->owner = x;
	i->source = mem_strdup(source);
	i->name = mem_strdup(r->issuer);
	i->address = r->jwks_uri == NULL ? NULL : mem_strdup(r->jwks_uri);
	i->keys = issuer_keys_none();
	loop_timer_init(&i->timer, x->owner.loop, begin_fetch, i);
	map_put(&x->by_source, slice_str(source), i);
	if (x->stats != NULL) {
		i->series = stat_series_get(x->stats, METRIC_ISSUER_KEYS,
		    &label);
		stat_series_sample(i->series, fetched_at, i);
	}
	take_saved(i);
	begin_fetch(i);
	return i;
}

/* --- on disk ---------------------------------------------------------------------- */

static void
save(struct issuers *x)
{
	struct arena a = { 0 };
	struct str text = { 0 };
	struct err err = ERR_INIT;
	struct conf_node *root = conf_map_new(&a);
	struct conf_node *list = conf_set_list(root, "issuers");
	size_t it = 0;
	void *value;

	while (map_next(&x->by_source, &it, NULL, &value)) {
		const struct issuer *i = value;
		struct conf_node *row;

		if (i->text == NULL)
			continue;
		row = conf_add_map(list);
		conf_set_string(row, "source", i->source);
		conf_set_int(row, "fetchedAt", atomic_load(&i->fetched_s));
		conf_set_string(row, "keys", i->text);
	}
	conf_json_write(&text, root);
	if (state_write(x->owner.state, STATE_ISSUERS, str_slice(&text),
	    &err) != 0)
		log_warn("tokens", "%s; after a restart keys of issuers would "
		    "have to be fetched first", err.text);
	str_fini(&text);
	arena_fini(&a);
}

static void
load(struct issuers *x)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;

	if (state_read(x->owner.state, STATE_ISSUERS, &text, &err) < 0 ||
	    (text.len > 0 && (x->saved = conf_json_read(&x->saved_memory,
	    str_slice(&text), STATE_ISSUERS, &err)) == NULL))
		log_warn("tokens", "%s; keys of issuers are fetched anew",
		    err.text);
	str_fini(&text);
}

/* --- fetching --------------------------------------------------------------------- */

static uint64_t
with_jitter(uint64_t ms)
{
	return ms - random_below(ms / 10 + 1);
}

static uint64_t
next_after(int64_t max_age_s)
{
	if (max_age_s < 0 || max_age_s > ISSUERS_MAX_MS / 1000)
		return ISSUERS_MAX_MS;
	return max_age_s < ISSUERS_MIN_MS / 1000 ? ISSUERS_MIN_MS :
	    (uint64_t)max_age_s * 1000;
}

static uint64_t
retry_after(unsigned failures)
{
	unsigned shift = failures < 7 ? failures - 1 : 6;
	uint64_t ms = (uint64_t)ISSUERS_RETRY_MS << shift;

	return ms < ISSUERS_RETRY_MAX_MS ? ms : ISSUERS_RETRY_MAX_MS;
}

static struct openid_provider
keep_provider(const struct openid_provider *p, struct arena *a)
{
	return (struct openid_provider){
		.issuer = arena_dup(a, p->issuer),
		.jwks = arena_dup(a, p->jwks),
		.authorization = arena_dup(a, p->authorization),
		.token = arena_dup(a, p->token),
		.end_session = arena_dup(a, p->end_session),
	};
}

/* Whether it says something else of itself than before. */
static bool
note_provider(struct issuer *i, const struct openid_provider *p)
{
	if (p == NULL || (i->said.issuer.ptr != NULL &&
	    slice_eq(i->said.authorization, p->authorization) &&
	    slice_eq(i->said.token, p->token) &&
	    slice_eq(i->said.end_session, p->end_session)))
		return false;
	arena_reset(&i->said_memory);
	i->said = keep_provider(p, &i->said_memory);
	return true;
}

/* Whether something else would be found now. */
static bool
note_success(struct issuer *i, const struct issuer_fetched *r)
{
	uint8_t before[HASH_LEN], now[HASH_LEN];
	bool had_failed = i->failures > 0, is_new;
	struct issuer_keys *old = issuer_keys_ref(i->keys);

	issuer_keys_hash(old, before);
	hash_sha256(now, r->text);
	is_new = i->text == NULL || memcmp(before, now, sizeof(now)) != 0;
	if (!is_new)
		atomic_store(&i->fetched_s, clock_wall_s());
	else if (!take_keys(i, r->text, clock_wall_s(), &i->err))
		is_new = false;
	issuer_keys_answered(old, loop_now_ms(i->owner->owner.loop));
	issuer_keys_answered(i->keys, loop_now_ms(i->owner->owner.loop));
	issuer_keys_unref(old);
	if (i->err.kind != ERR_NONE)
		return false;
	is_new |= note_provider(i, r->provider);
	if (is_new || had_failed)
		log_info("tokens", "%s: %zu keys", i->name,
		    issuer_keys_set(i->keys)->len);
	i->failures = 0;
	loop_timer_start(&i->timer, with_jitter(next_after(r->max_age_s)));
	if (i->owner->owner.state != NULL)
		save(i->owner);
	return is_new || had_failed;
}

/* Said once in a row. */
static bool
note_failure(struct issuer *i)
{
	i->failures++;
	issuer_keys_answered(i->keys, loop_now_ms(i->owner->owner.loop));
	loop_timer_start(&i->timer, with_jitter(retry_after(i->failures)));
	if (i->failures == 1)
		log_warn("tokens", "keys of %s: %s; %s", i->name, i->err.text,
		    i->text != NULL ? "those that are there stay in force" :
		    "no token of it is taken");
	return i->failures == 1;
}

static void
on_fetched(void *arg, const struct issuer_fetched *r)
{
	struct issuer *i = arg;
	struct issuers *x = i->owner;
	char *source = mem_strdup(i->source);
	bool is_news = false;

	i->fetch = NULL;
	i->err = r->err;
	if (i->err.kind == ERR_NONE)
		is_news = note_success(i, r);
	if (i->err.kind != ERR_NONE)
		is_news = note_failure(i);
	/* The issuer may be gone behind this. */
	if (is_news)
		x->owner.changed(x->owner.arg);
	x->owner.settled(x->owner.arg, slice_str(source));
	mem_free(source);
}

static void
begin_fetch(void *arg)
{
	struct issuer *i = arg;
	struct issuers *x = i->owner;
	struct err err = ERR_INIT;
	const struct issuer_fetch_request q = {
		.handshaker = x->handshaker, .files = x->owner.files,
		.roots = x->owner.roots == NULL ? NULL :
		    system_roots_get(x->owner.roots, &err),
		.issuer = slice_str(i->name), .address = slice_str(i->address),
	};

	loop_timer_stop(&i->timer);
	issuer_keys_asked(i->keys);
	i->fetch = issuer_fetch_start(x->owner.loop, &q, on_fetched, i);
}

/* --- compilations ----------------------------------------------------------------- */

void
issuers_begin(struct issuers *x)
{
	size_t it = 0;
	void *value;

	while (map_next(&x->by_source, &it, NULL, &value))
		((struct issuer *)value)->unused++;
}

void
issuers_end(struct issuers *x)
{
	size_t it = 0;
	void *value;
	struct slice source;

	while (map_next(&x->by_source, &it, &source, &value))
		if (((struct issuer *)value)->unused >= 2) {
			map_del(&x->by_source, source);
			issuer_free(value);
		}
}

static struct issuer *
find(struct issuers *x, const struct model_jwt_rule *r)
{
	char *source = r->jwks_uri != NULL ?
	    mem_printf("jwksUri %s", r->jwks_uri) :
	    mem_printf("issuer %s", r->issuer);
	struct issuer *i = map_get(&x->by_source, slice_str(source));

	if (i == NULL && x->is_open &&
	    x->by_source.len < ISSUERS_LEN_MAX)
		i = issuer_new(x, r, source);
	if (i != NULL)
		i->unused = 0;
	mem_free(source);
	return i;
}

struct issuer_keys *
issuers_keys(void *arg, const struct model_jwt_rule *r, struct slice *source)
{
	struct issuer *i = find(arg, r);

	if (i == NULL)
		return NULL;
	*source = slice_str(i->source);
	return issuer_keys_ref(i->keys);
}

bool
issuers_provider(struct issuers *x, const struct model_jwt_rule *r,
    struct arena *a, struct openid_provider *out)
{
	const struct issuer *i = find(x, r);

	if (i == NULL || i->said.issuer.ptr == NULL)
		return false;
	*out = keep_provider(&i->said, a);
	return true;
}

bool
issuers_fault(struct issuers *x, const struct model_jwt_rule *r,
    struct err *err)
{
	const struct issuer *i = r->jwks != NULL ? NULL : find(x, r);

	if (i == NULL || i->failures == 0)
		return false;
	*err = i->err;
	err_wrap(err, i->text != NULL ? MODEL_KEYS_OF "%s (those that were had "
	    "before stay in force)" : MODEL_KEYS_OF "%s (none of its tokens is "
	    "taken)", i->address != NULL ? i->address : i->name);
	return true;
}

/* --- workers ---------------------------------------------------------------------- */

struct want {
	struct issuers *issuers;
	char           *source;
};

static void
on_want(void *arg)
{
	struct want *w = arg;
	struct issuers *x = w->issuers;
	struct slice source = slice_str(w->source);
	struct issuer *i = map_get(&x->by_source, source);

	if (x->is_open && i == NULL)
		x->owner.settled(x->owner.arg, source);
	else if (x->is_open && i->fetch == NULL)
		begin_fetch(i);
	mem_free(w->source);
	mem_free(w);
}

void
issuers_want(struct issuers *x, struct slice source)
{
	struct want *w = mem_alloc(sizeof(*w));

	*w = (struct want){ x, mem_dup(source.ptr, source.len) };
	loop_post(x->owner.loop, on_want, w);
}

/* --- life ------------------------------------------------------------------------- */

void
issuers_start(struct issuers *x, const struct issuers_owner *owner)
{
	x->is_open = true;
	x->owner = *owner;
	if (owner->state != NULL)
		load(x);
}

void
issuers_stop(struct issuers *x)
{
	map_fini(&x->by_source, issuer_free);
	map_init(&x->by_source);
	arena_fini(&x->saved_memory);
	x->saved = NULL;
	x->is_open = false;
}

void
issuers_free(struct issuers *x)
{
	if (x == NULL)
		return;
	issuers_stop(x);
	mem_free(x);
}
