"""BackendPolicy documents: balancing, ejection, health checks, breakers."""

import collections
import json
import threading

from edge import POLICY, Managed, documents, reply
from mesh import main, scenario, wait_until
from wire import Client, get


class Endpoint:
	"""An endpoint that answers with its name, or with 503 while sick."""

	def __init__(self, scene, name, sick=False, sick_health=False):
		self.name = name
		self.sick = sick
		self.sick_health = sick_health
		self.backend = scene.backend(self.serve)
		self.port = self.backend.port

	def serve(self, connection):
		while (request := connection.read_request()) is not None:
			is_bad = self.sick_health if request.target == "/health" else \
			    self.sick
			connection.send(reply("no", "503 Service Unavailable") if is_bad
			    else reply(self.name))

	def asked(self):
		"""Requests of callers so far."""
		return sum(request.target != "/health"
		    for request in self.backend.requests())


@scenario
def an_endpoint_that_fails_is_left_alone_and_comes_back(scene):
	good, bad = Endpoint(scene, "good"), Endpoint(scene, "bad", sick=True)
	edge = Managed(scene, good, bad, policy="""
  loadBalancer: {type: RoundRobin}
  outlierDetection: {consecutiveFailures: 3, baseEjectionTime: 1h,
    maxEjectionTime: 1h, jitterPercent: 0}
""")
	wait_until(lambda: edge.ask() and edge.state(bad) == "ejected",
	    "the bad one is ejected")
	report = edge.states()[bad.port]
	assert report["why"] == "consecutive-failures", report
	assert 0 < report["leftMs"] <= 3600_000, report
	assert bad.asked() == 3
	assert [edge.who() for _ in range(20)] == ["good"] * 20
	assert bad.asked() == 3, "nothing goes there while it is out"
	assert edge.metrics().sum("mesh_upstream_ejections_total",
	    reason="consecutive-failures") == 1
	# Another one, which may come back soon.
	again = Endpoint(scene, "again", sick=True)
	edge.policy("""
  loadBalancer: {type: RoundRobin}
  outlierDetection: {consecutiveFailures: 3, baseEjectionTime: 50ms,
    maxEjectionTime: 50ms, jitterPercent: 0, maxEjectionPercent: 100}
  locality: {panicPercent: 0}
""")
	edge.set("web", good, again)
	wait_until(lambda: edge.ask() and edge.metrics().sum(
	    "mesh_upstream_ejections_total", reason="consecutive-failures") > 1,
	    "it is ejected as well")
	again.sick = False
	wait_until(lambda: edge.who() == "again", "a real request brings it back")
	wait_until(lambda: edge.ask() and edge.state(again) == "available",
	    "it is available")


@scenario
def a_good_health_check_ends_no_ejection(scene):
	good = Endpoint(scene, "good")
	bad = Endpoint(scene, "bad", sick=True)	# and says that it is well
	edge = Managed(scene, good, bad, policy="""
  loadBalancer: {type: RoundRobin}
  outlierDetection: {consecutiveFailures: 3, baseEjectionTime: 1h,
    maxEjectionTime: 1h}
  healthCheck: {type: HTTP, path: /health, interval: 10ms, edgeInterval: 10ms,
    healthyThreshold: 1}
""")
	def checks():
		return len(bad.backend.requests()) - bad.asked()
	wait_until(lambda: edge.ask() and edge.state(bad) == "ejected",
	    "the bad one is ejected")
	before = checks()
	wait_until(lambda: checks() > before + 5, "it says that it is well")
	assert edge.state(bad) == "ejected"
	assert [edge.who() for _ in range(50)] == ["good"] * 50
	assert bad.asked() == 3, bad.asked()


