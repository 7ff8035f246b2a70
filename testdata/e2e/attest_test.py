#!/usr/bin/python3
"""Machines join the mesh by what they are: a certificate of somebody else's CA,
made by openssl, or a key that was registered; and not by what they say."""

import base64
import hashlib
import json
import os
import shutil
import subprocess

import wire
from gateway import gateway, route
from member import Api, make_csr, make_key, openssl
from mesh import MESH, Process, free_port, main, scenario, wait_until
from people import Person
from websocket import WebSocket

NAMES = "subjectAltName=DNS:db1.example.com,DNS:db1.internal"


class Host:
	"""A key, and a certificate by a CA of hosts; both RSA unless told."""

	def __init__(self, scene, name, names=NAMES, ca=None, kind="rsa:2048",
	    days=1, usage="clientAuth", is_ca=False):
		self.key, self.cert = (scene.dir / f"{name}.{what}"
		    for what in ("key", "crt"))
		self.make_key(kind)
		extensions = [names, f"basicConstraints=CA:{str(is_ca).upper()}"]
		if usage:
			extensions.append(f"extendedKeyUsage={usage}")
		file = scene.file(f"{name}.ext", "\n".join(extensions))
		request = openssl("req", "-new", "-key", self.key, "-subj",
		    f"/CN={name}")
		by = ["-CA", ca.cert, "-CAkey", ca.key, "-CAcreateserial"] if ca \
		    else ["-signkey", self.key]
		self.cert.write_text(openssl("x509", "-req", "-days", days, *by,
		    "-extfile", file, stdin=request.encode()))

	def make_key(self, kind):
		if kind == "ec":
			make_key(self.key)
		else:
			openssl("req", "-newkey", kind, "-nodes", "-keyout", self.key,
			    "-subj", "/CN=x", "-out", os.devnull)
		self.key.chmod(0o600)

	def sign(self, text):
		done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key],
		    input=text, capture_output=True, check=True)
		return base64.b64encode(done.stdout).decode()


def hosts_ca(scene, name="ca", **options):
	return Host(scene, name, names="keyUsage=critical,keyCertSign",
	    usage=None, is_ca=True, **options)


def attestor(name="machines", **spec):
	return {"apiVersion": "mesh/v1", "kind": "HostAttestor",
	    "metadata": {"name": name, "namespace": "default"}, "spec": spec}


def of_x509(ca, hosts=("*.example.com",), services=("orders",), **more):
	return attestor(type="X509", x509={"roots": ca.cert.read_text(),
	    "hosts": hosts, **more.pop("x509", {})}, services=services, **more)


def by_x509(control, ca, **more):
	control.apply(json.dumps(of_x509(ca, **more)))


def start(scene, control, host, *options, name="orders", trust=True):
	"""A proxy that has no token."""
	bundle = scene.file("bundle.pem", control.ctl("ca", "export-bundle").stdout)
	proxy = Process(scene, name, [MESH, "proxy", "--service", f"default/{name}",
	    "--control", control.api, "--state-dir", scene.dir / name,
	    "--inbound-listen", f"127.0.0.1:{free_port()}",
	    "--outbound-listen", f"127.0.0.1:{free_port()}",
	    "--admin-listen", f"127.0.0.1:{free_port()}",
	    "--admin-socket", scene.dir / f"{name}.sock", "--advertise", "127.0.0.1",
	    "--app", f"80={scene.echo('app-' + name).http}/http",
	    "--host-key-file", host.key,
	    *(["--trust-bundle-file", bundle] if trust else []), *options])
	return proxy


def await_joined(proxy):
	return proxy.wait_line(r"joined as (\S+), workload (\S+),")


