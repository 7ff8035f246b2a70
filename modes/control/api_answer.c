#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "conf/json.h"
#include "conf/units.h"
#include "filter/http_date.h"
#include "modes/control/api.h"

/* --- what was asked ------------------------------------------------------- */

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Percent-encoded, with "+" for a space; what is malformed stays. */
static struct slice
decode(struct arena *a, struct slice from)
{
	char *to = arena_alloc(a, from.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < from.len; i++) {
		char c = from.ptr[i];

		if (c == '+')
			c = ' ';
		if (c == '%' && i + 2 < from.len &&
		    hex_digit(from.ptr[i + 1]) >= 0 &&
		    hex_digit(from.ptr[i + 2]) >= 0) {
			c = (char)(hex_digit(from.ptr[i + 1]) << 4 |
			    hex_digit(from.ptr[i + 2]));
			i += 2;
		}
		to[n++] = c;
	}
	to[n] = '\0';
	return slice_of(to, n);
}

struct slice
api_query(struct api_call *call, const char *name)
{
	struct slice rest = call->query, pair, key;

	while (slice_cut(&rest, '&', &pair))
		if (slice_cut(&pair, '=', &key) && slice_is(key, name))
			return decode(&call->arena,
			    pair.ptr == NULL ? SLICE("") : pair);
	return SLICE_NONE;
}

int
api_query_u64(struct api_call *call, const char *name, uint64_t fallback,
    uint64_t *out)
{
	struct slice text = api_query(call, name);

	*out = fallback;
	if (text.ptr == NULL || slice_u64(text, out))
		return 0;
	api_answer_fail(call, ERR_DATA, "%s: expected a number, found \"%.*s\"",
	    name, SLICE_ARG(text));
	return -1;
}

bool
api_query_bool(struct api_call *call, const char *name)
{
	struct slice text = api_query(call, name);

	return slice_is(text, "true") || slice_is(text, "1");
}

int
api_read_ttl(const struct conf_node *json, const struct api_ttl *bounds,
    int64_t *ms, struct err *err)
{
	const char *text = conf_get_string(json, "ttl");
	char least[CONF_DURATION_TEXT], most[CONF_DURATION_TEXT];

	*ms = bounds->fallback_ms;
	if (conf_get(json, "ttl") == NULL)
		return 0;
	conf_duration_text(least, bounds->min_ms);
	conf_duration_text(most, bounds->max_ms);
	if (text == NULL || !conf_duration_read(slice_str(text), ms) ||
	    *ms < bounds->min_ms || *ms > bounds->max_ms)
		return err_set(err, ERR_DATA, "ttl: expected a duration from %s "
		    "to %s, such as 10m", least, most);
	return 0;
}

/* --- what is answered ------------------------------------------------------- */

/* So that people's bundles follow ours, as those of proxies do. */
static void
add_bundle(struct api_call *call, struct http_head *head)
{
	const struct ca *ca = call->server->ca;

	if (ca != NULL)
		http_fields_add(&head->fields, SLICE("mesh-trust-bundle"),
		    arena_dup(l7_arena(call->ctx),
		    slice_str(ca->bundle_digest)));
}

static void
answer(struct api_call *call, int status, const char *content_type,
    struct slice body, const char *details)
{
	struct http_head *head;
	struct buf b = { 0 };

	if (call->ctx == NULL || call->is_answered || call->stream != NULL)
		return;
	call->is_answered = true;
	head = arena_alloc(l7_arena(call->ctx), sizeof(*head));
	http_head_init(head, l7_arena(call->ctx));
	head->status = status;
	api_add_date(call, head);
	http_fields_add_id(&head->fields, FIELD_CONTENT_TYPE,
	    slice_str(content_type));
	http_fields_add(&head->fields, SLICE("cache-control"),
	    SLICE("no-store"));
	add_bundle(call, head);
	if (status == 401)
		http_fields_add(&head->fields, SLICE("www-authenticate"),
		    SLICE("Bearer"));
	if (status == 405)
		http_fields_add(&head->fields, SLICE("allow"),
		    arena_dup(l7_arena(call->ctx), call->allow));
	/* So that those who were refused together do not return together. */
	if (status == 503 || status == 429)
		http_fields_add(&head->fields, SLICE("retry-after"),
		    slice_str(arena_printf(l7_arena(call->ctx), "%u",
		    (status == 429 ? call->retry_s : 1) +
		    (unsigned)random_below(3))));
	buf_add_slice(&b, body);
	l7_reply_with(call->ctx, head, &b, FLAG_NONE, details);
	buf_fini(&b);
}

/* By which proxies see whether their clock is right. */
void
api_add_date(struct api_call *call, struct http_head *head)
{
	http_fields_add_id(&head->fields, FIELD_DATE, http_date_text(
	    l7_arena(call->ctx), clock_wall_s()));
}

void
api_answer(struct api_call *call, int status, const char *content_type,
    struct slice body)
{
	answer(call, status, content_type, body, "");
}

void
api_answer_json(struct api_call *call, int status, struct slice json)
{
	answer(call, status, "application/json", json, "");
}

void
api_answer_node(struct api_call *call, int status, const struct conf_node *n)
{
	struct str s = { 0 };

	conf_json_write(&s, n);
	str_add_char(&s, '\n');
	api_answer_json(call, status, str_slice(&s));
	str_fini(&s);
}

void
api_answer_err(struct api_call *call, const struct err *err)
{
	const char *kind = err_kind_name(err->kind);
	struct str s = { 0 };

	str_addf(&s, "{\"error\":{\"kind\":\"%s\",\"message\":", kind);
	str_add_json(&s, slice_str(err->text));
	str_add(&s, "}}\n");
	answer(call, err_http_status(err), "application/json", str_slice(&s),
	    kind);
	str_fini(&s);
}

void
api_answer_fail(struct api_call *call, enum err_kind kind, const char *fmt, ...)
{
	struct err err = { .kind = kind };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	api_answer_err(call, &err);
}

void
api_answer_deleted(struct api_call *call, const struct err *err)
{
	if (err->kind == ERR_NONE)
		api_answer_json(call, 200, SLICE("{\"result\":\"deleted\"}\n"));
	else if (err->kind == ERR_CONFLICT)
		api_answer_fail(call, ERR_NOT_FOUND, "%.*s: not found",
		    SLICE_ARG(call->params[0]));
	else
		api_answer_err(call, err);
}
