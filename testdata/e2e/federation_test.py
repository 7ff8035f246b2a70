#!/usr/bin/python3
"""Meshes with trust domains of their own that let their members call each other."""

import base64
import http.server
import json
import os
import socket
import ssl
import subprocess
import threading

import grpc
import wire
from federation import (ALLOW, DENIED, DOMAIN, QUICK, abroad, ask, bundle_of,
    bundle_of_kept, endpoint, federate, inline, member, mesh_of, settled)
from mesh import curl, free_port, main, scenario, wait_until, with_etc
from outside import Authority
from websocket import WebSocket
from workload import Workload

SERVICE_OF_FILES = """
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: default}
spec:
  selector: {app: orders}
  ports: [{name: http, port: 80}]
---"""


def two_meshes(scene):
	"""web of a.example and orders of b.example, whom nobody may call yet."""
	a = mesh_of(scene, "a.example")
	b = mesh_of(scene, "b.example", inbound_policy="deny")
	orders = member(scene, b, "orders")
	web = member(scene, a, "web")
	abroad(a, orders)
	return a, b, web, orders


@scenario
def two_meshes_call_each_other_by_name(scene):
	a, b, web, orders = two_meshes(scene)
	# Neither knows the other: nobody is connected, nothing is sent.
	wait_until(lambda: ask(web).status in (502, 503), "the domain is not known")
	federate(a, "b.example", inline(bundle_of(b)))
	# The server knows nobody of a.example.
	wait_until(lambda: orders.metrics().sum("mesh_tls_failures_total",
	    reason="foreign-trust-domain") >= 1 or ask(web).status == 200,
	    "the caller is refused")
	assert ask(web).status in (502, 503)
	federate(b, "a.example", inline(bundle_of(a)))
	wait_until(lambda: ask(web).status == 403, "it is let in and denied")
	reply = ask(web)
	assert DENIED in reply.text(), reply.text()
	# Its namespace and account are no account of b.example's.
	for who in ("namespaces: [default]", "serviceAccounts: [default/web]",
	    "principals: [b.example/ns/default/sa/web]",
	    "trustDomains: [b.example]"):
		b.apply(ALLOW.format(who=who))
		settled(b)
		assert ask(web).status == 403, who
	b.apply(ALLOW.format(who="principals: [a.example/ns/default/sa/web]"))
	wait_until(lambda: ask(web).status == 200, "it is allowed by its name")
	b.apply(ALLOW.format(who="trustDomains: [a.example]"))
	settled(b)
	assert ask(web).status == 200
	told = b.ctl("authz", "check", "--from",
	    "spiffe://a.example/ns/default/sa/web", "--to", "orders").stdout
	assert "allowed" in told, told
	# curl through the sidecar, as an application would.
	done = curl(f"{web.outbound}/plain", "-H", "Host: orders-b.default.mesh")
	assert done.status == 200, done
	wait_until(lambda: orders.metrics().sum("mesh_requests_total",
	    direction="inbound", source_namespace="default@a.example",
	    source_service="web", response_code="200") >= 1,
	    "it is counted by its domain")
	assert orders.metrics().sum("mesh_requests_total", direction="inbound",
	    source_namespace="default") == 0
	wait_until(lambda: web.metrics().sum("mesh_requests_total",
	    direction="outbound", destination_service="orders-b",
	    security="mutual_tls") >= 1, "and by who called")
	# What was seen becomes a policy that names it in full, from both who know.
	wait_until(lambda: "default@a.example/web" in str(callers(b, "orders")),
	    "control has heard of the caller")
	learnt = b.ctl("policy", "learn", "orders").stdout
	assert "- a.example/ns/default/sa/web" in learnt, learnt
	assert "@" not in learnt, learnt


@scenario
def a_mesh_takes_no_document_about_its_own_domain(scene):
	a = mesh_of(scene, "a.example")
	for domain, expect in (("a.example", 65), ("b.example", 0)):
		done = a.ctl("apply", "-f", "-", stdin=DOMAIN.format(name="it",
		    domain=domain, more=inline(bundle_of(a))), expect=expect)
		assert ("a.example is our own trust domain" in done.stderr) == \
		    (expect != 0), done
		assert ("created" in done.stdout) == (expect == 0), done


