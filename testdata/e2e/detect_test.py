#!/usr/bin/env python3
# timeout: 240
"""A port of which nobody says what it speaks: its first bytes do.

One port of one application at a time is called by clients of every kind, through
two sidecars, and through one to an application without.
"""

import contextlib
import http.server
import json
import select
import socket
import subprocess
import threading
import time

from mesh import SLOWER, Process, curl, free_port, main, scenario, wait_until

H2 = "--http2-prior-knowledge"
SILENCE = 1.0	# seconds that are waited for bytes


class Server:
	"""A server of bytes: talk(sock) for each connection, in a thread."""

	def __init__(self, scene, talk):
		self.sock = socket.create_server(("127.0.0.1", 0))
		self.port = self.sock.getsockname()[1]
		self.talk = talk
		self.accepted = 0
		threading.Thread(target=self.run, daemon=True).start()
		scene.closing(self)

	def run(self):
		with contextlib.suppress(OSError):
			while True:
				peer, _ = self.sock.accept()
				self.accepted += 1
				threading.Thread(target=self.serve, args=(peer,),
				    daemon=True).start()

	def serve(self, peer):
		with contextlib.suppress(OSError), peer:
			peer.settimeout(60)
			self.talk(peer)

	def close(self):
		with contextlib.suppress(OSError):
			self.sock.shutdown(socket.SHUT_RDWR)
		self.sock.close()


def sidecars(scene, app, port=9000, protocol="auto"):
	"""A service with one port and its caller; gives both and the address at which
	the caller finds it."""
	control = scene.control()
	server = scene.proxy("app", control=control, service="default/app",
	    apps=[f"{port}=127.0.0.1:{app}"],
	    options=["--protocol", protocol]).await_ready()
	caller = scene.proxy("web", control=control, service="default/web",
	    upstreams={"app": f"default/app:{port}"}).await_ready()
	return server, caller, ("127.0.0.1",
	    int(caller.upstream["app"].split(":")[1]))


def nginx_of_h2c(scene, location):
	"""nginx that speaks HTTP/2 in plain text; gives its port."""
	port = free_port()
	scene.nginx("origin", f"listen 127.0.0.1:{port} http2; "
	    f"location / {{ {location} }}")
	return port


def nothing_comes(sock, seconds):
	assert not select.select([sock], [], [], seconds)[0]


def connect(address):
	return socket.create_connection(address, timeout=20)


def read_all(sock):
	parts = []
	while part := sock.recv(65536):
		parts.append(part)
	return b"".join(parts)


def echo(sock):
	while part := sock.recv(65536):
		sock.sendall(part)


def greet(sock):
	"""As SMTP, MySQL, SSH: nothing before the server has spoken."""
	sock.sendall(b"220 app ESMTP\r\n")
	echo(sock)


@scenario
def requests_are_requests(scene):
	"""Curl speaks HTTP/1 to the port, then HTTP/2: the application hears each in
	the version of its caller, and who calls."""
	app = scene.echo("app")
	server, caller, address = sidecars(scene, app.http_port)
	url = f"http://127.0.0.1:{address[1]}"
	reply = curl(f"{url}/headers")
	assert reply.status == 200, reply.head
	for proxy, direction in ((caller, "outbound"), (server, "inbound")):
		wait_until(lambda: proxy.metrics().sum("mesh_requests_total",
		    direction=direction, response_code="200") == 1,
		    f"the request is counted {direction}")
		assert proxy.metrics().sum("mesh_tcp_connections_opened_total") == 0
	# Through the outbound port of all services, too.
	reply = curl(f"{caller.outbound}/", "-H", "Host: app.default.mesh:9000")
	assert reply.status == 200, reply.head


