#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/api_caller.h"
#include "modes/control/records.h"
#include "modes/control/revocations.h"
#include "modes/control/server_fixture.h"

#define WEB	SLICE("spiffe://td/ns/default/sa/web")

static enum err_kind
look_up(struct server_fixture *t, int64_t issued, bool is_of_app)
{
	struct api_call call = { .server = t->s };
	struct cert_record c = { .id = WEB, .issued = issued,
		.expires = issued + 3600, .is_of_app = is_of_app,
		.grant = { .ns = SLICE("default"), .account = SLICE("web"),
		.name = SLICE("web-1") } };
	struct store_item item = { 0 };
	struct store_result r = { .err = ERR_INIT, .items = &item,
		.n_items = 1 };
	struct str value = { 0 };
	struct err err;

	arena_init(&call.arena);
	cert_record_write(&value, &c);
	item.value = str_slice(&value);
	api_caller_record(&call, &r, "its proxy's", &c, &err);
	str_fini(&value);
	arena_fini(&call.arena);
	return err.kind;
}

/* It was good when the call began, and the store took a moment. */
TEST(api_caller_is_revoked_while_its_record_is_looked_up)
{
	struct server_fixture *t = server_fixture_new();
	int64_t now = clock_wall_s();

	assert_int_equal(look_up(t, now - 5, false), ERR_NONE);
	assert_int_equal(look_up(t, now - 5, true), ERR_DENIED);
	revocations_add(t->s->revocations, &(struct revocation_record){
	    .id = WEB, .at = now, .until = now + 3600, .by = SLICE("test") });
	assert_int_equal(look_up(t, now - 5, false), ERR_DENIED);
	assert_int_equal(look_up(t, now, false), ERR_DENIED);
	assert_int_equal(look_up(t, now + 1, false), ERR_NONE);
	server_fixture_free(t);
}
