#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/proxy/agent_jwt.h"
#include "modes/proxy/workload_run.h"
#include "pki/base64.h"
#include "pki/spiffe.h"
#include "policy/jwt.h"

/* --- FetchJWTSVID -------------------------------------------------------- */

/* An answer that comes from the agent's thread; the caller may go before. */
struct workload_waiting {
	struct workload_call *call;	/* NULL: gone */
};

static void
on_fetched(void *arg, const struct agent_jwt *jwt)
{
	struct workload_waiting *w = arg;
	struct workload_call *c = w->call;
	struct str out = { 0 };

	mem_free(w);
	if (c == NULL)
		return;
	c->waiting = NULL;
	if (jwt->token.ptr != NULL) {
		workload_put_jwt(&out, jwt->id, jwt->token);
		workload_answer(c, str_slice(&out));
		str_fini(&out);
	} else if (jwt->err.kind == ERR_DENIED) {
		workload_fail(c, GRPC_PERMISSION_DENIED, "this workload has no "
		    "identity now");
	} else {
		workload_fail(c, GRPC_UNAVAILABLE, "control cannot be asked for "
		    "a token now");
	}
}

void
workload_fetch_jwt(struct workload_call *c, struct slice message)
{
	const struct svids *s = c->api->now;
	struct workload_request r;
	const char *why = workload_read(&r, message);

	if (why == NULL && r.audiences_len == 0)
		why = "there is no audience";
	if (why != NULL) {
		workload_fail(c, GRPC_INVALID_ARGUMENT, why);
		return;
	}
	if (s == NULL || (r.second.len > 0 && !slice_eq(r.second, s->id))) {
		workload_fail(c, GRPC_PERMISSION_DENIED, s == NULL ?
		    "this workload has no identity now" :
		    "this workload has another identity");
		return;
	}
	c->waiting = mem_zalloc(sizeof(*c->waiting));
	c->waiting->call = c;
	agent_jwt_fetch(c->api->proxy->agent, r.audiences, r.audiences_len,
	    on_fetched, c->waiting);
}

void
workload_forget(struct workload_call *c)
{
	if (c->waiting != NULL)
		c->waiting->call = NULL;
	c->waiting = NULL;
}

/* --- ValidateJWTSVID ----------------------------------------------------- */

/* typ, if there is one, is JWT or JOSE (JWT-SVID, section 2.3). */
static bool
has_good_type(struct arena *a, struct slice token)
{
	struct slice part, typ;
	struct err err;
	char *text;
	ptrdiff_t n;

	slice_cut(&token, '.', &part);
	text = arena_alloc(a, base64_room(part.len) + 1);
	n = base64_decode(text, base64_room(part.len), BASE64_URL, part);
	if (n < 0)
		return false;

	const struct conf_node *header = conf_json_read(a,
	    slice_of(text, (size_t)n), "header", &err);

	if (header == NULL || conf_get(header, "typ") == NULL)
		return header != NULL;
	typ = slice_str(conf_get_string(header, "typ"));
	return slice_is(typ, "JWT") || slice_is(typ, "JOSE");
}

static const char *
verify(const struct svids *s, struct arena *a, const struct workload_request *r,
    struct jwt *jwt)
{
	const char *audience = arena_dup(a, r->audiences[0]).ptr;
	struct jwk_set keys;
	struct jwt_trust trust = { .audiences = &audience,
	    .audiences_len = 1, .keys = &keys };
	const struct svid_bundle *b;
	enum jwt_fault fault = jwt_read(jwt, a, r->second);
	struct spiffe id;
	struct err err;

	if (fault != JWT_OK)
		return jwt_fault_text(fault);
	if (!has_good_type(a, r->second))
		return "the token is of another type";
	if (!spiffe_parse(&id, jwt->subject) || id.kind == SPIFFE_DOMAIN)
		return "the token's subject is no identity";
	/* By the keys of its own trust domain, and no other's. */
	b = svids_bundle(s, id.domain);
	if (b == NULL || b->jwks.ptr == NULL ||
	    jwk_set_read(&keys, a, b->jwks, &err) != 0)
		return "no keys of the token's trust domain are known";
	if (conf_get(jwt->claims, "exp") == NULL)
		return "the token has no end";
	fault = jwt_verify(jwt, &trust, clock_wall_s());
	return fault == JWT_OK ? NULL : jwt_fault_text(fault);
}

void
workload_validate_jwt(struct workload_call *c, struct slice message)
{
	struct arena *a = l7_arena(c->ctx);
	struct workload_request r;
	struct str out = { 0 };
	struct jwt jwt;
	const char *why = workload_read(&r, message);

	if (why == NULL && (r.audiences_len != 1 || r.second.ptr == NULL))
		why = "expected one audience and a token";
	if (why == NULL && c->api->now == NULL) {
		workload_fail(c, GRPC_PERMISSION_DENIED, "this workload has no "
		    "identity now");
		return;
	}
	if (why == NULL)
		why = verify(c->api->now, a, &r, &jwt);
	if (why != NULL) {
		workload_fail(c, GRPC_INVALID_ARGUMENT, why);
		return;
	}
	workload_put_claims(&out, jwt.subject, jwt.claims);
	workload_answer(c, str_slice(&out));
	str_fini(&out);
}
