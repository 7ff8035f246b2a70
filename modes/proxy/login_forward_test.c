#include "base/unit.h"
#include "conf/json.h"
#include "modes/proxy/login_forward.h"

static struct wrap_key key;
static struct authn_output outputs[] = { { { "x-user", 6 }, "sub" },
	{ { "x-mail", 6 }, "email" }, { { "x-city", 6 }, "address.city" },
	{ { "x-groups", 8 }, "groups" } };

static struct login
login_with(bool forwards_access)
{
	return (struct login){ .rule = { .outputs = outputs,
	    .outputs_len = sizeof(outputs) / sizeof(outputs[0]) },
	    .cookies = { { "__Host-s", 8 }, SLICE(""), &key },
	    .forwards_access = forwards_access };
}

/* As a stranger would write it. */
static void
forge(struct http_head *h, struct arena *a)
{
	http_head_init(h, a);
	http_fields_add(&h->fields, SLICE("x-user"), SLICE("root"));
	http_fields_add(&h->fields, SLICE("x-user"), SLICE("admin"));
	http_fields_add(&h->fields, SLICE("x-mail"), SLICE("root@x"));
	http_fields_add(&h->fields, SLICE("x-other"), SLICE("kept"));
	http_fields_add_id(&h->fields, FIELD_AUTHORIZATION, SLICE("Basic x"));
	http_fields_add_id(&h->fields, FIELD_COOKIE,
	    SLICE("a=b; __Host-s=1; __Host-s-1=2"));
}

static struct slice
field(const struct http_head *h, const char *name)
{
	return http_fields_find(&h->fields, slice_str(name));
}

TEST(login_forward_drops_what_callers_say_of_themselves)
{
	struct login l = login_with(true);
	struct arena a = { 0 };
	struct http_head h;

	forge(&h, &a);
	login_forward_clear(&l, &h.fields);
	assert_null(field(&h, "x-user").ptr);
	assert_null(field(&h, "x-mail").ptr);
	assert_true(slice_is(field(&h, "x-other"), "kept"));
	assert_true(slice_is(field(&h, "authorization"), "Basic x"));
	arena_fini(&a);
}

TEST(login_forward_tells_the_application_what_it_is_to_know)
{
	struct err err = ERR_INIT;
	struct arena a = { 0 };
	struct http_head h;
	const struct login_session s = { .claims = conf_json_read(&a, SLICE(
	    "{\"sub\":\"ann\",\"email\":\"a\\r\\nx-role: admin\",\"address\":"
	    "{\"city\":\"Bern\"},\"groups\":[\"a\"]}"), "t", &err),
	    .access = SLICE("tok") };
	static const struct {
		bool        forwards;
		const char *authorization;
	} v[] = { { true, "Bearer tok" }, { false, "Basic x" } };

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct login l = login_with(v[i].forwards);

		forge(&h, &a);
		login_forward_clear(&l, &h.fields);
		login_forward_put(&l, &s, &h, &a);
		assert_true(slice_is(field(&h, "x-user"), "ann"));
		/* It would be a field of its own. */
		assert_null(field(&h, "x-mail").ptr);
		assert_true(slice_is(field(&h, "x-city"), "Bern"));
		assert_true(slice_is(field(&h, "x-groups"), "WyJhIl0"));
		assert_true(slice_is(field(&h, "authorization"),
		    v[i].authorization));
		assert_true(slice_is(field(&h, "cookie"), "a=b"));
	}
	/* A token that is not there, or can be in no field, is not another's. */
	const struct slice bad[] = { SLICE(""), SLICE("a\nb") };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const struct login l = login_with(true);
		struct login_session none = s;

		none.access = bad[i];
		forge(&h, &a);
		login_forward_put(&l, &none, &h, &a);
		assert_null(field(&h, "authorization").ptr);
	}
	arena_fini(&a);
}
