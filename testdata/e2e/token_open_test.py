#!/usr/bin/python3
"""What is open when its token is taken no longer: a RequestAuthentication
changes or goes, an issuer drops a key."""

import queue

import grpc

import wire
from grpc_store import WAIT, Caller, Store
from mesh import main, scenario, wait_until
from policies import access_lines, ask, member, policy
from tokens import REQUIRED, Issuer, authentication, bearer, published
from websocket import WebSocket

CUTS = "mesh_authorization_decisions_total"


class Open:
	"""A WebSocket, a request whose body is still to come, and a stream of
	gRPC, each with a token."""

	def __init__(self, scene, web, token):
		fields = bearer(token)
		self.socket = WebSocket(web.upstream["orders"],
		    host="orders.default.mesh", fields=fields)
		self.client = wire.Client(web.outbound_port)
		self.client.send(wire.build("POST",
		    "http://orders.default.mesh/", "orders.default.mesh",
		    fields={"Content-Length": "10", **fields}))
		self.words = queue.Queue()
		caller = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
		    "app.default.mesh"))
		self.chat = caller.channel.stream_stream("/e2e.Store/Chat")(
		    iter(self.words.get, None), metadata=[("authorization",
		    f"Bearer {token}")])
		for one in self.socket, self.client:
			scene.closing(one)
		self.goes_on()

	def goes_on(self):
		self.socket.send("hello")
		assert self.socket.receive() == "hello"
		self.words.put(b"hello")
		assert next(self.chat) == b"re: hello"

	def ends_well(self):
		self.goes_on()
		self.words.put(None)
		assert list(self.chat) == []
		self.client.send(b"0123456789")
		assert self.client.read_reply().status == 200

	def is_cut(self):
		try:
			assert self.socket.read(1) == b"", "no frame comes any more"
		except OSError:
			pass
		reply = self.client.read_reply()
		assert reply.status == 401, reply.head
		assert reply.get("www-authenticate") == \
		    'Bearer error="invalid_token"'
		try:
			next(self.chat)
		except grpc.RpcError as why:
			assert why.code() == grpc.StatusCode.PERMISSION_DENIED, why
			return
		raise AssertionError("the stream goes on")


class World:
	def __init__(self, scene, options=()):
		self.scene = scene
		self.control = scene.control()
		store = scene.closing(Store())
		self.orders = member(scene, self.control, "orders",
		    options=options)
		self.app = scene.proxy("app", control=self.control,
		    service="default/app", options=options,
		    apps=[f"80=127.0.0.1:{store.port}/grpc"]).await_ready()
		self.web = member(scene, self.control, "web", options=options,
		    upstreams={"orders": "default/orders:80"})
		wait_until(lambda: ask(self.web) == 200, "orders answers")

	def open(self, token):
		return Open(self.scene, self.web, token)

	def accepts(self, issuer, status=200):
		wait_until(lambda: ask(self.web, fields=bearer(issuer.token())) ==
		    status, f"tokens of {issuer.url} are answered {status}",
		    timeout=20)

	def cuts(self, **labels):
		return [int(proxy.metrics().sum(CUTS, decision="cut", **labels))
		    for proxy in (self.orders, self.app)]

	def await_cuts(self, *wanted, **labels):
		wait_until(lambda: self.cuts(**labels) == list(wanted),
		    f"{wanted} were cut off, {self.cuts(**labels)} are")


