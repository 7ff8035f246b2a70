"""RFC 9113 section 5: the states of streams, their numbers and their number,
errors, and extensions."""

from h2_cases import Table
from h2_peer import ALIVE, answers, dies, resets
from h2_wire import (END_STREAM, FRAME_SIZE_ERROR, GOAWAY,
    MAX_CONCURRENT_STREAMS, PREFACE, NO_ERROR, PING, PRIORITY, PROTOCOL_ERROR,
    REFUSED_STREAM, RST_STREAM, STREAM_CLOSED, UNKNOWN, block, continuation,
    data, dependency, frame, get, goaway, headers, ping, post, request, rst,
    settings, window_update)

RFC = Table("9113")
CLOSED = dies(STREAM_CLOSED) | resets(STREAM_CLOSED)


def priority(stream, on=0, **how):
	return frame(PRIORITY, dependency(on, **how), stream=stream)


# 5.1 Stream states: idle

IDLE = (
	("DATA", data(1, b"x")),
	("RST_STREAM", rst(1)),
	("WINDOW_UPDATE", window_update(1, 1)),
	("CONTINUATION", continuation(1, block(*request("GET", "/case")))),
)
for name, first in IDLE:
	RFC.add("5.1", f"{name} on an idle stream is an error of the connection",
	    first, dies(PROTOCOL_ERROR), reaches=False)
RFC.add("5.1", "WINDOW_UPDATE on an idle stream above an open one is an error",
    post(1) + window_update(3, 1), dies(PROTOCOL_ERROR))
RFC.add("5.1", "PRIORITY on an idle stream changes nothing",
    priority(5) + get(1), answers(200))

# 5.1 open

RFC.add("5.1", "an open stream takes WINDOW_UPDATE and PRIORITY",
    post(1) + window_update(1, 1) + priority(1) + data(1, b"x", END_STREAM),
    answers(200))
RFC.add("5.1", "an open stream may be reset", post(1) + rst(1), ALIVE)

# 5.1 half-closed (remote): the reply is held back by a window of nothing

HELD = settings(INITIAL_WINDOW_SIZE=0) + get(1, "/?size=100")
for name, late in (
	("DATA", data(1, b"x")),
	("DATA that ends it again", data(1, b"", END_STREAM)),
	("HEADERS", headers(1, block(("x-late", "1")))),
):
	RFC.add("5.1", f"{name} on a half-closed stream is an error", HELD + late,
	    CLOSED)
RFC.add("5.1", "CONTINUATION on a half-closed stream is an error of the connection",
    HELD + continuation(1), dies(PROTOCOL_ERROR))
RFC.add("5.1", "a half-closed stream takes WINDOW_UPDATE",
    HELD + window_update(1, 100), answers(200))
RFC.add("5.1", "a half-closed stream takes PRIORITY",
    HELD + priority(1) + window_update(1, 100), answers(200))
RFC.add("5.1", "a half-closed stream may be reset", HELD + rst(1), ALIVE)

# 5.1 closed, by the end of both sides or by the client's reset

IGNORED = ALIVE	# section 5.1: it may also be an error of the connection


def after_reply(late):
	def sends(peer):
		assert peer.ask(1).status == 200
		del peer.replies[1]	# what comes of late is another matter
		peer.send(late)
	return sends


for name, late in (
	("DATA", data(1, b"x")),
	("HEADERS", get(1, "/case")),
):
	RFC.add("5.1", f"{name} on a stream that has ended is never served",
	    after_reply(late), CLOSED | IGNORED, reaches=False)
RFC.add("5.1", "CONTINUATION on a stream that has ended is an error",
    after_reply(continuation(1)), dies(PROTOCOL_ERROR, STREAM_CLOSED))
for name, late in (
	("WINDOW_UPDATE", window_update(1, 1)),
	("RST_STREAM", rst(1, NO_ERROR)),
	("PRIORITY", priority(1)),
):
	RFC.add("5.1", f"{name} on a stream that has ended is no error",
	    after_reply(late), ALIVE)
