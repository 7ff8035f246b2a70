#!/usr/bin/env python3
"""mesh ctl: what it says and answers, without a control and with one."""

import contextlib
import fcntl
import http.server
import json
import os
import pty
import re
import signal
import socket
import socketserver
import subprocess
import termios
import threading

from edge import Edge
from mesh import MESH, ROOT, SLOWER, Skip, curl, main, scenario, wait_until
from wire import get

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
"""

BACKREFERENCE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: r, namespace: shop}
spec:
  parentRefs: [{kind: Service, group: "", name: web, port: 80}]
  rules:
  - matches: [{path: {type: RegularExpression, value: '(a)\\1'}}]
"""


# Nothing of whoever runs this: neither a mesh nor its operator's files.
BARE = {name: value for name, value in os.environ.items()
    if not name.startswith(("MESH_", "XDG_", "NO_COLOR", "FORCE_COLOR"))}


def ctl(scene, *args, stdin="", env=None):
	return subprocess.run([str(MESH), "ctl", *map(str, args)], input=stdin,
	    text=True, capture_output=True, timeout=30 * SLOWER, check=False,
	    cwd=scene.dir, env={**BARE, "HOME": str(scene.dir), **(env or {})})


def expect(done, code, out=None, err=None):
	"""out and err are patterns; "" means nothing at all."""
	assert done.returncode == code, \
	    f"exit {done.returncode}, expected {code}: {done.stderr.strip()}"
	for what, text, pattern in (("stdout", done.stdout, out),
	    ("stderr", done.stderr, err)):
		if pattern == "":
			assert text == "", f"{what}: {text!r}"
		elif pattern is not None:
			assert re.search(pattern, text, re.M), \
			    f'{what} is {text[:400]!r}, expected "{pattern}"'
	return done


@contextlib.contextmanager
def unix_server(scene, reply):
	"""Answers one request with these bytes, or (None) never."""
	path = scene.dir / "fake.sock"
	server = socket.socket(socket.AF_UNIX)
	server.bind(str(path))
	server.listen()

	def serve():
		connection = server.accept()[0]
		with connection:
			request = b""
			while b"\r\n\r\n" not in request:
				request += connection.recv(65536)
			if reply is not None:
				connection.sendall(reply)
				connection.shutdown(socket.SHUT_WR)
			while connection.recv(65536):
				pass
	thread = threading.Thread(target=serve, daemon=True)
	thread.start()
	try:
		yield path
	finally:
		thread.join(10 * SLOWER)
		server.close()
		path.unlink()
		assert not thread.is_alive(), "ctl does not close its connection"


def terminal():
	"""Both ends of a terminal; some chroots have none to give."""
	try:
		return pty.openpty()
	except OSError as error:
		raise Skip(f"no terminal here: {error}") from None


@scenario
def misuse_is_64_and_help_is_data(scene):
	expect(ctl(scene, "--help"), 0, r"^commands:$", "")
	expect(ctl(scene, "validate", "--help"), 0, r"^examples:$", "")
	expect(ctl(scene), 64, "", r"^commands:$")
	expect(ctl(scene, "cert"), 64, "", r"^  verify ")
	expect(ctl(scene, "valdate"), 64, "", 'did you mean "validate"')
	expect(ctl(scene, "validate"), 64, "", "-f FILE")
	expect(ctl(scene, "version", "--timeout", "soon"), 64, "", "duration")


@scenario
def help_is_for_programs_too(scene):
	said = json.loads(expect(ctl(scene, "help", "-o", "json"), 0).stdout)
	assert {"name", "letter", "value", "text"} <= set(said["options"][0]), said
	for command in said["commands"]:
		words = [command.get("group"), command["name"]]
		words = [word for word in words if word]
		shown = expect(ctl(scene, "help", *words), 0,
		    re.escape(command["summary"]), "")
		assert shown.stdout == ctl(scene, *words, "--help").stdout, words


@scenario
def version_is_for_scripts_too(scene):
	expect(ctl(scene, "version"), 0, r"^mesh \d+\.\d+\.\d+ \(commit \w+", "")
	said = json.loads(expect(ctl(scene, "-o", "json", "version"), 0).stdout)
	assert re.fullmatch(r"\d+\.\d+\.\d+", said["version"]), said


# What is wrong, the document, what is said about it.
FAULTS = (
	("unknown field", SERVICE + "speck: 1\n",
	    r"doc.yaml:5:1: .*speck"),
	("duplicate key", SERVICE + "kind: Service\n",
	    r"doc.yaml:5:1: .*kind"),
	("wrong type", SERVICE.replace("80", "many"),
	    r"doc.yaml:4:\d+: .*spec.ports.*port"),
	("unquoted no", SERVICE.replace("{name: web}",
	    "{name: web, labels: {a: no}}"), r"doc.yaml:3:\d+: .*quote"),
	("unquoted 1.0", SERVICE.replace("{name: web}",
	    "{name: web, labels: {a: 1.0}}"), r"doc.yaml:3:\d+: "),
	("tab", "apiVersion: v1\nkind: Service\nmetadata:\n\tname: web\n",
	    r"doc.yaml:4:1: "),
	("depth", "a: " + "[" * 100 + "]" * 100 + "\n", r"doc.yaml:1:\d+: "),
	("alias bomb", "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
	    f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 10)}]\n"
	    for i in range(8)), r"doc.yaml:\d+:\d+: "),
	("unknown kind", "apiVersion: v1\nkind: Sevice\n", r"doc.yaml:\d+:\d+: "),
)


@scenario
def faults_have_their_place_and_65(scene):
	for what, text, pattern in FAULTS:
		scene.file("doc.yaml", text)
		done = ctl(scene, "validate", "-f", "doc.yaml")
		try:
			expect(done, 65, "", pattern)
		except AssertionError as error:
			raise AssertionError(f"{what}: {error}") from None


@scenario
def one_fault_leaves_no_document_valid(scene):
	scene.file("set/a.yaml", SERVICE)
	scene.file("set/b.json", '{"apiVersion": "v1", "kind": "Service", "x": 1}')
	scene.file("set/below/c.yaml", "nonsense: [\n")
	expect(ctl(scene, "validate", "-f", "set"), 65, "", r"^mesh ctl: set/b.json:1:")
	assert "below" not in ctl(scene, "validate", "-f", "set").stderr
	expect(ctl(scene, "validate", "-R", "-f", "set"), 65, "", "set/below/c.yaml")


@scenario
def good_documents_are_named(scene):
	path = scene.file("a.yaml", SERVICE + "---\n" +
	    SERVICE.replace("web", "api"))
	expect(ctl(scene, "validate", "-f", path), 0,
	    r"\Aservice/web is valid\nservice/api is valid\n\Z", "")
	expect(ctl(scene, "validate", "-f", "-", stdin=SERVICE), 0, "service/web", "")
	expect(ctl(scene, "validate", "-f", "-", stdin=BACKREFERENCE), 65, "",
	    r"-:1:1: HTTPRoute shop/r: rules\[0\].*backreference")
	expect(ctl(scene, "validate", "-f", "nowhere.yaml"), 66, "", "no such file")
	for nothing in ("", "# a comment\n", "---\n---\n"):
		expect(ctl(scene, "validate", "-f", "-", stdin=nothing), 65, "",
		    "no documents; expected .* apiVersion, kind")


@scenario
def explain_reads_the_schema(scene):
	expect(ctl(scene, "explain"), 0, r"^Workload +wl +mesh/v1 +true ", "")
	expect(ctl(scene, "explain", "svc"), 0, r"^  spec <object>", "")
	expect(ctl(scene, "explain", "service.spec.ports.port"), 0,
	    r"^  spec.ports.port <port> -required-", "")
	expect(ctl(scene, "explain", "-R", "meshconfig"), 0,
	    r"^    defaultInboundPolicy <one of: ", "")
	expect(ctl(scene, "explain", "service.spec.prots"), 64, "",
	    'did you mean "ports"')


def openssl(scene, *args):
	subprocess.run(["openssl", *args], check=True, capture_output=True,
	    cwd=scene.dir, timeout=30 * SLOWER)


def issue(scene, name, days, san, extra, *signer):
	openssl(scene, "req", "-x509", "-newkey", "ec", "-pkeyopt",
	    "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
	    "-out", f"{name}.pem", "-days", str(days), "-subj",
	    f"/CN={name}" if "CA:TRUE" in extra else "/",
	    "-addext", f"subjectAltName=critical,URI:{san}",
	    *[word for line in extra.split("\n") for word in ("-addext", line)],
	    *signer)


