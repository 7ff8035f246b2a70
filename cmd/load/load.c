#include <sys/timerfd.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/str.h"
#include "cmd/load/load.h"

#define RETRY_MS	10
#define PATIENCE_MS	10000	/* longest for a first answer, beyond the time */

static void
on_wake(void *arg, unsigned ready)
{
	struct load *l = arg;
	uint64_t times;

	(void)ready;
	if (read(l->wake_fd, &times, sizeof(times)) == sizeof(times) &&
	    !l->is_over)
		l->options->mode->due(l);
}

static void
on_retry(void *arg)
{
	struct load *l = arg;

	if (!l->is_over)
		l->options->mode->due(l);
}

static void
on_signal(void *arg, int signo)
{
	(void)signo;
	load_end(arg);
}

/* In so short a time the server may have had no turn: that is no failure. */
static bool
has_news(const struct load *l)
{
	uint64_t longest = l->options->duration_ms + PATIENCE_MS;

	return l->all > 0 || l->errors > 0 ||
	    clock_mono_ns() - l->began_ns > longest * 1000000;
}

static void
on_phase(void *arg)
{
	struct load *l = arg;

	if (l->is_measuring && !has_news(l)) {
		loop_timer_start(&l->phase, RETRY_MS);
		return;
	}
	if (l->is_measuring) {
		load_end(l);
		return;
	}
	l->is_measuring = true;
	l->began_ns = clock_mono_ns();
	loop_timer_start(&l->phase, l->options->duration_ms);
}

void
load_init(struct load *l, const struct options *o)
{
	struct err err = ERR_INIT;

	*l = (struct load){ .options = o, .loop = loop_new("load") };
	loop_timer_init(&l->phase, l->loop, on_phase, l);
	loop_timer_init(&l->retry, l->loop, on_retry, l);
	l->wake_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	check(l->wake_fd >= 0);
	loop_fd_start_level(&l->wake, l->loop, l->wake_fd, on_wake, l);
	if (way_init(&l->way, l->loop, o, &err) != 0) {
		fprintf(stderr, "load: %s\n", err.text);
		exit(err_exit_code(&err));
	}
	loop_on_signal(l->loop, SIGTERM, on_signal, l);
	loop_on_signal(l->loop, SIGINT, on_signal, l);
}

void
load_run(struct load *l)
{
	l->options->mode->start(l);
	loop_run(l->loop);
	l->options->mode->stop(l);
	loop_finish(l->loop);
}

void
load_fini(struct load *l)
{
	loop_timer_stop(&l->phase);
	loop_timer_stop(&l->retry);
	loop_fd_stop(&l->wake);
	close(l->wake_fd);
	way_fini(&l->way);
	loop_free(l->loop);
}

void
load_begin(struct load *l)
{
	if (loop_timer_is_running(&l->phase) || l->is_over)
		return;
	schedule_init(&l->schedule, clock_mono_ns(), l->options->rate);
	if (l->options->warmup_ms > 0)
		loop_timer_start(&l->phase, l->options->warmup_ms);
	else
		on_phase(l);
}

void
load_end(struct load *l)
{
	if (l->is_over)
		return;
	l->is_over = true;
	l->ended_ns = clock_mono_ns();
	if (l->all == 0)
		load_failed(l, "time is over", "nothing was answered");
	loop_stop(l->loop);
}

void
load_done(struct load *l, uint64_t due_ns)
{
	l->all++;
	if (!l->is_measuring || due_ns < l->began_ns)
		return;
	uint64_t now = clock_mono_ns();

	l->requests++;
	histogram_add(&l->latency, now > due_ns ? now - due_ns : 0);
}

void
load_failed(struct load *l, const char *what, const char *why)
{
	if (l->errors++ == 0)
		snprintf(l->first_error, sizeof(l->first_error), "%s: %s", what,
		    why);
}

void
load_unanswered(struct load *l, uint64_t due_ns)
{
	if (due_ns < l->began_ns)
		due_ns = l->began_ns;
	histogram_add(&l->latency, l->ended_ns - due_ns);
}

void
load_retry_soon(struct load *l)
{
	if (!loop_timer_is_running(&l->retry))
		loop_timer_start(&l->retry, RETRY_MS);
}

void
load_wake_at_next(struct load *l)
{
	uint64_t at = schedule_next_ns(&l->schedule);
	struct itimerspec when = {
		.it_value.tv_sec = (time_t)(at / 1000000000u),
		.it_value.tv_nsec = (long)(at % 1000000000u),
	};

	check(timerfd_settime(l->wake_fd, TFD_TIMER_ABSTIME, &when, NULL) == 0);
}

static void
add_latency(struct str *s, const struct histogram *h)
{
	static const struct {
		const char *name;
		double      q;
	} points[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 },
		{ "p99.9", 0.999 }, { "max", 1 },
	};

	str_addf(s, "\"latency_us\": {\"mean\": %.2f", histogram_mean(h) / 1e3);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		str_addf(s, ", \"%s\": %.2f", points[i].name,
		    (double)histogram_quantile(h, points[i].q) / 1e3);
	str_add(s, "}");
}

void
load_print(const struct load *l)
{
	struct str s = { 0 };
	double seconds = l->is_measuring ?
	    (double)(l->ended_ns - l->began_ns) / 1e9 : 0;

	str_addf(&s, "{\"mode\": \"%s\", \"connections\": %u, "
	    "\"rate\": %" PRIu64 ", \"seconds\": %.6f, \"all\": %" PRIu64
	    ", \"errors\": %" PRIu64 ", \"requests\": %" PRIu64
	    ", \"bytes\": %" PRIu64 ", \"per_second\": %.1f, \"opened\": %" PRIu64
	    ", \"resumed\": %" PRIu64 ", \"first_error\": ",
	    l->options->mode->name, l->options->connections, l->options->rate,
	    seconds, l->all, l->errors, l->requests, l->bytes,
	    seconds > 0 ? (double)l->requests / seconds : 0, l->way.opened,
	    l->way.resumed);
	str_add_json(&s, slice_str(l->first_error));
	str_add(&s, ", ");
	add_latency(&s, &l->latency);
	str_add(&s, "}\n");
	fputs(str_ptr(&s), stdout);
	fflush(stdout);
	str_fini(&s);
}
