"""W4: HTTP/2 from callers, in plain text, to a back end that speaks HTTP/1.1.

h2load asks, with 32 streams on each connection.
"""

import re
import subprocess

from measure import Contestant, LOAD_CPU, cpu_figures, on_cpu, rate_figures
from peers import backend, edge, haproxy, nginx

STREAMS = 32


def run_h2load(url, milliseconds, *options, streams=STREAMS):
	"""One run on 4 connections; the requests that were answered, none of
	them badly."""
	with on_cpu(LOAD_CPU):
		out = subprocess.run(["h2load", "-t1", "-c4", f"-m{streams}",
		    f"-D{milliseconds}ms", *options, f"http://{url}"],
		    capture_output=True, text=True, check=True).stdout
	counts = {what: int(count) for count, what in re.findall(
	    r"(\d+) (succeeded|failed|errored|timeout)", out)}
	assert not counts["failed"] and not counts["timeout"], out
	rate = float(re.search(r"([\d.]+) req/s", out)[1])
	return {"all": counts["succeeded"], "per_second": rate}


def contestants(scene, app):
	first, first_address = nginx(scene, "nginx", app.http,
	    server_tls=" http2;")
	second, second_address = haproxy(scene, "haproxy", app.http,
	    server_tls=" proto h2")
	return [edge(scene, app), Contestant("nginx", first_address, [first]),
	    Contestant("haproxy", second_address, [second])]


def run(bench):
	scene = bench.scene
	ways = contestants(scene, backend(scene))

	def take(way, path):
		run_h2load(way.address + path, bench.warmup_ms)
		return bench.take_of(way, lambda: run_h2load(way.address + path,
		    bench.duration_ms))
	small = bench.each(ways, lambda way: take(way, "/plain"))
	large = bench.each(ways, lambda way: take(way, "/?size=16384"))
	bench.row("W4", "CPU per request, small", "us", cpu_figures(small), 0.85)
	bench.row("W4", "throughput", "1/s", rate_figures(small),
	    higher_is_better=True)
	bench.row("W4", "CPU per request, 16 KiB", "us", cpu_figures(large))
