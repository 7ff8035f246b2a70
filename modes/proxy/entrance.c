#include "base/str.h"
#include "filter/ext_authz.h"
#include "http/twin.h"
#include "model/closure.h"
#include "modes/proxy/entrance.h"
#include "pki/caller.h"

/* A trailing '-' means every name that begins so. */
static const char *const identity_fields[] = {
	"x-forwarded-client-cert", "x-mesh-", "l5d-", "x-envoy-",
	"x-ssl-client-", "x-client-cert", "ssl-client-", "x-spiffe-",
	EXT_AUTHZ_PRINCIPAL,
};

/* In any spelling that applications take for it. */
static bool
begins(struct slice name, struct slice with)
{
	return name.len >= with.len &&
	    twin_is(slice_of(name.ptr, with.len), with);
}

static bool
is_identity_field(struct slice name)
{
	/* What a provider of authorization is told of a body says of nobody. */
	if (slice_is(name, "x-envoy-auth-partial-body"))
		return false;
	for (size_t i = 0; i < sizeof(identity_fields) /
	    sizeof(identity_fields[0]); i++) {
		struct slice f = slice_str(identity_fields[i]);

		if (f.ptr[f.len - 1] == '-' ? begins(name, f) :
		    twin_is(name, f))
			return true;
	}
	return false;
}

/* What strangers may not say about where a request came from. */
static bool
is_forwarded_field(struct slice name)
{
	return begins(name, SLICE("x-forwarded-")) ||
	    slice_is(name, "forwarded") || twin_is(name, SLICE("x-real-ip"));
}

static void
remove_forwarded(struct http_fields *fields)
{
	size_t kept = 0;

	for (size_t i = 0; i < fields->len; i++)
		if (!is_forwarded_field(fields->v[i].name))
			fields->v[kept++] = fields->v[i];
	fields->len = kept;
}

/* may_ask: it comes from who may say for whom it asks. */
static void
remove_identity(struct http_fields *fields, bool may_ask)
{
	size_t kept = 0;

	for (size_t i = 0; i < fields->len; i++) {
		const struct http_field *f = &fields->v[i];
		char c = f->name.len > 0 ? f->name.ptr[0] : '\0';

		/* Only three letters begin such a name. */
		if ((c == 'x' || c == 'l' || c == 's') &&
		    is_identity_field(f->name) &&
		    !(may_ask && slice_is(f->name, EXT_AUTHZ_PRINCIPAL)))
			continue;
		fields->v[kept++] = *f;
	}
	fields->len = kept;
}

/*
 * Envoy's x-forwarded-client-cert: one element, what we verified, behind what a
 * gateway did (or nothing).
 */
static void
set_client_cert(struct http_head *h, struct arena *a,
    const struct conn_peer *peer, struct slice own_id, struct slice before)
{
	struct str hash = { 0 };

	str_add_hex(&hash, peer->cert_hash, sizeof(peer->cert_hash));
	const struct slice parts[] = {
		before, before.len > 0 ? SLICE(",By=") : SLICE("By="), own_id,
		SLICE(";Hash="), str_slice(&hash), SLICE(";URI="),
		slice_str(peer->id),
	};

	http_fields_add_id(&h->fields, FIELD_X_FORWARDED_CLIENT_CERT,
	    arena_join(a, parts, sizeof(parts) / sizeof(parts[0])));
	str_fini(&hash);
}

void
entrance_set_client(struct http_head *h, struct arena *a,
    const struct conn_peer *peer, struct slice own_id)
{
	struct slice names = slice_str(peer->names);
	struct str hash = { 0 };

	str_add_hex(&hash, peer->cert_hash, sizeof(peer->cert_hash));
	const struct slice parts[] = {
		own_id.len > 0 ? SLICE("By=") : SLICE(""), own_id,
		own_id.len > 0 ? SLICE(";Hash=") : SLICE("Hash="),
		str_slice(&hash), SLICE(";Subject=\""), slice_str(peer->subject),
		SLICE("\""), names.len > 0 ? SLICE(";") : SLICE(""), names,
	};

	http_fields_set_id(&h->fields, FIELD_X_FORWARDED_CLIENT_CERT,
	    arena_join(a, parts, sizeof(parts) / sizeof(parts[0])));
	str_fini(&hash);
}

