#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "conf/json.h"
#include "modes/ctl/call.h"
#include "modes/ctl/client.h"
#include "modes/ctl/items.h"
#include "modes/ctl/roots.h"

static void
add_escaped(struct str *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (isalnum(c) || strchr("-._~", c) != NULL)
			str_add_char(out, *text);
		else
			str_addf(out, "%%%02X", c);
	}
}

/* Moves the text into the arena. */
static const char *
keep(struct ctl *c, struct str *text)
{
	const char *kept = arena_strdup(&c->arena, str_ptr(text));

	str_fini(text);
	return kept;
}

const char *
call_path(struct ctl *c, const char *first, ...)
{
	struct str path = { 0 };
	const char *part;
	va_list ap;

	str_add(&path, first);
	va_start(ap, first);
	while ((part = va_arg(ap, const char *)) != NULL) {
		str_add_char(&path, '/');
		add_escaped(&path, part);
	}
	va_end(ap);
	return keep(c, &path);
}

const char *
call_query(struct ctl *c, const char *path, const char *name, const char *value)
{
	struct str out = { 0 };

	if (value == NULL)
		return path;
	str_addf(&out, "%s%c%s=", path, strchr(path, '?') == NULL ? '?' : '&',
	    name);
	add_escaped(&out, value);
	return keep(c, &out);
}

int
call_raw(struct ctl *c, const char *method, const char *path, struct slice body,
    size_t max, struct client_answer *answer, struct err *err)
{
	struct client_request r = { .method = method, .path = path, .body = body,
		.max = max, .timeout_ms = c->timeout_ms };
	struct target t;
	uint64_t began = clock_mono_ms();

	if (target_of(c, &t, err) < 0)
		return -1;
	ctl_tell(c, "%s %s of %s", method, path, t.address);
	int result = client_ask(&t, &r, answer, err);

	uint64_t took_ms = clock_mono_ms() - began;

	if (result < 0) {
		roots_explain(c, &t, took_ms < c->timeout_ms ?
		    c->timeout_ms - took_ms : 1, err);
		return -1;
	}
	ctl_tell(c, "%d, %zu bytes, %llu ms", answer->status,
	    answer->body.len, (unsigned long long)took_ms);
	roots_follow(c, &t, answer);
	return 0;
}

static enum err_kind
kind_named(const char *name)
{
	for (int k = ERR_USAGE; name != NULL && k <= ERR_EXISTS; k++)
		if (strcmp(err_kind_name((enum err_kind)k), name) == 0)
			return (enum err_kind)k;
	return ERR_NONE;
}

static enum err_kind
kind_of_status(int status)
{
	for (int k = ERR_DATA; k <= ERR_EXISTS; k++)
		if (err_http_status(&(struct err){ .kind = (enum err_kind)k }) ==
		    status)
			return (enum err_kind)k;
	return status == 401 ? ERR_DENIED : status == 405 || status == 501 ?
	    ERR_USAGE : status < 500 ? ERR_DATA : ERR_INTERNAL;
}

int
call_refused(const struct client_answer *answer, struct err *err)
{
	struct arena arena = { 0 };
	struct err unread;
	const struct conf_node *error = conf_get(conf_json_read(&arena,
	    str_slice(&answer->body), "answer", &unread), "error");
	const char *message = conf_get_string(error, "message");
	enum err_kind kind = kind_named(conf_get_string(error, "kind"));

	if (kind == ERR_NONE)
		kind = kind_of_status(answer->status);
	if (message != NULL)
		err_set(err, kind, "%s", message);
	else if (kind == ERR_USAGE)
		err_set(err, kind, "control does not know this method (%d)",
		    answer->status);
	else
		err_set(err, kind, "control answers %d", answer->status);
	arena_fini(&arena);
	return -1;
}

static int
read_answer(struct ctl *c, const struct client_answer *raw,
    struct conf_node **answer, struct err *err)
{
	struct slice text = slice_trim(str_slice(&raw->body));

	if (raw->status >= 400)
		return call_refused(raw, err);
	if (answer == NULL)
		return 0;
	*answer = text.len == 0 ? conf_map_new(&c->arena) :
	    conf_json_read(&c->arena, arena_dup(&c->arena, text),
	    "control's answer", err);
	if (*answer == NULL)
		err->kind = ERR_SYSTEM;
	return *answer == NULL ? -1 : 0;
}

int
call_api(struct ctl *c, const char *method, const char *path,
    const struct conf_node *body, struct conf_node **answer, struct err *err)
{
	struct client_answer raw;
	struct str text = { 0 };

	if (body != NULL)
		conf_json_write(&text, body);
	int result = call_raw(c, method, path, body == NULL ? SLICE_NONE :
	    str_slice(&text), CLIENT_JSON_MAX, &raw, err);

	str_fini(&text);
	if (result < 0)
		return -1;
	result = read_answer(c, &raw, answer, err);
	client_answer_fini(&raw);
	return result;
}

static int
read_list(struct ctl *c, struct slice text, const char *key,
    struct conf_node *list, struct err *err)
{
	struct slice rest, item;
	int more;

	if (!items_find(text, key, &rest))
		return err_set(err, ERR_SYSTEM, "control's answer holds no %s", key);
	while ((more = items_next(&rest, &item)) > 0) {
		struct conf_node *node = conf_json_read(&c->arena, item,
		    "control's answer", err);

		if (node == NULL) {
			err->kind = ERR_SYSTEM;
			return -1;
		}
		conf_add(list, node);
	}
	return more == 0 ? 0 : err_set(err, ERR_SYSTEM,
	    "control's answer is cut short");
}

struct conf_node *
call_list(struct ctl *c, const char *path, const char *key, struct err *err)
{
	struct conf_node *list = conf_list_new(&c->arena);
	struct client_answer raw;

	if (call_raw(c, "GET", path, SLICE_NONE, CLIENT_RAW_MAX, &raw, err) < 0)
		return NULL;
	int result = raw.status >= 400 ? call_refused(&raw, err) :
	    read_list(c, str_slice(&raw.body), key, list, err);

	client_answer_fini(&raw);
	return result < 0 ? NULL : list;
}
