#include <string.h>

#include "base/manual_test.h"
#include "modes/control/api_route.h"
#include "modes/control/rights.h"
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

static void
say_need(struct str *out, struct rights_need need)
{
	static const char *const reaches[] = {
		[RIGHTS_NOBODY] = "-", [RIGHTS_ANYBODY] = "anybody",
		[RIGHTS_HERE] = "", [RIGHTS_SOMEWHERE] = " somewhere",
		[RIGHTS_EVERYWHERE] = " everywhere",
	};

	if (need.reach >= RIGHTS_HERE)
		str_add(out, model_role_name(need.role));
	str_add(out, reaches[need.reach]);
}

/* ".It NAMES Ta READ Ta WRITE" of the line that has the name, or absent. */
static struct slice
row_of(struct slice section, const char *resource)
{
	struct slice line, name;

	while (slice_cut(&section, '\n', &line)) {
		struct slice names = line;

		if (!slice_has_prefix(line, SLICE(".It ")))
			continue;
		names = slice_from(line, 4);
		while (slice_cut(&names, ' ', &name) && !slice_is(name, "Ta")) {
			if (slice_has_suffix(name, SLICE(",")))
				name.len--;
			if (slice_is(name, resource))
				return line;
		}
	}
	return SLICE_NONE;
}

TEST(manual_says_of_every_resource_which_role_it_takes)
{
	struct manual m;
	struct str want = { 0 };

	manual_open(&m, "mesh-api.7");
	struct slice section = manual_section(&m, ".Ss Roles");

	for (const struct rights_row *r = rights_table; r->resource != NULL; r++) {
		str_clear(&want);
		str_add(&want, " Ta ");
		say_need(&want, r->need[RIGHTS_READ]);
		str_add(&want, " Ta ");
		say_need(&want, r->need[RIGHTS_WRITE]);
		if (!slice_has_suffix(row_of(section, r->resource),
		    str_slice(&want)))
			fail_msg("mesh-api.7, Roles, has no \".It %s%s\"",
			    r->resource, str_ptr(&want));
	}
	str_fini(&want);
	manual_close(&m);
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
