#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "modes/control/federation_run.h"
#include "modes/control/registry_apply.h"
#include "tls/federation.h"
#include "tls/system_roots.h"
#include "upstream/fetch.h"

#define TIMEOUT_MS	10000
#define FIRST_MS	1000	/* not all of them in one turn of a start */
#define FAILED_MS	1000	/* after the first failure */
#define REFRESH_MAX_S	86400

/* --- pure ------------------------------------------------------------------------ */

uint64_t
federation_wait_ms(uint32_t refresh_s, unsigned failures, double r)
{
	uint64_t s = refresh_s == 0 ? FEDERATION_REFRESH_S :
	    refresh_s > REFRESH_MAX_S ? REFRESH_MAX_S : refresh_s;
	uint64_t ms = s * 1000, soon = FAILED_MS;

	for (unsigned i = 1; i < failures && soon < ms; i++)
		soon *= 2;
	if (failures > 0 && soon < ms)
		ms = soon;
	return ms - (uint64_t)((double)ms * r / 10);
}

int
federation_compare(const struct spiffe_bundle *there,
    const struct spiffe_bundle *fetched, struct err *err)
{
	if (there == NULL || !there->has_sequence)
		return 0;
	if (!fetched->has_sequence)
		return err_set(err, ERR_CONFLICT, "it has no spiffe_sequence "
		    "any more, and the one that is kept has %llu",
		    (unsigned long long)there->sequence);
	if (fetched->sequence >= there->sequence)
		return 0;
	return err_set(err, ERR_CONFLICT, "its spiffe_sequence went back from "
	    "%llu to %llu", (unsigned long long)there->sequence,
	    (unsigned long long)fetched->sequence);
}

/* --- what documents say ------------------------------------------------------------ */

struct model_object **
federation_documents(const struct federation *f, size_t *n)
{
	const struct registry_query q[] = {
		{ .kind = &model_federated_trust_domain_kind },
		{ .kind = &model_federated_bundle_kind },
	};
	size_t len[2];
	struct model_object **a = registry_list(f->server->registry, &q[0],
	    &len[0]);
	struct model_object **b = registry_list(f->server->registry, &q[1],
	    &len[1]);
	struct model_object **all = mem_zalloc_array(len[0] + len[1] + 1,
	    sizeof(struct model_object *));

	for (size_t i = 0; i < len[0]; i++)
		all[i] = a[i];
	for (size_t i = 0; i < len[1]; i++)
		all[len[0] + i] = b[i];
	*n = len[0] + len[1];
	mem_free(a);
	mem_free(b);
	return all;
}

static const char *
own_domain(const struct federation *f)
{
	return f->server->spec->trust_domain;
}

static const struct model_object *
document(const struct fetched *d)
{
	return registry_find(d->all->server->registry, slice_str(d->key));
}

static const struct model_federated_trust_domain_spec *
spec_of(const struct model_object *o)
{
	return &model_federated_trust_domain(o)->spec;
}

/* What is there now; false: nothing. */
static bool
bundle_now(const struct federation *f, const struct model_object *o,
    struct spiffe_bundle *out)
{
	size_t n;
	struct model_object **all = federation_documents(f, &n);
	bool is_there = model_federation_bundle(all, n, o, out);

	mem_free(all);
	return is_there;
}

/* --- asking ------------------------------------------------------------------------ */

static void
count(const struct fetched *d, const struct model_object *o, const char *result)
{
	server_count(d->all->server, METRIC_CONTROL_FEDERATION_FETCHES,
	    (struct slice[]){ slice_str(spec_of(o)->trust_domain),
	    slice_str(result) });
}

static void
look_again(struct fetched *d, const struct model_object *o)
{
	struct spiffe_bundle b;
	uint32_t refresh_s = 0;
	uint64_t ms;

	if (bundle_now(d->all, o, &b)) {
		refresh_s = b.refresh_s;
		spiffe_bundle_fini(&b);
	}
	ms = federation_wait_ms(refresh_s, d->failures, random_unit());
	d->next_s = clock_wall_s() + (int64_t)(ms / 1000);
	loop_timer_start(&d->due, ms);
}

