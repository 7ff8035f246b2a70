#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/proxy/udp_table.h"

/* Who has sessions; there while it has one. */
struct udp_source {
	struct list   places;	/* udp_place.of_source, the longest idle first */
	size_t        len;
	uint8_t       key_len;
	unsigned char key[UDP_KEY_MAX];
};

const char *
udp_end_name(enum udp_end e)
{
	static const char *const names[] = {
		[UDP_IDLE] = "idle", [UDP_YIELDED] = "yielded",
		[UDP_CLOSED] = "closed", [UDP_FAILED] = "failed",
		[UDP_STOPPED] = "stopped",
	};

	return names[e];
}

void
udp_table_init(struct udp_table *t, const struct udp_bounds *bounds,
    void (*give_up)(struct udp_place *, enum udp_end))
{
	*t = (struct udp_table){ .bounds = *bounds, .give_up = give_up };
	list_init(&t->ages);
}

void
udp_table_fini(struct udp_table *t)
{
	check(t->len == 0);
	map_fini(&t->places, NULL);
	map_fini(&t->sources, NULL);
}

struct udp_place *
udp_table_find(const struct udp_table *t, struct slice key)
{
	return map_get(&t->places, key);
}

static struct udp_source *
source_of(struct udp_table *t, struct slice key)
{
	struct udp_source *s = map_get(&t->sources, key);

	if (s != NULL)
		return s;
	check(key.len <= UDP_KEY_MAX);
	s = mem_zalloc(sizeof(*s));
	list_init(&s->places);
	s->key_len = (uint8_t)key.len;
	memcpy(s->key, key.ptr, key.len);
	map_put(&t->sources, key, s);
	return s;
}

static void
source_drop(struct udp_table *t, struct udp_source *s)
{
	if (s->len > 0)
		return;
	map_del(&t->sources, slice_of(s->key, s->key_len));
	mem_free(s);
}

/* Whether it went. */
static bool
make_room(struct udp_table *t, struct udp_place *oldest, uint64_t now_ms)
{
	if (now_ms - oldest->seen_ms < UDP_YIELD_MS)
		return false;
	t->give_up(oldest, UDP_YIELDED);
	return true;
}

enum udp_added
udp_table_add(struct udp_table *t, struct udp_place *p, struct slice key,
    struct slice source, uint64_t now_ms)
{
	const struct udp_source *known = map_get(&t->sources, source);

	check(key.len <= UDP_KEY_MAX);
	if (known != NULL && known->len >= t->bounds.most_of_source &&
	    !make_room(t, list_entry(known->places.next, struct udp_place,
	    of_source), now_ms))
		return UDP_SOURCE_FULL;
	if (t->len >= t->bounds.most && !make_room(t, list_entry(t->ages.next,
	    struct udp_place, by_age), now_ms))
		return UDP_FULL;
	/* The one before may have gone with its last session. */
	struct udp_source *s = source_of(t, source);

	p->source = s;
	p->seen_ms = now_ms;
	p->key_len = (uint8_t)key.len;
	memcpy(p->key, key.ptr, key.len);
	list_append(&t->ages, &p->by_age);
	list_append(&s->places, &p->of_source);
	check(map_put(&t->places, key, p) == NULL);
	s->len++;
	t->len++;
	return UDP_ADDED;
}

void
udp_table_touch(struct udp_table *t, struct udp_place *p, uint64_t now_ms)
{
	if (p->seen_ms == now_ms)
		return;
	p->seen_ms = now_ms;
	list_remove(&p->by_age);
	list_append(&t->ages, &p->by_age);
	list_remove(&p->of_source);
	list_append(&p->source->places, &p->of_source);
}

void
udp_table_remove(struct udp_table *t, struct udp_place *p)
{
	check(map_del(&t->places, slice_of(p->key, p->key_len)) == p);
	list_remove(&p->by_age);
	list_remove(&p->of_source);
	t->len--;
	p->source->len--;
	source_drop(t, p->source);
	p->source = NULL;
}

uint64_t
udp_table_sweep(struct udp_table *t, uint64_t now_ms)
{
	while (t->len > 0) {
		struct udp_place *p = list_entry(t->ages.next,
		    struct udp_place, by_age);
		uint64_t end_ms = p->seen_ms + t->bounds.idle_ms;

		if (end_ms > now_ms)
			return end_ms - now_ms;
		t->give_up(p, UDP_IDLE);
	}
	return 0;
}
