#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "conf/json.h"
#include "filter/table.h"
#include "model/mesh_config.h"
#include "modes/proxy/authenticate.h"
#include "modes/proxy/authorize.h"
#include "modes/proxy/compile.h"
#include "modes/proxy/login.h"

/*
 * Which filters a listener runs.  These always do, in this order; documents
 * (MeshConfig.spec.chains, then Proxy.spec.filters) configure one of them by
 * its name, or add others behind them.
 */
static const char *const always_l4[] = { "limit", "authz", NULL };
static const char *const always_l7[] = {
	"request_id", "metrics", "access_log", "limit", NULL
};

struct wanted {
	const struct model_filter *v[64];
	size_t                     len;
	bool                       authorizes;	/* who comes in is strange */
};

static void
collect(struct wanted *w, const struct model_filter *v, size_t len)
{
	for (size_t i = 0; i < len && w->len < sizeof(w->v) / sizeof(w->v[0]); i++)
		w->v[w->len++] = &v[i];
}

/* The same text for the same filters with the same configuration. */
static char *
text_of(const struct wanted *w)
{
	struct str s = { 0 };

	for (size_t i = 0; i < w->len; i++) {
		str_addf(&s, "%s ", w->v[i]->name);
		if (w->v[i]->config != NULL)
			conf_json_write(&s, w->v[i]->config);
		str_add_char(&s, '\n');
	}
	char *text = mem_strdup(str_ptr(&s));

	str_fini(&s);
	return text;
}

/* The last word about a filter wins. */
static const struct conf_node *
config_of(const struct wanted *w, const char *name)
{
	const struct conf_node *config = NULL;

	for (size_t i = 0; i < w->len; i++)
		if (strcmp(w->v[i]->name, name) == 0)
			config = w->v[i]->config;
	return config;
}

static bool
is_always(const char *name)
{
	for (size_t i = 0; always_l4[i] != NULL; i++)
		if (strcmp(always_l4[i], name) == 0)
			return true;
	for (size_t i = 0; always_l7[i] != NULL; i++)
		if (strcmp(always_l7[i], name) == 0)
			return true;
	return false;
}

static int
add_l4(struct l4_chain *c, const char *name, const struct conf_node *config,
    struct err *err)
{
	const struct filter_row *row = filter_find_l4(name);
	void *shared = NULL;

	if (row->l4->base.configure != NULL &&
	    row->l4->base.configure(&shared, config, err) != 0)
		return err_wrap(err, "filter %s", name);
	l4_chain_add(c, row->l4, shared);
	return 0;
}

static int
add_l7(struct l7_chain *c, const char *name, const struct conf_node *config,
    struct err *err)
{
	const struct filter_row *row = filter_find_l7(name);
	void *shared = NULL;

	if (row->l7->base.configure != NULL &&
	    row->l7->base.configure(&shared, config, err) != 0)
		return err_wrap(err, "filter %s", name);
	l7_chain_add(c, row->l7, shared);
	return 0;
}

/* What stands for an authz that does not configure: nobody may connect. */
static int
add_refusal(struct l4_chain *c, struct err *err)
{
	struct arena a;

	arena_init(&a);
	struct conf_node *config = conf_map_new(&a);

	conf_add_string(conf_set_list(config, "deny"), "*");
	int result = add_l4(c, "authz", config, err);

	arena_fini(&a);
	return result;
}

/*
 * As a last resort, without chains from before, one bad filter harms only
 * itself: an authz refuses, the others that always run have their defaults.
 */
static int
add_always(struct listener_chains *out, const char *name, bool is_l4,
    const struct wanted *w, bool last_resort, struct err *err)
{
	const struct conf_node *config = config_of(w, name);
	int result = is_l4 ? add_l4(out->l4, name, config, err) :
	    add_l7(out->l7, name, config, err);

	if (result == 0 || !last_resort)
		return result;
	if (is_l4 && strcmp(name, "authz") == 0)
		return add_refusal(out->l4, err);
	return is_l4 ? add_l4(out->l4, name, NULL, err) :
	    add_l7(out->l7, name, NULL, err);
}

