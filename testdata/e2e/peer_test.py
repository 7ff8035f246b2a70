#!/usr/bin/python3
# timeout: 240
"""PeerAuthentication: where plain text is taken, beside mutual TLS or instead of
it, told apart by its first bytes; and what becomes of who is connected when the
documents change."""

import contextlib
import json
import re
import shutil
import ssl
import subprocess
import time

import wire
from grpc_store import WAIT, Caller, Store
from mesh import SLOWER, Skip, curl, free_port, main, scenario, wait_until


def peers(spec, name="default", namespace="default"):
	return (f"---\napiVersion: security.istio.io/v1\n"
	    f"kind: PeerAuthentication\nmetadata: {{name: {name}, namespace: "
	    f"{namespace}}}\nspec: {{{spec}}}\n")


def mode(word):
	return peers(f"mtls: {{mode: {word}}}")


def member(scene, control, name, apps, exposed=(), **options):
	"""A sidecar whose ports `exposed` have listeners of their own; those are
	proxy.exposed[PORT]."""
	at = {port: free_port() for port in exposed}
	words = [word for port, own in at.items() for word in
	    ("--expose", f"{port}=127.0.0.1:{own}")]
	proxy = scene.proxy(name, control=control, service=f"default/{name}",
	    apps=apps, options=[*words, "--label", f"app={name}"], **options)
	proxy.exposed = at
	return proxy.await_ready()


def inbound(proxy):
	"""What is in force at its ports, by the port of the service."""
	config = json.loads(proxy.control.ctl("proxy", "config", proxy.name, "-o",
	    "json").stdout)
	return {row["port"]: row for row in config["proxy"]["snapshot"]["inbound"]}


def is_in_force(proxy, word, port=80):
	wait_until(lambda: inbound(proxy)[port]["mtls"] == word,
	    f"{word} is in force")


def answer(port):
	"""To plain text: bytes, none if it is refused."""
	with wire.dial(f"127.0.0.1:{port}") as sock:
		sock.sendall(b"GET /plain HTTP/1.1\r\nHost: orders\r\n\r\n")
		with contextlib.suppress(ConnectionResetError):
			return sock.recv(100)
	return b""


def is_refused(port):
	"""Plain text gets no answer at all."""
	got = answer(port)
	assert not got.startswith(b"HTTP"), got
	return True


def is_refused_soon(port):
	"""The same, once the workers have what the proxy says is in force."""
	wait_until(lambda: not answer(port).startswith(b"HTTP"),
	    "plain text is refused")


def ask(caller, name="orders", path="/plain"):
	return wire.get(caller.outbound_port, f"http://{name}.default.mesh{path}",
	    host=f"{name}.default.mesh").status


@scenario
def plain_text_comes_in_where_a_document_lets_it(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http"], [80])
	web = member(scene, control, "web", [f"80={app.http}/http"])
	wait_until(lambda: ask(web) == 200, "orders answers")
	at = orders.exposed[80]
	assert inbound(orders)[80]["mtls"] == "STRICT"
	assert is_refused(at) and is_refused(orders.inbound_port)
	control.apply(mode("PERMISSIVE"))
	is_in_force(orders, "PERMISSIVE")
	assert inbound(orders)[80]["mtlsBy"] == "default/default"
	reply = curl(f"http://127.0.0.1:{at}/headers", "-H",
	    "x-forwarded-client-cert: By=me", "-H", "Host: shop.example.com")
	assert reply.status == 200 and b"By=me" not in reply.body, reply.body
	assert wire.get(orders.inbound_port, "/plain", "orders").status == 200
	assert ask(web) == 200, "a member comes as before"
	wait_until(lambda: orders.metrics().sum("mesh_requests_total",
	    direction="inbound", security="none") == 2, "plain text is counted")
	assert orders.metrics().sum("mesh_requests_total", direction="inbound",
	    security="mutual_tls", source_service="web") >= 2
	# Who is let in no longer is refused at the next request, and then at once.
	client = scene.closing(wire.Client(f"127.0.0.1:{at}"))
	client.send(wire.build("GET", "/plain", "orders"))
	assert client.read_reply().status == 200
	control.apply(mode("STRICT"))
	is_in_force(orders, "STRICT")
	client.send(wire.build("GET", "/plain", "orders"))
	assert client.read_reply().status == 403
	assert is_refused(at)
	assert ask(web) == 200
	assert orders.metrics().sum("mesh_authorization_decisions_total",
	    decision="deny", policy="default/default") == 1
	orders.wait_line("it is plain text, and PeerAuthentication default/default "
	    "says STRICT")


@scenario
def one_port_may_be_open_and_another_not(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http",
	    f"90={app.http}/http"], [80, 90])
	control.apply(peers("selector: {matchLabels: {app: orders}}, mtls: {mode: "
	    "STRICT}, portLevelMtls: {90: {mode: PERMISSIVE}}", "orders"))
	is_in_force(orders, "PERMISSIVE", 90)
	assert inbound(orders)[80]["mtls"] == "STRICT"
	wait_until(lambda: answer(orders.exposed[90]).startswith(b"HTTP/1.1 200"),
	    "90 takes plain text")
	is_refused_soon(orders.exposed[80])
	assert is_refused(orders.inbound_port), "it means the first port"
	control.ctl("delete", "pa", "orders", "--yes")
	is_in_force(orders, "STRICT", 90)
	is_refused_soon(orders.exposed[90])
	# Its listener is no way to the other port when the Service has it no more.
	control.apply(mode("PERMISSIVE") + "---\napiVersion: v1\nkind: Service\n"
	    "metadata: {name: orders}\nspec: {ports: [{port: 80}]}\n")
	wait_until(lambda: list(inbound(orders)) == [80], "90 is gone")
	wait_until(lambda: answer(orders.exposed[80]).startswith(b"HTTP/1.1 200"),
	    "80 takes plain text")
	is_refused_soon(orders.exposed[90])