@scenario
def callers_abroad_are_allowed_and_denied_by_their_id(scene):
	a, b, web, orders = two_meshes(scene)
	federate(a, "b.example", inline(bundle_of(b)))
	web_id = "spiffe://a.example/ns/default/sa/web"
	check = ("authz", "check", "--from", web_id, "--to", "orders")
	told = b.ctl("allow", web_id, "orders", "--methods", "GET").stderr
	assert "no ClusterFederatedTrustDomain is about a.example" in told, told
	assert f"--from {web_id} --to" in told, told
	federate(b, "a.example", inline(bundle_of(a)))
	wait_until(lambda: ask(web).status == 200, "it is allowed by its ID")
	assert "allowed" in b.ctl(*check).stdout
	document = b.ctl("deny", web_id, "orders", "--dry-run", "-o", "yaml")
	assert "- a.example/ns/default/sa/web" in document.stdout, document.stdout
	assert "no ClusterFederatedTrustDomain" not in document.stderr
	b.ctl("deny", web_id, "orders")
	wait_until(lambda: ask(web).status == 403, "it is denied by its ID")
	assert "denied" in b.ctl(*check, expect=1).stdout
	# One of our own is an account, however it is written.
	ours = b.ctl("allow", "spiffe://b.example/ns/shop/sa/web", "orders",
	    "--dry-run", "-o", "yaml").stdout
	assert "- shop/web" in ours and "principals" not in ours, ours
	for wrong in "spiffe://a.example", "spiffe://A.example/x", "spiffe://a/x/*":
		assert "CALLER: expected spiffe://TRUST-DOMAIN/PATH" in b.ctl("allow",
		    wrong, "orders", expect=64).stderr
	# Files say whose mesh theirs is, or it is the one that has no other name.
	files = [scene.file("orders.yaml", SERVICE_OF_FILES + ALLOW.format(
	    who="serviceAccounts: [default/web]"))]
	config = scene.file("mesh.yaml", "apiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec: {trustDomain: a.example}\n")

	def offline(who, *more):
		words = [word for name in files for word in ("-f", name)]
		return b.ctl("authz", "check", "--from",
		    f"spiffe://{who}/ns/default/sa/web", "--to", "orders", *words,
		    *more, expect=None).returncode
	assert offline("mesh.internal") == 0
	assert offline("a.example") == 1
	assert offline("a.example", "--trust-domain", "a.example") == 0
	assert offline("mesh.internal", "--trust-domain", "a.example") == 1
	files.append(config)
	assert offline("a.example") == 0
	assert offline("mesh.internal") == 1
	assert offline("a.example", "--trust-domain", "b.example") == 1
	assert offline("a.example", "--trust-domain", "A b") == 64
	assert b.ctl(*check, "--trust-domain", "a.example", expect=64)


def status_of(control, name):
	return control.get("cftd", name)["status"]


def fetched(control, name):
	"""The condition of that type, as (status, reason, message)."""
	for one in status_of(control, name)["conditions"]:
		if one["type"] == "Fetched":
			return one["status"], one["reason"], one["message"]
	return None, None, None


