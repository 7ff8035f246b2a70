#!/usr/bin/env python3
# timeout: 400
"""A whole mesh under load: what may happen to it costs no request.

Every load here has clients that do not retry; "loses none" means that each of
at least 10,000 requests around the event was answered with 200.
"""

import json
import re
import select
import signal
import socket
import ssl
import subprocess
import threading

import wire
from mesh import SLOWER, curl, free_port, main, scenario, wait_until

ENOUGH = 10_000 // SLOWER


def service(scene, control, name, instance=None, **options):
	"""An application and its proxy; gives both."""
	instance = instance or name
	app = scene.echo(f"{instance}-app")
	proxy = scene.proxy(instance, control=control,
	    service=f"default/{name}", apps=[f"80={app.http}/http"], **options)
	return app, proxy.await_ready()


def pair(scene, control_options=()):
	"""web, which calls orders; gives control and both proxies."""
	control = scene.control(options=control_options)
	_, orders = service(scene, control, "orders")
	_, web = service(scene, control, "web")
	await_route(web, "orders")
	return control, web, orders


def ask(proxy, target="http://orders.default.mesh/", **options):
	return wire.get(proxy.outbound_port, target, host="orders.default.mesh",
	    **options)


def await_route(proxy, name, times=1):
	"""Until a service answers through a proxy."""
	wait_until(lambda: all(wire.get(proxy.outbound_port,
	    f"http://{name}.default.mesh/plain", host=f"{name}.default.mesh")
	    .status == 200 for _ in range(times)), f"{name} answers")


def load_on(proxy, name="orders", **options):
	return wire.Load(proxy.outbound_port,
	    target=f"http://{name}.default.mesh/plain",
	    host=f"{name}.default.mesh", **options).start()


@scenario
def a_request_carries_the_identity_of_its_caller(scene):
	_, web, _ = pair(scene)
	seen = json.loads(ask(web, fields={
	    "X-Forwarded-Client-Cert": "By=spiffe://evil;URI=spiffe://evil/x",
	    "X_Forwarded_Client_Cert": "evil", "X-Mesh-Source": "evil",
	    "l5d-client-id": "evil"}).body)
	fields = seen["headers"]
	cert = fields["x-forwarded-client-cert"]
	assert len(cert) == 1 and "evil" not in json.dumps(fields), fields
	assert "URI=spiffe://mesh.internal/ns/default/sa/web" in cert[0], cert
	assert "By=spiffe://mesh.internal/ns/default/sa/orders" in cert[0], cert
	assert "x-mesh-source" not in fields, fields


@scenario
def the_link_between_sidecars_shows_no_plain_text(scene):
	control = scene.control()
	app = scene.echo("orders-app")
	relay = scene.closing(wire.Relay(f"127.0.0.1:{free_port()}"))
	# Callers are told the relay's port: it is in the registered Workload.
	orders = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={app.http}/http"])
	orders.await_ready()
	_, web = service(scene, control, "web")
	await_route(web, "orders")
	control.apply(workload_behind(control, "orders", relay.port))
	relay.target = f"127.0.0.1:{orders.inbound_port}"
	wait_until(lambda: ask(web, "http://orders.default.mesh/marker-4711")
	    .status == 200 and relay.up, "a request crosses the relay")
	assert not relay.carried(b"marker-4711")
	assert not relay.carried(b"HTTP/1.1")


def workload_behind(control, name, port):
	"""The Workload as registered, with another inbound port."""
	document = control.get("workloads", name)
	document = document["items"][0] if "items" in document else document
	document["spec"]["inboundPort"] = port
	document.pop("status", None)
	return json.dumps(document)


