#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "conf/json.h"
#include "modes/proxy/agent_join.h"
#include "pki/csr.h"
#include "pki/pem.h"
#include "pki/spiffe.h"

struct agent_join {
	struct agent_join_request  request;
	struct token         token;	/* without a host */
	struct agent_host   *host;
	struct key           key;
	struct str           bundle_pem;
	char                *expected_id;
	struct tls_identity *trust;	/* the bundle, without a certificate */
	struct agent_call   *call;
	struct loop_task     start;
	void               (*done)(void *, struct agent_join_result *);
	void                *arg;
};

/* --- the token ----------------------------------------------------------- */

/* Where a service manager puts credentials it guards them too: systemd.exec(5). */
bool
agent_join_is_guarded(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	struct slice at = slice_str(path);

	return slice_has_prefix(at, SLICE("/run/credentials/")) ||
	    (dir != NULL && *dir != '\0' &&
	    slice_has_prefix(at, slice_str(dir)) && path[strlen(dir)] == '/');
}

static int
check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return err_errno(err, "join token %s", path);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 07) == 0 || agent_join_is_guarded(path))
		return 0;
	return err_set(err, ERR_CONFIG, "join token %s has mode %04o, which lets "
	    "everybody on this machine use it: chmod 600, or 640 for a group",
	    path, (unsigned)st.st_mode & 07777);
}

static int
read_token_file(const char *path, char *text, size_t cap, size_t *len,
    struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND,
		    "there is no join token at %s", path);
	if (fd < 0)
		return err_errno(err, "join token %s", path);
	ssize_t n = -1;

	if (check_mode(fd, path, err) == 0 && (n = read(fd, text, cap)) < 0)
		err_errno(err, "join token %s", path);
	close(fd);
	*len = n < 0 ? 0 : (size_t)n;
	return n < 0 ? -1 : 0;
}

static int
read_token_at(const char *path, struct token *t, struct err *err)
{
	/* A token and some line ends; what comes later is not looked at. */
	char text[TOKEN_TEXT_LEN + 16];
	size_t len = 0;

	if (read_token_file(path, text, sizeof(text), &len, err) != 0)
		return -1;
	struct slice s = slice_of(text, len);

	while (s.len > 0 && (s.ptr[s.len - 1] == '\n' ||
	    s.ptr[s.len - 1] == '\r'))
		s.len--;
	bool ok = token_parse(t, slice_trim(s));

	mem_wipe(text, sizeof(text));
	return ok ? 0 : err_set(err, ERR_CONFIG,
	    "%s holds no join token (mesh1...)", path);
}

int
agent_join_read_token(const char *path, struct token *t, struct err *err)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");

	if (path != NULL)
		return read_token_at(path, t, err);
	if (dir == NULL)
		return err_set(err, ERR_NOT_FOUND, "a join token is needed: "
		    "--token-file, or the credential join-token");
	char *at = mem_printf("%s/join-token", dir);
	int result = read_token_at(at, t, err);

	mem_free(at);
	return result;
}

/* --- what is said -------------------------------------------------------- */

/* The trust domain of the first certificate, which must be control's. */
static int
domain_of(struct slice chain, char domain[SPIFFE_DOMAIN_MAX + 1],
    struct err *err)
{
	const unsigned char *p = (const unsigned char *)chain.ptr;
	struct cert leaf;
	struct spiffe id;

	if (chain.len < 4)
		return err_set(err, ERR_DENIED, "control showed no certificate");
	size_t len = (size_t)p[0] << 24 | (size_t)p[1] << 16 |
	    (size_t)p[2] << 8 | p[3];

	if (len > chain.len - 4)
		len = chain.len - 4;
	if (cert_parse(&leaf, slice_of(chain.ptr + 4, len), err) != 0) {
		err->kind = ERR_DENIED;
		return err_wrap(err, "control's certificate");
	}
	if (leaf.uris != 1 || !spiffe_parse(&id, leaf.uri) ||
	    id.kind != SPIFFE_CONTROL)
		return err_set(err, ERR_DENIED,
		    "what answers there is not control");
	memcpy(domain, id.domain.ptr, id.domain.len);
	domain[id.domain.len] = '\0';
	return 0;
}

static bool
is_promised(const struct token *t, const struct bundle *b)
{
	uint8_t hash[HASH_LEN];

	bundle_hash(b, hash);
	return hash_equal(slice_of(hash, HASH_LEN),
	    slice_of(t->roots, HASH_LEN));
}

/*
 * All of them, or the one that there was when the token was made: roots are
 * added while tokens are on their way.
 */
