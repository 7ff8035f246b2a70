#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/join.h"
#include "modes/control/left_behind.h"
#include "modes/control/revocations.h"
#include "modes/control/server_fixture.h"
#include "modes/control/store_keys.h"

struct use {
	bool               done;
	struct err         err;
	char               identity[128], name[128];
	uint8_t            leaf[HASH_LEN];
	bool               is_repeated, has_workload;
	struct join_uses  *all;
};
struct join_uses {
	size_t waiting;
	bool   done;
};

static void
on_joined(void *ctx, const struct join_result *r)
{
	struct use *u = ctx;

	u->done = true;
	u->err = r->err;
	u->is_repeated = r->is_repeated;
	if (r->err.kind == ERR_NONE) {
		hash_sha256(u->leaf, r->leaf);
		memcpy(u->identity, r->id.ptr, r->id.len);
		memcpy(u->name, r->grant.name.ptr, r->grant.name.len);
		u->has_workload = memmem(r->leaf.ptr, r->leaf.len,
		    ".workload.mesh", 14) != NULL;
	}
	if (u->all != NULL && --u->all->waiting == 0)
		u->all->done = true;
}

/* A token in the store; expires_s from now. */
static void
make_token(struct server_fixture *t, struct token *token, const char *name,
    int64_t expires_s)
{
	struct token_record r = { .created_by = SLICE("test") };
	struct slice services[] = { SLICE("orders") };
	uint8_t roots[HASH_LEN];
	struct str json = { 0 };
	struct store_txn *txn = store_txn_new();
	struct arena a;

	arena_init(&a);
	bundle_hash(t->s->ca->bundle, roots);
	token_make(token, roots);
	r.id = slice_str(token->id);
	token_secret_hash(r.hash, token);
	r.grant = (struct grant){ .ns = SLICE("shop"), .account = SLICE("sell"),
	    .name = slice_str(name), .services = services, .services_len = 1 };
	r.created = clock_wall_s();
	r.expires = r.created + expires_s;
	token_record_write(&json, &r);
	store_txn_put(txn, token_record_key(&a, r.id), str_slice(&json));
	fixture_commit(&t->f, txn);
	str_fini(&json);
	arena_fini(&a);
}

static void
start_use_for(struct server_fixture *t, const struct token *token,
    const struct key *key, const char *service, struct use *u)
{
	struct str text = { 0 };

	token_add(&text, token);
	join_start(t->s, &(struct join_request){ .token = str_slice(&text),
	    .point = key->point, .service = slice_str(service),
	    .who = { .actor = SLICE("anonymous"), .from = SLICE("here") } },
	    on_joined, u);
	assert_false(u->done);
	str_fini(&text);
}

static void
start_use(struct server_fixture *t, const struct token *token,
    const struct key *key, struct use *u)
{
	start_use_for(t, token, key, NULL, u);
}

static struct use
use(struct server_fixture *t, const struct token *token, const struct key *key)
{
	struct use u = { .err = ERR_INIT };

	start_use(t, token, key, &u);
	server_fixture_run(t, &u.done);
	return u;
}

static void
start_renewal(struct server_fixture *t, const uint8_t leaf[HASH_LEN],
    const struct key *key, bool is_for_app, struct use *u)
{
	join_renew(t->s, &(struct renew_request){ .leaf = leaf,
	    .point = key->point, .is_for_app = is_for_app,
	    .who = { .actor = SLICE("x"), .from = SLICE("y") } }, on_joined, u);
}

static size_t
certificates(struct server_fixture *t)
{
	struct store_result *l = store_list_wait(t->f.store,
	    &(struct store_query){ .prefix = SLICE(STORE_CERTIFICATES) });
	size_t n = l->n_items;

	store_result_free(l);
	return n;
}

TEST(join_gives_the_names_of_the_token)
{
	struct server_fixture *t = server_fixture_new();
	struct token named, unnamed;
	struct key key;
	struct use u;

	key_generate(&key);
	make_token(t, &named, "orders-1", 60);
	u = use(t, &named, &key);
	assert_string_equal(u.err.text, "");
	assert_string_equal(u.identity, "spiffe://td/ns/shop/sa/sell");
	assert_string_equal(u.name, "orders-1");
	make_token(t, &unnamed, "", 60);
	u = use(t, &unnamed, &key);
	assert_int_equal(strlen(u.name), strlen("orders-xxxxx"));
	assert_memory_equal(u.name, "orders-", 7);
	assert_int_equal(certificates(t), 2);
	key_fini(&key);
	server_fixture_free(t);
}

