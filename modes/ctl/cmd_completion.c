#include "modes/ctl/commands.h"
#include "modes/ctl/complete.h"
#include "modes/ctl/ctl_run.h"

static int completion(struct ctl *);

static const struct ctl_example examples[] = {
	{ "completion bash > /etc/bash_completion.d/mesh", "for everybody" },
	{ "completion zsh > ~/.zfunc/_mesh", "a directory of fpath" },
	{ "completion fish > ~/.config/fish/completions/mesh.fish",
	    "for yourself" },
	{ 0 },
};

const struct ctl_command cmd_completion = {
	.name = "completion",
	.arguments = "bash|zsh|fish",
	.summary = "print the script that completes commands in a shell",
	.min = 1, .max = 1, .word = CTL_WORD_SHELL,
	.examples = examples,
	.run = completion,
};

static const struct {
	const char *shell;
	void      (*write)(struct str *);
} shells[] = {
	{ "bash", complete_bash },
	{ "zsh", complete_zsh },
	{ "fish", complete_fish },
};

static int
completion(struct ctl *c)
{
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++)
		if (slice_is(slice_str(ctl_word(c, 0)), shells[i].shell)) {
			shells[i].write(&c->out);
			return CTL_OK;
		}
	return ctl_misused(c, "unknown shell \"%s\", expected bash, zsh or fish",
	    ctl_word(c, 0));
}
