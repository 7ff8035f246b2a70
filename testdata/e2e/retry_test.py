#!/usr/bin/env python3
# timeout: 240
"""BackendPolicy's retry: what is sent again, how often, and beside what."""

import select
import threading

from edge import Managed, reply, stays_quiet
from mesh import curl, main, scenario, wait_until
from wire import Client

BAD = reply("no", "503 Service Unavailable")


def counts(backend):
	"""Which try each request said to be."""
	return [request.get("x-attempt-count") for request in backend.requests()]


def retries(edge, reason):
	return edge.metrics().sum("mesh_retries_total", reason=reason)


@scenario
def statuses_are_tried_again_unless_a_backend_may_have_acted(scene):
	backend = scene.backend([BAD, BAD, reply("third"), BAD, BAD, reply("x"),
	    reply("gone", "410 Gone"), reply("there")])
	edge = Managed(scene, backend, policy="""
  retry: {attempts: 2, on: [gateway-error], backoff: 1ms}
""")
	assert edge.who() == "third"
	assert counts(backend) == ["1", "2", "3"]
	assert edge.ask(method="POST", body=b"x").status == 503, "no POST twice"
	edge.policy("""
  retry: {attempts: 1, codes: [410, 503], unsafeMethods: true, backoff: 1ms}
""")
	answer = edge.ask(method="POST", body=b"x")
	assert answer.body == b"x", answer.head
	assert [r.body for r in backend.requests()[4:]] == [b"x"] * 2
	assert edge.who() == "there"
	assert retries(edge, "status") == 4


@scenario
def connections_that_break_are_tried_again_if_asked(scene):
	def script(connection):
		request = connection.read_request()
		if connection.number % 2 == 1:
			connection.send(reply(request.method))
		# else: the end, without an answer

	edge = Managed(scene, scene.backend(script),
	    policy="  retry: {on: [reset], backoff: 1ms}\n")
	assert edge.who() == "GET"
	assert edge.ask(method="PATCH", body=b"x").status == 502
	edge.policy("  retry: {attempts: 0, on: [reset]}\n")
	assert edge.who() == "GET"
	assert edge.who() == 502


@scenario
def a_try_that_takes_too_long_is_replaced(scene):
	silent = scene.backend(lambda connection: connection.read_to_end())
	good = scene.backend(reply("good"))
	# Long enough for who is there, however busy the machine is.
	edge = Managed(scene, silent, good, policy="""
  loadBalancer: {type: RoundRobin}
  retry: {perTryTimeout: 1s, backoff: 1ms}
""")
	assert [edge.who() for _ in range(4)] == ["good"] * 4
	assert retries(edge, "try_timeout") >= 1
	edge.move(silent)
	assert edge.who() == 504, "both tries took too long"


@scenario
def a_body_that_is_too_long_is_sent_once(scene):
	backend = scene.backend([BAD, reply("short"), BAD])
	edge = Managed(scene, backend, policy="""
  retry: {on: [5xx], bodyLimit: 100, backoff: 1ms, unsafeMethods: true}
""")
	assert edge.ask(method="POST", body=b"x" * 100).body == b"short"
	assert edge.ask(method="POST", body=b"x" * 101).status == 503
	assert [len(r.body) for r in backend.requests()] == [100, 100, 101]


@scenario
def a_rule_goes_before_its_service_field_by_field(scene):
	backend = scene.backend([BAD, reply("gone", "410 Gone"), BAD, BAD, BAD,
	    reply("fourth")])
	edge = Managed(scene, backend, policy="""
  retry: {attempts: 3, codes: [410], backoff: 1ms}
""")
	before = edge.reloads()
	edge.write("route", """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: default}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
  - backendRefs: [{name: web, port: 80}]
    retry: {codes: [503]}
""")
	wait_until(lambda: edge.reloads() > before, "the route is read")
	assert edge.who() == 410, "the rule's codes, not the service's"
	assert edge.who() == "fourth", "the service's attempts"