TEST(join_a_hundred_at_once_yields_one_certificate)
{
	struct server_fixture *t = server_fixture_new();
	struct join_uses all = { .waiting = 100 };
	struct use uses[100] = { 0 };
	struct key keys[4];
	struct token token;
	size_t good = 0;
	const struct use *first = NULL;

	for (size_t i = 0; i < 4; i++)
		key_generate(&keys[i]);
	make_token(t, &token, "orders-1", 60);
	for (size_t i = 0; i < 100; i++) {
		uses[i].all = &all;
		start_use(t, &token, &keys[i % 4], &uses[i]);
	}
	server_fixture_run(t, &all.done);
	for (size_t i = 0; i < 100; i++) {
		if (uses[i].err.kind == ERR_DENIED)
			continue;
		assert_string_equal(uses[i].err.text, "");
		if (first == NULL)
			first = &uses[i];
		assert_memory_equal(uses[i].leaf, first->leaf, HASH_LEN);
		good++;
	}
	/* All uses by the key that won, and no other. */
	assert_int_equal(good, 25);
	assert_int_equal(certificates(t), 1);
	for (size_t i = 0; i < 4; i++)
		key_fini(&keys[i]);
	server_fixture_free(t);
}

TEST(join_again_with_the_same_key_gives_the_same)
{
	struct server_fixture *t = server_fixture_new();
	struct key key, other;
	struct token token;
	struct use first, again;

	key_generate(&key);
	key_generate(&other);
	make_token(t, &token, "", 60);
	first = use(t, &token, &key);
	again = use(t, &token, &key);
	assert_true(again.is_repeated && !first.is_repeated);
	assert_memory_equal(again.leaf, first.leaf, HASH_LEN);
	assert_string_equal(again.name, first.name);
	assert_int_equal(use(t, &token, &other).err.kind, ERR_DENIED);
	assert_int_equal(certificates(t), 1);
	key_fini(&key);
	key_fini(&other);
	server_fixture_free(t);
}

TEST(join_refuses_what_is_no_valid_token)
{
	struct server_fixture *t = server_fixture_new();
	struct token token, stranger, old;
	struct key key;
	struct use unknown, wrong;

	key_generate(&key);
	make_token(t, &token, "", 60);
	make_token(t, &old, "", -1);
	assert_int_equal(use(t, &old, &key).err.kind, ERR_DENIED);
	token_make(&stranger, token.roots);
	unknown = use(t, &stranger, &key);
	assert_int_equal(unknown.err.kind, ERR_DENIED);
	stranger = token;
	stranger.secret[31] ^= 1;
	wrong = use(t, &stranger, &key);
	assert_int_equal(wrong.err.kind, ERR_DENIED);
	/* Nobody learns which of the two it was. */
	assert_string_equal(unknown.err.text, wrong.err.text);
	assert_int_equal(certificates(t), 0);
	assert_int_equal(use(t, &token, &key).err.kind, ERR_NONE);
	key_fini(&key);
	server_fixture_free(t);
}

TEST(join_for_another_service_leaves_the_token_unused)
{
	static const char *const others[] = {
		"shop/web", "default/orders", "orders", "", "shop/", "shop/orders/x",
	};
	struct server_fixture *t = server_fixture_new();
	struct token token;
	struct key key, other;
	struct use u = { .err = ERR_INIT };

	key_generate(&key);
	key_generate(&other);
	make_token(t, &token, "", 60);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		u = (struct use){ .err = ERR_INIT };
		start_use_for(t, &token, &key, others[i], &u);
		server_fixture_run(t, &u.done);
		assert_int_equal(u.err.kind, ERR_DENIED);
		assert_non_null(strstr(u.err.text, "is for shop/orders"));
	}
	assert_int_equal(certificates(t), 0);
	u = (struct use){ .err = ERR_INIT };
	start_use_for(t, &token, &other, "shop/orders", &u);
	server_fixture_run(t, &u.done);
	assert_string_equal(u.err.text, "");
	key_fini(&key);
	key_fini(&other);
	server_fixture_free(t);
}

