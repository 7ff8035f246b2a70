"""RateLimits of scope Global: control leases shares to proxies by demand."""

import time

from mesh import Timeout, main, scenario, wait_until
from wire import Client

RATE = 10	# in a second
BURST = 20
LEASE = 6	# seconds
DOCUMENTS = f"""
apiVersion: mesh/v1
kind: RateLimit
metadata: {{name: together}}
spec:
  scope: Global
  limits: [{{requests: {RATE * 60}, per: 1m, burst: {BURST}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: pages, namespace: default}}
spec:
  parentRefs: [{{group: "", kind: Service, name: pages}}]
  rules:
  - filters:
    - type: ExtensionRef
      extensionRef: {{group: mesh, kind: RateLimit, name: together}}
    backendRefs: [{{name: pages, port: 80}}]
"""
NAMES = ("web", "shop", "desk")
PAGE = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage"


class Caller:
	"""A proxy that calls pages, and what it was let through."""

	def __init__(self, scene, control, name):
		echo = scene.echo(f"{name}-app")
		self.proxy = scene.proxy(name, control=control,
		    service=f"default/{name}", apps=[f"80={echo.http}/http"])
		self.proxy.await_ready()
		self.connect()
		self.admitted = 0

	def connect(self):
		self.client = Client(f"127.0.0.1:{self.proxy.outbound_port}")

	def get(self, fields=()):
		if self.client.is_ended():
			self.connect()
		return self.client.request("/", fields=fields,
		    host="pages.default.mesh").status

	def ask(self, n, fields=()):
		for _ in range(n):
			status = self.get(fields)
			assert status in (200, 429), status
			self.admitted += status == 200

	def share(self):
		"""What /config says of its one limit."""
		limits = self.proxy.admin("/config").json()["limits"]
		return limits[0] if limits else {"leased": False, "proxies": 0,
		    "percent": 0}


MUCH, LITTLE, NONE = 20, 1, 0	# at a turn; LITTLE: one in two seconds


class Load:
	"""Asks callers for much or little, and holds what passes against the bound,
	from where it was told to begin."""

	def __init__(self, callers, *wanted):
		self.callers, self.wanted = callers, wanted
		self.extra = 0
		self.begin()

	def begin(self):
		self.began = time.monotonic()
		self.pauses = 0
		self.before = [caller.admitted for caller in self.callers]

	def admitted(self):
		return [caller.admitted - before for caller, before in
		    zip(self.callers, self.before)]

	def turn(self):
		passed = time.monotonic() - self.began
		is_due = passed > 2 * self.pauses
		self.pauses += is_due
		for caller, wanted in zip(self.callers, self.wanted):
			if wanted != LITTLE or is_due:
				caller.ask(wanted)
		passed = time.monotonic() - self.began
		bound = RATE * passed + BURST + len(self.callers) + self.extra
		assert sum(self.admitted()) <= bound, (self.admitted(), passed)
		return passed

	def until(self, condition, what, timeout=60):
		"""Goes on until it is so; gives how long that was."""
		while not condition():
			if self.turn() > timeout:
				raise Timeout(f"{what}: {self.admitted()} "
				    f"{[caller.share() for caller in self.callers]}")
		return time.monotonic() - self.began


def mesh_of(scene):
	control = scene.control()
	backend = scene.backend(PAGE)
	scene.proxy("pages", control=control, service="default/pages",
	    apps=[f"80=127.0.0.1:{backend.port}/http"]).await_ready()
	callers = [Caller(scene, control, name) for name in NAMES]
	for caller in callers:
		wait_until(lambda caller=caller: caller.get() == 200,
		    "pages answer")
	control.apply(DOCUMENTS)
	for caller in callers:
		wait_until(lambda caller=caller: caller.share()["proxies"] == 3,
		    "all know of all")
	return control, callers


