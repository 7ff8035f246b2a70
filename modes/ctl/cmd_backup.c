#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "conf/stream.h"
#include "modes/ctl/call.h"
#include "modes/ctl/client.h"
#include "modes/ctl/client_tls.h"
#include "modes/ctl/commands.h"
#include "modes/ctl/file.h"
#include "pki/key.h"

static int create(struct ctl *), restore(struct ctl *);

static const struct ctl_option create_options[] = {
	{ "passphrase-file", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "its first line is what the keys are encrypted with" },
	{ 0 },
};

static const struct ctl_option restore_options[] = {
	{ "passphrase-file", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "its first line is what the keys are encrypted with" },
	{ "data-dir", 0, "DIR", .word = CTL_WORD_DIR,
	    .text = "empty or new directory of the control to be" },
	{ 0 },
};

static const struct ctl_example create_examples[] = {
	{ "backup create mesh.backup --passphrase-file secret",
	    "while control runs, on its machine" },
	{ 0 },
};

static const struct ctl_example restore_examples[] = {
	{ "backup restore mesh.backup --data-dir /var/lib/mesh/control "
	    "--passphrase-file secret", "then start control on that directory" },
	{ 0 },
};

static const struct ctl_command backup_create = {
	.name = "create",
	.arguments = "FILE",
	.needs = "--passphrase-file FILE",
	.summary = "save registry and certificate authority in a file",
	.text = "Works through the local socket alone. The file has mode "
	    "0600, and one that exists is replaced only with --yes; without the "
	    "passphrase it is worth nothing. A backup holds a registry of up to "
	    "248 MiB.",
	.min = 1, .max = 1, .word = CTL_WORD_FILE,
	.options = create_options,
	.examples = create_examples,
	.run = create,
};

static const struct ctl_command backup_restore = {
	.name = "restore",
	.arguments = "FILE",
	.needs = "--data-dir DIR --passphrase-file FILE",
	.summary = "restore control's data directory from a backup",
	.text = "Needs no control, only the file and the passphrase.",
	.min = 1, .max = 1, .word = CTL_WORD_FILE,
	.options = restore_options,
	.examples = restore_examples,
	.run = restore,
};

static const struct ctl_command *const below[] = { &backup_create,
	&backup_restore, NULL };

const struct ctl_command cmd_backup = {
	.name = "backup",
	.arguments = "",
	.summary = "save control's state, and bring it back",
	.below = below,
};

/* The request holds the passphrase: it is wiped by the caller. */
static int
make_request(const char *path, struct str *body, struct err *err)
{
	struct str text = { 0 };
	struct slice rest, line;
	int result = 0;

	key_room_str(&text, 65536);
	if (client_tls_check_mode(path, err) < 0 ||
	    conf_file_read(path, &text, err) < 0)
		result = -1;
	else {
		rest = str_slice(&text);
		if (!slice_cut(&rest, '\n', &line) || line.len == 0)
			result = err_set(err, ERR_DATA,
			    "%s: its first line is empty, expected a passphrase",
			    path);
		else {
			key_room_str(body, 6 * line.len + 64);
			str_add(body, "{\"passphrase\":");
			str_add_json(body, line);
			str_add(body, "}");
		}
	}
	key_wipe_str(&text);
	return result;
}

static int
fetch(struct ctl *c, struct slice request)
{
	const char *path = ctl_word(c, 0);
	struct client_answer answer;
	struct err err = ERR_INIT;
	int code = CTL_OK;

	if (call_raw(c, "POST", "/v1/backup", request, CLIENT_RAW_MAX, &answer,
	    &err) < 0)
		return ctl_fail_call(c, &err);
	if (answer.status != 200) {
		call_refused(&answer, &err);
		code = ctl_fail_call(c, &err);
	} else if (file_write(path, str_slice(&answer.body), 0600,
	    ctl_has(c, "yes"), &err) < 0)
		code = ctl_fail(c, &err);
	else
		ctl_say(c, "%s: %zu bytes", path, answer.body.len);
	client_answer_fini(&answer);
	return code;
}

static int
create(struct ctl *c)
{
	const char *path = ctl_word(c, 0);
	struct str request = { 0 };
	struct err err = ERR_INIT;
	int code;

	if (ctl_value(c, "passphrase-file") == NULL)
		return ctl_misused(c, "say --passphrase-file FILE");
	if ((code = ctl_may_write(c, path)) != CTL_OK)
		return code;
	if (make_request(ctl_value(c, "passphrase-file"), &request, &err) < 0)
		code = ctl_fail(c, &err);
	else
		code = fetch(c, str_slice(&request));
	key_wipe_str(&request);
	return code;
}

/* Only control may write its own directory: this binary, in that mode. */
static int
restore(struct ctl *c)
{
	const char *argv[] = { "mesh", "control", "--restore", ctl_word(c, 0),
		"--data-dir", ctl_value(c, "data-dir"), "--passphrase-file",
		ctl_value(c, "passphrase-file"), NULL };
	struct err err = ERR_INIT;

	if (argv[5] == NULL || argv[7] == NULL)
		return ctl_misused(c, "say --data-dir DIR and --passphrase-file "
		    "FILE");
	if (access(argv[3], R_OK) < 0) {
		err_set(&err, errno == ENOENT ? ERR_NOT_FOUND : ERR_SYSTEM,
		    "%s: %s", argv[3], strerror(errno));
		return ctl_fail(c, &err);
	}
	execv("/proc/self/exe", (char *const *)(const void *)argv);
	err_errno(&err, "/proc/self/exe");
	return ctl_fail(c, &err);
}
