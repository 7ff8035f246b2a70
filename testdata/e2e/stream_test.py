#!/usr/bin/env python3
"""Connections that are routed as such: TCPRoute and TLSRoute at Gateways and at
sidecars.

TLS that a gateway does not end is nginx's, and the clients are curl and
OpenSSL's s_client.
"""

import collections
import json
import shutil
import socket
import ssl
import struct
import subprocess

import wire
from edge import reply
from gateway import (Gateway, certificate, gateway, no_such_name, route,
    secret, service, streams, trust)
from mesh import Skip, curl, free_port, main, scenario, wait_until


def tls(port, name="tls", hostname=None, cert=None):
	host = f', hostname: "{hostname}"' if hostname else ""
	how = f"certificateRefs: [{{name: {cert}}}]" if cert else \
	    "mode: Passthrough"
	return f"name: {name}, protocol: TLS, port: {port}{host}, tls: {{{how}}}"


def tcp(port, name="tcp"):
	return f"name: {name}, protocol: TCP, port: {port}"


def secure_nginx(scene, name, *hosts):
	"""An nginx that shows a certificate of its own and says its name; gives its
	port and the certificate."""
	if not shutil.which("nginx"):
		raise Skip("no nginx")
	cert, key = certificate(scene, name, *hosts)
	port = free_port()
	scene.nginx(name, f"listen 127.0.0.1:{port} ssl;\n"
	    f"ssl_certificate {cert};\nssl_certificate_key {key};\n"
	    f"location / {{ return 200 '{name} $ssl_server_name'; }}\n")
	return port, cert


def by_curl(port, host, cert):
	reply = curl(f"https://{host}:{port}/", "--resolve",
	    f"{host}:{port}:127.0.0.1", "--cacert", str(cert))
	return reply.body.decode()


def talk(port, data=b"hello\n"):
	"""Says something, ends its side, and gives all that comes back."""
	with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
		sock.sendall(data)
		sock.shutdown(socket.SHUT_WR)
		return read_all(sock)


def read_all(sock):
	parts = []
	while part := sock.recv(65536):
		parts.append(part)
	return b"".join(parts)


def is_refused(port, data):
	"""Whether it is closed without a word."""
	try:
		with socket.create_connection(("127.0.0.1", port),
		    timeout=20) as sock:
			sock.sendall(data)
			sock.shutdown(socket.SHUT_WR)
			return read_all(sock) == b""
	except TimeoutError:
		raise
	except OSError:	# a reset, or no connection any more
		return True


def hello(host):
	"""What a client says first."""
	into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
	client = ssl.create_default_context().wrap_bio(into, out,
	    server_hostname=host)
	try:
		client.do_handshake()
	except ssl.SSLWantReadError:
		return out.read()
	raise AssertionError("it needs no server")


@scenario
def tls_goes_by_server_name_to_who_ends_it(scene):
	port = free_port()
	a, a_cert = secure_nginx(scene, "a", "a.example")
	wild, wild_cert = secure_nginx(scene, "wild", "*.shop.example")
	Gateway(scene, gateway([tls(port)]) +
	    streams("TLSRoute", "wild", ["wild"], hosts=["*.shop.example"]) +
	    streams("TLSRoute", "a", ["a"], hosts=["a.example"]) +
	    service("a", a) + service("wild", wild))
	# curl verifies whose certificate it is.
	assert by_curl(port, "a.example", a_cert) == "a a.example"
	assert by_curl(port, "b.shop.example", wild_cert) == \
	    "wild b.shop.example"
	seen = subprocess.run(["openssl", "s_client", "-connect",
	    f"127.0.0.1:{port}", "-servername", "A.Example", "-CAfile", str(a_cert),
	    "-verify_return_error", "-tls1_3"], input="", text=True,
	    capture_output=True, timeout=20)
	assert "Verification: OK" in seen.stdout, seen
	for data in (hello("other.test"), hello(None), b"GET / HTTP/1.1\r\n\r\n",
	    b"\x16\x03\x01\x00\x04\x01\x00\xff\xff"):
		assert is_refused(port, data), data


@scenario
def a_hello_in_pieces_is_waited_for(scene):
	port = free_port()
	nginx, cert = secure_nginx(scene, "a", "a.example")
	Gateway(scene, gateway([tls(port)]) +
	    streams("TLSRoute", "a", ["a"], hosts=["a.example"]) +
	    service("a", nginx))
	into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
	client = trust(cert).wrap_bio(into, out, server_hostname="a.example")
	try:
		client.do_handshake()
	except ssl.SSLWantReadError:
		pass
	# In two records, and byte by byte.
	message = out.read()[5:]
	data = b"".join(b"\x16\x03\x01" + struct.pack(">H", len(part)) + part
	    for part in (message[:30], message[30:]))
	with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
		sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		for i in range(len(data)):
			sock.sendall(data[i:i + 1])
		while True:
			into.write(sock.recv(65536))
			try:
				client.do_handshake()
				break
			except ssl.SSLWantReadError:
				sock.sendall(out.read())
	assert client.getpeercert()["subjectAltName"] == (("DNS", "a.example"),)