@scenario
def two_meshes_fetch_each_others_bundles(scene):
	a = mesh_of(scene, "a.example", more=QUICK)
	b = mesh_of(scene, "b.example", more=QUICK)
	orders = member(scene, b, "orders")
	web = member(scene, a, "web")
	abroad(a, orders)
	# Nothing to judge the endpoint by: said so, and nobody is believed.
	federate(a, "b.example", endpoint(b, "b.example"))
	wait_until(lambda: fetched(a, "b")[0] == "False", "it says what is missing")
	assert "there is no bundle of b.example" in fetched(a, "b")[2]
	assert status_of(a, "b")["bundle"]["source"] == "None"
	assert "× the bundle of trust domain b.example" in a.ctl("check",
	    expect=1).stdout
	federate(a, "b.example", endpoint(b, "b.example", bundle_of(b)))
	federate(b, "a.example", endpoint(a, "a.example", bundle_of(a)))
	for control, name in (a, "b"), (b, "a"):
		wait_until(lambda c=control, n=name: fetched(c, n)[0] == "True",
		    "the bundle is fetched")
	wait_until(lambda: ask(web).status == 200, "it is let in")
	kept = a.get("federatedbundle", "b")["spec"]
	assert json.loads(kept["bundle"]) == bundle_of(b), kept
	# What was fetched is nobody's to write, root's neither.
	document = a.get("federatedbundle", "b")
	for words, text in (["apply", "-f", "-"], json.dumps(document)), \
	    (["delete", "federatedbundle", "b", "--yes"], ""):
		refused = a.ctl(*words, stdin=text, expect=None)
		assert refused.returncode != 0, refused.stdout
		assert "FederatedBundle: control alone does that" in \
		    refused.stderr, refused.stderr
	assert status_of(a, "b")["bundle"]["source"] == "Endpoint"
	assert "√ validity of the last root of trust domain b.example" in \
	    a.ctl("check").stdout
	# B's root is rotated while traffic flows.
	lost, asked = [], 0

	def flows():
		nonlocal asked
		asked += 1
		reply = ask(web)
		if reply.status != 200:
			lost.append(reply.status)

	def later(condition, what):
		wait_until(lambda: flows() or condition(), what, timeout=20)

	b.ctl("ca", "prepare", "--level", "root")
	later(lambda: len(bundle_of_kept(a)["keys"]) > len(json.loads(
	    kept["bundle"])["keys"]), "A has the new root before it signs")
	later(lambda: web.err().count("b.example are believed by 2 roots") >= 1,
	    "its proxies have it, too")
	b.ctl("ca", "activate")
	b.ctl("ca", "taint", "--yes", expect=None)
	later(lambda: orders.err().count("identity: renewed") >= 1,
	    "orders has a certificate under the new root")
	for _ in range(50):
		flows()
	assert not lost and asked > 50, (lost, asked)
	assert a.metrics().sum("mesh_control_federation_fetches_total",
	    trust_domain="b.example", result="fetched") >= 2


@scenario
def names_are_found_after_their_file_was_replaced(scene):
	a = mesh_of(scene, "a.example", more=QUICK)
	b = mesh_of(scene, "b.example", more=QUICK)
	(scene.dir / "etc").mkdir()
	hosts = "127.0.0.1 partner.test\n"
	scene.file("etc/hosts", hosts)
	scene.file("etc/resolv.conf", "nameserver 127.0.0.1\n")
	with_etc(a, scene.dir / "etc")
	url = f"https://partner.test:{b.api_port}/v1/trust-bundle?format=spiffe"
	federate(a, "b.example", endpoint(b, "b.example", bundle_of(b), url=url))
	wait_until(lambda: fetched(a, "b")[0] == "True", "the name is found")
	known = len(bundle_of_kept(a)["keys"])
	os.rename(scene.file("etc/hosts.new", hosts), scene.dir / "etc/hosts")
	b.ctl("ca", "prepare", "--level", "root")
	wait_until(lambda: len(bundle_of_kept(a)["keys"]) > known,
	    "the name is found again, and what is new there", 20)


class Site:
	"""A web server with a certificate of the web, and what it answers now."""

	def __init__(self, scene, pair):
		site = self

		class Handler(http.server.BaseHTTPRequestHandler):
			def do_GET(self):
				body = site.body.encode()
				self.send_response(site.status)
				self.send_header("Content-Length", str(len(body)))
				self.end_headers()
				self.wfile.write(body)

			def log_message(self, *_):
				pass

		self.body, self.status = "{}", 200
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		context.load_cert_chain(*pair)
		self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
		    Handler)
		# Whoever does not trust it breaks off.
		self.server.handle_error = lambda *_: None
		self.server.socket = context.wrap_socket(self.server.socket,
		    server_side=True, do_handshake_on_connect=False)
		self.url = f"https://127.0.0.1:{self.server.server_port}/bundle"
		threading.Thread(target=self.server.serve_forever,
		    daemon=True).start()
		scene.closing(self)

	def serve(self, bundle, sequence):
		self.body = json.dumps({**bundle, "spiffe_sequence": sequence,
		    "spiffe_refresh_hint": 1})

	def close(self):
		self.server.shutdown()
		self.server.server_close()


