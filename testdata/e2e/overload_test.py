#!/usr/bin/env python3
# timeout: 120
"""A proxy that has too much to do refuses new work, and only that."""

import resource

from edge import Edge, Managed, reply
from mesh import curl, main, scenario, wait_until
from wire import get

MAY_OPEN = 2000		# descriptors


def may_open(number):
	_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
	resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))


@scenario
def descriptors_that_run_out_cost_what_can_wait_first(scene):
	may_open(MAY_OPEN)
	backend = scene.backend(reply("ok"))
	edge = Managed(scene, backend, spec="  overload: {descriptorsPercent: 10}\n",
	    policy="  retry: {on: [5xx]}\n")
	url = f"http://127.0.0.1:{edge.port}/"
	assert curl(url, "-H", "priority: u=7").status == 200
	clients = []

	def fill(count):
		while len(clients) < count:
			clients.append(scene.closing(edge.client()))

	used = edge.metrics().sum("process_open_fds")
	fill(int(170 - used))
	wait_until(lambda: "overload: high" in edge.err(), "the level is high")
	assert curl(url, "-H", "priority: u=7, i").status == 503
	assert curl(url, "-H", "priority: u=3").status == 200
	assert clients[0].request("/").status == 200
	fill(int(210 - used))
	wait_until(lambda: "overload: full" in edge.err(), "the level is full")
	answer = clients[0].request("/")
	assert answer.status == 503, answer.head
	assert curl(url).status == 503
	assert edge.admin("/readyz").status == 200, "admin stays"
	assert edge.metrics().find("mesh_overload_ratio",
	    resource="descriptors")[0][2] >= 1
	wait_until(lambda: '"response_flags":"OM"' in edge.out(), "the log says so")
	for client in clients:
		client.close()
	wait_until(lambda: "overload: over" in edge.err(), "it is over")
	assert curl(url, "-H", "priority: u=7").status == 200


@scenario
def memory_has_a_bound_and_requests_under_way_go_on(scene):
	edge = Edge(scene, scene.backend(reply("ok")),
	    spec="  overload: {memory: 64Ki}\n")
	wait_until(lambda: "overload: full" in edge.err(), "the level is full")
	assert "memory" in edge.err()
	assert get(edge.port).status == 503
	assert edge.admin("/metrics").status == 200


@scenario
def a_sidecar_with_too_much_to_do_sends_its_callers_elsewhere(scene):
	control = scene.control()
	for name, spec in (("orders-1", ""), ("orders-2",
	    "  overload: {memory: 64Ki}\n")):
		app = scene.echo(f"{name}-app")
		config = scene.file(f"{name}.yaml", "apiVersion: mesh/v1\n"
		    f"kind: Proxy\nmetadata: {{name: {name}}}\nspec:\n"
		    f"{spec or '  overload: {}'}")
		scene.proxy(name, control=control, service="default/orders",
		    apps=[f"80={app.http}/http"],
		    options=("--config", config)).await_ready()
	web = scene.proxy("web-1", control=control,
	    service="default/web").await_ready()

	def ask():
		return get(web.outbound_port, "http://orders/", host="orders").status

	wait_until(lambda: ask() == 200, "orders can be called")
	assert {ask() for _ in range(50)} == {200}


if __name__ == "__main__":
	main()
