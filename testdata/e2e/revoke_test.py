#!/usr/bin/python3
"""An identity that is revoked: what it has open is cut, what it asks for is
refused, and a new token brings it back."""

import json
import subprocess
import time
from pathlib import Path

import wire
from mesh import SLOWER, main, scenario, wait_until
from websocket import Refused, WebSocket

CUT = "mesh_revoked_connections_total"


def member(scene, control, name, **options):
	app = scene.echo(f"app-{name}")
	proxy = scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={app.http}/http"], **options)
	return proxy.await_ready()


def ask(caller, service):
	return wire.get(caller.outbound_port, f"http://{service}.default.mesh/plain",
	    host=f"{service}.default.mesh").status


def open_socket(caller, service):
	socket = WebSocket(caller.upstream[service], host=f"{service}.default.mesh")
	socket.send(b"hello")
	assert socket.receive() == b"hello"
	return socket


def is_over(socket):
	try:
		return socket.read(1) == b""
	except OSError:
		return True


def run_again(proxy):
	"""Starts one that has stopped, and that cannot begin."""
	return subprocess.run([str(word) for word in proxy.command], text=True,
	    capture_output=True, timeout=20 * SLOWER, check=False)


@scenario
def a_revoked_caller_and_a_revoked_callee_are_cut_off(scene):
	control = scene.control()
	orders = member(scene, control, "orders")
	upstreams = {"orders": "default/orders:80"}
	web = member(scene, control, "web", upstreams=upstreams)
	batch = member(scene, control, "batch", upstreams=upstreams)
	for one in web, batch:
		wait_until(lambda one=one: ask(one, "orders") == 200,
		    "orders answers")
	of_web, of_batch = (open_socket(one, "orders") for one in (web, batch))
	done = control.ctl("revoke", "web", "--yes")
	assert "/sa/web revoked, 1 certificate refused; 2 proxies have obeyed" in \
	    done.stdout, done.stdout
	assert is_over(of_web), "what it had open ends"
	assert orders.metrics().sum(CUT) >= 1
	assert ask(web, "orders") in (502, 503)
	# Its own application is told that much, and who runs the mesh the rest.
	def answer():
		return wire.get(web.outbound_port,
		    "http://orders.default.mesh/plain",
		    host="orders.default.mesh")
	wait_until(lambda: "This sidecar's identity was revoked" in
	    answer().text(), "it says why")
	assert "identity_revoked" in answer().get("proxy-status")
	said = control.ctl("check", expect=None).stdout
	assert "\u203c an identity is revoked\n    control and every proxy " \
	    "refuse spiffe://mesh.internal/ns/default/sa/web\n" in said, said
	wait_until(lambda: '"revoked"' in orders.err() or
	    orders.metrics().sum("mesh_tls_failures_total", reason="revoked") >= 1,
	    "its handshakes are refused")
	of_batch.send(b"still here")
	assert of_batch.receive() == b"still here", "nobody else is cut off"
	wait_until(lambda: "our identity" in web.err(), "it says so itself")
	# A callee: who talks to it ends that.  Who was revoked is not heard of.
	done = control.ctl("revoke", "default/orders", "--yes", expect=1)
	assert "default/web is not connected" in done.stderr, done.stderr
	assert is_over(of_batch)
	assert batch.metrics().sum(CUT) >= 1
	assert ask(batch, "orders") in (502, 503)
	rows = control.ctl("revoke").stdout
	assert "sa/web" in rows and "sa/orders" in rows, rows
	told = control.ctl("authz", "check", "--from", "web", "--to", "orders",
	    expect=1).stdout
	assert "denied" in told and "was revoked at 20" in told, told
	assert "allowed" in control.ctl("authz", "check", "--from", "batch",
	    "--to", "orders").stdout
	log = control.ctl("audit", "-o", "json").stdout
	assert "identity.revoke" in log


def back_of(control):
	"""Since when the only one of the list is back; "" or "-" of who is not."""
	header, row = control.ctl("revoke").stdout.splitlines()
	return row[header.index("BACK"):].strip(" -")