def by_web(url):
	return (f"bundleEndpointURL: {url}\n  bundleEndpointProfile: "
	    "{type: https_web}")


def is_over(stream):
	try:
		return stream.read(1) == b""
	except OSError:
		return True


def fails_with(control, name, words):
	wait_until(lambda: fetched(control, name)[0] == "False" and words in
	    fetched(control, name)[2], f"fetching fails: {words}")


@scenario
def a_bundle_of_the_web_is_kept_and_taken_back(scene):
	root, other = Authority(scene), Authority(scene, "other")
	site = Site(scene, root.sign("site", san="IP:127.0.0.1"))
	bad = Site(scene, other.sign("bad", san="IP:127.0.0.1"))
	a = mesh_of(scene, "a.example", more=("--federation-ca-file", root.path))
	b = mesh_of(scene, "b.example")
	orders, web = member(scene, a, "orders"), member(scene, b, "web")
	abroad(b, orders, "orders-a", "a", "spiffe://a.example/ns/default/sa/orders")
	federate(b, "a.example", inline(bundle_of(a)))
	keys = bundle_of(b)

	def works():
		return ask(web, "orders-a").status == 200

	def cut(stream):
		assert is_over(stream), "what stands on the domain is cut"
		wait_until(lambda: ask(web, "orders-a").status in (502, 503),
		    "nobody of the domain is believed")

	def connect():
		wait_until(works, "the domain is believed")
		stream = WebSocket(web.outbound_port, host="orders-a.default.mesh")
		stream.send(b"hello")
		assert stream.receive() == b"hello"
		return stream

	for one in site, bad:
		one.serve(keys, 7)
	# Whose certificate leads nowhere publishes nothing.
	federate(a, "b.example", by_web(bad.url))
	fails_with(a, "b", "the chain leads to no root")
	assert status_of(a, "b")["bundle"]["source"] == "None"
	federate(a, "b.example", by_web(site.url))
	stream = connect()
	# What does not read, what is older, and silence change nothing.
	site.serve(keys, 6)
	fails_with(a, "b", "its spiffe_sequence went back from 7 to 6")
	site.body = '{"keys":'
	fails_with(a, "b", "bundle:1:")
	site.status = 503
	fails_with(a, "b", "answers 503")
	assert "‼ fetching the bundle of trust domain b.example" in \
	    a.ctl("check").stdout
	site.close()
	fails_with(a, "b", "refused")
	a.stop()
	stream.send(b"still here")
	assert stream.receive() == b"still here"
	stream.close()
	orders.stop()
	orders.start()
	orders.await_ready()
	wait_until(works, "the proxy has it from its disk")
	a.start()
	a.await_ready()
	assert works() and bundle_of_kept(a)["spiffe_sequence"] == 7
	# All authorities are taken back: everything ends, and begins again.
	site = Site(scene, root.sign("site-2", san="IP:127.0.0.1"))
	site.serve(keys, 8)
	federate(a, "b.example", by_web(site.url))
	stream = connect()
	site.serve({"keys": []}, 9)
	cut(stream)
	assert status_of(a, "b")["bundle"]["roots"] == 0
	assert orders.metrics().sum("mesh_revoked_connections_total") >= 1
	site.serve(keys, 10)
	stream = connect()
	# One root in place of another: what stood on that one is cut, too.
	site.serve(bundle_of(a), 11)
	cut(stream)
	assert status_of(a, "b")["bundle"]["roots"] == 1
	site.serve(keys, 12)
	stream = connect()
	# So does it when the document is deleted, and what was fetched goes, too.
	a.ctl("delete", "cftd", "b", "--yes")
	cut(stream)
	wait_until(lambda: a.ctl("get", "federatedbundle", "b",
	    expect=None).returncode != 0, "what was fetched is gone")


