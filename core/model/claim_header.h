#ifndef MODEL_CLAIM_HEADER_H
#define MODEL_CLAIM_HEADER_H

#include "conf/schema.h"

/*
 * claim_header: a claim of a token, and the field in which applications get it,
 * as RequestAuthentications and OIDCLogins say it.
 */
struct model_claim_to_header {
	const char *header, *claim;	/* claim: a.b is b of a */
};
extern const struct conf_schema model_claim_to_header_schema;

#define MODEL_CLAIM_HEADER_EXPECTED					\
	"expected a field that does not say how a message is carried"
/* Whether it says that: a claim in it would forge a message. */
bool model_claim_header_is_carrier(const char *field);

#endif
