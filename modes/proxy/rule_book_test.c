#include <stdio.h>

#include "base/unit.h"
#include "conf/source.h"
#include "model/set.h"
#include "modes/proxy/rule_book.h"

#define HEAD								\
	"apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n"	\
	"metadata: {name: r, namespace: shop}\nspec:\n"			\
	"  parentRefs: [{group: '', kind: Service, name: web}]\n  rules:\n"

struct fixture {
	struct model_set  set;
	struct rule_order order;
	int               faults;
};

static void
read_route(struct fixture *f, const char *rules)
{
	char text[2048];

	snprintf(text, sizeof(text), HEAD "%s", rules);
	model_set_init(&f->set, MODEL_STRICT, "shop");
	model_set_read_text(&f->set, slice_str(text), "r.yaml", CONF_YAML);
	assert_int_equal(f->set.faults_len, 0);
	assert_int_equal(f->set.len, 1);
	f->order = (struct rule_order){ .route = f->set.objects[0],
		.is_service = true };
	f->faults = 0;
}

static void
on_fault(void *arg, const char *key, const struct err *err)
{
	struct fixture *f = arg;

	assert_string_equal(key,
	    "/gateway.networking.k8s.io/httproutes/shop/r");
	assert_true(err->text[0] != '\0');
	f->faults++;
}

static struct rule_book *
make(struct fixture *f, struct rule_book *before)
{
	return rule_book_make(&f->order, 1, before, on_fault, f);
}

static const struct rule *
find(const struct rule_book *b, const char *path)
{
	const struct route_request q = { .method = SLICE("GET"),
		.path = slice_str(path) };
	struct route_found found;

	return route_find(b->table, &q, &found) ? found.payload : NULL;
}

TEST(rule_has_the_name_of_its_route_and_its_own)
{
	struct fixture f;

	read_route(&f,
	    "  - {name: first, matches: [{path: {value: /a}}]}\n"
	    "  - {matches: [{path: {value: /b}}]}\n");
	struct rule_book *b = make(&f, NULL);

	assert_true(slice_is(find(b, "/a")->name, "shop/r/first"));
	assert_true(slice_is(find(b, "/b")->name, "shop/r/1"));
	assert_null(find(b, "/c"));
	assert_null(rule_next_backend(find(b, "/a")));
	rule_book_unref(b);
	model_set_fini(&f.set);
}

/* In every run of as many requests as the weights add up to. */
TEST(rule_splits_exactly_and_evenly)
{
	static const struct {
		uint64_t weights[4], reduced[4];
	} cases[] = {
		{ { 1, 1 }, { 1, 1 } },
		{ { 90, 10 }, { 9, 1 } },
		{ { 0, 7, 0 }, { 0, 1, 0 } },
		{ { 99, 1 }, { 99, 1 } },
		{ { 1000000, 999999, 1 }, { 0 } },
		{ { 5, 3, 2, 1 }, { 5, 3, 2, 1 } },
	};

	for (size_t c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
		uint64_t sum = 0, got[4] = { 0 };
		struct fixture f;
		char text[512];

		snprintf(text, sizeof(text), "  - backendRefs:\n"
		    "    - {name: a, port: 80, weight: %u}\n"
		    "    - {name: b, port: 80, weight: %u}\n"
		    "    - {name: c, port: 80, weight: %u}\n"
		    "    - {name: d, port: 80, weight: %u}\n",
		    (unsigned)cases[c].weights[0], (unsigned)cases[c].weights[1],
		    (unsigned)cases[c].weights[2], (unsigned)cases[c].weights[3]);
		read_route(&f, text);
		struct rule_book *b = make(&f, NULL);
		const struct rule *r = find(b, "/");

		for (size_t i = 0; i < 4; i++)
			sum += cases[c].reduced[i];
		if (sum == 0)
			sum = 2000000;
		assert_int_equal(r->weights, sum);
		for (uint64_t n = 1; n <= 2 * sum; n++) {
			got[rule_next_backend(r) - r->backends]++;
			for (size_t i = 0; i < 4 && n % sum == 0; i++)
				assert_int_equal(got[i], n / sum *
				    (sum == 2000000 ? cases[c].weights[i] :
				    cases[c].reduced[i]));
			/* In between nobody is three requests from its share. */
			int64_t ahead = (int64_t)(got[0] * sum) -
			    (int64_t)(n % (2 * sum) * r->backends[0].until);

			if (sum < 1000 && n < 2 * sum)
				assert_true(ahead < (int64_t)(3 * sum) &&
				    ahead > -(int64_t)(3 * sum));
		}
		rule_book_unref(b);
		model_set_fini(&f.set);
	}
}

