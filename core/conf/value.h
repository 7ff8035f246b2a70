#ifndef CONF_VALUE_H
#define CONF_VALUE_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/node.h"

/* value: what rows of a schema fill in that is not a type of C. */

#define CONF_PAIRS_MAX	1000
#define CONF_PERCENT_ALL	1000000	/* 100 % */

struct conf_port_or_name {
	uint16_t    number;	/* 0: by name, or absent */
	const char *name;
};

struct conf_pair {
	const char *key, *value;
};

struct conf_pairs {
	struct conf_pair *items;
	size_t            len;
};

/* Where a value stands in its document, for what checks it. */
struct conf_place {
	const struct conf_node *node;
	const char             *path;	/* "spec.rules[0]"; "" at the top */
	struct err             *err;
};

#endif
