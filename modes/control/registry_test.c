#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/registry_fixture.h"

#define HEAD		"apiVersion: v1\nkind: Service\n"
#define WEB		HEAD "metadata: {name: web"
#define WEB_KEY		"/core/services/default/web"
#define SPEC(port)	"spec: {ports: [{port: " port "}]}\n"

static struct model_object *
web(struct registry_fixture *t)
{
	return registry_find(t->registry, SLICE(WEB_KEY));
}

TEST(registry_apply_counts_generations_and_sees_what_is_unchanged)
{
	/* In order, over one document. */
	static const struct {
		const char *yaml, *want;
	} rows[] = {
		{ WEB "}\n" SPEC("80"), "created 1" },
		{ WEB "}\n" SPEC("80"), "unchanged 1" },
		{ WEB ", namespace: default}\n" SPEC("80"), "unchanged 1" },
		{ WEB ", labels: {}}\n" SPEC("80"), "unchanged 1" },
		{ WEB ", labels: {a: b}}\n" SPEC("80"), "configured 1" },
		{ WEB ", labels: {a: b}}\n" SPEC("80"), "unchanged 1" },
		{ WEB ", labels: {a: b}}\n" SPEC("81"), "configured 2" },
		{ WEB ", annotations: {c: d}}\n" SPEC("82"), "configured 3" },
		{ WEB ", annotations: {c: d}, generation: 77,"
		    " creationTimestamp: \"1999-01-01T00:00:00Z\","
		    " uid: mine}\n" SPEC("82")
		    "status: {ignored: true}\n", "unchanged 3" },
	};
	struct registry_fixture *t = registry_fixture_new();
	int64_t created = 0;
	char uid[64] = "";

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strcmp(registry_fixture_put(t, rows[i].yaml),
		    rows[i].want) != 0)
			fail_msg("row %zu: %s %s", i, str_ptr(&t->outcomes),
			    t->err.text);

		const struct model_metadata *meta = &web(t)->head->meta;

		if (i == 0) {
			created = meta->created;
			snprintf(uid, sizeof(uid), "%s", meta->uid);
		}
		assert_true(created > 1700000000);
		assert_int_equal(meta->created, created);
		assert_int_equal(strlen(uid), 36);
		assert_string_equal(meta->uid, uid);
		assert_int_equal(web(t)->revision, t->revision);
		assert_null(web(t)->head->status);
	}
	registry_fixture_free(t);
}

TEST(registry_apply_takes_all_of_a_set_or_nothing)
{
	struct registry_fixture *t = registry_fixture_new();

	assert_string_equal(registry_fixture_put(t,
	    WEB "}\n" SPEC("80") "---\n"
	    HEAD "metadata: {name: api}\n" SPEC("81") "---\n"
	    HEAD "metadata: {name: bad}\nspec: {ports: [{port: 0}]}\n"),
	    "data");
	assert_int_equal(t->failed, 2);
	if (strstr(t->err.text, "test.yaml:14:23: ") == NULL)
		fail_msg("%s", t->err.text);
	assert_null(web(t));

	assert_string_equal(registry_fixture_put(t,
	    WEB "}\n" SPEC("80") "---\n"
	    HEAD "metadata: {name: api}\n" SPEC("81")), "created 1, created 1");
	assert_int_equal(web(t)->revision, t->revision);
	assert_int_equal(registry_find(t->registry,
	    SLICE("/core/services/default/api"))->revision, t->revision);
	registry_fixture_free(t);
}