@scenario
def one_port_ends_tls_for_some_and_passes_on_for_others(scene):
	port = free_port()
	nginx, passed = secure_nginx(scene, "passed", "pass.example")
	web, bytes_app = scene.echo("web"), scene.echo("raw")
	ended = certificate(scene, "ended", "web.example")
	raw = certificate(scene, "raw", "raw.example")
	Gateway(scene, gateway([
	    tls(port, "pass", "pass.example"),
	    tls(port, "raw", "raw.example", "raw"),
	    f"name: web, protocol: HTTPS, port: {port}, hostname: web.example, "
	    "tls: {certificateRefs: [{name: web}]}"]) +
	    secret("raw", raw) + secret("web", ended) +
	    streams("TLSRoute", "pass", ["passed"], "name: edge",
	        ["pass.example"]) +
	    streams("TCPRoute", "raw", ["raw"], "name: edge, sectionName: raw") +
	    route("web", "web", "name: edge, sectionName: web") +
	    service("passed", nginx) + service("raw", bytes_app.tcp_port) +
	    service("web", web.http_port))
	assert by_curl(port, "pass.example", passed) == "passed pass.example"
	assert json.loads(by_curl(port, "web.example", ended[0]))["name"] == "web"
	# No protocol is agreed on, whatever the client offers.
	context = trust(raw[0])
	context.set_alpn_protocols(["mqtt"])
	with context.wrap_socket(socket.create_connection(("127.0.0.1", port),
	    timeout=20), server_hostname="raw.example") as sock:
		sock.sendall(b"hello\n")
		assert sock.recv(100).startswith(b"raw: hello\n")
		assert sock.selected_alpn_protocol() is None
	with no_such_name():
		trust(raw[0]).wrap_socket(socket.create_connection(
		    ("127.0.0.1", port), timeout=20), server_hostname="no.example")


@scenario
def tls_ended_at_the_gateway_goes_on_as_bytes(scene):
	port = free_port()
	apps = {name: scene.echo(name) for name in ("a", "rest")}
	pair = certificate(scene, "cert", "a.example", "b.example")
	Gateway(scene, gateway([tls(port, cert="cert")]) + secret("cert", pair) +
	    streams("TLSRoute", "a", ["a"], hosts=["a.example"]) +
	    streams("TCPRoute", "rest", ["rest"]) +
	    "".join(service(name, app.tcp_port) for name, app in apps.items()))
	for host, name in (("a.example", "a"), ("b.example", "rest")):
		with subprocess.Popen(["openssl", "s_client", "-quiet", "-connect",
		    f"127.0.0.1:{port}", "-servername", host, "-CAfile",
		    str(pair[0]), "-verify_return_error"], text=True,
		    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
		    stderr=subprocess.DEVNULL) as client:
			client.stdin.write("hello\n")
			client.stdin.flush()
			assert client.stdout.readline() == f"{name}: hello\n"
			client.kill()


@scenario
def tcp_is_shared_out_by_weight_and_the_older_route_has_it(scene):
	port = free_port()
	apps = {name: scene.echo(name) for name in ("a", "b", "zero", "late")}
	edge = Gateway(scene, gateway([tcp(port)]) +
	    streams("TCPRoute", "split", {"a": 3, "b": 1, "zero": 0}) +
	    streams("TCPRoute", "younger", ["late"]) +
	    "".join(service(name, app.tcp_port) for name, app in apps.items()))
	seen = collections.Counter(talk(port).split(b":")[0].decode()
	    for _ in range(80))
	assert seen == {"a": 60, "b": 20}, seen
	# Whose share nobody can serve is refused, and nothing else.
	edge.write("documents", gateway([tcp(port)]) +
	    streams("TCPRoute", "split", {"a": 1, "nobody": 1}) +
	    service("a", apps["a"].tcp_port))
	wait_until(lambda: is_refused(port, b"hello\n"), "the new split is used")
	refused = sum(is_refused(port, b"hello\n") for _ in range(40))
	assert refused == 20, refused


@scenario
def ends_and_resets_pass_through_a_gateway(scene):
	port = free_port()
	server = socket.create_server(("127.0.0.1", 0))
	server.settimeout(20)
	Gateway(scene, gateway([tcp(port)]) + streams("TCPRoute", "all", ["app"]) +
	    service("app", server.getsockname()[1]))

	def both():
		client = socket.create_connection(("127.0.0.1", port), timeout=20)
		peer, _ = server.accept()
		peer.settimeout(20)
		return client, peer

	client, peer = both()
	client.sendall(b"question")
	client.shutdown(socket.SHUT_WR)
	assert read_all(peer) == b"question"
	peer.sendall(b"answer")
	peer.close()
	assert read_all(client) == b"answer"
	for way in (0, 1):
		pair = both()
		giver, taker = pair[way], pair[1 - way]
		giver.sendall(b"x")
		assert taker.recv(1) == b"x"
		wire.reset(giver)
		try:
			assert taker.recv(1) and False, "no reset"
		except ConnectionResetError:
			pass
	# Nobody listens: the caller is reset.
	server.close()
	assert is_refused(port, b"hello\n")


