#!/usr/bin/python3
"""RFC 9113 from the other side: what a service that is spoken to over HTTP/2 may
say to the proxy, section by section.

One proxy stands before one scripted service; each scenario asks over HTTP/1.1
and is answered by the frames of its case.  Looked at is what the service sees
of its fault (a reset or GOAWAY, and the code), and that the caller never takes
a broken reply for a whole one; the next request is served in any case.
"""

import atexit
import collections
import re
import threading

import wire
from edge import Edge
from h2_peer import Outcome, dies, resets
from h2_wire import (ACK, CANCEL, COMPRESSION_ERROR, END_HEADERS, END_STREAM,
    FLOW_CONTROL_ERROR, FRAME_MAX, FRAME_SIZE_ERROR, GOAWAY, HEADERS,
    INTERNAL_ERROR, NO_ERROR, PADDED, PING, PREFACE, PRIORITY, PROTOCOL_ERROR,
    PUSH_PROMISE, REFUSED_STREAM, RST_STREAM, SETTINGS, UNKNOWN, WINDOW_MAX,
    Frame, block, code_name, continuation, data, frame, goaway, headers,
    padded, ping, rst, settings, table_size, window_update)
from mesh import Scene, main, scenario, stop_all

OK = "ok"	# the caller has a whole reply, "ok"
BROKEN = "broken"	# it has 502, or a reply that is cut short
ANY = "any"

Case = collections.namedtuple("Case", "name says caller sees greeting method")
CASES = []


def reply(stream, *fields, status="200", body=b"ok", end=True):
	"""A proper reply."""
	return headers(stream, block((":status", status), *fields), END_HEADERS) + \
	    data(stream, body, END_STREAM if end else 0)


def add(section, what, says, caller=BROKEN, sees=None, greeting=settings(),
    method="GET"):
	"""says are the bytes for a stream; sees what comes back for them."""
	name = re.sub(r"\W+", "_", f"rfc9113 {section} {what}")
	CASES.append(Case(name, says, caller, sees, greeting, method))


def fault(section, what, says, *codes, caller=BROKEN):
	"""Of the connection."""
	add(section, f"{what} is an error of the connection", says, caller,
	    dies(*codes))


def malformed(section, what, fields, behind=b""):
	add(section, f"{what} is malformed", lambda n: headers(n, block(*fields)) +
	    behind, BROKEN, resets(PROTOCOL_ERROR))


# 3 and 4

add("3.4", "another preface than SETTINGS is an error", reply, ANY,
    dies(PROTOCOL_ERROR), greeting=ping() + settings())
add("4.1", "a frame of an unknown type is ignored",
    lambda n: frame(UNKNOWN, b"x", 0xff, n) + reply(n), OK)
fault("4.2", "HEADERS of more than 2 to the 14 octets",
    lambda n: headers(n, bytes(FRAME_MAX + 1)), FRAME_SIZE_ERROR)
fault("4.2", "DATA of more than 2 to the 14 octets",
    lambda n: reply(n, body=bytes(FRAME_MAX + 1)), FRAME_SIZE_ERROR)
add("4.3", "a block may be cut anywhere", lambda n: headers(n, b"", 0) +
    continuation(n, block((":status", "200"))[:3], 0) +
    continuation(n, block((":status", "200"))[3:]) +
    data(n, b"ok", END_STREAM), OK)
fault("4.3", "a block that cannot be decoded",
    lambda n: headers(n, b"\x80"), COMPRESSION_ERROR)
fault("4.3", "a table larger than allowed",
    lambda n: headers(n, table_size(4097) + b"\x88"), COMPRESSION_ERROR)
fault("4.3", "a frame inside a field block",
    lambda n: headers(n, b"\x88", 0) + ping(), PROTOCOL_ERROR)

# 5

fault("5.1", "DATA on an idle stream", lambda n: data(n + 100, b"x"),
    PROTOCOL_ERROR)
fault("5.1", "HEADERS on a stream of the server",
    lambda n: headers(2, b"\x88"), PROTOCOL_ERROR)
fault("5.1", "RST_STREAM on an idle stream", lambda n: rst(n + 100),
    PROTOCOL_ERROR)
fault("5.1", "WINDOW_UPDATE on an idle stream",
    lambda n: window_update(n + 100, 1), PROTOCOL_ERROR)
add("5.5", "unknown settings are ignored",
    lambda n: settings((0xf0, 1)) + reply(n), OK)

# 6

fault("6.1", "DATA on stream 0", lambda n: data(0, b"x"), PROTOCOL_ERROR)
add("6.1", "padding is taken off", lambda n: headers(n, b"\x88", END_HEADERS) +
    data(n, padded(b"ok", 100), PADDED | END_STREAM), OK)
fault("6.1", "padding beyond the payload",
    lambda n: headers(n, b"\x88", END_HEADERS) + data(n, b"\x09ok", PADDED),
    PROTOCOL_ERROR)