class Slow:
	"""An endpoint that answers as the test says, and notes who goes away."""

	def __init__(self, scene, answer=None):
		"""answer: empty, it breaks the connection."""
		self.go, self.asked, self.left = (threading.Event() for _ in range(3))
		self.answer = reply("slow") if answer is None else answer
		self.backend = scene.backend(self.serve)
		self.port = self.backend.port
		scene.closing(self)

	def serve(self, connection):
		while connection.read_request() is not None:
			self.asked.set()
			while not self.go.wait(0.01):
				# Readable: the caller ended or broke the connection.
				if select.select([connection.sock], [], [], 0)[0]:
					self.left.set()
					return
			if not self.answer:
				return
			connection.send(self.answer)

	def close(self):
		self.go.set()


HEDGE = """
  loadBalancer: {type: RoundRobin}
  retry: {attempts: 1, perTryTimeout: 500ms, hedge: true%s}
"""


@scenario
def a_slow_try_goes_on_beside_the_next_and_the_first_answer_wins(scene):
	slow = Slow(scene)
	good = scene.backend(reply("good"))
	edge = Managed(scene, slow, good, policy=HEDGE % "")
	out = [curl(f"http://127.0.0.1:{edge.port}/", "-H", "Host: web").body
	    for _ in range(2)]
	assert out == [b"good"] * 2, out
	assert slow.left.wait(10), "the slow one is told that it is over"
	beside = counts(good).count("2")
	assert retries(edge, "hedge") == beside > 0
	# What changes something is not sent twice.
	def post(target):
		with Client(edge.port) as client:
			client.send(f"POST /{target} HTTP/1.1\r\nHost: web\r\n"
			    "Content-Length: 1\r\n\r\nx".encode())
			return client.read_reply()
	assert {post("a").status, post("b").status} == {200, 504}
	assert retries(edge, "hedge") == beside
	edge.policy(HEDGE % ", unsafeMethods: true")
	assert {post("a").body, post("b").body} == {b"good"}
	assert retries(edge, "hedge") > beside


@scenario
def the_elder_of_two_tries_may_win(scene):
	first, second = Slow(scene), Slow(scene)
	edge = Managed(scene, first, second, policy=HEDGE % "")
	with Client(edge.port) as client:
		client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		assert first.asked.wait(10) and second.asked.wait(10)
		both = (first, second)
		elder = next(b for b in both if counts(b.backend) == ["1"])
		elder.go.set()
		assert client.read_reply().body == b"slow"
		younger = second if elder is first else first
		assert younger.left.wait(10)
	assert [e["failures"] for e in edge.states().values()] == [0, 0]
	wait_until(lambda: f'"upstream_host":"127.0.0.1:{elder.port}"' in
	    edge.out(), "the log names who answered")


@scenario
def a_try_beside_another_that_fails_leaves_the_elder_alone(scene):
	slow = Slow(scene)
	bad = scene.backend(BAD)
	edge = Managed(scene, slow, bad, policy=HEDGE %
	    ", on: [connect-failure, gateway-error]")
	for _ in range(2):
		with Client(edge.port) as client:
			client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
			wait_until(lambda: len(bad.requests()) > 0 and
			    slow.asked.wait(0), "both were asked")
			slow.go.set()
			assert client.read_reply().body == b"slow"
		slow.go.clear()
		slow.asked.clear()


@scenario
def a_second_try_beside_the_first_needs_another_endpoint_and_a_budget(scene):
	slow = Slow(scene)
	edge = Managed(scene, slow, policy=HEDGE % "")
	with Client(edge.port) as client:
		client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		assert slow.asked.wait(10)
		assert stays_quiet(client, 0.7), "beyond its time, it goes on"
		slow.go.set()
		assert client.read_reply().body == b"slow"
	assert len(slow.backend.requests()) == 1
	slow.go.clear()
	edge.move(slow, Slow(scene))
	edge.policy(HEDGE % ", budgetPercent: 0, budgetMinimum: 0")
	with Client(edge.port) as client:
		client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		wait_until(lambda: edge.metrics().sum("mesh_upstream_overflows_total",
		    reason="retry_limit") == 1, "the budget says no")
	assert retries(edge, "hedge") == 0


