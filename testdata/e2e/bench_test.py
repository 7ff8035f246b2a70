"""The benchmark runs and writes what it should; how fast is not looked at."""
# runs alone

import json
import re
import shutil
import subprocess
import sys

from edge import OK, stays_quiet
from mesh import BUILD, ROOT, SLOWER, VARIANT, Skip, main, scenario

FIELDS = ("workload", "metric", "unit", "mesh", "nginx", "haproxy", "ratio")


def bench(*args):
	for program in ("haproxy", "nginx", "wrk"):
		if not shutil.which(program):
			raise Skip(f"{program} is not installed")
	return subprocess.run([sys.executable, ROOT / "testdata/bench/bench.py",
	    *args], capture_output=True, text=True, timeout=100 * SLOWER,
	    check=False)


def load(*args):
	done = subprocess.run([BUILD / "load", *map(str, args)], text=True,
	    capture_output=True, timeout=30 * SLOWER, check=False)
	return done, json.loads(done.stdout.splitlines()[-1]) \
	    if done.stdout else None


@scenario
def a_tiny_round_gives_a_table_and_json(scene):
	if VARIANT != "release":
		raise Skip("a round is too short for what a sanitizer slows down")
	done = bench("--tiny", "W1")
	assert done.returncode == 0, done.stderr
	assert "W1" in done.stdout and "tcp_congestion_control" in done.stdout
	assert max(map(len, done.stdout.splitlines())) <= 100, done.stdout
	rows = json.loads((BUILD / "bench/latest.json").read_text())
	assert rows, "no rows"
	for row in rows:
		assert set(FIELDS) <= set(row), row
		assert row["workload"] == "W1" and row["mesh"] > 0, row


@scenario
def identities_are_joined_renewed_and_revoked(scene):
	if VARIANT != "release":
		raise Skip("it decides more often than a sanitizer has time for")
	done = bench("--tiny", "W15")
	assert done.returncode == 0, done.stdout + done.stderr
	rows = {row["metric"].strip(): row for row in json.loads(
	    (BUILD / "bench/latest.json").read_text())}
	assert rows["refused, or after the end"]["mesh"] == 0, rows
	assert rows["revoke to the last of 2 ends"]["mesh"] > 0, rows


@scenario
def a_workload_that_is_none_is_refused(scene):
	done = bench("W99")
	assert done.returncode == 64 and "W99" in done.stderr, done.stderr
	# It says which there are: those that the manual has.
	page = (ROOT / "man/mesh-bench.7").read_text()
	assert re.findall(r"^\.It Li (W\d+)$", page, re.M) == \
	    done.stderr.split("there are ")[1].split(), done.stderr


@scenario
def load_sends_what_is_due(scene):
	app = scene.echo("app")
	done, result = load("-c", 4, "--rate", 500, "--warmup", 0,
	    "--duration", 1000, f"{app.http}/plain")
	assert done.returncode == 0, done.stderr
	# What is due is known; how much of it was answered is not.
	assert 1 < result["requests"] <= 501, result
	assert result["latency_us"]["p50"] <= result["latency_us"]["max"], result


@scenario
def load_asks_for_paths_in_turn(scene):
	backend = scene.backend(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
	done, _ = load("--paths", 3, "--rate", 50, "--warmup", 0, "--duration",
	    400, f"127.0.0.1:{backend.port}/item/")
	assert done.returncode == 0, done.stderr
	asked = [request.target for request in backend.requests()]
	assert len(asked) > 3 and asked == [f"/item/{number % 3}"
	    for number in range(len(asked))], asked


@scenario
def the_example_of_the_manual_runs(scene):
	app = scene.echo("app")
	page = (ROOT / "man/mesh-bench.7").read_text()
	line = re.search(r"^build/load (.*) 127\.0\.0\.1:8080/$", page, re.M)[1]
	done, result = load(*line.split(), "--warmup", 0, "--duration", 100,
	    f"{app.http}/plain")
	assert done.returncode == 0 and result["rate"] == 1000, done.stderr


@scenario
def load_says_what_fails(scene):
	app = scene.echo("app")
	done, result = load("--warmup", 0, "--duration", 50,
	    f"{app.http}/?status=503")
	assert done.returncode == 1 and result["errors"] > 0, result
	assert result["first_error"] == "status: not 200", result


@scenario
def load_waits_for_a_first_answer_beyond_its_time(scene):
	def script(connection):
		connection.read_request()
		if stays_quiet(connection, 0.2):
			connection.send(OK)
			connection.read_to_end()

	done, result = load("--warmup", 0, "--duration", 1,
	    f"127.0.0.1:{scene.backend(script).port}/")
	assert done.returncode == 0 and result["all"] == 1, result


@scenario
def load_opens_a_connection_for_each_request(scene):
	app = scene.echo("app")
	done, result = load("--new-connections", "--warmup", 0,
	    "--duration", 50, f"{app.http}/plain")
	assert done.returncode == 0, done.stderr
	assert result["opened"] >= result["all"] > 0, result


@scenario
def load_streams_both_ways(scene):
	app = scene.echo("app")
	for way in ((), ("--up",)):
		done, result = load("--mode", "stream", "--warmup", 0,
		    "--duration", 50, "-c", 2, *way, app.tcp)
		assert done.returncode == 0, done.stderr
		assert result["bytes"] > 0, result


@scenario
def load_holds_idle_connections(scene):
	app = scene.echo("app")
	done, result = load("--mode", "idle", "-c", 100, "--duration", 1,
	    f"{app.http}/plain")
	assert done.returncode == 0, done.stderr
	assert done.stdout.startswith("holding 100\n"), done.stdout
	assert result["opened"] == 100, result


@scenario
def every_part_that_is_counted_runs(scene):
	del scene
	names = subprocess.run([BUILD / "micro", "--list"], text=True,
	    capture_output=True, check=True).stdout.split()
	known = (ROOT / "testdata/bench/micro.expected").read_text()
	assert names, "none"
	for name in names:
		assert f"\n{name} " in known, name
		subprocess.run([BUILD / "micro", name, "3"], check=True)


if __name__ == "__main__":
	main()
