#include "base/mem.h"
#include "modes/control/bindings.h"

#define PREFIX	"/" MODEL_RBAC_GROUP "/"

struct bindings {
	struct registry         *registry;
	struct registry_follower follower;
	uint64_t                 at;		/* revision looked at */
	struct model_object    **all;		/* references, both kinds */
	size_t                   len;
	void                   (*changed)(void *);
	void                    *arg;
};

static void
drop(struct bindings *b)
{
	for (size_t i = 0; i < b->len; i++)
		model_object_unref(b->all[i]);
	mem_free(b->all);
	b->all = NULL;
	b->len = 0;
}

static void
read_all(struct bindings *b)
{
	struct registry_query near = { .kind = &model_role_binding_kind };
	struct registry_query wide = { .kind = &model_cluster_role_binding_kind };
	size_t n, w;
	struct model_object **local = registry_list(b->registry, &near, &n);
	struct model_object **all = registry_list(b->registry, &wide, &w);

	drop(b);
	b->all = mem_zalloc_array(n + w + 1, sizeof(struct model_object *));
	for (size_t i = 0; i < n; i++)
		b->all[b->len++] = model_object_ref(local[i]);
	for (size_t i = 0; i < w; i++)
		b->all[b->len++] = model_object_ref(all[i]);
	mem_free(local);
	mem_free(all);
}

static bool
has_bindings(const struct registry_batch *batch)
{
	for (size_t i = 0; i < batch->n; i++)
		if (slice_has_prefix(batch->changes[i]->key, SLICE(PREFIX)))
			return true;
	return false;
}

static void
on_news(void *arg)
{
	struct bindings *b = arg;
	struct registry_feed *feed = registry_changes(b->registry);
	struct registry_batch batch;
	bool is_news = false;
	int rc;

	while ((rc = registry_feed_next(feed, b->at, &batch)) > 0) {
		b->at = batch.revision;
		is_news |= has_bindings(&batch);
	}
	if (rc < 0)
		b->at = feed->revision;
	if (!is_news && rc == 0)
		return;
	read_all(b);
	b->changed(b->arg);
}

struct bindings *
bindings_new(struct registry *r, void (*changed)(void *), void *arg)
{
	struct bindings *b = mem_zalloc(sizeof(*b));

	b->registry = r;
	b->changed = changed;
	b->arg = arg;
	b->at = registry_revision(r);
	b->follower = (struct registry_follower){ .on_news = on_news, .arg = b };
	read_all(b);
	registry_feed_follow(registry_changes(r), &b->follower);
	return b;
}

void
bindings_free(struct bindings *b)
{
	if (b == NULL)
		return;
	registry_feed_leave(&b->follower);
	drop(b);
	mem_free(b);
}

static bool
is_person(const struct model_binding_subject *s,
    const struct bindings_person *who)
{
	if (!model_subject_is_group(s))
		return slice_is(who->user, s->name);
	for (size_t i = 0; i < who->groups_len; i++)
		if (slice_is(who->groups[i], s->name))
			return true;
	return false;
}

static bool
names(const struct model_role_binding *b, const struct bindings_person *who)
{
	for (size_t i = 0; i < b->subjects_len; i++)
		if (is_person(&b->subjects[i], who))
			return true;
	return false;
}

static void
give(struct rights *r, struct arena *a, const char *ns, enum model_role role)
{
	if (ns == NULL) {
		if (r->everywhere < role)
			r->everywhere = role;
		return;
	}
	for (size_t i = 0; i < r->in_len; i++)
		if (slice_is(r->in[i].ns, ns)) {
			if (r->in[i].role < role)
				r->in[i].role = role;
			return;
		}
	r->in[r->in_len++] = (struct rights_in){
		slice_str(arena_strdup(a, ns)), role };
}

void
bindings_rights(const struct bindings *all, const struct bindings_person *who,
    struct arena *a, struct rights *out)
{
	*out = (struct rights){ 0 };
	for (size_t i = 0; i < all->len; i++) {
		const struct model_role_binding *b =
		    model_role_binding(all->all[i]);

		if (!names(b, who))
			continue;
		if (out->in == NULL)
			out->in = arena_alloc(a, all->len * sizeof(*out->in));
		give(out, a, b->head.meta.namespace, model_binding_role(b));
	}
}
