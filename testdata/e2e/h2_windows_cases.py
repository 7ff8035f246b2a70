"""RFC 9113 section 6.9: WINDOW_UPDATE and flow control, both ways.  That the
server stays within the windows Peer asserts for every frame of DATA."""

from h2_cases import Table
from h2_peer import ALIVE, answers, dies, resets
from h2_wire import (DATA, END_STREAM, FLOW_CONTROL_ERROR, FRAME_MAX,
    FRAME_SIZE_ERROR, HEADERS, INITIAL_WINDOW_SIZE, PROTOCOL_ERROR, WINDOW,
    WINDOW_MAX, WINDOW_UPDATE, data, frame, get, post, rst, settings,
    window_update)

RFC = Table("9113")
ENOUGH = 64 << 20	# more than anything between us and an application holds


def body_of(peer, stream):
	return len(peer.replies[stream].body)


def is_data(seen):
	return seen.kind == DATA


# 6.9 WINDOW_UPDATE

RFC.add("6.9", "an increment of 0 is an error of the stream",
    post(1) + window_update(1, 0), resets(PROTOCOL_ERROR) |
    dies(PROTOCOL_ERROR))
RFC.add("6.9", "an increment of 0 for the connection is an error of it",
    window_update(0, 0), dies(PROTOCOL_ERROR))
for length in (0, 3, 5):
	RFC.add("6.9", f"WINDOW_UPDATE of {length} octets is an error",
	    post(1) + frame(WINDOW_UPDATE, bytes(length), stream=1),
	    dies(FRAME_SIZE_ERROR))
RFC.add("6.9", "the reserved bit of an increment is ignored",
    settings(INITIAL_WINDOW_SIZE=0) + get(1, "/?size=100") +
    window_update(1, 1 << 31 | 100), answers(200))


@RFC.case("6.9", "fields are sent though the window is empty",
    INITIAL_WINDOW_SIZE=0)
def _(peer):
	peer.send(get(1, "/?size=100"))
	seen = peer.read_until_frame(lambda seen: seen.stream == 1)
	assert seen.kind == HEADERS, str(seen)
	peer.send(rst(1))


@RFC.case("6.9", "a reply without a body needs no window", INITIAL_WINDOW_SIZE=0)
def _(peer):
	assert peer.ask(1, "/?status=204").status == 204


# 6.9.1 The flow-control window

@RFC.case("6.9.1", "the window of a stream is used up and not more",
    INITIAL_WINDOW_SIZE=1000)
def _(peer):
	peer.send(get(1, "/?size=3000"))
	while body_of(peer, 1) < 1000:
		peer.read_until_frame(is_data)
	peer.check_alive()
	assert body_of(peer, 1) == 1000, body_of(peer, 1)
	peer.grant(1, 500)
	while body_of(peer, 1) < 1500:
		peer.read_until_frame(is_data)
	peer.grant(1, 5000)
	assert len(peer.read_reply(1).body) == 3000


@RFC.case("6.9.1", "a window may be opened by single octets",
    INITIAL_WINDOW_SIZE=0)
def _(peer):
	peer.send(get(1, "/?size=5"))
	peer.read_until_frame(lambda seen: seen.stream == 1)
	for _ in range(5):
		peer.grant(1, 1)
		assert len(peer.read_until_frame(is_data).payload) == 1
	assert len(peer.read_reply(1).body) == 5


@RFC.case("6.9.1", "the window of the connection is used up and not more",
    INITIAL_WINDOW_SIZE=1 << 20)
def _(peer):
	peer.send(get(1, "/?size=100000") + get(3, "/?size=100000"))
	while body_of(peer, 1) + body_of(peer, 3) < WINDOW:
		peer.read_until_frame(is_data)
	peer.check_alive()
	assert body_of(peer, 1) + body_of(peer, 3) == WINDOW
	peer.grant(0, 200000)
	assert len(peer.read_reply(1).body) == 100000
	assert len(peer.read_reply(3).body) == 100000


@RFC.case("6.9.1", "a stream without a window leaves the others theirs",
    INITIAL_WINDOW_SIZE=0)
def _(peer):
	peer.send(get(1, "/?size=100") + get(3, "/?size=100"))
	peer.grant(3, 100)
	assert len(peer.read_reply(3).body) == 100
	assert body_of(peer, 1) == 0
	peer.grant(1, 100)
	assert len(peer.read_reply(1).body) == 100


RFC.add("6.9.1", "a window of a stream beyond 2 to the 31 is an error",
    post(1) + window_update(1, WINDOW_MAX), resets(FLOW_CONTROL_ERROR) |
    dies(FLOW_CONTROL_ERROR))
RFC.add("6.9.1", "a window of a stream beyond 2 to the 31 in steps is an error",
    post(1) + window_update(1, WINDOW_MAX - WINDOW) + window_update(1, 1),
    resets(FLOW_CONTROL_ERROR) | dies(FLOW_CONTROL_ERROR))
RFC.add("6.9.1", "a window of the connection beyond 2 to the 31 is an error of it",
    window_update(0, WINDOW_MAX), dies(FLOW_CONTROL_ERROR))
RFC.add("6.9.1", "the largest windows are accepted",
    window_update(0, WINDOW_MAX - WINDOW) + post(1) +
    window_update(1, WINDOW_MAX - WINDOW) + data(1, b"x", END_STREAM),
    answers(200))


