"""The workloads.  Each is a function of one Bench that adds rows to it."""

from contextlib import contextmanager
import time

import calls
import datagrams
import http2
from measure import Figure, LOAD_CPU, PROXY_CPU, anonymous_kib, cpu_figures, \
    figures, on_cpu, rate_figures, run_load, run_wrk
from mesh import BUILD, wait_until
import push
from pair import Holder, Pair
from peers import MESH, NO_LOG, backend, listens, reverse_proxies
import routes
import trust

SMALL = "/plain"
KIB16 = "/?size=16384"
MIB1 = "/?size=1048576"

WORKLOADS = {}


def workload(name, what):
	def register(function):
		WORKLOADS[name] = (what, function)
		return function
	return register


@workload("W1", "HTTP/1.1 keep-alive, 64 connections, small reply")
def keep_alive(bench):
	scene = bench.scene
	contestants = reverse_proxies(scene, backend(scene), log=True)
	full = bench.sample(contestants, SMALL, "-c", 64)
	cpu = cpu_figures(full)
	bench.row("W1", "CPU per request", "us", cpu)
	bench.row("W1", "  of nginx's", "us", cpu, 0.92, against="nginx")
	bench.row("W1", "  of HAProxy's", "us", cpu, 0.85, against="haproxy")
	bench.row("W1", "  of nginx's, with our log", "us", cpu, 1.0,
	    against="nginx", subject="mesh-log")
	bench.row("W1", "throughput", "1/s", rate_figures(full),
	    higher_is_better=True)
	for rate in (5000, 20000):
		paced = bench.sample([contestant for contestant in contestants
		    if contestant.name != "mesh-log"], SMALL, "-c", 64,
		    "--rate", rate)
		bench.row("W1", f"CPU per request, {rate}/s", "us",
		    cpu_figures(paced), 0.92)
		for point in ("p50", "p99"):
			bench.row("W1", f"latency {point}, {rate}/s", "us", figures(
			    paced, lambda sample, at=point: sample.latency_us(at)))
	checked = bench.each(contestants, lambda contestant: run_wrk(
	    contestant.address, bench.duration_ms / 1000, SMALL, 64), rounds=2)
	bench.row("W1", "throughput as wrk sees it", "1/s",
	    {name: Figure(taken) for name, taken in checked.items()},
	    higher_is_better=True)


@workload("W2", "replies of 16 KiB and 1 MiB")
def large_replies(bench):
	contestants = reverse_proxies(bench.scene, backend(bench.scene))
	for path, size, connections, aim in ((KIB16, "16 KiB", 64, 0.85),
	    (MIB1, "1 MiB", 16, 1.0)):
		samples = bench.sample(contestants, path, "-c", connections)
		bench.row("W2", f"CPU per request, {size}", "us",
		    cpu_figures(samples), aim)
		bench.row("W2", f"throughput, {size}", "1/s",
		    rate_figures(samples), higher_is_better=True)


@workload("W3", "a new client connection per request, pooled upstream")
def new_connections(bench):
	contestants = reverse_proxies(bench.scene, backend(bench.scene))
	samples = bench.sample(contestants, SMALL, "-c", 32, "--new-connections")
	bench.row("W3", "CPU per request", "us", cpu_figures(samples), 0.85)
	bench.row("W3", "throughput", "1/s", rate_figures(samples),
	    higher_is_better=True)


@workload("W4", "HTTP/2 from callers, 32 streams a connection, to HTTP/1.1")
def multiplexed(bench):
	http2.run(bench)


@workload("W5", "gRPC: single calls and streams, over cleartext HTTP/2")
def remote_calls(bench):
	calls.run(bench)


