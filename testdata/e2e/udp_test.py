#!/usr/bin/env python3
# timeout: 240
"""Datagrams: between sidecars, from a Gateway, with a real DNS server."""

import json
import shutil
import socket
import ssl
import struct
import subprocess
import threading
import time

from gateway import Gateway, gateway
from mesh import SLOWER, Skip, free_port, main, scenario, wait_until


class Echo:
	"""Sends back what it gets, after its name and a colon if it has one."""

	def __init__(self, name=b"", port=0):
		self.name = name
		self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		self.sock.bind(("127.0.0.1", port))
		self.port = self.sock.getsockname()[1]
		self.peers = set()
		threading.Thread(target=self.run, daemon=True).start()

	def run(self):
		try:
			while True:
				data, peer = self.sock.recvfrom(65536)
				if peer is None:	# it was closed
					return
				self.peers.add(peer)
				self.sock.sendto(self.name + b":" + data if self.name
				    else data, peer)
		except OSError:
			pass

	def close(self):
		try:
			self.sock.shutdown(socket.SHUT_RDWR)
		except OSError:
			pass
		self.sock.close()


def echo(scene, name=b"", port=0):
	return scene.closing(Echo(name, port))


class Client:
	"""A socket that talks to one address."""

	def __init__(self, address, timeout=5):
		host, port = address.rsplit(":", 1)
		self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		self.sock.settimeout(timeout)
		self.sock.connect((host, int(port)))

	def ask(self, data):
		self.sock.send(data)
		return self.sock.recv(65536)

	def try_ask(self, data):
		"""What comes back, or None: nothing did for a while."""
		self.sock.settimeout(0.3)
		try:
			return self.ask(data)
		except (TimeoutError, ConnectionError):
			return None


def pair(scene, app_port, apps=(), upstreams=None, caller_options=()):
	"""A member dns with its application, and a member web that calls it."""
	control = scene.control()
	dns = scene.proxy("dns", control=control, service="default/dns",
	    apps=[f"53=127.0.0.1:{app_port}/udp", *apps]).await_ready()
	# A caller that starts then knows it from the start.
	wait_until(lambda: "dns" in control.ctl("get", "workloads").stdout,
	    "dns is registered")
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"127.0.0.1:{free_port()}/udp"],
	    upstreams={"dns": "default/dns:53/udp", **(upstreams or {})},
	    options=caller_options).await_ready()
	return control, dns, web


def dig(address, name, *options):
	if not shutil.which("dig"):
		raise Skip("no dig")
	host, port = address.rsplit(":", 1)
	done = subprocess.run(["dig", f"@{host}", "-p", port, "+short",
	    "+tries=3", "+time=2", name, *options], capture_output=True,
	    text=True, timeout=30, check=False)
	return done.stdout.strip()


def dnsmasq(scene, name, *options):
	"""A real server of names; gives its port."""
	if not shutil.which("dnsmasq"):
		raise Skip("no dnsmasq")
	port = free_port()
	scene.start(name, ["dnsmasq", "--keep-in-foreground", "--no-resolv",
	    "--no-hosts", "--conf-file=/dev/null", f"--port={port}",
	    "--listen-address=127.0.0.1", "--bind-interfaces", "--user=",
	    "--pid-file=", *options])
	wait_until(lambda: dig(f"127.0.0.1:{port}", "up.example") == "192.0.2.1",
	    "dnsmasq answers")
	return port


NAMES = ("--host-record=up.example,192.0.2.1",
    "--host-record=shop.example,192.0.2.7,2001:db8::7")