for name, late in (
	("DATA", data(1, b"x")),
	("HEADERS", headers(1, block(*request("GET", "/case")))),
):
	RFC.add("5.1", f"{name} on a stream that the client reset is never served",
	    post(1, "/") + rst(1) + late, CLOSED | IGNORED, reaches=False)
RFC.add("5.1", "PRIORITY on a stream that the client reset is no error",
    post(1) + rst(1) + priority(1), ALIVE)
RFC.add("5.1", "WINDOW_UPDATE on a stream that the client reset is never an answer",
    post(1) + rst(1) + window_update(1, 1), CLOSED | IGNORED)


@RFC.case("5.1", "frames that cross the server's reset are dropped")
def _(peer):
	peer.send(post(1, "/", ("content-length", "1")) + data(1, b"two") +
	    data(1, b"x") + window_update(1, 1) + priority(1) +
	    data(1, b"x", END_STREAM))
	assert peer.read_reply(1).reset == PROTOCOL_ERROR, peer.found(1)


@RFC.case("5.1", "DATA that cross the server's reset count for the connection")
def _(peer):
	# More than the window in all: whoever drops them gives the room back.
	block_of = 16000
	for n in range(20):
		stream = 1 + 2 * n
		peer.send(post(stream, "/", ("content-length", "1")) +
		    data(stream, bytes(2)))
		peer.read_reply(stream)
		before = sum(seen.number for seen in peer.frames if seen.stream == 0
		    and seen.kind == 8)
		peer.send(data(stream, bytes(block_of)))
	peer.fence()
	given = sum(seen.number for seen in peer.frames if seen.stream == 0
	    and seen.kind == 8)
	assert before <= given and given > 20 * block_of - 65535, given


# 5.1.1 Stream identifiers

RFC.add("5.1.1", "a stream of an even number is an error of the connection",
    get(2, "/case"), dies(PROTOCOL_ERROR), reaches=False)
RFC.add("5.1.1", "streams may be skipped", get(7), answers(200), stream=7)
# By section 5.1.1 an error of the connection; nghttp2 cannot tell it from
# trailers that cross a reset, and ignores it.
RFC.add("5.1.1", "a stream below one that was opened is never served",
    get(5) + get(3, "/case"), dies(PROTOCOL_ERROR, STREAM_CLOSED) | ALIVE,
    stream=3, reaches=False)


@RFC.case("5.1.1", "a number that was used is not used again",
    dies(PROTOCOL_ERROR, STREAM_CLOSED) | resets(STREAM_CLOSED) | ALIVE,
    reaches=False)
def _(peer):
	assert peer.ask(1).status == 200 and peer.ask(3).status == 200
	del peer.replies[1]
	peer.send(get(1, "/case"))


@RFC.case("5.1.1", "the highest number is served, and is the last", ends=True)
def _(peer):
	last = (1 << 31) - 1
	assert peer.ask(last).status == 200
	peer.fence()


# 5.1.2 Stream concurrency

ABOVE = 9999


def fill(peer, path="/"):
	"""Opens as many streams as may be; gives how many."""
	most = peer.server.get(MAX_CONCURRENT_STREAMS)
	assert most, "the server sets no limit"
	peer.send(b"".join(post(1 + 2 * n, path) for n in range(most)))
	return most


@RFC.case("5.1.2", "the limit of streams is 100 or more, and is said",
    ends=True)
def _(peer):
	assert 100 <= peer.server[MAX_CONCURRENT_STREAMS] <= 1000, peer.server


@RFC.case("5.1.2", "a stream above the limit is refused before the client knows it",
    begin=False)
def _(peer):
	# Nothing is read in between, so the server's SETTINGS stay unanswered.
	peer.send(PREFACE + settings() + b"".join(post(1 + 2 * n)
	    for n in range(150)))
	above = 299
	assert peer.read_reply(above).reset == REFUSED_STREAM, peer.found(above)
	most = peer.server[MAX_CONCURRENT_STREAMS]
	assert peer.replies[1 + 2 * most].reset == REFUSED_STREAM, most
	# The others are not touched, and room is made by one that ends.
	peer.send(data(1, b"x", END_STREAM))
	assert peer.read_reply(1).status == 200
	peer.send(rst(3))
	assert peer.ask(above + 2).status == 200
	peer.send(rst(5))


