#include "base/log.h"
#include "base/mem.h"
#include "modes/control/bindings_grant.h"
#include "modes/control/first_bindings.h"
#include "modes/control/operators.h"
#include "modes/control/store_keys.h"

struct writing {
	struct server *server;
	void         (*done)(struct server *);
};

static const struct audit_entry control = {
	.actor = { "control", 7 }, .from = { "local", 5 },
};

static void
end(struct writing *w)
{
	struct server *s = w->server;
	void (*done)(struct server *) = w->done;

	mem_free(w);
	done(s);
}

static void
on_written(void *ctx, const struct store_result *r)
{
	struct writing *w = ctx;

	if (r->err.kind != ERR_NONE)
		log_error("api", "the first bindings are not written; those who "
		    "were operators have no role: %s", r->err.text);
	end(w);
}

static void
add_operators(struct server *s, struct store_txn *t)
{
	size_t n = operators_list(s->operators, NULL, 0);
	const struct operator_record **v = mem_zalloc_array(n + 1, sizeof(*v));

	n = operators_list(s->operators, v, n);
	for (size_t i = 0; i < n; i++) {
		const struct bindings_grant g = { .source = "operator",
		    .name = v[i]->name, .role = MODEL_ADMIN };
		struct err err = ERR_INIT;

		if (bindings_grant_put(&g, t, s->registry, &control, &err) < 0)
			log_error("api", "operator %.*s has no role: %s",
			    SLICE_ARG(v[i]->name), err.text);
	}
	if (n > 0)
		log_warn("api", "there are roles now: %zu operators of before "
		    "are admin everywhere (mesh ctl get clusterrolebindings)", n);
	mem_free(v);
}

static void
on_looked(void *ctx, const struct store_result *r)
{
	struct writing *w = ctx;
	struct server *s = w->server;
	const struct bindings_grant socket = { .source = "mesh",
	    .name = SLICE("socket"), .role = MODEL_ADMIN,
	    .group = BINDINGS_SOCKET_GROUP };
	struct err err = ERR_INIT;
	struct store_txn *t;

	if (r->err.kind != ERR_NONE || r->n_items > 0) {
		end(w);
		return;
	}
	t = store_txn_new();
	store_txn_put(t, SLICE(STORE_ROLES), SLICE("{\"since\":1}"));
	add_operators(s, t);
	if (bindings_grant_put(&socket, t, s->registry, &control, &err) < 0)
		log_error("api", "%s", err.text);
	store_commit(s->store, &t, &s->port, on_written, w);
}

void
first_bindings_write(struct server *s, void (*done)(struct server *))
{
	struct writing *w = mem_zalloc(sizeof(*w));

	*w = (struct writing){ .server = s, .done = done };
	store_get(s->store, SLICE(STORE_ROLES), &s->port, on_looked, w);
}
