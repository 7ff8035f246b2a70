#include <string.h>
#include <sys/stat.h>

#include "base/build.h"
#include "base/clock.h"
#include "conf/stream.h"
#include "conf/units.h"
#include "model/request_authentication.h"
#include "modes/ctl/call.h"
#include "modes/ctl/checks_impl.h"
#include "modes/ctl/rows.h"
#include "modes/ctl/table.h"
#include "modes/ctl/target.h"
#include "pki/chain.h"

#define DISK_WARN	(256ll << 20)	/* bytes that control has left */
#define DISK_ERROR	(16ll << 20)
/* A CA that ends sooner: control prepares the next one at 30 days by itself, ... */
#define CA_PREPARED_S	(29 * 86400)
#define CA_ACTIVATED_S	(6 * 86400)	/* ... and activates it at 7 */

struct check_line *
checks_add(struct checks *k, const char *category, enum check_result result,
    const char *text)
{
	/* The last line may be overwritten: by then there is enough to read. */
	struct check_line *l = &k->lines[k->len < CHECKS_MAX ? k->len++ :
	    CHECKS_MAX - 1];

	*l = (struct check_line){ .category = category, .text = text,
		.result = result };
	return l;
}

enum check_result
checks_result(const struct checks *k)
{
	enum check_result worst = CHECK_SUCCESS;

	for (size_t i = 0; i < k->len; i++)
		if (k->lines[i].result > worst)
			worst = k->lines[i].result;
	return worst;
}

const char *
checks_text(struct ctl *c, const struct conf_node *row, const char *key)
{
	const char *text = rows_text(c, conf_find(row, key));

	return text == NULL ? "-" : text;
}

struct check_line *
checks_add_end(struct ctl *c, struct checks *k, const char *category,
    const char *what, const char *time, int64_t warn_s)
{
	int64_t at = 0, now = clock_wall_s();
	char due[TABLE_AGE_TEXT];
	struct check_line *l;

	if (time == NULL || !conf_time_read(slice_str(time), &at))
		return NULL;
	l = checks_add(k, category, at <= now ? CHECK_ERROR : at - now < warn_s ?
	    CHECK_WARNING : CHECK_SUCCESS,
	    arena_printf(&c->arena, "validity of %s", what));
	table_due(due, at, now);
	if (l->result != CHECK_SUCCESS)
		l->why = arena_printf(&c->arena, "ends %s (%s)", due, time);
	return l;
}

/* --- this end -------------------------------------------------------------- */

static void
check_key(struct checks *k, const struct target *t)
{
	struct stat st;
	struct check_line *l = checks_add(k, "operator", CHECK_SUCCESS,
	    "the operator's key, and who can read it");

	if (t->key_file == NULL || stat(t->key_file, &st) < 0) {
		l->result = CHECK_ERROR;
		l->why = t->key_file == NULL ? "no --key-file" : t->key_file;
		l->hint = "mesh ctl operator create, on control's machine";
	} else if ((st.st_mode & 077) != 0) {
		l->result = CHECK_ERROR;
		l->why = t->key_file;
		l->hint = "chmod 600 on it";
	}
}

static void
check_certificate(struct ctl *c, struct checks *k, const struct target *t)
{
	struct chain chain;
	struct cert leaf;
	struct str text = { 0 };
	struct err err = ERR_INIT;
	char end[CLOCK_TEXT_MAX];

	chain_init(&chain);
	if (t->cert_file == NULL || conf_file_read(t->cert_file, &text, &err) < 0 ||
	    chain_add_pem(&chain, str_slice(&text), &err) < 0 ||
	    cert_parse(&leaf, chain_cert(&chain, 0), &err) < 0) {
		struct check_line *l = checks_add(k, "operator", CHECK_ERROR,
		    "validity of the operator's certificate");

		l->why = t->cert_file == NULL ? "no --cert-file" :
		    arena_strdup(&c->arena, err.text);
	} else {
		clock_format(end, leaf.not_after, -1);
		struct check_line *l = checks_add_end(c, k, "operator",
		    "the operator's certificate",
		    arena_strdup(&c->arena, end), 3600);

		if (l != NULL && l->result != CHECK_SUCCESS)
			l->hint = "mesh ctl operator revoke and create make a new one";
	}
	str_fini(&text);
	chain_fini(&chain);
}

/* --- control ----------------------------------------------------------------- */

