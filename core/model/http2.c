#include "model/http2.h"

#define DAY	INT64_C(86400000)
#define KIB	INT64_C(1024)
#define COUNT_MAX	1000000

#define NUMBER(word, where, low, high, unless_given, line)		\
	{ word, CONF_INT_T, where, .min = low, .max = high,		\
	    .fallback = unless_given, .text = line }
#define BYTES(word, where, low, high, unless_given, line)		\
	{ word, CONF_BYTES_T, where, .min = low, .max = high,		\
	    .fallback = unless_given, .text = line }
#define DURATION(word, where, low, high, unless_given, line)		\
	{ word, CONF_DURATION_T, where, .min = low, .max = high,	\
	    .fallback = unless_given, .text = line }

#define KEEP(member)	CONF_AT(struct model_keep_alive, member)

static const struct conf_field keep_alive_fields[] = {
	DURATION("interval", KEEP(interval_ms), 1000, DAY, "30s",
	    "of silence, while streams are under way, after which PING is sent"),
	DURATION("timeout", KEEP(timeout_ms), 100, DAY, "10s",
	    "for the answer, after which the connection is closed"),
	{ 0 },
};

const struct conf_schema model_keep_alive_schema = { "keep-alive",
	sizeof(struct model_keep_alive), keep_alive_fields, NULL };

#define FLOOD(member)	CONF_AT(struct model_h2_flood, member)

static const struct conf_field flood_fields[] = {
	NUMBER("resets", FLOOD(resets), 1, COUNT_MAX, "100",
	    "streams that are broken off or faulty, at once and again each minute"),
	NUMBER("pings", FLOOD(pings), 1, COUNT_MAX, "1000",
	    "PING frames at once; twice as many each minute, one for each DATA "
	    "frame"),
	NUMBER("settings", FLOOD(settings), 1, COUNT_MAX, "100",
	    "SETTINGS frames at once, 60 % of that each minute"),
	NUMBER("prioritiesPerStream", FLOOD(priorities), 1, COUNT_MAX, "100",
	    "PRIORITY frames for each stream"),
	NUMBER("windowUpdatesPerData", FLOOD(window_updates), 1, COUNT_MAX, "20",
	    "WINDOW_UPDATE frames for each DATA frame that they make room for"),
	NUMBER("emptyData", FLOOD(empty_data), 1, COUNT_MAX, "1",
	    "DATA frames in a row without a byte and without an end"),
	NUMBER("continuations", FLOOD(continuations), 0, 32, "8",
	    "CONTINUATION frames of one header block"),
	NUMBER("queuedFrames", FLOOD(queued_frames), 100, COUNT_MAX, "5000",
	    "frames that wait for the peer to read"),
	NUMBER("queuedAcks", FLOOD(queued_acks), 10, COUNT_MAX, "1000",
	    "answers to PING and SETTINGS among them"),
	{ 0 },
};

static const struct conf_schema flood_schema = { "flood limits",
	sizeof(struct model_h2_flood), flood_fields, NULL };

#define HTTP2(member)	CONF_AT(struct model_http2, member)

static const struct conf_field http2_fields[] = {
	NUMBER("maxConcurrentStreams", HTTP2(streams), 1, 100000, "100",
	    "streams of a connection at a time"),
	BYTES("initialStreamWindowSize", HTTP2(window), 1 * KIB, INT32_MAX, "64Ki",
	    "of a stream, that nobody has read yet"),
	BYTES("initialConnectionWindowSize", HTTP2(conn_window), 65535, INT32_MAX,
	    "1Mi", "of a connection, on their way"),
	BYTES("maxHeaderListSize", HTTP2(head_bytes), 1 * KIB, 1024 * KIB, "60Ki",
	    "of a head, 32 for each field included"),
	BYTES("maxFrameSize", HTTP2(frame_bytes), 16 * KIB, 1024 * KIB, "16Ki",
	    "of one frame, either way"),
	{ "keepAlive", CONF_POINTER_T, HTTP2(keep_alive),
	    .schema = &model_keep_alive_schema,
	    .text = "asks a silent peer whether it is there" },
	{ "flood", CONF_STRUCT_T, HTTP2(flood), .schema = &flood_schema,
	    .text = "frames that a peer may send before its connection is ended" },
	{ 0 },
};

const struct conf_schema model_http2_schema = { "HTTP/2",
	sizeof(struct model_http2), http2_fields, NULL };

#define LISTENERS(member)	CONF_AT(struct model_http_listeners, member)

static const struct conf_field listeners_fields[] = {
	DURATION("maxConnectionDuration", LISTENERS(max_age_ms), 0, 365 * DAY,
	    "1h", "up to a tenth less, after which a connection takes no new "
	    "requests; 0s: no limit"),
	DURATION("maxConnectionGrace", LISTENERS(grace_ms), 0, 365 * DAY, "0s",
	    "for requests under way then, which are cut off; 0s: they may end"),
	NUMBER("maxRequestsPerConnection", LISTENERS(max_requests), 0, INT32_MAX,
	    "0", "after which a connection takes no new ones; 0: no limit"),
	{ "http2", CONF_STRUCT_T, LISTENERS(http2), .schema = &model_http2_schema,
	    .text = "limits of HTTP/2" },
	{ 0 },
};

const struct conf_schema model_http_listeners_schema = { "HTTP of listeners",
	sizeof(struct model_http_listeners), listeners_fields, NULL };