static void
fail(struct fetched *d, const struct model_object *o, const struct err *err)
{
	bool is_news = strcmp(d->error, err->text) != 0;

	snprintf(d->error, sizeof(d->error), "%.*s",
	    (int)sizeof(d->error) - 1, err->text);
	if (d->failures++ == 0)
		d->changed_s = clock_wall_s();
	count(d, o, "failed");
	if (is_news)
		log_warn("federation", "%s: %s; what is there stays", d->name,
		    d->error);
	look_again(d, o);
}

static void
succeed(struct fetched *d, const struct model_object *o)
{
	if (d->error[0] != '\0')
		log_info("federation", "%s: fetched again", d->name);
	d->error[0] = '\0';
	if (d->failures > 0 || d->good_s == 0)
		d->changed_s = clock_wall_s();
	d->failures = 0;
	d->good_s = clock_wall_s();
	count(d, o, "fetched");
	look_again(d, o);
}

/* --- writing ------------------------------------------------------------------------- */

static void
domain_free(void *arg)
{
	struct fetched *d = arg;

	loop_timer_stop(&d->due);
	fetch_cancel(d->fetch);
	d->fetch = NULL;
	d->is_gone = true;
	if (d->is_writing)
		return;
	mem_free(d->key);
	mem_free(d->name);
	mem_free(d);
}

static void
on_written(void *ctx, const struct registry_answer *a)
{
	struct fetched *d = ctx;
	const struct model_object *o;

	d->is_writing = false;
	if (d->is_gone) {
		domain_free(d);
		return;
	}
	o = document(d);
	if (o == NULL)
		return;
	if (a->err.kind != ERR_NONE)
		fail(d, o, &a->err);
	else
		succeed(d, o);
}

static void
write_bundle(struct fetched *d, const struct model_object *o, struct slice text)
{
	const struct model_federated_trust_domain_spec *s = spec_of(o);
	char hash[MODEL_BUNDLE_HASH + 1];
	struct conf_node *doc, *spec;
	struct arena a = { 0 };

	model_federated_bundle_hash(s->bundle, hash);
	doc = conf_map_new(&a);
	conf_set_string(doc, "apiVersion",
	    model_federated_bundle_kind.versions[0]);
	conf_set_string(doc, "kind", model_federated_bundle_kind.kind);
	conf_set_string(conf_set_map(doc, "metadata"), "name", d->name);
	spec = conf_set_map(doc, "spec");
	conf_set_string(spec, "trustDomain", s->trust_domain);
	conf_set_slice(spec, "bundle", text);
	conf_set_string(spec, "begunWith", hash);
	const struct registry_edit edit = { .document = doc };
	const struct registry_set set = { .edits = &edit, .n = 1,
		.who = { .actor = SLICE("control"), .from = slice_str(s->url) } };

	d->is_writing = true;
	registry_apply(d->all->server->registry, &set, on_written, d);
	arena_fini(&a);
}

static void
on_dropped(void *ctx, const struct registry_answer *a)
{
	(void)ctx;
	if (a->err.kind != ERR_NONE && a->err.kind != ERR_NOT_FOUND)
		log_error("federation", "%s", a->err.text);
}

/* The bundle of a document that is there no longer. */
static void
drop_bundle(struct federation *f, const char *name)
{
	struct arena a = { 0 };
	const struct registry_edit edit = { .key = slice_str(model_key(&a,
	    &model_federated_bundle_kind, NULL, name)) };
	const struct registry_set set = { .edits = &edit, .n = 1,
		.who = { .actor = SLICE("control"), .from = SLICE("local") } };

	if (registry_find(f->server->registry, edit.key) != NULL)
		registry_apply(f->server->registry, &set, on_dropped, NULL);
	arena_fini(&a);
}

/* --- the answer ------------------------------------------------------------------------ */

