#include "base/check.h"
#include "chain/grpc.h"
#include "chain/l7_run.h"

static void put_waiting(struct l7_run *, enum dir);

void
l7_way_init(struct l7_run *r, enum dir dir)
{
	r->way[dir].frozen = r->way[dir].collect = -1;
}

void
l7_way_fini(struct l7_run *r, enum dir dir)
{
	buf_fini(&r->way[dir].held_body);
	buf_fini(&r->way[dir].rest);
	buf_fini(&r->way[dir].queue);
	flow_fini(&r->way[dir].flow);
}

void
l7_way_stop(struct l7_run *r, enum dir dir)
{
	struct l7_way *w = &r->way[dir];
	/* What is being collected is bounded by its max, and not charged. */
	bool is_collecting = w->collect >= 0 && w->frozen < 0;

	w->stopped = true;
	w->frozen = w->collect = -1;
	flow_discharge(&w->flow, buf_len(&w->held_body) + buf_len(&w->rest) +
	    (is_collecting ? 0 : buf_len(&w->queue)));
	buf_fini(&w->held_body);
	buf_fini(&w->rest);
	buf_fini(&w->queue);
	w->queue_end = false;
	w->queue_head = NULL;
	w->queue_trailers = NULL;
	w->trailers_from = 0;
}

static struct l7_slot *
slot_at(struct l7_run *r, enum dir dir, int step)
{
	return l7_slot(r, dir == DIR_UP ? step : r->len - 1 - step);
}

static void
count(struct l7_run *r, const struct l7_slot *s, enum filter_count what,
    unsigned long long n)
{
	filter_count(s->entry->stat, r->worker, what, n);
}

static void
freeze(struct l7_run *r, enum dir dir, int step, enum l7_event event, bool end)
{
	struct l7_way *w = &r->way[dir];

	check(w->frozen < 0);
	w->frozen = step;
	w->held_event = event;
	w->held_end = end;
}

/* Returns true when the event goes on to the next step. */
static bool
take_verdict(struct l7_run *r, enum dir dir, const struct l7_slot *s,
    enum verdict v)
{
	if (v == STOP) {
		count(r, s, FILTER_STOPPED, 1);
		if (!r->over && dir == DIR_UP)
			l7_way_stop(r, dir);
		return false;
	}
	if (v == HOLD) {
		count(r, s, FILTER_HELD, 1);
		return false;
	}
	return !r->over && !r->way[dir].stopped;
}

/* --- the far end of each direction ------------------------------------------ */

/* What a call of gRPC ended with is in the last fields of its answer. */
static void
note_grpc(struct l7_run *r, const struct http_fields *last)
{
	int status = r->summary.is_grpc ? grpc_status_read(last) : GRPC_NONE;

	if (status != GRPC_NONE)
		r->summary.grpc_status = status;
}

static void
deliver_head(struct l7_run *r, enum dir dir, struct http_head *head, bool end)
{
	if (dir == DIR_UP) {
		r->terminal_entered = true;
		r->route.terminal->head(&r->terminal, head, end);
	} else {
		r->head_sent = true;
		r->has_length = head->content_length >= 0;
		r->is_grpc_answer = head->status == 200 &&
		    (grpc_is_asked(head) || grpc_is_asked_by_web(head));
		r->summary.status = head->status;
		if (end)
			note_grpc(r, &head->fields);
		stream_send_head(r->stream, head, end);
	}
	if (end)
		l7_way_delivered(r, dir);
}

static void
deliver_body(struct l7_run *r, enum dir dir, struct buf *b, bool end)
{
	if (dir == DIR_UP) {
		r->route.terminal->body(&r->terminal, b, end);
		buf_drain(b, buf_len(b));
	} else {
		r->summary.bytes_down += buf_len(b);
		stream_send_body(r->stream, b, end);
	}
	if (end)
		l7_way_delivered(r, dir);
}

static void
deliver_trailers(struct l7_run *r, enum dir dir, struct http_fields *t)
{
	if (dir == DIR_UP)
		r->route.terminal->trailers(&r->terminal, t);
	else {
		note_grpc(r, t);
		stream_send_trailers(r->stream, t);
	}
	l7_way_delivered(r, dir);
}

/* --- one event through the steps ---------------------------------------------- */

static void
refuse_body(struct l7_run *r, enum dir dir, struct l7_slot *s)
{
	r->way[dir].collect = -1;
	l7_reply(&s->ctx, dir == DIR_UP ? 413 : 502,
	    dir == DIR_UP ? FLAG_LIM : FLAG_UPE, "body_too_large", SLICE_NONE);
}

