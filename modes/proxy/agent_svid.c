#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "conf/json.h"
#include "modes/proxy/agent_ask.h"
#include "modes/proxy/agent_revoke.h"
#include "modes/proxy/agent_run.h"
#include "pki/bundle_set.h"

#define LOOK_AGAIN_MS	60000	/* wall time may have leapt meanwhile */
#define REFUSED_MS	60000
#define SOON_S		10

static bool
is_wanted(const struct agent *g)
{
	return g->options.settings->workload_api_socket != NULL;
}

/* --- what there is ------------------------------------------------------- */

static bool
is_usable(const struct agent *g)
{
	const struct agent_svid *a = &g->svid;

	return a->chain_pem.len > 0 && g->identity != NULL &&
	    strcmp(a->id, g->identity->id) == 0 &&
	    a->not_after > clock_wall_s() && !agent_is_revoked(g, g->identity);
}

/* Ours, and of those that we federate with as many as there is room for. */
static int
add_bundles(const struct agent *g, struct svids *s, struct err *err)
{
	int result = svids_add_bundle(s, slice_str(g->identity->domain),
	    str_slice(&g->bundle_pem), str_slice(&g->jwks), err);

	for (size_t i = 0; g->federated != NULL && i < g->federated->len &&
	    s->bundles_len < SVID_BUNDLES_MAX; i++) {
		const struct bundle *b = g->federated->v[i];
		struct str pem = { 0 };

		bundle_pem(&pem, b);
		if (result == 0)
			result = svids_add_bundle(s, b->domain,
			    str_slice(&pem), b->jwks, err);
		str_fini(&pem);
	}
	return result;
}

/* To the data plane's side; what does not fit any more is withdrawn. */
static void
tell(struct agent *g)
{
	struct agent_svid *a = &g->svid;
	struct svids *s = NULL;
	struct err err = ERR_INIT;

	if (is_usable(g)) {
		s = svids_new(&a->key, str_slice(&a->chain_pem), &err);
		if (s != NULL && add_bundles(g, s, &err) != 0) {
			svids_unref(s);
			s = NULL;
		}
		if (s == NULL)
			log_error("identity", "for the application: %s",
			    err.text);
	}
	if (s != NULL || a->is_told)
		g->options.svids(g->options.arg, s);
	a->is_told = s != NULL;
}

/* Checks it, and takes key and certificates for those to be given out. */
static int
take(struct agent *g, const struct key *key, struct slice chain_pem,
    struct err *err)
{
	struct agent_svid *a = &g->svid;
	struct svids *s = svids_new(key, chain_pem, err);

	if (s == NULL)
		return -1;
	mem_free(a->id);
	a->id = mem_dup(s->id.ptr, s->id.len);
	a->not_before = s->not_before;
	a->not_after = s->not_after;
	svids_unref(s);
	key_fini(&a->key);
	a->key = *key;
	str_clear(&a->chain_pem);
	str_add_slice(&a->chain_pem, chain_pem);
	a->renew_at = agent_renew_at(a->not_before, a->not_after,
	    random_unit());
	a->failures = 0;
	return 0;
}

void
agent_svid_load(struct agent *g)
{
	struct str pem = { 0 };
	struct err err = ERR_INIT;
	struct key key;

	if (!is_wanted(g))
		return;
	int result = state_read(&g->state, STATE_APPLICATION, &pem, &err);

	if (result == 1 && key_parse(&key, str_slice(&pem), &err) == 0) {
		result = take(g, &key, str_slice(&pem), &err);
		key_fini(&key);
	}
	if (err.kind != ERR_NONE)
		log_warn("identity", "%s/%s: %s; asking for another",
		    g->state.path, STATE_APPLICATION, err.text);
	key_wipe_str(&pem);
}

