#!/usr/bin/env python3
# timeout: 240
"""What is idle: connections that a server ends just as a request is on its way,
the classic 503 behind keep-alive; and a proxy that has nothing to do."""

import resource

from edge import OK, Managed, stays_quiet
from mesh import SLOWER, main, scenario, wait_until
from wire import Client, build

CLIENTS = 1000 // SLOWER
ROUNDS = 10


def allow_descriptors(number):
	_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
	resource.setrlimit(resource.RLIMIT_NOFILE, (min(number, hard), hard))


@scenario
def a_peer_that_ends_idle_connections_costs_no_request(scene):
	"""nginx ends what was idle for a second.  All clients ask at once, so each
	round finds as many idle connections, around the moment of their end."""
	allow_descriptors(8192)
	nginx = scene.nginx("impatient", """keepalive_timeout 1s;
		keepalive_requests 100000; location / { return 200 "ok"; }""")
	edge = Managed(scene, nginx.http_port, policy="""
  circuitBreaker: {maxConnections: 4096, maxRequests: 4096,
    maxPendingRequests: 4096}
""")
	clients = [scene.closing(edge.client()) for _ in range(CLIENTS)]
	request = build("GET", "/", "web")
	wrong, answered = [], 0
	for number in range(ROUNDS):
		for client in clients:
			client.send(request)
		for client in clients:
			answer = client.read_reply()
			answered += answer.status == 200
			if answer.status != 200:
				wrong.append((number, answer.status))
		# From 0.95 s to 1.04 s: before, at and after the end of the first.
		assert stays_quiet(clients[0], 0.95 + number / 100)
	assert wrong == [], wrong
	assert answered == CLIENTS * ROUNDS
	opened = edge.metrics().sum("mesh_upstream_connections_total")
	assert opened > CLIENTS, "none was ended while it was idle"


NO_BUDGET = """
  retry: {budgetMinimum: 0, budgetPercent: 0}
  circuitBreaker: {maxRetries: 0}
"""


@scenario
def a_connection_that_ends_as_it_is_used_needs_no_budget(scene):
	"""Each serves one request and ends at the next, without an answer."""
	def script(connection):
		connection.read_request()
		connection.send(OK)
		connection.read_request()

	backend = scene.backend(script)
	edge = Managed(scene, backend, policy=NO_BUDGET)
	with edge.client() as client:
		for _ in range(4):
			assert client.request("/").status == 200
			assert stays_quiet(client, 0.1), "it is idle for a while"
		assert client.request("/").status == 200
		# What was not idle is another matter: the service may be ill.
		assert client.request("/").status == 502
	assert len(backend.connections) == 5
	assert all(e["state"] == "available" for e in edge.states().values())
	assert edge.metrics().sum("mesh_retries_total") >= 1


@scenario
def a_sidecar_without_work_hardly_wakes(scene):
	"""What wakes it: control and the health of the application.  It is small:
	of its 6 MB of code only what it still uses is there, 5 MB with all else."""
	control = scene.control()
	app = scene.echo("app")
	proxy = scene.proxy("web-1", control=control, service="default/web",
	    apps=[f"80=127.0.0.1:{app.http_port}/http"]).await_ready()
	with Client(proxy.outbound_port) as client:
		assert client.request("/", host="web.default").status == 200

		def wakes():
			before = proxy.wakeups()
			assert stays_quiet(client, 2)
			return proxy.wakeups() - before
		# Four times a second it would look whether it had too much to do.
		wait_until(lambda: wakes() < 6 * SLOWER, "nothing ticks")
	if SLOWER == 1:
		assert proxy.rss_kib() < 5_000_000 // 1024, proxy.rss_kib()


if __name__ == "__main__":
	main()
