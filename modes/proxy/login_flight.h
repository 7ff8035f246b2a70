#ifndef PROXY_LOGIN_FLIGHT_H
#define PROXY_LOGIN_FLIGHT_H

#include "pki/hash.h"
#include "upstream/fetch.h"

/*
 * login_flight: refresh tokens that are with a provider.  Many take one a single
 * time (RFC 9700, section 2.2.2) and end the session of whoever shows it again,
 * but a browser sends several requests at once: the first that joins asks, and
 * all get what is said, on their own threads, also those that come with the old
 * cookie within LOGIN_FLIGHT_KEEP_MS.
 *
 * Life: login_flights_new -> (login_flights_join -> done once, or
 *       login_flights_leave) ... login_flights_end ... -> login_flights_free
 * One for all workers of a proxy; other proxies know nothing of it.
 */
#define LOGIN_FLIGHT_KEEP_MS	10000
#define LOGIN_FLIGHTS_MAX	4096	/* answers that are kept */

struct login_flights;
struct login_flights *login_flights_new(void);
/* Behind the loops of all who joined. */
void login_flights_free(struct login_flights *);

/*
 * done is called on the loop, never from inside; the result is borrowed for the
 * call.  *leads: nobody asks yet, so the caller does, and tells login_flights_end
 * what came of it, whether it still waits or has left.  Keeps loop and arg.
 */
struct login_ticket;
typedef void login_flight_done(void *arg, const struct fetch_result *);
struct login_ticket *login_flights_join(struct login_flights *,
    const uint8_t key[HASH_LEN], struct loop *, login_flight_done *, void *arg,
    bool *leads);
/* On the loop's thread, before done was called. */
void login_flights_leave(struct login_flights *, struct login_ticket *);
/* Copies the result; keeps: for those that come later. */
void login_flights_end(struct login_flights *, const uint8_t key[HASH_LEN],
    const struct fetch_result *, bool keeps, uint64_t now_ms);

#endif
