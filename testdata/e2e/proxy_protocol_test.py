#!/usr/bin/env python3
"""HAProxy's PROXY protocol: load balancers before a gateway say for whom they
come, and applications and back ends are told who calls."""

import ipaddress
import json
import ssl
import struct

import wire
from edge import Managed, stays_quiet
from gateway import (Gateway, certificate, gateway, route, secret, service,
    streams, trust)
from mesh import Process, free_port, main, scenario, wait_until

POLICY = """---
apiVersion: mesh/v1
kind: BackendPolicy
metadata: {{name: {0}, namespace: default}}
spec:
  targetRefs: [{{name: {0}}}]
  proxyProtocol: v2
"""
MARK = b"\r\n\r\n\0\r\nQUIT\n"
LINE = b"PROXY TCP4 203.0.113.7 198.51.100.1 4711 443\r\n"


def v2(source="203.0.113.7", target="198.51.100.1", port=4711, tlvs=b"",
    command=0x21):
	addrs = b"".join(ipaddress.ip_address(one).packed
	    for one in (source, target)) + struct.pack("!HH", port, 443)
	family = 0x11 if len(addrs) == 12 else 0x21
	return MARK + struct.pack("!BBH", command, family,
	    len(addrs) + len(tlvs)) + addrs + tlvs


def haproxy(scene, listen, server, options="send-proxy-v2", name="haproxy",
    frontend=""):
	"""HAProxy as bytes go, in front of `server`."""
	conf = scene.file(f"{name}.cfg", f"""
defaults
  mode tcp
  timeout connect 5s
  timeout client 20s
  timeout server 20s
listen front
  bind {listen} {frontend}
  server one {server} {options}
""")
	process = scene.add(Process(scene, name, ["haproxy", "-db", "-f", conf]))
	wait_until(lambda: wire.dial(listen).close() is None, f"{name} listens")
	return process


def edge(scene):
	app, port = scene.echo("app"), free_port()
	proxy = Gateway(scene, service("app", app.http_port) +
	    gateway([f"name: web, port: {port}, protocol: HTTP"]) +
	    route("app", "app"), options=["--proxy-protocol-from", "::1",
	    "--proxy-protocol-from", "127.0.0.0/8"])
	wait_until(lambda: serves(port), "the gateway serves")
	return proxy, port


def serves(port):
	with wire.Client(port) as client:
		client.send(LINE + wire.build("GET", "/", "test"))
		return client.read_reply().status == 200


def ask(port, header, split=None):
	"""What the application saw of a request behind that header."""
	with wire.Client(port) as client:
		data = header + wire.build("GET", "/", "test")
		for piece in (data[:split], data[split:]) if split else (data,):
			client.send(piece)
			if split and piece is not data:
				stays_quiet(client, 0.01)
		return client.read_reply().json()["headers"]["x-forwarded-for"]


def log_line(proxy, address):
	return wait_until(lambda: next((json.loads(line) for line in
	    proxy.out().splitlines() if f'"{address}"' in line), None),
	    f"{address} is in the access log")


@scenario
def the_client_s_address_counts(scene):
	proxy, port = edge(scene)
	assert ask(port, LINE) == ["203.0.113.7"]
	assert ask(port, v2(port=4712)) == ["203.0.113.7"]
	assert ask(port, v2("2001:db8::7", "2001:db8::1")) == ["2001:db8::7"]
	for one in b"PROXY UNKNOWN\r\n", v2(command=0x20):
		assert ask(port, one) == ["127.0.0.1"], one
	assert ask(port, v2(tlvs=b"\xea\0\x03abc\x04\0\0")) == ["203.0.113.7"]
	assert log_line(proxy, "203.0.113.7:4712")["response_code"] == 200


@scenario
def a_header_may_come_byte_by_byte(scene):
	_, port = edge(scene)
	for header in LINE, v2():
		for at in range(1, len(header) + 1):
			assert ask(port, header, at) == ["203.0.113.7"], at


