#include <string.h>
#include <strings.h>

#include "model/kind.h"

const struct model_kind *const model_kinds[] = {
	&model_service_kind,
	&model_endpoint_slice_kind,
	&model_namespace_kind,
	&model_workload_kind,
	&model_mesh_config_kind,
	&model_gateway_class_kind,
	&model_gateway_kind,
	&model_listener_set_kind,
	&model_http_route_kind,
	&model_grpc_route_kind,
	&model_tls_route_kind,
	&model_tcp_route_kind,
	&model_udp_route_kind,
	&model_reference_grant_kind,
	&model_backend_tls_policy_kind,
	&model_traffic_policy_kind,
	&model_xbackend_kind,
	&model_secret_kind,
	&model_config_map_kind,
	&model_backend_policy_kind,
	&model_destination_rule_kind,
	&model_rate_limit_kind,
	&model_fault_injection_kind,
	&model_compression_kind,
	&model_cache_kind,
	&model_rollout_kind,
	&model_authorization_policy_kind,
	&model_request_authentication_kind,
	&model_oidc_login_kind,
	&model_peer_authentication_kind,
	&model_role_binding_kind,
	&model_cluster_role_binding_kind,
	&model_federated_trust_domain_kind,
	&model_federated_bundle_kind,
	&model_host_attestor_kind,
	&model_proxy_kind,
	&model_control_kind,
	NULL,
};

static bool
has_version(const struct model_kind *k, const char *version)
{
	for (size_t i = 0; k->versions[i] != NULL; i++)
		if (strcmp(k->versions[i], version) == 0)
			return true;
	return false;
}

bool
model_concerns_everybody(const struct model_subject *s,
    const struct model_object *o)
{
	(void)s;
	(void)o;
	return true;
}

const struct model_kind *
model_kind_of(const char *api_version, const char *kind)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++)
		if (strcmp(model_kinds[i]->kind, kind) == 0 &&
		    has_version(model_kinds[i], api_version))
			return model_kinds[i];
	return NULL;
}

const struct model_kind *
model_kind_named(const char *word)
{
	for (size_t i = 0; model_kinds[i] != NULL; i++) {
		const struct model_kind *k = model_kinds[i];

		if (strcasecmp(k->kind, word) == 0 ||
		    strcasecmp(k->plural, word) == 0 ||
		    (k->short_name != NULL && strcasecmp(k->short_name, word) == 0))
			return k;
	}
	return NULL;
}