@scenario
def cert_shows_and_verifies(scene):
	ca = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign"
	leaf = "basicConstraints=critical,CA:FALSE\n" \
	    "keyUsage=critical,digitalSignature\n" \
	    "extendedKeyUsage=serverAuth,clientAuth"
	try:
		issue(scene, "root", 30, "spiffe://mesh.internal", ca)
		issue(scene, "other", 30, "spiffe://mesh.internal", ca)
		issue(scene, "web", 1, "spiffe://mesh.internal/ns/default/sa/web",
		    leaf, "-CA", "root.pem", "-CAkey", "root.key")
	except subprocess.CalledProcessError as error:
		raise Skip("openssl: " + error.stderr.decode()[:80]) from None
	shown = expect(ctl(scene, "cert", "show", "web.pem", "-o", "json"), 0)
	cert = json.loads(shown.stdout)[0]
	assert cert["uris"] == ["spiffe://mesh.internal/ns/default/sa/web"], cert
	assert cert["usage"] == ["digital-signature", "server", "client"], cert
	expect(ctl(scene, "cert", "show", "root.pem"), 0, r"^  ca +yes$", "")
	judged = expect(ctl(scene, "cert", "verify", "web.pem", "--bundle",
	    "root.pem", "-o", "json"), 0)
	assert json.loads(judged.stdout)["trusted"] is True, judged.stdout
	expect(ctl(scene, "cert", "verify", "web.pem", "--bundle", "other.pem"), 1,
	    r"^not trusted: ", "")
	expect(ctl(scene, "cert", "verify", "web.pem", "--bundle", "root.pem", "--id",
	    "spiffe://mesh.internal/ns/default/sa/api"), 1, r"^not trusted: ", "")
	expect(ctl(scene, "cert", "show", "web.key"), 65, "", "no certificate")
	expect(ctl(scene, "cert", "show", "none.pem"), 66, "", "no such file")


@scenario
def interrupt_is_130(scene):
	child = subprocess.Popen([str(MESH), "ctl", "validate", "-f", "-"],
	    stdin=subprocess.PIPE, cwd=scene.dir)
	scene.closing(child.stdin)
	# It reads its input by then, so its handler is in place.
	wait_until(lambda: "pipe" in open(f"/proc/{child.pid}/wchan").read() or
	    open(f"/proc/{child.pid}/stat").read().rsplit(")", 1)[1].split()[0]
	    == "S", "it waits for input")
	child.send_signal(signal.SIGINT)
	assert child.wait(10 * SLOWER) == 130


@scenario
def colours_are_for_terminals(scene):
	def on_terminal(env):
		master, slave = terminal()
		try:
			subprocess.run([str(MESH), "ctl", "version", "--ouput"],
			    stderr=slave, stdout=slave, stdin=slave, check=False,
			    timeout=10 * SLOWER, env={**BARE, **env})
			return os.read(master, 4096).decode()
		finally:
			os.close(master)
			os.close(slave)
	assert "\033[31m" in on_terminal({"TERM": "xterm", "NO_COLOR": ""})
	assert "\033[" not in on_terminal({"TERM": "xterm", "NO_COLOR": "1"})
	assert "\033[" not in on_terminal({"TERM": "dumb", "NO_COLOR": ""})
	done = ctl(scene, "version", "--ouput", env={"TERM": "xterm"})
	assert "\033[" not in done.stderr, done.stderr

def document(name, kind="Service", extra=""):
	return f"---\napiVersion: v1\nkind: {kind}\n" \
	    f"metadata: {{name: {name}{extra}}}\n" \
	    "spec: {ports: [{name: http, port: 80}]}\n"


def against(control, *args, code=0, out=None, err=None, stdin=None):
	return expect(control.ctl(*args, stdin=stdin, expect=None), code, out, err)


@scenario
def apply_creates_changes_and_leaves_alone(scene):
	control = scene.control()
	path = scene.file("set.yaml", document("web") + document("api"))
	against(control, "apply", "-f", path, "--dry-run", out=r"\Aservice/web "
	    r"created \(dry run\)\nservice/api created \(dry run\)\n\Z", err="")
	against(control, "get", "services", out="",
	    err=r"\Ano services in namespace default\n\Z")
	against(control, "apply", "-f", path,
	    out=r"\Aservice/web created\nservice/api created\n\Z", err="")
	path.write_text(document("web").replace("80", "81") + document("api"))
	against(control, "diff", "-f", path, code=1, out=r"^-    port: 80\n\+    "
	    "port: 81$")
	against(control, "apply", "-f", path,
	    out=r"\Aservice/web configured\nservice/api unchanged\n\Z", err="")
	against(control, "diff", "-f", path, out="", err="")
	against(control, "apply", "-f", "-", "-o", "name", stdin=document("web"),
	    out=r"\Aservice/web\n\Z")


@scenario
def a_selector_chooses_and_is_named(scene):
	control = scene.control()
	control.apply(document("web", extra=", labels: {app: web}") +
	    document("api") + document("pay", extra=", namespace: shop"))
	for word in (["services"], ["get", "services"]):
		done = against(control, *word, "-l", "app=web", out="^web ", err="")
		assert "api" not in done.stdout, done.stdout
		against(control, *word, "-l", "app=x", out="",
		    err=r"\Ano services in namespace default that match app=x\n\Z")
		against(control, *word, "-A", "-l", "app=x", out="",
		    err=r"\Ano services that match app=x\n\Z")
		against(control, *word, "-l", "app in (", code=65, out="",
		    err="selector")
	against(control, "workloads", "-l", "a!=b", out="",
	    err="no workloads in namespace default that match a!=b$")
	against(control, "services", "-n", "x", out="",
	    err="no services in namespace x$")


@scenario
def standard_input_is_json_or_yaml(scene):
	control = scene.control()
	flow = "{apiVersion: v1, kind: Service, metadata: {name: web}, " \
	    "spec: {ports: [{port: 80}]}}"
	words = ("apply", "-f", "-")
	against(control, *words, stdin=flow, out="web created")
	against(control, *words, stdin=flow + "\n---\n" + flow.replace("web", "api"),
	    out="web unchanged\nservice/api created")
	as_json = json.dumps(control.get("service", "web"), indent=1)
	against(control, *words, stdin=as_json, out="web unchanged")
	against(control, *words, stdin=flow.replace("}}", ""), code=65, out="",
	    err="^mesh ctl: -:2:1: invalid YAML: ")
	against(control, *words, stdin=flow.replace("spec", "speck"), code=65, out="",
	    err=r"^mesh ctl: -:1:56: .*speck")
	against(control, *words, stdin=as_json.replace(",", "", 1), code=65, out="",
	    err="^mesh ctl: -:3:.*JSON")


@scenario
def a_protocol_that_nobody_knows_is_said(scene):
	control = scene.control()
	words = ("register", "db-1", "--service", "db", "--address", "10.0.0.9")
	for port in ("80/foo", "80/", "80/htpp"):
		against(control, *words, "--port", port, code=64, out="",
		    err='--port: unknown protocol "' + port[3:] + '"; expected http, .*tcp')
	against(control, *words, "--port", "80/HTTP", "--port", "81/kubernetes.io/h2c",
	    out="created")
	service = scene.file("db.yaml", document("db").replace("port: 80",
	    "port: 80, appProtocol: PROTOCOL"))
	text = service.read_text()
	for protocol, said in (("http", None), ("example.com/own", None),
	    ("mysql", '"mysql" is carried as tcp$'),
	    ("htpp", 'carried as tcp; did you mean "http"\\?$')):
		service.write_text(text.replace("PROTOCOL", protocol))
		warning = said and rf"\Awarning: {service}:5:\d+: protocol .*" + said
		against(control, "validate", "-f", service, out="db is valid",
		    err=warning or "")
		against(control, "apply", "-f", service, out="db (created|configured)",
		    err=warning or "")


@scenario
def a_workload_that_is_left_out_says_why(scene):
	control = scene.control()
	for target, why in (("9090", "port 9090, to which the Service leads, is none "
	    "of its own"), ("rpc", 'none of its ports has the name of the Service\'s '
	    'targetPort, "rpc"'), ("81", "no sidecar, and the Service does not allow")):
		control.apply(document("db").replace("port: 80",
		    f"port: 80, targetPort: {target}"))
		against(control, "register", "db-1", "--service", "db", "--address",
		    "10.0.0.9", "--port", "81/tcp")
		against(control, "endpoints", "db", out=f" LeftOut +.*{why}")


@scenario
def a_fault_changes_nothing(scene):
	control = scene.control()
	against(control, "apply", "-f", "-", code=65, out="", err=":6:1: .*speck",
	    stdin=document("web") + "speck: 1\n" + document("api"))
	against(control, "apply", "-f", "-", code=65, out="", err="kind Proxy",
	    stdin=document("web") + "---\napiVersion: mesh/v1\nkind: Proxy\n"
	    "metadata: {name: x}\nspec: {standalone: true, stateDir: /x}\n")
	assert control.get("services")["items"] == []