@RFC.case("6.9.1", "a large body is taken as windows allow")
def _(peer):
	total, room, stream_room = 1 << 20, WINDOW, \
	    peer.server.get(INITIAL_WINDOW_SIZE, WINDOW)
	read = 0
	peer.send(post(1, "/"))
	while total:
		for seen in peer.frames[read:]:
			if seen.kind == WINDOW_UPDATE and seen.stream == 0:
				room += seen.number
			elif seen.kind == WINDOW_UPDATE:
				stream_room += seen.number
		read = len(peer.frames)
		n = min(total, room, stream_room, FRAME_MAX)
		if n == 0:
			assert peer.read_frame(), "ended"
			continue
		total -= n
		room -= n
		stream_room -= n
		peer.send(data(1, bytes(n), 0 if total else END_STREAM))
	assert peer.read_reply(1).json()["bodyBytes"] == 1 << 20


@RFC.case("6.9.1", "padding counts for the window, and is given back")
def _(peer):
	peer.send(post(1))
	sent = 0
	for _ in range(200):
		peer.send(frame(DATA, b"\xff" + bytes(256), 8, 1))
		sent += 257
	def given(stream):
		return sum(seen.number for seen in peer.frames
		    if seen.kind == WINDOW_UPDATE and seen.stream == stream)
	# Not more than half of a window is ever kept back.
	while given(1) < sent - WINDOW // 2 - 1:
		peer.read_until_frame(lambda seen: seen.kind == WINDOW_UPDATE)
	peer.send(data(1, b"", END_STREAM))
	assert peer.read_reply(1).status == 200


def overrun(streams):
	"""Sends without any regard to windows, to an application that reads
	nothing, until somebody says stop."""
	def sends(peer):
		peer.send(b"".join(post(1 + 2 * n) for n in range(streams)))
		for n in range(ENOUGH // FRAME_MAX):
			peer.send(data(1 + 2 * (n % streams), bytes(FRAME_MAX)))
			if peer.has_input():
				peer.read_frame()
				if peer.found(1) or peer.ending():
					return
	return sends


RFC.add("6.9.1", "DATA beyond the window of a stream is an error",
    overrun(1), resets(FLOW_CONTROL_ERROR) | dies(FLOW_CONTROL_ERROR),
    app="stalled", ends=True)
RFC.add("6.9.1", "DATA beyond the windows of many streams is an error",
    overrun(20), resets(FLOW_CONTROL_ERROR) | dies(FLOW_CONTROL_ERROR),
    app="stalled", ends=True)


# 6.9.2 The initial window

@RFC.case("6.9.2", "a smaller initial window may make a stream's negative")
def _(peer):
	peer.send(settings(INITIAL_WINDOW_SIZE=100) + get(1, "/?size=1000"))
	while body_of(peer, 1) < 100:
		peer.read_until_frame(is_data)
	peer.send(settings(INITIAL_WINDOW_SIZE=10))	# leaves -90
	peer.grant(1, 90)				# leaves nothing
	peer.check_alive()
	assert body_of(peer, 1) == 100, body_of(peer, 1)
	peer.grant(1, 1)
	assert len(peer.read_until_frame(is_data).payload) == 1
	peer.grant(1, 1000)
	assert len(peer.read_reply(1).body) == 1000


@RFC.case("6.9.2", "a larger initial window opens those of all streams",
    INITIAL_WINDOW_SIZE=0)
def _(peer):
	peer.send(get(1, "/?size=100") + get(3, "/?size=100"))
	peer.check_alive()
	assert body_of(peer, 1) == body_of(peer, 3) == 0
	peer.initial_window = 100
	peer.send(settings(INITIAL_WINDOW_SIZE=100))
	assert len(peer.read_reply(1).body) == 100
	assert len(peer.read_reply(3).body) == 100


@RFC.case("6.9.2", "the initial window is not that of the connection",
    INITIAL_WINDOW_SIZE=1 << 20)
def _(peer):
	peer.send(get(1, "/?size=100000"))
	while body_of(peer, 1) < WINDOW:
		peer.read_until_frame(is_data)
	peer.send(settings(INITIAL_WINDOW_SIZE=2 << 20))
	peer.check_alive()
	assert body_of(peer, 1) == WINDOW, body_of(peer, 1)
	peer.grant(0, 100000)
	assert len(peer.read_reply(1).body) == 100000


# nghttp2 resets the streams whose windows overflow, which we are not told of,
# where the RFC would have the connection end.
RFC.add("6.9.2", "an initial window that makes a stream's overflow is an error",
    post(1) + window_update(1, 1 << 20) +
    settings(INITIAL_WINDOW_SIZE=WINDOW_MAX), dies(FLOW_CONTROL_ERROR) |
    resets(FLOW_CONTROL_ERROR))
RFC.add("6.9.2", "an initial window of 2 to the 31 less 1 is accepted",
    settings(INITIAL_WINDOW_SIZE=WINDOW_MAX) + get(1), answers(200))
RFC.add("6.9", "WINDOW_UPDATE for the connection alone changes no stream",
    settings(INITIAL_WINDOW_SIZE=0) + get(1, "/?size=100") +
    window_update(0, 100), ALIVE)
