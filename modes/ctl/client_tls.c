#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/stream.h"
#include "modes/ctl/client_tls.h"
#include "modes/ctl/roots.h"
#include "modes/ctl/trust.h"
#include "pki/distrust.h"
#include "pki/key.h"
#include "pki/spiffe.h"

static int
read_file(const char *path, const char *what, struct str *out, struct err *err)
{
	if (path == NULL)
		return err_set(err, ERR_CONFIG, "no %s: an operator's files come "
		    "from `mesh ctl operator create`, or name them; who has a "
		    "password needs the bundle alone: `mesh ctl login`", what);
	if (conf_file_read(path, out, err) == 0)
		return 0;
	err->kind = ERR_CONFIG;
	return -1;
}

int
client_tls_check_mode(const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) == 0 && (st.st_mode & 077) != 0)
		return err_set(err, ERR_CONFIG, "%s: others can read it; "
		    "chmod 600 %s", path, path);
	return 0;
}

static bool
has_certificate(const struct target *target)
{
	return target->token_file == NULL && !target->is_nobody;
}

/* The trust domain is as configured, else that of our own certificate. */
static struct bundle *
read_trust(const struct target *target, struct slice bundle, struct slice chain,
    struct err *err)
{
	struct str domain = { 0 };
	struct bundle *trust = NULL;
	int r = 1;

	if (target->trust_domain != NULL)
		str_add(&domain, target->trust_domain);
	else if (has_certificate(target)) {
		r = trust_domain_read(chain, &domain, err);
		if (r < 0)
			err_wrap(err, "%s", target->cert_file);
	}
	if (r >= 0) {
		trust = trust_from_pem(bundle, str_slice(&domain), err);
		if (trust == NULL)
			err_wrap(err, "%s", target->ca_file);
	}
	if (trust == NULL)
		err->kind = ERR_CONFIG;
	str_fini(&domain);
	return trust;
}

static int
make_identity(struct client_tls *t, const struct target *target,
    struct str *bundle, struct str *chain, struct str *key, struct err *err)
{
	struct bundle *trust;
	struct str id = { 0 }, domain = { 0 };

	key_room_str(key, 65536);
	if (read_file(target->ca_file, "trust bundle (--ca-file)", bundle, err) < 0)
		return -1;
	if (!has_certificate(target))
		;
	else if (read_file(target->cert_file, "certificate (--cert-file)", chain,
	    err) < 0 ||
	    read_file(target->key_file, "key (--key-file)", key, err) < 0 ||
	    client_tls_check_mode(target->key_file, err) < 0)
		return -1;
	trust = read_trust(target, str_slice(bundle), str_slice(chain), err);
	if (trust == NULL)
		return -1;
	str_add_slice(&domain, trust->domain);
	spiffe_add_control(&id, trust->domain);
	snprintf(t->request.expected_id, sizeof(t->request.expected_id), "%s",
	    str_ptr(&id));
	t->identity = tls_identity_new(
	    has_certificate(target) ? str_slice(chain) : SLICE_NONE,
	    has_certificate(target) ? str_slice(key) : SLICE_NONE,
	    str_slice(bundle), str_ptr(&domain), 1, err);
	if (t->identity == NULL) {
		err_wrap(err, "%s", target->cert_file);
		if (has_certificate(target))
			roots_judge(target, trust, err);
		err->kind = ERR_CONFIG;
	}
	bundle_unref(trust);
	str_fini(&id);
	str_fini(&domain);
	return t->identity == NULL ? -1 : 0;
}

int
client_tls_init(struct client_tls *t, const struct target *target,
    struct err *err)
{
	static const char *const alpn[] = { "http/1.1", NULL };
	struct str bundle = { 0 }, chain = { 0 }, key = { 0 };

	t->address = target->address;
	t->ca_file = target->ca_file;
	t->request = (struct tls_request){ .alpn = alpn };
	snprintf(t->request.sni, sizeof(t->request.sni), "control.mesh");
	int result = make_identity(t, target, &bundle, &chain, &key, err);

	str_fini(&bundle);
	str_fini(&chain);
	key_wipe_str(&key);
	if (result == 0)
		t->handshaker = tls_handshaker_new(1);
	return result;
}

void
client_tls_start(struct client_tls *t, int fd, struct loop *loop,
    uint64_t timeout_ms, void (*done)(void *, struct tls_result *), void *arg)
{
	t->request.identity = t->identity;
	t->request.timeout_ms = timeout_ms;
	tls_handshake_start(t->handshaker, fd, &t->request, loop, done, arg);
}

/* Its roots followed each other while we did not look (roots.h). */
static bool
is_of_another_root(const struct tls_result *r)
{
	return r->cert_reason != NULL && strcmp(r->cert_reason,
	    distrust_name(DISTRUST_UNKNOWN_ISSUER)) == 0;
}

int
client_tls_fail(const struct client_tls *t, const struct tls_result *r,
    struct err *err)
{
	enum err_kind kind = ERR_UNAVAILABLE;
	const char *text = r->text[0] != '\0' ? r->text :
	    tls_failure_text(r->failure);

	switch (r->failure) {
	case TLS_FAIL_NO_CERT:
	case TLS_FAIL_CERT:
	case TLS_FAIL_WRONG_PEER:
		kind = ERR_DENIED;
		break;
	case TLS_FAIL_PROTOCOL:
		/* What control has against us is found out (roots.h). */
		kind = r->is_alert ? ERR_UNAVAILABLE : ERR_DENIED;
		break;
	case TLS_FAIL_NOT_TLS:
		kind = ERR_SYSTEM;
		break;
	default:
		break;
	}
	if (is_of_another_root(r))
		return err_set(err, kind, "%s: %s; if control's roots have "
		    "changed, have `mesh ctl ca export-bundle` called on its "
		    "machine, and put what that prints in the place of %s",
		    t->address, text, t->ca_file);
	return err_set(err, kind, "%s: %s", t->address, text);
}

void
client_tls_fini(struct client_tls *t)
{
	if (t->handshaker != NULL)
		tls_handshaker_free(t->handshaker);
	tls_identity_unref(t->identity);
	*t = (struct client_tls){ 0 };
}
