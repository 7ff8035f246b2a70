#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "pki/cert_key.h"
#include "pki/distrust.h"
#include "tls/handshake.h"
#include "tls/member.h"

static void
text_copy(char *to, size_t cap, struct slice s)
{
	size_t len = s.len < cap ? s.len : cap - 1;

	memcpy(to, s.ptr, len);
	memset(to + len, 0, cap - len);
}

/* --- chains ------------------------------------------------------------ */

/* First contact of a join: the caller checks the chain. */
static enum distrust
keep_chain(struct tls_handshake *h, const struct slice *certs, size_t n,
    struct cert *leaf)
{
	struct tls_result *r = &h->result;
	struct err err = ERR_INIT;
	struct str all = { 0 };

	for (size_t i = 0; i < n; i++) {
		for (int shift = 24; shift >= 0; shift -= 8)
			str_add_char(&all, (char)(certs[i].len >> shift));
		str_add_slice(&all, certs[i]);
	}
	mem_free(r->peer_chain);
	r->peer_chain_len = all.len;
	r->peer_chain = (unsigned char *)str_give(&all);
	if (cert_parse(leaf, certs[0], &err) < 0)
		return DISTRUST_MALFORMED;
	return leaf->key_kind == CERT_KEY_P256 ? DISTRUST_NONE : DISTRUST_KEY;
}

static enum distrust
judge_chain(struct tls_handshake *h, const struct slice *certs, size_t n,
    struct cert *leaf)
{
	struct member_judgement j = { .id = { .kind = SPIFFE_OTHER } };
	enum distrust why;

	if (h->request.identity == NULL)
		return DISTRUST_UNKNOWN_ISSUER;
	why = member_judge(&h->request, &h->thread->memo, certs, n, &j);
	*leaf = j.leaf;
	if (why == DISTRUST_NONE && j.id.text.len >= sizeof(h->peer.id))
		why = DISTRUST_BAD_ID;
	if (why == DISTRUST_NONE) {
		text_copy(h->peer.id, sizeof(h->peer.id), j.id.text);
		hash_sha256(h->peer.root_hash, j.root->spki);
	}
	return why;
}

/* A member of the mesh, or of one that we federate with. */
static enum distrust
judge_member(struct tls_handshake *h, const struct slice *certs, size_t n,
    struct cert *leaf, struct pubkey *key)
{
	enum distrust why;

	if (h->request.verify_none && !h->request.is_server)
		why = keep_chain(h, certs, n, leaf);
	else
		why = judge_chain(h, certs, n, leaf);
	if (why == DISTRUST_NONE && !cert_key_get(key, leaf))
		why = DISTRUST_KEY;
	return why;
}

/* Of a trust domain that the server asks for, or somebody of the web. */
static enum distrust
judge_client(struct tls_handshake *h, const struct slice *certs, size_t n,
    struct cert *leaf, struct pubkey *key)
{
	const struct tls_clients *c = h->request.clients;
	struct slice domain = n == 0 ? SLICE_NONE : member_claims(certs[0]);

	return domain.ptr != NULL && clients_has_domain(c, domain) ?
	    judge_member(h, certs, n, leaf, key) :
	    clients_judge(c, certs, n, leaf, key);
}

/* A server outside that no trust domain vouches for. */
static bool
is_stranger(const struct tls_request *q)
{
	return q->outside != NULL && q->outside->domain.len == 0;
}

static bool
on_chain(void *owner, const struct slice *certs, size_t n,
    struct pubkey *key)
{
	struct tls_handshake *h = owner;
	const struct tls_outside *outside = h->request.outside;
	const struct tls_clients *clients = h->request.clients;
	struct cert leaf;