TEST(rule_without_weight_has_no_backend)
{
	struct fixture f;

	read_route(&f, "  - backendRefs: [{name: a, port: 80, weight: 0}]\n");
	struct rule_book *b = make(&f, NULL);

	assert_null(rule_next_backend(find(b, "/")));
	rule_book_unref(b);
	model_set_fini(&f.set);
}

TEST(book_is_shared_while_its_documents_say_the_same)
{
	struct fixture f, again, other;

	read_route(&f, "  - {matches: [{path: {value: /a}}]}\n");
	read_route(&again, "  - {matches: [{path: {value: /a}}]}\n");
	read_route(&other, "  - {matches: [{path: {value: /b}}]}\n");
	struct rule_book *b = make(&f, NULL), *same = make(&again, b),
	    *next = make(&other, b);

	assert_ptr_equal(b, same);
	assert_ptr_not_equal(b, next);
	again.order.is_service = false;
	struct rule_book *elsewhere = make(&again, b);

	assert_ptr_not_equal(b, elsewhere);
	rule_book_unref(elsewhere);
	rule_book_unref(b);
	rule_book_unref(same);
	model_set_fini(&f.set);
	model_set_fini(&again.set);
	assert_non_null(find(next, "/b"));
	rule_book_unref(next);
	model_set_fini(&other.set);
}

TEST(rule_of_a_grpc_route_has_its_filters_and_no_clocks)
{
	struct model_set set;

	model_set_init(&set, MODEL_STRICT, "shop");
	model_set_read_text(&set, SLICE("apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: GRPCRoute\nmetadata: {name: r, namespace: shop}\nspec:\n"
	    "  rules:\n  - matches: [{method: {service: s.S, method: M}}]\n"
	    "    filters: [{type: RequestHeaderModifier, "
	    "requestHeaderModifier: {remove: [x]}}]\n"
	    "    sessionPersistence: {sessionName: s}\n"
	    "    backendRefs: [{name: a, port: 80}]\n"), "r.yaml", CONF_YAML);
	assert_int_equal(set.faults_len, 0);
	const struct rule_order order = { .route = set.objects[0] };
	struct rule_book *b = rule_book_make(&order, 1, NULL, NULL, NULL);
	const struct rule *r = find(b, "/s.S/M");

	assert_true(r->is_grpc);
	assert_int_equal(r->orders->filters_len, 1);
	assert_string_equal(r->orders->persistence->name, "s");
	assert_int_equal(r->orders->timeouts.request_ms, -1);
	assert_null(r->orders->retry);
	assert_int_equal(rule_next_backend(r)->port, 80);
	assert_null(find(b, "/s.S/N"));
	rule_book_unref(b);
	model_set_fini(&set);
}

TEST(route_that_does_not_compile_keeps_its_last_good_form)
{
	struct fixture good, bad;

	read_route(&good, "  - {matches: [{path: {value: /a}}]}\n");
	read_route(&bad, "  - {matches: [{path: {value: /b}}]}\n"
	    "  - {matches: [{path: {type: RegularExpression, value: '/(x'}}]}\n");
	struct rule_book *b = make(&good, NULL), *kept = make(&bad, b);

	assert_int_equal(bad.faults, 1);
	assert_non_null(find(kept, "/a"));
	assert_null(find(kept, "/b"));
	/* It is told again as long as that is so. */
	struct rule_book *still = make(&bad, kept);

	assert_ptr_equal(still, kept);
	assert_int_equal(bad.faults, 2);
	/* Without one what does compile counts. */
	struct rule_book *part = make(&bad, NULL);

	assert_int_equal(bad.faults, 3);
	assert_non_null(find(part, "/b"));
	rule_book_unref(b);
	rule_book_unref(kept);
	rule_book_unref(still);
	rule_book_unref(part);
	model_set_fini(&good.set);
	model_set_fini(&bad.set);
}
