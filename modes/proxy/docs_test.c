#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/proxy/docs.h"

#define WEB	"/core/services/shop/web"
#define API	"/core/services/shop/api"
#define SERVICE(name, port)						\
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":"	\
	"{\"name\":\"" name "\",\"namespace\":\"shop\"},\"spec\":"	\
	"{\"ports\":[{\"port\":" port "}]}}"
#define PUT(key, rev, doc)						\
	"{\"t\":\"put\",\"key\":\"" key "\",\"revision\":" rev ",\"doc\":" doc "}"
#define DEL(key, rev)	"{\"t\":\"del\",\"key\":\"" key "\",\"revision\":" rev "}"
#define COMMIT(rev)	"{\"t\":\"commit\",\"revision\":" rev "}"
#define RESET		"{\"t\":\"reset\"}"
#define NONE(s)		"{\"t\":\"none\",\"service\":\"" s "\"}"

static enum docs_result
say(struct docs *d, const char *line, struct err *err)
{
	struct arena a;
	struct sync_message m;

	arena_init(&a);
	assert_int_equal(sync_message_read(&m, &a, slice_str(line), err), 0);
	enum docs_result r = docs_apply(d, &m, err);

	arena_fini(&a);
	return r;
}

/* What is in force: "KEY=PORT ..." and the absent services in brackets. */
static void
expect(const struct docs *d, const char *want)
{
	struct str out = { 0 };
	size_t len, it = 0;
	struct model_object **list = docs_list(d, &len);
	struct slice name;

	for (size_t i = 0; i < len; i++)
		str_addf(&out, "%s=%lld ", model_object_name(list[i]),
		    (long long)conf_get_int(conf_at(conf_find(list[i]->node,
		    "spec.ports"), 0), "port", 0));
	while (map_next(&d->absent, &it, &name, NULL))
		str_addf(&out, "[%.*s] ", SLICE_ARG(name));
	str_addf(&out, "at %llu", (unsigned long long)d->revision);
	assert_string_equal(out.ptr, want);
	mem_free(list);
	str_fini(&out);
}

TEST(docs_change_as_control_says)
{
	struct docs d = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(say(&d, PUT(WEB, "1", SERVICE("web", "80")), &err),
	    DOCS_TAKEN);
	assert_int_equal(say(&d, PUT(API, "2", SERVICE("api", "81")), &err),
	    DOCS_TAKEN);
	assert_false(d.is_whole);
	assert_int_equal(say(&d, COMMIT("2"), &err), DOCS_COMMIT);
	assert_true(d.is_whole);
	expect(&d, "shop/api=81 shop/web=80 at 2");
	say(&d, PUT(WEB, "3", SERVICE("web", "82")), &err);
	say(&d, DEL(API, "3"), &err);
	say(&d, DEL(API, "3"), &err);
	assert_int_equal(say(&d, COMMIT("3"), &err), DOCS_COMMIT);
	expect(&d, "shop/web=82 at 3");
	assert_int_equal(say(&d, "{\"t\":\"bookmark\",\"revision\":9}", &err),
	    DOCS_NOTHING);
	docs_fini(&d);
}

TEST(docs_know_which_services_are_absent)
{
	struct docs d = { 0 };
	struct err err = ERR_INIT;

	say(&d, NONE("shop/web"), &err);
	say(&d, NONE("shop/api"), &err);
	say(&d, COMMIT("1"), &err);
	docs_forget_absent(&d, SLICE("shop/api"));
	expect(&d, "[shop/web] at 1");
	say(&d, PUT(WEB, "2", SERVICE("web", "80")), &err);
	expect(&d, "shop/web=80 at 1");
	docs_fini(&d);
}

static const struct {
	const char *line, *error;
} bad[] = {
	{ PUT(WEB, "5", "{\"apiVersion\":\"v1\",\"kind\":\"Service\","
	    "\"metadata\":{\"name\":\"web\",\"namespace\":\"shop\"},"
	    "\"spec\":{\"ports\":[{\"port\":\"x\"}]}}"), "spec.ports" },
	{ PUT(WEB, "5", "{}"), "apiVersion" },
	{ PUT(WEB, "5", "{\"apiVersion\":\"v9\",\"kind\":\"Strange\","
	    "\"metadata\":{\"name\":\"web\"}}"), "Strange" },
	{ PUT(WEB, "5", SERVICE("other", "80")),
	    "the document's key is /core/services/shop/other" },
};