@scenario
def a_global_limit_follows_demand_and_survives_control(scene):
	control, callers = mesh_of(scene)
	web = callers[0]
	assert all(caller.share()["leased"] for caller in callers)
	shown = control.ctl("proxy", "config", "web", "--what", "limits").stdout
	assert '"proxies": 3' in shown, shown
	assert web.proxy.metrics().sum("mesh_rate_limit_shares",
	    state="leased") == 1

	# The one that is asked most gets most of it.
	load = Load(callers, MUCH, LITTLE, NONE)
	load.until(lambda: web.share()["percent"] > 70, "the lease follows")
	load.begin()
	equal = RATE / 3
	load.until(lambda: load.admitted()[0] > BURST + equal * (10 +
	    time.monotonic() - load.began), "web gets more than its part")

	# And it goes elsewhere.
	load.wanted = NONE, LITTLE, MUCH
	load.until(lambda: callers[2].share()["percent"] > 70, "it moves")

	# Without control, leases end, and each has a third.
	control.kill()
	load.extra = RATE * LEASE
	load.wanted = MUCH, MUCH, MUCH
	load.until(lambda: not any(caller.share()["leased"] for caller in
	    callers), "leases end")
	assert {caller.share()["percent"] for caller in callers} == {33.33}
	assert web.proxy.metrics().sum("mesh_rate_limit_shares",
	    state="equal") == 1
	load.extra = 0
	load.begin()
	load.until(lambda: min(load.admitted()) > 10, "each has its part")
	assert max(load.admitted()) <= equal * (time.monotonic() - load.began) + \
	    BURST / 3 + 1, load.admitted()

	# One that starts anew knows how many there were.
	assert callers[2].proxy.stop() == 0
	callers[2].proxy.start()
	callers[2].proxy.await_ready()
	assert callers[2].share()["percent"] == 33.33, callers[2].share()
	callers[2].connect()

	# And it comes back.
	control.start()
	control.await_ready()
	load.wanted = LITTLE, MUCH, NONE
	load.until(lambda: callers[1].share()["percent"] > 70 and
	    callers[1].share()["leased"], "leases are back")


@scenario
def a_proxy_that_ends_leaves_its_share_to_the_others(scene):
	_, callers = mesh_of(scene)
	load = Load(callers, MUCH, MUCH, MUCH)
	load.until(lambda: all(caller.share()["percent"] > 29 for caller in
	    callers), "all want the same")
	callers[2].client.close()
	callers[2].proxy.stop()
	load = Load(callers[:2], MUCH, MUCH)
	load.extra = BURST
	load.until(lambda: all(caller.share()["percent"] > 45 and
	    caller.share()["proxies"] == 2 for caller in callers[:2]),
	    "two have all of it")


@scenario
def a_key_that_is_much_wanted_has_shares_of_its_own(scene):
	control, callers = mesh_of(scene)
	control.apply(DOCUMENTS.replace(f"burst: {BURST}",
	    f"burst: {BURST}, byHeader: x-user"))
	control.ctl("wait", "--for=condition=Programmed", "ratelimit/together")
	web, began = callers[0], time.monotonic()
	web.admitted = 0
	part = RATE / 3

	# One user comes by one proxy, and gets more than that proxy's part.
	while web.admitted <= BURST + part * (10 + time.monotonic() - began):
		web.ask(MUCH, {"x-user": "ann"})
		passed = time.monotonic() - began
		assert web.admitted <= RATE * passed + BURST + 3
		if passed > 60:
			raise Timeout(f"{web.admitted} passed: {web.share()}")
	assert web.share()["keys"] == 1, web.share()

	# Others have theirs, everywhere.
	for caller in callers:
		caller.admitted = 0
		caller.ask(4, {"x-user": "bob"})
		assert caller.admitted == 4


@scenario
def a_global_limit_of_a_service_holds_for_its_instances(scene):
	control = scene.control()
	backend = scene.backend(PAGE)
	instances = [scene.proxy(name, control=control, service="default/pages",
	    apps=[f"80=127.0.0.1:{backend.port}/http"]).await_ready()
	    for name in ("pages-1", "pages-2", "pages-3")]
	caller = Caller(scene, control, "web")
	wait_until(lambda: caller.get() == 200, "pages answer")
	control.apply("""
apiVersion: mesh/v1
kind: RateLimit
metadata: {name: few}
spec: {targetRefs: [{name: pages}], scope: Global,
  limits: [{requests: 9, per: 24h}]}
""")

	def told(proxy):
		limits = proxy.admin("/config").json()["limits"]
		return limits and limits[0]["proxies"] == 3 and limits[0]["leased"]
	for proxy in instances:
		wait_until(lambda proxy=proxy: told(proxy), "it is leased")
	caller.ask(200)
	assert 3 <= caller.admitted <= 9 + 3, caller.admitted


if __name__ == "__main__":
	main()