@scenario
def a_slow_caller_says_nothing_about_an_endpoint(scene):
	endpoints = [Endpoint(scene, name) for name in ("one", "two")]
	edge = Managed(scene, *endpoints, policy="""
  timeouts: {idle: 50ms}
  outlierDetection: {consecutiveFailures: 1}
""")
	for _ in range(4):
		with Client(edge.port) as client:
			client.send(b"POST / HTTP/1.1\r\nHost: web\r\n"
			    b"Content-Length: 10\r\n\r\n12345")
			assert client.read_reply().status >= 400
	states = edge.states().values()
	assert [e["failures"] for e in states] == [0, 0], states
	assert [e["state"] for e in states] == ["available"] * 2, states
	assert sum(e["requests"] for e in states) == 4, states


@scenario
def a_health_check_takes_an_endpoint_out_before_a_request(scene):
	good = Endpoint(scene, "good")
	sick = Endpoint(scene, "sick", sick=True, sick_health=True)
	edge = Managed(scene, good, sick, policy="""
  healthCheck: {type: HTTP, path: /health, interval: 50ms, edgeInterval: 10ms,
    unhealthyInterval: 10ms, unhealthyThreshold: 2}
""")
	wait_until(lambda: edge.state(sick) == "unhealthy", "it is found out")
	assert edge.states()[sick.port]["why"] == "health-check"
	assert [edge.who() for _ in range(50)] == ["good"] * 50
	assert sick.asked() == 0, "no request went there"
	assert sick.backend.requests()[0].get("host") == "web.default"
	sick.sick = sick.sick_health = False
	wait_until(lambda: edge.who() == "sick", "it is back")
	# One that is gone altogether.
	gone = scene.backend(reply("gone"))
	edge.set("web", good, gone)
	gone.close()
	wait_until(lambda: edge.state(gone) != "available", "it is out")
	assert [edge.who() for _ in range(50)] == ["good"] * 50
	# Without a check all are taken to be well.
	sick.sick_health = True
	edge.set("web", good, sick)
	wait_until(lambda: edge.state(sick) == "unhealthy", "it is out again")
	edge.policy("")
	wait_until(lambda: edge.state(sick) == "available", "nobody asks it")


@scenario
def a_hash_keeps_a_user_at_one_endpoint(scene):
	endpoints = [Endpoint(scene, f"e{i}") for i in range(3)]
	edge = Managed(scene, *endpoints)
	users = [f"user{i}" for i in range(30)]
	for balancer, key, asked in (
	    ("RingHash", "header: X-User", lambda u: {"fields": {"x-user": u}}),
	    ("Maglev", "query: user",
	        lambda u: {"target": f"/?a=b&user={u}"}),
	    ("RingHash", "cookie: {name: user}",
	        lambda u: {"fields": {"cookie": f"a=b; user={u}"}})):
		edge.policy(f"  loadBalancer: {{type: {balancer}, hash: {{{key}}}}}\n")
		places = {user: {edge.who(**asked(user)) for _ in range(4)}
		    for user in users}
		assert all(len(seen) == 1 for seen in places.values()), places
		assert len(set.union(*places.values())) == 3, places
	# Where there is no cookie yet it is made.
	first = edge.ask()
	cookie = first.get("set-cookie").split(";")[0]
	assert first.get("set-cookie").endswith("; Path=/; HttpOnly"), cookie
	for _ in range(10):
		answer = edge.ask(fields={"cookie": cookie})
		assert answer.body == first.body and not answer.get("set-cookie")
	edge.policy("  loadBalancer: {type: Maglev, hash: {sourceAddress: true}}\n")
	assert len({edge.who() for _ in range(20)}) == 1


@scenario
def an_endpoint_that_is_slow_or_has_too_much_to_do_gets_less(scene):
	def slow(connection):
		while connection.read_request() is not None:
			threading.Event().wait(0.05)
			connection.send(reply("slow"))

	quick = [Endpoint(scene, f"e{i}") for i in range(3)]
	edge = Managed(scene, *quick, scene.backend(slow))
	assert {edge.who() for _ in range(100)} >= {"e0", "e1", "e2"}
	edge.who()
	seen = collections.Counter(edge.who() for _ in range(300))
	assert seen["slow"] <= 45, seen		# 1 in 16 are drawn twice
	assert min(seen[e.name] for e in quick) > 0, seen
	# Each of these says so once and then answers.
	busy = scene.backend([reply("", "429 Too Many Requests")] +
	    [reply("busy")] * 500)
	edge.move(*quick, busy)
	wait_until(lambda: edge.who() == 429, "it is asked")
	seen = collections.Counter(edge.who() for _ in range(300))
	assert seen["busy"] <= 45, seen


