#!/usr/bin/env python3
"""Connections that end in unusual ways, and a proxy that stops, reads its
documents again or loses an endpoint while requests run.
"""

import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from edge import Edge, documents, stays_quiet
from mesh import MESH, free_port, main, scenario, wait_until
from wire import Load, build, dial, exchange

POST = b"POST / HTTP/1.1\r\nHost: test\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


class Polite(Load):
	"""A load whose threads end when the server says that it closes."""

	def __init__(self, address, **options):
		super().__init__(address, **options)
		self.served = threading.local()

	def attempt(self, client):
		if client is None and getattr(self.served, "any", False):
			self.stopping.wait(30)
			with self.lock:
				self.requests -= 1	# none was made
			return None, None
		self.served.any = True
		return super().attempt(client)


def serve(body=b"ok", pause=0.0):
	"""A back end's script: many requests on a connection."""
	answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body
	def script(connection):
		while connection.read_request() is not None:
			if pause:
				stays_quiet(connection, pause)
			connection.send(answer)
			connection.seen.clear()
			connection.requests.clear()
	return script


def answer(edge):
	with edge.client() as client:
		return client.request().body


# E63, E64: how connections end

@scenario
def e63_half_close_of_a_caller(scene):
	"""The answer arrives although the caller has ended its side."""
	edge = Edge(scene, scene.backend(serve(b"x" * 300000, pause=0.2)))
	for request in (build("GET", "/", "test"),
	    build("POST", "/", "test", body=b"y" * 200000)):
		reply = exchange(edge.port, request)
		assert reply.startswith(b"HTTP/1.1 200") and \
		    reply.endswith(b"\r\n\r\n" + b"x" * 300000), reply[:200]


@scenario
def e63_requests_in_flight_of_a_caller_that_has_ended(scene):
	edge = Edge(scene, scene.backend(serve(b"one")))
	reply = exchange(edge.port, build("GET", "/", "test") * 20)
	assert reply.count(b"HTTP/1.1 200") == 20 and reply.endswith(b"one")


@scenario
def e63_end_with_bytes_queued(scene):
	"""A body that only the end delimits, behind a slow reader, is whole."""
	def script(connection):
		connection.read_request()
		connection.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"z" * 5000000)
	edge = Edge(scene, scene.backend(script))
	with edge.client() as client:
		client.send(build("GET", "/", "test"))
		client.read_until(b"\r\n\r\n")
		client.buffer[:0] = b"HTTP/1.1 200 OK\r\n" \
		    b"Transfer-Encoding: chunked\r\n\r\n"
		reply = client.read_reply()
		assert reply.body == b"z" * 5000000, len(reply.body)


@scenario
def e64_reset_of_a_caller_in_an_upload(scene):
	"""The back end never sees a whole request, but a reset."""
	for framing in (b"Content-Length: 1000000\r\n\r\n",
	    b"Transfer-Encoding: chunked\r\n\r\n2710\r\n"):
		ends = []
		def script(connection):
			try:
				connection.read_until(b"\r\n\r\n")
				connection.read_to_end()
				ends.append("end")
			except ConnectionResetError:
				ends.append("reset")
		backend = scene.backend(script)
		edge = Edge(scene, backend, name=f"edge{len(framing)}")
		client = edge.client()
		client.send(POST + framing + b"x" * 5000)
		wait_until(lambda: backend.seen() and
		    backend.seen()[0].count(b"x") >= 5000, "the upload begins")
		client.reset()
		wait_until(lambda: ends, "the back end notices")
		assert ends == ["reset"], ends


@scenario
def e64_caller_that_leaves_while_it_waits(scene):
	"""The exchange upstream is given up."""
	ends = []
	def script(connection):
		connection.read_request()
		try:
			connection.read_to_end()
			ends.append("end")
		except ConnectionResetError:
			ends.append("reset")
	backend = scene.backend(script)
	edge = Edge(scene, backend)
	client = edge.client()
	client.send(build("GET", "/", "test"))
	wait_until(backend.requests, "the request arrives")
	client.reset()
	wait_until(lambda: ends, "the back end notices")


