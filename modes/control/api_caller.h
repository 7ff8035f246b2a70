#ifndef CONTROL_API_CALLER_H
#define CONTROL_API_CALLER_H

#include "modes/control/api.h"

/*
 * api_caller: who calls, and whether that one may do what is asked for.
 *
 * People are held against rights.h with what bindings.h gives them when their
 * request is there, with its body, so that what is taken away is gone with the next one;
 * streams, which have no next one, end (api_streams_judge).
 */

/*
 * door: the role of the door that the call came by.  What was found before, if
 * it was called before, is forgotten.
 */
void api_caller_identify(struct api_call *, unsigned door);
/* Whether the caller may call the row that was found; else it is answered. */
bool api_caller_may(struct api_call *);

/* Whether people may see this of the namespace.  resource: as in rights.h. */
bool api_caller_sees(const struct api_call *, const char *resource,
    struct slice ns);
bool api_caller_sees_key(const struct api_call *, struct slice key);
/* For registry_set.may, with the call as arg. */
int api_caller_may_edit(void *call, const char *key,
    const struct model_object *sent, struct slice *role, struct err *);
/* Takes rows out of a list of which the caller sees no member's namespace. */
void api_caller_sift(const struct api_call *, struct conf_node *list,
    const char *resource, const char *const members[2]);

/*
 * The record of the caller's certificate, if it is a proxy's that was not
 * revoked; else ERR_DENIED, where `instead` says what an application is to do.
 */
struct cert_record;
struct store_result;
int api_caller_record(struct api_call *, const struct store_result *,
    const char *instead, struct cert_record *, struct err *);

/* What the person of the call may do now. */
void api_caller_rights(const struct api_call *, struct arena *,
    struct rights *out);

/* What the User of that name has: "admin", "operator in pay,shop", "none". */
const char *api_caller_role_of(struct api_call *, struct slice name);
/* Ends what "SOURCE/NAME" has open. */
void api_caller_end_of(struct api_call *, const char *source, struct slice name);

#endif
