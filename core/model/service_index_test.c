#include "base/str.h"
#include "base/unit.h"
#include "model/service_index.h"
#include "model/set.h"

#define SERVICE(name, more)						\
	"---\napiVersion: v1\nkind: Service\n"				\
	"metadata: {name: " name "}\nspec: {ports: [{port: 80}]" more "}\n"
#define WORKLOAD(name, labels, more)					\
	"---\napiVersion: mesh/v1\nkind: Workload\n"			\
	"metadata: {name: " name ", labels: {" labels "}}\n"		\
	"spec: {serviceAccount: sa, address: 10.0.0.1" more "}\n"
#define TARGETS(kind, name, service)					\
	"---\napiVersion: mesh/v1\nkind: " kind "\n"			\
	"metadata: {name: " name "}\n"					\
	"spec: {targetRefs: [{name: " service "}]}\n"
#define ROUTE(name, parents)						\
	"---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"	\
	"metadata: {name: " name "}\nspec: {parentRefs: [" parents "]}\n"
#define PARENT(name)	"{group: '', kind: Service, name: " name "}"
#define ESLICE(name, service)						\
	"---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n"	\
	"metadata: {name: " name ", labels: {kubernetes.io/service-name: "	\
	service "}}\naddressType: IPv4\nports: [{port: 80}]\nendpoints: []\n"

struct fixture {
	struct model_set     set;
	struct service_index index;
};

static void
fixture_init(struct fixture *f, const char *yaml)
{
	model_set_init(&f->set, MODEL_STRICT, "default");
	model_set_read_text(&f->set, slice_str(yaml), "test", CONF_YAML);
	if (f->set.faults_len > 0)
		fail_msg("%s", f->set.faults[0].err.text);
	service_index_init(&f->index, f->set.objects, f->set.len);
}

static void
fixture_fini(struct fixture *f)
{
	service_index_fini(&f->index);
	model_set_fini(&f->set);
}

/* The names of what is found, in a line. */
static void
find(struct fixture *f, const char *service, struct str *out)
{
	for (size_t i = 0; i < f->set.len; i++) {
		const struct model_object *o = f->set.objects[i];
		struct service_index_found found;

		if (o->kind != &model_service_kind ||
		    strcmp(o->head->meta.name, service) != 0)
			continue;
		found = service_index_find(&f->index, o);
		for (size_t j = 0; j < found.len; j++)
			str_addf(out, "%s ", found.v[j]->head->meta.name);
	}
}

static const struct {
	const char *service, *expected;
} cases[] = {
	{ "web", "slice named both policy route wide labelled " },
	{ "shop", "route wide shop-a " },
	{ "none", "wide " },
	{ "choosy", "" },
};

TEST(service_index_finds_what_a_service_has_to_do_with)
{
	struct fixture f;

	fixture_init(&f, SERVICE("web", ", selector: {app: web, tier: front}")
	    SERVICE("shop", ", selector: {app: shop}") SERVICE("none", "")
	    SERVICE("choosy", ", selector: {app: web, tier: nobodys}")
	    ESLICE("slice", "web") WORKLOAD("named", "", ", services: [web]")
	    WORKLOAD("labelled", "app: web, tier: front", "")
	    WORKLOAD("other", "tier: back", "")
	    WORKLOAD("both", "app: web, tier: front", ", services: [web]")
	    WORKLOAD("shop-a", "app: shop", "")
	    TARGETS("BackendPolicy", "policy", "web")
	    ROUTE("route", PARENT("web") ", " PARENT("shop"))
	    ROUTE("wide", PARENT("none") ", " PARENT("web") ", " PARENT("shop")));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str out = { 0 };

		find(&f, cases[i].service, &out);
		assert_string_equal(str_ptr(&out), cases[i].expected);
		str_fini(&out);
	}
	fixture_fini(&f);
}

static size_t
count_visits(unsigned services)
{
	struct str yaml = { 0 };
	struct fixture f;
	size_t visits = 0;

	for (unsigned i = 0; i < services; i++) {
		str_addf(&yaml, SERVICE("s%u", ", selector: {app: s%u}"), i, i);
		str_addf(&yaml, WORKLOAD("w%u", "app: s%u, all: x", ""), i, i);
		str_addf(&yaml, WORKLOAD("n%u", "", ", services: [s%u]"), i, i);
		str_addf(&yaml, ESLICE("e%u", "s%u"), i, i);
		str_addf(&yaml, TARGETS("BackendPolicy", "p%u", "s%u"), i, i);
		str_addf(&yaml, ROUTE("r%u", PARENT("s%u")), i, i);
	}
	fixture_init(&f, str_ptr(&yaml));
	for (size_t i = 0; i < f.set.len; i++)
		if (f.set.objects[i]->kind == &model_service_kind)
			visits += service_index_find(&f.index,
			    f.set.objects[i]).len;
	fixture_fini(&f);
	str_fini(&yaml);
	return visits;
}

/* However many others there are, a service is shown its own. */
TEST(service_index_visits_each_document_once)
{
	assert_int_equal(count_visits(100), 500);
	assert_int_equal(count_visits(200), 1000);
}
