#ifndef CONTROL_API_ROUTE_H
#define CONTROL_API_ROUTE_H

#include "http/head.h"

/*
 * api_route: the table of all that control answers to, and how a request
 * finds its row.
 *
 * A row is a method and a path in which "*" stands for one segment, who may
 * call it, and what does the work.  The first row that fits is taken.
 *
 * What people may is the affair of rights.h, by the row's resource; where a
 * path of theirs has stars, the first is the namespace that it is about,
 * behind the kind in those of documents.  A row without a namespace passes
 * over it.
 */
struct api_call;

/* Who calls, as bits. */
enum api_role {
	API_NOBODY	= 1 << 0,	/* without a certificate */
	API_WORKLOAD	= 1 << 1,
	API_OPERATOR	= 1 << 2,
	API_LOCAL	= 1 << 3,	/* the local socket */
	API_ADMIN	= 1 << 4,	/* the admin listener, which has rows of its own */
	API_FEDERATION	= 1 << 5,	/* likewise: where our bundle is published */
};
#define API_ANYBODY	(API_NOBODY | API_WORKLOAD | API_OPERATOR | API_LOCAL)
#define API_PEOPLE	(API_OPERATOR | API_LOCAL)

#define API_PARAMS_MAX	4

struct api_route {
	enum http_method method;
	const char      *pattern;	/* segments; NULL ends the table */
	unsigned         who;
	const char      *resource;	/* row of rights.h, label of metrics */
	size_t           body_max;	/* bytes of JSON; 0: takes no body */
	void           (*run)(struct api_call *);
};

extern const struct api_route api_routes[];

enum api_found { API_FOUND, API_NO_PATH, API_NO_METHOD };

/*
 * Borrows path; params get what the stars stand for.  HEAD finds the rows of
 * GET.  API_NO_METHOD: the path has rows of other methods, *row is one.
 */
enum api_found api_route_find(const struct api_route *table, unsigned role,
    enum http_method, struct slice path, const struct api_route **row,
    struct slice params[API_PARAMS_MAX]);

#endif
