#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "conf/json.h"
#include "modes/proxy/agent_fixture_test.h"
#include "modes/proxy/agent_join.h"
#include "pki/csr.h"
#include "pki/root_test.h"

static void
token_for_authority(struct token *t)
{
	struct bundle *b = bundle_new(SLICE("td"));
	uint8_t hash[HASH_LEN];
	struct err err = ERR_INIT;

	assert_int_equal(bundle_add_pem(b,
	    str_slice(&authority_make()->bundle_pem), &err), 0);
	bundle_hash(b, hash);
	bundle_unref(b);
	token_make(t, hash);
}

/* --- the token's file -------------------------------------------------- */

static char *
file_with(const char *text)
{
	char *path = mem_strdup("/tmp/mesh-token-XXXXXX");
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static int
read_text(const char *before, const struct str *token, const char *after,
    struct token *out, struct err *err)
{
	char *text = mem_printf("%s%s%s", before, token->ptr, after);
	char *path = file_with(text);
	int result = agent_join_read_token(path, out, err);

	unlink(path);
	mem_free(path);
	mem_free(text);
	return result;
}

TEST(join_token_is_read_with_the_line_end_of_an_editor)
{
	struct token t, got;
	struct str text = { 0 };
	struct err err = ERR_INIT;

	token_for_authority(&t);
	token_add(&text, &t);
	assert_int_equal(read_text("", &text, "", &got, &err), 0);
	assert_memory_equal(got.secret, t.secret, TOKEN_SECRET_LEN);
	assert_int_equal(read_text("", &text, "\n", &got, &err), 0);
	assert_int_equal(read_text(" ", &text, " \r\n\n", &got, &err), 0);
	assert_int_equal(read_text("", &text, "x", &got, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_null(strstr(err.text, text.ptr));
	assert_int_equal(read_text("", &text, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
	    "second line", &got, &err), 0);
	str_fini(&text);
}

TEST(join_token_that_everybody_could_use_is_refused)
{
	static const struct {
		mode_t mode;
		bool   ok;
	} cases[] = {
		{ 0600, true }, { 0400, true }, { 0640, true }, { 0644, false },
		{ 0604, false }, { 0602, false },
	};
	struct token t, got;
	struct str text = { 0 };
	struct err err = ERR_INIT;

	token_for_authority(&t);
	token_add(&text, &t);
	char *path = file_with(str_ptr(&text));

	unsetenv("CREDENTIALS_DIRECTORY");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(chmod(path, cases[i].mode), 0);
		assert_int_equal(agent_join_read_token(path, &got, &err),
		    cases[i].ok ? 0 : -1);
	}
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "has mode 0602"));
	/* Whoever made that directory answers for it. */
	setenv("CREDENTIALS_DIRECTORY", "/tmp", 1);
	assert_int_equal(agent_join_read_token(path, &got, &err), 0);
	unsetenv("CREDENTIALS_DIRECTORY");
	unlink(path);
	mem_free(path);
	str_fini(&text);
}

