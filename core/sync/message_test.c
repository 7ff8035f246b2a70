#include <string.h>

#include "base/unit.h"
#include "sync/message.h"

/* --- lines as they go over the wire, written from what was read --------- */

static const struct {
	const char    *line;
	enum sync_type type;
	const char    *again;	/* written back; NULL: the same */
} lines[] = {
	{ "{\"t\":\"hello\",\"schema\":1,\"version\":\"0.1.0\","
	    "\"workload\":\"shop/web-1\",\"since\":17,"
	    "\"document\":{\"kind\":\"Workload\"}}", SYNC_HELLO, NULL },
	{ "{\"t\":\"ready\",\"ready\":true}", SYNC_READY, NULL },
	{ "{\"t\":\"ready\",\"ready\":false}", SYNC_READY, NULL },
	{ "{\"t\":\"interest\",\"services\":[\"a/b\",\"c/d\"]}",
	    SYNC_INTEREST, NULL },
	{ "{\"t\":\"interest\",\"services\":[]}", SYNC_INTEREST, NULL },
	{ "{\"t\":\"ack\",\"revision\":9,\"digest\":\"00ff\"}", SYNC_ACK, NULL },
	{ "{\"t\":\"ack\",\"revision\":9}", SYNC_ACK, NULL },
	{ "{\"t\":\"nack\",\"key\":\"/core/services/a/b\",\"revision\":3,"
	    "\"error\":\"no \\\"port\\\"\\n\"}", SYNC_NACK, NULL },
	{ "{\"t\":\"listening\",\"addresses\":[\"10.0.0.1\",\"::\"]}",
	    SYNC_LISTENING, NULL },
	{ "{\"t\":\"workload\",\"document\":{\"kind\":\"Workload\"}}",
	    SYNC_WORKLOAD, NULL },
	{ "{\"t\":\"alive\"}", SYNC_ALIVE, NULL },
	{ "{\"t\":\"alive\",\"counters\":{\"report\":\"mesh-counters 1 x\\n\"}}",
	    SYNC_ALIVE, NULL },
	{ "{\"t\":\"alive\",\"counters\":{}}", SYNC_ALIVE, "{\"t\":\"alive\"}" },
	{ "{\"t\":\"alive\",\"counters\":{\"report\":\"x\"},\"uptimeMs\":7}",
	    SYNC_ALIVE, NULL },
	{ "{\"t\":\"alive\",\"uptimeMs\":0}", SYNC_ALIVE, "{\"t\":\"alive\"}" },
	{ "{\"t\":\"alive\",\"certUntil\":1790000000}", SYNC_ALIVE, NULL },
	{ "{\"t\":\"alive\",\"uptimeMs\":7,\"wall\":1790000000}", SYNC_ALIVE,
	    NULL },
	{ "{\"t\":\"withdraw\"}", SYNC_WITHDRAW, NULL },
	{ "{\"t\":\"answer\",\"id\":4,\"body\":{\"a\":[1]}}", SYNC_ANSWER, NULL },
	{ "{\"t\":\"bundle\",\"generation\":2,\"pem\":\"-----\\n\"}",
	    SYNC_BUNDLE, NULL },
	{ "{\"t\":\"revoke\",\"generation\":2,\"list\":\"1 2 spiffe://td/a\\n\"}",
	    SYNC_REVOKE, NULL },
	{ "{\"t\":\"revoke\",\"generation\":1,\"list\":\"\"}",
	    SYNC_REVOKE, NULL },
	{ "{\"t\":\"revoked\",\"generation\":2}", SYNC_REVOKED, NULL },
	{ "{\"t\":\"put\",\"key\":\"k\",\"revision\":9223372036854775807,"
	    "\"doc\":{}}", SYNC_PUT, NULL },
	{ "{\"t\":\"del\",\"key\":\"k\",\"revision\":1}", SYNC_DEL, NULL },
	{ "{\"t\":\"none\",\"service\":\"a/b\"}", SYNC_NONE, NULL },
	{ "{\"t\":\"commit\",\"revision\":1}", SYNC_COMMIT, NULL },
	{ "{\"t\":\"synced\",\"revision\":1,\"digest\":\"ab\"}",
	    SYNC_SYNCED, NULL },
	{ "{\"t\":\"reset\"}", SYNC_RESET, NULL },
	{ "{\"t\":\"bookmark\",\"revision\":0}", SYNC_BOOKMARK, NULL },
	{ "{\"t\":\"question\",\"id\":1,\"what\":\"config\"}",
	    SYNC_QUESTION, NULL },
	{ "{\"t\":\"withdrawn\",\"revision\":12}", SYNC_WITHDRAWN, NULL },
	{ "{\"t\":\"demand\",\"id\":7,\"seen\":6,\"rows\":["
	    "[\"shop/web\",0,\"0\",2500000,3,1000],"
	    "[\"shop/web\",15,\"fedcba9876543210\",0,0]]}", SYNC_DEMAND,
	    NULL },
	{ "{\"t\":\"demand\",\"id\":1,\"rows\":[[\"a/b\",0,\"0\",1,2,3,"
	    "\"later\"]]}", SYNC_DEMAND, "{\"t\":\"demand\",\"id\":1,"
	    "\"rows\":[[\"a/b\",0,\"0\",1,2,3]]}" },
	{ "{\"t\":\"lease\",\"id\":7,\"rows\":[]}", SYNC_LEASE, NULL },
	{ "{\"t\":\"displaced\",\"from\":\"192.0.2.1:5\"}", SYNC_DISPLACED,
	    NULL },
	/* What a later version adds is passed over. */
	{ "{\"more\":{\"t\":1},\"t\":\"commit\",\"revision\":1,\"x\":null}",
	    SYNC_COMMIT, "{\"t\":\"commit\",\"revision\":1}" },
	{ " {\"t\": \"reset\"} \r", SYNC_RESET, "{\"t\":\"reset\"}" },
};

