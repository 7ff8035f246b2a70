#!/usr/bin/python3
# timeout: 120
"""GRPCRoutes: which calls go where, as Debian's python3-grpcio sees it, at a
Gateway and between sidecars.

No code is generated: messages are bytes.
"""

import collections
import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from gateway import Gateway, certificate, gateway, secret, service
from mesh import ROOT, curl, free_port, main, scenario, wait_until

WAIT = 20		# seconds for what comes at once
OPTIONS = [("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1)]
H2 = "--http2-prior-knowledge"

ROUTE = """---
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata: {{name: {name}, namespace: default}}
spec:
  parentRefs: [{{{parent}}}]
  {more}
  rules:
{rules}
"""
TO_SERVICE = "group: '', kind: Service, name: shop"


class Server(grpc.GenericRpcHandler):
	"""Answers every unary call with its name and what it saw, in a line."""

	def __init__(self, name, is_broken=False):
		self.name = name
		self.is_broken = is_broken
		self.calls = []
		self.port = free_port()
		self.server = grpc.server(ThreadPoolExecutor(8), options=OPTIONS)
		self.server.add_generic_rpc_handlers([self])
		assert self.server.add_insecure_port(f"127.0.0.1:{self.port}")
		self.server.start()

	def close(self):
		self.server.stop(0).wait(WAIT)

	def service(self, call):
		self.calls.append((call.method, dict(call.invocation_metadata)))
		return grpc.unary_unary_rpc_method_handler(self.answer)

	def answer(self, _request, call):
		if self.is_broken:
			call.abort(grpc.StatusCode.INTERNAL, "broken")
		return self.name.encode()


def rule(backends, *matches, more=""):
	"""A rule; backends are names, or {name: weight}; matches YAML flow maps."""
	weights = backends if isinstance(backends, dict) else {backends: 1}
	return "\n".join(("  - matches:" if matches else "  -",
	    *(f"    - {{{one}}}" for one in matches), more,
	    "    backendRefs:", *(f"    - {{name: {name}, port: 80, "
	    f"weight: {weight}}}" for name, weight in weights.items())))


def method(service=None, name=None, kind=None):
	said = {"service": service, "method": name, "type": kind}
	return "method: {" + ", ".join(f"{key}: '{value}'" for key, value in
	    said.items() if value) + "}"


def header(name, value, kind="Exact"):
	return f"headers: [{{name: {name}, value: '{value}', type: {kind}}}]"


def route(rules, parent=TO_SERVICE, name="shop", more=""):
	return ROUTE.format(name=name, parent=parent, more=more,
	    rules="\n".join(rules))


class Caller:
	def __init__(self, address, authority, roots=None):
		options = [*OPTIONS, ("grpc.default_authority", authority)]
		self.channel = grpc.insecure_channel(address, options=options) \
		    if roots is None else grpc.secure_channel(address,
		    grpc.ssl_channel_credentials(roots), options=[*options,
		    ("grpc.ssl_target_name_override", authority)])
		self.close = self.channel.close

	def __call__(self, path, **metadata):
		"""The name of who answers a call, or that of the status."""
		try:
			return self.channel.unary_unary(path)(b"", timeout=WAIT,
			    metadata=tuple(metadata.items())).decode()
		except grpc.RpcError as error:
			return error.code().name

	def settles(self, path, who, **metadata):
		wait_until(lambda: self(path, **metadata) == who,
		    f"{who} answers {path}")

	def keep_calling(self, path, until):
		"""Until the event is set, in a thread of its own, which has who
		answered in answers."""
		def run():
			while not until.is_set():
				thread.answers[self(path)] += 1
		thread = threading.Thread(target=run)
		thread.answers = collections.Counter()
		thread.start()
		return thread

	def count(self, path, n):
		return collections.Counter(self(path) for _ in range(n))


# The longer service, then the longer method, then more headers go first.
RULES = [
	rule("any", ""),
	rule("headed", header("env", "canary")),
	rule("both", method("pkg.Cart", "Add")),
	rule("cart", method("pkg.Cart")),
	rule("list", method(name="List")),
	rule("canary", method("pkg.Cart") + ", " + header("env", "canary")),
	rule("pattern", method("pkg[.](Eu|Us)", "Get.*", "RegularExpression")),
	rule("either", method("pkg.A", "X"), method("pkg.B", "X")),
	rule("numbered", method("pkg.N") + ", " +
	    header("number", "[0-9]+", "RegularExpression")),
]
ANSWERS = [
	("/pkg.Cart/Add", {}, "both"),
	("/pkg.Cart/Add", {"env": "canary"}, "both"),
	("/pkg.Cart/add", {}, "cart"),
	("/pkg.Cart/Remove", {}, "cart"),
	("/pkg.Cart/List", {}, "cart"),
	("/pkg.Cart/Remove", {"env": "canary"}, "canary"),
	("/pkg.Cart/Remove", {"env": "Canary"}, "cart"),
	("/pkg.cart/Remove", {}, "any"),
	("/pkg.Carts/Remove", {}, "any"),
	("/pkg.Other/List", {"env": "canary"}, "list"),
	("/pkg.Other/Get", {"env": "canary"}, "headed"),
	("/pkg.Us/GetAll", {}, "pattern"),
	("/pkg.Us/ForGet", {}, "any"),
	("/pkg.A/X", {}, "either"),
	("/pkg.B/X", {}, "either"),
	("/pkg.A/Y", {}, "any"),
	("/pkg.N/X", {"number": "17"}, "numbered"),
	("/pkg.N/X", {"number": "17x"}, "any"),
]
NAMES = ("any", "headed", "both", "cart", "list", "canary", "pattern", "either",
    "numbered")


def start(scene, names):
	"""{name: server}, and their Services, which say nothing of HTTP/2."""
	servers = {name: scene.closing(Server(name)) for name in names}
	return servers, "".join(service(name, server.port).replace(
	    ", appProtocol: http", "") .replace("name: http", "name: main")
	    for name, server in servers.items())


def at_gateway(scene, names, listeners=("protocol: HTTP",)):
	servers, documents = start(scene, names)
	ports = [free_port() for _ in listeners]
	gate = Gateway(scene, gateway([f"name: l{i}, port: {port}, {said}"
	    for i, (port, said) in enumerate(zip(ports, listeners))]) + documents)
	return servers, gate, ports


@scenario
def a_gateway_matches_calls(scene):
	_, gate, (port,) = at_gateway(scene, NAMES)
	gate.write("route", route(RULES, "name: edge"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "shop.example"))
	caller.settles("/pkg.Cart/Add", "both")
	for path, metadata, who in ANSWERS:
		got = caller(path, **metadata)
		assert got == who, (path, metadata, got)


@scenario
def a_gateway_tells_callers_what_is_missing(scene):
	_, gate, (port,) = at_gateway(scene, ("a",))
	gate.write("route", route([
	    rule("a", method("pkg.A")),
	    rule({"a": 0}, method("pkg.Zero")),
	    rule({"a": 1, "none": 1}, method("pkg.Half")),
	    rule("none", method("pkg.None")),
	    "  - matches:\n    - {" + method("pkg.Empty") + "}",
	], "name: edge", more="hostnames: [a.example]"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "a.example"))
	caller.settles("/pkg.A/X", "a")
	assert caller("/pkg.B/X") == "UNIMPLEMENTED"
	for name in ("Zero", "None", "Empty"):
		assert caller(f"/pkg.{name}/X") == "UNAVAILABLE", name
	assert caller.count("/pkg.Half/X", 20) == {"a": 10, "UNAVAILABLE": 10}
	other = scene.closing(Caller(f"127.0.0.1:{port}", "b.example"))
	assert other("/pkg.A/X") == "UNIMPLEMENTED"
	# Who makes no call hears it in HTTP.
	ask = f"http://127.0.0.1:{port}/pkg.A/X", "-H", "Host: a.example"
	assert curl(*ask).status == 415
	assert curl(*ask, "-H", "Content-Type: text/plain").status == 415
	assert curl(ask[0] + "/y", *ask[1:], H2).status == 415
	assert curl(ask[0].replace("pkg.A", "pkg.B"), *ask[1:]).status == 404


MODIFIER = """
    filters:
    - type: RequestHeaderModifier
      requestHeaderModifier:
        set: [{name: e2e-set, value: by-rule}]
        add: [{name: e2e-added, value: by-rule}]
        remove: [e2e-gone]
    - type: ResponseHeaderModifier
      responseHeaderModifier: {set: [{name: e2e-answer, value: yes it is}]}
    - type: RequestMirror
      requestMirror: {backendRef: {name: copy, port: 80}}
    backendRefs:
    - name: a
      port: 80
      filters:
      - type: RequestHeaderModifier
        requestHeaderModifier: {add: [{name: e2e-backend, value: a}]}
"""


def accepted(control, kind, name):
	"""The reason of Accepted at each parent."""
	return [one["reason"] for parent in control.get(kind, name)["status"][
	    "parents"] for one in parent["conditions"] if one["type"] == "Accepted"]


PAGES = """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: pages, namespace: default}}
spec:
  parentRefs: [{parents}]
  hostnames: [{host}]
  rules: [{{backendRefs: [{{name: {backend}, port: 80}}]}}]
"""
SET = """---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: more, namespace: default}
spec:
  parentRef: {name: edge}
  listeners: [{name: more, port: %d, protocol: HTTP}]
"""


@scenario
def routes_of_both_kinds_share_a_gateway_but_no_host(scene):
	servers, documents = start(scene, ("a",))
	port, other, more = free_port(), free_port(), free_port()
	control = scene.control()
	control.apply(gateway([f"name: all, port: {port}, protocol: HTTP",
	    f"name: pages, port: {other}, protocol: HTTP, allowedRoutes: "
	    "{kinds: [{kind: HTTPRoute}]}"]).replace("spec:\n", "spec:\n"
	    "  allowedListeners: {namespaces: {from: Same}}\n") + SET % more +
	    documents.replace("namespace: default}\nspec:", "namespace: default, "
	    'annotations: {mesh/plaintext: "true"}}\nspec:'))
	gate = scene.proxy("edge", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1"]).await_ready()
	control.apply(route([rule("a")], "name: edge, sectionName: all}, {name: edge, "
	    "sectionName: pages}, {kind: ListenerSet, name: more",
	    "calls", "hostnames: [calls.example]"))
	assert accepted(control, "grpcroute", "calls") == ["Accepted",
	    "NotAllowedByListeners", "Accepted"]
	# Of the other kind, as old or younger, and by its name behind it.
	control.apply(PAGES.format(host="calls.example", backend="a", parents=
	    "{name: edge, sectionName: all}, {name: edge, sectionName: pages}"))
	assert accepted(control, "httproute", "pages") == ["Conflicted",
	    "Accepted"]
	shown = control.get("gateway", "edge")["status"]["listeners"]
	assert [one["attachedRoutes"] for one in shown] == [1, 1], shown
	assert {"group": "gateway.networking.k8s.io", "kind": "GRPCRoute"} in \
	    shown[0]["supportedKinds"] and len(shown[1]["supportedKinds"]) == 1
	for at in port, more:
		caller = scene.closing(Caller(f"127.0.0.1:{at}", "calls.example"))
		caller.settles("/pkg.A/X", "a")
	page = f"http://127.0.0.1:{port}/", "-H", "Host: calls.example"
	assert curl(*page).status == 415
	control.ctl("delete", "grpcroute", "calls", "--yes")
	wait_until(lambda: curl(*page, H2).status not in (404, 415),
	    "the other has the host")
	assert gate.metrics().sum("mesh_requests_total", response_code="415") == 1


@scenario
def people_are_told_where_calls_go(scene):
	control, _, _ = between_sidecars(scene)
	control.apply(route([rule({"any": 9, "cart": 1}, method("pkg.Cart")),
	    rule("cart", method("pkg.Cart", "Add")), rule("cart", method(
	    "pkg.Cart", "Add")), rule("any", method(name="List"))]))

	def ask(path, *words, expect=0):
		return control.ctl("route", "shop", "--path", path, *words,
		    expect=expect).stdout
	shown = ask("/pkg.Cart/Add")
	assert "call /pkg.Cart/Add to default/shop port 80" in shown, shown
	assert "GRPCRoute default/shop, rules[1].matches[0]" in shown, shown
	for why in ("it comes later in its route",
	    "it asks for less of the service and method",
	    "its service or method is another"):
		assert why in shown, shown
	shown = ask("/pkg.Cart/Get")
	assert "any:80 weight 9, 90.0%" in shown, shown
	shown = json.loads(ask("/pkg.Cart/Get", "-o", "json"))
	assert shown["request"]["method"] == "POST", shown
	assert shown["winner"]["kind"] == "GRPCRoute", shown
	shown = ask("/pkg.Other/Get", expect=1)
	assert "answered UNIMPLEMENTED" in shown, shown
	shown = ask("/pkg.Cart/Get", "-H", "content-type=text/plain")
	assert "answered 415" in shown, shown
	shown = control.ctl("describe", "service", "shop").stdout
	assert "GRPCRoute" in shown and "call pkg.Cart/Add" in shown, shown
	found = control.ctl("analyze", expect=None).stdout
	assert "rules[2].matches[0]: never matches, as rules[1] of GRPCRoute " \
	    "default/shop" in found, found


@scenario
def filters_of_grpc_routes_act(scene):
	servers, gate, (port,) = at_gateway(scene, ("a", "copy"))
	gate.write("route", route(["  - matches:\n    - {" + method("pkg.A") + "}" +
	    MODIFIER], "name: edge"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "a.example"))
	caller.settles("/pkg.A/X", "a")
	_, call = caller.channel.unary_unary("/pkg.A/Y").with_call(b"", timeout=WAIT,
	    metadata=(("e2e-set", "mine"), ("e2e-gone", "1"), ("e2e-added", "mine")))
	assert ("e2e-answer", "yes it is") in [tuple(pair) for pair in
	    call.initial_metadata()], call.initial_metadata()
	path, seen = servers["a"].calls[-1]
	assert path == "/pkg.A/Y"
	assert seen["e2e-set"] == "by-rule", seen
	assert "e2e-gone" not in seen and seen["e2e-backend"] == "a", seen
	assert "by-rule" in seen["e2e-added"], seen
	wait_until(lambda: "/pkg.A/Y" in [path for path, _ in
	    servers["copy"].calls], "the copy is made")


FAULT = """---
apiVersion: mesh/v1
kind: FaultInjection
metadata: {name: broken, namespace: default}
spec: {abort: {grpcStatus: 8, percent: 100}}
"""
ABORTED = """    filters:
    - type: ExtensionRef
      extensionRef: {group: mesh, kind: FaultInjection, name: %s}"""


@scenario
def documents_are_filters_of_grpc_routes(scene):
	_, gate, (port,) = at_gateway(scene, ("a",))
	gate.write("route", FAULT + route([rule("a", method("pkg.A")),
	    rule("a", method("pkg.B"), more=ABORTED % "broken"),
	    rule("a", method("pkg.C"), more=ABORTED % "none")], "name: edge"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "a.example"))
	caller.settles("/pkg.A/X", "a")
	assert caller("/pkg.B/X") == "RESOURCE_EXHAUSTED"
	assert caller("/pkg.C/X") == "UNAVAILABLE"


@scenario
def a_session_of_calls_stays_with_one_backend(scene):
	_, gate, (port,) = at_gateway(scene, ("a", "b"))
	gate.write("route", route([rule({"a": 1, "b": 1}, more="    "
	    "sessionPersistence: {type: Header, sessionName: e2e-session}")],
	    "name: edge"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "a.example"))
	wait_until(lambda: caller("/pkg.A/X") in ("a", "b"), "the route is there")
	assert len(caller.count("/pkg.A/X", 10)) == 2
	for _ in range(2):
		first, call = caller.channel.unary_unary("/pkg.A/X").with_call(b"",
		    timeout=WAIT)
		session = dict(call.initial_metadata())["e2e-session"]
		assert {caller("/pkg.A/X", **{"e2e-session": session})
		    for _ in range(10)} == {first.decode()}


@scenario
def calls_come_by_tls_as_well(scene):
	pair = certificate(scene, "edge", "a.example")
	listeners = ("protocol: HTTPS, hostname: a.example, "
	    "tls: {certificateRefs: [{name: edge}]}",)
	_, gate, (port,) = at_gateway(scene, ("a",), listeners)
	gate.write("secret", secret("edge", pair))
	gate.write("route", route([rule("a")], "name: edge"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "a.example",
	    pair[0].read_bytes()))
	caller.settles("/pkg.A/X", "a")


def between_sidecars(scene, protocol="/grpc", broken=()):
	"""Control, and a caller of shop at its HTTP port and at one of its own."""
	control = scene.control()
	for name in ("shop", "any", "cart"):
		server = scene.closing(Server(name, name in broken))
		scene.proxy(name, control=control, service=f"default/{name}",
		    apps=[f"80=127.0.0.1:{server.port}{protocol}"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"],
	    upstreams={"shop": "default/shop:80"}).await_ready()
	caller, own = (scene.closing(Caller(address, "shop.default.mesh"))
	    for address in (f"127.0.0.1:{web.outbound_port}",
	    web.upstream["shop"]))
	caller.settles("/pkg.Cart/Add", "shop")
	return control, caller, own


@scenario
def the_example_of_the_manual_acts(scene):
	example = next(block for block in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed",
	    (ROOT / "man/mesh.yaml.5").read_text(), re.S | re.M)
	    if "kind: GRPCRoute" in block)
	_, documents = start(scene, ("prices", "prices-v1", "prices-v2"))
	scene.file("docs/mesh.yaml", example + documents.replace("port: 80,",
	    "port: 50051,"))
	proxy = scene.proxy("caller", standalone=scene.dir / "docs",
	    upstreams={"prices": "default/prices:50051"}).await_ready()
	caller = scene.closing(Caller(proxy.upstream["prices"], "prices"))
	caller.settles("/grpc.health.v1.Health/Check", "prices-v1")
	assert caller("/grpc.health.v1.Health/Watch") == "UNIMPLEMENTED"
	assert caller("/shop.v1.Prices/Get", **{"x-tester": "yes"}) == "prices-v2"
	assert caller.count("/shop.v1.Prices/Get", 20) == {"prices-v1": 18,
	    "prices-v2": 2}


@scenario
def a_sidecar_matches_calls(scene):
	control, caller, own = between_sidecars(scene)
	control.apply(route([rule("any", method("pkg.Cart", "Add")),
	    rule("cart", method("pkg.Cart"))]))
	control.ctl("wait", "grpcroute", "shop", "--for", "condition=Programmed")
	caller.settles("/pkg.Cart/Add", "any")
	assert caller("/pkg.Cart/List") == "cart"
	own.settles("/pkg.Cart/Add", "any")
	assert own("/pkg.Cart/List") == "cart"
	# What no rule takes does not go to the service.
	assert caller("/pkg.Other/List") == "UNIMPLEMENTED"
	control.apply(route([rule({"any": 3, "cart": 1})]))
	control.ctl("wait", "grpcroute", "shop", "--for", "condition=Programmed")
	wait_until(lambda: caller("/pkg.Other/List") != "UNIMPLEMENTED", "weights")
	caller.count("/a.B/C", 4)
	assert caller.count("/a.B/C", 40) == {"any": 30, "cart": 10}
	control.ctl("delete", "grpcroute", "shop", "--yes")
	caller.settles("/pkg.Cart/Add", "shop")


@scenario
def no_call_fails_as_routes_come_and_go(scene):
	control, caller, own = between_sidecars(scene)
	over = threading.Event()
	threads = [one.keep_calling("/pkg.Cart/Add", over)
	    for one in (caller, own)]
	for _ in range(5):
		control.apply(route([rule("any")]))
		caller.settles("/a.B/C", "any")
		control.ctl("delete", "grpcroute", "shop", "--yes")
		caller.settles("/a.B/C", "shop")
	over.set()
	for thread in threads:
		thread.join()
		assert set(thread.answers) == {"shop", "any"}, thread.answers


@scenario
def a_port_that_says_http_is_called_by_http2(scene):
	server = scene.closing(Server("a"))
	page = scene.echo("a")
	port = free_port()
	gate = Gateway(scene, gateway([f"name: l, port: {port}, protocol: HTTP"]) +
	    service("a", server.port) + service("b", page.http_port) +
	    route([rule("a")], "name: edge", more="hostnames: [calls.example]"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}", "calls.example"))
	caller.settles("/pkg.A/X", "a")
	# What another kind of route sends there speaks as the port says.
	gate.write("pages", PAGES.format(host="pages.example", backend="b",
	    parents="{name: edge}") + route([rule("b")], "name: edge", "more",
	    "hostnames: [more.example]"))
	wait_until(lambda: curl(f"http://127.0.0.1:{port}/", "-H",
	    "Host: pages.example").status == 200, "pages are served")
	assert caller("/pkg.A/X") == "a"


@scenario
def split_changes_the_route_that_has_the_port(scene):
	control, caller, _ = between_sidecars(scene)
	control.apply(route([rule("any", method("pkg.Cart")), rule({"any": 1})]))
	caller.settles("/a.B/C", "any")
	shown = control.ctl("split", "shop", "any=0", "cart=1").stdout
	assert "grpcroute/shop configured" in shown, shown
	caller.settles("/a.B/C", "cart")
	assert caller("/pkg.Cart/Add") == "any"
	assert control.ctl("get", "httproutes").stdout.count("shop") == 0
	control.apply(route([rule("any", method("pkg.Cart")),
	    rule("any", method("pkg.List"))]))
	done = control.ctl("split", "shop", "any=0", "cart=1", expect=64)
	assert "GRPCRoute default/shop has 2 rules, 0 of which take every " \
	    "request" in done.stderr, done.stderr


@scenario
def applications_need_not_say_what_they_speak(scene):
	control, caller, own = between_sidecars(scene, protocol="/auto")
	control.apply(route([rule("any", method("pkg.Cart", "Add")),
	    rule("cart", method("pkg.Cart"))]))
	control.ctl("wait", "grpcroute", "shop", "--for", "condition=Programmed")
	for one in caller, own:
		one.settles("/pkg.Cart/Add", "any")
		assert one("/pkg.Cart/List") == "cart"
		assert one("/pkg.Other/List") == "UNIMPLEMENTED"


ROLLOUT = """---
apiVersion: mesh/v1
kind: Rollout
metadata: {name: shop}
spec:
  route: {kind: GRPCRoute, name: shop}
  stable: any
  candidate: cart
  steps: [{percent: 50, hold: 200ms}]
  check: {interval: 200ms, minimumRequests: 10, successPercent: 95, failures: 2}
"""


def roll(scene, phase, broken=()):
	"""A Rollout from any to cart, to its end; gives who answers then."""
	control, caller, _ = between_sidecars(scene, broken=broken)
	control.apply(route([rule({"any": 1, "cart": 0})]))
	caller.settles("/pkg.Cart/Add", "any")
	over = threading.Event()
	thread = caller.keep_calling("/pkg.Cart/Add", over)
	try:
		control.apply(ROLLOUT)
		wait_until(lambda: control.get("rollout", "shop")["status"].get(
		    "phase") == phase, f"the rollout is {phase}", 60)
	finally:
		over.set()
		thread.join()
	shown = control.get("rollout", "shop")
	assert "FieldsIgnored" not in str(shown["status"]), shown
	return caller


@scenario
def a_rollout_moves_calls(scene):
	roll(scene, "Succeeded").settles("/pkg.Cart/Add", "cart")


@scenario
def a_rollout_takes_back_what_ends_calls_with_errors(scene):
	roll(scene, "RolledBack", ["cart"]).settles("/pkg.Cart/Add", "any")


if __name__ == "__main__":
	main()
