#!/usr/bin/env python3
"""WebSocket and other protocols that a request switches to: two sidecars, a
gateway, and what ends a tunnel."""

import asyncio
import hashlib
import json
import signal
import threading

import wire
from edge import Managed, stays_quiet
from gateway import Gateway, certificate, gateway, route, secret, service, trust
from mesh import Skip, curl, free_port, main, scenario, wait_until
from websocket import PING, PONG, Refused, WebSocket

try:
	import websockets
except ImportError:
	websockets = None

ORDERS = "orders.default.mesh"
SWITCH = (b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
    b"Upgrade: %s\r\n\r\n")


def log_of(proxy):
	"""Of the last exchange that switched; waits for it."""
	def find():
		for line in reversed(proxy.out().splitlines()):
			if '"response_code":101' in line:
				return json.loads(line)
		return None
	return wait_until(find, f"{proxy.name} tells of a tunnel")


def upgrade(client, protocol="websocket", path="/"):
	client.send(wire.build("GET", path, "test", fields={
	    "Connection": "Upgrade", "Upgrade": protocol}))
	return client.read_reply()


def pair(scene):
	"""web, which calls orders; gives both proxies."""
	control = scene.control()
	web, orders = (scene.proxy(name, control=control,
	    service=f"default/{name}",
	    apps=[f"80={scene.echo(f'{name}-app').http}/http"])
	    for name in ("web", "orders"))
	wait_until(lambda: wire.get(web.outbound_port, f"http://{ORDERS}/plain",
	    host=ORDERS).status == 200, "orders answers")
	return web, orders


@scenario
def through_two_sidecars(scene):
	"""Messages of all sizes; and what counters and logs say of it."""
	web, orders = pair(scene)
	with WebSocket(web.outbound_port, f"http://{ORDERS}/ws", host=ORDERS) \
	    as socket:
		for size in 0, 1, 125, 126, 65535, 65536, 3_000_000:
			message = hashlib.shake_128(b"x").digest(size)
			socket.send(message)
			assert socket.receive() == message, size
		socket.send("p", PING)
		assert socket.receive() == (PONG, b"p")
		for proxy, direction in (web, "outbound"), (orders, "inbound"):
			assert proxy.metrics().sum("mesh_tunnels_active",
			    direction=direction) == 1
		socket.close_in_order()
		assert socket.wait_end() == "end"
	for proxy, direction in (web, "outbound"), (orders, "inbound"):
		line = log_of(proxy)
		assert line["response_flags"] == "-", line
		assert line["bytes_received"] > 3_131_000, line
		assert line["bytes_sent"] > 3_131_000, line
		metrics = proxy.metrics()
		whom = {"direction": direction, "source_service": "web",
		    "destination_service": "orders"}
		for way, key in ("received", "bytes_received"), \
		    ("sent", "bytes_sent"):
			assert metrics.sum(f"mesh_tunnel_{way}_bytes_total",
			    **whom) == line[key], metrics
		assert metrics.sum("mesh_tunnels_active") == 0
		assert metrics.sum("mesh_tunnel_duration_seconds_count",
		    **whom) == 1
		assert metrics.sum("mesh_requests_total", response_code="101",
		    **whom) == 1


@scenario
def a_client_of_others(scene):
	"""Debian's python3-websockets, with compression, by TLS at a gateway."""
	if websockets is None:
		raise Skip("no python3-websockets")
	app = scene.echo("app")
	cert = certificate(scene, "edge", "localhost")
	port = free_port()
	edge = Gateway(scene, secret("edge", cert) + service("app",
	    app.http_port) + gateway([f"name: web, port: {port}, "
	    "protocol: HTTPS, tls: {certificateRefs: [{name: edge}]}"]) +
	    route("app", "app"))

	async def talk():
		async with websockets.connect(f"wss://localhost:{port}/ws",
		    ssl=trust(cert[0]), host="127.0.0.1",
		    server_hostname="localhost") as socket:
			for message in "hello", b"bytes", "x" * 100_000:
				await socket.send(message)
				assert await socket.recv() == message
			await (await socket.ping())
	asyncio.run(asyncio.wait_for(talk(), 10))
	assert log_of(edge)["bytes_sent"] > 100_000




