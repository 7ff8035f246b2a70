#include <errno.h>
#include <string.h>

#include "base/build.h"
#include "base/clock.h"
#include "conf/stream.h"
#include "http/exchange.h"
#include "http/message.h"
#include "modes/ctl/client.h"
#include "modes/ctl/client_tls.h"
#include "net/dial.h"
#include "net/resolve.h"
#include "pki/key.h"

#define TOKEN_FILE_MAX	20480	/* bytes; control takes 16 KiB */

/* What one request knows while the loop runs. */
struct ask {
	const struct target         *target;
	const struct client_request *request;
	struct client_answer        *answer;
	struct err                  *err;
	struct loop                 *loop;
	struct client_tls            tls;
	struct arena                 arena;
	struct addr                  addrs[RESOLVE_MAX];
	int                          addrs_len, next;
	uint64_t                     due_ms;	/* of the whole */
	int                          result;
};

static void
finish(struct ask *a, int result)
{
	a->result = result;
	loop_stop(a->loop);
}

static int
fail_exchange(struct ask *a, const struct exchange_result *r)
{
	const char *who = a->target->address;

	switch (r->error) {
	case STREAM_TIMEOUT:
		return err_set(a->err, ERR_UNAVAILABLE, "%s: no answer in time", who);
	case STREAM_CONN_CLOSED:
	case STREAM_CONN_RESET:
	case STREAM_TRUNCATED:
		return err_set(a->err, ERR_UNAVAILABLE,
		    "%s: the connection ended before the answer", who);
	case STREAM_TOO_LARGE:
		return err_set(a->err, ERR_TOO_LARGE,
		    "%s: the answer is longer than %zu bytes", who,
		    a->request->max);
	default:
		return err_set(a->err, ERR_SYSTEM, "%s: the answer is not valid "
		    "HTTP (%s)", who, stream_error_name(r->error));
	}
}

static void
on_answer(void *arg, const struct exchange_result *r)
{
	struct ask *a = arg;
	struct buf_seg *it = NULL;
	struct slice part;

	if (r->error != STREAM_OK) {
		finish(a, fail_exchange(a, r));
		return;
	}
	a->answer->status = r->head->status;
	str_add_slice(&a->answer->type,
	    http_fields_get(&r->head->fields, FIELD_CONTENT_TYPE));
	str_add_slice(&a->answer->bundle, http_fields_find(&r->head->fields,
	    SLICE("mesh-trust-bundle")));
	while (buf_next(r->body, &it, &part))
		str_add_slice(&a->answer->body, part);
	finish(a, 0);
}

/* What is left of the patience; at least 1 ms, so that it ends by a timer. */
static uint64_t
left_ms(const struct ask *a)
{
	uint64_t now = clock_mono_ms();

	return now < a->due_ms ? a->due_ms - now : 1;
}

/* The host that the request names: a Unix socket has none. */
static struct slice
authority(const struct target *t)
{
	return t->is_local ? SLICE("localhost") : slice_str(t->address);
}

/* RFC 6750, 2.1.  Its file has one line. */
static int
add_token(struct ask *a, struct http_head *head)
{
	const char *path = a->target->token_file;
	struct str text = { 0 };
	struct slice rest, token = SLICE("");
	int r = 0;

	if (path == NULL)
		return 0;
	key_room_str(&text, TOKEN_FILE_MAX);
	if (client_tls_check_mode(path, a->err) < 0 ||
	    conf_file_read(path, &text, a->err) < 0) {
		a->err->kind = ERR_CONFIG;
		r = -1;
	} else {
		rest = str_slice(&text);
		slice_cut(&rest, '\n', &token);
		http_fields_add_id(&head->fields, FIELD_AUTHORIZATION, slice_str(
		    arena_printf(&a->arena, "Bearer %.*s",
		    SLICE_ARG(slice_trim(token)))));
	}
	key_wipe_str(&text);
	return r;
}