@scenario
def what_is_no_header_ends_the_connection(scene):
	proxy, port = edge(scene)
	for header in b"", b"PROXY TCP4 1.2.3.4\r\n", b"PROXY " + b"x" * 110, \
	    MARK + b"\x31", v2(tlvs=b"\x02\0\x09x"), \
	    v2(tlvs=b"\x03\0\x04\0\0\0\0"), MARK + b"\x21\x11\xff\xff":
		with wire.Client(port) as client:
			client.send(header + wire.build("GET", "/", "test"))
			client.wait_end()
			assert not client.seen, (header, client.seen)
	assert proxy.metrics().sum("mesh_connections_refused_total",
	    reason="bad_proxy_header") == 7
	with wire.Client(port) as client:	# says nothing
		client.wait_end()
	assert proxy.metrics().sum("mesh_connections_refused_total",
	    reason="late_proxy_header") == 1
	proxy.wait_line("is refused: late_proxy_header")


@scenario
def others_are_closed_unread(scene):
	"""Also with a header that is right."""
	app, port = scene.echo("app"), free_port()
	proxy = Gateway(scene, service("app", app.http_port) + gateway(
	    [f"name: web, port: {port}, protocol: HTTP"]) + route("app", "app"),
	    options=["--proxy-protocol-from", "10.0.0.0/8"])
	for header in LINE, b"":
		wait_until(lambda: wire.dial(port).close() is None, "it listens")
		with wire.Client(port) as client:
			try:
				client.send(header + wire.build("GET", "/", "test"))
			except ConnectionError:
				pass
			client.wait_end()
			assert not client.seen
	assert proxy.metrics().sum("mesh_connections_refused_total",
	    reason="untrusted_proxy", listener="gateway") >= 2
	proxy.wait_line("127.0.0.1:[0-9]+ is refused: untrusted_proxy")


@scenario
def haproxy_in_front_of_a_gateway(scene):
	"""Version 1 and 2 with all that it can add; its checks are no clients."""
	proxy, port = edge(scene)
	for number, options in enumerate(("send-proxy", "send-proxy-v2",
	    "send-proxy-v2 proxy-v2-options crc32c,unique-id,authority",
	    "send-proxy-v2 check-send-proxy check inter 100ms")):
		front = f"127.0.0.1:{free_port()}"
		haproxy(scene, front, f"127.0.0.1:{port}", options,
		    name=f"haproxy-{number}")
		with wire.Client(front) as client:
			client.sock.getsockname()
			reply = client.request()
			assert reply.status == 200
			me = "%s:%d" % client.sock.getsockname()
		assert log_line(proxy, me), options
	assert proxy.metrics().sum("mesh_connections_refused_total",
	    reason="bad_proxy_header") == 0


@scenario
def tls_comes_behind_the_header(scene):
	"""Ended at the gateway, or passed on by its server name."""
	app = scene.echo("app")
	cert = certificate(scene, "edge", "localhost")
	port, front = free_port(), f"127.0.0.1:{free_port()}"
	proxy = Gateway(scene, secret("edge", cert) + service("app",
	    app.http_port) + gateway([f"name: web, port: {port}, "
	    "protocol: HTTPS, tls: {certificateRefs: [{name: edge}]}"]) +
	    route("app", "app"), options=["--proxy-protocol-from", "127.0.0.1"])
	haproxy(scene, front, f"127.0.0.1:{port}")
	def served():
		with wire.Client(front, tls=(trust(cert[0]), "localhost")) as client:
			assert client.request(host="localhost").status == 200
			return "%s:%d" % client.sock.getsockname()
	me = wait_until(served, "TLS through HAProxy")
	assert log_line(proxy, me)["requested_server_name"] == "localhost"


# Outwards

TLVS = {1: "alpn", 2: "authority", 3: "crc", 5: "id", 0xe0: "identity"}


def take_header(connection):
	"""(source, target, {TLV: bytes}) of version 2; None: for nobody."""
	head = connection.read(16)
	assert head[:12] == MARK, head
	command, family, size = struct.unpack("!BBH", head[12:])
	rest = connection.read(size)
	if command == 0x20:
		return None
	assert (command, family) == (0x21, 0x11), head
	source, target = (str(ipaddress.ip_address(rest[at:at + 4]))
	    for at in (0, 4))
	ports = struct.unpack("!HH", rest[8:12])
	tlvs, rest = {}, rest[12:]
	while rest:
		kind, size = struct.unpack("!BH", rest[:3])
		tlvs[TLVS[kind]] = rest[3:3 + size]
		rest = rest[3 + size:]
	return f"{source}:{ports[0]}", f"{target}:{ports[1]}", tlvs