@scenario
def a_sidecar_routes_connections_of_its_application(scene):
	control = scene.control()
	names = ("v1", "v2", "ledger")
	apps = {name: scene.echo(name) for name in names}
	for name, app in apps.items():
		scene.proxy(f"{name}-1", control=control, service=f"default/{name}",
		    apps=[f"80={app.tcp}/tcp"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    upstreams={"ledger": "default/ledger:80"}).await_ready()
	port = int(web.upstream["ledger"].rpartition(":")[2])

	def who(count=1):
		return collections.Counter(talk(port).split(b":")[0].decode()
		    for _ in range(count))

	wait_until(lambda: who() == {"ledger": 1}, "ledger is reached")
	parent = 'group: "", kind: Service, name: ledger'
	control.apply(streams("TCPRoute", "split", {"v1": 1, "v2": 1}, parent))
	wait_until(lambda: "ledger" not in who() and who(4) == {"v1": 2, "v2": 2},
	    "the route is obeyed")
	control.ctl("wait", "tcproute", "split", "--for", "condition=Programmed")
	# By CONNECT it is the same.
	seen = collections.Counter()
	for _ in range(10):
		with wire.Client(web.outbound_port) as client:
			client.send(b"CONNECT ledger.default.mesh:80 HTTP/1.1\r\n"
			    b"Host: ledger.default.mesh:80\r\n\r\n")
			assert b" 200 " in client.read_until(b"\r\n\r\n")
			client.send(b"hello\n")
			seen[client.read_until(b":").decode().rstrip(":")] += 1
	assert seen == {"v1": 5, "v2": 5}, seen


@scenario
def requests_obey_routes_of_connections_from_the_first_on(scene):
	control = scene.control()
	for name in ("old", "new"):
		backend = scene.backend(reply(name))
		scene.proxy(f"{name}-1", control=control, service=f"default/{name}",
		    apps=[f"80=127.0.0.1:{backend.port}/http"]).await_ready()
	parent = 'group: "", kind: Service, name: old'
	control.apply(streams("TCPRoute", "moved", ["new"], parent))
	# None of these calls the service when it starts.
	for caller in ("web", "shop"):
		web = scene.proxy(caller, control=control,
		    service=f"default/{caller}").await_ready()
		bodies = [curl(f"{web.outbound}/", "-H",
		    "Host: old.default.mesh").body for _ in range(3)]
		assert bodies == [b"new"] * 3, bodies


@scenario
def a_sidecar_routes_tls_by_the_name_it_asks_for(scene):
	control = scene.control()
	certs = {}
	for name in ("a", "b"):
		nginx, certs[name] = secure_nginx(scene, name, f"{name}.example")
		scene.proxy(f"{name}-1", control=control, service=f"default/{name}",
		    apps=[f"80=127.0.0.1:{nginx}/tcp"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    upstreams={"a": "default/a:80"}).await_ready()
	port = int(web.upstream["a"].rpartition(":")[2])
	parent = 'group: "", kind: Service, name: a'
	# The TLSRoute goes before the TCPRoute, and says so.
	control.apply("".join(streams("TLSRoute", name, [name], parent,
	    [f"{name}.example"]) for name in ("a", "b")) +
	    streams("TCPRoute", "all", ["b"], parent))
	control.ctl("wait", "tlsroute", "a", "--for", "condition=Programmed")
	shown = control.ctl("get", "tcproute", "all", "-o", "yaml").stdout
	assert "reason: Conflicted" in shown, shown
	# Requests to a port that another kind of route has obey no HTTPRoute.
	control.apply(route("h", "b", 'group: "", kind: Service, name: b') +
	    "".join(("---\napiVersion: gateway.networking.k8s.io/v1\n",
	    "kind: GRPCRoute\nmetadata: {name: g, namespace: default}\nspec:\n",
	    '  parentRefs: [{group: "", kind: Service, name: b}]\n')))
	shown = control.ctl("route", "b").stdout
	assert "GRPCRoute default/g, rules[0]" in shown, shown
	wait_until(lambda: curl(f"https://b.example:{port}/", "--resolve",
	    f"b.example:{port}:127.0.0.1", "--cacert", str(certs["b"])).body ==
	    b"b b.example", "the route is obeyed")
	assert by_curl(port, "a.example", certs["a"]) == "a a.example"
	assert is_refused(port, hello("c.example"))
	# And by CONNECT, where the name comes behind the answer.
	for name in ("a", "b"):
		reply = curl(f"https://{name}.example:80/", "--connect-to",
		    f"{name}.example:80:a.default.mesh:80", "--proxytunnel", "--proxy",
		    web.outbound, "--cacert", str(certs[name]))
		assert reply.body.decode() == f"{name} {name}.example", reply.err


if __name__ == "__main__":
	main()
