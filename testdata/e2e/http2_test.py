#!/usr/bin/env python3
# timeout: 120
"""HTTP/2 in front of a proxy: real clients, and services that speak HTTP/1."""

import re
import socket
import struct
import subprocess
import threading

from gateway import Gateway, certificate, gateway, route, secret, service
from mesh import VARIANT, Skip, curl, free_port, main, scenario, wait_until

H2 = "--http2-prior-knowledge"


def caller_of(scene, address, protocol, path="/"):
	"""A service at the address, and a caller, which it gives."""
	control = scene.control()
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80={address}/{protocol}"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	wait_until(lambda: curl(f"{web.outbound}{path}", "-H",
	    "Host: app.default.mesh").status == 200, "app answers")
	return web


def pair(scene):
	return caller_of(scene, scene.echo("app").http, "http")


@scenario
def curl_speaks_http2_by_prior_knowledge(scene):
	web = pair(scene)
	host = ("-H", "Host: app.default.mesh")
	reply = curl(f"{web.outbound}/x?y=z", H2, *host)
	assert reply.status == 200, reply.head
	assert reply.head.startswith("HTTP/2 200"), reply.head
	body = scene.file("body", "b" * 300000)
	posted = curl(f"{web.outbound}/echo", H2, *host, "--data-binary",
	    f"@{body}")
	assert posted.status == 200, posted.head
	# An upgrade from HTTP/1 is not taken.
	upgrade = curl(f"{web.outbound}/", "--http2", *host)
	assert upgrade.head.startswith("HTTP/1.1 200"), upgrade.head
	missing = curl(f"{web.outbound}/", H2, "-H", "Host: nobody.default.mesh")
	assert missing.head.startswith("HTTP/2 404"), missing.head


@scenario
def h2load_loses_nothing(scene):
	web = pair(scene)
	done = subprocess.run(["h2load", "-n", "5000", "-c", "4", "-m", "32",
	    "-H", ":authority: app.default.mesh", f"{web.outbound}/"],
	    capture_output=True, text=True, timeout=60, check=True)
	assert re.search(r"5000 succeeded, 0 failed, 0 errored", done.stdout), \
	    done.stdout
	assert re.search(r"status codes: 5000 2xx", done.stdout), done.stdout


def nginx_of_h2c(scene, location, options=""):
	"""nginx that speaks HTTP/2 in plain text; gives its address."""
	port = free_port()
	scene.nginx("origin", f"listen 127.0.0.1:{port} http2; {options} "
	    f"location / {{ {location} }}")
	return f"127.0.0.1:{port}"


@scenario
def services_are_spoken_to_over_http2(scene):
	origin = nginx_of_h2c(scene, 'return 200 "$server_protocol $http_host";')
	web = caller_of(scene, origin, "h2c")
	for options in ((), (H2,)):
		reply = curl(f"{web.outbound}/x", "-H", "Host: app.default.mesh",
		    *options)
		assert reply.body == b"HTTP/2.0 app.default.mesh", reply.body


@scenario
def large_bodies_cross_both_versions(scene):
	body = scene.file("body", "0123456789abcdef" * 200000)
	folder = scene.dir / "www"
	folder.mkdir()
	(folder / "large").write_bytes(body.read_bytes())
	origin = nginx_of_h2c(scene, f"root {folder}; "
	    "error_page 405 =200 $uri;", "client_max_body_size 10m;")
	web = caller_of(scene, origin, "h2c", "/large")

	def ask(*options):
		return curl(f"{web.outbound}/large", "-H",
		    "Host: app.default.mesh", *options)

	for options in ((), (H2,)):
		assert ask(*options).body == body.read_bytes()
		posted = ask(*options, "--data-binary", f"@{body}")
		assert posted.status == 200, posted.head


@scenario
def few_connections_carry_many_streams(scene):
	origin = nginx_of_h2c(scene, 'return 200 "$connection";')
	web = caller_of(scene, origin, "h2c")
	done = subprocess.run(["h2load", "-n", "20000", "-c", "4", "-m", "50",
	    "-H", ":authority: app.default.mesh", f"{web.outbound}/"],
	    capture_output=True, text=True, timeout=60, check=True)
	assert re.search(r"20000 succeeded, 0 failed, 0 errored", done.stdout), \
	    done.stdout
	assert re.search(r"status codes: 20000 2xx", done.stdout), done.stdout
	# nginx ends a connection after 1000 requests; none is lost by that.
	last = curl(f"{web.outbound}/", "-H", "Host: app.default.mesh")
	assert int(last.body) < 300, last.body


