#!/usr/bin/env python3
"""What a proxy keeps on disk, how it joins and renews, what its admin says."""

import contextlib
import email.utils
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time

import wire
from gateway import certificate
from member import Api
from mesh import MESH, SLOWER, Skip, free_port, main, scenario, wait_until

USAGE, NO_FILE, DENIED, BUSY, CONFIG = 64, 66, 77, 75, 78


def pair(scene, control_options=(), **options):
	"""control, an application, and its proxy."""
	control = scene.control(options=control_options)
	app = scene.echo("orders-app")
	proxy = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={app.http}/http"], **options)
	return control, app, proxy.await_ready()


def run_proxy(scene, control, options, env=None):
	"""A proxy that is expected to end by itself; gives the result."""
	return subprocess.run([str(MESH), "proxy", "--service", "default/orders",
	    "--control", control.api, "--inbound-listen", "127.0.0.1:0",
	    "--outbound-listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
	    *map(str, options)], capture_output=True, text=True, check=False,
	    cwd=scene.dir, timeout=20 * SLOWER, env={**os.environ, **(env or {})})


def refused(scene, control, code, words, *options, env=None):
	done = run_proxy(scene, control, options, env)
	assert done.returncode == code, (done.returncode, done.stderr)
	assert words in done.stderr, done.stderr
	return done


def state_of(control):
	rows = control.get("workloads")
	return {row["metadata"]["name"]: row.get("status", {}).get("state",
	    "Online") for row in rows["items"]}


@scenario
def files_are_private_and_others_are_refused(scene):
	control, _, proxy = pair(scene)
	state = proxy.state_dir
	assert state.stat().st_mode & 0o777 == 0o700
	wait_until(lambda: (state / "documents.jsonl").exists(), "it is saved")
	for path in state.iterdir():
		assert path.stat().st_mode & 0o777 == 0o600, path
	assert not (state / "join-key.pem").exists()
	refused(scene, control, BUSY, "in use by another process",
	    "--state-dir", state)
	assert proxy.stop() == 0
	(state / "identity.pem").chmod(0o640)
	refused(scene, control, CONFIG, "mode 0640, expected 0600",
	    "--state-dir", state)
	(state / "identity.pem").chmod(0o600)
	state.chmod(0o750)
	refused(scene, control, CONFIG, "mode 0750, expected 0700",
	    "--state-dir", state)


@scenario
def a_service_that_nobody_can_tell_of_is_not_said_to_be_unknown(scene):
	control, _, proxy = pair(scene)
	control.stop()
	reply = wire.get(proxy.outbound_port, "/", host="first.default.mesh")
	assert reply.status == 503 and b"Neither control nor DNS said in time" in \
	    reply.body, (reply.status, reply.body)


@scenario
def what_control_does_not_have_goes_with_the_first_full_state(scene):
	_, _, proxy = pair(scene)
	assert proxy.stop() == 0
	path = proxy.state_dir / "documents.jsonl"
	lines = path.read_text().splitlines()
	key = "/core/services/default/ghost"
	lines.insert(1, json.dumps({"t": "put", "key": key, "revision": 1, "doc":
	    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "ghost",
	        "namespace": "default"}, "spec": {"ports": [{"port": 80}]}}},
	    separators=(",", ":")))
	path.write_text("\n".join(lines) + "\n")
	proxy.start()
	wait_until(lambda: "asking for all of them" in proxy.err() and
	    "in step with control" in proxy.err().split("asking for all", 1)[1],
	    "it has what control has")
	assert "even after a full state" not in proxy.err(), proxy.err()
	wait_until(lambda: key not in path.read_text(), "the ghost is gone")


