#include <string.h>

#include "modes/ctl/client.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/print.h"

#define HEALTH_BODY_MAX	65536	/* bytes of what /readyz says */

static int health(struct ctl *);

static const struct ctl_option options[] = {
	{ "admin", 0, "ADDRESS", .fallback = "127.0.0.1:7719",
	    .env = "MESH_ADMIN",
	    .text = "HOST:PORT or unix:PATH of a proxy's or control's admin" },
	{ "ready", 0, NULL, .text = "ask whether it takes traffic (the default)" },
	{ "live", 0, NULL, .text = "ask whether it runs at all" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "health", "the proxy on this machine" },
	{ "health --live --admin unix:/run/mesh/proxy/web.sock",
	    "for a container's HEALTHCHECK" },
	{ "health --admin 127.0.0.1:7701", "control on this machine" },
	{ 0 },
};

const struct ctl_command cmd_health = {
	.name = "health",
	.arguments = "",
	.summary = "ask a proxy or control on this machine whether it is healthy",
	.text = "The exit code is 0 for yes, 1 for no or nobody there.",
	.options = options,
	.examples = examples,
	.run = health,
};

static int
say(struct ctl *c, bool healthy, struct slice why)
{
	struct conf_node *said = conf_map_new(&c->arena);
	struct str text = { 0 };

	while (why.len > 0 && strchr("\r\n ", why.ptr[why.len - 1]) != NULL)
		why.len--;
	str_add_printable(&text, why);
	conf_set_bool(said, "healthy", healthy);
	conf_set_string(said, "text", str_ptr(&text));
	if (!print_node(c, said)) {
		struct slice word = healthy ? SLICE("healthy") : SLICE("unhealthy");

		term_add(&c->out, c->term.colour_out, term_state_colour(word), word);
		if (text.len > 0)
			str_addf(&c->out, ": %s", str_ptr(&text));
		str_add_char(&c->out, '\n');
	}
	str_fini(&text);
	return healthy ? CTL_OK : CTL_NO;
}

static int
health(struct ctl *c)
{
	const char *admin = ctl_value(c, "admin");
	struct target t = { .address = admin,
		.is_local = strncmp(admin, "unix:", 5) == 0, .is_plain = true };
	struct client_request r = { .method = "GET",
		.path = ctl_has(c, "live") ? "/livez" : "/readyz",
		.max = HEALTH_BODY_MAX, .timeout_ms = c->timeout_ms };
	struct client_answer answer;
	struct err err = ERR_INIT;
	int code;

	if (ctl_has(c, "live") && ctl_has(c, "ready"))
		return ctl_misused(c, "say --live or --ready, not both");
	if (client_ask(&t, &r, &answer, &err) < 0)
		return err.kind == ERR_UNAVAILABLE ?
		    say(c, false, slice_str(err.text)) : ctl_fail(c, &err);
	code = say(c, answer.status == 200, str_slice(&answer.body));
	client_answer_fini(&answer);
	return code;
}