@scenario
def version_2_stays_version_2(scene):
	origin = nginx_of_h2c(scene,
	    'return 200 "$server_protocol $http_x_mesh_version";')
	_, caller, address = sidecars(scene, origin)
	url = f"http://127.0.0.1:{address[1]}"
	reply = curl(f"{url}/", H2)
	assert reply.head.startswith("HTTP/2 200"), reply.head
	assert reply.body == b"HTTP/2.0 ", reply.body
	reply = curl(f"{caller.outbound}/", H2, "-H",
	    "Host: app.default.mesh:9000")
	assert reply.body == b"HTTP/2.0 ", reply.body


@scenario
def a_greeting_comes_at_once(scene):
	app = Server(scene, greet)
	server, caller, address = sidecars(scene, app.port)
	began = time.monotonic()
	with connect(address) as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"
		assert time.monotonic() - began < SILENCE * SLOWER
		sock.sendall(b"EHLO web\r\n")
		assert sock.recv(100) == b"EHLO web\r\n"
		sock.shutdown(socket.SHUT_WR)
		assert read_all(sock) == b""
	for proxy in (caller, server):
		wait_until(lambda: proxy.metrics().sum(
		    "mesh_tcp_connections_closed_total", reason="finished") == 1,
		    "the connection is counted")


@scenario
def the_server_may_take_its_time(scene):
	"""Nobody speaks for longer than bytes are waited for."""
	def late(sock):
		select.select([sock], [], [], SILENCE * 1.5)
		greet(sock)
	_, _, address = sidecars(scene, Server(scene, late).port)
	with connect(address) as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"
		sock.sendall(b"QUIT\r\n")
		assert sock.recv(100) == b"QUIT\r\n"


@scenario
def bytes_of_the_client_arrive_once(scene):
	_, _, address = sidecars(scene, Server(scene, echo).port)
	for what in (b"*1\r\n$4\r\nPING\r\n", b"\0\0\0\x08\x04\xd2\x16\x2f",
	    b"hello", b"GET", b"GET key\r\n", b"get /key\r\n",
	    b"GET foo bar\r\n", b"KEYS *\r\n", b"CONNECT {}\r\n",
	    b"OPTIONS * RTSP/1.0\r\n", b"\x16\x03\x01\x00\x05hello",
	    b"\xff" * 100000):
		with connect(address) as sock:
			sock.sendall(what)
			got = b""
			while len(got) < len(what):
				got += sock.recv(65536)
			assert got == what, (got[:99], what[:99])
			sock.sendall(b"more")
			sock.shutdown(socket.SHUT_WR)
			assert read_all(sock) == b"more"


@scenario
def the_client_may_end_before_it_is_known(scene):
	_, _, address = sidecars(scene, Server(scene, echo).port)
	for what in (b"GE", b"PRI * HT", b""):
		with connect(address) as sock:
			sock.sendall(what)
			sock.shutdown(socket.SHUT_WR)
			assert read_all(sock) == what


@scenario
def a_request_may_come_byte_by_byte(scene):
	app = scene.echo("app")
	_, caller, address = sidecars(scene, app.http_port)
	with connect(address) as sock:
		for byte in b"GET /slow HTTP/1.1\r\nHost: app\r\n" \
		    b"Connection: close\r\n\r\n":
			nothing_comes(sock, 0.1)
			sock.sendall(bytes([byte]))
		reply = read_all(sock)
	assert reply.startswith(b"HTTP/1.1 200"), reply
	assert caller.metrics().sum("mesh_tcp_connections_opened_total") == 0


@scenario
def a_request_may_come_late(scene):
	"""Who connected beforehand sends a first request after the silence."""
	app = scene.echo("app")
	server, _, address = sidecars(scene, app.http_port)
	with connect(address) as sock:
		nothing_comes(sock, SILENCE * 1.5)
		sock.sendall(b"GET /late HTTP/1.1\r\nHost: app\r\n"
		    b"Connection: close\r\n\r\n")
		reply = read_all(sock)
	assert reply.startswith(b"HTTP/1.1 200"), reply
	wait_until(lambda: server.metrics().sum("mesh_requests_total",
	    direction="inbound") == 1, "it came in as a request")


