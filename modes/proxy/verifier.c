#include <stdatomic.h>

#include "base/check.h"
#include "base/mem.h"
#include "modes/proxy/verifier.h"

#define PEERS	1024	/* counters; of those who share one, too */

struct verifier {
	struct loop  *loop;
	bool          is_ours;
	atomic_uint   waiting;
	atomic_uint   of_peer[PEERS];
	atomic_size_t judged;
	atomic_bool   is_ending;
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
	atomic_uint         *of_peer;	/* NULL: our own */
	atomic_bool          is_cancelled;
	/* Of the asker: NULL: cancelled. */
	void               (*done)(void *, const struct authn_verdict *);
	void                *arg;
};

struct verifier *
verifier_on(struct loop *loop)
{
	struct verifier *v = mem_zalloc(sizeof(*v));

	v->loop = loop;
	return v;
}

struct verifier *
verifier_new(void)
{
	struct verifier *v = verifier_on(loop_new("tokens"));

	v->is_ours = true;
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
	if (v->is_ours) {
		loop_stop(v->loop);
		loop_thread_join(v->loop);
		loop_free(v->loop);
	}
	mem_free(v);
}

size_t
verifier_judged(const struct verifier *v)
{
	return atomic_load_explicit(&v->judged, memory_order_relaxed);
}

/* --- who waits -------------------------------------------------------------------- */

static bool
count_in(atomic_uint *at, unsigned max)
{
	if (atomic_fetch_add_explicit(at, 1, memory_order_relaxed) < max)
		return true;
	atomic_fetch_sub_explicit(at, 1, memory_order_relaxed);
	return false;
}

static void
leave(struct verifier *v, atomic_uint *of_peer)
{
	atomic_fetch_sub_explicit(&v->waiting, 1, memory_order_relaxed);
	if (of_peer != NULL)
		atomic_fetch_sub_explicit(of_peer, 1, memory_order_relaxed);
}

/* False: too many do, or too many of them are its. */
static bool
enter(struct verifier *v, atomic_uint *of_peer)
{
	if (!count_in(&v->waiting, VERIFIER_WAITING_MAX))
		return false;
	if (of_peer == NULL || count_in(of_peer, VERIFIER_PEER_MAX))
		return true;
	leave(v, NULL);
	return false;
}

/* --- questions -------------------------------------------------------------------- */

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

	q->verdict.fault = JWT_KEY;
	if (!atomic_load_explicit(&v->is_ending, memory_order_relaxed) &&
	    !atomic_load_explicit(&q->is_cancelled, memory_order_relaxed)) {
		authn_judge(q->rules, q->found, q->n, q->now_s,
		    &q->verdict);
		atomic_fetch_add_explicit(&v->judged, 1, memory_order_relaxed);
	}
	leave(v, q->of_peer);
	loop_post(q->asker, on_verdict, q);
}

struct verifying *
verifier_start(struct verifier *v, struct loop *asker,
    const struct verifier_question *ask,
    void (*done)(void *, const struct authn_verdict *), void *arg)
{
	atomic_uint *of_peer = ask->peer.len == 0 ? NULL :
	    &v->of_peer[slice_hash(ask->peer) % PEERS];
	struct verifying *q;

	if (!enter(v, of_peer))
		return NULL;
	q = mem_zalloc(sizeof(*q));
	q->owner = v;
	q->of_peer = of_peer;
	q->asker = asker;
	q->rules = authn_ref(ask->rules);
	q->found = arena_alloc(&q->arena, sizeof(*q->found) * ask->n);
	for (size_t i = 0; i < ask->n; i++)
		q->found[i] = (struct authn_found){
		    arena_dup(&q->arena, ask->found[i].text),
		    ask->found[i].rules };
	q->n = ask->n;
	q->now_s = ask->now_s;
	q->done = done;
	q->arg = arg;
	loop_post(v->loop, on_question, q);
	return q;
}

void
verifier_cancel(struct verifying *q)
{
	q->done = NULL;
	atomic_store_explicit(&q->is_cancelled, true, memory_order_relaxed);
}