RATE = """
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: web, namespace: default}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  retryConstraint:
    budget: {percent: 0, interval: 1h}
    minRetryRate: {count: 1, interval: 1h}
"""


def overflows(edge, reason):
	return edge.metrics().sum("mesh_upstream_overflows_total", reason=reason)


@scenario
def a_second_try_that_the_rate_refuses_does_not_mark_the_first(scene):
	"""What the first is answered with is the answer, unless it is tried again."""
	later = reply("later", "503 Service Unavailable",
	    "Retry-After: 100000\r\n")
	both = [Slow(scene, later) for _ in range(2)]
	edge = Managed(scene, *both, policy=HEDGE % ", on: [5xx]")
	before = edge.reloads()
	edge.write("rate", RATE)
	wait_until(lambda: edge.reloads() > before, "the rate is read")
	for is_there, what in (
	    (lambda: all(b.asked.is_set() for b in both), "the one that it allows"),
	    (lambda: overflows(edge, "retry_limit") == 1, "the next is refused")):
		with Client(edge.port) as client:
			client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
			wait_until(is_there, what)
			for slow in both:
				slow.go.set()
			assert client.read_reply().body == b"later", what
		for slow in both:
			slow.go.clear()
			slow.asked.clear()


@scenario
def a_second_try_that_a_limit_refuses_does_not_count(scene):
	first, second = Slow(scene, b""), Slow(scene, b"")
	edge = Managed(scene, first, second, policy=HEDGE % ", on: [reset]" +
	    "  circuitBreaker: {maxRequests: 1}\n")
	with Client(edge.port) as client:
		client.send(b"GET / HTTP/1.1\r\nHost: web\r\n\r\n")
		wait_until(lambda: overflows(edge, "request_limit") == 1,
		    "the other is refused")
		elder, other = (first, second) if first.asked.is_set() else \
		    (second, first)
		assert elder.asked.is_set() and not other.asked.is_set()
		other.answer = reply("again")
		other.go.set()
		elder.go.set()	# breaks
		assert client.read_reply().body == b"again"


@scenario
def failures_to_connect_are_tried_again_within_the_budget(scene):
	"""One endpoint is gone: each try of it fails, and is counted."""
	gone = scene.backend(reply("gone"))
	good = scene.backend(reply("good"))
	edge = Managed(scene, good, policy="  retry: {budgetMinimum: 1}\n")
	edge.move(good, gone)
	gone.close()
	assert [edge.who() for _ in range(20)] == ["good"] * 20
	edge.policy("  retry: {budgetMinimum: 0, budgetPercent: 0}\n"
	    "  circuitBreaker: {maxRetries: 0}\n"
	    "  loadBalancer: {type: RoundRobin}\n")
	edge.move(gone)
	assert edge.who() == 503
	assert edge.metrics().sum("mesh_upstream_overflows_total",
	    reason="retry_limit") >= 1


@scenario
def a_budget_over_time_ends_in_503(scene):
	backend = scene.backend(reply("no", "500 No"))
	edge = Managed(scene, backend, policy="  retry: {on: [5xx], backoff: 1ms}\n")
	before = edge.reloads()
	edge.write("budget", """
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackendTrafficPolicy
metadata: {name: web, namespace: default}
spec:
  targetRefs: [{group: "", kind: Service, name: web}]
  retryConstraint:
    budget: {percent: 10, interval: 1h}
    minRetryRate: {count: 2, interval: 1h}
""")
	wait_until(lambda: edge.reloads() > before, "the budget is read")
	answers = [edge.ask().status for _ in range(40)]
	assert answers[:2] == [500, 500] and set(answers[2:9]) == {503}, answers
	assert answers.count(500) == 4, answers
	assert len(backend.requests()) == 44


if __name__ == "__main__":
	main()
