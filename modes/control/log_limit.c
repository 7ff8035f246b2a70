#include "modes/control/log_limit.h"

bool
log_limit_take(struct log_limit *l, uint64_t now_ms, uint64_t *left_out)
{
	if (l->second != now_ms / 1000) {
		l->second = now_ms / 1000;
		l->lines = 0;
	}
	if (l->lines == LOG_LIMIT_PER_S) {
		l->left_out++;
		return false;
	}
	l->lines++;
	*left_out = l->left_out;
	l->left_out = 0;
	return true;
}
