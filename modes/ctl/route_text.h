#ifndef CTL_ROUTE_TEXT_H
#define CTL_ROUTE_TEXT_H

#include "model/http_route.h"

/*
 * route_text: parts of routes in one line each, for people.
 * Words are those that documents have; backends are written as `split` takes
 * them.
 */

/* "PathPrefix /v2, method GET, header x-canary=1, query a~b.*" */
void route_text_match(struct str *, const struct model_http_match *);
/* One match of a rule of any kind of route: "every connection". */
void route_text_match_of(struct str *, const struct model_object *route,
    size_t rule, size_t match);
/* The matches of a rule: "PathPrefix /a or Exact /b". */
void route_text_matches(struct str *, const struct model_object *route,
    size_t rule);
/* "v1:80=90 v2:80=10"; "Kind/name" for what is no Service. */
void route_text_backend(struct str *, const struct model_backend_ref *);
void route_text_backends(struct str *, const struct model_backend_ref *,
    size_t n);
/* "90.0%"; of a sum of 0 nothing gets anything. */
void route_text_share(struct str *, int64_t weight, int64_t sum);
/* "RequestHeaderModifier, RequestMirror to shop/copy:80" */
void route_text_filters(struct str *, const struct model_http_filter *, size_t n);
/* "request 10s, each try 2s"; nothing when none is given. */
void route_text_timeouts(struct str *, const struct model_http_timeouts *);
/* "3 times after 500, 503, after at least 25ms" */
void route_text_retry(struct str *, const struct model_http_retry *);

#endif