TEST(join_token_comes_from_the_credentials_directory)
{
	struct token got;
	struct err err = ERR_INIT;

	unsetenv("CREDENTIALS_DIRECTORY");
	assert_int_equal(agent_join_read_token(NULL, &got, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(err.text, "--token-file"));
	setenv("CREDENTIALS_DIRECTORY", "/nowhere", 1);
	assert_int_equal(agent_join_read_token(NULL, &got, &err), -1);
	assert_string_equal(err.text,
	    "there is no join token at /nowhere/join-token");
	unsetenv("CREDENTIALS_DIRECTORY");
}

/* --- whom we talk to ------------------------------------------------------ */

TEST(join_knows_control_by_the_hash_of_its_roots)
{
	struct str chain = authority_shown("spiffe://td/control");
	struct token t;
	char domain[SPIFFE_DOMAIN_MAX + 1];
	struct str roots = { 0 }, two = { 0 };
	struct err err = ERR_INIT;

	token_for_authority(&t);
	assert_int_equal(agent_join_check_bundle(&t,
	    str_slice(&authority_make()->bundle_pem), str_slice(&chain),
	    domain, &roots, &err), 0);
	assert_string_equal(domain, "td");
	assert_string_equal(roots.ptr, authority_make()->bundle_pem.ptr);
	/* A root that came after the token is not trusted by its word. */
	str_clear(&roots);
	root_add_pem(&two, "another root", SLICE("td"));
	str_add_slice(&two, str_slice(&authority_make()->bundle_pem));
	assert_int_equal(agent_join_check_bundle(&t, str_slice(&two),
	    str_slice(&chain), domain, &roots, &err), 0);
	assert_string_equal(roots.ptr, authority_make()->bundle_pem.ptr);
	str_fini(&roots);
	str_fini(&two);
	t.roots[31] ^= 1;
	assert_int_equal(agent_join_check_bundle(&t,
	    str_slice(&authority_make()->bundle_pem), str_slice(&chain),
	    domain, &roots, &err), -1);
	assert_int_equal(err.kind, ERR_DENIED);
	assert_non_null(strstr(err.text, "its roots differ"));
	str_fini(&chain);
}

static const struct {
	const char *id;		/* that is shown; NULL: no certificate */
	const char *bundle;	/* NULL: the right one */
	const char *error;
} strangers[] = {
	{ NULL, NULL, "control showed no certificate" },
	{ "spiffe://td/ns/a/sa/b", NULL, "what answers there is not control" },
	{ "spiffe://td/control", "", "trust bundle: " },
	{ "spiffe://td/control", "-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n", "trust bundle: " },
};

TEST(join_ends_before_the_secret_is_said_to_a_stranger)
{
	for (size_t i = 0; i < sizeof(strangers) / sizeof(strangers[0]); i++) {
		struct str chain = { 0 };
		struct token t;
		char domain[SPIFFE_DOMAIN_MAX + 1];
		struct err err = ERR_INIT;
		struct str roots = { 0 };

		if (strangers[i].id != NULL)
			chain = authority_shown(strangers[i].id);
		token_for_authority(&t);
		assert_int_equal(agent_join_check_bundle(&t,
		    strangers[i].bundle != NULL ?
		    slice_str(strangers[i].bundle) :
		    str_slice(&authority_make()->bundle_pem), str_slice(&chain),
		    domain, &roots, &err), -1);
		assert_int_equal(err.kind, ERR_DENIED);
		assert_int_equal(strncmp(err.text, strangers[i].error,
		    strlen(strangers[i].error)), 0);
		str_fini(&chain);
	}
}

TEST(join_survives_a_chain_that_is_cut_anywhere)
{
	struct str chain = authority_shown("spiffe://td/control");
	struct token t;
	char domain[SPIFFE_DOMAIN_MAX + 1];

	token_for_authority(&t);
	for (size_t len = 0; len < chain.len; len++) {
		struct err err = ERR_INIT;
		struct str roots = { 0 };

		assert_int_equal(agent_join_check_bundle(&t,
		    str_slice(&authority_make()->bundle_pem),
		    slice_of(chain.ptr, len), domain, &roots, &err), -1);
	}
	str_fini(&chain);
}

/* --- what is said --------------------------------------------------------- */

TEST(join_asks_with_token_csr_and_what_the_workload_is)
{
	static struct conf_pair pairs[] = { { "app", "web" },
		{ "tier", "a\"b" } };
	const struct conf_pairs labels = { pairs, 2 };
	const struct agent_join_request r = { .service = "shop/web",
	    .zone = "z1", .labels = &labels };
	struct str body = { 0 }, text = { 0 };
	struct arena a;
	struct token t;
	struct key key;
	struct err err = ERR_INIT;
	struct pem pem;
	uint8_t der[CSR_MAX], point[KEY_POINT_LEN];

	arena_init(&a);
	token_for_authority(&t);
	token_add(&text, &t);
	key_generate(&key);
	agent_join_body(&body, &t, &key, &r);
	struct conf_node *n = conf_json_read(&a, str_slice(&body), "body", &err);

	assert_non_null(n);
	assert_string_equal(conf_get_string(n, "token"), text.ptr);
	assert_string_equal(conf_get_string(n, "service"), "shop/web");
	assert_string_equal(conf_string(conf_find(n, "workload.zone")), "z1");
	assert_string_equal(conf_string(conf_find(n, "workload.labels.tier")),
	    "a\"b");
	struct slice csr = slice_str(conf_get_string(n, "csr"));

	assert_int_equal(pem_next(&csr, &pem, &err), 1);
	ptrdiff_t len = pem_decode(&pem, der, sizeof(der));

	assert_true(len > 0);
	assert_int_equal(csr_parse(point, slice_of(der, (size_t)len), &err), 0);
	assert_memory_equal(point, key.point, KEY_POINT_LEN);
	str_clear(&body);
	agent_join_body(&body, NULL, &key, NULL);
	n = conf_json_read(&a, str_slice(&body), "body", &err);
	assert_int_equal(conf_len(n), 1);
	assert_non_null(conf_get_string(n, "csr"));
	str_fini(&body);
	str_fini(&text);
	arena_fini(&a);
}

TEST(join_takes_the_identity_for_its_own_key_only)
{
	static const char *const dns[] = { "web-1.shop.workload.mesh", NULL };
	int64_t now = clock_wall_s();
	struct key key, other;
	struct str body = { 0 }, bundle = { 0 };
	struct err err = ERR_INIT;

	key_generate(&key);
	key_generate(&other);
	struct str chain = authority_chain(&key, "spiffe://td/ns/shop/sa/web",
	    dns, now - 60, now + 60);

	str_add(&body, "{\"chain\":");
	str_add_json(&body, str_slice(&chain));
	str_add(&body, ",\"bundle\":\"roots\"}");
	str_add(&bundle, "old");
	assert_null(agent_join_read_answer(str_slice(&body), &other, &bundle, &err));
	assert_string_equal(bundle.ptr, "old");
	struct agent_identity *i = agent_join_read_answer(str_slice(&body), &key,
	    &bundle, &err);

	assert_non_null(i);
	assert_string_equal(i->workload, "web-1");
	assert_string_equal(bundle.ptr, "roots");
	agent_identity_free(i);
	assert_null(agent_join_read_answer(SLICE("{}"), &key, &bundle, &err));
	assert_string_equal(err.text, "control's answer has no chain");
	assert_null(agent_join_read_answer(SLICE("not json"), &key, &bundle, &err));
	str_fini(&chain);
	str_fini(&body);
	str_fini(&bundle);
}
