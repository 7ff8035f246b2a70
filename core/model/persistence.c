#include "model/persistence.h"

static const char *const types[] = { "Cookie", "Header", NULL };
static const char *const lives[] = { "Session", "Permanent", NULL };

static const struct conf_field cookie_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_session_cookie, name),
	    .pattern = CONF_HEADER_NAME, .text = "its name; default: one is made up" },
	{ "path", CONF_STRING_T, CONF_AT(struct model_session_cookie, path),
	    .pattern = CONF_URL_PATH, .fallback = "/",
	    .text = "for which paths clients send it" },
	{ "lifetimeType", CONF_ENUM_T, CONF_AT(struct model_session_cookie, life),
	    .words = lives, .fallback = "Session",
	    .text = "Permanent: it outlives the client's session" },
	{ 0 },
};

static const struct conf_schema cookie_schema = { "cookie",
	sizeof(struct model_session_cookie), cookie_fields, NULL };

static const struct conf_field header_fields[] = {
	{ "name", CONF_STRING_T, CONF_AT(struct model_session_header, name),
	    .pattern = CONF_HEADER_NAME, .text = "its name; default: one is made up" },
	{ 0 },
};

static const struct conf_schema header_schema = { "header",
	sizeof(struct model_session_header), header_fields, NULL };

static const struct conf_field fields[] = {
	{ "type", CONF_ENUM_T, CONF_AT(struct model_persistence, type),
	    .words = types, .fallback = "Cookie", .chooses = true,
	    .text = "what carries the session" },
	{ "sessionName", CONF_STRING_T, CONF_AT(struct model_persistence, name),
	    .pattern = CONF_HEADER_NAME,
	    .text = "name of the cookie or header, as older documents give it" },
	{ "absoluteTimeout", CONF_DURATION_T,
	    CONF_AT(struct model_persistence, absolute_ms), .absent = -1,
	    .text = "a session ends after this; default: never" },
	{ "idleTimeout", CONF_DURATION_T,
	    CONF_AT(struct model_persistence, idle_ms), .absent = -1,
	    .text = "a session ends when idle this long; default: never" },
	{ "cookie", CONF_STRUCT_T, CONF_AT(struct model_persistence, cookie),
	    .schema = &cookie_schema, .arm = "Cookie", .arm_optional = true,
	    .text = "of type Cookie: the cookie" },
	{ "header", CONF_STRUCT_T, CONF_AT(struct model_persistence, header),
	    .schema = &header_schema, .arm = "Header", .arm_optional = true,
	    .text = "of type Header: the header" },
	{ 0 },
};

const struct conf_schema model_persistence_schema = { "session persistence",
	sizeof(struct model_persistence), fields, NULL };

int
model_persistence_rule(const void *value, const struct conf_place *at)
{
	const struct model_persistence *p = value;

	if (p->type == MODEL_SESSION_COOKIE && p->absolute_ms < 0 &&
	    p->cookie.life == MODEL_COOKIE_PERMANENT)
		return conf_fail(at, ": the required field \"absoluteTimeout\" is "
		    "missing, which a Permanent cookie needs");
	return 0;
}