@scenario
def people_see_at_once_that_a_proxy_is_gone(scene):
	control, _, proxy = pair(scene)
	wait_until(lambda: state_of(control) == {"orders": "Online"},
	    "it is registered")
	proxy.kill()
	wait_until(lambda: state_of(control) == {"orders": "Lost"},
	    "its session is gone", timeout=5)
	shown = control.ctl("endpoints", "orders").stdout
	assert "Lost" in shown, shown
	proxy.start()
	wait_until(lambda: state_of(control) == {"orders": "Online"},
	    "it is back")


@scenario
def two_proxies_of_one_workload_give_way_to_each_other(scene):
	control, app, proxy = pair(scene)
	wait_until(lambda: state_of(control) == {"orders": "Online"},
	    "it is registered")
	shutil.copytree(proxy.state_dir, scene.dir / "copy")
	copy = scene.proxy("copy", control=control, service="default/orders",
	    apps=[f"80={app.http}/http"])
	for one in proxy, copy:
		one.wait_line("another proxy runs as the same workload "
		    r"default/orders from 127\.0\.0\.1:\d+")
	control.wait_line("default/orders: two proxies run as this workload, "
	    r"from 127\.0\.0\.1:\d+ and from 127\.0\.0\.1:\d+")

	# People are told where they look.
	said = control.ctl("check", expect=1).stdout
	assert "proxies that run as default/orders" in said, said
	assert "another proxy runs as the same workload default/orders" in said
	# By ports that stay, not by those of sessions.
	for one in proxy, copy:
		assert f"127.0.0.1:{one.inbound_port}" in said, said
	# And nothing is written while it lasts.
	revision = Api(control).get("/v1/health").json()["revision"]
	entries = len(control.ctl("audit").stdout.splitlines())
	before = [one.err().count("another proxy runs") for one in (proxy, copy)]
	wait_until(lambda: all(one.err().count("another proxy runs") > n
	    for one, n in zip((proxy, copy), before)), "once more", timeout=30)
	assert Api(control).get("/v1/health").json()["revision"] == revision
	assert len(control.ctl("audit").stdout.splitlines()) == entries
	# They come more and more seldom.
	assert sum(one.err().count("another proxy runs")
	    for one in (proxy, copy)) < 12

	# A token for a workload that runs makes no third one by mistake.
	refused_token = control.ctl("token", "create", "--service",
	    "default/other", "--workload", "orders", expect=None)
	assert refused_token.returncode != 0
	assert "workload: default/orders runs already, for orders" in \
	    refused_token.stderr, refused_token.stderr


@scenario
def an_identity_on_disk_needs_no_token_but_fits_one_service_only(scene):
	control, _, proxy = pair(scene)
	assert proxy.stop() == 0
	token = scene.dir / "orders.token"
	token.unlink()
	proxy.start()
	proxy.await_ready()
	assert proxy.err().count("joined as") == 1, proxy.err()
	assert proxy.stop() == 0
	refused(scene, control, CONFIG, "does not serve default/web",
	    "--state-dir", proxy.state_dir, "--service", "default/web")


@scenario
def tokens_that_let_nobody_in_say_why(scene):
	control = scene.control()
	state = scene.dir / "fresh"
	refused(scene, control, USAGE, "--state-dir DIR is missing")
	refused(scene, control, NO_FILE, "a join token is needed",
	    "--state-dir", state)
	refused(scene, control, NO_FILE, "there is no join token at",
	    "--state-dir", state, "--token-file", scene.dir / "nothing")
	bad = scene.dir / "bad"
	bad.write_text("mesh1.nothing\n")
	bad.chmod(0o644)
	refused(scene, control, CONFIG, "bad has mode 0644",
	    "--state-dir", state, "--token-file", bad)
	bad.chmod(0o600)
	refused(scene, control, CONFIG, "holds no join token", "--state-dir",
	    state, "--token-file", bad)
	text = control.token("default/orders", "orders").read_text().strip()
	secret = text.split(".")
	# Another secret: control knows the token, and refuses.
	secret[3] = "A" * len(secret[3])
	bad.write_text(".".join(secret))
	refused(scene, control, DENIED, "control answered 403", "--state-dir",
	    state, "--token-file", bad)
	# The same token by the credentials of the service manager.
	credentials = scene.dir / "credentials"
	credentials.mkdir()
	(credentials / "join-token").write_text(text)
	other = scene.dir / "other"
	refused(scene, control, DENIED, "does not serve default/web",
	    "--state-dir", other, "--service", "default/web",
	    env={"CREDENTIALS_DIRECTORY": str(credentials)})
	# And it is still good for the service that it was made for.
	states = {row["id"]: row["state"] for row in Api(control).get(
	    "/v1/tokens").json()["items"]}
	assert states[secret[2]] == "unused", states


