#!/usr/bin/env python3
"""Two versions of a service, and who gets which: by header, cookie, identity,
weight, and all at once."""

import collections
import json
import re

from mesh import ROOT, curl, main, scenario, wait_until
from wire import Load

SERVICES = "".join("---\napiVersion: v1\nkind: Service\nmetadata: {name: %s}\n"
    "spec: {ports: [{name: http, port: 80}]}\n" % name
    for name in ("web", "web-v1", "web-v2"))


def example(kind, name):
	"""The document of that kind and name which mesh.yaml(5) shows."""
	text = (ROOT / "man/mesh.yaml.5").read_text()
	return next(block for block in re.findall(
	    r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.S | re.M)
	    if f"\nkind: {kind}\n" in block and f"\n  name: {name}\n" in block)


class Shop:
	"""web with its versions, and two callers: app and qa."""

	def __init__(self, scene):
		self.control = scene.control()
		self.control.apply(SERVICES)
		self.versions = {name: scene.echo(name) for name in
		    ("web-v1", "web-v2")}
		proxies = [scene.proxy(f"{name}-1", control=self.control,
		    service=f"default/{name}", apps=[f"80={echo.http}/http"])
		    for name, echo in self.versions.items()]
		self.callers = {name: scene.proxy(f"{name}-1",
		    control=self.control, service=f"default/{name}",
		    apps=[f"80={self.versions['web-v1'].http}/http"],
		    upstreams={"web": "default/web:80"}) for name in ("app", "qa")}
		for proxy in [*proxies, *self.callers.values()]:
			proxy.await_ready()

	def who(self, *options, caller="app"):
		reply = curl(f"http://{self.callers[caller].upstream['web']}/",
		    *options)
		return reply.json()["name"] if reply.status == 200 else reply.status

	def all(self, *options, **how):
		"""Who answers ten times over."""
		return {self.who(*options, **how) for _ in range(10)}

	def winner(self, *words):
		"""The rule that mesh ctl says."""
		done = self.control.ctl("route", "web", "-o", "json", *words)
		rule = json.loads(done.stdout)["winner"]["rule"]
		return ("chosen", "everybody")[rule]


@scenario
def chosen_ones_get_the_new_version(scene):
	shop = Shop(scene)
	shop.control.apply(example("HTTPRoute", "web"))
	wait_until(lambda: shop.who() == "web-v1" and
	    shop.who(caller="qa") == "web-v2", "the route is in force")
	new, old = {"web-v2"}, {"web-v1"}
	assert shop.all() == old
	assert shop.all("-H", "X-Version: next") == new
	assert shop.all("-H", "X-Version: next2") == old
	for cookie, who in (("group=b", new), ("a=1; group=b; c=2", new),
	    ("group=a", old), ("group=bb", old), ("xgroup=b", old)):
		assert shop.all("-b", cookie) == who, cookie
	# Who asks is proven, whatever the request says.
	assert shop.all(caller="qa") == new
	assert shop.all("-H", "X-Mesh-Caller: default/qa") == old
	assert shop.all("-H", "X-Mesh-Caller: default/app", caller="qa") == new
	assert shop.winner("--from", "app-1") == "everybody"
	assert shop.winner("--from", "qa-1") == "chosen"
	assert shop.winner("--from", "qa") == "chosen"
	assert shop.winner("-H", "cookie=group=b") == "chosen"


@scenario
def the_rollout_of_the_page_moves_everybody_else(scene):
	shop = Shop(scene)
	shop.control.apply(example("HTTPRoute", "web") + "---\n" +
	    example("Rollout", "web"))
	shop.control.ctl("wait", "--for=condition=Progressing", "rollout/web")
	wait_until(lambda: collections.Counter(shop.who() for _ in range(10)) ==
	    {"web-v1": 9, "web-v2": 1}, "a tenth goes to web-v2")
	assert shop.all("-H", "X-Version: next") == {"web-v2"}
	shop.control.ctl("rollout", "abort", "web")
	wait_until(lambda: shop.all() == {"web-v1"}, "all is back")


@scenario
def blue_and_green_change_places_at_once(scene):
	shop = Shop(scene)
	shop.control.ctl("split", "web", "web-v1=1", "web-v2=0")
	wait_until(lambda: shop.who() == "web-v1", "blue answers")
	load = Load(shop.callers["app"].upstream["web"], target="/",
	    rate=300).start()
	for name, weights in (("web-v2", ("web-v1=0", "web-v2=1")),
	    ("web-v1", ("web-v1=1", "web-v2=0"))):
		shop.control.ctl("split", "web", *weights)
		shop.control.ctl("wait", "--for=condition=Programmed",
		    "httproute/web")
		assert shop.all() == {name}
	load.finish()


if __name__ == "__main__":
	main()
