#include "base/check.h"
#include "loop/flow.h"

void
flow_init(struct flow *f, struct flow *parent, size_t high, size_t low,
    void (*on_change)(void *, bool), void *arg)
{
	check(low <= high);
	*f = (struct flow){
		.parent = parent, .high = high, .low = low,
		.on_change = on_change, .arg = arg,
	};
}

void
flow_fini(struct flow *f)
{
	f->on_change = NULL;
	flow_discharge(f, f->queued);
	f->parent = NULL;
}

void
flow_set_parent(struct flow *f, struct flow *parent)
{
	if (f->parent != NULL)
		flow_discharge(f->parent, f->queued);
	f->parent = parent;
	if (parent != NULL)
		flow_charge(parent, f->queued);
}

/* Tells last: the callback may charge or discharge again. */
static void
flow_update(struct flow *f)
{
	if (f->high == 0)
		return;
	bool is_high = f->is_high ? f->queued > f->low : f->queued > f->high;

	if (is_high == f->is_high)
		return;
	f->is_high = is_high;
	if (f->on_change != NULL)
		f->on_change(f->arg, is_high);
}

void
flow_charge(struct flow *f, size_t bytes)
{
	if (bytes == 0)
		return;
	if (f->parent != NULL)
		flow_charge(f->parent, bytes);
	f->queued += bytes;
	flow_update(f);
}

void
flow_discharge(struct flow *f, size_t bytes)
{
	if (bytes == 0)
		return;
	check(bytes <= f->queued);
	if (f->parent != NULL)
		flow_discharge(f->parent, bytes);
	f->queued -= bytes;
	flow_update(f);
}