static int
add_other(struct listener_chains *out, const struct model_filter *f,
    struct err *err)
{
	if (filter_find_l7(f->name) != NULL)
		return add_l7(out->l7, f->name, f->config, err);
	if (filter_find_l4(f->name) != NULL)
		return add_l4(out->l4, f->name, f->config, err);
	return err_set(err, ERR_DATA, "no filter is named \"%s\"", f->name);
}

static int
build(struct listener_chains *out, const char *name, const struct wanted *w,
    struct filter_stats *stats, bool last_resort, struct err *err)
{
	out->l4 = l4_chain_new(name, stats);
	out->l7 = l7_chain_new(name, stats);
	for (size_t i = 0; always_l4[i] != NULL; i++)
		if (add_always(out, always_l4[i], true, w, last_resort,
		    err) != 0)
			return -1;
	for (size_t i = 0; always_l7[i] != NULL; i++)
		if (add_always(out, always_l7[i], false, w, last_resort,
		    err) != 0)
			return -1;
	if (w->authorizes) {
		l4_chain_add(out->l4, &authorize_bytes, NULL);
		l7_chain_add(out->l7, &authenticate_requests, NULL);
		l7_chain_add(out->l7, &login_requests, NULL);
		l7_chain_add(out->l7, &authorize_requests, NULL);
	}
	for (size_t i = 0; i < w->len; i++)
		if (!is_always(w->v[i]->name) &&
		    add_other(out, w->v[i], err) != 0 && !last_resort)
			return -1;
	return 0;
}

static void
share(struct listener_chains *out, const struct listener_chains *before)
{
	out->wanted = mem_strdup(before->wanted);
	out->l4 = l4_chain_ref(before->l4);
	out->l7 = l7_chain_ref(before->l7);
}

/*
 * Chains that say the same as those before are those before: what a filter
 * counts (the connections of a limit) goes on.  What cannot be built leaves
 * the last good chains, or at first what can be built of them.
 */
static int
provide(struct listener_chains *out, const struct listener_chains *before,
    const char *name, const struct wanted *w, struct filter_stats *stats,
    struct err *err)
{
	struct err ignored = ERR_INIT;
	char *text = text_of(w);

	if (before != NULL && strcmp(text, before->wanted) == 0) {
		mem_free(text);
		share(out, before);
		return 0;
	}
	out->wanted = text;
	if (build(out, name, w, stats, false, err) == 0)
		return 0;
	l4_chain_unref(out->l4);
	l7_chain_unref(out->l7);
	if (before != NULL) {
		mem_free(text);
		share(out, before);
		return -1;
	}
	build(out, name, w, stats, true, &ignored);
	return -1;
}

int
compile_chains(const struct compile_input *in, struct snapshot *s,
    struct err *err)
{
	struct wanted inbound = { .len = 0 }, outbound = { .len = 0 };
	int result = 0;

	for (size_t i = 0; i < in->len; i++) {
		if (in->objects[i]->kind != &model_mesh_config_kind)
			continue;
		const struct model_chains *c =
		    &model_mesh_config(in->objects[i])->spec.chains;

		collect(&inbound, c->inbound, c->inbound_len);
		collect(&outbound, c->outbound, c->outbound_len);
	}
	inbound.authorizes = true;
	outbound.authorizes = in->settings->spec.gateway != NULL ||
	    in->settings->spec.standalone;

	const struct model_chains *own = &in->settings->spec.filters;

	collect(&inbound, own->inbound, own->inbound_len);
	collect(&outbound, own->outbound, own->outbound_len);
	const struct snapshot *before = in->before;

	if (provide(&s->in, before ? &before->in : NULL, "inbound", &inbound,
	    in->filter_stats, err) != 0)
		result = -1;
	if (provide(&s->out, before ? &before->out : NULL, "outbound",
	    &outbound, in->filter_stats, err) != 0)
		result = -1;
	return result;
}
