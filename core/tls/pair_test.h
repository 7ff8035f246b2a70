#ifndef TLS_PAIR_TEST_H
#define TLS_PAIR_TEST_H

#include "loop/buf.h"
#include "tls/engine.h"

/*
 * pair: for tests, a client's and a server's engine that talk in memory.
 * Life: pair_start -> pair_run -> ... -> pair_stop.
 * Each end believes the key of the other, whatever its certificate says.
 */
struct pair_key {
	unsigned char     bytes[BR_EC_KBUF_PRIV_MAX_SIZE];
	unsigned char     point_bytes[BR_EC_KBUF_PUB_MAX_SIZE];
	br_ec_private_key key;
	br_ec_public_key  point;
};

struct pair {
	struct engine_template   base;
	struct engine            client, server;
	struct buf               to_client, to_server;
	struct pair_key          client_key, server_key;
	struct engine_options    client_options, server_options;
	enum engine_state        client_state, server_state;
	bool                     refuse_client, refuse_server;
	/* The server's session store: one place. */
	br_ssl_session_parameters saved;
	bool                     has_saved, offers_saved;
};

/* Fills in everything; options may be changed before pair_run. */
struct pair *pair_new(uint16_t suite);	/* 0: both */
void pair_free(struct pair *);
/* Starts both engines and lets them talk until neither says anything. */
void pair_run(struct pair *);

#endif