/* Down through the filters in front of that one. */
static void
send_info(struct l7_run *r, int index, struct http_head *head)
{
	for (int i = index - 1; r->has_info && i >= 0; i--) {
		struct l7_slot *s = l7_slot(r, i);
		const struct l7_filter *f = s->entry->filter;

		/* An informational response is passed or dropped, never held. */
		if (f->info != NULL && f->info(&s->ctx, head) != PASS)
			return;
	}
	stream_send_info(r->stream, head);
}

static void run_body(struct l7_run *, enum dir, int step, struct buf *, bool end);

/* What a filter in front has collected, before the head came on to here. */
static void
collect_again(struct l7_run *r, enum dir dir, int step)
{
	struct l7_way *w = &r->way[dir];
	bool is_part = buf_len(&w->rest) > 0, end = !is_part && w->queue_end;
	struct buf *from = is_part ? &w->rest : &w->queue, b = { 0 };

	if (!w->collects_part && (is_part || buf_len(from) > w->collect_max)) {
		refuse_body(r, dir, slot_at(r, dir, step));
		return;
	}
	flow_discharge(&w->flow, buf_len(from));
	buf_move(&b, from);
	if (!is_part) {
		w->collect_whole = true;
		w->queue_end = false;
	}
	run_body(r, dir, is_part ? w->rest_from : w->from, &b, end);
	buf_fini(&b);
}

/* The head waits at this step; the body runs up to here first. */
static void
begin_collect(struct l7_run *r, enum dir dir, int step, struct http_head *head,
    bool end)
{
	struct l7_way *w = &r->way[dir];
	struct l7_slot *s = slot_at(r, dir, step);
	struct buf none = { 0 };

	w->collect = step;
	w->collect_head = head;
	if (end) {
		l7_put_body(r, dir, &none, true);
	} else if (buf_len(&w->rest) > 0 || buf_len(&w->queue) > 0) {
		collect_again(r, dir, step);
	} else if (!w->collects_part && head->content_length > 0 &&
	    (uint64_t)head->content_length > w->collect_max) {
		refuse_body(r, dir, s);
	} else if (dir == DIR_UP && head->expects_continue) {
		struct http_head *info = arena_alloc(r->stream->arena,
		    sizeof(*info));

		http_head_init(info, r->stream->arena);
		info->status = 100;
		send_info(r, s->ctx.index, info);
	}
}

static bool
run_head(struct l7_run *r, enum dir dir, int step, struct http_head *head,
    bool end)
{
	struct l7_way *w = &r->way[dir];

	for (; step < r->len; step++) {
		struct l7_slot *s = slot_at(r, dir, step);
		const struct l7_filter *f = s->entry->filter;

		if (dir == DIR_UP) {
			r->entered = s->ctx.index + 1;
			count(r, s, FILTER_ENTERED, 1);
		}
		if (f->head == NULL)
			continue;
		count(r, s, FILTER_CALLS, 1);
		enum verdict v = f->head(&s->ctx, dir, head, end);

		if (r->over)
			return false;
		if (v == HOLD && w->collect == s->ctx.index) {
			begin_collect(r, dir, step, head, end);
			return false;
		}
		if (v == HOLD) {
			freeze(r, dir, step, EVENT_HEAD, end);
			w->held_head = head;
		}
		if (!take_verdict(r, dir, s, v))
			return false;
	}
	deliver_head(r, dir, head, end);
	return !r->over;
}

/* A body's beginning has: likewise, and what comes then goes through all. */
static void
release_part(struct l7_run *r, enum dir dir, int step, struct buf *b)
{
	struct l7_way *w = &r->way[dir];

	flow_charge(&w->flow, buf_len(b));
	buf_move(&w->rest, b);
	w->rest_from = step + 1;
	w->rest_end = false;
	if (run_head(r, dir, step + 1, w->collect_head, false))
		put_waiting(r, dir);
}