@scenario
def tls_passes_untouched(scene):
	"""openssl s_client and curl speak TLS with the application itself."""
	cert, key = scene.dir / "cert.pem", scene.dir / "key.pem"
	subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048",
	    "-nodes", "-keyout", key, "-out", cert, "-days", "2", "-subj",
	    "/CN=app", "-addext", "subjectAltName=DNS:app"], check=True,
	    capture_output=True)
	port = free_port()
	scene.add(Process(scene, "s_server", ["openssl", "s_server", "-cert", cert,
	    "-key", key, "-accept", f"127.0.0.1:{port}", "-www"]))
	_, _, address = sidecars(scene, port)
	wait_until(lambda: curl(f"https://app:{address[1]}/", "--resolve",
	    f"app:{address[1]}:127.0.0.1", "--cacert", cert).status == 200,
	    "s_server answers curl")
	seen = subprocess.run(["openssl", "s_client", "-connect",
	    f"127.0.0.1:{address[1]}", "-servername", "app", "-CAfile", cert],
	    input="", capture_output=True, text=True, timeout=20)
	assert "Verify return code: 0 (ok)" in seen.stdout, seen.stdout


@scenario
def redis_and_its_client(scene):
	port = free_port()
	scene.add(Process(scene, "redis", ["redis-server", "--port", str(port),
	    "--save", "", "--bind", "127.0.0.1", "--dir", scene.dir]))
	_, _, address = sidecars(scene, port)

	def ask(*words):
		return subprocess.run(["redis-cli", "-p", str(address[1]), *words],
		    capture_output=True, text=True, timeout=20).stdout.strip()
	wait_until(lambda: ask("PING") == "PONG", "redis answers")
	assert ask("SET", "a", "1") == "OK" and ask("GET", "a") == "1"
	# As people type it; a key that could be the target of a request cannot be.
	with connect(address) as sock:
		sock.sendall(b"GET a\r\n")
		assert sock.recv(100) == b"$1\r\n1\r\n"
		sock.sendall(b"GET /a\r\n")
		assert sock.recv(100) == b"$-1\r\n"
	with connect(address) as sock:
		sock.sendall(b"GET /a\r\n")
		assert sock.recv(100).startswith(b"HTTP/1.1 400")
	assert ask("GET", "/a") == ""


@scenario
def a_request_cannot_pass_for_bytes(scene):
	"""A sidecar of bytes alone in front of an application that is looked at: what
	is a request after all is cut off, as it could claim to be anybody's."""
	app = scene.echo("app")
	control = scene.control()
	server = scene.proxy("app", control=control, service="default/app",
	    apps=[f"9000=127.0.0.1:{app.http_port}/auto"]).await_ready()
	caller = scene.proxy("web", control=control, service="default/web",
	    upstreams={"app": "default/app:9000"}).await_ready()
	text = control.ctl("get", "services", "app", "-o", "yaml").stdout
	assert "appProtocol: auto" in text, text
	scene.file("app.yaml", text.replace("appProtocol: auto",
	    "appProtocol: tcp"))
	control.ctl("apply", "-f", scene.dir / "app.yaml")
	address = ("127.0.0.1", int(caller.upstream["app"].split(":")[1]))

	def refused():
		with connect(address) as sock, contextlib.suppress(
		    ConnectionResetError):
			sock.sendall(b"GET / HT")
			nothing_comes(sock, 0.2)
			sock.sendall(b"TP/1.1\r\nHost: app\r\n"
			    b"x-forwarded-client-cert: By=x\r\n\r\n")
			assert not sock.recv(100).startswith(b"HTTP/1.1 200")
		return server.metrics().sum("mesh_connections_refused_total",
		    reason="bytes_to_http") > 0
	wait_until(refused, "it is refused")