@workload("W6", "two sidecars with mutual TLS between them")
def two_hops(bench):
	pair = Pair(bench.scene, backend(bench.scene))
	contestants = [both for both, _ in pair.all()]
	contestants.append(pair.mesh(("--access-log",
	    bench.scene.dir / "access.log"), "mesh-log")[0])
	is_whole = bench.effort != "--quick"
	if is_whole:
		contestants += [pair.nginx("1.3", "nginx-1.3")[0],
		    pair.haproxy("1.3", "haproxy-1.3")[0]]
		contestants += [pair.mesh(name=f"mesh-h{version}", link=link)[0]
		    for version, link in ((1, "DO_NOT_UPGRADE"), (2, "UPGRADE"))]
	newer = {"nginx": "nginx-1.3", "haproxy": "haproxy-1.3"}
	for path, size, connections, aim in ((SMALL, "small", 64, 0.65),
	    (SMALL, "small, few", 4, None), (KIB16, "16 KiB", 64, 0.9),
	    (MIB1, "1 MiB", 16, 1.0)):
		samples = bench.sample(contestants, path, "-c", connections)
		cpu = cpu_figures(samples)
		bench.row("W6", f"CPU per request, {size}", "us", cpu, aim)
		bench.row("W6", f"  with our log, {size}", "us", cpu,
		    subject="mesh-log")
		if is_whole:
			bench.row("W6", f"  peers with TLS 1.3, {size}", "us", cpu,
			    peers=newer)
		for version in (1, 2) if is_whole else ():
			bench.row("W6", f"  link of HTTP/{version}, {size}", "us", cpu,
			    subject=f"mesh-h{version}")
		bench.row("W6", f"throughput, {size}", "1/s",
		    rate_figures(samples), higher_is_better=True)


@workload("W7", "mutual TLS 1.2 handshakes, CPU of the server")
def handshakes(bench):
	pair = Pair(bench.scene, backend(bench.scene))
	servers = [second for _, second in pair.all()]
	for kind, options, aim in (("full", ["--full-handshakes"], 1.0),
	    ("resumed", [], 0.7)):
		samples = bench.sample(servers, "", "-c", 8, "--no-request",
		    *options)
		for name, taken in samples.items():
			resumed = sum(sample.result["resumed"] for sample in taken)
			opened = sum(sample.result["opened"] for sample in taken)
			share = resumed / opened
			assert share > 0.8 if kind == "resumed" else share == 0, \
			    f"{name}: {resumed} of {opened} were resumed"
		bench.row("W7", f"CPU per handshake, {kind}", "us",
		    cpu_figures(samples), aim)


@workload("W8", "TCP streams: bytes per second of CPU")
def streams(bench):
	app = backend(bench.scene)
	kinds = (("plain", reverse_proxies(bench.scene, app, "tcp"), 1.0,
	    "haproxy"), ("mutual TLS",
	    [both for both, _ in Pair(bench.scene, app, "tcp").all()], 0.95, None))
	for kind, contestants, aim, against in kinds:
		for count in (1, 8):
			samples = bench.sample([contestant for contestant in
			    contestants if contestant.name != "direct"], "",
			    "--mode", "stream", "-c", count)
			bench.row("W8", f"bytes/CPU second, {kind}, {count}", "MB",
			    figures(samples, lambda sample:
			    sample.bytes_per_cpu_second() / 1e6), aim,
			    higher_is_better=True, against=against)


@contextmanager
def in_background(scene, name, *command):
	"""A program on the CPU of the load, ended with the block."""
	with on_cpu(LOAD_CPU):
		process = scene.start(name, command)
	try:
		yield process
	finally:
		assert process.stop() == 0, process.out() + process.err()


def calling_identities(bench, pair, server):
	"""What a sidecar keeps for each identity that called it once."""
	count = bench.few(1000, 50, 5)
	target = f"127.0.0.1:{server.inbound_port}{SMALL}"
	before = server.rss_kib()
	for number in range(count):
		holder = Holder(bench.scene, pair.control,
		    f"default/caller-{number}", f"caller-{number}")
		run_load(target, "--mode", "idle", "--duration", 1,
		    "--cert", holder.cert, "--key", holder.key,
		    "--ca", pair.ca, "--sni", "80.empty.default.mesh")
	bench.row("W9", f"{count} calling identities, RSS", "MB", {"mesh":
	    Figure([(server.rss_kib() - before) / 1024])}, 4)


