#include <stdio.h>

#include "base/log.h"
#include "modes/proxy/egress.h"
#include "modes/proxy/refuse.h"
#include "modes/proxy/worker.h"
#include "net/addr.h"
#include "stat/metrics.h"
#include "tls/hello.h"

#define LOG_MS		1000
_Static_assert(EGRESS_REFUSALS <= WORKER_REFUSALS_MAX, "one line each");
#define RECORD_HANDSHAKE	0x16
#define RECORD_FIRST	0x14	/* of those that there are */
#define RECORD_LAST	0x18

static const struct {
	const char *name, *text;
} refusals[EGRESS_REFUSALS] = {
	[EGRESS_NOT_REGISTERED] = { "not_registered",
	    "nobody registered it, and the mesh allows no others "
	    "(REGISTRY_ONLY)" },
	[EGRESS_NO_SERVICE] = { "no_service",
	    "there is no such service or port" },
	[EGRESS_OURSELVES] = { "loop",
	    "it leads to the listener at which the request came in" },
	[EGRESS_OTHER_NAME] = { "sni_mismatch",
	    "TLS in the tunnel asks for another host than CONNECT did" },
	[EGRESS_NO_HELLO] = { "no_hello",
	    "what begins as TLS in the tunnel is no ClientHello" },
};

/* --- refusals ------------------------------------------------------------ */

const char *
egress_refusal_name(enum egress_refusal r)
{
	return refusals[r].name;
}

void
egress_note(struct proxy_worker *w, enum egress_refusal r, struct slice what,
    int port)
{
	const struct slice v[] = { slice_str(refusals[r].name) };
	const struct slice scope = SLICE("egress");
	uint64_t now = loop_now_ms(w->env.loop);
	char more[64] = "";

	worker_env_count(&w->env, METRIC_EGRESS_REFUSED, v, 1, 1);
	if (w->egress_log[r].ms != 0 && now - w->egress_log[r].ms < LOG_MS) {
		w->egress_log[r].unlogged++;
		worker_env_count(&w->env, METRIC_LOG_LEFT_OUT, &scope, 1, 1);
		return;
	}
	if (w->egress_log[r].unlogged > 0)
		snprintf(more, sizeof(more), "; %u more were refused since "
		    "the last line", w->egress_log[r].unlogged);
	w->egress_log[r].ms = now;
	w->egress_log[r].unlogged = 0;
	log_warn("egress", "%.*s:%d: %s%s", SLICE_ARG(what), port,
	    refusals[r].text, more);
}

void
egress_reply(struct l7_ctx *ctx, enum lookup_answer answer, struct slice host,
    int port)
{
	bool is_loop = answer == LOOKUP_OURSELVES;
	enum egress_refusal why = is_loop ? EGRESS_OURSELVES :
	    EGRESS_NOT_REGISTERED;

	if (answer == LOOKUP_UNRESOLVED) {
		l7_reply(ctx, 503, FLAG_DF, "dns_failed", SLICE_NONE);
		return;
	}
	if (answer == LOOKUP_TIMEOUT && l7_summary(ctx)->is_own &&
	    refuse_is_own(l7_env(ctx)->mode)) {
		l7_reply(ctx, 503, FLAG_NC, REFUSE_OWN_DETAILS,
		    SLICE(REFUSE_OWN_BODY));
		return;
	}
	if (answer == LOOKUP_TIMEOUT) {
		l7_reply(ctx, 503, FLAG_NC, "lookup_timeout", SLICE("Neither "
		    "control nor DNS said in time where the service is.\n"));
		return;
	}
	egress_note(l7_env(ctx)->mode, why, host, port);
	l7_reply(ctx, 502, FLAG_NR, refusals[why].name, is_loop ?
	    SLICE("This address is the proxy itself.\n") :
	    slice_str(arena_printf(l7_arena(ctx), "This host is not registered "
	    "with port %d, and the mesh allows no others.\n", port)));
}

/* --- requests ------------------------------------------------------------ */

bool
egress_is_outside(const struct cluster *c)
{
	return c->authority.len > 0 || c->outside != NULL;
}

