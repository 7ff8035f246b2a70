#!/usr/bin/env python3
"""cmd/echo by itself: what demo, scenarios and benchmarks rely on."""

import hashlib
import os
import signal
import zlib

from mesh import Skip, main, scenario, wait_until
from wire import Backend, Client, Load, build, exchange, get

LETTERS = b"abcdefghijklmnopqrstuvwxyz"


def crc(data):
	return f"{zlib.crc32(data):08x}"


@scenario
def says_what_it_saw(scene):
	echo = scene.echo("web-1")
	reply = get(echo.http_port, "/a/b?c=d", host="web.default.mesh", method="PUT",
	    fields={"X-One": "1", "x-ONE": "2", "X-Quote": 'a"b\\c'}, body=b"hello")
	seen = reply.json()
	assert reply.status == 200, reply.status
	assert reply.get("content-type") == "application/json", reply.fields
	assert seen["name"] == "web-1" and seen["method"] == "PUT", seen
	assert seen["path"] == "/a/b?c=d" and seen["host"] == "web.default.mesh", seen
	assert seen["proto"] == "HTTP/1.1", seen
	assert seen["httpPort"] == echo.http_port, seen
	assert seen["headers"]["x-one"] == ["1", "2"], seen
	assert seen["headers"]["x-quote"] == ['a"b\\c'], seen
	assert (seen["bodyBytes"], seen["bodyCrc32"]) == (5, crc(b"hello")), seen


@scenario
def keeps_connections(scene):
	echo = scene.echo("web")
	with Client(echo.http_port) as client:
		for nth in range(1, 6):
			assert client.request().json()["connectionRequests"] == nth
		assert client.request("/?close=1").get("connection") == "close"
		assert client.wait_end() == "end"


@scenario
def answers_pipelined_requests_in_order(scene):
	echo = scene.echo("web")
	with Client(echo.http_port) as client:
		client.send(b"".join(
		    build("POST", f"/{n}?delay={20 if n == 0 else 0}ms", "a",
		        body=b"x" * n, chunked=n % 2 == 0) for n in range(20)) +
		    build("GET", "/plain", "a") * 5)
		for n in range(20):
			seen = client.read_reply().json()
			assert seen["path"].startswith(f"/{n}?"), seen
			assert seen["bodyBytes"] == n, seen
		for _ in range(5):
			assert client.read_reply().body == b"ok\n"


@scenario
def reads_requests_split_anywhere(scene):
	echo = scene.echo("web")
	data = build("POST", "/?x=1", "a", body=[b"hello", b"world"], chunked=True) + \
	    build("GET", "/plain", "a")
	for at in range(1, len(data)):
		with Client(echo.http_port) as client:
			client.send(data[:at])
			client.send(data[at:])
			seen = client.read_reply().json()
			assert seen["bodyCrc32"] == crc(b"helloworld"), (at, seen)
			assert client.read_reply().body == b"ok\n", at


