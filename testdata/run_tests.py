#!/usr/bin/env python3
"""Runs every test program and adds up what they say.

usage: run_tests.py VARIANT [PATTERN]

VARIANT is release, asan or tsan; PATTERN is part of the name of a program, as
"unit/core_base".  There are three kinds of programs:

  lint/...  testdata/lint/*.py, with release only; they print like scenarios
  unit/...  what the Makefile built from the *_test.c of one folder; the last
            line is "unit: N passed, N failed, N skipped"
  e2e/...   testdata/e2e/*_test.py; prints a line "ok NAME", "not ok NAME: why"
            or "skip NAME: why" for each scenario, and anything else besides.
            MESH_BUILD is the folder of the programs under test.

The first lines of a scenario file may say "# runs alone" (it measures, or takes
the whole machine) and "# timeout: SECONDS".

A program that hangs, dies, reports nothing, leaves processes behind or writes a
sanitizer report has failed, whatever else it says.  The last line is
"N passed, N failed, N skipped"; the exit code is 1 if anything failed.
"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UNIT_TIMEOUT = 120
E2E_TIMEOUT = 300
SLOWER = {"release": 1, "asan": 2, "tsan": 3}	# what a sanitizer may cost
AT_ONCE = 2
OUTPUT_LINES = 300	# of a failing program, counted from the end

RESULT = re.compile(r"^(ok|not ok|skip) (\S.*)$")
UNIT_TOTAL = re.compile(r"^unit: (\d+) passed, (\d+) failed, (\d+) skipped$")
UNIT_NOISE = re.compile(r"^\[ (RUN|      OK) ")
UNIT_FAILED = re.compile(r"^\[  FAILED  \] (\w+)$")


class Job:
	"""One test program and what became of it."""

	def __init__(self, name, command, timeout, alone=False):
		self.name = name
		self.command = command
		self.timeout = timeout
		self.alone = alone
		self.passed = 0
		self.failed = []	# why, one each
		self.skipped = []
		self.output = ""
		self.seconds = 0.0

	def read_unit(self, code):
		failed = []
		total = None
		for line in self.output.splitlines():
			if match := UNIT_FAILED.match(line):
				failed.append(match[1])
			total = UNIT_TOTAL.match(line) or total
		if total is None:
			self.failed.append(f"ended without a total, {ending(code)}")
			return
		self.passed = int(total[1])
		self.failed += failed[:int(total[2])]
		while len(self.failed) < int(total[2]):
			self.failed.append("a test that the output does not name")
		self.skipped += ["a unit test"] * int(total[3])

	def read_lines(self, code):
		for line in self.output.splitlines():
			match = RESULT.match(line)
			if match is None:
				continue
			if match[1] == "ok":
				self.passed += 1
			elif match[1] == "skip":
				self.skipped.append(match[2])
			else:
				self.failed.append(match[2])
		if not (self.passed or self.failed or self.skipped):
			self.failed.append(f"reported nothing, {ending(code)}")

	def read(self, code):
		if self.name.startswith("unit/"):
			self.read_unit(code)
		else:
			self.read_lines(code)
		if code != 0 and not self.failed:
			self.failed.append(ending(code))


def ending(code):
	if code < 0:
		return "killed by " + signal.Signals(-code).name
	return f"exit code {code}"


def sanitizer_options(reports, name):
	"""Reports go to files, so that those of daemons are seen as well."""
	common = f"log_path={reports}/{name.replace('/', '-')}"
	lint = ROOT / "testdata/lint"
	return {
		"ASAN_OPTIONS": f"{common}:detect_stack_use_after_return=1"
		    ":strict_string_checks=1:check_initialization_order=1",
		"LSAN_OPTIONS": f"suppressions={lint}/lsan.supp"
		    ":print_suppressions=0",
		"UBSAN_OPTIONS": f"{common}:print_stacktrace=1",
		"TSAN_OPTIONS": f"{common}:second_deadlock_stack=1"
		    f":suppressions={lint}/tsan.supp:print_suppressions=0",
	}


def members(group):
	"""The command lines of a process group's processes that still run."""
	found = []
	for stat in Path("/proc").glob("[0-9]*/stat"):
		try:
			words = stat.read_text().rpartition(")")[2].split()
			if int(words[2]) == group and words[0] not in "ZX":
				line = stat.with_name("cmdline").read_bytes()
				found.append(line.replace(b"\0", b" ").decode(
				    errors="replace").strip()[:120])
		except OSError:
			continue
	return found


def kill_group(group):
	"""Kills what is left of a process group, and says what that was."""
	left = members(group)
	try:
		os.killpg(group, signal.SIGKILL)
	except (ProcessLookupError, PermissionError):
		pass
	return left


