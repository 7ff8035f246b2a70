#!/usr/bin/python3
# timeout: 120
"""gRPC by Debian's python3-grpcio, as client and as server: through two
sidecars, and through a listener of a Gateway in plain text.

No code is generated: messages are bytes.
"""

import queue
import time

import grpc

from gateway import Gateway, gateway, route, service
from grpc_store import (EMPTY, LARGE, SECOND, WAIT, Caller, Store, failure,
    through_gateway, through_sidecars, with_store)
from mesh import curl, free_port, main, scenario, wait_until


def on_both_ways(check):
	"""Makes two scenarios of a check of a store and its caller."""
	for way, start in (("sidecars", through_sidecars),
	    ("a_gateway", through_gateway)):
		def one(scene, start=start):
			check(*start(scene))
		one.__name__ = f"{check.__name__}_through_{way}"
		scenario(one)
	return check


@on_both_ways
def every_shape_of_call(store, caller):
	assert caller.unary("Echo")(b"", timeout=WAIT) == b""
	count = caller.channel.unary_stream("/e2e.Store/Count")
	assert list(count(b"1000", timeout=WAIT)) == \
	    [b"%d" % i for i in range(1000)]
	assert list(count(b"0", timeout=WAIT)) == []
	total = caller.channel.stream_unary("/e2e.Store/Sum")
	assert total((b"%d" % i for i in range(1000)), timeout=WAIT) == b"499500"
	assert total(iter(()), timeout=WAIT) == b"0"
	# Each question waits for the answer to the one before.
	said = queue.Queue()
	chat = caller.channel.stream_stream("/e2e.Store/Chat")(
	    iter(said.get, None), timeout=WAIT)
	for i in range(20):
		said.put(b"%d" % i)
		assert next(chat) == b"re: %d" % i
	said.put(None)
	assert list(chat) == []
	assert chat.code() is grpc.StatusCode.OK


@on_both_ways
def errors_are_those_of_the_server(store, caller):
	error = failure(caller.unary("Fail"), "nicht möglich: 100 %".encode())
	assert error.code() is grpc.StatusCode.FAILED_PRECONDITION, error
	assert error.details() == "nicht möglich: 100 %", error
	assert ("why-bin", b"\0\xff\x01") in error.trailing_metadata(), error
	unknown = failure(caller.unary("Nothing"), b"")
	assert unknown.code() is grpc.StatusCode.UNIMPLEMENTED, unknown
	# An error behind a message.
	late = caller.channel.unary_stream("/e2e.Store/Late")(b"DATA_LOSS",
	    timeout=WAIT)
	assert next(late) == b"DATA_LOSS"
	broken = failure(lambda timeout: next(late))
	assert broken.code() is grpc.StatusCode.DATA_LOSS, broken
	assert broken.details() == "half of it", broken


@on_both_ways
def metadata_comes_both_ways(store, caller):
	told = [("e2e-text", "a, b"), ("e2e-x-bin", bytes(range(256))),
	    ("e2e-twice", "1"), ("e2e-twice", "2")]
	reply, call = caller.unary("Tell").with_call(b"x", timeout=WAIT,
	    metadata=told)
	assert reply == b"x"
	for got, own in ((call.initial_metadata(), ("first", "1")),
	    (call.trailing_metadata(), ("last", "2"))):
		for one in [own, *told]:
			assert one in [tuple(pair) for pair in got], (one, got)


