#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/proxy.h"
#include "model/service.h"
#include "model/workload.h"
#include "modes/proxy/agent_federation.h"

#define SAVE_MS		300	/* several commits are saved at once */

/* --- our own workload ---------------------------------------------------- */

static void
add_ports(struct conf_node *spec, const struct agent *g)
{
	const struct model_proxy_spec *s = g->options.settings;
	static const char *const protocols[] = {
		[MODEL_APP_HTTP] = "http", [MODEL_APP_H2C] = "h2c",
		[MODEL_APP_GRPC] = "grpc", [MODEL_APP_TCP] = "tcp",
		[MODEL_APP_UDP] = "udp", [MODEL_APP_AUTO] = "auto",
		[MODEL_APP_H2] = "h2c",
	};
	struct conf_node *ports = conf_set_list(spec, "ports");

	for (size_t i = 0; i < s->apps_len; i++) {
		struct conf_node *port = conf_add_map(ports);

		conf_set_string(port, "name", s->apps[i].name);
		conf_set_int(port, "port", s->apps[i].port);
		conf_set_string(port, "protocol",
		    protocols[s->apps[i].protocol]);
		agent_add_plain(g, i, port);
	}
}

static void
add_labels(struct conf_node *meta, const struct conf_pairs *labels)
{
	if (labels->len == 0)
		return;
	struct conf_node *into = conf_set_map(meta, "labels");

	for (size_t i = 0; i < labels->len; i++)
		conf_set_string(into, labels->items[i].key,
		    labels->items[i].value);
}

static struct conf_node *
workload_document(const struct agent *g, struct arena *a, const char *address)
{
	const struct model_proxy_spec *s = g->options.settings;
	const struct agent_identity *i = g->identity;
	struct conf_node *doc = conf_map_new(a);

	conf_set_string(doc, "apiVersion", "mesh/v1");
	conf_set_string(doc, "kind", "Workload");
	struct conf_node *meta = conf_set_map(doc, "metadata");

	conf_set_string(meta, "name", i->workload);
	conf_set_string(meta, "namespace", i->ns);
	add_labels(meta, &s->labels);
	struct conf_node *spec = conf_set_map(doc, "spec");

	conf_set_string(spec, "serviceAccount", i->account);
	struct conf_node *services = conf_set_list(spec, "services");

	for (size_t n = 0; n < i->services_len; n++)
		conf_add_string(services, i->services[n]);
	conf_set_string(spec, "address", address);
	if (g->inbound_port > 0)	/* a gateway is called by nobody */
		conf_set_int(spec, "inboundPort", g->inbound_port);
	add_ports(spec, g);
	if (s->permissive)
		conf_set_bool(spec, "permissive", true);
	if (s->zone != NULL && *s->zone != '\0')
		conf_set_string(spec, "zone", s->zone);
	return doc;
}

void
agent_make_workload(struct agent *g, const struct addr *local)
{
	const char *address = g->options.settings->advertise;
	char text[ADDR_TEXT_MAX];
	struct err err = ERR_INIT;
	struct arena a;

	/* What control sees, or before that what we said the last time. */
	if (address == NULL && local == NULL && g->own != NULL)
		address = model_workload(g->own)->spec.address;
	if (address == NULL && local != NULL) {
		struct addr ip = *local;

		addr_unmap(&ip);
		addr_format_ip(&ip, text);
		address = text;
	}
	arena_init(&a);
	struct model_object *o = model_object_read(workload_document(g, &a,
	    address != NULL ? address : "127.0.0.1"), MODEL_STRICT, NULL, &err);

	if (o == NULL) {
		log_error("sync", "our workload: %s", err.text);
	} else {
		model_object_unref(g->own);
		g->own = o;
	}
	arena_fini(&a);
}

/* --- compiling ----------------------------------------------------------- */

static void
send_reject(void *arg, struct slice key, uint64_t revision, const char *why)
{
	const struct sync_message m = { .type = SYNC_NACK, .key = key,
		.revision = revision, .error = slice_str(why) };

	agent_send(arg, &m);
}

void
agent_reject(struct agent *g, struct slice key, uint64_t revision,
    const char *why)
{
	log_warn("sync", "%.*s: %s", SLICE_ARG(key), why);
	send_reject(g, key, revision, why);
}

void
agent_tell_faults(struct agent *g)
{
	faults_each(&g->faults, send_reject, g);
}

static void
on_news(void *arg, struct slice key, uint64_t revision, const char *why)
{
	struct agent *g = arg;

	if (*why == '\0')
		log_info("sync", "%.*s: nothing is wrong with it any more",
		    SLICE_ARG(key));
	else
		log_warn("sync", "%.*s: %s", SLICE_ARG(key), why);
	if (g->is_synced)
		send_reject(g, key, revision, why);
}

