#include "modes/proxy/agent_ask.h"
#include "modes/proxy/agent_join.h"
#include "modes/proxy/agent_run.h"

struct agent_call_request
agent_ask(const struct agent *g, const char *target, struct slice body)
{
	return (struct agent_call_request){
		.dial = { .loop = g->loop,
		    .handshaker = g->options.handshaker,
		    .files = g->options.control_files,
		    .control = g->options.settings->control,
		    .identity = g->tls, .expected_id = g->control_id },
		.method = "POST", .target = target, .body = body,
	};
}

struct agent_call *
agent_ask_certificate(struct agent *g, const char *target, struct key *key,
    void (*done)(void *agent, const struct agent_reply *))
{
	struct str body = { 0 };
	struct agent_call_request r;
	struct agent_call *call;

	key_generate(key);
	agent_join_body(&body, NULL, key, NULL);
	r = agent_ask(g, target, str_slice(&body));
	call = agent_call_start(&r, done, g);
	str_fini(&body);
	return call;
}
