#include <pthread.h>

#include "base/check.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "filter/cache_flight.h"

#define ALONE		1024
#define ALONE_MS	10000

struct cache_flights {
	pthread_mutex_t lock;
	struct map      flights;		/* by key, -> the leader's ticket */
	uint64_t        alone_until_ms[ALONE];	/* by hash of the key */
};

struct cache_ticket {
	struct list           link;	/* of the leader: the followers */
	struct cache_flights *flights;
	bool                  is_leader;
	uint64_t              hash;		/* of the key */
	struct str            key;		/* of the leader */
	struct flight_waiter  waiter;		/* of a follower, as the next */
	struct loop_timer     timer;
	enum flight_end       end;		/* when it is posted */
	bool                  is_posted;	/* under the lock */
};

struct cache_flights *
cache_flights_new(void)
{
	struct cache_flights *f = mem_zalloc(sizeof(*f));

	check(pthread_mutex_init(&f->lock, NULL) == 0);
	return f;
}

void
cache_flights_free(struct cache_flights *f)
{
	check(f->flights.len == 0);
	map_fini(&f->flights, NULL);
	pthread_mutex_destroy(&f->lock);
	mem_free(f);
}

static void
ticket_free(struct cache_ticket *t)
{
	str_fini(&t->key);
	mem_free(t);
}

/* --- following ----------------------------------------------------------------- */

/* On the follower's loop; without a wake it has left meanwhile. */
static void
on_landed(void *arg)
{
	struct cache_ticket *t = arg;
	struct flight_waiter w = t->waiter;
	enum flight_end end = t->end;

	loop_timer_stop(&t->timer);
	ticket_free(t);
	if (w.wake != NULL)
		w.wake(w.arg, end);
}

/* False: it was posted, and on_landed is to come. */
static bool
unlink_follower(struct cache_ticket *t)
{
	pthread_mutex_lock(&t->flights->lock);
	bool is_ours = !t->is_posted;

	if (is_ours)
		list_remove(&t->link);
	pthread_mutex_unlock(&t->flights->lock);
	return is_ours;
}

static void
on_late(void *arg)
{
	struct cache_ticket *t = arg;

	if (!unlink_follower(t))
		return;
	t->end = FLIGHT_LATE;
	on_landed(t);
}

static void
follow(struct cache_ticket *t, const struct flight_waiter *w)
{
	t->waiter = *w;
	loop_timer_init(&t->timer, w->loop, on_late, t);
	loop_timer_start(&t->timer, w->wait_ms);
}

/* --- leading ------------------------------------------------------------------- */

enum flight_role
cache_flight_join(struct cache_flights *f, struct slice key,
    const struct flight_waiter *w, uint64_t now_ms, struct cache_ticket **out)
{
	struct cache_ticket *t = mem_zalloc(sizeof(*t));
	uint64_t hash = slice_hash(key);
	enum flight_role role = FLIGHT_FOLLOWS;

	t->flights = f;
	t->hash = hash;
	list_init(&t->link);
	/* Before anybody can post to it. */
	follow(t, w);
	pthread_mutex_lock(&f->lock);
	struct cache_ticket *leader = map_get(&f->flights, key);

	if (leader != NULL) {
		list_append(&leader->link, &t->link);
	} else if (f->alone_until_ms[hash % ALONE] > now_ms) {
		role = FLIGHT_ALONE;
	} else {
		role = FLIGHT_LEADS;
		t->is_leader = true;
		str_add_slice(&t->key, key);
		map_put(&f->flights, key, t);
	}
	pthread_mutex_unlock(&f->lock);
	if (role != FLIGHT_FOLLOWS)
		loop_timer_stop(&t->timer);
	if (role == FLIGHT_ALONE) {
		ticket_free(t);
		t = NULL;
	}
	*out = t;
	return role;
}

static void
wake_followers(struct cache_ticket *leader, enum flight_end end)
{
	LIST_FOREACH_SAFE(at, &leader->link) {
		struct cache_ticket *t = list_entry(at, struct cache_ticket,
		    link);

		list_remove(&t->link);
		t->end = end;
		t->is_posted = true;
		loop_post(t->waiter.loop, on_landed, t);
	}
}

void
cache_flight_land(struct cache_ticket **ticket, enum flight_end end,
    uint64_t now_ms)
{
	struct cache_ticket *t = *ticket;

	if (t == NULL)
		return;
	struct cache_flights *f = t->flights;

	*ticket = NULL;
	check(t->is_leader);
	pthread_mutex_lock(&f->lock);
	map_del(&f->flights, str_slice(&t->key));
	if (end == FLIGHT_USELESS)
		f->alone_until_ms[t->hash % ALONE] = now_ms + ALONE_MS;
	else if (end == FLIGHT_LANDED)
		f->alone_until_ms[t->hash % ALONE] = 0;
	wake_followers(t, end);
	pthread_mutex_unlock(&f->lock);
	ticket_free(t);
}

void
cache_flight_leave(struct cache_ticket **ticket)
{
	struct cache_ticket *t = *ticket;

	if (t == NULL)
		return;
	if (t->is_leader) {
		cache_flight_land(ticket, FLIGHT_LOST, 0);
		return;
	}
	*ticket = NULL;
	/* One that was posted is freed when it arrives. */
	t->waiter.wake = NULL;
	loop_timer_stop(&t->timer);
	if (unlink_follower(t))
		ticket_free(t);
}
