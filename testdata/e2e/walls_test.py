#!/usr/bin/env python3
"""The walls around our processes, as the kernel shows them from outside."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import wire
from mesh import MESH, SLOWER, Skip, main, scenario, wait_until, with_etc

SANITIZED = os.environ.get("MESH_VARIANT", "release") != "release"
NOBODY = 65534
UP = "up: seccomp,"


def status_of(pid):
	"""What /proc says of a process and of each of its threads."""
	text = []
	for path in Path(f"/proc/{pid}/task").iterdir():
		text.append((path / "status").read_text())
	return [dict(line.split(":\t", 1) for line in one.splitlines()
	    if ":\t" in line) for one in text]


def children(pid):
	words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
	return [int(word) for word in words]


def assert_shut(pid, caps=0):
	threads = status_of(pid)
	assert threads
	for thread in threads:
		assert thread["Seccomp"] == "2", thread
		assert thread["NoNewPrivs"] == "1", thread
		for field in "CapEff", "CapPrm", "CapInh", "CapAmb":
			assert int(thread[field], 16) & ~caps == 0, (field, thread)


def mesh_of_two(scene, options=()):
	if SANITIZED:
		raise Skip("under a sanitizer no wall stands")
	control = scene.control(options=options)
	app = scene.echo("orders-app")
	orders = scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={app.http}/http"], options=options)
	web = scene.proxy("web", control=control, service="default/web",
	    options=options)
	return control, orders.await_ready(), web.await_ready()


@scenario
def every_thread_is_shut_in_and_traffic_flows(scene):
	control, orders, web = mesh_of_two(scene)
	for process in control, orders, web:
		assert UP in process.err(), process.err()
		assert_shut(process.pid)
	(signer,) = children(control.pid)
	assert_shut(signer)
	for _ in range(20):
		reply = wire.get(web.outbound_port, "/", host="orders.default.mesh")
		assert reply.status == 200, reply
	shown = json.loads(control.ctl("proxy", "config", "orders", "-o",
	    "json").stdout)["proxy"]["walls"]
	assert shown["seccomp"] and "landlock" in shown and \
	    shown["capabilities"] == "none", shown
	for process in control, orders, web:
		assert_shut(process.pid)
		assert re.search(r'^mesh_walls_info\{seccomp="on",landlock="\w+",'
		    r'capabilities="none",keys="\w+"\} 1$',
		    wire.get(process.admin_port, "/metrics").text(), re.M)


@scenario
def a_gateway_keeps_low_ports_and_nothing_else(scene):
	if SANITIZED:
		raise Skip("under a sanitizer no wall stands")
	scene.file("edge/app.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n"
	    "  name: app\nspec:\n  ports:\n  - port: 80\n")
	edge = scene.proxy("edge", standalone=scene.dir / "edge").await_ready()
	assert_shut(edge.pid, caps=1 << 10)	# NET_BIND_SERVICE


@scenario
def without_the_sandbox_it_says_so(scene):
	control, orders, _ = mesh_of_two(scene, ["--sandbox=false"])
	for process in control, orders:
		assert "walls: down (--sandbox=false)" in process.err()
		assert status_of(process.pid)[0]["Seccomp"] == "0"
	assert 'mesh_walls_info{seccomp="off",landlock="off"' in \
	    orders.admin("/metrics").text()


def try_as_nobody(code, *args):
	"""What a process of the same user as the proxy's sees."""
	return subprocess.run(["setpriv", "--reuid", str(NOBODY), "--regid",
	    str(NOBODY), "--clear-groups", "--inh-caps=-all", "--",
	    "/usr/bin/python3", "-c", code, *map(str, args)],
	    capture_output=True, text=True, check=False, timeout=20 * SLOWER)


PEEK = """
import ctypes, os, sys
pid = int(sys.argv[1])
for name in "mem", "environ", "maps", "fd/0":
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            file.read(1)
        sys.exit(f"{name} can be read")
    except PermissionError:
        pass
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(16, pid, None, None) == 0:       # PTRACE_ATTACH
    sys.exit("it can be traced")
"""


@scenario
def its_own_user_can_neither_read_nor_trace_it(scene):
	if os.geteuid() != 0:
		raise Skip("needs root to become somebody else")
	place = Path("/tmp") / (scene.dir.name + "-nobody")
	place.mkdir()
	try:
		mesh = place / "mesh"
		shutil.copy(MESH, mesh)
		(place / "edge").mkdir()
		(place / "edge/app.yaml").write_text("apiVersion: v1\n"
		    "kind: Service\nmetadata:\n  name: app\nspec:\n  ports:\n"
		    "  - port: 80\n")
		os.chmod(place, 0o755)
		edge = scene.start("edge", ["setpriv", "--reuid", str(NOBODY),
		    "--regid", str(NOBODY), "--clear-groups", "--inh-caps=-all",
		    "--", mesh, "proxy", "--standalone", "--config",
		    place / "edge", "--outbound-listen", "127.0.0.1:0",
		    "--admin-listen", "127.0.0.1:0"], env={"MESH_DUMPABLE": ""})
		wait_until(lambda: "proxy: ready" in edge.err(), "it is ready")
		done = try_as_nobody(PEEK, edge.pid)
		assert done.returncode == 0, done
	finally:
		edge.kill()
		shutil.rmtree(place)


@scenario
def control_is_found_by_the_names_of_the_machine(scene):
	control = scene.control()
	(scene.dir / "etc").mkdir()
	(scene.dir / "outside").mkdir()
	hosts = "127.0.0.1 control.test\n"
	scene.file("etc/hosts", hosts)
	other = scene.file("outside/hosts", "127.0.0.1 another.test\n")
	web = scene.proxy("web", control=control, service="default/web",
	    options=("--hosts-file", other, "--resolv-conf", other)).await_ready()
	web.command = [f"control.test:{control.api_port}" if word == control.api
	    else word for word in web.command]

	def connected():
		return control.err().count("sessions: default/web: connected")
	seen = connected()
	with_etc(web, scene.dir / "etc")
	wait_until(lambda: connected() > seen, "it finds control by its name")
	# Also when the file is another, as of a network that has changed.
	os.rename(scene.file("etc/hosts.new", hosts), scene.dir / "etc/hosts")
	seen = connected()
	control.stop()
	control.start()
	control.await_ready()
	wait_until(lambda: connected() > seen, "it finds it again", 20)


@scenario
def files_that_settings_name_can_still_be_replaced(scene):
	scene.file("edge/app.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n"
	    "  name: app\nspec:\n  ports:\n  - port: 80\n")
	edge = scene.proxy("edge", standalone=scene.dir / "edge").await_ready()
	new = scene.file("edge/app.new", "apiVersion: v1\nkind: Service\n"
	    "metadata:\n  name: another\nspec:\n  ports:\n  - port: 80\n")
	os.rename(new, scene.dir / "edge/app.yaml")
	edge.signal(signal.SIGHUP)
	wait_until(lambda: "another" in edge.admin("/config").text(),
	    "the new documents are in use")


if __name__ == "__main__":
	main()
