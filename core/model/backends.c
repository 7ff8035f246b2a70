#include "model/backends.h"

static void
tell(const struct model_object *route, const struct model_object_ref *r,
    model_backend_fn *fn, void *arg)
{
	if (model_ref_is(r->group, r->kind, "", "Service"))
		fn(arg, r->namespace != NULL ? r->namespace :
		    route->head->meta.namespace, r->name);
}

void
model_filters_tell(const struct model_object *route,
    const struct model_http_filter *f, size_t n, model_backend_fn *fn, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		if (f[i].mirror != NULL)
			tell(route, &f[i].mirror->backend, fn, arg);
		if (f[i].external_auth != NULL)
			tell(route, &f[i].external_auth->backend, fn, arg);
	}
}

void
model_backends_tell(const struct model_object *route,
    const struct model_backend_ref *b, size_t n, model_backend_fn *fn, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		const struct model_object_ref ref = { b[i].group, b[i].kind,
			b[i].namespace, b[i].name, b[i].port };

		tell(route, &ref, fn, arg);
		model_filters_tell(route, b[i].filters, b[i].filters_len, fn,
		    arg);
	}
}

static void
tell_extensions(const struct model_http_filter *f, size_t n,
    model_extension_fn *fn, void *arg)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].extension != NULL)
			fn(arg, f[i].extension);
}

void
model_extensions_tell(const struct model_http_filter *f, size_t n,
    const struct model_backend_ref *b, size_t backends, model_extension_fn *fn,
    void *arg)
{
	tell_extensions(f, n, fn, arg);
	for (size_t i = 0; i < backends; i++)
		tell_extensions(b[i].filters, b[i].filters_len, fn, arg);
}