/* 1: it is another one; 0: it is what is there; -1: it is of no use. */
static int
judge(struct fetched *d, const struct model_object *o, struct slice text,
    struct err *err)
{
	struct spiffe_bundle now, there;
	const struct model_object *known;
	size_t n;
	struct model_object **all;
	int result;

	if (spiffe_bundle_read(&now, slice_str(spec_of(o)->trust_domain), text,
	    err) != 0)
		return -1;
	all = federation_documents(d->all, &n);
	known = model_federation_fetched(all, n, o);
	bool is_there = model_federation_bundle(all, n, o, &there);

	result = federation_compare(is_there ? &there : NULL, &now, err);
	if (is_there)
		spiffe_bundle_fini(&there);
	spiffe_bundle_fini(&now);
	mem_free(all);
	if (result != 0)
		return -1;
	return known == NULL || !slice_eq(text, slice_str(
	    model_federated_bundle(known)->spec.bundle));
}

static void
on_fetched(void *arg, const struct fetch_result *r)
{
	struct fetched *d = arg;
	const struct model_object *o = document(d);
	struct err err = r->err;
	int result = -1;

	d->fetch = NULL;
	if (o == NULL)
		return;
	if (err.kind == ERR_NONE && r->status != 200)
		err_set(&err, ERR_UNAVAILABLE, "%s answers %d", spec_of(o)->url,
		    r->status);
	if (err.kind == ERR_NONE) {
		result = judge(d, o, r->body, &err);
		if (result < 0)
			err_wrap(&err, "%s", spec_of(o)->url);
	}
	if (result < 0)
		fail(d, o, &err);
	else if (result == 0)
		succeed(d, o);
	else
		write_bundle(d, o, r->body);
}

/* --- the question ---------------------------------------------------------------------- */

/* By whom the endpoint is judged, of a trust domain. */
static struct tls_identity *
judge_by_domain(struct federation *f, const char *id, struct err *err)
{
	const struct bundle *own = f->server->ca->bundle;
	struct model_object **all;
	struct bundle_set *set;
	struct tls_identity *made;
	struct str pem = { 0 };
	struct spiffe of;
	size_t n;

	bundle_pem(&pem, own);
	made = tls_identity_new(SLICE_NONE, SLICE_NONE, str_slice(&pem),
	    own_domain(f), ++f->generation, err);
	str_fini(&pem);
	if (made == NULL || !spiffe_parse(&of, slice_str(id)))
		return made;
	all = federation_documents(f, &n);
	set = model_federation(all, n, own_domain(f), NULL, NULL);
	mem_free(all);
	if (bundle_set_find(set, of.domain) == NULL &&
	    !slice_eq(of.domain, own->domain)) {
		err_set(err, ERR_CONFIG, "there is no bundle of %.*s to judge "
		    "the endpoint by: write one into spec.trustDomainBundle",
		    SLICE_ARG(of.domain));
		tls_identity_unref(made);
		made = NULL;
	} else {
		tls_identity_federate(made, set);
	}
	bundle_set_unref(set);
	return made;
}

static int
ask(struct fetched *d, const struct model_federated_trust_domain_spec *s,
    struct err *err)
{
	struct fetch_request q = {
		.handshaker = d->all->server->handshaker,
		.url = slice_str(s->url), .accept = SLICE("application/json"),
		.timeout_ms = TIMEOUT_MS, .body_max = SPIFFE_BUNDLE_MAX,
		.redirects = FETCH_REDIRECTS_MAX,
		.files = d->all->server->names,
	};

	if (s->profile->type == MODEL_HTTPS_SPIFFE) {
		q.expected_id = slice_str(s->profile->spiffe_id);
		q.identity = judge_by_domain(d->all, s->profile->spiffe_id,
		    err);
	} else {
		q.roots = system_roots_get(d->all->roots, err);
	}
	if (q.identity == NULL && q.roots == NULL)
		return -1;
	d->fetch = fetch_start(d->all->server->loop, &q, on_fetched, d);
	tls_identity_unref(q.identity);
	return 0;
}