class Prover:
	"""A host by hand: what it sends can be wrong in one way or another."""

	def __init__(self, scene, control):
		self.api = Api(control, local=False)
		self.key = make_key(scene.dir / "prover.key")
		self.csr = make_csr(self.key)

	def nonce(self):
		return self.api.post("/v1/attest/challenge", {}).json()["nonce"]

	def proof(self, signer, nonce, csr=None, control="spiffe://mesh.internal/control"):
		der = openssl_der(csr or self.csr)
		return signer.sign("\n".join(["mesh attestation of a host",
		    base64.b64decode(nonce).hex(), hashlib.sha256(der).hexdigest(),
		    control]).encode())

	def ask(self, host, signer=None, nonce=None, service="default/orders",
	    control="spiffe://mesh.internal/control", **more):
		nonce = nonce or self.nonce()
		return self.api.post("/v1/attest", {"nonce": nonce, "csr": self.csr,
		    "service": service, "type": "X509",
		    "certificate": host.cert.read_text(),
		    "proof": self.proof(signer or host, nonce, control=control), **more})

	def refused(self, words, *args, **options):
		reply = self.ask(*args, **options)
		assert reply.status in (400, 403), (words, reply.text)
		assert words in reply.error()["message"], (words, reply.text)


def openssl_der(csr):
	done = subprocess.run(["openssl", "req", "-outform", "DER"],
	    input=csr.encode(), capture_output=True, check=True)
	return done.stdout


@scenario
def a_host_joins_by_its_certificate_again_and_again(scene):
	control = scene.control()
	ca = hosts_ca(scene)
	for kind in "rsa:2048", "ec":
		by_x509(control, ca)
		host = Host(scene, f"db1-{kind[:2]}", ca=ca, kind=kind)
		proxy = start(scene, control, host, "--host-cert-file", host.cert)
		joined = await_joined(proxy)
		assert joined[1] == "spiffe://mesh.internal/ns/default/sa/orders"
		assert joined[2].startswith("default/orders-db1-"), joined[2]
		wait_until(lambda: "host db1.example.com by default/machines" in
		    control.ctl("proxy", "status", "-o", "wide").stdout,
		    "control says by what it joined")
		# Everything of it is lost, and it comes again as the same workload.
		proxy.stop()
		shutil.rmtree(scene.dir / "orders")
		said = proxy.err().count("joined as")
		proxy.start()
		wait_until(lambda proxy=proxy, said=said: proxy.err().count(
		    f"joined as {joined[1]}, workload {joined[2]},") > said,
		    "it joins again")
		proxy.stop()
		shutil.rmtree(scene.dir / "orders")
	log = control.ctl("audit", "-o", "json").stdout
	assert "host/db1.example.com" in log and '"attest"' in log, log


def refusals_of(control):
	return [e for e in Api(control).get("/v1/audit").json()["items"]
	    if e["action"] == "join.refused"]