static void
send_request(struct ask *a, struct conn *conn)
{
	const struct client_request *r = a->request;
	const struct exchange_limits limits = { .body_bytes = r->max,
		.timeout_ms = left_ms(a) };
	struct http_head head;
	struct buf body = { 0 };

	if (!message_request_init(&head, &a->arena, r->method,
	    authority(a->target), slice_str(r->path))) {
		conn_close(conn, CLOSE_LOCAL);
		finish(a, err_set(a->err, ERR_USAGE, "\"%s\" is not a request "
		    "path, expected /v1/...", r->path));
		return;
	}
	http_fields_add(&head.fields, SLICE("user-agent"), slice_str(
	    arena_printf(&a->arena, "mesh-ctl/%s", build_version())));
	if (add_token(a, &head) < 0) {
		conn_close(conn, CLOSE_LOCAL);
		finish(a, -1);
		return;
	}
	if (r->body.ptr != NULL) {
		http_fields_add_id(&head.fields, FIELD_CONTENT_TYPE,
		    SLICE("application/json"));
		buf_add_slice(&body, r->body);
	}
	exchange_start(conn, &head, &body, &limits, on_answer, a);
}

static void
on_secured(void *arg, struct tls_result *r)
{
	struct ask *a = arg;

	if (r->failure != TLS_OK) {
		finish(a, client_tls_fail(&a->tls, r, a->err));
		return;
	}
	send_request(a, conn_attach(a->loop, &r->image, &tls_transport,
	    &conn_no_ops, NULL));
}

static int
fail_dial(struct ask *a, int error)
{
	const char *who = a->target->address;

	if (error == EACCES || error == EPERM)
		return err_set(a->err, ERR_DENIED, "%s: %s", who, strerror(error));
	if (a->target->is_local && (error == ENOENT || error == ECONNREFUSED))
		return err_set(a->err, ERR_UNAVAILABLE, "%s: no control runs here "
		    "(%s); -s HOST:PORT asks one elsewhere", who,
		    strerror(error));
	return err_set(a->err, ERR_UNAVAILABLE, "%s: %s", who, strerror(error));
}

static void dial_next(struct ask *);

static void
on_dialled(void *arg, int fd, int error)
{
	struct ask *a = arg;

	if (fd < 0 && a->next < a->addrs_len && clock_mono_ms() < a->due_ms)
		dial_next(a);
	else if (fd < 0)
		finish(a, fail_dial(a, error));
	else if (a->target->is_local || a->target->is_plain)
		send_request(a, conn_new(a->loop, fd, NULL, NULL, &conn_no_ops,
		    NULL));
	else
		client_tls_start(&a->tls, fd, a->loop, left_ms(a), on_secured, a);
}

static void
dial_next(struct ask *a)
{
	dial_start(a->loop, &a->addrs[a->next++], left_ms(a), on_dialled, a);
}

static void
on_resolved(void *arg, const struct addr *addrs, int n, const char *why)
{
	struct ask *a = arg;

	if (n == 0) {
		finish(a, err_set(a->err, ERR_UNAVAILABLE, "%s: %s",
		    a->target->address, why));
		return;
	}
	memcpy(a->addrs, addrs, (size_t)n * sizeof(*addrs));
	a->addrs_len = n;
	dial_next(a);
}

static int
start(struct ask *a)
{
	struct slice text = slice_str(a->target->address), host;
	int port, result;

	a->due_ms = clock_mono_ms() + a->request->timeout_ms;
	if (a->target->is_local)
		result = addr_parse(text, &a->addrs[0], a->err);
	else
		result = addr_split(text, &host, &port, a->err);
	if (result < 0) {
		a->err->kind = ERR_USAGE;
		return -1;
	}
	if (!a->target->is_local && !a->target->is_plain &&
	    client_tls_init(&a->tls, a->target, a->err) < 0)
		return -1;
	if (a->target->is_local) {
		a->addrs_len = 1;
		dial_next(a);
	} else
		resolve_start(a->loop, host, port, on_resolved, a);
	return 0;
}

int
client_ask(const struct target *t, const struct client_request *r,
    struct client_answer *answer, struct err *err)
{
	struct ask a = { .target = t, .request = r, .answer = answer, .err = err,
		.result = -1 };

	*answer = (struct client_answer){ 0 };
	arena_init(&a.arena);
	a.loop = loop_new("ctl");
	if (start(&a) == 0)
		loop_run(a.loop);
	client_tls_fini(&a.tls);
	loop_free(a.loop);
	arena_fini(&a.arena);
	if (a.result < 0)
		client_answer_fini(answer);
	return a.result;
}

void
client_answer_fini(struct client_answer *answer)
{
	str_fini(&answer->type);
	str_fini(&answer->bundle);
	str_fini(&answer->body);
	*answer = (struct client_answer){ 0 };
}
