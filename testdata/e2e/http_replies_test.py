#!/usr/bin/env python3
"""What back ends answer that could be read in two ways, late, early or never.

Each scenario is one fault of a back end: what the caller sees, and what
becomes of the connection.  A connection with a doubt on it is never used again.
"""

import threading
import time

from edge import OK, Edge, stays_quiet
from mesh import main, scenario, wait_until
from wire import build

HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: test\r\n"


class Scripted:
	"""Answers requests for /bad with self.answer and then, if self.ends, ends;
	any other with OK."""

	def __init__(self, scene):
		self.answer = b""
		self.ends = False
		self.server = scene.backend(self.serve)
		self.port = self.server.port

	def serve(self, connection):
		connection.ended = False
		while (request := connection.read_request()) is not None:
			connection.send(self.answer if request.target == "/bad" else OK)
			if request.target == "/bad" and self.ends:
				connection.end()
		connection.ended = True

	def count(self):
		return len(self.server.seen())

	def is_left(self):
		"""Whether the proxy has ended each connection that asked for /bad."""
		return all(connection.ended or connection.error
		    for connection in list(self.server.connections)
		    if connection.requests[-1].target == "/bad")


def is_cut(client, method="GET"):
	"""Reads a reply that must not be whole; gives its status."""
	status = None
	try:
		head = client.read_until(b"\r\n\r\n")
		status = int(head.split(b" ")[1])
		lower = head.lower()
		if b"transfer-encoding: chunked" in lower:
			rest = client.read_to_end()
			assert not rest.endswith(b"0\r\n\r\n"), f"a clean end: {rest!r}"
		elif b"content-length: " in lower:
			length = int(lower.split(b"content-length: ")[1].split()[0])
			assert len(client.read_to_end()) < length, "a clean end"
		else:
			client.read_to_end()
			raise AssertionError("an end in order")
	except ConnectionResetError:
		pass
	return status


