#!/usr/bin/python3
# timeout: 60
"""gRPC's health checking protocol, asked by proxies of real gRPC servers."""

import grpc

from grpc_store import SECOND, WAIT, Caller, Store, failure, with_store
from mesh import main, scenario, wait_until

CHECK = ("healthCheck: {type: GRPC%s, interval: 20ms, edgeInterval: 10ms, "
    "unhealthyInterval: 20ms, unhealthyThreshold: 2, healthyThreshold: 1}\n")


@scenario
def calls_go_where_a_server_says_serving(scene):
	second = scene.closing(Store())
	first, caller = with_store(scene, CHECK % ", service: e2e.Store" +
	    SECOND % second.port)

	def only(good, bad):
		def ask():
			tries = bad.tries
			assert all(caller.unary("Try")(b"", timeout=WAIT) == b""
			    for _ in range(20))
			return bad.tries == tries
		wait_until(ask, "all calls go to one")

	for serving in (2, 0, 3, None):
		first.serving, second.serving = serving, 1
		only(second, first)
		first.serving, second.serving = 1, serving
		only(first, second)
	# It was asked about the service, as protobuf has it.
	assert first.checked == b"\x0a\x09e2e.Store", first.checked


@scenario
def a_server_without_health_is_not_well(scene):
	second = scene.closing(Store(has_health=False))
	first, caller = with_store(scene, CHECK % "" + SECOND % second.port)

	def ask():
		tries = second.tries
		for _ in range(20):
			caller.unary("Try")(b"", timeout=WAIT)
		return second.tries == tries
	wait_until(ask, "all calls go to the other")
	assert first.checked == b"", "the whole server is asked about"


@scenario
def a_workload_is_there_when_its_application_says_serving(scene):
	store = scene.closing(Store())
	store.serving = 2
	control = scene.control()
	app = scene.proxy("app", control=control, service="default/app",
	    apps=[f"80=127.0.0.1:{store.port}/grpc"],
	    options=["--app-health", "grpc:e2e.Store"])
	app.wait_line("it says NOT_SERVING; callers are kept away until it says "
	    "SERVING by gRPC")
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	caller = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh"))
	error = failure(caller.unary("Echo"), b"x")
	assert error.code() in (grpc.StatusCode.UNAVAILABLE,
	    grpc.StatusCode.UNIMPLEMENTED), error
	store.serving = 1
	caller.await_answers()
	assert store.checked == b"\x0a\x09e2e.Store", store.checked


@scenario
def a_service_is_asked_through_its_sidecar(scene):
	store = scene.closing(Store())
	control = scene.control()
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80=127.0.0.1:{store.port}/grpc"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	control.apply("apiVersion: mesh/v1\nkind: BackendPolicy\n"
	    "metadata: {name: app, namespace: default}\nspec:\n"
	    "  targetRefs: [{name: app}]\n  " + CHECK % ", service: e2e.Store")
	scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh")).await_answers()

	def checks(result):
		return web.metrics().sum("mesh_upstream_health_checks_total",
		    destination_service="app", result=result)

	wait_until(lambda: checks("ok") > 0, "it is well")
	assert store.checked == b"\x0a\x09e2e.Store", store.checked
	store.serving = 2
	wait_until(lambda: checks("failed") > 0, "it is not well any more")


if __name__ == "__main__":
	main()
