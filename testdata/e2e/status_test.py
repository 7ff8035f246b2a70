#!/usr/bin/env python3
"""What documents are told about themselves: conditions, and waiting for them."""

import json
import re

from member import Api, Member
from gateway import gateway
from mesh import free_port, main, scenario

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: %s}
spec: {ports: [{name: http, port: 80}]}
---
"""
ROUTE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: %s}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
  - matches: [{path: {type: RegularExpression, value: "%s"}}]
    backendRefs: [{name: web, port: 80}]
---
"""
KEY = "/gateway.networking.k8s.io/httproutes/default/"


def caller(scene, control, name):
	"""A proxy that calls web and has its first state."""
	member = Member(scene, control, "default/app", name)
	assert member.join().status == 200
	scene.closing(member)
	member.connect(["default/web"])
	member.until("synced")
	return member


def catch_up(control, *members):
	last = Api(control).get("/v1/health").json()["revision"]
	for member in members:
		member.until_true(lambda m=member: m.revision >= last,
		    "it has all changes")


def conditions(control, route):
	parents = control.get("httproute", route)["status"]["parents"]
	assert len(parents) == 1 and parents[0]["controllerName"] == \
	    "mesh.internal/gateway", parents
	return {c["type"]: c for c in parents[0]["conditions"]}


def wait(control, what, name, code=0, timeout="10s"):
	return control.ctl("wait", f"--for=condition={what}", f"httproute/{name}",
	    "--timeout", timeout, expect=code)


@scenario
def programmed_once_every_proxy_runs_it(scene):
	control = scene.control()
	control.ctl("apply", "-f", "-", stdin=SERVICE % "web")
	fast, slow = (caller(scene, control, name) for name in ("app-1", "app-2"))
	slow.auto_ack = False
	control.ctl("apply", "-f", "-", stdin=ROUTE % ("r", "/a.*"))
	catch_up(control, fast, slow)
	assert slow.has(KEY + "r")
	late = wait(control, "Programmed", "r", code=1, timeout="300ms")
	assert "default/app-2" in late.stderr, late.stderr
	told = conditions(control, "r")["Programmed"]
	assert (told["status"], told["reason"]) == ("False", "Pending"), told
	slow.ack()
	assert "condition met" in wait(control, "Programmed", "r").stdout
	wait(control, "programmed=true", "r")
	wait(control, "Accepted=False", "r", code=1, timeout="100ms")
	assert conditions(control, "r")["Programmed"]["observedGeneration"] == 1


@scenario
def one_route_that_does_not_compile_holds_up_only_itself(scene):
	control = scene.control()
	control.ctl("apply", "-f", "-", stdin=SERVICE % "web")
	member = caller(scene, control, "app-1")
	for i in range(100):
		control.ctl("apply", "-f", "-", stdin=ROUTE % (f"r{i}",
		    "/(" if i == 50 else f"/{i}/.*"))
	catch_up(control, member)
	for i in range(100):
		if i != 50:
			wait(control, "Programmed", f"r{i}")
	told = conditions(control, "r50")
	assert told["Accepted"]["reason"] == "UnsupportedValue", told
	assert "rules[0].matches[0]" in told["Accepted"]["message"], told
	out = control.ctl("describe", "httproute", "r50").stdout
	assert "UnsupportedValue" in out and "Conditions:" in out, out
	wide = control.ctl("get", "httproutes", "-o", "wide").stdout
	assert "ACCEPTED" in wide and wide.count("UnsupportedValue") == 1, wide


@scenario
def status_is_not_for_people_to_write(scene):
	control = scene.control()
	control.ctl("apply", "-f", "-", stdin=SERVICE % "web" + ROUTE % ("r", "/"))
	route = control.get("httproute", "r")
	revision = route["metadata"]["resourceVersion"]
	route["status"] = {"parents": []}
	control.ctl("apply", "-f", "-", stdin=json.dumps(route))
	again = control.get("httproute", "r")
	assert again["metadata"]["resourceVersion"] == revision
	assert len(again["status"]["parents"]) == 1
	path = "/v1/documents/httproutes/default/r/status"
	assert Api(control).put(path, route).status == 404


@scenario
def waiting_for_what_comes_and_goes(scene):
	control = scene.control()
	control.ctl("wait", "--for=create", "service/web", "--timeout", "100ms",
	    expect=1)
	control.ctl("apply", "-f", "-", stdin=SERVICE % "web")
	control.ctl("wait", "--for=create", "service/web")
	late = control.ctl("wait", "--for=delete", "service/web", "--timeout",
	    "100ms", expect=1)
	assert "still there" in late.stderr, late.stderr
	control.ctl("delete", "service/web", "--yes")
	control.ctl("wait", "--for=delete", "service/web")
	control.ctl("wait", "--for=condition=Accepted", "service/web", expect=1)
	control.ctl("wait", "--for=nothing", "service/web", expect=64)
	control.ctl("wait", "service/web", expect=64)