#define LINES	(sizeof(lines) / sizeof(lines[0]))

TEST(messages_are_written_as_they_were_read)
{
	bool seen[SYNC_TYPES] = { [SYNC_UNKNOWN] = true };

	for (size_t i = 0; i < LINES; i++) {
		struct sync_message m;
		struct arena a;
		struct str out = { 0 };
		struct err err = ERR_INIT;

		arena_init(&a);
		assert_int_equal(sync_message_read(&m, &a,
		    slice_str(lines[i].line), &err), 0);
		assert_int_equal(m.type, lines[i].type);
		seen[m.type] = true;
		assert_int_equal(sync_message_write(&out, &m, &err), 0);
		assert_int_equal(out.ptr[out.len - 1], '\n');
		out.ptr[--out.len] = '\0';
		assert_string_equal(out.ptr, lines[i].again ? lines[i].again :
		    lines[i].line);
		str_fini(&out);
		arena_fini(&a);
	}
	for (int t = 0; t < SYNC_TYPES; t++)
		assert_true(seen[t]);
}

TEST(message_members_hold_what_the_line_says)
{
	struct sync_message m;
	struct arena a;
	struct err err = ERR_INIT;

	arena_init(&a);
	assert_int_equal(sync_message_read(&m, &a, slice_str(lines[0].line),
	    &err), 0);
	assert_int_equal(m.schema, 1);
	assert_int_equal(m.since, 17);
	assert_true(slice_is(m.version, "0.1.0"));
	assert_true(slice_is(m.workload, "shop/web-1"));
	assert_string_equal(conf_get_string(m.document, "kind"), "Workload");
	assert_int_equal(sync_message_read(&m, &a, slice_str(lines[3].line),
	    &err), 0);
	assert_int_equal(m.names_len, 2);
	assert_true(slice_is(m.names[1], "c/d"));
	assert_null(m.document);
	arena_fini(&a);
}

