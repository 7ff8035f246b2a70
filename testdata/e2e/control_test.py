#!/usr/bin/env python3
"""mesh control by itself: its start, its API, joining, and what it survives."""

import calendar
import json
import os
import shutil
import signal
import ssl
import stat
import subprocess
import threading
import time

from member import ID, Api, Member, make_csr, make_key, openssl, service
import wire
from mesh import MESH, Process, Skip, curl, free_port, main, scenario, wait_until
from wire import Client, get

NOBODY = 65534


def refused(reply, status, words):
	assert reply.status == status, (reply.status, reply.text)
	message = reply.error()["message"]
	assert words in message, message
	return reply


def run(scene, *words, expect=0, **options):
	done = subprocess.run([str(MESH), "control", *map(str, words)], text=True,
	    capture_output=True, timeout=30, cwd=scene.dir, check=False, **options)
	assert done.returncode == expect, (done.returncode, done.stderr)
	return done.stdout + done.stderr


# Starting

@scenario
def first_start_says_what_to_do(scene):
	control = scene.control()
	control.wait_line(r"next: mesh ctl .* token create .* --out FILE, ")
	control.wait_line(r"made a root, .*: back it up")
	assert stat.S_IMODE(os.stat(control.data_dir).st_mode) == 0o700
	assert stat.S_IMODE(os.stat(control.socket).st_mode) == 0o660
	for path in control.data_dir.rglob("*"):
		want = 0o700 if path.is_dir() else 0o600
		if path.suffix != ".pem" and path.name != "jwt.keys":
			assert stat.S_IMODE(path.stat().st_mode) == want, path
	health = Api(control).get("/v1/health").json()
	assert health["status"] == "ok" and health["version"], health


@scenario
def settings_are_checked(scene):
	assert "valid" in run(scene, "--validate", "--data-dir", "x")
	assert not (scene.dir / "x").exists()
	out = run(scene, "--data-dri", "x", expect=64)
	assert "did you mean --data-dir" in out, out
	run(scene, "--certificate-lifetime", "1s", expect=65)
	run(scene, "--data-dir", expect=64)
	run(scene, "--restore", "x", expect=64)
	run(scene, "--log-level", "loud", expect=78)
	assert "--passphrase-file" in run(scene, "--help")
	path = scene.file("c.yaml", "apiVersion: mesh/v1\nkind: Control\n"
	    "metadata: {name: c}\nspec: {dataDri: /x}\n")
	out = run(scene, "--config", path, "--validate", expect=65)
	assert f"{path}:4:" in out, out
	scene.file("d.yaml", "apiVersion: mesh/v1\nkind: Control\n"
	    "metadata: {name: c}\nspec: {dataDir: d, logLevel: nonsense}\n")
	run(scene, "--config", "d.yaml", expect=78)


@scenario
def second_control_is_refused(scene):
	control = scene.control()
	out = run(scene, "--data-dir", control.data_dir, "--socket",
	    scene.dir / "other.sock", expect=78)
	assert f"{control.pid}" in out, out
	assert Api(control).get("/v1/health").status == 200


@scenario
def open_directories_are_refused(scene):
	control = scene.control()
	assert control.stop() == 0
	words = ["--data-dir", control.data_dir, "--socket", scene.dir / "x.sock"]
	control.data_dir.chmod(0o755)
	assert "chmod" in run(scene, *words, expect=78)
	control.data_dir.chmod(0o700)
	key = control.data_dir / "ca" / "intermediate.key"
	key.chmod(0o640)
	assert "chmod" in run(scene, *words, expect=78)


@scenario
def busy_ports_end_with_a_reason(scene):
	control = scene.control()
	out = run(scene, "--data-dir", "d", "--socket", scene.dir / "o.sock",
	    "--admin-listen", "127.0.0.1:0", "--api-listen", control.api, expect=71)
	assert str(control.api_port) in out, out


@scenario
def sessions_do_not_hold_up_the_end(scene):
	control = scene.control()
	member = Member(scene, control, "default/orders", "orders-1")
	assert member.join().status == 200
	member.connect()
	member.until("synced")
	started = time.monotonic()
	assert control.stop() == 0
	assert time.monotonic() - started < 5


@scenario
def service_manager_is_told(scene):
	import socket
	manager = scene.closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
	manager.bind(str(scene.dir / "notify"))
	manager.settimeout(10)
	process = scene.start("control", [MESH, "control", "--data-dir",
	    scene.dir / "d", "--socket", scene.dir / "s", "--api-listen",
	    "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"],
	    env={"NOTIFY_SOCKET": str(scene.dir / "notify")})
	assert manager.recv(100) == b"READY=1"
	process.signal(signal.SIGTERM)
	assert manager.recv(100) == b"STOPPING=1"
	assert process.wait() == 0