@scenario
def what_a_host_shows_is_judged(scene):
	control = scene.control()
	ca, other = hosts_ca(scene), hosts_ca(scene, "other-ca")
	prover = Prover(scene, control)
	good = Host(scene, "good", ca=ca)
	prover.refused("has no HostAttestor", good)
	by_x509(control, ca, services=["orders", "{host}-agent"])
	assert prover.ask(good).status == 200
	assert prover.ask(good, service="default/db1-agent").status == 200
	prover.refused("may not serve", good, service="default/db2-agent")
	assert refusals_of(control)[-1]["target"] == "host/db1.example.com"
	prover.refused("may not serve", good, service="default/web")
	prover.refused("has no HostAttestor", good, service="other/orders")
	prover.refused("expected NAMESPACE/NAME", good, service="orders")
	prover.refused("expired", Host(scene, "old", ca=ca, days=-1))
	prover.refused("nobody signed it", Host(scene, "stranger", ca=other))
	prover.refused("nobody signed it", Host(scene, "nobody"))
	prover.refused("for", Host(scene, "server", ca=ca, usage="serverAuth"))
	prover.refused("authority", Host(scene, "leaf-ca", ca=ca, is_ca=True))
	prover.refused("none of the names", Host(scene, "web1", ca=ca,
	    names="subjectAltName=DNS:web1.example.org"))
	prover.refused("none of the names", Host(scene, "wild", ca=ca,
	    names="subjectAltName=DNS:*.example.com"))
	last = refusals_of(control)[-1]
	assert last["actor"] == "anonymous" and "host/" not in last.get("target", ""), last
	assert "would serve default/orders" in last["detail"]["why"], last
	prover.refused("proof", good, signer=other)
	prover.refused("proof", good, control="spiffe://other/control")
	prover.refused("no HostAttestor", good, type="TPM")
	# A proof is for one request of one nonce.
	nonce = prover.nonce()
	proof = prover.proof(good, nonce)
	thief = Prover(scene, control)
	make_key(thief.key)
	thief.csr = make_csr(thief.key)
	thief.refused("proof", good, nonce=nonce, proof=proof)
	assert prover.ask(good, nonce=nonce).status == 200
	prover.refused("used", good, nonce=nonce)
	for bad in base64.b64encode(b"0" * 32).decode(), "AA==":
		prover.refused("nonce", good, nonce=bad)
	nonce = prover.nonce()
	control.stop()
	control.start()
	control.await_ready()
	prover.refused("nonce", good, nonce=nonce)
	# What a host may is taken back.
	serial = openssl("x509", "-in", good.cert, "-noout", "-serial").strip()
	for revoked in "db1.example.com", serial.split("=")[1].lower():
		by_x509(control, ca, x509={"revoked": [revoked]})
		prover.refused("may not", good)
	by_x509(control, ca, expires="2020-01-01T00:00:00Z")
	prover.refused("has ended", good)
	by_x509(control, ca)
	assert prover.ask(good).status == 200
	control.ctl("revoke", "orders", "--yes")
	prover.refused("was revoked after HostAttestor default/machines", good)
	# One that is made after it takes the host again, in the same second too.
	for _ in range(3):
		control.ctl("revoke", "orders", "--yes")
		control.ctl("delete", "hostattestor", "machines", "--yes")
		by_x509(control, ca)
		reply = prover.ask(good)
		assert reply.status == 200, reply.text


@scenario
def a_host_that_is_taken_no_longer_does_not_renew(scene):
	control = scene.control()
	prover = Prover(scene, control)
	ca = hosts_ca(scene)
	host = Host(scene, "db1", ca=ca)
	by_x509(control, ca)
	chain = scene.file("app.pem", prover.ask(host).json()["chain"])
	member = Api(control, local=False, identity=(chain, prover.key))
	renewed = member.post("/v1/renew", {"csr": prover.csr})
	assert renewed.status == 200, renewed.text
	serial = openssl("x509", "-in", host.cert, "-noout", "-serial").strip(
	    ).split("=")[1]
	for change in (lambda: by_x509(control, ca, x509={"revoked": [serial]}),
	    lambda: by_x509(control, ca, x509={"revoked": [
	    "db1.example.com"]}), lambda: by_x509(control, ca, services=["web"]),
	    lambda: control.ctl("delete", "hostattestor", "machines", "--yes",
	    expect=None)):
		change()
		reply = member.post("/v1/renew", {"csr": prover.csr})
		assert reply.status == 403, reply.text
		assert "takes host db1.example.com no longer" in reply.text


@scenario
def a_registered_key_joins(scene):
	control = scene.control()
	key = make_key(scene.dir / "host.key")
	key.chmod(0o600)
	public = openssl("pkey", "-in", key, "-pubout")
	control.ctl("host", "add", "db1", "--service", "orders",
	    "--service-account", "sell", "--ttl", "1h", stdin=public)
	assert "db1" in control.ctl("get", "hostattestors").stdout

	class Bare:
		pass
	Bare.key = key
	pin = control.ctl("ca", "export-bundle", "--format", "hash").stdout.strip()
	proxy = start(scene, control, Bare, "--ca-hash", pin, trust=False)
	joined = await_joined(proxy)
	assert joined[1] == "spiffe://mesh.internal/ns/default/sa/sell"
	assert joined[2].startswith("default/orders-db1-"), joined[2]
	proxy.stop()
	control.ctl("host", "remove", "db1", expect=64)	# nobody can be asked
	control.ctl("host", "remove", "db1", "--yes")
	shutil.rmtree(scene.dir / "orders")
	proxy.start()
	assert proxy.wait() == 77, proxy.err()
	assert "namespace default has no HostAttestor" in proxy.err()


