#include "base/mem.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/mirror.h"
#include "modes/proxy/router.h"

struct mirror {
	struct list          link;	/* in worker->mirrors */
	struct proxy_worker *worker;
	struct cluster      *cluster;	/* counted */
	struct arena         arena;
	struct http_head     head;
	struct buf           body;
	struct attempt      *attempt;
	struct loop_timer    timer;
	struct loop_task     gone;
};

static void
mirror_free(void *arg)
{
	struct mirror *m = arg;

	list_remove(&m->link);
	m->worker->mirrors_len--;
	buf_fini(&m->body);
	cluster_unref(m->cluster);
	arena_fini(&m->arena);
	mem_free(m);
}

/* The stream that says so lies in the arena, which goes later in the turn. */
static void
end(struct mirror *m, enum attempt_result result, enum stream_error error)
{
	struct attempt *a = m->attempt;

	m->attempt = NULL;
	loop_timer_stop(&m->timer);
	if (a == NULL)
		return;
	attempt_finish(a, result, error);
	loop_defer(m->worker->env.loop, &m->gone);
}

/* --- the copy ------------------------------------------------------------------- */

static void
copy_head(struct mirror *m, const struct http_head *from)
{
	struct http_head *h = &m->head;

	http_head_copy(h, &m->arena, from);
	h->target = h->upgrade = SLICE_NONE;
	h->expects_continue = false;
	h->content_length = (int64_t)buf_len(&m->body);
}

/* --- the answer, which nobody wants ------------------------------------------------ */

static void
on_head(void *owner, struct http_head *head, bool is_end)
{
	struct mirror *m = owner;

	attempt_answered(m->attempt, head->status);
	if (is_end)
		end(m, head->status < 500 ? ATTEMPT_OK : ATTEMPT_FAILED,
		    STREAM_OK);
}

static void
on_body(void *owner, struct buf *b, bool is_end)
{
	buf_drain(b, buf_len(b));
	if (is_end)
		end(owner, ATTEMPT_OK, STREAM_OK);
}

static void
on_trailers(void *owner, struct http_fields *t)
{
	(void)t;
	end(owner, ATTEMPT_OK, STREAM_OK);
}

static void
on_drained(void *owner)
{
	(void)owner;
}

static void
on_reset(void *owner, enum stream_error error)
{
	end(owner, ATTEMPT_FAILED, error);
}

static const struct stream_events stream_events = {
	.on_head = on_head, .on_body = on_body, .on_trailers = on_trailers,
	.on_drained = on_drained, .on_reset = on_reset,
};

/* --- the way there ------------------------------------------------------------------ */

static void
on_stream(void *owner, struct stream *st, const struct conn_peer *peer,
    bool reused)
{
	struct mirror *m = owner;
	bool is_whole = buf_len(&m->body) == 0;

	(void)peer;
	(void)reused;
	stream_set_owner(st, &stream_events, m);
	if (attempt_endpoint(m->attempt)->id.len > 0)
		http_fields_set_id(&m->head.fields, FIELD_MESH_HOST,
		    m->head.host);
	if (attempt_endpoint(m->attempt)->id.len > 0 && m->cluster->is_h2)
		http_fields_set_id(&m->head.fields, FIELD_MESH_VERSION,
		    SLICE("2"));
	stream_send_head(st, &m->head, is_whole);
	if (!is_whole)
		stream_send_body(st, &m->body, true);
}

static void
on_failed(void *owner, enum response_flag flag, const char *details)
{
	(void)flag;
	(void)details;
	end(owner, ATTEMPT_FAILED, STREAM_OK);
}

static const struct attempt_events attempt_events = {
	.on_stream = on_stream, .on_failed = on_failed,
};

static void
on_timer(void *arg)
{
	end(arg, ATTEMPT_FAILED, STREAM_TIMEOUT);
}

void
mirror_send(struct proxy_worker *w, struct cluster *c,
    const struct http_head *head, const struct buf *body)
{
	const struct pick p = { .now_ms = loop_now_ms(w->env.loop) };

	c = router_version(c, head->minor == 2);
	const struct endpoint *e = cluster_pick(c, &p);

	if (e == NULL || w->mirrors_len >= MIRROR_MAX)
		return;
	struct mirror *m = mem_zalloc(sizeof(*m));

	m->worker = w;
	m->cluster = cluster_ref(c);
	arena_init(&m->arena);
	buf_share(&m->body, body);
	copy_head(m, head);
	egress_address(c, &m->head, &m->head, &m->arena);
	list_append(&w->mirrors, &m->link);
	w->mirrors_len++;
	loop_task_init(&m->gone, mirror_free, m);
	loop_timer_init(&m->timer, w->env.loop, on_timer, m);
	loop_timer_start(&m->timer, MIRROR_MS);
	const struct attempt_order order = {
		.cluster = c, .endpoint = e, .arena = &m->arena,
		.is_idempotent = http_method_is_idempotent(head->method_id),
	};

	m->attempt = attempt_start(w->upstream, &order, &attempt_events, m);
}

void
mirror_drop_all(struct proxy_worker *w)
{
	LIST_FOREACH_SAFE(at, &w->mirrors)
		end(list_entry(at, struct mirror, link), ATTEMPT_CANCELLED,
		    STREAM_CANCEL);
}
