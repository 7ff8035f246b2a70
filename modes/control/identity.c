#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"
#include "modes/control/ca_ended.h"
#include "modes/control/identity.h"
#include "modes/control/issuer.h"
#include "pki/key.h"

#define RETRY_MS	5000
#define LOOK_S		60	/* wall time may have leapt meanwhile */

struct identity {
	struct server       *server;
	void               (*on_first)(struct server *);
	struct tls_identity *tls;
	bool                 has_begun;		/* on_first was called */
	struct key           key;	/* of the request under way */
	int64_t              not_before, renew_at;	/* wall s */
	uint64_t             generation;	/* of the bundle, our own count */
	struct loop_timer    timer;
	struct stat_series  *expiry;
};

/* What handshakes need, from the certificate that was just recorded. */
static struct tls_identity *
make_tls(struct identity *i, struct slice der, struct err *err)
{
	struct ca *ca = i->server->ca;
	struct str chain = { 0 }, key = { 0 }, bundle = { 0 };
	char *domain = mem_dup(ca->bundle->domain.ptr, ca->bundle->domain.len);
	struct tls_identity *tls;

	ca_add_chain(&chain, ca, der);
	key_room_str(&key, 1024);
	key_pem(&key, &i->key);
	bundle_pem(&bundle, ca->bundle);
	tls = tls_identity_new(str_slice(&chain), str_slice(&key),
	    str_slice(&bundle), domain, ++i->generation, err);
	key_wipe_str(&key);
	str_fini(&chain);
	str_fini(&bundle);
	mem_free(domain);
	return tls;
}

uint64_t
identity_wait_ms(int64_t not_before, int64_t renew_at, int64_t now)
{
	int64_t left = renew_at - now;

	if (left <= 0 || now < not_before)
		return 0;
	return (uint64_t)(left < LOOK_S ? left : LOOK_S) * 1000;
}

static void
wait_for(struct identity *i, int64_t now)
{
	uint64_t ms = identity_wait_ms(i->not_before, i->renew_at, now);

	/* Not at once after an issue, whatever the clock says. */
	loop_timer_start(&i->timer, ms == 0 ? 1000 : ms);
}

static void
begin(struct identity *i)
{
	if (i->has_begun)
		return;
	i->has_begun = true;
	i->on_first(i->server);
}

static void
on_issued(void *arg, const struct err *why, struct slice der, int64_t not_after)
{
	struct identity *i = arg;
	struct tls_identity *tls = NULL, *old = i->tls;
	struct err err = *why;
	int64_t now = clock_wall_s(), left = not_after - now;

	if (i->server->is_ending)
		return;
	if (err.kind == ERR_NONE)
		tls = make_tls(i, der, &err);
	if (tls == NULL) {
		err_wrap(&err, "control's own certificate");
		if (!i->has_begun) {
			server_fail(i->server, &err);
			return;
		}
		log_warn("ca", "%s; trying again", err.text);
		loop_timer_start(&i->timer, RETRY_MS);
		return;
	}
	i->tls = tls;
	stat_gauge_set(i->expiry, (double)not_after);
	i->not_before = tls_identity_not_before(tls);
	i->renew_at = now + (left < 2 ? 1 :
	    (int64_t)((double)left * (0.5 + 0.2 * random_unit())));
	wait_for(i, now);
	begin(i);
	tls_identity_unref(old);
}

static void
look(void *arg)
{
	struct identity *i = arg;
	int64_t now = clock_wall_s();
	struct ca_request request;
	struct err err = ERR_INIT;

	if (i->tls != NULL &&
	    identity_wait_ms(i->not_before, i->renew_at, now) > 0) {
		wait_for(i, now);
		return;
	}
	/* Whoever puts another CA to use has us renew. */
	if (ca_ended(i->server->ca, now) != CA_ENDED_NOT) {
		loop_timer_start(&i->timer, LOOK_S * 1000);
		begin(i);
		return;
	}
	key_fini(&i->key);
	key_generate(&i->key);
	if (ca_request_control(&request, i->server->ca, NULL, 0, i->key.point,
	    &err) < 0) {
		server_fail(i->server, &err);
		return;
	}
	issuer_issue(i->server->issuer, &(struct issuer_job){
		.request = &request,
		.audit = { .actor = SLICE("control"), .from = SLICE("local"),
		    .action = SLICE("certificate.issue"),
		    .target = request.sign.id },
		.done = on_issued, .ctx = i,
	});
	ca_request_fini(&request);
}

struct identity *
identity_new(struct server *s, void (*on_first)(struct server *))
{
	struct identity *i = secret_alloc(sizeof(*i));

	i->server = s;
	i->on_first = on_first;
	i->expiry = stat_series_get(s->stats, METRIC_CERTIFICATE_EXPIRY,
	    (struct slice[]){ SLICE("control") });
	loop_timer_init(&i->timer, s->loop, look, i);
	loop_timer_start(&i->timer, 0);
	return i;
}

void
identity_free(struct identity *i)
{
	if (i == NULL)
		return;
	loop_timer_stop(&i->timer);
	stat_series_unref(i->expiry);
	tls_identity_unref(i->tls);
	secret_free(i, sizeof(*i));
}

void
identity_renew(struct identity *i)
{
	/* 0 would be due as well, but means that nothing was issued so far. */
	i->renew_at = 1;
	loop_timer_start(&i->timer, 0);
}

struct tls_identity *
identity_get(struct identity *i)
{
	return i->tls == NULL ? NULL : tls_identity_ref(i->tls);
}