@scenario
def a_control_of_other_roots_never_hears_the_secret(scene):
	first = scene.control(name="first")
	second = scene.control(name="second")
	token = first.token("default/orders", "orders")
	refused(scene, second, DENIED, "its roots differ", "--state-dir",
	    scene.dir / "fresh", "--token-file", token)
	# It is not used up.
	app = scene.echo("app")
	proxy = scene.proxy("orders", control=first, service="default/orders",
	    apps=[f"80={app.http}/http"])
	proxy.await_ready()


def answer_of_yesterday(sock, context):
	"""What a control whose clock is a day behind says to a first question."""
	date = email.utils.formatdate(time.time() - 86400, usegmt=True)
	with contextlib.suppress(OSError), sock:
		peer = context.wrap_socket(sock.accept()[0], server_side=True)
		peer.recv(4096)
		peer.sendall(f"HTTP/1.1 503 Service Unavailable\r\ndate: {date}"
		    "\r\ncontent-length: 0\r\n\r\n".encode())
		peer.recv(1)


@scenario
def a_clock_that_is_off_is_told_of_though_nobody_can_join(scene):
	control = scene.control()
	head = subprocess.run(["curl", "-sik", f"https://{control.api}"
	    "/v1/trust-bundle"], capture_output=True, text=True, check=True).stdout
	told = re.search(r"^date: (.*)\r?$", head, re.M | re.I)
	assert abs(email.utils.parsedate_to_datetime(told[1]).timestamp() -
	    time.time()) < 20, head
	cert, key = certificate(scene, "other", "control.mesh")
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(cert, key)
	context.set_alpn_protocols(["http/1.1"])
	sock = scene.closing(socket.create_server(("127.0.0.1", 0)))
	thread = threading.Thread(target=answer_of_yesterday,
	    args=(sock, context))
	thread.start()
	control.token("default/orders", "orders")
	proxy = scene.start("orders", [MESH, "proxy", "--service",
	    "default/orders", "--control", f"127.0.0.1:{sock.getsockname()[1]}",
	    "--token-file", scene.dir / "orders.token", "--state-dir",
	    scene.dir / "orders", "--inbound-listen", "127.0.0.1:0",
	    "--outbound-listen", "127.0.0.1:0", "--admin-listen",
	    "127.0.0.1:0"])
	proxy.wait_line(r"our clock is 8640\d s ahead of that of control")
	proxy.stop()
	thread.join()


@scenario
def a_join_that_was_interrupted_ends_with_the_same_certificate(scene):
	control, _, proxy = pair(scene)
	assert proxy.stop() == 0
	key = (proxy.state_dir / "identity.pem").read_text().split(
	    "-----BEGIN CERTIFICATE")[0]
	before = (proxy.state_dir / "identity.pem").read_text()
	# As if the answer never came: the key is there, the identity is not.
	shutil.rmtree(proxy.state_dir)
	proxy.state_dir.mkdir(0o700)
	join_key = proxy.state_dir / "join-key.pem"
	join_key.touch(0o600)
	join_key.write_text(key)
	proxy.start()
	proxy.await_ready()
	assert (proxy.state_dir / "identity.pem").read_text() == before