@scenario
def control_publishes_under_a_certificate_of_the_web(scene):
	root = Authority(scene)
	paths = root.sign("site", san="IP:127.0.0.1")
	paths[1].chmod(0o600)
	at = f"127.0.0.1:{free_port()}"
	b = mesh_of(scene, "b.example", more=("--federation-listen", at,
	    "--federation-cert-file", paths[0], "--federation-key-file",
	    paths[1], *QUICK))
	url = f"https://{at}/"
	told = curl(url, "--cacert", root.path)
	assert told.status == 200 and json.loads(told.body) == bundle_of(b), told
	# As others read it: one certificate for each key, which is the key's.
	der = [base64.b64decode(key["x5c"][0]) for key in json.loads(
	    told.body)["keys"] if key["use"] == "x509-svid"]
	assert len(der) == 1
	text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout",
	    "-text"], input=der[0], capture_output=True, check=True)
	assert b"URI:spiffe://b.example" in text.stdout, text.stdout
	assert json.loads(told.body)["spiffe_sequence"] > 0
	# Nothing else is answered there, and nobody is let in further.
	for path in "v1/health", "v1/documents/services", "v1/ca", "metrics":
		assert curl(url + path, "--cacert", root.path).status == 404, path
	assert curl(url, "-X", "POST", "-d", "{}", "--cacert",
	    root.path).status == 405
	a = mesh_of(scene, "a.example", more=("--federation-ca-file", root.path))
	federate(a, "b.example", by_web(url))
	wait_until(lambda: fetched(a, "b")[0] == "True", "A has it")
	# Another certificate takes its place without a restart.
	before = served_by(at, root)
	other = root.sign("site-2", san="IP:127.0.0.1")
	paths[1].write_text(other[1].read_text())
	paths[0].write_text(other[0].read_text())
	wait_until(lambda: served_by(at, root) != before, "the new one is shown")
	# One that is broken does not.
	after = served_by(at, root)
	paths[0].write_text("nothing")
	assert served_by(at, root) == after
	assert "the certificate of before goes on" in b.err()


def served_by(at, root):
	"""The certificate that somebody shows there."""
	context = ssl.create_default_context(cafile=root.path)
	with socket.create_connection(("127.0.0.1", int(at.split(":")[1]))) as \
	    plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as \
	    sock:
		return sock.getpeercert(True)


GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge, namespace: default}}
spec:
  gatewayClassName: mesh
  listeners: [{{name: http, port: {port}, protocol: HTTP}}]