def greet(connection):
	connection.send(b"220 app ESMTP\r\n")
	while data := connection.sock.recv(1000):
		connection.send(data)


@scenario
def servers_that_speak_first_are_heard_at_once(scene):
	control = scene.control()
	greeter = scene.backend(greet)
	mail = member(scene, control, "mail", [f"25=127.0.0.1:{greeter.port}/tcp"],
	    [25])
	control.apply(mode("PERMISSIVE"))
	is_in_force(mail, "PERMISSIVE", 25)
	began = time.monotonic()
	with wire.dial(f"127.0.0.1:{mail.exposed[25]}") as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"
		assert time.monotonic() - began < 0.8 * SLOWER, "the wait is short"
		sock.sendall(b"QUIT\r\n")
		assert sock.recv(100) == b"QUIT\r\n"
	wait_until(lambda: mail.metrics().sum("mesh_tcp_connections_opened_total",
	    direction="inbound", security="none") == 1, "it is counted")
	# What is let in no longer is cut off while it is silent.
	with wire.dial(f"127.0.0.1:{mail.exposed[25]}") as sock:
		assert sock.recv(100) == b"220 app ESMTP\r\n"
		control.apply(mode("STRICT"))
		with contextlib.suppress(ConnectionResetError):
			assert sock.recv(100) == b""
	assert mail.metrics().sum("mesh_authorization_decisions_total",
	    decision="cut", policy="default/default") == 1


@scenario
def an_application_may_have_tls_of_its_own(scene):
	"""A hello for no name of the mesh goes through to it as it is."""
	key, cert = scene.dir / "own.key", scene.dir / "own.pem"
	subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
	    "-keyout", key, "-out", cert, "-subj", "/CN=own.example.com"],
	    check=True, capture_output=True)
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(cert, key)

	def talk(connection):
		with contextlib.suppress(OSError), context.wrap_socket(
		    connection.sock, server_side=True) as tls:
			tls.sendall(b"own " + tls.recv(100))
	server = scene.backend(talk)
	control = scene.control()
	own = member(scene, control, "own", [f"443=127.0.0.1:{server.port}/tcp"],
	    [443])

	def speak(port, *options):
		return subprocess.run(["openssl", "s_client", "-quiet", "-connect",
		    f"127.0.0.1:{port}", *options], input=b"hello\n",
		    capture_output=True, check=False, timeout=20 * SLOWER).stdout
	assert b"own" not in speak(own.exposed[443]), "a stranger is refused"
	for word in ("PERMISSIVE", "DISABLE"):
		control.apply(mode(word))
		is_in_force(own, word, 443)
		for port in (own.exposed[443], own.inbound_port):
			assert speak(port, "-servername", "own.example.com") == \
			    b"own hello\n", (word, port)
	# A member's certificate, by hand, is asked for where the name is ours.
	web = member(scene, control, "web", [f"80=127.0.0.1:{server.port}"])
	client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	client.maximum_version = ssl.TLSVersion.TLSv1_2
	client.check_hostname = False
	client.verify_mode = ssl.CERT_NONE
	client.load_cert_chain(web.state_dir / "identity.pem")
	client.set_alpn_protocols(["http/1.1"])
	with client.wrap_socket(wire.dial(f"127.0.0.1:{own.exposed[443]}"),
	    server_hostname="443.own.default.mesh") as tls:
		assert tls.selected_alpn_protocol() == "http/1.1"


