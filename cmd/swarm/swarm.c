#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/swarm/swarm.h"
#include "sync/message.h"

#define ALIVE_MS	5000
#define OPENING_MAX	32	/* sessions that open at a time */

static void start_next(struct swarm *);

void
swarm_init(struct swarm *s, const char *control, const char *control_id,
    const char *service)
{
	*s = (struct swarm){
		.loop = loop_new("swarm"),
		.handshaker = tls_handshaker_new(1),
		.service = slice_str(service),
		.born_ms = clock_mono_ms(),
	};
	s->request = (struct agent_dial_request){
		.loop = s->loop, .handshaker = s->handshaker,
		.control = control, .expected_id = control_id,
	};
}

void
swarm_add(struct swarm *s, const char *workload, struct tls_identity *identity)
{
	if (s->len == s->cap) {
		s->cap = s->cap == 0 ? 64 : 2 * s->cap;
		s->members = mem_realloc(s->members,
		    s->cap * sizeof(*s->members));
	}
	s->members[s->len++] = (struct member){
		.swarm = s, .identity = identity,
		.workload = mem_strdup(workload),
	};
}

/* --- to control ---------------------------------------------------------------- */

static void
say(struct member *m, const struct sync_message *message)
{
	struct str line = { 0 };
	struct err err = ERR_INIT;

	check(sync_message_write(&line, message, &err) == 0);
	agent_link_send(m->link, str_slice(&line));
	str_fini(&line);
}

static void
on_alive(void *arg)
{
	struct swarm *s = arg;
	struct sync_message alive = { .type = SYNC_ALIVE,
		.uptime_ms = clock_mono_ms() - s->born_ms + 1 };

	for (size_t i = 0; i < s->len; i++)
		if (s->members[i].is_synced)
			say(&s->members[i], &alive);
	loop_timer_start(&s->alive, ALIVE_MS);
}

static void
on_open(void *arg, const struct addr *local)
{
	struct member *m = arg;
	struct sync_message hello = {
		.type = SYNC_HELLO, .schema = SYNC_SCHEMA,
		.version = SLICE("0.1.0"), .workload = slice_str(m->workload),
		.document_json = SLICE("{\"apiVersion\":\"mesh/v1\","
		    "\"kind\":\"Workload\",\"metadata\":{\"name\":\"x\"},"
		    "\"spec\":{\"ports\":[{\"port\":8080,"
		    "\"protocol\":\"http\"}]}}"),
	};
	struct sync_message interest = {
		.type = SYNC_INTEREST, .names = &m->swarm->service,
		.names_len = 1,
	};

	(void)local;
	say(m, &hello);
	say(m, &interest);
}

/* --- from control -------------------------------------------------------------- */

static void
find_lowest(struct swarm *s)
{
	s->lowest = UINT64_MAX;
	for (size_t i = 0; i < s->len; i++) {
		uint64_t revision = s->members[i].revision;

		if (revision < s->lowest) {
			s->lowest = revision;
			s->at_lowest = 0;
		}
		s->at_lowest += revision == s->lowest;
	}
}

static void
acknowledge(struct member *m, uint64_t revision)
{
	struct swarm *s = m->swarm;
	struct sync_message ack = { .type = SYNC_ACK, .revision = revision };
	bool was_lowest = m->revision == s->lowest;

	say(m, &ack);
	if (revision <= m->revision)
		return;
	m->revision = revision;
	if (!was_lowest || --s->at_lowest > 0)
		return;
	find_lowest(s);
	printf("acked %" PRIu64 " %" PRIu64 "\n", s->lowest, clock_mono_ns());
	fflush(stdout);
}

/* At once, as of one whose workers have nothing to cut. */
static void
obey(struct member *m, uint64_t generation)
{
	const struct sync_message revoked = { .type = SYNC_REVOKED,
		.generation = generation };

	say(m, &revoked);
}

static void
on_synced(struct member *m)
{
	struct swarm *s = m->swarm;

	if (m->is_synced)
		return;
	m->is_synced = true;
	if (++s->synced == s->len) {
		printf("synced %zu\n", s->len);
		fflush(stdout);
	}
	start_next(s);
}

static void
on_line(void *arg, struct slice line, struct arena *arena)
{
	struct member *m = arg;
	struct sync_message message;
	struct err err = ERR_INIT;

	/* Documents are not looked at, which is most of what comes. */
	if (slice_has_prefix(line, SLICE("{\"t\":\"put\"")))
		return;
	if (sync_message_read(&message, arena, line, &err) != 0) {
		fprintf(stderr, "swarm: %s: %s\n", m->workload, err.text);
		return;
	}
	if (message.type == SYNC_COMMIT || message.type == SYNC_SYNCED ||
	    message.type == SYNC_BOOKMARK)
		acknowledge(m, message.revision);
	if (message.type == SYNC_SYNCED)
		on_synced(m);
	if (message.type == SYNC_REVOKE)
		obey(m, message.generation);
}

static void
on_closed(void *arg, const struct err *why, bool is_refused)
{
	struct member *m = arg;

	(void)is_refused;
	m->link = NULL;
	m->is_synced = false;
	m->swarm->has_failed = true;
	printf("closed %s %s\n", m->workload, why->text);
	fflush(stdout);
	loop_stop(m->swarm->loop);
}

static const struct agent_link_ops link_ops = {
	.on_open = on_open, .on_line = on_line, .on_closed = on_closed,
};

/* --- the run ------------------------------------------------------------------- */

static void
start_next(struct swarm *s)
{
	if (s->started == s->len)
		return;
	struct member *m = &s->members[s->started++];
	struct agent_dial_request request = s->request;

	request.identity = m->identity;
	m->link = agent_link_start(&request, &link_ops, m);
}

static void
on_signal(void *arg, int signo)
{
	struct swarm *s = arg;

	(void)signo;
	loop_stop(s->loop);
}

static void
on_renewed(void *arg)
{
	const struct swarm *s = arg;
	const struct issue *i = &s->renewal;

	printf("renewed %zu %" PRIu64 " calls %zu failed %zu late %zu\n", i->len,
	    i->ended_ns - i->began_ns, i->calls, i->failed, i->late);
	fflush(stdout);
}

/* All of them at once, as after a break-in. */
static void
on_renew(void *arg, int signo)
{
	struct swarm *s = arg;

	(void)signo;
	if (s->renewal.len > 0)
		return;
	issue_init(&s->renewal, &s->request);
	for (size_t i = 0; i < s->len; i++)
		issue_renew(&s->renewal, s->members[i].identity);
	issue_start(&s->renewal, s->len, on_renewed, s);
}

void
swarm_run(struct swarm *s)
{
	loop_on_signal(s->loop, SIGTERM, on_signal, s);
	loop_on_signal(s->loop, SIGINT, on_signal, s);
	loop_on_signal(s->loop, SIGUSR1, on_renew, s);
	loop_timer_init(&s->alive, s->loop, on_alive, s);
	loop_timer_start(&s->alive, ALIVE_MS);
	find_lowest(s);
	for (size_t i = 0; i < OPENING_MAX; i++)
		start_next(s);
	loop_run(s->loop);
	loop_timer_stop(&s->alive);
	for (size_t i = 0; i < s->len; i++)
		agent_link_close(s->members[i].link);
	issue_fini(&s->renewal);
	loop_finish(s->loop);
}

void
swarm_fini(struct swarm *s)
{
	tls_handshaker_free(s->handshaker);
	loop_free(s->loop);
	for (size_t i = 0; i < s->len; i++) {
		tls_identity_unref(s->members[i].identity);
		mem_free(s->members[i].workload);
	}
	mem_free(s->members);
}
