#include <string.h>

#include "conf/stream.h"
#include "modes/ctl/cmd_ca_shares.h"
#include "modes/ctl/ctl_run.h"
#include "modes/ctl/file.h"
#include "pki/key.h"
#include "pki/share.h"

static int split(struct ctl *), combine(struct ctl *);

static const struct ctl_option split_options[] = {
	{ "shares", 0, "NUMBER", .fallback = "5",
	    .text = "how many are made, at most 32" },
	{ "threshold", 0, "NUMBER", .fallback = "3",
	    .text = "how many of them restore the key, at least 2" },
	{ "out-dir", 0, "DIR", .word = CTL_WORD_DIR,
	    .text = "where to put the files; default ." },
	{ 0 },
};

static const struct ctl_option combine_options[] = {
	{ "out", 0, "FILE", .word = CTL_WORD_FILE,
	    .text = "where to put the key, mode 0600" },
	{ 0 },
};

static const struct ctl_example split_examples[] = {
	{ "ca split /var/lib/mesh/control/ca/root.key --shares 5 --threshold 3",
	    "five people keep the root's key, and three can bring it back" },
	{ 0 },
};

static const struct ctl_example combine_examples[] = {
	{ "ca combine root.key.share-1 root.key.share-2 root.key.share-5 "
	    "--out root.key", "for the day on which the root signs again" },
	{ 0 },
};

const struct ctl_command ca_split = {
	.name = "split",
	.arguments = "FILE",
	.summary = "cut a key into shares for different people to keep",
	.text = "Each share is a text file of its own, FILE.share-1 and so on, "
	    "mode 0600. Fewer than the threshold tell nothing of the key. "
	    "Control needs the root's key only to make an intermediate, once a "
	    "year: once all shares are where they belong, and were tried with "
	    "ca combine, remove the file.",
	.min = 1, .max = 1, .word = CTL_WORD_FILE,
	.options = split_options,
	.examples = split_examples,
	.run = split,
};

const struct ctl_command ca_combine = {
	.name = "combine",
	.arguments = "SHARE...",
	.needs = "--out FILE",
	.summary = "restore a key from its shares",
	.text = "A share that was mistyped or changed, or is of another set, is "
	    "named, and nothing is written.",
	.min = 1, .max = SHARE_MAX, .word = CTL_WORD_FILE,
	.options = combine_options,
	.examples = combine_examples,
	.run = combine,
};

static bool
read_number(struct ctl *c, const char *option, size_t *out)
{
	uint64_t n;

	if (!slice_u64(slice_str(ctl_value(c, option)), &n) || n > SHARE_MAX) {
		ctl_misused(c, "--%s %s: expected a number up to %d", option,
		    ctl_value(c, option), SHARE_MAX);
		return false;
	}
	*out = (size_t)n;
	return true;
}

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

/* --- split --------------------------------------------------------------------------- */

/* The text of a private key that control can use. */
static int
read_key(const char *path, struct str *text, struct err *err)
{
	struct key key;

	if (conf_file_read(path, text, err) < 0)
		return -1;
	if (key_parse(&key, str_slice(text), err) < 0)
		return err_wrap(err, "%s", path);
	key_fini(&key);
	return 0;
}

static int
write_shares(struct ctl *c, const char *name, const struct str *texts, size_t n,
    struct err *err)
{
	const char *dir = ctl_value(c, "out-dir");

	if (dir != NULL && file_make_dir(dir, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_printf(&c->arena, "%s%s%s.share-%zu",
		    dir == NULL ? "" : dir, dir == NULL ? "" : "/", name, i + 1);

		if (file_write(path, str_slice(&texts[i]), 0600,
		    ctl_has(c, "yes"), err) < 0)
			return -1;
		str_addf(&c->out, "%s\n", path);
	}
	return 0;
}

static int
split(struct ctl *c)
{
	const char *path = ctl_word(c, 0), *name = base_name(path);
	struct str texts[SHARE_MAX] = { { 0 } }, key = { 0 };
	struct err err = ERR_INIT;
	size_t count, threshold;
	int r;

	if (!read_number(c, "shares", &count) ||
	    !read_number(c, "threshold", &threshold))
		return CTL_USAGE;
	r = read_key(path, &key, &err);
	if (r == 0)
		r = share_split(texts, count, threshold, str_slice(&key), name,
		    &err);
	if (r == 0)
		r = write_shares(c, name, texts, count, &err);
	for (size_t i = 0; i < count; i++)
		key_wipe_str(&texts[i]);
	key_wipe_str(&key);
	if (r < 0)
		return ctl_fail(c, &err);
	ctl_say(c, "any %zu of these %zu restore %s: try mesh ctl ca combine "
	    "before it is removed", threshold, count, name);
	return CTL_OK;
}

/* --- combine ------------------------------------------------------------------------- */

static int
read_shares(struct ctl *c, struct share *shares, struct err *err)
{
	for (size_t i = 0; i < c->args.len; i++) {
		struct str text = { 0 };
		int r = conf_file_read(ctl_word(c, i), &text, err);

		if (r == 0 && share_read(&shares[i], str_slice(&text), err) < 0)
			r = err_wrap(err, "%s", ctl_word(c, i));
		key_wipe_str(&text);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int
combine(struct ctl *c)
{
	struct share shares[SHARE_MAX] = { { .index = 0 } };
	const char *out = ctl_value(c, "out");
	struct str key = { 0 }, set = { 0 };
	struct err err = ERR_INIT;
	size_t n = c->args.len;
	int r;

	if (out == NULL)
		return ctl_misused(c, "--out FILE is missing");
	int code = ctl_may_write(c, out);

	if (code != CTL_OK)
		return code;
	r = read_shares(c, shares, &err);
	if (r == 0)
		r = share_combine(&key, shares, c->args.words, n, &err);
	if (r == 0)
		r = file_write(out, str_slice(&key), 0600, ctl_has(c, "yes"),
		    &err);
	if (r == 0) {
		share_add_set(&set, &shares[0]);
		ctl_say(c, "%s: restored %s from %zu shares of set %s", out,
		    shares[0].name, n, str_ptr(&set));
	}
	for (size_t i = 0; i < n; i++)
		share_fini(&shares[i]);
	key_wipe_str(&key);
	str_fini(&set);
	return r < 0 ? ctl_fail(c, &err) : CTL_OK;
}
