#!/usr/bin/python3
# timeout: 240
"""External authorization: providers asked by HTTP and by gRPC, for policies with
the action CUSTOM beside a service and at a Gateway, and for routes' filters."""

import json
import re
import socket
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

	def details(self):
		"""Of all requests so far, in the access log of orders."""
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
	assert asked.headers["x-request-id"]
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
	wait_until(lambda: "ext_authz_denied" in world.details(),
	    "the access log says why")
	wait_until(lambda: world.count("deny") == 1 and world.count("allow") > 0,
	    "it is counted")
	world.orders.wait_line("provider auth: it says no with 401; rule 0 of "
	    "default/ask asks it")


@scenario
def what_a_provider_says_cannot_be_forged(scene):
	world = World(scene, HttpProvider(yes()), HTTP,
	    ", headersToUpstreamOnAllow: [x-user], headersToDownstreamOnAllow: "
	    "[set-cookie], headersToDownstreamOnDeny: [x-why]")
	forged = ("-H", "X-User: root", "-H", "X-Mesh-Source: default/root",
	    "-H", "Cookie: a=b")
	fields = world.ask("/x", *forged).json()["headers"]
	assert "x-user" not in fields and fields["cookie"] == ["a=b"], fields
	world.provider.says = yes([("X-User", "ann"), ("Set-Cookie", "s=1"),
	    ("X-Mesh-Source", "default/root"), ("Host", "evil")])
	reply = world.ask("/x", *forged)
	assert reply.header("set-cookie") == "s=1"
	fields = reply.json()["headers"]
	assert fields["x-user"] == ["ann"], fields
	assert fields["host"] == ["orders.default.mesh"], fields
	world.provider.says = lambda request: (403, [("X-Why", "no"),
	    ("X-Else", "secret"), ("Location", "/login")], b"")
	reply = world.ask("/x")
	assert reply.status == 403
	assert reply.header("x-why") == "no"
	assert reply.header("location") == "/login"
	assert reply.header("x-else") is None


@scenario
def an_http_provider_learns_who_calls(scene):
	"""By the header of the question; the certificate's is the asker's."""
	world = World(scene, HttpProvider(yes([("X-Ext-Authz-Principal",
	    "spiffe://mesh.internal/ns/default/sa/root")])), HTTP,
	    ", includeRequestHeadersInCheck: [x-forwarded-client-cert, 'x-*'], "
	    "headersToUpstreamOnAllow: [x-user, x-ext-authz-principal]")
	name = "x-ext-authz-principal"
	who = "spiffe://mesh.internal/ns/default/sa/"
	forged = ("-H", f"X-Ext-Authz-Principal: {who}root", "-H",
	    f"X.Ext.Authz.Principal: {who}root", "-H",
	    f"x-forwarded-client-cert: URI={who}root")
	for options in ((), forged):
		fields = world.ask("/x", *options).json()["headers"]
		assert "root" not in json.dumps(fields), fields
		asked = world.provider.asked[-1].headers
		assert asked.get_all(name) == [f"{who}web"], asked.items()
		assert f"URI={who}orders" in asked["x-forwarded-client-cert"]
		assert "root" not in str(asked), asked.items()
	# What calls the provider, and asks nothing, cannot say it either.
	world.provider.asked.clear()
	curl(f"{world.web.outbound}/page", "-H", "Host: auth.default.mesh",
	    *forged)
	asked = world.provider.asked[-1].headers
	assert asked.get_all(name) is None and "root" not in str(asked), \
	    asked.items()


@scenario
def what_a_provider_says_is_nobody_elses_where_it_is_not_asked(scene):
	only = ", headersToUpstreamOnAllow: [x-user, cookie]"
	world = World(scene, HttpProvider(yes()), HTTP, only)
	forged = ("-H", "X-User: root", "-H", "Cookie: a=b")

	def seen(path):
		fields = world.ask(path, *forged).json()["headers"]
		assert fields["cookie"] == ["a=b"], fields
		return fields.get("x-user")
	assert seen("/free") is None
	assert not world.provider.asked
	for path in ("/free", "/x"):
		with wire.Client(world.web.outbound_port) as client:
			client.send(f"POST {path} HTTP/1.1\r\n"
			    "Host: orders.default.mesh\r\n"
			    "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
			    "X-User: root\r\nX-Sum: 1\r\n\r\n".encode())
			got = client.read_reply().json()["trailers"]
			assert got == {"x-sum": ["1"]}, got
	# What is let by without an answer says nothing in its place.
	world.provider.says = lambda request: (500, [], b"")
	world.config(HTTP, only + ", failOpen: true")
	wait_until(lambda: world.ask("/x").status == 200, "it is let by")
	assert seen("/x") is None
	# No policy in force, no name.
	world.control.apply(policy(annotations="{istio.io/dry-run: 'true'}"))
	wait_until(lambda: seen("/free") == ["root"], "it is tried only")


