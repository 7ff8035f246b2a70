#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "cmd/echo/reply.h"

#define CHUNK_MAX	1000
#define DELAY_MAX_MS	600000

static const struct {
	int         status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" }, { 201, "Created" }, { 202, "Accepted" },
	{ 204, "No Content" }, { 206, "Partial Content" },
	{ 301, "Moved Permanently" }, { 302, "Found" },
	{ 304, "Not Modified" }, { 400, "Bad Request" },
	{ 401, "Unauthorized" }, { 403, "Forbidden" }, { 404, "Not Found" },
	{ 408, "Request Timeout" }, { 409, "Conflict" },
	{ 413, "Content Too Large" }, { 421, "Misdirected Request" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" }, { 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

const char *
reply_reason(int status)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Other";
}

static struct slice
query_of(const struct message *request)
{
	ptrdiff_t at = slice_find(request->target, '?');

	return at < 0 ? SLICE_NONE :
	    slice_from(request->target, (size_t)at + 1);
}

/* The value behind name= in the query, SLICE_NONE without. */
static struct slice
param(const struct message *request, const char *name)
{
	struct slice rest = query_of(request), pair, key;

	while (slice_cut(&rest, '&', &pair))
		if (slice_cut(&pair, '=', &key) && slice_is(key, name))
			return pair.ptr == NULL ? slice_of("", 0) : pair;
	return SLICE_NONE;
}

static bool
param_flag(const struct message *request, const char *name)
{
	return slice_is(param(request, name), "1");
}

/* Leaves *out as it is without the parameter. */
static bool
param_number(const struct message *request, const char *name, uint64_t *out,
    bool *is_there)
{
	struct slice value = param(request, name);

	if (is_there != NULL)
		*is_there = value.ptr != NULL;
	return value.ptr == NULL || slice_u64(value, out);
}

static bool
param_status(const struct message *request, const char *name, int *out)
{
	uint64_t status = (uint64_t)*out;

	if (!param_number(request, name, &status, NULL) ||
	    status < 200 || status > 999)
		return false;
	*out = (int)status;
	return true;
}

/* "250ms" or "2s" */
static bool
param_delay(const struct message *request, const char *name, uint64_t *ms)
{
	struct slice value = param(request, name);
	uint64_t unit;

	if (value.ptr == NULL)
		return true;
	if (slice_has_suffix(value, SLICE("ms"))) {
		unit = 1;
		value.len -= 2;
	} else if (slice_has_suffix(value, SLICE("s"))) {
		unit = 1000;
		value.len -= 1;
	} else {
		return false;
	}
	if (!slice_u64(value, ms) || *ms > DELAY_MAX_MS / unit)
		return false;
	*ms *= unit;
	return true;
}

/* Counts this request under its uuid; gives how many came before it. */
static uint64_t
count_attempt(struct echo *e, struct slice uuid)
{
	pthread_mutex_lock(&e->attempts_lock);
	uint64_t *count = map_get(&e->attempts, uuid);

	if (count == NULL) {
		count = mem_zalloc(sizeof(*count));
		map_put(&e->attempts, uuid, count);
	}
	uint64_t before = (*count)++;

	pthread_mutex_unlock(&e->attempts_lock);
	return before;
}

static bool
simulate_retry(struct reply *r, struct echo *e, const struct message *request)
{
	struct slice uuid = param(request, "uuid");
	uint64_t succeed_after = UINT64_MAX, delay_ms = 0;
	int status = 200;

	if (!param_status(request, "responseCode", &status) ||
	    !param_number(request, "succeedAfter", &succeed_after, NULL) ||
	    !param_delay(request, "delayRetry", &delay_ms))
		return false;
	if (uuid.ptr != NULL && count_attempt(e, uuid) >= succeed_after)
		return true;
	if (status != 200)
		r->status = status;
	r->delay_ms += delay_ms;
	return true;
}

bool
reply_init(struct reply *r, struct echo *e, const struct message *request)
{
	*r = (struct reply){ .status = 200 };
	r->trailers = param_flag(request, "trailers") && request->minor == 1;
	r->chunked = r->trailers ||
	    (param_flag(request, "chunked") && request->minor == 1);
	r->close = param_flag(request, "close") || !request->keep_alive;
	return param_status(request, "status", &r->status) &&
	    param_delay(request, "delay", &r->delay_ms) &&
	    param_number(request, "size", &r->size, &r->has_size) &&
	    simulate_retry(r, e, request);
}

void
reply_fini(struct reply *r)
{
	str_fini(&r->json);
}

static void
add_member(struct str *s, const char *name, struct slice value)
{
	str_addf(s, "\"%s\": ", name);
	str_add_json(s, value);
	str_add(s, ", ");
}

static void
add_lower(struct str *s, struct slice name)
{
	char lower[256];
	size_t n = name.len < sizeof(lower) ? name.len : sizeof(lower);

	for (size_t i = 0; i < n; i++)
		lower[i] = name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ?
		    (char)(name.ptr[i] | 0x20) : name.ptr[i];
	str_add_json(s, slice_of(lower, n));
}

static bool
is_repeated(const struct field *fields, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (slice_ieq(fields[i].name, fields[at].name))
			return true;
	return false;
}

/* {"name in lower case": ["value", ...]}, in the order of arrival. */
static void
add_fields(struct str *s, const struct field *fields, size_t len)
{
	const char *comma = "";

	str_add_char(s, '{');
	for (size_t i = 0; i < len; i++) {
		if (is_repeated(fields, i))
			continue;
		str_add(s, comma);
		add_lower(s, fields[i].name);
		str_add(s, ": [");
		str_add_json(s, fields[i].value);
		for (size_t k = i + 1; k < len; k++)
			if (slice_ieq(fields[k].name, fields[i].name)) {
				str_add(s, ", ");
				str_add_json(s, fields[k].value);
			}
		str_add_char(s, ']');
		comma = ", ";
	}
	str_add(s, "}");
}

static void
add_trailers(struct str *s, const struct body *body)
{
	struct slice rest = str_slice(&body->trailers), line, name;
	struct field fields[MESSAGE_FIELDS_MAX];
	size_t n = 0;

	if (rest.len == 0)
		return;
	while (n < MESSAGE_FIELDS_MAX && slice_cut(&rest, '\r', &line)) {
		while (line.len > 0 && line.ptr[0] == '\n')
			line = slice_from(line, 1);
		if (line.len > 0 && slice_cut(&line, ':', &name))
			fields[n++] = (struct field){ name, slice_trim(line) };
	}
	str_add(s, ", \"trailers\": ");
	add_fields(s, fields, n);
}

/* Returns false if one of the calls went wrong. */
static bool
add_calls(struct str *s, struct call *const *calls, size_t len)
{
	bool ok = true;

	if (len == 0)
		return true;
	str_add(s, ", \"calls\": {");
	for (size_t i = 0; i < len; i++) {
		struct call_result result = call_result(calls[i]);

		str_add(s, i == 0 ? "" : ", ");
		str_add_json(s, slice_str(call_target_of(calls[i])->name));
		str_add(s, ": ");
		str_add_slice(s, result.json);
		ok = ok && result.ok;
	}
	str_add_char(s, '}');
	return ok;
}

/* Returns false if one of the calls went wrong. */
static bool
write_json(struct str *s, const struct echo *e, const struct exchange_facts *f)
{
	const struct message *m = f->request;
	char peer[ADDRESS_TEXT_MAX];

	address_format(peer, f->peer);
	str_add_char(s, '{');
	add_member(s, "name", slice_str(e->name));
	add_member(s, "method", m->method);
	add_member(s, "path", m->target);
	add_member(s, "host", message_field(m, "host"));
	str_addf(s, "\"proto\": \"HTTP/1.%d\", \"httpPort\": %d, ", m->minor,
	    f->http_port);
	add_member(s, "peer", slice_str(peer));
	str_addf(s, "\"connectionRequests\": %u, ", f->nth);
	str_addf(s, "\"bodyBytes\": %llu, \"bodyCrc32\": \"%08x\", ",
	    (unsigned long long)f->body_bytes, f->body_crc);
	str_add(s, "\"headers\": ");
	add_fields(s, m->fields, m->fields_len);
	add_trailers(s, f->body);
	bool ok = add_calls(s, f->calls, f->calls_len);

	str_add(s, "}\n");
	return ok;
}

/* "K:V,K2:V2": what the request wants in the head of the reply. */
static void
add_asked_fields(struct str *out, const struct message *m)
{
	struct slice rest = message_field(m, "x-echo-set-header"), pair, name;

	while (slice_cut(&rest, ',', &pair)) {
		if (!slice_cut(&pair, ':', &name) || pair.ptr == NULL)
			continue;
		name = slice_trim(name);
		pair = slice_trim(pair);
		if (name.len > 0)
			str_addf(out, "%.*s: %.*s\r\n", SLICE_ARG(name),
			    SLICE_ARG(pair));
	}
}

void
reply_start(struct reply *r, const struct echo *e,
    const struct exchange_facts *f, struct str *out)
{
	bool is_head = slice_is(f->request->method, "HEAD");
	bool is_bare = r->status == 204 || r->status == 304;

	if (!write_json(&r->json, e, f) && r->status == 200)
		r->status = 502;
	if (!r->has_size)
		r->size = r->json.len;
	r->no_content = is_head || is_bare;
	str_addf(out, "HTTP/1.1 %d %s\r\nX-Echo-Name: %s\r\n", r->status,
	    reply_reason(r->status), e->name);
	if (!is_bare) {
		str_addf(out, "Content-Type: %s\r\n",
		    r->has_size ? "text/plain" : "application/json");
		if (r->chunked)
			str_add(out, "Transfer-Encoding: chunked\r\n");
		else
			str_addf(out, "Content-Length: %llu\r\n",
			    (unsigned long long)r->size);
	}
	if (r->trailers && !is_bare)
		str_add(out, "Trailer: x-echo-crc32\r\n");
	if (r->close)
		str_add(out, "Connection: close\r\n");
	else if (f->request->minor == 0)
		str_add(out, "Connection: keep-alive\r\n");
	add_asked_fields(out, f->request);
	str_add(out, "\r\n");
}

void
reply_add_pattern(struct str *out, uint64_t off, size_t len)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz"
	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"
	    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
	const size_t period = 26, run = sizeof(letters) - 1 - period;

	while (len > 0) {
		size_t n = len < run ? len : run;

		str_add_slice(out, slice_of(letters + off % period, n));
		off += n;
		len -= n;
	}
}

static void
add_content(struct reply *r, struct str *out, size_t n)
{
	size_t start = out->len;

	if (r->has_size)
		reply_add_pattern(out, r->sent, n);
	else
		str_add_slice(out, slice_of(r->json.ptr + r->sent, n));
	if (r->trailers)
		r->crc = message_crc32(r->crc,
		    slice_of(out->ptr + start, out->len - start));
	r->sent += n;
}

bool
reply_pump(struct reply *r, struct str *out, size_t max)
{
	if (r->no_content)
		return true;
	while (r->sent < r->size) {
		size_t left = r->size - r->sent > max ? max :
		    (size_t)(r->size - r->sent);

		if (out->len >= max)
			return false;
		if (!r->chunked) {
			size_t room = max - out->len;

			add_content(r, out, left < room ? left : room);
			continue;
		}
		if (left > CHUNK_MAX)
			left = CHUNK_MAX;
		str_addf(out, "%zx\r\n", left);
		add_content(r, out, left);
		str_add(out, "\r\n");
	}
	if (r->chunked) {
		str_add(out, "0\r\n");
		if (r->trailers)
			str_addf(out, "x-echo-crc32: %08x\r\n", r->crc);
		str_add(out, "\r\n");
	}
	return true;
}