@scenario
def who_is_believed_no_longer_is_cut_off_and_the_others_are_not(scene):
	ann, bob = Issuer(), Issuer("https://second.example")
	world = World(scene)

	def rules(*issuers):
		return authentication([{"issuer": one.url, "jwks": one.jwks}
		    for one in issuers])
	world.control.apply(rules(ann, bob) + REQUIRED)
	world.accepts(ann)
	world.accepts(bob)
	wait_until(lambda: ask(world.web) == 403, "a token is required")
	first, second = world.open(ann.token()), world.open(bob.token())
	# The issuer goes; what is said of the other is another document now.
	world.control.apply(rules(bob))
	first.is_cut()
	world.await_cuts(2, 1, policy="default/tokens", rule="0")
	wait_until(lambda: len([line for line in access_lines(world.orders)
	    if line["response_code_details"] == "invalid_token[issuer]"]) >= 2,
	    "the access log says why")
	assert "its token is not taken any more (issuer), says " \
	    "RequestAuthentication default/tokens" in world.orders.err()
	second.goes_on()
	# A rule that comes changes nothing for it, another key does.
	world.control.apply(rules(ann, bob))
	world.accepts(ann)
	second.goes_on()
	third = world.open(ann.token())
	world.control.apply(rules(ann, bob.renew("two")))
	second.is_cut()
	world.await_cuts(4, 2, policy="default/tokens")
	# Who answers before the request is whole has been waited for by nobody.
	def cut():
		return [line for line in access_lines(world.web) if
		    line["response_code"] == 401 and line["method"] == "POST"]
	wait_until(lambda: len(cut()) == 2, "both are in the access log")
	assert not any("upstream_service_time" in line for line in cut()), cut()
	# Without the document nobody's token says who they are.
	third.goes_on()
	before = world.cuts(policy="default/required")
	world.control.ctl("delete", "requestauthentication", "tokens", "--yes")
	world.await_cuts(before[0] + 2, before[1] + 1,
	    policy="default/required")


@scenario
def a_document_that_comes_is_about_what_is_open(scene):
	ann, evil = Issuer(), Issuer()
	world = World(scene)
	good, bad = world.open(ann.token()), world.open(evil.token())
	# What asks for a token comes with what looks for one.
	world.control.apply(authentication([{"issuer": ann.url, "jwks":
	    ann.jwks}]) + REQUIRED)
	bad.is_cut()
	world.await_cuts(2, 1, policy="default/tokens")
	# What it claims is known from now on.
	good.goes_on()
	world.control.apply(policy("bob", f"""
  action: ALLOW
  rules: [{{from: [{{source: {{requestPrincipals: ["{ann.url}/ann"]}}}}]}}]
"""))
	wait_until(lambda: ask(world.web) == 403, "the policy is in force")
	good.ends_well()
	assert world.cuts(policy="default/tokens") == [2, 1]


@scenario
def a_key_that_its_issuer_dropped_opens_nothing_any_more(scene):
	provider, options = published(scene)
	world = World(scene, options)
	world.control.apply(authentication([{"issuer": provider.url, "jwksUri":
	    f"{provider.url}/keys"}]))
	world.accepts(provider)
	old = world.open(provider.token())
	provider.renew("two")
	# Whoever meets the new key asks for all; the old one is not among them.
	for service in "orders", "app":
		wait_until(lambda service=service: wire.get(
		    world.web.outbound_port, f"http://{service}.default.mesh/",
		    host=f"{service}.default.mesh", fields=bearer(
		    provider.token())).status != 401, "the new key is known",
		    timeout=20)
	old.is_cut()
	world.await_cuts(2, 1, policy="default/tokens")
	# The same keys in another place: they are waited for.
	new = world.open(provider.token())
	world.control.apply(authentication([{"issuer": provider.url}]))
	asked = "/.well-known/openid-configuration"
	wait_until(lambda: provider.asked[asked] >= 2, "both ask there")
	world.accepts(provider)
	new.ends_well()
	assert world.cuts(policy="default/tokens") == [2, 1]


@scenario
def a_token_s_own_end_cuts_nothing_off(scene):
	issuer = Issuer()
	world = World(scene)

	def rules(*audiences):
		return authentication([{"issuer": issuer.url, "jwks": issuer.jwks,
		    "audiences": audiences}])
	world.control.apply(rules("orders"))
	wait_until(lambda: ask(world.web, fields=bearer(issuer.token(
	    aud="web"))) == 401, "tokens are looked at")
	before = world.cuts(policy="default/tokens")
	# Skew is a minute: it is good for 3 seconds.
	token = issuer.token(aud="orders", lifetime=-57)
	opened = world.open(token)
	wait_until(lambda: ask(world.web, fields=bearer(token)) == 401,
	    "it has expired")
	opened.goes_on()
	world.control.apply(rules("orders", "web"))
	wait_until(lambda: ask(world.web, fields=bearer(issuer.token(
	    aud="web"))) == 200, "the other rule is in force")
	opened.goes_on()
	world.control.apply(rules("web"))
	opened.is_cut()
	world.await_cuts(before[0] + 2, before[1] + 1, policy="default/tokens")


if __name__ == "__main__":
	main()