static void
on_fault(void *arg, const char *key, const struct err *err)
{
	struct agent *g = arg;

	faults_add(&g->faults, slice_str(key),
	    docs_revision(&g->docs, slice_str(key)), err->text);
}

static void
count_rejected(struct agent *g)
{
	atomic_store(&g->numbers.rejected,
	    (unsigned)(g->unread.len + g->faults.now.len));
}

static bool
is_called(void *arg, const struct service_name *name)
{
	const struct agent *g = arg;
	char key[SERVICE_KEY_MAX];

	service_key(name, key);
	return interests_has(&g->interests, slice_str(key));
}

static bool
split_name(struct slice text, struct service_name *out)
{
	struct slice ns;

	if (!slice_cut(&text, '/', &ns) || ns.len > SNI_LABEL_MAX ||
	    text.ptr == NULL || text.len > SNI_LABEL_MAX)
		return false;
	*out = (struct service_name){ { 0 }, { 0 } };
	memcpy(out->ns, ns.ptr, ns.len);
	memcpy(out->name, text.ptr, text.len);
	return true;
}

static struct service_name *
list_absent(const struct agent *g, size_t *len)
{
	struct service_name *list = mem_zalloc_array(g->docs.absent.len + 1,
	    sizeof(*list));
	struct slice name;
	size_t it = 0;

	*len = 0;
	while (map_next(&g->docs.absent, &it, &name, NULL))
		if (interests_has(&g->interests, name) &&
		    split_name(name, &list[*len]))
			++*len;
	return list;
}

/* As control has it, or as we told it and control does not have it yet. */
static const struct model_object *
self(const struct agent *g)
{
	const struct model_object *o = g->own == NULL ? NULL :
	    docs_find(&g->docs, slice_str(g->own->key));

	return o != NULL ? o : g->own;
}

void
agent_compile(struct agent *g)
{
	size_t len, absent_len;
	struct model_object **objects = docs_list(&g->docs, &len);
	struct service_name *absent = list_absent(g, &absent_len);
	const struct compile_input more = {
		.is_called = is_called, .is_called_arg = g,
		.absent = absent, .absent_len = absent_len,
		.trust_domain = g->identity->domain, .self = self(g),
		.revision = g->docs.revision,
		.fault = on_fault, .fault_arg = g,
		.names = g->names, .system = g->system,
	};

	g->must_compile = false;
	faults_begin(&g->faults);
	agent_federate(g, objects, len);
	g->unsettled++;
	g->options.use(g->options.arg, objects, len, &more);
	count_rejected(g);
	faults_end(&g->faults, on_news, g);
	mem_free(absent);
	mem_free(objects);
	atomic_store(&g->numbers.revision, g->docs.revision);
	log_debug("sync", "revision %llu in force: %zu documents",
	    (unsigned long long)g->docs.revision, len);
}

static void
on_in_force(void *arg)
{
	struct agent *g = arg;

	if (--g->unsettled > 0 || g->has_stopped)
		return;
	g->is_in_force = true;
	agent_tell_plain(g);
	agent_tell_ready(g);
	agent_tell_app(g);
	agent_tell_applied(g);
}

void
agent_in_force(struct agent *g)
{
	loop_post(g->loop, on_in_force, g);
}

/* --- on disk ------------------------------------------------------------- */

void
agent_save_soon(struct agent *g)
{
	if (!loop_timer_is_running(&g->save_timer))
		loop_timer_start(&g->save_timer, SAVE_MS);
}

void
agent_save_now(struct agent *g)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;
	size_t len;

	if (!loop_timer_is_running(&g->save_timer))
		return;
	loop_timer_stop(&g->save_timer);
	struct slice *names = interests_list(&g->interests, &len);

	docs_save(&g->docs, names, len, &text);
	if (state_write(&g->state, STATE_DOCUMENTS, str_slice(&text), &err) != 0)
		log_warn("sync", "%s; after a restart the documents would be "
		    "older", err.text);
	mem_free(names);
	str_fini(&text);
}

static void
on_saved_service(void *arg, struct slice name)
{
	struct agent *g = arg;

	interests_add(&g->interests, name, false, loop_now_ms(g->loop));
}

void
agent_docs_load(struct agent *g)
{
	struct str text = { 0 };
	struct err err = ERR_INIT;
	int found = state_read(&g->state, STATE_DOCUMENTS, &text, &err);

	if (found == 1 && docs_load(&g->docs, str_slice(&text),
	    on_saved_service, g, &err) != 0)
		found = -1;
	if (found < 0) {
		/* Control will send everything again. */
		log_warn("sync", "%s: %s", STATE_DOCUMENTS, err.text);
		docs_fini(&g->docs);
	}
	str_fini(&text);
}