TEST(registry_apply_refuses_with_the_edit_at_fault)
{
	static const struct {
		const char   *yaml, *word;
		enum err_kind kind;
		size_t        failed;
	} rows[] = {
		{ WEB "}\n" SPEC("80") "---\n" WEB "}\n" SPEC("81"),
		    "twice", ERR_DATA, 1 },
		{ WEB ", resourceVersion: \"77\"}\n" SPEC("80"),
		    "expected revision 77", ERR_CONFLICT, 0 },
		{ "apiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n",
		    "Nothing", ERR_DATA, 0 },
		{ "apiVersion: mesh/v1\nkind: Control\n"
		    "metadata: {name: x}\nspec: {dataDir: /d}\n",
		    "control keeps none", ERR_DATA, 0 },
	};
	struct registry_fixture *t = registry_fixture_new();

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		registry_fixture_put(t, rows[i].yaml);
		if (t->err.kind != rows[i].kind ||
		    t->failed != rows[i].failed ||
		    strstr(t->err.text, rows[i].word) == NULL)
			fail_msg("row %zu: %s", i, t->err.text);
	}
	assert_int_equal(registry_revision(t->registry), 0);
	registry_fixture_free(t);
}

TEST(registry_apply_holds_to_the_expected_revision)
{
	struct registry_fixture *t = registry_fixture_new();
	struct registry_edit edit = { .has_expected = true };
	struct registry_set set = { .edits = &edit, .n = 1 };
	struct arena a;
	static const struct {
		uint64_t      ahead;	/* expected: the revision now plus this */
		enum err_kind kind;
	} rows[] = {
		{ 1, ERR_CONFLICT }, { 0, ERR_NONE }, { 0, ERR_NONE },
	};

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	arena_init(&a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct conf_node *doc = conf_copy(&a, web(t)->node);

		conf_unset(conf_get(doc, "metadata"), "resourceVersion");
		conf_set_int(conf_at(conf_find(doc, "spec.ports"), 0), "port",
		    (int64_t)(90 + i));
		edit.document = doc;
		edit.expected = web(t)->revision + rows[i].ahead;
		registry_fixture_apply(t, &set);
		assert_int_equal(t->err.kind, rows[i].kind);
	}
	edit = (struct registry_edit){
		.key = SLICE(WEB_KEY), .has_expected = true,
		.expected = web(t)->revision - 1,
	};
	registry_fixture_apply(t, &set);
	assert_int_equal(t->err.kind, ERR_CONFLICT);
	edit.expected++;
	registry_fixture_apply(t, &set);
	assert_int_equal(t->err.kind, ERR_NONE);
	assert_null(web(t));
	arena_fini(&a);
	registry_fixture_free(t);
}

TEST(registry_delete_of_what_is_not_there_is_not_found)
{
	struct registry_fixture *t = registry_fixture_new();

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	assert_string_equal(registry_fixture_delete(t, WEB_KEY), "deleted 0");
	assert_string_equal(registry_fixture_delete(t, WEB_KEY), "not-found");
	assert_string_equal(registry_fixture_delete(t, "/no/such/kind/x"),
	    "not-found");
	assert_string_equal(registry_fixture_delete(t, ""), "not-found");
	registry_fixture_free(t);
}

TEST(registry_apply_dry_run_judges_and_writes_nothing)
{
	struct registry_fixture *t = registry_fixture_new();
	struct registry_edit edit = { .key = SLICE(WEB_KEY) };
	struct registry_set set = { .edits = &edit, .n = 1, .dry_run = true };

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	registry_fixture_apply(t, &set);
	assert_string_equal(str_ptr(&t->outcomes), "deleted 0");
	assert_non_null(web(t));
	registry_fixture_free(t);
}

TEST(registry_apply_without_expectation_wins_over_others)
{
	struct registry_fixture *t = registry_fixture_new();
	struct arena a;
	struct registry_edit edit = { .has_expected = false };
	struct registry_set set = { .edits = &edit, .n = 1 };

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	arena_init(&a);
	/* All are judged against the same state, so all but one meet it moved. */
	for (int64_t i = 0; i < 5; i++) {
		struct conf_node *doc = conf_copy(&a, web(t)->node);

		conf_unset(conf_get(doc, "metadata"), "resourceVersion");
		conf_set_int(conf_at(conf_find(doc, "spec.ports"), 0), "port",
		    1000 + i);
		edit.document = doc;
		registry_apply(t->registry, &set, registry_fixture_on_answer,
		    t);
	}
	while (t->answers < 6) {
		inbox_wait(&t->in);
		assert_int_equal(t->err.kind, ERR_NONE);
	}
	assert_int_equal(web(t)->head->meta.generation, 6);
	arena_fini(&a);
	registry_fixture_free(t);
}