@scenario
def names_are_asked_for_through_two_sidecars(scene):
	"""By mutual TLS, with the caller's identity, in counters and the log."""
	port = dnsmasq(scene, "dnsmasq", *NAMES)
	control, dns, web = pair(scene, port, apps=[f"53=127.0.0.1:{port}/tcp"],
	    upstreams={"tcp": "default/dns:53"})
	assert dig(web.upstream["tcp"], "shop.example", "+tcp") == "192.0.2.7"
	for _ in range(5):
		assert dig(web.upstream["dns"], "shop.example") == "192.0.2.7"
	assert dig(web.upstream["dns"], "shop.example", "AAAA") == "2001:db8::7"
	sent = {"direction": "outbound", "destination_service": "dns",
	    "security": "mutual_tls"}
	wait_until(lambda: web.metrics().sum(
	    "mesh_udp_received_datagrams_total", **sent) == 6,
	    "six questions are counted")
	wait_until(lambda: dns.metrics().sum("mesh_udp_sent_datagrams_total",
	    direction="inbound", source_service="web", security="mutual_tls")
	    == 6, "six answers are counted")
	assert web.metrics().sum("mesh_udp_dropped_datagrams_total") == 0
	assert "53/udp,53/tcp" in control.ctl("get", "services").stdout


@scenario
def datagrams_of_any_size_stay_whole(scene):
	server = echo(scene)
	_, _, web = pair(scene, server.port)
	client = Client(web.upstream["dns"])
	for size in (0, 1, 2, 512, 1472, 1473, 16383, 16384, 40000, 65507):
		data = bytes(index * 7 % 251 for index in range(size))
		assert client.ask(data) == data, size


@scenario
def nothing_is_lost_at_a_modest_rate(scene):
	"""Three callers at once, each answer its own, in order."""
	server = echo(scene)
	_, _, web = pair(scene, server.port)
	wrong = []

	def talk(which):
		client = Client(web.upstream["dns"])
		for number in range(300):
			burst = [f"{which} {number} {part}".encode() * (1 + part * 40)
			    for part in range(8)]
			for data in burst:
				client.sock.send(data)
			for data in burst:
				got = client.sock.recv(65536)
				if got != data:
					wrong.append((data, got))

	threads = [threading.Thread(target=talk, args=(which,)) for which in range(3)]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join()
	assert not wrong, wrong[:3]
	assert len(server.peers) == 3, "a caller is one peer of the application"
	wait_until(lambda: web.metrics().sum("mesh_udp_sent_datagrams_total",
	    direction="outbound") == 7200, "all are counted")
	assert web.metrics().sum("mesh_udp_dropped_datagrams_total") == 0


def logged(proxy):
	"""The last line of its access log."""
	wait_until(lambda: proxy.out().endswith("}\n"), "a session is logged")
	return json.loads(proxy.out().splitlines()[-1])


@scenario
def a_session_ends_when_it_is_idle(scene):
	server = echo(scene)
	_, dns, web = pair(scene, server.port,
	    caller_options=["--config", scene.file("short.yaml",
	    "apiVersion: mesh/v1\nkind: Proxy\nmetadata: {name: web}\n"
	    "spec: {datagrams: {idleTimeout: 1s}}\n")])
	assert Client(web.upstream["dns"]).ask(b"x") == b"x"
	assert web.metrics().sum("mesh_udp_sessions_active",
	    direction="outbound") == 1
	for proxy, reason in (web, "idle"), (dns, "closed"):
		wait_until(lambda: proxy.metrics().sum(
		    "mesh_udp_sessions_closed_total", reason=reason) == 1,
		    f"{proxy.name} ends it: {reason}")
		assert proxy.metrics().sum("mesh_udp_sessions_active") == 0
	line = logged(web)
	assert line["protocol"] == "UDP"
	assert (line["datagrams_received"], line["bytes_sent"]) == (1, 1)
	assert line["session_termination_details"] == "idle"
	assert line["upstream_workload"] == "default/dns"
	line = logged(dns)
	assert line["client_identity"].endswith("/ns/default/sa/web")
	assert line["source_workload"] == "default/web"