@scenario
def plain_replies_are_the_least(scene):
	echo = scene.echo("web")
	with Client(echo.http_port) as client:
		for _ in range(2):
			reply = client.request("/plain")
			assert reply.body == b"ok\n" and len(reply.fields) == 2, reply.head
		client.send(b"GET /plain HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
		assert client.read_reply().get("connection") == "keep-alive"
		client.send(b"GET /plain HTTP/1.0\r\n\r\n")
		assert client.read_reply().get("connection") == "close"
		assert client.wait_end() == "end"


@scenario
def takes_and_sends_trailers(scene):
	echo = scene.echo("web")
	with Client(echo.http_port) as client:
		client.send(b"POST / HTTP/1.1\r\nHost: a\r\n"
		    b"Transfer-Encoding: chunked\r\n\r\n"
		    b"3;ext=1\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n\r\n")
		seen = client.read_reply().json()
		assert seen["trailers"] == {"x-sum": ["1", "2"]}, seen
		reply = client.request("/?trailers=1&size=2500")
		assert reply.body == (LETTERS * 97)[:2500]
		assert reply.trailers == [("x-echo-crc32", crc(reply.body))], reply.trailers
		reply = client.request("/?chunked=1")
		assert reply.get("transfer-encoding") == "chunked", reply.fields
		assert reply.json()["path"] == "/?chunked=1"


@scenario
def answers_as_asked(scene):
	echo = scene.echo("web")
	with Client(echo.http_port) as client:
		assert client.request("/?status=503").status == 503
		reply = client.request("/", fields={"X-Echo-Set-Header":
		    "X-A:1, x-b: two words,X-A:3"})
		assert reply.all("x-a") == ["1", "3"], reply.fields
		assert reply.get("x-b") == "two words", reply.fields
		for status in (204, 304):
			assert client.request(f"/?status={status}").body == b""
		reply = client.request("/?size=1000", method="HEAD")
		assert reply.get("content-length") == "1000", reply.fields
		reply = client.request("/?size=3000000")
		assert zlib.crc32(reply.body) == zlib.crc32((LETTERS * 115385)[:3000000])
		codes = [client.request("/?responseCode=500&succeedAfter=2&uuid=u").status
		    for _ in range(4)]
		assert codes == [500, 500, 200, 200], codes


@scenario
def continues_when_expected(scene):
	echo = scene.echo("web")
	with Client(echo.http_port) as client:
		client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
		    b"Expect: 100-continue\r\n\r\n")
		assert client.read_until(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
		client.send(b"abc")
		assert client.read_reply().json()["bodyBytes"] == 3


@scenario
def refuses_what_is_malformed(scene):
	echo = scene.echo("web")
	head = b"POST / HTTP/1.1\r\nHost: a\r\n"
	for data, status in (
	    (b"\r\n\r\n", 400),
	    (b"GET /\r\n\r\n", 400),
	    (b"GET / HTTP/2.0\r\n\r\n", 400),
	    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
	    (b"GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", 400),
	    (b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", 400),
	    (b"GET / HTTP/1.1\r\nA: \x00\r\n\r\n", 400),
	    (head + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
	    (head + b"Content-Length: -1\r\n\r\n", 400),
	    (head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
	    (head + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 400),
	    (head + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
	    (head + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
	    (head + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 17 + b"\r\n", 400),
	    (b"GET /?delay=x HTTP/1.1\r\n\r\n", 400),
	    (b"GET /?size=99999999999999999999 HTTP/1.1\r\n\r\n", 400),
	    (b"GET /?status=100 HTTP/1.1\r\n\r\n", 400),
	    (b"GET / HTTP/1.1\r\nA: " + b"b" * 70000, 431)):
		with Client(echo.http_port) as client:
			client.send(data)
			reply = client.read_reply()
			assert reply.status == status, (data[:80], reply.status)
			assert client.wait_end() == "end", data[:80]


@scenario
def survives_noise(scene):
	"""Bytes from a fixed generator; what is looked for is a crash."""
	echo = scene.echo("web")
	pieces = (b"GET / HTTP/1.1\r\n", b"Host: a\r\n", b"\r\n", b"Content-Length: 5\r\n",
	    b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n", b"0\r\n\r\n", b"\x00\xff",
	    b"?size=5&chunked=1", b"X-Echo-Set-Header: :,a:,,b\r\n", b"ECHO\n", b"SOURCE 9\n")
	for n in range(300):
		noise = hashlib.sha256(str(n).encode()).digest()
		data = b"".join(pieces[byte % len(pieces)] for byte in noise[:12]) + noise
		for port in (echo.http_port, echo.tcp_port):
			try:
				exchange(port, data)
			except ConnectionResetError:
				pass
	assert get(echo.http_port, "/plain").body == b"ok\n"


@scenario
def carries_large_bodies_to_slow_readers(scene):
	echo = scene.echo("web")
	before = echo.rss_kib()
	with Client(echo.http_port) as client:
		client.send(build("GET", "/?size=300000000", "a"))
		client.read_until(b"\r\n\r\n")
		grown = echo.rss_kib() - before
		client.reset()
	assert grown < 20_000, f"{grown} KiB more"
	body = os.urandom(1 << 20) * 8
	with Client(echo.http_port) as client:
		seen = client.request("/", method="POST", body=body).json()
	assert (seen["bodyBytes"], seen["bodyCrc32"]) == (len(body), crc(body)), seen


@scenario
def calls_the_next_in_a_chain(scene):
	ledger = scene.echo("ledger")
	payments = scene.echo("payments")
	orders = scene.echo("orders",
	    calls={"payments": f"http://{payments.http}/pay"},
	    calls_tcp={"ledger": ledger.tcp})
	web = scene.echo("web", calls={"orders": f"http://{orders.http}/chain"})
	reply = get(web.http_port, "/chain", fields={"X-Request-Id": "id-7"})
	assert reply.status == 200, reply.body
	hop = reply.json()["calls"]["orders"]
	assert hop["name"] == "orders" and hop["path"] == "/chain", hop
	assert hop["headers"]["x-request-id"] == ["id-7"], hop
	assert hop["calls"]["payments"]["name"] == "payments", hop
	assert hop["calls"]["payments"]["headers"]["x-request-id"] == ["id-7"], hop
	said = b"hello from orders\n"
	assert hop["calls"]["ledger"] == {"reply": "ledger: hello from orders\n"
	    f"ledger got {len(said)} bytes crc32 {crc(said)}\n"}, hop
	assert "calls" not in get(web.http_port, "/").json()
	one = get(orders.http_port, "/", fields={"X-Call": "ledger"}).json()
	assert list(one["calls"]) == ["ledger"], one


@scenario
def calls_through_a_proxy_in_absolute_form(scene):
	proxy = scene.backend(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	    b"Content-Length: 13\r\n\r\n{\"name\": \"x\"}")
	web = scene.echo("web", calls={"orders": "http://orders.default.mesh/chain"},
	    proxy=f"http://{proxy.address}")
	assert get(web.http_port, "/chain").json()["calls"]["orders"] == {"name": "x"}
	seen = proxy.seen()
	assert len(seen) == 1 and seen[0].startswith(
	    b"GET http://orders.default.mesh/chain HTTP/1.1\r\n"
	    b"Host: orders.default.mesh\r\n"), seen


@scenario
def says_what_was_wrong_with_a_call(scene):
	def script(connection):
		answer = answers[connection.number]
		connection.read_request()
		if answer is None:
			connection.reset()
		else:
			connection.send(answer)
	answers = [b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nno",
	    b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno", b"junk\r\n\r\n", None,
	    b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n{\"a\""]
	wants = ["status 503", "connection closed before", "malformed reply",
	    "Connection reset", None]
	backend = scene.backend(script)
	web = scene.echo("web", calls={"next": f"http://{backend.address}/"})
	for want in wants:
		reply = get(web.http_port, "/chain")
		call = reply.json()["calls"]["next"]
		if want:
			assert reply.status == 502, (want, reply.status)
			assert want in call["error"], (want, call)
		else:
			assert call == {"status": 200, "body": '{"a"'}, call
	backend.close()
	reply = get(web.http_port, "/chain")
	assert reply.json()["calls"]["next"]["error"] == "connect: Connection refused"


@scenario
def gives_up_a_call_at_its_deadline(scene):
	backend = scene.backend(lambda connection: connection.read_to_end())
	web = scene.echo("web", calls={"next": f"http://{backend.address}/"},
	    options=["--call-timeout", "50"])
	reply = get(web.http_port, "/chain")
	assert reply.status == 502, reply.status
	assert reply.json()["calls"]["next"] == {"error": "deadline exceeded"}


@scenario
def tcp_half_close_gets_the_summary(scene):
	echo = scene.echo("ledger")
	for data, lines in (
	    (b"hi\nthere", b"ledger: hi\nledger: there\n"),
	    (b"ECHO\nhi\n", b"ledger: hi\n"),
	    (b"SINK\nhi\n", b""),
	    (b"", b"")):
		counted = data.split(b"\n", 1)[1] if data[:4] in (b"ECHO", b"SINK") else data
		want = lines + f"ledger got {len(counted)} bytes crc32 " \
		    f"{crc(counted)}\n".encode()
		got = exchange(echo.tcp_port, data)
		assert got == want, (data, got)


@scenario
def tcp_modes(scene):
	echo = scene.echo("ledger")
	data = os.urandom(5_000_000)
	assert exchange(echo.tcp_port, b"RAW\n" + data) == data
	got = exchange(echo.tcp_port, b"SOURCE 1000000\n", end=False)
	assert got == (LETTERS * 38462)[:1_000_000]
	with Client(echo.tcp_port) as client:
		client.send(b"RST\n")
		assert client.wait_end() == "reset"


@scenario
def listens_on_both_address_families(scene):
	if not os.path.exists("/proc/net/if_inet6"):
		raise Skip("no IPv6 here")
	echo = scene.echo("web", host="[::1]")
	assert echo.http.startswith("[::1]:"), echo.http
	assert get(echo.http).json()["name"] == "web"


@scenario
def serves_steady_load_with_threads(scene):
	echo = scene.echo("web", options=["--threads", "2"])
	load = scene.closing(Load(echo.http_port, "/plain", threads=4)).start()
	load.reach(2000)
	assert load.finish() >= 2000
	fresh = scene.closing(Load(echo.http_port, "/", threads=2, fresh=True)).start()
	fresh.reach(500)
	fresh.finish()
	wait_until(lambda: echo.fds() < 20, "connections are closed")


@scenario
def ends_at_once_and_cleanly(scene):
	slow = Backend(lambda connection: connection.read_to_end())
	echo = scene.echo("web", calls={"next": f"http://{slow.address}/"})
	scene.closing(slow)
	clients = [scene.closing(Client(port)) for port in
	    (echo.http_port, echo.http_port, echo.http_port, echo.tcp_port)]
	clients[0].send(build("GET", "/chain", "a"))
	clients[1].send(build("GET", "/?delay=100s", "a"))
	clients[2].send(b"POST / HTTP/1.1\r\nContent-Le")
	clients[3].send(b"a line and\nhalf of one")
	wait_until(slow.seen, "the call is under way")
	assert clients[3].read_until(b"\n") == b"web: a line and\n"
	assert echo.stop() == 0
	echo.start()
	echo.await_ports()
	echo.signal(signal.SIGINT)
	assert echo.wait() == 0


if __name__ == "__main__":
	main()
