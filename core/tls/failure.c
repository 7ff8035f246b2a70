#include "base/check.h"
#include "tls/tls.h"

static const struct {
	const char *name, *text;
} failures[TLS_FAILURES] = {
	[TLS_OK] = { "ok", "the handshake is done" },
	[TLS_FAIL_TIMEOUT] = { "timeout",
		"the handshake took longer than it may" },
	[TLS_FAIL_BYTES] = { "too-many-bytes",
		"the peer sent more bytes than a handshake may have" },
	[TLS_FAIL_CLOSED] = { "closed",
		"the connection ended during the handshake" },
	[TLS_FAIL_NOT_TLS] = { "not-tls", "the peer does not speak TLS" },
	[TLS_FAIL_PROTOCOL] = { "protocol",
		"the handshake failed by the rules of TLS" },
	[TLS_FAIL_NO_CERT] = { "no-certificate",
		"the peer has no certificate" },
	[TLS_FAIL_CERT] = { "bad-certificate",
		"the peer's certificate is not trusted" },
	[TLS_FAIL_WRONG_PEER] = { "wrong-peer",
		"the peer is not the one that was expected" },
	[TLS_FAIL_NO_ALPN] = { "no-alpn", "there is no protocol in common" },
	[TLS_FAIL_NO_SNI] = { "no-sni", "the client named no server" },
	[TLS_FAIL_UNKNOWN_NAME] = { "unknown-name",
		"there is no certificate for the name that the client asked for" },
	[TLS_FAIL_BUSY] = { "busy", "too many handshakes wait" },
};

const char *
tls_failure_name(enum tls_failure f)
{
	check(f < TLS_FAILURES);
	return failures[f].name;
}

const char *
tls_failure_text(enum tls_failure f)
{
	check(f < TLS_FAILURES);
	return failures[f].text;
}