def run(job, build, variant, scratch):
	log = scratch / (job.name.replace("/", "-") + ".log")
	env = dict(os.environ, MESH_BUILD=str(build), MESH_VARIANT=variant,
	    PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1",
	    **sanitizer_options(scratch, job.name))
	began = time.monotonic()
	with open(log, "wb") as out:
		child = subprocess.Popen(job.command, stdin=subprocess.DEVNULL,
		    stdout=out, stderr=subprocess.STDOUT, env=env, cwd=ROOT,
		    start_new_session=True)
		with running_lock:
			running.add(child.pid)
		try:
			code = child.wait(job.timeout)
		except subprocess.TimeoutExpired:
			code = None
	left = kill_group(child.pid)
	child.wait()
	with running_lock:
		running.discard(child.pid)
	job.seconds = time.monotonic() - began
	job.output = log.read_text(errors="replace")
	if code is None:
		job.read(0)
		job.failed = [why for why in job.failed
		    if not why.startswith(("ended without", "reported nothing"))]
		job.failed.append(f"hangs: killed after {job.timeout} s")
	else:
		job.read(code)
		if left:
			job.failed.append("left processes running: " +
			    ", ".join(left))
	for report in sorted(scratch.glob(log.stem + ".[0-9]*")):
		job.failed.append("sanitizer report")
		job.output += report.read_text(errors="replace")


def report(job):
	verdict = "FAIL" if job.failed else "ok  "
	counts = f"{job.passed} passed"
	if job.failed:
		counts += f", {len(job.failed)} failed"
	if job.skipped:
		counts += f", {len(job.skipped)} skipped"
	lines = [f"{verdict} {job.name:<28} {counts:<32} {job.seconds:6.1f} s"]
	if job.failed:
		lines += [line for line in job.output.splitlines()
		    if not UNIT_NOISE.match(line)][-OUTPUT_LINES:]
		lines += [f"FAIL {job.name}: {why}" for why in job.failed]
	lines += [f"skip {job.name}: {why}" for why in job.skipped
	    if why != "a unit test"]
	with running_lock:
		print("\n".join(lines), flush=True)


def scenario(path, factor):
	head = path.read_text().splitlines()[:40]
	timeout = E2E_TIMEOUT
	for line in head:
		if match := re.match(r"# timeout: (\d+)$", line):
			timeout = int(match[1])
	return Job("e2e/" + path.name.removesuffix("_test.py"),
	    [sys.executable, str(path)], timeout * factor,
	    alone="# runs alone" in head)


def collect(variant, build):
	factor = SLOWER[variant]
	jobs = []
	if variant == "release":
		jobs += [Job("lint/" + path.stem, [sys.executable, str(path)],
		    UNIT_TIMEOUT)
		    for path in sorted((ROOT / "testdata/lint").glob("*.py"))]
	folders = {path.parent.relative_to(ROOT)
	    for top in ("core", "modes", "cmd")
	    for path in ROOT.glob(f"{top}/*/*_test.c")}
	for folder in sorted(folders):
		program = "_".join(folder.parts)
		jobs.append(Job("unit/" + program, [str(build / "test" / program)],
		    UNIT_TIMEOUT * factor))
	for path in sorted((ROOT / "testdata/e2e").glob("*_test.py")):
		jobs.append(scenario(path, factor))
	return jobs


running = set()	# process groups, to be killed when we are
running_lock = threading.Lock()


def stop(_signal, _frame):
	for group in list(running):
		kill_group(group)
	os._exit(130)


def main():
	if len(sys.argv) < 2 or sys.argv[1] not in SLOWER:
		print("usage: run_tests.py release|asan|tsan [PATTERN]",
		    file=sys.stderr)
		return 64
	variant = sys.argv[1]
	build = ROOT / "build" / ("" if variant == "release" else variant)
	scratch = build / "logs"
	scratch.mkdir(parents=True, exist_ok=True)
	for old in scratch.iterdir():
		old.unlink()
	jobs = collect(variant, build)
	if len(sys.argv) > 2:
		jobs = [job for job in jobs if sys.argv[2] in job.name]
		if not jobs:
			print(f"no test program has \"{sys.argv[2]}\" in its name",
			    file=sys.stderr)
			return 64
	signal.signal(signal.SIGINT, stop)
	signal.signal(signal.SIGTERM, stop)

	def run_and_report(job):
		run(job, build, variant, scratch)
		report(job)

	with ThreadPoolExecutor(AT_ONCE) as pool:
		list(pool.map(run_and_report,
		    [job for job in jobs if not job.alone]))
	for job in jobs:
		if job.alone:
			run_and_report(job)
	failed = [(job.name, why) for job in jobs for why in job.failed]
	if failed:
		print()
		for name, why in failed:
			print(f"FAIL {name}: {why}")
	print("{} passed, {} failed, {} skipped".format(
	    sum(job.passed for job in jobs), len(failed),
	    sum(len(job.skipped) for job in jobs)))
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
