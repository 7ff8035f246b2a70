#include "http/field_rules.h"
#include "http/h1_notes.h"

/* More options than this in one head serve nobody but an attacker. */
#define OPTIONS_MAX	32

static void
note(struct h1_note *n, struct slice value)
{
	n->value = value;
	n->count++;
}

static void
sort(struct h1_notes *n, const struct h1_pair *pair, struct http_fields *list)
{
	switch (pair->id) {
	case FIELD_HOST:
		note(&n->host, pair->value);
		break;
	case FIELD_CONTENT_LENGTH:
		note(&n->content_length, pair->value);
		break;
	case FIELD_TRANSFER_ENCODING:
		note(&n->transfer_encoding, pair->value);
		break;
	case FIELD_EXPECT:
		note(&n->expect, pair->value);
		break;
	case FIELD_UPGRADE:
		note(&n->upgrade, pair->value);
		break;
	case FIELD_CONNECTION:
		n->has_connection = true;
		break;
	case FIELD_HTTP2_SETTINGS:
	case FIELD_KEEP_ALIVE:
	case FIELD_PROXY_CONNECTION:
	case FIELD_TE:
		break;
	case FIELD_OTHER:
		http_fields_add(list, pair->name, pair->value);
		break;
	default:
		http_fields_add_id(list, pair->id, pair->value);
		break;
	}
}

static void
remove_named(struct http_fields *list, struct slice option)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->len; i++) {
		const struct http_field *f = &list->v[i];

		if (!slice_ieq(f->name, option) ||
		    field_is_protected(f->id, f->name))
			list->v[kept++] = *f;
	}
	list->len = kept;
}

static void
take_option(struct h1_notes *n, struct slice option, struct http_fields *list)
{
	if (slice_ieq(option, SLICE("close")))
		n->close = true;
	else if (slice_ieq(option, SLICE("keep-alive")))
		n->keep_alive = true;
	else if (slice_ieq(option, SLICE("upgrade")))
		n->upgrades = true;
	else
		remove_named(list, option);
}

static bool
take_connection(struct h1_notes *n, const struct h1_tokens *t,
    struct http_fields *list)
{
	size_t options = 0;

	for (size_t i = 0; i < t->len; i++) {
		if (t->fields[i].id != FIELD_CONNECTION)
			continue;
		struct slice rest = t->fields[i].value, option;

		while (slice_cut(&rest, ',', &option)) {
			if (++options > OPTIONS_MAX)
				return false;
			option = slice_trim(option);
			if (option.len > 0)
				take_option(n, option, list);
		}
	}
	return true;
}

static bool
bad(struct h1_fault *f, const char *why)
{
	*f = (struct h1_fault){ 400, why };
	return false;
}

bool
h1_notes_take(struct h1_notes *n, const struct h1_tokens *t,
    bool is_request, struct http_fields *list, struct h1_fault *fault)
{
	*n = (struct h1_notes){ 0 };
	for (size_t i = 0; i < t->len; i++) {
		const struct h1_pair *pair = &t->fields[i];

		if (field_is_lookalike(pair->name))
			return bad(fault, "field that looks like the framing");
		if (pair->has_underscore && is_request)
			n->dropped++;
		else
			sort(n, pair, list);
	}
	if (n->has_connection && !take_connection(n, t, list))
		return bad(fault, "too many connection options");
	return true;
}