/* An older control does not say how much it has left. */
static void
check_disk(struct ctl *c, struct checks *k, const struct conf_node *health)
{
	int64_t free_bytes = conf_get_int(health, "stateFreeBytes", -1);
	struct check_line *l;

	if (free_bytes < 0)
		return;
	l = checks_add(k, "control", free_bytes < DISK_ERROR ? CHECK_ERROR :
	    free_bytes < DISK_WARN ? CHECK_WARNING : CHECK_SUCCESS,
	    "room on control's disk");
	if (l->result != CHECK_SUCCESS) {
		l->why = arena_printf(&c->arena, "%lld MiB are free: without room "
		    "no change can be stored and nobody can join",
		    (long long)(free_bytes >> 20));
		l->hint = "make room in the file system of its --data-dir";
	}
}

static bool
check_control(struct ctl *c, struct checks *k)
{
	struct conf_node *health;
	struct err err = ERR_INIT;
	struct check_line *l = checks_add(k, "control", CHECK_SUCCESS,
	    "control's answer");
	const char *version;

	if (call_api(c, "GET", "/v1/health", NULL, &health, &err) < 0) {
		l->result = CHECK_ERROR;
		l->why = arena_strdup(&c->arena, err.text);
		l->hint = "is `mesh control` running there?";
		return false;
	}
	if (strcmp(checks_text(c, health, "status"), "ok") != 0) {
		l->result = CHECK_ERROR;
		l->why = arena_printf(&c->arena, "it says: %s",
		    checks_text(c, health, conf_get(health, "reason") != NULL ?
		    "reason" : "status"));
	}
	check_disk(c, k, health);
	version = conf_get_string(health, "version");
	l = checks_add(k, "control", CHECK_SUCCESS,
	    "versions of control and ctl");
	if (version != NULL && strcmp(version, build_version()) != 0) {
		l->result = CHECK_WARNING;
		l->why = arena_printf(&c->arena, "control %s, ctl %s", version,
		    build_version());
	}
	return true;
}

static void
check_audit(struct ctl *c, struct checks *k)
{
	struct conf_node *answer;
	struct err err = ERR_INIT;

	if (call_api(c, "GET", "/v1/audit/verify", NULL, &answer, &err) < 0)
		return;
	struct check_line *l = checks_add(k, "control", CHECK_SUCCESS,
	    "the record of changes, from end to end");

	if (!conf_get_bool(answer, "ok", false)) {
		l->result = CHECK_ERROR;
		l->why = checks_text(c, answer, "message");
		l->hint = "somebody changed control's files: restore a backup";
	}
}

/* What to do about a CA that ends: control does it by itself, if it can. */
struct ca_hints {
	const char *root, *intermediate;
};

static const struct ca_hints *
hints_of(const struct conf_node *ca)
{
	static const struct ca_hints by_itself = {
		"mesh ctl ca prepare --level root, then mesh ctl ca activate; "
		"control's log says why it has not",
		"mesh ctl ca prepare, then mesh ctl ca activate; control's log "
		"says why it has not",
	}, by_others = {
		"its key is elsewhere: mesh ctl ca prepare --csr > FILE, have "
		"that signed under the next root, then mesh ctl ca prepare "
		"--chain SIGNED and mesh ctl ca activate",
		"the root's key is elsewhere: mesh ctl ca prepare --csr > FILE, "
		"have that signed there, then mesh ctl ca prepare --chain SIGNED "
		"and mesh ctl ca activate",
	}, by_activation = {
		"mesh ctl ca activate: another one is prepared",
		"mesh ctl ca activate: another one is prepared",
	};
	const char *key = conf_get_string(ca, "rootKey");

	if (conf_get(ca, "prepared") != NULL)
		return &by_activation;
	return key != NULL && strcmp(key, "elsewhere") == 0 ? &by_others :
	    &by_itself;
}

static void
check_ca(struct ctl *c, struct checks *k)
{
	const struct ca_hints *hints;
	struct conf_node *ca;
	struct err err = ERR_INIT;
	struct check_line *l;
	int64_t warn_s;

	if (call_api(c, "GET", "/v1/ca", NULL, &ca, &err) < 0) {
		l = checks_add(k, "identities", CHECK_ERROR,
		    "control's certificate authority");
		l->why = arena_strdup(&c->arena, err.text);
		return;
	}
	hints = hints_of(ca);
	warn_s = conf_get(ca, "prepared") != NULL ? CA_ACTIVATED_S :
	    CA_PREPARED_S;
	CONF_FOREACH(e, conf_get(ca, "roots")) {
		/* A retired one is there to end. */
		if (strcmp(checks_text(c, e->node, "state"), "retired") == 0)
			continue;
		l = checks_add_end(c, k, "identities", arena_printf(&c->arena,
		    "root %s", checks_text(c, e->node, "subject")),
		    conf_get_string(e->node, "notAfter"), warn_s);
		if (l != NULL && l->result != CHECK_SUCCESS)
			l->hint = hints->root;
	}
	l = checks_add_end(c, k, "identities", "the intermediate",
	    conf_string(conf_find(ca, "intermediate.notAfter")), warn_s);
	if (l != NULL && l->result != CHECK_SUCCESS)
		l->hint = hints->intermediate;
	l = checks_add_end(c, k, "identities", "control's own certificate",
	    conf_string(conf_find(ca, "control.notAfter")), 0);
	if (l != NULL && l->result != CHECK_SUCCESS)
		l->hint = "control's log says why it is not renewed";
}