@scenario
def what_get_prints_can_be_applied(scene):
	control = scene.control()
	control.apply(document("web") + document("api", extra=", labels: {a: b}"))
	for form in ("json", "yaml"):
		text = against(control, "get", "services", "-o", form).stdout
		against(control, "apply", "-f", "-", stdin=text, out=
		    r"\Aservice/api unchanged\nservice/web unchanged\n\Z")
	one = json.loads(against(control, "get", "svc", "web", "-o", "json").stdout)
	assert one["metadata"]["name"] == "web" and "items" not in one, one
	labelled = against(control, "get", "services", "-l", "a=b", "-o", "name")
	assert labelled.stdout == "service/api\n", labelled.stdout
	against(control, "-n", "other", "get", "services", out="",
	    err="no services in namespace other")
	against(control, "get", "services", "-A", out=r"^NAMESPACE +NAME +")
	against(control, "get", "httproutes.gateway.networking.k8s.io", out="",
	    err="no httproutes in namespace")
	against(control, "get", "httproutes.mesh", code=64, out="",
	    err="unknown kind")
	against(control, "get", "all", code=64, out="", err="name one kind: ")
	against(control, "get", "svc,workloads", code=64, out="",
	    err="one kind at a time")
	against(control, "get", "services", "--no-headers", out=r"\Aapi +")
	against(control, "get", "services", "web", "nix", code=1, out="^web ",
	    err="nix not found")
	against(control, "describe", "svc", "web", out=r"^Endpoints: +none$", err="")


@scenario
def more_than_one_transaction_says_how_far_it_came(scene):
	control = scene.control()
	many = "".join(document(f"s{i}") for i in range(300))
	done = against(control, "apply", "-f", "-", stdin=many, err="")
	assert done.stdout.count(" created\n") == 300, done.stdout[-200:]
	assert len(control.get("services")["items"]) == 300


@scenario
def a_registry_beyond_the_size_of_documents_is_listed(scene):
	control = scene.control()
	long = "x" * 4000
	for part in range(3):
		control.apply("".join(document(f"s{part}-{i}",
		    extra=f", annotations: {{note: {long}}}") for i in range(500)))
	done = against(control, "get", "services", "-o", "json", err="")
	assert len(done.stdout) > 5 << 20, len(done.stdout)
	assert len(json.loads(done.stdout)["items"]) == 1500
	against(control, "services", "--no-headers", out=r"\As0-0 ")


@scenario
def delete_asks_or_wants_yes(scene):
	control = scene.control()
	path = scene.file("set.yaml", document("web") + document("api"))
	control.apply(path.read_text())
	against(control, "delete", "service", "web", code=64, out="", err="--yes")
	against(control, "delete", "service", "web", "--dry-run",
	    out=r"\Aservice/web deleted \(dry run\)\n")
	against(control, "delete", "service/web", "--yes", out="service/web deleted")
	against(control, "delete", "svc", "web", "-y", code=1, out="",
	    err="not found")
	against(control, "delete", "svc", "web", "-y", "--ignore-not-found", out="")
	against(control, "delete", "-f", path, "-y", code=1, out="service/api deleted")
	assert control.get("services")["items"] == []


def at_a_terminal():
	fcntl.ioctl(0, termios.TIOCSCTTY, 0)
	# Whoever runs the tests in the background ignores these.
	for number in signal.SIGINT, signal.SIGQUIT:
		signal.signal(number, signal.SIG_DFL)


@scenario
def who_gives_up_at_the_password_sees_what_he_types_again(scene):
	control = scene.control()
	for key, code in ((b"\x03", 128 + signal.SIGINT),
	    (b"\x1c", -signal.SIGQUIT), (None, -signal.SIGTERM)):
		master, slave = terminal()
		shown = lambda: termios.tcgetattr(slave)[3] & termios.ECHO != 0
		try:
			child = subprocess.Popen([str(MESH), "ctl", "--socket",
			    str(control.socket), "user", "add", "anna", "--role",
			    "viewer"], stdin=slave, stdout=slave, stderr=slave,
			    env={**BARE, "TERM": "dumb"}, cwd=scene.dir,
			    start_new_session=True, preexec_fn=at_a_terminal)
			wait_until(lambda: not shown(), "nothing is shown")
			os.write(master, b"secr")
			if key is None:
				child.terminate()
			else:
				os.write(master, key)
			assert child.wait(10 * SLOWER) == code, child.returncode
			assert shown(), code
		finally:
			os.close(master)
			os.close(slave)


def type_into(control, answer, *args):
	"""Runs ctl on a terminal and answers its question; gives the exit code."""
	master, slave = terminal()
	try:
		child = subprocess.Popen([str(MESH), "ctl", "--socket",
		    str(control.socket), *args], stdin=slave, stdout=slave,
		    stderr=slave, env={**BARE, "TERM": "dumb"},
		    start_new_session=True, preexec_fn=lambda:
		    fcntl.ioctl(0, termios.TIOCSCTTY, 0))
		seen = b""
		while b"[y/N]" not in seen:
			seen += os.read(master, 4096)
		os.write(master, answer)
		return child.wait(10 * SLOWER)
	finally:
		os.close(master)
		os.close(slave)


@scenario
def delete_asks_on_a_terminal(scene):
	control = scene.control()
	control.apply(document("web"))
	assert type_into(control, b"n\n", "delete", "svc", "web") == 1
	assert type_into(control, b"\n", "delete", "svc", "web") == 1
	assert type_into(control, b"\x03", "delete", "svc", "web") == 130
	assert len(control.get("services")["items"]) == 1
	assert type_into(control, b"y\n", "delete", "svc", "web") == 0
	assert control.get("services")["items"] == []


@scenario
def output_that_cannot_be_written_is_a_failure(scene):
	def unheard(*words):
		with open("/dev/full", "w") as full:
			return subprocess.run([str(MESH), *map(str, words)],
			    stdout=full, stderr=subprocess.PIPE, text=True, check=False)
	control = scene.control()
	path = scene.file("set.yaml", document("web") + document("api"))
	ours = ("ctl", "--socket", control.socket)
	# Each command; help of every mode; a "no" (diff); what flushes as it goes.
	listed = json.loads(ctl(scene, "help", "-o", "json").stdout)["commands"]
	helps = [[word for word in (command.get("group"), command["name"]) if word]
	    for command in listed]
	for words in (("ctl", "version"), ("proxy", "--help"), ("help", "control"),
	    *(("ctl", "help", *names) for names in helps),
	    (*ours, "diff", "-f", path), (*ours, "apply", "-f", path),
	    (*ours, "get", "services"), (*ours, "get", "services", "web", "nix"),
	    (*ours, "services"), (*ours, "ca", "export-bundle"),
	    (*ours, "api", "GET", "/v1/kinds"), (*ours, "check"),
	    (*ours, "delete", "-y", "-f", path)):
		done = unheard(*words)
		assert done.returncode == 74, (words, done)
		assert done.stderr.count("standard output: ") == 1, (words, done)
	# It did what it was told all the same, up to the first that was not heard.
	assert [d["metadata"]["name"] for d in control.get("services")["items"]] == \
	    ["web"]
	# What failed for a reason of its own keeps its code.
	assert unheard(*ours, "get", "nix").returncode == 64


@scenario
def workloads_without_sidecar_come_and_go(scene):
	control = scene.control()
	early = ("register", "kv-1", "--service", "kv", "--address", "10.0.0.9")
	against(control, *early, "--dry-run", err="no Service default/kv yet; next: ")
	against(control, *early, out="kv-1 created", err="no Service default/kv yet")
	control.apply(document("kv"))
	against(control, *early, out="kv-1 unchanged",
	    err='kv does not allow plain text; next: .*mesh/plaintext: "true"')
	against(control, "deregister", "kv-1", "--yes", out="deleted")
	control.apply(document("db", extra=', annotations: {mesh/plaintext: "true"}'))
	words = ("register", "db-1", "--service", "db", "--address", "10.0.0.9",
	    "--port", "80/tcp", "--label", "a=b")
	shown = against(control, *words, "--dry-run", "-o", "yaml").stdout
	against(control, "get", "workloads", out="", err="no workloads")
	against(control, *words, out=r"\Aworkload/db-1 created\n", err="")
	against(control, "apply", "-f", "-", stdin=shown, out="db-1 unchanged")
	against(control, "workloads", out=r"^db-1 +db +10.0.0.9 ")
	against(control, "endpoints", "db", out=r"10.0.0.9 +80 +default/db-1 +- +Online")
	against(control, "services", out=r"^db +80/")
	against(control, "register", "x", "--service", "db", "--address", "10.0.0.9",
	    "--port", "many", code=64, err="--port")
	against(control, "deregister", "db-1", code=64, err="deregister workload db-1"
	    ".*--yes")
	against(control, "deregister", "db-1", "--yes", out="workload/db-1 deleted")
	against(control, "deregister", "db-1", "-y", code=1, err="not found")
	against(control, "endpoints", "nix", code=1, err="not found")
	against(control, "endpoints", "db", out="",
	    err="no workload serves default/db; next: mesh ctl token create")
	assert json.loads(against(control, "endpoints", "db", "-o", "json",
	    err="").stdout) == []
	control.apply(document("web").replace("spec: {",
	    "spec: {selector: {app: web}, "))
	against(control, "endpoints", "web", out="",
	    err=r'has the labels that the Service selects, \{"app":"web"\}')


