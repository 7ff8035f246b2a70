"""W15: what deciding, joining, renewing and revoking take.

Joins and renewals are those of cmd/swarm, which makes keys and requests before
the clock runs and shares its CPU with nobody: control has the other one.  The
proxies that obey a revocation are real ones, each with a connection that is
open.
"""

import os
import re
import selectors
import signal
import subprocess
import threading
import time

from measure import Figure, LOAD_CPU, PROXY_CPU, move, on_cpu
from member import Api, ID
from mesh import BUILD, wait_until
from peers import MESH, NO_LOG, backend
from push import Swarm, change
from websocket import WebSocket

LIFE = "10m"
REVOKE_WITHIN_MS = 1000
DECIDE_WITHIN_NS = 1000


def micro_seconds(name, times):
	"""CPU time of one run of cmd/micro."""
	child = subprocess.Popen([str(BUILD / "micro"), name, str(times)])
	_, status, used = os.wait4(child.pid, 0)
	child.returncode = os.waitstatus_to_exitcode(status)
	assert child.returncode == 0, name
	return used.ru_utime + used.ru_stime


def decide(bench):
	times = bench.few(2_000_000, 500_000, 1000)
	for count in (1, 1000):
		name = f"authorize-by-{count}-rule{'s' if count > 1 else ''}"
		with on_cpu(PROXY_CPU):
			taken = [(micro_seconds(name, 2 * times) -
			    micro_seconds(name, times)) / times * 1e9
			    for _ in range(bench.rounds)]
		bench.row("W15", f"a decision with {count} rule"
		    f"{'s' if count > 1 else ''}", "ns", {"mesh": Figure(taken)},
		    DECIDE_WITHIN_NS)


def join(bench, control):
	count = bench.few(1000, 200, 4)
	api, scene = Api(control), bench.scene
	ca = scene.file("ca.pem", api.get("/v1/trust-bundle").text)
	rates = []
	for number in range(min(bench.rounds, 3)):
		tokens = scene.file(f"tokens-{number}", "".join(api.token(
		    f"default/joiner-{number}", workload=f"joiner-{number}-{one}") +
		    "\n" for one in range(count)))
		with on_cpu(LOAD_CPU):
			done = subprocess.run([BUILD / "swarm", "--join", control.api,
			    f"{ID}/control", ca, tokens], capture_output=True,
			    text=True, check=False)
		found = re.search(r"^joined (\d+) (\d+) calls \d+ failed 0$",
		    done.stdout, re.M)
		assert done.returncode == 0 and found, done.stdout + done.stderr
		assert int(found[1]) == count
		rates.append(count / int(found[2]) * 1e9)
	bench.row("W15", f"joins, {count} of them, 32 at a time", "1/s",
	    {"mesh": Figure(rates)}, higher_is_better=True)


def renew(bench, control):
	count = bench.few(1000, 100, 4)
	change(Api(control), 0)
	swarm = Swarm(bench.scene, control, count)
	swarm.await_synced()
	swarm.process.child.send_signal(signal.SIGUSR1)
	found = swarm.process.wait_line(r"^renewed (\d+) (\d+) calls (\d+) "
	    r"failed (\d+) late (\d+)$", 120)
	assert int(found[1]) == count
	bench.row("W15", f"{count} renewals at once, to the last", "ms",
	    {"mesh": Figure([int(found[2]) / 1e6])})
	bench.row("W15", "  tries that each took", "",
	    {"mesh": Figure([int(found[3]) / count])})
	bench.row("W15", "  refused, or after the end", "",
	    {"mesh": Figure([int(found[4]) + int(found[5])])}, 0)
	swarm.process.stop()


class Mesh:
	"""Callees with a sidecar each, behind which one application answers."""

	def __init__(self, scene, control, app, count):
		self.scene, self.control, self.app = scene, control, app
		with on_cpu(PROXY_CPU):
			self.callees = [scene.proxy(f"callee-{number}",
			    control=control, service=f"default/callee-{number}",
			    apps=[f"80={app.http}/http"], options=MESH + NO_LOG)
			    for number in range(count)]
		for callee in self.callees:
			callee.await_ready()

	def caller(self, name):
		with on_cpu(PROXY_CPU):
			return self.scene.proxy(name, control=self.control,
			    service=f"default/{name}",
			    apps=[f"80={self.app.http}/http"],
			    options=MESH + NO_LOG).await_ready()

	def connections(self, caller):
		"""One through the caller to each of them, which has carried bytes."""
		def connect(number):
			host = f"callee-{number}.default.mesh"
			try:
				return WebSocket(caller.outbound_port, host=host)
			except Exception:
				return None	# it is not known there yet
		made = []
		for number in range(len(self.callees)):
			one = self.scene.closing(wait_until(
			    lambda number=number: connect(number), "it answers"))
			one.send(b"hello")
			assert one.receive() == b"hello"
			made.append(one)
		return made


def revoke_once(control, name, sockets):
	"""Milliseconds from the order to the last end, and to its answer."""
	told = {}

	def order():
		reply = Api(control).post("/v1/revocations", {
		    "identity": f"default/{name}", "wait": "30s"})
		assert reply.status == 200, reply.text
		told.update(reply.json(), at=time.monotonic_ns())
	with selectors.DefaultSelector() as selector:
		for one in sockets:
			selector.register(one.sock, selectors.EVENT_READ, one)
		began = time.monotonic_ns()
		thread = threading.Thread(target=order)
		thread.start()
		while selector.get_map():
			ready = selector.select(30)
			assert ready, f"{len(selector.get_map())} are not cut"
			for key, _ in ready:
				selector.unregister(key.fileobj)
		last = time.monotonic_ns()
		thread.join()
	assert told.get("waiting") == [], told
	return (last - began) / 1e6, (told["at"] - began) / 1e6, told["obeyed"]


def revoke(bench, control, app):
	count = bench.few(100, 20, 2)
	mesh = Mesh(bench.scene, control, app, count)
	cut, answered, obeyed = [], [], []
	for number in range(min(bench.rounds, 3)):
		name = f"caller-{number}"
		caller = mesh.caller(name)
		one = revoke_once(control, name, mesh.connections(caller))
		for taken, value in zip((cut, answered, obeyed), one):
			taken.append(value)
		caller.stop()
	assert min(obeyed) >= count, obeyed
	bench.row("W15", f"revoke to the last of {count} ends", "ms",
	    {"mesh": Figure(cut)}, REVOKE_WITHIN_MS)
	bench.row("W15", "  to its answer, all have obeyed", "ms",
	    {"mesh": Figure(answered)}, REVOKE_WITHIN_MS)


def run(bench):
	decide(bench)
	app = backend(bench.scene)
	with on_cpu(LOAD_CPU):
		control = bench.scene.control(options=(
		    "--certificate-lifetime", LIFE))
	move(control.pid, PROXY_CPU)
	join(bench, control)
	renew(bench, control)
	revoke(bench, control, app)