@scenario
def a_session_stays_with_its_endpoint(scene):
	endpoints = [Endpoint(scene, f"e{i}") for i in range(3)]
	edge = Managed(scene, *endpoints, policy="""
  sessionPersistence: {cookie: {name: stay}}
""")
	first = edge.ask()
	cookie = first.get("set-cookie").split(";")[0]
	assert cookie.startswith("stay="), first.head
	for _ in range(20):
		answer = edge.ask(fields={"cookie": cookie})
		assert answer.body == first.body and not answer.get("set-cookie")
	# Another endpoint, once that one is gone.
	others = [e for e in endpoints if e.name.encode() != first.body]
	edge.move(*others)
	again = edge.ask(fields={"cookie": cookie})
	assert again.status == 200 and again.get("set-cookie"), again.head
	# As Gateway API says it, by a field.
	edge.write("policy", """
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: web, namespace: default}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  sessionPersistence: {type: Header, header: {name: X-Session}}
""")
	wait_until(lambda: edge.ask().get("x-session"), "a token comes")
	first = edge.ask()
	token = first.get("x-session")
	assert {edge.who(fields={"x-session": token}) for _ in range(20)} == \
	    {first.body.decode()}


@scenario
def a_service_may_keep_its_callers_by_their_address(scene):
	endpoints = [Endpoint(scene, f"e{i}") for i in range(3)]
	edge = Managed(scene, *endpoints)
	assert len({edge.who() for _ in range(60)}) == 3
	before = edge.reloads()
	edge.write("web", documents("web", [e.port for e in endpoints]).replace(
	    "spec:\n  ports:", "spec:\n  sessionAffinity: ClientIP\n  ports:"))
	wait_until(lambda: edge.reloads() > before, "it is read")
	assert len({edge.who() for _ in range(60)}) == 1


@scenario
def a_hash_keeps_a_caller_of_bytes_at_one_endpoint(scene):
	def script(name):
		def run(connection):
			connection.send(name)
			connection.read_to_end()
		return run

	edge = Managed(scene, *(scene.backend(script(name))
	    for name in (b"a", b"b", b"c")), protocol="tcp", policy="""
  loadBalancer: {type: RingHash, hash: {sourceAddress: true}}
""")

	def who():
		with Client(edge.port) as client:
			return client.read(1)

	assert len({who() for _ in range(20)}) == 1
	edge.policy("  loadBalancer: {type: RoundRobin}\n")
	assert {who() for _ in range(6)} == {b"a", b"b", b"c"}


@scenario
def a_wrong_policy_harms_only_itself(scene):
	endpoints = [Endpoint(scene, f"e{i}") for i in range(3)]
	good = "  loadBalancer: {type: RingHash, hash: {header: X-User}}\n"
	edge = Managed(scene, *endpoints, policy=good)

	def stays():
		return all(len({edge.who(fields={"x-user": user})
		    for _ in range(4)}) == 1 for user in ("a", "b", "c", "d"))

	assert stays()
	edge.policy("  loadBalancer: {type: Guess}\n")
	assert "spec.loadBalancer.type" in edge.err()
	assert stays(), "the last good form is in force"


