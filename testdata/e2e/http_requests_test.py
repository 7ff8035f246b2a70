#!/usr/bin/env python3
"""What clients send that could be read in two ways, and what the back end saw.

Each scenario is one fault.  A request that is refused gets its status, the
connection ends, nothing behind it is read and the back end sees nothing of
it; one that is let through reaches the back end as one strict message.
"""

from edge import OK, Edge
from mesh import main, scenario
from wire import build

HOST = b"Host: test\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST
POST = b"POST /first HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SENT_CHUNKED = b"POST /first HTTP/1.1\r\nhost: test\r\n" \
    b"transfer-encoding: chunked\r\n\r\n"	# as the proxy writes it
SECOND = b"GET /second HTTP/1.1\r\nHost: test\r\n\r\n"


def refuse(scene, vectors, status=400, sent_on=False):
	"""Each vector gets the status (or its own) and no more; unless sent_on
	the back end sees nothing, else never a whole message."""
	backend = scene.backend(OK)
	edge = Edge(scene, backend)
	for name, data in vectors:
		name, _, other = name.partition(" -> ")
		wanted = int(other or status)
		with edge.client() as client:
			client.send(data + SECOND)
			reply = client.read_reply()
			assert reply.status == wanted, \
			    f"{name}: {reply.status} instead of {wanted}"
			assert reply.get("connection") == "close", name
			# Unless it was read, and a filter or the router refused it.
			if reply.get("x-request-id") is None:
				assert (reply.get("proxy-status") or "").startswith(
				    "mesh; error=http_request_error; details="), \
				    f"{name}: {reply.head!r}"
			assert client.wait_end() == "end", f"{name}: reset"
			assert not client.buffer, f"{name}: {client.buffer!r}"
	if not sent_on:
		assert backend.seen() == [], backend.seen()
	for message in backend.requests():
		assert False, f"a whole request came through: {message.head!r}"
	# Whoever behaves is served as before.
	with edge.client() as client:
		assert client.request("/after").status == 200
	assert [message.target for message in backend.requests()] == ["/after"]


def forward(scene, vectors, answer=OK):
	"""Each vector is (name, request, the head that the back end shall see
	without the fields that the proxy adds, its body)."""
	backend = scene.backend(answer)
	edge = Edge(scene, backend, options=("--workers", 1))
	for name, data, head, body in vectors:
		with edge.client() as client:
			client.send(data)
			reply = client.read_reply(data.split(b" ")[0].decode())
			assert reply.status == 200, f"{name}: {reply.head!r}"
		seen = backend.requests()[-1]
		assert strip(seen.head) == head, f"{name}: {strip(seen.head)!r}"
		assert seen.body == body, f"{name}: {seen.body!r}"
	total = sum(len(data) for data in backend.seen())
	assert total == sum(whole(message) for message in backend.requests()), \
	    "bytes that belong to no message"


ADDED = (b"x-forwarded-for:", b"x-forwarded-proto:", b"x-forwarded-host:",
    b"x-request-id:")


def strip(head):
	"""A head without what the proxy adds to every request at the edge."""
	lines = head.split(b"\r\n")
	return b"\r\n".join(line for line in lines if not line.startswith(ADDED))


def whole(message):
	"""The length of a message as the proxy writes it: one chunk, or none."""
	body = len(message.body)
	if message.get("transfer-encoding") == "chunked":
		trailers = sum(len(f"{name}: {value}\r\n")
		    for name, value in message.trailers)
		chunk = len(f"{body:x}\r\n\r\n") + body if body else 0
		return len(message.head) + chunk + len("0\r\n\r\n") + trailers
	return len(message.head) + body