void
egress_address(const struct cluster *c, const struct http_head *asked,
    struct http_head *outgoing, struct arena *a)
{
	if (!egress_is_outside(c))
		return;
	http_fields_remove_id(&outgoing->fields, FIELD_MESH_SOURCE);
	http_fields_remove_id(&outgoing->fields, FIELD_MESH_HOST);
	if (c->authority.len > 0 &&
	    slice_eq(asked->authority, outgoing->authority))
		http_authority_parse(a, c->authority, outgoing);
}

/* --- tunnels ------------------------------------------------------------- */

struct slice
egress_host(const struct cluster *c)
{
	struct slice rest = c->authority, host = SLICE_NONE;

	if (rest.len > 0 && rest.ptr[0] == '[') {
		rest = slice_from(rest, 1);
		slice_cut(&rest, ']', &host);
	} else {
		slice_cut(&rest, ':', &host);
	}
	return host;
}

/* An address is no server name (RFC 6066, section 3). */
static bool
is_meant(struct slice sni, struct slice host)
{
	if (host.len > 0 && host.ptr[host.len - 1] == '.')
		host.len--;
	if (host.len == 0)
		return false;
	return slice_ieq(sni, host) || (sni.len == 0 && addr_is_ip(host));
}

/*
 * A ClientHello as SSL 2 wrote it (RFC 5246, appendix E.2), which asks for
 * nobody by name.  PASS: it is none.
 */
static enum egress_look
look_for_old(const unsigned char *v, size_t len)
{
	static const struct {
		unsigned char mask, value;
	} first[] = { { 0x80, 0x80 }, { 0, 0 }, { 0xff, 1 }, { 0xff, 3 },
		{ 0xf8, 0 } };

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
		if (i == len)
			return EGRESS_MORE;
		if ((v[i] & first[i].mask) != first[i].value)
			return EGRESS_PASS;
	}
	if (len < 11)
		return EGRESS_MORE;
	unsigned all = (v[0] & 0x7fu) << 8 | v[1];
	unsigned suites = (unsigned)v[5] << 8 | v[6];
	unsigned session = (unsigned)v[7] << 8 | v[8];
	unsigned challenge = (unsigned)v[9] << 8 | v[10];

	return suites > 0 && suites % 3 == 0 &&
	    all == 9 + suites + session + challenge ? EGRESS_REFUSE :
	    EGRESS_PASS;
}

/*
 * Another record of TLS than a handshake's: nothing begins with one, but some
 * servers pass over alerts, and take the hello behind.
 */
static enum egress_look
look_for_record(const unsigned char *v, size_t len)
{
	if (v[0] < RECORD_FIRST || v[0] > RECORD_LAST)
		return EGRESS_PASS;
	if (len < 3)
		return len == 2 && v[1] != 3 ? EGRESS_PASS : EGRESS_MORE;
	return v[1] == 3 && v[2] <= 4 ? EGRESS_REFUSE : EGRESS_PASS;
}

enum egress_look
egress_look(const struct buf *first, const struct slice hosts[EGRESS_HOSTS],
    enum egress_refusal *why)
{
	unsigned char bytes[HELLO_PEEK_BYTES];
	char name[HELLO_NAME_MAX];
	size_t len = buf_len(first) < sizeof(bytes) ? buf_len(first) :
	    sizeof(bytes);
	enum hello_state state;

	if (len == 0)
		return EGRESS_MORE;
	*why = EGRESS_NO_HELLO;
	buf_copy_out(first, bytes, len);
	if (bytes[0] != RECORD_HANDSHAKE)
		return (bytes[0] & 0x80) != 0 ? look_for_old(bytes, len) :
		    look_for_record(bytes, len);
	state = hello_name(slice_of(bytes, len), name);
	if (state == HELLO_MORE && len < sizeof(bytes))
		return EGRESS_MORE;
	for (size_t i = 0; state == HELLO_NAMED && i < EGRESS_HOSTS; i++)
		if (is_meant(slice_str(name), hosts[i]))
			return EGRESS_PASS;
	if (state == HELLO_NAMED)
		*why = EGRESS_OTHER_NAME;
	return EGRESS_REFUSE;
}