static const struct {
	const char *line, *error;
} bad[] = {
	{ "", "session:1:1: invalid JSON: unexpected token near end of file" },
	{ "[]", "expected an object with the type \"t\"" },
	{ "7", "expected an object with the type \"t\"" },
	{ "{}", "expected an object with the type \"t\"" },
	{ "{\"t\":1}", "expected an object with the type \"t\"" },
	{ "{\"t\":\"commit\"}", "\"commit\": revision is missing" },
	{ "{\"t\":\"commit\",\"revision\":null}",
	    "\"commit\": revision is missing" },
	{ "{\"t\":\"commit\",\"revision\":-1}",
	    "\"commit\": revision: a negative number" },
	{ "{\"t\":\"commit\",\"revision\":\"1\"}",
	    "\"commit\": revision: expected a number, found a string" },
	{ "{\"t\":\"put\",\"key\":\"k\",\"revision\":1,\"doc\":[]}",
	    "\"put\": doc: expected a map, found a list" },
	{ "{\"t\":\"put\",\"key\":7,\"revision\":1,\"doc\":{}}",
	    "\"put\": key: expected a string, found a number" },
	{ "{\"t\":\"interest\",\"services\":[\"a/b\",null]}",
	    "\"interest\": services: expected names, found nothing" },
	{ "{\"t\":\"alive\",\"counters\":\"\"}",
	    "\"alive\": counters: expected a map, found a string" },
	{ "{\"t\":\"lease\",\"id\":1,\"rows\":[[\"a/b\",0,\"0\",1]]}",
	    "\"lease\": rows[0]: expected [limit, index, key, parts, proxies]" },
	{ "{\"t\":\"lease\",\"id\":1,\"rows\":[[\"a/b\",0,\"G\",1,1]]}",
	    "\"lease\": rows[0]: expected [limit, index, key, parts, proxies]" },
	{ "{\"t\":\"lease\",\"id\":1,\"rows\":[[\"a/b\",-1,\"0\",1,1]]}",
	    "\"lease\": rows[0]: expected [limit, index, key, parts, proxies]" },
	{ "{\"t\":\"lease\",\"id\":1,\"rows\":[7]}",
	    "\"lease\": rows[0]: expected [limit, index, key, parts, proxies]" },
	{ "{\"t\":\"demand\",\"id\":1}", "\"demand\": rows is missing" },
	{ "{\"t\":\"reset\",\"t\":\"reset\"}",
	    "session:1:14: duplicate key \"t\"" },
};

TEST(messages_that_are_none_are_refused)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct sync_message m;
		struct arena a;
		struct err err = ERR_INIT;

		arena_init(&a);
		assert_int_equal(sync_message_read(&m, &a,
		    slice_str(bad[i].line), &err), -1);
		assert_string_equal(err.text, bad[i].error);
		assert_int_equal(err.kind, ERR_DATA);
		assert_int_equal(m.type, SYNC_UNKNOWN);
		arena_fini(&a);
	}
}

TEST(message_of_interest_names_what_a_proxy_may_call)
{
	for (size_t n = SYNC_SERVICES_MAX; n <= SYNC_SERVICES_MAX + 1; n++) {
		struct str line = { 0 };
		struct sync_message m;
		struct err err = ERR_INIT;
		struct arena a;

		arena_init(&a);
		str_add(&line, "{\"t\":\"interest\",\"services\":[\"a/0\"");
		for (size_t i = 1; i < n; i++)
			str_addf(&line, ",\"a/%zu\"", i);
		str_add(&line, "]}");
		assert_int_equal(sync_message_read(&m, &a, str_slice(&line),
		    &err), n > SYNC_SERVICES_MAX ? -1 : 0);
		arena_fini(&a);
		str_fini(&line);
	}
	assert_true(SYNC_SERVICES_MAX > 10000);	/* agent_interest.h */
}

TEST(message_of_a_later_version_is_unknown)
{
	struct sync_message m;
	struct arena a;
	struct err err = ERR_INIT;

	arena_init(&a);
	assert_int_equal(sync_message_read(&m, &a,
	    SLICE("{\"t\":\"novelty\",\"revision\":\"x\"}"), &err), 0);
	assert_int_equal(m.type, SYNC_UNKNOWN);
	/* The name of the row itself is nobody's word. */
	assert_int_equal(sync_message_read(&m, &a,
	    SLICE("{\"t\":\"unknown\"}"), &err), 0);
	assert_int_equal(m.type, SYNC_UNKNOWN);
	arena_fini(&a);
}

