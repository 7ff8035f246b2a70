"""The workloads.  Each is a function of one Bench that adds rows to it."""

from measure import Figure, run_wrk
from peers import backend, reverse_proxies

SMALL = "/plain"
KIB16 = "/?size=16384"
MIB1 = "/?size=1048576"

WORKLOADS = {}


def workload(name, what):
	def register(function):
		WORKLOADS[name] = (what, function)
		return function
	return register


def cpu_figures(samples):
	return {name: Figure([sample.cpu_us() for sample in taken])
	    for name, taken in samples.items() if name != "direct"}


def rate_figures(samples):
	return {name: Figure([sample.per_second() for sample in taken])
	    for name, taken in samples.items()}


@workload("W1", "HTTP/1.1 keep-alive, 64 connections, small reply")
def keep_alive(bench):
	scene = bench.scene
	contestants = reverse_proxies(scene, backend(scene), log=True)
	full = bench.sample(contestants, SMALL, "-c", 64)
	cpu = cpu_figures(full)
	bench.row("W1", "CPU per request", "us", cpu, 0.92, against="nginx")
	bench.row("W1", "CPU per request", "us", cpu, 0.85, against="haproxy")
	bench.row("W1", "CPU per request, log on", "us", cpu, 1.0,
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
			bench.row("W1", f"latency {point}, {rate}/s", "us",
			    {name: Figure([sample.latency_us(point)
			    for sample in taken]) for name, taken in paced.items()})
	checked = bench.each(contestants, lambda contestant: run_wrk(
	    contestant.address, bench.duration_ms / 1000, SMALL, 64), rounds=2)
	bench.row("W1", "throughput as wrk sees it", "1/s",
	    {name: Figure(taken) for name, taken in checked.items()},
	    higher_is_better=True)