@scenario
def a_host_that_gets_another_key_goes_on_by_that(scene):
	control = scene.control(options=["--certificate-lifetime", "10s"])

	class Bare:
		key = make_key(scene.dir / "host.key")

	def register():
		Bare.key.chmod(0o600)
		control.apply(json.dumps({"apiVersion": "mesh/v1",
		    "kind": "HostAttestor", "metadata": {"name": "db1"},
		    "spec": {"type": "HostKey", "services": ["orders"], "hostKey": {
		    "publicKey": openssl("pkey", "-in", Bare.key, "-pubout")}}}))

	register()
	pin = control.ctl("ca", "export-bundle", "--format", "hash").stdout.strip()
	proxy = start(scene, control, Bare, "--ca-hash", pin, trust=False)
	await_joined(proxy)
	make_key(Bare.key)
	register()
	wait_until(lambda: proxy.err().count("joined as") == 2, "it joins again", 30)
	assert "takes host db1 no longer" in proxy.err()
	assert "ended at" not in proxy.err(), proxy.err()	# not for a moment


@scenario
def who_may_not_renew_is_cut_off_with_the_root(scene):
	"""It is under the root that was: control hears it no more, others cut what
	is open with it, it trusts nothing old, and joins when it may."""
	control = scene.control()
	ca = hosts_ca(scene)
	by_x509(control, ca)
	host = Host(scene, "db1", ca=ca)
	orders = start(scene, control, host, "--host-cert-file", host.cert)
	await_joined(orders)
	web = scene.proxy("web", control=control, service="default/web",
	    upstreams={"orders": "default/orders:80"}).await_ready()
	wait_until(lambda: wire.get(web.outbound_port,
	    "http://orders.default.mesh/plain", host="orders.default.mesh")
	    .status == 200, "orders answers")
	socket = WebSocket(web.upstream["orders"], host="orders.default.mesh")
	socket.send(b"hello")
	assert socket.receive() == b"hello"
	by_x509(control, ca, x509={"revoked": ["db1.example.com"]})
	control.ctl("ca", "prepare", "--level", "root")
	control.ctl("ca", "activate")
	control.ctl("ca", "taint")
	wait_until(lambda: "1 holds only" in control.ctl("ca", "revoke", "--yes",
	    expect=75).stderr, "web has renewed", 30)
	assert "default/orders-" in control.ctl("ca", "revoke", "--yes", "--force"
	    ).stderr
	# Who is still let in talks on; who is not is not heard.
	wait_until(lambda: "the root of its certificate was revoked" in
	    control.err(), "control ends its session")
	status = control.ctl("proxy", "status").stdout
	assert "orders" not in status and "web" in status, status
	said = control.ctl("check", expect=None).stdout
	assert "× the root above default/orders-" in said, said
	assert "sidecars are well" not in said, said
	# Whichever of the two is first.
	wait_until(lambda: "stands on a root that is trusted no longer" in
	    web.err() + orders.err(), "what is open with it is cut in its time", 20)
	try:
		assert socket.read(1) == b""
	except OSError:
		pass
	wait_until(lambda: "no root that control trusts vouches for our" in
	    orders.err(), "it says so itself")
	kept = scene.dir / "orders" / "bundle.pem"
	assert kept.read_text().split() == control.ctl("ca",
	    "export-bundle").stdout.split(), "it trusts nothing old"
	wait_until(lambda: "default/orders-" in (text := control.ctl("endpoints",
	    "orders").stdout) and "Online" not in text, "its endpoint goes", 60)
	# Its file of roots is of before; it knows better.
	by_x509(control, ca)
	wait_until(lambda: orders.err().count("joined as") == 2, "it is back", 90)
	wait_until(lambda: wire.get(web.outbound_port,
	    "http://orders.default.mesh/plain", host="orders.default.mesh")
	    .status == 200, "orders answers again")
	assert "the root above" not in control.ctl("check", expect=None).stdout