static bool
find_roots(const struct token *t, const struct bundle *b, struct str *pem)
{
	bool is_found = is_promised(t, b);

	if (is_found)
		bundle_pem(pem, b);
	for (size_t i = 0; i < b->len && !is_found; i++) {
		struct bundle *one = bundle_new(b->domain);
		struct err err;

		is_found = bundle_add(one, b->roots[i].der, &err) == 0 &&
		    is_promised(t, one);
		if (is_found)
			bundle_pem(pem, one);
		bundle_unref(one);
	}
	return is_found;
}

int
agent_join_check_bundle(const struct token *t, struct slice bundle_pem,
    struct slice chain, char domain[SPIFFE_DOMAIN_MAX + 1],
    struct str *roots, struct err *err)
{
	if (domain_of(chain, domain, err) != 0)
		return -1;
	struct bundle *b = bundle_new(slice_str(domain));
	int result = bundle_add_pem(b, bundle_pem, err);

	if (result != 0) {
		err->kind = ERR_DENIED;
		err_wrap(err, "trust bundle");
	} else if (!find_roots(t, b, roots)) {
		result = err_set(err, ERR_DENIED, "what answers there is not "
		    "the control that made the join token, or that --ca-hash "
		    "means: its roots differ");
	}
	bundle_unref(b);
	return result;
}

static void
add_workload(struct str *out, const struct agent_join_request *r)
{
	str_add(out, ",\"workload\":{\"labels\":{");
	for (size_t i = 0; r->labels != NULL && i < r->labels->len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		str_add_json(out, slice_str(r->labels->items[i].key));
		str_add_char(out, ':');
		str_add_json(out, slice_str(r->labels->items[i].value));
	}
	str_add_char(out, '}');
	if (r->zone != NULL) {
		str_add(out, ",\"zone\":");
		str_add_json(out, slice_str(r->zone));
	}
	str_add_char(out, '}');
}

void
agent_join_body(struct str *out, const struct token *t, const struct key *key,
    const struct agent_join_request *r)
{
	struct str der = { 0 }, pem = { 0 }, token = { 0 };

	csr_make(&der, key);
	pem_add(&pem, PEM_LABEL_CSR, str_slice(&der));
	key_room_str(out, 4096 + pem.len);	/* the secret is copied once */
	str_add(out, "{\"csr\":");
	str_add_json(out, str_slice(&pem));
	if (t != NULL) {
		key_room_str(&token, TOKEN_TEXT_LEN + 1);
		token_add(&token, t);
		str_add(out, ",\"token\":");
		str_add_json(out, str_slice(&token));
		if (r->service != NULL) {
			str_add(out, ",\"service\":");
			str_add_json(out, slice_str(r->service));
		}
		add_workload(out, r);
	}
	str_add_char(out, '}');
	str_fini(&der);
	str_fini(&pem);
	key_wipe_str(&token);
}

struct agent_identity *
agent_join_read_answer(struct slice body, const struct key *key,
    struct str *bundle_pem, struct err *err)
{
	struct agent_identity *i = NULL;
	struct arena a;

	arena_init(&a);
	const struct conf_node *root = conf_json_read(&a, body, "reply", err);
	const char *chain = conf_get_string(root, "chain");
	const char *bundle = conf_get_string(root, "bundle");

	if (root != NULL && chain == NULL)
		err_set(err, ERR_DATA, "control's answer has no chain");
	if (chain != NULL)
		i = agent_identity_make(key, slice_str(chain), err);
	if (i != NULL && bundle != NULL) {
		str_clear(bundle_pem);
		str_add(bundle_pem, bundle);
	}
	arena_fini(&a);
	return i;
}

/* --- the way there ------------------------------------------------------- */

static void
release(struct agent_join *j)
{
	loop_task_cancel(&j->start);
	token_fini(&j->token);
	agent_host_free(j->host);
	str_fini(&j->bundle_pem);
	tls_identity_unref(j->trust);
	mem_free(j->expected_id);
	secret_free(j, sizeof(*j));
}

static void
finish(struct agent_join *j, struct agent_join_result *result)
{
	j->done(j->arg, result);
	str_fini(&result->bundle_pem);
	release(j);
}

static void
fail(struct agent_join *j, const struct err *err, bool is_final)
{
	struct agent_join_result result = { .err = *err, .is_final = is_final };

	err_wrap(&result.err, "join");
	finish(j, &result);
}

static void
on_joined(void *arg, const struct agent_reply *reply)
{
	struct agent_join *j = arg;
	struct agent_join_result result = { .err = ERR_INIT };

	j->call = NULL;
	if (reply->status != 200) {
		fail(j, &reply->err, reply->is_final);
		return;
	}
	str_add_slice(&result.bundle_pem, str_slice(&j->bundle_pem));
	result.identity = agent_join_read_answer(reply->body, &j->key,
	    &result.bundle_pem, &result.err);
	if (result.identity == NULL)
		err_wrap(&result.err, "join");
	finish(j, &result);
}

