#ifndef PROXY_WORKLOAD_MESSAGE_H
#define PROXY_WORKLOAD_MESSAGE_H

#include "conf/node.h"
#include "modes/proxy/svid.h"

/*
 * workload_message: the messages of the SPIFFE Workload API (its section 4
 * on, and workload.proto), without the five bytes of gRPC in front.  Pure.
 *
 * Answers hold the whole state each time.  hint is left empty: there is one
 * identity.  In maps a trust domain stands as its SPIFFE ID.
 */
#define WORKLOAD_AUDIENCES_MAX	16
#define WORKLOAD_AUDIENCE_MAX	512	/* bytes of one */

/* JWTSVIDRequest and ValidateJWTSVIDRequest. */
struct workload_request {
	struct slice audiences[WORKLOAD_AUDIENCES_MAX];
	size_t       audiences_len;
	struct slice second;	/* spiffe_id, or svid; absent */
};

/*
 * Borrows the message.  NULL, or what is wrong with it: malformed, an audience
 * that is empty or too long, too many of them.
 */
const char *workload_read(struct workload_request *, struct slice message);

void workload_put_x509(struct str *, const struct svids *);	/* with the key */
void workload_put_x509_bundles(struct str *, const struct svids *);
void workload_put_jwt_bundles(struct str *, const struct svids *);
void workload_put_jwt(struct str *, struct slice id, struct slice svid);
/* ValidateJWTSVIDResponse: the claims become a google.protobuf.Struct. */
void workload_put_claims(struct str *, struct slice id,
    const struct conf_node *claims);

#endif
