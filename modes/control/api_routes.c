#include "modes/control/api_rows.h"

#define SMALL	(64 * 1024)
#define LARGE	(4 * 1024 * 1024)

const struct api_route api_routes[] = {
	{ METHOD_GET, "/v1/health", API_ANYBODY, "health", 0, api_health },
	{ METHOD_GET, "/v1/trust-bundle", API_ANYBODY, "trust-bundle", 0,
	    api_trust_bundle },
	{ METHOD_POST, "/v1/join", API_ANYBODY, "join", SMALL, api_join },
	{ METHOD_POST, "/v1/renew", API_WORKLOAD, "renew", SMALL, api_renew },
	{ METHOD_GET, "/v1/session", API_WORKLOAD, "session", 0, api_session },

	{ METHOD_GET, "/v1/kinds", API_PEOPLE, "kinds", 0, api_kinds },
	{ METHOD_GET, "/v1/documents/*", API_PEOPLE, "documents", 0,
	    api_documents_list },
	{ METHOD_GET, "/v1/documents/*/*/*", API_PEOPLE, "documents", 0,
	    api_document_get },
	{ METHOD_PUT, "/v1/documents/*/*/*", API_PEOPLE, "documents", LARGE,
	    api_document_put },
	{ METHOD_DELETE, "/v1/documents/*/*/*", API_PEOPLE, "documents", 0,
	    api_document_delete },
	{ METHOD_POST, "/v1/apply", API_PEOPLE, "apply", LARGE, api_apply },
	{ METHOD_GET, "/v1/watch", API_PEOPLE, "watch", 0, api_watch },

	{ METHOD_GET, "/v1/tokens", API_PEOPLE, "tokens", 0, api_token_list },
	{ METHOD_POST, "/v1/tokens", API_PEOPLE, "tokens", SMALL,
	    api_token_create },
	{ METHOD_DELETE, "/v1/tokens/*", API_PEOPLE, "tokens", 0,
	    api_token_delete },
	{ METHOD_GET, "/v1/operators", API_PEOPLE, "operators", 0,
	    api_operator_list },
	{ METHOD_POST, "/v1/operators", API_PEOPLE, "operators", SMALL,
	    api_operator_create },
	{ METHOD_DELETE, "/v1/operators/*", API_PEOPLE, "operators", 0,
	    api_operator_delete },

	{ METHOD_GET, "/v1/services", API_PEOPLE, "services", 0, api_services },
	{ METHOD_GET, "/v1/services/*/*/endpoints", API_PEOPLE, "services", 0,
	    api_service_endpoints },
	{ METHOD_GET, "/v1/proxies", API_PEOPLE, "proxies", 0, api_proxies },
	{ METHOD_GET, "/v1/proxies/*/*/config", API_PEOPLE, "proxies", 0,
	    api_proxy_config },
	{ METHOD_GET, "/v1/stat", API_PEOPLE, "stat", 0, api_stat },
	{ METHOD_GET, "/v1/audit", API_PEOPLE, "audit", 0, api_audit },
	{ METHOD_GET, "/v1/audit/verify", API_PEOPLE, "audit", 0,
	    api_audit_verify },
	{ METHOD_GET, "/v1/ca", API_PEOPLE, "ca", 0, api_ca },
	{ METHOD_POST, "/v1/backup", API_LOCAL, "backup", SMALL, api_backup },

	{ METHOD_GET, "/livez", API_ADMIN, "livez", 0, api_livez },
	{ METHOD_GET, "/readyz", API_ADMIN, "readyz", 0, api_readyz },
	{ METHOD_GET, "/metrics", API_ADMIN, "metrics", 0, api_metrics },
	{ METHOD_GET, "/config", API_ADMIN, "config", 0, api_config },
	{ METHOD_GET, "/logging", API_ADMIN, "logging", 0, api_logging_get },
	{ METHOD_PUT, "/logging", API_ADMIN, "logging", 0, api_logging_put },
	{ METHOD_OTHER, NULL, 0, NULL, 0, NULL },
};
