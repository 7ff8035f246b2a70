#!/usr/bin/env python3
"""Certificates of clients at a gateway: spec.tls.frontend of Gateway API.

The clients are openssl's and curl's.
"""

import json
import re
import ssl
import subprocess

from gateway import Gateway, certificate, gateway, route, secret, service
from manual import examples
from mesh import curl, free_port, main, scenario, wait_until
from outside import Authority, config_map

HOST = "shop.example"
CLIENT = "extendedKeyUsage=clientAuth\n"


def frontend(first="", ports=()):
	"""spec.tls.frontend, as the end of a Gateway's spec."""
	text = f"  tls:\n    frontend:\n      default: {{{first}}}\n"
	if ports:
		text += "      perPort:\n" + "".join(
		    f"      - {{port: {port}, tls: {{{what}}}}}\n"
		    for port, what in ports)
	return text


def validation(name="roots", mode="", kind="ConfigMap", namespace=""):
	more = (f", mode: {mode}" if mode else "")
	where = (f", namespace: {namespace}" if namespace else "")
	return (f'validation: {{caCertificateRefs: [{{group: "", kind: {kind}, '
	    f'name: {name}{where}}}]{more}}}')


def https(port, name="https", cert="cert"):
	return (f"name: {name}, protocol: HTTPS, port: {port}, "
	    f"tls: {{certificateRefs: [{{name: {cert}}}]}}")


class Edge(Gateway):
	"""A gateway with HTTPS at some ports, an echo behind it."""

	def __init__(self, scene, ports, tls, *more, **how):
		self.app = scene.echo("web")
		self.pair = certificate(scene, "cert", HOST)
		self.rest = secret("cert", self.pair) + route("web", "web") + \
		    service("web", self.app.http_port) + "".join(
		    "---\n" + one for one in more)
		super().__init__(scene, self.documents(ports, tls), **how)

	def documents(self, ports, tls):
		return gateway([https(port, f"p{port}") for port in ports]) + \
		    tls + self.rest

	def change(self, ports, tls):
		self.write("documents", self.documents(ports, tls))

	def curl(self, port, *options, host=HOST, path="/"):
		return curl(f"https://{host}:{port}{path}", "--resolve",
		    f"{host}:{port}:127.0.0.1", "--cacert", self.pair[0], *options)


def shown(pair):
	return ("--cert", pair[0], "--key", pair[1])


def say(answer):
	"""x-forwarded-client-cert as the application saw it, or None."""
	assert answer.status == 200, answer
	seen = answer.json()["headers"].get("x-forwarded-client-cert")
	return seen and seen[0]


@scenario
def a_client_shows_who_it_is(scene):
	port = free_port()
	root = Authority(scene)
	edge = Edge(scene, [port], frontend(validation()),
	    config_map(root.pem))
	pair = root.sign("web", "DNS:web.example,URI:spiffe://other/web",
	    more=CLIENT)
	said = say(edge.curl(port, *shown(pair), "-H",
	    "X-Forwarded-Client-Cert: URI=spiffe://evil"))
	digest = fingerprint(pair[0])
	# The order of the names is that of the certificate.
	assert said == f'Hash={digest};Subject="CN=web";DNS=web.example;' \
	    "URI=spiffe://other/web", said
	wait_until(lambda: len(edge.out().splitlines()) == 1, "the line")
	line = json.loads(edge.out())
	assert line["downstream_peer_subject"] == "CN=web", line
	assert line["downstream_peer_fingerprint_256"] == digest, line
	# Who shows none is told why, and so is the operator.
	nobody = edge.curl(port)
	assert nobody.code != 0 and "alert" in nobody.err, nobody.err
	wait_until(lambda: refused(edge, "no-certificate") == 1, "it is counted")


@scenario
def the_example_of_the_manual_works(scene):
	port = free_port()
	root = Authority(scene)
	text = next(block for block in examples("mesh-proxy.8")
	    if "name: buyers" in block).replace("8443", str(port))
	edge = Edge(scene, [free_port()], "", config_map(root.pem, "buyers"))
	edge.write("documents", text + edge.rest + secret("shop-cert",
	    edge.pair))
	client = shown(root.sign("buyer", more=CLIENT))
	wait_until(lambda: edge.curl(port, *client).status == 200, "it serves")
	assert edge.curl(port).code != 0