@scenario
def programs_that_know_nothing_of_a_mesh_are_served(scene):
	"""Redis by its own client, at a port of its own, whatever is said there."""
	server, client = shutil.which("redis-server"), shutil.which("redis-cli")
	if not server or not client:
		raise Skip("no Redis")
	port = free_port()
	scene.start("redis", [server, "--port", port, "--bind", "127.0.0.1",
	    "--save", "", "--dir", scene.dir])
	wait_until(lambda: wire.dial(f"127.0.0.1:{port}").close() is None,
	    "Redis listens")
	control = scene.control()
	cache = member(scene, control, "cache", [f"6379=127.0.0.1:{port}/tcp"],
	    [6379])

	def ask_redis(*words):
		return subprocess.run([client, "-p", str(cache.exposed[6379]), *words],
		    capture_output=True, text=True, check=False,
		    timeout=20 * SLOWER).stdout
	for word in ("PERMISSIVE", "DISABLE"):
		control.apply(mode(word))
		is_in_force(cache, word, 6379)
		assert ask_redis("set", "key", word) == "OK\n"
		assert ask_redis("get", "key") == f"{word}\n"
	control.apply(mode("PERMISSIVE"))
	is_in_force(cache, "PERMISSIVE", 6379)
	control.apply(mode("STRICT"))
	is_in_force(cache, "STRICT", 6379)
	assert "PERMISSIVE" not in ask_redis("get", "key")


def ports_of(control, name):
	"""What its sidecar says of the workload's ports."""
	return control.get("workload", name)["spec"]["ports"]


@scenario
def members_call_in_plain_text_where_they_are_to(scene):
	"""DISABLE: the sidecar says so once it obeys, and callers follow; requests,
	gRPC and bytes alike."""
	control = scene.control()
	app = scene.echo("app")
	store = scene.closing(Store())
	grpc = member(scene, control, "grpc", [f"80=127.0.0.1:{store.port}/grpc"])
	orders = member(scene, control, "orders", [f"80={app.http}/http",
	    f"90={app.tcp}/tcp"], [80, 90])
	alone = member(scene, control, "alone", [f"80={app.http}/http"])
	web = member(scene, control, "web", [f"80={app.http}/http"],
	    upstreams={"ledger": "default/orders:90"})
	wait_until(lambda: ask(web) == 200 and ask(web, "alone") == 200,
	    "both answer")
	caller = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "grpc.default.mesh")).await_answers()
	control.apply(mode("DISABLE"))
	wait_until(lambda: all(port.get("plaintext") for name in ("orders", "alone",
	    "grpc") for port in ports_of(control, name)), "they say so")
	assert [port["exposed"] for port in ports_of(control, "orders")] == \
	    [orders.exposed[80], orders.exposed[90]]

	def plain(proxy, direction, metric="mesh_requests_total"):
		return proxy.metrics().sum(metric, direction=direction,
		    security="none")
	for proxy, name in ((orders, "orders"), (alone, "alone")):
		wait_until(lambda name=name, proxy=proxy: ask(web, name) == 200 and
		    plain(proxy, "inbound") >= 1, f"{name} is called in plain text")
	assert plain(web, "outbound") >= 2
	wait_until(lambda: caller.unary("Echo")(b"x", timeout=WAIT) == b"x" and
	    plain(grpc, "inbound") >= 1, "gRPC is called in plain text")
	with wire.dial(web.upstream["ledger"]) as sock:
		sock.sendall(b"over and\n")
		stream = wire.Stream(sock)
		stream.read_until(b"over and\n")
	tcp = "mesh_tcp_connections_opened_total"
	wait_until(lambda: plain(orders, "inbound", tcp) == 1, "bytes are, too")
	# Back again: told at once, and taken until everybody has heard.
	control.apply(mode("STRICT"))
	wait_until(lambda: not any(port.get("plaintext") for port in
	    ports_of(control, "orders")), "it says so")
	before = orders.metrics().sum("mesh_requests_total", direction="inbound",
	    security="mutual_tls")
	wait_until(lambda: ask(web) == 200 and orders.metrics().sum(
	    "mesh_requests_total", direction="inbound", security="mutual_tls") >
	    before, "they come by TLS")