	h->distrust = is_stranger(&h->request) ?
	    outside_judge(outside, certs, n, &leaf, key) : clients != NULL ?
	    judge_client(h, certs, n, &leaf, key) :
	    judge_member(h, certs, n, &leaf, key);
	if (h->distrust != DISTRUST_NONE) {
		h->peer.id[0] = '\0';
		return false;
	}
	h->peer.not_before = leaf.not_before;
	h->peer.not_after = leaf.not_after;
	hash_sha256(h->peer.cert_hash, leaf.der);
	h->is_vouched = clients != NULL;
	if (h->is_vouched)
		clients_describe(&leaf, &h->subject, &h->names);
	if (is_stranger(&h->request))	/* our trust bundle said nothing about it */
		h->peer.bundle_generation = UINT64_MAX;
	else if (h->request.identity != NULL)
		h->peer.bundle_generation = h->request.identity->generation;
	return true;
}

/* --- sessions ---------------------------------------------------------- */

/* What strangers see is of no generation. */
static uint64_t
own_generation(const struct tls_handshake *h)
{
	return h->shown != NULL ? 0 : h->request.identity->generation;
}

static const unsigned char *
own_hash(const struct tls_handshake *h)
{
	return h->shown != NULL ? h->shown->hash : h->request.identity->hash;
}

static bool
is_good(const struct tls_handshake *h, const struct session *s)
{
	return session_is_good(s, clock_wall_s(), own_generation(h),
	    own_hash(h));
}

/* Between members everybody says what they speak; strangers speak HTTP/1.1. */
static bool
needs_alpn(const struct tls_request *q)
{
	return q->alpn != NULL && q->edge == NULL && q->outside == NULL;
}

static void
sni_lower(char *to, size_t cap, struct slice sni)
{
	text_copy(to, cap, sni);
	for (; *to != '\0'; to++)
		if (*to >= 'A' && *to <= 'Z')
			*to = (char)(*to - 'A' + 'a');
}

/*
 * BearSSL asks before it knows what the client wants; hello knows.  (With
 * another protocol it would go on and read behind its list of names.)
 */
static bool
session_load(void *owner, br_ssl_session_parameters *p)
{
	struct tls_handshake *h = owner;
	const struct tls_request *q = &h->request;
	char sni[CONN_SNI_MAX] = "";
	const char *alpn;
	struct session s;

	if (h->hello == NULL || q->clients != NULL ||
	    !session_cache_get(h->owner->server_sessions, p->session_id, &s))
		return false;
	if (h->hello->sni.ptr != NULL)
		sni_lower(sni, sizeof(sni), h->hello->sni);
	alpn = hello_choose(h->hello, q->alpn);
	if (!is_good(h, &s) || strcmp(s.sni, sni) != 0 ||
	    strcmp(s.alpn, alpn) != 0 ||
	    (needs_alpn(q) && alpn[0] == '\0') ||
	    (s.id[0] == '\0' && !q->client_cert_optional && q->edge == NULL))
		return false;
	*p = s.params;
	h->known = s;
	return true;
}

