#ifndef CONTROL_JOINING_FIXTURE_H
#define CONTROL_JOINING_FIXTURE_H

#include "modes/control/join.h"
#include "modes/control/server_fixture.h"
#include "pki/token.h"

/*
 * joining_fixture: for tests of who joins and renews, a workload of account "sell"
 * in namespace shop, and what became of its wish.
 */
struct joining {
	bool                done;
	struct err          err;
	char                identity[128], name[128];
	uint8_t             leaf[HASH_LEN];
	bool                is_repeated, has_workload;
	struct joining_all *all;	/* that it is one of; or NULL */
};
struct joining_all {
	size_t waiting;
	bool   done;
};

/* A token for shop/orders in the store; expires_s from now. */
void joining_token(struct server_fixture *, struct token *, const char *name,
    int64_t expires_s);
/* Borrow token and key; service: NULL: whatever the token is for. */
void joining_start_for(struct server_fixture *, const struct token *,
    const struct key *, const char *service, struct joining *);
void joining_start(struct server_fixture *, const struct token *,
    const struct key *, struct joining *);
struct joining joining_run(struct server_fixture *, const struct token *,
    const struct key *);
void joining_renew(struct server_fixture *, const uint8_t leaf[HASH_LEN],
    const struct key *, bool is_for_app, struct joining *);
/* Certificates that are on record. */
size_t joining_count(struct server_fixture *);

#endif