TEST(join_gives_nothing_out_that_is_not_recorded)
{
	struct server_fixture *t = server_fixture_new();
	struct rlimit limit, none;
	struct token token;
	struct key key;
	struct use u;

	key_generate(&key);
	make_token(t, &token, "", 60);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_FSIZE, &none);
	log_set_levels("error,store=error");
	u = use(t, &token, &key);
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(u.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(u.identity, "");
	assert_int_equal(certificates(t), 0);
	/* And the token is still good. */
	assert_int_equal(use(t, &token, &key).err.kind, ERR_NONE);
	key_fini(&key);
	server_fixture_free(t);
}

/* Fault G86: the same of a renewal. */
TEST(renewal_gives_nothing_out_that_is_not_recorded)
{
	struct server_fixture *t = server_fixture_new();
	struct use first, next = { .err = ERR_INIT };
	struct rlimit limit, none;
	struct token token;
	struct key key;

	key_generate(&key);
	make_token(t, &token, "orders-1", 60);
	first = use(t, &token, &key);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	none = limit;
	none.rlim_cur = 0;
	setrlimit(RLIMIT_FSIZE, &none);
	log_set_levels("error,store=error");
	start_renewal(t, first.leaf, &key, false, &next);
	server_fixture_run(t, &next.done);
	setrlimit(RLIMIT_FSIZE, &limit);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(next.err.kind, ERR_UNAVAILABLE);
	assert_string_equal(next.identity, "");
	assert_int_equal(certificates(t), 1);
	key_fini(&key);
	server_fixture_free(t);
}

/*
 * A second signal ends control while the store has yet to answer: what it
 * answers then, and the request that follows, meet nothing that is gone.
 */
TEST(join_that_waits_when_control_ends_is_told_so)
{
	struct model_control_spec spec = {
		.data_dir = "", .trust_domain = "td", .socket = "none",
		.certificate_lifetime_ms = 3600 * 1000,
	};
	struct control_settings settings = { .spec = &spec };
	struct log_options log = { .people_fd = STDERR_FILENO,
	    .access_fd = -1 };
	struct fixture home = fixture_open();
	struct use u = { .err = ERR_INIT };
	struct err err = ERR_INIT;
	struct server_fixture t = { 0 };
	struct token token;
	struct key key;

	char *dir = mem_printf("%s/control", home.dir);

	fixture_shut(&home);	/* no thread lives when the signer is forked */
	spec.data_dir = dir;
	log_set_levels("error");
	t.s = server_open(&settings, &log, &err);
	assert_string_equal(err.text, "");
	t.f.store = t.s->store;
	key_generate(&key);
	make_token(&t, &token, "orders-1", 60);
	start_use(&t, &token, &key, &u);
	server_close(t.s);
	log_stop();
	assert_true(u.done);
	assert_int_not_equal(u.err.kind, ERR_NONE);
	assert_string_equal(u.identity, "");
	key_fini(&key);
	mem_free(dir);
	fixture_close(&home);
}

TEST(renewal_needs_a_record_and_keeps_the_names)
{
	struct server_fixture *t = server_fixture_new();
	struct use first, next = { .err = ERR_INIT }, none = next;
	uint8_t nobody[HASH_LEN] = { 0 };
	struct token token;
	struct key key;

	key_generate(&key);
	make_token(t, &token, "orders-1", 60);
	first = use(t, &token, &key);
	start_renewal(t, first.leaf, &key, false, &next);
	server_fixture_run(t, &next.done);
	assert_string_equal(next.err.text, "");
	assert_string_equal(next.identity, first.identity);
	assert_string_equal(next.name, first.name);
	assert_memory_not_equal(next.leaf, first.leaf, HASH_LEN);
	start_renewal(t, nobody, &key, false, &none);
	server_fixture_run(t, &none.done);
	assert_int_equal(none.err.kind, ERR_DENIED);
	key_fini(&key);
	server_fixture_free(t);
}

