#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/control/store_thread.h"

static void
request_free(struct store_request *q)
{
	store_txn_free(q->txn);
	store_result_free(q->result);
	mem_free(q->bytes);
	mem_free(q);
}

/* On the asker's thread. */
static void
deliver(void *arg)
{
	struct store_request *q = arg;

	q->done(q->ctx, q->result);
	request_free(q);
}

static void
answer(struct store_request *q)
{
	list_remove(&q->link);
	if (q->done == NULL)
		request_free(q);
	else
		q->port.post(q->port.ctx, deliver, q);
}

/* Answers every one of the group with the same failure. */
static void
fail_group(struct list *group, const struct err *err)
{
	LIST_FOREACH(at, group) {
		struct store_request *q =
		    list_entry(at, struct store_request, link);

		q->result->err = *err;
		q->result->revision = 0;
	}
}

/*
 * The time by which records expire.  A wall clock that leaps ahead must not
 * take the records of certificates with it, so no more time has passed since
 * start than the monotonic clock saw.
 */
static int64_t
careful_now_s(const struct store *s)
{
	int64_t wall = clock_wall_s();
	int64_t steady = s->started_s +
	    (int64_t)(clock_mono_ms() - s->started_ms) / 1000;

	return wall < steady ? wall : steady;
}

/* One transaction of the file for all of them.  False: none is written. */
static bool
commit_together(struct store *s, struct list *group)
{
	struct err err = ERR_INIT;

	if (store_sqlite_begin(s->db, &err) < 0)
		goto lost;
	LIST_FOREACH(at, group) {
		struct store_request *q =
		    list_entry(at, struct store_request, link);

		q->result->err.kind = ERR_NONE;
		if (!store_sqlite_apply(s->db, q->txn, q->result)) {
			err = q->result->err;
			goto lost;
		}
	}
	if (store_sqlite_commit(s->db, careful_now_s(s), &err) == 0)
		return true;
lost:
	store_sqlite_rollback(s->db);
	fail_group(group, &err);
	return false;
}

static void
count_group(struct store *s, struct list *group, uint64_t started_ns)
{
	struct store_group sum = {
		.took_us = (clock_mono_ns() - started_ns) / 1000,
	};

	LIST_FOREACH(at, group) {
		enum err_kind kind = list_entry(at, struct store_request,
		    link)->result->err.kind;

		sum.written += kind == ERR_NONE;
		sum.refused += kind == ERR_CONFLICT;
		sum.failed += kind != ERR_NONE && kind != ERR_CONFLICT;
	}
	pthread_mutex_lock(&s->lock);
	if (s->observe != NULL)
		s->observe(s->observe_ctx, &sum);
	pthread_mutex_unlock(&s->lock);
}

static void
commit_group(struct store *s, struct list *group)
{
	uint64_t started_ns = clock_mono_ns();
	struct list alone, done;

	list_init(&done);
	if (list_is_empty(group))
		return;
	/* When the group fails, one that is too big for the disk must not
	 * take the others with it: each gets its own try. */
	if (!commit_together(s, group) && group->next != group->prev) {
		for (struct list *at; (at = list_pop(group)) != NULL; ) {
			list_init(&alone);
			list_append(&alone, at);
			commit_together(s, &alone);
			list_remove(at);
			list_append(&done, at);
		}
		while (!list_is_empty(&done))
			list_append(group, list_pop(&done));
	}
	count_group(s, group, started_ns);
	store_watch_feed_all(s);
	LIST_FOREACH_SAFE(at, group) {
		struct store_request *q =
		    list_entry(at, struct store_request, link);

		if (q->result->err.kind == ERR_UNAVAILABLE)
			log_error("store", "%s", q->result->err.text);
		answer(q);
	}
}

void
store_refuse(struct store *s, struct store_request *q)
{
	if (q->kind == STORE_WATCH)
		store_watch_begin(s, q->watch);
	else if (q->kind == STORE_UNWATCH)
		store_watch_end(q->watch);
	if (q->result != NULL)
		err_set(&q->result->err, ERR_UNAVAILABLE,
		    "control is ending");
	answer(q);
}

static void
start_copy(struct store *s)
{
	struct list *at;

	while (s->copy == NULL && (at = list_pop(&s->copies)) != NULL) {
		struct store_request *q =
		    list_entry(at, struct store_request, link);

		s->copy = store_sqlite_copy_start(s->db, q->bytes,
		    &q->result->err);
		if (s->copy != NULL)
			s->copy_request = q;
		else
			answer(q);
	}
}

static void
step_copy(struct store *s)
{
	struct store_request *q = s->copy_request;

	if (s->copy == NULL ||
	    store_sqlite_copy_step(s->copy, &q->result->err) > 0)
		return;
	q->result->revision = store_sqlite_revision(s->db);
	store_sqlite_copy_stop(s->copy);
	s->copy = NULL;
	s->copy_request = NULL;
	answer(q);
	start_copy(s);
}

static void
serve(struct store *s, struct store_request *q)
{
	switch (q->kind) {
	case STORE_LIST:
		store_sqlite_list(s->db, &q->query, q->result);
		break;
	case STORE_GET:
		store_sqlite_get(s->db, q->query.prefix, q->result);
		break;
	case STORE_LOG:
		store_sqlite_log(s->db, q->after, q->query.limit, q->result);
		break;
	case STORE_HISTORY:
		store_sqlite_history(s->db, q->query.prefix, q->result);
		break;
	case STORE_VERIFY:
		store_sqlite_verify(s->db, q->result);
		break;
	case STORE_WATCH:
		store_watch_begin(s, q->watch);
		break;
	case STORE_UNWATCH:
		store_watch_end(q->watch);
		break;
	case STORE_WAKE:
		store_watch_feed_all(s);
		break;
	case STORE_BACKUP:
		list_append(&s->copies, &q->link);
		start_copy(s);
		return;
	case STORE_COMMIT:
		check(q->kind != STORE_COMMIT);
	}
	answer(q);
}

/* Everything that came while the last round ran. */
static void
run_round(struct store *s, struct list *taken)
{
	struct list group;

	list_init(&group);
	LIST_FOREACH_SAFE(at, taken) {
		struct store_request *q =
		    list_entry(at, struct store_request, link);

		if (q->kind == STORE_COMMIT) {
			list_remove(at);
			list_append(&group, at);
		} else if (q->kind == STORE_WATCH) {
			/* Watches hear of commits that were asked for later
			 * before those are answered. */
			serve(s, q);
		}
	}
	commit_group(s, &group);
	for (struct list *at; (at = list_pop(taken)) != NULL; )
		serve(s, list_entry(at, struct store_request, link));
	step_copy(s);
}

void *
store_thread_main(void *arg)
{
	struct store *s = arg;
	struct list taken;
	bool is_over = false;

	list_init(&taken);
	s->started_s = clock_wall_s();
	s->started_ms = clock_mono_ms();
	while (!is_over) {
		pthread_mutex_lock(&s->lock);
		while (list_is_empty(&s->queue) && !s->is_closing &&
		    s->copy == NULL)
			pthread_cond_wait(&s->wake, &s->lock);
		for (struct list *at; (at = list_pop(&s->queue)) != NULL; )
			list_append(&taken, at);
		is_over = s->is_closing && list_is_empty(&taken) &&
		    s->copy == NULL;
		pthread_mutex_unlock(&s->lock);
		run_round(s, &taken);
	}
	return NULL;
}
