#include "base/mem.h"
#include "modes/proxy/agent_run.h"

/* agent_listening: control shows where a Gateway listens in its status. */
#define IPS_MAX	16

struct agent_listening {
	struct agent *agent;
	char          ips[IPS_MAX][ADDR_TEXT_MAX];
	size_t        len;
};

void
agent_tell_listening(struct agent *g)
{
	struct sync_message m = { .type = SYNC_LISTENING };
	struct slice names[IPS_MAX];

	/* Of what never listened for a Gateway there is nothing to tell. */
	if (!g->is_open || g->listening == NULL)
		return;
	for (; m.names_len < g->listening->len; m.names_len++)
		names[m.names_len] = slice_str(g->listening->ips[m.names_len]);
	m.names = names;
	agent_send(g, &m);
}

static void
on_listening(void *arg)
{
	struct agent_listening *l = arg;
	struct agent *g = l->agent;

	mem_free(g->listening);
	g->listening = l;
	agent_tell_listening(g);
}

static bool
has(const struct agent_listening *l, const char *ip)
{
	for (size_t i = 0; i < l->len; i++)
		if (slice_eq(slice_str(l->ips[i]), slice_str(ip)))
			return true;
	return false;
}

void
agent_listens(struct agent *g, const struct addr *addrs, size_t n)
{
	struct agent_listening *l = mem_zalloc(sizeof(*l));

	l->agent = g;
	for (size_t i = 0; i < n && l->len < IPS_MAX; i++) {
		addr_format_ip(&addrs[i], l->ips[l->len]);
		l->len += !has(l, l->ips[l->len]);
	}
	loop_post(g->loop, on_listening, l);
}
