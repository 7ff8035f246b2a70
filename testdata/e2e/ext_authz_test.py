#!/usr/bin/python3
# timeout: 240
"""External authorization: providers asked by HTTP and by gRPC, for policies with
the action CUSTOM beside a service and at a Gateway, and for routes' filters."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import grpc

import wire
from ext_authz import GrpcProvider, HttpProvider
from gateway import Gateway, gateway, service
from grpc_store import WAIT, Caller, Store, failure
from mesh import SLOWER, curl, free_port, main, scenario, wait_until

ANSWERS = "mesh_ext_authz_requests_total"
DECISIONS = "mesh_authorization_decisions_total"

POLICY = """
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: ask, annotations: %s}
spec:
  targetRefs: [{%s}]
  action: CUSTOM
  provider: {name: %s}
  rules: [{to: [{operation: {notPaths: [/free]}}]}]
"""


def policy(target="name: orders", provider="auth", annotations="{}"):
	return POLICY % (annotations, target, provider)


def mesh_config(kind, settings="", name="auth"):
	return (f"---\napiVersion: mesh/v1\nkind: MeshConfig\n"
	    f"metadata: {{name: default}}\nspec:\n  extensionProviders:\n"
	    f"  - name: {name}\n    {kind}: {{service: auth.default.mesh, "
	    f"port: 80{settings}}}\n")


HTTP, GRPC = "envoyExtAuthzHttp", "envoyExtAuthzGrpc"


class World:
	"""control, web which calls orders, and a provider in the mesh."""

	def __init__(self, scene, provider, kind, settings=""):
		self.scene, self.provider = scene, provider
		scene.closing(provider)
		self.control = scene.control()
		app = scene.echo("app")
		self.orders = self.member("orders", f"80={app.http}/http")
		self.web = self.member("web", f"80={app.http}/http")
		self.auth = self.member("auth",
		    f"80=127.0.0.1:{provider.server_port}/"
		    f"{'h2c' if kind == GRPC else 'http'}")
		wait_until(lambda: self.ask("/free").status == 200,
		    "orders answers")
		self.config(kind, settings)
		self.control.apply(policy())
		wait_until(lambda: self.ask("/first").status != 0 and
		    provider.asked, "the provider is asked")
		provider.asked.clear()

	def member(self, name, app):
		return self.scene.proxy(name, control=self.control,
		    service=f"default/{name}", apps=[app]).await_ready()

	def config(self, kind, settings):
		self.control.apply(mesh_config(kind, settings))

	def ask(self, path="/", *options):
		return curl(f"{self.web.outbound}{path}", "-H",
		    "Host: orders.default.mesh", *options)

	def seen(self, path="/", *options):
		"""What the application saw."""
		return self.ask(path, *options).json()

	def details(self):
		return [json.loads(line)["response_code_details"]
		    for line in self.orders.out().splitlines()
		    if line.startswith("{")]

	def count(self, result, name=ANSWERS, label="result"):
		return self.orders.metrics().sum(name, **{label: result})


def yes(fields=()):
	return lambda request: (200, list(fields), b"")


@scenario
def an_http_provider_lets_pass_and_refuses(scene):
	world = World(scene, HttpProvider(yes()), HTTP,
	    ", pathPrefix: /check, includeRequestHeadersInCheck: [x-team-*], "
	    "includeAdditionalHeadersInCheck: {X-From: mesh}")
	reply = world.ask("/a/b?c=d", "-H", "X-Team-A: red", "-H",
	    "Authorization: Bearer t", "-H", "X-Other: no", "-X", "PUT")
	assert reply.status == 200, reply.body
	(asked,) = world.provider.asked
	assert (asked.command, asked.path) == ("PUT", "/check/a/b?c=d")
	assert asked.headers["host"] == "orders.default.mesh"
	assert asked.headers["authorization"] == "Bearer t"
	assert asked.headers["x-team-a"] == "red"
	assert asked.headers["x-from"] == "mesh"
	assert asked.headers["content-length"] == "0"
	assert asked.headers["x-other"] is None
	assert world.ask("/free").status == 200 and \
	    len(world.provider.asked) == 1, "no rule asks about it"
	world.provider.says = lambda request: (401, [("WWW-Authenticate",
	    "Basic"), ("X-Why", "because")], b"go away")
	reply = world.ask("/a")
	assert (reply.status, reply.body) == (401, b"go away")
	assert reply.header("www-authenticate") == "Basic"
	assert reply.header("x-why") == "because"
	assert "ext_authz_denied" in world.details()
	wait_until(lambda: world.count("deny") == 1 and world.count("allow") > 0,
	    "it is counted")
	world.orders.wait_line(r"provider auth says no with 401, by rule 0 of "
	    r"default/ask")


if __name__ == "__main__":
	main()
