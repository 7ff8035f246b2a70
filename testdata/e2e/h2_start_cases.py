"""RFC 9113 sections 3 and 4: how a connection starts, how frames are laid out,
and how field blocks are carried."""

from h2_cases import Table
from h2_peer import ALIVE, answers, dies, resets
from h2_wire import (ACK, COMPRESSION_ERROR, DATA, END_HEADERS, END_STREAM,
    FRAME_MAX, FRAME_SIZE_ERROR, GOAWAY, HEADERS, PING, PREFACE, PRIORITY,
    PROTOCOL_ERROR, REFUSED_STREAM, SETTINGS, UNKNOWN, block, continuation,
    data, dependency, frame, get, headers, ping, post, remembered, request,
    rst, settings, window_update)

RFC = Table("9113")
RESERVED = 1 << 31


# 3 Starting HTTP/2

@RFC.case("3.1", "an upgrade to h2c is refused", begin=False, ends=True)
def _(peer):
	peer.send(b"GET /plain HTTP/1.1\r\nHost: test\r\n"
	    b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
	    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n")
	head = peer.read_until(b"\r\n\r\n")
	assert head.startswith(b"HTTP/1.1 200"), head
	assert b"upgrade" not in head.lower(), head
	assert peer.read_until(b"\n") == b"ok\n"


@RFC.case("3.4", "the server's preface is SETTINGS", begin=False)
def _(peer):
	peer.send(PREFACE + settings())
	first = peer.read_frame()
	assert first.kind == SETTINGS and not first.flags & ACK, str(first)


@RFC.case("3.4", "the client's SETTINGS are acknowledged", begin=False)
def _(peer):
	peer.send(PREFACE + settings(INITIAL_WINDOW_SIZE=10))
	peer.read_until_frame(lambda seen: seen.kind == SETTINGS and
	    seen.flags & ACK)


RFC.add("3.4", "requests may follow the client's preface at once",
    PREFACE + settings() + get(1) + get(3), answers(200), stream=3, begin=False)
RFC.add("3.4", "the client's SETTINGS may be empty",
    PREFACE + frame(SETTINGS) + get(1), answers(200), begin=False)


@RFC.case("3.4", "the preface may come byte by byte", answers(200), begin=False)
def _(peer):
	for byte in PREFACE + settings(INITIAL_WINDOW_SIZE=100) + get(1):
		peer.send(bytes([byte]))


@RFC.case("3.4", "another preface is not taken for HTTP/2", begin=False,
    ends=True, reaches=False)
def _(peer):
	peer.send(b"PRI /case HTTP/2.0\r\n\r\nXX\r\n\r\n" + settings() + get(1))
	# It may be refused in either protocol, or without a word.
	raw = peer.read_to_end()
	assert not raw or raw.startswith(b"HTTP/1.1 4") or \
	    raw.startswith(b"HTTP/1.1 5") or raw[3] in (SETTINGS, GOAWAY), raw


NO_SETTINGS = (
	("PING", ping()),
	("HEADERS", get(1, "/case")),
	("WINDOW_UPDATE", window_update(0, 1)),
	("an acknowledgement of SETTINGS", frame(SETTINGS, flags=ACK)),
	("a frame of an unknown type", frame(UNKNOWN)),
)
for name, first in NO_SETTINGS:
	RFC.add("3.4", f"{name} in the place of the client's SETTINGS is an error",
	    PREFACE + first + settings(), dies(PROTOCOL_ERROR), begin=False,
	    reaches=False)


# 4.1 Frame format

RFC.add("4.1", "a frame of an unknown type is ignored",
    frame(UNKNOWN, b"whatever") + get(1), answers(200))
RFC.add("4.1", "a frame of an unknown type on an idle stream is ignored",
    frame(UNKNOWN, b"whatever", 0xff, 5), ALIVE)
RFC.add("4.1", "a frame of an unknown type on an open stream is ignored",
    post(1) + frame(UNKNOWN, b"whatever", 0xff, 1) + data(1, b"a", END_STREAM),
    answers(200))
RFC.add("4.1", "an unknown flag of HEADERS is ignored",
    headers(1, block(*request()), END_HEADERS | END_STREAM | 0xd2),
    answers(200))
RFC.add("4.1", "an unknown flag of DATA is ignored",
    post(1) + data(1, b"a", END_STREAM | 0xf6), answers(200))
RFC.add("4.1", "an unknown flag of SETTINGS is ignored",
    frame(SETTINGS, flags=0xfe) + get(1), answers(200))


@RFC.case("4.1", "an unknown flag of PING is ignored")
def _(peer):
	peer.send(ping(b"flagged!", 0xfe))
	seen = peer.read_until_frame(lambda seen: seen.kind == PING)
	assert seen.payload == b"flagged!" and seen.flags == ACK, str(seen)


@RFC.case("4.1", "the reserved bit of a stream's number is ignored")
def _(peer):
	peer.send(frame(HEADERS, block(*request()), END_HEADERS | END_STREAM,
	    RESERVED | 1))
	peer.send(frame(PING, b"reserved", stream=RESERVED))
	assert peer.read_reply(1).status == 200
	peer.fence()
	assert any(seen.payload == b"reserved" for seen in peer.frames)


# 4.2 Frame size

TOO_LONG = bytes(FRAME_MAX + 1)

RFC.add("4.2", "DATA of 2 to the 14 octets is taken",
    post(1) + data(1, bytes(FRAME_MAX), END_STREAM), answers(200))
RFC.add("4.2", "HEADERS of 2 to the 14 octets is decoded",
    headers(1, block(*request(), ("x-fill", "x" *
    (FRAME_MAX - len(block(*request(), ("x-fill", "")) ) - 2)))),
    answers(200, 431))
RFC.add("4.2", "a longer DATA is an error",
    post(1) + data(1, TOO_LONG), dies(FRAME_SIZE_ERROR) |
    resets(FRAME_SIZE_ERROR))
RFC.add("4.2", "a longer HEADERS is an error of the connection",
    headers(1, TOO_LONG), dies(FRAME_SIZE_ERROR))
RFC.add("4.2", "a longer SETTINGS is an error of the connection",
    frame(SETTINGS, bytes(6 * 2731)), dies(FRAME_SIZE_ERROR))
RFC.add("4.2", "a longer CONTINUATION is an error of the connection",
    headers(1, block(*request()), END_STREAM) + continuation(1, TOO_LONG),
    dies(FRAME_SIZE_ERROR))
RFC.add("4.2", "a longer frame of an unknown type is an error",
    frame(UNKNOWN, TOO_LONG), dies(FRAME_SIZE_ERROR))
RFC.add("4.2", "a longer GOAWAY is an error of the connection",
    frame(GOAWAY, TOO_LONG), dies(FRAME_SIZE_ERROR))
# Nothing of a frame that is too long has to come before it is refused.
RFC.add("4.2", "a head that announces 16 MiB is refused at once",
    post(1) + frame(DATA, b"", 0, 1, length=(1 << 24) - 1),
    dies(FRAME_SIZE_ERROR) | resets(FRAME_SIZE_ERROR))


@RFC.case("4.2", "the server heeds the client's SETTINGS_MAX_FRAME_SIZE",
    MAX_FRAME_SIZE=1 << 20)
def _(peer):
	# Larger than what it must heed, so that it may use more: Peer asserts
	# that it stays within 2 to the 14, which it may always.
	reply = peer.ask(1, "/?size=40000")
	assert len(reply.body) == 40000, len(reply.body)


# 4.3 Field section compression and decompression

OPENED = headers(1, block(*request("GET", "/case")), END_STREAM)
INSIDE = (
	("PING", ping()),
	("SETTINGS", settings()),
	("DATA of the stream", data(1, b"x")),
	("HEADERS of another stream", get(3, "/case")),
	("HEADERS of the same stream", get(1, "/case")),
	("PRIORITY", frame(PRIORITY, dependency(), stream=1)),
	("RST_STREAM of the stream", rst(1)),
	("WINDOW_UPDATE", window_update(0, 1)),
	("GOAWAY", frame(GOAWAY, bytes(8))),
	("CONTINUATION of another stream", continuation(3)),
	("a frame of an unknown type", frame(UNKNOWN, b"x", 0, 1)),
)
for name, between in INSIDE:
	RFC.add("4.3", f"{name} inside a field block is an error", OPENED +
	    between + continuation(1), dies(PROTOCOL_ERROR), reaches=False)


RFC.add("4.3", "a block that ends inside a field is an error",
    headers(1, block(*request("GET", "/case"))[:-2]), dies(COMPRESSION_ERROR),
    reaches=False)
RFC.add("4.3", "a block that cannot be decoded is an error",
    headers(1, block(*request("GET", "/case")) + b"\x80"),
    dies(COMPRESSION_ERROR), reaches=False)


@RFC.case("4.3", "a block may be cut anywhere")
def _(peer):
	whole = block(*request("GET", "/plain", ("x-cut", "1")))
	stream = 1
	for at in range(len(whole) + 1):
		peer.send(headers(stream, whole[:at], END_STREAM) +
		    continuation(stream, whole[at:]))
		assert peer.read_reply(stream).status == 200, at
		stream += 2


def check_remembers(peer, path, stream=9):
	"""A field that was put into the table, and is named by its index now."""
	peer.send(headers(stream, block(*request("GET", path)) + b"\xbe"))
	seen = peer.read_reply(stream)
	assert seen.status == 200, seen.fields
	assert seen.json()["headers"]["x-kept"] == ["value"], seen.body


KEPT = remembered("x-kept", "value")


@RFC.case("4.3", "the block of a malformed request is decoded all the same")
def _(peer):
	peer.send(headers(1, block(*request(), ("UPPER", "x")) + KEPT))
	peer.read_reply(1)
	check_remembers(peer, "/")


@RFC.case("4.3", "trailers that cross the server's reset are decoded all the same")
def _(peer):
	peer.send(post(1, "/", ("content-length", "1")) + data(1, b"two") +
	    headers(1, KEPT))
	check_remembers(peer, "/")


@RFC.case("4.3", "the block of a refused stream is decoded all the same",
    begin=False)
def _(peer):
	# Before the client has answered the SETTINGS that say how many it may.
	refused = 2 * 150 + 1
	peer.send(PREFACE + settings() + b"".join(post(1 + 2 * n)
	    for n in range(150)) + headers(refused, block(*request()) + KEPT))
	assert peer.read_reply(refused).reset == REFUSED_STREAM
	peer.send(rst(1) + rst(3))
	check_remembers(peer, "/", refused + 2)
