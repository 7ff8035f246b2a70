#include "base/mem.h"
#include "modes/proxy/agent_run.h"
#include "modes/proxy/plain.h"

/*
 * agent_plain: which ports members are to call in plain text.  Control is told once
 * that is in force on every worker, so that nobody comes before it is taken.
 */
void
agent_plain_init(struct agent *g)
{
	size_t n = g->options.settings->apps_len;

	g->plain = mem_zalloc_array(n + 1, sizeof(*g->plain));
	g->next_plain = mem_zalloc_array(n + 1, sizeof(*g->next_plain));
}

void
agent_plain_fini(struct agent *g)
{
	mem_free(g->plain);
	mem_free(g->next_plain);
}

void
agent_use_plain(struct agent *g, const struct snapshot *s)
{
	const struct model_proxy_spec *settings = g->options.settings;

	for (size_t i = 0; i < settings->apps_len; i++)
		g->next_plain[i] = settings->apps[i].protocol !=
		    MODEL_APP_UDP && plain_is_the_rule(s,
		    settings->apps[i].port);
}

void
agent_add_plain(const struct agent *g, size_t i, struct conf_node *port)
{
	const struct model_proxy_spec *s = g->options.settings;

	if (s->apps[i].protocol == MODEL_APP_UDP)
		return;
	uint16_t exposed = plain_exposed(s, s->apps[i].port);

	if (exposed != 0)
		conf_set_int(port, "exposed", exposed);
	if (g->plain[i])
		conf_set_bool(port, "plaintext", true);
}

void
agent_tell_plain(struct agent *g)
{
	bool is_news = false;

	for (size_t i = 0; i < g->options.settings->apps_len; i++) {
		is_news |= g->plain[i] != g->next_plain[i];
		g->plain[i] = g->next_plain[i];
	}
	if (!is_news || g->own == NULL || !agent_has_identity(g))
		return;
	agent_make_workload(g, NULL);
	const struct sync_message m = { .type = SYNC_WORKLOAD,
		.document = g->own->node };

	agent_send(g, &m);
}
