#include "modes/proxy/balance.h"

#define MARGIN_MIN	2	/* connections */
#define MARGIN_PART	8	/* of our own */

int
balance_choose(const size_t *conns, int workers, int own)
{
	int least = own;

	for (int i = 0; i < workers; i++)
		if (conns[i] < conns[least])
			least = i;
	size_t more = conns[own] - conns[least];

	if (more < MARGIN_MIN || more < conns[own] / MARGIN_PART)
		return own;
	return least;
}