def start_gateway(scene, control, host, *options, name="edge"):
	bundle = scene.file("bundle.pem", control.ctl("ca", "export-bundle").stdout)
	return Process(scene, name, [MESH, "proxy", "--gateway", f"default/{name}",
	    "--control", control.api, "--state-dir", scene.dir / name,
	    "--outbound-listen", f"127.0.0.1:{free_port()}",
	    "--admin-listen", f"127.0.0.1:{free_port()}",
	    "--admin-socket", scene.dir / f"{name}.sock", "--advertise", "127.0.0.1",
	    "--host-key-file", host.key, "--trust-bundle-file", bundle, *options])


@scenario
def a_gateway_joins_by_its_machine_and_takes_traffic(scene):
	control = scene.control()
	ca = hosts_ca(scene)
	host = Host(scene, "gw1", ca=ca, names="subjectAltName=DNS:gw1.example.com")
	service = Host(scene, "db1", ca=ca)
	port = free_port()
	control.apply(gateway([f"name: http, port: {port}, protocol: HTTP"]))
	by_x509(control, ca, services=["orders"])
	edge = start_gateway(scene, control, host, "--host-cert-file", host.cert)
	assert edge.wait() == 77, edge.err()
	assert "may not serve gw--edge by HostAttestor machines" in edge.err()
	by_x509(control, ca, services=["orders"], serviceAccount="sell",
	    gateways=["edge"])
	assert "edge" in control.ctl("get", "hostattestors").stdout
	edge.start()
	joined = await_joined(edge)
	assert joined[1] == "spiffe://mesh.internal/ns/default/sa/gw--edge"
	assert joined[2].startswith("default/gw--edge-gw1-"), joined[2]
	orders = start(scene, control, service, "--host-cert-file", service.cert)
	assert await_joined(orders)[1].endswith("/sa/sell")
	control.apply(route("orders", "orders"))
	wait_until(lambda: wire.get(port).status == 200,
	    "it sends what comes in to the service")
	# What was a Gateway's machine is none any more.
	by_x509(control, ca, services=["orders"], gateways=["other"])
	pair = scene.dir / "edge" / "identity.pem"
	reply = Api(control, local=False, identity=(pair, pair)).post("/v1/renew",
	    {"csr": make_csr(make_key(scene.dir / "n.key"))})
	assert reply.status == 403, reply.text
	assert "takes host gw1.example.com no longer" in reply.text


@scenario
def who_may_be_a_gateway_is_said_by_admins_of_the_mesh(scene):
	control = scene.control()
	ca = hosts_ca(scene)
	team = Person(scene, control, "team", "--role", "admin", "-n", "default")
	path = "/v1/documents/hostattestors/default/machines"
	for send in (lambda doc: team.api.put(path, doc), team.api.apply):
		assert send(of_x509(ca)).status == 200
		reply = send(of_x509(ca, gateways=["edge"]))
		assert reply.status == 403, reply.text
		assert "operator/team may not apply HostAttestor with gateways: needs " \
		    "role admin everywhere (ClusterRoleBinding)" in reply.text
	by_x509(control, ca, gateways=["edge"])
	# What gives less is theirs.
	assert team.api.put(path, of_x509(ca)).status == 200
	by_x509(control, ca, gateways=["edge"])
	assert team.api.delete(path).status == 200


