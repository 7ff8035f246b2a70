#include "base/check.h"
#include "base/mem.h"
#include "modes/control/registry_live.h"

struct workload {
	enum live_status status;
	bool             was_heard;	/* since control started */
	int64_t          seen;		/* on the clock without stalls */
};

static const char *const names[LIVE_N] = {
	[LIVE_UNKNOWN] = "Unknown",
	[LIVE_JOINED] = "Joined",
	[LIVE_ONLINE] = "Online",
	[LIVE_NOT_READY] = "NotReady",
	[LIVE_OFFLINE] = "Offline",
};

const char *
live_status_name(enum live_status s)
{
	check(s < LIVE_N);
	return names[s];
}

void
registry_live_init(struct registry_live *l, int64_t now_ms,
    const struct registry_live_ops *ops, void *ctx)
{
	*l = (struct registry_live){
		.ops = ops, .ctx = ctx, .ticked_ms = now_ms,
	};
}

void
registry_live_fini(struct registry_live *l)
{
	map_fini(&l->workloads, mem_free);
}

/* Time as workloads live it: it stands still while control does. */
static int64_t
lived(const struct registry_live *l, int64_t now_ms)
{
	int64_t gap = now_ms - l->ticked_ms;

	if (gap > LIVE_STALL_MS)
		now_ms -= gap;
	return now_ms - l->stalled_ms;
}

static struct workload *
add(struct registry_live *l, struct slice key, enum live_status status,
    int64_t seen)
{
	struct workload *w = mem_zalloc(sizeof(*w));

	w->status = status;
	w->seen = seen;
	check(map_put(&l->workloads, key, w) == NULL);
	return w;
}

void
registry_live_load(struct registry_live *l, struct slice key, int64_t now_ms)
{
	if (map_has(&l->workloads, key))
		return;
	add(l, key, LIVE_ONLINE,
	    lived(l, now_ms) + LIVE_GRACE_MS - LIVE_SILENCE_MS);
}

static void
set_status(struct registry_live *l, struct slice key, struct workload *w,
    enum live_status status)
{
	bool is_new = w->status == LIVE_JOINED && status != LIVE_JOINED;

	if (w->status == status)
		return;
	w->status = status;
	if (is_new)
		l->ops->on_register(l->ctx, key);
	l->ops->on_status(l->ctx, key, status);
}

void
registry_live_report(struct registry_live *l, struct slice key, bool answers,
    int64_t now_ms)
{
	struct workload *w = map_get(&l->workloads, key);

	if (w == NULL)
		w = add(l, key, LIVE_JOINED, 0);
	w->seen = lived(l, now_ms);
	w->was_heard = true;
	if (answers)
		set_status(l, key, w, LIVE_ONLINE);
	else if (w->status != LIVE_JOINED)
		set_status(l, key, w, LIVE_NOT_READY);
}

void
registry_live_withdraw(struct registry_live *l, struct slice key)
{
	struct workload *w = map_del(&l->workloads, key);

	if (w != NULL && w->status != LIVE_JOINED)
		l->ops->on_remove(l->ctx, key);
	mem_free(w);
}

void
registry_live_forget(struct registry_live *l, struct slice key)
{
	mem_free(map_del(&l->workloads, key));
}

/* Returns false when the workload is to be dropped. */
static bool
judge(struct registry_live *l, struct slice key, struct workload *w,
    int64_t silent)
{
	if (silent < LIVE_SILENCE_MS)
		return true;
	if (w->status == LIVE_JOINED)
		return false;
	set_status(l, key, w, LIVE_OFFLINE);
	if (silent < LIVE_REMOVE_MS)
		return true;
	l->ops->on_remove(l->ctx, key);
	return false;
}

void
registry_live_tick(struct registry_live *l, int64_t now_ms)
{
	int64_t gap = now_ms - l->ticked_ms;
	size_t it = 0;
	struct slice key;
	void *value;

	if (gap > LIVE_STALL_MS)
		l->stalled_ms += gap;
	l->ticked_ms = now_ms;

	int64_t now = lived(l, now_ms);

	while (map_next(&l->workloads, &it, &key, &value)) {
		struct workload *w = value;

		if (judge(l, key, w, now - w->seen))
			continue;
		map_del(&l->workloads, key);
		mem_free(w);
	}
}

enum live_status
registry_live_status(const struct registry_live *l, struct slice key)
{
	const struct workload *w = map_get(&l->workloads, key);

	return w == NULL ? LIVE_UNKNOWN : w->status;
}

bool
registry_live_was_heard(const struct registry_live *l, struct slice key)
{
	const struct workload *w = map_get(&l->workloads, key);

	return w != NULL && w->was_heard;
}

int64_t
registry_live_silence_ms(const struct registry_live *l, struct slice key,
    int64_t now_ms)
{
	const struct workload *w = map_get(&l->workloads, key);

	return w == NULL || !w->was_heard ? -1 : lived(l, now_ms) - w->seen;
}
