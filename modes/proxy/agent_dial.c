#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "modes/proxy/agent_dial.h"
#include "net/dial.h"
#include "net/resolve.h"

#define CONNECT_MS	3000	/* for one address */
#define ADDRESSES_MAX	16
#define CONTROL_SNI	"control.mesh"

struct agent_dial {
	struct agent_dial_request request;
	struct resolve           *resolve;
	struct dial              *dial;
	struct tls_handshake     *handshake;
	struct addr               addrs[ADDRESSES_MAX];
	int                       addrs_len, next;
	struct err                err;	/* of the last address tried */
	void                    (*done)(void *, struct agent_dialled *);
	void                     *arg;
};

static void
release(void *p)
{
	struct agent_dial *d = p;

	tls_identity_unref(d->request.identity);
	mem_free(d);
}

static void
finish(struct agent_dial *d, struct agent_dialled *result)
{
	d->done(d->arg, result);
	release(d);
}

static void
fail(struct agent_dial *d)
{
	struct agent_dialled result = { .err = d->err };

	err_wrap(&result.err, "control at %s", d->request.control);
	finish(d, &result);
}

/* --- one address ------------------------------------------------------- */

static void try_next(struct agent_dial *);

static void
on_handshake(void *arg, struct tls_result *t)
{
	struct agent_dial *d = arg;

	d->handshake = NULL;
	if (t->failure == TLS_OK) {
		struct agent_dialled result = {
			.image = &t->image,
			.peer_chain = slice_of(t->peer_chain,
			    t->peer_chain_len),
		};

		finish(d, &result);
		return;
	}
	bool is_denied = t->failure == TLS_FAIL_CERT ||
	    t->failure == TLS_FAIL_WRONG_PEER;

	err_set(&d->err, is_denied ? ERR_DENIED : ERR_UNAVAILABLE, "%s%s%s",
	    tls_failure_text(t->failure), t->text[0] != '\0' ? ": " : "",
	    t->text);
	try_next(d);
}

static void
on_connected(void *arg, int fd, int error)
{
	static const char *const alpn[] = { AGENT_ALPN, NULL };
	struct agent_dial *d = arg;
	struct tls_request r = {
		.identity = d->request.identity,
		.verify_none = d->request.expected_id == NULL,
		.sni = CONTROL_SNI, .alpn = alpn,
	};

	d->dial = NULL;
	if (fd < 0) {
		err_set(&d->err, ERR_UNAVAILABLE, "%s", strerror(error));
		try_next(d);
		return;
	}
	if (d->request.expected_id != NULL)
		snprintf(r.expected_id, sizeof(r.expected_id), "%s",
		    d->request.expected_id);
	d->handshake = tls_handshake_start(d->request.handshaker, fd, &r,
	    d->request.loop, on_handshake, d);
}

static void
try_next(struct agent_dial *d)
{
	if (d->next == d->addrs_len) {
		fail(d);
		return;
	}
	d->dial = dial_start(d->request.loop, &d->addrs[d->next++], CONNECT_MS,
	    on_connected, d);
}

/* --- the name ------------------------------------------------------------ */

static void
on_resolved(void *arg, const struct addr *addrs, int n, const char *why)
{
	struct agent_dial *d = arg;

	d->resolve = NULL;
	for (int i = 0; i < n && i < ADDRESSES_MAX; i++)
		d->addrs[d->addrs_len++] = addrs[i];
	if (n == 0)
		err_set(&d->err, ERR_UNAVAILABLE, "%s", why);
	try_next(d);
}

struct agent_dial *
agent_dial_start(const struct agent_dial_request *r,
    void (*done)(void *, struct agent_dialled *), void *arg)
{
	struct agent_dial *d = mem_zalloc(sizeof(*d));
	struct slice host = SLICE_NONE;
	int port = 0;

	d->request = *r;
	if (r->identity != NULL)
		tls_identity_ref(r->identity);
	d->err = ERR_INIT;
	d->done = done;
	d->arg = arg;
	/* The schema has checked the form. */
	addr_split(slice_str(r->control), &host, &port, &d->err);
	d->resolve = r->files != NULL ? resolve_start_with(r->files, r->loop,
	    host, port, on_resolved, d) : resolve_start(r->loop, host, port,
	    on_resolved, d);
	return d;
}

void
agent_dial_cancel(struct agent_dial *d)
{
	if (d == NULL)
		return;
	if (d->resolve != NULL)
		resolve_cancel(d->resolve);
	if (d->dial != NULL)
		dial_cancel(d->dial);
	if (d->handshake != NULL)
		tls_handshake_cancel(d->handshake);
	release(d);
}