@scenario
def a_change_of_mode_loses_no_request(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http"], [80])
	web = member(scene, control, "web", [f"80={app.http}/http"])
	wait_until(lambda: ask(web) == 200, "orders answers")
	load = scene.closing(Closing(wire.Load(f"127.0.0.1:{web.outbound_port}",
	    target="http://orders.default.mesh/plain", host="orders.default.mesh",
	    threads=2, rate=300))).load.start()
	words = ["DISABLE", "PERMISSIVE", "STRICT", "DISABLE", "STRICT",
	    "PERMISSIVE", "DISABLE", "STRICT"]
	for word in words:
		control.apply(mode(word))
		is_in_force(orders, word)
		wait_until(lambda word=word: bool(ports_of(control, "orders")[0].get(
		    "plaintext")) == (word == "DISABLE"), f"{word} is told")
		load.reach(load.requests + 60)
	load.finish()
	seen = orders.metrics()
	assert seen.sum("mesh_requests_total", direction="inbound",
	    security="none") > 0
	assert seen.sum("mesh_requests_total", direction="inbound",
	    security="mutual_tls") > 0


class Closing:
	"""A load that ends with the scene, whatever became of it."""

	def __init__(self, load):
		self.load = load

	def close(self):
		self.load.stopping.set()


@scenario
def operators_see_where_plain_text_comes_in(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http"], [80])
	told = "plain text at default/orders"

	def check():
		lines = json.loads(control.ctl("check", "-o", "json").stdout)
		return {line["description"]: line for part in lines["categories"]
		    if part["categoryName"] == "plain text" for line in
		    part["checks"]}
	wait_until(lambda: control.get("service", "orders"), "it is registered")
	assert list(check()) == ["no sidecar takes plain text"]
	control.apply(mode("PERMISSIVE"))
	is_in_force(orders, "PERMISSIVE")
	line = check()[told]
	assert line["result"] == "warning", line
	assert "PERMISSIVE by PeerAuthentication default/default, at 1 of 1 ports " \
	    "of its workloads, and nobody came in plain text since control began" \
	    in line["error"], line
	rows = json.loads(control.ctl("endpoints", "orders", "-o", "json").stdout)
	assert [(row["mtls"], row["mtlsBy"]) for row in rows] == \
	    [("PERMISSIVE", "default/default")], rows
	for words in (["endpoints", "orders"], ["describe", "service", "orders"]):
		assert "PERMISSIVE" in control.ctl(*words).stdout
	assert "default/default" in control.ctl("endpoints", "orders", "-o",
	    "wide").stdout
	assert wire.get(orders.exposed[80], "/plain", "orders").status == 200
	wait_until(lambda: re.search(r"somebody came in plain text \d+ s ago",
	    check()[told]["error"]), "somebody came so", 15)
	# What nobody can call in plain text is told of.
	two = member(scene, control, "two", [f"80={app.http}/http",
	    f"90={app.http}/http"])
	control.apply(peers("selector: {matchLabels: {app: two}}, mtls: {mode: "
	    "DISABLE}", "two"))
	is_in_force(two, "DISABLE")
	line = check()["default/two is called in plain text, as a "
	    "PeerAuthentication says"]
	assert "members come by mutual TLS to 2 of 2 such ports" in line["error"]
	# Of two that are about the same the younger counts nowhere, and is told so.
	done = control.apply(peers("mtls: {mode: STRICT}", "later"))
	conditions = wait_until(lambda: control.get("pa", "later")["status"][
	    "conditions"], "it is judged")
	assert conditions[0]["reason"] == "Conflicted", conditions
	done = control.ctl("analyze", expect=None)
	assert "default/default is about the same and goes first" in done.stdout + \
	    done.stderr, done
	assert "PERMISSIVE lets plain text in" in done.stdout + done.stderr, done
	table = control.ctl("get", "pa").stdout
	assert re.search(r"default +PERMISSIVE +- +the namespace", table), table


@scenario
def what_makes_no_sense_is_told(scene):
	control = scene.control()
	done = control.ctl("apply", "-f", "-", stdin=peers("portLevelMtls: {80: "
	    "{mode: DISABLE}}"), expect=None)
	assert done.returncode != 0
	assert "expected none without a selector" in done.stderr, done.stderr


if __name__ == "__main__":
	main()
