#ifndef LOOP_FLOW_H
#define LOOP_FLOW_H

#include <stdbool.h>
#include <stddef.h>

/*
 * flow: how many bytes are queued on behalf of one stream (or connection),
 * wherever they are queued: TLS, codec, a filter that holds, a replay copy.
 * Every queue charges the flow of the stream whose bytes it keeps and
 * discharges it when they leave.
 *
 * Crossing `high` calls on_high once (stop the source); falling to `low`
 * afterwards calls on_low once (let it go on).  A charge is passed on to the
 * parent, so a connection and a worker know their sums.  One thread.
 */
#define FLOW_HIGH	(64 * 1024)
#define FLOW_LOW	(16 * 1024)

struct flow {
	struct flow *parent;	/* keeps; may be NULL */
	size_t       queued;	/* bytes */
	size_t       high, low;	/* high 0: accounting only */
	bool         is_high;
	void       (*on_change)(void *arg, bool is_high);
	void        *arg;
};

void flow_init(struct flow *, struct flow *parent, size_t high, size_t low,
    void (*on_change)(void *, bool is_high), void *arg);
void flow_fini(struct flow *);	/* discharges what is left, tells nobody */
/* What is queued now is moved from the old parent to the new one. */
void flow_set_parent(struct flow *, struct flow *parent);
void flow_charge(struct flow *, size_t bytes);
void flow_discharge(struct flow *, size_t bytes);

#endif
