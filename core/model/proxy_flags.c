#include "model/proxy.h"

#define APP_VALUE							\
	"[PORT=]HOST:PORT[/http|h2|grpc|tcp|udp|auto][/proxy-v1|proxy-v2]"

static bool
is_app_protocol(struct slice word)
{
	static const char *const words[] = { "http", "h2", "h2c", "grpc", "tcp",
		"udp", "auto" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (slice_is(word, words[i]))
			return true;
	return false;
}

/* APP_VALUE */
static int
add_app(struct conf_node *into, struct slice text, struct err *err)
{
	struct arena *a = into->items.arena;
	struct conf_node *apps = conf_get(into, "apps");
	struct conf_node *app = conf_map_new(a);
	struct slice rest = text, protocol = SLICE_NONE, proxy = SLICE_NONE;
	struct slice port = SLICE_NONE, address, word;
	uint64_t number = 0;

	slice_cut(&rest, '/', &address);
	while (rest.ptr != NULL && slice_cut(&rest, '/', &word)) {
		bool is_proxy = slice_has_prefix(word, SLICE("proxy-"));

		if (is_proxy)
			proxy = slice_from(word, 6);
		else
			protocol = word;
	}
	if (slice_find(address, '=') >= 0)
		slice_cut(&address, '=', &port);
	if (!conf_pattern_match(CONF_HOST_PORT, address) ||
	    (port.ptr != NULL && (!slice_u64(port, &number) || number == 0 ||
	    number > UINT16_MAX)) ||
	    (protocol.ptr != NULL && !is_app_protocol(protocol)) ||
	    (proxy.ptr != NULL && !slice_is(proxy, "v1") &&
	    !slice_is(proxy, "v2")) ||
	    (proxy.ptr != NULL && slice_is(protocol, "udp")))
		return err_set(err, ERR_USAGE, "expected " APP_VALUE
		    ", found \"%.*s\"", SLICE_ARG(text));
	if (number > 0)
		conf_set_int(app, "port", (int64_t)number);
	conf_set_slice(app, "address", address);
	if (protocol.ptr != NULL)
		conf_set_slice(app, "protocol", protocol);
	if (proxy.ptr != NULL)
		conf_set_slice(app, "proxyProtocol", proxy);
	if (apps == NULL)
		apps = conf_set_list(into, "apps");
	conf_add(apps, app);
	return 0;
}

/* "ADDRESS:PORT=NAMESPACE/NAME[:PORT][/udp]" */
static int
add_upstream(struct conf_node *into, struct slice text, struct err *err)
{
	struct arena *a = into->items.arena;
	struct conf_node *upstreams = conf_get(into, "upstreams");
	struct conf_node *upstream = conf_map_new(a);
	bool is_udp = slice_has_suffix(text, SLICE("/udp"));
	struct slice rest = slice_of(text.ptr, text.len - (is_udp ? 4 : 0));
	struct slice listen, service;
	uint64_t number = 0;

	slice_cut(&rest, '=', &listen);
	/* A service of this name has a namespace before it. */
	if (is_udp && slice_find(rest, '/') < 0) {
		rest = slice_from(text, listen.len + 1);
		is_udp = false;
	}
	if (rest.ptr == NULL || !slice_cut(&rest, ':', &service) ||
	    !conf_pattern_match(CONF_LISTEN, listen) ||
	    !conf_pattern_match(CONF_SERVICE_NAME, service) ||
	    (rest.ptr != NULL && (!slice_u64(rest, &number) || number == 0 ||
	    number > UINT16_MAX)))
		return err_set(err, ERR_USAGE,
		    "expected ADDRESS:PORT=NAMESPACE/NAME[:PORT][/udp], "
		    "found \"%.*s\"", SLICE_ARG(text));
	conf_set_slice(upstream, "listen", listen);
	conf_set_slice(upstream, "service", service);
	if (number > 0)
		conf_set_int(upstream, "port", (int64_t)number);
	if (is_udp)
		conf_set_string(upstream, "protocol", "udp");
	if (upstreams == NULL)
		upstreams = conf_set_list(into, "upstreams");
	conf_add(upstreams, upstream);
	return 0;
}

/* "PORT=ADDRESS:PORT" */
static int
add_exposed(struct conf_node *into, struct slice text, struct err *err)
{
	struct conf_node *list = conf_get(into, "exposed"), *one;
	struct slice listen = text, port;
	uint64_t number;

	if (!slice_cut(&listen, '=', &port) || listen.ptr == NULL ||
	    !slice_u64(port, &number) || number == 0 || number > UINT16_MAX ||
	    !conf_pattern_match(CONF_LISTEN, listen))
		return err_set(err, ERR_USAGE, "expected PORT=ADDRESS:PORT, found "
		    "\"%.*s\"", SLICE_ARG(text));
	if (list == NULL)
		list = conf_set_list(into, "exposed");
	one = conf_add_map(list);
	conf_set_int(one, "port", (int64_t)number);
	conf_set_slice(one, "listen", listen);
	return 0;
}

/* "KEY=VALUE" */
static int
add_label(struct conf_node *into, struct slice text, struct err *err)
{
	struct conf_node *labels = conf_get(into, "labels");
	struct slice value = text, key;

	slice_cut(&value, '=', &key);
	if (value.ptr == NULL || !conf_pattern_match(CONF_LABEL_KEY, key) ||
	    !conf_pattern_match(CONF_LABEL_VALUE, value))
		return err_set(err, ERR_USAGE,
		    "expected KEY=VALUE, found \"%.*s\"", SLICE_ARG(text));
	if (labels == NULL)
		labels = conf_set_map(into, "labels");
	conf_set_slice(labels, arena_dup(into->items.arena, key).ptr, value);
	return 0;
}

/* NUMBER; the schema sees to its bounds. */
static int
add_user(struct conf_node *into, const char *field, struct slice text,
    struct err *err)
{
	struct conf_node *users = conf_get(into, field);
	uint64_t number;

	if (!slice_u64(text, &number) || number > UINT32_MAX)
		return err_set(err, ERR_USAGE, "expected the number of a user, "
		    "found \"%.*s\"", SLICE_ARG(text));
	if (users == NULL)
		users = conf_set_list(into, field);
	conf_add_int(users, (int64_t)number);
	return 0;
}

static int
add_app_user(struct conf_node *into, struct slice text, struct err *err)
{
	return add_user(into, "appUsers", text, err);
}

static int
add_workload_api_user(struct conf_node *into, struct slice text,
    struct err *err)
{
	return add_user(into, "workloadApiUsers", text, err);
}

static const struct conf_flag rows[] = {
	{ "apps", "app", APP_VALUE, add_app },
	{ "upstreams", "upstream", "ADDRESS:PORT=NAMESPACE/NAME[:PORT][/udp]",
	    add_upstream },
	{ "labels", "label", "KEY=VALUE", add_label },
	{ "appUsers", "app-user", "NUMBER", add_app_user },
	{ "workloadApiUsers", "workload-api-user", "NUMBER",
	    add_workload_api_user },
	{ "exposed", "expose", "PORT=ADDRESS:PORT", add_exposed },
	{ 0 },
};

const struct conf_flags model_proxy_flags = {
	&model_proxy_spec_schema, rows, "MESH_PROXY_",
};
