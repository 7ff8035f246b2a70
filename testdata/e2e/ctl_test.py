#!/usr/bin/env python3
"""mesh ctl: what it says and answers without a control."""

import json
import os
import pty
import re
import signal
import subprocess

from mesh import MESH, SLOWER, Skip, main, scenario, wait_until

SERVICE = """\
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{name: http, port: 80}]}
"""


def ctl(scene, *args, stdin="", env=None):
	return subprocess.run([str(MESH), "ctl", *map(str, args)], input=stdin,
	    text=True, capture_output=True, timeout=30 * SLOWER, check=False,
	    cwd=scene.dir, env={**os.environ, "HOME": str(scene.dir), **(env or {})})


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
			    f'{what} is {text!r}, expected "{pattern}"'
	return done


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
	expect(ctl(scene, "validate", "-f", "nowhere.yaml"), 66, "", "no such file")
	expect(ctl(scene, "validate", "-f", "-"), 66, "", "no documents")


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
		master, slave = pty.openpty()
		try:
			subprocess.run([str(MESH), "ctl", "version", "--ouput"],
			    stderr=slave, stdout=slave, stdin=slave, check=False,
			    timeout=10 * SLOWER, env={**os.environ, **env})
			return os.read(master, 4096).decode()
		finally:
			os.close(master)
			os.close(slave)
	assert "\033[31m" in on_terminal({"TERM": "xterm", "NO_COLOR": ""})
	assert "\033[" not in on_terminal({"TERM": "xterm", "NO_COLOR": "1"})
	assert "\033[" not in on_terminal({"TERM": "dumb", "NO_COLOR": ""})
	done = ctl(scene, "version", "--ouput", env={"TERM": "xterm"})
	assert "\033[" not in done.stderr, done.stderr


if __name__ == "__main__":
	main()
