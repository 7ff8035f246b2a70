#!/usr/bin/env python3
"""The harness itself: a scenario that should fail does."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from mesh import BUILD, Skip, Timeout, curl, free_port, main, scenario, wait_until
from wire import Backend, Client, Load, Malformed, Metrics, Relay, get

HERE = Path(__file__).resolve().parent


def run_scenarios(text):
	"""Runs scenarios from text in a harness of their own; gives the result."""
	with tempfile.TemporaryDirectory() as folder:
		path = Path(folder, "sample_test.py")
		path.write_text("from mesh import *\nimport os, signal\n" + text +
		    "\nmain()\n")
		return subprocess.run([sys.executable, str(path)], text=True,
		    capture_output=True, check=False,
		    env={**os.environ, "PYTHONPATH": str(HERE)})


@scenario
def reports_every_outcome(scene):
	done = run_scenarios("""
@scenario
def works(scene): scene.file("a/b", "c")
@scenario
def fails(scene): assert 1 == 2, "one is\\nnot two"
@scenario
def fails_without_words(scene): assert 1 == 2
@scenario
def skips(scene): raise Skip("no reason")
@scenario
def crashes(scene): {}["x"]
""")
	results = [line for line in done.stdout.splitlines()
	    if not line.startswith(" ")]
	assert results == ["ok sample_works",
	    "not ok sample_fails: one is not two",
	    "not ok sample_fails_without_words: "
	    "def fails_without_words(scene): assert 1 == 2",
	    "skip sample_skips: no reason",
	    "not ok sample_crashes: KeyError: 'x'"], done.stdout
	assert done.returncode == 1, done.returncode


@scenario
def its_programs_are_found_from_anywhere(scene):
	code = "import os, mesh; print(os.environ['MESH_BUILD'], mesh.BUILD)"
	done = subprocess.run([sys.executable, "-c", code], text=True, check=True,
	    capture_output=True, cwd=BUILD.parent, env={**os.environ,
	    "PYTHONPATH": str(HERE), "MESH_BUILD": BUILD.name})
	assert done.stdout.split() == [str(BUILD)] * 2, done.stdout


@scenario
def notices_how_processes_end(scene):
	done = run_scenarios("""
@scenario
def dies(scene):
	scene.start("child", ["sh", "-c", "echo last words; kill -SEGV $$"]).child.wait()
@scenario
def ends_badly(scene):
	child = scene.start("child", ["python3", "-c", "import signal, sys\\n"
	    "signal.signal(signal.SIGTERM, lambda *_: sys.exit(3))\\n"
	    "print('up', flush=True)\\nwhile True: signal.pause()"])
	child.wait_line("up")
@scenario
def stopped(scene):
	scene.start("child", ["sh", "-c", "exec tail -f /dev/null"]).kill()
""")
	results = [line for line in done.stdout.splitlines()
	    if not line.startswith(" ")]
	assert results == ["not ok sample_dies: child ended: killed by SIGSEGV",
	    "not ok sample_ends_badly: child ended: exit code 3",
	    "ok sample_stopped"], done.stdout
	assert "    child.out| last words" in done.stdout, done.stdout


@scenario
def processes_do_not_outlive_it(scene):
	path = scene.file("sample_test.py", f"""
import sys
sys.path.insert(0, {str(HERE)!r})
from mesh import *
@scenario
def waits(scene):
	child = scene.start("child", ["tail", "-f", "/dev/null"])
	print(child.pid, scene.dir, flush=True)
	signal.pause()
