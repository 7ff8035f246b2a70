#!/usr/bin/env python3
# timeout: 240
"""Which worker gets a connection: each has its share, however they come."""

import signal
import ssl

import wire
from edge import OK, Edge
from mesh import SLOWER, main, scenario, wait_until

MANY = 200 // SLOWER


def serve(connection):
	while connection.read_request() is not None:
		connection.send(OK)


def shares(proxy):
	"""The connections of each worker."""
	return [count for _, _, count in
	    proxy.metrics().find("mesh_worker_connections")]


def settled(proxy, total):
	"""The shares once they sum up to total: one that is on its way from one
	count to another stands in both."""
	def sums_up():
		have = shares(proxy)
		return have if sum(have) == total else None
	return wait_until(sums_up, f"the workers have {total}")


def expect_shares(proxy, total, workers, low, high):
	"""Each worker has between low and high of what would be fair."""
	have = settled(proxy, total)
	fair = total / workers
	assert len(have) == workers, have
	assert fair * low <= min(have) and max(have) <= fair * high, have


def come(proxy, make, count):
	"""Connections that stay open, made one by one: [(client, its worker)]."""
	came = []
	have = shares(proxy)
	for _ in range(count):
		client = make()
		before, have = have, settled(proxy, sum(have) + 1)
		came += [(client, worker) for worker, count in enumerate(have)
		    if count > before[worker]]
	return came


def come_and_go(scene, proxy, make):
	"""Two workers share what comes, whichever of them is woken for it: also
	when all that one had, and then all that the other had, went."""
	wait_until(lambda: sum(shares(proxy)) == 0, "the first one goes")
	clients = come(proxy, make, MANY)
	expect_shares(proxy, MANY, 2, 0.8, 1.2)
	for emptied in (0, 1):
		for client, worker in clients:
			if worker == emptied:
				client.close()
		wait_until(lambda emptied=emptied: shares(proxy)[emptied] == 0,
		    "they are gone")
		clients = [pair for pair in clients if pair[1] != emptied]
		clients += come(proxy, make, MANY - len(clients))
		expect_shares(proxy, MANY, 2, 0.8, 1.2)
	for client, _ in clients:
		scene.closing(client)


def served(client):
	assert client.request("/plain").status == 200
	return client


def edge_with(scene, workers, **options):
	edge = Edge(scene, scene.backend(serve),
	    options=("--workers", workers), **options)
	wait_until(lambda: sum(shares(edge)) == 0, "the first one goes")
	return edge


@scenario
def two_workers_share_what_comes_one_by_one(scene):
	edge = edge_with(scene, 2)
	come_and_go(scene, edge, lambda: served(edge.client()))
	assert edge.metrics().sum("mesh_connections_handed_over_total",
	    listener="upstream") > 0


@scenario
def four_workers_share_what_comes_one_by_one(scene):
	edge = edge_with(scene, 4)
	for _ in range(MANY):
		scene.closing(served(edge.client()))
	expect_shares(edge, MANY, 4, 0.7, 1.3)


@scenario
def one_worker_has_all_and_passes_none_on(scene):
	edge = edge_with(scene, 1)
	for _ in range(MANY):
		scene.closing(served(edge.client()))
	expect_shares(edge, MANY, 1, 1, 1)
	assert not edge.metrics().find("mesh_connections_handed_over_total")


@scenario
def workers_share_streams_of_bytes(scene):
	edge = edge_with(scene, 2, protocol="tcp")
	come_and_go(scene, edge, edge.client)


def member(scene, control, name, *options):
	app = scene.echo(f"{name}-app")
	return scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={app.http}/http"], options=("--workers", 2, *options))


@scenario
def workers_share_callers_by_mutual_tls(scene):
	control = scene.control()
	orders = member(scene, control, "orders").await_ready()
	web = member(scene, control, "web").await_ready()
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.maximum_version = ssl.TLSVersion.TLSv1_2
	context.check_hostname = False
	context.verify_mode = ssl.CERT_NONE
	context.load_cert_chain(web.state_dir / "identity.pem")
	context.set_alpn_protocols(["http/1.1"])
	come_and_go(scene, orders, lambda: served(wire.Client(
	    f"127.0.0.1:{orders.inbound_port}",
	    tls=(context, "80.orders.default.mesh"))))


@scenario
def workers_share_callers_that_may_speak_plainly(scene):
	"""Who has said nothing yet counts as well."""
	orders = member(scene, scene.control(), "orders",
	    "--permissive").await_ready()
	come_and_go(scene, orders,
	    lambda: wire.dial(f"127.0.0.1:{orders.inbound_port}"))


@scenario
def nobody_is_lost_on_the_way_to_a_worker_that_ends(scene):
	"""They come and the stop comes, and then the proxy sees both at once."""
	edge = Edge(scene, scene.backend(serve), options=("--workers", 4))
	for _ in range(20):
		scene.closing(served(edge.client()))
	edge.signal(signal.SIGSTOP)
	late = [scene.closing(edge.client()) for _ in range(MANY)]
	for client in late:
		client.send(wire.build("GET", "/plain", "test"))
	edge.asked_to_end = True
	edge.signal(signal.SIGTERM)
	edge.signal(signal.SIGCONT)
	for client in late:
		assert client.read_reply().status == 200
	assert edge.wait() == 0
	assert "did not end in time" not in edge.err()


if __name__ == "__main__":
	main()
