#!/usr/bin/python3
"""The certificate authority ended while control was off: it starts all the same,
so that people can give it the next one."""

import json
import shutil

import wire
from authority import Authority
from mesh import main, scenario, wait_until


def member(scene, control, name):
	app = scene.echo(f"app-{name}")
	return scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={app.http}/http"]).await_ready()


def ask(proxy):
	return wire.get(proxy.outbound_port, "http://orders.default.mesh/plain",
	    host="orders.default.mesh").status


def pair(scene):
	"""web, which calls orders; certificates live as short as can be."""
	control = scene.control(options=["--certificate-lifetime", "10s"])
	orders, web = (member(scene, control, name) for name in ("orders", "web"))
	wait_until(lambda: ask(web) == 200, "orders answers")
	return control, web, orders


def expire(control, proxies):
	"""Control is off until none of them has a certificate any more."""
	assert control.stop() == 0
	for proxy in proxies:
		wait_until(lambda proxy=proxy: proxy.admin("/readyz").status == 503,
		    "its certificate ends", 30)


def start_ended(control, said):
	"""It serves its local socket, and says everywhere what is wrong."""
	before = len(control.err())
	control.start()
	ready = wait_until(lambda: control.is_running() and wire.get(
	    control.admin_port, "/readyz"), "its administration answers")
	assert ready.status == 503, ready.status
	for part in said:
		assert part in ready.text(), ready.text()
	assert wire.get(control.admin_port, "/livez").status == 200
	wait_until(lambda: "not ready: only" in control.err()[before:],
	    "it says that it is not ready")
	lines = [line for line in control.err()[before:].splitlines()
	    if "error ca: " in line]
	assert len(lines) == 1 and said[0] in lines[0], lines
	done = control.ctl("check", expect=1)
	assert said[0] in done.stdout and said[1] in done.stdout, done.stdout
	done = control.ctl("operator", "create", "anna", "--out-dir",
	    control.scene.dir / "anna", expect=69)
	assert said[0] in done.stderr, done.stderr
	health = json.loads(control.ctl("api", "GET", "/v1/health").stdout)
	assert health["status"] == "ca-ended" and said[0] in health["reason"]


@scenario
def an_intermediate_of_others_that_ended_is_followed_by_another(scene):
	control, web, orders = pair(scene)
	far = Authority(scene)
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request))
	control.ctl("ca", "activate", "--yes")
	wait_until(lambda: all("BEGIN CERT" in (text := (proxy.state_dir /
	    "bundle.pem").read_text()) and far.root.read_text().split()[-3] in text
	    for proxy in (web, orders)), "they know its root")
	wait_until(lambda: control.ctl("ca", "revoke", "--yes",
	    expect=None).returncode == 0, "they renewed", 30)
	expire(control, [web, orders])
	ended = far.sign_old(request, 400, -1)
	shutil.copy(ended, control.data_dir / "ca/intermediate.pem")
	start_ended(control, ["the intermediate ended 20",
	    "mesh ctl ca prepare --csr"])
	# Another root is no way out that is taken by itself, or by mistake.
	stranger = Authority(scene, "stranger")
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", stranger.sign(request))
	assert control.stop() == 0
	start_ended(control, ["the intermediate ended 20",
	    "mesh ctl ca activate puts what is prepared to use"])
	said = control.ctl("ca", "activate", expect=75).stderr
	assert "2 that are not connected may not have heard of it, such as " \
	    "default/orders" in said, said
	control.ctl("ca", "discard", "--yes")
	request = control.ctl("ca", "prepare", "--csr").stdout
	signed = far.sign(request, root=False)
	control.ctl("ca", "prepare", "--chain", signed)
	assert "ca activate puts what is prepared to use" in wire.get(
	    control.admin_port, "/readyz").text()
	control.ctl("ca", "activate")
	control.await_ready()
	# By what they had: they prove that they have the key.
	wait_until(lambda: ask(web) == 200, "they are back", 60)
	member(scene, control, "batch")
	assert "ok" == json.loads(control.ctl("api", "GET",
	    "/v1/health").stdout)["status"]


@scenario
def an_intermediate_of_control_s_own_that_ended_is_made_anew(scene):
	control, web, orders = pair(scene)
	expire(control, [web, orders])
	ca = control.data_dir / "ca"
	own = Authority.of(scene, "own", ca / "root.pem", ca / "root.key")
	own.backdate(ca / "intermediate.pem", ca / "intermediate.key", 400, -1)
	control.start()
	control.await_ready()
	wait_until(lambda: ask(web) == 200, "they are back", 60)


@scenario
def a_root_of_control_s_own_that_ended_is_followed_by_another(scene):
	"""Nobody who knows the old one alone can be told: they join anew."""
	control, web, orders = pair(scene)
	expire(control, [web, orders])
	ca = control.data_dir / "ca"
	own = Authority.of(scene, "own", ca / "root.pem", ca / "root.key")
	own.backdate(ca / "root.pem", ca / "root.key", 4000, -1, itself=True)
	own.backdate(ca / "intermediate.pem", ca / "intermediate.key", 400, -1)
	control.start()
	control.await_ready()
	assert "the root has ended: another one takes its place" in control.err()
	assert control.ctl("ca", "show").stdout.count("root, retired") == 1
	for name, proxy in ("orders", orders), ("web", web):
		assert proxy.stop() == 0
		control.token(f"default/{name}", name)
		shutil.rmtree(proxy.state_dir)
		proxy.start()
		proxy.await_ready()
	wait_until(lambda: ask(web) == 200, "they call as before", 30)


if __name__ == "__main__":
	main()
