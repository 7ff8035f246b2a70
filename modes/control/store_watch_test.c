#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "modes/control/store_fixture.h"
#include "modes/control/store_watch.h"

/* A watch and what it saw, as text: "3:a=1,b- 4:c=2 ". */
struct seen {
	struct fixture      f;
	struct inbox        in;
	struct store_port   port;
	struct store_watch *watch;
	struct str          text;
	uint64_t            last;
	size_t              batches;
	bool                is_lost, is_ordered;
};

static void
on_batch(void *ctx, const struct store_batch *b)
{
	struct seen *s = ctx;

	s->is_ordered &= b->revision > s->last;
	s->last = b->revision;
	s->batches++;
	str_addf(&s->text, "%llu:", (unsigned long long)b->revision);
	for (size_t i = 0; i < b->n_changes; i++) {
		str_add(&s->text, i > 0 ? "," : "");
		str_add_slice(&s->text, b->changes[i].key);
		str_add_char(&s->text, b->changes[i].value.ptr ? '=' : '-');
		str_add_slice(&s->text, b->changes[i].value);
	}
	str_add_char(&s->text, ' ');
}

static void
on_lost(void *ctx)
{
	struct seen *s = ctx;

	s->is_lost = true;
}

static const struct store_watch_ops ops = { on_batch, on_lost };

static struct seen *
seen_new(void)
{
	struct seen *s = mem_zalloc(sizeof(*s));

	s->f = fixture_open();
	s->is_ordered = true;
	s->port = inbox_init(&s->in);
	return s;
}

static void
seen_watch(struct seen *s, const char *prefix, uint64_t since)
{
	str_clear(&s->text);
	s->batches = 0;
	s->last = since;
	s->watch = store_watch_open(s->f.store, slice_str(prefix), since,
	    &s->port, &ops, s);
}

/* Waits until the thread has done all that was asked before, then looks. */
static const char *
seen_text(struct seen *s)
{
	store_result_free(store_get_wait(s->f.store, SLICE("any")));
	inbox_run(&s->in, SIZE_MAX);
	return str_ptr(&s->text);
}

static void
seen_free(struct seen *s)
{
	store_watch_close(&s->watch);
	fixture_shut(&s->f);
	inbox_run(&s->in, SIZE_MAX);
	fixture_close(&s->f);
	inbox_fini(&s->in);
	str_fini(&s->text);
	mem_free(s);
}

TEST(store_watch_delivers_one_call_per_revision_in_order)
{
	struct seen *s = seen_new();
	struct store_txn *t = store_txn_new();

	seen_watch(s, "d/", 0);
	fixture_put(&s->f, "d/a", "1");
	fixture_put(&s->f, "e/a", "1");
	fixture_put(&s->f, "!d/a", "1");
	store_txn_put(t, SLICE("d/b"), SLICE("2"));
	store_txn_put(t, SLICE("e/b"), SLICE("2"));
	store_txn_put(t, SLICE("!d/b"), SLICE("2"));
	store_txn_delete(t, SLICE("d/a"));
	store_txn_delete(t, SLICE("d/none"));
	fixture_commit(&s->f, t);
	assert_string_equal(seen_text(s), "1:d/a=1 4:d/b=2,d/a- ");
	seen_free(s);
}

TEST(store_watch_resumes_from_any_revision_also_after_a_restart)
{
	static const struct {
		uint64_t    since;
		const char *want;
	} rows[] = {
		{ 0, "1:k=v 2:k=v 3:k=v 4:k- " }, { 1, "2:k=v 3:k=v 4:k- " },
		{ 3, "4:k- " }, { 4, "" },
	};
	struct seen *s = seen_new();
	struct store_txn *t = store_txn_new();

	for (int i = 0; i < 3; i++)
		fixture_put(&s->f, "k", "v");
	store_txn_delete(t, SLICE("k"));
	fixture_commit(&s->f, t);
	for (int restart = 0; restart < 2; restart++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			seen_watch(s, "", rows[i].since);
			assert_string_equal(seen_text(s), rows[i].want);
			store_watch_close(&s->watch);
		}
		fixture_reopen(&s->f);
	}
	assert_false(s->is_lost);
	seen_free(s);
}

TEST(store_watch_is_told_what_a_commit_changed_before_its_answer)
{
	struct seen *s = seen_new();

	seen_watch(s, "", 0);
	fixture_put(&s->f, "k", "v");
	/* fixture_put has its answer; no other request was made since. */
	inbox_run(&s->in, SIZE_MAX);
	assert_string_equal(str_ptr(&s->text), "1:k=v ");
	seen_free(s);
}

TEST(store_watch_of_a_slow_asker_waits_and_loses_nothing)
{
	struct seen *s = seen_new();

	seen_watch(s, "", 0);
	for (int i = 0; i < 1000; i++)
		fixture_put(&s->f, "k", "v");
	assert_int_equal(s->in.n, 256);
	/* One taken makes room, so more come without any new write. */
	while (s->last < 1000) {
		inbox_run(&s->in, 100);
		store_result_free(store_get_wait(s->f.store, SLICE("k")));
		assert_true(s->in.n - s->in.taken <= 256);
	}
	assert_true(s->is_ordered);
	assert_int_equal(s->batches, 1000);
	seen_free(s);
}

TEST(store_watch_says_nothing_after_it_was_closed)
{
	struct seen *s = seen_new();

	seen_watch(s, "", 0);
	for (int i = 0; i < 10; i++)
		fixture_put(&s->f, "k", "v");
	assert_int_equal(inbox_run(&s->in, 3), 3);
	store_watch_close(&s->watch);
	assert_int_equal(inbox_run(&s->in, SIZE_MAX), 7);
	assert_int_equal(s->batches, 3);
	seen_free(s);
}

/* 100 keys in each transaction. */
static void
write_many(struct fixture *f, int n_txns)
{
	for (int i = 0; i < n_txns; i++) {
		struct store_txn *t = store_txn_new();

		for (int j = 0; j < 100; j++) {
			char key[16];

			snprintf(key, sizeof(key), "k%d", j);
			store_txn_put(t, slice_str(key), SLICE("v"));
		}
		fixture_commit(f, t);
	}
}

TEST(store_compaction_keeps_the_newest_and_says_what_is_gone)
{
	struct seen *s = seen_new();
	const uint64_t kept = STORE_CHANGES_KEPT / 100;

	/* As long as no more than a tenth is too many, all is kept. */
	write_many(&s->f, (int)kept);
	seen_watch(s, "", 0);
	seen_text(s);
	assert_false(s->is_lost);
	assert_int_equal(s->batches, kept);
	store_watch_close(&s->watch);

	write_many(&s->f, (int)kept + 50);

	uint64_t now = 2 * kept + 50;

	seen_watch(s, "", now - kept);
	seen_text(s);
	assert_false(s->is_lost);
	assert_int_equal(s->batches, kept);
	store_watch_close(&s->watch);
	for (int restart = 0; restart < 2; restart++) {
		seen_watch(s, "", kept / 2);
		seen_text(s);
		assert_true(s->is_lost);
		assert_int_equal(s->batches, 0);
		store_watch_close(&s->watch);
		s->is_lost = false;
		fixture_reopen(&s->f);
	}
	seen_free(s);
}

TEST(store_watch_from_the_future_is_lost)
{
	struct seen *s = seen_new();

	fixture_put(&s->f, "k", "v");
	seen_watch(s, "", 2);
	seen_text(s);
	assert_true(s->is_lost);
	fixture_put(&s->f, "k", "v");
	fixture_put(&s->f, "k", "v");
	assert_string_equal(seen_text(s), "");
	seen_free(s);
}