@scenario
def a01_length_and_transfer_encoding(scene):
	refuse(scene, [
		("length first", POST + b"Content-Length: 6\r\n"
		    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nX"),
		("length last", POST + b"Transfer-Encoding: chunked\r\n"
		    b"Content-Length: 6\r\n\r\n0\r\n\r\nX"),
		("length 0", POST + b"Transfer-Encoding: chunked\r\n"
		    b"Content-Length: 0\r\n\r\n0\r\n\r\n"),
		("of a GET", GET + b"Transfer-Encoding: chunked\r\n"
		    b"Content-Length: 0\r\n\r\n0\r\n\r\n"),
	])


@scenario
def a02_two_lengths(scene):
	refuse(scene, [
		("equal", POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
		("other", POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxy"),
		("case", POST + b"content-length: 1\r\nCONTENT-LENGTH: 1\r\n\r\nx"),
	])


@scenario
def a03_lengths_that_are_no_number(scene):
	refuse(scene, [(f"{value!r}", POST + b"Content-Length: " + value +
	    b"\r\n\r\nhello") for value in (b"+5", b"-1", b"0x5", b"5,5", b"5, 5",
	    b"5 5", b"", b"9223372036854775808", b"18446744073709551621", b"5.0",
	    b"5;a", b"\"5\"", b"five")])


@scenario
def a04_transfer_encoding_that_is_not_chunked(scene):
	refuse(scene, [(f"{value!r}", POST + b"Transfer-Encoding: " + value +
	    b"\r\n\r\n0\r\n\r\n") for value in (b"identity", b"gzip",
	    b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"xchunked",
	    b"chunkedx", b"\"chunked\"", b"chunked;a=b", b"", b",chunked")])


@scenario
def a05_two_transfer_encodings(scene):
	te = b"Transfer-Encoding: "
	refuse(scene, [
		("equal", POST + te + b"chunked\r\n" + te +
		    b"chunked\r\n\r\n0\r\n\r\n"),
		("identity last", POST + te + b"chunked\r\n" + te +
		    b"identity\r\n\r\n0\r\n\r\n"),
		("identity first", POST + te + b"identity\r\n" + te +
		    b"chunked\r\n\r\n0\r\n\r\n"),
	])


@scenario
def a06_transfer_encoding_in_http_1_0(scene):
	refuse(scene, [
		("close", b"POST / HTTP/1.0\r\n" + HOST +
		    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		("keep-alive", b"POST / HTTP/1.0\r\n" + HOST +
		    b"Connection: keep-alive\r\n"
		    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	])


@scenario
def a07_transfer_encoding_in_disguise(scene):
	refuse(scene, [(f"{line!r}", POST + line + b"\r\n\r\n0\r\n\r\n")
	    for line in (b"Transfer-Encoding: \x0bchunked",
	    b"Transfer-Encoding: chunked\x0c", b"Transfer-Encoding: chun\0ked",
	    b"Transfer-Encoding: chunked,", b"Transfer-Encoding:\r\n chunked",
	    b"Transfer-Encoding : chunked", b"Transfer-Encoding\t: chunked",
	    b"Transfer-Encodingx: chunked", b" Transfer-Encoding: chunked",
	    b"Transfer\x00-Encoding: chunked")])


@scenario
def a08_line_ends_and_nul(scene):
	refuse(scene, [
		("LF ends the request line", b"GET / HTTP/1.1\n" + HOST + b"\r\n"),
		("LF ends a field", GET + b"a: b\nc: d\r\n\r\n"),
		("LF ends the head", GET + b"\n"),
		("CR in the request line", b"GET /\r HTTP/1.1\r\n" + HOST + b"\r\n"),
		("CR in a name", GET + b"a\rb: c\r\n\r\n"),
		("CR in a value", GET + b"a: b\rc\r\n\r\n"),
		("CR CR LF", GET + b"a: b\r\r\n\r\n"),
		("NUL in a value", GET + b"a: b\0c\r\n\r\n"),
		("NUL in the target", b"GET /\0 HTTP/1.1\r\n" + HOST + b"\r\n"),
	])


@scenario
def a09_folded_fields(scene):
	refuse(scene, [
		("space", GET + b"a: b\r\n c\r\n\r\n"),
		("tab", GET + b"a: b\r\n\tc\r\n\r\n"),
		("nothing in it", GET + b"a: b\r\n \r\n\r\n"),
	])


@scenario
def a10_field_names(scene):
	refuse(scene, [
		("space before the colon", GET + b"a : b\r\n\r\n"),
		("empty", GET + b": b\r\n\r\n"),
		("no colon", GET + b"a\r\n\r\n"),
		("space in front", b"GET / HTTP/1.1\r\n Host: test\r\n\r\n"),
		("space inside", GET + b"a b: c\r\n\r\n"),
		("not ASCII", GET + b"\xe9: c\r\n\r\n"),
		("separators", GET + b"a(b): c\r\n\r\n"),
		("two spaces in the request line",
		    b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n"),
		("tab in the request line", b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n"),
		("space behind the version", b"GET / HTTP/1.1 \r\n" + HOST + b"\r\n"),
	])


@scenario
def a11_host(scene):
	line = b"GET / HTTP/1.1\r\n"
	refuse(scene, [
		("none", line + b"\r\n"),
		("two", line + HOST + HOST + b"\r\n"),
		("two unlike", line + HOST + b"Host: other\r\n\r\n"),
		("comma", line + b"Host: a,b\r\n\r\n"),
		("user", line + b"Host: u@test\r\n\r\n"),
		("path", line + b"Host: test/x\r\n\r\n"),
		("space", line + b"Host: te st\r\n\r\n"),
		("empty", line + b"Host:\r\n\r\n"),
		("port", line + b"Host: test:99999\r\n\r\n"),
		("user in the target", b"GET http://u@test/ HTTP/1.1\r\n" + HOST +
		    b"\r\n"),
		("another scheme", b"GET ftp://test/ HTTP/1.1\r\n" + HOST + b"\r\n"),
		("bad Host beside a target", b"GET http://test/ HTTP/1.1\r\n"
		    b"Host: te st\r\n\r\n"),
	])


@scenario
def a11_absolute_form_wins(scene):
	forward(scene, [
		("unlike Host", b"GET http://Other:81/x?y HTTP/1.1\r\n" + HOST +
		    b"\r\n", b"GET /x?y HTTP/1.1\r\nhost: other:81\r\n\r\n", b""),
		("no path", b"GET http://other HTTP/1.1\r\n" + HOST + b"\r\n",
		    b"GET / HTTP/1.1\r\nhost: other\r\n\r\n", b""),
	])


@scenario
def a12_versions(scene):
	refuse(scene, [(f"{version!r} -> {status}", b"GET / " + version +
	    b"\r\n" + HOST + b"\r\n") for version, status in (
	    (b"HTTP/1.2", 505), (b"HTTP/2.0", 505), (b"HTTP/0.9", 505),
	    (b"HTTP/3.0", 505), (b"http/1.1", 400), (b"HTTP/1.10", 400),
	    (b"HTTP/1", 400), (b"HTTP/x.y", 400), (b"HTTPS/1.1", 400))] +
	    [("none", b"GET /\r\n\r\n")])


@scenario
def a13_chunk_sizes(scene):
	refuse(scene, [(f"{size!r}", CHUNKED + size + b"hello\r\n0\r\n\r\n")
	    for size in (b"0x5\r\n", b"+5\r\n", b"-5\r\n", b"5_0\r\n", b"5 \r\n",
	    b" 5\r\n", b"5 x\r\n", b"\r\n", b"5\n", b"5\r", b"g\r\n",
	    b"10000000000000005\r\n", b"fffffffffffffffff\r\n")] + [
	    ("no CR LF behind the data", CHUNKED + b"5\r\nhelloX\r\n0\r\n\r\n"),
	    ("LF behind the data", CHUNKED + b"5\r\nhello\n0\r\n\r\n"),
	    ("LF behind the last", CHUNKED + b"0\n\r\n"),
	    ("LF at the end", CHUNKED + b"0\r\n\n"),
	    ], sent_on=True)


@scenario
def a14_chunk_extensions_are_dropped(scene):
	forward(scene, [
		("some", CHUNKED + b"5;a=b;c=\"d\\\"e\"\r\nhello\r\n0;x\r\n\r\n",
		    SENT_CHUNKED, b"hello"),
		("1 KiB", CHUNKED + b"5;" + b"a" * 1000 + b"\r\nhello\r\n0\r\n\r\n",
		    SENT_CHUNKED, b"hello"),
	])


@scenario
def a14_chunk_extensions_that_are_refused(scene):
	refuse(scene, [(f"{line[:20]!r}", CHUNKED + line) for line in (
	    b"5;\r\nhello\r\n0\r\n\r\n", b"5;=a\r\nhello\r\n0\r\n\r\n",
	    b"5;a=\r\nhello\r\n0\r\n\r\n", b"5;a=\"b\r\nhello\r\n0\r\n\r\n",
	    b"5;a\nhello\r\n0\r\n\r\n",
	    b"5;" + b"a" * 1100 + b"\r\nhello\r\n0\r\n\r\n",
	    b"".join(b"1;" + b"a" * 1000 + b"\r\nx\r\n" for _ in range(20)) +
	    b"0\r\n\r\n")], sent_on=True)


@scenario
def a15_trailers(scene):
	backend = scene.backend(OK)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(CHUNKED + b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n"
		    b"Content-Length: 9\r\nTransfer-Encoding: gzip\r\nHost: b\r\n"
		    b"Authorization: c\r\nX-Forwarded-For: d\r\n"
		    b"X-Forwarded-Client-Cert: e\r\nX-Mesh-Source: f\r\nCookie: g\r\n"
		    b"x_sum: 2\r\n\r\n")
		assert client.read_reply().status == 200
		client.send(CHUNKED + b"0\r\nHost: b\r\n\r\n")
		assert client.read_reply().status == 200
	first, second = backend.requests()
	assert first.trailers == [("x-sum", "1")], first.trailers
	assert first.get("x-sum") is None and first.body == b"hello"
	assert second.trailers == [], second.trailers


@scenario
def a15_trailers_count_with_the_head(scene):
	refuse(scene, [
		("too many -> 431", CHUNKED + b"0\r\n" + b"a: b\r\n" * 101 + b"\r\n"),
		("too long -> 431", CHUNKED + b"0\r\n" +
		    (b"a: " + b"b" * 8000 + b"\r\n") * 8 + b"\r\n"),
	], sent_on=True)


@scenario
def a16_h2c_is_never_offered(scene):
	forward(scene, [
		("h2c", GET + b"Connection: Upgrade, HTTP2-Settings\r\n"
		    b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
		    b"GET / HTTP/1.1\r\nhost: test\r\n\r\n", b""),
		("not named by Connection", GET + b"Upgrade: websocket\r\n\r\n",
		    b"GET / HTTP/1.1\r\nhost: test\r\n\r\n", b""),
	])


@scenario
def a16_upgrade_needs_the_back_end(scene):
	"""A tunnel after the back end's 101 only; each side ends on its own."""
	def script(connection):
		request = connection.read_request()
		if request.target == "/no":
			connection.send(OK)
			return
		connection.send(b"HTTP/1.1 101 Switching Protocols\r\n"
		    b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
		data = connection.read(3)
		connection.send(data.upper())
		assert connection.read_to_end() == b"def"
		connection.send(b"bye")
	backend = scene.backend(script)
	edge = Edge(scene, backend)
	ask = b"Connection: Upgrade\r\nUpgrade: h2c, websocket\r\n\r\n"
	with edge.client() as client:
		client.send(GET + ask)
		reply = client.read_reply()
		assert reply.status == 101, reply.head
		assert reply.get("upgrade") == "websocket", reply.head
		assert client.read(5) == b"hello"
		client.send(b"abc")
		assert client.read(3) == b"ABC"
		client.send(b"def")
		client.end()
		assert client.read_to_end() == b"bye"
	seen = backend.requests()[0]
	assert seen.get("upgrade") == "websocket", seen.head
	assert seen.get("connection") == "upgrade", seen.head
	with edge.client() as client:
		client.send(GET.replace(b"/ ", b"/no ") + ask)
		assert client.read_reply().status == 200


@scenario
def a17_connect(scene):
	host = b"test:80 HTTP/1.1\r\nHost: test:80\r\n"
	refuse(scene, [
		("to the service -> 501", b"CONNECT " + host + b"\r\n"),
		("bytes at once -> 501", b"CONNECT " + host + b"\r\nGET / HTTP/1.1\r\n"),
		("with a body", b"CONNECT " + host + b"Content-Length: 1\r\n\r\nx"),
		("no port", b"CONNECT test HTTP/1.1\r\n" + HOST + b"\r\n"),
		("a path", b"CONNECT / HTTP/1.1\r\n" + HOST + b"\r\n"),
	])


@scenario
def a18_fields_of_one_hop(scene):
	forward(scene, [
		("named", GET + b"Connection: keep-alive, X-Drop\r\nX-Drop: 1\r\n"
		    b"Keep-Alive: timeout=5\r\nProxy-Connection: x\r\n"
		    b"TE: trailers\r\nX-Kept: 2\r\n\r\n",
		    b"GET / HTTP/1.1\r\nhost: test\r\nx-kept: 2\r\n\r\n", b""),
		("what may not be named", POST + b"Connection: host, "
		    b"content-length, authorization, cookie\r\n"
		    b"Authorization: a\r\nCookie: c\r\nContent-Length: 1\r\n\r\nx",
		    b"POST /first HTTP/1.1\r\nhost: test\r\nauthorization: a\r\n"
		    b"cookie: c\r\ncontent-length: 1\r\n\r\n", b"x"),
	], b"HTTP/1.1 200 OK\r\nConnection: x-drop\r\nx-drop: 1\r\n"
	    b"Keep-Alive: 5\r\nContent-Length: 2\r\n\r\nok")


@scenario
def a18_fields_of_one_hop_of_a_reply(scene):
	edge = Edge(scene, scene.backend(b"HTTP/1.1 200 OK\r\n"
	    b"Connection: x-drop\r\nX-Drop: 1\r\nKeep-Alive: timeout=5\r\n"
	    b"X-Kept: 1\r\nContent-Length: 2\r\n\r\nok"))
	with edge.client() as client:
		reply = client.request()
		names = {name.lower() for name, _ in reply.fields}
		assert names == {"x-kept", "content-length", "x-request-id"}, names
		assert client.request().status == 200


@scenario
def a18_connection_cannot_take_the_proxy_s_own_fields(scene):
	backend = scene.backend(OK)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(GET + b"Connection: x-forwarded-for, x-forwarded-proto, "
		    b"x-forwarded-host, x-request-id\r\n\r\n")
		client.read_reply()
	seen = backend.requests()[0]
	for name in ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host",
	    "x-request-id"):
		assert seen.get(name), seen.head


@scenario
def a19_expect_continue(scene):
	"""One 100, from the back end; the body goes after it."""
	def script(connection):
		while connection.read_request() is not None:
			connection.send(OK)
	backend = scene.backend(script)
	edge = Edge(scene, backend)
	with edge.client() as client:
		for _ in range(2):
			client.send(POST + b"Content-Length: 5\r\n"
			    b"Expect: 100-Continue\r\n\r\n")
			assert client.read_until(b"\r\n\r\n").startswith(
			    b"HTTP/1.1 100 ")
			client.send(b"hello")
			reply = client.read_reply()
			assert reply.status == 200 and not reply.infos, reply.infos
	assert [message.body for message in backend.requests()] == [b"hello"] * 2
	assert backend.requests()[0].get("expect") == "100-continue"


@scenario
def a19_expect_and_a_body_that_does_not_wait(scene):
	backend = scene.backend(OK)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n"
		    b"\r\nhello" + SECOND)
		reply = client.read_reply()
		assert reply.status == 200 and len(reply.infos) <= 1
		assert client.read_reply().status == 200
	assert [message.target for message in backend.requests()] == \
	    ["/first", "/second"]


@scenario
def a19_final_answer_without_a_continue(scene):
	"""The client may or may not send the body now: the connection ends."""
	def script(connection):
		connection.read_until(b"\r\n\r\n")
		connection.send(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n")
		connection.read_to_end()
	edge = Edge(scene, scene.backend(script))
	with edge.client() as client:
		client.send(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n"
		    b"\r\n")
		reply = client.read_reply()
		assert reply.status == 401 and not reply.infos
		assert reply.get("connection") == "close", reply.head
		assert client.wait_end() == "end"


@scenario
def a19_other_expectations(scene):
	refuse(scene, [("later", POST + b"Content-Length: 1\r\n"
	    b"Expect: 100-later\r\n\r\nx"), ("two", POST +
	    b"Content-Length: 1\r\nExpect: 100-continue\r\n"
	    b"Expect: 100-continue\r\n\r\nx")], status=417)


@scenario
def a20_pipelined_requests_are_answered_in_order(scene):
	def script(connection):
		while (request := connection.read_request()) is not None:
			body = request.target.encode() + request.body
			connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"
			    % len(body) + body)
	edge = Edge(scene, scene.backend(script))
	requests = [build("POST" if number % 3 else "GET", f"/{number}", "test",
	    body=b"x" * number if number % 3 else None, chunked=number % 3 == 2)
	    for number in range(200)]
	with edge.client() as client:
		client.send(b"".join(requests))
		for number in range(200):
			body = client.read_reply().body
			assert body == f"/{number}".encode() + \
			    (b"x" * number if number % 3 else b""), body


@scenario
def a20_nothing_is_read_behind_a_fault(scene):
	backend = scene.backend(OK)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(SECOND.replace(b"/second", b"/one") + POST +
		    b"Content-Length: x\r\n\r\n" + SECOND)
		assert client.read_reply().status == 200
		assert client.read_reply().status == 400
		assert client.wait_end() == "end" and not client.buffer
	assert [message.target for message in backend.requests()] == ["/one"]


@scenario
def a20_too_large_a_body(scene):
	"""The limit filter: declared, and found while it comes."""
	backend = scene.backend(OK)
	edge = Edge(scene, backend, spec="  filters: {outbound: "
	    "[{name: limit, config: {bodyBytes: 1000}}]}\n")
	with edge.client() as client:
		client.send(POST + b"Content-Length: 200001\r\n\r\n" +
		    b"x" * 200001 + SECOND)
		assert client.read_reply().status == 413
		assert client.wait_end() == "end" and not client.buffer
	assert backend.seen() == []
	with edge.client() as client:
		client.send(CHUNKED + (b"3e8\r\n" + b"x" * 1000 + b"\r\n") * 300)
		assert client.read_reply().status == 413
	with edge.client() as client:
		client.send(POST + b"Content-Length: 1000\r\n\r\n" + b"x" * 1000)
		assert client.read_reply().status == 200
	assert [len(message.body) for message in backend.requests()] == [1000]


@scenario
def a21_limits_of_a_head(scene):
	refuse(scene, [
		("target of 9 KiB -> 414", b"GET /" + b"a" * 9216 + b" HTTP/1.1\r\n" +
		    HOST + b"\r\n"),
		("101 fields", GET + b"a: b\r\n" * 101 + b"\r\n"),
		("a field of 9 KiB", GET + b"a: " + b"b" * 9216 + b"\r\n\r\n"),
		("70 KiB", GET + (b"a: " + b"b" * 7000 + b"\r\n") * 10 + b"\r\n"),
		("1 MiB, all sent", GET + (b"a: " + b"b" * 8000 + b"\r\n") * 128 +
		    b"\r\n"),
	], status=431)


@scenario
def a21_heads_below_the_limits(scene):
	forward(scene, [
		("target of 8,000", b"GET /" + b"a" * 8000 + b" HTTP/1.1\r\n" + HOST +
		    b"\r\n", b"GET /" + b"a" * 8000 +
		    b" HTTP/1.1\r\nhost: test\r\n\r\n", b""),
		("98 fields", GET + b"a: b\r\n" * 98 + b"\r\n",
		    b"GET / HTTP/1.1\r\nhost: test\r\n" + b"a: b\r\n" * 98 + b"\r\n",
		    b""),
		("50 KiB", GET + (b"a: " + b"b" * 5000 + b"\r\n") * 10 + b"\r\n",
		    b"GET / HTTP/1.1\r\nhost: test\r\n" +
		    (b"a: " + b"b" * 5000 + b"\r\n") * 10 + b"\r\n", b""),
	])


@scenario
def a22_methods_of_a_server(scene):
	refuse(scene, [
		("TRACE -> 405", b"TRACE / HTTP/1.1\r\n" + HOST + b"\r\n"),
		("GET *", b"GET * HTTP/1.1\r\n" + HOST + b"\r\n"),
		("unknown -> 501", b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n"),
		("lower case -> 501", b"get / HTTP/1.1\r\n" + HOST + b"\r\n"),
	])


@scenario
def a22_options_of_a_server(scene):
	forward(scene, [("*", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
	    b"OPTIONS * HTTP/1.1\r\nhost: test\r\n\r\n", b"")])


@scenario
def a23_targets(scene):
	refuse(scene, [(f"{target!r}", b"GET " + target + b" HTTP/1.1\r\n" +
	    HOST + b"\r\n") for target in (b"/\xc3\xa9", b"/\xff", b"/\x01",
	    b"/\x7f", b"/a b", b"/a#b", b"/a?b#c", b"a", b"?a", b"")])


@scenario
def a24_names_with_underscores(scene):
	forward(scene, [("beside its sibling", GET + b"X_Forwarded_For: 1\r\n"
	    b"content_length: 5\r\nX-A_b: 2\r\nX-Kept: 3\r\n\r\n",
	    b"GET / HTTP/1.1\r\nhost: test\r\nx-kept: 3\r\n\r\n", b"")])


@scenario
def f70_forwarded_and_identity_fields(scene):
	"""What a stranger says about himself does not pass the edge."""
	backend = scene.backend(OK)
	edge = Edge(scene, backend)
	with edge.client() as client:
		client.send(b"GET http://Real/ HTTP/1.1\r\nHost: test\r\n"
		    b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7\r\n"
		    b"X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\n"
		    b"X-Forwarded-Client-Cert: By=a;URI=b\r\n"
		    b"X_Forwarded_Client_Cert: By=c\r\nX-Mesh-Source: a/b\r\n"
		    b"X-Mesh-Anything: 1\r\nl5d-client-id: x\r\n"
		    b"x-envoy-peer-metadata: y\r\nX-SSL-Client-Verify: SUCCESS\r\n"
		    b"SSL-Client-Cert: z\r\nX-Client-Cert: w\r\nX-Spiffe-Id: v\r\n"
		    b"X-Plain: kept\r\n\r\n")
		assert client.read_reply().status == 200
	seen = backend.requests()[0]
	fields = dict(seen.fields)
	fields.pop("x-request-id")
	assert fields == {"host": "real", "x-forwarded-for": "127.0.0.1",
	    "x-forwarded-proto": "http", "x-forwarded-host": "real",
	    "x-plain": "kept"}, seen.head
	assert len(seen.all("x-forwarded-for")) == 1


@scenario
def f73_paths_are_normalised_once(scene):
	forward(scene, [(target, b"GET " + target.encode() + b" HTTP/1.1\r\n" +
	    HOST + b"\r\n", b"GET " + sent.encode() +
	    b" HTTP/1.1\r\nhost: test\r\n\r\n", b"") for target, sent in (
	    ("/a/../b", "/b"), ("/a/./b", "/a/b"), ("//a//b", "/a/b"),
	    ("/a/%2e%2e/b", "/b"), ("/a/%2E/b", "/a/b"), ("/../../x", "/x"),
	    ("/%61", "/a"), ("/a%20b", "/a%20b"), ("/a?b=/../c", "/a?b=/../c"),
	    ("/%252e%252e/a", "/%252e%252e/a"), ("/a/..", "/"),
	    ("/a;v=1/b", "/a;v=1/b"), ("/a%3Bb", "/a%3Bb"))])


@scenario
def f73_paths_that_could_be_read_in_two_ways(scene):
	refuse(scene, [(target, b"GET " + target.encode() + b" HTTP/1.1\r\n" +
	    HOST + b"\r\n") for target in ("/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b",
	    "/a%00b", "/a%0d%0ab", "/a/..;/b", "/a/%2e%2e;x/b", "/%", "/%2",
	    "/%zz")])


if __name__ == "__main__":
	main()
