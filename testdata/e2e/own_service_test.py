#!/usr/bin/env python3
"""A workload alone: it calls the service that it serves itself, and control
knows what it runs."""

import json

from mesh import free_port, main, scenario, wait_until
from wire import get


def alone(scene):
	control = scene.control()
	port = free_port()
	proxy = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80=127.0.0.1:{port}/http"])
	scene.echo("web-app", http_port=port)
	proxy.await_ready()
	wait_until(lambda: control.get("workloads")["items"], "web is registered")
	return control, proxy


@scenario
def is_called_when_nothing_else_changes(scene):
	_, proxy = alone(scene)

	# Its documents are there already: asking for them brings no new ones.
	wait_until(lambda: "default/web" in proxy.admin("/config").text(),
	    "web has its own documents")
	reply = get(proxy.outbound_port, "http://web.default.mesh/",
	    host="web.default.mesh")
	assert reply.status == 200, reply.text()


@scenario
def says_what_it_runs(scene):
	control, _ = alone(scene)

	def row():
		rows = json.loads(control.ctl("proxy", "status", "-o", "json").stdout)
		[row] = rows["items"] if isinstance(rows, dict) else rows
		return row if row["state"] != "stale" else None
	found = wait_until(row, "web has acknowledged what it was sent")
	assert found["state"] == "synced" and found["lag"] == 0, found
	assert found["digestOk"] is True, found


if __name__ == "__main__":
	main()
