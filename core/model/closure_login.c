#include <string.h>

#include "model/closure_learn.h"
#include "model/http_route.h"
#include "model/oidc_login.h"

/*
 * closure_login: the OIDCLogins of a proxy that runs a Gateway: those about it,
 * and those about HTTPRoutes that hang on it, which may come and go.
 */
static struct model_object *
route_of(const struct model_subject *s, const struct model_object *login,
    const struct model_target_ref *t)
{
	struct arena a = { 0 };
	struct model_object *route = !model_oidc_target_is_route(t) ? NULL :
	    map_get(&s->routes, slice_str(model_key(&a, &model_http_route_kind,
	    login->head->meta.namespace, t->name)));

	arena_fini(&a);
	return route;
}

static bool
hangs_here(const struct model_subject *s, const struct model_object *route)
{
	const struct model_route_at *at = &model_http_route(route)->spec.at;

	for (size_t i = 0; i < at->parents_len; i++)
		if (model_subject_fronts(s, route, &at->parents[i]))
			return true;
	return false;
}

bool
model_subject_logs_in(const struct model_subject *s, const struct model_object *o)
{
	const struct model_oidc_login_spec *spec = model_oidc_login(o);

	if (s->gateway == NULL)
		return false;
	if (model_oidc_login_is_for(o, s->namespace, s->gateway))
		return true;
	for (size_t i = 0; i < spec->targets_len; i++) {
		const struct model_object *route = route_of(s, o,
		    &spec->targets[i]);

		if (route != NULL && hangs_here(s, route))
			return true;
	}
	return false;
}

bool
model_subject_note_login(struct model_subject *s, struct model_object *o,
    bool is_there)
{
	struct slice key = slice_str(o->key);
	struct model_object *old = map_get(&s->logins, key);
	bool is_news = old != NULL && model_subject_logs_in(s, old);

	if (old == (is_there ? o : NULL))
		return false;
	if (is_there)
		map_put(&s->logins, key, model_object_ref(o));
	else
		map_del(&s->logins, key);
	model_object_unref(old);
	return is_news || (is_there && model_subject_logs_in(s, o));
}

size_t
model_subject_logins_at(const struct model_subject *s,
    const struct model_object *route)
{
	size_t it = 0, n = 0;
	void *value;

	while (map_next(&s->logins, &it, NULL, &value)) {
		const struct model_object *o = value;
		const struct model_oidc_login_spec *spec = model_oidc_login(o);

		for (size_t i = 0; i < spec->targets_len; i++) {
			const struct model_object *at = route_of(s, o,
			    &spec->targets[i]);

			n += at != NULL && strcmp(at->key, route->key) == 0 &&
			    hangs_here(s, at);
		}
	}
	return n;
}

bool
model_subject_logs_in_by(const struct model_subject *s,
    const struct model_object *secret)
{
	size_t it = 0;
	void *login;

	while (map_next(&s->logins, &it, NULL, &login))
		if (model_oidc_login_refers(login, secret) &&
		    model_subject_logs_in(s, login))
			return true;
	return false;
}
