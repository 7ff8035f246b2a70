#!/usr/bin/env python3
"""build.sh: its tasks, what it says where it may not install, and install."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
RELEASE = os.environ.get("MESH_VARIANT", "release") == "release"
TASKS = ("demo", "test", "lint", "asan", "tsan", "fuzz", "bench", "install", "clean", "help")


def build(*args, tools=None, **env):
	"""Runs build.sh; tools are programs put in front of the real ones."""
	with tempfile.TemporaryDirectory() as front:
		for name, script in (tools or {}).items():
			path = Path(front, name)
			path.write_text("#!/bin/sh\n" + script)
			path.chmod(0o755)
		return subprocess.run([ROOT / "build.sh", *args], text=True,
		    capture_output=True, timeout=120, check=False,
		    env={**os.environ, **env,
		    "PATH": f"{front}:{os.environ['PATH']}"})


def lists_its_tasks():
	done = build("help")
	assert done.returncode == 0, done.returncode
	for task in TASKS:
		assert f"  {task}" in done.stdout or f" {task} " in done.stdout, task


def refuses_an_unknown_task():
	done = build("tset")
	assert done.returncode == 64, done.returncode
	assert 'unknown task "tset"' in done.stderr, done.stderr


def prints_what_to_install_where_it_may_not():
	nothing_installed = {"dpkg-query": "exit 1\n",
	    "id": "echo 1000\n",
	    "apt-get": "echo apt-get was called; exit 1\n"}
	for task in ("build", "demo", "test", "lint"):
		done = build(task, tools=nothing_installed)
		assert done.returncode == 77, (task, done.returncode)
		last = done.stderr.splitlines()[-1].split()
		assert last[:3] == ["apt-get", "install",
		    "--no-install-recommends"], done.stderr
		assert ("gcc" in last) == (task != "lint"), last
		assert ("nginx" in last) == (task == "test"), last
		assert ("python3" in last) == (task != "build"), last
		assert last[3:] == sorted(set(last[3:])), last
		assert "was called" not in done.stdout, done.stdout


def names_only_what_is_missing():
	done = build("build", tools={"id": "echo 1000\n",
	    "dpkg-query": 'case "$*" in *zlib1g-dev) exit 1 ;; esac\n'
	    "echo install ok installed\n"})
	assert done.returncode == 77, done.returncode
	assert done.stderr.splitlines()[-1] == \
	    "apt-get install --no-install-recommends zlib1g-dev", done.stderr


def installs_below_destdir():
	with tempfile.TemporaryDirectory() as dest:
		done = build("install", DESTDIR=dest, PREFIX="/usr")
		assert done.returncode == 0, done.stderr
		mesh = Path(dest, "usr/bin/mesh")
		assert os.access(mesh, os.X_OK), "no /usr/bin/mesh"
		assert mesh.read_bytes() == (ROOT / "build/mesh").read_bytes()
		for page in (ROOT / "man").glob("*.[1-9]"):
			there = Path(dest, "usr/share/man", "man" + page.suffix[1:],
			    page.name)
			assert there.is_file(), there
		places = {".sysusers": "sysusers.d/mesh.conf",
		    ".tmpfiles": "tmpfiles.d/mesh.conf"}
		for unit in (ROOT / "cmd/mesh/units").glob("*"):
			there = Path(dest, "usr/lib", places.get(unit.suffix,
			    f"systemd/system/{unit.name}"))
			assert "/usr/local" not in there.read_text(), there


def fuzz_quick(*args, **env):
	return subprocess.run(["/usr/bin/python3", ROOT / "testdata/fuzz_quick.py",
	    "--seconds", "1", *args], text=True, capture_output=True,
	    timeout=120, check=False, env={**os.environ, **env})


def fuzzes_quickly_and_says_what_broke():
	done = fuzz_quick("token", "csr")
	assert done.returncode == 0, done.stdout + done.stderr
	assert "ok token: " in done.stdout and "ok csr: " in done.stdout, done.stdout
	with tempfile.TemporaryDirectory() as folder:
		breaks = Path(folder, "fuzz")
		breaks.write_text("#!/bin/sh\ncase $FUZZ_TARGET in token) echo boom; "
		    "exit 1 ;; esac\necho 7 mutations\n")
		breaks.chmod(0o755)
		done = fuzz_quick("token", "csr", MESH_BUILD=folder)
	assert done.returncode == 1, done.returncode
	assert "not ok token\nboom" in done.stdout, done.stdout
	assert "ok csr: 7 inputs" in done.stdout, done.stdout
	assert "broken: token;" in done.stdout, done.stdout


def main():
	failed = False
	for test in (lists_its_tasks, refuses_an_unknown_task,
	    prints_what_to_install_where_it_may_not, names_only_what_is_missing,
	    installs_below_destdir, fuzzes_quickly_and_says_what_broke):
		name = "build_" + test.__name__
		if not RELEASE:
			print(f"skip {name}: nothing of it depends on the variant")
			continue
		try:
			test()
			print(f"ok {name}")
		except (AssertionError, OSError, subprocess.SubprocessError) as error:
			failed = True
			print(f"not ok {name}: {error}")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