/* It is no way to a session, nor to anything that its proxy's key is for. */
/* Each is recorded for long and audited for ever. */
TEST(renewals_of_one_workload_have_a_limit)
{
	struct server_fixture *t = server_fixture_new();
	struct use first, other, next = { .err = ERR_INIT };
	struct token token, second;
	struct key key;

	key_generate(&key);
	make_token(t, &token, "orders-1", 60);
	make_token(t, &second, "orders-2", 60);
	first = use(t, &token, &key);
	other = use(t, &second, &key);
	/* A minute may end meanwhile. */
	for (int i = 0; i < 2 * WORKLOAD_LIMIT_CERTIFICATES &&
	    next.err.kind == ERR_NONE; i++) {
		next = (struct use){ .err = ERR_INIT };
		start_renewal(t, first.leaf, &key, i % 2 == 0, &next);
		server_fixture_run(t, &next.done);
	}
	assert_int_equal(next.err.kind, ERR_TOO_MANY);
	assert_in_range(certificates(t), 2 + WORKLOAD_LIMIT_CERTIFICATES,
	    1 + 2 * WORKLOAD_LIMIT_CERTIFICATES);
	next = (struct use){ .err = ERR_INIT };
	start_renewal(t, other.leaf, &key, false, &next);
	server_fixture_run(t, &next.done);
	assert_string_equal(next.err.text, "");
	key_fini(&key);
	server_fixture_free(t);
}

TEST(certificate_of_an_application_leads_to_no_other)
{
	struct server_fixture *t = server_fixture_new();
	struct use proxy, app = { .err = ERR_INIT }, next = app, same = app;
	struct token token;
	struct key key, second;

	key_generate(&key);
	key_generate(&second);
	make_token(t, &token, "orders-1", 60);
	proxy = use(t, &token, &key);
	assert_true(proxy.has_workload);
	start_renewal(t, proxy.leaf, &second, true, &app);
	server_fixture_run(t, &app.done);
	assert_string_equal(app.err.text, "");
	assert_string_equal(app.identity, proxy.identity);
	assert_false(app.has_workload);
	start_renewal(t, app.leaf, &second, false, &next);
	server_fixture_run(t, &next.done);
	assert_int_equal(next.err.kind, ERR_DENIED);
	start_renewal(t, app.leaf, &second, true, &same);
	server_fixture_run(t, &same.done);
	assert_int_equal(same.err.kind, ERR_DENIED);
	assert_non_null(strstr(same.err.text, "application's certificate"));
	key_fini(&key);
	key_fini(&second);
	server_fixture_free(t);
}

/* Fault G80: whoever was revoked gets nothing more, except by a new token. */
TEST(renewal_and_tokens_of_a_revoked_identity_are_refused)
{
	struct server_fixture *t = server_fixture_new();
	struct use first, again = { .err = ERR_INIT };
	struct token token, unused;
	struct key key;

	key_generate(&key);
	make_token(t, &token, "orders-1", 60);
	make_token(t, &unused, "orders-2", 60);
	first = use(t, &token, &key);
	revocations_add(t->s->revocations, &(struct revocation_record){
	    .id = slice_str(first.identity), .at = clock_wall_s() });
	start_renewal(t, first.leaf, &key, false, &again);
	server_fixture_run(t, &again.done);
	assert_int_equal(again.err.kind, ERR_DENIED);
	assert_non_null(strstr(again.err.text, "revoked"));
	/* Nor is the certificate given out again, nor another. */
	assert_int_equal(use(t, &token, &key).err.kind, ERR_DENIED);
	assert_int_equal(use(t, &unused, &key).err.kind, ERR_DENIED);
	assert_int_equal(certificates(t), 1);
	key_fini(&key);
	server_fixture_free(t);
}

/* A record of a certificate that ended so long ago. */
static void
record_ended(struct server_fixture *t, uint8_t leaf[HASH_LEN], int64_t ago_s)
{
	struct slice services[] = { SLICE("orders") };
	struct cert_record c = {
		.id = SLICE("spiffe://td/ns/shop/sa/sell"), .serial = SLICE("1"),
		.grant = { .ns = SLICE("shop"), .account = SLICE("sell"),
		    .name = SLICE("orders-1"), .services = services,
		    .services_len = 1 },
		.issued = clock_wall_s() - ago_s - 3600,
		.expires = clock_wall_s() - ago_s,
	};
	struct store_txn *txn = store_txn_new();
	struct str json = { 0 };
	struct arena a;

	arena_init(&a);
	hash_sha256(leaf, slice_of(&ago_s, sizeof(ago_s)));
	cert_record_write(&json, &c);
	store_txn_put(txn, cert_record_key(&a, leaf), str_slice(&json));
	fixture_commit(&t->f, txn);
	str_fini(&json);
	arena_fini(&a);
}

