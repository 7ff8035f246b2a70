#include <stddef.h>

#include "tls/engine.h"

/* Which alert (RFC 5246, section 7.2) tells the peer about which error. */
static const struct {
	int           error;
	unsigned char alert;
} alerts[] = {
	{ BR_ERR_UNSUPPORTED_VERSION, BR_ALERT_PROTOCOL_VERSION },
	{ BR_ERR_BAD_VERSION, BR_ALERT_PROTOCOL_VERSION },
	{ BR_ERR_TOO_LARGE, BR_ALERT_RECORD_OVERFLOW },
	{ BR_ERR_BAD_LENGTH, BR_ALERT_DECODE_ERROR },
	{ BR_ERR_BAD_MAC, BR_ALERT_BAD_RECORD_MAC },
	{ BR_ERR_UNKNOWN_TYPE, BR_ALERT_UNEXPECTED_MESSAGE },
	{ BR_ERR_UNEXPECTED, BR_ALERT_UNEXPECTED_MESSAGE },
	{ BR_ERR_BAD_CCS, BR_ALERT_UNEXPECTED_MESSAGE },
	{ BR_ERR_BAD_ALERT, BR_ALERT_DECODE_ERROR },
	{ BR_ERR_BAD_HANDSHAKE, BR_ALERT_DECODE_ERROR },
	{ BR_ERR_OVERSIZED_ID, BR_ALERT_DECODE_ERROR },
	{ BR_ERR_BAD_SIGNATURE, BR_ALERT_DECRYPT_ERROR },
	{ BR_ERR_BAD_FINISHED, BR_ALERT_DECRYPT_ERROR },
	{ BR_ERR_NO_CLIENT_AUTH, BR_ALERT_HANDSHAKE_FAILURE },
	{ BR_ERR_X509_EMPTY_CHAIN, BR_ALERT_HANDSHAKE_FAILURE },
	{ BR_ERR_X509_NOT_TRUSTED, BR_ALERT_BAD_CERTIFICATE },
	{ BR_ERR_X509_LIMIT_EXCEEDED, BR_ALERT_BAD_CERTIFICATE },
	{ BR_ERR_BAD_FRAGLEN, BR_ALERT_HANDSHAKE_FAILURE },
};

void
engine_alert(const struct engine *e, struct buf *out)
{
	unsigned char record[] = { 21, 3, 3, 0, 2, 2, BR_ALERT_HANDSHAKE_FAILURE };
	int error = engine_error(e);

	/* Nobody is there to hear it, or BearSSL has said it already. */
	if (error == 0 || error >= BR_ERR_RECV_FATAL_ALERT ||
	    e->has_encrypted)
		return;
	for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
		if (alerts[i].error == error)
			record[6] = alerts[i].alert;
	}
	buf_add(out, record, sizeof(record));
}