@scenario
def mistakes_show_before_anything_is_sent(scene):
	control = scene.control()
	other = scene.control(name="other")
	ca = hosts_ca(scene)
	host, second = (Host(scene, name, ca=ca) for name in ("db1", "db2"))
	by_x509(control, ca)
	pin = other.ctl("ca", "export-bundle", "--format", "hash").stdout.strip()
	foreign = scene.file("foreign.pem", other.ctl("ca", "export-bundle").stdout)
	for options, code, words in (
	    ([], 78, "--trust-bundle-file or --ca-hash is needed"),
	    (["--ca-hash", pin], 77, "its roots differ"),
	    (["--ca-hash", "x" * 43], 78, "--ca-hash"),
	    (["--trust-bundle-file", foreign], 77, ""),
	    (["--trust-bundle-file", scene.dir / "none"], 78, "No such file"),
	    (["--trust-bundle-file", host.key], 78, "bundle"),
	    (["--ca-hash", pin, "--host-cert-file", second.cert], 78,
	    "the key is not the one of the certificate")):
		proxy = start(scene, control, host, *([] if "--host-cert-file" in
		    options else ["--host-cert-file", host.cert]), *options,
		    trust=False)
		assert proxy.wait() == code, (options, proxy.err())
		assert words in proxy.err(), (words, proxy.err())
	host.key.chmod(0o644)
	proxy = start(scene, control, host, "--host-cert-file", host.cert)
	assert proxy.wait() == 78
	assert "lets everybody on this machine be it" in proxy.err()


@scenario
def a_token_and_a_key_may_be_credentials_of_the_service_manager(scene):
	control = scene.control()
	folder = scene.dir / "credentials"
	folder.mkdir(mode=0o500)
	folder.chmod(0o700)
	token = control.token("default/orders", "orders-1")
	(folder / "join-token").write_text(open(token, encoding="ascii").read())
	(folder / "join-token").chmod(0o444)	# as systemd makes it with ACLs
	folder.chmod(0o500)
	proxy = Process(scene, "orders", [MESH, "proxy", "--service",
	    "default/orders", "--control", control.api, "--state-dir",
	    scene.dir / "orders", "--inbound-listen", f"127.0.0.1:{free_port()}",
	    "--outbound-listen", f"127.0.0.1:{free_port()}", "--admin-listen",
	    f"127.0.0.1:{free_port()}", "--admin-socket", scene.dir / "o.sock",
	    "--app", f"80={scene.echo('app').http}/http"],
	    env={"CREDENTIALS_DIRECTORY": str(folder)})
	joined = await_joined(proxy)
	assert joined[2] == "default/orders-1"
	folder.chmod(0o700)
	wait_until(lambda: "token " in control.ctl("proxy", "status", "-o",
	    "wide").stdout, "control says by what it joined")


@scenario
def the_end_of_what_hosts_join_by_is_foretold(scene):
	control = scene.control()
	by_x509(control, hosts_ca(scene, "long", days=60))
	assert "the only HostAttestor is valid for 14 days" in \
	    control.ctl("check").stdout
	by_x509(control, hosts_ca(scene, "short", days=7))
	said = control.ctl("check").stdout
	assert "‼ validity of root 1 of HostAttestor default/machines" in said, said
	assert "ends in 6d" in said or "ends in 7d" in said, said
	assert "only HostAttestor is valid" not in said, said
	# Over by order is no fault of the mesh.
	by_x509(control, hosts_ca(scene, "long", days=60),
	    expires="2026-01-01T00:00:00Z")
	said = control.ctl("check").stdout
	assert "‼ validity of HostAttestor default/machines" in said, said
	assert "root 1 of" not in said, said


@scenario
def one_address_asks_only_so_often_what_it_is(scene):
	control = scene.control()
	by_x509(control, hosts_ca(scene))
	api = Api(control, local=False)
	replies = [api.post("/v1/attest", {"service": "default/orders"})
	    for _ in range(602)]	# whenever a minute begins
	late = [reply for reply in replies if reply.status == 429]
	assert late and len(replies) - len(late) >= 300, len(late)
	assert 1 <= int(late[0].fields.get("retry-after")) <= 62, late[0].text
	words = "too many hosts join, or too often from there"
	assert words in late[0].text, late[0].text
	# So many lines a second and no more.
	wait_until(lambda: api.post("/v1/attest", {}) and words in control.err(),
	    "the log says so")
	# Control answers others meanwhile.
	assert Api(control).get("/v1/health").status == 200


if __name__ == "__main__":
	main()