static const char *
refusal(const struct federation *f, struct arena *a,
    const struct model_object *o)
{
	size_t n;
	struct model_object **all = federation_documents(f, &n);
	const char *why = model_federation_refusal(a, all, n, o,
	    own_domain(f));

	mem_free(all);
	return why;
}

static void
on_due(void *arg)
{
	struct fetched *d = arg;
	const struct model_object *o = document(d);
	struct err err = ERR_INIT;
	struct arena a = { 0 };
	const char *why;

	if (o == NULL || d->fetch != NULL || d->is_writing ||
	    spec_of(o)->url == NULL || d->all->server->is_ending)
		return;
	why = refusal(d->all, &a, o);
	if (why != NULL)
		err_set(&err, ERR_CONFLICT, "%s", why);
	if (why != NULL || ask(d, spec_of(o), &err) != 0)
		fail(d, o, &err);
	arena_fini(&a);
}

/* --- documents come and go --------------------------------------------------------- */

static void
look_at(struct federation *f, struct slice key, uint64_t ms)
{
	const struct model_object *o = registry_find(f->server->registry, key);
	struct fetched *d = map_get(&f->domains, key);

	if (o == NULL && d != NULL) {
		map_del(&f->domains, key);
		drop_bundle(f, d->name);
		domain_free(d);
	}
	if (o == NULL)
		return;
	if (d == NULL) {
		d = mem_zalloc(sizeof(*d));
		d->all = f;
		d->key = mem_strdup(o->key);
		d->name = mem_strdup(o->head->meta.name);
		loop_timer_init(&d->due, f->server->loop, on_due, d);
		d->changed_s = clock_wall_s();
		map_put(&f->domains, slice_str(d->key), d);
	}
	fetch_cancel(d->fetch);
	d->fetch = NULL;
	d->failures = 0;
	loop_timer_start(&d->due, ms);
}

static void
look_at_all(struct federation *f)
{
	size_t n;
	struct model_object **all = federation_documents(f, &n);

	for (size_t i = 0; i < n; i++) {
		const struct model_object *o = all[i];
		struct arena a = { 0 };

		if (o->kind == &model_federated_trust_domain_kind)
			look_at(f, slice_str(o->key), (uint64_t)(random_unit() *
			    FIRST_MS));
		else if (registry_find(f->server->registry, slice_str(model_key(
		    &a, &model_federated_trust_domain_kind, NULL,
		    o->head->meta.name))) == NULL)
			drop_bundle(f, o->head->meta.name);
		arena_fini(&a);
	}
	mem_free(all);
}

static bool
is_domain_key(struct slice key)
{
	return slice_has_prefix(key,
	    SLICE("/spire.spiffe.io/clusterfederatedtrustdomains/"));
}

static void
on_news(void *arg)
{
	struct federation *f = arg;
	struct registry_feed *feed = registry_changes(f->server->registry);
	struct registry_batch b;
	int rc;

	while ((rc = registry_feed_next(feed, f->at, &b)) > 0) {
		f->at = b.revision;
		for (size_t i = 0; i < b.n; i++)
			if (is_domain_key(b.changes[i]->key))
				look_at(f, b.changes[i]->key, 0);
	}
	if (rc == 0)
		return;
	f->at = feed->revision;
	look_at_all(f);
}

struct federation *
federation_new(struct server *s)
{
	struct federation *f = mem_zalloc(sizeof(*f));

	f->server = s;
	f->roots = system_roots_new(s->spec->federation_ca_file);
	f->at = registry_revision(s->registry);
	f->follower = (struct registry_follower){ .on_news = on_news, .arg = f };
	registry_feed_follow(registry_changes(s->registry), &f->follower);
	look_at_all(f);
	return f;
}

void
federation_free(struct federation *f)
{
	if (f == NULL)
		return;
	registry_feed_leave(&f->follower);
	map_fini(&f->domains, domain_free);
	system_roots_free(f->roots);
	mem_free(f);
}