TEST(docs_keep_the_last_good_form_of_a_bad_one)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct docs d = { 0 };
		struct err err = ERR_INIT;
		struct model_digest before;

		say(&d, PUT(WEB, "1", SERVICE("web", "80")), &err);
		say(&d, COMMIT("1"), &err);
		before = d.digest;
		assert_int_equal(say(&d, bad[i].line, &err), DOCS_BAD);
		assert_non_null(strstr(err.text, bad[i].error));
		say(&d, COMMIT("5"), &err);
		expect(&d, "shop/web=80 at 5");
		assert_true(model_digest_equal(&before, &d.digest));
		docs_fini(&d);
	}
}

TEST(docs_of_a_reset_go_only_with_the_commit)
{
	struct docs d = { 0 };
	struct err err = ERR_INIT;
	struct model_digest one = { { 0 } };

	say(&d, PUT(WEB, "1", SERVICE("web", "80")), &err);
	say(&d, PUT(API, "1", SERVICE("api", "81")), &err);
	say(&d, COMMIT("1"), &err);
	say(&d, RESET, &err);
	expect(&d, "shop/api=81 shop/web=80 at 1");
	/* The new form of web is bad: its good one of before goes on. */
	assert_int_equal(say(&d, bad[0].line, &err), DOCS_BAD);
	say(&d, COMMIT("5"), &err);
	expect(&d, "shop/web=80 at 5");
	model_digest_add(&one, SLICE(WEB), 1, SLICE(SERVICE("web", "80")));
	assert_true(model_digest_equal(&one, &d.digest));
	docs_fini(&d);
}

TEST(docs_digest_is_that_of_what_was_put)
{
	struct docs d = { 0 };
	struct err err = ERR_INIT;
	struct model_digest want = { { 0 } };

	/* Spaces are not part of it, the order of keys is. */
	say(&d, PUT(WEB, "1", "{ \"apiVersion\": \"v1\", \"kind\":\"Service\","
	    "\"metadata\":{\"namespace\":\"shop\",\"name\":\"web\"},"
	    "\"spec\":{\"ports\":[{\"port\":80}]}}"), &err);
	model_digest_add(&want, SLICE(WEB), 1, SLICE("{\"apiVersion\":\"v1\","
	    "\"kind\":\"Service\",\"metadata\":{\"namespace\":\"shop\","
	    "\"name\":\"web\"},\"spec\":{\"ports\":[{\"port\":80}]}}"));
	assert_true(model_digest_equal(&want, &d.digest));
	say(&d, RESET, &err);
	say(&d, COMMIT("2"), &err);
	want = (struct model_digest){ { 0 } };
	assert_true(model_digest_equal(&want, &d.digest));
	docs_fini(&d);
}

static void
on_service(void *arg, struct slice name)
{
	str_add_slice(arg, name);
	str_add_char(arg, ' ');
}

TEST(docs_are_read_as_they_were_saved)
{
	static const struct slice services[] = { { "shop/api", 8 },
		{ "shop/web", 8 } };
	struct docs d = { 0 }, again = { 0 };
	struct str text = { 0 }, names = { 0 };
	struct err err = ERR_INIT;

	say(&d, PUT(WEB, "1", SERVICE("web", "80")), &err);
	say(&d, NONE("shop/api"), &err);
	say(&d, COMMIT("7"), &err);
	docs_save(&d, services, 2, &text);
	assert_int_equal(docs_load(&again, str_slice(&text), on_service,
	    &names, &err), 0);
	assert_string_equal(names.ptr, "shop/api shop/web ");
	expect(&again, "shop/web=80 [shop/api] at 7");
	assert_true(model_digest_equal(&d.digest, &again.digest));
	str_fini(&text);
	str_fini(&names);
	docs_fini(&d);
	docs_fini(&again);
}

TEST(docs_without_their_end_are_not_taken_for_whole)
{
	struct docs d = { 0 };
	struct str names = { 0 };
	struct err err = ERR_INIT;

	assert_int_equal(docs_load(&d, SLICE(PUT(WEB, "1",
	    SERVICE("web", "80")) "\n"), on_service, &names, &err), -1);
	assert_string_equal(err.text, "the last line is missing");
	assert_int_equal(docs_load(&d, SLICE("{\"t\":\"put\"\n"), on_service,
	    &names, &err), -1);
	str_fini(&names);
	docs_fini(&d);
}