@scenario
def a_flood_of_sources_stays_within_bounds(scene):
	"""Who was there before goes on, and memory does not grow with them."""
	server = echo(scene)
	_, dns, web = pair(scene, server.port,
	    caller_options=["--workers", "1", "--config", scene.file("few.yaml",
	    "apiVersion: mesh/v1\nkind: Proxy\nmetadata: {name: web}\nspec: "
	    "{accessLog: none, datagrams: {sessions: 50, "
	    "sessionsPerSource: 50}}\n")])
	first = Client(web.upstream["dns"])
	assert first.ask(b"first") == b"first"
	before = web.rss_kib()
	many = [Client(web.upstream["dns"]) for _ in range(400)]
	for client in many:
		client.sock.send(b"x" * 1000)
	assert first.ask(b"again") == b"again"
	wait_until(lambda: web.metrics().sum("mesh_udp_dropped_datagrams_total",
	    reason="source_sessions") >= 350 - 1, "the others are refused")
	assert web.metrics().sum("mesh_udp_sessions_active") == 50
	assert dns.fds() < 150, dns.fds()
	assert web.rss_kib() - before < 4096 * SLOWER, (before, web.rss_kib())
	for client in many:
		client.sock.close()


@scenario
def an_application_that_comes_back_is_found(scene):
	"""The same caller goes on, and so it does when the sidecar went."""
	server = echo(scene, b"one")
	_, dns, web = pair(scene, server.port)
	client = Client(web.upstream["dns"])
	assert client.ask(b"x") == b"one:x"
	server.close()
	assert client.try_ask(b"x") is None
	echo(scene, b"two", server.port)
	wait_until(lambda: client.try_ask(b"x") == b"two:x", "it is found again")
	dns.kill()
	assert client.try_ask(b"x") is None
	dns.start()
	dns.await_ready()
	wait_until(lambda: client.try_ask(b"x") == b"two:x",
	    "the sidecar is found again", timeout=20)


def two_sidecars(scene):
	"""Of one service, whose applications say "one" and "two"; gives control,
	them by these names, and a caller."""
	control = scene.control()
	servers = {name: echo(scene, name.encode()) for name in ("one", "two")}
	sidecars = {name: scene.proxy(name, control=control, service="default/dns",
	    apps=[f"53=127.0.0.1:{server.port}/udp"])
	    for name, server in servers.items()}
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"127.0.0.1:{free_port()}/udp"],
	    upstreams={"dns": "default/dns:53/udp"})
	for proxy in (*sidecars.values(), web):
		proxy.await_ready()
	return control, sidecars, web


@scenario
def a_sidecar_that_stops_loses_no_question(scene):
	"""Its callers go to the other one, in the middle of their sessions."""
	_, sidecars, web = two_sidecars(scene)
	clients = [Client(web.upstream["dns"]) for _ in range(20)]
	wait_until(lambda: len({client.ask(b"x") for client in clients}) == 2 or
	    clients.append(Client(web.upstream["dns"])), "both are called")
	stopping = threading.Thread(target=sidecars["one"].stop)
	stopping.start()
	while stopping.is_alive():
		for client in clients:
			assert client.ask(b"x") in (b"one:x", b"two:x")
	assert {client.ask(b"x") for client in clients} == {b"two:x"}


@scenario
def a_sidecar_that_is_gone_is_not_asked_twice(scene):
	"""What waited for it goes to the other one."""
	control, sidecars, web = two_sidecars(scene)
	wait_until(lambda: {Client(web.upstream["dns"]).ask(b"x")
	    for _ in range(10)} == {b"one:x", b"two:x"}, "both are called")
	control.stop()
	sidecars["one"].kill()
	# What was on its way there is lost; it is tried again after a second.
	wait_until(lambda: Client(web.upstream["dns"]).try_ask(b"x") == b"two:x",
	    "the end of its connection was seen")
	end = time.monotonic() + 3
	while time.monotonic() < end:
		client = Client(web.upstream["dns"])
		for data in (b"x", b"y", b"z" * 30000):
			assert client.ask(data) == b"two:" + data
	assert web.metrics().sum("mesh_udp_dropped_datagrams_total",
	    reason="connect_failed") == 0


def is_gone(app):
	"""Whether it has given its port back, which a read under way keeps."""
	address = ("127.0.0.1", app.port)
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wake, \
	    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
		wake.sendto(b"", address)
		try:
			probe.bind(address)
		except OSError:
			return False
		return True


