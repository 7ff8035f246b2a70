#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "modes/proxy/login_flight.h"

/* What was said, for all who wait. */
struct said {
	struct fetch_result result;
	struct str          body;
};

struct flight {
	uint8_t     key[HASH_LEN];
	struct list tickets;
	struct list link;	/* in flights->kept, by age, once it has ended */
	bool        has_ended;
	uint64_t    ended_ms;
	struct said said;
};

struct login_ticket {
	struct list        link;	/* in its flight, until that ends */
	struct loop       *loop;
	login_flight_done *done;
	void              *arg;
	bool               is_posted;	/* under the lock */
	bool               has_left;	/* on its loop */
	struct said        said;
};

struct login_flights {
	pthread_mutex_t lock;	/* of all that follows; not for traffic */
	struct map      by_key;
	struct list     kept;
	size_t          kept_len;
};

struct login_flights *
login_flights_new(void)
{
	struct login_flights *all = mem_zalloc(sizeof(*all));

	check(pthread_mutex_init(&all->lock, NULL) == 0);
	list_init(&all->kept);
	return all;
}

static void
flight_free(void *arg)
{
	struct flight *f = arg;

	str_fini(&f->said.body);
	mem_free(f);
}

void
login_flights_free(struct login_flights *all)
{
	map_fini(&all->by_key, flight_free);
	pthread_mutex_destroy(&all->lock);
	mem_free(all);
}

static void
copy(struct said *to, const struct fetch_result *r)
{
	to->result = *r;
	to->result.content_type = SLICE_NONE;
	str_add_slice(&to->body, r->body);
	to->result.body = str_slice(&to->body);
}

static void
ticket_free(struct login_ticket *t)
{
	str_fini(&t->said.body);
	mem_free(t);
}

static void
deliver(void *arg)
{
	struct login_ticket *t = arg;

	if (!t->has_left)
		t->done(t->arg, &t->said.result);
	ticket_free(t);
}

static void
post(struct login_ticket *t, const struct fetch_result *r)
{
	copy(&t->said, r);
	t->is_posted = true;
	loop_post(t->loop, deliver, t);
}

static struct slice
key_of(const uint8_t key[HASH_LEN])
{
	return slice_of((const char *)key, HASH_LEN);
}

static void
forget(struct login_flights *all, struct flight *f)
{
	if (f->has_ended) {
		list_remove(&f->link);
		all->kept_len--;
	}
	map_del(&all->by_key, key_of(f->key));
	flight_free(f);
}

/* Of a loop that is a little ahead or behind. */
static bool
is_old(const struct flight *f, uint64_t now_ms)
{
	return now_ms > f->ended_ms &&
	    now_ms - f->ended_ms > LOGIN_FLIGHT_KEEP_MS;
}

static void
forget_old(struct login_flights *all, uint64_t now_ms)
{
	LIST_FOREACH_SAFE(at, &all->kept) {
		struct flight *f = list_entry(at, struct flight, link);

		if (!is_old(f, now_ms))
			break;
		forget(all, f);
	}
}

static struct flight *
begin(struct login_flights *all, const uint8_t key[HASH_LEN])
{
	struct flight *f = mem_zalloc(sizeof(*f));

	memcpy(f->key, key, HASH_LEN);
	list_init(&f->tickets);
	map_put(&all->by_key, key_of(key), f);
	return f;
}

struct login_ticket *
login_flights_join(struct login_flights *all, const uint8_t key[HASH_LEN],
    struct loop *loop, login_flight_done *done, void *arg, bool *leads)
{
	struct login_ticket *t = mem_zalloc(sizeof(*t));
	struct flight *f;

	t->loop = loop;
	t->done = done;
	t->arg = arg;
	pthread_mutex_lock(&all->lock);
	forget_old(all, loop_now_ms(loop));
	f = map_get(&all->by_key, key_of(key));
	*leads = f == NULL;
	if (f == NULL)
		f = begin(all, key);
	if (f->has_ended)
		post(t, &f->said.result);
	else
		list_append(&f->tickets, &t->link);
	pthread_mutex_unlock(&all->lock);
	return t;
}

void
login_flights_leave(struct login_flights *all, struct login_ticket *t)
{
	pthread_mutex_lock(&all->lock);
	bool is_posted = t->is_posted;

	if (!is_posted)
		list_remove(&t->link);
	pthread_mutex_unlock(&all->lock);
	t->has_left = true;
	if (!is_posted)
		ticket_free(t);
}

void
login_flights_end(struct login_flights *all, const uint8_t key[HASH_LEN],
    const struct fetch_result *r, bool keeps, uint64_t now_ms)
{
	pthread_mutex_lock(&all->lock);
	struct flight *f = map_get(&all->by_key, key_of(key));

	check(f != NULL && !f->has_ended);
	LIST_FOREACH_SAFE(at, &f->tickets) {
		struct login_ticket *t = list_entry(at, struct login_ticket,
		    link);

		list_remove(&t->link);
		post(t, r);
	}
	forget_old(all, now_ms);
	if (keeps && all->kept_len < LOGIN_FLIGHTS_MAX) {
		copy(&f->said, r);
		f->has_ended = true;
		f->ended_ms = now_ms;
		list_append(&all->kept, &f->link);
		all->kept_len++;
	} else {
		forget(all, f);
	}
	pthread_mutex_unlock(&all->lock);
}