@scenario
def an_insecure_fallback_believes_nobody_without_proof(scene):
	port = free_port()
	root, other = Authority(scene), Authority(scene, "other")
	edge = Edge(scene, [port], frontend(validation(
	    mode="AllowInsecureFallback")), config_map(root.pem))
	claim = ("-H", "X-Forwarded-Client-Cert: URI=spiffe://evil")
	assert say(edge.curl(port, *claim)) is None
	assert say(edge.curl(port, *claim, *shown(other.sign("evil",
	    more=CLIENT)))) is None
	assert 'Subject="CN=web"' in say(edge.curl(port, *claim,
	    *shown(root.sign("web", more=CLIENT))))


@scenario
def each_port_asks_as_it_is_told(scene):
	usual, other, free = free_port(), free_port(), free_port()
	first, second = Authority(scene), Authority(scene, "second")
	edge = Edge(scene, [usual, other, free], frontend(validation(), [
	    (other, validation("second")), (free, "")]),
	    config_map(first.pem), config_map(second.pem, "second"))
	a = shown(first.sign("a", more=CLIENT))
	b = shown(second.sign("b", more=CLIENT))
	for port, pair, want in ((usual, a, True), (usual, b, False),
	    (other, a, False), (other, b, True), (free, a, True),
	    (free, (), True), (usual, (), False)):
		answer = edge.curl(port, *pair)
		assert (answer.status == 200) is want, (port, answer.err)
	# Nobody was asked there, so nothing is known.
	assert say(edge.curl(free, *a)) is None


class Hostile:
	"""Makes certificates that are not to be let in."""

	def __init__(self, scene):
		self.scene = scene
		self.root = Authority(scene)
		self.other = Authority(scene, "other")

	def intermediate(self, name, more=""):
		"""A CA below the root."""
		made = Authority.__new__(Authority)
		made.scene = self.scene
		made.path, made.key = self.root.sign(name, more="basicConstraints="
		    f"critical,CA:TRUE\nkeyUsage=keyCertSign\n{more}")
		return made

	def below(self, name, *cas, **how):
		"""A leaf of the first, with the certificates of all behind it."""
		cert, key = cas[0].sign(name, more=CLIENT, **how)
		chain = self.scene.file(f"{name}.chain", cert.read_text() +
		    "".join(ca.pem for ca in cas))
		return chain, key

	def itself(self):
		return certificate(self.scene, "itself", "web.example")


@scenario
def hostile_certificates_are_refused_with_a_reason(scene):
	h = Hostile(scene)
	port = free_port()
	edge = Edge(scene, [port], frontend(validation()), config_map(h.root.pem),
	    options=["--log-level", "info,tls=debug"])
	good = h.intermediate("good")
	bound = h.intermediate("bound",
	    "nameConstraints=permitted;DNS:web.example\n")
	leaf = Authority.__new__(Authority)
	leaf.scene = scene
	leaf.path, leaf.key = h.root.sign("leaf", more=CLIENT)
	for reason, pair in (
	    ("expired", h.root.sign("old", days=0, more=CLIENT)),
	    ("not-yet-valid", h.root.sign("early", days=0, more=CLIENT,
	        dates=("20400101000000Z", "20410101000000Z"))),
	    ("extended-key-usage", h.root.sign("server",
	        more="extendedKeyUsage=serverAuth\n")),
	    ("unknown-issuer", h.other.sign("other-leaf", more=CLIENT)),
	    ("unknown-issuer", h.itself()),
	    ("name-constraints", h.below("bounded", bound)),
	    ("issuer-not-ca", h.below("forged", leaf)),
	    ("chain-too-long", h.below("long", *[good] * 8))):
		before = refused(edge, reason)
		answer = edge.curl(port, *shown(pair))
		assert answer.code != 0 and answer.status == 0, (reason, pair)
		wait_until(lambda: refused(edge, reason) == before + 1,
		    f"{reason} is counted")
	edge.wait_line("debug tls: gateway: 127.0.0.1:[0-9]+: .*: the certificate "
	    "has expired")
	# What is unusual but right is let in.
	for pair in (h.below("inner", good),
	    h.root.sign("rsa", kind="rsa:4096", more=CLIENT),
	    h.root.sign("p384", kind="ec:P-384", more=CLIENT),
	    h.root.sign("p521", kind="ec:P-521", more=CLIENT),
	    h.root.sign("large", ",".join(f"DNS:name-{i}.example"
	        for i in range(500)), more=CLIENT)):
		answer = edge.curl(port, *shown(pair))
		assert answer.status == 200, (pair, answer.err)
	assert pair[0].stat().st_size > 10000