@scenario
def a_revoked_identity_comes_back_by_a_new_token_alone(scene):
	control = scene.control()
	orders = member(scene, control, "orders")
	web = member(scene, control, "web",
	    upstreams={"orders": "default/orders:80"})
	wait_until(lambda: ask(web, "orders") == 200, "orders answers")
	spare = control.token("default/web", "web-2")
	control.ctl("revoke", "web", "--yes")
	web.stop()
	# Its disk knows that it was revoked, and its token was used long ago.
	done = run_again(web)
	assert done.returncode != 0 and "was revoked" in done.stderr, done.stderr
	assert back_of(control) == ""
	assert "no certificate of" in control.ctl("revoke", "nobody", "--yes",
	    expect=1).stderr
	control.ctl("revoke", "spiffe://elsewhere/ns/a/sa/b", "--yes", expect=64)
	# A token that was made before is of no use either; one made after is.
	token_file = Path(web.command[web.command.index("--token-file") + 1])
	token_file.write_text(spare.read_text())
	done = run_again(web)
	assert done.returncode != 0 and "was revoked after" in done.stderr, \
	    done.stderr
	control.token("default/web", "web")
	web.start()
	web.await_ready()
	wait_until(lambda: ask(web, "orders") == 200, "it is back")
	control.ctl("authz", "check", "--from", "web", "--to", "orders")
	assert back_of(control) != "", "the list says that it is back"
	assert "revoked" not in control.ctl("check", expect=None).stdout


@scenario
def a_token_made_right_after_a_revocation_is_good(scene):
	control = scene.control()
	member(scene, control, "orders")
	web = member(scene, control, "web",
	    upstreams={"orders": "default/orders:80"})
	wait_until(lambda: ask(web, "orders") == 200, "orders answers")
	wait_until(lambda: time.time() % 1 < 0.3, "a second begins")
	control.token("default/web", "web-2")
	control.ctl("revoke", "web", "--yes")
	control.token("default/web", "web")
	# Of two in one second the one before it is worth nothing.
	states = {row["workload"]: row["state"] for row in json.loads(
	    control.ctl("token", "list", "-o", "json").stdout)
	    if row["state"] != "used" and row["service"] == "default/web"}
	assert states["web-2"] == "revoked", states
	wait_until(lambda: ask(web, "orders") == 200, "it is back")


@scenario
def who_was_off_when_it_was_revoked_joins_by_a_new_token(scene):
	control = scene.control()
	orders = member(scene, control, "orders")
	web = member(scene, control, "web",
	    upstreams={"orders": "default/orders:80"})
	wait_until(lambda: ask(web, "orders") == 200, "orders answers")
	web.stop()
	control.ctl("revoke", "web", "--yes")
	# Its disk knows nothing of it, and its token is the used one.
	web.start()
	wait_until(lambda: "control refuses the identity" in web.err() and
	    "a new token in --token-file joins again" in web.err(),
	    "it says what helps")
	assert ask(web, "orders") in (502, 503)
	# It runs, and keeps its --state-dir.
	control.token("default/web", "web")
	wait_until(lambda: ask(web, "orders") == 200, "it is back")
	assert "documents differ" not in web.err(), web.err()
	assert web.err().count("trying the join token") == 2, web.err()
	# With the other token in place at the start it is as good.
	web.stop()
	control.ctl("revoke", "web", "--yes")
	control.token("default/web", "web")
	web.start()
	wait_until(lambda: ask(web, "orders") == 200, "it is back at once")


@scenario
def a_restart_forgets_no_revocation(scene):
	control = scene.control()
	orders = member(scene, control, "orders")
	web = member(scene, control, "web",
	    upstreams={"orders": "default/orders:80"})
	wait_until(lambda: ask(web, "orders") == 200, "orders answers")
	control.ctl("revoke", "web", "--yes")
	# Of a proxy while control is away ...
	control.stop()
	orders.stop()
	orders.start()
	orders.await_ready()
	try:
		open_socket(web, "orders")
		raise AssertionError("it was let in")
	except (Refused, OSError):
		pass
	wait_until(lambda: orders.metrics().sum("mesh_tls_failures_total",
	    reason="revoked") >= 1, "its handshakes are refused")
	# ... and of control.
	control.start()
	control.await_ready()
	wait_until(lambda: "403 Forbidden, which refuses our identity" in
	    web.err(), "control refuses it")
	assert "sa/web" in control.ctl("revoke").stdout


@scenario
def who_does_not_hear_of_it_is_named(scene):
	control = scene.control()
	member(scene, control, "web")
	orders = member(scene, control, "orders")
	wait_until(lambda: "orders" in control.ctl("get", "workloads").stdout,
	    "it is registered")
	orders.kill()
	done = wait_until(lambda: "not connected" in (done := control.ctl("revoke",
	    "web", "--yes", "--wait", "1s", expect=1)).stderr and done,
	    "orders is missed")
	assert "default/orders is not connected" in done.stderr, done.stderr


if __name__ == "__main__":
	main()