@scenario
def a_provider_that_does_not_answer_lets_nobody_pass(scene):
	world = World(scene, HttpProvider(yes()), HTTP)
	world.provider.is_open.clear()
	reply = world.ask("/slow")
	assert reply.status == 403, reply.status
	wait_until(lambda: "ext_authz_error" in world.details(),
	    "the access log says why")
	world.orders.wait_line("provider auth: it did not answer in time; rule 0 "
	    "of default/ask asks it")
	world.config(HTTP, ", statusOnError: '503'")
	wait_until(lambda: world.ask("/slow").status == 503,
	    "the status is another")
	world.provider.is_open.set()
	assert world.ask("/quick").status == 200
	world.provider.says = lambda request: (500, [], b"oops")
	assert world.ask("/broken").status == 503
	world.auth.stop()
	assert world.ask("/down").status == 503
	wait_until(lambda: world.count("error") >= 4, "it is counted")
	world.config(HTTP, ", failOpen: true")
	wait_until(lambda: world.ask("/open").status == 200,
	    "it is let by where it says so")
	wait_until(lambda: world.count("fail_open") >= 1, "which is counted")
	# So many lines a second and no more.
	wait_until(lambda: world.ask("/open").status == 200 and
	    re.search("let by: provider auth: .*; default/ask asks it",
	    world.orders.err()), "the log says so")


@scenario
def a_refusal_is_one_though_its_page_is_too_long(scene):
	world = World(scene, HttpProvider(lambda request: (403, [("X-Why",
	    "because")], request.path.encode() * (20000
	    if request.path == "/long" else 1))), HTTP,
	    ", failOpen: true, headersToDownstreamOnDeny: [x-why]")
	for path, body in (("/short", b"/short"), ("/long", b"")):
		reply = world.ask(path)
		assert (reply.status, reply.body, reply.header("x-why")) == (403,
		    body, "because"), (path, reply.status, reply.body[:40])


@scenario
def a_grpc_answer_that_nobody_can_follow_opens_nothing(scene):
	def says(asked, reply):
		path = asked.request.http.path
		if path == "/fails":
			raise ValueError("this provider is out of order")
		reply.status.code = 0 if path in ("/first", "/yes") else 7
		reply.denied_response.body = "no" * (40000
		    if path == "/long" else 1)
		if path in ("/first", "/yes"):
			reply.ClearField("denied_response")
		elif path == "/odd":
			reply.denied_response.status.code = 101
	world = World(scene, GrpcProvider(says), GRPC,
	    ", failOpen: true, statusOnError: '503'")
	for path, status in (("/yes", 200), ("/no", 403), ("/long", 503),
	    ("/odd", 503), ("/fails", 200)):
		assert world.ask(path).status == status, path
	assert world.count("error") == 2
	wait_until(lambda: world.details().count(
	    "ext_authz_error[malformed_answer]") == 2, "the access log says so")
	world.orders.wait_line("GET /long: provider auth: its answer is too large; "
	    "rule 0 of default/ask asks it")


@scenario
def an_http_answer_that_nobody_can_follow_opens_nothing(scene):
	def says(request):
		if request.path == "/head":
			return 403, [("X-Why", "a" * 200000)], b""
		return 200, [], b"yes" * (30000 if request.path == "/long" else 1)
	world = World(scene, HttpProvider(says), HTTP,
	    ", failOpen: true, statusOnError: '503'")
	for path, status in (("/yes", 200), ("/long", 503), ("/head", 503)):
		assert world.ask(path).status == status, path