@scenario
def certificates_of_ten_seconds_are_renewed_with_new_keys(scene):
	control, _, proxy = pair(scene, ["--certificate-lifetime", "10s"])
	def ends():
		return Api(control).get("/v1/proxies").json()["items"][0][
		    "certNotAfter"]
	first = ends()
	path = proxy.state_dir / "identity.pem"
	seen = {path.read_text()}
	def renewed():
		seen.add(path.read_text())
		return len(seen) >= 3
	wait_until(renewed, "it renews twice", 30)
	wait_until(lambda: ends() > first, "control tells of the one in use")
	keys = {text.split("-----BEGIN CERTIFICATE")[0] for text in seen}
	assert len(keys) == len(seen)
	metrics = proxy.metrics()
	assert metrics.sum("mesh_certificate_renewals_total",
	    result="succeeded") >= 2
	assert metrics.sum("mesh_certificate_renewals_total",
	    result="failed") == 0
	assert proxy.admin("/readyz").status == 200


@scenario
def a_machine_that_was_off_comes_back_by_itself(scene):
	control, _, proxy = pair(scene, ["--certificate-lifetime", "10s"])
	before = (proxy.state_dir / "identity.pem").read_text()
	stop_until_it_ended(proxy)
	proxy.start()
	proxy.await_ready()
	wait_until(lambda: "is again spiffe://" in proxy.err(), "it says so")
	after = (proxy.state_dir / "identity.pem").read_text()
	assert key_of(before) != key_of(after), "the key is another"
	wait_until(lambda: "renew.ended" in control.ctl("audit", "-o",
	    "json").stdout, "it is in the audit log")
	# A proof with another key than the certificate's is none.
	stop_until_it_ended(proxy)
	(proxy.state_dir / "identity.pem").write_text(key_of(before) + MARK +
	    after.split(MARK, 1)[1])
	done = run_proxy(scene, control, ["--state-dir", proxy.state_dir,
	    "--token-file", scene.dir / "orders.token"])
	assert done.returncode == DENIED, (done.returncode, done.stderr)


MARK = "-----BEGIN CERTIFICATE"


def key_of(text):
	return text.split(MARK, 1)[0]


def stop_until_it_ended(proxy):
	end = proxy.metrics().sum("mesh_certificate_expiry_timestamp_seconds")
	assert proxy.stop() == 0
	wait_until(lambda: int(subprocess.check_output(["date", "+%s"])) > end,
	    "it ends", 20)


@scenario
def an_identity_that_ended_too_long_ago_needs_a_new_token(scene):
	control, _, proxy = pair(scene, ["--certificate-lifetime", "10s"])
	control.apply("{apiVersion: mesh/v1, kind: MeshConfig, metadata: {name: "
	    "default}, spec: {renewAfterExpiry: 0s}}")
	stop_until_it_ended(proxy)
	# The old token is used up by another key than the new one.
	done = run_proxy(scene, control, ["--state-dir", proxy.state_dir,
	    "--token-file", scene.dir / "orders.token"])
	assert done.returncode == DENIED, (done.returncode, done.stderr)
	assert "has renewAfterExpiry 0s" in done.stderr, done.stderr
	control.token("default/orders", "orders")
	proxy.start()
	proxy.await_ready()


@scenario
def an_application_is_registered_when_it_answers(scene):
	control = scene.control()
	port = free_port()
	proxy = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{port}/http"],
	    options=["--app-health", "http:/healthy"])
	proxy.await_ready()
	proxy.wait_line("in step with control")
	assert state_of(control) == {}
	health = ["503 Not Yet"]
	def script(connection):
		while connection.read_request():
			connection.send(f"HTTP/1.1 {health[0]}\r\n"
			    "content-length: 0\r\n\r\n".encode())
	with wire.Backend(script, port=port) as backend:
		wait_until(lambda: backend.requests(), "it is asked")
		assert state_of(control) == {}
		health[0] = "200 OK"
		wait_until(lambda: state_of(control) == {"orders": "Online"},
		    "it is registered")
		health[0] = "500 Broken"
		wait_until(lambda: state_of(control) == {"orders": "Offline"},
		    "it is offline", 15)
	assert proxy.stop() == 0
	assert state_of(control) == {}


