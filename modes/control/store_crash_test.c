#include <sys/wait.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"
#include "base/unit.h"
#include "modes/control/store_fixture.h"

/*
 * A child writes and says through a pipe what was acknowledged; the parent
 * kills it at a random moment, opens the store and looks for all of that.
 */
#define KILLS	100
#define KEYS	50

/* One acknowledgement: fewer bytes than PIPE_BUF, so it comes whole. */
struct ack {
	uint32_t key;
	uint32_t value;
	uint64_t revision;
};

struct writer {
	int      pipe;
	uint32_t key, value;
};

static void
run_at_once(void *ctx, void (*fn)(void *), void *arg)
{
	(void)ctx;
	fn(arg);
}

static void
on_commit(void *ctx, const struct store_result *r)
{
	struct writer *w = ctx;
	struct ack ack = { w->key, w->value, r->revision };

	if (r->err.kind != ERR_NONE ||
	    write(w->pipe, &ack, sizeof(ack)) != (ssize_t)sizeof(ack))
		_exit(3);
}

/* Several writes under way at a time, so that commits are grouped. */
_Noreturn static void
write_until_killed(struct fixture *f, int pipe, uint32_t value)
{
	struct store_port port = { .post = run_at_once };
	struct err err = ERR_INIT;
	static struct writer writers[KEYS];

	f->store = store_open(f->home, &err);
	if (f->store == NULL)
		_exit(2);
	for (;; value++) {
		for (uint32_t i = 0; i < KEYS; i++) {
			struct store_txn *t = store_txn_new();
			char key[16], text[16];

			snprintf(key, sizeof(key), "k%u", i);
			snprintf(text, sizeof(text), "%u", value);
			store_txn_put(t, slice_str(key), slice_str(text));
			store_txn_append(t, slice_str(text));
			writers[i] = (struct writer){ pipe, i, value };
			store_commit(f->store, &t, &port, on_commit,
			    &writers[i]);
		}
		/* Its answer comes after all of theirs. */
		store_result_free(store_get_wait(f->store, SLICE("k0")));
	}
}

/* Reads acknowledgements for some milliseconds, kills, reads the rest. */
static void
kill_one(struct fixture *f, uint32_t acked[KEYS], uint64_t *revision,
    uint64_t *n_acks)
{
	int ends[2], status;
	uint32_t highest = 0;
	struct ack ack;

	for (int i = 0; i < KEYS; i++)
		if (acked[i] > highest)
			highest = acked[i];
	assert_int_equal(pipe(ends), 0);

	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		write_until_killed(f, ends[1], highest + 2);
	}
	close(ends[1]);

	/* One in ten dies while it opens the store. */
	uint64_t to_read = random_below(400);

	if (random_below(10) == 0)
		kill(pid, SIGKILL);
	while (read(ends[0], &ack, sizeof(ack)) == (ssize_t)sizeof(ack)) {
		acked[ack.key] = ack.value;
		if (ack.revision > *revision)
			*revision = ack.revision;
		++*n_acks;
		if (to_read-- == 0)
			kill(pid, SIGKILL);
	}
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
check_all(struct fixture *f, const uint32_t acked[KEYS], uint64_t revision)
{
	fixture_reopen(f);

	struct store_result *r = store_verify_wait(f->store);

	if (r->err.kind != ERR_NONE)
		fail_msg("%s", r->err.text);
	assert_true(r->revision >= revision);
	store_result_free(r);
	for (int i = 0; i < KEYS; i++) {
		char key[16];
		uint64_t found = 0;

		snprintf(key, sizeof(key), "k%d", i);
		r = store_get_wait(f->store, slice_str(key));
		if (r->n_items == 1)
			assert_true(slice_u64(r->items[0].value, &found));
		/* A later one that was under way may be there too. */
		assert_true(found >= acked[i]);
		store_result_free(r);
	}
	fixture_shut(f);
}

TEST(store_keeps_what_it_acknowledged_through_a_hundred_kills)
{
	struct fixture f = fixture_open();
	uint32_t acked[KEYS] = { 0 };
	uint64_t revision = 0, n_acks = 0;

	fixture_shut(&f);
	for (int i = 0; i < KILLS; i++) {
		kill_one(&f, acked, &revision, &n_acks);
		check_all(&f, acked, revision);
	}
	assert_true(n_acks > KILLS);
	fixture_close(&f);
}