def online(name):
	"""A service with somebody who answers."""
	return document(name, extra=', annotations: {mesh/plaintext: "true"}') + \
	    "---\napiVersion: mesh/v1\nkind: Workload\n" \
	    f"metadata: {{name: {name}-1}}\n" \
	    f"spec: {{services: [{name}], address: 10.0.0.9, sidecar: false}}\n"


def backends(control, route, rule=0):
	"""{name: weight} of a rule, as control keeps it."""
	rules = control.get("httproute", route)["spec"]["rules"]
	return {ref["name"]: ref["weight"] for ref in rules[rule]["backendRefs"]}


@scenario
def split_writes_the_route(scene):
	control = scene.control()
	control.apply("".join(map(online, ("web", "web-v1", "web-v2"))))
	words = ("split", "web", "web-v1=90", "web-v2=10")
	shown = against(control, *words, "--dry-run",
	    err=r"\Ahttproute/web created \(dry run\)\n\Z").stdout
	against(control, "get", "httproutes", out="", err="no httproutes")
	against(control, *words, out=r"\Ahttproute/web created\nBACKEND +BEFORE +"
	    r"AFTER\nweb-v1:80 +- +90 \(90.0%\)\nweb-v2:80 +- +10 \(10.0%\)\n\Z",
	    err="")
	assert backends(control, "web") == {"web-v1": 90, "web-v2": 10}
	# Twice is once, and the document shown is the one that was written.
	against(control, *words, out=r"\Ahttproute/web unchanged\n")
	against(control, "apply", "-f", "-", stdin=shown, out="web unchanged")
	against(control, "split", "web", "web-v1=0", "web=1", out=r"web-v1:80 +90 "
	    r"\(90.0%\) +0 \(0.0%\)\nweb:80 +- +1 \(100.0%\)\n"
	    r"web-v2:80 +10 \(10.0%\) +-\n\Z")
	assert backends(control, "web") == {"web-v1": 0, "web": 1}
	# It is written on the revision that was read, or not at all.
	read = control.get("httproute", "web")["metadata"]["resourceVersion"]
	said = json.loads(against(control, *words, "-o", "json", "-v",
	    err=rf"^PUT \S*/default/web\?expected-revision={read} of").stdout)
	assert said["metadata"]["name"] == "web", said


ROUTES = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: NAME}
spec:
  parentRefs: [{group: "", kind: Service, name: web, port: PORT}]
  rules:
  - name: debug
    matches: [{path: {value: /v2}, headers: [{name: X-Canary, value: "1"}]}]
    backendRefs: [{name: web-v2, port: 80}]
  - backendRefs:
    - name: web-v1
      port: 80
      filters:
      - type: RequestHeaderModifier
        requestHeaderModifier: {remove: [x-secret]}
"""


@scenario
def split_changes_one_rule_and_keeps_the_rest(scene):
	control = scene.control()
	two = ", {name: admin, port: 81}]"
	control.apply(document("web").replace("]", two) +
	    document("web-v1").replace("]", two) + document("web-v2") +
	    ROUTES.replace("NAME", "mine").replace("PORT", "80"))
	words = ("split", "web", "web-v1=3", "web-v2=1")
	against(control, *words, out=r"\Ahttproute/mine configured\n")
	assert backends(control, "mine", 1) == {"web-v1": 3, "web-v2": 1}
	rules = control.get("httproute", "mine")["spec"]["rules"]
	assert rules[0]["backendRefs"] == [{"name": "web-v2", "port": 80}], rules
	assert rules[1]["backendRefs"][0]["filters"], rules
	# The other port has no route yet; there the port of backends is not clear.
	against(control, "split", "web:81", "web-v1=1", "--route", "admin",
	    out="httproute/admin created\n(.*\n)*web-v1:81 ")
	against(control, *words, code=64, out="",
	    err="several HTTPRoutes .*: admin, mine; say which with --route")
	against(control, *words, "--route", "mine", out="mine unchanged")
	against(control, "split", "web:81", "web-v1=1", "--route", "mine", code=64,
	    err="hangs on something else")


@scenario
def split_refuses_what_cannot_be(scene):
	control = scene.control()
	control.apply(document("web") + document("web-v1"))
	for words, code, err in (
	    (["web", "web-v1"], 64, "NAME=WEIGHT"),
	    (["web", "web-v1=1000001"], 64, "0 to 1000000"),
	    (["web", "web-v1=-1"], 64, "0 to 1000000"),
	    (["web", "web-v1=0"], 64, "every weight is 0"),
	    (["web", "web-v1=1", "web-v1=2"], 64, "stands twice"),
	    (["web:0", "web-v1=1"], 64, "port"),
	    (["nix", "web-v1=1"], 1, "default/nix not found"),
	    (["web", "web-v1=1", "shop/v3=1"], 1, "shop/v3 not found"),
	    (["web", "web-v1:81=1"], 1, "default/web-v1 has no port 81"),
	    (["web:81", "web-v1=1"], 1, "default/web has no port 81"),
	    (["web", *(f"b{i}=1" for i in range(17))], 64, "at most 16")):
		against(control, "split", *words, code=code, out="", err=err)
	against(control, "get", "httproutes", err="no httproutes")
	# This can be, and is worth a word: whoever gets nothing needs nobody.
	control.apply(document("web-v2"))
	warned = against(control, "split", "web", "web-v1=1", "web-v2=0",
	    out="web created").stderr
	assert re.fullmatch("warning: no endpoint of default/web-v1 is online; "
	    "its share of the requests fails until one is\n", warned), warned


MORE_RULES = """\
  - name: moved
    matches: [{path: {type: Exact, value: /old}, method: GET}]
    filters:
    - type: RequestRedirect
      requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /new}}
  - name: api
    matches:
    - {path: {value: /api}, queryParams: [{name: q, value: "a b"}]}
    timeouts: {request: 10s, backendRequest: 2s}
    retry: {attempts: 3, codes: [500, 503], backoff: 100ms}
    filters:
    - type: URLRewrite
      urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}
    backendRefs:
    - {name: web-v1, port: 80, weight: 3}
    - {name: web-v2, port: 80}
