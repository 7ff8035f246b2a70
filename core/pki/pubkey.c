#include <string.h>

#include "pki/pubkey.h"

void
pubkey_p256(struct pubkey *k, const uint8_t point[KEY_POINT_LEN])
{
	memcpy(k->bytes, point, KEY_POINT_LEN);
	k->pkey.key_type = BR_KEYTYPE_EC;
	k->pkey.key.ec = (br_ec_public_key){
		BR_EC_secp256r1, k->bytes, KEY_POINT_LEN
	};
}

static bool
copy_rsa(struct pubkey *k, const br_rsa_public_key *from)
{
	if (from->nlen > sizeof(k->bytes) ||
	    from->elen > sizeof(k->bytes) - from->nlen)
		return false;
	memcpy(k->bytes, from->n, from->nlen);
	memcpy(k->bytes + from->nlen, from->e, from->elen);
	k->pkey.key.rsa = (br_rsa_public_key){
		k->bytes, from->nlen, k->bytes + from->nlen, from->elen
	};
	return true;
}

bool
pubkey_copy(struct pubkey *k, const br_x509_pkey *from)
{
	const br_ec_public_key *ec = &from->key.ec;

	k->pkey.key_type = from->key_type;
	if (from->key_type == BR_KEYTYPE_RSA)
		return copy_rsa(k, &from->key.rsa);
	if (ec->qlen > sizeof(k->bytes))
		return false;
	memcpy(k->bytes, ec->q, ec->qlen);
	k->pkey.key.ec = (br_ec_public_key){ ec->curve, k->bytes, ec->qlen };
	return true;
}
