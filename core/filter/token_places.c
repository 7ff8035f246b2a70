#include "base/str.h"
#include "conf/json.h"
#include "filter/token_places.h"
#include "http/cookies.h"
#include "http/twin.h"
#include "pki/base64.h"
#include "route/query.h"

/* --- looking ------------------------------------------------------------------- */

struct finding {
	const struct authn_place *place;
	struct arena             *arena;
	struct authn_found       *out;
	size_t                    len;
	bool                      is_full;
};

static void
add(struct finding *f, struct slice text)
{
	if (text.len == 0)
		return;
	if (f->len == AUTHN_TOKENS_MAX)
		f->is_full = true;
	else
		f->out[f->len++] = (struct authn_found){ text,
		    f->place->rules };
}

/* Whether a field's value is one of the place's; *token: what it is. */
static bool
is_token_field(const struct authn_place *p, const struct http_field *field,
    struct slice *token)
{
	struct slice head = field->value;

	if (!slice_eq(field->name, p->name) || head.len < p->prefix.len)
		return false;
	head.len = p->prefix.len;
	if (!(p->any_case ? slice_ieq : slice_eq)(head, p->prefix))
		return false;
	*token = slice_trim(slice_from(field->value, p->prefix.len));
	return true;
}

static void
find_in_fields(struct finding *f, const struct http_fields *fields)
{
	struct slice token;

	for (size_t i = 0; i < fields->len; i++)
		if (is_token_field(f->place, &fields->v[i], &token))
			add(f, token);
}

static void
find_in_query(struct finding *f, struct slice query)
{
	struct slice raw;

	while (query_next(&query, f->place->name, &raw)) {
		if (!query_is_plain(raw)) {
			char *room = arena_alloc(f->arena, raw.len);
			size_t len;

			query_decode(raw, room, raw.len, &len);
			raw = slice_of(room, len);
		}
		add(f, raw);
	}
}

static bool
is_cookie(struct slice part, struct slice name, struct slice *value)
{
	part = slice_trim(part);
	if (!slice_has_prefix(part, name) || part.len == name.len ||
	    part.ptr[name.len] != '=')
		return false;
	*value = slice_from(part, name.len + 1);
	if (value->len >= 2 && value->ptr[0] == '"' &&
	    value->ptr[value->len - 1] == '"')
		*value = slice_of(value->ptr + 1, value->len - 2);
	return true;
}

static void
find_in_cookies(struct finding *f, const struct http_fields *fields)
{
	for (size_t i = 0; i < fields->len; i++) {
		struct slice rest = fields->v[i].value, part, value;

		if (fields->v[i].id != FIELD_COOKIE)
			continue;
		while (slice_cut(&rest, ';', &part))
			if (is_cookie(part, f->place->name, &value))
				add(f, value);
	}
}

bool
token_places_find(const struct authn *z, const struct http_head *head,
    struct arena *a, struct authn_found out[AUTHN_TOKENS_MAX], size_t *n)
{
	struct finding f = { .arena = a, .out = out };

	for (size_t i = 0; i < z->places_len; i++) {
		f.place = &z->places[i];
		if (f.place->where == AUTHN_HEADER)
			find_in_fields(&f, &head->fields);
		else if (f.place->where == AUTHN_PARAM)
			find_in_query(&f, head->query);
		else
			find_in_cookies(&f, &head->fields);
	}
	*n = f.len;
	return !f.is_full;
}

/* --- taking out ---------------------------------------------------------------- */

static void
strip_fields(const struct authn_place *p, struct http_fields *fields)
{
	struct slice token;
	size_t to = 0;

	for (size_t i = 0; i < fields->len; i++)
		if (!is_token_field(p, &fields->v[i], &token))
			fields->v[to++] = fields->v[i];
	fields->len = to;
}

static bool
is_of_place(const void *arg, struct slice pair)
{
	const struct authn_place *p = arg;
	struct slice ignored;

	return is_cookie(pair, p->name, &ignored);
}

static bool
goes_on(const struct authn *z, const struct authn_proof *proof,
    const struct authn_place *p)
{
	return (p->rules & proof->takers) != 0 &&
	    (z->rules[proof->rule].forwards ||
	    (p->rules & UINT64_C(1) << proof->rule) == 0);
}

void
token_places_strip(const struct authn *z, const struct authn_proof *proof,
    struct http_head *head, struct arena *a)
{
	for (size_t i = 0; i < z->places_len; i++) {
		const struct authn_place *p = &z->places[i];
		struct slice raw;

		if (goes_on(z, proof, p))
			continue;
		if (p->where == AUTHN_HEADER)
			strip_fields(p, &head->fields);
		else if (p->where == AUTHN_COOKIE)
			cookies_drop(&head->fields, is_of_place, p, a);
		else if (query_find(head->query, p->name, &raw))
			head->query = query_without(a, head->query,
			    p->name);
	}
}

struct slice
token_places_hide(const struct authn *z, struct slice query, struct arena *a)
{
	for (size_t i = 0; i < z->places_len; i++) {
		const struct authn_place *p = &z->places[i];
		struct slice raw;

		if (p->where == AUTHN_PARAM &&
		    query_find(query, p->name, &raw))
			query = query_without(a, query, p->name);
	}
	return query;
}

/* --- claims for the application ------------------------------------------------ */

void
token_outputs_drop(const struct authn_rule *r, struct http_fields *fields)
{
	for (size_t i = 0; i < r->outputs_len; i++) {
		http_fields_remove(fields, r->outputs[i].name);
		twin_remove(fields, r->outputs[i].name);
	}
}

void
token_outputs_clear(const struct authn *z, struct http_fields *fields)
{
	for (size_t i = 0; i < z->rules_len; i++)
		token_outputs_drop(&z->rules[i], fields);
}

static struct slice
encoded(const struct conf_node *n, struct arena *a)
{
	struct str json = { 0 }, text = { 0 };

	conf_json_write(&json, n);
	base64_add(&text, BASE64_URL, str_slice(&json));
	struct slice s = arena_dup(a, str_slice(&text));

	str_fini(&json);
	str_fini(&text);
	return s;
}

static struct slice
value_of(const struct conf_node *n, struct arena *a)
{
	if (n == NULL || n->kind == CONF_NULL)
		return SLICE_NONE;
	if (n->kind == CONF_LIST || n->kind == CONF_MAP)
		return encoded(n, a);
	return arena_dup(a, slice_trim(n->text));
}

void
token_outputs_fill(const struct authn_rule *r, struct slice payload,
    const struct conf_node *claims, struct http_head *head, struct arena *a)
{
	for (size_t i = 0; i < r->outputs_len; i++) {
		const struct authn_output *o = &r->outputs[i];
		struct slice value = o->claim == NULL ? arena_dup(a, payload) :
		    value_of(conf_find(claims, o->claim), a);

		if (value.len > 0 && http_is_field_value(value))
			http_fields_set(&head->fields, o->name, value);
	}
}

void
token_outputs_put(const struct authn *z, const struct authn_proof *p,
    struct http_head *head, struct arena *a)
{
	token_outputs_fill(&z->rules[p->rule], p->payload, p->claims, head, a);
}