main()
""")
	for number in (signal.SIGKILL, signal.SIGTERM):
		# A session of its own: what is killed here may stay a zombie where
		# process 1 does not collect orphans, and count as ours.
		harness = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--",
		    sys.executable, str(path)], stdout=subprocess.PIPE, text=True,
		    start_new_session=True)
		pid, folder = harness.stdout.readline().split()
		assert os.path.exists(f"/proc/{pid}"), "not started"
		harness.send_signal(number)
		harness.wait()
		harness.stdout.close()
		wait_until(lambda pid=pid: not os.path.exists(f"/proc/{pid}") or
		    ") Z " in Path(f"/proc/{pid}/stat").read_text(), "the child dies")
		assert os.path.exists(folder) == (number == signal.SIGKILL), folder
		shutil.rmtree(folder, ignore_errors=True)


@scenario
def waits_with_a_deadline(scene):
	rounds = []
	assert wait_until(lambda: rounds.append(1) or len(rounds) == 3, "three")
	try:
		wait_until(lambda: [][1], "a miracle happens", timeout=0.05)
	except Timeout as error:
		assert "a miracle happens: not within" in str(error), error
		assert "IndexError" in str(error), error
	else:
		raise AssertionError("waited for nothing")


@scenario
def gives_each_port_once(scene):
	ports = [free_port() for _ in range(200)]
	assert len(set(ports)) == 200
	low = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
	if low <= max(ports):
		raise Skip("this machine's ephemeral ports begin low")


@scenario
def backend_records_what_it_saw(scene):
	def script(connection):
		connection.read_request()
		connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
		if connection.number == 0:
			connection.reset()
	backend = scene.backend(script)
	for want in ("reset", "end"):
		with Client(backend.port) as client:
			client.send(b"POST / HTTP/1.1\r\nHost:  a\r\nContent-Length: 2\r\n"
			    b"\r\nxy")
			assert client.wait_end() == want, want
	assert backend.seen() == [b"POST / HTTP/1.1\r\nHost:  a\r\n"
	    b"Content-Length: 2\r\n\r\nxy"] * 2, backend.seen()
	assert [request.body for request in backend.requests()] == [b"xy", b"xy"]


@scenario
def client_believes_no_malformed_reply(scene):
	head = b"HTTP/1.1 200 OK\r\n"
	for answer, want in (
	    (head + b"Content-Length: 3\r\n\r\nab", ConnectionError),
	    (head + b"Content-Length: +1\r\n\r\nab", Malformed),
	    (head + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	        Malformed),
	    (head + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", Malformed),
	    (head + b"Transfer-Encoding: chunked\r\n\r\n1\r\na", ConnectionError),
	    (head + b"A : b\r\n\r\n", Malformed),
	    (b"", ConnectionError)):
		def script(connection, answer=answer):
			connection.read_request()
			connection.send(answer)
		with Backend(script) as backend:
			try:
				get(backend.port)
			except want:
				continue
			raise AssertionError(f"believed {answer!r}")


@scenario
def relay_records_and_cuts(scene):
	echo = scene.echo("ledger")
	relay = scene.closing(Relay(echo.tcp))
	with Client(relay.port) as client:
		client.send(b"RAW\nhello")
		assert client.read(5) == b"hello"
		assert relay.carried(b"RAW\nhello") and not relay.carried(b"world")
		relay.cut()
		assert client.wait_end() == "reset"
	with Client(relay.port) as client:
		client.send(b"SINK\nabc")
		client.end()
		assert client.read_to_end().startswith(b"ledger got 3 bytes")


@scenario
def runs_nginx(scene):
	if not shutil.which("nginx"):
		raise Skip("no nginx")
	nginx = scene.nginx("web", 'location / { return 200 "$request_uri\\n"; }')
	assert get(nginx.http, "/a?b").body == b"/a?b\n"


@scenario
def metrics_are_found_by_labels(scene):
	metrics = Metrics('# HELP a b\na{x="1",y="q\\"\\\\"} 2\na{x="2",y=""} 0.5\nb 7\n')
	assert metrics.sum("a") == 2.5 and metrics.sum("a", x="2") == 0.5
	assert metrics.sum("a", y='q"\\') == 2 and metrics.sum("b") == 7
	assert metrics.find("c") == [] and metrics.sum("a", z="1") == 0


@scenario
def processes_start_from_the_main_thread_only(scene):
	errors = []
	def start():
		try:
			scene.start("child", ["true"])
		except AssertionError as error:
			errors.append(error)
	thread = threading.Thread(target=start)
	thread.start()
	thread.join()
	assert len(errors) == 1


@scenario
def load_ends_when_the_server_is_gone(scene):
	echo = scene.echo("web")
	load = scene.closing(Load(echo.http_port)).start()
	load.reach(100)
	echo.kill()
	wait_until(lambda: len(load.failures) > 10, "failures are counted")
	load.stop()
	assert any("ConnectionRefusedError" in failure.reason
	    for failure in load.failures), load.summary()


@scenario
def load_reports_every_failure(scene):
	backend = scene.backend(
	    [b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
	    b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n"])
	load = scene.closing(Load(backend.port, threads=1)).start()
	load.reach(3)
	load.stop()
	reasons = [failure.reason for failure in load.failures]
	assert reasons[0] == "status 500: b''", reasons
	assert reasons[1].startswith("reply on a kept connection: "), reasons
	assert load.failures[0].request == 2, load.failures
	try:
		load.finish()
	except AssertionError as error:
		assert "failed, the first after" in str(error), error
	else:
		raise AssertionError("failures went unnoticed")


@scenario
def runs_curl(scene):
	echo = scene.echo("web")
	done = curl(f"http://{echo.http}/up?status=201", "-T", "-", "-H", "X-A: b")
	assert (done.code, done.status) == (0, 201), done.err
	assert done.header("x-echo-name") == "web", done.head
	assert done.json()["headers"]["x-a"] == ["b"]
	assert curl("http://127.0.0.1:1/").code == 7


if __name__ == "__main__":
	main()