@scenario
def control_ends_with_its_signer(scene):
	control = scene.control()
	children = subprocess.run(["ps", "--ppid", str(control.pid), "-o", "pid="],
	    capture_output=True, text=True, check=True).stdout.split()
	assert len(children) == 1, children
	os.kill(int(children[0]), signal.SIGKILL)
	assert control.wait() == 70
	assert "the process that signs has ended" in control.err()


# Documents

@scenario
def documents_are_kept(scene):
	api = Api(scene.control())
	reply = api.put("/v1/documents/services/default/web", service("web"))
	assert reply.status == 200 and reply.json()["result"] == "created"
	revision = reply.json()["revision"]
	assert reply.json()["document"]["metadata"]["resourceVersion"] == str(revision)
	again = api.put("/v1/documents/services/default/web", service("web")).json()
	assert again["result"] == "unchanged" and again["revision"] == revision, again
	dry = api.put("/v1/documents/services/default/web?dry-run=true",
	    service("web", 81)).json()
	assert dry["result"] == "configured", dry
	got = api.get("/v1/documents/services/default/web").json()
	assert got["spec"]["ports"][0]["port"] == 80, got
	refused(api.put("/v1/documents/services/default/web?expected-revision=0",
	    service("web", 81)), 409, "expected revision 0")
	changed = api.put("/v1/documents/services/default/web?expected-revision="
	    f"{revision}", service("web", 81)).json()
	assert changed["result"] == "configured", changed
	api.put("/v1/documents/services/shop/api",
	    service("api", namespace="shop", labels={"tier": "front"}))
	everything = api.get("/v1/documents/services").json()
	assert len(everything["items"]) == 2 and everything["kind"] == "List"
	shop = api.get("/v1/documents/services?namespace=shop").json()["items"]
	assert [doc["metadata"]["name"] for doc in shop] == ["api"], shop
	front = api.get("/v1/documents/services?selector=tier%3Dfront").json()
	assert len(front["items"]) == 1, front
	assert not api.get("/v1/documents/services?selector=tier!%3Dfront,"
	    "x%3Dy").json()["items"]
	gone = api.delete("/v1/documents/services/default/web").json()
	assert gone["result"] == "deleted", gone
	for path, words in (("services/default/web", "Service default/web not found"),
	    ("namespaces/-/nix", "Namespace -/nix not found")):
		refused(api.get("/v1/documents/" + path), 404, words)
		refused(api.delete("/v1/documents/" + path), 404, words)


@scenario
def bad_requests_are_refused(scene):
	api = Api(scene.control())
	path = "/v1/documents/services/default/web"
	refused(api.put(path, b"{"), 400, "body:1:")
	refused(api.put(path, b""), 400, "")
	refused(api.put(path, b'{"a":1,"a":2}'), 400, "")
	refused(api.put(path, service("other")), 400, "the path says")
	unknown = service("web")
	unknown["spec"]["prots"] = []
	refused(api.put(path, unknown), 400, "prots")
	refused(api.put("/v1/documents/nothings/default/web", {}), 404, "kind")
	refused(api.put("/v1/documents/services/-/web", service("web")), 400, "-")
	refused(api.put("/v1/documents/namespaces/default/web", {}), 400, "-")
	refused(api.get(path + "/more"), 404, "nothing at")
	refused(api.get("/v1/documents/services?selector=%3D%3D"), 400, "")
	refused(api.get("/v1/watch?since=x"), 400, "number")
	refused(api.apply(*[service(f"s{n}") for n in range(129)]), 413, "128")
	refused(api.apply(service("a"), service("a")), 400, "twice")
	wrong = api.request("PATCH", path, {})
	assert wrong.status == 405, wrong.text
	assert wrong.fields.get("allow") == "GET, PUT, DELETE", wrong.message.fields
	big = service("web", annotations={"x": "y" * (4 << 20)})
	assert api.put(path, big).status == 413
	large = service("web", annotations={f"x{n}": "y" * 4000 for n in range(300)})
	refused(api.put(path, large), 413, "a document has at most")
	assert api.get("/v1/documents/services").json()["items"] == []


@scenario
def sets_are_all_or_nothing(scene):
	api = Api(scene.control())
	reply = api.apply(service("a"), service("b"), service("c"))
	results = reply.json()["results"]
	assert [row["result"] for row in results] == ["created"] * 3, results
	assert results[1]["key"] == "/core/services/default/b", results
	assert results[1]["kind"] == "Service" and results[1]["name"] == "b"
	bad = service("d", 0)
	refused(api.apply(service("a", 99), bad), 400, "document 2")
	stale = service("b", 82, resourceVersion="1000000")
	refused(api.apply(service("a", 99), stale), 409, "expected revision")
	got = api.get("/v1/documents/services/default/a").json()
	assert got["spec"]["ports"][0]["port"] == 80, got
	dry = api.apply(service("z"), query="?dry-run=true").json()
	assert dry["results"][0]["result"] == "created", dry
	assert len(api.get("/v1/documents/services").json()["items"]) == 3


