#include <string.h>

#include "base/check.h"
#include "modes/control/signer_wire.h"
#include "pki/der.h"

void
signer_add_request(struct str *out, uint32_t number,
    const struct signer_request *r)
{
	size_t at = der_open(out, DER_SEQUENCE), names;

	check(r->dns_len <= SIGNER_DNS_MAX);
	der_put_u32(out, number);
	der_put_u32(out, r->life_s);
	der_put(out, DER_OCTETS, slice_of(r->serial, MINT_SERIAL_LEN));
	der_put(out, DER_OCTETS, slice_of(r->point, KEY_POINT_LEN));
	der_put(out, DER_IA5, r->id);
	names = der_open(out, DER_SEQUENCE);
	for (size_t i = 0; i < r->dns_len; i++)
		der_put(out, DER_IA5, r->dns[i]);
	der_close(out, names);
	der_close(out, at);
}

bool
signer_read_request(uint32_t *number, struct signer_request *r,
    struct slice packet)
{
	struct der d, in, names;
	struct slice serial, point;

	*r = (struct signer_request){ .dns_len = 0 };
	der_init(&d, packet);
	der_enter(&d, DER_SEQUENCE, &in);
	der_u32(&in, number);
	der_u32(&in, &r->life_s);
	der_get(&in, DER_OCTETS, &serial);
	der_get(&in, DER_OCTETS, &point);
	der_get(&in, DER_IA5, &r->id);
	der_enter(&in, DER_SEQUENCE, &names);
	while (names.rest.len > 0) {
		if (r->dns_len == SIGNER_DNS_MAX)
			return false;
		der_get(&names, DER_IA5, &r->dns[r->dns_len++]);
	}
	if (!der_end(&names) || !der_end(&in) || !der_end(&d) ||
	    serial.len != MINT_SERIAL_LEN || point.len != KEY_POINT_LEN)
		return false;
	memcpy(r->serial, serial.ptr, MINT_SERIAL_LEN);
	memcpy(r->point, point.ptr, KEY_POINT_LEN);
	return true;
}

void
signer_add_install(struct str *out, uint32_t number, struct slice cert,
    const struct key *key)
{
	key_room_str(out, SIGNER_PACKET_MAX);	/* the secret is copied once */
	size_t at = der_open(out, DER_SEQUENCE);

	der_put_u32(out, number);
	der_put(out, DER_OCTETS, cert);
	der_put(out, DER_OCTETS, slice_of(key->secret, KEY_SECRET_LEN));
	der_close(out, at);
}

bool
signer_read_install(uint32_t *number, struct slice *cert,
    struct slice *secret, struct slice packet)
{
	struct der d, in;

	der_init(&d, packet);
	der_enter(&d, DER_SEQUENCE, &in);
	der_u32(&in, number);
	der_get(&in, DER_OCTETS, cert);
	der_get(&in, DER_OCTETS, secret);
	return der_end(&in) && der_end(&d) && secret->len == KEY_SECRET_LEN;
}

void
signer_add_token(struct str *out, uint32_t number, const struct signer_token *t)
{
	size_t at = der_open(out, DER_SEQUENCE), list;

	check(t->audiences_len <= SIGNER_AUDIENCES_MAX);
	der_put_u32(out, number);
	der_put_u32(out, t->life_s);
	der_put(out, DER_IA5, t->id);
	list = der_open(out, DER_SEQUENCE);
	for (size_t i = 0; i < t->audiences_len; i++)
		der_put(out, DER_UTF8, t->audiences[i]);
	der_close(out, list);
	der_close(out, at);
}

bool
signer_read_token(uint32_t *number, struct signer_token *t, struct slice packet)
{
	struct der d, in, list;

	*t = (struct signer_token){ .audiences_len = 0 };
	der_init(&d, packet);
	der_enter(&d, DER_SEQUENCE, &in);
	der_u32(&in, number);
	der_u32(&in, &t->life_s);
	der_get(&in, DER_IA5, &t->id);
	der_enter(&in, DER_SEQUENCE, &list);
	while (list.rest.len > 0 && !list.bad) {
		if (t->audiences_len == SIGNER_AUDIENCES_MAX)
			return false;
		der_get(&list, DER_UTF8, &t->audiences[t->audiences_len++]);
	}
	return der_end(&list) && der_end(&in) && der_end(&d);
}

