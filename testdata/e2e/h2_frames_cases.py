"""RFC 9113 sections 6 and 7: what each type of frame must look like and do,
but for the windows of 6.9, which are in h2_windows_cases.py."""

import struct

from h2_cases import Table
from h2_peer import ALIVE, answers, dies, resets
from h2_wire import (ACK, DATA, END_HEADERS, END_STREAM, FLOW_CONTROL_ERROR,
    FRAME_SIZE_ERROR, GOAWAY, HEADERS, NO_ERROR, PADDED, PING, PRIORITIZED,
    PRIORITY, PROTOCOL_ERROR, PUSH_PROMISE, RST_STREAM, SETTINGS,
    STREAM_CLOSED, block, continuation, data, dependency, frame, get, goaway,
    headers, padded, ping, post, request, rst, settings)

RFC = Table("9113")
WHOLE = END_HEADERS | END_STREAM
CASE = block(*request("GET", "/case"))
PLAIN = block(*request())


# 6.1 DATA

RFC.add("6.1", "DATA on stream 0 is an error of the connection",
    data(0, b"x"), dies(PROTOCOL_ERROR))


@RFC.case("6.1", "padding is taken off")
def _(peer):
	peer.send(post(1, "/") + data(1, padded(b"he", 7), PADDED) +
	    data(1, padded(b"llo", 255), PADDED | END_STREAM))
	assert peer.read_reply(1).json()["bodyBytes"] == 5, peer.replies[1].body


@RFC.case("6.1", "DATA may be nothing but padding")
def _(peer):
	peer.send(post(1, "/") + data(1, padded(b"", 9), PADDED) +
	    data(1, padded(b"", 0), PADDED | END_STREAM))
	assert peer.read_reply(1).json()["bodyBytes"] == 0, peer.replies[1].body


RFC.add("6.1", "padding as long as the payload is an error of the connection",
    post(1) + data(1, b"\x04abc", PADDED), dies(PROTOCOL_ERROR))
RFC.add("6.1", "padding beyond the payload is an error of the connection",
    post(1) + data(1, b"\xffabc", PADDED), dies(PROTOCOL_ERROR))
RFC.add("6.1", "PADDED DATA without the length of the padding is an error",
    post(1) + data(1, b"", PADDED), dies(FRAME_SIZE_ERROR, PROTOCOL_ERROR))
RFC.add("6.1", "an empty DATA may end a request",
    post(1) + data(1, b"x") + data(1, b"", END_STREAM), answers(200))


# 6.2 HEADERS

RFC.add("6.2", "HEADERS on stream 0 is an error of the connection",
    headers(0, CASE), dies(PROTOCOL_ERROR), reaches=False)
RFC.add("6.2", "padding of HEADERS is taken off",
    headers(1, padded(PLAIN, 200), WHOLE | PADDED), answers(200))
RFC.add("6.2", "a priority in HEADERS is accepted",
    headers(1, dependency(3, 255, True) + PLAIN, WHOLE | PRIORITIZED),
    answers(200))
RFC.add("6.2", "padding and a priority may stand together",
    headers(1, padded(dependency() + PLAIN, 3), WHOLE | PADDED | PRIORITIZED),
    answers(200))
RFC.add("6.2", "padding longer than HEADERS is an error of the connection",
    headers(1, bytes([len(CASE) + 1]) + CASE, WHOLE | PADDED),
    dies(PROTOCOL_ERROR), reaches=False)
RFC.add("6.2", "padding that reaches into the priority is an error",
    headers(1, b"\x04" + dependency(), WHOLE | PADDED | PRIORITIZED),
    dies(PROTOCOL_ERROR, FRAME_SIZE_ERROR))
RFC.add("6.2", "PADDED HEADERS of no bytes is an error of the connection",
    headers(1, b"", WHOLE | PADDED), dies(FRAME_SIZE_ERROR, PROTOCOL_ERROR))
RFC.add("6.2", "a priority that is cut short is an error of the connection",
    headers(1, dependency()[:4], WHOLE | PRIORITIZED), dies(FRAME_SIZE_ERROR,
    PROTOCOL_ERROR))


# 6.3 PRIORITY

RFC.add("6.3", "PRIORITY on stream 0 is an error of the connection",
    frame(PRIORITY, dependency()), dies(PROTOCOL_ERROR))
for length in (0, 4, 6):
	RFC.add("6.3", f"PRIORITY of {length} octets is an error",
	    post(1) + frame(PRIORITY, bytes(length), stream=1),
	    resets(FRAME_SIZE_ERROR) | dies(FRAME_SIZE_ERROR))
RFC.add("6.3", "PRIORITY is taken on a stream in any state",
    frame(PRIORITY, dependency(), stream=1) + get(1) +
    frame(PRIORITY, dependency(), stream=1), answers(200))


# 6.4 RST_STREAM