"""


@scenario
def apply_warns_of_references_to_nothing_with_their_place(scene):
	control = scene.control()
	control.apply(document("web"))
	path = scene.file("new.yaml", ROUTES.replace("NAME", "mine").replace("PORT",
	    "80") + document("web-v1"))
	against(control, "apply", "-f", path, out="httproute/mine created",
	    err=r"\Awarning: .*new\.yaml:\d+:\d+: spec\.rules\[\d\]\.backendRefs"
	    r"\[0\]: there is no Service web-v2\n\Z")
	# What is there by now is no warning any more.
	control.apply(document("web-v2"))
	against(control, "apply", "-f", path, err="")


@scenario
def route_says_who_wins_and_why_others_lose(scene):
	path = scene.file("shop.yaml", document("web") + document("web-v1") +
	    document("web-v2") + ROUTES.replace("NAME", "mine").replace("PORT",
	    "80") + MORE_RULES)

	def route(*args, code=0, out=None, err=""):
		return expect(ctl(scene, "route", "web", "-f", path, *args), code,
		    out, err).stdout
	route(out=r"^Wins: +HTTPRoute default/mine, rules\[1\].matches\[0\]$")
	said = route("--path", "/v2/x", "-H", "x-canary: 1",
	    out=r"^Wins: .*rules\[0\] \(debug\)")
	assert re.search(r"^Backend: +web-v2:80 weight 1, 100.0%$", said, re.M), said
	assert re.search(r"^default/mine +1 +0 +its path is shorter +PathPrefix /$",
	    said, re.M), said
	assert re.search(r"^default/mine +2 +0 +its path does not match ", said,
	    re.M), said
	route("--path", "/v2", out=r"^default/mine +0 +0 +a header does not match: "
	    "x-canary ")
	# The path is what proxies make of it.
	route("--path", "/v2/../x/./../v2/", "-H", "X-CANARY=1", out=r"\(debug\)")
	route("--path", "/%2e", out=r"^Request: +GET / to default/web port 80")
	route("--path", "/a%2fb", code=64, out="", err="proxies refuse .* with 400")
	said = route("--path", "/api/x", "--query", "q=a b",
	    out=r"^Rewritten: +/x$")
	for line in (r"Backend: +web-v1:80 weight 3, 75.0%", r"Filters: +URLRewrite",
	    r"Timeouts: +request 10s, each try 2s",
	    r"Retried: +3 times after status 500, 503, each at least 100ms later"):
		assert re.search(f"^{line}$", said, re.M), (line, said)
	route("--path", "/api/x?q=a+b", out=r"\(api\)")
	route("--path", "/old", "--host", "shop.example",
	    out=r"^Redirected: +302, http://shop.example/new$")
	route("--method", "POST", "--path", "/old", out="its method is another")
	winner = json.loads(route("--path", "/api?q=a%20b", "-o", "json"))["winner"]
	assert winner["name"] == "api" and winner["rule"] == 3, winner
	assert winner["backends"][1] == {"backend": "web-v2:80", "weight": 1,
	    "share": "25.0%"}, winner
	assert winner["document"]["retry"]["attempts"] == 3, winner


@scenario
def route_without_a_winner_is_1(scene):
	path = scene.file("shop.yaml", document("web") + ROUTES.replace("NAME",
	    "mine").replace("PORT", "80").replace("  - backendRefs:",
	    "  - matches: [{path: {type: RegularExpression, value: '/(a'}}]\n"
	    "    backendRefs:"))
	done = expect(ctl(scene, "route", "web", "-f", path, "--path", "/other"), 1,
	    "^Wins: +nobody: answered 404$", "")
	assert re.search(r"^Problem: +HTTPRoute default/mine: BackendNotFound: there "
	    "is no Service web-v2 with port 80$", done.stdout, re.M), done.stdout
	assert re.search(r"^Problem: .*Dropped Rule: 1 of 2 .*rules\[1\]",
	    done.stdout, re.M), done.stdout
	said = json.loads(expect(ctl(scene, "route", "web", "-f", path, "--path",
	    "/other", "-o", "json"), 1).stdout)
	assert said["winner"] is None and len(said["problems"]) == 2, said
	scene.file("bare.yaml", document("web"))
	expect(ctl(scene, "route", "web", "-f", "bare.yaml"), 0,
	    "no route hangs on it", "")
	for method, code, err in (("TRACE", 64, "refuse TRACE with 405"),
	    ("FOO", 0, "refuse FOO with 501, unless"), ("PROPFIND", 0, "")):
		expect(ctl(scene, "route", "web", "-f", "bare.yaml", "--method",
		    method), code, err=err)
	expect(ctl(scene, "route", "api", "-f", "bare.yaml"), 1, "",
	    "Service default/api is not in the files")
	for words, err in ((["--path", "x"], "--path"), (["-H", "x"], "--header"),
	    (["--query", "=x"], "--query"), (["--method", "a b"], "--method"),
	    (["--from", "a/b/c"], "--from")):
		expect(ctl(scene, "route", "web", "-f", path, *words), 64, "", err)


@scenario
def route_asks_control_and_knows_consumers(scene):
	control = scene.control()
	control.apply("".join(map(document, ("web", "web-v1", "web-v2"))) +
	    document("cart", extra=", namespace: shop") +
	    ROUTES.replace("NAME", "mine").replace("PORT", "80"))
	consumer = ROUTES.replace("{name: NAME}", "{name: theirs, namespace: shop}") \
	    .replace("name: web, port: PORT", "name: web, namespace: default") \
	    .replace("name: web-", "namespace: default, name: web-", 1) \
	    .replace("    - name: web-v1", "    - namespace: default\n"
	    "      name: web-v1")
	control.apply(consumer)
	against(control, "route", "web", "-o", "name",
	    out=r"\Ahttproute/mine\n\Z", err="")
	against(control, "route", "web", "--from", "shop/cart", "-o", "name",
	    out=r"\Ahttproute/theirs\n\Z", err="")
	against(control, "route", "default/web", "-n", "shop",
	    out="^Backend: +default/web-v1:80 ", err="")
	against(control, "route", "web", "--from", "shop/nobody", code=1, out="",
	    err="no Workload or Service shop/nobody")
	against(control, "route", "web:81", code=1, out="", err="no port 81")
	# What is split is what is seen.
	against(control, "split", "web", "web-v1=3", "web-v2=1")
	against(control, "route", "web", out=r"^Backend: +web-v2:80 weight 1, 25.0%$")


POLICY = """\
---
apiVersion: mesh/v1
kind: RateLimit
metadata: {name: gentle}
spec: {targetRefs: [{name: web}], limits: [{requests: 5, per: 1s}]}
"""


@scenario
def describe_service_shows_all_around_it(scene):
	control = scene.control()
	control.apply(document("web") + document("api"))
	bare = against(control, "describe", "service", "web", err="").stdout
	for line in ("Routes: +none", "Policies: +none", "Endpoints: +none",
	    "Problem: +Service default/web: no endpoint is online"):
		assert re.search(f"^{line}$", bare, re.M), (line, bare)
	control.apply(document("web-v1", extra=', annotations: {mesh/plaintext: '
	    '"true"}') + ROUTES.replace("NAME", "mine").replace("PORT", "80") +
	    POLICY + POLICY.replace("name: web", "name: api").replace("gentle",
	    "other"))
	said = against(control, "describe", "service", "web", err="").stdout
	for line in (
	    r"HTTPRoute +default/mine +debug +80 +all +\* +web-v2:80=1 +PathPrefix /v2, "
	    "header X-Canary=1",
	    r"HTTPRoute +default/mine +1 +80 +all +\* +web-v1:80=1 +PathPrefix /",
	    "RateLimit +gentle +all +limits",
	    "Problem: +HTTPRoute default/mine: .*BackendNotFound: .*web-v2.*",
	    "Problem: +HTTPRoute default/mine: backend web-v1:80: no endpoint is "
	    "online"):
		assert re.search(f"^{line}$", said, re.M), (line, said)
	# Its routes take all requests elsewhere.
	assert "Service default/web: no endpoint" not in said, said
	assert "other" not in said and "Backend of" not in said, said
	against(control, "register", "one", "--service", "web-v1", "--address",
	    "10.0.0.9")
	said = against(control, "describe", "service", "web-v1", err="").stdout
	for line in (r"Routes: +none", r"HTTPRoute +default/mine +1 +80 +1 +100.0%",
	    r" *80 +http +10.0.0.9 +80 +default/one +- +Online.*", "Problems: +none"):
		assert re.search(f"^{line}$", said, re.M), (line, said)


def access(kind, name, spec, namespace="default"):
	return ("---\napiVersion: security.istio.io/v1\n"
	    f"kind: {kind}\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
	    f"spec: {spec}\n")


@scenario
def describe_service_shows_who_may_call_it(scene):
	control = scene.control()
	rules = "rules: [{}]"
	control.apply(document("web") + document("api") +
	    access("AuthorizationPolicy", "named", "{action: DENY, targetRefs: "
	        f"[{{group: '', kind: Service, name: web}}], {rules}}}") +
	    access("AuthorizationPolicy", "labels", "{selector: {matchLabels: "
	        f"{{app: web}}}}, {rules}}}") +
	    access("AuthorizationPolicy", "mesh", f"{{{rules}}}", "mesh-system") +
	    access("AuthorizationPolicy", "far", f"{{{rules}}}", "elsewhere") +
	    access("RequestAuthentication", "tokens", "{jwtRules: [{issuer: "
	        "'https://a.example'}]}") +
	    access("PeerAuthentication", "mode", "{mtls: {mode: STRICT}}"))
	against(control, "register", "one", "--service", "web", "--address",
	    "10.0.0.9", "--label", "app=web")
	shown = against(control, "describe", "service", "web").stdout
	for line in ("AuthorizationPolicy +named +all +ACTION DENY, .*RULES 1",
	    "AuthorizationPolicy +labels +all +ACTION ALLOW, .*RULES 1",
	    "AuthorizationPolicy +mesh-system/mesh +all +ACTION ALLOW, .*",
	    "RequestAuthentication +tokens +all +.*https://a.example",
	    "PeerAuthentication +mode +all +MODE STRICT.*"):
		assert re.search(f"^ *{line}$", shown, re.M), (line, shown)
	assert "far" not in shown, shown
	# Nobody with the label is behind the other.
	shown = against(control, "describe", "service", "api").stdout
	assert "PeerAuthentication" in shown and "/mesh " in shown, shown
	assert "named" not in shown and "labels" not in shown, shown


@scenario
def describe_service_warns_of_what_is_likely_a_mistake(scene):
	control = scene.control()
	control.apply(document("web") + ROUTES.replace("NAME", "mine").replace(
	    "PORT", "80").replace("      port: 80\n", "      port: 80\n"
	    "      weight: 0\n"))
	against(control, "describe", "service", "web",
	    out=r"^Problem: +HTTPRoute default/mine: spec\.rules\[1\].*weight")
	# A service elsewhere that has nothing to do with it is not described.
	control.apply(document("api"))
	said = against(control, "describe", "service", "api").stdout
	assert "mine" not in said, said


def manual_lines(word):
	"""The examples of a command in its manual."""
	text = (ROOT / "man/mesh-ctl.1").read_text()
	return re.findall(rf"^mesh ctl ({word} .*)$", text, re.M)


@scenario
def blue_and_green_change_places_as_the_manual_says(scene):
	control = scene.control()
	control.apply("".join(map(document, ("web", "web-blue", "web-green",
	    "web-v1", "web-v2"))))
	lines = [line.split() for line in manual_lines("split")]
	flips = [line for line in lines if "web-green" in " ".join(line)]
	assert len(lines) >= 4 and len(flips) == 2, lines
	for words, green in zip(flips, (1, 0)):
		against(control, *words)
		assert backends(control, "web") == {"web-green": green,
		    "web-blue": 1 - green}
		said = against(control, "route", "web").stdout
		assert re.search(rf"web-green:80 weight {green}, {green}00.0%" if green
		    else r"web-green:80 weight 0, 0.0%", said), said
	for words in lines:
		against(control, *words)


LIKE = """\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: many, namespace: default}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
  - matches: [{path: {value: /a}}, {path: {value: /long/er}, method: PUT}]
    backendRefs: [{name: v1, port: 80}]
  - matches: [{path: {value: /a}, method: GET}]
    backendRefs: [{name: v2, port: 80}]
  - matches: [{path: {type: Exact, value: /a/b}}]
    backendRefs: [{name: v3, port: 80}]
  - matches:
    - path: {value: /a}
      headers: [{name: x-a, type: RegularExpression, value: "1+"}]
    - path: {type: RegularExpression, value: "/r/[0-9]+"}
      queryParams: [{name: q, value: x y}]
    backendRefs: [{name: v4, port: 80}]