class Lenient(http.server.ThreadingHTTPServer):
	"""Python's own server; seen: what each request says of who calls."""

	def __init__(self, scene):
		seen = self.seen = []

		class Handler(http.server.BaseHTTPRequestHandler):
			def do_GET(self):
				seen.append(self.headers.get(
				    "x-forwarded-client-cert"))
				self.send_response(204)
				self.end_headers()
			do_CONNECT = do_GET

			def log_message(self, *_):
				pass
		super().__init__(("127.0.0.1", 0), Handler)
		threading.Thread(target=self.serve_forever, daemon=True).start()
		scene.closing(self)

	def handle_error(self, *_):
		"""Who is cut off leaves connections that break."""

	def close(self):
		self.shutdown()
		self.server_close()


# Behind each a server may read fields; none is a valid request line.
FORGED = (b"GET /admin", b"GET /admin ", b"GET\t/admin", b"GET / http/1.1",
    b"\0GET / HTTP/1.1", b"GET / HTTP/1", b"GET /\r\n\r\nGET / HTTP/1.1",
    b"GET http://app/admin", b"GET *", b"GET HTTP/1.1", b"OPTIONS *",
    b"CONNECT app:9000", b"CONNECT app:9000 http/1.1", b"POST /admin",
    b"GET / RTSP/1.0", b"GET admin", b"GET admin\r\nFrom me")


@scenario
def what_is_almost_a_request_is_refused(scene):
	"""Python's server reads fields behind a line without a version, too; the
	caller's sidecar answers instead."""
	app = Lenient(scene)
	server, caller, address = sidecars(scene, app.server_address[1])
	for line in FORGED:
		with connect(address) as sock:
			sock.sendall(line + b"\r\nHost: app\r\n"
			    b"x-forwarded-client-cert: By=me\r\n\r\n")
			reply = read_all(sock)
		assert reply.startswith(b"HTTP/1.1 4") or \
		    reply.startswith(b"HTTP/1.1 505"), (line, reply)
	# It ends before its line does, or its line has no end.
	with connect(address) as sock, contextlib.suppress(ConnectionResetError):
		sock.sendall(b"GET /admin")
		sock.shutdown(socket.SHUT_WR)
		assert read_all(sock) == b""
	with connect(address) as sock, contextlib.suppress(
	    ConnectionResetError, BrokenPipeError):
		sock.sendall(b"GET /" + b"a" * 100000)
		assert sock.recv(100).startswith(b"HTTP/1.1 4")
	assert app.seen == [], app.seen
	bad = [line for line in FORGED if not line.lower().endswith(b"http/1.1")
	    or line in (b"GET HTTP/1.1", FORGED[6])]
	assert caller.metrics().sum("mesh_connections_refused_total",
	    listener="upstream", reason="almost_http") == len(bad) + 2
	wait_until(lambda: caller.out().count('"response_flags":"DPE"') ==
	    len(bad) + 2, "each has its line")
	assert caller.metrics().sum("mesh_tcp_connections_opened_total") == 0
	assert curl(f"http://127.0.0.1:{address[1]}/").status == 204
	assert len(app.seen) == 1 and b"sa/web" in app.seen[0].encode(), app.seen