@scenario
def e64_reset_of_a_back_end_in_its_answer(scene):
	"""Never a clean end, whatever delimits the body."""
	for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n",
	    CHUNKED + b"186a0\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
		gate = threading.Event()
		def script(connection):
			connection.read_request()
			connection.send(answer + b"x" * 5000)
			gate.wait(10)
			connection.reset()
		edge = Edge(scene, scene.backend(script), name=f"edge{len(answer)}")
		with edge.client() as client:
			client.send(build("GET", "/", "test"))
			client.read_until(b"x" * 500)
			gate.set()
			try:
				rest = client.read_to_end()
				assert not rest.endswith(b"0\r\n\r\n"), rest
				assert b"content-length" in client.seen or \
				    b"chunked" in client.seen, client.seen[:200]
			except ConnectionResetError:
				pass


# E65: stopping, reading again, endpoints that come and go

@scenario
def e65_stop_under_load(scene):
	"""SIGTERM: no request fails of callers that stop when they are told to;
	who comes later is refused."""
	backend = scene.backend(serve())
	edge = Edge(scene, backend)
	load = scene.closing(Polite(edge.port, threads=16).start())
	load.reach(2000)
	assert edge.stop() == 0
	try:
		dial(edge.address).close()
		assert False, "somebody listens"
	except ConnectionRefusedError:
		pass
	load.finish()


@scenario
def e65_stop_waits_for_requests(scene):
	"""A slow answer is whole, an idle connection ends in order."""
	edge = Edge(scene, scene.backend(serve(pause=2)))
	idle = edge.client()
	with edge.client() as client:
		client.send(build("GET", "/", "test"))
		wait_until(lambda: edge.out() == "" and edge.fds() > 8, "it runs")
		edge.asked_to_end = True
		edge.signal(signal.SIGTERM)
		reply = client.read_reply()
		assert reply.status == 200 and reply.body == b"ok"
	assert idle.wait_end() == "end"
	assert edge.wait() == 0


@scenario
def e65_stop_has_an_end(scene):
	"""What does not finish in time is cut; a second signal does it at once."""
	def script(connection):
		connection.read_request()
		connection.read_to_end()
	for options, signals in ((("--drain-time", "500ms"), 1), ((), 2)):
		backend = scene.backend(script)
		edge = Edge(scene, backend, name=f"edge{signals}", options=options)
		with edge.client() as client:
			client.send(build("GET", "/", "test"))
			wait_until(backend.requests, "the request arrives")
			began = time.monotonic()
			edge.asked_to_end = True
			edge.signal(signal.SIGTERM)
			edge.wait_line("draining")
			# One that comes at once is the same stop: a process group's.
			if signals == 2:
				wait_until(lambda edge=edge: "second signal" in edge.err() or
				    edge.signal(signal.SIGTERM), "it ends at once")
			assert edge.wait() == 0
			assert time.monotonic() - began < 5
			assert client.wait_end() in ("end", "reset")


def connecting(port):
	"""How many sockets of this machine wait for that port to answer."""
	rows = Path("/proc/net/tcp").read_text().splitlines()[1:]
	return sum(1 for row in map(str.split, rows)
	    if row[2].endswith(f":{port:04X}") and row[3] == "02")	# SYN sent


@scenario
def e65_stop_while_it_connects(scene):
	"""Nobody ever takes the connection: the end does not wait for it."""
	with socket.socket() as full:
		full.bind(("127.0.0.1", 0))
		full.listen(0)
		waiting = [socket.socket() for _ in range(4)]
		for one in waiting:
			scene.closing(one).setblocking(False)
			one.connect_ex(full.getsockname())
		port = full.getsockname()[1]
		edge = Edge(scene, port, options=("--drain-time", "100ms"))
		before = connecting(port)
		with edge.client() as client:
			client.send(build("GET", "/", "test"))
			wait_until(lambda: connecting(port) > before, "it connects")
			assert edge.stop() == 0