/* Control is verified from here on. */
static void
post(struct agent_join *j, const char *target, struct slice body,
    void (*done)(void *, const struct agent_reply *))
{
	const struct agent_call_request r = {
		.dial = { .loop = j->request.loop,
		    .handshaker = j->request.handshaker,
		    .files = j->request.files,
		    .control = j->request.control, .identity = j->trust,
		    .expected_id = j->expected_id },
		.method = "POST", .target = target, .body = body,
	};

	j->call = agent_call_start(&r, done, j);
}

static void
on_challenge(void *arg, const struct agent_reply *reply)
{
	struct agent_join *j = arg;
	struct err err = reply->err;
	struct str body = { 0 };

	j->call = NULL;
	if (reply->status != 200 || agent_host_add_body(&body, j->host,
	    reply->body, j->expected_id, j->request.service, &j->key,
	    &err) != 0)	/* those are others than whose roots we were given */
		fail(j, &err, reply->is_final || err.kind == ERR_DENIED);
	else
		post(j, "/v1/attest", str_slice(&body), on_joined);
	str_fini(&body);
}

static void
ask_for_identity(struct agent_join *j)
{
	struct str body = { 0 };

	if (j->host != NULL) {
		post(j, "/v1/attest/challenge", SLICE("{}"), on_challenge);
		return;
	}
	agent_join_body(&body, &j->token, &j->key, &j->request);
	post(j, "/v1/join", str_slice(&body), on_joined);
	key_wipe_str(&body);
}

/* Who has control's roots asks only for the name of its trust domain. */
static int
check_bundle(struct agent_join *j, const struct agent_reply *reply,
    char domain[SPIFFE_DOMAIN_MAX + 1], struct err *err)
{
	struct token pin = { 0 };

	if (j->host == NULL)
		return agent_join_check_bundle(&j->token, reply->body,
		    reply->peer_chain, domain, &j->bundle_pem, err);
	if (j->host->roots.len > 0) {
		str_add_slice(&j->bundle_pem, str_slice(&j->host->roots));
		return domain_of(reply->peer_chain, domain, err);
	}
	memcpy(pin.roots, j->host->hash, HASH_LEN);
	return agent_join_check_bundle(&pin, reply->body, reply->peer_chain,
	    domain, &j->bundle_pem, err);
}

static void
on_bundle(void *arg, const struct agent_reply *reply)
{
	struct agent_join *j = arg;
	struct err err = ERR_INIT;
	char domain[SPIFFE_DOMAIN_MAX + 1];
	struct str id = { 0 };

	j->call = NULL;
	if (reply->status != 200) {
		fail(j, &reply->err, reply->is_final);
		return;
	}
	if (check_bundle(j, reply, domain, &err) != 0) {
		fail(j, &err, true);
		return;
	}
	spiffe_add_control(&id, slice_str(domain));
	j->expected_id = str_give(&id);
	j->trust = tls_identity_new(SLICE_NONE, SLICE_NONE,
	    str_slice(&j->bundle_pem), domain, 0, &err);
	if (j->trust == NULL) {
		fail(j, &err, true);
		return;
	}
	ask_for_identity(j);
}

/* The key of a join that was interrupted, or a new one. */
static int
take_key(struct agent_join *j, struct err *err)
{
	struct str pem = { 0 };
	int found = state_read(j->request.state, STATE_JOIN_KEY, &pem, err);
	int result = found < 0 ? -1 : 0;

	if (found == 1) {
		result = key_parse(&j->key, str_slice(&pem), err);
	} else if (found == 0) {
		key_generate(&j->key);
		key_pem(&pem, &j->key);
		result = state_write(j->request.state, STATE_JOIN_KEY,
		    str_slice(&pem), err);
	}
	key_wipe_str(&pem);
	return result;
}

static void
on_start(void *arg)
{
	struct agent_join *j = arg;
	struct err err = ERR_INIT;
	const struct agent_call_request r = {
		.dial = { .loop = j->request.loop,
		    .handshaker = j->request.handshaker,
		    .files = j->request.files,
		    .control = j->request.control },
		.method = "GET", .target = "/v1/trust-bundle?format=pem",
	};

	if (take_key(j, &err) != 0) {
		fail(j, &err, true);
		return;
	}
	j->call = agent_call_start(&r, on_bundle, j);
}

struct agent_join *
agent_join_start(const struct agent_join_request *r, const struct token *t,
    void (*done)(void *, struct agent_join_result *), void *arg)
{
	struct agent_join *j = secret_alloc(sizeof(*j));

	j->request = *r;
	j->host = r->host;
	if (t != NULL)
		j->token = *t;
	j->done = done;
	j->arg = arg;
	loop_task_init(&j->start, on_start, j);
	loop_defer_next(r->loop, &j->start);
	return j;
}

void
agent_join_cancel(struct agent_join *j)
{
	if (j == NULL)
		return;
	agent_call_cancel(j->call);
	release(j);
}
