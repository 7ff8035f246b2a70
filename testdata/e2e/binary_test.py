#!/usr/bin/env python3
"""The shipped binary: how it is hardened, what it leans on, what main says."""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

BUILD = Path(os.environ["MESH_BUILD"]).resolve()
RELEASE = os.environ.get("MESH_VARIANT", "release") == "release"
MESH = BUILD / "mesh"
FULL = BUILD / "mesh.full"
SIZE_MAX = 9000 * 1000

# Asking any of these, glibc reads nsswitch.conf and loads shared objects.
# (gethostbyname itself is cmd/mesh/nonss.c's; glibc's brings its _r with it.)
# But getgroups asks the kernel: realpath does.
NSS_WORDS = re.compile(r"__nss_|_nss_|^getpw|^getgr(?!oups$)"
    r"|^gethostby(?!name$)|^initgroups|^getservbyport|^getprotobyname")


def read(*command):
	return subprocess.run(command, check=True, capture_output=True,
	    text=True).stdout


def readelf(option, path=MESH):
	return read("readelf", "-W", option, str(path))


def own_objects():
	return sorted((BUILD / "obj").glob("**/*.o"))


def is_static_pie():
	assert re.search(r"Type:\s+DYN", readelf("-h")), "not position independent"
	assert "INTERP" not in readelf("-l"), "asks for a dynamic loader"
	dynamic = readelf("-d")
	assert "NEEDED" not in dynamic, "needs shared libraries"
	assert re.search(r"FLAGS_1.*\bPIE\b", dynamic), "not marked PIE"


def is_stripped_and_small():
	assert ".symtab" not in readelf("-S"), "has a symbol table"
	size = MESH.stat().st_size
	assert size <= SIZE_MAX, f"{size} bytes, more than {SIZE_MAX}"


def has_full_relro():
	assert "GNU_RELRO" in readelf("-l"), "no RELRO segment"
	assert re.search(r"FLAGS_1.*\bNOW\b", readelf("-d")), "binds lazily"


def has_no_executable_data():
	segments = re.findall(r"^\s+(\w+)(?:\s+0x[0-9a-f]+){5}\s+([RWE ]{3})",
	    readelf("-l"), re.M)
	flags = dict(segments)
	assert flags.get("GNU_STACK") == "RW ", f"stack is {flags.get('GNU_STACK')}"
	for name, flag in segments:
		assert not ("W" in flag and "E" in flag), f"{name} is {flag}"


def compile_units():
	"""(file, compiler and its options) of each of our sources in the binary."""
	text = read("readelf", "--debug-dump=info", str(FULL))
	for unit in text.split("DW_TAG_compile_unit")[1:]:
		producer = re.search(r"DW_AT_producer\s*:(.*)", unit)
		name = re.search(r"DW_AT_name\s*:(.*)", unit)
		file = name[1].split("): ")[-1].strip()
		if re.match(r"(core|modes|cmd)/", file):
			yield file, producer[1]


def was_compiled_with(option):
	files = 0
	for file, producer in compile_units():
		assert option in producer.split(), f"{file}: not with {option}"
		files += 1
	assert files > 5, f"only {files} of our sources found in mesh.full"


def has_stack_protector():
	was_compiled_with("-fstack-protector-strong")
	was_compiled_with("-fstack-clash-protection")


def has_fortify():
	"""Checked printing is always called; checked copying where sizes are known."""
	flags = (BUILD / "flags").read_text().split()
	assert "-D_FORTIFY_SOURCE=3" in flags, "not asked for"
	checked = 0
	for path in own_objects():
		undefined = read("nm", "-u", str(path)).split()
		for name in ("printf", "fprintf", "vfprintf"):
			assert name not in undefined, f"{path.name} calls {name}"
			checked += f"__{name}_chk" in undefined
	assert checked > 1, "no object calls a checked function"


