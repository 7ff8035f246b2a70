#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "cmd/load/way.h"
#include "conf/stream.h"
#include "net/dial.h"

#define PATIENCE_MS	10000

struct way_try {
	struct way           *way;
	const struct way_ops *ops;
	void                 *owner;
	struct dial          *dial;		/* one of the two */
	struct tls_handshake *handshake;
};

static int
read_identity(struct way *w, const struct options *o, struct err *err)
{
	struct str cert = { 0 }, key = { 0 }, ca = { 0 };
	int result = -1;

	if (conf_file_read(o->cert, &cert, err) == 0 &&
	    conf_file_read(o->key, &key, err) == 0 &&
	    conf_file_read(o->ca, &ca, err) == 0) {
		w->identity = tls_identity_new(str_slice(&cert),
		    str_slice(&key), str_slice(&ca), o->trust_domain, 1, err);
		result = w->identity == NULL ? -1 : 0;
	}
	mem_wipe(key.ptr, key.len);
	str_fini(&cert);
	str_fini(&key);
	str_fini(&ca);
	return result;
}

int
way_init(struct way *w, struct loop *loop, const struct options *o,
    struct err *err)
{
	static const char *const http[] = { "http/1.1", NULL };

	*w = (struct way){ .loop = loop, .to = o->to };
	if (o->cert == NULL)
		return 0;
	if (read_identity(w, o, err) != 0)
		return -1;
	w->request = (struct tls_request){
		/* What need not be verified is not resumed either. */
		.verify_none = o->full_handshakes,
		.identity = w->identity,
		.alpn = o->no_alpn ? NULL : http,
	};
	memcpy(w->request.sni, o->sni, strlen(o->sni) + 1);
	w->handshaker = tls_handshaker_new(1);
	return 0;
}

void
way_fini(struct way *w)
{
	if (w->handshaker != NULL)
		tls_handshaker_free(w->handshaker);
	tls_identity_unref(w->identity);
}

static void
finish(struct way_try *t, struct conn *conn, const char *why)
{
	const struct way_ops *ops = t->ops;
	void *owner = t->owner;

	mem_free(t);
	if (conn != NULL)
		ops->opened(owner, conn);
	else
		ops->failed(owner, why);
}

static void
on_handshake(void *arg, struct tls_result *result)
{
	struct way_try *t = arg;
	struct way *w = t->way;
	struct conn *conn = NULL;

	if (result->failure == TLS_OK) {
		w->opened++;
		w->resumed += result->image.peer->is_resumed;
		conn = conn_attach(w->loop, &result->image, &tls_transport,
		    &t->ops->conn, t->owner);
	}
	finish(t, conn, result->text);
}

static void
on_dial(void *arg, int fd, int error)
{
	struct way_try *t = arg;
	struct way *w = t->way;

	t->dial = NULL;
	if (fd < 0) {
		finish(t, NULL, strerrordesc_np(error));
	} else if (w->handshaker != NULL) {
		t->handshake = tls_handshake_start(w->handshaker, fd,
		    &w->request, w->loop, on_handshake, t);
	} else {
		w->opened++;
		finish(t, conn_new(w->loop, fd, NULL, NULL, &t->ops->conn,
		    t->owner), NULL);
	}
}

struct way_try *
way_open(struct way *w, const struct way_ops *ops, void *owner)
{
	struct way_try *t = mem_zalloc(sizeof(*t));

	t->way = w;
	t->ops = ops;
	t->owner = owner;
	t->dial = dial_start(w->loop, &w->to, PATIENCE_MS, on_dial, t);
	return t;
}

void
way_cancel(struct way_try *t)
{
	if (t->dial != NULL)
		dial_cancel(t->dial);
	if (t->handshake != NULL)
		tls_handshake_cancel(t->handshake);
	mem_free(t);
}
