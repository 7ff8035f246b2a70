#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "net/addr.h"

/* options: what the command line of load asks for. */
struct mode;

struct options {
	const struct mode *mode;
	struct addr        to;
	const char        *path, *host;
	unsigned int       connections;
	uint64_t           paths;		/* path0 ... in turn; 0: path alone */
	uint64_t           rate;		/* requests a second; 0: closed loop */
	uint64_t           warmup_ms, duration_ms;
	bool               new_connections;	/* one request each */
	bool               no_request;		/* http: connect and close */
	bool               full_handshakes;	/* no session is resumed */
	bool               upwards;		/* stream */
	bool               no_alpn;
	/* With a certificate: mutual TLS 1.2. */
	const char        *cert, *key, *ca, *sni, *trust_domain;
};

/* Exits on --help and on what it cannot understand. */
void options_parse(struct options *, int argc, char **argv);

#endif