/* A collected body has passed its collector: the head goes first, then it. */
static void
release_collected(struct l7_run *r, enum dir dir, int step, struct buf *b)
{
	struct l7_way *w = &r->way[dir];
	struct http_head *head = w->collect_head;

	w->collect = -1;
	if (!w->collect_whole) {
		release_part(r, dir, step, b);
		return;
	}
	slot_at(r, dir, step)->collected[dir] = true;
	w->collect_head = NULL;
	w->from = step + 1;
	flow_charge(&w->flow, buf_len(b));
	buf_move(&w->queue, b);
	w->queue_end = w->queue_trailers == NULL;
	bool end = w->queue_end && buf_len(&w->queue) == 0;

	if (head->content_length >= 0)
		head->content_length = (int64_t)buf_len(&w->queue);
	if (end)
		w->queue_end = false;
	if (run_head(r, dir, step + 1, head, end))
		put_waiting(r, dir);
}

static void
run_body(struct l7_run *r, enum dir dir, int step, struct buf *b, bool end)
{
	struct l7_way *w = &r->way[dir];

	for (; step < r->len; step++) {
		struct l7_slot *s = slot_at(r, dir, step);
		const struct l7_filter *f = s->entry->filter;

		if (f->body != NULL && (!r->tunnel || f->reads_tunnel)) {
			count(r, s, FILTER_CALLS, 1);
			count(r, s, FILTER_BYTES, buf_len(b));
			enum verdict v = f->body(&s->ctx, dir, b, end ||
			    (w->collect == step && w->collect_whole));

			if (r->over)
				return;
			if (v == HOLD) {
				freeze(r, dir, step, EVENT_BODY, end);
				flow_charge(&w->flow, buf_len(b));
				buf_move(&w->held_body, b);
			}
			if (!take_verdict(r, dir, s, v))
				return;
		}
		if (w->collect == step) {
			release_collected(r, dir, step, b);
			return;
		}
	}
	deliver_body(r, dir, b, end);
}

static void
run_trailers(struct l7_run *r, enum dir dir, int step, struct http_fields *t)
{
	struct l7_way *w = &r->way[dir];

	for (; step < r->len; step++) {
		struct l7_slot *s = slot_at(r, dir, step);
		const struct l7_filter *f = s->entry->filter;

		if (f->trailers == NULL || s->collected[dir])
			continue;
		count(r, s, FILTER_CALLS, 1);
		enum verdict v = f->trailers(&s->ctx, dir, t);

		if (r->over)
			return;
		if (v == HOLD) {
			freeze(r, dir, step, EVENT_TRAILERS, true);
			w->held_trailers = t;
		}
		if (!take_verdict(r, dir, s, v))
			return;
		/* A filter further on holds what this one emitted. */
		if (w->frozen >= 0) {
			w->queue_trailers = t;
			w->trailers_from = step + 1;
			return;
		}
	}
	deliver_trailers(r, dir, t);
}

/* --- what waits in front -------------------------------------------------------- */

static bool
must_wait(const struct l7_way *w)
{
	return w->frozen >= 0 || buf_len(&w->rest) > 0 ||
	    buf_len(&w->queue) > 0 || w->queue_end ||
	    w->queue_trailers != NULL || w->queue_head != NULL;
}

static void
put_waiting(struct l7_run *r, enum dir dir)
{
	struct l7_way *w = &r->way[dir];

	if (w->queue_head != NULL && w->frozen < 0 && !r->over) {
		struct http_head *head = w->queue_head;
		bool end = w->queue_end && buf_len(&w->queue) == 0 &&
		    w->queue_trailers == NULL;

		w->queue_head = NULL;
		if (end)
			w->queue_end = false;
		if (!run_head(r, dir, w->from, head, end))
			return;
	}
	if (w->frozen < 0 && !r->over && !w->stopped && buf_len(&w->rest) > 0) {
		struct buf b = { 0 };

		flow_discharge(&w->flow, buf_len(&w->rest));
		buf_move(&b, &w->rest);
		run_body(r, dir, w->rest_from, &b, w->rest_end);
		buf_fini(&b);
	}
	if (w->frozen < 0 && !r->over && !w->stopped &&
	    (buf_len(&w->queue) > 0 || w->queue_end)) {
		struct buf b = { 0 };
		bool end = w->queue_end;

		flow_discharge(&w->flow, buf_len(&w->queue));
		buf_move(&b, &w->queue);
		w->queue_end = false;
		run_body(r, dir, w->from, &b, end);
		buf_fini(&b);
	}
	if (w->frozen < 0 && !r->over && !w->stopped &&
	    w->queue_trailers != NULL) {
		struct http_fields *t = w->queue_trailers;

		w->queue_trailers = NULL;
		run_trailers(r, dir, w->trailers_from > 0 ? w->trailers_from :
		    w->start, t);
	}
}