def packet(kind, data=b""):
	return struct.pack("!I", kind << 24 | len(data)) + data


def datagram(flow, data):
	return packet(5, struct.pack("!I", flow) + data)


@scenario
def who_reads_nothing_is_not_waited_for_without_end(scene):
	"""A member that begins flows to an application that is gone, and does not
	read that each of them is over."""
	app = echo(scene)
	_, dns, web = pair(scene, app.port)
	tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	tls.maximum_version = ssl.TLSVersion.TLSv1_2
	tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
	tls.load_cert_chain(str(web.state_dir / "identity.pem"))
	tls.set_alpn_protocols(["mesh-udp/1"])
	raw = scene.closing(socket.socket())
	raw.settimeout(20)
	raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
	raw.connect(("127.0.0.1", dns.inbound_port))
	with tls.wrap_socket(raw, server_hostname="53.dns.default.mesh") as member:
		def fill():
			"""A turn may have more than its room; only so many are a sign
			that the kernels have none."""
			member.sendall(datagram(1, bytes(60_000)) * 20)
			return dns.metrics().sum("mesh_udp_dropped_datagrams_total",
			    reason="link_full") > 1000

		member.sendall(packet(1, b"source=default/web"))
		wait_until(fill, "what comes back has no room", 60)
		app.close()
		wait_until(lambda: is_gone(app), "its port is nobody's")
		try:
			for first in range(2, 200_000, 500):
				member.sendall(b"".join(datagram(first + n, b"x")
				    for n in range(500)))
				wait_until(lambda: dns.metrics().sum(
				    "mesh_udp_sessions_active") < 100, "most end")
			assert False, "it is still waited for"
		except (ConnectionError, ssl.SSLError):
			pass
	assert dns.is_running()


@scenario
def who_is_denied_is_not_answered(scene):
	"""In the middle of a session, too, and again when it is allowed."""
	control, dns, web = pair(scene, echo(scene).port)
	client = Client(web.upstream["dns"])
	assert client.ask(b"x") == b"x"
	config = ("apiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec: {defaultInboundPolicy: %s}\n")
	control.apply(config % "deny")
	wait_until(lambda: client.try_ask(b"x") is None, "it is denied")
	assert dns.metrics().sum("mesh_authorization_decisions_total",
	    decision="cut", policy="default") == 1
	control.apply(config % "all-authenticated")
	wait_until(lambda: client.try_ask(b"x") == b"x", "it is allowed again")


def documents(port, *names, kind="UDP", extra=""):
	"""A service of each name with an endpoint without a sidecar."""
	return "".join(f"""---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec: {{ports: [{{name: dns, port: 53, protocol: {kind}}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-1
  namespace: default
  labels: {{kubernetes.io/service-name: {name}}}
addressType: IPv4
ports: [{{name: dns, port: {port[name]}, protocol: {kind}}}]
endpoints: [{{addresses: ["127.0.0.1"]}}]
""" for name in names) + extra


def udp_route(backends, parent):
	return ("---\napiVersion: gateway.networking.k8s.io/v1\nkind: UDPRoute\n"
	    "metadata: {name: names, namespace: default}\n"
	    f"spec:\n  parentRefs: [{{{parent}}}]\n  rules:\n  - backendRefs:\n" +
	    "".join(f"    - {{name: {name}, port: 53, weight: {weight}}}\n"
	    for name, weight in backends.items()))


@scenario
def a_gateway_sends_sessions_as_their_route_says(scene):
	"""Exactly by weight, each to one endpoint, beside TCP of the same number."""
	servers = {name: echo(scene, name.encode()) for name in ("old", "new")}
	ports = {name: server.port for name, server in servers.items()}
	port = free_port()
	edge = Gateway(scene, gateway([f"name: names, protocol: UDP, port: {port}",
	    f"name: tcp, protocol: TCP, port: {port}"]) +
	    documents(ports, *ports))
	address = f"127.0.0.1:{port}"
	assert Client(address).try_ask(b"x") is None, "there is no route yet"
	edge.write("route", udp_route({"old": 3, "new": 1},
	    "name: edge, sectionName: names"))
	wait_until(lambda: Client(address).try_ask(b"x") is not None,
	    "the route acts")
	clients = [Client(address) for _ in range(40)]
	first = [client.ask(b"x") for client in clients]
	assert first.count(b"new:x") == 10, first
	assert [client.ask(b"x") for client in clients] == first
	assert edge.metrics().sum("mesh_udp_dropped_datagrams_total",
	    reason="no_route") >= 1
	servers["new"].close()
	edge.write("route", udp_route({"old": 1}, "name: edge, sectionName: names"))
	wait_until(lambda: all(client.try_ask(b"y") == b"old:y"
	    for client in clients), "all go where the route leads now")


