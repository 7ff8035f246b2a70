#!/usr/bin/env python3
"""Rollouts: control moves the traffic to a new version in steps, by what the
proxies see of it."""

import collections
import json
import subprocess

from gateway import gateway
from mesh import MESH, curl, free_port, main, scenario, wait_until
from wire import Load, get

SERVICES = "".join("---\napiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"
    "spec: {ports: [{name: http, port: 80}]}\n" % name
    for name in ("web", "v1", "v2"))
ROUTE = """\
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web%s}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
  - backendRefs: [{name: v1, port: 80, weight: 1}, {name: v2, port: 80, weight: 0}]
"""
ROLLOUT = """\
---
apiVersion: mesh/v1
kind: Rollout
metadata: {name: web}
spec:
  route: {name: web}
  stable: v1
  candidate: v2
  steps: %s
  check: {interval: 200ms, minimumRequests: 10, successPercent: 95, failures: 2%s}
"""
STEPS = "[{percent: 20, hold: 200ms}, {percent: 60, hold: 200ms}]"


class Mesh:
	"""A caller of web, whose requests go to v1 and to v2."""

	def __init__(self, scene, v2=None):
		self.control = scene.control()
		self.control.apply(SERVICES)
		apps = {"v1": scene.echo("v1").http, "v2": v2 or
		    scene.echo("v2").http}
		self.proxies = [scene.proxy(f"{name}-1", control=self.control,
		    service=f"default/{name}", apps=[f"80={address}/http"])
		    for name, address in apps.items()]
		self.caller = scene.proxy("caller-1", control=self.control,
		    service="default/caller", apps=[f"80={apps['v1']}/http"],
		    upstreams={"web": "default/web:80"})
		for proxy in [*self.proxies, self.caller]:
			proxy.await_ready()
		self.control.apply(ROUTE % "")
		wait_until(lambda: self.who() == "v1", "v1 answers")

	def who(self, *options):
		reply = curl(f"http://{self.caller.upstream['web']}/", *options)
		return reply.json()["name"] if reply.status == 200 else reply.status

	def load(self, target="/"):
		return Load(self.caller.upstream["web"], target=target, rate=300)\
		    .start()

	def apply(self, steps=STEPS, check=""):
		self.control.apply(ROLLOUT % (steps, check))

	def status(self):
		return self.control.get("rollout", "web")["status"]

	def await_status(self, timeout=60, **wanted):
		def is_so():
			now = self.status()
			return all(now.get(key) == value
			    for key, value in wanted.items()) and now
		return wait_until(is_so, f"the rollout is {wanted}", timeout)

	def weights(self):
		refs = self.control.get("httproute", "web")["spec"]["rules"][0][
		    "backendRefs"]
		return [ref["weight"] for ref in refs]

	def restart_control(self):
		self.control.kill()
		self.control.start()
		self.control.await_ready()

	def order(self, *words, expect=0):
		return self.control.ctl("rollout", *words, expect=expect)


def moves(mesh):
	"""Of the audit log: who moved the route, and where the rollout went."""
	log = json.loads(mesh.control.ctl("audit", "-o", "json").stdout)
	log = log.get("items", log) if isinstance(log, dict) else log
	return collections.Counter(entry["actor"] for entry in log
	    if entry.get("target", "").endswith("httproutes/default/web") and
	    entry["action"] == "document.put")


@scenario
def a_good_version_gets_everything_and_no_request_fails(scene):
	mesh = Mesh(scene)
	load = mesh.load()
	mesh.apply()
	watch = subprocess.Popen([str(MESH), "ctl", "--socket",
	    str(mesh.control.socket), "rollout", "status", "web", "--watch"],
	    stdout=subprocess.PIPE, text=True)
	mesh.await_status(phase="Progressing", percent=60)
	# What was seen is gone, what was reached is not, and nothing jumps.
	mesh.restart_control()
	assert mesh.weights() == [40, 60]
	mesh.await_status(phase="Succeeded", reason="Complete", percent=100)
	watch.kill()
	watch.communicate()
	assert mesh.weights() == [0, 100]
	wait_until(lambda: {mesh.who() for _ in range(5)} == {"v2"},
	    "v2 has everything")
	load.finish()
	mesh.control.ctl("wait", "--for=condition=Succeeded", "rollout/web")
	mesh.control.ctl("analyze")
	assert moves(mesh)["rollout/default/web"] == 3, moves(mesh)
	done = mesh.order("status", "web", "--watch")
	assert done.stdout == "web: Succeeded, step 2 of 2, 100 %: every step " \
	    "went well\n", done.stdout
	# The file says what it always said.
	done = mesh.control.ctl("apply", "-f", "-", stdin=ROUTE % "")
	assert "unchanged" in done.stdout, done.stdout
	assert mesh.weights() == [0, 100]