/* --- sidecars and services ------------------------------------------------------ */

/* Of the first that it rejects: the keys that it could not fetch, if that is why. */
static struct slice
keys_missing(const struct conf_node *row)
{
	const char *fault = conf_get_string(conf_at(conf_get(row, "rejected"),
	    0), "error");

	return fault == NULL ? SLICE_NONE : model_keys_missing(fault);
}

static const char *
hint_of(struct ctl *c, const struct conf_node *row)
{
	struct slice keys = keys_missing(row);

	return keys.ptr == NULL ? "mesh ctl proxy status -o json, and the log of "
	    "that proxy" : arena_printf(&c->arena, "does %.*s answer, to that "
	    "machine? its proxy asks again by itself", SLICE_ARG(keys));
}

/* Of the first: what it rejected, and why. */
static const char *
rejected_text(struct ctl *c, const struct conf_node *row)
{
	const struct conf_node *all = conf_get(row, "rejected");

	return arena_printf(&c->arena, "%s %s: %s%s",
	    keys_missing(row).ptr != NULL ? "it cannot fetch what is pointed to "
	    "by" : "it rejects", checks_text(c, conf_at(all, 0), "key"),
	    checks_text(c, conf_at(all, 0), "error"),
	    conf_len(all) > 1 ? ", and others" : "");
}

static const char *
state_text(struct ctl *c, const char *state, const struct conf_node *row)
{
	static const struct { const char *state, *text; } known[] = {
		{ "stale", "it has not acknowledged the newest documents" },
		{ "differs", "what it runs differs from what control sent" },
		{ "connecting", "it has got no documents yet" },
	};

	if (strcmp(state, "rejected") == 0 && conf_len(conf_get(row,
	    "rejected")) > 0)
		return rejected_text(c, row);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(state, known[i].state) == 0)
			return known[i].text;
	return arena_printf(&c->arena, "its state is %s", state);
}

/* By how much certificates begin before they are signed: 60 s. */
#define CLOCK_WARN_S	30
#define CLOCK_ERROR_S	60

static void
check_clock(struct ctl *c, struct checks *k, const char *who, int64_t ahead_s)
{
	int64_t off_s = ahead_s < 0 ? -ahead_s : ahead_s;
	struct check_line *l;

	if (off_s <= CLOCK_WARN_S)
		return;
	l = checks_add(k, "sidecars", off_s > CLOCK_ERROR_S ? CHECK_ERROR :
	    CHECK_WARNING, arena_printf(&c->arena, "the clock of %s",
	    who));
	l->why = arena_printf(&c->arena, "it is %lld s %s that of control: "
	    "certificates seem to have ended, or not to have begun",
	    (long long)off_s, ahead_s < 0 ? "behind" : "ahead of");
	l->hint = "does NTP run on that machine, and on control's?";
}

static void
check_proxy(struct ctl *c, struct checks *k, const struct conf_node *row)
{
	const char *name = checks_text(c, row, "name");
	const char *state = checks_text(c, row, "state");
	const char *workload = checks_text(c, row, "workloadState");
	struct check_line *l;

	if (conf_get(row, "otherAddress") != NULL) {
		l = checks_add(k, "sidecars", CHECK_ERROR, arena_printf(&c->arena,
		    "proxies that run as %s", name));
		l->why = arena_printf(&c->arena, "another proxy runs as the same "
		    "workload %s from %s, and this one is at %s", name,
		    checks_text(c, row, "otherAddress"), checks_text(c, row, "address"));
		if (conf_get(row, "inbound") != NULL)
			l->why = arena_printf(&c->arena, "another proxy runs as "
			    "the same workload %s: one listens inbound on %s, "
			    "the other on %s", name, checks_text(c, row,
			    "otherInbound"), checks_text(c, row, "inbound"));
		l->hint = "ss -ltnp shows each by its port; a copied "
		    "--state-dir? empty it, and join with a token for a workload "
		    "of its own";
	}
	if (strcmp(workload, "Online") != 0) {
		l = checks_add(k, "sidecars", CHECK_WARNING, arena_printf(&c->arena,
		    "the state of %s", name));
		l->why = arena_printf(&c->arena, "it is %s", workload);
		l->hint = "does its application answer?";
	}
	check_clock(c, k, name, conf_get_int(row, "clockAheadSeconds", 0));
	if (strcmp(state, "synced") != 0) {
		l = checks_add(k, "sidecars", strcmp(state, "stale") == 0 ?
		    CHECK_WARNING : CHECK_ERROR, arena_printf(&c->arena,
		    "what %s runs", name));
		l->why = state_text(c, state, row);
		l->hint = hint_of(c, row);
	}
	l = checks_add_end(c, k, "sidecars", arena_printf(&c->arena,
	    "the certificate of %s", name),
	    conf_get_string(row, "certNotAfter"), 0);
	if (l != NULL && l->result == CHECK_SUCCESS)
		k->len--;	/* one line each would be too many */
	else if (l != NULL)
		l->hint = "can that proxy reach control?";
}

