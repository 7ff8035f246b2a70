#!/usr/bin/env python3
"""A workload calls the service that it serves itself."""

from mesh import free_port, main, scenario, wait_until
from wire import get


@scenario
def is_called_when_nothing_else_changes(scene):
	control = scene.control()
	port = free_port()
	proxy = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80=127.0.0.1:{port}/http"])
	scene.echo("web-app", http_port=port)
	proxy.await_ready()
	wait_until(lambda: control.get("workloads")["items"], "web is registered")

	# Its documents are there already: asking for them brings no new ones.
	wait_until(lambda: "default/web" in proxy.admin("/config").text(),
	    "web has its own documents")
	reply = get(proxy.outbound_port, "http://web.default.mesh/",
	    host="web.default.mesh")
	assert reply.status == 200, reply.text()


if __name__ == "__main__":
	main()