@scenario
def a_breaker_answers_at_once_what_is_too_much(scene):
	held, go = threading.Event(), threading.Event()

	def hold(connection):
		while (request := connection.read_request()) is not None:
			if request.target == "/held":
				held.set()
				go.wait(30)
			connection.send(reply("ok"))

	edge = Managed(scene, scene.backend(hold), policy="""
  circuitBreaker: {maxRequests: 1}
""")
	try:
		with Client(edge.port) as first:
			first.send(b"GET /held HTTP/1.1\r\nHost: web\r\n\r\n")
			assert held.wait(10)
			answer = edge.ask()
			assert answer.status == 503
			go.set()
			assert first.read_reply().status == 200
	finally:
		go.set()
	wait_until(lambda: edge.ask().status == 200, "there is room again")
	assert edge.metrics().sum("mesh_upstream_overflows_total",
	    reason="request_limit") >= 1
	wait_until(lambda: '"UO"' in edge.out(), "the log says so")


@scenario
def subsets_and_priorities_go_by_label(scene):
	endpoints = [Endpoint(scene, name) for name in ("one", "two")]
	edge = Managed(scene, *endpoints)
	edge.label(*endpoints)
	edge.policy("""
  subsets:
  - {name: first, labels: {version: v1}}
  - {name: second, labels: {version: v2}}
  - {name: third, labels: {version: v3}}
  subsetHeader: X-Subset
  subsetsStrict: true
  loadBalancer: {type: RoundRobin}
""")
	for subset, who in (("first", "one"), ("second", "two"), ("third", 503),
	    ("fourth", 503)):
		assert [edge.who(fields={"x-subset": subset}) for _ in range(8)] == \
		    [who] * 8, subset
	assert {edge.who() for _ in range(4)} == {"one", "two"}
	edge.policy("""
  locality: {priorities: [{labels: {version: v2}}]}
""")
	assert {edge.who() for _ in range(20)} == {"two"}


class Held:
	"""An endpoint whose answers wait for the test."""

	def __init__(self, scene):
		self.go = threading.Event()
		self.backend = scene.backend(self.serve)
		self.port = self.backend.port
		scene.closing(self)

	def serve(self, connection):
		while connection.read_request() is not None:
			self.go.wait(30)
			connection.send(reply("held"))

	def close(self):
		self.go.set()

	def ask(self, scene, edge, count):
		"""Clients that have asked, and wait."""
		clients = [scene.closing(Client(edge.port)) for _ in range(count)]
		for client in clients:
			client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		return clients


def overflows(edge, reason):
	return edge.metrics().sum("mesh_upstream_overflows_total", reason=reason)


@scenario
def requests_wait_for_their_turn_at_an_endpoint(scene):
	held = Held(scene)
	edge = Managed(scene, held, policy="""
  circuitBreaker: {maxRequestsPerEndpoint: 2, queuePerEndpoint: 1,
    queueTimeout: 20s}
""")
	clients = held.ask(scene, edge, 3)
	wait_until(lambda: edge.states()[held.port]["active"] == 3,
	    "two run and one waits")
	wait_until(lambda: len(held.backend.requests()) >= 2, "both have come")
	assert edge.ask().status == 503
	assert overflows(edge, "queue_full") == 1
	assert len(held.backend.requests()) == 2
	held.go.set()
	assert [client.read_reply().status for client in clients] == [200] * 3
	held.go.clear()
	edge.policy("""
  circuitBreaker: {maxRequestsPerEndpoint: 1, queuePerEndpoint: 1,
    queueTimeout: 10ms}
""")
	first, second = held.ask(scene, edge, 1) + held.ask(scene, edge, 1)
	wait_until(lambda: overflows(edge, "queue_timeout") == 1,
	    "nobody waits for ever")
	held.go.set()
	assert {first.read_reply().status, second.read_reply().status} == \
	    {200, 503}


@scenario
def the_limit_of_an_endpoint_may_be_learnt(scene):
	"""It begins with 20 and is never more than is allowed."""
	held = Held(scene)
	edge = Managed(scene, held, policy="  circuitBreaker: {adaptive: true}\n")
	clients = held.ask(scene, edge, 20)
	wait_until(lambda: edge.states()[held.port]["active"] == 20, "20 run")
	assert edge.ask().status == 503
	held.go.set()
	assert [client.read_reply().status for client in clients] == [200] * 20
	# What is quick while it is used widens it.
	def used():
		for client in clients:
			client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		return {client.read_reply().status for client in clients} == {200}
	for _ in range(30):
		assert used()
	held.go.clear()
	edge.policy("  circuitBreaker: {adaptive: true, "
	    "maxRequestsPerEndpoint: 5}\n")
	clients = held.ask(scene, edge, 5)
	wait_until(lambda: edge.states()[held.port]["active"] == 5, "5 run")
	assert edge.ask().status == 503


