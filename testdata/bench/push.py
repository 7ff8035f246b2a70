"""W11: what control pushes: ten thousand endpoints to a proxy that carries
traffic, and changes to a thousand proxies."""

import json
import math
import re
import threading
import time

from measure import Figure, LOAD_CPU, PROXY_CPU, move, on_cpu, run_load
from member import Api, ID, service
from mesh import BUILD, wait_until
from pair import Holder
from peers import MESH, NO_LOG, backend
import wire

CHANGES = "/v1/documents/services/default/shared"
SLICE_MAX = 1000


def endpoint_slices(count, generation):
	"""Documents with so many endpoints, other ones for each generation."""
	for first in range(0, count, SLICE_MAX):
		yield {"apiVersion": "discovery.k8s.io/v1",
		    "kind": "EndpointSlice", "metadata": {
		        "name": f"big-{first}", "namespace": "default",
		        "labels": {"kubernetes.io/service-name": "big"}},
		    "addressType": "IPv4",
		    "ports": [{"name": "http", "port": 8000 + generation}],
		    "endpoints": [{"addresses": [f"10.{number >> 16}."
		        f"{number >> 8 & 255}.{number & 255}"]}
		        for number in range(first, min(count, first + SLICE_MAX))]}


def stalls(proxy):
	"""How many turns of the workers' loops took at most so long, by bound."""
	counts = {}
	for bound, count in re.findall(r"^mesh_worker_stall_seconds_bucket\{"
	    r'.*le="([^"]+)"\} (\d+)', wire.get(proxy.admin_port,
	    "/metrics").text(), re.M):
		counts[float(bound)] = counts.get(float(bound), 0) + int(count)
	return counts


def longest_ms(before, after):
	"""The bound that the longest turn between two looks kept, 0 below 1 ms."""
	total = after.get(math.inf, 0) - before.get(math.inf, 0)
	if total == 0:
		return 0
	return min(bound for bound in after
	    if after[bound] - before.get(bound, 0) == total) * 1000


def push_endpoints(bench, control, app):
	"""
	Latency and failures of a proxy's traffic while endpoints come.  It has its
	CPU for itself: a turn that is cut by another process, such as control with
	ten thousand endpoints to read, would count as a stall of the worker.
	"""
	scene, api = bench.scene, Api(control)
	count = bench.few(10000, 10000, 100)
	api.apply(service("big"))
	with on_cpu(LOAD_CPU):
		orders = scene.proxy("orders", control=control,
		    service="default/orders", apps=[f"80={app.http}/http"],
		    options=MESH + NO_LOG).await_ready()
	with on_cpu(PROXY_CPU):
		web = scene.proxy("web", control=control, service="default/web",
		    apps=[f"80={app.http}/http"], upstreams={
		        "o": "default/orders:80", "big": "default/big:80"},
		    options=MESH + NO_LOG).await_ready()
	assert orders.is_running()
	args = ("-c", 16, "--rate", 500, "--duration", 3 * bench.duration_ms)
	address = web.upstream["o"] + "/plain"
	wait_until(lambda: run_load(address, "--duration", 20), "it is carried")
	pushed = []

	def push():
		while not over.is_set():
			reply = api.apply(*endpoint_slices(count, len(pushed) % 100))
			assert reply.status == 200, reply.text
			pushed.append(reply.status)
			over.wait(0.2)
	quiet, busy, longest = [], [], []
	for _ in range(min(bench.rounds, 3)):
		quiet.append(run_load(address, *args))
		before, over = stalls(web), threading.Event()
		pusher = threading.Thread(target=push)
		pusher.start()
		busy.append(run_load(address, *args))
		over.set()
		pusher.join()
		longest.append(longest_ms(before, stalls(web)))
	assert pushed, "no push was made"
	bench.row("W11", f"failed requests, {count} endpoints", "",
	    {"mesh": Figure([result["errors"] for result in busy])}, 0)
	bench.row("W11", "longest stall of a worker, at most", "ms",
	    {"mesh": Figure(longest)}, 1)
	for what, results in (("quiet", quiet), ("pushed to", busy)):
		bench.row("W11", f"p99.9 while {what}", "us", {"mesh": Figure(
		    [result["latency_us"]["p99.9"] for result in results])})


class Swarm:
	"""cmd/swarm: many sessions with one control."""

	def __init__(self, scene, control, count):
		self.count = count
		ca = scene.file("swarm-ca.pem", Api(control).get(
		    "/v1/trust-bundle").text)
		lines = []
		for number in range(count):
			holder = Holder(scene, control, f"default/swarm-{number}",
			    f"swarm-{number}")
			lines.append(f"default/swarm-{number} {holder.cert} {holder.key}")
		members = scene.file("swarm.members", "\n".join(lines) + "\n")
		with on_cpu(LOAD_CPU):
			self.process = scene.start("swarm", [BUILD / "swarm",
			    control.api, f"{ID}/control", "default/shared", ca, members])

	def await_synced(self):
		self.process.wait_line(r"^synced ", 120)

	def acknowledged(self):
		"""[(revision, nanoseconds)]"""
		assert self.process.is_running(), self.process.out()[-500:]
		return [(int(revision), int(at)) for revision, at in re.findall(
		    r"^acked (\d+) (\d+)$", self.process.out(), re.M)]

	def await_revision(self, revision):
		"""When all had acknowledged it, in nanoseconds."""
		def find():
			return next((at for acked, at in self.acknowledged()
			    if acked >= revision), None)
		return wait_until(find, f"all acknowledge {revision}", 30)


def change(api, number):
	"""One change that concerns all; gives (revision, when it was asked for)."""
	began = time.monotonic_ns()
	reply = api.put(CHANGES, service("shared", 1 + number % 60000))
	assert reply.status in (200, 201), reply.text
	return json.loads(reply.text)["revision"], began


def push_changes(bench, control):
	api, scene = Api(control), bench.scene
	change(api, 0)
	count = bench.few(1000, 100, 5)
	before = control.rss_kib()
	swarm = Swarm(scene, control, count)
	swarm.await_synced()
	bench.row("W11", f"control's memory for each of {count}", "KiB",
	    {"mesh": Figure([(control.rss_kib() - before) / count])}, 40)
	times = []
	for number in range(bench.few(100, 20, 2)):
		revision, began = change(api, number + 1)
		times.append((swarm.await_revision(revision) - began) / 1e6)
	times.sort()
	for name, at, aim in (("p50", len(times) // 2, None),
	    ("p99", len(times) * 99 // 100, 50)):
		bench.row("W11", f"{name} to the last of {count} acks", "ms",
		    {"mesh": Figure([times[at]])}, aim)
	seconds = bench.few(60, 5, 0.1)
	lags, start, number = [], time.monotonic(), 0
	asked = []
	while number < seconds * 100:
		due = start + number / 100
		threading.Event().wait(max(0, due - time.monotonic()))
		asked.append(change(api, number))
		number += 1
	for revision, began in (asked[len(asked) // 2], asked[-1]):
		lags.append((swarm.await_revision(revision) - began) / 1e6)
	rate = number / (time.monotonic() - start)
	bench.row("W11", f"behind after {seconds} s of changes", "ms",
	    {"mesh": Figure(lags[-1:])}, 50)
	bench.row("W11", "  changes a second that were made", "1/s",
	    {"mesh": Figure([rate])})


def run(bench):
	app = backend(bench.scene)
	with on_cpu(LOAD_CPU):
		control = bench.scene.control()
	push_endpoints(bench, control, app)
	move(control.pid, PROXY_CPU)
	push_changes(bench, control)