RFC.add("6.4", "RST_STREAM on stream 0 is an error of the connection",
    rst(0), dies(PROTOCOL_ERROR))
for length in (0, 3, 5):
	RFC.add("6.4", f"RST_STREAM of {length} octets is an error of the connection",
	    post(1) + frame(RST_STREAM, bytes(length), stream=1),
	    dies(FRAME_SIZE_ERROR))


@RFC.case("6.4", "after RST_STREAM nothing more is sent on the stream",
    INITIAL_WINDOW_SIZE=10)
def _(peer):
	peer.send(get(1, "/?size=1000"))
	peer.read_until_frame(lambda seen: seen.kind == DATA)
	peer.send(rst(1))
	peer.fence()
	after = len(peer.frames)
	peer.grant(0, 1000)
	peer.fence()
	assert not [str(seen) for seen in peer.frames[after:] if seen.stream == 1]


# 6.5 SETTINGS

RFC.add("6.5", "SETTINGS on a stream is an error of the connection",
    post(1) + frame(SETTINGS, stream=1), dies(PROTOCOL_ERROR))
RFC.add("6.5", "an acknowledgement with a payload is an error of the connection",
    frame(SETTINGS, bytes(6), ACK), dies(FRAME_SIZE_ERROR))
for length in (1, 5, 7):
	RFC.add("6.5", f"SETTINGS of {length} octets is an error of the connection",
	    frame(SETTINGS, bytes(length)), dies(FRAME_SIZE_ERROR))

WRONG = (
	("ENABLE_PUSH of 2", settings(ENABLE_PUSH=2), PROTOCOL_ERROR),
	("INITIAL_WINDOW_SIZE of 2 to the 31",
	    settings(INITIAL_WINDOW_SIZE=1 << 31), FLOW_CONTROL_ERROR),
	("INITIAL_WINDOW_SIZE of 2 to the 32 less 1",
	    settings(INITIAL_WINDOW_SIZE=(1 << 32) - 1), FLOW_CONTROL_ERROR),
	("MAX_FRAME_SIZE below 2 to the 14", settings(MAX_FRAME_SIZE=16383),
	    PROTOCOL_ERROR),
	("MAX_FRAME_SIZE of 0", settings(MAX_FRAME_SIZE=0), PROTOCOL_ERROR),
	("MAX_FRAME_SIZE of 2 to the 24", settings(MAX_FRAME_SIZE=1 << 24),
	    PROTOCOL_ERROR),
)
for name, wrong, code in WRONG:
	RFC.add("6.5.2", f"{name} is an error of the connection", wrong, dies(code))
RFC.add("6.5.2", "the least and the most of every setting are accepted",
    settings(HEADER_TABLE_SIZE=0, ENABLE_PUSH=0, MAX_CONCURRENT_STREAMS=0,
    INITIAL_WINDOW_SIZE=(1 << 31) - 1, MAX_FRAME_SIZE=16384,
    MAX_HEADER_LIST_SIZE=1 << 16) + settings(HEADER_TABLE_SIZE=(1 << 32) - 1,
    ENABLE_PUSH=1, MAX_CONCURRENT_STREAMS=(1 << 32) - 1,
    MAX_FRAME_SIZE=(1 << 24) - 1, MAX_HEADER_LIST_SIZE=(1 << 32) - 1) + get(1),
    answers(200))


@RFC.case("6.5.2", "what the server sets is within the bounds", ends=True)
def _(peer):
	assert peer.server.get(2, 0) == 0, "ENABLE_PUSH of a server"
	assert peer.server.get(4, 65535) < 1 << 31, peer.server
	assert 1 << 14 <= peer.server.get(5, 1 << 14) < 1 << 24, peer.server


@RFC.case("6.5.3", "settings are taken in their order")
def _(peer):
	peer.send(settings((4, 0), (4, 1 << 16), (4, 7)))
	peer.send(get(1, "/?size=100"))
	first = peer.read_until_frame(lambda seen: seen.kind == DATA)
	assert len(first.payload) == 7, str(first)
	peer.send(rst(1))


@RFC.case("6.5.3", "every SETTINGS is acknowledged")
def _(peer):
	before = len(peer.frames)
	peer.send(settings() * 5)
	peer.fence()
	peer.check_alive()
	seen = [seen for seen in peer.frames[before:] if seen.kind == SETTINGS]
	assert [bool(one.flags & ACK) for one in seen] == [True] * 5, len(seen)


@RFC.case("6.5.3", "an acknowledged INITIAL_WINDOW_SIZE is in force")
def _(peer):
	peer.send(settings(INITIAL_WINDOW_SIZE=0))
	peer.read_until_frame(lambda seen: seen.kind == SETTINGS)
	peer.initial_window = 0
	peer.send(get(1, "/?size=100"))
	peer.read_until_frame(lambda seen: seen.kind == HEADERS)
	peer.check_alive()
	assert not peer.replies[1].body
	peer.send(rst(1))