@scenario
def e65_reload_under_load(scene):
	"""Fifty times, nothing changed and something changed: no request fails."""
	one, two = scene.backend(serve()), scene.backend(serve())
	edge = Edge(scene, one, two)
	load = scene.closing(Load(edge.port, threads=8).start())
	for number in range(50):
		before = edge.reloads()
		if number % 2:
			edge.set("other", one if number % 4 == 1 else two)
		edge.signal(signal.SIGHUP)
		wait_until(lambda: edge.reloads() > before, "reload")
		load.more(40)
	load.reach(3000)
	load.finish()


@scenario
def e65_endpoints_come_and_go_under_load(scene):
	"""Files name other endpoints; who is left is left in order."""
	backends = [scene.backend(serve()) for _ in range(4)]
	edge = Edge(scene, *backends[:2])
	load = scene.closing(Load(edge.port, threads=8).start())
	for number in range(30):
		before = edge.reloads()
		chosen = [backends[(number + place) % 4]
		    for place in range(1 + number % 3)]
		edge.set("web", *chosen)
		wait_until(lambda: edge.reloads() > before, "reload")
		load.more(100)
	load.reach(10000)
	load.finish()
	for backend in backends:
		assert backend.seen(), "never used"


@scenario
def e65_endpoint_stopped_in_order_under_load(scene):
	"""It says "Connection: close" and ends when idle: nobody notices."""
	stopping = threading.Event()
	def script(connection):
		while connection.read_request() is not None:
			close = stopping.is_set()
			connection.send(b"HTTP/1.1 200 OK\r\n" + (
			    b"connection: close\r\n" if close else b"") +
			    b"content-length: 2\r\n\r\nok")
			if close:
				return
	leaving, staying = scene.backend(script), scene.backend(serve())
	edge = Edge(scene, leaving, staying)
	load = scene.closing(Load(edge.port, threads=8).start())
	load.reach(1000)
	edge.set("web", staying)
	stopping.set()
	wait_until(lambda: edge.reloads() == 1, "reload")
	load.more(500)	# what was on its way there when the workers learnt of it
	wait_until(lambda: all(connection.sock.fileno() < 0
	    for connection in leaving.connections), "it is left")
	leaving.close()
	load.more(1000)
	load.finish()


@scenario
def e65_endpoint_killed_under_load(scene):
	"""Only what is in flight on it fails; new connections go elsewhere."""
	gone, staying = scene.backend(serve()), scene.backend(serve())
	edge = Edge(scene, gone, staying)
	threads = 8
	load = scene.closing(Load(edge.port, threads=threads).start())
	load.reach(1000)
	gone.closed = True
	gone.listener.shutdown(socket.SHUT_RDWR)
	gone.listener.close()
	for connection in list(gone.connections):
		connection.reset()
	load.more(5000)
	load.stop()
	assert len(load.failures) <= threads, load.summary()
	assert all("status 502" in failure.reason for failure in load.failures), \
	    load.summary()


@scenario
def e65_a_bad_document_changes_nothing_but_itself(scene):
	"""It keeps its last good form, is reported with file, line and column, and
	others in the directory apply."""
	one, two = scene.backend(serve(b"one")), scene.backend(serve(b"two"))
	edge = Edge(scene, one)
	edge.set("other", one)
	wait_until(lambda: edge.reloads() == 1, "reload")
	for number, (bad, where) in enumerate((
	    (documents("web", [two.port]).replace("addresses:", "adresses:"),
	        r"web\.yaml:\d+:\d+: .*adresses"),
	    (documents("web", [one.port]).replace("port: 80,", "port: 80x,"),
	        r"web\.yaml:\d+:\d+: .*80x"),
	    ("apiVersion: v1\nkind: [", r"web\.yaml:\d+:\d+: "),
	    ("\tx", r"web\.yaml:1:1: "))):
		before = edge.reloads()
		edge.write("web", bad)
		edge.wait_line(where)
		wait_until(lambda: edge.reloads() > before, "reload")
		with edge.client() as client:
			assert client.request().body == b"one", where
		edge.set("other", two if number % 2 else one)
	before = edge.reloads()
	edge.set("web", two)
	wait_until(lambda: edge.reloads() > before, "reload")
	with edge.client() as client:
		assert client.request().body == b"two"


