#ifndef CONTROL_API_ROWS_H
#define CONTROL_API_ROWS_H

#include "modes/control/api.h"

/*
 * api_rows: what does the work of the rows in api_routes.c; each answers the
 * call.  The shape of requests and answers is in mesh-api(7).
 */
typedef void api_row(struct api_call *);

/* api_documents.c */
api_row api_kinds, api_documents_list, api_document_get, api_document_put,
    api_document_delete, api_apply;
/* api_users.c, api_login.c */
api_row api_user_create, api_user_put, api_user_delete, api_user_list,
    api_login, api_logout, api_login_list, api_login_delete;
/* api_rights.c */
api_row api_whoami, api_can_i;
/* api_watch.c, api_session.c */
api_row api_watch, api_session;
/* api_identity.c */
api_row api_trust_bundle, api_federation_bundle, api_join, api_renew,
    api_renew_ended, api_svid_x509, api_ca;
/* api_svid.c */
api_row api_svid_jwt;
/* api_attest.c */
api_row api_attest_challenge, api_attest;
/* api_tokens.c */
api_row api_token_create, api_token_list, api_token_delete;
/* api_operators.c */
api_row api_operator_create, api_operator_list, api_operator_delete;
/* api_rotation.c */
api_row api_ca_request, api_ca_prepare, api_ca_activate, api_ca_discard,
    api_ca_taint, api_ca_replace_token_key, api_ca_revoke,
    api_ca_shut_out;
/* api_revoke.c */
api_row api_revoke, api_revocations;
/* api_certificates.c */
api_row api_certificates;
/* api_view.c */
api_row api_services, api_service_endpoints, api_proxies, api_proxy_config,
    api_proxy_calls,
    api_stat;
/* api_rollout.c */
api_row api_rollout_order;
/* api_secrets.c */
api_row api_secret_keys, api_secret_rotate;
/* api_records.c */
api_row api_audit, api_audit_verify, api_backup;
/* api_admin.c */
api_row api_health, api_livez, api_readyz, api_metrics, api_logging_get,
    api_logging_put, api_config;

/*
 * Shared by identity, operators and attest: the key of a request that proves that
 * its sender holds it, and its DER; and the answer to who joined.
 */
int api_read_csr(struct api_call *, uint8_t point[KEY_POINT_LEN], struct err *);
int api_read_csr_der(struct api_call *, uint8_t point[KEY_POINT_LEN],
    struct slice *der, struct err *);
struct join_result;
void api_joined(void *call, const struct join_result *);
/* What stands where of the CA: the answer of /v1/ca. */
void api_answer_ca(struct api_call *);
void api_add_ca(struct api_call *, struct conf_node *map);
/* chain, bundle, trustDomain, notAfter. */
void api_add_certificate(struct api_call *, struct conf_node *map,
    struct slice leaf, int64_t not_after);

#endif
