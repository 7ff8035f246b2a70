#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/capability.h"
#include "base/clock.h"
#include "base/landlock.h"
#include "base/mem.h"
#include "base/seccomp.h"
#include "base/secret.h"
#include "modes/control/ca_file.h"
#include "modes/control/signer_process.h"
#include "modes/control/signer_rules.h"
#include "pki/chain.h"

struct secrets {
	struct key ca, token;
};

struct process {
	int                 fd;
	struct secrets     *keys;	/* in a page of its own (secret.h) */
	struct chain        cert;
	struct cert         issuer;
	struct signer_rules rules;
	struct str          out, der;
};

static void
ignore_signals(void)
{
	static const int ignored[] = {
		SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGUSR1, SIGUSR2
	};

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
}

/* Keeps its end of the pair and what the log writes to. */
static void
close_others(int fd, int log_fd)
{
	unsigned int low = (unsigned int)(fd < log_fd ? fd : log_fd);
	unsigned int high = (unsigned int)(fd < log_fd ? log_fd : fd);

	if (low > 0)
		close_range(0, low - 1, 0);
	if (high > low + 1)
		close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

static int
lock_down(struct process *p, struct err *err)
{
	ignore_signals();
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_errno(err, "signer: prctl");
	prctl(PR_SET_NAME, "mesh-signer", 0, 0, 0);
	if (!secret_can_lock(sizeof(*p->keys)))
		log_warn("signer", "the keys' page cannot be locked: it could "
		    "reach swap");
	p->keys = secret_alloc(sizeof(*p->keys));
	return 0;
}

static int
load(struct process *p, const struct signer_options *o, struct err *err)
{
	struct str text = { 0 };
	int r = ca_file_read(&text, o->cert_file, false, err);

	chain_init(&p->cert);
	if (r == 0 && (chain_add_pem(&p->cert, str_slice(&text), err) < 0 ||
	    cert_parse(&p->issuer, chain_cert(&p->cert, 0), err) < 0))
		r = err_wrap(err, "%s", o->cert_file);
	str_fini(&text);
	if (r == 0)
		r = ca_file_read_key(&p->keys->ca, o->key_file, err);
	if (r == 0 && (p->issuer.key_kind != CERT_KEY_P256 ||
	    memcmp(p->issuer.point, p->keys->ca.point, KEY_POINT_LEN) != 0))
		r = err_set(err, ERR_CONFIG, "%s is not the key of %s",
		    o->key_file, o->cert_file);
	if (r == 0)
		r = ca_file_read_key(&p->keys->token, o->token_key_file, err);
	signer_rules_init(&p->rules, o->domain, &p->issuer, o->life_max_s,
	    o->rate);
	return r;
}

static void
answer(struct process *p, const struct signer_reply *reply)
{
	ssize_t n;

	str_clear(&p->out);
	signer_add_reply(&p->out, reply);
	do {
		n = send(p->fd, p->out.ptr, p->out.len, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
}

static void
log_signature(const struct signer_request *q, const struct cert *issuer,
    int64_t wall_s)
{
	struct str serial = { 0 };
	char end[CLOCK_TEXT_MAX];
	int64_t not_after = wall_s + q->life_s;

	if (not_after > issuer->not_after)
		not_after = issuer->not_after;
	str_add_hex(&serial, q->serial, MINT_SERIAL_LEN);
	clock_format(end, not_after, -1);
	log_info("signer", "signed %.*s serial %s until %s",
	    SLICE_ARG(q->id), str_ptr(&serial), end);
	str_fini(&serial);
}

/* False, and nothing is changed: these two do not belong together. */
static bool
install(struct process *p, struct slice der, struct slice secret)
{
	struct key key;
	struct chain chain;
	struct cert c;
	struct err err;
	uint8_t sig[KEY_SIG_MAX];
	bool fits;

	chain_init(&chain);
	chain_start(&chain);
	chain_add(&chain, der);
	chain_end(&chain);
	memcpy(key.secret, secret.ptr, KEY_SECRET_LEN);
	fits = cert_parse(&c, chain_cert(&chain, 0), &err) == 0 && c.is_ca &&
	    c.key_kind == CERT_KEY_P256;
	if (fits) {
		memcpy(key.point, c.point, KEY_POINT_LEN);
		fits = key_verify(c.point, der, slice_of(sig, key_sign(&key,
		    der, sig)));
	}
	if (fits) {
		chain_fini(&p->cert);
		p->cert = chain;
		p->issuer = c;
		p->keys->ca = key;
		log_info("signer", "signs with another intermediate from now "
		    "on");
	} else {
		chain_fini(&chain);
	}
	key_fini(&key);
	return fits;
}

static bool
serve_install(struct process *p, struct slice packet)
{
	struct signer_reply reply = { .status = SIGNER_MALFORMED };
	struct slice cert, secret;

	if (!signer_read_install(&reply.number, &cert, &secret, packet))
		return false;
	if (install(p, cert, secret)) {
		reply.status = SIGNER_SIGNED;
		reply.body = p->issuer.der;
	}
	answer(p, &reply);
	return true;
}

static bool
serve_renewal(struct process *p, struct slice packet)
{
	struct signer_reply reply = { .status = SIGNER_SIGNED };
	struct slice secret;
	struct key key;

	if (!signer_read_renewal(&reply.number, &secret, packet))
		return false;
	if (key_from_secret(&key, secret)) {
		p->keys->token = key;
		log_info("signer", "signs tokens with another key from now on");
	} else {
		reply.status = SIGNER_MALFORMED;
	}
	key_fini(&key);
	answer(p, &reply);
	return true;
}

static bool
serve_token(struct process *p, struct slice packet)
{
	struct signer_reply reply = { .status = SIGNER_MALFORMED };
	struct signer_token t;

	if (!signer_read_token(&reply.number, &t, packet))
		return false;
	reply.status = signer_judge_token(&p->rules, &t, clock_mono_ms());
	if (reply.status == SIGNER_SIGNED) {
		str_clear(&p->der);
		signer_mint_token(&p->der, &p->rules, &t, clock_wall_s(),
		    &p->keys->token);
		reply.body = str_slice(&p->der);
		log_info("signer", "signed a token of %.*s for %u s",
		    SLICE_ARG(t.id), (unsigned)t.life_s);
	} else {
		reply.body = slice_str(signer_status_sentence(reply.status));
		log_warn("signer", "refused a token of %.*s: %.*s",
		    SLICE_ARG(t.id), SLICE_ARG(reply.body));
	}
	answer(p, &reply);
	return true;
}

static void
serve(struct process *p, struct slice packet)
{
	struct signer_reply reply = { .status = SIGNER_MALFORMED };
	struct signer_request q;
	int64_t now = clock_wall_s();

	if (serve_install(p, packet) || serve_renewal(p, packet) ||
	    serve_token(p, packet))
		return;
	if (signer_read_request(&reply.number, &q, packet))
		reply.status = signer_judge(&p->rules, &q, now,
		    clock_mono_ms());
	if (reply.status == SIGNER_SIGNED) {
		str_clear(&p->der);
		signer_mint(&p->der, &p->rules, &q, now, &p->keys->ca);
		reply.body = str_slice(&p->der);
		log_signature(&q, &p->issuer, now);
	} else {
		reply.body = slice_str(signer_status_sentence(reply.status));
		log_warn("signer", "refused a certificate for %.*s: %.*s",
		    SLICE_ARG(q.id), SLICE_ARG(reply.body));
	}
	answer(p, &reply);
}

static _Noreturn void
give_up(struct process *p, const struct err *err)
{
	struct signer_reply reply = {
		.status = SIGNER_FAILED, .body = slice_str(err->text),
	};

	answer(p, &reply);
	_exit(err_exit_code(err));
}

/* Talks on descriptors that it has, and opens, connects and runs nothing. */
static const struct seccomp_set *const calls[] = { &seccomp_core, NULL };

/* No file, no system call but those, and no capability. */
static int
shut(struct err *err)
{
	struct landlock nothing;

	if (!seccomp_can())
		return 0;
	landlock_open(&nothing, false);
	if (landlock_shut(&nothing, err) < 0 || capability_keep(0, err) < 0)
		return -1;
	return seccomp_shut(calls, err);
}

_Noreturn void
signer_process_run(int fd, const struct signer_options *o)
{
	struct process p = { .fd = fd };
	struct signer_reply ready = { .status = SIGNER_SIGNED };
	struct err err = ERR_INIT;
	char *buf = mem_alloc(SIGNER_PACKET_MAX);
	ssize_t n;

	if (lock_down(&p, &err) < 0 || load(&p, o, &err) < 0)
		give_up(&p, &err);
	close_others(fd, o->log != NULL ? o->log->people_fd : 2);
	tzset();	/* libc asks for it with the first line that is logged */
	if (o->log != NULL)
		log_start(o->log);
	if (shut(&err) < 0)
		give_up(&p, &err);
	ready.body = p.issuer.der;
	answer(&p, &ready);
	for (;;) {
		n = recv(fd, buf, SIGNER_PACKET_MAX, 0);
		if (n > 0) {
			serve(&p, slice_of(buf, (size_t)n));
			mem_wipe(buf, (size_t)n);
		} else if (n == 0 || errno != EINTR)
			break;
	}
	secret_free(p.keys, sizeof(*p.keys));
	if (o->log != NULL)
		log_stop();
	_exit(0);
}
