#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/str.h"
#include "chain/grpc.h"
#include "conf/schema.h"
#include "filter/filters.h"

#define LINE_USUAL	1000	/* bytes */

/*
 * access_log: one line of JSON for each exchange, when it is over, with the
 * field names that Istio's pipelines know.  Numbers are numbers; what is not
 * known is "-" in a text and left out of a number.  Control characters in
 * what came from a peer are escaped.
 */
struct access_log {
	double  share;		/* of the exchanges that went well */
	int64_t percent;
	bool    off;
};

static const struct conf_field fields[] = {
	{ "off", CONF_BOOL_T, CONF_AT(struct access_log, off),
	    .fallback = "false", .text = "writes nothing" },
	{ "percent", CONF_INT_T, CONF_AT(struct access_log, percent),
	    .min = 0, .max = 100, .fallback = "100",
	    .text = "share of exchanges without error that are written" },
	{ 0 },
};

const struct conf_schema filter_access_log_schema = {
	"access_log", sizeof(struct access_log), fields, NULL
};

static int
configure(void **shared, const struct conf_node *node, struct err *err)
{
	struct access_log *l = mem_zalloc(sizeof(*l));
	struct arena scratch;

	arena_init(&scratch);
	int r = conf_decode(node != NULL ? node : conf_map_new(&scratch),
	    &filter_access_log_schema, &scratch, l, err);

	arena_fini(&scratch);
	if (r != 0) {
		mem_free(l);
		return -1;
	}
	l->share = (double)l->percent / 100;
	*shared = l;
	return 0;
}

/* What stands in front of a value; a line is one copy for each. */
#define NUMBER(name)	SLICE(",\"" name "\":")
#define TEXT(name)	SLICE(",\"" name "\":\"")

static void
add_text(struct str *s, struct slice name, struct slice value)
{
	str_add_slice(s, name);
	if (value.len == 0) {	/* of many fields on most lines */
		str_add_slice(s, SLICE("-\""));
		return;
	}
	str_add_json_text(s, value);
	str_add_char(s, '"');
}

/* Without printf, which is half of the cost of a line. */
static void
add_digits(struct str *s, uint64_t value, int least)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + value % 10);
	while ((value /= 10) > 0 || sizeof(digits) - at < (size_t)least);
	str_add_slice(s, slice_of(digits + at, sizeof(digits) - at));
}

static void
add_number(struct str *s, struct slice name, uint64_t value)
{
	str_add_slice(s, name);
	add_digits(s, value, 1);
}

/* Whole and parts of a microsecond count as milliseconds. */
static void
add_ms(struct str *s, struct slice name, uint64_t us)
{
	add_number(s, name, us / 1000);
	str_add_char(s, '.');
	add_digits(s, us % 1000, 3);
}

static void
add_addr(struct str *s, struct slice name, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];

	addr_format(a, text);
	add_text(s, name, slice_str(text));
}

static void
add_path(struct str *s, const struct l7_summary *m)
{
	str_add_slice(s, TEXT("path"));
	str_add_json_text(s, m->path);
	if (m->query.ptr != NULL) {
		str_add_char(s, '?');
		str_add_json_text(s, m->query);
	}
	str_add_char(s, '"');
}

static void
add_who(struct str *s, struct l7_ctx *ctx, const struct l7_summary *m)
{
	const struct conn_peer *peer = l7_peer(ctx);
	struct addr room;

	add_addr(s, TEXT("downstream_remote_address"), l7_addr(ctx, &room));
	add_addr(s, TEXT("downstream_local_address"), l7_local(ctx, &room));
	add_text(s, TEXT("requested_server_name"), slice_str(peer->sni));
	add_text(s, TEXT("client_identity"), slice_str(peer->id));
	if (peer->subject != NULL) {
		add_text(s, TEXT("downstream_peer_subject"),
		    slice_str(peer->subject));
		str_add_slice(s, TEXT("downstream_peer_fingerprint_256"));
		str_add_hex(s, peer->cert_hash, sizeof(peer->cert_hash));
		str_add_char(s, '"');
	}
	add_text(s, TEXT("server_identity"), m->upstream_id);
	add_text(s, TEXT("source_workload"), m->source_workload);
	add_text(s, TEXT("upstream_cluster"), m->service);
	add_text(s, TEXT("upstream_host"), m->upstream_host);
	add_text(s, TEXT("upstream_workload"), m->workload);
	add_text(s, TEXT("route_name"), m->route);
}

static void
add_times(struct str *s, const struct l7_summary *m)
{
	add_ms(s, NUMBER("duration"), m->end_us - m->start_us);
	if (m->upstream_us > 0)
		add_ms(s, NUMBER("upstream_service_time"), m->upstream_us);
	if (m->connect_us > 0)
		add_ms(s, NUMBER("upstream_connect_time"), m->connect_us);
	if (m->attempts > 1)
		add_number(s, NUMBER("retries"), (uint64_t)m->attempts - 1);
}

/* The date changes once a second: it is kept until then. */
static void
add_start(struct str *s, int64_t wall_us)
{
	static _Thread_local char text[CLOCK_TEXT_MAX];
	static _Thread_local int64_t second = -1;

	if (wall_us / 1000000 != second) {
		second = wall_us / 1000000;
		clock_format(text, second, -1);
	}
	str_add(s, "{\"start_time\":\"");
	str_add_slice(s, slice_of(text, strlen(text) - 1));	/* without Z */
	str_add_char(s, '.');
	add_digits(s, (uint64_t)(wall_us / 1000 % 1000), 3);
	str_add(s, "Z\"");
}

static void
done(struct l7_ctx *ctx, const struct l7_summary *m)
{
	const struct access_log *l = ctx->shared;
	bool went_well = m->flag == FLAG_NONE && m->status < 500 &&
	    !(m->is_grpc && grpc_is_error(m->grpc_status));
	struct str s = { 0 };

	if (l->off || !log_wants_access() || (went_well && l->percent < 100 &&
	    random_unit() >= l->share))
		return;
	str_reserve(&s, LINE_USUAL);
	add_start(&s, m->start_wall_us);
	add_text(&s, TEXT("listener"), slice_str(l7_listener_name(ctx)));
	add_text(&s, TEXT("method"), m->method);
	add_text(&s, TEXT("authority"), m->authority);
	add_path(&s, m);
	add_text(&s, TEXT("protocol"), m->minor == 0 ? SLICE("HTTP/1.0") :
	    m->minor == 2 ? SLICE("HTTP/2") : SLICE("HTTP/1.1"));
	add_number(&s, NUMBER("response_code"), (uint64_t)m->status);
	if (m->is_grpc)
		add_number(&s, NUMBER("grpc_status"), (uint64_t)m->grpc_status);
	add_text(&s, TEXT("response_flags"), slice_str(response_flag_name(m->flag)));
	add_text(&s, TEXT("response_code_details"), slice_str(m->details));
	if (m->noted.len > 0)
		add_text(&s, TEXT("policies_noted"), m->noted);
	add_number(&s, NUMBER("bytes_received"), m->bytes_up);
	add_number(&s, NUMBER("bytes_sent"), m->bytes_down);
	add_times(&s, m);
	add_text(&s, TEXT("user_agent"), m->user_agent);
	add_text(&s, TEXT("x_forwarded_for"), m->forwarded_for);
	add_text(&s, TEXT("request_id"), m->request_id);
	add_who(&s, ctx, m);
	str_add_char(&s, '}');
	log_access(str_slice(&s));
	str_fini(&s);
}

const struct l7_filter filter_access_log = {
	.base = { .name = "access_log", .configure = configure,
	    .release = mem_free },
	.done = done,
};