/* Those whose record went with what a restore lost. */
static void
check_unrecorded(struct ctl *c, struct checks *k)
{
	struct err ignored = ERR_INIT;	/* an older control does not tell */

	CONF_FOREACH(e, call_list(c, "/v1/proxies", "unrecorded", &ignored)) {
		struct check_line *l = checks_add(k, "sidecars", CHECK_ERROR,
		    arena_printf(&c->arena, "a sidecar of %s", checks_text(c,
		    e->node, "account")));

		l->why = arena_printf(&c->arena, "control has no record of its "
		    "certificate as %s: it joined after the backup that control "
		    "was restored from", checks_text(c, e->node, "identity"));
		l->hint = "mesh ctl token create, and put that into the file of "
		    "its --token-file";
	}
}

static void
check_proxies(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	size_t before = k->len;
	const struct conf_node *list = call_list(c, "/v1/proxies", "items", &err);

	if (list == NULL) {
		checks_add(k, "sidecars", CHECK_ERROR, "the list of sidecars")->why =
		    arena_strdup(&c->arena, err.text);
		return;
	}
	check_unrecorded(c, k);
	CONF_FOREACH(e, list)
		check_proxy(c, k, e->node);
	check_shut_out(c, k);
	if (k->len == before)
		checks_add(k, "sidecars", CHECK_SUCCESS, arena_printf(&c->arena,
		    conf_len(list) == 0 ? "no sidecar is connected" :
		    conf_len(list) == 1 ? "the only sidecar is well" :
		    "all %zu sidecars are well", conf_len(list)));
}

static void
check_services(struct ctl *c, struct checks *k)
{
	struct err err = ERR_INIT;
	size_t before = k->len;
	const struct conf_node *list = call_list(c, "/v1/services", "items", &err);

	if (list == NULL) {
		checks_add(k, "services", CHECK_ERROR, "the list of services")->why =
		    arena_strdup(&c->arena, err.text);
		return;
	}
	CONF_FOREACH(e, list) {
		if (conf_get_int(e->node, "ready", 1) > 0)
			continue;
		struct check_line *l = checks_add(k, "services", CHECK_WARNING,
		    arena_printf(&c->arena, "endpoints of %s/%s",
		    checks_text(c, e->node, "namespace"),
		    checks_text(c, e->node, "name")));

		l->why = "nobody can call it now";
		l->hint = arena_printf(&c->arena, "mesh ctl endpoints %s/%s says "
		    "why", checks_text(c, e->node, "namespace"),
		    checks_text(c, e->node, "name"));
	}
	if (k->len == before)
		checks_add(k, "services", CHECK_SUCCESS, arena_printf(&c->arena,
		    conf_len(list) == 0 ? "there is no service yet" :
		    conf_len(list) == 1 ? "the only service has an endpoint" :
		    "all %zu services have an endpoint", conf_len(list)));
}

void
checks_run(struct ctl *c, struct checks *k)
{
	struct target t;
	struct err err = ERR_INIT;

	if (target_of(c, &t, &err) < 0) {
		checks_add(k, "operator", CHECK_ERROR, "the settings of ctl")
		    ->why = arena_strdup(&c->arena, err.text);
		return;
	}
	if (!t.is_local && t.token_file == NULL) {
		check_key(k, &t);
		check_certificate(c, k, &t);
	}
	if (!check_control(c, k))
		return;
	check_audit(c, k);
	check_ca(c, k);
	check_certificates(c, k);
	check_federation(c, k);
	check_hosts(c, k);
	check_revoked(c, k);
	check_proxies(c, k);
	check_services(c, k);
	check_protocols(c, k);
	check_policies(c, k);
	check_providers(c, k);
	check_plain(c, k);
}
