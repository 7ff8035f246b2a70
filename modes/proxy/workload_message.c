#include <string.h>

#include "http/protobuf.h"
#include "modes/proxy/workload_message.h"

/* --- requests ------------------------------------------------------------ */

const char *
workload_read(struct workload_request *r, struct slice message)
{
	struct protobuf m;
	struct protobuf_field f;
	struct slice text;

	*r = (struct workload_request){ .second = SLICE_NONE };
	protobuf_init(&m, message);
	while (protobuf_next(&m, &f)) {
		if (f.number == 2)
			protobuf_text(&m, &f, &r->second);
		if (f.number != 1 || !protobuf_text(&m, &f, &text))
			continue;
		if (text.len == 0)
			return "an audience is empty";
		if (text.len > WORKLOAD_AUDIENCE_MAX)
			return "an audience has more than 512 bytes";
		if (r->audiences_len == WORKLOAD_AUDIENCES_MAX)
			return "there are more than 16 audiences";
		r->audiences[r->audiences_len++] = text;
	}
	return protobuf_end(&m) ? NULL : "the message is malformed";
}

/* --- answers ------------------------------------------------------------- */

/* Of a map<string, bytes>, by trust domain. */
static void
put_entry(struct str *out, uint32_t number, struct slice domain,
    struct slice bytes)
{
	struct str id = { 0 };

	str_addf(&id, "spiffe://%.*s", SLICE_ARG(domain));
	protobuf_put_entry(out, number, str_slice(&id), bytes);
	str_fini(&id);
}

void
workload_put_x509(struct str *out, const struct svids *s)
{
	size_t room = s->chain.len + s->key.len + s->id.len + 64, at;

	for (size_t i = 0; i < s->bundles_len; i++)
		room += s->bundles[i].roots.len + s->bundles[i].domain.len + 64;
	key_room_str(out, room);	/* the key is copied once */
	at = protobuf_open(out, 1);
	protobuf_put_bytes(out, 1, s->id);
	protobuf_put_bytes(out, 2, s->chain);
	protobuf_put_bytes(out, 3, str_slice(&s->key));
	if (s->bundles_len > 0)
		protobuf_put_bytes(out, 4, s->bundles[0].roots);
	protobuf_close(out, at);
	for (size_t i = 1; i < s->bundles_len; i++)
		put_entry(out, 3, s->bundles[i].domain, s->bundles[i].roots);
}

void
workload_put_x509_bundles(struct str *out, const struct svids *s)
{
	for (size_t i = 0; i < s->bundles_len; i++)
		put_entry(out, 2, s->bundles[i].domain, s->bundles[i].roots);
}

void
workload_put_jwt_bundles(struct str *out, const struct svids *s)
{
	for (size_t i = 0; i < s->bundles_len; i++)
		if (s->bundles[i].jwks.ptr != NULL)
			put_entry(out, 1, s->bundles[i].domain,
			    s->bundles[i].jwks);
}

void
workload_put_jwt(struct str *out, struct slice id, struct slice svid)
{
	size_t at = protobuf_open(out, 1);

	protobuf_put_bytes(out, 1, id);
	protobuf_put_bytes(out, 2, svid);
	protobuf_close(out, at);
}

/* --- JSON as google.protobuf.Struct ---------------------------------------- */

/* Field numbers of Value's kinds. */
enum { VALUE_NULL = 1, VALUE_NUMBER, VALUE_STRING, VALUE_BOOL, VALUE_STRUCT,
	VALUE_LIST };

static void put_struct(struct str *, const struct conf_node *);

static void
put_number(struct str *out, double d)
{
	uint64_t bits;

	memcpy(&bits, &d, sizeof(bits));
	protobuf_put_fixed64(out, VALUE_NUMBER, bits);
}

/* The JSON that it came from is not deeper than its reader allows. */
static void
put_value(struct str *out, const struct conf_node *n)
{
	size_t at, one;

	switch (n->kind) {
	case CONF_NULL:
		protobuf_put_u64(out, VALUE_NULL, 0);
		break;
	case CONF_BOOL:
		protobuf_put_u64(out, VALUE_BOOL, n->boolean);
		break;
	case CONF_INT:
		put_number(out, (double)n->integer);
		break;
	case CONF_FLOAT:
		put_number(out, n->number);
		break;
	case CONF_STRING:
		protobuf_put_bytes(out, VALUE_STRING, n->text);
		break;
	case CONF_LIST:
		at = protobuf_open(out, VALUE_LIST);
		CONF_FOREACH(e, n) {
			one = protobuf_open(out, 1);
			put_value(out, e->node);
			protobuf_close(out, one);
		}
		protobuf_close(out, at);
		break;
	case CONF_MAP:
		at = protobuf_open(out, VALUE_STRUCT);
		put_struct(out, n);
		protobuf_close(out, at);
		break;
	}
}

static void
put_struct(struct str *out, const struct conf_node *map)
{
	CONF_FOREACH(e, map) {
		size_t at = protobuf_open(out, 1), value;

		protobuf_put_bytes(out, 1, e->key);
		value = protobuf_open(out, 2);
		put_value(out, e->node);
		protobuf_close(out, value);
		protobuf_close(out, at);
	}
}

void
workload_put_claims(struct str *out, struct slice id,
    const struct conf_node *claims)
{
	size_t at;

	protobuf_put_bytes(out, 1, id);
	at = protobuf_open(out, 2);
	put_struct(out, claims);
	protobuf_close(out, at);
}
