#include "modes/ctl/choice.h"
#include "modes/ctl/print.h"
#include "modes/ctl/route_text.h"
#include "modes/ctl/rows.h"
#include "modes/ctl/table.h"
#include "route/action.h"

/* A line, if there is something to say; empties the text. */
static void
put_line(struct choice *q, const char *title, struct str *text)
{
	if (text->len > 0)
		print_line(&q->c->out, title, str_ptr(text));
	str_clear(text);
}

static void
print_request(struct choice *q, struct str *line)
{
	const struct route_request *r = &q->asked.request;

	str_addf(line, "%.*s %.*s", SLICE_ARG(r->method), SLICE_ARG(r->path));
	if (r->query.ptr != NULL)
		str_addf(line, "?%.*s", SLICE_ARG(r->query));
	str_addf(line, " to %s port %u, from namespace %s",
	    model_object_name(q->service), q->to.port, q->from);
	put_line(q, "Request:", line);
}

static void
print_backends(struct choice *q, const struct model_http_rule *rule,
    struct str *line)
{
	int64_t sum = model_backends_weight(rule->backends, rule->backends_len);

	if (sum == 0 && model_filter_find(rule->filters, rule->filters_len,
	    MODEL_REDIRECT) == NULL)
		str_add(line, "none with a weight: answered 500");
	put_line(q, "Backends:", line);
	for (size_t i = 0; i < rule->backends_len; i++) {
		route_text_backend(line, &rule->backends[i]);
		str_addf(line, " weight %lld, ",
		    (long long)rule->backends[i].weight);
		route_text_share(line, rule->backends[i].weight, sum);
		if (rule->backends[i].filters_len > 0)
			str_add(line, "; ");
		route_text_filters(line, rule->backends[i].filters,
		    rule->backends[i].filters_len);
		put_line(q, "Backend:", line);
	}
}

/* What a rewrite or a redirect makes of this very request. */
static void
print_change(struct choice *q, const struct model_http_rule *rule,
    struct str *line)
{
	const struct route_request *r = &q->asked.request;
	const struct model_http_filter *rewrite = model_filter_find(rule->filters,
	    rule->filters_len, MODEL_REWRITE), *redirect = model_filter_find(
	    rule->filters, rule->filters_len, MODEL_REDIRECT);
	const struct route_place place = { .scheme = SLICE("http"),
		.host = r->host, .port = q->to.port, .path = r->path,
		.query = r->query, .prefix = q->found.path_kind == ROUTE_PREFIX ?
		q->found.path : SLICE_NONE };

	if (rewrite != NULL) {
		struct slice path = route_path_change(&q->c->arena,
		    rewrite->rewrite->path, r->path, place.prefix);

		str_addf(line, "%.*s", SLICE_ARG(path));
		if (rewrite->rewrite->hostname != NULL)
			str_addf(line, ", host %s", rewrite->rewrite->hostname);
		put_line(q, "Rewritten:", line);
	}
	if (redirect != NULL) {
		struct slice to = route_location(&q->c->arena, redirect->redirect,
		    &place);

		str_addf(line, "%lld, %.*s", (long long)redirect->redirect->status,
		    SLICE_ARG(to));
		put_line(q, "Redirected:", line);
	}
}

static void
print_winner(struct choice *q, struct str *line)
{
	const struct model_http_rule *rule =
	    &model_http_route(q->winner->route)->spec.rules[q->winner->rule];

	str_addf(line, "HTTPRoute %s, rules[%zu]",
	    model_object_name(q->winner->route), q->winner->rule);
	if (rule->name != NULL)
		str_addf(line, " (%s)", rule->name);
	str_addf(line, ".matches[%u]", q->found.match);
	put_line(q, "Wins:", line);
	route_text_match(line, &rule->matches[q->found.match]);
	put_line(q, "Because:", line);
	print_backends(q, rule, line);
	route_text_filters(line, rule->filters, rule->filters_len);
	put_line(q, "Filters:", line);
	print_change(q, rule, line);
	route_text_timeouts(line, &rule->timeouts);
	put_line(q, "Timeouts:", line);
	route_text_retry(line, rule->retry);
	put_line(q, "Retried:", line);
}

static void
print_policies(struct choice *q, struct str *line)
{
	CONF_FOREACH(e, q->policies) {
		str_addf(line, "%s %s, of Service %s",
		    conf_string(conf_get(e->node, "kind")),
		    conf_string(conf_get(e->node, "name")),
		    conf_string(conf_get(e->node, "service")));
		put_line(q, "Policy:", line);
	}
}

static const struct rows_column columns[] = {
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "RULE", "rule", ROWS_NUMBER, false },
	{ "MATCH", "match", ROWS_NUMBER, false },
	{ "WHY NOT", "why", ROWS_TEXT, false },
	{ "MATCHES", "matches", ROWS_TEXT, false },
	{ 0 },
};

void
choice_print(struct choice *q)
{
	struct str line = { 0 };

	print_request(q, &line);
	if (q->winner != NULL)
		print_winner(q, &line);
	else if (q->len > 0)
		print_line(&q->c->out, "Wins:", "nobody: answered 404");
	else
		print_line(&q->c->out, "Wins:", "nobody: no HTTPRoute hangs on it, "
		    "it goes to the service's own endpoints");
	print_policies(q, &line);
	CONF_FOREACH(e, q->problems)
		print_line(&q->c->out, "Problem:", conf_string(e->node));
	if (conf_len(q->others) > 0) {
		str_add_char(&q->c->out, '\n');
		rows_print(q->c, q->others, columns, "rules");
	}
	str_fini(&line);
}