@scenario
def a_bad_version_is_taken_back(scene):
	bad = scene.nginx("bad", "location / { return 503; }")
	mesh = Mesh(scene, v2=bad.http)
	load = mesh.load()
	mesh.apply()
	mesh.await_status(phase="Progressing", percent=20)
	mesh.restart_control()
	ended = mesh.await_status(phase="RolledBack", reason="Failed", percent=0)
	assert "0 % good (at least 95 %)" in ended["message"], ended
	assert mesh.weights() == [100, 0]
	wait_until(lambda: {mesh.who() for _ in range(5)} == {"v1"},
	    "v1 has everything")
	load.stop()
	# What failed was answered so by the version itself.
	assert load.failures and all("503" in one.reason
	    for one in load.failures), load.failures[:5]
	mesh.order("status", "web", "--watch", expect=1)
	found = mesh.control.ctl("analyze", expect=1).stdout
	assert found.count("error") == 1 and "RolledBack is True" in found, found
	# Back again by hand, and back again by itself.
	mesh.order("resume", "web")
	mesh.await_status(phase="Progressing", percent=20)
	again = mesh.load()
	mesh.await_status(phase="RolledBack", reason="Failed")
	again.stop()


@scenario
def a_version_that_is_too_slow_is_taken_back(scene):
	mesh = Mesh(scene)
	load = mesh.load("/?delay=50ms")
	mesh.apply(check=", p99: 20ms")
	ended = mesh.await_status(phase="RolledBack", reason="Failed")
	assert " ms (at most 20 ms)" in ended["message"], ended
	load.finish()


@scenario
def what_comes_in_at_a_gateway_counts_once(scene):
	mesh = Mesh(scene)
	port = free_port()
	mesh.control.apply(gateway([f"name: http, protocol: HTTP, port: {port}"]) +
	    (ROUTE % "").replace('{group: "", kind: Service, name: web}',
	    "{name: edge}"))
	scene.proxy("edge-1", control=mesh.control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1"]).await_ready()
	wait_until(lambda: get(port).status == 200, "the gateway answers")
	mesh.control.apply((ROLLOUT % ("[{percent: 100, hold: 1h}]", ""))
	    .replace("minimumRequests: 10", "minimumRequests: 30"))
	mesh.await_status(phase="Progressing", percent=100,
	    reason="TooFewRequests")
	wait_until(lambda: get(port).json()["name"] == "v2", "v2 answers")
	before = mesh.await_status(reason="TooFewRequests")
	for _ in range(30):
		assert get(port).status == 200
	seen = mesh.await_status(reason="DoesWell")["lastLook"]
	assert before.get("lastLook") is None and \
	    30 <= seen["requests"] <= 45, seen


@scenario
def people_decide(scene):
	mesh = Mesh(scene)
	mesh.order("promote", "web", expect=1)		# there is none
	mesh.apply("[{percent: 10, pause: true}, {percent: 50}]")
	mesh.await_status(phase="Progressing", percent=10)
	# Nobody calls: nothing is known of v2, and nothing moves.
	mesh.await_status(reason="TooFewRequests")
	split = mesh.control.ctl("split", "web", "v1=1", "v2=1", expect=75)
	assert "Rollout web moves the weights of HTTPRoute default/web" in \
	    split.stderr and "mesh ctl rollout abort web" in split.stderr, \
	    split.stderr
	done = mesh.order("pause", "web")
	assert done.stdout == "web: Paused, step 1 of 2, 10 %: until mesh ctl " \
	    "rollout resume\n", done.stdout
	mesh.order("resume", "web")
	mesh.order("resume", "web", expect=75)
	mesh.order("promote", "web")
	assert mesh.weights() == [50, 50]
	shown = mesh.control.ctl("describe", "service", "web").stdout
	assert "Rollouts:\n" in shown and "HTTPRoute/web" in shown, shown
	mesh.order("abort", "web")
	assert mesh.weights() == [100, 0]
	mesh.order("abort", "web", expect=75)
	mesh.order("resume", "web")
	mesh.await_status(phase="Progressing", percent=10)
	mesh.order("promote", "web", "--full")
	assert mesh.weights() == [0, 100]
	table = mesh.order("status").stdout
	assert "Succeeded" in table and "2" in table, table


@scenario
def weights_that_somebody_else_moves_are_left_alone(scene):
	mesh = Mesh(scene)
	mesh.apply()
	mesh.await_status(phase="Progressing", percent=20)
	mesh.control.apply((ROUTE % "").replace("weight: 1", "weight: 7")
	    .replace("weight: 0", "weight: 3"))
	mesh.await_status(phase="Stopped", reason="RouteEdited")
	assert mesh.weights() == [7, 3]
	mesh.control.ctl("split", "web", "v1=6", "v2=4")
	mesh.control.apply((ROLLOUT % (STEPS, "")).replace("name: web}\nspec",
	    "name: zoo}\nspec"))
	wait_until(lambda: mesh.control.get("rollout", "zoo")["status"]["reason"]
	    == "Conflicted", "the second one waits")
	mesh.order("abort", "web")
	wait_until(lambda: mesh.control.get("rollout", "zoo")["status"]["phase"]
	    == "Progressing", "the second one begins")


if __name__ == "__main__":
	main()