@scenario
def analyze_finds_mistakes_and_apply_warns(scene):
	control = scene.control()
	twice = ROUTE % ("a", "/x") + ROUTE % ("b", "/x")
	applied = control.ctl("apply", "-f", "-", stdin=SERVICE % "web" + twice)
	assert "never matches" in applied.stderr, applied.stderr
	control.ctl("analyze")
	warned = control.ctl("analyze", "--failure-threshold", "warning", expect=1)
	assert "never matches" in warned.stdout, warned.stdout
	control.ctl("apply", "-f", "-", stdin=ROUTE % ("bad", "/("))
	found = json.loads(control.ctl("analyze", "-o", "json", expect=1).stdout)
	errors = [f for f in found if f["level"] == "error"]
	assert {f["name"] for f in errors} == {"default/bad"}, errors
	assert any("UnsupportedValue" in f["text"] for f in errors), errors
	control.ctl("analyze", "-n", "other")
	files = scene.file("files.yaml", ROUTE % ("r", "/x"))
	alone = control.ctl("analyze", "-f", files, expect=1)
	assert "files.yaml:" in alone.stdout, alone.stdout


TOKENS = """\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: staff}
spec:
  targetRefs: [{name: web}]
  jwtRules:
  - issuer: https://issuer.example
    jwks: '{"keys": [%s]}'
---
"""
# The base point of P-256.
JWK = '{"kty": "EC", "crv": "P-256", ' \
    '"x": "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpY", ' \
    '"y": "T-NC4v4af5uO5-tKfA-eFivOM1drMV7Oy7ZAaDe_UfU"%s}'


@scenario
def keys_of_tokens_are_checked(scene):
	control = scene.control()
	control.ctl("apply", "-f", "-", stdin=SERVICE % "web" + TOKENS % (JWK % ""))
	listed = control.ctl("get", "ra").stdout
	assert "https://issuer.example" in listed and "Service/web" in listed, listed
	described = control.ctl("describe", "ra", "staff").stdout
	assert re.search("Accepted +True", described), described
	secret = control.ctl("apply", "-f", "-", stdin=TOKENS % (JWK % ', "d": "AA"'),
	    expect=65)
	assert "found a private" in secret.stderr, secret.stderr
	none = control.ctl("apply", "-f", "-", stdin=TOKENS % "", expect=65)
	assert "expected a key for signatures" in none.stderr, none.stderr


@scenario
def a_gateway_is_programmed_once_a_proxy_runs_it(scene):
	control = scene.control()
	port = free_port()
	control.apply(gateway([f"name: http, protocol: HTTP, port: {port}"]))
	late = control.ctl("wait", "--for=condition=Programmed", "gateway/edge",
	    "--timeout", "200ms", expect=1)
	assert "no proxy runs it" in late.stderr, late.stderr
	scene.proxy("edge-1", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1"]).await_ready()
	control.ctl("wait", "--for=condition=Programmed", "gateway/edge")
	control.ctl("apply", "-f", "-", stdin=SERVICE % "web" + (ROUTE % ("r",
	    "/x")).replace('{group: "", kind: Service, name: web}', "{name: edge}"))
	wait(control, "Programmed", "r")
	listener, = control.get("gateway", "edge")["status"]["listeners"]
	assert listener["attachedRoutes"] == 1, listener


# Secrets

SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {password: "%s"}
---
"""


def holds(directory, text):
	"""The files below that hold a text."""
	return [path for path in directory.rglob("*") if path.is_file() and
	    text.encode() in path.read_bytes()]


@scenario
def secrets_go_in_and_never_come_out(scene):
	control = scene.control()
	member = caller(scene, control, "app-1")
	control.ctl("apply", "-f", "-", stdin=SECRET % "hunter2" + SERVICE % "web")
	catch_up(control, member)
	assert not any("/secrets/" in key for key in member.documents)
	read = control.get("secret", "s")
	assert read["stringData"] == {"password": ""}, read
	for words in (["get", "secrets", "-o", "yaml"], ["audit"],
	    ["describe", "secret", "s"],
	    ["api", "GET", "/v1/documents/secrets/default/s"]):
		assert "hunter2" not in control.ctl(*words).stdout, words
	read["metadata"]["labels"] = {"a": "b"}
	control.ctl("apply", "-f", "-", stdin=json.dumps(read))
	path = scene.file("s.yaml", (SECRET % "hunter2").replace("name: s",
	    "name: s, labels: {a: b}"))
	same = control.ctl("apply", "-f", path)
	assert "unchanged" in same.stdout, same.stdout
	control.ctl("diff", "-f", path)
	path.write_text(path.read_text().replace("hunter2", "hunter3"))
	told = control.ctl("diff", "-f", path, expect=1)
	assert "values differ" in told.stdout, told.stdout
	assert "hunter" not in told.stdout + told.stderr
	assert not holds(control.data_dir, "hunter2")
	assert "hunter2" not in control.out() + control.err()


@scenario
def secrets_survive_restart_and_restore(scene):
	control = scene.control()
	control.ctl("apply", "-f", "-", stdin=SECRET % "hunter2")
	passphrase = scene.file("passphrase", "correct horse battery\n")
	backup = scene.dir / "mesh.backup"
	control.ctl("backup", "create", backup, "--passphrase-file", passphrase)
	for name in (None, "moved"):
		assert control.stop() == 0
		if name:
			assert not holds(scene.dir, "hunter2")
			control.ctl("backup", "restore", backup, "--data-dir",
			    scene.dir / name, "--passphrase-file", passphrase)
			control = scene.control(name=name)
		else:
			control.start()
			control.await_ready()
		same = control.ctl("apply", "-f", "-", stdin=SECRET % "hunter2")
		assert "unchanged" in same.stdout, (name, same.stdout)


if __name__ == "__main__":
	main()