@on_both_ways
def large_messages(store, caller):
	body = bytes(range(256)) * (LARGE // 256)
	assert caller.unary("Echo")(body, timeout=WAIT) == body
	chat = caller.channel.stream_stream("/e2e.Store/Chat")
	answers = chat(iter([body] * 8), timeout=WAIT)
	assert [len(answer) for answer in answers] == [LARGE + 4] * 8


@on_both_ways
def a_server_sees_the_client_cancel(store, caller):
	call = caller.unary("Wait").future(b"x", timeout=WAIT)
	store.left.get(timeout=WAIT)
	assert not store.cancelled.is_set()
	call.cancel()
	assert store.cancelled.wait(WAIT / 2), "the server was not told"
	assert caller.unary("Echo")(b"next", timeout=WAIT) == b"next"


@on_both_ways
def deadlines_reach_the_server(store, caller):
	began = time.monotonic()
	error = failure(caller.unary("Wait"), b"x", timeout=1)
	assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED, error
	assert time.monotonic() - began < WAIT / 2
	# gRPC rounds what it sends up.
	left = store.left.get(timeout=WAIT)
	assert 0 < left < 2, left
	assert store.cancelled.wait(WAIT / 2), "the call goes on at the server"


@on_both_ways
def a_call_over_http1_is_one_to_the_server(_store, caller):
	page = caller.bare("Echo", version="--http1.1")
	assert page.status == 200 and page.body == EMPTY, (page.head, page.body)
	page = caller.bare("End", body=b"\0\0\0\0\x09NOT_FOUND",
	    version="--http1.1")
	assert page.header("grpc-status") == "5", page.head


@on_both_ways
def proxies_keep_the_deadline_of_a_caller_who_does_not(store, caller):
	began = time.monotonic()
	page = caller.bare("Wait", "grpc-timeout: 300m")
	assert page.status == 200 and page.header("grpc-status") == "4", page.head
	assert 0.3 <= time.monotonic() - began < WAIT / 2
	# The server is told what is left.
	left = store.left.get(timeout=WAIT)
	assert left < 0.3, left
	assert store.cancelled.wait(WAIT / 2), "the call goes on at the server"
	# It may have none left before anybody is asked.
	page = caller.bare("Wait", "grpc-timeout: 1n", body=b"")
	assert page.header("grpc-status") == "4", page.head
	# What is malformed is none.
	for bad in ("1s", "100000000m"):
		page = caller.bare("Echo", f"grpc-timeout: {bad}")
		assert page.body == EMPTY, (bad, page.head)


def status_of(caller, want):
	def ask():
		error = failure(caller.unary("Echo"), b"x")
		assert error.code() is want, error
		return error
	return wait_until(ask, f"a call ends with {want.name}")


@scenario
def errors_of_proxies_have_statuses_of_grpc(scene):
	store, caller = through_sidecars(scene)
	app, web = (next(p for p in scene.processes if p.name == name)
	    for name in ("app", "web"))
	# The sidecar of the service finds it gone, then is gone itself.
	store.close()
	gone = status_of(caller, grpc.StatusCode.UNAVAILABLE)
	assert dict(gone.trailing_metadata())["proxy-status"].startswith("mesh;")
	app_counters = app.metrics()
	app.stop()
	status_of(caller, grpc.StatusCode.UNAVAILABLE)
	# The access log has what trailers said, and what a lone head did.
	web.wait_line(r'/Echo".*"response_code":200,"grpc_status":0')
	web.wait_line(r'/Echo".*"response_code":200,"grpc_status":14')
	# So have the counters, of gRPC alone.
	for counters, direction in ((web.metrics(), "outbound"),
	    (app_counters, "inbound")):
		count = [counters.sum("mesh_requests_total",
		    direction=direction, protocol="grpc", response_code="200",
		    grpc_status=status) for status in ("0", "14")]
		assert all(n > 0 for n in count), (direction, count)
	nobody = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "nobody.default.mesh"))
	error = status_of(nobody, grpc.StatusCode.UNIMPLEMENTED)
	assert error.details() == "No route or service matches the request.", \
	    error.details()
	# Who speaks no gRPC is told as ever.
	page = curl(f"{web.outbound}/", "-H", "Host: nobody.default.mesh")
	assert page.status == 404, page.head
	assert web.metrics().sum("mesh_requests_total", protocol="http",
	    response_code="404", grpc_status=None) == 1


POLICY = """---
apiVersion: mesh/v1
kind: BackendPolicy
metadata: {name: store, namespace: default}
spec:
  targetRefs: [{name: store}]
  retry: {on: [gateway-error], unsafeMethods: true, backoff: 1ms}
"""