def refused(edge, reason):
	return edge.metrics().sum("mesh_tls_failures_total",
	    direction="inbound", reason=reason)


@scenario
def without_an_authority_nobody_comes_in(scene):
	port = free_port()
	root = Authority(scene)
	edge = Edge(scene, [port], frontend(validation("absent")))
	edge.wait_line("spec.tls.frontend, port")
	edge.wait_line("there is no authority to trust for clients'")
	answer = edge.curl(port, *shown(root.sign("web", more=CLIENT)))
	assert answer.code == 7, answer.err	# nobody listens
	# One that is there is enough, and the other is told.
	edge.write("roots", config_map(root.pem, "absent"))
	pair = root.sign("late", more=CLIENT)
	wait_until(lambda: edge.curl(port, *shown(pair)).status == 200,
	    "the port opens")


@scenario
def a_new_demand_holds_for_open_connections_too(scene):
	port = free_port()
	root = Authority(scene)
	edge = Edge(scene, [port], "", config_map(root.pem))
	tls = ssl.create_default_context(cafile=str(edge.pair[0]))
	old = edge.client(port, HOST, tls)
	assert old.request(host=HOST).status == 200
	edge.change([port], frontend(validation()))
	# Another connection would be asked: 421 says to make one.
	wait_until(lambda: old.request(host=HOST).status == 421, "it is demanded")
	tls.load_cert_chain(*map(str, root.sign("web", more=CLIENT)))
	with edge.client(port, HOST, tls) as client:
		assert client.request(host=HOST).status == 200


@scenario
def an_application_behind_a_sidecar_sees_the_client(scene):
	port = free_port()
	control = scene.control()
	app = scene.echo("web-app")
	scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={app.http}/http"]).await_ready()
	caller = scene.proxy("caller", control=control, service="default/caller",
	    apps=[f"80={scene.echo('caller-app').http}/http"]).await_ready()
	root = Authority(scene)
	pair = certificate(scene, "cert", HOST)
	control.apply(gateway([https(port)]) + frontend(validation()) +
	    route("web", "web") + secret("cert", pair) + "---\n" +
	    config_map(root.pem))
	scene.proxy("edge-1", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1"]).await_ready()
	claim = ("-H", "X-Forwarded-Client-Cert: URI=spiffe://evil")
	client = shown(root.sign("buyer", "URI:spiffe://buyer", more=CLIENT))

	def ask():
		return curl(f"https://{HOST}:{port}/", "--resolve",
		    f"{HOST}:{port}:127.0.0.1", "--cacert", pair[0], *claim,
		    *client)
	wait_until(lambda: ask().status == 200, "it serves")
	said = say(ask())
	us = "spiffe://mesh.internal/ns/default/sa"
	digest = fingerprint(client[1])
	assert re.fullmatch(f'By={us}/gw--edge;Hash={digest};Subject="CN=buyer";'
	    f"URI=spiffe://buyer,By={us}/web;Hash=[0-9a-f]{{64}};"
	    f"URI={us}/gw--edge", said), said
	# Who is no gateway speaks for nobody but itself.
	said = say(curl("http://web.default.mesh/", "-x", caller.outbound,
	    *claim))
	assert re.fullmatch(f"By={us}/web;Hash=[0-9a-f]{{64}};URI={us}/caller",
	    said), said
	# The authority that a client is checked by may change.
	other = Authority(scene, "other")
	control.apply(config_map(other.pem))
	wait_until(lambda: ask().code != 0, "the old authority is forgotten")
	client = shown(other.sign("new", more=CLIENT))
	wait_until(lambda: ask().status == 200, "the new one is trusted")


def fingerprint(path):
	text = subprocess.run(["openssl", "x509", "-in", str(path), "-noout",
	    "-fingerprint", "-sha256"], check=True, capture_output=True,
	    text=True).stdout
	return re.sub(r"[^0-9a-f]", "", text.split("=")[1].lower())


if __name__ == "__main__":
	main()