"""


def seen_from(proxy, callee, fields):
	"""What the application gets of a request that somebody sends by hand with
	the certificate of a proxy: its fields, as lists."""
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
	context.set_alpn_protocols(["http/1.1"])
	context.load_cert_chain(proxy.state_dir / "identity.pem")
	# Workers hear of a domain after control does.
	with wait_until(lambda: wire.Client(f"127.0.0.1:{callee.inbound_port}",
	    tls=(context, "80.orders.default.mesh")), "is let in") as client:
		reply = client.request("/", host="orders", fields=fields)
	assert reply.status == 200, reply.head
	return json.loads(reply.body)["headers"]


@scenario
def what_a_caller_abroad_says_of_itself_is_not_believed(scene):
	a = mesh_of(scene, "a.example")
	b = mesh_of(scene, "b.example")
	socket_path = scene.dir / "orders.workload"
	orders = member(scene, b, "orders", more=("--workload-api-socket",
	    socket_path))
	a.apply(GATEWAY.format(port=free_port()))
	edge = scene.proxy("edge", control=a, gateway="default/edge")
	edge.await_ready()
	web = member(scene, a, "web")
	near = member(scene, b, "web")
	federate(b, "a.example", inline(bundle_of(a)))
	wait_until(lambda: "a.example are believed" in orders.err(),
	    "orders believes members of a.example")
	lies = {"x-forwarded-client-cert":
	    "By=spiffe://b.example/x;URI=spiffe://b.example/ns/default/sa/admin",
	    "x-mesh-source": "default/web-b", "x-mesh-caller": "default/web",
	    "x-forwarded-for": "203.0.113.9", "x-forwarded-host": "bank"}
	for who, account in (web, "web"), (edge, "gw--edge"):
		seen = seen_from(who, orders, lies)
		certs = seen["x-forwarded-client-cert"]
		assert len(certs) == 1 and certs[0].startswith(
		    "By=spiffe://b.example/ns/default/sa/orders;Hash="), certs
		assert certs[0].endswith(
		    f";URI=spiffe://a.example/ns/default/sa/{account}"), certs
		assert "admin" not in certs[0], certs
		assert seen["x-forwarded-for"] == ["127.0.0.1"], seen
		assert "bank" not in str(seen), seen
		assert not [name for name in seen if name.startswith("x-mesh-")], seen
	# A neighbour of the mesh's own says where its request came from.
	seen = seen_from(near, orders, lies)
	assert seen["x-forwarded-for"] == ["203.0.113.9"], seen
	assert "admin" not in str(seen), seen
	counted = orders.metrics()
	assert counted.sum("mesh_requests_total", source_namespace="default",
	    source_workload="default/web-b") == 1
	assert counted.sum("mesh_requests_total",
	    source_namespace="default@a.example", source_workload="unknown") == 2
	wait_until(lambda: '"client_identity":"spiffe://a.example/ns/default/sa/web"'
	    in orders.out(), "the log has the whole ID")
	# Applications learn whom else to believe.
	application = scene.closing(Workload(socket_path))
	reply = wait_until(lambda: x509_of(application), "it has an identity")
	assert list(reply.federated_bundles) == ["spiffe://a.example"]
	text = subprocess.run(["openssl", "x509", "-inform", "DER", "-noout",
	    "-text"], input=reply.federated_bundles["spiffe://a.example"],
	    capture_output=True, check=True).stdout
	assert b"URI:spiffe://a.example" in text, text


def x509_of(application):
	try:
		return next(application.stream("FetchX509SVID"))
	except grpc.RpcError:
		return None


@scenario
def an_impostor_is_nobody(scene):
	a = mesh_of(scene, "a.example", inbound_policy="deny")
	b = mesh_of(scene, "b.example")
	# The same trust domain with roots of its own, and another domain.
	false_b = scene.control(name="false-b", options=("--trust-domain",
	    "b.example"))
	c = mesh_of(scene, "c.example")
	orders = member(scene, a, "orders")
	a.apply(ALLOW.format(who="principals: [b.example/ns/default/sa/web]"))
	callers = {}
	for control in b, false_b, c:
		callers[control.name] = member(scene, control, "web")
		abroad(control, orders, "orders-a", "a",
		    "spiffe://a.example/ns/default/sa/orders")
		federate(control, "a.example", inline(bundle_of(a)))
	for control in b, c:
		federate(a, f"{control.name}.example", inline(bundle_of(control)))
	wait_until(lambda: ask(callers["b"], "orders-a").status == 200,
	    "the true one is let in")
	assert ask(callers["c"], "orders-a").status == 403
	before = orders.metrics().sum("mesh_tls_failures_total",
	    reason="unknown-issuer")
	assert ask(callers["false-b"], "orders-a").status in (502, 503)
	assert orders.metrics().sum("mesh_tls_failures_total",
	    reason="unknown-issuer") > before


@scenario
def control_refuses_a_certificate_of_elsewhere_aloud(scene):
	a, b = mesh_of(scene, "a.example"), mesh_of(scene, "b.example")
	web = member(scene, a, "web")
	federate(b, "a.example", inline(bundle_of(a)))
	url = f"https://{b.api}/v1/trust-bundle"
	assert curl(url, "-k").status == 200
	said = subprocess.run(["curl", "-skS", "--cert", web.state_dir /
	    "identity.pem", url], capture_output=True, text=True, check=False)
	assert said.returncode == 35 and "bad certificate" in said.stderr, said
	assert "api: 127.0.0.1:" in b.err() and \
	    "the identity belongs to another trust domain" in b.err(), b.err()
	# Who comes often does not fill the log.
	wait_until(lambda: [wire.dial(b.api, 5).sendall(b"who is there?\n\n")
	    for _ in range(50)] and "lines like this were left out" in b.err(),
	    "some lines are left out")


def callers(control, service):
	"""Who calls a service, as far as control has heard."""
	with wire.Client(control.socket) as client:
		reply = client.request(f"/v1/stat?callers=default/{service}")
	return json.loads(reply.body)


if __name__ == "__main__":
	main()