@scenario
def by_curl_at_a_gateway(scene):
	app = scene.echo("app")
	port = free_port()
	edge = Gateway(scene, service("app", app.http_port) +
	    gateway([f"name: web, port: {port}, protocol: HTTP"]) +
	    route("app", "app"))
	wait_until(lambda: edge.get(port).status == 200, "the route is there")
	got = curl(f"http://127.0.0.1:{port}/ws", "--no-buffer",
	    "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
	    "-H", "Sec-WebSocket-Version: 13",
	    "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
	    "--max-time", "0.5")
	# The example of RFC 6455, section 1.3.
	assert got.status == 101, got.err
	assert got.header("sec-websocket-accept") == \
	    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", got
	assert log_of(edge)["path"] == "/ws"


@scenario
def over_tls_to_the_back_end(scene):
	"""appProtocol kubernetes.io/wss with a BackendTLSPolicy; the service is an
	nginx that passes WebSocket on."""
	app, tls_port, port = scene.echo("app"), free_port(), free_port()
	cert, key = certificate(scene, "root", "localhost")
	scene.nginx("nginx", f"""listen 127.0.0.1:{tls_port} ssl;
		ssl_certificate {cert}; ssl_certificate_key {key};
		location / {{
			proxy_pass http://{app.http}; proxy_http_version 1.1;
			proxy_set_header Upgrade $http_upgrade;
			proxy_set_header Connection "upgrade";
		}}""")
	edge = Gateway(scene, service("app", tls_port).replace(
	    "appProtocol: http", "appProtocol: kubernetes.io/wss") +
	    gateway([f"name: web, port: {port}, protocol: HTTP"]) +
	    route("app", "app") + "---\napiVersion: v1\nkind: ConfigMap\n"
	    "metadata: {name: roots, namespace: default}\ndata:\n"
	    "  ca.crt: |\n" + "".join(f"    {line}\n" for line in
	    cert.read_text().splitlines()) + "---\n"
	    "apiVersion: gateway.networking.k8s.io/v1\n"
	    "kind: BackendTLSPolicy\nmetadata: {name: app, "
	    "namespace: default}\nspec:\n  targetRefs: [{group: '', "
	    "kind: Service, name: app}]\n  validation:\n"
	    "    hostname: localhost\n    caCertificateRefs: "
	    "[{group: '', kind: ConfigMap, name: roots}]\n")
	with WebSocket(port) as socket:
		socket.send("hello")
		assert socket.receive() == "hello"
		socket.close_in_order()
	assert log_of(edge)["bytes_sent"] > 0


@scenario
def a_slow_reader_slows_its_sender(scene):
	"""Each way on its own, and nothing is lost."""
	size = 24_000_000
	taken, done = threading.Event(), []
	def script(connection):
		connection.read_request()
		connection.send(SWITCH % b"websocket")
		taken.wait(20)
		done.append(hashlib.sha256(connection.read_to_end()).digest())
		connection.send(b"bye")
	edge = Managed(scene, scene.backend(script))
	data = hashlib.shake_128(b"slow").digest(size)
	with edge.client() as client:
		assert upgrade(client).status == 101
		client.sock.settimeout(0.5)
		sent = 0
		try:
			while sent < size:
				sent += client.sock.send(data[sent:sent + 65536])
		except TimeoutError:
			pass
		assert 0 < sent < size, "nobody stopped the sender"
		assert edge.rss_kib() < 100_000
		taken.set()
		client.sock.settimeout(20)
		client.sock.sendall(data[sent:])
		client.end()
		assert client.read_to_end() == b"bye"
	assert done == [hashlib.sha256(data).digest()]
	assert log_of(edge)["bytes_received"] == size