@scenario
def a_gateway_agrees_on_http2_over_tls(scene):
	port = free_port()
	pair = certificate(scene, "site", "a.example.com")
	edge = Gateway(scene, gateway([f"name: s, port: {port}, protocol: HTTPS, "
	    "tls: {certificateRefs: [{name: site}]}"]) + secret("site", pair) +
	    route("web", "web") + service("web", scene.echo("web").http_port))

	def ask(*options):
		return curl(f"https://a.example.com:{port}/", "--cacert", pair[0],
		    "--resolve", f"a.example.com:{port}:127.0.0.1", *options)

	wait_until(lambda: ask().status == 200, "the port opens")
	assert ask().head.startswith("HTTP/2 200"), ask().head
	assert ask().json()["headers"]["x-forwarded-proto"] == ["https"]
	old = ask("--http1.1")
	assert old.head.startswith("HTTP/1.1 200"), old.head
	assert edge.is_running


def frame(kind, flags, stream, payload=b""):
	return (struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) +
	    struct.pack(">I", stream) + payload)


def idle_connection(address):
	"""One that asked for / of app.default.mesh and got it."""
	host, port = address.split("//")[-1].split(":")
	name = b"app.default.mesh"
	s = socket.create_connection((host, int(port)))
	s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) +
	    frame(1, 5, 1, b"\x82\x86\x84\x01" + bytes([len(name)]) + name))
	s.settimeout(10)
	got = b""
	while b"x-echo-name" not in got and len(got) < 300:
		got += s.recv(65536)
	return s


@scenario
def an_idle_connection_takes_little(scene):
	if VARIANT != "release":
		raise Skip("sanitizers take more")
	web = pair(scene)
	before = web.rss_kib()
	kept = [idle_connection(web.outbound) for _ in range(500)]
	each = (web.rss_kib() - before) / len(kept)
	for s in kept:
		s.close()
	assert each <= 32, each


@scenario
def a_proxy_that_stops_finishes_what_is_under_way(scene):
	folder = scene.dir / "www"
	folder.mkdir()
	(folder / "large").write_bytes(b"x" * 4000000)
	nginx = scene.nginx("slow", f"root {folder}; limit_rate 2m;")
	control = scene.control()
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80={nginx.http}/http"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	wait_until(lambda: curl(f"{web.outbound}/", "-H",
	    "Host: app.default.mesh").status != 503, "app answers")
	asking = subprocess.Popen(["curl", "-q", "-sS", H2, "-H",
	    "Host: app.default.mesh", "-o", scene.dir / "got",
	    f"{web.outbound}/large"])
	wait_until(lambda: (scene.dir / "got").stat().st_size > 0, "bytes come")
	web.stop(30)
	assert asking.wait(30) == 0
	assert (scene.dir / "got").stat().st_size == 4000000


def literals(*fields):
	"""A field block of literals that nobody indexes."""
	return b"".join(bytes([0, len(name)]) + name.encode() +
	    bytes([len(value)]) + value.encode() for name, value in fields)


class Socket(threading.Thread):
	"""A service that switches to WebSocket and echoes; no frames of it."""

	def __init__(self):
		super().__init__(daemon=True)
		self.listener = socket.create_server(("127.0.0.1", 0))
		self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
		self.heads = []
		self.start()

	def run(self):
		while True:
			self.serve(self.listener.accept()[0])

	def serve(self, conn):
		with conn:
			head = b""
			while b"\r\n\r\n" not in head:
				got = conn.recv(4096)
				if not got:
					return
				head += got
			self.heads.append(head)
			if b"upgrade: websocket" not in head:
				conn.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: "
				    b"0\r\nconnection: close\r\n\r\n")
				return
			conn.sendall(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: "
			    b"websocket\r\nconnection: upgrade\r\n\r\n")
			while got := conn.recv(4096):
				conn.sendall(b"echo " + got)


@scenario
def a_websocket_over_http2_reaches_a_service_of_http1(scene):
	app = Socket()
	web = caller_of(scene, app.address, "http")
	host, port = web.outbound.split("//")[-1].split(":")
	with socket.create_connection((host, int(port))) as s:
		s.settimeout(10)
		s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0) +
		    frame(1, 4, 1, literals((":method", "CONNECT"),
		    (":protocol", "websocket"), (":scheme", "http"),
		    (":path", "/chat"), (":authority", "app.default.mesh"))) +
		    frame(0, 1, 1, b"hello"))
		got = b""
		while frame(0, 0, 1, b"echo hello")[3:] not in got and \
		    frame(0, 1, 1, b"echo hello")[3:] not in got:
			more = s.recv(65536)
			assert more, got
			got += more
	assert b"sec-websocket-key: " in app.heads[-1], app.heads[-1]


if __name__ == "__main__":
	main()