void
l7_put_head(struct l7_run *r, enum dir dir, struct http_head *head, bool end)
{
	struct l7_way *w = &r->way[dir];

	if (r->over || w->stopped)
		return;
	w->from = w->start;
	w->ended |= end;
	run_head(r, dir, w->start, head, end);
}

static void
collect(struct l7_run *r, enum dir dir, struct buf *b, bool end)
{
	struct l7_way *w = &r->way[dir];
	struct l7_slot *s = slot_at(r, dir, w->collect);

	bool is_long;

	buf_move(&w->queue, b);
	is_long = buf_len(&w->queue) > w->collect_max;
	if (is_long && !w->collects_part) {
		buf_fini(&w->queue);
		refuse_body(r, dir, s);
		return;
	}
	if (!end && !is_long)
		return;
	struct buf whole = { 0 };

	w->collect_whole = end;
	buf_move(&whole, &w->queue);
	run_body(r, dir, w->from, &whole, end);
	buf_fini(&whole);
}

void
l7_put_body(struct l7_run *r, enum dir dir, struct buf *b, bool end)
{
	struct l7_way *w = &r->way[dir];

	w->ended |= end;
	if (r->over || w->stopped) {
		buf_drain(b, buf_len(b));
		return;
	}
	if (w->collect >= 0 && w->frozen < 0) {
		collect(r, dir, b, end);
	} else if (must_wait(w)) {
		flow_charge(&w->flow, buf_len(b));
		buf_move(&w->queue, b);
		w->queue_end |= end;
	} else {
		run_body(r, dir, w->start, b, end);
	}
	buf_drain(b, buf_len(b));
}

void
l7_put_trailers(struct l7_run *r, enum dir dir, struct http_fields *t)
{
	struct l7_way *w = &r->way[dir];

	w->ended = true;
	if (r->over || w->stopped)
		return;
	if (w->collect >= 0 && w->frozen < 0) {
		struct buf whole = { 0 };

		w->queue_trailers = t;
		w->collect_whole = true;
		buf_move(&whole, &w->queue);
		run_body(r, dir, w->from, &whole, false);
		buf_fini(&whole);
	} else if (must_wait(w)) {
		w->queue_trailers = t;
	} else {
		run_trailers(r, dir, w->start, t);
	}
}

void
l7_put_info(struct l7_run *r, struct http_head *head)
{
	if (!r->over && !r->responding)
		send_info(r, r->len, head);
}

void
l7_emit(struct l7_ctx *ctx, enum dir dir, struct buf *b)
{
	struct l7_run *r = ctx->run;
	int step = dir == DIR_UP ? ctx->index : r->len - 1 - ctx->index;

	if (buf_len(b) > 0 && !r->over && !r->way[dir].stopped)
		run_body(r, dir, step + 1, b, false);
	buf_drain(b, buf_len(b));
}

/* What goes on of a body that was held; the rest waits in front of the holder. */
static bool
take_held(struct l7_way *w, int holder, struct buf *out)
{
	bool end = w->held_end;

	if (w->part > 0 && w->part < buf_len(&w->held_body)) {
		buf_move_n(out, &w->held_body, w->part);
		w->rest_from = holder;
		w->rest_end = end;
		end = false;
		buf_move(&w->rest, &w->held_body);
	} else {
		buf_move(out, &w->held_body);
	}
	w->part = 0;
	flow_discharge(&w->flow, buf_len(out));
	return end;
}

void
l7_hold_part(struct l7_ctx *ctx, enum dir dir, size_t n)
{
	ctx->run->way[dir].part = n;
}

void
l7_thaw(struct l7_run *r, enum dir dir)
{
	struct l7_way *w = &r->way[dir];

	if (r->over || w->stopped || w->frozen < 0)
		return;
	int step = w->frozen + 1;
	bool end = w->held_end;
	struct buf b = { 0 };

	w->frozen = -1;
	switch (w->held_event) {
	case EVENT_HEAD:
		if (!run_head(r, dir, step, w->held_head, end))
			return;
		break;
	case EVENT_BODY:
		end = take_held(w, step - 1, &b);
		if (w->collect == step - 1)
			release_collected(r, dir, step - 1, &b);
		else
			run_body(r, dir, step, &b, end);
		buf_fini(&b);
		break;
	case EVENT_TRAILERS:
		run_trailers(r, dir, step, w->held_trailers);
		break;
	}
	if (!r->over)
		put_waiting(r, dir);
}
