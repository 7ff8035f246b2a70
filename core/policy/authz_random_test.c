#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/unit.h"
#include "conf/json.h"
#include "policy/authz_test.h"

/* Policies and facts by chance, the same each time, held against the oracle. */
static uint64_t seed = 88172645463325252u;

static unsigned
below(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

#define PICK(words)	words[below(sizeof(words) / sizeof(words[0]))]

static const char *const principals[] = { "'*'", "td/ns/a/sa/x",
	"spiffe://td/ns/b/sa/y", "'td/ns/a/*'", "'*/sa/x'", "td/ns/b/sa/x" };
static const char *const namespaces[] = { "a", "b", "'*'", "'b*'", "'*c'" };
static const char *const accounts[] = { "x", "a/x", "b/y", "b/x" };
static const char *const blocks[] = { "10.0.0.0/8", "10.1.0.0/17", "192.0.2.1",
	"2001:db8::/33", "0.0.0.0/0" };
static const char *const domains[] = { "td", "'*'", "other", "'t*'" };
static const char *const hosts[] = { "web.a", "'*.a'", "'web*'", "'WEB.b:81'",
	"'*'" };
static const char *const ports[] = { "'80'", "'81'", "'8080'" };
static const char *const methods[] = { "GET", "POST", "'P*'", "'*'" };
static const char *const paths[] = { "/", "/a", "'/a/*'", "'*/b'", "'/{*}'",
	"'/a/{**}'", "'/{*}/b/{**}'", "'/a/{*}/c'", "'*'", "'/{**}/c'" };
static const char *const tokens[] = { "'*'", "i/s" };
static const char *const snis[] = { "web", "'w*'", "''" };

static const struct {
	const char        *word;
	const char *const *values;
	size_t             len;
} lists[] = {
#define ROW(word, values) { word, values, sizeof(values) / sizeof(values[0]) }
	ROW("rincipals", principals), ROW("amespaces", namespaces),
	ROW("pBlocks", blocks), ROW("emoteIpBlocks", blocks),
	ROW("rustDomains", domains), ROW("equestPrincipals", tokens),
	ROW("erviceAccounts", accounts),
	ROW("osts", hosts), ROW("orts", ports), ROW("ethods", methods),
	ROW("aths", paths),
};
static const char first_letters[] = "pnirtrs" "hpmp";

static void
add_values(struct str *s, const char *const *v, size_t len)
{
	unsigned n = 1 + below(3);

	str_add_char(s, '[');
	for (unsigned i = 0; i < n; i++)
		str_addf(s, "%s%s", i > 0 ? ", " : "", v[below((unsigned)len)]);
	str_add_char(s, ']');
}

static void
add_terms(struct str *s, size_t from, size_t to)
{
	unsigned n = 1 + below(2), used = 0;

	str_add_char(s, '{');
	for (unsigned i = 0; i < n; i++) {
		size_t k = from + below((unsigned)(to - from));
		bool not = below(4) == 0;
		unsigned bit = 1u << (k * 2 + not);

		if ((used & bit) != 0)
			continue;
		used |= bit;
		str_addf(s, "%s%s%c%s: ", i > 0 ? ", " : "", not ? "not" : "",
		    not ? first_letters[k] - 32 : first_letters[k],
		    lists[k].word);
		add_values(s, lists[k].values, lists[k].len);
	}
	str_add_char(s, '}');
}

static void
add_sides(struct str *s, const char *list, const char *word, size_t from,
    size_t to)
{
	unsigned n = below(3);

	if (n == 0)
		return;
	str_addf(s, "%s: [", list);
	for (unsigned i = 0; i < n; i++) {
		str_addf(s, "%s{%s: ", i > 0 ? ", " : "", word);
		/* Accounts stand alone; so they go by themselves. */
		if (from == 0 && below(5) == 0)
			add_terms(s, 6, 7);
		else
			add_terms(s, from, from == 0 ? 6 : to);
		str_add_char(s, '}');
	}
	str_add(s, "], ");
}

static void
add_when(struct str *s)
{
	static const struct {
		const char        *key;
		const char *const *values;
		size_t             len;
	} keys[] = {
		ROW("'request.headers[x-a]'", methods), ROW("source.ip", blocks),
		ROW("'request.headers[X-B]'", namespaces),
		ROW("source.namespace", namespaces), ROW("remote.ip", blocks),
		ROW("source.principal", principals), ROW("connection.sni", snis),
		ROW("destination.port", ports), ROW("destination.ip", blocks),
		ROW("request.auth.presenter", tokens),
		ROW("request.auth.audiences", tokens),
		ROW("'request.auth.claims[a][b]'", tokens),
		ROW("request.auth.principal", tokens),
	};
	unsigned n = below(3), k;

	if (n == 0)
		return;
	str_add(s, "when: [");
	for (unsigned i = 0; i < n; i++) {
		k = below(sizeof(keys) / sizeof(keys[0]));
		if (strcmp(keys[k].key, "connection.sni") == 0)
			str_addf(s, "%s{key: %s, %s: [web, 'w*']}", i > 0 ? ", " :
			    "", keys[k].key, below(3) ? "values" : "notValues");
		else {
			str_addf(s, "%s{key: %s, %s: ", i > 0 ? ", " : "",
			    keys[k].key, below(3) ? "values" : "notValues");
			add_values(s, keys[k].values, keys[k].len);
			str_add_char(s, '}');
		}
	}
	str_add_char(s, ']');
}

static struct model_object *
random_policy(size_t number)
{
	static const char *const actions[] = { "ALLOW", "ALLOW", "DENY", "AUDIT",
		"CUSTOM, provider: {name: p}", "CUSTOM, provider: {name: q}" };
	static const char *const more[] = {
#define ASK(name) "CUSTOM, provider: {name: " name "}"
		ASK("a"), ASK("b"), ASK("c"), ASK("d"), ASK("e"), ASK("f"),
		ASK("g"), ASK("h"),
#undef ASK
	};
	struct str s = { 0 };
	unsigned n = 1 + below(3);
	const char *action = PICK(actions);

	if (number % 8 == 7)	/* in a large set more than can be asked */
		action = more[number / 8 % 8];
	str_addf(&s, "apiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: p%03zu, namespace: %s%s}\n"
	    "spec: {action: %s, rules: [", number, PICK(namespaces) == namespaces[0]
	    ? "a" : "b", below(5) == 0 ? ", annotations: {istio.io/dry-run: "
	    "'true'}" : "", action);
	for (unsigned i = 0; i < n; i++) {
		str_addf(&s, "%s{", i > 0 ? ", " : "");
		add_sides(&s, "from", "source", 0, 7);
		add_sides(&s, "to", "operation", 7, 11);
		add_when(&s);
		str_add_char(&s, '}');
	}
	str_add(&s, "]}\n");
	struct model_object *o = object_from(str_ptr(&s));

	str_fini(&s);
	return o;
}

/* Gives one of a few, or NULL. */
static const struct authz_token *
random_token(void)
{
	static const char *const texts[] = {
		"{\"azp\":\"i/s\",\"aud\":[\"x\",\"i/s\"]}",
		"{\"aud\":\"i/s\",\"a\":{\"b\":[\"i/s\",1]}}",
		"{\"azp\":\"\",\"a\":{\"b\":\"x\"},\"aud\":[]}",
	};
	static const char *const principals_of[] = { "i/s", "i/t", NULL };
	static struct authz_token v[3];
	static struct arena memory;
	struct err err = ERR_INIT;
	unsigned i = below(4);

	if (i == 3)
		return NULL;
	if (v[i].claims == NULL)
		v[i] = (struct authz_token){ slice_str(principals_of[i]),
		    conf_json_read(&memory, slice_str(texts[i]), "t", &err) };
	assert_non_null(v[i].claims);
	return &v[i];
}

static struct slice
random_header(void *arg, struct slice name)
{
	const char *const *v = arg;

	return slice_is(name, "x-a") ? slice_str(v[0]) : slice_is(name, "x-b") ?
	    slice_str(v[1]) : SLICE_NONE;
}

static void
random_facts(struct authz_facts *f, const char *headers[2])
{
	static const char *const ids[] = { "spiffe://td/ns/a/sa/x",
		"spiffe://td/ns/b/sa/y", "spiffe://other/ns/bc/sa/x", "",
		"spiffe://td/ns/b/sa/x" };
	static const char *const ips[] = { "10.1.2.3", "10.200.0.1", "192.0.2.1",
		"2001:db8::5", "2001:db8:8000::1" };
	static const char *const real_methods[] = { "GET", "POST", "PUT" };
	static const char *const real_paths[] = { "/", "/a", "/a/b", "/x/b/y",
		"/a/x/c", "/a/b/c", "/c" };
	static const char *const real_hosts[] = { "web.a", "web.b", "api.a" };
	static const char *const values[] = { NULL, "GET", "a", "bc", "" };
	static char authority[32];
	const char *host = PICK(real_hosts);

	headers[0] = PICK(values);
	headers[1] = PICK(values);
	snprintf(authority, sizeof(authority), "%s:%d", host, 80 +
	    (int)below(2));
	*f = (struct authz_facts){
		.id = slice_str(PICK(ids)), .port = (uint16_t)(80 + below(3)),
		.app_port = below(2) ? 8080 : 0, .sni = SLICE("web"),
		.is_http = below(5) > 0, .header = random_header,
		.header_arg = (void *)headers,
	};
	f->is_foreign = slice_has_prefix(f->id, SLICE("spiffe://other/"));
	authz_ip_read(slice_str(PICK(ips)), &f->source);
	authz_ip_read(slice_str(PICK(ips)), &f->remote);
	if (below(2))
		authz_ip_read(slice_str(PICK(ips)), &f->destination);
	if (!f->is_http)
		return;
	f->method = slice_str(PICK(real_methods));
	f->path = slice_str(PICK(real_paths));
	f->host = slice_str(host);
	f->authority = slice_str(authority);
	f->token = random_token();
}

static void
expect_same(const struct authz_answer *got, const struct authz_answer *wanted,
    struct model_object *const *o, size_t n)
{
	bool same = got->is_denied == wanted->is_denied &&
	    (got->policy == NULL) == (wanted->policy == NULL) &&
	    (got->policy == NULL || (strcmp(got->policy, wanted->policy) == 0 &&
	    got->rule == wanted->rule));

	if (same)
		return;
	for (size_t i = 0; i < n; i++) {
		struct str s = { 0 };

		conf_json_write(&s, o[i]->node);
		print_message("%s\n", str_ptr(&s));
		str_fini(&s);
	}
	fail_msg("%d by %s %d, wanted %d by %s %d", got->is_denied,
	    got->policy ? got->policy : "-", got->rule, wanted->is_denied,
	    wanted->policy ? wanted->policy : "-", wanted->rule);
}

static void
expect_same_asks(const struct authz_verdict *got,
    const struct authz_verdict *wanted)
{
	assert_int_equal(got->asks_len, wanted->asks_len);
	for (size_t i = 0; i < got->asks_len; i++) {
		assert_string_equal(got->asks[i].provider,
		    wanted->asks[i].provider);
		assert_string_equal(got->asks[i].policy, wanted->asks[i].policy);
		assert_int_equal(got->asks[i].rule, wanted->asks[i].rule);
	}
}

#define ROUNDS	1200
#define EACH	30

TEST(authz_decides_as_the_documents_read)
{
	static const enum authz_default words[] = { AUTHZ_DENY_ALL,
		AUTHZ_ALLOW_ALL, AUTHZ_ALLOW_IDENTITIES, AUTHZ_ALLOW_OWN };
	size_t denied = 0, named = 0, asked = 0, full = 0;

	for (int round = 0; round < ROUNDS; round++) {
		/* Now and then more rules than a word, or a list, has bits. */
		size_t n = round % 100 == 0 ? 60 : below(7);
		enum authz_default d = PICK(words);
		struct model_object *o[64];
		struct authz *z;

		for (size_t i = 0; i < n; i++)
			o[i] = random_policy(i);
		/* Equal in age, they go by namespace and name. */
		for (size_t i = 1; i < n; i++)
			for (size_t k = i; k > 0 && model_object_by_age(o[k - 1],
			    o[k]) > 0; k--) {
				struct model_object *t = o[k];

				o[k] = o[k - 1];
				o[k - 1] = t;
			}
		z = authz_new(o, n, d, NULL);
		for (int i = 0; i < EACH; i++) {
			const char *headers[2];
			struct authz_facts f;
			struct authz_verdict got, wanted;

			random_facts(&f, headers);
			authz_decide(z, &f, &got);
			oracle_decide(o, n, d, &f, &wanted);
			expect_same(&got.answer, &wanted.answer, o, n);
			if (got.is_dry)
				expect_same(&got.dry, &wanted.dry, o, n);
			expect_same_asks(&got, &wanted);
			if (got.asks_len > 0)
				assert_true(authz_unasked(&got).is_denied);
			asked += got.asks_len > 0;
			full += got.asks_len == AUTHZ_ASKS_MAX;
			denied += got.answer.is_denied;
			named += got.answer.policy != NULL;
		}
		authz_unref(z);
		for (size_t i = 0; i < n; i++)
			model_object_unref(o[i]);
	}
	/* The random documents say yes and no, by name and by default. */
	assert_in_range(denied, ROUNDS * EACH / 10, ROUNDS * EACH * 9 / 10);
	assert_in_range(asked, ROUNDS * EACH / 20, ROUNDS * EACH * 9 / 10);
	assert_in_range(full, 10, ROUNDS * EACH / 10);
	assert_in_range(named, ROUNDS * EACH / 10, ROUNDS * EACH * 9 / 10);
}
