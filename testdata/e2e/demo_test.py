#!/usr/bin/env python3
"""The demo: --once ends well, what it suggests works, nothing is left."""
# timeout: 300

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from mesh import SLOWER, main, scenario, wait_until

DEMO = Path(__file__).resolve().parent / "demo.py"


def environment(folder):
	return {**os.environ, "TMPDIR": str(folder)}


def left_behind(folder):
	"""What a demo left: files, or processes that work in its directory."""
	processes = [path.name for path in Path("/proc").glob("[0-9]*")
	    if str(folder) in cwd_of(path)]
	return [*map(str, folder.iterdir()), *processes]


def cwd_of(process):
	try:
		return str((process / "cwd").readlink())
	except OSError:
		return ""


@scenario
def once_checks_every_request(scene):
	folder = scene.dir / "tmp"
	folder.mkdir()
	done = subprocess.run([sys.executable, DEMO, "--once"], text=True,
	    capture_output=True, check=False, timeout=80 * SLOWER,
	    env=environment(folder))
	assert done.returncode == 0, done.stdout + done.stderr
	assert "200 requests through web's sidecar" in done.stdout, done.stdout
	assert not done.stderr, done.stderr
	assert not left_behind(folder), left_behind(folder)


@scenario
def what_it_suggests_works(scene):
	folder = scene.dir / "tmp"
	folder.mkdir()
	demo = scene.start("demo", [sys.executable, "-u", DEMO],
	    env=environment(folder))
	demo.wait_line(r"Ctrl-C stops everything", 60)
	lines = re.findall(r"^  # .*\n  (.*)$", demo.out(), re.M)
	assert len(lines) >= 8, demo.out()
	for line in lines:
		def try_line(line=line):
			done = subprocess.run(["bash", "-c", line], text=True,
			    capture_output=True, check=False, timeout=60)
			assert done.returncode == 0, \
			    f"{line}: {done.returncode}: {done.stdout} {done.stderr}"
			assert done.stdout.strip(), f"{line}: says nothing"
			return True
		wait_until(try_line, f"{line} works", 30)
	demo.asked_to_end = True
	demo.signal(signal.SIGINT)
	assert demo.wait(60) == 0, demo.code()
	assert ", none failed" in demo.out(), demo.out()[-1000:]
	assert not left_behind(folder), left_behind(folder)


@scenario
def says_what_is_missing(scene):
	with tempfile.TemporaryDirectory() as empty:
		done = subprocess.run([sys.executable, DEMO, "--once"], text=True,
		    capture_output=True, check=False, timeout=30,
		    env={**environment(scene.dir), "MESH_BUILD": empty})
	assert done.returncode == 66, done.returncode
	assert "build them first" in done.stderr, done.stderr


if __name__ == "__main__":
	main()
