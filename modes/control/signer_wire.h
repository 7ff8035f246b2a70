#ifndef CONTROL_SIGNER_WIRE_H
#define CONTROL_SIGNER_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/str.h"
#include "pki/key.h"
#include "pki/mint.h"

/*
 * signer_wire: what control and its signer say to each other.  One message
 * is one packet of a SOCK_SEQPACKET pair, in DER:
 *
 *   request  SEQUENCE { number, life_s, serial, point, id, SEQUENCE of dns }
 *   install  SEQUENCE { number, certificate, secret }
 *   token    SEQUENCE { number, life_s, id, SEQUENCE of audience }
 *   renewal  SEQUENCE { number, secret }
 *   reply    SEQUENCE { number, status, body }
 *
 * Replies come in the order of requests.  The body is the certificate, or
 * the reason in words.  Number 0 is the signer's word that it is ready; its
 * body is the intermediate's certificate; so is that of the reply to install,
 * behind which another intermediate signs.  Tokens are JWT-SVIDs, and have a key
 * of their own, which a renewal replaces for all that is behind it.  There is no
 * request that signs anything but a leaf or a token made of these fields.
 */
#define SIGNER_PACKET_MAX	32768	/* bytes */
#define SIGNER_DNS_MAX		64	/* names of one leaf */

struct signer_request {
	struct slice id;		/* SPIFFE ID */
	struct slice dns[SIGNER_DNS_MAX];
	size_t       dns_len;
	uint32_t     life_s;		/* from now; the issuer's end cuts it */
	uint8_t      serial[MINT_SERIAL_LEN];
	uint8_t      point[KEY_POINT_LEN];
};

#define SIGNER_AUDIENCES_MAX	16	/* of one token */
#define SIGNER_AUDIENCE_MAX	512	/* bytes of one */

struct signer_token {
	struct slice id;		/* SPIFFE ID */
	struct slice audiences[SIGNER_AUDIENCES_MAX];
	size_t       audiences_len;
	uint32_t     life_s;		/* from now */
};

enum signer_status {
	SIGNER_SIGNED,
	SIGNER_MALFORMED,
	SIGNER_FOREIGN,
	SIGNER_IDENTITY,
	SIGNER_DNS,
	SIGNER_POINT,
	SIGNER_SERIAL,
	SIGNER_LIFE,
	SIGNER_EXPIRED,
	SIGNER_AUDIENCE,
	SIGNER_RATE,
	SIGNER_FAILED,		/* it could not start */
	SIGNER_BUSY,		/* said by the client: too many wait */
	SIGNER_GONE,		/* likewise: the process has ended */
	SIGNER_STATUS_COUNT
};

struct signer_reply {
	uint32_t           number;
	enum signer_status status;
	struct slice       body;
};

void signer_add_request(struct str *, uint32_t number,
    const struct signer_request *);
/* *request borrows from the packet. */
bool signer_read_request(uint32_t *number, struct signer_request *request,
    struct slice packet);
void signer_add_install(struct str *, uint32_t number, struct slice cert,
    const struct key *);
/* Both are borrowed from the packet; false: it is no install. */
bool signer_read_install(uint32_t *number, struct slice *cert,
    struct slice *secret, struct slice packet);
void signer_add_token(struct str *, uint32_t number,
    const struct signer_token *);
bool signer_read_token(uint32_t *number, struct signer_token *,
    struct slice packet);
void signer_add_renewal(struct str *, uint32_t number, const struct key *);
bool signer_read_renewal(uint32_t *number, struct slice *secret,
    struct slice packet);
void signer_add_reply(struct str *, const struct signer_reply *);
bool signer_read_reply(struct signer_reply *, struct slice packet);

const char *signer_status_name(enum signer_status);	/* "rate" */
const char *signer_status_sentence(enum signer_status);
/* Fills err for a status that is not SIGNER_SIGNED.  Returns -1. */
int signer_status_err(enum signer_status, struct err *);

#endif
