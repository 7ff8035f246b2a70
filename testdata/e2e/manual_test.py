#!/usr/bin/env python3
"""The manual pages and the units, held against what the programs say and do.

That the pages have every kind, field, filter, metric, flag and command is seen
to by the unit tests named manual_..., which read the tables themselves.
"""

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from edge import documents
from manual import examples, section, text_of
from mesh import BUILD, MESH, ROOT, Skip, free_port, main, scenario, wait_until
from wire import get

PAGES = sorted((ROOT / "man").glob("*.[1-9]"))
UNITS = ROOT / "cmd/mesh/units"
EXPOSURE_MAX = 2.0	# systemd-analyze security, lower is better


def run(*command, **options):
	return subprocess.run([str(word) for word in command], text=True,
	    capture_output=True, check=False, timeout=60, **options)


def need(program):
	if not shutil.which(program):
		raise Skip(f"no {program}")


def flags_of(page, heading=".Sh OPTIONS"):
	"""The long options that have an item."""
	return {word for line in re.findall(r"^\.It Fl (.*)$",
	    section(page, heading), re.M)
	    for word in re.findall(r"(?:^|\s)-([a-z][a-z-]*)", line)}


@scenario
def is_well_formed(scene):
	need("mandoc")
	assert len(PAGES) >= 8, PAGES
	for page in PAGES:
		done = run("mandoc", "-T", "lint", "-W", "warning", page)
		assert not done.stdout + done.stderr, done.stdout
		assert done.returncode == 0, page


@scenario
def refers_to_pages_that_are_there(scene):
	names = {page.name for page in PAGES}
	for page in PAGES:
		for name, number in re.findall(r"\bXr (\S+) (\d)", page.read_text()):
			assert not name.startswith("mesh") or \
			    f"{name}.{number}" in names, f"{page.name}: {name}"


@scenario
def has_every_flag_that_help_has(scene):
	for mode, page in (("proxy", "mesh-proxy.8"),
	    ("control", "mesh-control.8")):
		done = run(MESH, mode, "--help")
		assert done.returncode == 0, (mode, done.stderr)
		shown = set(re.findall(r"^\s+(?:-\w, )?--([a-z-]+)", done.stdout,
		    re.M))
		assert len(shown) > 10, done.stdout
		documented = flags_of(page)
		assert shown | {"help"} == documented, shown ^ documented


@scenario
def documents_that_it_shows_are_valid(scene):
	checked = 0
	for page in PAGES:
		for number, block in enumerate(examples(page.name)):
			if not block.startswith("apiVersion:"):
				continue
			path = scene.file(f"{page.stem}-{number}.yaml", block)
			done = run(MESH, "ctl", "validate", "-f", path)
			assert done.returncode == 0, (page.name, done.stderr)
			checked += 1
	assert checked >= 5, checked


def shop(scene):
	"""A mesh of which the examples speak: its control and a proxy."""
	control = scene.control()
	port = free_port()
	proxy = scene.proxy("web-1", control=control, service="default/web",
	    apps=[f"80=127.0.0.1:{port}/http"])
	scene.echo("web-app", http_port=port)
	proxy.await_ready()
	wait_until(lambda: get(proxy.outbound_port, "http://web.default.mesh/",
	    host="web.default.mesh").status == 200, "web can be called")
	scene.file("shop.yaml", "apiVersion: v1\nkind: Namespace\n"
	    "metadata: {name: shop}\n")
	scene.file("shop/b.yaml", "apiVersion: v1\nkind: Namespace\n"
	    "metadata: {name: b}\n")
	scene.file("set.json", '{"items": []}')
	scene.file("secret", "correct horse battery staple\n").chmod(0o600)
	for page in PAGES:
		for block in examples(page.name):
			if block.startswith("apiVersion:"):
				scene.file("mesh.yaml", block)
	scene.file("edge/edge.yaml", (scene.dir / "mesh.yaml").read_text())
	return control, proxy


# What an example reads that names standard input.
INPUT = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


