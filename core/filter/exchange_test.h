#ifndef FILTER_EXCHANGE_TEST_H
#define FILTER_EXCHANGE_TEST_H

#include "chain/l7.h"

/*
 * exchange: requests through one filter, and what comes back, as text.  The
 * service answers each with "name=value;" of its fields.
 */
#define HEAD	"host: a\r\nconnection: close\r\n"
#define GET	"GET / HTTP/1.1\r\n" HEAD

#define KEPT(field)	"GET / HTTP/1.1\r\nhost: a\r\n" field "\r\n"

/* Requests of which the last closes; lasts until the next. */
const char *exchange(const char *filter, const char *yaml, const char *requests);
/* The service, for a bench of one's own. */
void exchange_reply(struct l7_ctx *);
void assert_has(const char *text, const char *part);
void assert_has_no(const char *text, const char *part);

#endif