TEST(message_takes_a_document_that_is_text_already)
{
	struct sync_message m = { .type = SYNC_PUT, .key = SLICE("k"),
	    .revision = 3, .document_json = SLICE("{\"kind\":\"Service\"}") };
	struct str out = { 0 };
	struct err err = ERR_INIT;

	str_add(&out, "before\n");
	assert_int_equal(sync_message_write(&out, &m, &err), 0);
	assert_string_equal(out.ptr, "before\n{\"t\":\"put\",\"key\":\"k\","
	    "\"revision\":3,\"doc\":{\"kind\":\"Service\"}}\n");
	str_fini(&out);
}

TEST(message_longer_than_a_line_is_not_written)
{
	struct sync_message m = { .type = SYNC_NONE };
	struct str out = { 0 }, name = { 0 };
	struct err err = ERR_INIT;
	/* {"t":"none","service":""} */
	size_t frame = 25;

	for (size_t i = 0; i < SYNC_LINE_MAX - frame; i++)
		str_add_char(&name, 'x');
	m.service = str_slice(&name);
	assert_int_equal(sync_message_write(&out, &m, &err), 0);
	assert_int_equal(out.len, SYNC_LINE_MAX + 1);
	str_clear(&out);
	str_add(&out, "before\n");
	str_add_char(&name, 'x');
	m.service = str_slice(&name);
	assert_int_equal(sync_message_write(&out, &m, &err), -1);
	assert_int_equal(err.kind, ERR_TOO_LARGE);
	assert_string_equal(out.ptr, "before\n");
	str_fini(&out);
	str_fini(&name);
}

/* --- lines --------------------------------------------------------------- */

#define STREAM	"{\"t\":\"reset\"}\n\n{\"t\":\"commit\",\"revision\":1}\nrest"

/* What comes out, joined with '|', when the text arrives cut at `cut`. */
static void
split(struct str *out, size_t cut)
{
	struct sync_lines l = { 0 };
	struct buf b = { 0 };
	struct arena a;
	struct slice text = SLICE(STREAM), line;
	struct err err = ERR_INIT;

	arena_init(&a);
	for (int half = 0; half < 2; half++) {
		/* Separate segments, so that a line spans them. */
		struct buf piece = { 0 };

		buf_add_slice(&piece, half ? slice_from(text, cut) :
		    slice_of(text.ptr, cut));
		buf_move(&b, &piece);
		while (sync_lines_next(&l, &b, &a, &line, &err) == 1) {
			assert_int_equal(line.ptr[line.len], '\0');
			str_add_slice(out, line);
			str_add_char(out, '|');
		}
	}
	str_addf(out, "%zu", buf_len(&b));
	buf_fini(&b);
	arena_fini(&a);
}

TEST(lines_are_the_same_wherever_bytes_are_cut)
{
	for (size_t cut = 0; cut <= sizeof(STREAM) - 1; cut++) {
		struct str out = { 0 };

		split(&out, cut);
		assert_string_equal(out.ptr, "{\"t\":\"reset\"}||"
		    "{\"t\":\"commit\",\"revision\":1}|4");
		str_fini(&out);
	}
}

/* A line of len bytes, the newline behind it; the answer of the splitter. */
static int
long_line(size_t len, bool ended)
{
	struct sync_lines l = { 0 };
	struct buf b = { 0 };
	struct arena a;
	struct slice line;
	struct err err = ERR_INIT;
	char block[4096];

	memset(block, 'x', sizeof(block));
	arena_init(&a);
	for (size_t at = 0; at < len; at += sizeof(block))
		buf_add(&b, block, len - at < sizeof(block) ? len - at :
		    sizeof(block));
	if (ended)
		buf_add(&b, "\n", 1);
	int result = sync_lines_next(&l, &b, &a, &line, &err);

	if (result == 1)
		assert_int_equal(line.len, len);
	if (result == -1)
		assert_int_equal(err.kind, ERR_TOO_LARGE);
	buf_fini(&b);
	arena_fini(&a);
	return result;
}

TEST(line_has_a_limit_whether_it_ends_or_not)
{
	assert_int_equal(long_line(SYNC_LINE_MAX, true), 1);
	assert_int_equal(long_line(SYNC_LINE_MAX, false), 0);
	assert_int_equal(long_line(SYNC_LINE_MAX + 1, true), -1);
	assert_int_equal(long_line(SYNC_LINE_MAX + 1, false), -1);
}