def has_cet_in_own_objects():
	if platform.machine() != "x86_64":
		return "only x86-64 has CET"
	for path in own_objects():
		if path.name.endswith("_test.o"):
			continue
		notes = readelf("-n", path)
		assert "IBT, SHSTK" in notes, f"{path.name} is not marked"
	return None


def needs_no_nss():
	for line in read("nm", str(FULL)).splitlines():
		name = line.split()[-1]
		assert not NSS_WORDS.search(name), f"{name} is linked in"


def names_no_path_of_the_builder():
	top = str(BUILD.parent).encode()
	for path in (MESH, FULL):
		assert top not in path.read_bytes(), f"{path.name} names {top}"


def runs_in_an_empty_root():
	if os.getuid() != 0:
		return "only root may chroot"
	with tempfile.TemporaryDirectory() as root:
		shutil.copy(MESH, root)
		done = subprocess.run(["/mesh", "--version"], env={}, text=True,
		    capture_output=True, preexec_fn=lambda: os.chroot(root))
	assert done.returncode == 0, f"exit code {done.returncode}: {done.stderr}"
	assert done.stdout.startswith("mesh "), done.stdout
	return None


def mesh(*args, **options):
	return subprocess.run([str(MESH), *args], text=True, timeout=30,
	    **{"capture_output": True, **options})


def says_its_version():
	for spelling in ("--version", "-V", "version"):
		done = mesh(spelling)
		assert done.returncode == 0, done.returncode
		first, *libraries = done.stdout.splitlines()
		assert re.fullmatch(r"mesh \d+\.\d+\.\d+ \(commit "
		    r"(unknown|[0-9a-f]{12})(\+changes)?\)", first), first
		names = {line.split()[0] for line in libraries}
		assert {"libevent", "BearSSL", "http-parser", "SQLite",
		    "jansson", "libyaml"} <= names, libraries
		for line in libraries:
			assert re.match(r"\S+ +\d+\.\d+", line), line


def says_its_modes():
	for spelling in ("--help", "-h", "help"):
		done = mesh(spelling)
		assert done.returncode == 0, done.returncode
		for mode in ("proxy", "control", "ctl"):
			assert re.search(rf"^  {mode} ", done.stdout, re.M), mode
	done = mesh()
	assert done.returncode == 64 and done.stdout == "", done
	assert done.stderr.startswith("usage: mesh MODE"), done.stderr


def suggests_the_nearest_word():
	for typed, kind, meant in (("prxoy", "mode", "proxy"),
	    ("ctrl", "mode", "ctl"), ("--verison", "option", "--version")):
		done = mesh(typed)
		assert done.returncode == 64, done.returncode
		assert done.stderr.startswith(f'mesh: unknown {kind} "{typed}"; '
		    f'did you mean "{meant}"?\n'), done.stderr
	done = mesh("zzzzzz")
	assert done.returncode == 64, done.returncode
	assert "did you mean" not in done.stderr, done.stderr


def says_when_output_fails():
	with open("/dev/full", "w", encoding="ascii") as full:
		done = mesh("--version", capture_output=False, stdout=full,
		    stderr=subprocess.PIPE)
	assert done.returncode == 74, done.returncode
	assert "standard output" in done.stderr, done.stderr


ELF = (is_static_pie, is_stripped_and_small, has_full_relro,
    has_no_executable_data, has_stack_protector, has_fortify,
    has_cet_in_own_objects, needs_no_nss, names_no_path_of_the_builder,
    runs_in_an_empty_root)
WORDS = (says_its_version, says_its_modes, suggests_the_nearest_word,
    says_when_output_fails)


def main():
	failed = False
	for test in ELF + WORDS:
		name = "binary_" + test.__name__
		if test in ELF and not RELEASE:
			print(f"skip {name}: sanitizer builds are dynamic")
			continue
		try:
			why = test()
			print(f"skip {name}: {why}" if why else f"ok {name}")
		except (AssertionError, subprocess.SubprocessError) as error:
			failed = True
			print(f"not ok {name}: {error}")
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
