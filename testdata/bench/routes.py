"""W12: ten thousand route rules against one, beside HAProxy with a map of as
many entries.  Requests ask for each path in turn."""

import json
import subprocess

from edge import Edge
from measure import Contestant, Figure, LOAD_CPU, PROXY_CPU, anonymous_kib, \
    on_cpu
from mesh import BUILD, wait_until
from peers import MESH, NO_LOG, haproxy
from wire import get

PATH = "/item/"
RULES_OF_ROUTE = 16
ROUTES_OF_FILE = 100
ORIGIN = "keepalive_requests 100000000; keepalive_timeout 1h; " \
    "location / { return 200 hello; }"

ROUTE = """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: items-{first}, namespace: default}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web}}]
  rules:
"""

RULE = """  - matches: [{{path: {{type: Exact, value: {path}{number}}}}}]
    backendRefs: [{{name: web, port: 80}}]
"""


def documents(count):
	"""HTTPRoutes with so many rules, as texts of files."""
	routes = [ROUTE.format(first=first) + "".join(
	    RULE.format(path=PATH, number=number) for number in
	    range(first, min(count, first + RULES_OF_ROUTE)))
	    for first in range(0, count, RULES_OF_ROUTE)]
	return ["".join(routes[at:at + ROUTES_OF_FILE])
	    for at in range(0, len(routes), ROUTES_OF_FILE)]


class Routed(Edge):
	"""An edge whose service has so many rules from the start."""

	def __init__(self, scene, backend, count):
		self.count = count
		with on_cpu(PROXY_CPU):
			super().__init__(scene, backend, name=f"mesh-{count}",
			    options=MESH + NO_LOG)

	def set(self, name, *backends, **how):
		super().set(name, *backends, **how)
		for number, text in enumerate(documents(self.count)):
			self.write(f"routes-{number}", text)


def mapped(scene, target, count):
	"""HAProxy with a map of so many paths."""
	path = scene.file(f"paths-{count}.map", "".join(
	    f"{PATH}{number} back\n" for number in range(count)))
	process, address = haproxy(scene, f"haproxy-{count}", target,
	    rule=f"use_backend %[path,map({path})]")
	return Contestant(f"haproxy-{count}", address, [process])


def contestant(scene, origin, kind, count):
	if kind == "haproxy":
		one = mapped(scene, origin.http, count)
	else:
		edge = Routed(scene, origin.http_port, count)
		one = Contestant(edge.name, edge.address, [edge])
	one.load = ["--paths", str(count)]
	for number in (0, count - 1):
		wait_until(lambda at=number: get(one.address,
		    f"{PATH}{at}").status == 200, f"{one.name} knows {number}")
	assert get(one.address, f"{PATH}{count}").status in (404, 503)
	return one


def measure_requests(bench, all_of, few, many):
	samples = bench.sample(list(all_of.values()), PATH, "-c", 64)
	cpu = {name: [sample.cpu_us() for sample in taken]
	    for name, taken in samples.items()}
	for count in (few, many):
		bench.row("W12", f"CPU per request, {count} rules", "us",
		    {kind: Figure(cpu[f"{kind}-{count}"])
		    for kind in ("mesh", "haproxy")})
	for kind, what, aim in (("mesh", "", 0.3), ("haproxy", " (HAProxy)", None)):
		more = [b - a for a, b in zip(cpu[f"{kind}-{few}"],
		    cpu[f"{kind}-{many}"])]
		bench.row("W12", f"  more than with {few}{what}", "us",
		    {kind: Figure(more)}, aim, is_absolute=True)


def measure_table(bench):
	def build():
		with on_cpu(PROXY_CPU):
			return json.loads(subprocess.run([str(BUILD / "micro"),
			    "--routes"], capture_output=True, text=True,
			    check=True).stdout)
	tables = [build() for _ in range(bench.few(9, 5, 1))]
	for what, unit, value, aim in (
	    ("build", "ms", lambda table: table["build_ms"], 50),
	    ("bytes a rule", "B", lambda table: table["bytes"] / table["rules"],
	    200)):
		bench.row("W12", f"table of {tables[0]['rules']}: {what}", unit,
		    {"mesh": Figure([value(table) for table in tables])}, aim)


def run(bench):
	few, many = 1, bench.few(10000, 10000, 200)
	with on_cpu(LOAD_CPU):
		origin = bench.scene.nginx("origin", ORIGIN)
	all_of = {f"{kind}-{count}": contestant(bench.scene, origin, kind, count)
	    for kind in ("mesh", "haproxy") for count in (few, many)}
	memory = {name: anonymous_kib(one.pids()) for name, one in all_of.items()}
	measure_requests(bench, all_of, few, many)
	measure_table(bench)
	bench.row("W12", "memory a rule, with its documents", "B", {
	    kind: Figure([(memory[f"{kind}-{many}"] - memory[f"{kind}-{few}"]) *
	    1024 / (many - few)]) for kind in ("mesh", "haproxy")})
