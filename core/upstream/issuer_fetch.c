#include "base/mem.h"
#include "http/head.h"
#include "pki/jwk.h"
#include "pki/web.h"
#include "policy/openid.h"
#include "upstream/fetch.h"
#include "upstream/issuer_fetch.h"

struct issuer_fetch {
	struct loop                *loop;
	struct arena                arena;
	struct issuer_fetch_request request;	/* texts in the arena */
	struct fetch               *fetch;
	struct openid_provider      provider;	/* in the arena */
	bool                        has_provider;
	void                      (*done)(void *, const struct issuer_fetched *);
	void                       *arg;
};

static void
release(struct issuer_fetch *f)
{
	web_roots_unref(f->request.roots);
	arena_fini(&f->arena);
	mem_free(f);
}

static void
finish(struct issuer_fetch *f, const struct issuer_fetched *r)
{
	f->done(f->arg, r);
	release(f);
}

static bool
is_good(const struct fetch_result *r, struct issuer_fetched *out)
{
	*out = (struct issuer_fetched){ .err = r->err, .text = r->body,
		.max_age_s = r->max_age_s };
	if (r->err.kind == ERR_NONE && r->status != 200)
		err_set(&out->err, ERR_UNAVAILABLE, "it answers %d (%s)",
		    r->status, http_status_text(r->status));
	return out->err.kind == ERR_NONE;
}

static void
ask(struct issuer_fetch *f, struct slice url, size_t body_max,
    void (*done)(void *, const struct fetch_result *))
{
	const struct fetch_request q = {
		.handshaker = f->request.handshaker, .url = url,
		.roots = f->request.roots, .files = f->request.files,
		.allows_plain = true, .accept = SLICE("application/json"),
		.timeout_ms = ISSUER_FETCH_MS, .body_max = body_max,
		.redirects = FETCH_REDIRECTS_MAX,
	};

	f->fetch = fetch_start(f->loop, &q, done, f);
}

static void
on_keys(void *arg, const struct fetch_result *r)
{
	struct issuer_fetch *f = arg;
	struct issuer_fetched out;

	f->fetch = NULL;
	is_good(r, &out);
	out.provider = f->has_provider ? &f->provider : NULL;
	finish(f, &out);
}

static void
on_provider(void *arg, const struct fetch_result *r)
{
	struct issuer_fetch *f = arg;
	struct issuer_fetched out;

	f->fetch = NULL;
	if (!is_good(r, &out) || openid_read(&f->provider, &f->arena,
	    f->request.issuer, out.text, &out.err) != 0) {
		out.text = SLICE_NONE;
		finish(f, &out);
		return;
	}
	f->has_provider = true;
	ask(f, f->provider.jwks, JWK_TEXT_MAX, on_keys);
}

struct issuer_fetch *
issuer_fetch_start(struct loop *loop, const struct issuer_fetch_request *q,
    void (*done)(void *, const struct issuer_fetched *), void *arg)
{
	struct issuer_fetch *f = mem_zalloc(sizeof(*f));

	f->loop = loop;
	f->request = *q;
	f->done = done;
	f->arg = arg;
	f->request.issuer = arena_dup(&f->arena, q->issuer);
	if (q->roots != NULL)
		web_roots_ref(q->roots);
	if (q->address.ptr != NULL)
		ask(f, q->address, JWK_TEXT_MAX, on_keys);
	else
		ask(f, openid_address(&f->arena, q->issuer), OPENID_TEXT_MAX,
		    on_provider);
	return f;
}

void
issuer_fetch_cancel(struct issuer_fetch *f)
{
	if (f == NULL)
		return;
	fetch_cancel(f->fetch);
	release(f);
}
