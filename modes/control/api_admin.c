#include <sys/statvfs.h>

#include "base/build.h"
#include "base/clock.h"
#include "base/log.h"
#include "modes/control/api_rows.h"
#include "modes/control/ca_ended.h"
#include "stat/text.h"

/* api_admin: how control is doing, for people, probes and scrapers. */

/* In a word; why it is no other goes to *why where that is worth a sentence. */
static const char *
state_of(const struct server *s, struct str *why)
{
	int64_t now = clock_wall_s();

	if (s->is_ending || !s->is_ready)
		return s->is_ending ? "ending" : "starting";
	if (ca_ended(s->ca, now) == CA_ENDED_NOT)
		return "ok";
	ca_ended_add(why, s->ca, now);
	return "ca-ended";
}

void
api_health(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena);
	struct statvfs fs;

	struct str why = { 0 };
	const char *status = state_of(call->server, &why);

	conf_set_string(map, "status", status);
	if (why.len > 0)
		conf_set_slice(map, "reason", str_slice(&why));
	str_fini(&why);
	conf_set_int(map, "revision",
	    (int64_t)registry_revision(call->server->registry));
	conf_set_string(map, "version", build_version());
	if (statvfs(call->server->spec->data_dir, &fs) == 0)
		conf_set_int(map, "stateFreeBytes",
		    (int64_t)fs.f_bavail * (int64_t)fs.f_frsize);
	api_answer_node(call, 200, map);
}

void
api_livez(struct api_call *call)
{
	api_answer(call, 200, "text/plain", SLICE("ok\n"));
}

void
api_readyz(struct api_call *call)
{
	struct str text = { 0 };
	const char *status = state_of(call->server, &text);

	if (text.len == 0)
		str_add(&text, status);
	str_add_char(&text, '\n');
	api_answer(call, slice_is(SLICE("ok"), status) ? 200 : 503, "text/plain",
	    str_slice(&text));
	str_fini(&text);
}

void
api_metrics(struct api_call *call)
{
	struct slice accept = http_fields_get(&l7_request(call->ctx)->fields,
	    FIELD_ACCEPT);
	enum stat_format format = STAT_PROMETHEUS;
	struct slice rest = accept, part;
	struct str out = { 0 };

	while (slice_cut(&rest, ',', &part))
		if (slice_has_prefix(slice_trim(part),
		    SLICE("application/openmetrics-text")))
			format = STAT_OPENMETRICS;
	server_sample(call->server);
	stat_render(call->server->stats, format, &out);
	api_answer(call, 200, stat_content_type(format), str_slice(&out));
	str_fini(&out);
}

/* The settings in use, none of which is a secret. */
void
api_config(struct api_call *call)
{
	api_answer_node(call, 200, call->server->settings->object->node);
}

static const char *const scopes[] = {
	"api", "ca", "control", "registry", "sessions", "store", "tls",
};

void
api_logging_get(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena);

	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		int level = LOG_DEBUG;

		while (level > LOG_ERROR &&
		    !log_enabled(scopes[i], (enum log_level)level))
			level--;
		conf_set_string(map, scopes[i],
		    log_level_name((enum log_level)level));
	}
	api_answer_node(call, 200, map);
}

void
api_logging_put(struct api_call *call)
{
	struct slice level = api_query(call, "level");

	/* Beforehand: the new level may leave warnings out. */
	if (level.len > 0)
		log_warn("control", "%.*s sets the log level: %s",
		    SLICE_ARG(call->who.from), level.ptr);
	if (level.len == 0 || log_set_levels(level.ptr) < 0) {
		api_answer_fail(call, ERR_DATA, "level: expected error, warn, "
		    "info or debug, also by part: info,store=debug");
		return;
	}
	api_logging_get(call);
}
