#include <ctype.h>
#include <string.h>

#include "base/check.h"
#include "base/unit.h"
#include "route/table_test.h"

static struct slice
tail(struct slice s, size_t n)
{
	return slice_from(s, n);
}

static uint16_t
number(struct slice s)
{
	uint64_t n = 0;

	check(slice_u64(s, &n));
	return (uint16_t)n;
}

static struct route_value
pair(struct slice word, char sep)
{
	struct route_value v = { 0 };

	check(slice_cut(&word, sep, &v.name));
	v.value = word.ptr == NULL ? SLICE("") : word;
	if (v.value.len > 0 && v.value.ptr[0] == '~') {
		v.is_regex = true;
		v.value = tail(v.value, 1);
	}
	return v;
}

static void
rule_path(struct route_rule *r, struct slice word)
{
	r->path_kind = word.ptr[0] == '~' ? ROUTE_REGEX : ROUTE_EXACT;
	r->path = r->path_kind == ROUTE_REGEX ? tail(word, 1) : word;
	if (r->path_kind == ROUTE_EXACT && word.ptr[word.len - 1] == '*') {
		r->path_kind = ROUTE_PREFIX;
		r->path.len--;
	}
}

static struct route_value
call_part(struct slice text)
{
	bool is_regex = text.len > 0 && text.ptr[0] == '~';

	return (struct route_value){ .value = tail(text, is_regex ? 1 : 0),
		.is_regex = is_regex };
}

static void
rule_call(struct route_rule *r, struct slice word)
{
	struct slice service;

	check(slice_cut(&word, '/', &service));
	r->path_kind = ROUTE_CALL;
	r->call_service = call_part(service);
	r->call_method = call_part(word);
}

static void
rule_word(struct test_rule *t, struct slice word)
{
	struct route_rule *r = &t->rule;
	char c = word.ptr[0];

	if (c == '/' || c == '~')
		rule_path(r, word);
	else if (c == '%')
		rule_call(r, tail(word, 1));
	else if (c == '?')
		t->queries[r->queries_len++] = pair(tail(word, 1), '=');
	else if (c == '@')
		r->created = number(tail(word, 1));
	else if (c == '#')
		r->route = tail(word, 1);
	else if (slice_find(word, ':') >= 0)
		t->headers[r->headers_len++] = pair(word, ':');
	else if ((c == 'r' || c == 'm') && isdigit((unsigned char)word.ptr[1]))
		*(c == 'r' ? &r->rule : &r->match) = number(tail(word, 1));
	else
		*(isupper((unsigned char)c) ? &r->method : &r->host) = word;
}

void
test_rule_read(struct test_rule *t, const char *text)
{
	struct slice rest = slice_str(text), word;

	*t = (struct test_rule){ .rule = { .path_kind = ROUTE_PREFIX,
		.path = SLICE("/"), .headers = t->headers, .queries = t->queries,
		.route = SLICE("default/a") } };
	while (slice_cut(&rest, ' ', &word))
		if (word.len > 0)
			rule_word(t, word);
}

static struct slice
header(const void *head, struct slice name)
{
	const struct test_request *t = head;

	for (size_t i = 0; i < t->headers_len; i++)
		if (slice_eq(t->headers[i].name, name))
			return t->headers[i].value;
	return SLICE_NONE;
}

void
test_request_read(struct test_request *t, const char *text)
{
	struct slice rest = slice_str(text), word;

	*t = (struct test_request){ .request = { .host = SLICE("a.example"),
		.method = SLICE("GET"), .path = SLICE("/"), .header = header,
		.head = t } };
	while (slice_cut(&rest, ' ', &word)) {
		if (word.len == 0)
			continue;
		if (word.ptr[0] == '/') {
			t->request.query = word;
			slice_cut(&t->request.query, '?', &t->request.path);
		} else if (slice_find(word, ':') >= 0) {
			slice_cut(&word, ':', &t->headers[t->headers_len].name);
			t->headers[t->headers_len++].value =
			    word.ptr == NULL ? SLICE("") : word;
		} else if (isupper((unsigned char)word.ptr[0])) {
			t->request.method = word;
		} else {
			t->request.host = word;
		}
	}
}

struct route_table *
test_table(const char *const *rules)
{
	struct route_table *table = route_table_new();
	struct err err = ERR_INIT;

	for (size_t i = 0; rules[i] != NULL; i++) {
		struct test_rule t;

		test_rule_read(&t, rules[i]);
		t.rule.payload = (const void *)(uintptr_t)(i + 1);
		if (route_table_add(table, &t.rule, &err) < 0)
			fail_msg("%s: %s", rules[i], err.text);
	}
	route_table_seal(table);
	return table;
}

int
test_find(const struct route_table *table, const char *request)
{
	struct test_request t;
	struct route_found found;

	test_request_read(&t, request);
	if (!route_find(table, &t.request, &found))
		return -1;
	return (int)(uintptr_t)found.payload - 1;
}
