#include "conf/stream.h"
#include "modes/ctl/call.h"
#include "modes/ctl/client.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/ctl_run.h"

static int api(struct ctl *);

static const struct ctl_option options[] = {
	{ "filename", 'f', "FILE", .word = CTL_WORD_FILE,
	    .text = "the body of the request, or - for standard input" },
	{ 0 },
};

static const struct ctl_example examples[] = {
	{ "api GET /v1/kinds", "what control keeps" },
	{ "api POST /v1/apply -f set.json", "with the body from a file" },
	{ 0 },
};

const struct ctl_command cmd_api = {
	.name = "api",
	.arguments = "METHOD PATH",
	.summary = "send a request to control's API, see mesh-api(7)",
	.text = "Prints the answer as it is once it is whole, also where control "
	    "refuses; what never ends, /v1/watch, is for curl on control's "
	    "socket. The exit code is 1 for what is not there, 64 for a method "
	    "that the path or control does not have.",
	.min = 2, .max = 2,
	.options = options,
	.examples = examples,
	.run = api,
};

static int
api(struct ctl *c)
{
	const char *file = args_nth(&c->args, "filename", 0);
	struct client_answer answer;
	struct str body = { 0 };
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (file != NULL && conf_file_read(file, &body, &err) < 0)
		code = ctl_fail(c, &err);
	else if (call_raw(c, ctl_word(c, 0), ctl_word(c, 1), file == NULL ?
	    SLICE_NONE : str_slice(&body), CLIENT_RAW_MAX, &answer, &err) < 0)
		code = ctl_fail_call(c, &err);
	else {
		str_add_slice(&c->out, str_slice(&answer.body));
		if (answer.status >= 400) {
			call_refused(&answer, &err);
			code = ctl_fail_call(c, &err);
		}
		client_answer_fini(&answer);
	}
	str_fini(&body);
	return code;
}