def told(headers, answer=True):
	"""A back end that notes the headers, then answers one request or echoes."""
	def script(connection):
		header = take_header(connection)
		if header:
			headers.append(header)
		if not answer:
			connection.send(connection.read_to_end())
			return
		while connection.read_request() is not None:
			connection.send(b"HTTP/1.1 200 OK\r\n"
			    b"Content-Length: 2\r\n\r\nok")
	return script


@scenario
def each_request_has_a_connection_that_says_for_whom(scene):
	"""Of a back end without a proxy, by BackendPolicy; checks are nobody's."""
	headers = []
	edge = Managed(scene, scene.backend(told(headers)),
	    policy="  proxyProtocol: v2\n  healthCheck: {type: HTTP, path: /, "
	    "interval: 100ms, edgeInterval: 100ms}\n")
	mine = set()
	for _ in range(2):
		with edge.client() as client:
			mine.add("%s:%d" % client.sock.getsockname())
			for _ in range(3):
				assert client.request(host="web.default").status == 200
	headers = [one for one in headers if one]
	assert len(headers) == 6, headers
	assert {one[0] for one in headers} == mine
	assert {one[1] for one in headers} == {edge.address}
	tlvs = [one[2] for one in headers]
	assert all(one["authority"] == b"web.default" and len(one["crc"]) == 4 and
	    "identity" not in one for one in tlvs), tlvs
	assert len({one["id"] for one in tlvs}) == 6, tlvs


@scenario
def many_at_once_get_their_own(scene):
	"""Connections made at the same time are not mixed up."""
	headers = []
	edge = Managed(scene, scene.backend(told(headers)),
	    policy="  proxyProtocol: v2\n")
	clients = [scene.closing(edge.client()) for _ in range(40)]
	for number, client in enumerate(clients):
		client.send(wire.build("GET", "/", f"host-{number}"))
	for client in clients:
		assert client.read_reply().status == 200
	assert {(one[2]["authority"].decode(), one[0]) for one in headers} == {
	    (f"host-{number}", "%s:%d" % client.sock.getsockname())
	    for number, client in enumerate(clients)}


@scenario
def an_application_is_told_who_calls(scene):
	"""Over the link between sidecars, HTTP and bytes, with the identity."""
	control = scene.control()
	headers, streams = [], []
	http = scene.backend(told(headers))
	tcp = scene.backend(told(streams, answer=False))
	control.apply("""
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: default}
spec:
  selector: {app: orders}
  ports:
  - {name: http, port: 80, appProtocol: http}
  - {name: tcp, port: 81, appProtocol: tcp}
""")
	orders = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{http.port}/http/proxy-v2",
	    f"81=127.0.0.1:{tcp.port}/tcp/proxy-v2"],
	    options=["--label", "app=orders"])
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web').http}/http"],
	    upstreams={"tcp": "default/orders:81"})
	host = "orders.default.mesh"
	wait_until(lambda: wire.get(web.outbound_port, f"http://{host}/",
	    host=host).status == 200, "orders answers")
	source, target, tlvs = headers[-1]
	assert target == f"127.0.0.1:{orders.inbound_port}", target
	assert tlvs["identity"] == b"spiffe://mesh.internal/ns/default/sa/web"
	assert tlvs["authority"] == host.encode(), tlvs
	assert log_line(orders, source)["client_identity"].endswith("/web")
	assert wire.exchange(web.upstream["tcp"], b"hello") == b"hello"
	source, target, tlvs = streams[-1]
	assert target == f"127.0.0.1:{orders.inbound_port}", target
	assert tlvs["identity"] == b"spiffe://mesh.internal/ns/default/sa/web"
	assert tlvs["authority"] == b"81.orders.default.mesh", tlvs


