#include <string.h>

#include "base/slice.h"
#include "cmd/fuzz/fuzz.h"

const struct fuzz_target fuzz_targets[] = {
	{ "authority", fuzz_authority, "authority and path of a request" },
	{ "bundle", fuzz_bundle, "PEM blocks, base64 and root certificates" },
	{ "cert", fuzz_cert, "DER: the certificate of a peer" },
	{ "csr", fuzz_csr, "DER: a certification request" },
	{ "detect", fuzz_detect, "the first bytes of a stream, to tell what it is" },
	{ "document", fuzz_document, "YAML documents, as far as a kind's struct" },
	{ "ext-authz", fuzz_ext_authz, "what a provider of authorization says" },
	{ "federation", fuzz_federation, "a bundle of another trust domain" },
	{ "frame", fuzz_frame, "frames of mesh-tcp/1" },
	{ "grpc", fuzz_grpc, "gRPC: a health check's answer, gRPC-Web, a timeout" },
	{ "h2-client", fuzz_h2_client, "HTTP/2: what a server sends" },
	{ "h2-server", fuzz_h2_server, "HTTP/2: what a client sends" },
	{ "hello", fuzz_hello, "a ClientHello" },
	{ "http-client", fuzz_http_client, "HTTP/1 responses" },
	{ "http-server", fuzz_http_server, "HTTP/1 requests" },
	{ "json", fuzz_json, "a JSON document" },
	{ "jwt", fuzz_jwt, "a token that is signed, and keys for it" },
	{ "meta", fuzz_meta, "what a sidecar says first of who calls" },
	{ "name", fuzz_name, "addresses, server names, identities, units" },
	{ "packet", fuzz_packet, "frames of mesh-udp/1" },
	{ "policy", fuzz_policy, "a caller, and policies that judge it" },
	{ "protobuf", fuzz_protobuf, "a message of protocol buffers" },
	{ "proxy-protocol", fuzz_proxy_protocol, "PROXY protocol, 1 and 2" },
	{ "record", fuzz_record, "TLS records of a peer that has the keys" },
	{ "regex", fuzz_regex, "a pattern of a route, and a text" },
	{ "report", fuzz_report, "counters that a proxy reports" },
	{ "route", fuzz_route, "a request that looks for its route" },
	{ "session", fuzz_session, "the lines between proxy and control" },
	{ "token", fuzz_token, "a join token" },
	{ "url", fuzz_url, "a URL, where it leads to, and who may be there" },
};
const size_t fuzz_targets_len = sizeof(fuzz_targets) / sizeof(fuzz_targets[0]);

const struct fuzz_target *
fuzz_target_named(const char *name)
{
	for (size_t i = 0; i < fuzz_targets_len; i++)
		if (strcmp(fuzz_targets[i].name, name) == 0)
			return &fuzz_targets[i];
	return NULL;
}

/* Drawn from the input itself, so that an input always does the same. */
size_t
fuzz_cut(const uint8_t *data, size_t size)
{
	return slice_hash_fixed(slice_of(data, size)) % (size + 1);
}
