#include "base/check.h"
#include "route/table_parts.h"

static const char *const texts[] = {
	[ROUTE_WON] = "it wins",
	[ROUTE_BY_HOST] = "its host is another",
	[ROUTE_BY_PATH] = "its path does not match",
	[ROUTE_BY_METHOD] = "its method is another",
	[ROUTE_BY_HEADER] = "a header does not match",
	[ROUTE_BY_QUERY] = "a query parameter does not match",
	[ROUTE_BELOW_HOST] = "its host is less specific",
	[ROUTE_BELOW_KIND] = "its kind of path match comes later",
	[ROUTE_BELOW_LENGTH] = "its path is shorter",
	[ROUTE_BELOW_METHOD] = "it asks for no method",
	[ROUTE_BELOW_HEADERS] = "it asks for fewer headers",
	[ROUTE_BELOW_QUERIES] = "it asks for fewer query parameters",
	[ROUTE_BELOW_AGE] = "its route is younger",
	[ROUTE_BELOW_NAME] = "its route comes later by name",
	[ROUTE_BELOW_ORDER] = "it comes later in its route",
};

static const struct {
	enum route_loss loss;
	const char     *text;
} call_texts[] = {
	{ ROUTE_BY_PATH, "its service or method is another" },
	{ ROUTE_BELOW_KIND, "it asks for less of the service and method" },
	{ ROUTE_BELOW_LENGTH, "its service or method is shorter" },
};

const char *
route_loss_text_of_call(enum route_loss loss)
{
	for (size_t i = 0; i < sizeof(call_texts) / sizeof(*call_texts); i++)
		if (call_texts[i].loss == loss)
			return call_texts[i].text;
	return route_loss_text(loss);
}

const char *
route_loss_text(enum route_loss loss)
{
	check(loss < sizeof(texts) / sizeof(texts[0]));
	return texts[loss];
}

static enum route_loss
judge(const struct route_table *t, const struct entry *e,
    const struct entry *winner, const struct route_request *req,
    struct slice *name)
{
	enum route_loss loss;

	if (!host_takes(&t->hosts[e->host], req))
		return ROUTE_BY_HOST;
	if (!entry_takes_path(e, req))
		return ROUTE_BY_PATH;
	loss = entry_takes_rest(e, req, name);
	if (loss != ROUTE_WON)
		return loss;
	/* It takes the request, so somebody won, and nobody lost to a later one. */
	check(winner != NULL && entry_compare(t, winner, e, &loss) <= 0);
	return loss;
}

void
route_explain(const struct route_table *t, const struct route_request *req,
    void (*emit)(void *arg, const struct route_verdict *), void *arg)
{
	const struct entry *winner = route_winner(t, req);
	struct route_verdict v = { .loss = ROUTE_WON };

	if (winner != NULL) {
		route_found_fill(t, winner, &v.rule);
		emit(arg, &v);
	}
	for (size_t i = 0; i < t->len; i++) {
		const struct entry *e = &t->entries[i];

		if (e == winner)
			continue;
		v.name = SLICE_NONE;
		v.loss = judge(t, e, winner, req, &v.name);
		route_found_fill(t, e, &v.rule);
		emit(arg, &v);
	}
}
