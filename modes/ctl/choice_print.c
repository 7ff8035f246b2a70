#include "model/service.h"
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

	if (q->is_stream) {
		str_addf(line, q->sni.len > 0 ? "TLS for %.*s" : "a connection",
		    SLICE_ARG(q->sni));
	} else {
		str_addf(line, "%.*s %.*s", SLICE_ARG(choice_is_call(q) ?
		    SLICE("call") : r->method), SLICE_ARG(r->path));
		if (r->query.ptr != NULL)
			str_addf(line, "?%.*s", SLICE_ARG(r->query));
	}
	str_addf(line, " to %s%s port %u", q->gateway != NULL ? "Gateway " : "",
	    model_object_name(q->gateway != NULL ? q->gateway : q->service),
	    q->to.port);
	if (q->service != NULL)
		str_addf(line, ", from namespace %s", q->from);
	else if (!q->is_stream)
		str_addf(line, ", host %.*s", SLICE_ARG(r->host.len > 0 ?
		    r->host : SLICE("none")));
	put_line(q, "Request:", line);
}

/* What happens to connections of the port, whatever routes there are. */
static void
print_protocol(struct choice *q, struct str *line)
{
	static const char *const says[] = {
		[MODEL_OPAQUE] = "bytes, of which no request is seen",
		[MODEL_HTTP] = "HTTP/1.1", [MODEL_H2C] = "HTTP/2",
		[MODEL_WS] = "HTTP/1.1 with WebSocket",
		[MODEL_TLS] = "bytes, TLS of its own",
		[MODEL_AUTO] = "what the first bytes of each connection say",
	};
	const struct model_service_port *p = q->service == NULL ? NULL :
	    model_service_port(model_service(q->service), q->to.port);

	if (p == NULL)
		return;
	str_addf(line, "%s: %s", model_port_word(p),
	    p->transport == MODEL_UDP ? "datagrams" :
	    says[model_port_protocol(p)]);
	put_line(q, "Protocol:", line);
}

static void
print_listener(struct choice *q, struct str *line)
{
	const struct gateway_listener *l = q->listener;
	const struct route_listener *of = l == NULL ? NULL : l->owner;

	if (q->gateway == NULL)
		return;
	if (q->is_tls)
		print_line(&q->c->out, "Server name:", q->sni.len == 0 ? "none" :
		    arena_printf(&q->c->arena, "%.*s", SLICE_ARG(q->sni)));
	if (l == NULL) {
		str_addf(line, "none: %s", q->refusal);
	} else {
		str_addf(line, "%.*s of %s %s, %s%s, hostname %.*s",
		    SLICE_ARG(l->name), of->document->kind->kind,
		    model_object_name(of->document), of->doc->protocol,
		    listener_is_passthrough(of->doc) ? " passed through" : "",
		    SLICE_ARG(l->hostname.len > 0 ? l->hostname : SLICE("any")));
	}
	put_line(q, "Listener:", line);
}

static void
print_backends(struct choice *q, const struct model_route_rule rule,
    struct str *line)
{
	int64_t sum = model_backends_weight(rule.backends, rule.backends_len);

	if (sum == 0 && model_filter_find(rule.filters, rule.filters_len,
	    MODEL_REDIRECT) == NULL)
		str_addf(line, "none with a weight: %s", q->is_stream ? "closed" :
		    choice_is_call(q) ? "answered UNAVAILABLE" : "answered 500");
	put_line(q, "Backends:", line);
	for (size_t i = 0; i < rule.backends_len; i++) {
		const struct model_backend_ref *b = &rule.backends[i];

		route_text_backend(line, b);
		str_addf(line, " weight %lld, ", (long long)b->weight);
		route_text_share(line, b->weight, sum);
		if (b->filters_len > 0)
			str_add(line, "; ");
		route_text_filters(line, b->filters, b->filters_len);
		put_line(q, "Backend:", line);
	}
}

