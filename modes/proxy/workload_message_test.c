#include <string.h>

#include "base/clock.h"
#include "base/unit.h"
#include "conf/json.h"
#include "http/protobuf.h"
#include "modes/proxy/agent_fixture_test.h"
#include "modes/proxy/workload_message.h"

#define ID "spiffe://td/ns/shop/sa/web"

static struct svids *
make_svids(struct key *key)
{
	int64_t now = clock_wall_s();
	struct str chain;
	struct err err = ERR_INIT;

	key_generate(key);
	chain = authority_chain(key, ID, NULL, now - 60, now + 60);

	struct svids *s = svids_new(key, str_slice(&chain), &err);

	assert_string_equal(err.text, "");
	assert_int_equal(svids_add_bundle(s, SLICE("td"),
	    str_slice(&authority_make()->bundle_pem), SLICE("{\"keys\":[]}"),
	    &err), 0);
	str_fini(&chain);
	return s;
}

/* The bytes of a field of a message, of which there is one. */
static struct slice
only(struct slice message, uint32_t number)
{
	struct slice found = SLICE_NONE;
	struct protobuf_field f;
	struct protobuf m;

	protobuf_init(&m, message);
	while (protobuf_next(&m, &f)) {
		if (f.number != number)
			continue;
		assert_null(found.ptr);
		assert_true(protobuf_bytes(&m, &f, &found));
	}
	assert_true(protobuf_end(&m));
	return found;
}

TEST(svids_hold_what_belongs_together)
{
	struct key key, other;
	struct svids *s = make_svids(&key);
	struct authority *a = authority_make();
	struct err err = ERR_INIT;
	struct str pem = { 0 };
	int64_t now = clock_wall_s();

	assert_true(slice_is(s->id, ID));
	assert_true(s->not_after > now && s->not_before < now);
	assert_true(slice_has_suffix(s->chain, str_slice(&a->inter_der)));
	assert_true(slice_eq(svids_bundle(s, SLICE("td"))->roots,
	    str_slice(&a->root_der)));
	assert_null(svids_bundle(s, SLICE("t")));
	svids_unref(svids_ref(s));
	key_generate(&other);
	pem = authority_chain(&other, ID, NULL, now, now + 60);
	assert_null(svids_new(&key, str_slice(&pem), &err));
	assert_non_null(strstr(err.text, "application's key"));
	str_fini(&pem);
	pem = authority_chain(&key, "spiffe://td/operator/anna", NULL, now,
	    now + 60);
	assert_null(svids_new(&key, str_slice(&pem), &err));
	assert_non_null(strstr(err.text, "no workload's"));
	str_fini(&pem);
	assert_null(svids_new(&key, SLICE("x"), &err));
	assert_int_equal(svids_add_bundle(s, SLICE("u"), SLICE("x"), SLICE_NONE,
	    &err), -1);
	svids_unref(s);
}

TEST(workload_answers_have_the_whole_state)
{
	struct key key, read;
	struct svids *s = make_svids(&key);
	struct str out = { 0 }, pem = { 0 };
	struct err err = ERR_INIT;
	struct slice one;

	assert_int_equal(svids_add_bundle(s, SLICE("other"),
	    str_slice(&authority_make()->bundle_pem), SLICE_NONE, &err), 0);
	workload_put_x509(&out, s);
	one = only(str_slice(&out), 1);
	assert_true(slice_is(only(one, 1), ID));
	assert_true(slice_eq(only(one, 2), s->chain));
	assert_true(slice_eq(only(one, 4), s->bundles[0].roots));
	assert_null(only(one, 5).ptr);
	assert_null(only(str_slice(&out), 2).ptr);
	assert_true(slice_is(only(only(str_slice(&out), 3), 1),
	    "spiffe://other"));
	/* The key is the one that the leaf is for. */
	key_pem(&pem, &key);
	assert_int_equal(key_parse(&read, str_slice(&pem), &err), 0);
	str_clear(&pem);
	key_pkcs8(&pem, &read);
	assert_true(slice_eq(only(one, 3), str_slice(&pem)));
	str_clear(&out);
	workload_put_jwt_bundles(&out, s);
	one = only(str_slice(&out), 1);	/* of those that have keys */
	assert_true(slice_is(only(one, 1), "spiffe://td"));
	assert_true(slice_is(only(one, 2), "{\"keys\":[]}"));
	str_clear(&out);
	workload_put_jwt(&out, SLICE(ID), SLICE("a.b.c"));
	assert_true(slice_is(only(only(str_slice(&out), 1), 2), "a.b.c"));
	str_fini(&out);
	key_wipe_str(&pem);
	svids_unref(s);
}

TEST(workload_claims_become_a_struct)
{
	/* Of python3-protobuf: spiffe_id "i", and the JSON below as claims. */
	static const char want[] =
	    "\x0a\x01\x69\x12\x35\x0a\x33\x0a\x01\x61\x12\x2e\x32\x2c\x0a\x09"
	    "\x11\x00\x00\x00\x00\x00\x00\xf0\x3f\x0a\x03\x1a\x01\x78\x0a\x02"
	    "\x08\x00\x0a\x02\x20\x01\x0a\x12\x2a\x10\x0a\x0e\x0a\x01\x62\x12"
	    "\x09\x11\x00\x00\x00\x00\x00\x00\xe0\x3f";
	struct str out = { 0 };
	struct err err = ERR_INIT;
	struct arena a;

	arena_init(&a);
	workload_put_claims(&out, SLICE("i"), conf_json_read(&a,
	    SLICE("{\"a\":[1,\"x\",null,true,{\"b\":0.5}]}"), "test", &err));
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_memory_equal(out.ptr, want, out.len);
	str_fini(&out);
	arena_fini(&a);
}

TEST(workload_requests_are_bounded)
{
	struct workload_request r;
	struct str m = { 0 };
	char long_one[WORKLOAD_AUDIENCE_MAX + 1];

	memset(long_one, 'a', sizeof(long_one));
	protobuf_put_bytes(&m, 2, SLICE("spiffe://td/x"));
	for (size_t i = 0; i < WORKLOAD_AUDIENCES_MAX; i++)
		protobuf_put_bytes(&m, 1, slice_of(long_one,
		    WORKLOAD_AUDIENCE_MAX - i));
	assert_null(workload_read(&r, str_slice(&m)));
	assert_int_equal(r.audiences_len, WORKLOAD_AUDIENCES_MAX);
	assert_int_equal(r.audiences[1].len, WORKLOAD_AUDIENCE_MAX - 1);
	assert_true(slice_is(r.second, "spiffe://td/x"));
	for (size_t i = 1; i < m.len; i++)	/* nothing reads past a cut */
		workload_read(&r, slice_of(m.ptr, i));
	protobuf_put_bytes(&m, 1, SLICE("one more"));
	assert_non_null(workload_read(&r, str_slice(&m)));
	str_clear(&m);
	protobuf_put_bytes(&m, 1, slice_of(long_one, sizeof(long_one)));
	assert_non_null(strstr(workload_read(&r, str_slice(&m)), "512"));
	str_clear(&m);
	protobuf_put_bytes(&m, 1, SLICE(""));
	assert_non_null(strstr(workload_read(&r, str_slice(&m)), "empty"));
	assert_non_null(workload_read(&r, SLICE("\x08\x01")));	/* a number */
	assert_null(workload_read(&r, SLICE("")));
	assert_null(r.second.ptr);
	str_fini(&m);
}