@scenario
def b25_replies_without_a_body(scene):
	"""No body is read whatever the fields say; what follows spoils it."""
	backend = Scripted(scene)
	edge = Edge(scene, backend, options=("--workers", 1))
	for method, answer, reused in (
	    ("HEAD", HEAD + b"Content-Length: 5\r\n\r\n", True),
	    ("HEAD", CHUNKED, True),
	    ("HEAD", HEAD + b"Content-Length: 5\r\n\r\nhello", False),
	    ("GET", b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\n", True),
	    ("GET", b"HTTP/1.1 204 No\r\nContent-Length: 3\r\n\r\nabc", False),
	    ("GET", b"HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n"
	        b"0\r\n\r\n", False),
	    ("GET", b"HTTP/1.1 304 No\r\nContent-Length: 300\r\n\r\n", True),
	    ("GET", b"HTTP/1.1 304 No\r\nContent-Length: 1\r\n\r\nx", False)):
		backend.answer = answer
		with edge.client() as client:
			assert client.request("/warm").status == 200
			before = backend.count()
			client.send(build(method, "/bad", "test"))
			reply = client.read_reply(method)
			assert reply.status == int(answer.split(b" ")[1]), reply.head
			if reply.status == 204:
				assert reply.get("content-length") is None
				assert reply.get("transfer-encoding") is None
			if not reused:
				wait_until(backend.is_left, f"{answer!r}: it is left")
			assert client.request("/next").body == b"ok"
			assert not client.buffer, f"{answer!r}: {client.buffer!r}"
		assert backend.count() == before + (0 if reused else 1), \
		    f"{answer!r}: {backend.count() - before} more connections"


@scenario
def what_cannot_be_repeated_goes_where_nothing_is_about_to_end(scene):
	"""A POST does not go over a connection that was idle for a second: the
	back end may be ending it.  A GET does: it would be sent again."""
	backend = Scripted(scene)
	edge = Edge(scene, backend, options=("--workers", 1))

	def ask_after_a_pause(method):
		before = backend.count()
		began = time.monotonic()
		wait_until(lambda: time.monotonic() > began + 1.1, "a pause")
		assert client.request("/next", method).status == 200
		return backend.count() - before

	with edge.client() as client:
		assert client.request("/warm").status == 200
		assert ask_after_a_pause("GET") == 0
		assert ask_after_a_pause("POST") == 1
		assert client.request("/next", "POST").status == 200
		assert ask_after_a_pause("DELETE") == 0
		assert backend.count() == 2, backend.count()


@scenario
def b26_informational_replies(scene):
	"""Passed on; ten at most; a 101 that nobody asked for is a fault."""
	early = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
	backend = Scripted(scene)
	edge = Edge(scene, backend, options=("--workers", 1))
	backend.answer = b"HTTP/1.1 102 Processing\r\n\r\n" + early * 3 + OK
	with edge.client() as client:
		reply = client.request("/bad")
		assert reply.status == 200 and reply.body == b"ok"
		assert [info.status for info in reply.infos] == [102, 103, 103, 103]
		assert reply.infos[1].get("link") == "</a>"
	for answer in (early * 11 + OK, early.replace(b"</a>", b"a" * 7000) * 10,
	    b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
	    b"Upgrade: websocket\r\n\r\n"):
		backend.answer = answer
		with edge.client() as client:
			reply = client.request("/bad")
			assert reply.status == 502, reply.head
			assert len(reply.infos) <= 10, len(reply.infos)
			wait_until(backend.is_left, f"{answer[:20]!r}: it is left")
			assert client.request("/next").status == 200


@scenario
def b27_framing_that_could_be_read_in_two_ways(scene):
	backend = Scripted(scene)
	edge = Edge(scene, backend)
	for answer in (
	    HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
	        b"0\r\n\r\n",
	    HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
	    HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
	    HEAD + b"Content-Length: 3, 3\r\n\r\nabc",
	    HEAD + b"Content-Length: -1\r\n\r\n", HEAD + b"Content-Length:\r\n\r\n",
	    HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
	    HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
	    b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	    HEAD + b"a: b\r\n c\r\n\r\n", HEAD + b"a : b\r\n\r\n",
	    HEAD + b": b\r\n\r\n", HEAD + b"a: b\0\r\n\r\n",
	    HEAD + b"a: b\rc\r\n\r\n", b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
	    b"HTTP/2.0 200 OK\r\n\r\n", b"HTTP/1.1 20 OK\r\n\r\n",
	    b"HTTP/1.1 600 OK\r\n\r\n", b"HTTP/1.1  200 OK\r\n\r\n",
	    b"SSH-2.0-x\r\n", b"\r\n" + OK, HEAD + b"a: b\r\n" * 101 + b"\r\n",
	    HEAD + (b"a: " + b"b" * 8000 + b"\r\n") * 9 + b"\r\n"):
		backend.answer = answer
		with edge.client() as client:
			reply = client.request("/bad")
			assert reply.status == 502, f"{answer!r}: {reply.status}"
			assert b"a:" not in reply.head and not client.buffer
			wait_until(backend.is_left, f"{answer!r}: it is left")
			assert client.request("/next").status == 200
	for connection in backend.server.connections:
		assert "/bad" not in [request.target
		    for request in connection.requests[:-1]], "used again"


@scenario
def b27_faults_in_a_chunked_reply(scene):
	"""Found behind the head: the caller sees a reply that is cut."""
	backend = Scripted(scene)
	edge = Edge(scene, backend)
	for rest in (b"x\r\nabc\r\n0\r\n\r\n", b"3\r\nabcd\r\n0\r\n\r\n",
	    b"3\nabc\r\n0\r\n\r\n", b"3;=\r\nabc\r\n0\r\n\r\n",
	    b"3\r\nabc\r\n0\r\nno colon\r\n\r\n",
	    b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n"):
		backend.answer = CHUNKED + b"2\r\nok\r\n" + rest
		with edge.client() as client:
			client.send(build("GET", "/bad", "test"))
			assert is_cut(client) in (200, None), rest
		wait_until(backend.is_left, f"{rest!r}: connection is left")


@scenario
def b28_truncated_replies(scene):
	"""The caller sees that a reply is cut; never a clean end."""
	backend = Scripted(scene)
	backend.ends = True
	edge = Edge(scene, backend)
	for answer in (HEAD + b"Content-Length: 10\r\n\r\nhello",
	    CHUNKED + b"5\r\nhello\r\n", CHUNKED + b"5\r\nhe",
	    CHUNKED + b"5\r\nhello\r\n0\r\n", CHUNKED + b"5\r\nhello\r\n0\r\na: b\r\n",
	    CHUNKED):
		backend.answer = answer
		with edge.client() as client:
			client.send(build("GET", "/bad", "test"))
			assert is_cut(client) == 200, answer
	for answer in (HEAD + b"a: b", HEAD, b"H", b"HTTP/1.1 100 C\r\n\r\n"):
		backend.answer = answer
		with edge.client() as client:
			assert client.request("/bad").status == 502, answer


@scenario
def b28_truncated_replies_to_an_old_client(scene):
	"""Where only the end of the connection says that a reply is whole, a cut
	one ends in a reset."""
	backend = Scripted(scene)
	backend.ends = True
	edge = Edge(scene, backend)
	for answer, wanted in ((CHUNKED + b"5\r\nhello\r\n", "reset"),
	    (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "end")):
		backend.answer = answer
		with edge.client() as client:
			client.send(b"GET /bad HTTP/1.0\r\nHost: test\r\n\r\n")
			assert client.wait_end() == wanted, (answer, bytes(client.seen))
			if wanted == "end":
				assert client.buffer.endswith(b"\r\n\r\nhello")


MINE = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nmine"
OTHER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nother"


@scenario
def b29_bytes_behind_an_answer(scene):
	"""They come with it: the connection is left."""
	edge = Edge(scene, backend := scene.backend(MINE + OTHER))
	with edge.client() as client:
		for number in range(10):
			reply = client.request(f"/{number}")
			assert reply.body == b"mine", reply.body
	assert len(backend.seen()) == 10, len(backend.seen())


@scenario
def b29_bytes_before_any_request(scene):
	"""They come while the connection is idle: it is left."""
	idle = threading.Event()
	ended = threading.Event()
	def script(connection):
		while connection.read_request() is not None:
			connection.send(MINE)
			if connection.number == 0:
				idle.wait(10)
				connection.send(OTHER)
				connection.read_to_end()
				ended.set()
	edge = Edge(scene, backend := scene.backend(script),
	    options=("--workers", 1))
	with edge.client() as client:
		assert client.request("/1").body == b"mine"
		idle.set()
		wait_until(ended.is_set, "the connection is left")
		assert client.request("/2").body == b"mine"
	assert len(backend.seen()) == 2, len(backend.seen())


@scenario
def b30_early_reply_with_a_close(scene):
	"""401 while the upload runs: it arrives, the rest is not sent on."""
	def script(connection):
		connection.read_until(b"\r\n\r\n")
		connection.send(b"HTTP/1.1 401 No\r\nConnection: close\r\n"
		    b"Content-Length: 2\r\n\r\nno")
		connection.end()
		connection.read_to_end()
	backend = scene.backend(script)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(POST + b"Content-Length: 100000000\r\n\r\n" + b"x" * 100000)
		reply = client.read_reply()
		assert reply.status == 401 and reply.body == b"no"
		assert client.wait_end() in ("end", "reset")
	assert len(backend.seen()[0]) < 1000000


@scenario
def b30_early_reply_and_a_body_that_ends_soon(scene):
	"""A small rest is read and dropped: the caller's connection lives on."""
	def script(connection):
		head = connection.read_until(b"\r\n\r\n")
		if b"/early" in head:
			connection.send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
			connection.read_to_end()
		else:
			connection.send(OK)
	backend = scene.backend(script)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(POST.replace(b" / ", b" /early ") +
		    b"Content-Length: 30000\r\n\r\n" + b"x" * 100)
		assert client.read_reply().status == 403
		client.send(b"x" * 29900)
		assert client.request("/next").status == 200
	# The connection that still waited for the body is not used again.
	assert [data.split(b" ")[1] for data in backend.seen()] == \
	    [b"/early", b"/next"]


@scenario
def b30_early_reply_whose_body_goes_on(scene):
	"""Both directions at once, in full."""
	def script(connection):
		connection.read_until(b"\r\n\r\n")
		connection.send(CHUNKED)
		for _ in range(100):
			data = connection.read(1000)
			connection.send(b"3e8\r\n" + data.upper() + b"\r\n")
		connection.send(b"0\r\n\r\n")
	edge = Edge(scene, scene.backend(script))
	with edge.client() as client:
		client.send(POST + b"Content-Length: 100000\r\n\r\n")
		client.read_until(b"\r\n\r\n")
		for number in range(100):
			client.send(b"%c" % (97 + number % 26) * 1000)
			assert client.read_until(b"\r\n") == b"3e8\r\n"
			assert client.read(1002) == b"%c" % (65 + number % 26) * 1000 + \
			    b"\r\n"
		assert client.read(5) == b"0\r\n\r\n"


@scenario
def b31_reply_heads_that_never_end(scene):
	"""No byte, or one now and then: 504 at the deadline."""
	def script(connection):
		connection.read_until(b"\r\n\r\n")
		for byte in HEAD + b"a: " + b"b" * 1000 if drips else b"":
			connection.send(bytes([byte]))
			stays_quiet(connection, 0.1)
		connection.read_to_end()
	backend = scene.backend(script)
	edge = Edge(scene, backend, options=("--response-timeout", "1s"))
	for drips in (False, True):
		with edge.client() as client:
			began = time.monotonic()
			reply = client.request()
			took = time.monotonic() - began
			assert reply.status == 504, reply.head
			assert 0.9 < took < 5, took
			assert client.request("/again").status == 504
	wait_until(lambda: len(backend.seen()) == 4, "connections are not reused")


@scenario
def b32_what_is_tried_again(scene):
	"""Once, on another connection, where no byte of an answer came on a
	connection used before and the method may be repeated."""
	def script(connection):
		while (request := connection.read_request()) is not None:
			if request.target == "/cut" and len(connection.requests) > 1:
				return
			connection.send(OK)
	backend = scene.backend(script)
	edge = Edge(scene, backend, options=("--workers", 1))
	for method, body, status in (("GET", None, 200), ("PUT", b"x" * 5000, 200),
	    ("DELETE", None, 200), ("POST", b"x", 502), ("PATCH", b"x", 502)):
		with edge.client() as client:
			assert client.request("/warm").status == 200
			reply = client.request("/cut", method=method, body=body)
			assert reply.status == status, (method, reply.head)
			seen = [message for message in backend.requests()
			    if message.target == "/cut"]
			assert seen[-1].body == (body or b""), method


@scenario
def b32_what_is_not_tried_again(scene):
	"""A fresh connection that ends, a byte of an answer, a timeout."""
	def script(connection):
		request = connection.read_request()
		if request.target == "/byte":
			connection.send(b"H")
		elif request.target == "/slow":
			connection.read_to_end()
	backend = scene.backend(script)
	edge = Edge(scene, backend, options=("--response-timeout", "500ms"))
	for target, status in (("/end", 502), ("/byte", 502), ("/slow", 504)):
		with edge.client() as client:
			assert client.request(target).status == status, target
	assert len(backend.seen()) == 3, len(backend.seen())


@scenario
def b32_connect_failures_are_tried_elsewhere(scene):
	"""An endpoint that refuses connections fails nobody, whatever the method;
	without any endpoint it is 503."""
	backend = scene.backend(OK)
	closed = scene.backend(OK)
	closed.close()
	edge = Edge(scene, backend, closed)
	with edge.client() as client:
		for number in range(50):
			assert client.request(f"/{number}", method="POST",
			    body=b"x" * 100).status == 200
	assert len(backend.requests()) == 50
	edge.set("web", closed)
	wait_until(lambda: edge.reloads() == 1, "reload")
	with edge.client() as client:
		assert client.request().status == 503
	edge.set("web")
	wait_until(lambda: edge.reloads() == 2, "reload")
	with edge.client() as client:
		assert client.request().status == 503


@scenario
def b33_what_stood_in_a_field_stays_in_it(scene):
	"""Bytes beyond ASCII pass; nothing can end a line."""
	backend = Scripted(scene)
	backend.answer = HEAD + b"X: caf\xc3\xa9 \"q\"\r\nContent-Length: 0\r\n\r\n"
	edge = Edge(scene, backend)
	with edge.client() as client:
		reply = client.request("/bad", fields=[("Y", "na\u00efve")])
		assert reply.get("x") == "caf\u00c3\u00a9 \"q\"", reply.head
	assert backend.server.requests()[0].get("y") == "na\u00efve"


if __name__ == "__main__":
	main()
