#!/usr/bin/python3
"""What is open at a port that its Service has no more."""

import json

import wire
from mesh import main, scenario, wait_until
from policies import member, policy
from websocket import WebSocket

CUTS = "mesh_authorization_decisions_total"
CLOSED = policy("closed", """
  action: DENY
  rules: [{from: [{source: {namespaces: [default]}}]}]
""")


class World:
	"""A connection of bytes and a WebSocket from web to ledger."""

	def __init__(self, scene):
		self.control = scene.control()
		app = scene.echo("app-ledger")
		self.ledger = scene.proxy("ledger", control=self.control,
		    service="default/ledger", apps=[f"7000={app.tcp}/tcp",
		    f"80={app.http}/http"]).await_ready()
		web = member(scene, self.control, "web", upstreams={
		    "bytes": "default/ledger:7000", "http": "default/ledger:80"})
		self.bytes = scene.closing(wire.Stream(wire.dial(
		    web.upstream["bytes"])))
		self.bytes.send(b"RAW\n")
		self.socket = scene.closing(WebSocket(web.upstream["http"],
		    host="ledger.default.mesh"))
		self.go_on()

	def go_on(self):
		self.bytes.send(b"hello")
		assert self.bytes.read(5) == b"hello"
		self.socket.send("hello")
		assert self.socket.receive() == "hello"

	def are_cut(self, **labels):
		wait_until(lambda: self.ledger.metrics().sum(CUTS,
		    decision="cut", destination_service="ledger", **labels) == 2,
		    "both are cut off")
		for one in self.bytes, self.socket:
			try:
				assert one.read(1) == b"", "nothing comes any more"
			except OSError:
				pass


def gone(world):
	world.control.ctl("delete", "service", "ledger", "--yes")
	wait_until(lambda: json.loads(world.ledger.admin("/config").text())[
	    "proxy"]["snapshot"]["inbound"] == [], "no port is served")
	world.go_on()


@scenario
def a_policy_is_about_who_came_to_a_service_that_is_gone(scene):
	world = World(scene)
	gone(world)
	world.control.apply(CLOSED)
	world.are_cut(policy="default/closed")


@scenario
def the_default_is_about_who_came_to_a_service_that_is_gone(scene):
	world = World(scene)
	gone(world)
	world.control.apply("---\napiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec: {defaultInboundPolicy: deny}\n")
	world.are_cut(policy="default")


@scenario
def a_port_goes_with_the_policy_that_allowed_it(scene):
	world = World(scene)
	world.control.apply("---\napiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec: {defaultInboundPolicy: deny}\n" +
	    policy("web", """
  rules: [{from: [{source: {serviceAccounts: [web]}}]}]
"""))
	wait_until(lambda: "default/web" in world.control.ctl("authz", "check",
	    "--from", "web", "--to", "ledger:7000").stdout, "web is allowed")
	gone(world)
	world.control.ctl("delete", "authorizationpolicy", "web", "--yes")
	world.are_cut(policy="default")


if __name__ == "__main__":
	main()
