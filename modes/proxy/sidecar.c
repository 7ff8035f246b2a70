#include "base/build.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/proxy/admin_config.h"
#include "modes/proxy/agent.h"
#include "modes/proxy/learn.h"
#include "modes/proxy/proxy_run.h"
#include "modes/proxy/refuse.h"
#include "modes/proxy/sidecar.h"
#include "modes/proxy/workload_api.h"

int
sidecar_check(const struct model_proxy_spec *s, struct err *err)
{
	const struct {
		const char *value, *flag, *what;
	} needed[] = {
		{ s->service, "--service", "NAMESPACE/NAME" },
		{ s->control, "--control", "HOST:PORT" },
		{ s->state_dir, "--state-dir", "DIR" },
	};

	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (needed[i].value == NULL)
			return err_set(err, ERR_USAGE, "%s %s is missing; a "
			    "proxy without control is --standalone",
			    needed[i].flag, needed[i].what);
	return 0;
}

/* --- the agent's callbacks, on its thread -------------------------------- */

/* On a worker. */
static void
on_settled(void *arg)
{
	struct proxy_run *p = arg;

	agent_in_force(p->agent);
}

static void
on_use(void *arg, struct model_object *const *objects, size_t len,
    const struct compile_input *more)
{
	struct proxy_run *p = arg;

	proxy_use_documents(p, objects, len, more);
	agent_use_plain(p->agent, p->snapshot);
	agent_use_limits(p->agent, p->snapshot);
	data_plane_settle(p->plane, on_settled, p);
}

static void
on_identify(void *arg, struct tls_identity *id, struct slice workload)
{
	struct proxy_run *p = arg;

	/* The name seldom changes, the certificate often. */
	if (p->workload == NULL || !slice_is(workload, p->workload)) {
		mem_free(p->workload);
		p->workload = mem_dup(workload.ptr, workload.len);
		data_plane_name(p->plane, workload);
	}
	data_plane_identify(p->plane, id);
}

static void
on_refuse(void *arg, struct revoked *list, void (*done)(void *), void *ctx)
{
	struct proxy_run *p = arg;

	data_plane_refuse(p->plane, list, done, ctx);
}

struct handing_out {
	struct proxy_run *proxy;
	struct svids     *svids;
};

static void
on_main_svids(void *arg)
{
	struct handing_out *h = arg;

	if (h->proxy->workload_api != NULL)
		workload_api_use(h->proxy->workload_api, h->svids);
	else
		svids_unref(h->svids);	/* at the end */
	mem_free(h);
}

static void
on_svids(void *arg, struct svids *s)
{
	struct proxy_run *p = arg;
	struct handing_out *h = mem_alloc(sizeof(*h));

	*h = (struct handing_out){ p, s };
	loop_post(p->loop, on_main_svids, h);
}

static void
on_calls(void *arg, void (*done)(void *, struct slice), void *ctx)
{
	struct proxy_run *p = arg;

	learn_gather(p->plane, done, ctx);
}

static void
on_keys_settled(void *arg, struct slice source)
{
	struct proxy_run *p = arg;

	data_plane_settle_keys(p->plane, source);
}

static void
on_describe(void *arg, struct str *out)
{
	admin_config_write(out, arg);
}

/* --- and on the main loop ------------------------------------------------ */

static void
on_ready(void *arg, bool is_ready)
{
	struct proxy_run *p = arg;

	proxy_set_ready(p, is_ready && !p->draining);
}

static void
on_failed(void *arg, const struct err *err)
{
	struct proxy_run *p = arg;

	p->failure = *err;
	proxy_end(p);
}

static void
on_withdrawn(void *arg)
{
	proxy_drain(arg);
}

/* --- life ---------------------------------------------------------------- */

int
sidecar_new(struct proxy_run *p, struct err *err)
{
	const struct resolve_files *own = &p->settings.control_files;
	const struct agent_options o = {
		.control_files = own->hosts == NULL ? NULL : own,
		.settings = p->settings.spec, .apps = p->apps,
		.apps_len = p->apps_len, .handshaker = p->handshaker,
		.issuers = p->issuers, .settled = on_keys_settled,
		.stats = p->stats, .version = build_version(), .main = p->loop,
		.use = on_use, .identify = on_identify, .refuse = on_refuse,
		.svids = on_svids, .calls = on_calls,
		.describe = on_describe, .ready = on_ready,
		.failed = on_failed, .arg = p,
	};

	p->agent = agent_new(&o, err);
	return p->agent == NULL ? -1 : 0;
}

int
sidecar_start(struct proxy_run *p, struct err *err)
{
	if (p->settings.spec->workload_api_socket != NULL) {
		p->workload_api = workload_api_open(p, err);
		if (p->workload_api == NULL)
			return -1;
	}
	return agent_start(p->agent, (uint16_t)addr_port(&p->inbound_addr),
	    err);
}

void
sidecar_stop(struct proxy_run *p)
{
	log_info("proxy", "stopping: telling control, then callers finish");
	p->stopping = true;
	proxy_set_ready(p, false);
	agent_stop(p->agent, on_withdrawn, p);
}

void
sidecar_end(struct proxy_run *p)
{
	if (p->agent != NULL)
		agent_end(p->agent);
}

void
sidecar_free(struct proxy_run *p)
{
	agent_free(p->agent);
	workload_api_free(p->workload_api);
	mem_free(p->workload);
	p->workload_api = NULL;
	p->agent = NULL;
	p->workload = NULL;
}

/* --- from workers -------------------------------------------------------- */

void
sidecar_want(void *arg, const struct service_name *name)
{
	struct proxy_run *p = arg;

	agent_want(p->agent, name);
}

void
sidecar_used(void *arg, const struct service_name *name)
{
	struct proxy_run *p = arg;

	agent_used(p->agent, name);
}