/* spiffe://TD/ns/NS/sa/gw--NAME: our control gives it to those alone. */
bool
entrance_is_gateway(const struct conn_peer *peer)
{
	struct slice ns, name;

	return !peer->is_foreign &&
	    caller_split(slice_str(peer->account), &ns, &name) &&
	    slice_has_prefix(name, SLICE(MODEL_GATEWAY_ACCOUNT));
}

static void
set_forwarded(struct http_head *h, struct arena *a, struct conn *caller)
{
	char ip[ADDR_TEXT_MAX];
	struct addr room;

	addr_format_ip(conn_addr(caller, &room), ip);
	http_fields_set_id(&h->fields, FIELD_X_FORWARDED_FOR,
	    arena_dup(a, slice_str(ip)));
	http_fields_set_id(&h->fields, FIELD_X_FORWARDED_PROTO,
	    conn_peer(caller)->is_tls ? SLICE("https") : SLICE("http"));
	http_fields_set_id(&h->fields, FIELD_X_FORWARDED_HOST, h->authority);
}

void
entrance_apply(enum entrance from, struct http_head *h, struct arena *a,
    struct conn *caller, struct slice own_id, struct l7_summary *s)
{
	const struct conn_peer *peer = conn_peer(caller);
	struct slice source = SLICE_NONE, client = SLICE_NONE;

	s->is_own = from == ENTRANCE_APP;
	if (from == ENTRANCE_PEER) {
		source = http_fields_get(&h->fields, FIELD_MESH_SOURCE);
		client = http_fields_get(&h->fields,
		    FIELD_X_FORWARDED_CLIENT_CERT);
		if (client.ptr != NULL && !entrance_is_gateway(peer))
			client = SLICE_NONE;
	}
	remove_identity(&h->fields, from == ENTRANCE_PEER &&
	    peer->id[0] != '\0' && !peer->is_foreign);
	if (from == ENTRANCE_EDGE || peer->is_foreign) {
		remove_forwarded(&h->fields);
		set_forwarded(h, a, caller);
	}
	if (from != ENTRANCE_PEER || peer->id[0] == '\0')
		return;
	set_client_cert(h, a, peer, own_id, client);
	if (peer->account[0] != '\0')
		s->source_service = slice_str(peer->account);
	if (entrance_is_of(s->source_service, source))
		s->source_workload = source;
}

static struct slice
last_of_list(struct slice list, int64_t n)
{
	for (size_t at = list.len; at > 0; at--)
		if (list.ptr[at - 1] == ',' && --n == 0)
			return slice_trim(slice_from(list, at));
	return slice_trim(list);
}

void
entrance_apply_edge(struct http_head *h, struct arena *a,
    struct conn *caller, int64_t hops)
{
	struct slice from = hops == 0 ? SLICE_NONE : http_fields_join(
	    &h->fields, a, SLICE("x-forwarded-for"), SLICE(", ")),
	    proto = http_fields_get(&h->fields, FIELD_X_FORWARDED_PROTO),
	    host = http_fields_get(&h->fields, FIELD_X_FORWARDED_HOST);

	remove_identity(&h->fields, false);
	remove_forwarded(&h->fields);
	set_forwarded(h, a, caller);
	if (hops == 0)
		return;
	from = last_of_list(from, hops);
	if (from.len > 0)
		http_fields_set_id(&h->fields, FIELD_X_FORWARDED_FOR, slice_str(
		    arena_printf(a, "%.*s, %.*s", SLICE_ARG(from), SLICE_ARG(
		    http_fields_get(&h->fields, FIELD_X_FORWARDED_FOR)))));
	if (proto.len > 0)
		http_fields_set_id(&h->fields, FIELD_X_FORWARDED_PROTO, proto);
	if (host.len > 0)
		http_fields_set_id(&h->fields, FIELD_X_FORWARDED_HOST, host);
}

void
entrance_apply_trailers(struct http_fields *trailers)
{
	remove_identity(trailers, false);
}

/* The namespace was proven; within it, a workload may say its name. */
bool
entrance_is_of(struct slice service, struct slice workload)
{
	ptrdiff_t at = slice_find(service, '/');

	return at > 0 && workload.len <= 2 * 64 && slice_has_prefix(workload,
	    slice_of(service.ptr, (size_t)at + 1)) &&
	    slice_find(slice_from(workload, (size_t)at + 1), '/') < 0;
}