@scenario
def a_service_that_is_unavailable_is_asked_again(scene):
	store, caller = through_gateway(scene, POLICY)
	assert caller.unary("Second")(b"x", timeout=WAIT) == b"x"
	assert store.tries == 2, store.tries
	# What a client did wrong is not.
	error = failure(caller.unary("Fail"), b"x")
	assert error.code() is grpc.StatusCode.FAILED_PRECONDITION, error


@scenario
def statuses_that_are_named_are_tried_again(scene):
	store, caller = with_store(scene, "retry: {on: [unavailable, internal], "
	    "attempts: 2, backoff: 1ms}")
	for status, tries in (("UNAVAILABLE", 3), ("INTERNAL", 3),
	    ("RESOURCE_EXHAUSTED", 1), ("UNKNOWN", 1)):
		store.tries = 0
		error = failure(caller.unary("End"), status.encode())
		assert error.code().name == status, error
		assert store.tries == tries, (status, store.tries)
	# What follows a message was passed on.
	store.tries = 0
	late = caller.channel.unary_stream("/e2e.Store/Late")(b"INTERNAL",
	    timeout=WAIT)
	assert next(late) == b"INTERNAL"
	error = failure(lambda timeout: next(late))
	assert error.code() is grpc.StatusCode.INTERNAL, error
	assert store.tries == 1, store.tries


@scenario
def failures_in_trailers_eject_an_endpoint(scene):
	good = scene.closing(Store())
	bad, caller = with_store(scene, "loadBalancer: {type: RoundRobin}\n"
	    "  outlierDetection: {consecutiveFailures: 3, baseEjectionTime: 1h, "
	    "maxEjectionTime: 1h}\n" + SECOND % good.port)
	gateway = scene.processes[-1]
	good.mends = True
	late = caller.channel.unary_stream("/e2e.Store/Late")

	def ask(status):
		try:
			list(late(status.encode(), timeout=WAIT))
		except grpc.RpcError as error:
			assert error.code().name == status, error

	def ejections():
		return gateway.metrics().sum("mesh_upstream_ejections_total",
		    destination_service="store")

	# What a caller did wrong says nothing about an endpoint.
	for _ in range(40):
		ask("NOT_FOUND")
	assert ejections() == 0
	# Nor do the deadlines of strangers, whoever notices first.
	for _ in range(12):
		caller.bare("Wait", "grpc-timeout: 20m")
	assert ejections() == 0
	wait_until(lambda: ask("INTERNAL") or ejections() == 1, "one is ejected")
	tries = bad.tries
	for _ in range(20):
		ask("INTERNAL")
	assert bad.tries == tries, "it is still asked"


@scenario
def each_try_has_what_is_left_of_the_deadline(scene):
	store, caller = through_gateway(scene, POLICY)
	page = caller.bare("Slow", "grpc-timeout: 20S")
	assert page.header("grpc-status") == "14", page.head
	first, second = (store.left.get(timeout=WAIT) for _ in range(2))
	assert first <= 20 and second <= first - 0.2, (first, second)


@scenario
def a_route_limits_calls_and_their_deadlines(scene):
	store = scene.closing(Store())
	port = free_port()
	Gateway(scene, gateway([f"name: g, port: {port}, protocol: HTTP"]) +
	    route("store", "store") + "    timeouts: {request: 400ms}\n" +
	    service("store", store.port).replace("appProtocol: http",
	    "appProtocol: grpc"))
	caller = scene.closing(Caller(f"127.0.0.1:{port}",
	    "store.example.com")).await_answers()
	for fields in ((), ("grpc-timeout: 1H",)):
		page = caller.bare("Wait", *fields)
		assert page.header("grpc-status") == "4", page.head
		left = store.left.get(timeout=WAIT)
		assert left <= 0.4, left
	# One that is shorter holds.
	caller.bare("Wait", "grpc-timeout: 200m")
	left = store.left.get(timeout=WAIT)
	assert left <= 0.2, left


if __name__ == "__main__":
	main()