ORDERS = """
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: default}
spec:
  selector: {app: orders}
  ports: [{name: tcp, port: 80, appProtocol: tcp}]
"""


@scenario
def an_application_behind_a_sidecar_is_told_the_gateway_s_client(scene):
	"""Whom the gateway was told of by a load balancer, over the link."""
	control = scene.control()
	seen, port = [], free_port()
	tcp = scene.backend(told(seen, answer=False))
	control.apply(ORDERS + gateway(
	    [f"name: tcp, port: {port}, protocol: TCP"]) +
	    streams("TCPRoute", "orders", ["orders"]))
	orders = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{tcp.port}/tcp/proxy-v2"],
	    options=["--label", "app=orders"]).await_ready()
	scene.proxy("edge-1", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1", "--proxy-protocol-from",
	    "127.0.0.1"]).await_ready()

	def through():
		with wire.Client(port) as client:
			client.send(LINE + b"hello")
			client.end()
			return client.read_to_end() == b"hello"
	wait_until(through, "bytes come through")
	for source, target, tlvs in seen:
		assert source == "203.0.113.7:4711", seen
		assert target == f"127.0.0.1:{port}", seen
		assert tlvs["identity"].endswith(b"/gw--edge"), tlvs
	line = log_line(orders, "203.0.113.7:4711")
	assert line["client_identity"].endswith("/gw--edge"), line


FROM_HERE = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: orders, namespace: default}
spec:
  selector: {matchLabels: {app: orders}}
  rules:
  - from: [{source: {ipBlocks: [%s]}}]
"""


def acked(control, name):
	"""The revision that this proxy acts by."""
	rows = json.loads(control.ctl("proxy", "status", "-o", "json").stdout)
	rows = rows["items"] if isinstance(rows, dict) else rows
	return next(row["ackedRevision"] for row in rows
	    if row["name"] == f"default/{name}")


def in_pieces(connection):
	while connection.fill():
		connection.send(connection.take(len(connection.buffer)))


@scenario
def who_came_in_by_a_gateway_is_asked_again_as_when_it_came(scene):
	"""Of the gateway's address, not of that of the client it told of."""
	control = scene.control()
	port, ours = free_port(), "127.0.0.1"
	tcp = scene.backend(in_pieces)
	control.apply(ORDERS + "---" + FROM_HERE % ours + gateway(
	    [f"name: tcp, port: {port}, protocol: TCP"]) +
	    streams("TCPRoute", "orders", ["orders"]))
	scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{tcp.port}/tcp"],
	    options=["--label", "app=orders"]).await_ready()
	scene.proxy("edge-1", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1", "--proxy-protocol-from",
	    "127.0.0.1"]).await_ready()

	def opened():
		client = wire.Client(port)
		client.send(LINE + b"hello")
		try:
			if client.read_until(b"hello"):
				return client
		except OSError:
			pass
		client.close()
		return None
	kept = wait_until(opened, "bytes come through")
	before = acked(control, "orders")
	control.apply(FROM_HERE % f"{ours}, 192.0.2.0/24")
	wait_until(lambda: acked(control, "orders") > before,
	    "the sidecar has it")
	opened().close()
	kept.send(b"again")
	kept.read_until(b"again")
	control.apply(FROM_HERE % "192.0.2.0/24")
	kept.wait_end()


def member_tls(proxy):
	"""A client with the identity of this proxy."""
	tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
	tls.load_cert_chain(str(proxy.state_dir / "identity.pem"))
	tls.set_alpn_protocols(["mesh-tcp/1"])
	return tls


def frame(kind, data=b""):
	return struct.pack("!I", kind << 24 | len(data)) + data