void
signer_add_renewal(struct str *out, uint32_t number, const struct key *key)
{
	key_room_str(out, 128);		/* the secret is copied once */
	size_t at = der_open(out, DER_SEQUENCE);

	der_put_u32(out, number);
	der_put(out, DER_OCTETS, slice_of(key->secret, KEY_SECRET_LEN));
	der_close(out, at);
}

bool
signer_read_renewal(uint32_t *number, struct slice *secret, struct slice packet)
{
	struct der d, in;

	der_init(&d, packet);
	der_enter(&d, DER_SEQUENCE, &in);
	der_u32(&in, number);
	der_get(&in, DER_OCTETS, secret);
	return der_end(&in) && der_end(&d) && secret->len == KEY_SECRET_LEN;
}

void
signer_add_reply(struct str *out, const struct signer_reply *r)
{
	size_t at = der_open(out, DER_SEQUENCE);

	der_put_u32(out, r->number);
	der_put_u32(out, r->status);
	der_put(out, DER_OCTETS, r->body);
	der_close(out, at);
}

bool
signer_read_reply(struct signer_reply *r, struct slice packet)
{
	struct der d, in;
	uint32_t status;

	der_init(&d, packet);
	der_enter(&d, DER_SEQUENCE, &in);
	der_u32(&in, &r->number);
	der_u32(&in, &status);
	der_get(&in, DER_OCTETS, &r->body);
	r->status = (enum signer_status)status;
	return der_end(&in) && der_end(&d) && status < SIGNER_STATUS_COUNT;
}

static const struct {
	const char   *name;
	enum err_kind kind;
	const char   *sentence;
} statuses[SIGNER_STATUS_COUNT] = {
	[SIGNER_SIGNED]	   = { "signed",	ERR_NONE,
	    "the certificate is signed" },
	[SIGNER_MALFORMED] = { "malformed",	ERR_INTERNAL,
	    "the signer could not read the request" },
	[SIGNER_FOREIGN]   = { "foreign",	ERR_DENIED,
	    "the identity is not of this trust domain" },
	[SIGNER_IDENTITY]  = { "identity",	ERR_DATA,
	    "the identity is no workload's, operator's or control's" },
	[SIGNER_DNS]	   = { "dns",		ERR_DATA,
	    "a DNS name does not belong to the identity" },
	[SIGNER_POINT]	   = { "point",		ERR_DATA,
	    "the key is no point on P-256" },
	[SIGNER_SERIAL]	   = { "serial",	ERR_INTERNAL,
	    "the serial number is not 16 bytes with a positive start" },
	[SIGNER_LIFE]	   = { "life",		ERR_DATA,
	    "the certificate's life is outside of what is allowed" },
	[SIGNER_EXPIRED]   = { "expired",	ERR_UNAVAILABLE,
	    "the intermediate certificate is not valid now" },
	[SIGNER_AUDIENCE]  = { "audience",	ERR_DATA,
	    "a token is for 1 to 16 audiences of 1 to 512 bytes each" },
	[SIGNER_RATE]	   = { "rate",		ERR_UNAVAILABLE,
	    "more certificates were asked for than are signed in a second" },
	[SIGNER_FAILED]	   = { "failed",	ERR_CONFIG,
	    "the signer could not start" },
	[SIGNER_BUSY]	   = { "busy",		ERR_UNAVAILABLE,
	    "too many requests wait for the signer" },
	[SIGNER_GONE]	   = { "gone",		ERR_UNAVAILABLE,
	    "the signer has ended" },
};

const char *
signer_status_name(enum signer_status s)
{
	check(s < SIGNER_STATUS_COUNT);
	return statuses[s].name;
}

const char *
signer_status_sentence(enum signer_status s)
{
	check(s < SIGNER_STATUS_COUNT);
	return statuses[s].sentence;
}

int
signer_status_err(enum signer_status s, struct err *err)
{
	check(s < SIGNER_STATUS_COUNT && s != SIGNER_SIGNED);
	return err_set(err, statuses[s].kind, "%s", statuses[s].sentence);
}
