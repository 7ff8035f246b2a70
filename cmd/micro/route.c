#include <stdio.h>
#include <time.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/micro/micro.h"
#include "route/table.h"

/*
 * Tables of one rule and of 10,000: a third each of prefixes, exact paths and
 * headers.  What the many cost more than the one is what counts.  Each request
 * asks for the next rule of its kind, so that neither caches nor the luck of a
 * hash decide.
 */
#define RULES	10000
#define BUILT	1000	/* in one operation */
#define KINDS	3

struct routes {
	struct route_table  *table;
	struct route_request request;
	struct slice         tenant;
	unsigned int         from, to, at;
	char                 path[RULES][32], value[RULES][16];
};

static struct slice
header(const void *head, struct slice name)
{
	const struct routes *r = head;

	return slice_is(name, "x-tenant") ? r->tenant : SLICE_NONE;
}

static void
rule_add(struct routes *r, unsigned int i)
{
	struct err err = ERR_INIT;
	struct route_value tenant = { .name = SLICE("x-tenant") };
	struct route_rule rule = { .route = SLICE("default/many"),
		.rule = (uint16_t)i, .payload = r,
		.path_kind = i % KINDS == 0 ? ROUTE_PREFIX : ROUTE_EXACT };

	snprintf(r->path[i], sizeof(r->path[i]),
	    i % KINDS == 2 ? "/shared" : "/service-%u/resource", i);
	snprintf(r->value[i], sizeof(r->value[i]), "tenant-%u", i);
	tenant.value = slice_str(r->value[i]);
	rule.path = slice_str(r->path[i]);
	rule.headers = &tenant;
	rule.headers_len = i % KINDS == 2;
	check(route_table_add(r->table, &rule, &err) == 0);
}

static void
build(struct routes *r, unsigned int from, unsigned int to)
{
	r->table = route_table_new();
	for (unsigned int i = from; i < to; i++)
		rule_add(r, i);
	route_table_seal(r->table);
}

/* Asks for the rules of the kind (i % KINDS) of the last one. */
static void *
start(unsigned int from, unsigned int to)
{
	struct routes *r = mem_zalloc(sizeof(*r));

	build(r, from, to);
	r->from = from + (to - 1 - from) % KINDS;
	r->to = to;
	r->at = r->from;
	r->request = (struct route_request){ .host = SLICE("web.default.mesh"),
		.method = SLICE("GET"), .header = header, .head = r };
	return r;
}

static void *
exact_one_start(void)
{
	return start(1, 2);
}

static void *
exact_many_start(void)
{
	return start(0, RULES - 2);
}

static void *
prefix_one_start(void)
{
	return start(0, 1);
}

static void *
prefix_many_start(void)
{
	return start(0, RULES);
}

static void *
header_one_start(void)
{
	return start(2, 3);
}

static void *
header_many_start(void)
{
	return start(0, RULES - 1);
}

static void
once(void *state)
{
	struct routes *r = state;
	struct route_found found;

	r->request.path = slice_str(r->path[r->at]);
	r->tenant = slice_str(r->value[r->at]);
	check(route_find(r->table, &r->request, &found));
	r->at += KINDS;
	if (r->at >= r->to)
		r->at = r->from;
}

static void
stop(void *state)
{
	struct routes *r = state;

	route_table_unref(r->table);
	mem_free(r);
}

static void *
build_start(void)
{
	return mem_zalloc(sizeof(struct routes));
}

static void
build_once(void *state)
{
	struct routes *r = state;

	route_table_unref(r->table);
	build(r, 0, BUILT);
}

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

void
micro_print_routes(void)
{
	struct routes *r = mem_zalloc(sizeof(*r));
	double before = cpu_ms();

	build(r, 0, RULES);
	printf("{\"rules\": %d, \"build_ms\": %.3f, \"bytes\": %zu}\n", RULES,
	    cpu_ms() - before, route_table_bytes(r->table));
	stop(r);
}

const struct micro micro_route[] = {
	{ "route-exact-of-1", exact_one_start, once, stop },
	{ "route-exact-of-10000", exact_many_start, once, stop },
	{ "route-prefix-of-1", prefix_one_start, once, stop },
	{ "route-prefix-of-10000", prefix_many_start, once, stop },
	{ "route-header-of-1", header_one_start, once, stop },
	{ "route-header-of-10000", header_many_start, once, stop },
	{ "route-build-1000", build_start, build_once, stop },
};
const size_t micro_route_len = sizeof(micro_route) / sizeof(micro_route[0]);
