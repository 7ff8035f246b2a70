"""HTTPRoute documents steer requests: which service answers, and how."""

import collections

from edge import Edge, reply
from mesh import main, scenario, wait_until
from wire import Load, get

ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web{parent}}}]
  rules: {rules}
"""


def to(*backends, match="", more=""):
	"""A rule; backends are names or (name, weight)."""
	refs = ", ".join(f"{{name: {b}, port: 80}}" if isinstance(b, str) else
	    f"{{name: {b[0]}, port: 80, weight: {b[1]}}}" for b in backends)
	matches = f"matches: [{match}], " if match else ""
	return f"{{{matches}{more} backendRefs: [{refs}]}}"


class Routed(Edge):
	"""Services web, v1 and v2, each of which answers with its name."""

	def __init__(self, scene, **how):
		self.backends = {name: scene.backend(reply(name))
		    for name in ("web", "v1", "v2")}
		super().__init__(scene, self.backends["web"], **how)
		for name in ("v1", "v2"):
			self.set(name, self.backends[name])

	def route(self, *rules, name="web", namespace="default", parent=""):
		"""Puts a route in place and waits until it is in force."""
		before = self.reloads()
		self.write(f"route-{namespace}-{name}", ROUTE.format(name=name,
		    namespace=namespace, parent=parent,
		    rules="[" + ", ".join(rules) + "]"))
		wait_until(lambda: self.reloads() > before, "the route is read")

	def ask(self, target="/", **options):
		return get(self.port, target, **options)

	def who(self, target="/", **options):
		answer = self.ask(target, **options)
		return answer.body.decode() if answer.status == 200 else \
		    answer.status

	def until(self, target, who):
		wait_until(lambda: self.who(target) == who, f"{target} is {who}")


@scenario
def rules_decide_by_path_header_method_and_query(scene):
	edge = Routed(scene)
	edge.until("/", "web")		# no route: all goes to the service
	edge.route(to("v1", match="{path: {value: /api}}"),
	    to("v2", match="{headers: [{name: X-Version, value: two}]}"),
	    to("v2", match="{method: POST}"),
	    to("v2", match="{queryParams: [{name: v, value: '2'}]}"))
	edge.until("/api", "v1")
	assert edge.who("/api/x?y") == "v1"
	assert edge.who("/apix") == 404, "a prefix holds whole segments"
	assert edge.who("/", fields={"x-version": "two"}) == "v2"
	assert edge.who("/", fields={"x-version": "one"}) == 404
	assert edge.who("/", method="POST", body=b"x") == "v2"
	assert edge.who("/?a=1&v=2") == "v2"
	# Judged and forwarded in one form.
	assert edge.who("/x/../api/./%7Ea") == "v1"
	assert "/api/~a" in [request.target
	    for request in edge.backends["v1"].requests()]
	assert edge.who("/api%2Fx") == 400


@scenario
def what_is_missing_is_500_and_who_is_away_is_503(scene):
	edge = Routed(scene)
	edge.set("empty")
	edge.route(to("v1", match="{path: {value: /there}}"),
	    to("nobody", match="{path: {value: /nobody}}"),
	    to("empty", match="{path: {value: /empty}}"),
	    to(("v1", 0), match="{path: {value: /zero}}"),
	    "{matches: [{path: {value: /none}}]}",
	    to(("v1", 1), ("nobody", 1), match="{path: {value: /half}}"))
	edge.until("/there", "v1")
	answer = edge.ask("/nobody")
	assert answer.status == 500
	assert answer.get("proxy-status") == "mesh; error=destination_not_found; " \
	    'details="missing_backend"', answer.head
	assert edge.who("/empty") == 503
	assert edge.who("/zero") == 500
	assert edge.who("/none") == 500
	half = collections.Counter(edge.who("/half") for _ in range(20))
	assert half == {"v1": 10, 500: 10}, half


@scenario
def weights_are_exact(scene):
	edge = Routed(scene)
	edge.route(to(("v1", 90), ("v2", 10)))
	edge.until("/", "v1")
	seen = collections.Counter(edge.who() for _ in range(200))
	assert seen == {"v1": 180, "v2": 20}, seen
	edge.route(to(("v1", 0), ("v2", 1)))
	edge.until("/", "v2")
	assert {edge.who() for _ in range(50)} == {"v2"}


@scenario
def a_port_of_a_service_has_its_own_routes(scene):
	edge = Routed(scene)
	edge.route(to("v1"), parent=", port: 8080")
	edge.until("/", "web")
	edge.route(to("v1"), parent=", sectionName: http")
	edge.until("/", "v1")
	# A backend is its endpoints, whatever routes it has itself.
	edge.write("route-inner", ROUTE.format(name="inner", namespace="default",
	    parent="", rules="[" + to("v2") + "]").replace("name: web}", "name: v1}"))
	edge.route(to("v1", match="{path: {value: /again}}"), name="again")
	edge.until("/again", "v1")


@scenario
def routes_of_the_callers_namespace_replace_others(scene):
	edge = Routed(scene)
	edge.route(to("v1", match="{path: {value: /a}}"))
	edge.until("/a", "v1")
	# Of a third namespace: of no concern here, whose callers are in default.
	edge.route("{backendRefs: [{name: v2, namespace: default, port: 80}]}",
	    namespace="other", name="theirs", parent=", namespace: default")
	assert edge.who("/a") == "v1"
	assert edge.who("/b") == 404


@scenario
def a_rule_that_does_not_compile_keeps_its_last_good_form(scene):
	edge = Routed(scene)
	edge.route(to("v1", match="{path: {value: /a}}"), name="a")
	edge.route(to("v2", match="{path: {value: /b}}"), name="b")
	edge.until("/b", "v2")
	edge.route(to("v2", match="{path: {type: RegularExpression, "
	    "value: '/(a'}}"), name="a")
	edge.wait_line(r"/httproutes/default/a: rules\[0\]")
	assert edge.who("/a") == "v1"
	edge.route(to("v1", match="{path: {value: /b}}"), name="b")
	edge.until("/b", "v1")
	assert edge.who("/a") == "v1"


def last_request(edge, name):
	"""The newest request that a back end saw."""
	requests = edge.backends[name].requests()
	return max(requests, key=lambda request: int(request.get("x-number")))


@scenario
def filters_change_what_is_sent_and_what_comes_back(scene):
	edge = Routed(scene)
	numbers = iter(range(1000))

	def sent(target, name="v1", **fields):
		"""What the back end saw of a request."""
		answer = edge.ask(target, fields={"x-number": str(next(numbers)),
		    **fields})
		assert answer.status == 200, answer.head
		return last_request(edge, name)

	edge.route(
	    to("v1", match="{path: {value: /fields}}", more="filters: ["
	        "{type: RequestHeaderModifier, requestHeaderModifier: {"
	        "set: [{name: X-Set, value: new}, {name: Content-Length, value: '9'}], "
	        "add: [{name: X-Add, value: two}], remove: [X-Gone]}}, "
	        "{type: ResponseHeaderModifier, responseHeaderModifier: {"
	        "set: [{name: X-Reply, value: 'yes'}], remove: [X-Inner]}}],"),
	    to("v1", match="{path: {value: /prefix/one}}", more="filters: ["
	        "{type: URLRewrite, urlRewrite: {hostname: other.example, "
	        "path: {type: ReplacePrefixMatch, replacePrefixMatch: /}}}],"),
	    to("v1", match="{path: {value: /full}}", more="filters: ["
	        "{type: URLRewrite, urlRewrite: {path: {type: ReplaceFullPath, "
	        "replaceFullPath: '/a b'}}}],"),
	    "{matches: [{path: {value: /backend}}], backendRefs: [{name: v2, port: 80, "
	    "filters: [{type: RequestHeaderModifier, requestHeaderModifier: "
	    "{set: [{name: X-Version, value: two}]}}]}]}",
	    "{matches: [{path: {value: /ours}}], filters: [{type: ExtensionRef, "
	    "extensionRef: {group: x.example, kind: Thing, name: t}}]}")
	wait_until(lambda: edge.ask("/ours").status == 500, "the route is in force")
	request = sent("/fields", **{"x-set": "old", "x-add": "one", "x-gone": "1"})
	assert request.all("x-set") == ["new"], request.head
	assert request.all("x-add") == ["one", "two"], request.head
	assert request.all("x-gone") == request.all("content-length") == []
	assert edge.ask("/fields", fields={"x-number": "0"}).get("x-reply") == "yes"
	request = sent("/prefix/one/two?q=1")
	assert request.target == "/two?q=1", request.head
	assert request.get("host") == "other.example", request.head
	assert sent("/prefix/one").target == "/"
	assert edge.ask("/full").status == 500, "no such path can be sent"
	assert sent("/backend", "v2").get("x-version") == "two"


@scenario
def redirects_are_answered_here(scene):
	edge = Routed(scene)
	edge.route(
	    "{matches: [{path: {value: /old}}], filters: [{type: RequestRedirect, "
	    "requestRedirect: {scheme: https, hostname: new.example, statusCode: 308, "
	    "path: {type: ReplacePrefixMatch, replacePrefixMatch: /new}}}]}",
	    "{matches: [{path: {value: /port}}], filters: [{type: RequestRedirect, "
	    "requestRedirect: {port: 8443}}]}", to("v1"))
	edge.until("/", "v1")
	answer = edge.ask("/old/x?y=1", host="a.example")
	assert answer.status == 308
	assert answer.get("location") == "https://new.example/new/x?y=1", answer.head
	assert answer.body == b""
	answer = edge.ask("/port", host="a.example:8080")
	assert (answer.status, answer.get("location")) == \
	    (302, "http://a.example:8443/port"), answer.head


@scenario
def cors_is_answered_and_added(scene):
	edge = Routed(scene)
	edge.route(to("v1", more="filters: [{type: CORS, cors: {allowOrigins: "
	    "['https://*.shop.example'], allowMethods: [GET, PUT], "
	    "allowHeaders: [X-A], allowCredentials: true, maxAge: 60}}],"))
	edge.until("/", "v1")
	origin = {"origin": "https://a.shop.example"}
	asks = {"access-control-request-method": "PUT"}
	answer = edge.ask("/", method="OPTIONS", fields=origin | asks)
	assert answer.status == 204, answer.head
	assert answer.get("access-control-allow-origin") == origin["origin"]
	assert answer.get("access-control-allow-methods") == "GET, PUT", answer.head
	assert answer.get("access-control-max-age") == "60"
	stranger = edge.ask("/", method="OPTIONS",
	    fields={"origin": "https://evil.example"} | asks)
	assert stranger.status == 204
	assert stranger.get("access-control-allow-origin") is None
	answer = edge.ask("/", fields=origin)
	assert answer.body == b"v1"
	assert answer.get("access-control-allow-credentials") == "true", answer.head
	assert answer.get("vary") == "Origin"
	# Caches are to know that the next one may get more.
	assert edge.ask("/").get("vary") == "Origin"
	# So does that of the service itself.
	before = edge.reloads()
	edge.set("v1", scene.backend(reply("kept",
	    fields="cache-control: public, max-age=60\r\n")))
	edge.write("cache", "apiVersion: mesh/v1\nkind: Cache\nmetadata: "
	    "{name: v1, namespace: default}\nspec: {targetRefs: [{name: v1}]}\n")
	wait_until(lambda: edge.reloads() > before, "the cache is read")
	wait_until(lambda: "hit" in (edge.ask("/").get("cache-status") or ""),
	    "it is kept")
	answer = edge.ask("/", fields=origin)
	assert answer.get("access-control-allow-origin") == origin["origin"], \
	    answer.head
	other = {"origin": "https://b.shop.example"}
	answer = edge.ask("/", fields=other)
	assert answer.get("access-control-allow-origin") == other["origin"], \
	    answer.head


def rule(name, more):
	return f"{{backendRefs: [{{name: {name}, port: 80}}], {more}}}"


@scenario
def a_status_is_tried_again_as_often_as_said(scene):
	edge = Routed(scene)
	bad = reply("no", "503 Service Unavailable")
	scripted = scene.backend([bad, bad, reply("third"),
	    bad, bad, bad, bad, reply("late"), reply("x", "500 No")])
	edge.set("v1", scripted)
	edge.route(rule("v1", "retry: {attempts: 3, codes: [503], backoff: 1ms}"))
	wait_until(lambda: edge.ask("/", method="POST", body=b"again").body ==
	    b"third", "the third answer")
	assert [r.body for r in scripted.requests()] == [b"again"] * 3
	assert [r.get("x-attempt-count") for r in scripted.requests()] == \
	    ["1", "2", "3"]
	answer = edge.ask("/")		# the fourth 503 is the last
	assert (answer.status, answer.body) == (503, b"no"), answer.head
	assert len(scripted.requests()) == 7
	assert edge.ask("/").body == b"late"
	assert edge.who() == 500, "no code of ours"
	wait_until(lambda: '"response_flags":"URX"' in edge.out(), "the log says so")


@scenario
def a_retry_goes_elsewhere_first_and_not_after_retry_after(scene):
	edge = Routed(scene)
	bad = scene.backend(reply("no", "503 Service Unavailable"))
	edge.set("v1", bad, edge.backends["v1"])
	edge.set("v2", scene.backend(reply("busy", "503 Service Unavailable",
	    "retry-after: 7200\r\n")))
	edge.route(rule("v1", "retry: {attempts: 1, codes: [503], backoff: 1ms}, "
	    "matches: [{path: {value: /a}}]"),
	    rule("v2", "retry: {attempts: 1, codes: [503]}"))
	wait_until(lambda: edge.ask("/a").body == b"v1", "the route is in force")
	assert {edge.who("/a") for _ in range(20)} == {"v1"}
	assert edge.ask("/b").body == b"busy", "nobody waits two hours"


@scenario
def connections_that_break_are_tried_again(scene):
	edge = Routed(scene)
	def script(connection):
		connection.read_request()
		if connection.number % 2:
			connection.send(reply("whole"))
		# else: the end, without an answer
	edge.set("v1", scene.backend(script))
	edge.set("v2", scene.backend(script))
	edge.route(rule("v1", "retry: {backoff: 1ms}, matches: [{path: {value: /a}}]"),
	    rule("v2", "matches: [{path: {value: /b}}]"))
	wait_until(lambda: edge.ask("/a", method="POST", body=b"x").body ==
	    b"whole", "the route is in force")
	assert edge.ask("/b", method="POST", body=b"x").status == 502


@scenario
def timeouts_end_an_exchange_and_a_try(scene):
	edge = Routed(scene)
	def script(connection):
		connection.read_request()
		if connection.number > 0:
			connection.send(reply("quick"))
		connection.read_to_end()	# the first says nothing
	edge.set("v1", scene.backend(script))
	silent = scene.backend(lambda connection: connection.read_to_end())
	edge.set("v2", silent)
	edge.route(
	    rule("v1", "timeouts: {request: 10s, backendRequest: 100ms}, "
	        "retry: {attempts: 1, backoff: 1ms}, matches: [{path: {value: /try}}]"),
	    rule("v2", "timeouts: {request: 150ms}, matches: [{path: {value: /all}}]"),
	    rule("v2", "timeouts: {backendRequest: 50ms}, "
	        "matches: [{path: {value: /one}}]"),
	    to("web"))
	edge.until("/", "web")
	assert edge.ask("/try").body == b"quick"
	assert edge.ask("/all").status == 504
	assert edge.ask("/one").status == 504
	wait_until(lambda: "request_timeout" in edge.out() and
	    "try_timeout" in edge.out(), "the log says which")


@scenario
def a_request_timeout_covers_the_body_of_the_answer(scene):
	edge = Routed(scene)
	def script(connection):
		connection.read_request()
		connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\npart")
		connection.read_to_end()
	edge.set("v1", scene.backend(script))
	edge.route(rule("v1", "timeouts: {request: 200ms}"))
	def is_cut():
		with edge.client() as client:
			client.send(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
			return bytes(client.read_to_end()).endswith(b"part")
	wait_until(is_cut, "the answer is cut off")


@scenario
def copies_of_requests_go_to_mirrors(scene):
	edge = Routed(scene)
	copies = scene.backend(reply("copy", "500 No"))
	edge.set("copy", copies)
	mirror = "filters: [{type: RequestMirror, requestMirror: " \
	    "{backendRef: {name: copy, port: 80}%s}}],"
	edge.route(to("v1", match="{path: {value: /all}}", more=mirror % ""),
	    to("v1", match="{path: {value: /half}}", more=mirror % ", percent: 50"),
	    to("v1", match="{path: {value: /none}}", more=mirror % ", percent: 0"),
	    to("v2"))
	edge.until("/", "v2")
	assert edge.ask("/all?x=1", method="POST", body=b"body").body == b"v1"
	wait_until(lambda: len(copies.requests()) == 1, "the copy came")
	copy = copies.requests()[0]
	assert (copy.method, copy.target, copy.body) == ("POST", "/all?x=1", b"body")
	assert copy.get("host") == "test"
	for _ in range(400):
		assert edge.who("/half") == "v1"
	for _ in range(20):
		edge.ask("/none")
	edge.ask("/all/last")
	wait_until(lambda: any(copy.target == "/all/last"
	    for copy in copies.requests()), "the last copy came")
	targets = collections.Counter(copy.target for copy in copies.requests())
	assert 120 < targets["/half"] < 280, targets
	assert "/none" not in targets
	# Too long to keep: answered, not copied.
	assert edge.ask("/all/long", method="POST", body=b"x" * 100_000).body == b"v1"
	edge.ask("/all/end", method="POST", body=b"x" * 60_000)
	wait_until(lambda: any(copy.target == "/all/end" and
	    len(copy.body) == 60_000 for copy in copies.requests()), "a long copy")
	assert all(copy.target != "/all/long" for copy in copies.requests())


@scenario
def routes_weights_and_endpoints_change_a_hundred_times_under_load(scene):
	edge = Routed(scene)
	more = [scene.backend(reply("v1")) for _ in range(3)]
	edge.route(to(("v1", 50), ("v2", 50)))
	edge.until("/", "v1")
	load = Load(edge.port, target="/").start()
	for step in range(1, 101):
		edge.set("v1", *more[:step % 3], edge.backends["v1"])
		edge.route(to(("v1", 100 - step), ("v2", step)),
		    *[to("web", match=f"{{path: {{value: /{n}}}}}")
		    for n in range(step % 5)])
		if step % 10 == 0:	# never loaded: it does not compile
			edge.route(to("v1", match="{path: {type: RegularExpression, "
			    f"value: '/({step}'}}}}"), name="bad")
		load.more(20)
	load.reach(10_000)
	load.finish()
	assert {edge.who() for _ in range(20)} == {"v2"}


@scenario
def sessions_stay_with_an_endpoint_whatever_the_weights(scene):
	edge = Routed(scene)
	def rules(one, two):
		split = f"backendRefs: [{{name: v1, port: 80, weight: {one}}}, " \
		    f"{{name: v2, port: 80, weight: {two}}}]"
		return (rule("v1", "matches: [{path: {value: /other}}], "
		        "sessionPersistence: {}"),
		    f"{{{split}, matches: [{{path: {{value: /header}}}}], "
		    "sessionPersistence: {type: Header, header: {name: X-Session}}}",
		    f"{{{split}, sessionPersistence: {{cookie: {{name: stay}}}}}}")
	edge.route(*rules(1, 1))
	wait_until(lambda: edge.ask("/").get("set-cookie"), "a cookie comes")
	first = edge.ask("/")
	while first.body != b"v1":
		first = edge.ask("/")
	cookie, *attributes = first.get("set-cookie").split("; ")
	assert cookie.startswith("stay=") and sorted(attributes) == \
	    ["HttpOnly", "Path=/", "SameSite=Lax"], first.head
	edge.route(*rules(0, 1))
	wait_until(lambda: {edge.who() for _ in range(4)} == {"v2"},
	    "the new weights")
	again = edge.ask("/", fields={"cookie": f"a=b; {cookie}"})
	assert (again.body, again.get("set-cookie")) == (b"v1", None), again.head
	assert edge.ask("/", fields={"cookie": "stay=zzz"}).get("set-cookie")
	name = edge.ask("/other").get("set-cookie").split("=")[0]
	assert name.startswith("mesh-session-"), name
	token = edge.ask("/header").get("x-session")
	edge.route(*rules(1, 0))
	wait_until(lambda: {edge.who() for _ in range(4)} == {"v1"},
	    "the old weights")
	assert edge.who("/header", fields={"x-session": token}) == "v2"
	# The endpoint is gone: another one, and a token for it.
	edge.set("v2", edge.backends["web"])
	wait_until(lambda: edge.who("/header", fields={"x-session": token}) == "v1",
	    "who is there")


def member(scene, control, name):
	"""An application and its sidecar, joined."""
	app = scene.echo(f"{name}-app")
	return scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={app.http}/http"]).await_ready()


@scenario
def members_follow_routes_of_services_that_they_call(scene):
	control = scene.control()
	for name in ("orders", "orders-v1", "orders-v2"):
		member(scene, control, name)
	web = member(scene, control, "web")

	def who(path="/"):
		answer = get(web.outbound_port, f"http://orders.default.mesh{path}",
		    host="orders.default.mesh")
		return answer.json()["name"] if answer.status == 200 else \
		    answer.status

	wait_until(lambda: who() == "orders-app", "the service itself answers")
	route = ROUTE.replace("name: web", "name: orders").format(name="split",
	    namespace="default", parent="", rules="[" +
	    to(("orders-v1", 3), ("orders-v2", 1)) + "]")
	control.apply(route)
	# The caller never asked for those two; what it says as the host stays.
	wait_until(lambda: who() in ("orders-v1-app", "orders-v2-app"),
	    "the route is obeyed")
	seen = collections.Counter(who() for _ in range(40))
	assert seen == {"orders-v1-app": 30, "orders-v2-app": 10}, seen
	control.apply(route.replace("weight: 3", "weight: 0"))
	wait_until(lambda: {who() for _ in range(20)} == {"orders-v2-app"},
	    "a new weight is obeyed")
	control.apply(route.replace("rules: [{", "rules: [{matches: "
	    "[{path: {value: /only}}],"))
	wait_until(lambda: who() == 404, "what no rule takes is 404")
	assert who("/only") in ("orders-v1-app", "orders-v2-app")
	control.ctl("delete", "httproute", "split", "--yes")
	wait_until(lambda: who() == "orders-app", "the service itself again")
	# A route that was there before the first call, too.
	control.apply(route)
	late = member(scene, control, "late")
	wait_until(lambda: get(late.outbound_port, "http://orders.default.mesh/",
	    host="orders.default.mesh").status == 200, "a new caller")
	assert get(late.outbound_port, "http://orders.default.mesh/",
	    host="orders.default.mesh").json()["name"] != "orders-app"


if __name__ == "__main__":
	main()
