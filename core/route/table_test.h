#ifndef ROUTE_TABLE_TEST_H
#define ROUTE_TABLE_TEST_H

#include "route/table.h"

/*
 * table_test: rules and requests in a line of text, for tests of tables.
 *
 * Words are separated by spaces, in any order:
 *   HOST           "a.example", "*.example"
 *   METHOD         in capitals
 *   /path          a path, of a rule exact; of a request "/path?query"
 *   /path*         prefix
 *   ~pattern       regular expression
 *   %service/method of a call of gRPC; ~pattern/~pattern, either may be empty
 *   name:value     header; name:~pattern
 *   ?name=value    query parameter of a rule; ?name=~pattern
 *   @7             created
 *   #ns/name       route
 *   r2 m3          places in the document
 */
#define WORDS_MAX	12

struct test_rule {
	struct route_rule  rule;
	struct route_value headers[WORDS_MAX], queries[WORDS_MAX];
};

struct test_request {
	struct route_request request;
	struct route_value   headers[WORDS_MAX];
	size_t               headers_len;
};

/* Borrow the text for their life. */
void test_rule_read(struct test_rule *, const char *text);
void test_request_read(struct test_request *, const char *text);

/* The rules, each with its own number, from 0, as payload; ends with NULL. */
struct route_table *test_table(const char *const *rules);
/* The number of the rule that wins, or -1. */
int test_find(const struct route_table *, const char *request);

#endif