@workload("W9", "memory of idle keep-alive connections")
def idle_connections(bench):
	scene, app = bench.scene, backend(bench.scene)
	count = bench.few(9600, 4000, 50)
	pair = Pair(scene, app)
	with on_cpu(PROXY_CPU):
		empty = scene.proxy("empty", control=pair.control,
		    service="default/empty", apps=[f"80={app.http}/http"],
		    options=MESH + NO_LOG).await_ready()
	wait_until(lambda: empty.admin("/readyz").status == 200, "empty is ready")
	bench.row("W9", "empty sidecar, RSS", "MB",
	    {"mesh": Figure([empty.rss_kib() / 1024])}, 5)
	calling_identities(bench, pair, empty)
	for kind, contestants, aim in (
	    ("plain", reverse_proxies(scene, app)[1:], 1.0),
	    ("TLS", [second for _, second in pair.all()], 3.0)):
		each = {}
		for one in contestants:
			# As many at a time as idle mode opens: what is kept for work
			# under way is not counted for those that rest.
			run_load(one.address + SMALL, *one.load, "-c", 32,
			    "--new-connections", "--duration", bench.duration_ms)
			before = anonymous_kib(one.pids())
			with in_background(scene, f"load-{kind}-{one.name}",
			    BUILD / "load", "--mode", "idle", "-c", count,
			    "--duration", 3600000, *one.load,
			    one.address + SMALL) as load:
				load.wait_line(r"^holding ", 120)
				each[one.name] = Figure([
				    (anonymous_kib(one.pids()) - before) / count])
		bench.row("W9", f"each of {count} idle, {kind}", "KiB", each, aim,
		    is_absolute=True)


def added(samples, plain, point):
	"""Latency that a contestant adds to that of the direct way."""
	base = Figure([sample.latency_us(point) for sample in plain]).median
	return figures(samples, lambda sample:
	    max(0.0, sample.latency_us(point) - base))


@workload("W10", "latency added by two sidecars, and while handshakes arrive")
def latency(bench):
	scene, app = bench.scene, backend(bench.scene)
	pairs = Pair(scene, app).all()
	contestants = [both for both, _ in pairs]
	direct = reverse_proxies(scene, app)[:1]
	capacity = min(figure.median for figure in rate_figures(
	    bench.sample(contestants, SMALL, "-c", 64, rounds=1)).values())
	for rate in (1000, round(capacity / 2, -3) or 1000):
		samples = bench.sample(contestants + direct, SMALL, "-c", 64,
		    "--rate", int(rate))
		plain = samples.pop("direct")
		for point, aim in (("p50", 1.0), ("p99", 0.8)):
			bench.row("W10", f"added {point}, {rate:.0f}/s", "us",
			    added(samples, plain, point), aim)
	seconds = {both.name: second for both, second in pairs}

	def in_a_storm(both):
		second = seconds[both.name]
		storms.append(both.name)
		with in_background(scene, f"storm-{len(storms)}",
		    BUILD / "load", "-c", 32, "--no-request",
		    "--full-handshakes", "--rate", 200, "--warmup", 0,
		    "--duration", 3600000, *second.load, second.address):
			return bench.take(both, SMALL, "-c", 64, "--rate", 1000)
	storms = []
	stormy = bench.each(contestants, in_a_storm)
	for point, aim in (("p50", None), ("p99.9", 1.0)):
		bench.row("W10", f"{point}, 1000/s, 200 handshakes/s", "us",
		    figures(stormy, lambda sample, at=point:
		    sample.latency_us(at)), aim)


def milliseconds_to(condition, process):
	"""From starting a process to a condition."""
	with on_cpu(PROXY_CPU):
		began = time.monotonic()
		process.start()
	while True:
		try:
			if condition():
				return (time.monotonic() - began) * 1000
		except OSError:
			assert process.is_running(), process.err()


@workload("W11", "endpoints and changes pushed by control")
def pushes(bench):
	push.run(bench)


@workload("W12", "ten thousand route rules against one")
def many_routes(bench):
	routes.run(bench)


@workload("W13", "from the start to ready")
def start(bench):
	scene, app = bench.scene, backend(bench.scene)
	contestants = reverse_proxies(scene, app)[1:]
	pair = Pair(scene, app)
	with on_cpu(PROXY_CPU):
		member = scene.proxy("member", control=pair.control,
		    service="default/member", apps=[f"80={app.http}/http"],
		    options=MESH + NO_LOG).await_ready()

	def restart(one):
		process = one.processes[0]
		process.stop()
		return milliseconds_to(lambda: listens(one.address), process)

	def restart_member(_):
		member.stop()
		return milliseconds_to(lambda:
		    member.admin("/readyz").status == 200, member)

	for metric, those, take in (
	    ("start to accepting", contestants, restart),
	    ("restart with state to ready", contestants[:1], restart_member)):
		taken = bench.each(those, take)
		bench.row("W13", metric, "ms", {name: Figure(times)
		    for name, times in taken.items()}, 30, is_absolute=True)


@workload("W14", "UDP: datagrams for a second of CPU")
def packets(bench):
	datagrams.run(bench)


@workload("W15", "decisions, joins, renewals and revocations")
def identities(bench):
	trust.run(bench)