TEST(renewal_of_an_ended_certificate_has_a_window)
{
	static const struct {
		const char *config, *error;	/* NULL: it is renewed */
		int64_t     ago_s;
	} cases[] = {
		{ NULL, NULL, 29 * 86400 },
		{ NULL, "more than 720h ago", 31 * 86400 },
		{ "2h", NULL, 7000 },
		{ "2h", "more than 2h ago", 7300 },
		{ "0s", "has renewAfterExpiry 0s", 60 },
		{ "2160h", NULL, 89 * 86400 },
	};
	struct server_fixture *t = server_fixture_new();
	struct key key;

	log_set_levels("error");
	key_generate(&key);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct use u = { .err = ERR_INIT };
		uint8_t leaf[HASH_LEN];
		char yaml[160];

		snprintf(yaml, sizeof(yaml), "{apiVersion: mesh/v1, kind: "
		    "MeshConfig, metadata: {name: default}, spec: "
		    "{renewAfterExpiry: %s}}", cases[i].config == NULL ? "" :
		    cases[i].config);
		if (cases[i].config != NULL)
			server_fixture_put(t, yaml);
		record_ended(t, leaf, cases[i].ago_s);
		start_renewal(t, leaf, &key, false, &u);
		server_fixture_run(t, &u.done);
		if (cases[i].error == NULL)
			assert_string_equal(u.err.text, "");
		else
			assert_non_null(strstr(u.err.text, cases[i].error));
	}
	key_fini(&key);
	server_fixture_free(t);
}

struct behind {
	bool                  done;
	size_t                n;
	char                  one[64];
	enum left_behind_kind kind;
};

static void
on_behind(void *ctx, const struct left_behind *b)
{
	struct behind *x = ctx;

	x->done = true;
	x->n = b->n;
	x->one[0] = '\0';
	if (b->n == 0)
		return;
	snprintf(x->one, sizeof(x->one), "%s", b->v[0].name);
	x->kind = b->v[0].kind;
}

static struct behind
look_behind(struct server_fixture *t)
{
	struct behind b = { 0 };

	left_behind_look(t->s, on_behind, &b);
	server_fixture_run(t, &b.done);
	return b;
}

/* Whom the end of the old root would shut out, until it has renewed. */
TEST(who_has_a_certificate_of_the_ca_before_is_left_behind)
{
	struct server_fixture *t = server_fixture_new();
	struct cert_record old = { .id = SLICE("spiffe://td/ns/shop/sa/sell"),
	    .grant = { .ns = SLICE("shop"), .account = SLICE("sell"),
	    .name = SLICE("orders-1") }, .issuer = SLICE("00ff") };
	struct store_txn *txn = store_txn_new();
	struct use u = { .err = ERR_INIT };
	struct str json = { 0 };
	struct token token;
	struct behind b;
	struct key key;

	key_generate(&key);
	make_token(t, &token, "orders-2", 60);
	use(t, &token, &key);
	assert_int_equal(look_behind(t).n, 0);
	old.issued = clock_wall_s() - 100;
	old.expires = clock_wall_s() + 100;
	cert_record_write(&json, &old);
	store_txn_put(txn, SLICE(STORE_CERTIFICATES "aa"), str_slice(&json));
	fixture_commit(&t->f, txn);
	b = look_behind(t);
	assert_int_equal(b.n, 1);
	assert_string_equal(b.one, "shop/orders-1");
	/* It renews: what it had before is of no concern. */
	make_token(t, &token, "orders-1", 60);
	start_use(t, &token, &key, &u);
	server_fixture_run(t, &u.done);
	assert_string_equal(u.err.text, "");
	assert_int_equal(look_behind(t).n, 0);
	key_fini(&key);
	str_fini(&json);
	server_fixture_free(t);
}
