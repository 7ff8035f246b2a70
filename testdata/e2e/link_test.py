#!/usr/bin/env python3
"""What two sidecars speak to each other: a connection for each request under
way, or HTTP/2 for many, by load or as BackendPolicy says.
"""

import json
import re
import subprocess
import threading

import wire
from mesh import curl, main, scenario, wait_until
from websocket import WebSocket

ORDERS = "orders.default.mesh"
POLICY = """apiVersion: mesh/v1
kind: BackendPolicy
metadata: {name: orders, namespace: default}
spec:
  targetRefs: [{name: orders}]
  connectionPool: {h2UpgradePolicy: %s}
"""


class Sidecars:
	def __init__(self, scene, policy=None, config=None):
		self.control = scene.control()
		if config:
			self.control.apply(config)
		if policy:
			self.control.apply(POLICY % policy)
		self.web, self.orders = (scene.proxy(name, control=self.control,
		    service=f"default/{name}", options=("--workers", "1"),
		    apps=[f"80={scene.echo(f'{name}-app').http}/http"])
		    for name in ("web", "orders"))
		wait_until(lambda: self.ask().status == 200, "orders answers")

	def ask(self, path="/plain", *options):
		return curl(f"{self.web.outbound}{path}", "-H", f"Host: {ORDERS}",
		    *options)

	def active(self):
		"""Connections of web to orders."""
		return self.web.metrics().sum(
		    "mesh_upstream_connections_active")

	def spoken(self, code="200"):
		"""What orders was asked in, by its access log."""
		return {line["protocol"] for line in map(json.loads,
		    self.orders.out().splitlines())
		    if str(line.get("response_code")) == code}

	def load(self, *options):
		"""Runs h2load; gives how many connections there were at most."""
		most = [0]
		over = threading.Event()

		def watch():
			while not over.is_set():
				most[0] = max(most[0], self.active())
		watcher = threading.Thread(target=watch)
		watcher.start()
		try:
			done = subprocess.run(["h2load", "-t1", "-H",
			    f":authority: {ORDERS}", *options], text=True,
			    capture_output=True, timeout=60, check=True).stdout
		finally:
			over.set()
			watcher.join()
		assert re.search(r"0 failed, 0 errored, 0 timeout", done), done
		return most[0]


@scenario
def many_small_requests_share_a_connection(scene):
	pair = Sidecars(scene)
	for _ in range(20):
		assert pair.ask().status == 200
	wait_until(lambda: len(pair.orders.out().splitlines()) > 20, "the log")
	assert pair.spoken() == {"HTTP/1.1"}, pair.spoken()
	most = pair.load("-c4", "-m32", "-n20000", f"{pair.web.outbound}/plain")
	assert 1 <= most <= 40, most
	assert "HTTP/2" in pair.spoken(), pair.spoken()


@scenario
def long_bodies_have_connections_of_their_own(scene):
	pair = Sidecars(scene)
	pair.load("-c1", "-m4", "-n400", f"{pair.web.outbound}/?size=50000")
	most = pair.load("-c4", "-m16", "-n2000",
	    f"{pair.web.outbound}/?size=50000")
	assert most >= 20, most


def spoken_with(scene, policy):
	pair = Sidecars(scene, policy)
	for method in ("GET", "POST", "PUT"):
		assert pair.ask("/echo", "-X", method, "-d", "abc").status == 200
	most = pair.load("-c4", "-m16", "-n2000", f"{pair.web.outbound}/plain")
	return pair.spoken(), most


@scenario
def a_policy_may_ask_for_http2(scene):
	spoken, most = spoken_with(scene, "UPGRADE")
	assert spoken == {"HTTP/2"} and most <= 2, (spoken, most)


@scenario
def a_policy_may_forbid_it(scene):
	spoken, most = spoken_with(scene, "DO_NOT_UPGRADE")
	assert spoken == {"HTTP/1.1"} and most > 16, (spoken, most)


def ask_on(client):
	client.send(wire.build("GET", "/plain", ORDERS))
	return client.read_reply()


AGE = """apiVersion: mesh/v1
kind: MeshConfig
metadata: {name: default}
spec:
  http: {maxConnectionDuration: 200ms}
"""


def lose_nothing(scene, policy):
	"""Under load; gives how many connections web made."""
	pair = Sidecars(scene, policy, AGE)
	failed, over = [], threading.Event()

	def call():
		while not over.is_set():
			with wire.Client(pair.web.outbound_port) as client:
				reply = ask_on(client)
				while reply.status == 200 and not over.is_set() and \
				    reply.get("connection") != "close":
					reply = ask_on(client)
			if reply.status != 200:
				failed.append(reply.status)
	callers = [threading.Thread(target=call) for _ in range(8)]
	for caller in callers:
		caller.start()
	try:
		wait_until(lambda: failed or pair.web.metrics().sum(
		    "mesh_upstream_connections_total") > 20,
		    "connections end and are made", 30)
	finally:
		over.set()
		for caller in callers:
			caller.join()
	assert not failed, failed


@scenario
def shared_connections_that_age_lose_nothing(scene):
	lose_nothing(scene, "UPGRADE")


@scenario
def connections_that_age_lose_nothing(scene):
	lose_nothing(scene, "DO_NOT_UPGRADE")


@scenario
def a_websocket_crosses_a_shared_connection(scene):
	pair = Sidecars(scene, "UPGRADE")
	with WebSocket(pair.web.outbound_port, f"http://{ORDERS}/ws",
	    host=ORDERS) as socket:
		for size in (1, 70000, 300000):
			socket.send(b"x" * size)
			assert socket.receive() == b"x" * size
		socket.close_in_order()
	wait_until(lambda: pair.spoken("101"), "orders logs the tunnel")
	assert pair.spoken("101") == {"HTTP/2"}, pair.spoken("101")
	# Another may follow at once.
	assert wire.get(pair.web.outbound_port, f"http://{ORDERS}/plain",
	    host=ORDERS).status == 200


if __name__ == "__main__":
	main()