TEST(registry_apply_writes_the_audit_log)
{
	struct registry_fixture *t = registry_fixture_new();

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	registry_fixture_put(t, WEB "}\n" SPEC("0"));
	registry_fixture_delete(t, WEB_KEY);

	struct store_result *r = store_log_wait(t->f.store, 0, 0);

	assert_int_equal(r->n_entries, 2);
	assert_non_null(strstr(r->entries[0].content.ptr,
	    "\"actor\":\"uid/0\",\"from\":\"local\",\"action\":\"document.put\","
	    "\"target\":\"" WEB_KEY "\",\"detail\":"
	    "{\"outcome\":\"created\",\"generation\":1}"));
	assert_non_null(strstr(r->entries[1].content.ptr, "document.delete"));
	store_result_free(r);
	registry_fixture_free(t);
}

TEST(registry_lists_by_kind_namespace_and_label)
{
	static const struct {
		const char *kind, *namespace, *selector, *want;
	} rows[] = {
		{ NULL, NULL, NULL, "one a b c " },
		{ "service", NULL, NULL, "a b c " },
		{ "service", "one", NULL, "a b " },
		{ "service", NULL, "tier=x", "a c " },
		{ "service", "one", "tier!=x", "b " },
		{ "namespace", NULL, NULL, "one " },
		{ "workload", NULL, NULL, "" },
	};
	struct registry_fixture *t = registry_fixture_new();

	if (strstr(registry_fixture_put(t,
	    HEAD "metadata: {name: b, namespace: one}\n" SPEC("1") "---\n"
	    HEAD "metadata: {name: c, namespace: two, labels: {tier: x}}\n"
	    SPEC("1") "---\n"
	    HEAD "metadata: {name: a, namespace: one, labels: {tier: x}}\n"
	    SPEC("1") "---\n"
	    "apiVersion: v1\nkind: Namespace\nmetadata: {name: one}\n"),
	    "created 1, created 1") == NULL)
		fail_msg("%s", t->err.text);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct registry_query q = { .namespace = rows[i].namespace };
		struct registry_selector s;
		struct str got = { 0 };
		struct arena a;
		size_t n;

		arena_init(&a);
		if (rows[i].kind != NULL)
			q.kind = model_kind_named(rows[i].kind);
		if (rows[i].selector != NULL) {
			assert_int_equal(registry_selector_read(&s, &a,
			    slice_str(rows[i].selector), &t->err), 0);
			q.selector = &s;
		}
		struct model_object **all = registry_list(t->registry, &q, &n);

		for (size_t k = 0; k < n; k++)
			str_addf(&got, "%s ", all[k]->head->meta.name);
		if (strcmp(str_ptr(&got), rows[i].want) != 0)
			fail_msg("row %zu: %s", i, str_ptr(&got));
		mem_free(all);
		str_fini(&got);
		arena_fini(&a);
	}
	registry_fixture_free(t);
}

/* What a follower would get from a revision on: "1:put 2:delete ". */
static void
follow(struct registry_fixture *t, uint64_t at, const char *want)
{
	struct registry_batch b;
	struct str got = { 0 };

	while (registry_feed_next(registry_changes(t->registry), at, &b) > 0) {
		str_addf(&got, "%llu:", (unsigned long long)b.revision);
		for (size_t i = 0; i < b.n; i++)
			str_add(&got, b.changes[i]->is_delete ? "delete " :
			    "put ");
		at = b.revision;
	}
	assert_string_equal(str_ptr(&got), want);
	str_fini(&got);
}

