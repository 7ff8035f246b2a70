#!/usr/bin/env python3
"""HAProxy's PROXY protocol: load balancers before a gateway say for whom they
come, and applications and back ends are told who calls."""

import ipaddress
import json
import struct

import wire
from edge import stays_quiet
from gateway import Gateway, certificate, gateway, route, secret, service, trust
from mesh import Process, free_port, main, scenario, wait_until

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


if __name__ == "__main__":
	main()