@scenario
def a_degraded_endpoint_is_used_when_the_others_do_not_suffice(scene):
	good, spare = Endpoint(scene, "good"), Endpoint(scene, "spare")
	edge = Managed(scene, good, spare)
	edge.label(good, spare)
	edge.policy("""
  locality: {degraded: {version: v2}, panicPercent: 0,
    overprovisioningPercent: 200}
  outlierDetection: {consecutiveFailures: 1, baseEjectionTime: 1h,
    maxEjectionTime: 1h, maxEjectionPercent: 100}
""")
	assert {edge.who() for _ in range(40)} == {"good"}
	report = edge.states()[spare.port]
	assert (report["state"], report["why"]) == ("degraded", "policy"), report
	good.sick = True
	wait_until(lambda: edge.ask() and edge.state(good) == "ejected",
	    "the good one is out")
	assert {edge.who() for _ in range(40)} == {"spare"}


@scenario
def callers_of_a_mesh_obey_and_say_who_is_out(scene):
	"""Through control and mutual TLS, in Istio's words."""
	control = scene.control()
	control.apply("""
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: default}
spec: {ports: [{name: http, port: 80, appProtocol: http}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: orders, namespace: default}
spec:
  host: orders
  trafficPolicy:
    loadBalancer: {simple: ROUND_ROBIN}
    outlierDetection: {consecutive5xxErrors: 3, baseEjectionTime: 1h}
""")
	apps = {name: Endpoint(scene, name) for name in ("orders-1", "orders-2")}
	for name, app in apps.items():
		scene.proxy(name, control=control, service="default/orders",
		    apps=[f"80=127.0.0.1:{app.port}/http"])
	caller = scene.proxy("web-1", control=control, service="default/web")

	def who():
		answer = get(caller.outbound_port, "http://orders/", host="orders")
		return answer.body.decode() if answer.status == 200 else \
		    answer.status

	def seen():
		rows = json.loads(control.ctl("endpoints", "orders", "--from",
		    "web-1", "-o", "json").stdout)
		return {row["workload"].split("/")[1]: row for row in rows}

	wait_until(lambda: {who() for _ in range(4)} == set(apps), "both answer")
	apps["orders-2"].sick = True
	wait_until(lambda: who() and seen()["orders-2"]["state"] == "ejected",
	    "the sick one is ejected")
	assert seen()["orders-2"]["why"] == "consecutive-failures"
	assert seen()["orders-1"]["state"] == "available"
	assert [who() for _ in range(20)] == ["orders-1"] * 20
	table = control.ctl("endpoints", "orders", "--from", "web-1").stdout
	assert "ejected" in table and "LEFT" in table, table
	control.ctl("endpoints", "nobody", "--from", "web-1", expect=1)
	# What DestinationRule cannot say: asked through mutual TLS.
	apps["orders-1"].sick_health = True
	control.apply(POLICY.replace("web", "orders") + """
  healthCheck: {type: HTTP, path: /health, interval: 50ms, edgeInterval: 10ms}
""")
	wait_until(lambda: seen()["orders-1"]["state"] == "unhealthy",
	    "its sidecar's application is not well")
	assert seen()["orders-2"]["state"] == "ejected", "health is another matter"
	control.ctl("delete", "backendpolicy", "orders", "--yes")
	wait_until(lambda: seen()["orders-1"]["state"] == "available",
	    "nobody asks any more")
	assert [who() for _ in range(20)] == ["orders-1"] * 20


if __name__ == "__main__":
	main()