def echo_bytes(connection):
	"""A back end that takes the upgrade and says what it hears."""
	connection.read_request()
	connection.send(SWITCH % b"websocket")
	while connection.fill():
		connection.send(connection.take(1))


@scenario
def an_idle_tunnel_ends(scene):
	edge = Managed(scene, scene.backend(echo_bytes),
	    policy="  upgrades: {idleTimeout: 1s}\n"
	    "  timeouts: {response: 200ms, idle: 200ms}\n")
	with edge.client() as client:
		assert upgrade(client).status == 101
		for _ in range(4):	# the clocks of bodies are not its own
			assert stays_quiet(client, 0.5)
			client.send(b"x")
			assert client.read(1) == b"x"
		client.wait_end()
	line = log_of(edge)
	assert line["response_flags"] == "SI", line
	assert line["response_code_details"] == "tunnel_idle", line
	assert 3000 <= line["duration"] < 8000, line


@scenario
def a_tunnel_has_a_longest_life(scene):
	edge = Managed(scene, scene.backend(echo_bytes),
	    policy="  upgrades: {maxDuration: 1s}\n")
	with edge.client() as client:
		assert upgrade(client).status == 101
		try:
			while True:
				client.send(b"x")
				client.read(1)
		except (wire.Ended, ConnectionError):
			pass
	line = log_of(edge)
	assert line["response_flags"] == "DT", line
	assert line["response_code_details"] == "tunnel_duration", line


@scenario
def which_protocols_is_for_the_policy_to_say(scene):
	"""Others are asked without, as a server may pass over an upgrade."""
	def script(connection):
		while (request := connection.read_request()) is not None:
			asked = request.get("upgrade")
			if asked:
				connection.send(SWITCH % asked.encode())
				return
			connection.send(b"HTTP/1.1 200 OK\r\n"
			    b"Content-Length: 0\r\n\r\n")
	backend = scene.backend(script)
	edge = Managed(scene, backend)
	def statuses():
		got = []
		for protocol in "WebSocket", "foo/1", "h2c":
			with edge.client() as client:
				got.append(upgrade(client, protocol).status)
		return got
	assert statuses() == [101, 200, 200], statuses()
	assert not backend.requests()[1].get("connection")
	edge.policy("  upgrades: {allow: any}\n")
	assert statuses() == [101, 101, 200], statuses()
	edge.policy("  upgrades: {allow: none}\n")
	assert statuses() == [200, 200, 200], statuses()


@scenario
def what_asks_for_an_upgrade_is_sent_once(scene):
	"""Who got the request may have begun the session."""
	def script(connection):
		connection.read_request()
		connection.close()
	backend = scene.backend(script)
	edge = Managed(scene, backend, policy="  retry: {attempts: 3, "
	    "retryOn: [reset, connect-failure, 5xx]}\n")
	with edge.client() as client:
		assert upgrade(client).status == 502
	assert len(backend.requests()) == 1, backend.requests()


@scenario
def a_drain_leaves_a_tunnel_its_time(scene):
	app = scene.echo("app")
	edge = Managed(scene, app.http_port, options=["--drain-time", "1s"])
	with WebSocket(edge.port) as socket:
		edge.signal(signal.SIGTERM)
		edge.wait_line("draining, at most 1 s")
		socket.send("still here")
		assert socket.receive() == "still here"
		socket.wait_end()
	assert edge.wait() == 0
	line = log_of(edge)
	assert line["bytes_received"] == 16, line
	assert line["response_flags"] == "LR", line
	assert line["response_code_details"] == "drained", line
	assert 1000 <= line["duration"] < 10_000, line


@scenario
def a_refused_upgrade_is_an_answer(scene):
	app = scene.echo("app")
	edge = Managed(scene, app.http_port)
	try:
		WebSocket(edge.port, fields={"Sec-WebSocket-Version": "12"})
	except Refused as refused:
		assert refused.reply.status == 200
	else:
		raise AssertionError("an echo of version 12")


if __name__ == "__main__":
	main()
