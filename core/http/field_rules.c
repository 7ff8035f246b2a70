#include "http/field_rules.h"

static const bool is_protected_id[FIELD_IDS] = {
	[FIELD_AUTHORIZATION] = true,
	[FIELD_CONTENT_ENCODING] = true,
	[FIELD_CONTENT_TYPE] = true,
	[FIELD_COOKIE] = true,
	[FIELD_DATE] = true,
	[FIELD_EXPECT] = true,
	[FIELD_HOST] = true,
	[FIELD_LOCATION] = true,
	[FIELD_SET_COOKIE] = true,
	[FIELD_TRACEPARENT] = true,
	[FIELD_VIA] = true,
	[FIELD_X_REQUEST_ID] = true,
};

static const struct slice protected_prefixes[] = {
	{ "x-forwarded-", 12 },
	{ "x-mesh-", 7 },
};
#define PREFIXES	(sizeof(protected_prefixes) / sizeof(protected_prefixes[0]))

bool
field_is_protected(enum http_field_id id, struct slice name)
{
	if (is_protected_id[id])
		return true;
	for (size_t i = 0; i < PREFIXES; i++)
		if (slice_has_prefix(name, protected_prefixes[i]))
			return true;
	return false;
}

/*
 * http-parser takes "transfer-encodingx" for half a Transfer-Encoding, and it
 * is not alone behind us: a name that begins so is no other name.
 */
bool
field_is_lookalike(struct slice name)
{
	static const struct slice te = { "transfer-encoding", 17 };

	return name.len > te.len && slice_has_prefix(name, te);
}

static const struct slice forbidden[] = {
	{ "age", 3 }, { "allow", 5 }, { "cache-control", 13 },
	{ "content-range", 13 }, { "expires", 7 }, { "forwarded", 9 },
	{ "if-match", 8 }, { "if-modified-since", 17 },
	{ "if-none-match", 13 }, { "if-range", 8 },
	{ "if-unmodified-since", 19 }, { "max-forwards", 12 },
	{ "pragma", 6 }, { "proxy-authenticate", 18 },
	{ "proxy-authorization", 19 }, { "range", 5 }, { "retry-after", 11 },
	{ "vary", 4 }, { "warning", 7 }, { "www-authenticate", 16 },
};

bool
field_may_be_trailer(struct slice name)
{
	enum http_field_id id = http_field_id(name);

	if (id >= FIELD_CONNECTION || id == FIELD_TRAILER ||
	    field_is_protected(id, name))
		return false;
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		if (slice_eq(name, forbidden[i]))
			return false;
	return true;
}
