#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "tls/handshake.h"

struct tls_handshaker *
tls_handshaker_new(int threads)
{
	struct tls_handshaker *hr = mem_zalloc(sizeof(*hr));

	check(threads > 0);
	engine_template_init(&hr->base);
	hr->server_sessions = session_cache_new(HS_SESSIONS_MAX);
	hr->client_sessions = session_cache_new(HS_SESSIONS_MAX);
	hr->threads = mem_zalloc_array((size_t)threads,
	    sizeof(hr->threads[0]));
	for (int i = 0; i < threads; i++) {
		struct hs_thread *t = &hr->threads[i];

		t->owner = hr;
		t->loop = loop_new("handshake");
		loop_set_patient(t->loop);
		list_init(&t->active);
		if (loop_thread_start(t->loop) < 0) {
			check(i > 0);
			loop_free(t->loop);
			break;
		}
		hr->n_threads++;
	}
	return hr;
}

/* On the thread: whatever still runs ends now. */
static void
end_thread(void *arg)
{
	struct hs_thread *t = arg;

	t->is_ending = true;
	LIST_FOREACH_SAFE(at, &t->active)
		hs_finish(list_entry(at, struct tls_handshake, link),
		    TLS_FAIL_CLOSED);
	loop_stop(t->loop);
}

void
tls_handshaker_free(struct tls_handshaker *hr)
{
	if (hr == NULL)
		return;
	for (int i = 0; i < hr->n_threads; i++)
		loop_post(hr->threads[i].loop, end_thread, &hr->threads[i]);
	for (int i = 0; i < hr->n_threads; i++) {
		loop_thread_join(hr->threads[i].loop);
		loop_free(hr->threads[i].loop);
	}
	session_cache_free(hr->server_sessions);
	session_cache_free(hr->client_sessions);
	mem_free(hr->threads);
	mem_free(hr);
}

static void
hs_unref(struct tls_handshake *h)
{
	if (!refs_drop(&h->refs))
		return;
	conn_image_fini(&h->result.image);
	mem_free(h->result.peer_chain);
	mem_free(h->asked);
	tls_identity_unref(h->request.identity);
	tls_edge_unref(h->request.edge);
	tls_outside_unref(h->request.outside);
	tls_clients_unref(h->request.clients);
	mem_free(h);
}

/* On the loop that asked. */
static void
deliver(void *arg)
{
	struct tls_handshake *h = arg;

	if (!h->is_cancelled)
		h->done(h->arg, &h->result);
	hs_unref(h);
}

/* Whatever BearSSL kept of keys goes here, on either end. */
static void
release(struct tls_handshake *h)
{
	list_remove(&h->link);
	loop_timer_stop(&h->deadline);
	loop_fd_stop(&h->watch);
	if (h->engine != NULL) {
		engine_wipe(h->engine);
		mem_free(h->engine);
		h->engine = NULL;
	}
	mem_free(h->hello);
	h->hello = NULL;
	str_fini(&h->subject);
	str_fini(&h->names);
	mem_wipe(&h->peer.params, sizeof(h->peer.params));
	mem_wipe(&h->known.params, sizeof(h->known.params));
}

void
hs_finish(struct tls_handshake *h, enum tls_failure failure)
{
	struct tls_result *r = &h->result;

	r->failure = failure;
	r->duration_us = clock_mono_ns() / 1000 - h->start_us;
	hs_describe(h, failure);
	release(h);
	if (failure == TLS_OK) {
		buf_move(&r->image.unread, &h->raw);
		buf_move(&r->image.unsent, &h->out);
		buf_unshare(&r->image.unread);
		buf_unshare(&r->image.unsent);
		r->image.fd = h->fd;
	} else {
		buf_fini(&h->raw);
		buf_fini(&h->out);
		close(h->fd);
	}
	h->fd = -1;
	atomic_fetch_sub(&h->owner->waiting, 1);
	atomic_store(&h->is_finished, true);
	loop_post(h->loop, deliver, h);
}

struct tls_handshake *
tls_handshake_start(struct tls_handshaker *hr, int fd,
    const struct tls_request *request, struct loop *loop,
    void (*done)(void *arg, struct tls_result *), void *arg)
{
	struct tls_handshake *h = mem_zalloc(sizeof(*h));
	uint64_t timeout_ms = request->timeout_ms > 0 ? request->timeout_ms :
	    HS_TIMEOUT_MS;
	unsigned n = atomic_fetch_add(&hr->next, 1);

	refs_init(&h->refs);
	h->owner = hr;
	h->thread = &hr->threads[n % (unsigned)hr->n_threads];
	h->loop = loop;
	h->done = done;
	h->arg = arg;
	h->request = *request;
	if (request->identity != NULL)
		tls_identity_ref(request->identity);
	if (request->edge != NULL)
		tls_edge_ref(request->edge);
	if (request->outside != NULL)
		tls_outside_ref(request->outside);
	if (request->clients != NULL)
		tls_clients_ref(request->clients);
	h->fd = fd;
	h->start_us = clock_mono_ns() / 1000;
	h->due_ms = clock_mono_ms() + timeout_ms;
	h->result.image.fd = -1;
	loop_timer_init(&h->deadline, h->thread->loop, NULL, h);
	if (atomic_fetch_add(&hr->waiting, 1) >= HS_WAITING_MAX)
		hs_finish(h, TLS_FAIL_BUSY);
	else
		loop_post(h->thread->loop, hs_begin, h);
	return h;
}

/* On the handshake's thread. */
static void
abandon(void *arg)
{
	struct tls_handshake *h = arg;

	if (!atomic_load(&h->is_finished))
		hs_finish(h, TLS_FAIL_CLOSED);
	hs_unref(h);
}

void
tls_handshake_cancel(struct tls_handshake *h)
{
	h->is_cancelled = true;
	if (atomic_load(&h->is_finished))
		return;
	refs_take(&h->refs);
	loop_post(h->thread->loop, abandon, h);
}
