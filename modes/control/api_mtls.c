#include "base/mem.h"
#include "model/peer_authentication.h"
#include "model/workload.h"
#include "modes/control/api_mtls.h"

void
api_mtls_read(struct api_mtls *m, const struct registry *r)
{
	const struct registry_query peers = {
		.kind = &model_peer_authentication_kind };
	const struct registry_query configs = {
		.kind = &model_mesh_config_kind };
	size_t n, n_configs;
	struct model_object **a = registry_list(r, &peers, &n);
	struct model_object **b = registry_list(r, &configs, &n_configs);

	m->n = 0;
	m->v = mem_zalloc_array(n + n_configs + 1, sizeof(*m->v));
	for (size_t i = 0; i < n; i++)
		m->v[m->n++] = a[i];
	for (size_t i = 0; i < n_configs; i++)
		m->v[m->n++] = b[i];
	mem_free(a);
	mem_free(b);
}

void
api_mtls_fini(struct api_mtls *m)
{
	mem_free(m->v);
}

void
api_mtls_add(const struct api_mtls *m, struct conf_node *row,
    const struct model_object *workload, uint16_t port)
{
	if (!model_workload(workload)->spec.sidecar)
		return;
	struct model_peer_verdict v = model_peer_of(m->v, m->n, workload, port);

	conf_set_string(row, "mtls", model_mtls_name(v.mode));
	if (v.by != NULL)
		conf_set_string(row, "mtlsBy", model_object_name(v.by));
}
