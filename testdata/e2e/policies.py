"""AuthorizationPolicies, and services whose callers they are about."""

import json

import wire
from mesh import wait_until


def policy(name, spec, namespace="default", annotations="{}"):
	return (f"---\napiVersion: security.istio.io/v1\n"
	    f"kind: AuthorizationPolicy\nmetadata: {{name: {name}, namespace: "
	    f"{namespace}, annotations: {annotations}}}\nspec: {spec}\n")


def member(scene, control, name, **options):
	app = scene.echo(f"app-{name}")
	proxy = scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={app.http}/http"], **options)
	return proxy.await_ready()


def orders_and(scene, *callers):
	"""A service and who calls it: control, its proxy, theirs."""
	control = scene.control()
	orders = member(scene, control, "orders")
	proxies = [member(scene, control, name) for name in callers]
	for one in proxies:
		wait_until(lambda one=one: ask(one) == 200, "orders answers")
	return control, orders, *proxies


def ask(caller, path="/plain", method="GET", **options):
	return call(caller, path, method, **options).status


def call(caller, path="/plain", method="GET", **options):
	return wire.get(caller.outbound_port, f"http://orders.default.mesh{path}",
	    host="orders.default.mesh", method=method, **options)


def access_lines(proxy):
	return [json.loads(line) for line in proxy.out().splitlines()
	    if line.startswith("{")]