def run_example(scene, control, proxy, line):
	"""Runs one line in the scene, and nothing outside of it."""
	for there, here in (("/run/mesh/control.sock", control.socket),
	    ("127.0.0.1:7719", f"127.0.0.1:{proxy.admin_port}"),
	    ("127.0.0.1:7711", f"127.0.0.1:{proxy.outbound_port}"),
	    ("127.0.0.1:7701", f"127.0.0.1:{control.admin_port}"),
	    ("unix:/run/mesh/proxy/web.sock", f"unix:{scene.dir}/web-1.sock"),
	    ("/var/lib/mesh/proxy/web/", f"{proxy.state_dir}/"),
	    ("/var/lib/mesh/control", scene.dir / "restored"),
	    ("/etc/mesh/edge", scene.dir / "edge"),
	    ("/etc/bash_completion.d/", f"{scene.dir}/"),
	    ("~/.zfunc/", f"{scene.dir}/"), ("~/", f"{scene.dir}/")):
		line = line.replace(there, str(here))
	for path in re.findall(r"> (\S+)", line):
		(scene.dir / path).parent.mkdir(parents=True, exist_ok=True)
	return run("bash", "-c", line, cwd=scene.dir, input=INPUT,
	    env={"PATH": f"{BUILD}:{os.environ['PATH']}", "HOME": str(scene.dir),
	    "MESH_SOCKET": str(control.socket),
	    "MESH_ADMIN": f"127.0.0.1:{proxy.admin_port}"})


@scenario
def a_route_that_it_shows_serves_what_it_is_not_about(scene):
	shown = next(block for block in examples("mesh.yaml.5")
	    if "name: sluggish" in block)
	app = scene.echo("app")
	scene.file("docs/mesh.yaml", shown + "---\n" + documents("catalog",
	    [app.http.rsplit(":", 1)[1]]))
	proxy = scene.proxy("edge", standalone=scene.dir / "docs",
	    upstreams={"catalog": "default/catalog:80"}).await_ready()
	assert get(proxy.upstream["catalog"], "/else").status == 200


@scenario
def commands_that_it_shows_are_understood(scene):
	control, proxy = shop(scene)
	ran, wrong = 0, []
	for page in PAGES:
		for block in examples(page.name):
			block = block.replace("\\\n", " ")
			lines = [line for line in block.splitlines()
			    if re.match(r"(mesh (ctl|help|version)|curl) ", line + " ")
			    or re.match(r"mesh proxy .*--validate", line)]
			for line in lines:
				done = run_example(scene, control, proxy, line)
				ran += 1
				# Not all that they name is there, and nobody answers
				# what is asked, but all is understood.
				allowed = (0, 1, 66, 75) if " ctl " in line else (0,)
				if done.returncode not in allowed and \
				    "nobody can be asked" not in done.stderr:
					wrong.append((page.name, line,
					    done.returncode, done.stderr.strip()))
	assert ran > 50, ran
	assert not wrong, wrong


@scenario
def units_are_understood(scene):
	need("systemd-analyze")
	folder = scene.dir / "units"
	folder.mkdir()
	for unit in UNITS.glob("*.service"):
		# What it names is not installed here.
		text = unit.read_text().replace("/usr/local/bin/mesh", "/bin/true")
		text = re.sub(r"^Documentation=.*\n", "", text, flags=re.M)
		(folder / unit.name).write_text(text)
	units = sorted(folder.glob("*.service"))
	assert len(units) == 2, units
	for unit in units:
		done = run("systemd-analyze", "verify", unit)
		assert done.returncode == 0 and not done.stderr, done.stderr
		done = run("systemd-analyze", "security", "--offline=true", unit)
		exposure = re.search(r"exposure level for .*: ([0-9.]+)",
		    done.stdout)
		assert exposure, done.stdout + done.stderr
		assert float(exposure[1]) < EXPOSURE_MAX, done.stdout


@scenario
def keys_of_control_stay_out_of_swap(scene):
	del scene
	unit = (UNITS / "mesh-control.service").read_text()
	assert "\nMemorySwapMax=0\n" in unit, unit


@scenario
def accounts_and_directories_are_understood(scene):
	need("systemd-sysusers")
	with tempfile.TemporaryDirectory() as root:
		Path(root, "etc").mkdir()
		done = run("systemd-sysusers", f"--root={root}", UNITS /
		    "mesh.sysusers")
		assert done.returncode == 0, done.stderr
		accounts = Path(root, "etc/passwd").read_text()
		for unit in UNITS.glob("*.service"):
			user = re.search(r"^User=(.*)$", unit.read_text(), re.M)[1]
			assert f"\n{user}:" in f"\n{accounts}", user


if __name__ == "__main__":
	main()
