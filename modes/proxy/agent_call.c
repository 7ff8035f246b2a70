#include "base/mem.h"
#include "conf/json.h"
#include "http/exchange.h"
#include "http/message.h"
#include "modes/proxy/agent_call.h"
#include "modes/proxy/agent_clock.h"

#define REPLY_MAX	((size_t)4 << 20)	/* bytes */
#define REPLY_MS	15000

struct agent_call {
	struct agent_call_request request;
	struct agent_dial        *dial;
	struct exchange          *exchange;
	struct arena              arena;
	struct buf                body;
	struct str                peer_chain;
	void                    (*done)(void *, const struct agent_reply *);
	void                     *arg;
};

static void
release(struct agent_call *c)
{
	buf_fini(&c->body);
	str_fini(&c->peer_chain);
	arena_fini(&c->arena);
	mem_free(c);
}

static void
finish(struct agent_call *c, struct agent_reply *reply)
{
	if (reply->err.kind != ERR_NONE)
		err_wrap(&reply->err, "%s", c->request.target);
	c->done(c->arg, reply);
	release(c);
}

/* What control says in {"error":{"message":".."}}, or the bare status. */
static void
explain(struct agent_call *c, struct agent_reply *reply)
{
	struct err ignored = ERR_INIT;
	const struct conf_node *root = conf_json_read(&c->arena, reply->body,
	    "reply", &ignored);
	const char *said = conf_string(conf_find(root, "error.message"));
	int status = reply->status;

	/* What is wrong with the request stays wrong; the rest may pass. */
	reply->is_final = status >= 400 && status < 500 && status != 408 &&
	    status != 409 && status != 429;
	err_set(&reply->err, reply->is_final ? ERR_DENIED : ERR_UNAVAILABLE,
	    "control answered %d: %s", status,
	    said != NULL ? said : http_status_text(status));
}

static void
on_reply(void *arg, const struct exchange_result *r)
{
	struct agent_call *c = arg;
	struct agent_reply reply = { .peer_chain = str_slice(&c->peer_chain) };

	c->exchange = NULL;
	if (r->error != STREAM_OK) {
		err_set(&reply.err, ERR_UNAVAILABLE, "no answer (%s)",
		    stream_error_name(r->error));
		finish(c, &reply);
		return;
	}
	size_t len = buf_len(r->body);
	char *text = arena_alloc(&c->arena, len + 1);

	buf_copy_out(r->body, text, len);
	agent_clock_check(r->head, c->request.dial.control);
	reply.status = r->head->status;
	reply.body = slice_of(text, len);
	if (reply.status != 200)
		explain(c, &reply);
	finish(c, &reply);
}

static void
on_dialled(void *arg, struct agent_dialled *d)
{
	static const struct exchange_limits limits = { REPLY_MAX, REPLY_MS };
	struct agent_call *c = arg;
	struct agent_reply reply = { .err = d->err };
	struct http_head head;

	c->dial = NULL;
	if (d->image == NULL) {
		finish(c, &reply);
		return;
	}
	str_add_slice(&c->peer_chain, d->peer_chain);
	if (!message_request_init(&head, &c->arena, c->request.method,
	    slice_str(c->request.dial.control), slice_str(c->request.target))) {
		conn_image_fini(d->image);
		err_set(&reply.err, ERR_CONFIG, "\"%s\" cannot be asked for",
		    c->request.dial.control);
		finish(c, &reply);
		return;
	}
	if (buf_len(&c->body) > 0)
		http_fields_add_id(&head.fields, FIELD_CONTENT_TYPE,
		    SLICE("application/json"));
	struct conn *conn = conn_attach(c->request.dial.loop, d->image,
	    &tls_transport, &conn_no_ops, c);

	c->exchange = exchange_start(conn, &head, &c->body, &limits, on_reply,
	    c);
}

struct agent_call *
agent_call_start(const struct agent_call_request *r,
    void (*done)(void *, const struct agent_reply *), void *arg)
{
	struct agent_call *c = mem_zalloc(sizeof(*c));

	c->request = *r;
	c->done = done;
	c->arg = arg;
	arena_init(&c->arena);
	buf_add_slice(&c->body, r->body);
	c->dial = agent_dial_start(&r->dial, on_dialled, c);
	return c;
}

void
agent_call_cancel(struct agent_call *c)
{
	if (c == NULL)
		return;
	agent_dial_cancel(c->dial);
	if (c->exchange != NULL)
		exchange_cancel(c->exchange);
	release(c);
}
