#include <errno.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "loop/loop_fd.h"
#include "model/warn.h"
#include "modes/proxy/issuers.h"
#include "modes/proxy/names.h"
#include "modes/proxy/proxy_run.h"
#include "tls/system_roots.h"

#define SETTLE_MS	50	/* an editor's several writes are one change */
#define AWAY_MS		1000	/* between two looks for what is not there */

struct standalone {
	struct proxy_run *proxy;
	struct model_set  docs;		/* in force */
	int               inotify;	/* -1: only SIGHUP reloads */
	bool              is_away;	/* nothing is under that name now */
	struct loop_fd    watch;
	struct loop_timer settle;
	uint64_t          reloads;
	struct resolve_files files;
	struct names        *names;
	struct system_roots *system;
};

static void
on_warning(void *arg, const struct model_object *o, const char *text)
{
	(void)arg;
	(void)o;
	log_warn("config", "%s", text);
}

/* What does not read, and what reads and is most likely a mistake. */
static void
report_faults(const struct model_set *docs)
{
	for (size_t i = 0; i < docs->faults_len; i++)
		log_error("config", "%s", docs->faults[i].err.text);
	model_warn(docs, 0, on_warning, NULL);
}

/* Whether "PATH: ..." speaks of a file or of a directory above it. */
static bool
is_about(const char *fault, const char *file)
{
	size_t n = 0;

	while (file[n] != '\0' && fault[n] == file[n])
		n++;
	return fault[n] == ':' && (file[n] == '\0' || file[n] == '/');
}

/* Whether this load cannot tell that a document is gone on purpose. */
static bool
is_in_doubt(const struct model_set *docs, const struct model_object *o)
{
	const char *file = o->node->file;

	if (docs->faults_len >= MODEL_FAULTS_MAX)
		return true;	/* it was not read to its end */
	for (size_t i = 0; file != NULL && i < docs->faults_len; i++)
		if (is_about(docs->faults[i].err.text, file))
			return true;
	return false;
}

/* What a faulty file no longer says keeps its last good form. */
static void
keep_last_good(const struct model_set *before, struct model_set *now)
{
	for (size_t i = 0; i < before->len; i++) {
		struct model_object *o = before->objects[i];
		struct err ignored = ERR_INIT;

		if (o->kind == &model_proxy_kind ||
		    model_set_find(now, o->key) != NULL ||
		    !is_in_doubt(now, o))
			continue;
		log_warn("config", "%s: its last good form stays in force",
		    o->key);
		model_set_add(now, o, &ignored);
	}
}

static void
use(struct standalone *s)
{
	const struct compile_input more = {
		.trust_domain = "mesh.internal", .revision = ++s->reloads,
		.names = s->names, .system = s->system,
	};

	proxy_use_documents(s->proxy, s->docs.objects, s->docs.len, &more);
}

/* A host outside has other addresses, or an issuer other keys. */
static void
on_names(void *arg)
{
	use(arg);
}

static void
on_keys_settled(void *arg, struct slice source)
{
	struct standalone *s = arg;

	data_plane_settle_keys(s->proxy->plane, source);
}

static void
start_names(struct standalone *s)
{
	const struct model_proxy_spec *spec = s->proxy->settings.spec;

	s->files = (struct resolve_files){ spec->hosts_file,
		spec->resolv_conf };
	s->names = names_new(s->proxy->loop, &s->files, on_names, s);
	s->system = system_roots_new(spec->ca_file);
	issuers_start(s->proxy->issuers, &(struct issuers_owner){
	    .loop = s->proxy->loop, .roots = s->system, .files = &s->files,
	    .changed = on_names, .settled = on_keys_settled, .arg = s });
}

/*
 * Again after each change: what is there under this name may be another file
 * or directory by now.  While there is none we look for it.
 */
