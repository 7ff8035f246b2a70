#ifndef CONTROL_SIGNER_H
#define CONTROL_SIGNER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "modes/control/signer_wire.h"

/*
 * signer: control's side of the process that signs.
 * Life: signer_start (before any thread exists, because it forks)
 * -> signer_send ... -> signer_stop.
 *
 * One thread uses it.  It watches signer_fd and calls signer_on_readable
 * when there is something, signer_on_writable when signer_wants_write said
 * so; every send ends in exactly one call of done, in order, unless it was
 * cancelled.  done may send again; it must not stop the signer.  When the
 * process ends, what waits gets SIGNER_GONE, and so does every later send;
 * control then has to end too, for only a new start can fork a new signer.
 */
#define SIGNER_WAITING_MAX	4096

struct signer;

struct signer_options {
	const char  *cert_file;		/* intermediate, PEM */
	const char  *key_file;		/* its key, mode 0600 */
	const char  *token_key_file;	/* of JWT-SVIDs, mode 0600 */
	struct slice domain;
	uint32_t     life_max_s;
	uint32_t     rate;		/* in a second */
	const struct log_options *log;	/* NULL: lines are written at once */
};

typedef void signer_done(void *owner, const struct signer_reply *);

/* Waits until the process is ready or says why not. */
struct signer *signer_start(const struct signer_options *, struct err *);
/* Closes the pair and waits for the end of the process. */
void signer_stop(struct signer *);
/* The intermediate's certificate in DER; borrowed. */
struct slice signer_issuer(const struct signer *);

/* Never blocks.  done may be called before this returns: BUSY or GONE. */
void signer_send(struct signer *, const struct signer_request *,
    signer_done *done, void *owner);
/*
 * Another intermediate signs what is sent behind this; its certificate in DER
 * and its key.  done as of signer_send: SIGNER_SIGNED, or it stays as it was.
 */
void signer_install(struct signer *, struct slice cert, const struct key *,
    signer_done *done, void *owner);
/* A JWT-SVID; the reply's body is its text. */
void signer_send_token(struct signer *, const struct signer_token *,
    signer_done *done, void *owner);
/* Another key signs the tokens that are sent behind this. */
void signer_renew(struct signer *, const struct key *, signer_done *done,
    void *owner);
/* Nothing that owner sent will be told any more. */
void signer_cancel(struct signer *, const void *owner);
int signer_fd(const struct signer *);
bool signer_wants_write(const struct signer *);
void signer_on_readable(struct signer *);
void signer_on_writable(struct signer *);
bool signer_is_alive(const struct signer *);
size_t signer_waiting(const struct signer *);

/* Sends and waits, for start-up and tests; serves others meanwhile. */
int signer_sign(struct signer *, const struct signer_request *,
    struct str *der, struct err *);

#endif
