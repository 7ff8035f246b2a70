"""W4: HTTP/2 from callers, in plain text, to a back end that speaks HTTP/1.1.

h2load asks, with 32 streams on each connection.
"""

import re
import subprocess

from measure import Contestant, Figure, LOAD_CPU, Sample, cpu_ns, on_cpu
from peers import backend, edge, haproxy, nginx

STREAMS = 32


def run_h2load(address, path, connections, milliseconds):
	"""One run; the requests that were answered, none of them badly."""
	with on_cpu(LOAD_CPU):
		out = subprocess.run(["h2load", "-t1", f"-c{connections}",
		    f"-m{STREAMS}", f"-D{milliseconds}ms",
		    f"http://{address}{path}"], capture_output=True, text=True,
		    check=True).stdout
	counts = {what: int(count) for count, what in re.findall(
	    r"(\d+) (succeeded|failed|errored|timeout)", out)}
	assert counts["succeeded"] > 0 and not counts["failed"] and \
	    not counts["timeout"], out
	rate = float(re.search(r"([\d.]+) req/s", out)[1])
	return {"all": counts["succeeded"], "per_second": rate}


def take(contestant, path, connections, milliseconds):
	pids = contestant.pids()
	run_h2load(contestant.address, path, connections, 100)
	before = cpu_ns(pids)
	result = run_h2load(contestant.address, path, connections, milliseconds)
	return Sample(result, cpu_ns(pids) - before)


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
	for path, size in (("/plain", "small"), ("/?size=16384", "16 KiB")):
		samples = bench.each(ways, lambda way, path=path: take(way, path, 4,
		    bench.duration_ms))
		bench.row("W4", f"CPU per request, {size}", "us", {
		    name: Figure([sample.cpu_us() for sample in taken])
		    for name, taken in samples.items()},
		    0.85 if size == "small" else None)
		if size == "small":
			bench.row("W4", "throughput", "1/s", {
			    name: Figure([sample.per_second() for sample in taken])
			    for name, taken in samples.items()},
			    higher_is_better=True)
