#ifndef PROXY_LOGIN_RUN_H
#define PROXY_LOGIN_RUN_H

#include "modes/proxy/login.h"
#include "modes/proxy/login_flight.h"

/*
 * login_run: the insides of the filter, shared by login.c, which says what a
 * request gets, by login_answer.c, which tells browsers where to go, and by
 * login_tokens.c, which asks the provider.
 */
struct login_run {
	struct l7_ctx        *ctx;
	struct http_head     *head;
	struct login         *login;	/* counted */
	struct fetch         *fetch;	/* of a code */
	struct login_ticket  *ticket;	/* of a refresh */
	struct login_way      way;	/* of a callback, */
	bool                  has_way;	/* if it is one */
	struct login_session  session;	/* of a refresh */
	struct http_fields    cookies;	/* that the answer sets */
};

struct proxy_worker *login_worker(const struct login_run *);

/* --- login.c ----------------------------------------------------------------------- */

/* As who its session says. */
void login_let_by(struct login_run *);

/* --- login_answer.c ---------------------------------------------------------------- */

struct login_answer {
	int          status;
	const char  *text;	/* of a page, if it begins with '<' */
	struct slice location;	/* or absent */
	const char  *details;	/* a word for the log, "login[...]" */
};
void login_answer(struct login_run *, const struct login_answer *);
enum verdict login_unavailable(struct login_run *, const char *why);
/* The next one may find keys, or addresses, that are not there yet. */
void login_want_provider(const struct login_run *);
/* Where the provider sends this browser back to. */
struct slice login_redirect_url(const struct login_run *);
/* To the provider, or 401. */
enum verdict login_challenge(struct login_run *);
enum verdict login_log_out(struct login_run *);

/* --- login_tokens.c ---------------------------------------------------------------- */

/* Whether it is the way back of a login that began there; takes it. */
bool login_take_way(struct login_run *, const struct login *);
enum verdict login_come_back(struct login_run *);
/* Goes on as the session says, or begins anew. */
enum verdict login_refresh(struct login_run *);
void login_cancel(struct login_run *);	/* what it waits for, if it does */

#endif
