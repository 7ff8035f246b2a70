#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/slice.h"

/*
 * head: the head of a request or of a response, neutral of the protocol
 * version, and lists of fields (RFC 9110, sections 5 and 6).
 *
 * Names are lower case; a fixed set of well-known ones carries its id, so that
 * looking them up compares small integers.  Everything lives in the stream's
 * arena; setting a field copies nothing unless it says so.
 *
 * Never in the list are the fields of one hop (Connection and what it names,
 * Transfer-Encoding, Keep-Alive, Proxy-Connection, Upgrade, TE,
 * HTTP2-Settings), Content-Length, Host, and `Expect: 100-continue`: the codec
 * takes them out when it parses and writes its own from the struct, whose
 * members are the only truth.
 */
enum http_field_id {
	FIELD_OTHER,
	FIELD_ACCEPT,
	FIELD_ACCEPT_ENCODING,
	FIELD_AUTHORIZATION,
	FIELD_CONTENT_TYPE,
	FIELD_CONTENT_ENCODING,
	FIELD_COOKIE,
	FIELD_DATE,
	FIELD_EXPECT,
	FIELD_HOST,
	FIELD_LOCATION,
	FIELD_SERVER,
	FIELD_SET_COOKIE,
	FIELD_TRAILER,
	FIELD_USER_AGENT,
	FIELD_VIA,
	FIELD_X_FORWARDED_FOR,
	FIELD_X_FORWARDED_HOST,
	FIELD_X_FORWARDED_PROTO,
	FIELD_X_FORWARDED_CLIENT_CERT,
	FIELD_X_REQUEST_ID,
	FIELD_TRACEPARENT,
	FIELD_GRPC_STATUS,
	FIELD_MESH_SOURCE,	/* "x-mesh-source": the caller's workload; link only */
	FIELD_MESH_HOST,	/* "x-mesh-host": what a route meant; link only */
	/* "x-mesh-version": "2" is to reach an application of AUTO; link only */
	FIELD_MESH_VERSION,
	/* For codecs alone: of one hop, or the framing; never in a list. */
	FIELD_CONNECTION,
	FIELD_CONTENT_LENGTH,
	FIELD_HTTP2_SETTINGS,
	FIELD_KEEP_ALIVE,
	FIELD_PROXY_CONNECTION,
	FIELD_TE,
	FIELD_TRANSFER_ENCODING,
	FIELD_UPGRADE,
	FIELD_IDS
};

struct http_field {
	struct slice       name;	/* lower case */
	struct slice       value;	/* no space at either end */
	enum http_field_id id;
	bool               is_secret;	/* never in an index (RFC 7541, 7.1.3) */
};

struct http_fields {
	struct arena      *arena;	/* keeps */
	struct http_field *v;
	size_t             len, cap;
};

void http_fields_init(struct http_fields *, struct arena *);
enum http_field_id http_field_id(struct slice lower_name);
struct slice http_field_name(enum http_field_id);
/* First value, or SLICE_NONE. */
struct slice http_fields_get(const struct http_fields *, enum http_field_id);
struct slice http_fields_find(const struct http_fields *, struct slice lower_name);
size_t http_fields_count(const struct http_fields *, enum http_field_id);
/*
 * All lines of a field as one, as of a list (RFC 9110, section 5.3), with a comma
 * or such between; of Cookie with "; " (RFC 9113, section 8.2.3).  Borrows the
 * only one, or lies in the arena; SLICE_NONE: there is none.
 */
struct slice http_fields_join(const struct http_fields *, struct arena *,
    struct slice lower_name, struct slice between);
/* Borrow name and value: they must live as long as the arena. */
void http_fields_add(struct http_fields *, struct slice lower_name,
    struct slice value);
void http_fields_add_id(struct http_fields *, enum http_field_id, struct slice);
/* Replaces the first, removes the others, adds if there was none. */
void http_fields_set(struct http_fields *, struct slice lower_name, struct slice);
void http_fields_set_id(struct http_fields *, enum http_field_id, struct slice);
size_t http_fields_remove(struct http_fields *, struct slice lower_name);
size_t http_fields_remove_id(struct http_fields *, enum http_field_id);
/* Bytes of names and values plus 32 a field (RFC 9113, section 6.5.2). */
size_t http_fields_size(const struct http_fields *);
/* token / field-value grammar of RFC 9110, section 5; no CR, LF, NUL. */
bool http_is_token(struct slice);
bool http_is_field_value(struct slice);

enum http_method {
	METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_PUT,
	METHOD_DELETE, METHOD_CONNECT, METHOD_OPTIONS, METHOD_TRACE, METHOD_PATCH,
};

struct http_head {
	/* request */
	enum http_method   method_id;
	struct slice       method;
	struct slice       scheme;	/* "http" or "https" */
	struct slice       authority;	/* host[:port], lower-cased host */
	struct slice       host;	/* of authority, without port and brackets */
	int                port;	/* of authority, 0 when absent */
	struct slice       target;	/* as received, for the log only */
	struct slice       path;	/* by path.h; or "*"; "" with CONNECT */
	struct slice       query;	/* behind '?', without it; may be absent */
	bool               is_absolute;	/* came in absolute form */
	/* response */
	int                status;
	/* both */
	int                minor;	/* HTTP/1.minor as received; 2 for HTTP/2 */
	int64_t            content_length;	/* -1: not stated */
	bool               expects_continue;
	bool               takes_trailers;	/* "te: trailers"; HTTP/2 only */
	struct slice       upgrade;	/* protocols asked for or switched to */
	size_t             dropped;	/* request fields left out for a '_' in
					 * the name, which some take for '-' */
	struct http_fields fields;
};

void http_head_init(struct http_head *, struct arena *);
/* As it stands; its bytes lie in the arena. */
void http_head_copy(struct http_head *to, struct arena *,
    const struct http_head *from);
enum http_method http_method_id(struct slice);
bool http_method_is_idempotent(enum http_method);	/* RFC 9110, 9.2.2 */
const char *http_status_text(int status);
/* No body whatever the fields say: 1xx, 204, 304 (RFC 9112, 6.3). */
bool http_status_has_no_body(int status);
/* "host:port" into parts, lower-casing into the arena; false if malformed. */
bool http_authority_parse(struct arena *, struct slice, struct http_head *);

#endif
