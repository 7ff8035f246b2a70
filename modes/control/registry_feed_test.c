#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "modes/control/registry_feed.h"

static void
add(struct registry_feed *f, uint64_t revision, size_t n)
{
	struct registry_change *changes[8];

	for (size_t i = 0; i < n; i++)
		changes[i] = registry_change_new(revision, SLICE("/k"),
		    SLICE("{}"));
	registry_feed_add(f, revision, changes, n);
}

TEST(registry_change_is_one_line)
{
	struct registry_change *put = registry_change_new(7,
	    SLICE("/core/services/shop/web"), SLICE("{\"kind\":\"Service\"}"));
	struct registry_change *gone = registry_change_new(8,
	    SLICE("/core/services/shop/web"), SLICE_NONE);

	assert_true(slice_is(put->line, "{\"t\":\"put\","
	    "\"key\":\"/core/services/shop/web\",\"revision\":7,"
	    "\"doc\":{\"kind\":\"Service\"}}"));
	assert_true(slice_is(put->document, "{\"kind\":\"Service\"}"));
	assert_true(slice_is(gone->line, "{\"t\":\"del\","
	    "\"key\":\"/core/services/shop/web\",\"revision\":8}"));
	assert_true(slice_is(put->key, "/core/services/shop/web"));
	assert_true(gone->is_delete && !put->is_delete);
	registry_change_unref(registry_change_ref(put));
	registry_change_unref(put);
	registry_change_unref(gone);
}

TEST(registry_feed_gives_whole_revisions_from_any_place)
{
	static const struct {
		uint64_t after;
		int      answer;
		uint64_t revision;
		size_t   n;
	} rows[] = {
		{ 9, -1, 0, 0 }, { 10, 1, 12, 1 }, { 11, 1, 12, 1 },
		{ 12, 1, 15, 3 }, { 14, 1, 15, 3 }, { 15, 1, 16, 2 },
		{ 16, 0, 0, 0 }, { 17, -1, 0, 0 },
	};
	struct registry_feed f;

	registry_feed_init(&f, 100, 10);
	add(&f, 12, 1);
	add(&f, 15, 3);
	add(&f, 16, 2);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct registry_batch b = { 0 };

		assert_int_equal(registry_feed_next(&f, rows[i].after, &b),
		    rows[i].answer);
		assert_int_equal(b.revision, rows[i].revision);
		assert_int_equal(b.n, rows[i].n);
	}
	registry_feed_fini(&f);
}

TEST(registry_feed_keeps_enough_and_says_what_is_lost)
{
	struct registry_feed f;
	struct registry_batch b;
	uint64_t at;
	size_t seen = 0;

	registry_feed_init(&f, 100, 0);
	for (uint64_t r = 1; r <= 1000; r++) {
		add(&f, r, 1 + r % 3);
		assert_true(f.n >= 100 || r < 100);
		assert_true(f.n <= 113);
	}
	at = f.since;
	assert_true(at > 900);
	assert_int_equal(registry_feed_next(&f, at - 1, &b), -1);
	while (registry_feed_next(&f, at, &b) > 0) {
		assert_int_equal(b.revision, at + 1);
		assert_int_equal(b.n, 1 + b.revision % 3);
		seen += b.n;
		at = b.revision;
	}
	assert_int_equal(at, 1000);
	assert_true(seen >= 100);
	registry_feed_fini(&f);
}

/* A follower that leaves, and takes another one with it. */
struct leaver {
	struct registry_follower me, *other;
	unsigned                 called;
};

static void
on_news(void *arg)
{
	struct leaver *l = arg;

	l->called++;
	if (l->other != NULL) {
		registry_feed_leave(l->other);
		registry_feed_leave(&l->me);
	}
}

TEST(registry_feed_followers_may_leave_while_called)
{
	struct registry_feed f;
	struct leaver who[4] = { { .called = 0 } };

	registry_feed_init(&f, 10, 0);
	for (int i = 0; i < 4; i++) {
		who[i].me = (struct registry_follower){
			.on_news = on_news, .arg = &who[i],
		};
		registry_feed_follow(&f, &who[i].me);
	}
	who[1].other = &who[2].me;
	add(&f, 1, 1);
	add(&f, 2, 1);
	assert_int_equal(who[0].called, 2);
	assert_int_equal(who[1].called, 1);
	assert_int_equal(who[2].called, 0);
	assert_int_equal(who[3].called, 2);
	registry_feed_leave(&who[0].me);
	registry_feed_leave(&who[3].me);
	registry_feed_leave(&who[3].me);
	registry_feed_fini(&f);
}
