#!/usr/bin/env python3
"""Fuzz what strangers' identities, tokens and policies are read by, shortly.

usage: fuzz_quick.py [--seconds N] [TARGET...]

Runs each target from its seeds on for N seconds (60), as many at a time as
there are CPUs, under the address sanitizer, and prints how many inputs each
took.  With clang that is its fuzzer, which looks for new paths; without, our
own mutations.  The exit code is 1 if an input broke something; that input is
kept in build/fuzz-found.  MESH_BUILD is the folder of the program.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = Path(os.environ.get("MESH_BUILD", ROOT / "build")).resolve()
SEEDS = ROOT / "testdata/fuzz"
FOUND = ROOT / "build/fuzz-found"
TARGETS = ["bundle", "cert", "csr", "jwt", "policy", "token"]
SECONDS = 60
MORE = 60	# to start, read the seeds and end


def is_libfuzzer():
	done = subprocess.run([BUILD / "fuzz", "-help=1"], capture_output=True,
	    text=True, check=False, env={**os.environ, "FUZZ_TARGET": "cert"})
	return "-max_total_time" in done.stdout + done.stderr


def command_of(target, seconds, corpus):
	"""The command line, and what prints how many inputs there were."""
	if is_libfuzzer():
		return [BUILD / "fuzz", f"-max_total_time={seconds}",
		    "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048",
		    f"-artifact_prefix={FOUND}/{target}-", corpus,
		    SEEDS / target], r"number_of_executed_units:\s*(\d+)"
	return [BUILD / "fuzz", "--seconds", seconds, "--keep",
	    FOUND / f"{target}-last", target, SEEDS / target], \
	    r"(\d+) mutations"


def fuzz(target, seconds):
	"""Gives the number of inputs, or None and what was printed."""
	with tempfile.TemporaryDirectory(prefix="mesh-fuzz-") as corpus:
		command, count = command_of(target, seconds, corpus)
		try:
			done = subprocess.run([str(word) for word in command],
			    capture_output=True, text=True, errors="replace",
			    check=False, timeout=seconds + MORE,
			    env={**os.environ, "FUZZ_TARGET": target})
		except subprocess.TimeoutExpired:
			return None, f"did not end within {seconds + MORE} s\n"
	output = done.stdout + done.stderr
	match = re.search(count, output)
	if done.returncode != 0 or match is None:
		return None, output
	return int(match[1]), ""


def main():
	parser = argparse.ArgumentParser(add_help=False)
	parser.add_argument("--seconds", type=int, default=SECONDS)
	parser.add_argument("targets", nargs="*")
	options = parser.parse_args()
	for target in options.targets:
		if not (SEEDS / target).is_dir():
			parser.error(f"no such target: {target}")
	FOUND.mkdir(parents=True, exist_ok=True)
	targets = options.targets or TARGETS
	failed = []
	with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
		results = pool.map(lambda target: fuzz(target, options.seconds),
		    targets)
		for target, (inputs, output) in zip(targets, results):
			if inputs is None:
				failed.append(target)
				print(f"not ok {target}\n{output[-4000:]}")
			else:
				print(f"ok {target}: {inputs} inputs in "
				    f"{options.seconds} s")
			sys.stdout.flush()
	if failed:
		print(f"broken: {', '.join(failed)}; see {FOUND}")
	sys.exit(1 if failed else 0)


if __name__ == "__main__":
	main()
