#ifndef ROUTE_SET_TEST_H
#define ROUTE_SET_TEST_H

#include "model/set.h"

/* set_test: documents for tests.  Each fails the test where there is a fault. */
void test_set_read(struct model_set *, enum model_read, const char *documents);
const struct model_object *test_set_named(const struct model_set *,
    const char *name);

#endif