/* What a rewrite or a redirect makes of this very request. */
static void
print_change(struct choice *q, const struct model_route_rule rule,
    struct str *line)
{
	const struct route_request *r = &q->asked.request;
	const struct model_http_filter *rewrite = model_filter_find(
	    rule.filters, rule.filters_len, MODEL_REWRITE);
	const struct model_http_filter *redirect = model_filter_find(
	    rule.filters, rule.filters_len, MODEL_REDIRECT);
	const struct route_place place = {
		.scheme = q->is_tls ? SLICE("https") : SLICE("http"),
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

/* What HTTPRoutes alone can say. */
static void
print_http(struct choice *q, const struct model_http_rule *rule, struct str *line)
{
	route_text_timeouts(line, &rule->timeouts);
	put_line(q, "Timeouts:", line);
	route_text_retry(line, rule->retry);
	put_line(q, "Retried:", line);
}

static void
print_winner(struct choice *q, struct str *line)
{
	const struct model_object *route = q->winner->route;
	const struct model_route_rule rule = model_route_rule(route,
	    q->winner->rule);

	str_addf(line, "%s %s, rules[%zu]", route->kind->kind,
	    model_object_name(route), q->winner->rule);
	if (rule.name != NULL)
		str_addf(line, " (%s)", rule.name);
	if (!q->is_stream)
		str_addf(line, ".matches[%u]", q->found.match);
	put_line(q, "Wins:", line);
	if (q->found.host.len > 0)
		str_addf(line, "host %.*s, ", SLICE_ARG(q->found.host));
	route_text_match_of(line, route, q->winner->rule, q->found.match);
	put_line(q, "Because:", line);
	print_backends(q, rule, line);
	route_text_filters(line, rule.filters, rule.filters_len);
	put_line(q, "Filters:", line);
	print_change(q, rule, line);
	if (route->kind == &model_http_route_kind)
		print_http(q, &model_http_route(route)->
		    spec.rules[q->winner->rule], line);
}

static const char *
why_nobody(const struct choice *q)
{
	if (choice_is_free(q))
		return "nobody: no route hangs on it, it goes to the service's own "
		    "endpoints";
	if (q->gateway != NULL && q->listener == NULL)
		return "nobody";
	return q->is_stream ? "nobody: closed" : choice_is_call(q) ?
	    "nobody: answered UNIMPLEMENTED" : "nobody: answered 404";
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
	{ "KIND", "kind", ROWS_TEXT, true },
	{ "ROUTE", "route", ROWS_TEXT, false },
	{ "RULE", "rule", ROWS_NUMBER, false },
	{ "MATCH", "match", ROWS_NUMBER, false },
	{ "WHY NOT", "why", ROWS_TEXT, false },
	{ "MATCHES", "matches", ROWS_TEXT, false },
	{ 0 },
};

static const struct rows_column listener_columns[] = {
	{ "LISTENER", "listener", ROWS_TEXT, false },
	{ "OF", "of", ROWS_TEXT, false },
	{ "PORT", "port", ROWS_NUMBER, false },
	{ "PROTOCOL", "protocol", ROWS_TEXT, false },
	{ "HOSTNAME", "hostname", ROWS_TEXT, false },
	{ "WHY NOT", "why", ROWS_TEXT, false },
	{ 0 },
};

static void
print_others(struct choice *q, const struct conf_node *rows,
    const struct rows_column *how, const char *word)
{
	if (conf_len(rows) == 0)
		return;
	str_add_char(&q->c->out, '\n');
	rows_print(q->c, rows, how, word);
}

void
choice_print(struct choice *q)
{
	struct str line = { 0 };

	print_request(q, &line);
	print_protocol(q, &line);
	print_listener(q, &line);
	if (q->winner != NULL)
		print_winner(q, &line);
	else
		print_line(&q->c->out, "Wins:", why_nobody(q));
	print_policies(q, &line);
	CONF_FOREACH(e, q->problems)
		print_line(&q->c->out, "Problem:", conf_string(e->node));
	print_others(q, q->listeners, listener_columns, "listeners");
	print_others(q, q->others, columns, "rules");
	str_fini(&line);
}