@scenario
def an_application_that_does_not_answer_is_named_once(scene):
	control = scene.control()
	app = scene.echo("orders-app")
	port = free_port()
	proxy = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={app.http}/http", f"81=127.0.0.1:{port}/tcp"])
	proxy.await_ready()
	words = f"127.0.0.1:{port} does not answer for port 81: Connection refused"
	proxy.wait_line(words + "; callers are kept away until it accepts")

	def applications():
		return proxy.admin("/config").json()["control"]["applications"]

	assert [(one["port"], one["answers"], one.get("reason"))
	    for one in applications()] == [(80, True, None),
	    (81, False, "Connection refused")], applications()
	shown = control.ctl("proxy", "config", "orders", "-o", "json").stdout
	assert "Connection refused" in shown, shown
	with wire.Backend(lambda connection: connection.read_to_end(), port=port):
		proxy.wait_line(f"127.0.0.1:{port} answers")
		wait_until(lambda: state_of(control) == {"orders": "Online"},
		    "it is registered")
		assert all(one["answers"] and "reason" not in one
		    for one in applications())
		assert proxy.err().count("does not answer") == 1, proxy.err()
	wait_until(lambda: proxy.err().count(words) == 2, "it is said again", 15)
	assert proxy.stop() == 0


@scenario
def who_never_registered_ends_at_once(scene):
	"""Also where nothing was ever registered: the registry is as new."""
	control = scene.control()
	proxy = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{free_port()}/http"]).await_ready()
	proxy.wait_line(r"in step with control at revision \d")
	assert proxy.stop() == 0
	assert "did not confirm" not in proxy.err(), proxy.err()


@scenario
def who_does_not_answer_is_not_called_after_control_was_restarted(scene):
	control = scene.control()
	app = scene.echo("app")
	scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80=127.0.0.1:{app.http_port}/http"]).await_ready()
	wait_until(lambda: state_of(control) == {"orders": "Online"}, "it is online")
	app.stop()
	wait_until(lambda: state_of(control) == {"orders": "Offline"},
	    "it is known that it does not answer")
	control.stop()
	control.start()
	control.await_ready()
	wait_until(lambda: state_of(control) == {"orders": "Offline"},
	    "that is known again")


@scenario
def admin_says_how_it_is(scene):
	control, _, proxy = pair(scene)
	assert proxy.admin("/livez").text() == "ok\n"
	assert proxy.admin("/readyz").text() == "ok\n"
	assert proxy.admin("/nothing").status == 404
	assert proxy.admin("/livez", method="POST").status == 405
	head = proxy.admin("/livez", method="HEAD")
	assert head.status == 200 and head.text() == ""
	wait_until(lambda: state_of(control) == {"orders": "Online"},
	    "it is registered")
	config = wait_until(lambda: [now for now in
	    [proxy.admin("/config").json()] if now["proxy"]["snapshot"]["inbound"]],
	    "its own service is there")[0]
	assert config["identity"]["workload"] == "default/orders"
	assert config["control"]["connected"] is True
	assert config["proxy"]["snapshot"]["inbound"][0]["service"] == \
	    "default/orders"
	assert config["proxy"]["settings"]["spec"]["service"] == "default/orders"
	assert {"key": "/core/services/default/orders"}.items() <= \
	    {"key": config["documents"][0]["key"]}.items()
	asked = json.loads(control.ctl("proxy", "config", "orders", "-o",
	    "json").stdout)
	assert asked["identity"] == config["identity"]
	with wire.Client(str(proxy.scene.dir / "orders.sock")) as local:
		assert local.request("/readyz").status == 200


