#include "base/random.h"
#include "chain/conn_age.h"

void
conn_age_start(struct conn_age *a, const struct age_limits *l, uint64_t now_ms)
{
	*a = (struct conn_age){ .grace_ms = l->grace_ms,
	    .requests = l->requests };
	if (l->max_ms > 0)
		a->end_ms = now_ms + l->max_ms -
		    random_below(l->max_ms / 10 + 1);
}

void
conn_age_end(struct conn_age *a, uint64_t now_ms)
{
	if (a->is_over)
		return;
	a->is_over = true;
	if (a->grace_ms > 0)
		a->cut_ms = now_ms + a->grace_ms;
}

bool
conn_age_request(struct conn_age *a, uint64_t now_ms)
{
	if (a->is_over || a->requests == 0 || --a->requests > 0)
		return false;
	conn_age_end(a, now_ms);
	return true;
}

bool
conn_age_ends(struct conn_age *a, uint64_t now_ms)
{
	if (a->is_over || a->end_ms == 0 || now_ms < a->end_ms)
		return false;
	conn_age_end(a, now_ms);
	return true;
}

bool
conn_age_is_cut(const struct conn_age *a, uint64_t now_ms)
{
	return a->cut_ms != 0 && now_ms >= a->cut_ms;
}

uint64_t
conn_age_wake_ms(const struct conn_age *a, uint64_t now_ms)
{
	uint64_t due = a->is_over ? a->cut_ms : a->end_ms;

	if (due == 0)
		return UINT64_MAX;
	return due > now_ms ? due - now_ms : 0;
}
