#include <stdio.h>
#include <stdlib.h>

#include "base/slice.h"
#include "cmd/micro/micro.h"

#define EXIT_USAGE	64
#define TIMES_MAX	1000000000u

static const struct {
	const struct micro *table;
	const size_t       *len;
} tables[] = {
	{ micro_http, &micro_http_len },
	{ micro_tls, &micro_tls_len },
	{ micro_proxy, &micro_proxy_len },
	{ micro_route, &micro_route_len },
	{ micro_policy, &micro_policy_len },
};

static void
list(void)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t k = 0; k < *tables[i].len; k++)
			puts(tables[i].table[k].name);
}

static const struct micro *
find(const char *name)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (size_t k = 0; k < *tables[i].len; k++)
			if (slice_is(slice_str(name), tables[i].table[k].name))
				return &tables[i].table[k];
	return NULL;
}

int
main(int argc, char **argv)
{
	uint64_t times;

	if (argc == 2 && slice_is(slice_str(argv[1]), "--list")) {
		list();
		return 0;
	}
	if (argc == 2 && slice_is(slice_str(argv[1]), "--routes")) {
		micro_print_routes();
		return 0;
	}
	const struct micro *m = argc == 3 ? find(argv[1]) : NULL;

	if (m == NULL || !slice_u64(slice_str(argv[2]), &times) ||
	    times > TIMES_MAX) {
		fprintf(stderr, "usage: micro --list | --routes | NAME N\n");
		return EXIT_USAGE;
	}
	void *state = m->start();

	for (uint64_t i = 0; i < times; i++)
		m->once(state);
	m->stop(state);
	return 0;
}