static void
save(struct agent *g)
{
	struct str pem = { 0 };
	struct err err = ERR_INIT;

	key_pem(&pem, &g->svid.key);
	str_add_slice(&pem, str_slice(&g->svid.chain_pem));
	if (state_write(&g->state, STATE_APPLICATION, str_slice(&pem),
	    &err) != 0)
		log_error("identity", "%s", err.text);
	key_wipe_str(&pem);
}

/* --- another ------------------------------------------------------------- */

static void
look_in(struct agent *g, int64_t ms)
{
	loop_timer_start(&g->svid.timer, ms <= 0 ? 0 :
	    ms < LOOK_AGAIN_MS ? (uint64_t)ms : LOOK_AGAIN_MS);
}

static int
take_answer(struct agent *g, struct slice body, struct err *err)
{
	struct agent_svid *a = &g->svid;
	struct arena arena;
	int result = -1;

	arena_init(&arena);
	const struct conf_node *root = conf_json_read(&arena, body, "reply",
	    err);
	const char *chain = conf_get_string(root, "chain");

	if (root != NULL && chain == NULL)
		err_set(err, ERR_DATA, "control's answer has no chain");
	if (chain != NULL)
		result = take(g, &a->next_key, slice_str(chain), err);
	if (result == 0 && strcmp(a->id, g->identity->id) != 0)
		result = err_set(err, ERR_DATA, "control answered with a "
		    "certificate of %s", a->id);
	arena_fini(&arena);
	return result;
}

static void
on_answer(void *arg, const struct agent_reply *reply)
{
	struct agent *g = arg;
	struct agent_svid *a = &g->svid;
	struct err err = reply->err;
	char when[CLOCK_TEXT_MAX];

	a->call = NULL;
	if (reply->status == 200 && take_answer(g, reply->body, &err) == 0) {
		clock_format(when, a->not_after, -1);
		log_info("identity", "the application has a certificate of %s "
		    "until %s", a->id, when);
		save(g);
		look_in(g, (a->renew_at - clock_wall_s()) * 1000);
	} else {
		log_warn("identity", "a certificate for the application: %s",
		    err.text);
		look_in(g, reply->is_final ? REFUSED_MS :
		    (int64_t)agent_backoff_ms(++a->failures, random_unit()));
	}
	key_fini(&a->next_key);
	tell(g);
}

static void
ask(struct agent *g)
{
	g->svid.call = agent_ask_certificate(g, "/v1/svid/x509",
	    &g->svid.next_key, on_answer);
}

static void
on_timer(void *arg)
{
	struct agent *g = arg;
	struct agent_svid *a = &g->svid;
	int64_t wait = a->renew_at - clock_wall_s();

	if (a->is_told && !is_usable(g))
		tell(g);	/* it has ended */
	if (a->call != NULL)
		return;
	if (!agent_has_identity(g) || agent_is_revoked(g, g->identity))
		look_in(g, LOOK_AGAIN_MS);
	else if (!is_usable(g) || wait <= 0)
		ask(g);
	else
		look_in(g, wait * 1000);
}

void
agent_svid_renew_soon(struct agent *g)
{
	if (!is_wanted(g))
		return;
	/* Not all of them at once. */
	g->svid.renew_at = clock_wall_s() + (int64_t)(random_unit() * SOON_S);
	look_in(g, (g->svid.renew_at - clock_wall_s()) * 1000);
}

void
agent_svid_changed(struct agent *g)
{
	if (!is_wanted(g))
		return;
	tell(g);
	look_in(g, 0);
}

/* --- life ---------------------------------------------------------------- */

void
agent_svid_start(struct agent *g)
{
	loop_timer_init(&g->svid.timer, g->loop, on_timer, g);
}

void
agent_svid_stop(struct agent *g)
{
	loop_timer_stop(&g->svid.timer);
	agent_call_cancel(g->svid.call);
	g->svid.call = NULL;
}

void
agent_svid_fini(struct agent *g)
{
	key_fini(&g->svid.key);
	key_fini(&g->svid.next_key);
	str_fini(&g->svid.chain_pem);
	mem_free(g->svid.id);
}