@scenario
def e65_documents_that_vanish_for_a_moment(scene):
	"""Without the directory nothing changes."""
	one, two = scene.backend(serve(b"one")), scene.backend(serve(b"two"))
	edge = Edge(scene, one)
	away = scene.dir / "away"
	edge.config.rename(away)
	edge.signal(signal.SIGHUP)
	edge.wait_line(r"error +config: .*edge\.d")
	with edge.client() as client:
		assert client.request().body == b"one"
	edge.config.mkdir()		# another directory under its name
	edge.set("web", two)
	wait_until(lambda: answer(edge) == b"two", "the new endpoint serves")
	edge.set("web", one)		# and that one is watched too
	wait_until(lambda: answer(edge) == b"one", "the old endpoint serves")


@scenario
def e65_an_edit_and_its_signal_are_one_change(scene):
	"""Whatever comes first, the documents are put in force once."""
	one, two = scene.backend(serve(b"one")), scene.backend(serve(b"two"))
	edge = Edge(scene, one)

	def revision():
		return edge.admin("/config").json()["proxy"]["snapshot"]["revision"]

	before = revision()
	edge.set("web", two)
	edge.signal(signal.SIGHUP)
	wait_until(lambda: answer(edge) == b"two", "the new endpoint serves")
	edge.signal(signal.SIGHUP)
	edge.wait_line("nothing new, 2 documents in force")
	# What the edit may still cause is over when the next one is seen.
	edge.set("web", one)
	wait_until(lambda: answer(edge) == b"one", "the old endpoint serves")
	assert revision() == before + 2, (before, revision())


@scenario
def e65_documents_that_are_not_there(scene):
	"""It does not start without what --config names."""
	for path, code, why in (
	    (scene.dir / "nowhere", 66, "No such file or directory"),
	    (scene.file("plain", "") / "below", 66, "Not a directory")):
		done = subprocess.run([MESH, "proxy", "--standalone", "--config",
		    path, "--admin-listen", f"127.0.0.1:{free_port()}",
		    "--outbound-listen", f"127.0.0.1:{free_port()}"],
		    capture_output=True, text=True, check=False, timeout=20)
		assert done.returncode == code, (done.returncode, done.stderr)
		assert f"--config {path}: {why}" in done.stderr, done.stderr


@scenario
def e65_other_sidecars_do_not_come_in(scene):
	"""Without control there is no identity for that, and it says so."""
	config = scene.dir / "config"
	config.mkdir()
	command = [MESH, "proxy", "--standalone", "--config", config,
	    "--admin-listen", f"127.0.0.1:{free_port()}",
	    "--outbound-listen", f"127.0.0.1:{free_port()}"]
	(config / "proxy.yaml").write_text("apiVersion: mesh/v1\nkind: Proxy\n"
	    "metadata: {name: p}\nspec: {inboundListen: ':17710'}\n")
	for words, place in (([], ":17710"), (["--inbound-listen", ":17711"],
	    ":17711"), (["--inbound-listen", ":17711", "--validate"], ":17711")):
		done = subprocess.run([*command, *words], capture_output=True,
		    text=True, check=False, timeout=20)
		assert done.returncode == 64, (done.returncode, done.stderr)
		assert f"--inbound-listen {place}: other sidecars" in done.stderr


@scenario
def e65_a_file_that_is_replaced(scene):
	"""--config FILE, replaced as editors do it, more than once."""
	backends = [scene.backend(serve(b"%d" % number)) for number in range(4)]
	edge = Edge(scene, backends[0], config="web.yaml")
	for number in (1, 2, 3):
		edge.set("web", backends[number])
		wait_until(lambda: answer(edge) == b"%d" % number, "it serves")


@scenario
def e65_killed_and_started_again(scene):
	"""Serves again within a second."""
	edge = Edge(scene, scene.backend(serve()))
	with edge.client() as client:
		assert client.request().status == 200
		edge.kill()
		assert client.wait_end() in ("end", "reset")
	began = time.monotonic()
	edge.start()
	edge.await_listening()
	with edge.client() as client:
		assert client.request().status == 200
	assert time.monotonic() - began < 3


if __name__ == "__main__":
	main()