fault("6.2", "HEADERS on stream 0", lambda n: headers(0, b"\x88"),
    PROTOCOL_ERROR)
fault("6.3", "PRIORITY on stream 0", lambda n: frame(PRIORITY, bytes(5)),
    PROTOCOL_ERROR)
fault("6.4", "RST_STREAM on stream 0", lambda n: rst(0), PROTOCOL_ERROR)
fault("6.4", "RST_STREAM of 3 octets",
    lambda n: frame(RST_STREAM, bytes(3), stream=n), FRAME_SIZE_ERROR)
fault("6.5", "SETTINGS on a stream", lambda n: frame(SETTINGS, stream=n),
    PROTOCOL_ERROR)
fault("6.5", "SETTINGS of 5 octets", lambda n: frame(SETTINGS, bytes(5)),
    FRAME_SIZE_ERROR)
fault("6.5.2", "ENABLE_PUSH of a server",
    lambda n: settings(ENABLE_PUSH=1), PROTOCOL_ERROR)
fault("6.5.2", "INITIAL_WINDOW_SIZE of 2 to the 31",
    lambda n: settings(INITIAL_WINDOW_SIZE=1 << 31), FLOW_CONTROL_ERROR)
fault("6.5.2", "MAX_FRAME_SIZE below 2 to the 14",
    lambda n: settings(MAX_FRAME_SIZE=100), PROTOCOL_ERROR)
fault("6.6", "PUSH_PROMISE that nobody allowed",
    lambda n: frame(PUSH_PROMISE, b"\0\0\0\2" + block((":method", "GET")),
    END_HEADERS, n), PROTOCOL_ERROR)
fault("6.7", "PING on a stream", lambda n: frame(PING, bytes(8), stream=n),
    PROTOCOL_ERROR)
fault("6.7", "PING of 7 octets", lambda n: frame(PING, bytes(7)),
    FRAME_SIZE_ERROR)
fault("6.8", "GOAWAY on a stream", lambda n: frame(GOAWAY, bytes(8), stream=n),
    PROTOCOL_ERROR)
add("6.8", "a stream below that of GOAWAY is still answered",
    lambda n: goaway(n) + reply(n), OK)
fault("6.9", "an increment of 0", lambda n: window_update(0, 0),
    PROTOCOL_ERROR)
fault("6.9.1", "a window beyond 2 to the 31",
    lambda n: window_update(0, WINDOW_MAX), FLOW_CONTROL_ERROR)
fault("6.10", "CONTINUATION without HEADERS",
    lambda n: continuation(n, b"\x88"), PROTOCOL_ERROR)
fault("6.10", "CONTINUATION of more than 2 to the 14 octets",
    lambda n: headers(n, b"\x88", 0) + continuation(n, bytes(FRAME_MAX + 1)),
    FRAME_SIZE_ERROR)

# 8

add("8.1", "informational replies come before the final one",
    lambda n: headers(n, block((":status", "103"), ("link", "x")), END_HEADERS) +
    reply(n), OK)
add("8.1", "trailers end a reply", lambda n: reply(n, end=False) +
    headers(n, block(("x-a", "1"))), OK)
malformed("8.1", "an informational reply that ends", [(":status", "103")])
add("8.1", "DATA before HEADERS is malformed",
    lambda n: data(n, b"ok", END_STREAM), BROKEN,
    resets(PROTOCOL_ERROR) | dies(PROTOCOL_ERROR))
add("8.1", "a second HEADERS that does not end the reply is malformed",
    lambda n: reply(n, end=False) + headers(n, block(("x-a", "1")), END_HEADERS),
    BROKEN, resets(PROTOCOL_ERROR))
add("8.1", "a trailer that is a pseudo-field is malformed",
    lambda n: reply(n, end=False) + headers(n, block((":status", "200"))),
    BROKEN, resets(PROTOCOL_ERROR))
add("8.1.1", "more DATA than content-length is malformed",
    lambda n: reply(n, ("content-length", "1")), BROKEN, resets(PROTOCOL_ERROR))
add("8.1.1", "less DATA than content-length is malformed",
    lambda n: reply(n, ("content-length", "3")), BROKEN, resets(PROTOCOL_ERROR))
malformed("8.1.1", "a content-length without DATA",
    [(":status", "200"), ("content-length", "2")])
malformed("8.1.1", "a length with a sign",
    [(":status", "200"), ("content-length", "+0")])
for what, field in (
	("a name in capitals", ("X-A", "1")),
	("no name", ("", "1")),
	("a space in a name", ("x a", "1")),
	("CRLF in a value", ("x-a", "a\r\nx-b: 1")),
	("NUL in a value", ("x-a", "a\0")),
	("a space before a value", ("x-a", " a")),
):
	malformed("8.2.1", what, [(":status", "200"), field])
