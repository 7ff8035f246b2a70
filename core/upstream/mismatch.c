#include "base/log.h"
#include "stat/metrics.h"
#include "upstream/mismatch.h"

static const char *const speakers[] = { [MISMATCH_CALLER] = "caller",
	[MISMATCH_APPLICATION] = "application" };

/* For people. */
static const char *const words[] = {
	[SPOKEN_UNKNOWN] = "nothing", [SPOKEN_HTTP1] = "HTTP/1",
	[SPOKEN_HTTP2] = "HTTP/2", [SPOKEN_TLS] = "TLS",
	[SPOKEN_OTHER] = "something else",
};

static const char *
declared(const struct cluster *c)
{
	switch (c->protocol) {
	case CLUSTER_HTTP:
		return c->is_h2 ? "h2c" : "http";
	case CLUSTER_UDP:
		return "udp";
	case CLUSTER_AUTO:
		return "auto";
	default:
		return "tcp";
	}
}

bool
mismatch_is(const struct cluster *c, enum mismatch_speaker who,
    enum spoken spoken)
{
	bool is_request = spoken == SPOKEN_HTTP1 || spoken == SPOKEN_HTTP2;

	if (spoken == SPOKEN_UNKNOWN)
		return false;
	if (who == MISMATCH_APPLICATION)
		return spoken != (c->is_h2 ? SPOKEN_HTTP2 : SPOKEN_HTTP1);
	if (c->protocol == CLUSTER_HTTP)
		return !is_request || (spoken == SPOKEN_HTTP2 && !c->is_h2);
	return c->protocol == CLUSTER_TCP && is_request;
}

/* Our application's cluster has the name of its port. */
static bool
is_own(const struct cluster *c, struct slice *port)
{
	struct slice rest = slice_from(c->name, c->service.len);
	bool own = slice_has_prefix(rest, SLICE(":app-"));

	rest = slice_from(rest, own ? 5 : rest.len > 0);
	slice_cut(&rest, '/', port);
	return own;
}

struct slice
mismatch_port(const struct cluster *c)
{
	struct slice port;

	is_own(c, &port);
	return port;
}

static void
count(struct worker_env *env, const struct cluster *c,
    enum mismatch_speaker who, enum spoken spoken)
{
	struct slice v[9];
	bool is_in = is_own(c, &v[5]);

	v[0] = is_in ? SLICE(METRIC_INBOUND) : SLICE(METRIC_OUTBOUND);
	v[1] = v[2] = SLICE(METRIC_UNKNOWN);
	if (!is_in)
		metric_service(&v[1], env->service);
	metric_service(&v[3], c->service);
	v[6] = slice_str(declared(c));
	v[7] = slice_str(speakers[who]);
	v[8] = slice_str(spoken_name(spoken));
	worker_env_count(env, METRIC_PROTOCOL_MISMATCHES, v, 9, 1);
}

void
mismatch_look(struct worker_env *env, const struct cluster *c,
    enum mismatch_speaker who, enum spoken spoken)
{
	if (!mismatch_is(c, who, spoken))
		return;
	unsigned bit = 1u << ((c->protocol * 2u + c->is_h2) * 4 + spoken - 1);

	count(env, c, who, spoken);
	if (atomic_fetch_or_explicit(&c->state->mismatches[who], bit,
	    memory_order_relaxed) & bit)
		return;
	struct slice port;
	bool own = is_own(c, &port);

	log_warn("protocol", "%.*s: %s %.*s is declared %s, but %s %s",
	    SLICE_ARG(c->service), own ? "the application's port" : "port",
	    SLICE_ARG(port), declared(c), who == MISMATCH_CALLER ?
	    "its callers speak" : own ? "speaks" : "its endpoints speak",
	    words[spoken]);
}