@scenario
def callers_of_a_service_obey_its_udp_route(scene):
	ports = {name: echo(scene, name.encode()).port
	    for name in ("names", "other")}
	control = scene.control()
	plain = "annotations: {mesh/plaintext: 'true'}"
	control.apply(documents(ports, *ports).replace("namespace: default}\nspec",
	    f"namespace: default, {plain}}}\nspec"))
	web = scene.proxy("web", control=control, service="default/web",
	    upstreams={"names": "default/names:53/udp"}, apps=[
	    f"127.0.0.1:{free_port()}/udp"])
	web.await_ready()
	assert Client(web.upstream["names"]).ask(b"x") == b"names:x"
	control.apply(udp_route({"other": 1},
	    'group: "", kind: Service, name: names, port: 53'))
	wait_until(lambda: Client(web.upstream["names"]).ask(b"x") == b"other:x",
	    "the route acts")
	wait_until(lambda: "Programmed" in control.ctl("get", "udproute", "names",
	    "-n", "default", "-o", "yaml").stdout, "control says so")


@scenario
def each_datagram_is_balanced_where_a_policy_says_so(scene):
	one, two = echo(scene, b"one"), echo(scene, b"two")
	listen = free_port()
	text = documents({"dns": one.port}, "dns")
	text += text[text.index("---\napiVersion: discovery"):].replace(
	    "name: dns-1", "name: dns-2").replace(str(one.port), str(two.port))
	scene.file("docs/mesh.yaml", "apiVersion: mesh/v1\nkind: Proxy\n"
	    "metadata: {name: edge}\nspec:\n  upstreams:\n"
	    f"  - {{listen: '127.0.0.1:{listen}', service: default/dns, port: 53,"
	    " protocol: udp}\n" + text)
	proxy = scene.proxy("edge", standalone=scene.dir / "docs")
	proxy.await_ready()
	client = Client(f"127.0.0.1:{listen}")
	assert len({client.ask(b"x") for _ in range(20)}) == 1
	scene.file("docs/policy.yaml", "apiVersion: mesh/v1\n"
	    "kind: BackendPolicy\nmetadata: {name: dns, namespace: default}\n"
	    "spec:\n  targetRefs: [{kind: Service, name: dns}]\n"
	    "  loadBalancer: {type: RoundRobin}\n  datagrams: {perPacket: true}\n")
	wait_until(lambda: len({client.ask(b"x") for _ in range(20)}) == 2,
	    "both are asked")
	got = [client.ask(b"x") for _ in range(40)]
	assert got.count(b"one:x") == 20, got


@scenario
def answers_come_from_the_address_that_was_asked(scene):
	"""Or the client, which is connected, would not see them."""
	server = echo(scene)
	listen = free_port()
	scene.file("docs/mesh.yaml", "apiVersion: mesh/v1\nkind: Proxy\n"
	    "metadata: {name: edge}\nspec:\n  upstreams:\n"
	    f"  - {{listen: ':{listen}', service: default/dns, port: 53,"
	    " protocol: udp}\n" + documents({"dns": server.port}, "dns"))
	proxy = scene.proxy("edge", standalone=scene.dir / "docs")
	proxy.await_ready()
	for host in ("127.0.0.1", "127.1.2.3"):
		assert Client(f"{host}:{listen}").ask(b"x") == b"x"


if __name__ == "__main__":
	main()
