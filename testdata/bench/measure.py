"""What is measured, and how: CPU time, memory, load; rounds in turn; rows.

A contestant is one way to the back end: direct, mesh, nginx or haproxy, each
with a name, the address that load is sent to and the processes whose CPU time
counts.  A sample is what one run of load against one contestant gave, a row is
what all samples say about one figure.
"""

import json
import os
import re
import statistics
import subprocess
from contextlib import contextmanager
from pathlib import Path

from mesh import BUILD

PROXY_CPU = max(os.sched_getaffinity(0))
LOAD_CPU = min(os.sched_getaffinity(0))
STEAL_MAX = 0.01	# of the time of all CPUs
STEAL_RETRIES = 3


@contextmanager
def on_cpu(number):
	"""Processes that start here run on that CPU alone."""
	before = os.sched_getaffinity(0)
	os.sched_setaffinity(0, {number})
	try:
		yield
	finally:
		os.sched_setaffinity(0, before)


def move(pid, number):
	"""All threads of a process that runs go to that CPU, and later ones."""
	for thread in os.listdir(f"/proc/{pid}/task"):
		os.sched_setaffinity(int(thread), {number})


def family(pid):
	"""A process and its children, such as nginx and its worker."""
	text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
	return [pid, *(child for word in text.split() for child in family(int(word)))]


def cpu_ns(pids):
	"""CPU time of all threads, from the scheduler's own accounting."""
	total = 0
	for pid in pids:
		for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
			total += int(path.read_text().split()[0])
	return total


def anonymous_kib(pids):
	"""Memory that is the processes' own, without the files they map."""
	total = 0
	for pid in pids:
		text = Path(f"/proc/{pid}/smaps_rollup").read_text()
		total += int(re.search(r"^Anonymous:\s*(\d+)", text, re.M)[1])
	return total


def machine():
	"""(stolen, all) time of the machine in ticks."""
	words = Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
	return int(words[7]), sum(map(int, words))


class Contestant:
	def __init__(self, name, address, processes=(), load=()):
		self.name = name
		self.address = address
		self.processes = processes
		self.load = list(load)		# arguments of load for this one

	def pids(self):
		return [pid for process in self.processes
		    for pid in family(process.pid)]


class Sample:
	"""What one run gave: the JSON of load and the CPU time of the proxy."""

	def __init__(self, result, cpu):
		self.result = result
		self.cpu = cpu

	def cpu_us(self):
		"""CPU time per request in microseconds."""
		return self.cpu / max(1, self.result["all"]) / 1000

	def per_second(self):
		return self.result["per_second"]

	def latency_us(self, point):
		return self.result["latency_us"][point]

	def bytes_per_cpu_second(self):
		return self.result["all"] / max(1, self.cpu) * 1e9


def run_load(address, *args):
	"""One run of load; gives its JSON."""
	with on_cpu(LOAD_CPU):
		done = subprocess.run([str(BUILD / "load"), *map(str, args), address],
		    capture_output=True, text=True, check=False)
	result = json.loads(done.stdout.splitlines()[-1]) if done.stdout else None
	assert done.returncode == 0 and result, \
	    f"load {address}: {done.stderr.strip() or result and result['first_error']}"
	return result


def run_wrk(address, seconds, path, connections):
	"""Requests a second as wrk sees them."""
	with on_cpu(LOAD_CPU):
		out = subprocess.run(["wrk", "-t1", f"-c{connections}",
		    f"-d{max(1, round(seconds))}", f"http://{address}{path}"],
		    capture_output=True, text=True, check=True).stdout
	assert "Non-2xx" not in out, out
	return float(re.search(r"Requests/sec:\s*([\d.]+)", out)[1])


def take_sample(contestant, run):
	"""What one run() gave; again, a few times, when the host took CPU time
	from us."""
	rejected = 0
	while True:
		pids = contestant.pids()
		stolen, total = machine()
		before = cpu_ns(pids)
		result = run()
		cpu = cpu_ns(pids) - before
		stolen_now, total_now = machine()
		share = (stolen_now - stolen) / max(1, total_now - total)
		if share <= STEAL_MAX or rejected == STEAL_RETRIES:
			return Sample(result, cpu), rejected
		rejected += 1


def in_turn(contestants, rounds, take):
	"""Samples of each by name, in the order ABBA; take(contestant) gives one."""
	samples = {contestant.name: [] for contestant in contestants}
	for number in range(rounds):
		for contestant in contestants[::-1 if number % 2 else 1]:
			samples[contestant.name].append(take(contestant))
	return samples


class Figure:
	"""The median of some values and how far they lie apart."""

	def __init__(self, values):
		self.median = statistics.median(values)
		self.spread = (max(values) - min(values)) / self.median / 2 \
		    if self.median else 0


def figures(samples, value):
	"""A figure for each contestant; value(sample) is what it is about."""
	return {name: Figure([value(sample) for sample in taken])
	    for name, taken in samples.items()}


def cpu_figures(samples):
	return figures({name: taken for name, taken in samples.items()
	    if name != "direct"}, lambda sample: sample.cpu_us())


def rate_figures(samples):
	return figures(samples, lambda sample: sample.per_second())


class Row:
	"""One line of the table.  figures are by the names of contestants; aim is
	what mesh divided by a peer should be at most, or at least: by the one that
	it is against, else by the better one.  An absolute aim is for mesh alone."""

	def __init__(self, workload, metric, unit, figures, aim=None,
	    higher_is_better=False, against=None, subject="mesh", peers=None,
	    is_absolute=False):
		self.workload = workload
		self.metric = metric
		self.unit = unit
		self.aim = aim
		self.higher_is_better = higher_is_better
		self.direct = figures.get("direct")
		self.mesh = figures.get(subject)
		names = peers or {"nginx": "nginx", "haproxy": "haproxy"}
		self.nginx = figures.get(names.get("nginx"))
		self.haproxy = figures.get(names.get("haproxy"))
		self.against = against
		self.subject = subject
		self.is_absolute = is_absolute or not (self.nginx or self.haproxy)

	def better_peer(self):
		peers = [figure.median for figure in (getattr(self, self.against),)] \
		    if self.against else [figure.median
		    for figure in (self.nginx, self.haproxy) if figure]
		if not peers:
			return None
		return max(peers) if self.higher_is_better else min(peers)

	def ratio(self):
		peer = self.better_peer()
		return self.mesh.median / peer if peer and self.mesh else None

	def is_met(self):
		"""None where there is no aim."""
		if self.aim is None or not self.mesh:
			return None
		value = self.mesh.median if self.is_absolute else self.ratio()
		if value is None:
			return None
		return value >= self.aim if self.higher_is_better \
		    else value <= self.aim

	def as_json(self):
		def number(figure):
			return round(figure.median, 4) if figure else None
		ratio = self.ratio()
		return {"workload": self.workload, "metric": self.metric,
		    "unit": self.unit, "mesh": number(self.mesh),
		    "nginx": number(self.nginx), "haproxy": number(self.haproxy),
		    "ratio": round(ratio, 4) if ratio else None,
		    "direct": number(self.direct), "aim": self.aim,
		    "met": self.is_met(),
		    "spread": round(self.mesh.spread, 4) if self.mesh else None}
