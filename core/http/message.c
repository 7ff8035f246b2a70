#include <string.h>

#include "http/message.h"
#include "http/path.h"

void
message_reply(struct stream *s, int status, struct slice content_type,
    struct buf *body)
{
	struct http_head h;
	size_t len = body != NULL ? buf_len(body) : 0;

	http_head_init(&h, s->arena);
	h.status = status;
	h.content_length = (int64_t)len;
	if (content_type.ptr != NULL)
		http_fields_add_id(&h.fields, FIELD_CONTENT_TYPE, content_type);
	stream_send_head(s, &h, len == 0);
	if (len > 0)
		stream_send_body(s, body, true);
}

void
message_reply_text(struct stream *s, int status, const char *text)
{
	struct buf body = { 0 };

	buf_addf(&body, "%s\n",
	    text != NULL ? text : http_status_text(status));
	message_reply(s, status, SLICE("text/plain"), &body);
}

bool
message_request_init(struct http_head *h, struct arena *a, const char *method,
    struct slice authority, struct slice target)
{
	struct slice rest = target, path;

	http_head_init(h, a);
	h->method = slice_str(method);
	h->method_id = http_method_id(h->method);
	h->scheme = SLICE("http");
	h->target = target;
	if (target.len == 0 || target.ptr[0] != '/')
		return false;
	slice_cut(&rest, '?', &path);
	h->query = rest;
	return http_path_normalize(a, path, &h->path) &&
	    http_authority_parse(a, authority, h);
}
