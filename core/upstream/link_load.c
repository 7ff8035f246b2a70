#include "upstream/link_load.h"

#define ASKS		64
/* Between them nothing changes. */
#define MANY		12	/* under way, in the mean */
#define FEW		6
#define SMALL		(20 * 1024)	/* bytes of an exchange, in the mean */
#define LARGE		(28 * 1024)
#define BURST		16	/* under way: enough for a connection of all */

void
link_load_ask(struct link_load *l, uint64_t under_way)
{
	l->under_way += under_way;
	if (++l->asks < ASKS)
		return;
	if (l->bytes > (uint64_t)ASKS * LARGE)
		l->is_large = true;
	else if (l->bytes < (uint64_t)ASKS * SMALL)
		l->is_large = false;
	if (l->under_way < (uint64_t)ASKS * FEW || l->is_large)
		l->is_shared = false;
	else if (l->under_way >= (uint64_t)ASKS * MANY)
		l->is_shared = true;
	l->asks = 0;
	l->under_way = l->bytes = 0;
}

bool
link_load_shares(const struct link_load *l, enum link_choice choice,
    uint64_t under_way)
{
	switch (choice) {
	case LINK_HTTP1:
		return false;
	case LINK_HTTP2:
		return true;
	case LINK_BY_LOAD:
		break;
	}
	return l->is_shared || (under_way >= BURST && !l->is_large);
}
