#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "modes/control/registry_feed.h"

struct registry_change *
registry_change_new(uint64_t revision, struct slice key, struct slice object)
{
	struct registry_change *c = mem_zalloc(sizeof(*c));
	struct str bytes = { 0 };

	refs_init(&c->refs);
	c->revision = revision;
	c->is_delete = object.ptr == NULL;
	str_add_slice(&bytes, key);
	str_addf(&bytes, "{\"t\":\"%s\",\"key\":",
	    c->is_delete ? "del" : "put");
	str_add_json(&bytes, key);
	str_addf(&bytes, ",\"revision\":%llu", (unsigned long long)revision);
	if (!c->is_delete) {
		str_add(&bytes, ",\"doc\":");
		str_add_slice(&bytes, object);
	}
	str_add_char(&bytes, '}');

	size_t len = bytes.len;

	c->bytes = str_give(&bytes);
	c->key = slice_of(c->bytes, key.len);
	c->line = slice_of(c->bytes + key.len, len - key.len);
	if (c->is_delete)
		return c;
	c->document = slice_of(c->bytes + len - 1 - object.len, object.len);
	c->digest = model_digest_of(c->key, revision, c->document);
	return c;
}

struct registry_change *
registry_change_ref(struct registry_change *c)
{
	refs_take(&c->refs);
	return c;
}

void
registry_change_unref(struct registry_change *c)
{
	if (c == NULL || !refs_drop(&c->refs))
		return;
	mem_free(c->bytes);
	mem_free(c);
}

void
registry_feed_init(struct registry_feed *f, size_t keep, uint64_t since)
{
	*f = (struct registry_feed){
		.keep = keep, .since = since, .revision = since,
	};
	list_init(&f->followers);
}

/* Lets go of the n oldest. */
static void
drop(struct registry_feed *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		registry_change_unref(f->changes[i]);
	f->n -= n;
	memmove(f->changes, f->changes + n, f->n * sizeof(*f->changes));
}

void
registry_feed_fini(struct registry_feed *f)
{
	check(list_is_empty(&f->followers));
	if (f->n > 0)
		drop(f, f->n);
	mem_free(f->changes);
}

/* Whole revisions go, a good many at a time, so that moving is cheap. */
static void
trim(struct registry_feed *f)
{
	if (f->n <= f->keep + f->keep / 10)
		return;
	size_t n = f->n - f->keep;

	while (n > 0 && f->changes[n]->revision == f->changes[n - 1]->revision)
		n--;
	if (n == 0)
		return;
	f->since = f->changes[n - 1]->revision;
	drop(f, n);
}

/* Whoever is called may leave, and so may its neighbour. */
static void
tell(struct registry_feed *f)
{
	struct list called;

	list_init(&called);
	while (!list_is_empty(&f->followers)) {
		struct registry_follower *to = list_entry(f->followers.next,
		    struct registry_follower, link);

		list_remove(&to->link);
		list_append(&called, &to->link);
		to->on_news(to->arg);
	}
	for (struct list *at; (at = list_pop(&called)) != NULL; )
		list_append(&f->followers, at);
}

void
registry_feed_add(struct registry_feed *f, uint64_t revision,
    struct registry_change **changes, size_t n)
{
	check(revision > f->revision && n > 0);
	while (f->n + n > f->cap) {
		f->cap = f->cap == 0 ? 256 : f->cap * 2;
		f->changes = mem_realloc(f->changes,
		    f->cap * sizeof(*f->changes));
	}
	memcpy(f->changes + f->n, changes, n * sizeof(*changes));
	f->n += n;
	f->revision = revision;
	trim(f);
	tell(f);
}

void
registry_feed_reset(struct registry_feed *f, uint64_t revision)
{
	if (f->n > 0)
		drop(f, f->n);
	f->since = f->revision = revision;
	tell(f);
}

/* Index of the first change after a revision. */
static size_t
find(const struct registry_feed *f, uint64_t after)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->changes[middle]->revision > after)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

int
registry_feed_next(const struct registry_feed *f, uint64_t after,
    struct registry_batch *b)
{
	size_t i = find(f, after), end = i;

	if (after < f->since || after > f->revision)
		return -1;
	if (i == f->n)
		return 0;
	b->revision = f->changes[i]->revision;
	while (end < f->n && f->changes[end]->revision == b->revision)
		end++;
	b->changes = f->changes + i;
	b->n = end - i;
	return 1;
}

void
registry_feed_follow(struct registry_feed *f, struct registry_follower *who)
{
	list_append(&f->followers, &who->link);
}

void
registry_feed_leave(struct registry_follower *who)
{
	list_remove(&who->link);
}