/* Letters, digits, hyphens, underscores and dots: it will be in logs. */
static bool
sni_is_clean(const char *sni)
{
	return sni[strspn(sni, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] ==
	    '\0';
}

/* The engine is content; are we? */
static enum tls_failure
accept_peer(const struct tls_handshake *h, bool is_resumed)
{
	const struct tls_request *q = &h->request;
	const struct session *s = &h->peer;

	/*
	 * BearSSL takes a client with a bad certificate for one without, where
	 * that is allowed; a member should hear what is wrong instead.
	 */
	if (h->distrust != DISTRUST_NONE && q->clients == NULL)
		return TLS_FAIL_CERT;
	if (needs_alpn(q) && s->alpn[0] == '\0')
		return TLS_FAIL_NO_ALPN;
	if (q->is_server && q->sni_required && s->sni[0] == '\0')
		return TLS_FAIL_NO_SNI;
	if (!sni_is_clean(s->sni))
		return TLS_FAIL_PROTOCOL;
	/* A resumed session must be for what it was made for. */
	if (is_resumed && (strcmp(h->known.sni, s->sni) != 0 ||
	    strcmp(h->known.alpn, s->alpn) != 0))
		return TLS_FAIL_PROTOCOL;
	return TLS_OK;
}

/* Fills in what belongs to this connection rather than to its peer. */
static void
complete(struct tls_handshake *h, const br_ssl_session_parameters *p)
{
	h->peer.params = *p;
	h->peer.made_at = clock_wall_s();
	memcpy(h->peer.own_hash, own_hash(h), HASH_LEN);
	h->peer.bundle_generation = own_generation(h);
	sni_lower(h->peer.sni, sizeof(h->peer.sni),
	    slice_str(engine_sni(h->engine)));
	text_copy(h->peer.alpn, sizeof(h->peer.alpn),
	    slice_str(engine_alpn(h->engine)));
}

static void
session_save(void *owner, const br_ssl_session_parameters *p)
{
	struct tls_handshake *h = owner;

	if (h->request.clients != NULL)
		return;
	complete(h, p);
	if (accept_peer(h, false) == TLS_OK)
		session_cache_put(h->owner->server_sessions, p->session_id,
		    &h->peer);
}

const struct engine_ops hs_engine_ops = {
	.on_chain = on_chain,
	.session_load = session_load,
	.session_save = session_save,
};

static void
hash_text(struct hash *hash, const char *s)
{
	hash_add(hash, slice_of(s, strlen(s) + 1));
}

static void
client_key(struct tls_handshake *h)
{
	const struct tls_request *q = &h->request;
	char addr[ADDR_TEXT_MAX];
	struct hash hash;

	addr_format(&h->result.image.addr, addr);
	hash_init(&hash);
	hash_text(&hash, addr);
	hash_text(&hash, q->expected_id);
	hash_text(&hash, q->sni);
	for (const char *const *p = q->alpn; p != NULL && *p != NULL; p++)
		hash_text(&hash, *p);
	hash_text(&hash, "");
	hash_add(&hash, slice_of(q->identity->hash, HASH_LEN));
	hash_out(&hash, h->client_key);
}

/* First contacts and calls outside are neither resumed nor remembered. */
static bool
may_resume(const struct tls_handshake *h)
{
	const struct tls_request *q = &h->request;

	return q->identity != NULL && !q->verify_none && q->outside == NULL;
}

const br_ssl_session_parameters *
hs_find_session(struct tls_handshake *h)
{
	struct session s;

	if (!may_resume(h))
		return NULL;
	client_key(h);
	if (!session_cache_get(h->owner->client_sessions, h->client_key, &s))
		return NULL;
	if (!is_good(h, &s)) {
		session_cache_drop(h->owner->client_sessions, h->client_key);
		return NULL;
	}
	h->known = s;
	return &h->known.params;
}

/* --- outcome ----------------------------------------------------------- */

static enum tls_failure
failure_of(const struct tls_handshake *h)
{
	int error = engine_error(h->engine);

	if (h->distrust == DISTRUST_OTHER_PEER)
		return TLS_FAIL_WRONG_PEER;
	if (h->distrust != DISTRUST_NONE)
		return TLS_FAIL_CERT;
	switch (error) {
	case BR_ERR_OK:
		return TLS_FAIL_CLOSED;
	case BR_ERR_NO_CLIENT_AUTH:
	case BR_ERR_X509_EMPTY_CHAIN:
		return TLS_FAIL_NO_CERT;
	case BR_ERR_X509_LIMIT_EXCEEDED:
		return TLS_FAIL_CERT;
	case BR_ERR_SEND_FATAL_ALERT + BR_ALERT_NO_APPLICATION_PROTOCOL:
	case BR_ERR_RECV_FATAL_ALERT + BR_ALERT_NO_APPLICATION_PROTOCOL:
		return TLS_FAIL_NO_ALPN;
	default:
		return TLS_FAIL_PROTOCOL;
	}
}

static void
fill_image(struct tls_handshake *h, bool is_resumed)
{
	const struct session *s = &h->peer;
	struct conn_peer peer = {
		.id = s->id,
		.sni = s->sni,
		.alpn = s->alpn,
		.not_before = s->not_before,
		.not_after = s->not_after,
		.bundle_generation = s->bundle_generation,
		.is_tls = true,
		.is_resumed = is_resumed,
		.is_foreign = h->request.identity != NULL &&
		    member_is_foreign(h->request.identity, s->id),
	};

	memcpy(peer.cert_hash, s->cert_hash, sizeof(peer.cert_hash));
	memcpy(peer.root_hash, s->root_hash, sizeof(peer.root_hash));
	if (h->is_vouched) {
		peer.subject = str_ptr(&h->subject);
		peer.names = str_ptr(&h->names);
	}
	h->result.image.peer = conn_peer_copy(&peer);
	engine_export(h->engine, &h->result.image);
}

static void
remember(struct tls_handshake *h)
{
	br_ssl_session_parameters params;

	engine_session(h->engine, &params);
	if (params.session_id_len > 0) {
		complete(h, &params);
		session_cache_put(h->owner->client_sessions, h->client_key,
		    &h->peer);
	}
	mem_wipe(&params, sizeof(params));
}

static enum tls_failure
succeed(struct tls_handshake *h)
{
	bool is_resumed = engine_is_resumed(h->engine);
	enum tls_failure failure;

	if (is_resumed)
		h->peer = h->known;
	sni_lower(h->peer.sni, sizeof(h->peer.sni),
	    slice_str(engine_sni(h->engine)));
	text_copy(h->peer.alpn, sizeof(h->peer.alpn),
	    slice_str(engine_alpn(h->engine)));
	failure = accept_peer(h, is_resumed);
	if (failure != TLS_OK)
		return failure;
	if (!h->request.is_server && !is_resumed && may_resume(h))
		remember(h);
	fill_image(h, is_resumed);
	return TLS_OK;
}

enum tls_failure
hs_outcome(struct tls_handshake *h, enum engine_state state)
{
	enum tls_failure failure;

	if (state == ENGINE_DONE) {
		failure = succeed(h);
		if (failure != TLS_FAIL_CERT)
			return failure;
	} else {
		failure = failure_of(h);
		h->result.engine_error = engine_error(h->engine);
		h->result.is_alert =
		    h->result.engine_error >= BR_ERR_RECV_FATAL_ALERT &&
		    h->result.engine_error < BR_ERR_SEND_FATAL_ALERT;
	}
	if (failure == TLS_FAIL_CERT || failure == TLS_FAIL_WRONG_PEER)
		h->result.cert_reason = distrust_name(
		    h->distrust != DISTRUST_NONE ? h->distrust :
		    DISTRUST_TOO_LONG);
	/* What was remembered may be what the server choked on. */
	if (!h->request.is_server && may_resume(h))
		session_cache_drop(h->owner->client_sessions, h->client_key);
	return failure;
}

void
hs_describe(struct tls_handshake *h, enum tls_failure failure)
{
	struct tls_result *r = &h->result;
	int error = r->engine_error;

	if (r->cert_reason != NULL && h->distrust != DISTRUST_NONE)
		snprintf(r->text, sizeof(r->text), "%s: %s",
		    tls_failure_text(failure), distrust_sentence(h->distrust));
	else if (error >= BR_ERR_SEND_FATAL_ALERT)
		snprintf(r->text, sizeof(r->text), "%s (BearSSL %d: we sent "
		    "alert %d)", tls_failure_text(failure), error,
		    error - BR_ERR_SEND_FATAL_ALERT);
	else if (error >= BR_ERR_RECV_FATAL_ALERT)
		snprintf(r->text, sizeof(r->text), "%s (BearSSL %d: the peer "
		    "sent alert %d)", tls_failure_text(failure), error,
		    error - BR_ERR_RECV_FATAL_ALERT);
	else if (error != 0)
		snprintf(r->text, sizeof(r->text), "%s (BearSSL %d)",
		    tls_failure_text(failure), error);
	else
		snprintf(r->text, sizeof(r->text), "%s",
		    tls_failure_text(failure));
}