@scenario
def what_is_almost_a_request_is_no_bytes(scene):
	"""Nor does a caller's sidecar that was told so bring it in."""
	app = Lenient(scene)
	control = scene.control()
	server = scene.proxy("app", control=control, service="default/app",
	    apps=[f"9000=127.0.0.1:{app.server_address[1]}/auto"]).await_ready()
	caller = scene.proxy("web", control=control, service="default/web",
	    upstreams={"app": "default/app:9000"}).await_ready()
	text = control.ctl("get", "services", "app", "-o", "yaml").stdout
	scene.file("app.yaml", text.replace("appProtocol: auto",
	    "appProtocol: tcp"))
	control.ctl("apply", "-f", scene.dir / "app.yaml")
	address = ("127.0.0.1", int(caller.upstream["app"].split(":")[1]))

	def say(what):
		with contextlib.suppress(OSError), connect(address) as sock:
			sock.sendall(what)
			sock.shutdown(socket.SHUT_WR)
			return read_all(sock)
		return b""

	def refusals():
		return server.metrics().sum("mesh_connections_refused_total",
		    listener="inbound", reason="bytes_to_http")

	def is_bytes():
		say(b"GET / HTTP/1.1\r\n\r\n")
		return refusals() > 0
	wait_until(is_bytes, "the caller's sidecar brings bytes")
	before = refusals()
	for line in FORGED:
		assert say(line + b"\r\nx-forwarded-client-cert: By=me\r\n\r\n") \
		    == b"", line
	assert say(b"GET /adm") == b""
	wait_until(lambda: refusals() == before + len(FORGED) + 1,
	    "each is counted")
	# What stands alone says nothing of anybody, until its fields come.
	del app.seen[:]
	with connect(address) as sock, contextlib.suppress(OSError):
		sock.sendall(b"GET admin\r\n")
		nothing_comes(sock, 0.2)
		sock.sendall(b"x-forwarded-client-cert: By=me\r\n\r\n")
		read_all(sock)
	wait_until(lambda: refusals() == before + len(FORGED) + 2,
	    "it is cut off")
	assert "By=me" not in app.seen, app.seen


@scenario
def what_a_lenient_server_takes_for_a_request_is_none_of_bytes(scene):
	"""Python's splits the line at whatever Unicode calls a space."""
	app = Lenient(scene)
	server = scene.proxy("app", control=scene.control(),
	    service="default/app", apps=[f"9000=127.0.0.1:"
	    f"{app.server_address[1]}/auto"], options=["--permissive"])
	server.await_ready()
	for line in (b" GET / HTTP/1.1", b"GET\xa0/\xa0HTTP/1.1",
	    b"GET\r/\rHTTP/1.1", b"GET\x1c/\x1dHTTP/1.1", b"GET / HTTP/01.1"):
		with connect(("127.0.0.1", server.inbound_port)) as sock, \
		    contextlib.suppress(ConnectionResetError):
			sock.sendall(line + b"\r\nx-forwarded-client-cert: By=me"
			    b"\r\n\r\n")
			sock.recv(1000)
	assert "By=me" not in app.seen, app.seen


@scenario
def plain_text_where_it_is_allowed(scene):
	"""A permissive proxy looks at who comes without TLS, too."""
	app = scene.echo("app")
	control = scene.control()
	server = scene.proxy("app", control=control, service="default/app",
	    apps=[f"9000=127.0.0.1:{app.http_port}/auto"],
	    options=["--permissive"]).await_ready()
	reply = curl(f"http://127.0.0.1:{server.inbound_port}/headers", "-H",
	    "x-forwarded-client-cert: By=me")
	assert reply.status == 200 and b"By=me" not in reply.body, reply.body
	wait_until(lambda: server.metrics().sum("mesh_requests_total",
	    direction="inbound", security="none") == 1, "it is a request")
	# Its rest comes late: what could be nothing else is still a request.
	with connect(("127.0.0.1", server.inbound_port)) as sock:
		sock.sendall(b"GET / HT")
		nothing_comes(sock, SILENCE * 1.5)
		sock.sendall(b"TP/1.1\r\nHost: app\r\n\r\n")
		assert sock.recv(100).startswith(b"HTTP/1.1 200")
	# What could be anything is bytes by then, and is cut off.
	with connect(("127.0.0.1", server.inbound_port)) as sock:
		sock.sendall(b"GET")
		nothing_comes(sock, SILENCE * 1.5)
		with contextlib.suppress(ConnectionResetError, BrokenPipeError):
			sock.sendall(b" / HTTP/1.1\r\nHost: app\r\n\r\n")
			assert not sock.recv(100).startswith(b"HTTP/1.1 200")
	assert server.metrics().sum("mesh_connections_refused_total",
	    listener="inbound-plain", reason="bytes_to_http") == 1
	greeter = Server(scene, greet)
	server = scene.proxy("mail", control=control, service="default/mail",
	    apps=[f"9000=127.0.0.1:{greeter.port}/auto"],
	    options=["--permissive"]).await_ready()
	with connect(("127.0.0.1", server.inbound_port)) as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"


