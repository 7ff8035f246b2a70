#include <string.h>

#include "base/manual_test.h"
#include "modes/control/api_route.h"
#include "modes/control/rollout.h"

/*
 * The table of what control answers to is held against mesh-api(7), and what
 * the admin listener answers to against mesh-control(8).
 */

static const struct {
	const char      *name;
	enum http_method method;
} methods[] = {
	{ "GET", METHOD_GET }, { "PUT", METHOD_PUT }, { "POST", METHOD_POST },
	{ "DELETE", METHOD_DELETE },
};

static bool
method_of(struct slice word, enum http_method *method)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (slice_is(word, methods[i].name)) {
			*method = methods[i].method;
			return true;
		}
	return false;
}

/*
 * Whether a line is ".It Li GET /v1/tokens/ Ns Ar ID" or the like; path then
 * is "/v1/tokens/" and a star.
 */
static bool
route_of(struct slice line, enum http_method *method, struct str *path)
{
	struct slice words, word;

	if (!manual_item(line, "Li", &words) ||
	    !slice_cut(&words, ' ', &word) || !method_of(word, method))
		return false;
	str_clear(path);
	while (slice_cut(&words, ' ', &word)) {
		struct slice query = word;

		if (slice_is(word, "Ns"))
			continue;
		if (slice_is(word, "Ar")) {
			slice_cut(&words, ' ', &word);
			str_add_char(path, '*');
			continue;
		}
		slice_cut(&query, '?', &word);
		str_add_slice(path, word);
		if (query.ptr != NULL)
			break;
	}
	return true;
}

static bool
is_route(bool admin, enum http_method method, const char *path)
{
	for (const struct api_route *r = api_routes; r->pattern != NULL; r++)
		if ((r->who == API_ADMIN) == admin && r->method == method &&
		    strcmp(r->pattern, path) == 0)
			return true;
	return false;
}

static bool
has_route(const struct manual *m, const struct api_route *route)
{
	struct slice rest = str_slice(&m->text), line;
	struct str path = { 0 };
	enum http_method method;
	bool found = false;

	while (!found && slice_cut(&rest, '\n', &line))
		found = route_of(line, &method, &path) &&
		    method == route->method &&
		    strcmp(str_ptr(&path), route->pattern) == 0;
	str_fini(&path);
	return found;
}

/* Both ways. */
static void
hold_against(const char *page, bool admin)
{
	struct manual m;
	struct str path = { 0 };
	enum http_method method;

	manual_open(&m, page);
	for (const struct api_route *r = api_routes; r->pattern != NULL; r++)
		if ((r->who == API_ADMIN) == admin && !has_route(&m, r))
			fail_msg("%s has no %s", page, r->pattern);
	struct slice rest = str_slice(&m.text), line;

	while (slice_cut(&rest, '\n', &line))
		if (route_of(line, &method, &path) &&
		    !is_route(admin, method, str_ptr(&path)))
			fail_msg("%s has \"%.*s\", which does not exist", page,
			    SLICE_ARG(line));
	str_fini(&path);
	manual_close(&m);
}

TEST(manual_has_every_request_of_the_api)
{
	hold_against("mesh-api.7", false);
}

TEST(manual_has_every_request_of_the_admin_listener)
{
	hold_against("mesh-control.8", true);
}

TEST(manual_has_every_phase_and_reason_of_a_rollout)
{
	struct str item = { 0 };
	struct manual m;

	manual_open(&m, "mesh.yaml.5");
	for (int i = 0; i <= ROLLOUT_STOPPED + ROLLOUT_REASONS; i++) {
		str_clear(&item);
		str_addf(&item, "\n.It Cm %s\n", i <= ROLLOUT_STOPPED ?
		    rollout_phase_name((enum rollout_phase)i) :
		    rollout_reason_name((enum rollout_reason)
		    (i - ROLLOUT_STOPPED - 1)));
		if (strstr(str_ptr(&m.text), str_ptr(&item)) == NULL)
			fail_msg("no item %s", str_ptr(&item));
	}
	str_fini(&item);
	manual_close(&m);
}