class Watch(Client):
	def __init__(self, api, since=None):
		query = "" if since is None else f"?since={since}"
		super().__init__(api.connect().sock)
		self.send(f"GET /v1/watch{query} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
		self.reply = self.read_until(b"\r\n\r\n")
		self.text = b""

	def line(self):
		while b"\n" not in self.text:
			size = int(self.read_until(b"\r\n"), 16)
			self.text += self.read(size)
			assert self.read(2) == b"\r\n"
		line, self.text = self.text.split(b"\n", 1)
		return json.loads(line)


@scenario
def watches_see_every_change_once(scene):
	api = Api(scene.control())
	first = api.apply(service("a"), service("b")).json()["revision"]
	watch = scene.closing(Watch(api, first - 1))
	assert watch.reply.startswith(b"HTTP/1.1 200"), watch.reply
	seen = [watch.line() for _ in range(3)]
	assert [line["t"] for line in seen] == ["put", "put", "commit"], seen
	assert {line["revision"] for line in seen} == {first}, seen
	assert seen[0]["doc"]["metadata"]["name"] == "a", seen
	second = api.put("/v1/documents/services/default/a", service("a", 81)).json()
	third = api.delete("/v1/documents/services/default/b").json()
	seen = [watch.line() for _ in range(4)]
	assert [line["t"] for line in seen] == ["put", "commit", "del", "commit"]
	assert seen[1]["revision"] == second["revision"], seen
	assert seen[2] == {"t": "del", "key": "/core/services/default/b",
	    "revision": third["revision"]}, seen
	late = scene.closing(Watch(api, second["revision"]))
	assert late.line() == seen[2]
	future = get(api.control.socket, "/v1/watch?since=1000000")
	assert future.status == 410, future.text()


@scenario
def everything_survives_a_kill(scene):
	control = scene.control()
	api = Api(control)
	done, failed = [], []

	def write(worker):
		n = 0
		while not failed:
			name = f"s{worker}-{n}"
			try:
				reply = api.put(f"/v1/documents/services/default/{name}",
				    service(name))
			except (OSError, ValueError):
				return
			if reply.status == 200:
				done.append(name)
			n += 1
	writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
	for writer in writers:
		writer.start()
	wait_until(lambda: len(done) > 100, "some writes")
	control.kill()
	for writer in writers:
		writer.join()
	control.start()
	control.await_ready()
	kept = {doc["metadata"]["name"] for doc in
	    api.get("/v1/documents/services").json()["items"]}
	assert set(done) <= kept, set(done) - kept
	assert api.get("/v1/audit/verify").json()["ok"]


# Identities

@scenario
def join_needs_nothing_but_a_token(scene):
	control = scene.control()
	member = Member(scene, control, "shop/orders", "orders-1",
	    serviceAccount="seller")
	reply = member.join()
	got = reply.json()
	assert got["identity"] == "spiffe://mesh.internal/ns/shop/sa/seller", got
	assert got["workload"] == "shop/orders-1", got
	assert got["services"] == ["shop/orders"], got
	assert got["trustDomain"] == "mesh.internal" and got["notAfter"], got
	roots = scene.file("roots.pem", got["bundle"])
	openssl("verify", "-x509_strict", "-CAfile", roots, "-untrusted",
	    member.cert, member.cert)
	text = openssl("x509", "-in", member.cert, "-noout", "-text")
	for name in ("orders.shop.mesh", "*.orders.shop.mesh",
	    "orders-1.shop.workload.mesh"):
		assert f"DNS:{name}" in text, text
	renewed = member.renew()
	assert renewed.status == 200, renewed.text
	assert renewed.json()["identity"] == got["identity"]
	assert renewed.json()["chain"] != got["chain"]
	assert renewed.json()["workload"] == got["workload"]
	listed = Api(control).get("/v1/tokens").json()["items"]
	assert [row["state"] for row in listed] == ["used"], listed


@scenario
def token_works_once(scene):
	control = scene.control()
	member = Member(scene, control, "default/orders", "orders-1")
	first = member.join().json()
	again = member.join().json()
	assert again["chain"] == first["chain"], "the same key, another certificate"
	member.key = make_key(scene.dir / "other.key")
	refused(member.join(), 403, "used already")
	assert "used already" in audit_of(control, "join.refused")[0]["detail"]["why"]
	control.kill()
	control.start()
	control.await_ready()
	refused(member.join(), 403, "used already")


@scenario
def parallel_uses_yield_one(scene):
	control = scene.control()
	token = Api(control).token("default/orders", workload="orders-1")
	keys = [make_csr(make_key(scene.dir / f"{n}.key")) for n in range(10)]
	replies = []

	def use(nth):
		for n in range(10):
			replies.append(Api(control).post("/v1/join",
			    {"token": token, "csr": keys[(nth + n) % 10]}))
	users = [threading.Thread(target=use, args=(n,)) for n in range(10)]
	for user in users:
		user.start()
	for user in users:
		user.join()
	good = {reply.json()["chain"] for reply in replies if reply.status == 200}
	assert len(replies) == 100 and len(good) == 1, len(good)
	assert {reply.status for reply in replies} == {200, 403}
	issued = control.metrics().sum("mesh_control_certificates_issued_total",
	    kind="workload")
	assert issued == 1, issued


def audit_of(control, action, since=0):
	return [e for e in Api(control).get(f"/v1/audit?since={since}").json()[
	    "items"] if e["action"] == action]


@scenario
def strangers_do_not_fill_the_audit_log(scene):
	control = scene.control()
	api = Api(control, local=False)
	csr = make_csr(make_key(scene.dir / "k"))
	for _ in range(100):
		refused(api.post("/v1/join", {"token": "x", "csr": csr}), 403, "token")
	# Of an hour, and of the next if that began meanwhile.
	assert 20 <= len(audit_of(control, "join.refused")) <= 40
	# What people may not do is written all the same.
	refused(api.get("/v1/tokens"), 403, "")


@scenario
def wrong_tokens_are_refused(scene):
	control = scene.control()
	api = Api(control, local=False)
	csr = make_csr(make_key(scene.dir / "k"))
	token = Api(control).token("default/orders", ttl="1s")
	head, secret = token.rsplit(".", 1)
	other = ("A" if secret[0] != "A" else "B") + secret[1:]
	for text in ("", "x", "mesh1...", token + "x", token[:-1], token.upper()):
		refused(api.post("/v1/join", {"token": text, "csr": csr}), 403, "token")
	refused(api.post("/v1/join", {"token": f"{head}.{other}", "csr": csr}), 403,
	    "not one of ours")
	control.wait_line(r"join: token/\S+ from 127\.0\.0\.1:\d+: denied: "
	    "the token is not one of ours")
	control.wait_line(r"join: anonymous from 127\.0\.0\.1:\d+: denied: this "
	    "is no token")
	assert other not in control.err() and secret not in control.err()
	entries = audit_of(control, "join.refused")
	assert {e["actor"] for e in entries} == {"anonymous"}, entries
	assert all(e["from"].startswith("127.0.0.1:") for e in entries), entries
	ident = token.split(".")[2]
	last = entries[-1]
	assert last["target"] == f"token/{ident}", last
	assert last["detail"]["why"] == "the token is not one of ours", last
	assert "target" not in entries[0], entries[0]
	assert "this is no token" in entries[0]["detail"]["why"], entries[0]
	assert other not in json.dumps(entries), entries
	assert secret not in json.dumps(entries), entries
	refused(api.post("/v1/join", {"csr": csr}), 400, "token")
	refused(api.post("/v1/join", {"token": token}), 400, "csr")
	wait_until(lambda: Api(control).get("/v1/tokens").json()["items"][0]["state"]
	    == "expired", "the token expires")
	refused(api.post("/v1/join", {"token": token, "csr": csr}), 403, "expired")
	assert "expired" in audit_of(control, "join.refused")[-1]["detail"]["why"]
	revoked = Api(control).token("default/orders")
	name = revoked.split(".")[2]
	assert Api(control).delete(f"/v1/tokens/{name}").status == 200
	refused(api.post("/v1/join", {"token": revoked, "csr": csr}), 403,
	    "not one of ours")
	refused(Api(control).delete(f"/v1/tokens/{name}"), 404, "no token")
	for body in ({"service": "UPPER/x"}, {"service": "a/b/c"}, {},
	    {"service": "workload/x"}, {"service": "a/b", "ttl": "1y"},
	    {"service": "a/b", "workload": "x.y"}):
		assert Api(control).post("/v1/tokens", body).status == 400, body


@scenario
def nobody_but_a_gateway_is_given_its_account(scene):
	control = scene.control()
	for body, why in (
	    ({"service": "a/gw--x"}, "those of Gateways"),
	    ({"service": "a/b", "serviceAccount": "gw--x"}, "those of Gateways"),
	    ({"gateway": "a/x", "service": "a/b"}, "stands alone"),
	    ({"gateway": "a/x", "serviceAccount": "b"}, "stands alone"),
	    ({"gateway": "a/X"}, "gateway: expected"),
	    ({"gateway": 1}, "gateway: expected"),
	    ({"gateway": "a/" + "x" * 60}, "gateway: expected")):
		refused(Api(control).post("/v1/tokens", body), 400, why)
	done = control.ctl("token", "create", "--service", "a/gw--x",
	    expect=None)
	assert done.returncode != 0, done
	assert "those of Gateways" in done.stderr, done
	control.token("a/x", "edge-1", "--gateway")
	row, = Api(control).get("/v1/tokens").json()["items"]
	assert row["service"] == "a/gw--x" and \
	    row["serviceAccount"] == "gw--x", row


@scenario
def wrong_requests_for_certificates_are_refused(scene):
	control = scene.control()
	key = make_key(scene.dir / "k")
	config = scene.file("ca.cnf", "[req]\ndistinguished_name=d\n[d]\n"
	    "[ca]\nbasicConstraints=CA:TRUE\n[san]\nsubjectAltName="
	    "URI:spiffe://mesh.internal/ns/default/sa/admin\n")
	rsa = scene.dir / "rsa"
	openssl("genrsa", "-out", rsa, "2048")
	good = make_csr(key)
	body = good.splitlines()
	body[2] = body[2][:10] + ("A" if body[2][10] != "A" else "B") + body[2][11:]
	cases = {
	    "CA": make_csr(key, "-config", config, "-reqexts", "ca"),
	    "another name": make_csr(key, "-config", config, "-reqexts", "san"),
	    "RSA": make_csr(rsa),
	    "broken signature": "\n".join(body),
	    "no request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n"
	        "-----END CERTIFICATE REQUEST-----\n",
	    "nothing": "",
	    "a certificate": Api(control).get("/v1/trust-bundle").text,
	}
	token = Api(control).token("default/orders")
	for what, csr in cases.items():
		reply = Api(control).post("/v1/join", {"token": token, "csr": csr})
		assert reply.status == 400, (what, reply.status, reply.text)
	huge = Api(control).post("/v1/join", {"token": token, "csr": "A" * (1 << 20)})
	assert huge.status == 413, huge.text
	assert Api(control).post("/v1/join",
	    {"token": token, "csr": good}).status == 200


@scenario
def nobody_does_what_others_may(scene):
	control = scene.control()
	member = Member(scene, control, "default/orders", "orders-1")
	member.join()
	stranger = Api(control, local=False)
	for method, path in (("GET", "/v1/documents/services"),
	    ("GET", "/v1/tokens"), ("POST", "/v1/tokens"), ("POST", "/v1/apply"),
	    ("GET", "/v1/audit"), ("GET", "/v1/proxies"), ("POST", "/v1/backup"),
	    ("PUT", "/v1/documents/services/default/x"), ("GET", "/v1/watch"),
	    ("GET", "/v1/ca"), ("DELETE", "/v1/operators/x")):
		refused(stranger.request(method, path), 403, "may not")
		refused(member.api().request(method, path), 403, "may not")
	refused(stranger.post("/v1/renew", {}), 403, "workload's certificate")
	refused(Api(control).post("/v1/renew", {}), 403, "workload's certificate")
	refused(Api(control).get("/v1/session"), 403, "workload's certificate")
	for path in ("/v1/health", "/v1/trust-bundle"):
		assert stranger.get(path).status == 200
	# Who is known by a certificate is on record with what he tried.
	entries = [e for e in Api(control).get("/v1/audit").json()["items"]
	    if e["action"] == "access.refused"]
	actors = {e["actor"] for e in entries}
	assert f"{ID}/ns/default/sa/orders" in actors, entries
	assert not any("anonymous" in actor for actor in actors), entries
	# The admin listener has its own paths, and they are nowhere else.
	assert get(control.admin_port, "/v1/tokens").status == 404
	assert Api(control).get("/metrics").status == 404


@scenario
def operators_live_their_own_life(scene):
	control = scene.control(options=["--certificate-lifetime", "60s"])
	local = Api(control)
	key = make_key(scene.dir / "anna.key")

	def life(name, ttl=None):
		body = {"name": name, "csr": make_csr(key)}
		reply = local.post("/v1/operators", {**body, "ttl": ttl} if ttl else body)
		assert reply.status == 201, reply.text
		return parse_time(reply.json()["notAfter"]) - time.time()

	assert 86000 < life("anna") <= 86401
	assert 7100 < life("bob", "2h") <= 7201
	for ttl in ("9s", "721h"):
		refused(local.post("/v1/operators", {"name": "eve", "csr": make_csr(key),
		    "ttl": ttl}), 400, "ttl: expected a duration from 10s to 720h")
	# Never beyond who signed it.
	ends = parse_time(local.get("/v1/ca").json()["intermediate"]["notAfter"])
	assert life("carl", "720h") <= ends - time.time() + 1


def parse_time(text):
	return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


@scenario
def operators_come_and_go(scene):
	control = scene.control()
	local = Api(control)
	key = make_key(scene.dir / "anna.key")
	reply = local.post("/v1/operators", {"name": "anna", "csr": make_csr(key)})
	assert reply.status == 201, reply.text
	cert = scene.file("anna.pem", reply.json()["chain"])
	anna = Api(control, local=False, identity=(cert, key))
	assert anna.put("/v1/documents/services/default/web",
	    service("web")).status == 200
	refused(anna.post("/v1/backup", {"passphrase": "x" * 20}), 403, "local socket")
	refused(anna.post("/v1/renew", {}), 403, "workload's")
	*_, entry, backup, renewal = local.get("/v1/audit").json()["items"]
	assert entry["actor"] == "operator/anna", entry
	assert "local socket" in backup["detail"]["why"], backup
	assert "workload's" in renewal["detail"]["why"], renewal
	assert entry["from"].startswith("127.0.0.1:"), entry
	refused(local.post("/v1/operators", {"name": "anna", "csr": make_csr(key)}),
	    409, "revoke")
	refused(local.post("/v1/operators", {"name": "A B", "csr": make_csr(key)}),
	    400, "operator")
	listed = local.get("/v1/operators").json()["items"]
	assert [row["name"] for row in listed] == ["anna"], listed
	control.kill()
	control.start()
	control.await_ready()
	assert anna.get("/v1/operators").status == 200
	watch = scene.closing(Watch(anna, 0))
	watch.line()
	assert local.delete("/v1/operators/anna").status == 200
	watch.read_until(b"0\r\n\r\n")
	refused(anna.get("/v1/operators"), 403, "no longer")
	refused(local.delete("/v1/operators/anna"), 404, "no operator")


@scenario
def operators_watch_ends_with_its_certificate(scene):
	control = scene.control()
	local = Api(control)
	key = make_key(scene.dir / "anna.key")
	reply = local.post("/v1/operators", {"name": "anna", "csr": make_csr(key),
	    "ttl": "10s"})
	assert reply.status == 201, reply.text
	cert = scene.file("anna.pem", reply.json()["chain"])
	watch = scene.closing(Watch(Api(control, local=False,
	    identity=(cert, key))))
	other = scene.closing(Watch(local))
	local.apply(service("a"))
	watch.line()
	watch.sock.settimeout(30)
	watch.read_until(b"0\r\n\r\n")
	control.wait_line("operator/anna: its certificate is over")
	local.apply(service("b"))
	assert [other.line()["t"] for _ in range(4)] == ["put", "commit"] * 2


@scenario
def strangers_certificates_are_refused(scene):
	control = scene.control()
	other = scene.control(name="other")
	member = Member(scene, other, "default/orders", "orders-1")
	member.join()
	try:
		Api(control, local=False,
		    identity=(member.cert, member.key)).get("/v1/health")
		raise AssertionError("it was let in")
	except OSError:
		pass
	control.wait_line(r"tls: api: .* leads to no root")
	assert control.metrics().sum("mesh_tls_failures_total") == 1


@scenario
def every_change_is_audited(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("a"))
	member = Member(scene, control, "default/orders", "orders-1")
	member.join()
	member.renew()
	items = api.get("/v1/audit").json()["items"]
	actions = [item["action"] for item in items]
	assert actions == ["certificate.issue", "document.put", "document.put",
	    "token.create", "join", "renew"], actions
	assert [item["seq"] for item in items] == [1, 2, 3, 4, 5, 6]
	assert items[1]["actor"] == "control", items[1]
	assert items[2]["actor"] == f"uid/{os.getuid()}", items[2]
	assert items[2]["from"] == "local", items[2]
	assert items[2]["how"] == "socket", items[2]
	assert items[2]["role"] == "operator", items[2]
	assert items[4]["actor"] == "token/" + member.token.split(".")[2], items[4]
	assert items[5]["actor"] == "spiffe://mesh.internal/ns/default/sa/orders"
	assert member.token.rsplit(".", 1)[1] not in api.get("/v1/audit").text
	later = api.get("/v1/audit?since=4").json()["items"]
	assert [item["seq"] for item in later] == [5, 6]
	assert api.get("/v1/audit/verify").json()["ok"]


@scenario
def short_lives_are_renewed(scene):
	control = scene.control(options=["--certificate-lifetime", "10s"])
	control.wait_line("lose their identity")
	roots = scene.file("roots.pem", Api(control).get("/v1/trust-bundle").text)

	def serial():
		chain = openssl("s_client", "-connect", control.api, "-alpn",
		    "http/1.1", "-CAfile", roots,
		    "-verify_return_error", stdin=b"")
		return openssl("x509", "-noout", "-serial", stdin=chain.encode())
	first = serial()
	wait_until(lambda: serial() != first, "control renews its certificate")


@scenario
def crash_leaves_no_copy_and_a_registry_no_other_root(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("a"))
	control.stop()
	left = [control.data_dir / name for name in ("backup-00ff.tmp",
	    "backup-00ff.tmp.partial-journal")]
	for path in left:
		path.write_text("x")
	ca = control.data_dir / "ca"
	ca.rename(scene.dir / "aside")
	out = run(scene, "--data-dir", control.data_dir, "--socket",
	    scene.dir / "other.sock", expect=78)
	assert "root.pem is missing, though" in out, out
	assert not any(path.exists() for path in left), left
	ca.rmdir()
	(scene.dir / "aside").rename(ca)
	control.start()
	control.await_ready()
	assert api.get("/v1/documents/services/default/a").status == 200


@scenario
def backup_brings_everything_back(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("a"), service("b"))
	member = Member(scene, control, "default/orders", "orders-1")
	member.join()
	later = Member(scene, control, "default/late", "late-1")
	api.post("/v1/users", {"name": "anna", "password": "correct horse battery",
	    "role": "viewer"})
	login = Api(control, local=False).post("/v1/login", {"user": "anna",
	    "password": "correct horse battery"}).json()
	roots = api.get("/v1/trust-bundle").text
	# More than any key or certificate may take: 6 MiB of documents.
	text = "x" * 4000
	for nth in range(15):
		api.apply(*[service(f"big-{nth}-{i}", annotations={"notes": text})
		    for i in range(100)])
	refused(api.post("/v1/backup", {"passphrase": "short"}), 400, "characters")
	with api.connect(timeout=60) as client:
		archive = client.request("/v1/backup", "POST", "x",
		    body=b'{"passphrase":"correct horse"}')
	assert archive.status == 200, archive.text()
	assert b"PRIVATE" not in archive.body
	assert len(archive.body) > 6000000, len(archive.body)
	(scene.dir / "backup").write_bytes(archive.body)
	right = scene.file("right", "correct horse\n")
	wrong = scene.file("wrong", "battery staple\n")
	assert not list(control.data_dir.glob("backup*"))
	# What the backup does not know: a token that is used, a login that ends.
	assert later.join().status == 200
	assert api.delete(f"/v1/logins/{login['id']}").status == 200
	control.stop()
	words = ["--restore", scene.dir / "backup", "--passphrase-file"]
	run(scene, *words, right, "--data-dir", control.data_dir, expect=78)
	subprocess.run(["rm", "-r", str(control.data_dir)], check=True)
	run(scene, *words, wrong, "--data-dir", control.data_dir, expect=77)
	run(scene, *words, scene.dir / "none", "--data-dir", control.data_dir,
	    expect=66)
	scene.file("junk", "x" * 1000)
	run(scene, "--restore", scene.dir / "junk", "--passphrase-file", right,
	    "--data-dir", control.data_dir, expect=65)
	right.chmod(0o644)
	run(scene, *words, right, "--data-dir", control.data_dir, expect=78)
	right.chmod(0o600)
	deep = scene.dir / "not" / "there" / "yet"
	run(scene, *words, right, "--data-dir", deep)
	assert (deep / "ca").is_dir(), "it makes the folders above"
	run(scene, *words, right, "--data-dir", control.data_dir)
	control.start()
	control.await_ready()
	assert api.get("/v1/trust-bundle").text == roots
	big = api.get("/v1/documents/services/default/big-14-99").json()
	assert big["metadata"]["annotations"]["notes"] == text
	assert api.get("/v1/documents/services/default/b").status == 200
	assert member.renew().status == 200
	log = api.get("/v1/audit/verify").json()
	assert log["ok"]
	# Who joined since is in no record: said to all who may wonder.
	refused(later.renew(), 403, "joined after the backup")
	refused(later.renew(), 403, "joined after the backup")
	control.wait_line("join: from .*: the certificate of "
	    "spiffe://mesh.internal/ns/default/sa/late was issued by this "
	    "authority but is in no record")
	entry, = audit_of(control, "renew.refused", log["seq"] - 100)
	assert entry["actor"] == "spiffe://mesh.internal/ns/default/sa/late", entry
	row, = api.get("/v1/proxies").json()["unrecorded"]
	assert row["account"] == "default/late", row
	done = control.ctl("check", expect=None)
	assert "a sidecar of default/late" in done.stdout, done.stdout
	later.key = make_key(scene.dir / "another.key")
	refused(later.join(), 403, "not one of ours")
	assert api.get("/v1/logins").json()["items"] == []
	entry, = [e for e in api.get(f"/v1/audit?since={log['seq'] - 100}").json()[
	    "items"] if e["action"] == "backup.restore"]
	assert entry["detail"] == {"tokens": 1, "logins": 1}, entry
	assert api.put("/v1/documents/services/default/c",
	    service("c")).json()["revision"] > 1000000000


@scenario
def who_joined_after_the_backup_is_told_what_to_do(scene):
	control = scene.control()
	right = scene.file("right", "correct horse battery staple\n")
	right.chmod(0o600)
	backup = scene.dir / "backup"
	control.ctl("backup", "create", backup, "--passphrase-file", right)
	proxy = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={scene.echo('app').http}/http"])
	proxy.await_ready()
	control.stop()
	subprocess.run(["rm", "-r", str(control.data_dir)], check=True)
	done = run(scene, "--restore", backup, "--passphrase-file", right,
	    "--data-dir", control.data_dir)
	assert "joined after the backup was made is in no record" in done
	control.start()
	control.await_ready()
	proxy.wait_line("control refuses the identity spiffe://mesh.internal/ns/"
	    "default/sa/orders: it was revoked, or control was restored from a "
	    "backup that is older than it; a new token in --token-file")
	entry, = audit_of(control, "session.refused")
	assert "is in no record" in entry["detail"]["why"], entry
	assert "a sidecar of default/orders" in control.ctl("check",
	    expect=None).stdout
	joined = proxy.err().count("identity: joined as")
	control.token("default/orders", "orders")
	wait_until(lambda: proxy.err().count("identity: joined as") > joined,
	    "it joins anew")
	wait_until(lambda: "orders" in control.ctl("proxy", "status").stdout,
	    "it has a session")


def memory_owner(scene, name, words, allow=""):
	"""Runs mesh as nobody; who owns /proc/PID/mem while it runs."""
	home = scene.dir / name
	home.mkdir()
	os.chown(home, NOBODY, NOBODY)
	process = Process(scene, name, ["setpriv", "--reuid", NOBODY, "--regid",
	    NOBODY, "--clear-groups", "--pdeathsig", "KILL", scene.dir / "mesh",
	    *words], env={"MESH_DUMPABLE": allow})
	scene.add(process)
	process.wait_line("listen")
	assert process.status("Uid") == NOBODY
	owner = os.stat(f"/proc/{process.pid}/mem").st_uid
	process.stop()
	return owner


@scenario
def memory_is_nobodys_business(scene):
	if os.geteuid() != 0:
		raise Skip("needs root, to be somebody else")
	# The way to the binary may be closed to others.
	shutil.copy(MESH, scene.dir / "mesh")
	scene.dir.chmod(0o755)
	(scene.dir / "documents").mkdir()
	port = free_port()

	def control(name):
		return ["control", "--data-dir", scene.dir / name / "data",
		    "--socket", scene.dir / name / "socket", "--api-listen",
		    f"127.0.0.1:{port}", "--admin-listen", f"127.0.0.1:{free_port()}"]
	# Of a process that may be dumped it belongs to the process's user.
	assert memory_owner(scene, "open", control("open"), "1") == NOBODY
	assert memory_owner(scene, "control", control("control")) == 0
	assert memory_owner(scene, "proxy", ["proxy", "--standalone", "--config",
	    scene.dir / "documents", "--state-dir", scene.dir / "proxy/state",
	    "--admin-socket", scene.dir / "proxy/socket", "--outbound-listen",
	    f"127.0.0.1:{free_port()}", "--admin-listen",
	    f"127.0.0.1:{free_port()}"]) == 0


@scenario
def admin_tells_how_it_is(scene):
	control = scene.control()
	Api(control).apply(service("a"))
	assert get(control.admin_port, "/livez").text() == "ok\n"
	metrics = control.metrics()
	assert metrics.sum("mesh_control_revision") > 0
	assert metrics.sum("mesh_control_api_requests_total", resource="apply",
	    method="POST", response_code="200") == 1
	assert metrics.sum("mesh_control_commits_total", result="written") >= 2
	assert metrics.sum("mesh_control_ca_expiry_timestamp_seconds",
	    certificate="root") > time.time()
	text = get(control.admin_port, "/metrics", fields={
	    "Accept": "application/openmetrics-text"}).text()
	assert text.endswith("# EOF\n"), text[-100:]
	config = get(control.admin_port, "/config").json()
	assert config["spec"]["dataDir"] == str(control.data_dir), config
	reply = get(control.admin_port, "/logging?level=debug", method="PUT")
	assert reply.json()["api"] == "debug", reply.text()
	control.wait_line(r"warn .*127.0.0.1:\d+ sets the log level: debug")
	assert get(control.admin_port, "/logging?level=loud",
	    method="PUT").status == 400


@scenario
def a_host_that_says_nothing_shuts_nobody_out(scene):
	control = scene.control()
	silent = [wire.dial(control.api) for _ in range(900)]
	try:
		reply = curl(f"https://{control.api}/v1/trust-bundle", "-k",
		    "--http1.1", "--tls-max", "1.2")
		assert reply.status == 200, reply.status
		# The next ones find room too, at the cost of the silent host's own.
		silent += [wire.dial(control.api) for _ in range(300)]
		reply = curl(f"https://{control.api}/v1/trust-bundle", "-k",
		    "--http1.1", "--tls-max", "1.2")
		assert reply.status == 200, reply.status
	finally:
		for sock in silent:
			sock.close()


@scenario
def one_host_leaves_room_to_who_has_a_certificate(scene):
	control = scene.control()
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.maximum_version = ssl.TLSVersion.TLSv1_2
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE
	context.set_alpn_protocols(["http/1.1"])
	member = Member(scene, control, "default/web", "web-1")
	assert member.join().status == 200

	def stranger():
		raw = wire.dial(control.api)
		try:
			tls = context.wrap_socket(raw)
			tls.sendall(b"GET /v1/health HTTP/1.1\r\n"
			    b"Host: control\r\n\r\n")
			return tls if tls.recv(1) else None
		except OSError:
			return None
	# Who is slow loses the first again, so no more than this is known.
	held = []
	while (tls := stranger()) is not None:
		held.append(tls)
	assert len(held) >= 500, len(held)
	control.wait_line("api: closed a connection from 127.0.0.1: there are as "
	    "many open without a certificate as there may be")
	assert member.renew().status == 200, "who it is has room"
	for tls in held:
		tls.close()
	wait_until(stranger, "who went leaves room")


if __name__ == "__main__":
	main()