@scenario
def log_levels_change_while_it_runs(scene):
	_, _, proxy = pair(scene)
	assert proxy.admin("/logging").json()["sync"] == "info"
	said = proxy.admin("/logging?level=info,sync=debug", method="PUT")
	assert said.json()["sync"] == "debug" and said.json()["tls"] == "info"
	assert proxy.admin("/logging?level=loud", method="PUT").status == 400
	assert proxy.admin("/logging", method="PUT").status == 400
	assert proxy.admin("/logging").json()["sync"] == "debug"
	proxy.wait_line(r"warn .*admin: 127.0.0.1:\d+ sets the log level: "
	    "info,sync=debug")
	proxy.admin("/logging?level=error", method="PUT")
	proxy.wait_line("sets the log level: error")
	# On the socket it is for its user.
	path = str(proxy.scene.dir / "orders.sock")
	with wire.Client(path) as local:
		assert local.request("/logging?level=info", "PUT").status == 200
	if os.geteuid() != 0:
		return
	for shut in (proxy.scene.dir, *proxy.scene.dir.parents[:1]):
		os.chmod(shut, os.stat(shut).st_mode | 0o011)
	os.chmod(path, 0o666)
	for method, status in (("GET", "200"), ("PUT", "403")):
		done = subprocess.run(["curl", "-s", "-o", os.devnull, "-w",
		    "%{http_code}", "-X", method, "--unix-socket", path,
		    "http://proxy/logging?level=debug"], user=65534, text=True,
		    capture_output=True, check=True, cwd="/")
		assert done.stdout == status, (method, done.stdout)
	proxy.wait_line("admin: uid 65534 may not set log levels")
	assert proxy.admin("/logging").json()["sync"] == "info"


@scenario
def metrics_are_as_prometheus_wants_them(scene):
	control, _, proxy = pair(scene)
	reply = proxy.admin("/metrics")
	assert reply.get("content-type").startswith("text/plain; version=0.0.4")
	if not shutil.which("promtool"):
		raise Skip("there is no promtool")
	done = subprocess.run(["promtool", "check", "metrics"],
	    input=reply.text(), text=True, capture_output=True, check=False)
	assert done.returncode == 0 and not done.stderr, done.stderr
	open_text = proxy.admin("/metrics", fields=[("accept",
	    "application/openmetrics-text; version=1.0.0")])
	assert open_text.get("content-type").startswith(
	    "application/openmetrics-text")
	assert open_text.text().endswith("# EOF\n")
	metrics = proxy.metrics()
	assert metrics.sum("mesh_control_connected") == 1
	assert metrics.sum("mesh_config_staleness_seconds") == 0
	assert metrics.sum("mesh_config_revision") > 0
	assert metrics.sum("mesh_filter_calls_total", chain="admin") > 0
	control.kill()
	wait_until(lambda: proxy.metrics().sum("mesh_control_connected") == 0 and
	    proxy.metrics().sum("mesh_config_staleness_seconds") > 0.5,
	    "it says how stale it is")
	assert proxy.admin("/readyz").status == 200


@scenario
def nobody_is_ready_before_documents_came(scene):
	control = scene.control()
	token = control.token("default/orders", "orders")
	control.kill()
	admin = free_port()
	proxy = scene.start("waiting", [MESH, "proxy", "--service",
	    "default/orders", "--control", control.api, "--token-file", token,
	    "--state-dir", scene.dir / "waiting", "--inbound-listen",
	    "127.0.0.1:0", "--outbound-listen", "127.0.0.1:0",
	    "--admin-listen", f"127.0.0.1:{admin}"])
	wait_until(lambda: wire.get(admin, "/livez").status == 200, "it lives")
	reply = wire.get(admin, "/readyz")
	assert reply.status == 503
	assert reply.text() == "waiting for an identity and documents\n"
	control.start()
	wait_until(lambda: wire.get(admin, "/readyz").status == 200,
	    "it joins when control is there", 20)
	assert proxy.stop() == 0


if __name__ == "__main__":
	main()