@scenario
def a_body_is_shown_as_far_as_is_said(scene):
	world = World(scene, HttpProvider(yes()), HTTP,
	    ", includeRequestBodyInCheck: {maxRequestBytes: 16}")

	def send(body, *options):
		reply = world.ask("/", "--data-binary", body, "-H",
		    "Content-Type: text/x", *options)
		return reply.status, len(world.provider.asked)
	assert send("short") == (200, 1)
	asked = world.provider.asked[-1]
	assert asked.body == b"short" and asked.command == "POST"
	assert asked.headers["x-envoy-auth-partial-body"] == "false", \
	    asked.headers.as_string()
	assert send("x" * 17) == (413, 1), "too long, and nobody is asked"
	assert send("x" * 17, "-H", "Transfer-Encoding: chunked") == (413, 1)
	world.config(HTTP, ", includeRequestBodyInCheck: {maxRequestBytes: 16, "
	    "allowPartialMessage: true}")
	wait_until(lambda: send("x" * 17)[0] == 200, "parts are enough")
	for size in (100, 100000, 3000000):
		file = scene.file(f"body-{size}", "0123456789" * (size // 10))
		for more in ((), ("-H", "Transfer-Encoding: chunked")):
			reply = world.ask("/", "--data-binary", f"@{file}",
			    *more)
			assert reply.json()["bodyBytes"] == size, reply.body
			asked = world.provider.asked[-1]
			assert asked.body == b"0123456789012345"
			assert asked.headers["x-envoy-auth-partial-body"] == "true"
	assert world.ask("/").status == 200, "and without any"


@scenario
def a_grpc_provider_sees_the_request_and_changes_it(scene):
	def says(asked, reply):
		reply.status.code = 0
		ok = reply.ok_response
		ok.headers.add().header.key = "x-user"
		ok.headers[0].header.value = asked.source.principal
		more = ok.headers.add()
		more.header.key, more.header.value = "x-more", "2"
		more.append.value = True
		evil = ok.headers.add()
		evil.header.key, evil.header.value = ":path", "/evil"
		ok.headers_to_remove.append("x-gone")
		ok.query_parameters_to_set.add(key="q", value="new")
		ok.query_parameters_to_remove.append("p")
		ok.response_headers_to_add.add().header.key = "x-back"
		ok.response_headers_to_add[0].header.value = "1"

	world = World(scene, GrpcProvider(says), GRPC,
	    ", includeRequestBodyInCheck: {maxRequestBytes: 1000}")
	reply = world.ask("/a?p=1&q=old", "-H", "X-More: 1", "-H", "X-Gone: 1",
	    "-H", "X-User: root", "-d", "hello")
	assert reply.status == 200 and reply.header("x-back") == "1"
	seen = reply.json()
	fields = seen["headers"]
	me = "spiffe://mesh.internal/ns/default/sa/web"
	assert fields["x-user"] == [me], fields
	assert "x-gone" not in fields
	assert fields["x-more"] == ["1", "2"], fields
	assert seen["path"] == "/a?q=new", seen
	asked = world.provider.asked[-1]
	http = asked.request.http
	assert asked.source.principal == me
	assert asked.source.address.socket_address.address == "127.0.0.1"
	assert asked.source.address.socket_address.port_value > 0
	assert asked.destination.principal.endswith("/sa/orders")
	assert asked.destination.service == "default/orders"
	assert asked.request.time.seconds > 1600000000
	assert (http.method, http.path, http.host, http.body) == ("POST",
	    "/a?p=1&q=old", "orders.default.mesh", "hello")
	assert http.headers["x-more"] == "1" and http.id
	assert http.headers[":path"] == "/a?p=1&q=old"
	assert asked.tls_session.sni == "80.orders.default.mesh"


@scenario
def a_grpc_provider_refuses_with_its_words(scene):
	def says(asked, reply):
		reply.status.code = 7
		denied = reply.denied_response
		denied.status.code = int(asked.request.http.headers["x-code"])
		denied.body = "not you"
		denied.headers.add().header.key = "x-why"
		denied.headers[0].header.value = "because"

	world = World(scene, GrpcProvider(lambda asked, reply:
	    reply.status.SetInParent()), GRPC)
	world.provider.says = says
	for code in (401, 302, 403):
		reply = world.ask("/a", "-H", f"X-Code: {code}")
		assert reply.status == code, reply.status
		assert reply.body == b"not you"
		assert reply.header("x-why") == "because"
	for said, result in ((lambda asked, reply: None, 403),
	    (lambda asked, reply: reply.ok_response.SetInParent(), 200),
	    (lambda asked, reply: reply.denied_response.SetInParent(), 403)):
		world.provider.says = said
		assert world.ask("/b").status == result
	world.provider.is_open.clear()
	assert world.ask("/slow").status == 403
	world.provider.is_open.set()
	world.provider.says = lambda asked, reply: reply.status.SetInParent()
	assert world.ask("/c").status == 200
	world.provider.server.stop(0).wait(WAIT)
	assert world.ask("/down").status == 403


@scenario
def callers_of_http2_and_many_at_once_are_asked_about(scene):
	world = World(scene, HttpProvider(lambda request: (
	    200 if request.path.startswith("/yes") else 403, [], b"")), HTTP,
	    ", timeout: 10s")
	assert world.ask("/yes", "--http2-prior-knowledge").status == 200
	assert world.ask("/no", "--http2-prior-knowledge").status == 403

	def one(i):
		path = f"/yes/{i}" if i % 3 else f"/no/{i}"
		reply = wire.get(world.web.outbound_port,
		    f"http://orders.default.mesh{path}",
		    host="orders.default.mesh")
		return reply.status == (200 if i % 3 else 403)
	def accepted():
		return world.auth.metrics().sum("mesh_connections_accepted_total",
		    listener="inbound")
	before = accepted()
	assert before > 0
	for _ in range(20):
		assert world.ask("/yes").status == 200
	assert accepted() - before <= 4, "connections are kept"
	with ThreadPoolExecutor(16) as pool:
		assert all(pool.map(one, range(300)))
	wait_until(lambda: world.orders.metrics().sum(
	    "mesh_ext_authz_duration_seconds_count", provider="auth") >= 320,
	    "their times are counted")


@scenario
def a_caller_of_grpc_gets_a_status_of_grpc(scene):
	def says(asked, reply):
		code = int(asked.request.http.headers.get("x-code", "0"))
		reply.status.code = 7 if code else 0
		if code:
			reply.denied_response.status.code = code

	store = Store()
	scene.closing(store)
	provider = GrpcProvider(says)
	scene.closing(provider)
	port = free_port()
	edge = Gateway(scene, "\n".join((
	    gateway([f"name: http, protocol: HTTP, port: {port}"]),
	    service("store", store.port).replace("appProtocol: http",
	    "appProtocol: kubernetes.io/h2c"),
	    service("auth", provider.server_port),
	    f"---\napiVersion: gateway.networking.k8s.io/v1\nkind: GRPCRoute\n"
	    f"metadata: {{name: store}}\nspec: {{parentRefs: [{{name: edge}}], "
	    f"rules: [{{backendRefs: [{{name: store, port: 80}}]}}]}}\n",
	    mesh_config(GRPC, ", timeout: 10s"),
	    policy("group: gateway.networking.k8s.io, kind: Gateway, name: edge"))))
	caller = Caller(f"{edge.address}:{port}", "store.example")
	scene.closing(caller)
	echo = caller.unary("Echo")
	assert echo(b"hi", timeout=WAIT) == b"hi"
	for code, status in ((403, "PERMISSION_DENIED"), (401,
	    "UNAUTHENTICATED"), (503, "UNAVAILABLE")):
		assert failure(echo, b"hi", metadata=[("x-code", str(code))]
		    ).code().name == status
	assert provider.asked[-1].request.http.headers["content-type"] == \
	    "application/grpc"
	provider.server.stop(0).wait(WAIT)
	assert failure(echo, b"hi").code().name == "PERMISSION_DENIED"


@scenario
def who_is_not_asked_about_what(scene):
	world = World(scene, HttpProvider(yes()), HTTP)
	# A provider that nobody has refuses.
	world.control.apply(policy(provider="other"))
	wait_until(lambda: world.ask("/x").status == 403, "nobody can be asked")
	assert world.ask("/x").body == b"RBAC: access denied"
	assert world.ask("/free").status == 200
	wait_until(lambda: "rbac_access_denied_matched_policy[default/ask]-"
	    "rule[0]" in world.details(), "the access log says by what")
	world.orders.wait_line("provider other: it is not in the MeshConfig")
	# One that is tried asks nobody and counts.
	world.control.apply(policy(annotations="{istio.io/dry-run: 'true'}"))
	wait_until(lambda: world.ask("/x").status == 200, "it is tried only")
	asked = len(world.provider.asked)
	assert world.ask("/x").status == 200
	assert len(world.provider.asked) == asked
	wait_until(lambda: world.count("would_ask", DECISIONS, "decision") > 0,
	    "which is counted")
	# What comes first refuses, whatever a provider says behind it.
	world.control.apply(policy() + """---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: never}
spec:
  action: DENY
  rules: [{to: [{operation: {paths: [/never]}}]},
    {when: [{key: "request.headers[x-bad]", values: ["*"]}]}]
""")
	wait_until(lambda: world.ask("/never").status == 403, "it is refused")
	assert world.ask("/x").status == 200
	# Policies see the request as the provider made it.
	world.control.apply(mesh_config(HTTP,
	    ", headersToUpstreamOnAllow: [x-bad]"))
	world.provider.says = yes([("x-bad", "1")])
	wait_until(lambda: world.ask("/x").status == 403, "it is refused then")
	world.provider.says = yes()
	assert world.ask("/x", "-H", "x-bad: 1").status == 200, \
	    "what only the provider may say is not the caller's"


@scenario
def people_see_who_is_asked(scene):
	world = World(scene, HttpProvider(yes()), HTTP)

	def check(path, *more, expect=2):
		return world.control.ctl("authz", "check", "--from", "web",
		    "--to", "orders", "--path", path, *more,
		    expect=expect).stdout
	said = check("/x")
	assert "asked" in said and ("asks provider auth by rule 0 of default/ask, "
	    "then no ALLOW policy speaks") in said, said
	assert "allowed" in check("/free", expect=0)
	(row,) = json.loads(check("/x", "-o", "json"))
	assert row["verdict"] == "asked"
	assert row["asks"] == ["asks provider auth by rule 0 of default/ask"]
	assert "denied" in check("/x", "--bytes", expect=1)
	world.control.apply(mesh_config(GRPC))
	assert "asks provider auth" in check("/x", "--bytes")
	world.control.apply(mesh_config(HTTP))
	world.control.ctl("wait", "--for=condition=ResolvedRefs",
	    "authorizationpolicy", "ask")
	world.control.apply(policy(provider="other"))
	assert "rule 0 of default/ask" in check("/x", expect=1)
	told = world.control.get("authorizationpolicy", "ask")
	assert "ProviderNotFound" in str(told), told
	said = world.control.ctl("analyze", expect=1)
	assert 'has no extension provider "other"' in said.stdout + said.stderr
	world.control.apply(policy(annotations="{istio.io/dry-run: 'true'}"))
	(row,) = json.loads(check("/x", "-o", "json", expect=0))
	assert row["verdict"] == "allowed"
	assert row["dryRun"]["verdict"] == "asked"
	assert row["dryRun"]["reason"] == "asks a provider by rule 0 of default/ask"


@scenario
def a_provider_is_not_asked_about_the_question(scene):
	world = World(scene, HttpProvider(yes()), HTTP)
	world.control.apply("---\napiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: all, namespace: "
	    "mesh-system}\nspec: {action: CUSTOM, provider: {name: auth}, "
	    "rules: [{}]}\n")
	wait_until(lambda: world.provider.asked.clear() or (world.ask("/free"),
	    len(world.provider.asked)) [1], "the whole mesh asks")
	world.provider.asked.clear()
	assert world.ask("/x").status == 200
	assert len(world.provider.asked) == 1
	assert "asks provider auth" in world.control.ctl("authz", "check",
	    "--from", "orders", "--to", "auth", expect=2).stdout


def to_provider(world, path, *options):
	return curl(f"{world.web.outbound}{path}", "-H",
	    "Host: auth.default.mesh", *options).status


def asks_all(world):
	world.control.apply("---\napiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: all, namespace: "
	    "mesh-system}\nspec: {action: CUSTOM, provider: {name: auth}, "
	    "rules: [{to: [{operation: {notPaths: [/free]}}]}]}\n")


@scenario
def an_http_provider_is_asked_about_all_but_questions_to_itself(scene):
	world = World(scene, HttpProvider(yes()), HTTP, ", pathPrefix: /check")
	world.provider.says = lambda request: (200 if request.path.startswith(
	    "/check/") else 403, [], b"")
	asks_all(world)
	wait_until(lambda: world.provider.asked.clear() or (world.ask("/free"),
	    world.ask("/x"), len(world.provider.asked))[2] == 1,
	    "orders asks, and nobody about that")
	# What an application sends is no question, whatever it says of itself.
	forged = ("-H", "x-mesh-question: 1")
	for path in "/admin", "/check/x":
		world.provider.asked.clear()
		to_provider(world, path, *forged)
		assert [one.path for one in world.provider.asked] == [
		    f"/check{path}", path], [one.path for one in
		    world.provider.asked]
	world.provider.says = lambda request: (403, [], b"")
	assert to_provider(world, "/admin", *forged) == 403
	assert to_provider(world, "/check/x", *forged) == 403


@scenario
def a_grpc_provider_is_asked_about_all_but_questions_to_itself(scene):
	check = "/envoy.service.auth.v3.Authorization/Check"
	world = World(scene, GrpcProvider(lambda asked, reply: setattr(
	    reply.status, "code", 7 if asked.request.http.path in
	    (check, "/admin") else 0)), GRPC)
	asks_all(world)
	wait_until(lambda: to_provider(world, "/admin", "-X", "POST") == 403,
	    "it is asked about others")
	assert world.ask("/x").status == 200
	assert to_provider(world, check, "-X", "POST", "-H",
	    "x-mesh-question: 1") == 403, "an application's is none"
	check_as = ("authz", "check", "--from", "orders", "--to", "auth",
	    "--method", "POST", "--path")
	assert "allowed" in world.control.ctl(*check_as, check).stdout
	assert "asks provider auth" in world.control.ctl(*check_as,
	    "/admin", expect=2).stdout


@scenario
def a_provider_in_plain_text_is_not_asked_about_the_question(scene):
	world = World(scene, HttpProvider(yes()), HTTP)
	asks_all(world)
	for word in ("DISABLE", "STRICT"):
		before = world.auth.metrics().sum("mesh_requests_total",
		    direction="inbound", security="none")
		world.control.apply("---\napiVersion: security.istio.io/v1\nkind: "
		    "PeerAuthentication\nmetadata: {name: default}\n"
		    f"spec: {{mtls: {{mode: {word}}}}}\n")
		wait_until(lambda word=word, before=before: world.ask(
		    "/x").status == 200 and (word == "STRICT" or
		    world.auth.metrics().sum("mesh_requests_total",
		    direction="inbound", security="none") > before),
		    "the question comes as it is to")
		world.provider.asked.clear()
		assert world.ask("/x").status == 200
		assert len(world.provider.asked) == 1, len(world.provider.asked)


def may_not_be_asked(scene, provider, kind):
	world = World(scene, provider, kind)
	world.control.apply("---\napiVersion: security.istio.io/v1\n"
	    "kind: AuthorizationPolicy\nmetadata: {name: nobody}\nspec: "
	    "{action: DENY, targetRefs: [{name: auth}], rules: [{from: [{source: "
	    "{serviceAccounts: [orders]}}]}]}\n")
	says = "ext_authz_error[may_not_be_asked]"
	wait_until(lambda: world.ask("/x").status == 403 and says in
	    world.details(), "the provider could not be asked")
	reply = wire.get(world.web.outbound_port, "http://orders.default.mesh/x",
	    host="orders.default.mesh")
	assert reply.all("proxy-status") == ["mesh; error=http_request_denied; "
	    'details="access_denied"'], reply.head
	assert "RBAC" not in reply.text(), "that is between proxies"
	wait_until(lambda: "provider auth: it could not be asked: http "
	    "request denied (access_denied, says its sidecar or ours)" in
	    world.orders.err(), "the log says so")
	# People learn it before their users do.
	check = world.control.ctl("check").stdout
	assert "\u203c asking provider auth" in check, check
	assert "1 of 1 proxies that ask it may not, such as that of " \
	    "default/orders: rule 0 of AuthorizationPolicy default/nobody " \
	    "refuses it" in check, check
	# That somebody may not ask is no outage.
	world.provider.asked.clear()
	before = len(world.details())
	world.config(kind, ", failOpen: true, statusOnError: '503'")
	wait_until(lambda: world.ask("/x").status == 503, "it is in force")
	assert world.count("fail_open") == 0 and not world.provider.asked
	wait_until(lambda: set(world.details()[before:]) == {says}, "as before")


@scenario
def an_http_provider_that_may_not_be_asked_says_nothing(scene):
	may_not_be_asked(scene, HttpProvider(yes()), HTTP)


@scenario
def a_grpc_provider_that_may_not_be_asked_says_nothing(scene):
	may_not_be_asked(scene, GrpcProvider(lambda asked, reply: setattr(
	    reply.status, "code", 0)), GRPC)


@scenario
def two_providers_are_asked_one_after_the_other(scene):
	world = World(scene, HttpProvider(yes([("x-one", "1")])), HTTP)
	second = GrpcProvider(lambda asked, reply: setattr(reply.status, "code",
	    0 if asked.request.http.headers.get("x-one") == "1" else 7))
	scene.closing(second)
	world.member("more", f"80=127.0.0.1:{second.server_port}/h2c")
	world.control.apply(mesh_config(HTTP,
	    ", headersToUpstreamOnAllow: [x-one]") +
	    "  - name: more\n    envoyExtAuthzGrpc: {service: default/more, "
	    "port: 80}\n" + policy() +
	    policy(provider="more").replace("name: ask", "name: ask-more"))
	wait_until(lambda: world.ask("/x").status == 200 and second.asked,
	    "both are asked")
	world.provider.says = yes()
	assert world.ask("/x").status == 403, "the second one says no"
	asked = len(second.asked)
	world.provider.says = lambda request: (401, [], b"")
	assert world.ask("/x").status == 401
	assert len(second.asked) == asked, "nobody asks it any more"


@scenario
def what_is_open_is_cut_off_when_it_would_be_asked_about(scene):
	world = World(scene, HttpProvider(yes()), HTTP)

	def open_request(path):
		client = wire.Client(world.web.outbound_port)
		scene.closing(client)
		client.send(wire.build("POST", f"http://orders.default.mesh{path}",
		    "orders.default.mesh", fields=[("content-length", "10")]))
		return client

	def seen():
		return world.orders.metrics().sum("mesh_filter_calls_total",
		    filter="authorization", chain="inbound")
	asked_about = open_request("/x")
	wait_until(lambda: world.provider.asked, "it is asked about")
	before = seen()
	free = open_request("/free")
	wait_until(lambda: seen() > before, "the other one is there, too")
	world.control.apply(policy().replace("notPaths: [/free]",
	    "notPaths: [/none]"))
	reply = free.read_reply()
	assert reply.status == 403, reply.status
	asked_about.send(b"0123456789")
	assert asked_about.read_reply().status == 200, "who was let in goes on"


@scenario
def a_policy_that_comes_while_one_is_asked_counts(scene):
	world = World(scene, HttpProvider(yes()), HTTP, ", timeout: 60s")
	world.provider.is_open.clear()
	with wire.Client(world.web.outbound_port) as client:
		client.send(wire.build("GET", "http://orders.default.mesh/x",
		    "orders.default.mesh"))
		wait_until(lambda: world.provider.asked, "it is asked about")
		world.control.apply(policy(provider="nobody").replace("name: ask",
		    "name: ask-more").replace("notPaths: [/free]",
		    "notPaths: [/none]"))
		wait_until(lambda: world.ask("/free").status == 403,
		    "the policy is in force")
		world.provider.is_open.set()
		assert client.read_reply().status == 403, "nobody was asked"


@scenario
def a_caller_that_leaves_is_asked_about_no_longer(scene):
	world = World(scene, HttpProvider(yes()), HTTP, ", timeout: 60s")
	world.provider.is_open.clear()
	client = wire.Client(world.web.outbound_port)
	client.send(wire.build("GET", "http://orders.default.mesh/x",
	    "orders.default.mesh"))
	wait_until(lambda: world.provider.asked, "the provider is asked")
	wire.reset(client.sock)
	wait_until(lambda: any(json.loads(line)["response_flags"] == "DC"
	    for line in world.auth.out().splitlines() if line.startswith("{")),
	    "the question is taken back", 20)
	world.provider.is_open.set()
	assert world.ask("/x").status == 200


def bytes_world(scene, provider, kind, settings=""):
	"""db, which speaks bytes, web that calls it, and a provider."""
	scene.closing(provider)
	control = scene.control()
	app = scene.echo("app")

	def member(name, app, **options):
		return scene.proxy(name, control=control,
		    service=f"default/{name}", apps=[app],
		    **options).await_ready()
	db = member("db", f"90={app.tcp}/tcp")
	web = member("web", f"80={app.http}/http",
	    upstreams={"db": "default/db:90"})
	member("auth", f"80=127.0.0.1:{provider.server_port}/"
	    f"{'h2c' if kind == GRPC else 'http'}")
	wait_until(lambda: wire.exchange(web.upstream["db"], b"hi"),
	    "bytes come through")
	control.apply(mesh_config(kind, settings) + policy("name: db"))
	return control, db, web.upstream["db"]


@scenario
def bytes_are_refused_where_an_http_provider_would_be_asked(scene):
	provider = HttpProvider(yes())
	_, db, address = bytes_world(scene, provider, HTTP)
	wait_until(lambda: refused(address), "they are refused")
	db.wait_line("rule 0 of default/ask, a rule about paths, and these are "
	    "bytes")
	assert not provider.asked


@scenario
def bytes_are_asked_about_by_grpc(scene):
	provider = GrpcProvider(lambda asked, reply: setattr(reply.status,
	    "code", 7))
	control, db, address = bytes_world(scene, provider, GRPC,
	    ", timeout: 10s")
	wait_until(lambda: refused(address) and provider.asked,
	    "it is asked, and says no")
	asked = provider.asked[-1]
	assert asked.source.principal == "spiffe://mesh.internal/ns/default/sa/web"
	assert asked.destination.service == "default/db"
	assert asked.tls_session.sni == "90.db.default.mesh"
	assert not asked.request.HasField("http")
	db.wait_line("provider auth: it says no; rule 0 of default/ask asks it")
	provider.says = lambda asked, reply: reply.status.SetInParent()
	assert wire.exchange(address, b"hi" * 100000), "it says yes"
	before = len(provider.asked)
	held = wire.dial(address)
	held.sendall(b"early")
	wait_until(lambda: len(provider.asked) > before, "it is asked")
	# What was let in stays while the policy does, and without it.
	control.apply(policy("name: db").replace("notPaths: [/free]",
	    "ports: ['90']"))
	control.apply(policy("name: db"))
	held.shutdown(socket.SHUT_WR)
	assert held.recv(1)
	held.close()
	provider.is_open.clear()
	leaver = wire.dial(address)
	leaver.sendall(b"x")
	wait_until(lambda: len(provider.asked) > before + 1, "it is asked")
	wire.reset(leaver)
	provider.is_open.set()
	provider.server.stop(0).wait(WAIT)
	control.apply(mesh_config(GRPC))
	wait_until(lambda: refused(address), "nobody answers")
	control.apply(mesh_config(GRPC, ", failOpen: true"))
	wait_until(lambda: not refused(address), "it is let by")


def refused(address):
	try:
		return wire.exchange(address, b"hi") == b""
	except OSError:
		return True


ROUTE = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: edge}]
  rules:
  - matches: [{path: {value: /cors}}]
    filters:
    - {type: CORS, cors: {allowOrigins: [https://a.example]}}
    - {type: ExternalAuth, externalAuth: %(auth)s}
    backendRefs: [{name: web, port: 80}]
  - matches: [{path: {value: /behind}}]
    backendRefs:
    - name: web
      port: 80
      filters: [{type: ExternalAuth, externalAuth: %(auth)s}]
  - matches: [{path: {value: /cached}}]
    filters:
    - type: ExtensionRef
      extensionRef: {group: mesh, kind: Cache, name: all}
    - {type: ExternalAuth, externalAuth: %(auth)s}
    backendRefs: [{name: web, port: 80}]
  - matches: [{path: {value: /free}}]
    backendRefs: [{name: web, port: 80}]
  - filters: [{type: ExternalAuth, externalAuth: %(auth)s}]
    backendRefs: [{name: web, port: 80}]
---
apiVersion: mesh/v1
kind: Cache
metadata: {name: all}
spec: {defaultTtl: 60s}
"""


def edge_with(scene, provider, auth, more=""):
	scene.closing(provider)
	app = scene.echo("app")
	port = free_port()
	edge = Gateway(scene, gateway([f"name: http, protocol: HTTP, "
	    f"port: {port}"]) + service("web", app.http.rsplit(":", 1)[1]) +
	    service("auth", provider.server_port) + ROUTE % {"auth": auth} +
	    more)

	def ask(path="/", *options):
		return curl(f"http://{edge.address}:{port}{path}", *options)
	wait_until(lambda: ask("/free").status == 200, "the gateway answers")
	return edge, ask


@scenario
def a_route_asks_by_http(scene):
	provider = HttpProvider(yes([("X-User", "ann"), ("X-All", "1"),
	    ("Content-Type", "text/x")]))
	edge, ask = edge_with(scene, provider, "{protocol: HTTP, backendRef: "
	    "{name: auth, port: 80}, http: {path: /check, allowedHeaders: "
	    "[x-team], allowedResponseHeaders: [X-User]}, forwardBody: {maxSize: "
	    "4}}")
	reply = ask("/a?b=c", "-H", "X-User: root", "-H", "X-Team: red", "-H",
	    "X-Else: 1", "-d", "hello")
	assert reply.status == 200, reply.body
	fields = reply.json()["headers"]
	assert fields["x-user"] == ["ann"] and "x-all" not in fields, fields
	asked = provider.asked[-1]
	assert (asked.command, asked.path, asked.body) == ("POST",
	    "/check/a?b=c", b"hell")
	assert asked.headers["x-team"] == "red"
	assert asked.headers["x-else"] is None
	count = len(provider.asked)
	assert ask("/cors", "-X", "OPTIONS", "-H", "Origin: https://a.example",
	    "-H", "Access-Control-Request-Method: GET").status == 204
	assert len(provider.asked) == count, "a preflight is answered without"
	provider.says = lambda request: (401, [("WWW-Authenticate", "Basic")],
	    b"go away")
	for path in ("/", "/cors", "/behind"):
		reply = ask(path)
		assert (reply.status, reply.body) == (401, b"go away"), path
		assert reply.header("www-authenticate") == "Basic"
	assert ask("/free").status == 200
	# No cache answers who was not let in.
	provider.says = yes()
	assert ask("/cached").status == 200
	provider.says = lambda request: (403, [], b"")
	assert ask("/cached").status == 403
	provider.is_open.clear()
	assert ask("/").status == 403, "without an answer nobody passes"
	provider.is_open.set()
	assert edge.metrics().sum(ANSWERS, policy="default/web/4",
	    provider="default/auth", result="error") == 1
	edge.wait_line("deny: provider default/auth: it did not answer in time; "
	    "default/web/4 asks it")


@scenario
def a_route_asks_by_grpc(scene):
	def says(asked, reply):
		reply.status.code = 0 if asked.request.http.path == "/yes" else 7

	provider = GrpcProvider(says)
	_, ask = edge_with(scene, provider, "{protocol: GRPC, backendRef: {name: "
	    "auth, port: 80}, grpc: {allowedHeaders: [x-team]}}")
	assert ask("/yes", "-H", "X-Team: red", "-H", "X-Else: 1").status == 200
	fields = provider.asked[-1].request.http.headers
	assert fields["x-team"] == "red" and "x-else" not in fields
	assert fields[":path"] == "/yes"
	assert ask("/no").status == 403
	assert ask("/yes", "--http2-prior-knowledge").status == 200
	assert ask("/no", "--http2-prior-knowledge").status == 403


@scenario
def a_route_of_the_mesh_asks_from_the_caller(scene):
	world = World(scene, GrpcProvider(lambda asked, reply: setattr(
	    reply.status, "code", 7 if asked.request.http.path == "/no" else 0)),
	    GRPC)
	world.control.ctl("delete", "authorizationpolicy", "ask", "--yes")
	world.control.apply("""---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: orders}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules:
  - filters:
    - type: ExternalAuth
      externalAuth: {protocol: GRPC, backendRef: {name: auth, port: 80}}
    backendRefs: [{name: orders, port: 80}]
""")
	wait_until(lambda: world.ask("/no").status == 403, "the route asks")
	assert world.ask("/yes").status == 200
	asked = world.provider.asked[-1]
	assert asked.destination.principal.endswith("/sa/web")
	assert world.web.metrics().sum(ANSWERS, policy="default/orders/0",
	    result="deny") > 0


@scenario
def a_provider_may_be_outside_the_mesh(scene):
	world = World(scene, HttpProvider(yes()), HTTP)
	outside = HttpProvider(lambda request: (200 if request.path == "/yes"
	    else 402, [], b""))
	scene.closing(outside)
	world.control.apply(f"""---
apiVersion: v1
kind: Service
metadata: {{name: far}}
spec:
  type: ExternalName
  externalName: localhost
  ports: [{{name: http, port: 80, targetPort: {outside.server_port}}}]
""" + mesh_config(HTTP).replace("auth.default.mesh", "default/far"))
	wait_until(lambda: world.ask("/no").status == 402, "it is asked")
	assert world.ask("/yes").status == 200
	asked = outside.asked[-1]
	assert asked.headers["host"] == f"localhost:{outside.server_port}"
	assert not [name for name in asked.headers if name.startswith("x-mesh")]


@scenario
def a_route_whose_provider_is_missing_lets_nobody_pass(scene):
	_, ask = edge_with(scene, HttpProvider(yes()), "{protocol: HTTP, "
	    "backendRef: {name: nobody, port: 80}}")
	assert ask("/").status == 403
	assert ask("/free").status == 200


@scenario
def a_provider_that_misbehaves_lets_nobody_pass(scene):
	head = b"HTTP/1.1 200 OK\r\n"

	def script(connection):
		while (asked := connection.read_request()) is not None:
			what = asked.first.split(" ")[1].lstrip("/")
			connection.send({
			    "ok": head + b"content-length: 0\r\n\r\n",
			    "garbage": b"\x16\x03\x01 what?\r\n\r\n",
			    "short": head + b"content-length: 9\r\n\r\nhalf",
			    "large": head + b"content-length: 100000\r\n\r\n" +
				b"x" * 100000,
			    "field": head + b"x-a: b\x01\r\ncontent-length: 0"
				b"\r\n\r\n",
			    "many": head + b"".join(b"x-%d: 1\r\n" % i
				for i in range(200)) +
				b"content-length: 0\r\n\r\n",
			    "info": b"HTTP/1.1 103 Early Hints\r\n\r\n" +
				head + b"content-length: 0\r\n\r\n",
			}.get(what, b""))
			if what not in ("ok", "info"):
				return
	provider = wire.Backend(script)
	provider.server_port = provider.port
	_, ask = edge_with(scene, provider, "{protocol: HTTP, backendRef: {name: "
	    "auth, port: 80}}")
	for path, status in (("/ok", 200), ("/garbage", 403), ("/short", 403),
	    ("/large", 403), ("/field", 403), ("/many", 403), ("/closed", 403),
	    ("/info", 200), ("/ok", 200)):
		got = ask(path).status
		assert got == status, (path, got)


@scenario
def a_gateway_asks_for_policies_and_routes(scene):
	def says(request):
		return (200 if request.headers["x-key"] == "good" else 401, [],
		    request.path.encode())

	provider = HttpProvider(says)
	_, ask = edge_with(scene, provider, "{protocol: HTTP, backendRef: {name: "
	    "auth, port: 80}, http: {path: /route, allowedHeaders: [x-key]}, "
	    "forwardBody: {maxSize: 100}}", mesh_config(HTTP, ", pathPrefix: "
	    "/policy, includeRequestHeadersInCheck: [x-key], "
	    "includeRequestBodyInCheck: {maxRequestBytes: 1000}") +
	    policy("group: gateway.networking.k8s.io, kind: Gateway, name: edge"))
	reply = ask("/a")
	assert (reply.status, reply.body) == (401, b"/policy/a")
	reply = ask("/a", "-H", "x-key: good", "-d", "hello")
	assert reply.status == 200 and reply.json()["bodyBytes"] == 5
	asked = [(one.path, one.body) for one in provider.asked[-2:]]
	assert asked == [("/policy/a", b"hello"), ("/route/a", b"hello")], asked


if __name__ == "__main__":
	main()
