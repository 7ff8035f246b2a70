#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/secret.h"
#include "conf/json.h"
#include "modes/proxy/agent_host.h"
#include "modes/proxy/agent_join.h"
#include "pki/base64.h"
#include "pki/csr.h"
#include "pki/pem.h"

#define FILE_MAX	65536	/* bytes */

bool
agent_host_is_meant(const struct model_proxy_spec *s)
{
	return s->host_key_file != NULL;
}

/* Secret: not one that everybody on the machine can read. */
static int
read_file(struct str *out, const char *flag, const char *path, bool is_secret,
    struct err *err)
{
	char buf[4096];
	struct stat st;
	ssize_t n = 1;
	int fd = open(path, O_RDONLY | O_CLOEXEC), r = 0;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_errno(err, "%s %s", flag, path);
		err->kind = ERR_CONFIG;
		if (fd >= 0)
			close(fd);
		return -1;
	}
	if (is_secret)
		key_room_str(out, FILE_MAX);
	if (is_secret && (st.st_mode & 07) != 0 &&
	    !agent_join_is_guarded(path))
		r = err_set(err, ERR_CONFIG, "%s %s has mode %04o, which lets "
		    "everybody on this machine be it: chmod 600, or 640 for a "
		    "group", flag, path, (unsigned)st.st_mode & 07777);
	while (r == 0 && n > 0 && out->len <= FILE_MAX) {
		n = read(fd, buf, sizeof(buf));
		if (n > 0)
			str_add_slice(out, slice_of(buf, (size_t)n));
	}
	if (r == 0 && (n < 0 || out->len > FILE_MAX))
		r = err_set(err, ERR_CONFIG, "%s %s: %s", flag, path, n < 0 ?
		    strerror(errno) : "larger than 64 KiB");
	mem_wipe(buf, sizeof(buf));
	close(fd);
	return r;
}

static int
read_key(struct agent_host *h, const struct model_proxy_spec *s,
    struct err *err)
{
	struct str key = { 0 };
	int r = read_file(&key, "--host-key-file", s->host_key_file, true, err);

	h->has_certificate = s->host_cert_file != NULL;
	if (r == 0 && h->has_certificate)
		r = read_file(&h->certificates, "--host-cert-file",
		    s->host_cert_file, false, err);
	if (r == 0 && h->has_certificate && keypair_read(&h->pair,
	    str_slice(&h->certificates), str_slice(&key), err) < 0)
		r = err_wrap(err, "%s and %s", s->host_cert_file,
		    s->host_key_file);
	else if (r == 0 && !h->has_certificate && key_parse(&h->key,
	    str_slice(&key), err) < 0)
		r = err_wrap(err, "--host-key-file %s", s->host_key_file);
	key_wipe_str(&key);
	return r;
}

static int
read_trust(struct agent_host *h, const struct model_proxy_spec *s,
    struct err *err)
{
	struct bundle *b;
	int r;

	if (s->ca_hash != NULL && base64_decode(h->hash, HASH_LEN, BASE64_URL,
	    slice_str(s->ca_hash)) != HASH_LEN)
		return err_set(err, ERR_CONFIG, "--ca-hash %s: expected what "
		    "mesh ctl ca export-bundle --format hash prints",
		    s->ca_hash);
	if (s->ca_hash != NULL && s->trust_bundle_file == NULL)
		return 0;
	if (s->trust_bundle_file == NULL)
		return err_set(err, ERR_CONFIG, "without a join token nothing "
		    "says who control is: --trust-bundle-file or --ca-hash is "
		    "needed beside --host-key-file");
	if (read_file(&h->roots, "--trust-bundle-file", s->trust_bundle_file,
	    false, err) < 0)
		return -1;
	b = bundle_new(SLICE("control"));
	r = bundle_add_pem(b, str_slice(&h->roots), err);
	bundle_unref(b);
	return r == 0 ? 0 : err_wrap(err, "--trust-bundle-file %s",
	    s->trust_bundle_file);
}

struct agent_host *
agent_host_read(const struct model_proxy_spec *s, struct err *err)
{
	struct agent_host *h = secret_alloc(sizeof(*h));

	if (read_key(h, s, err) == 0 && read_trust(h, s, err) == 0)
		return h;
	if (err->kind == ERR_DATA)
		err->kind = ERR_CONFIG;
	agent_host_free(h);
	return NULL;
}

void
agent_host_trust(struct agent_host *h, struct slice roots_pem)
{
	str_clear(&h->roots);
	str_add_slice(&h->roots, roots_pem);
}

const char *
agent_host_way_back(const struct model_proxy_spec *s)
{
	return agent_host_is_meant(s) ? "we ask to join by the host's key again, "
	    "and are let in once a HostAttestor takes the host" :
	    "a new token in --token-file joins again";
}

void
agent_host_free(struct agent_host *h)
{
	if (h == NULL)
		return;
	if (h->has_certificate)
		keypair_fini(&h->pair);
	str_fini(&h->certificates);
	str_fini(&h->roots);
	secret_free(h, sizeof(*h));
}

/* --- what is said -------------------------------------------------------- */

static int
read_nonce(uint8_t nonce[HOST_NONCE_LEN], struct str *text,
    struct slice challenge, struct err *err)
{
	struct arena a;
	const struct conf_node *root;
	int r = 0;

	arena_init(&a);
	root = conf_json_read(&a, challenge, "reply", err);
	str_add_slice(text, slice_str(conf_get_string(root, "nonce")));
	if (root == NULL || base64_decode(nonce, HOST_NONCE_LEN, BASE64_STD,
	    str_slice(text)) != HOST_NONCE_LEN)
		r = err_set(err, ERR_DATA, "control's answer has no nonce");
	arena_fini(&a);
	return r;
}

static void
add_member(struct str *out, const char *name, struct slice value)
{
	str_addf(out, ",\"%s\":", name);
	str_add_json(out, value);
}

static void
add_evidence(struct str *out, const struct agent_host *h)
{
	struct str pem = { 0 };

	if (h->has_certificate) {
		add_member(out, "type", SLICE("X509"));
		add_member(out, "certificate", str_slice(&h->certificates));
		return;
	}
	host_proof_add_public(&pem, h->key.point);
	add_member(out, "type", SLICE("HostKey"));
	add_member(out, "key", str_slice(&pem));
	str_fini(&pem);
}

int
agent_host_add_body(struct str *out, const struct agent_host *h,
    struct slice challenge, const char *control, const char *service,
    const struct key *key, struct err *err)
{
	struct str nonce_text = { 0 }, csr = { 0 }, pem = { 0 };
	struct str text = { 0 }, proof = { 0 };
	uint8_t nonce[HOST_NONCE_LEN];
	int r = read_nonce(nonce, &nonce_text, challenge, err);

	if (r == 0) {
		csr_make(&csr, key);
		pem_add(&pem, PEM_LABEL_CSR, str_slice(&csr));
		host_proof_add_text(&text, nonce, str_slice(&csr),
		    slice_str(control));
		if (h->has_certificate)
			host_proof_sign(&proof, &h->pair, str_slice(&text));
		else
			host_proof_sign_bare(&proof, &h->key, str_slice(&text));
		str_add(out, "{\"nonce\":");
		str_add_json(out, str_slice(&nonce_text));
		add_member(out, "csr", str_slice(&pem));
		add_member(out, "service", slice_str(service));
		add_evidence(out, h);
		add_member(out, "proof", str_slice(&proof));
		str_add_char(out, '}');
	}
	str_fini(&nonce_text);
	str_fini(&csr);
	str_fini(&pem);
	str_fini(&text);
	str_fini(&proof);
	return r;
}