# nghttp2 takes the connection for it, as section 5.4 allows.
@RFC.case("5.1.2", "a stream above the limit that the client knows is an error",
    dies(PROTOCOL_ERROR, REFUSED_STREAM) |
    resets(PROTOCOL_ERROR, REFUSED_STREAM), stream=ABOVE, ends=True)
def _(peer):
	fill(peer)
	peer.send(get(ABOVE, "/plain"))


@RFC.case("5.1.2", "streams that were reset make room")
def _(peer):
	most = fill(peer)
	peer.send(rst(1) + rst(3))
	peer.fence()
	assert peer.ask(1 + 2 * most).status == 200
	peer.send(rst(5))


@RFC.case("5.1.2", "as many as the limit are served at once")
def _(peer):
	most = fill(peer)
	for n in range(most):
		peer.send(data(1 + 2 * n, b"%d" % n, END_STREAM))
	for n in range(most):
		assert peer.read_reply(1 + 2 * n).status == 200, n


# 5.2 Flow control is section 6.9; 5.3 Prioritization is deprecated

RFC.add("5.3.2", "priorities of the client are accepted and change nothing",
    priority(3) + priority(5, 3, weight=255, is_exclusive=True) +
    priority(7, 5) + get(5), answers(200), stream=5)


# 5.4 Error handling

@RFC.case("5.4.1", "GOAWAY names the last stream that was taken", ends=True)
def _(peer):
	assert peer.ask(1).status == 200 and peer.ask(3).status == 200
	peer.send(data(0, b"x"))
	peer.read_end()
	assert peer.ending().number == 3, peer.ending().number


@RFC.case("5.4.1", "after GOAWAY of an error the connection is closed", ends=True)
def _(peer):
	peer.send(ping() + frame(PING, b"short") + get(1, "/case"))
	assert peer.read_end() == next(iter(dies(FRAME_SIZE_ERROR)))
	assert peer.frames[-1].kind == GOAWAY, str(peer.frames[-1])
	assert 1 not in peer.replies


@RFC.case("5.4.2", "an error of one stream leaves the others")
def _(peer):
	peer.send(post(1) + post(3) + window_update(3, 1) +
	    headers(5, block(*request(), ("Upper", "x"))))
	peer.read_reply(5)
	peer.send(data(1, b"x", END_STREAM) + data(3, b"x", END_STREAM))
	assert peer.read_reply(1).status == 200
	assert peer.read_reply(3).status == 200


@RFC.case("5.4.2", "RST_STREAM is not answered by RST_STREAM")
def _(peer):
	peer.send(post(1) + rst(1) + post(3) + rst(3) + rst(3))
	peer.fence()
	peer.check_alive()
	assert not [seen for seen in peer.frames if seen.kind == RST_STREAM]


@RFC.case("5.4.3", "the end of a connection ends its streams", ends=True)
def _(peer):
	peer.send(post(1))
	peer.fence()
	peer.end()
	peer.read_end()


# 5.5 Extending HTTP/2

RFC.add("5.5", "an unknown setting is ignored", settings((0xf0, 1), (0, 7),
    (0xffff, 0xffffffff)) + get(1), answers(200))
RFC.add("5.5", "an unknown error code of RST_STREAM means nothing special",
    post(1) + rst(1, 0xdeadbeef), ALIVE)


@RFC.case("5.5", "an unknown error code of GOAWAY means nothing special",
    ends=True)
def _(peer):
	peer.send(post(1, "/") + goaway(0, 0xdeadbeef, b"debug data") +
	    data(1, b"x", END_STREAM))
	assert peer.read_reply(1).status == 200


RFC.add("5.5", "an unknown frame that is large is ignored",
    frame(UNKNOWN, bytes(16384)) + get(1), answers(200))
