#!/usr/bin/env python3
"""Measures mesh beside nginx and HAProxy.

usage: bench.py [--quick | --tiny] [Wn ...]
       bench.py micro [--write]

Prints a table and writes build/bench/latest.json.  --quick takes shorter and
fewer rounds and ends within three minutes; with --tiny figures show that
everything works and nothing else.  micro counts instructions of the pure parts
and fails when there are more than expected.
"""

import json
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

import measure
import micro
from measure import Row, in_turn, run_load, take_sample
from mesh import BUILD, Scene
from show import table, verdict
from workloads import WORKLOADS

EXIT_USAGE = 64
ISOLATED = "MESH_BENCH_ISOLATED"
CONGESTION = Path("/proc/sys/net/ipv4/tcp_congestion_control")


EFFORTS = {	# rounds, their milliseconds, those of warming up
	"full": (6, 2000, 300),
	"--quick": (2, 300, 50),
	"--tiny": (1, 200, 20),
}


class Bench:
	"""The rounds that every workload takes, and the rows they gave."""

	def __init__(self, effort):
		self.effort = effort
		self.rounds, self.duration_ms, self.warmup_ms = EFFORTS[effort]
		self.rows = []
		self.rejected = 0
		self.failed = []	# what went wrong, in words
		self.scene = None

	def sample(self, contestants, path, *args, rounds=None):
		"""Runs load against each in turn; gives samples by name."""
		return self.each(contestants, lambda contestant:
		    self.take(contestant, path, *args), rounds)

	def take(self, contestant, path, *args):
		return self.take_of(contestant, lambda: run_load(
		    contestant.address + path, *contestant.load,
		    "--warmup", self.warmup_ms, "--duration", self.duration_ms,
		    *args))

	def take_of(self, contestant, run):
		"""A sample of another program's load."""
		sample, rejected = take_sample(contestant, run)
		self.rejected += rejected
		return sample

	def few(self, full, quick, tiny):
		"""A count that fits the effort."""
		return {"full": full, "--quick": quick, "--tiny": tiny}[self.effort]

	def each(self, contestants, take, rounds=None):
		return in_turn(contestants, min(rounds or self.rounds, self.rounds),
		    take)

	def row(self, *args, **options):
		self.rows.append(Row(*args, **options))

	def run(self, name):
		what, function = WORKLOADS[name]
		print(f"{name}: {what}", file=sys.stderr, flush=True)
		self.scene = Scene(f"bench-{name}")
		try:
			function(self)
		except (AssertionError, OSError) as error:
			# The others still run.
			self.failed.append(f"{name}: {error}")
			print(traceback.format_exc(), file=sys.stderr)
		finally:
			self.failed += [f"{name}: {what}" for what in self.scene.end()]
			self.scene.remove()


def first_line(*command):
	done = subprocess.run(command, capture_output=True, text=True, check=False)
	return (done.stdout + done.stderr).strip().splitlines()[0]


def describe():
	"""Machine, date, versions: what figures mean nothing without."""
	cpu = next((line.split(":")[1].strip()
	    for line in Path("/proc/cpuinfo").read_text().splitlines()
	    if line.startswith("model name")), platform.machine())
	control = CONGESTION.read_text()
	return [time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
	    f"{cpu}, {os.cpu_count()} CPUs, Linux {platform.release()}",
	    first_line(str(BUILD / "mesh"), "--version"),
	    first_line("nginx", "-v").removeprefix("nginx version: "),
	    first_line("haproxy", "-v").split(" - ")[0],
	    f"proxies on CPU {measure.PROXY_CPU}, load and back end on CPU "
	    f"{measure.LOAD_CPU}; tcp_congestion_control {control.strip()}"]


def isolate():
	"""Goes on in a network of our own, where root may make one.

	Nobody else is there, and congestion control is one that does not pace or
	probe: bbr, where a machine has it, holds a connection back for 200 ms every
	ten seconds, which is longer than some rounds.
	"""
	if os.environ.get(ISOLATED):
		subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
		for name in (b"cubic", b"reno"):
			try:
				CONGESTION.write_bytes(name)
				break
			except OSError:
				continue	# not in a network that is not the first
	elif os.geteuid() == 0 and subprocess.run(["unshare", "--net", "true"],
	    capture_output=True, check=False).returncode == 0:
		os.environ[ISOLATED] = "1"
		os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])


def parse(args):
	effort = next((arg for arg in args if arg in EFFORTS), "full")
	names = [arg for arg in args if arg not in EFFORTS]
	for name in names:
		if name not in WORKLOADS:
			print(f'bench: no workload "{name}"; there are '
			    f"{' '.join(WORKLOADS)}", file=sys.stderr)
			sys.exit(EXIT_USAGE)
	return effort, names or list(WORKLOADS)


def save(rows):
	target = BUILD / "bench/latest.json"
	target.parent.mkdir(parents=True, exist_ok=True)
	target.write_text(json.dumps(rows, indent=1) + "\n")


def main():
	if sys.argv[1:2] == ["micro"]:
		rows, is_well = micro.run("--write" in sys.argv[2:])
		save(rows)
		sys.exit(0 if is_well else 1)
	effort, names = parse(sys.argv[1:])
	isolate()
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
	bench = Bench(effort)
	about = describe()
	for name in names:
		bench.run(name)
	print("\n".join(about))
	print(f"{bench.rounds} rounds of {bench.duration_ms} ms, medians; "
	    f"{bench.rejected} rounds rejected for stolen time\n")
	print(table(bench.rows))
	print("\n" + verdict(bench.rows))
	save([row.as_json() for row in bench.rows])
	for what in bench.failed:
		print(f"failed: {what}")
	sys.exit(1 if bench.failed else 0)


if __name__ == "__main__":
	main()
