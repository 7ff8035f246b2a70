#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/proxy/verifier.h"

struct verifier {
	struct loop *loop;
	atomic_uint  waiting;
	atomic_bool  is_ending;
};

struct verifying {
	struct verifier     *owner;
	struct loop         *asker;
	struct authn        *rules;
	struct arena         arena;	/* of the tokens */
	struct authn_found  *found;
	size_t               n;
	int64_t              now_s;
	struct authn_verdict verdict;
	/* Of the asker: NULL: cancelled. */
	void               (*done)(void *, const struct authn_verdict *);
	void                *arg;
};

struct verifier *
verifier_new(void)
{
	struct verifier *v = mem_zalloc(sizeof(*v));

	v->loop = loop_new("tokens");
	loop_set_patient(v->loop);
	check(loop_thread_start(v->loop) == 0);
	return v;
}

void
verifier_free(struct verifier *v)
{
	if (v == NULL)
		return;
	atomic_store(&v->is_ending, true);
	loop_stop(v->loop);
	loop_thread_join(v->loop);
	loop_free(v->loop);
	mem_free(v);
}

/* On the asker's loop. */
static void
on_verdict(void *arg)
{
	struct verifying *q = arg;

	if (q->done != NULL)
		q->done(q->arg, &q->verdict);
	else
		authn_proof_unref(q->verdict.proof);
	authn_unref(q->rules);
	arena_fini(&q->arena);
	mem_free(q);
}

/* On the verifier's. */
static void
on_question(void *arg)
{
	struct verifying *q = arg;
	struct verifier *v = q->owner;

	if (!atomic_load_explicit(&v->is_ending, memory_order_relaxed))
		authn_judge(q->rules, q->found, q->n, q->now_s,
		    &q->verdict);
	else
		q->verdict.fault = JWT_KEY;
	atomic_fetch_sub_explicit(&v->waiting, 1, memory_order_relaxed);
	loop_post(q->asker, on_verdict, q);
}

struct verifying *
verifier_start(struct verifier *v, struct loop *asker, struct authn *rules,
    const struct authn_found *found, size_t n, int64_t now_s,
    void (*done)(void *, const struct authn_verdict *), void *arg)
{
	struct verifying *q;

	if (atomic_fetch_add_explicit(&v->waiting, 1, memory_order_relaxed) >=
	    VERIFIER_WAITING_MAX) {
		atomic_fetch_sub_explicit(&v->waiting, 1,
		    memory_order_relaxed);
		return NULL;
	}
	q = mem_zalloc(sizeof(*q));
	q->owner = v;
	q->asker = asker;
	q->rules = authn_ref(rules);
	q->found = arena_alloc(&q->arena, sizeof(*found) * n);
	for (size_t i = 0; i < n; i++)
		q->found[i] = (struct authn_found){
		    arena_dup(&q->arena, found[i].text), found[i].rules };
	q->n = n;
	q->now_s = now_s;
	q->done = done;
	q->arg = arg;
	loop_post(v->loop, on_question, q);
	return q;
}

void
verifier_cancel(struct verifying *q)
{
	q->done = NULL;
}