for what, field in (
	("connection", ("connection", "close")),
	("transfer-encoding", ("transfer-encoding", "chunked")),
	("upgrade", ("upgrade", "h2c")),
):
	malformed("8.2.2", what, [(":status", "200"), field])
malformed("8.3", "a pseudo-field of requests",
    [(":status", "200"), (":path", "/")])
malformed("8.3", "a pseudo-field behind others", [("x-a", "1"),
    (":status", "200")])
malformed("8.3.2", "a reply without a status", [("x-a", "1")])
malformed("8.3.2", "two statuses", [(":status", "200")] * 2)
for status in ("", "20", "2000", "abc", "099", "+20"):
	malformed("8.3.2", f"a status of {status.replace('+', 'plus ') or 'nothing'}",
	    [(":status", status)])
add("8.1", "a reply that is whole stays so when its stream is reset",
    lambda n: reply(n) + rst(n, NO_ERROR), OK)
for code in (INTERNAL_ERROR, CANCEL, 0xdeadbeef):
	add("7", f"a stream that is reset by {code_name(code)} has no reply",
	    lambda n, code=code: rst(n, code), BROKEN, method="POST")
	add("7", f"a reply that is cut short by {code_name(code)} is not whole",
	    lambda n, code=code: reply(n, end=False) + rst(n, code), BROKEN)
malformed("8.6", "the status 101", [(":status", "101")])


# 8.7 Request reliability

add("8.7", "a request that is refused is made again",
    lambda n: rst(n, REFUSED_STREAM), OK)
add("8.7", "a request above the last of GOAWAY is made again",
    lambda n: goaway(n - 2 if n > 2 else 0), OK)


# Running them

class Origin:
	"""The service: answers by the case that is set, else properly."""

	def __init__(self):
		self.changed = threading.Condition()
		self.case = None
		self.seen = []		# what came back after the case was played
		self.backend = wire.Backend(self.serve)
		self.port = self.backend.port

	def serve(self, connection):
		assert connection.read(len(PREFACE)) == PREFACE
		with self.changed:
			greeting = self.case.greeting if self.case else settings()
		connection.send(greeting)
		played = greeting != settings()
		while True:
			try:
				head = connection.read(9)
				payload = connection.read(int.from_bytes(head[:3], "big"))
			except OSError:
				self.note(Outcome("dies", None), played)
				return
			seen = Frame(head[3], head[4], int.from_bytes(head[5:], "big"),
			    payload)
			if seen.kind == SETTINGS and not seen.flags & ACK:
				connection.send(frame(SETTINGS, flags=ACK))
			elif seen.kind == GOAWAY:
				self.note(Outcome("dies", seen.code), played)
			elif seen.kind == RST_STREAM:
				self.note(Outcome("resets", seen.code), played)
			elif seen.kind == HEADERS:
				played |= self.answer(connection, seen.stream)

	def note(self, outcome, played):
		with self.changed:
			if played:
				self.seen.append(outcome)
				self.changed.notify_all()

	def answer(self, connection, stream):
		"""Gives whether that was the case."""
		with self.changed:
			case, self.case = self.case, None
		connection.send(case.says(stream) if case else reply(stream))
		return case is not None

	def play(self, case):
		with self.changed:
			self.case = case
			self.seen = []

	def await_any(self, outcomes):
		with self.changed:
			assert self.changed.wait_for(lambda: outcomes & set(self.seen),
			    wire.DEADLINE), "the service saw " + \
			    (", ".join(map(str, self.seen)) or "nothing")


class Place:
	def __init__(self):
		self.scene = Scene("h2-replies")
		self.origin = Origin()
		self.scene.closing(self.origin.backend)
		self.edge = Edge(self.scene, self.origin, protocol="kubernetes.io/h2c")

	def remove(self):
		stop_all(self.scene.running())
		self.scene.remove()


_places = []


def place():
	if not _places:
		_places.append(Place())
		atexit.register(_places[0].remove)
	return _places[0]


def ask(port, method="GET"):
	"""What the caller has."""
	try:
		got = wire.get(port, method=method, body=b"")
	except (OSError, ValueError):
		return BROKEN
	return OK if got.status == 200 and got.body == b"ok" else \
	    BROKEN if got.status == 502 else str(got.status)


def register(case):
	def run(_scene):
		shared = place()
		shared.origin.play(case)
		got = ask(shared.edge.port, case.method)
		assert case.caller in (got, ANY), f"the caller: {got}"
		if case.sees:
			shared.origin.await_any(case.sees)
		shared.origin.play(None)
		assert ask(shared.edge.port) == OK, "the next request"
	run.__name__ = case.name
	scenario(run)


for case in CASES:
	register(case)


@scenario
def nothing_is_left_of_all_the_cases(_scene):
	wrong = place().scene.end()
	if wrong:
		place().scene.show_logs()
	assert not wrong, "; ".join(wrong)


if __name__ == "__main__":
	main()
