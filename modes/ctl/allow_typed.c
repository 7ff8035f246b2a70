#include <string.h>

#include "http/head.h"
#include "model/authorization_rules.h"
#include "model/service.h"
#include "modes/ctl/allow_typed.h"

/* --- words ---------------------------------------------------------------------------- */

static bool
has_word(struct slice list, struct slice word)
{
	struct slice one;

	while (slice_cut(&list, ',', &one))
		if (slice_eq(one, word))
			return true;
	return false;
}

static int
check_method(struct ctl *c, struct slice word)
{
	char upper[16];

	if (word.len >= sizeof(upper))
		return CTL_OK;
	for (size_t i = 0; i < word.len; i++)
		upper[i] = (char)(word.ptr[i] >= 'a' && word.ptr[i] <= 'z' ?
		    word.ptr[i] - 'a' + 'A' : word.ptr[i]);
	upper[word.len] = '\0';
	if (slice_is(word, upper) ||
	    http_method_id(slice_str(upper)) == METHOD_OTHER)
		return CTL_OK;
	return ctl_misused(c, "--methods: methods are compared letter by letter, "
	    "and no request has \"%.*s\": did you mean %s?", SLICE_ARG(word),
	    upper);
}

static int
check_path(struct ctl *c, struct slice word)
{
	if (strchr("/*{", word.ptr[0]) != NULL)
		return CTL_OK;
	return ctl_misused(c, "--paths: paths begin with \"/\", and no request has "
	    "\"%.*s\": did you mean /%.*s?", SLICE_ARG(word), SLICE_ARG(word));
}

int
allow_typed(struct ctl *c, const char *option, const char **words)
{
	struct slice rest = slice_str(ctl_value(c, option)), word;
	struct str list = { 0 };
	int code = CTL_OK;

	*words = NULL;
	if (!ctl_has(c, option))
		return CTL_OK;
	while (code == CTL_OK && slice_cut(&rest, ',', &word)) {
		word = slice_trim(word);
		if (word.len == 0 || has_word(str_slice(&list), word))
			continue;
		if (strcmp(option, "methods") == 0)
			code = check_method(c, word);
		else if (strcmp(option, "paths") == 0)
			code = check_path(c, word);
		str_add(&list, list.len > 0 ? "," : "");
		str_add_slice(&list, word);
	}
	if (code == CTL_OK && list.len == 0)
		code = ctl_misused(c, "--%s: expected at least one, found \"%s\"",
		    option, ctl_value(c, option));
	*words = arena_dup(&c->arena, str_slice(&list)).ptr;
	str_fini(&list);
	return code;
}

/* --- the question --------------------------------------------------------------------- */

/* As a shell takes it for one word. */
static void
add_word(struct str *out, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:@%+=,";

	if (text[0] != '\0' && text[strspn(text, plain)] == '\0') {
		str_add(out, text);
		return;
	}
	str_add_char(out, '\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			str_add(out, "'\\''");
		else
			str_add_char(out, *text);
	str_add_char(out, '\'');
}

static struct slice
first_of(const char *list)
{
	struct slice rest = slice_str(list), word = SLICE("");

	slice_cut(&rest, ',', &word);
	return word;
}

/* One that matches it: "/a/x" for "/a/{*}". */
static const char *
path_like(struct arena *a, const char *paths)
{
	struct slice path = first_of(paths), rest = path, part;
	bool is_template = model_authz_is_template(arena_dup(a, path).ptr);
	const char *out = path.ptr[0] == '/' ? "" : "/";

	for (size_t at = 0; at < path.len;) {
		rest = slice_from(path, at);
		if (is_template && slice_has_prefix(rest, SLICE("{**}")))
			part = SLICE("{**}");
		else if (is_template && slice_has_prefix(rest, SLICE("{*}")))
			part = SLICE("{*}");
		else
			part = slice_of(rest.ptr, 1);
		bool is_any = part.len > 1 || (part.ptr[0] == '*' &&
		    (at == 0 || at + 1 == path.len));

		at += part.len;
		out = arena_printf(a, "%s%.*s", out, is_any ? 1 : (int)part.len,
		    is_any ? "x" : part.ptr);
	}
	return out;
}

static bool
is_like(struct slice pattern, struct slice method)
{
	return pattern.ptr[0] == '*' ?
	    slice_has_suffix(method, slice_from(pattern, 1)) :
	    slice_has_prefix(method, slice_of(pattern.ptr, pattern.len - 1));
}

static const char *
method_like(struct arena *a, const char *methods)
{
	static const char *const known[] = { "GET", "HEAD", "POST", "PUT",
		"DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH" };
	struct slice method = first_of(methods);

	if (slice_find(method, '*') < 0)
		return arena_dup(a, method).ptr;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (is_like(method, slice_str(known[i])))
			return known[i];
	return arena_dup(a, method).ptr;
}

/* The port that was said, or the first that the order may be about. */
static const struct model_service_port *
port_of(const struct allow_words *w, const struct model_object *service)
{
	const struct model_service *s = model_service(service);

	if (w->port != 0)
		return model_service_port(s, w->port);
	for (size_t i = 0; i < s->spec.ports_len; i++)
		if (model_port_takes_requests(&s->spec.ports[i]))
			return &s->spec.ports[i];
	return s->spec.ports_len > 0 ? &s->spec.ports[0] : NULL;
}

/* Everybody is somebody, as the service itself. */
static const char *
caller_like(struct arena *a, const struct allow_words *w)
{
	if (w->id != NULL)
		return w->id;
	if (w->is_nobody)
		return "nobody";
	return arena_printf(a, "%s/%s", w->namespace == NULL ? w->to_namespace :
	    w->namespace, w->namespace == NULL || strcmp(w->caller, "*") == 0 ?
	    w->to : w->caller);
}

const char *
allow_question(struct arena *a, const struct allow_words *w,
    const struct model_object *service)
{
	const struct model_service_port *port = service == NULL ? NULL :
	    port_of(w, service);
	uint16_t number = port != NULL ? port->port : w->port;
	struct str out = { 0 };

	str_add(&out, "mesh ctl authz check --from ");
	add_word(&out, caller_like(a, w));
	str_addf(&out, " --to %s/%s", w->to_namespace, w->to);
	if (number != 0)
		str_addf(&out, ":%u", number);
	if (w->methods != NULL) {
		str_add(&out, " --method ");
		add_word(&out, method_like(a, w->methods));
	}
	if (w->paths != NULL) {
		str_add(&out, " --path ");
		add_word(&out, path_like(a, w->paths));
	}
	if (w->methods == NULL && w->paths == NULL && port != NULL &&
	    !model_port_takes_requests(port))
		str_add(&out, " --bytes");
	if (w->ips != NULL) {
		struct slice ip = first_of(w->ips);
		ptrdiff_t slash = slice_find(ip, '/');

		str_add(&out, " --from-ip ");
		add_word(&out, arena_dup(a, slice_of(ip.ptr, slash < 0 ? ip.len :
		    (size_t)slash)).ptr);
	}
	const char *told = arena_strdup(a, str_ptr(&out));

	str_fini(&out);
	return told;
}
