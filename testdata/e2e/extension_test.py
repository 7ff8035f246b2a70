"""RateLimit, FaultInjection, Compression and Cache documents: on a service by
targetRefs, and as filters of a route's rule."""

import json
import re
import time

from edge import Edge, reply
from gateway import Gateway, gateway, route, service
from mesh import curl, free_port, main, scenario, wait_until
from wire import Load, get

HEAD = "apiVersion: mesh/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: default}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web}}]
  rules: {rules}
"""


def document(kind, name, spec):
	return HEAD.format(kind=kind, name=name, spec=spec)


def named(kind, name):
	"""A filter that is that document."""
	return "{type: ExtensionRef, extensionRef: {group: mesh, " \
	    f"kind: {kind}, name: {name}}}}}"


class Mesh:
	"""Control, the service pages, and callers of it."""

	def __init__(self, scene, answer=None, callers=("web",)):
		self.control = scene.control()
		self.backend = scene.backend(answer or reply("page"))
		scene.proxy("pages", control=self.control, service="default/pages",
		    apps=[f"80=127.0.0.1:{self.backend.port}/http"]).await_ready()
		self.callers = {}
		for name in callers:
			echo = scene.echo(f"{name}-app")
			self.callers[name] = scene.proxy(name, control=self.control,
			    service=f"default/{name}",
			    apps=[f"80={echo.http}/http"]).await_ready()
			wait_until(lambda name=name: self.ask(name).status == 200,
			    f"pages answer {name}")

	def ask(self, caller="web", path="/", *options):
		return curl(f"{self.callers[caller].outbound}{path}", "-H",
		    "Host: pages.default.mesh", *options)

	def statuses(self, n, caller="web", *options):
		return [self.ask(caller, "/", *options).status for _ in range(n)]

	def apply(self, kind, name, spec):
		"""Puts a document in place and waits until all proxies have it."""
		self.control.apply(document(kind, name, spec))
		self.await_programmed(kind, name)

	def await_programmed(self, kind, name):
		self.control.ctl("wait", "--for=condition=Programmed",
		    f"{kind.lower()}/{name}")


@scenario
def a_rate_limit_of_a_service_holds_for_all_callers(scene):
	mesh = Mesh(scene, callers=("web", "shop"))
	mesh.apply("RateLimit", "few", "{targetRefs: [{name: pages}], "
	    "limits: [{requests: 3, per: 1h}]}")
	first = mesh.ask()
	assert first.status == 200 and first.body == b"page"
	assert first.header("x-ratelimit-limit") == "3, 3;w=3600", first.head
	assert first.header("x-ratelimit-remaining") == "2", first.head
	assert mesh.statuses(2, "shop") == [200, 200]
	refused = mesh.ask("shop")
	assert refused.status == 429, refused.head
	assert 1190 <= int(refused.header("retry-after")) <= 1200, refused.head
	assert refused.header("x-ratelimit-remaining") == "0", refused.head
	assert mesh.ask().status == 429
	# What has nothing to do with it empties no bucket, nor does another field.
	mesh.control.apply("apiVersion: v1\nkind: Service\n"
	    "metadata: {name: other}\nspec: {ports: [{port: 80}]}\n")
	mesh.apply("Compression", "short", "{targetRefs: [{name: pages}]}")
	assert mesh.statuses(2) == [429, 429]
	shown = mesh.control.ctl("describe", "service", "pages").stdout
	assert "RateLimit" in shown and "few" in shown, shown
	# A larger one is another one.
	mesh.apply("RateLimit", "few", "{targetRefs: [{name: pages}], "
	    "limits: [{requests: 5, per: 1h}]}")
	assert mesh.statuses(6) == [200] * 5 + [429]
	mesh.control.ctl("delete", "ratelimit", "few", "--yes")
	wait_until(lambda: mesh.ask().status == 200, "nothing limits any more")


@scenario
def a_rate_limit_tells_callers_apart_by_what_is_proven(scene):
	mesh = Mesh(scene, callers=("web", "shop"))
	mesh.apply("RateLimit", "each", "{targetRefs: [{name: pages}], "
	    "limits: [{requests: 2, per: 1h, byIdentity: true}], "
	    "overrides: [{identity: default/shop, requests: 4}]}")
	assert mesh.statuses(3, "web") == [200, 200, 429]
	assert mesh.statuses(5, "shop") == [200] * 4 + [429]
	# What a caller says of itself makes no difference.
	assert mesh.statuses(1, "web", "-H", "x-mesh-source: default/shop") == [429]
	mesh.apply("RateLimit", "each", "{targetRefs: [{name: pages}], "
	    "limits: [{requests: 1, per: 1h, byHeader: x-user}]}")
	assert mesh.statuses(2, "web", "-H", "x-user: a") == [200, 429]
	assert mesh.statuses(2, "shop", "-H", "x-user: b") == [200, 429]
	mesh.apply("RateLimit", "each", "{targetRefs: [{name: pages}], "
	    "dryRun: true, limits: [{requests: 1, per: 1h}]}")
	assert mesh.statuses(3) == [200, 200, 200]


@scenario
def a_rule_has_a_rate_limit_of_its_own(scene):
	edge = Edge(scene, scene.backend(reply("web")))

	def change(name, text):
		before = edge.reloads()
		edge.write(name, text)
		wait_until(lambda: edge.reloads() > before, f"{name} is read")

	def ask(path, n=1):
		return [get(edge.port, path).status for _ in range(n)]

	change("limit", document("RateLimit", "two",
	    "{limits: [{requests: 2, per: 1h}]}"))
	change("route", ROUTE.format(rules="[{matches: [{path: {value: /a}}], "
	    f"filters: [{named('RateLimit', 'two')}], "
	    "backendRefs: [{name: web, port: 80}]}, "
	    "{matches: [{path: {value: /b}}], backendRefs: [{name: web, port: 80, "
	    f"filters: [{named('RateLimit', 'two')}]}}]}}, "
	    "{matches: [{path: {value: /c}}], "
	    f"filters: [{named('RateLimit', 'none')}], "
	    "backendRefs: [{name: web, port: 80}]}, "
	    "{backendRefs: [{name: web, port: 80}]}]"))
	wait_until(lambda: ask("/c") == [500], "what is not there is an error")
	# Each rule counts by itself; those without one do not.
	assert ask("/a", 3) == [200, 200, 429]
	assert ask("/b", 3) == [200, 200, 429]
	assert ask("/", 5) == [200] * 5
	# Other documents come and go: the counts stay.
	change("short", document("Compression", "short", "{}"))
	assert ask("/a") == [429]
	change("none", document("RateLimit", "none",
	    "{limits: [{requests: 1, per: 1h}]}"))
	assert ask("/c", 2) == [200, 429]
	assert ask("/a") == [429] and ask("/b") == [429]


@scenario
def limits_of_a_service_without_sidecars_hold_where_it_is_sent_to(scene):
	edge = Edge(scene, scene.backend(reply("web")))
	edge.write("limit", document("RateLimit", "two",
	    "{targetRefs: [{name: web}], limits: [{requests: 2, per: 1h}]}"))
	wait_until(lambda: get(edge.port, "/").get("x-ratelimit-limit") is not None,
	    "the limit is in force")
	wait_until(lambda: get(edge.port, "/").status == 429, "it is used up")


@scenario
def of_several_rate_limits_the_nearest_is_told(scene):
	edge = Edge(scene, scene.backend(reply("web")))
	for name, requests in (("a", 9), ("b", 2), ("c", 7)):
		edge.write(name, document("RateLimit", name, "{targetRefs: "
		    f"[{{name: web}}], limits: [{{requests: {requests}, per: 1h}}]}}"))
	wait_until(lambda: get(edge.port, "/").get("x-ratelimit-limit") ==
	    "2, 2;w=3600", "all hold")
	wait_until(lambda: get(edge.port, "/").status == 429, "it is used up")
	refused = get(edge.port, "/")
	assert refused.get("x-ratelimit-remaining") == "0", refused
	assert refused.get("x-ratelimit-limit") == "2, 2;w=3600", refused


@scenario
def references_to_filters_are_judged(scene):
	mesh = Mesh(scene)
	pages = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\n" \
	    "metadata: {name: pages}\nspec:\n" \
	    "  parentRefs: [{group: '', kind: Service, name: pages}]\n" \
	    "  rules: [{filters: [%s], backendRefs: [{name: pages, port: 80}]}]\n"

	def condition(kind):
		status = mesh.control.get("httproute", "pages")["status"]
		return next((c["status"], c["reason"])
		    for c in status["parents"][0]["conditions"] if c["type"] == kind)

	mesh.control.apply(pages % named("RateLimit", "one"))
	wait_until(lambda: mesh.ask().status == 500, "nothing is skipped")
	assert condition("ResolvedRefs") == ("False", "BackendNotFound"), \
	    condition("ResolvedRefs")
	mesh.control.apply(document("RateLimit", "one",
	    "{limits: [{requests: 1, per: 1h}]}"))
	wait_until(lambda: condition("ResolvedRefs")[0] == "True", "it is there")
	wait_until(lambda: mesh.ask().status == 200, "and in force")
	assert mesh.statuses(1) == [429]
	mesh.control.apply(pages % named("Nonsense", "one"))
	wait_until(lambda: mesh.ask().status == 500, "nothing is skipped")
	assert condition("ResolvedRefs") == ("False", "InvalidKind")
	mesh.control.apply(pages % named("RateLimit", "one"))
	mesh.await_programmed("RateLimit", "one")
	# Of two that are about the same one acts, and says so.
	mesh.apply("FaultInjection", "first", "{targetRefs: [{name: pages}], "
	    "headerCallers: [default/web]}")
	mesh.control.apply(document("FaultInjection", "second",
	    "{targetRefs: [{name: pages}], abort: {status: 500}}"))
	late = mesh.control.get("faultinjection", "second")["status"]
	assert late["ancestors"][0]["conditions"][0]["reason"] == "Conflicted", late
	shown = mesh.control.ctl("route", "pages").stdout
	assert re.search(r"^Filters: +ExtensionRef RateLimit/one$", shown, re.M) and \
	    re.search(r"^Policy: +FaultInjection first, of Service default/pages$",
	    shown, re.M), shown
	# Whoever calls no such service is not told of it.
	mesh.control.apply(document("RateLimit", "lonely",
	    "{limits: [{requests: 1}]}"))
	config = json.dumps(mesh.callers["web"].admin("/config").json())
	assert "lonely" not in config


@scenario
def faults_meet_callers_that_are_told_of_them(scene):
	mesh = Mesh(scene, callers=("web", "shop"))
	mesh.apply("FaultInjection", "bad", "{targetRefs: [{name: pages}], "
	    "abort: {status: 418}}")
	assert mesh.statuses(2, "web") == [418, 418]
	before = len(mesh.backend.requests())
	assert mesh.statuses(1, "shop") == [418]
	assert len(mesh.backend.requests()) == before
	wait_until(lambda: '"response_flags":"FI"' in
	    mesh.callers["shop"].out(), "the log says so")
	# Who calls it for the first time meets it too.
	echo = scene.echo("late-app")
	late = mesh.callers["late"] = scene.proxy("late", control=mesh.control,
	    service="default/late", apps=[f"80={echo.http}/http"]).await_ready()
	assert mesh.statuses(1, "late") == [418]
	mesh.apply("FaultInjection", "bad", "{targetRefs: [{name: pages}], "
	    "delay: {duration: 200ms}}")
	began = time.monotonic()
	assert mesh.statuses(1) == [200]
	assert time.monotonic() - began >= 0.2
	assert late.is_running()


@scenario
def faults_by_header_are_for_those_that_may(scene):
	mesh = Mesh(scene, callers=("web", "shop"))
	mesh.apply("FaultInjection", "asked", "{targetRefs: [{name: pages}], "
	    "headerCallers: [default/web]}")
	assert mesh.statuses(1, "web") == [200]
	assert mesh.statuses(1, "web", "-H", "x-fault-abort: 503") == [503]
	assert mesh.statuses(1, "shop", "-H", "x-fault-abort: 503") == [200]
	began = time.monotonic()
	assert mesh.statuses(1, "web", "-H", "x-fault-delay: 150") == [200]
	assert time.monotonic() - began >= 0.15


@scenario
def answers_come_as_slowly_as_said(scene):
	body = "0123456789" * 500
	backend = scene.backend(reply(body))
	edge = Edge(scene, backend)
	edge.write("slow", document("FaultInjection", "slow",
	    "{throughput: {bytesPerSecond: 5k}, maxActive: 1}"))
	before = edge.reloads()
	edge.write("route", ROUTE.format(rules="[{filters: "
	    f"[{named('FaultInjection', 'slow')}], "
	    "backendRefs: [{name: web, port: 80}]}]"))
	wait_until(lambda: edge.reloads() > before, "the route is read")
	began = time.monotonic()
	with edge.client() as client:
		client.send(b"GET / HTTP/1.1\r\nhost: web\r\n\r\n")
		# Not more than one at a time suffers.
		wait_until(backend.requests, "it suffers")
		assert get(edge.port, "/").body.decode() == body
		answer = client.read_reply()
	assert answer.body.decode() == body
	assert time.monotonic() - began >= 0.99, time.monotonic() - began


@scenario
def a_cache_beside_a_service_serves_all_and_survives_changes(scene):
	mesh = Mesh(scene, reply("page" * 200, fields="cache-control: public, "
	    "max-age=600\r\ncontent-type: text/html\r\n"), ("web", "shop"))
	mesh.apply("Cache", "pages", "{targetRefs: [{name: pages}]}")
	assert mesh.ask("web", "/a").status == 200
	asked = len(mesh.backend.requests())
	kept = mesh.ask("shop", "/a")
	assert "hit" in kept.header("cache-status"), kept.head
	mesh.apply("Compression", "pages", "{targetRefs: [{name: pages}]}")
	mesh.apply("RateLimit", "pages", "{targetRefs: [{name: pages}], "
	    "limits: [{requests: 1000}]}")
	kept = mesh.ask("web", "/a", "-H", "accept-encoding: gzip")
	assert "hit" in kept.header("cache-status"), kept.head
	assert kept.header("content-encoding") == "gzip", kept.head
	assert kept.header("x-ratelimit-limit") is not None, kept.head
	assert len(mesh.backend.requests()) == asked
	# Another cache starts empty.
	mesh.apply("Cache", "pages", "{targetRefs: [{name: pages}], maxTtl: 1h}")
	assert "hit" not in mesh.ask("web", "/a").header("cache-status")


@scenario
def a_gateway_runs_the_filters_of_its_routes_and_backends(scene):
	port = free_port()
	apps = {name: scene.echo(name) for name in ("a", "b")}
	edge = Gateway(scene, gateway([f"name: http, protocol: HTTP, port: {port}"]) +
	    "".join(service(name, app.http_port) for name, app in apps.items()) +
	    route("a", "a", path="/a").replace("    backendRefs:",
	        f"    filters: [{named('RateLimit', 'two')}]\n    backendRefs:") +
	    route("b", "b", path="/b") + "---\n" +
	    document("RateLimit", "two", "{limits: [{requests: 2, per: 1h, "
	        "byAddress: true}]}") + "---\n" +
	    document("FaultInjection", "b", "{targetRefs: [{name: b}], "
	        "headerCallers: [default/edge], abort: {status: 418}}"))
	assert [edge.get(port, "/a").status for _ in range(3)] == [200, 200, 429]
	assert edge.get(port, "/b").status == 418
	refused = curl(f"http://127.0.0.1:{port}/a")
	assert refused.status == 429 and refused.header("retry-after"), refused.head
	# A stranger is nobody that may ask for faults.
	edge.write("documents", gateway([f"name: http, protocol: HTTP, "
	    f"port: {port}"]) + service("b", apps["b"].http_port) +
	    route("b", "b", path="/b") + "---\n" + document("FaultInjection", "b",
	    "{targetRefs: [{name: b}], headerCallers: [default/edge]}"))
	wait_until(lambda: edge.get(port, "/b").status == 200, "it is harmless")
	assert curl(f"http://127.0.0.1:{port}/b", "-H",
	    "x-fault-abort: 500").status == 200


@scenario
def documents_change_under_load_and_lose_nothing(scene):
	edge = Edge(scene, scene.backend(reply("web")))
	filters = ", ".join(named(*name) for name in (("RateLimit", "many"),
	    ("FaultInjection", "none"), ("Compression", "all"), ("Cache", "all")))
	texts = {
		"limit": [document("RateLimit", "many",
		    f"{{limits: [{{requests: {n}000000}}]}}") for n in (1, 2)],
		"fault": [document("FaultInjection", "none",
		    f"{{abort: {{status: {n}, percent: 0}}}}") for n in (500, 501)],
		"compression": [document("Compression", "all",
		    f"{{minimumSize: {n}}}") for n in (1000, 1001)],
		"cache": [document("Cache", "all", f"{{maxBytes: {n}Mi}}")
		    for n in (1, 2)],
		"route": [ROUTE.format(rules=f"[{{filters: [{chosen}], "
		    "backendRefs: [{name: web, port: 80}]}]")
		    for chosen in (filters, "")],
	}
	for name, choice in texts.items():
		edge.write(name, choice[0])
	wait_until(lambda: get(edge.port, "/").get("x-ratelimit-limit"),
	    "the filters are in force")
	load = Load(edge.port).start()
	for turn in range(20):
		for name, choice in texts.items():
			before = edge.reloads()
			edge.write(name, choice[turn % 2])
			# The first turn says what is there already.
			wait_until(lambda before=before, turn=turn:
			    turn == 0 or edge.reloads() > before, "it is read")
	load.reach(5000)
	load.finish()


if __name__ == "__main__":
	main()