"""


@scenario
def a_split_moves_the_traffic_of_a_mesh_and_loses_none(scene):
	control = scene.control()
	control.apply(document("web"))
	proxies = []
	for name in ("blue", "green"):
		app = scene.backend(b"HTTP/1.1 200 OK\r\ncontent-length: "
		    b"%d\r\n\r\n" % len(name) + name.encode())
		proxies.append(scene.proxy(f"{name}-1", control=control,
		    service=f"default/{name}", apps=[f"80=127.0.0.1:{app.port}/http"]))
	caller = scene.proxy("caller-1", control=control,
	    service="default/caller", upstreams={"web": "default/web:80"},
	    apps=[f"80=127.0.0.1:{app.port}/http"])
	for proxy in (*proxies, caller):
		proxy.await_ready()

	def who():
		return get(caller.upstream["web"]).body.decode()

	def answers_with(expected):
		reply = get(caller.upstream["web"])
		assert reply.status == 200, reply.status
		return reply.body.decode() == expected
	for name in ("blue", "green"):
		wait_until(lambda name=name: json.loads(control.ctl("endpoints", name,
		    "-o", "json").stdout)[0]["state"] == "Online", f"{name} is online")
	against(control, "split", "web", "blue=1", "green=0", err="")
	wait_until(lambda: who() == "blue", "blue gets the traffic")
	for green, expected in ((1, "green"), (0, "blue"), (1, "green")):
		against(control, "split", "web", f"blue={1 - green}", f"green={green}",
		    err="")
		wait_until(lambda expected=expected: all(answers_with(expected)
		    for _ in range(20)), f"{expected} gets the traffic")
	against(control, "split", "web", "blue=3", "green=1")
	wait_until(lambda: sum(answers_with("blue") for _ in range(80)) == 60,
	    "three of four go to blue")


@scenario
def route_says_what_a_proxy_does(scene):
	names = ("v1", "v2", "v3", "v4")
	edge = Edge(scene, scene.backend(b"HTTP/1.1 204 No Content\r\n\r\n"))
	for name in names:
		edge.set(name, scene.backend(b"HTTP/1.1 200 OK\r\ncontent-length: 2"
		    b"\r\n\r\n" + name.encode()))
	edge.write("many", LIKE)
	wait_until(lambda: get(edge.port, "/a").body == b"v2", "the route is there")
	asked = [(method, path, fields) for method in ("GET", "PUT")
	    for path in ("/", "/a", "/ab", "/a/", "/a/b", "/x/../a//b", "/a/b/c",
	        "/long/er/x", "/r/7", "/r/7?q=x+y", "/r/7x?q=x%20y", "/%61")
	    for fields in ({}, {"X-A": "11"}, {"x-a": "2"})]
	answers = set()
	for method, path, fields in asked:
		headers = [word for name, value in fields.items()
		    for word in ("-H", f"{name}: {value}")]
		done = ctl(scene, "route", "web", "-f", edge.config, "--path", path,
		    "--method", method, "-o", "json", *headers)
		winner = json.loads(done.stdout)["winner"]
		said = winner["backends"][0]["backend"].split(":")[0] if winner \
		    else "404"
		reply = get(edge.port, path, method=method, fields=fields)
		did = reply.text() if reply.status == 200 else str(reply.status)
		assert said == did, (method, path, fields, said, did)
		assert done.returncode == (0 if winner else 1), done.stderr
		answers.add(did)
	assert answers == {*names, "404"}, answers


@scenario
def tokens_are_shown_once_and_can_be_revoked(scene):
	control = scene.control()
	against(control, "token", "create", code=64, err="--service")
	done = against(control, "token", "create", "--service", "web",
	    out=r"\Amesh1\.[\w-]{43}\.[0-9a-f]{16}\.[\w-]{43}\n\Z")
	secret = done.stdout.strip().rsplit(".", 1)[1]
	assert secret not in done.stderr
	path = scene.dir / "web.token"
	against(control, "token", "create", "--service", "shop/web", "--out", path,
	    out="")
	assert path.stat().st_mode & 0o777 == 0o600
	# Another's token is not lost to a second one, nor is one made in vain.
	kept = path.read_text()
	again = ("token", "create", "--service", "shop/web", "--out", path)
	against(control, *again, code=64, out="", err="web.token exists already.*--yes")
	assert path.read_text() == kept
	path.chmod(0o644)
	against(control, *again, "--yes", out="")
	assert path.read_text() != kept
	assert path.stat().st_mode & 0o777 == 0o600
	listed = against(control, "token", "list", "-o", "json").stdout
	assert len(json.loads(listed)) == 3, listed
	assert secret not in listed
	tokens = json.loads(listed)
	assert {t["service"] for t in tokens} == {"default/web", "shop/web"}, tokens
	for token in tokens:
		against(control, "token", "revoke", token["id"], "-y", out="revoked")
	against(control, "token", "revoke", tokens[0]["id"], "-y", code=1, err="no token")


# What was typed, and what the fault calls it.
MISTYPED = (
	("--service", "token create --service X"),
	("--service", "token create --service a/b/c"),
	("--service", "token create --service x/"),
	("--service", "-A token create --service x"),
	("--ttl", "token create --service x --ttl soon"),
	("--workload", "token create --service x --workload X"),
	("--service-account", "token create --service x --service-account X"),
	("--service", "register db-1 --service X --address 10.0.0.9"),
	("--address", "register db-1 --service db --address a_b"),
	("NAME", "register DB --service db --address 10.0.0.9"),
	("--zone", "register db-1 --service db --address 10.0.0.9 --zone ?"),
	("--label", "register db-1 --service db --address 10.0.0.9 --label ?=c"),
	("--ttl", "operator create anna --out-dir o --ttl soon"),
	("--control", "operator create anna --out-dir o --control a:b"),
	("--port", "register db-1 --service db --address 10.0.0.9 --port 80/x"),
	("SERVICE", "endpoints a/b/c"),
	("WORKLOAD", "proxy config a/b/c"),
	("--namespace", "-n X get services"),
)


@scenario
def a_word_that_cannot_be_is_misuse_of_its_option(scene):
	control = scene.control()
	for name, line in MISTYPED:
		try:
			against(control, *line.split(), code=64, out="",
			    err=rf"\Amesh ctl: {name}: .*\n.*--help")
		except AssertionError as error:
			raise AssertionError(f"{line}: {error}") from None
	assert control.get("workloads")["items"] == []


@scenario
def an_operator_gives_orders_over_the_network(scene):
	control = scene.control()
	home = {"XDG_CONFIG_HOME": str(scene.dir / "cfg")}
	folder = scene.dir / "cfg/mesh"
	control.apply(document("web"))
	against(control, "operator", "create", "anna", "--out-dir", folder,
	    "--control", control.api, out=r"\Aoperator/anna created\n")
	assert (folder / "operator.key").stat().st_mode & 0o777 == 0o600
	against(control, "operator", "create", "anna", "--out-dir", folder, code=64)
	against(control, "operator", "create", "anna", "--out-dir",
	    scene.dir / "again", code=65, err="already")
	expect(ctl(scene, "get", "services", env=home), 0, "^web ", "")
	expect(ctl(scene, "check", env=home), 0,
	    r"^\u221a validity of the operator's certificate", "")
	against(control, "operator", "create", "bob", "--out-dir", scene.dir / "bob",
	    "--control", "10.0.0.1", out="bob created")
	assert (scene.dir / "bob/config.yaml").read_text() == \
	    "server: 10.0.0.1:7700\n"
	(folder / "operator.key").chmod(0o644)
	expect(ctl(scene, "get", "services", env=home), 78, "", "chmod 600")
	(folder / "operator.key").chmod(0o600)
	audit = json.loads(against(control, "audit", "-o", "json").stdout)
	assert "operator.create" in {e["action"] for e in audit}, audit
	against(control, "operator", "revoke", "anna", "--yes", out="anna revoked")
	expect(ctl(scene, "get", "services", env=home), 77, "", "operator/anna")


@scenario
def without_certificate_nobody_gives_orders(scene):
	control = scene.control()
	expect(ctl(scene, "-s", control.api, "get", "services"), 78, "", "bundle")
	expect(ctl(scene, "get", "services", "--socket", scene.dir / "none.sock"), 69,
	    "", "no control runs here")
	expect(ctl(scene, "-s", "127.0.0.1", "get", "services",
	    "--ca-file", "x", "--cert-file", "x", "--key-file", "x"), 64, "",
	    "HOST:PORT")


@scenario
def a_control_of_another_mesh_is_refused(scene):
	ours, other = scene.control(), scene.control(name="other")
	home = {"XDG_CONFIG_HOME": str(scene.dir / "cfg")}
	against(ours, "operator", "create", "anna", "--out-dir",
	    scene.dir / "cfg/mesh", "--control", other.api)
	expect(ctl(scene, "get", "services", env=home), 77, "", other.api)
	expect(ctl(scene, "-s", ours.api, "get", "services", env=home), 0, "", None)
	# What answers there is no TLS at all.
	expect(ctl(scene, "-s", f"127.0.0.1:{ours.admin_port}", "get", "services",
	    env=home), 2, "", "TLS")


@scenario
def a_backup_restores(scene):
	control = scene.control()
	control.apply(document("web"))
	secret = scene.file("secret", "correct horse battery staple\n")
	path = scene.dir / "mesh.backup"
	secret.chmod(0o644)
	expect(ctl(scene, "-s", f"unix:{control.socket}", "backup", "create", path,
	    "--passphrase-file", secret), 78, "", "others can read it; chmod 600")
	secret.chmod(0o600)
	against(control, "backup", "create", path, "--passphrase-file", secret, out="")
	assert path.stat().st_mode & 0o777 == 0o600
	assert b"default/web" not in path.read_bytes()
	against(control, "backup", "create", path, "--passphrase-file", secret,
	    code=64, err="already")
	control.stop()
	expect(ctl(scene, "backup", "restore", path, "--data-dir", "new",
	    "--passphrase-file", secret), 0)
	expect(ctl(scene, "backup", "restore", "nowhere", "--data-dir", "other",
	    "--passphrase-file", secret), 66, "", "nowhere")
	wrong = scene.file("wrong", "incorrect horse battery staple\n")
	assert ctl(scene, "backup", "restore", path, "--data-dir", "third",
	    "--passphrase-file", wrong).returncode != 0
	again = scene.control(name="new")
	assert [d["metadata"]["name"] for d in again.get("services")["items"]] == \
	    ["web"]


@scenario
def audit_and_ca_and_health_answer(scene):
	control = scene.control()
	control.apply(document("web"))
	against(control, "audit", out=r"document\.put +\S*web")
	against(control, "audit", "--verify", out="whole")
	last = json.loads(against(control, "audit", "-o", "json").stdout)[-1]["seq"]
	assert json.loads(against(control, "audit", "--since", last, "-o",
	    "json").stdout) == []
	facts = json.loads(against(control, "ca", "show", "-o", "json").stdout)
	assert facts["trustDomain"] == "mesh.internal", facts
	scene.file("bundle.pem", against(control, "ca", "export-bundle").stdout)
	expect(ctl(scene, "cert", "show", "bundle.pem"), 0, "ca +yes")
	keys = json.loads(against(control, "ca", "export-bundle", "--format",
	    "spiffe").stdout)
	assert keys["keys"][0]["use"] == "x509-svid", keys
	admin = f"127.0.0.1:{control.admin_port}"
	expect(ctl(scene, "health", "--admin", admin), 0, r"\Ahealthy", "")
	expect(ctl(scene, "health", "--admin", admin, "--live", "--ready"), 64)
	control.stop()
	expect(ctl(scene, "health", "--admin", admin), 1, r"\Aunhealthy: ", "")


class Answering(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
	daemon_threads = True


@contextlib.contextmanager
def control_that_says(scene, answers):
	"""A control of canned answers by path; anything else is 404."""
	class Handler(http.server.BaseHTTPRequestHandler):
		protocol_version = "HTTP/1.1"

		def do_GET(self):
			answer = answers.get(self.path)
			body = json.dumps(answer or {}).encode()
			self.send_response(404 if answer is None else 200)
			self.send_header("content-type", "application/json")
			self.send_header("content-length", str(len(body)))
			self.end_headers()
			self.wfile.write(body)

		def log_message(self, *_):
			pass
	path = scene.dir / "canned.sock"
	with Answering(str(path), Handler) as server:
		thread = threading.Thread(target=server.serve_forever, daemon=True)
		thread.start()
		try:
			yield path
		finally:
			server.shutdown()
			thread.join()
			path.unlink()


def checked(scene, health=None, proxies=(), services=()):
	"""What check makes of that: its exit code, and {text: its line}."""
	with control_that_says(scene, {
		"/v1/health": {"status": "ok", **(health or {})},
		"/v1/audit/verify": {"ok": True}, "/v1/ca": {"roots": []},
		"/v1/proxies": {"items": list(proxies)},
		"/v1/services": {"items": list(services)}}) as path:
		done = ctl(scene, "check", "-o", "json", "--socket", path)
	return done.returncode, {line["description"]: line
	    for part in json.loads(done.stdout)["categories"]
	    for line in part["checks"]}


@scenario
def check_sees_a_full_disk(scene):
	room = "room on control's disk"
	for free, code, result in ((1 << 40, 0, "success"), (255 << 20, 0, "warning"),
	    (15 << 20, 1, "error"), (0, 1, "error")):
		got, lines = checked(scene, {"stateFreeBytes": free})
		assert (got, lines[room]["result"]) == (code, result), (free, lines)
		assert result == "success" or \
		    f"{free >> 20} MiB are free" in lines[room]["error"], lines
	assert room not in checked(scene)[1]
	control = scene.control()
	said = json.loads(against(control, "api", "GET", "/v1/health").stdout)
	disk = os.statvfs(scene.dir)
	assert 0 < said["stateFreeBytes"] <= disk.f_blocks * disk.f_frsize, said


@scenario
def check_says_what_is_wrong_with_a_sidecar(scene):
	for state, word in (("stale", "not acknowledged"), ("rejected", "is rejected"),
	    ("differs", "differs from what control sent"),
	    ("connecting", "no documents yet")):
		_, lines = checked(scene, proxies=[{"name": "default/web-1",
		    "state": state, "workloadState": "Online"}])
		assert word in lines["what default/web-1 runs"]["error"], lines
	_, lines = checked(scene, proxies=[{"name": "default/web-1",
	    "state": "synced", "workloadState": "Online"}])
	assert "the only sidecar is well" in lines, lines


@scenario
def check_says_what_is_wrong(scene):
	control = scene.control()
	said = json.loads(against(control, "check", "-o", "json").stdout)
	assert said["success"] is True, said
	assert [c["categoryName"] for c in said["categories"]] == ["control",
	    "identities", "sidecars", "services", "protocols", "policies",
	    "plain text"], said
	against(control, "check", out="^\u221a no sidecar is connected$")
	control.apply(document("web"))
	# A warning fails nothing.
	against(control, "check", out=r"^\u203c endpoints of default/web\n.*\n"
	    "    hint: mesh ctl endpoints default/web says why$")
	control.stop()
	against(control, "check", code=1, out=r"^\u00d7 control's answer$")


@scenario
def raw_answers_come_as_they_are(scene):
	control = scene.control()
	kinds = json.loads(against(control, "api", "GET", "/v1/kinds").stdout)
	assert "services" in {kind["plural"] for kind in kinds}, kinds
	against(control, "api", "GET", "/v1/nix", code=1, out='"kind":"not-found"',
	    err="nothing at /v1/nix")
	against(control, "api", "FOO", "/v1/kinds", code=64, err="this method")
	against(control, "api", "PATCH", "/v1/kinds", code=64, err="method")
	body = scene.file("body.json", json.dumps({"items": [{"apiVersion": "v1",
	    "kind": "Namespace", "metadata": {"name": "shop"}}]}))
	against(control, "api", "POST", "/v1/apply", "-f", body, out="created")
	against(control, "-v", "get", "ns", out="^shop ", err="^GET /v1/documents/")


# What control says, and the exit code that makes of it.
ANSWERS = (
	(404, "not-found", 1), (400, "data", 65), (413, "too-large", 65),
	(409, "conflict", 75), (403, "denied", 77), (503, "unavailable", 69),
	(500, "internal", 70), (500, "system", 2), (401, None, 77), (502, None, 70),
	(405, "usage", 64), (405, None, 64), (501, None, 64),
)


@scenario
def refusals_have_their_exit_codes(scene):
	def answer(status, kind):
		body = json.dumps({"error": {"kind": kind, "message": "a\x1b[31m reason"}}
		    if kind else {})
		return f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n\r\n" \
		    f"{body}".encode()
	for status, kind, code in ANSWERS:
		with unix_server(scene, answer(status, kind)) as path:
			done = ctl(scene, "get", "services", "--socket", path)
		expect(done, code, "", "reason" if kind else str(status))
		assert "\x1b" not in done.stderr, done.stderr


@scenario
def an_answer_that_is_none_is_2(scene):
	for text, code in ((b"SSH-2.0-x\r\n", 2), (b"", 69),
	    (b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{", 69),
	    (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{]", 2),
	    (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", 2)):
		with unix_server(scene, text) as path:
			expect(ctl(scene, "get", "services", "--socket", path), code, "",
			    "^mesh ctl: ")


def told(scene, answer, *args):
	"""What ctl makes of one answer of control."""
	body = json.dumps(answer).encode()
	with unix_server(scene, b"HTTP/1.1 200 OK\r\ncontent-type: application/json"
	    b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body) as path:
		return ctl(scene, *args, "--socket", path)


TRAFFIC = {"services": [
	{"source": "default/web", "destination": "default/orders", "requests": 200,
	    "success": 199, "p50": 1.26, "p95": 12.0, "p99": 12345.6,
	    "window": 50.0},
	{"source": "shop/cart", "destination": "default/orders", "requests": 1,
	    "success": 0, "window": 50.0},
	{"source": "shop/cart", "destination": "shop/pay", "requests": 7,
	    "success": 7, "p50": 1, "p95": 1, "p99": 1, "window": 50.0},
]}


@scenario
def stat_is_a_table_for_people_and_figures_for_scripts(scene):
	done = expect(told(scene, TRAFFIC, "stat"), 0, err="")
	assert [line.split() for line in done.stdout.splitlines()] == [
		["SOURCE", "DESTINATION", "REQUESTS", "SUCCESS", "RPS", "LATENCY_P50",
		    "LATENCY_P95", "LATENCY_P99"],
		["default/web", "default/orders", "200", "99.50%", "4.0rps", "1.3ms",
		    "12ms", "12.3s"],
		["shop/cart", "default/orders", "1", "0.00%", "0.0rps", "-", "-", "-"],
	], done.stdout
	for words, rows in ((("stat", "-A"), 3), (("stat", "web"), 1),
	    (("stat", "shop/cart"), 2), (("-n", "shop", "stat", "pay"), 1)):
		listed = json.loads(expect(told(scene, TRAFFIC, *words, "-o", "json"),
		    0).stdout)
		assert len(listed) == rows, (words, listed)
		assert all(row in TRAFFIC["services"] for row in listed), listed
	expect(told(scene, {"services": []}, "stat"), 0, "", "no traffic")


@scenario
def proxy_status_has_the_words_of_such_tables(scene):
	states = {"synced": "SYNCED", "stale": "STALE", "rejected": "REJECTED",
	    "differs": "DIFFERS", "connecting": "NOT SENT"}
	rows = [{"name": f"default/{state}", "version": "0.1.0", "state": state,
	    "lag": 3, "workloadState": "Online"} for state in states]
	done = expect(told(scene, {"items": rows}, "proxy", "status"), 0, err="")
	for line, (state, word) in zip(done.stdout.splitlines()[1:], states.items()):
		assert re.match(rf"default/{state} +0\.1\.0 +{word} +3 +- +Online +-$",
		    line), line
	same = told(scene, {"items": rows}, "proxy", "list", "-o", "json")
	assert json.loads(same.stdout) == rows, same.stdout
	expect(told(scene, {"listeners": []}, "proxy", "config", "web-1"), 0,
	    r'\A\{\n  "listeners": \[\]\n\}\n', "")


@scenario
def silence_ends_by_the_timeout(scene):
	with unix_server(scene, None) as path:
		expect(ctl(scene, "get", "services", "--socket", path, "--timeout",
		    "200ms"), 69, "", "no answer in time")


@scenario
def what_runs_and_how_it_goes_is_seen(scene):
	control = scene.control()
	apps = {name: scene.echo(name) for name in ("payments", "web")}
	proxies = {name: scene.proxy(f"{name}-1", control=control,
	    service=f"default/{name}", apps=[f"80=127.0.0.1:{app.http_port}/http"],
	    upstreams={"payments": "default/payments:80"} if name == "web" else {})
	    for name, app in apps.items()}
	for proxy in proxies.values():
		proxy.await_ready()
	web = proxies["web"]

	def rows(*args):
		return json.loads(against(control, *args, "-o", "json").stdout)

	# The first ones of a proxy count like any other.
	for _ in range(50):
		assert curl(f"http://{web.upstream['payments']}/").status == 200

	def traffic():
		seen = rows("stat", "payments")
		return seen if seen and seen[0]["requests"] >= 50 else None
	seen = wait_until(traffic, "all traffic is seen")
	assert (seen[0]["source"], seen[0]["destination"]) == ("default/web",
	    "default/payments"), seen
	assert 0 < seen[0]["success"] <= seen[0]["requests"], seen
	assert 0 < seen[0]["window"] < 70, seen
	against(control, "stat", out=r"^default/web +default/payments +\d+ "
	    r"+100\.00% +[\d.]+rps +[\d.]+ms +[\d.]+ms +[\d.]+ms$", err="")
	status = {row["name"]: row for row in rows("proxy", "status")}
	assert set(status) == {"default/payments-1", "default/web-1"}, status
	# What concerns neither of them leaves both as they are.
	control.apply("".join("---\napiVersion: v1\nkind: Service\nmetadata: "
	    f"{{name: far-{nth}}}\nspec: {{ports: [{{port: 80}}]}}\n"
	    for nth in range(3)))

	def states():
		return {(row["state"], row["lag"]) for row in rows("proxy", "status")}
	wait_until(lambda: states() == {("synced", 0)}, "both are in step")
	against(control, "check", out="^\u221a all 2 sidecars are well$")
	against(control, "workloads", out="^web-1 +web +.* Online ")
	against(control, "endpoints", "payments", out=" default/payments-1 +STRICT +Online ")
	config = rows("proxy", "config", "web-1")
	assert set(config) == {"identity", "control", "documents", "limits",
	    "proxy"}, list(config)
	assert rows("proxy", "config", "web-1", "--what", "all").keys() == \
	    config.keys()
	for part in config:
		alone = rows("proxy", "config", "web-1", "--what", part)
		assert list(alone) == [part], alone
		assert type(alone[part]) is type(config[part]), alone
	against(control, "proxy", "config", "web-1", "--what", "foo", code=1, out="",
	    err='no part "foo"; its parts are identity, control, documents, '
	    'limits, proxy$')
	against(control, "proxy", "config", "nix", "--what", "foo", code=1, out="",
	    err="no workload default/nix is connected; mesh ctl proxy status lists")
	for word in ("proxy", "config", "web"), ("endpoints", "web", "--from", "web"):
		against(control, *word, code=1, out="", err="no workload default/web ")
	against(control, "stat", "nix", code=1, out="",
	    err="Service default/nix not found")
	against(control, "stat", "far-1", out="", err="no traffic yet")
	tokens = {row["workload"]: row["state"] for row in rows("token", "list")}
	assert tokens == {"payments-1": "used", "web-1": "used"}, tokens
	# Stopping its proxy is how a workload with a sidecar leaves.
	against(control, "deregister", "web-1", "-y", code=75, out="", err="sidecar")
	expect(ctl(scene, "health", "--admin", f"127.0.0.1:{web.admin_port}"), 0)
	expect(ctl(scene, "health", "--admin", f"unix:{scene.dir}/web-1.sock"), 0)
	web.stop()
	against(control, "workloads", out=r"\A(?!(.|\n)*web-1)")


if __name__ == "__main__":
	main()
