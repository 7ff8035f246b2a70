#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/issuer.h"
#include "modes/control/revocations.h"
#include "modes/control/server_fixture.h"
#include "modes/control/store_keys.h"

struct outcome {
	bool          done;
	enum err_kind kind;
	size_t        len;	/* of the certificate */
};

static void
on_issued(void *ctx, const struct err *err, struct slice der, int64_t not_after)
{
	struct outcome *o = ctx;

	(void)not_after;
	*o = (struct outcome){ true, err->kind, der.len };
}

static void
issue(struct server_fixture *t, struct outcome *o)
{
	const struct slice services[] = { SLICE("web") };
	const struct ca_workload names = { SLICE("shop"), SLICE("web"),
		SLICE("web-1"), services, 1 };
	struct ca_request request;
	struct key key;
	struct err err = ERR_INIT;

	key_generate(&key);
	assert_int_equal(ca_request_workload(&request, t->s->ca, &names,
	    key.point, &err), 0);
	issuer_issue(t->s->issuer, &(struct issuer_job){ .request = &request,
	    .audit = { .actor = SLICE("x"), .from = SLICE("y"),
	    .action = SLICE("join") }, .done = on_issued, .ctx = o });
	ca_request_fini(&request);
	key_fini(&key);
}

static void
revoke(struct server_fixture *t, const char *id, int64_t at)
{
	revocations_add(t->s->revocations, &(struct revocation_record){
	    .id = slice_str(id), .at = at, .until = at + 3600 });
}

/*
 * The signer takes its time; by the dates of what it made it would be of after
 * the revocation.
 */
TEST(issuer_gives_nothing_to_who_is_revoked_while_it_signs)
{
	struct server_fixture *t = server_fixture_new();
	struct outcome web = { false, ERR_NONE, 0 }, again = web;

	log_set_levels("error");
	issue(t, &web);
	revoke(t, "spiffe://td/ns/shop/sa/other", clock_wall_s());
	revoke(t, "spiffe://td/ns/shop/sa/web", clock_wall_s());
	server_fixture_run(t, &web.done);
	assert_int_equal(web.kind, ERR_DENIED);
	assert_int_equal(web.len, 0);
	/* One that was revoked before has been let in again by who asks now. */
	revocations_free(t->s->revocations);
	t->s->revocations = NULL;

	struct err err = ERR_INIT;

	t->s->revocations = revocations_open(t->f.store, &err);
	revoke(t, "spiffe://td/ns/shop/sa/web", clock_wall_s() - 10);
	issue(t, &again);
	server_fixture_run(t, &again.done);
	assert_int_equal(again.kind, ERR_NONE);
	assert_true(again.len > 0);
	server_fixture_free(t);
}