DOCS = """
apiVersion: mesh/v1
kind: Proxy
metadata: {{name: edge}}
spec:
  upstreams:
  - {{listen: "127.0.0.1:{listen}", service: default/app, port: 7000}}
---
apiVersion: v1
kind: Service
metadata: {{name: app, namespace: default}}
spec:
  ports:
  - {{port: 7000}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: app-1
  namespace: default
  labels: {{kubernetes.io/service-name: app}}
addressType: IPv4
ports: [{{port: {target}}}]
endpoints:
- addresses: ["127.0.0.1"]
"""


def standalone(scene, target):
	listen = free_port()
	scene.file("docs/mesh.yaml", DOCS.format(listen=listen, target=target))
	proxy = scene.proxy("edge", standalone=scene.dir / "docs")
	proxy.wait_line(r"proxy: ready")
	return proxy, ("127.0.0.1", listen)


@scenario
def nobody_declares_anything(scene):
	"""Without a sidecar at the other end, and without a word in any document."""
	app = Server(scene, greet)
	_, address = standalone(scene, app.port)
	with connect(address) as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"


@scenario
def requests_without_a_sidecar_there(scene):
	app = scene.echo("app")
	proxy, address = standalone(scene, app.http_port)
	for _ in range(3):
		reply = curl(f"http://127.0.0.1:{address[1]}/")
		assert reply.status == 200, reply.head
	assert proxy.metrics().sum("mesh_requests_total") == 3


@scenario
def nobody_is_there(scene):
	"""A request is answered, bytes and silence are cut off."""
	proxy, address = standalone(scene, free_port())
	assert curl(f"http://127.0.0.1:{address[1]}/").status == 503
	for what in (b"*1\r\n", b""):
		with connect(address) as sock:
			sock.sendall(what)
			with contextlib.suppress(ConnectionResetError):
				assert sock.recv(100) == b""


# --- What is declared, and is not so


def complaints(control):
	"""What ctl check says of protocols: the reasons."""
	told = json.loads(control.ctl("check", "-o", "json", expect=None).stdout)
	return [line.get("error") for part in told["categories"]
	    if part["categoryName"] == "protocols" for line in part["checks"]]


def await_complaints(control, *wanted):
	"""Counters arrive within five seconds."""
	try:
		wait_until(lambda: sorted(filter(None, complaints(control))) ==
		    sorted(wanted), "ctl check says so", 20)
	except AssertionError:
		raise AssertionError(complaints(control)) from None


@scenario
def callers_that_speak_something_else(scene):
	"""A port of HTTP that is called with TLS, and with bytes."""
	app = scene.echo("app")
	_, caller, address = sidecars(scene, app.http_port, protocol="http")
	control = caller.control
	url = f"http://127.0.0.1:{address[1]}/"
	assert curl(url).status == 200
	assert complaints(control) == [None]
	for _ in range(3):
		curl(f"https://127.0.0.1:{address[1]}/", "-k")
	with connect(address) as sock:
		sock.sendall(b"\0\0\0\x08\x04\xd2\x16\x2f")
		with contextlib.suppress(ConnectionResetError):
			sock.recv(100)
	says = "default/app port 9000 is declared http, but its callers of " \
	    "default/web speak "
	await_complaints(control, says + "TLS", says + "what is no HTTP")
	lines = [line for line in caller.err().splitlines() if "declared" in line]
	assert len(lines) == 2, lines
	# Once the port is declared for it nothing is wrong.
	text = control.ctl("get", "services", "app", "-o", "yaml").stdout
	scene.file("app.yaml", text.replace("appProtocol: http",
	    "appProtocol: tcp"))
	control.ctl("apply", "-f", scene.dir / "app.yaml")
	await_complaints(control)


