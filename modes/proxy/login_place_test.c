#include "base/unit.h"
#include "modes/proxy/login_place.h"
#include "modes/proxy/rules.h"

#define ROUTE(name)	"/gateway.networking.k8s.io/httproutes/default/" name
#define SITE(name)	"/gateway.networking.k8s.io/gateways/default/edge " name

/* As compile sorts them. */
static struct login of_rule, of_route, of_listener, of_gateway, younger;
static const struct login_at places[] = {
	{ &of_rule, ROUTE("shop"), "admin", NULL, 3 },
	{ &of_route, ROUTE("shop"), NULL, NULL, 2 },
	{ &of_listener, NULL, NULL, SITE("https"), 1 },
	{ &of_gateway, NULL, NULL, NULL, 0 },
	{ &younger, NULL, NULL, NULL, 0 },
};

static const struct {
	const char   *route, *rule, *site;	/* NULL: none took it, ... */
	size_t        from;	/* of places: these and those behind */
	struct login *wanted;
} cases[] = {
	{ ROUTE("shop"), "admin", SITE("https"), 0, &of_rule },
	{ ROUTE("shop"), "else", SITE("https"), 0, &of_route },
	{ ROUTE("shop"), NULL, SITE("https"), 0, &of_route },
	{ ROUTE("other"), "admin", SITE("https"), 0, &of_listener },
	{ ROUTE("other"), "admin", SITE("http"), 0, &of_gateway },
	{ NULL, NULL, SITE("https"), 0, &of_listener },
	{ NULL, NULL, NULL, 0, &of_gateway },
	{ ROUTE("shop"), "admin", SITE("https"), 1, &of_route },
	{ ROUTE("shop"), "admin", SITE("https"), 2, &of_listener },
	{ ROUTE("shop"), "admin", SITE("http"), 2, &of_gateway },
	{ ROUTE("shop"), "admin", SITE("http"), 5, NULL },
};

TEST(login_place_is_the_closest_that_is_about_a_request)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct model_object route = { .key = cases[i].route };
		const struct model_http_rule doc = { .name = cases[i].rule };
		const struct rule rule = { .doc = &doc, .route = &route };
		const struct login_asked asked = {
			cases[i].route == NULL ? NULL : &rule,
			cases[i].site == NULL ? SLICE_NONE :
			    slice_str(cases[i].site) };

		assert_ptr_equal(login_place_find(places + cases[i].from,
		    sizeof(places) / sizeof(places[0]) - cases[i].from,
		    &asked), cases[i].wanted);
	}
}

TEST(login_place_of_a_part_is_nobody_elses)
{
	const struct login_asked nowhere = { NULL, SLICE_NONE };

	assert_null(login_place_find(places, 3, &nowhere));
	assert_null(login_place_find(places, 0, &nowhere));
}