# 6.6 PUSH_PROMISE

RFC.add("6.6", "PUSH_PROMISE from a client is an error of the connection",
    post(1) + frame(PUSH_PROMISE, struct.pack(">I", 2) + CASE, END_HEADERS, 1),
    dies(PROTOCOL_ERROR), reaches=False)
RFC.add("6.6", "PUSH_PROMISE on stream 0 is an error of the connection",
    frame(PUSH_PROMISE, struct.pack(">I", 2) + CASE, END_HEADERS),
    dies(PROTOCOL_ERROR), reaches=False)


# 6.7 PING

@RFC.case("6.7", "PING is answered with its payload")
def _(peer):
	for mark in (bytes(8), b"\xff" * 8, b"payload!"):
		peer.send(ping(mark))
		seen = peer.read_until_frame(lambda seen: seen.kind == PING)
		assert seen.payload == mark and seen.flags == ACK, str(seen)


@RFC.case("6.7", "an acknowledgement of PING is not answered")
def _(peer):
	peer.send(ping(b"unasked!", ACK))
	peer.fence()
	assert not [seen for seen in peer.frames if seen.payload == b"unasked!"]


RFC.add("6.7", "PING on a stream is an error of the connection",
    post(1) + frame(PING, bytes(8), stream=1), dies(PROTOCOL_ERROR))
for length in (0, 7, 9):
	RFC.add("6.7", f"PING of {length} octets is an error of the connection",
	    frame(PING, bytes(length)), dies(FRAME_SIZE_ERROR))
RFC.add("6.7", "an acknowledgement of 7 octets is an error of the connection",
    frame(PING, bytes(7), ACK), dies(FRAME_SIZE_ERROR))


# 6.8 GOAWAY

RFC.add("6.8", "GOAWAY on a stream is an error of the connection",
    post(1) + frame(GOAWAY, bytes(8), stream=1), dies(PROTOCOL_ERROR))
RFC.add("6.8", "GOAWAY of 7 octets is an error of the connection",
    frame(GOAWAY, bytes(7)), dies(FRAME_SIZE_ERROR))


@RFC.case("6.8", "streams go on after the client's GOAWAY", ends=True)
def _(peer):
	peer.send(post(1, "/") + goaway(0, NO_ERROR, b"bye") +
	    data(1, b"hello", END_STREAM))
	assert peer.read_reply(1).json()["bodyBytes"] == 5, peer.found(1)


@RFC.case("6.8", "after the client's GOAWAY the connection ends with its streams",
    ends=True)
def _(peer):
	peer.send(post(1, "/") + goaway() + data(1, b"hello", END_STREAM))
	assert peer.read_reply(1).status == 200
	peer.end()
	assert peer.read_end().value in (None, NO_ERROR), peer.ending()


# 6.10 CONTINUATION

OPENED = headers(1, PLAIN[:9], END_STREAM)

RFC.add("6.10", "a block may have several CONTINUATIONs",
    OPENED + continuation(1, PLAIN[9:20], 0) + continuation(1, PLAIN[20:30], 0) +
    continuation(1, PLAIN[30:]), answers(200))
RFC.add("6.10", "one CONTINUATION may be empty",
    OPENED + continuation(1, b"", 0) + continuation(1, PLAIN[9:]),
    answers(200))
RFC.add("6.10", "END_STREAM is no flag of CONTINUATION",
    headers(1, PLAIN[:9], 0) + continuation(1, PLAIN[9:], WHOLE) +
    data(1, b"x", END_STREAM), answers(200))
RFC.add("6.10", "CONTINUATION on stream 0 is an error of the connection",
    headers(1, CASE, END_STREAM) + continuation(0), dies(PROTOCOL_ERROR),
    reaches=False)
RFC.add("6.10", "CONTINUATION without HEADERS is an error of the connection",
    continuation(1, CASE), dies(PROTOCOL_ERROR), reaches=False)
RFC.add("6.10", "CONTINUATION after the end of the block is an error",
    post(1) + continuation(1, block(("x-late", "1"))), dies(PROTOCOL_ERROR))
RFC.add("6.10", "CONTINUATION after a CONTINUATION that ended the block is an error",
    headers(1, PLAIN[:9], 0) + continuation(1, PLAIN[9:]) + continuation(1),
    dies(PROTOCOL_ERROR))
RFC.add("6.10", "CONTINUATION after DATA is an error of the connection",
    post(1) + data(1, b"x") + continuation(1), dies(PROTOCOL_ERROR))


# 7 Error codes: those that are unknown are in section 5.5

for code in (NO_ERROR, PROTOCOL_ERROR, STREAM_CLOSED, 0xffffffff):
	RFC.add("7", f"RST_STREAM with code {code:#x} ends one stream alone",
	    post(1) + rst(1, code), ALIVE)