@scenario
def nobody_but_a_gateway_says_for_whom_it_calls(scene):
	"""A member with a certificate that speaks the link itself."""
	control = scene.control()
	seen = []
	tcp = scene.backend(told(seen, answer=False))
	control.apply(ORDERS)
	orders = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{tcp.port}/tcp/proxy-v2"],
	    options=["--label", "app=orders"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web').http}/http"]).await_ready()
	tls = member_tls(web)
	with wire.Client(f"127.0.0.1:{orders.inbound_port}") as client:
		client.sock = tls.wrap_socket(client.sock,
		    server_hostname="80.orders.default.mesh")
		me = "%s:%d" % client.sock.getsockname()
		client.send(frame(1, b"client=203.0.113.7:4711 198.51.100.1:443\n"
		    b"source=default/web-1") + frame(2, b"hello") + frame(3))
		assert client.read(4 + 5) == frame(2, b"hello")
	assert seen[-1][0] == me, seen
	assert log_line(orders, me)["client_identity"].endswith("/web")


@scenario
def a_check_of_the_application_is_nobody_s(scene):
	headers = []
	control = scene.control()
	app = scene.backend(told(headers))
	orders = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{app.port}/http/proxy-v2"],
	    options=["--app-health", "http:/health"])
	orders.wait_line(f"app: 127.0.0.1:{app.port} answers")
	assert app.requests()[0].target == "/health" and not headers


@scenario
def not_together_with_tls_to_a_back_end(scene):
	"""Nothing is sent there, rather than a header inside of TLS."""
	backend = scene.backend(b"")
	edge = Managed(scene, backend, policy="  proxyProtocol: v2\n")
	cert, _ = certificate(scene, "root", "localhost")
	before = edge.reloads()
	edge.write("tls", "apiVersion: v1\nkind: ConfigMap\nmetadata: "
	    "{name: roots, namespace: default}\ndata:\n  ca.crt: |\n" +
	    "".join(f"    {line}\n" for line in cert.read_text().splitlines()) +
	    "---\napiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: BackendTLSPolicy\nmetadata: {name: web, "
	    "namespace: default}\nspec:\n  targetRefs: [{group: '', "
	    "kind: Service, name: web}]\n  validation:\n    hostname: localhost\n"
	    "    caCertificateRefs: [{group: '', kind: ConfigMap, "
	    "name: roots}]\n")
	wait_until(lambda: edge.reloads() > before, "the policy is read")
	with edge.client() as client:
		assert client.request().status == 503
	wait_until(lambda: "proxy_protocol_with_tls" in edge.out(), "the reason")
	assert not backend.requests()


@scenario
def nginx_takes_both_versions(scene):
	"""As an application: its idea of who asks is the caller."""
	nginx = scene.nginx("nginx", "location / "
	    "{ return 200 \"$proxy_protocol_addr:$proxy_protocol_port\"; }",
	    listen="proxy_protocol")
	edge = Managed(scene, nginx.http_port)
	for version in "v1", "v2":
		edge.policy(f"  proxyProtocol: {version}\n")
		with edge.client() as client:
			for _ in range(2):
				reply = client.request()
				assert reply.status == 200, reply.head
				assert reply.text() == "%s:%d" % \
				    client.sock.getsockname(), reply.body


@scenario
def haproxy_behind_a_gateway(scene):
	"""TCP of a client: HAProxy's accept-proxy, in front of and behind us."""
	echo = scene.echo("app")
	inner, front = (f"127.0.0.1:{free_port()}" for _ in range(2))
	haproxy(scene, inner, f"127.0.0.1:{echo.tcp.rsplit(':', 1)[1]}",
	    "send-proxy", name="inner", frontend="accept-proxy")
	port = free_port()
	Gateway(scene, service("app", int(inner.rsplit(":", 1)[1])) + gateway(
	    [f"name: tcp, port: {port}, protocol: TCP"]) +
	    streams("TCPRoute", "app", ["app"]) + POLICY.format("app"),
	    options=["--proxy-protocol-from", "127.0.0.1"])
	haproxy(scene, front, f"127.0.0.1:{port}", name="outer")
	def through():
		with wire.Client(front) as client:
			client.send(b"RAW\n")
			me = client.sock.getsockname()
			# Its first line, as it does not know what that is.
			line = client.read_until(b"\r\n").decode()
			assert line.startswith(f"app: PROXY TCP4 {me[0]} "), line
			return int(line.split()[5]) == me[1]
	wait_until(through, "the client's address comes all the way")


if __name__ == "__main__":
	main()