static void
watch_path(struct standalone *s)
{
	s->is_away = s->inotify >= 0 && inotify_add_watch(s->inotify,
	    s->proxy->settings.config, IN_CLOSE_WRITE | IN_MOVED_TO |
	    IN_MOVED_FROM | IN_DELETE | IN_MOVE_SELF | IN_ATTRIB) < 0;
	if (s->is_away)
		loop_timer_start(&s->settle, AWAY_MS);
}

static bool
is_same_document(const struct model_object *a, const struct model_object *b)
{
	return strcmp(a->key, b->key) == 0 &&
	    a->node->line == b->node->line && conf_equal(a->node, b->node);
}

/* The same documents at the same places, and the same wrong with them. */
static bool
is_same(const struct model_set *a, const struct model_set *b)
{
	if (a->len != b->len || a->faults_len != b->faults_len)
		return false;
	for (size_t i = 0; i < a->faults_len; i++)
		if (strcmp(a->faults[i].err.text, b->faults[i].err.text) != 0)
			return false;
	for (size_t i = 0; i < a->len; i++)
		if (!is_same_document(a->objects[i], b->objects[i]))
			return false;
	return true;
}

/*
 * An edit and the SIGHUP behind it are one change: read a second time, nothing
 * is new.  Who asked is told even so.
 */
static void
reload(struct standalone *s, bool is_asked)
{
	struct model_set now;
	const char *path = s->proxy->settings.config;

	loop_timer_stop(&s->settle);
	watch_path(s);
	model_set_init(&now, MODEL_STRICT, "default");
	model_set_read(&now, path, false);
	keep_last_good(&s->docs, &now);
	bool is_news = !is_same(&s->docs, &now);

	model_set_fini(&s->docs);
	s->docs = now;
	if (!is_news && !is_asked)
		return;
	report_faults(&s->docs);
	if (is_news)
		use(s);
	log_info("config", "read %s: %s%zu documents in force, %zu faults",
	    path, is_news ? "" : "nothing new, ", s->docs.len,
	    s->docs.faults_len);
}

void
standalone_reload(struct standalone *s)
{
	if (s->proxy->settings.config != NULL)
		reload(s, true);
}

static void
on_settled(void *arg)
{
	struct standalone *s = arg;

	if (s->is_away && access(s->proxy->settings.config, R_OK) < 0)
		loop_timer_start(&s->settle, AWAY_MS);
	else
		reload(s, false);
}

static void
on_change(void *arg, unsigned ready)
{
	struct standalone *s = arg;
	char events[4096];

	(void)ready;
	while (read(s->inotify, events, sizeof(events)) > 0)
		continue;
	loop_timer_start(&s->settle, SETTLE_MS);
}

static void
watch_files(struct standalone *s)
{
	s->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (s->inotify < 0) {
		log_warn("config", "changes of %s are not seen (%s); SIGHUP "
		    "reads it again", s->proxy->settings.config,
		    strerror(errno));
		return;
	}
	watch_path(s);
	loop_fd_start_level(&s->watch, s->proxy->loop, s->inotify, on_change, s);
}

struct standalone *
standalone_start(struct proxy_run *p, struct model_set *docs)
{
	struct standalone *s = mem_zalloc(sizeof(*s));

	s->proxy = p;
	s->docs = *docs;
	*docs = (struct model_set){ 0 };
	s->inotify = -1;
	loop_timer_init(&s->settle, p->loop, on_settled, s);
	start_names(s);
	report_faults(&s->docs);
	use(s);
	if (p->settings.config != NULL)
		watch_files(s);
	return s;
}

void
standalone_free(struct standalone *s)
{
	if (s == NULL)
		return;
	loop_fd_stop(&s->watch);
	loop_timer_stop(&s->settle);
	if (s->inotify >= 0)
		close(s->inotify);
	names_free(s->names);
	issuers_stop(s->proxy->issuers);
	system_roots_free(s->system);
	model_set_fini(&s->docs);
	mem_free(s);
}
