#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "modes/control/federation_run.h"

/* --- for people -------------------------------------------------------------- */

static void
add_condition(const struct fetched *d, const struct model_object *o,
    struct conf_node *list)
{
	bool is_good = d->good_s > 0 && d->failures == 0;
	bool is_bad = d->failures > 0;
	struct conf_node *c = conf_add_map(list);

	conf_set_string(c, "type", "Fetched");
	conf_set_string(c, "status", is_good ? "True" : is_bad ? "False" :
	    "Unknown");
	conf_set_int(c, "observedGeneration", o->head->meta.generation);
	conf_set_string(c, "reason", is_good ? "Fetched" : is_bad ? "Failed" :
	    "Pending");
	conf_set_string(c, "message", is_good ?
	    "what is there is what the endpoint has" : is_bad ? d->error :
	    "the endpoint has not answered yet");
	conf_set_time(c, "lastTransitionTime", d->changed_s);
}

static int64_t
last_end(const struct bundle *b)
{
	int64_t end = 0;

	for (size_t i = 0; i < b->len; i++)
		if (b->roots[i].not_after > end)
			end = b->roots[i].not_after;
	return end;
}

static void
describe_bundle(const struct spiffe_bundle *b, struct conf_node *to)
{
	conf_set_int(to, "roots", (int64_t)b->roots->len);
	if (b->roots->len > 0)
		conf_set_time(to, "rootsEnd", last_end(b->roots));
	if (b->left_out > 0) {
		conf_set_int(to, "leftOut", (int64_t)b->left_out);
		conf_set_string(to, "leftOutWhy", b->why);
	}
	if (b->has_sequence)
		conf_set_int(to, "sequence", (int64_t)b->sequence);
	if (b->refresh_s > 0)
		conf_set_int(to, "refreshSeconds", b->refresh_s);
}

/* One of theirs that is ours, too; or NULL. */
static const struct cert *
shared_root(const struct bundle *ours, const struct bundle *theirs)
{
	for (size_t i = 0; i < theirs->len; i++)
		for (size_t j = 0; j < ours->len; j++)
			if (slice_eq(theirs->roots[i].spki, ours->roots[j].spki))
				return &theirs->roots[i];
	return NULL;
}

static void
warn_of_shared(const struct fetched *d, const struct model_object *o,
    const struct bundle *theirs, struct conf_node *list)
{
	const struct cert *root = shared_root(d->all->server->ca->bundle,
	    theirs);
	struct conf_node *c;
	struct str text = { 0 };

	if (root == NULL || list == NULL)
		return;
	c = conf_add_map(list);
	conf_set_string(c, "type", FEDERATION_SHARES_ROOT);
	conf_set_string(c, "status", "True");
	conf_set_int(c, "observedGeneration", o->head->meta.generation);
	conf_set_string(c, "reason", "SharesRoot");
	cert_add_name(&text, root->subject);
	str_add(&text, " is a root of our own, too: an intermediate under it "
	    "signs for both domains, unless it names its own by a SAN "
	    "URI:spiffe://DOMAIN");
	conf_set_slice(c, "message", str_slice(&text));
	conf_set_time(c, "lastTransitionTime", o->head->meta.created);
	str_fini(&text);
}

static void
describe(const struct fetched *d, const struct model_object *o,
    struct conf_node *list, struct conf_node *to)
{
	size_t n;
	struct model_object **all = federation_documents(d->all, &n);
	bool is_fetched = model_federation_fetched(all, n, o) != NULL;
	struct spiffe_bundle b;

	if (model_federation_bundle(all, n, o, &b)) {
		conf_set_string(to, "source", is_fetched ? "Endpoint" :
		    "Document");
		describe_bundle(&b, to);
		warn_of_shared(d, o, b.roots, list);
		spiffe_bundle_fini(&b);
	} else {
		conf_set_string(to, "source", "None");
	}
	mem_free(all);
	if (d->good_s > 0)
		conf_set_time(to, "lastFetched", d->good_s);
	if (d->next_s > 0)
		conf_set_time(to, "nextFetch", d->next_s);
}

void
federation_status(const struct federation *f, const struct model_object *o,
    struct conf_node *status)
{
	const struct fetched *d = map_get(&f->domains, slice_str(o->key));
	struct conf_node *list = conf_get(status, "conditions");

	if (d == NULL)
		return;
	if (model_federated_trust_domain(o)->spec.url != NULL && list != NULL)
		add_condition(d, o, list);
	describe(d, o, list, conf_set_map(status, "bundle"));
}

/* --- for machines ------------------------------------------------------------ */

static void
set_gauge(const struct federation *f, enum metric metric, const char *domain,
    int64_t value)
{
	struct slice label = slice_str(domain);
	struct stat_series *s = stat_series_get(f->server->stats, metric,
	    &label);

	stat_gauge_set(s, (double)value);
	stat_series_unref(s);
}

static void
sample(const struct federation *f, struct model_object *const *all, size_t n,
    const struct model_object *o)
{
	const struct model_federated_trust_domain_spec *s =
	    &model_federated_trust_domain(o)->spec;
	const struct fetched *d = map_get(&f->domains, slice_str(o->key));
	struct spiffe_bundle b;

	if (d != NULL && s->url != NULL)
		set_gauge(f, METRIC_CONTROL_FEDERATION_FETCHED, s->trust_domain,
		    d->good_s);
	if (!model_federation_bundle(all, n, o, &b))
		return;
	set_gauge(f, METRIC_CONTROL_FEDERATION_EXPIRY, s->trust_domain,
	    last_end(b.roots));
	spiffe_bundle_fini(&b);
}

void
federation_sample(const struct federation *f)
{
	size_t n;
	struct model_object **all = federation_documents(f, &n);

	for (size_t i = 0; i < n; i++)
		if (all[i]->kind == &model_federated_trust_domain_kind)
			sample(f, all, n, all[i]);
	mem_free(all);
}
