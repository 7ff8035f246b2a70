#include "base/mem.h"
#include "base/unit.h"
#include "conf/stream.h"
#include "modes/control/registry_fixture.h"

struct registry_fixture *
registry_fixture_new(void)
{
	struct registry_fixture *t = mem_zalloc(sizeof(*t));

	t->f = fixture_open();
	t->port = inbox_init(&t->in);
	t->vault = vault_open(t->f.dir, NULL, &t->err);
	assert_non_null(t->vault);
	t->registry = registry_open(t->f.store, t->vault, &t->port,
	    &t->err);
	assert_non_null(t->registry);
	return t;
}

void
registry_fixture_free(struct registry_fixture *t)
{
	registry_close(&t->registry);
	vault_close(t->vault);
	fixture_shut(&t->f);
	inbox_fini(&t->in);
	fixture_close(&t->f);
	str_fini(&t->outcomes);
	mem_free(t);
}

void
registry_fixture_restart(struct registry_fixture *t)
{
	registry_close(&t->registry);
	fixture_reopen(&t->f);
	inbox_run(&t->in, SIZE_MAX);
	t->registry = registry_open(t->f.store, t->vault, &t->port,
	    &t->err);
	assert_non_null(t->registry);
}

void
registry_fixture_on_answer(void *ctx, const struct registry_answer *a)
{
	struct registry_fixture *t = ctx;

	t->err = a->err;
	t->failed = a->failed;
	t->revision = a->revision;
	t->answers++;
	str_clear(&t->outcomes);
	if (a->err.kind != ERR_NONE)
		str_add(&t->outcomes, err_kind_name(a->err.kind));
	for (size_t i = 0; i < a->n; i++)
		str_addf(&t->outcomes, "%s%s %lld", i > 0 ? ", " : "",
		    registry_outcome_name(a->applied[i].outcome),
		    (long long)a->applied[i].generation);
}

void
registry_fixture_apply(struct registry_fixture *t,
    const struct registry_set *set)
{
	unsigned before = t->answers;

	registry_apply(t->registry, set, registry_fixture_on_answer, t);
	assert_int_equal(t->answers, before);
	while (t->answers == before)
		inbox_wait(&t->in);
}

const char *
registry_fixture_put(struct registry_fixture *t, const char *yaml)
{
	struct registry_edit edits[REGISTRY_SET_MAX + 1] = { 0 };
	struct registry_set set = {
		.edits = edits, .who = { .actor = SLICE("uid/0"),
		    .from = SLICE("local") },
	};
	struct conf_stream s;
	struct conf_node *root;
	struct arena a;
	int rc;

	arena_init(&a);
	conf_stream_init(&s, slice_str(yaml), "test.yaml", CONF_YAML);
	while ((rc = conf_stream_next(&s, &a, &root, &t->err)) != 0) {
		if (rc < 0)
			fail_msg("%s", t->err.text);
		assert_true(set.n <= REGISTRY_SET_MAX);
		edits[set.n++].document = root;
	}
	registry_fixture_apply(t, &set);
	arena_fini(&a);
	return str_ptr(&t->outcomes);
}

const char *
registry_fixture_delete(struct registry_fixture *t, const char *key)
{
	struct registry_edit edit = { .key = slice_str(key) };
	struct registry_set set = { .edits = &edit, .n = 1 };

	registry_fixture_apply(t, &set);
	return str_ptr(&t->outcomes);
}