@scenario
def control_killed_and_restarted_loses_none(scene):
	control, web, _ = pair(scene)
	load = load_on(web)
	load.more(ENOUGH // 4)
	control.kill()
	load.more(ENOUGH // 2)
	control.start()
	control.await_ready()
	load.more(ENOUGH // 2)
	load.finish()
	wait_until(lambda: all(w["state"] == "Online" for w in workloads(control)),
	    "everybody is online again")
	assert len(workloads(control)) == 2


def workloads(control):
	return [{"name": w["metadata"]["name"],
	    "state": w.get("status", {}).get("state", "Online")}
	    for w in control.get("workloads", "-A")["items"]]


@scenario
def a_proxy_starts_and_serves_while_control_is_down(scene):
	control, web, orders = pair(scene)
	load = load_on(web)
	load.more(ENOUGH // 4)
	control.kill()
	load.stop()
	web.stop()
	web.start()
	web.await_ready()
	await_route(web, "orders")
	load = load_on(web)
	load.reach(ENOUGH)
	load.finish()
	assert web.metrics().sum("mesh_control_connected") == 0


@scenario
def certificates_of_20_seconds_renew_under_load(scene):
	control, web, orders = pair(scene,
	    control_options=["--certificate-lifetime", "20s"])
	first = web.metrics().sum("mesh_certificate_expiry_timestamp_seconds")
	load = load_on(web, rate=2000)
	fresh = load_on(web, fresh=True, threads=2, rate=100)
	wait_until(lambda: all(proxy.metrics().sum(
	    "mesh_certificate_renewals_total", result="succeeded") >= 2
	    for proxy in (web, orders)), "two renewals of each", 60)
	load.reach(ENOUGH)
	load.finish()
	fresh.finish()
	assert web.metrics().sum(
	    "mesh_certificate_expiry_timestamp_seconds") > first + 10


@scenario
def a_renewal_leaves_no_connection_of_the_old_identity(scene):
	_, web, _ = pair(scene, control_options=["--certificate-lifetime", "20s"])

	def count(name, **labels):
		return web.metrics().sum(name, **labels)

	def active():
		return count("mesh_upstream_connections_active",
		    destination_service="orders")

	assert active() >= 1
	wait_until(lambda: count("mesh_certificate_renewals_total",
	    result="succeeded") >= 1, "a renewal", 30)
	# They would be kept for 30 s.
	wait_until(lambda: active() == 0, "they are gone", 5)
	assert ask(web).status == 200


@scenario
def endpoints_come_and_stop_in_order_and_lose_none(scene):
	control, web, _ = pair(scene)
	load = load_on(web)
	for i in range(3):
		app, proxy = service(scene, control, "orders", f"orders-{i + 2}")
		load.more(ENOUGH // 4)
		wait_until(lambda app=app: b"orders-" in app_name(web, app),
		    "the new one serves")
		proxy.stop()
		load.more(ENOUGH // 8)
		app.stop()
		load.more(ENOUGH // 8)
	load.reach(ENOUGH)
	load.finish()


def app_name(web, app):
	"""The name of the application that answers, if it is this one."""
	name = json.loads(ask(web).body)["name"]
	assert name == app.name, name
	return name.encode()


@scenario
def an_endpoint_killed_hard_costs_only_what_was_on_it(scene):
	control, web, _ = pair(scene)
	app, second = service(scene, control, "orders", "orders-2")
	wait_until(lambda: app_name(web, app), "the second one serves")
	load = load_on(web, threads=8)
	load.more(ENOUGH // 2)
	second.kill()
	load.more(ENOUGH // 2)
	load.stop()
	assert len(load.failures) <= 8, load.summary()


@scenario
def two_services_changed_under_load_lose_none(scene):
	control, web, _ = pair(scene)
	service(scene, control, "payments")
	await_route(web, "payments")
	loads = [load_on(web, name, threads=2) for name in ("orders", "payments")]
	for i in range(20):
		control.apply("---\n".join(f"""
apiVersion: v1
kind: Service
metadata:
  name: {name}
  namespace: default
  annotations: {{"example/turn": "{i}"}}
spec:
  ports:
  - {{name: http, port: 80, targetPort: 80, appProtocol: http}}
  - {{name: http-more, port: {8000 + i}, targetPort: 80, appProtocol: http}}
""" for name in ("orders", "payments")))
		for load in loads:
			load.more(ENOUGH // 40)
	wait_until(lambda: wire.get(web.outbound_port,
	    "http://payments.default.mesh:8019/plain",
	    host="payments.default.mesh:8019").status == 200,
	    "the last change is in force")
	for load in loads:
		load.finish()


@scenario
def nginx_serves_curl_and_wrk_through_the_mesh(scene):
	control = scene.control()
	nginx = scene.nginx("pages",
	    'location / { return 200 "page of $http_host\n"; }')
	scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={nginx.http}/http"]).await_ready()
	_, web = service(scene, control, "web")
	await_route(web, "orders")
	# As an application would that knows nothing: by a proxy variable.
	done = subprocess.run(["curl", "-q", "-sS", "http://orders.default.mesh/"],
	    env={"http_proxy": web.outbound, "PATH": "/usr/bin:/bin"},
	    capture_output=True, text=True, check=True, timeout=20 * SLOWER)
	assert done.stdout == "page of orders.default.mesh\n", done.stdout
	reply = curl(f"{web.outbound}/x", "-H", "Host: orders")
	assert reply.status == 200, reply.status
	# In a tunnel a request could claim any identity.
	done = subprocess.run(["curl", "-q", "-sS", "-p", "-x", web.outbound,
	    "http://orders.default.mesh/"], capture_output=True, text=True,
	    check=False, timeout=20 * SLOWER)
	assert "405" in done.stderr, done
	done = subprocess.run(["wrk", "-t1", "-c16", "-d2", "-H",
	    "Host: orders.default.mesh", f"{web.outbound}/"],
	    capture_output=True, text=True, check=True, timeout=60 * SLOWER)
	assert "Non-2xx" not in done.stdout and \
	    "Socket errors" not in done.stdout, done.stdout
	assert int(re.search(r"(\d+) requests in", done.stdout)[1]) > 100


@scenario
def plain_text_comes_in_only_where_it_is_allowed(scene):
	control = scene.control()
	app = scene.echo("orders-app")
	strict = scene.proxy("strict", control=control, service="default/orders",
	    apps=[f"80={app.http}/http"]).await_ready()
	lenient = scene.proxy("lenient", control=control,
	    service="default/billing", apps=[f"80={app.http}/http"],
	    options=["--permissive"]).await_ready()
	wait_until(lambda: wire.get(lenient.inbound_port, "/plain",
	    host="billing").status == 200, "plain text is let in")
	assert lenient.metrics().sum("mesh_connections_plaintext_total") >= 1
	try:
		reply = wire.exchange(strict.inbound_port,
		    b"GET /plain HTTP/1.1\r\nHost: orders\r\n\r\n")
	except OSError:
		reply = b""
	assert b"200" not in reply, reply
	# An application without a sidecar is called where its service says so.
	control.ctl("register", "old-1", "--service", "old", "--address",
	    "127.0.0.1", "--port", str(app.http_port))
	_, web = service(scene, control, "web")
	document = f"""
apiVersion: v1
kind: Service
metadata:
  name: old
  namespace: default
  annotations: {{"mesh/plaintext": "ALLOWED"}}
spec:
  ports: [{{name: http, port: {app.http_port}, appProtocol: http}}]
"""
	control.apply(document.replace("ALLOWED", "false"))
	wait_until(lambda: ask_service(web, "old", app.http_port) == 503,
	    "the service without an endpoint is known")
	control.apply(document.replace("ALLOWED", "true"))
	wait_until(lambda: ask_service(web, "old", app.http_port) == 200,
	    "the old application answers")


@scenario
def callers_that_say_nothing_do_not_keep_it(scene):
	"""Where plain text may come in, the first byte is waited for: not by an
	end that is asked for twice."""
	control = scene.control()
	_, lenient = service(scene, control, "billing", options=["--permissive"])
	before = lenient.fds()
	lenient.asked_to_end = True
	for _ in range(8):
		scene.closing(socket.create_connection(
		    ("127.0.0.1", lenient.inbound_port)))
	wait_until(lambda: lenient.fds() >= before + 4, "they are accepted")
	lenient.signal(signal.SIGTERM)
	lenient.wait_line("stopping")
	lenient.signal(signal.SIGTERM)
	assert lenient.wait() == 0


@scenario
def who_is_slow_to_shake_hands_is_not_taken_for_plain_text(scene):
	"""A caller of HTTP speaks first, by TLS or not, however busy it is."""
	control = scene.control()
	_, lenient = service(scene, control, "billing", options=["--permissive"])
	address = ("127.0.0.1", lenient.inbound_port)
	wait_until(lambda: wire.get(lenient.inbound_port, "/plain",
	    host="billing").status == 200, "plain text is let in")
	context = ssl.create_default_context()
	context.maximum_version = ssl.TLSVersion.TLSv1_2
	hello = ssl.MemoryBIO()
	client = context.wrap_bio(ssl.MemoryBIO(), hello,
	    server_hostname="80.billing.default.mesh")
	try:
		client.do_handshake()
	except ssl.SSLWantReadError:
		pass
	with socket.create_connection(address, 20) as sock:
		# Longer than servers that speak first are waited for.
		assert not select.select([sock], [], [], 1.5)[0], "it is waited for"
		sock.sendall(hello.read())
		first = sock.recv(1)
		assert first == b"\x16", first


@scenario
def a_host_that_says_nothing_shuts_no_sidecar_out(scene):
	_, web, orders = pair(scene)
	silent = [wire.dial(orders.inbound_port) for _ in range(1100)]
	try:
		reply = ask(web)
		assert reply.status == 200, reply.status
	finally:
		for sock in silent:
			sock.close()


@scenario
def callers_that_have_just_come_are_served_by_a_proxy_that_ends(scene):
	control = scene.control()
	_, lenient = service(scene, control, "billing", options=["--permissive"])
	address = f"127.0.0.1:{lenient.inbound_port}"

	def serves():
		try:
			return wire.get(address, "/plain", "billing").status == 200
		except ConnectionError:
			return False	# its own documents are still to come
	wait_until(serves, "its documents are in force")
	# Stopped, it finds caller, request and signal at once, in any order.
	lenient.asked_to_end = True
	lenient.signal(signal.SIGSTOP)
	caller = scene.closing(wire.Client(address))
	caller.send(wire.build("GET", "/plain", "billing"))
	lenient.signal(signal.SIGTERM)
	lenient.signal(signal.SIGCONT)
	assert caller.read_reply().status == 200
	assert lenient.wait() == 0


@scenario
def callers_of_what_is_not_known_yet_are_counted_and_cut_at_the_end(scene):
	control = scene.control()
	_, web = service(scene, control, "web",
	    upstreams={"later": "default/later:80"},
	    options=["--drain-time", "500ms"])
	control.kill()
	web.stop()
	web.command = [word.replace("default/later", "default/latest")
	    for word in web.command]	# of which it never heard
	web.start()
	web.await_ready()
	caller = scene.closing(wire.Client(web.upstream["later"]))
	wait_until(lambda: web.metrics().sum("mesh_connections_accepted_total",
	    listener="upstream") >= 1, "it is accepted")
	web.asked_to_end = True
	web.signal(signal.SIGTERM)
	assert caller.wait_end() in ("end", "reset")
	assert web.wait() == 0
	assert "1 connections did not end in time" in web.err()


def ask_service(proxy, name, port):
	host = f"{name}.default.mesh:{port}"
	return wire.get(proxy.outbound_port, f"http://{host}/plain",
	    host=host).status


@scenario
def a_stranger_is_refused(scene):
	_, web, orders = pair(scene)
	key, cert = scene.dir / "evil.key", scene.dir / "evil.pem"
	subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
	    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert,
	    "-days", "1", "-subj", "/CN=evil", "-addext",
	    "subjectAltName=URI:spiffe://mesh.internal/ns/default/sa/web"],
	    check=True, capture_output=True)
	for how in ([], ["-cert", str(cert), "-key", str(key)]):
		done = subprocess.run(["openssl", "s_client", "-connect",
		    f"127.0.0.1:{orders.inbound_port}", "-tls1_2", "-servername",
		    "80.orders.default.mesh", "-alpn", "http/1.1", *how],
		    input="GET / HTTP/1.1\r\nHost: orders.default.mesh\r\n\r\n",
		    capture_output=True, text=True, check=False,
		    timeout=20 * SLOWER)
		assert "HTTP/1.1 200" not in done.stdout, done.stdout
	plain = socket.create_connection(("127.0.0.1", orders.inbound_port), 10)
	plain.sendall(b"GET / HTTP/1.1\r\nHost: orders.default.mesh\r\n\r\n")
	try:
		assert b"200" not in plain.recv(1000)
	except ConnectionResetError:
		pass
	plain.close()
	wait_until(lambda: orders.metrics().sum("mesh_tls_failures_total") >= 3,
	    "the refusals are counted")


@scenario
def an_impostor_on_a_reused_port_is_refused(scene):
	control, web, orders = pair(scene)
	# Another member of the mesh, with a good certificate, takes the port.
	port = orders.inbound_port
	orders.kill()
	app = scene.echo("evil-app")
	evil = scene.proxy("evil", control=control, service="default/evil",
	    apps=[f"80={app.http}/http"],
	    options=["--inbound-listen", f"127.0.0.1:{port}"])
	evil.await_ready()
	reply = ask(web)
	assert reply.status == 503, reply.status
	assert web.metrics().sum("mesh_tls_failures_total") >= 1


@scenario
def another_service_by_authority_is_misdirected(scene):
	control, web, orders = pair(scene)
	identity = web.state_dir / "identity.pem"	# key and certificates
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.maximum_version = ssl.TLSVersion.TLSv1_2
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE
	context.load_cert_chain(identity)
	context.set_alpn_protocols(["http/1.1"])
	for host, status in (("orders.default.mesh", 200),
	    ("web.default.mesh", 421), ("orders", 200)):
		with socket.create_connection(("127.0.0.1",
		    orders.inbound_port), 10) as raw, context.wrap_socket(raw,
		    server_hostname="80.orders.default.mesh") as tls:
			tls.sendall(f"GET /plain HTTP/1.1\r\nHost: {host}\r\n"
			    "Connection: close\r\n\r\n".encode())
			line = tls.recv(4096).split(b"\r\n")[0]
		assert line.startswith(f"HTTP/1.1 {status}".encode()), (host, line)


@scenario
def bytes_cross_the_link_with_their_ends(scene):
	control = scene.control()
	app = scene.echo("ledger-app")
	scene.proxy("ledger", control=control, service="default/ledger",
	    apps=[f"7000={app.tcp}/tcp"]).await_ready()
	_, web = service(scene, control, "web",
	    upstreams={"ledger": "default/ledger:7000"})

	def reply():
		return wire.exchange(web.upstream["ledger"], b"one\ntwo\n")

	wait_until(lambda: b"got 8 bytes" in reply(), "the ledger answers")
	text = reply()
	assert b"one\n" in text and b"two\n" in text, text
	big = b"SOURCE 50000000\n"
	assert len(wire.exchange(web.upstream["ledger"], big, end=False)) == \
	    50_000_000


@scenario
def the_mesh_s_inbound_policy_is_obeyed(scene):
	control, web, orders = pair(scene)

	def policy(word):
		control.apply("apiVersion: mesh/v1\nkind: MeshConfig\n"
		    f"metadata: {{name: default}}\nspec: {{defaultInboundPolicy: {word}}}\n")

	policy("deny")
	wait_until(lambda: ask(web).status == 403, "requests are refused")
	policy("all-unauthenticated")
	wait_until(lambda: wire.get(orders.inbound_port, "/plain",
	    host="orders").status == 200, "plain text is let in")
	assert ask(web).status == 200
	policy("audit")
	# The line is one for each connection; those in the pool had none.
	load = load_on(web, threads=16)
	wait_until(lambda: "audit:" in orders.err(), "a call is logged")
	load.finish()


@scenario
def a_slow_reader_across_the_link_holds_the_source_back(scene):
	control = scene.control()
	app = socket.create_server(("127.0.0.1", 0))
	app.settimeout(20 * SLOWER)
	scene.closing(app)
	ledger = scene.proxy("ledger", control=control, service="default/ledger",
	    apps=[f"7000=127.0.0.1:{app.getsockname()[1]}/tcp"])
	_, web = service(scene, control, "web",
	    upstreams={"ledger": "default/ledger:7000"})
	ledger.await_ready()
	total = (1 << 30) // SLOWER ** 2
	idle = [web.rss_kib(), ledger.rss_kib()]
	sock, peer = connected(web.upstream["ledger"], app)
	sent = Sender(peer, total)
	wait_until(sent.stands_still, "the source is slowed down", 30)
	assert sent.bytes < total, "nothing slowed the source down"
	got, seen = 0, 0
	most = [web.rss_kib(), ledger.rss_kib()]
	while part := sock.recv(1 << 20):
		got += len(part)
		if got - seen > total // 32:
			seen = got
			most = [max(most[0], web.rss_kib()),
			    max(most[1], ledger.rss_kib())]
	assert got == total, (got, total)
	sock.close()
	# A sanitizer keeps what was freed for a while: its memory says nothing.
	for before, after in zip(idle, most) if SLOWER == 1 else ():
		assert after - before < 4096, f"{after - before} KiB more than idle"


def connected(address, app):
	"""A connection through the mesh and its other end at the application,
	which hears from it (health checks say nothing)."""
	def attempt():
		sock = wire.dial(address, 60)
		sock.sendall(b"begin")
		while True:
			peer, _ = app.accept()
			peer.settimeout(5)
			if peer.recv(5) == b"begin":
				peer.settimeout(60)
				return sock, peer
			peer.close()
	return wait_until(attempt, "the ledger is reached", 30)


class Sender:
	"""Sends so many bytes and then ends, on a thread."""

	def __init__(self, sock, total):
		self.bytes = 0
		self.last = (-1, 0)
		threading.Thread(target=self.run, args=(sock, total),
		    daemon=True).start()

	def run(self, sock, total):
		block = bytes(65536)
		while self.bytes < total:
			self.bytes += sock.send(block[:total - self.bytes])
		sock.shutdown(socket.SHUT_WR)

	def stands_still(self):
		now = self.bytes
		same = self.last[1] + 1 if now == self.last[0] else 0
		self.last = (now, same)
		return same > 20


@scenario
def a_proxy_stopped_while_idle_leaves_the_registry(scene):
	control, web, orders = pair(scene)
	assert {w["name"] for w in workloads(control)} == {"web", "orders"}
	orders.stop()
	assert {w["name"] for w in workloads(control)} == {"web"}
	reply = ask(web)
	assert reply.status == 503, reply.status


if __name__ == "__main__":
	main()