TEST(registry_changes_are_there_with_the_answer_and_after_a_restart)
{
	struct registry_fixture *t = registry_fixture_new();
	struct store_txn *record = store_txn_new();
	struct registry_batch b;

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	store_txn_put(record, SLICE("!token/x"), SLICE("v"));
	assert_int_equal(fixture_commit(&t->f, record), 2);
	registry_fixture_put(t, WEB "}\n" SPEC("81"));
	registry_fixture_delete(t, WEB_KEY);
	record = store_txn_new();
	store_txn_put(record, SLICE("!token/x"), SLICE("w"));
	assert_int_equal(fixture_commit(&t->f, record), 5);
	for (int restart = 0; restart < 2; restart++) {
		assert_int_equal(registry_revision(t->registry), 4);
		follow(t, 0, "1:put 3:put 4:delete ");
		follow(t, 2, "3:put 4:delete ");
		follow(t, 4, "");
		assert_int_equal(registry_feed_next(
		    registry_changes(t->registry), 3, &b), 1);
		assert_int_equal(registry_feed_next(
		    registry_changes(t->registry), 1, &b), 1);
		assert_true(slice_has_prefix(b.changes[0]->line, SLICE(
		    "{\"t\":\"put\",\"key\":\"" WEB_KEY "\",\"revision\":3,"
		    "\"doc\":{\"apiVersion\":\"v1\",\"kind\":")));
		assert_non_null(strstr(b.changes[0]->line.ptr,
		    "\"resourceVersion\":\"3\""));
		registry_fixture_restart(t);
	}
	registry_fixture_free(t);
}

TEST(registry_restart_brings_every_document_back)
{
	struct registry_fixture *t = registry_fixture_new();

	registry_fixture_put(t, WEB ", labels: {a: b}}\n" SPEC("80"));
	registry_fixture_put(t, WEB ", labels: {a: b}}\n" SPEC("81"));
	registry_fixture_restart(t);
	assert_int_equal(web(t)->head->meta.generation, 2);
	assert_int_equal(web(t)->revision, 2);
	assert_string_equal(registry_fixture_put(t,
	    WEB ", labels: {a: b}}\n" SPEC("81")), "unchanged 2");
	assert_string_equal(registry_fixture_put(t,
	    WEB ", labels: {a: b}}\n" SPEC("82")), "configured 3");
	registry_fixture_free(t);
}

TEST(registry_a_stored_document_that_does_not_read_harms_no_other)
{
	struct registry_fixture *t = registry_fixture_new();

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	fixture_put(&t->f, "doc/core/services/default/bad", "{\"not json");
	registry_fixture_restart(t);
	assert_non_null(web(t));
	assert_null(registry_find(t->registry,
	    SLICE("/core/services/default/bad")));
	assert_string_equal(registry_fixture_put(t, WEB "}\n" SPEC("81")),
	    "configured 2");
	registry_fixture_free(t);
}

TEST(registry_closed_with_answers_out_still_gives_them)
{
	struct registry_fixture *t = registry_fixture_new();
	struct registry_edit edit = { .key = SLICE(WEB_KEY) };
	struct registry_set set = { .edits = &edit, .n = 1 };

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	registry_apply(t->registry, &set, registry_fixture_on_answer, t);
	registry_close(&t->registry);
	fixture_shut(&t->f);
	inbox_run(&t->in, SIZE_MAX);
	assert_string_equal(str_ptr(&t->outcomes), "deleted 0");
	registry_fixture_free(t);
}

TEST(registry_far_behind_reads_everything_again)
{
	struct registry_fixture *t = registry_fixture_new();
	struct registry_batch b;

	registry_fixture_put(t, WEB "}\n" SPEC("80"));
	/* 256 batches wait in the inbox; the store drops some of the rest. */
	for (int i = 0; i < 400; i++) {
		struct store_txn *txn = store_txn_new();

		for (int k = 0; k < 100; k++)
			store_txn_put(txn,
			    SLICE("doc/core/namespaces/-/busy"),
			    SLICE("{\"apiVersion\":\"v1\",\"kind\":"
			    "\"Namespace\",\"metadata\":"
			    "{\"name\":\"busy\"}}"));
		fixture_commit(&t->f, txn);
	}
	registry_fixture_delete(t, WEB_KEY);
	assert_string_equal(str_ptr(&t->outcomes), "deleted 0");
	assert_null(web(t));
	assert_int_equal(registry_feed_next(registry_changes(t->registry), 1,
	    &b), -1);
	registry_fixture_free(t);
}

