#ifndef POLICY_SHAPE_H
#define POLICY_SHAPE_H

#include <stdbool.h>

#include "base/slice.h"

/*
 * shape: what a path has in common with others like it: a template of
 * AuthorizationPolicy, in which {*} stands for each segment that looks like the
 * name of one thing.
 *
 *	/orders/1234/items	/orders/{*}/items
 *	/v1/users/0b1f...e7	/v1/users/{*}
 *	/login			/login
 *
 * A segment does when it has a character other than letters, digits, ".", "_", "~"
 * and "-", three digits, or between its dots more than SHAPE_WORD bytes, or such a
 * mixture of digits and letters as ids and tokens are: what somebody could be known by
 * is not kept.  Of gRPC the path names a service and a method, and stays as it is, but
 * for a "*" and the like, which would mean more to a policy.  A path of more than
 * SHAPE_SEGMENTS, or SHAPE_MAX bytes, ends in {**}.
 *
 * Paths are as http/path.h has them, without the query.  Pure.
 */
#define SHAPE_MAX	192	/* bytes, with the NUL */
#define SHAPE_SEGMENTS	12
#define SHAPE_WORD	24

/* What is no path ("*", an authority) has no shape: "". */
void shape_of_path(struct slice path, bool is_grpc, char out[SHAPE_MAX]);
bool shape_is_id(struct slice segment);

#endif