@scenario
def requests_at_a_port_of_bytes(scene):
	app = scene.echo("app")
	_, caller, address = sidecars(scene, app.http_port, protocol="tcp")
	assert curl(f"http://127.0.0.1:{address[1]}/").status == 200
	await_complaints(caller.control, "default/app port 9000 is declared tcp, "
	    "but its callers of default/web speak HTTP/1")


@scenario
def applications_that_speak_something_else(scene):
	"""Said to speak HTTP/2, to speak HTTP, or what their callers do."""
	app = scene.echo("app")
	greeter = Server(scene, greet)
	control = scene.control()
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"9000=127.0.0.1:{app.http_port}/h2",
	    f"9001=127.0.0.1:{greeter.port}/http",
	    f"9002=127.0.0.1:{app.http_port}/auto"]).await_ready()
	caller = scene.proxy("web", control=control,
	    service="default/web").await_ready()
	for port in (9000, 9001, 9002):
		wait_until(lambda: curl(f"{caller.outbound}/", H2, "-H",
		    f"Host: app.default.mesh:{port}").status in (502, 503),
		    "it does not answer")
	await_complaints(control, *(f"default/app port {port} is declared {what}, "
	    f"but its application speaks {speaks}" for port, what, speaks in (
	    (9000, "h2c", "HTTP/1"), (9001, "http", "what is no HTTP"),
	    (9002, "auto", "HTTP/1"))))
	assert "hint: --app 9002=HOST:PORT/http at its proxy" in \
	    caller.control.ctl("check", expect=None).stdout


# --- What people see


@scenario
def ctl_tells_what_each_port_speaks(scene):
	"""TCP and UDP of one number, requests, and bytes that nobody declared."""
	app = scene.echo("app")
	greeter = Server(scene, greet)
	datagrams = scene.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
	datagrams.bind(("127.0.0.1", 0))
	control = scene.control()
	scene.proxy("app", control=control, service="default/app", apps=[
	    f"8080=127.0.0.1:{app.http_port}/http",
	    f"53=127.0.0.1:{app.tcp_port}/tcp",
	    f"53=127.0.0.1:{datagrams.getsockname()[1]}/udp",
	    f"9000=127.0.0.1:{greeter.port}/auto"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    upstreams={"http": "default/app:8080", "tcp": "default/app:53",
	    "udp": "default/app:53/udp", "auto": "default/app:9000"},
	    ).await_ready()
	at = {name: ("127.0.0.1", int(address.split(":")[1]))
	    for name, address in web.upstream.items()}
	ports = [("8080", "http"), ("53", "tcp"), ("53", "udp"), ("9000", "auto")]
	for words in (["endpoints", "app"], ["endpoints", "app", "--from", "web"]):
		wait_until(lambda: [tuple(line.split()[:2]) for line in
		    control.ctl(*words).stdout.splitlines()[1:]] == ports,
		    f"{words} has the ports")
		curl(f"http://127.0.0.1:{at['http'][1]}/")
	assert "8080/http,53/tcp,53/udp,9000/auto" in \
	    control.ctl("services").stdout
	for port, word in (("8080", "http"), ("53", "tcp"), ("9000", "auto")):
		said = control.ctl("route", f"app:{port}").stdout
		assert f"Protocol:    {word}: " in said, said
	with connect(at["tcp"]) as sock:
		sock.sendall(b"one\n")
		assert sock.recv(100) == b"app: one\n"
	with connect(at["auto"]) as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
		sock.sendto(b"12345", at["udp"])
		datagrams.settimeout(20)
		assert datagrams.recv(100) == b"12345"

	def told():
		rows = json.loads(control.ctl("stat", "-o", "json").stdout)
		return sorted((row["protocol"], row.get("opened"),
		    row.get("bytesTo")) for row in rows)
	wait_until(lambda: told() == [("http", None, None), ("tcp", 2, 4),
	    ("udp", 1, 5)], "stat has all of it", 20)


if __name__ == "__main__":
	main()