/* --- Secrets ------------------------------------------------------------------------ */

static const char secret_yaml[] = "apiVersion: v1\nkind: Secret\n"
    "metadata: {name: s%s}\nstringData: {password: \"%s\", user: me}\n";

static const char *
put_secret(struct registry_fixture *t, const char *labels, const char *password)
{
	char *yaml = mem_printf(secret_yaml, labels, password);
	const char *outcomes = registry_fixture_put(t, yaml);

	assert_string_equal(t->err.text, "");
	mem_free(yaml);
	return outcomes;
}

static void
expect_password(struct registry_fixture *t, const char *want)
{
	const struct model_object *o = registry_find(t->registry,
	    SLICE("/core/secrets/default/s"));

	assert_non_null(o);
	assert_string_equal(conf_get_string(conf_get(o->node, "stringData"),
	    "password"), want);
}

TEST(registry_locks_secrets_and_knows_them_after_a_restart)
{
	struct registry_fixture *t = registry_fixture_new();
	struct registry_batch b;
	struct store_result *r;

	assert_string_equal(put_secret(t, "", "hunter2"), "created 1");
	expect_password(t, "hunter2");
	assert_int_equal(registry_feed_next(registry_changes(t->registry), 0,
	    &b), 1);
	assert_null(strstr(b.changes[0]->bytes, "hunter2"));
	assert_non_null(strstr(b.changes[0]->bytes, "\"password\":\"\""));

	r = store_list_wait(t->f.store, &(struct store_query){
		.prefix = SLICE("doc/core/secrets/") });
	assert_int_equal(r->n_items, 1);
	assert_true(slice_has_prefix(r->items[0].value,
	    SLICE("{\"locked\":{\"key\":\"")));
	store_result_free(r);

	registry_fixture_restart(t);
	expect_password(t, "hunter2");
	assert_int_equal(registry_feed_next(registry_changes(t->registry), 0,
	    &b), 1);
	assert_null(strstr(b.changes[0]->bytes, "hunter2"));
	registry_fixture_free(t);
}

static const char tls_yaml[] = "apiVersion: v1\nkind: Secret\n"
    "metadata: {name: t}\ntype: kubernetes.io/tls\n%s";

TEST(registry_refuses_a_certificate_that_nobody_can_show)
{
	static const struct {
		const char *values, *want;
	} cases[] = {
		{ "stringData: {tls.crt: a, tls.key: b}",
		    "test.yaml:5:23: stringData[tls.crt]: " },
		{ "data: {tls.crt: YQ==, tls.key: YQ==}",
		    "test.yaml:5:17: data[tls.crt]: " },
	};
	struct registry_fixture *t = registry_fixture_new();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *yaml = mem_printf(tls_yaml, cases[i].values);

		registry_fixture_put(t, yaml);
		if (strstr(t->err.text, cases[i].want) == NULL)
			fail_msg("%zu: %s", i, t->err.text);
		mem_free(yaml);
	}
	assert_null(registry_find(t->registry,
	    SLICE("/core/secrets/default/t")));
	registry_fixture_free(t);
}

TEST(registry_keeps_values_of_a_secret_that_was_read)
{
	struct registry_fixture *t = registry_fixture_new();

	put_secret(t, "", "hunter2");
	assert_string_equal(put_secret(t, "", "hunter2"), "unchanged 1");
	assert_string_equal(put_secret(t, "", ""), "unchanged 1");
	assert_string_equal(put_secret(t, ", labels: {a: b}", ""),
	    "configured 1");
	expect_password(t, "hunter2");
	assert_string_equal(put_secret(t, ", labels: {a: b}", "new"),
	    "configured 2");
	expect_password(t, "new");
	registry_fixture_free(t);
}
