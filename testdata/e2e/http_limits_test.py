#!/usr/bin/env python3
"""Peers that are slow, many, or large: what the proxy keeps, and who notices."""

import os
import socket
import subprocess
import threading
import time

from edge import OK, Edge, stays_quiet
from mesh import SLOWER, VARIANT, Skip, main, scenario, wait_until
from wire import Load, build

GIB = 1 << 30
POST = b"POST / HTTP/1.1\r\nHost: test\r\n"


def serve(connection):
	while connection.read_request() is not None:
		connection.send(OK)
		connection.seen.clear()
		connection.requests.clear()


def pour(sock, total, sent):
	"""Sends zeros; sent[0] says how many so far."""
	block = bytes(1 << 18)
	while sent[0] < total:
		sent[0] += sock.send(block[:min(len(block), total - sent[0])])


def swallow(sock, total):
	"""Receives so many bytes or to the end; gives how many came."""
	block = bytearray(1 << 18)
	got = 0
	while got < total and (n := sock.recv_into(block)):
		got += n
	return got


def has_stalled(sent):
	"""Whether nothing more was sent for a while."""
	seen = [0, time.monotonic()]
	def look():
		if sent[0] != seen[0]:
			seen[:] = [sent[0], time.monotonic()]
		return sent[0] > 0 and time.monotonic() - seen[1] > 0.5
	return look


@scenario
def d54_slow_heads(scene):
	"""10 s for a whole head, however it drips; others do not notice."""
	edge = Edge(scene, scene.backend(serve))
	load = scene.closing(Load(edge.port, threads=2, rate=200).start())
	ends = {}
	def run(name, first, drip):
		began = time.monotonic()
		with edge.client(timeout=20 * SLOWER) as client:
			client.send(first)
			if name == "second head":
				client.read_reply()
				client.send(b"GET")
			while stays_quiet(client, 0.2) and time.monotonic() < began + 20:
				try:
					client.send(drip)
				except OSError:
					break
			ends[name] = time.monotonic() - began
	threads = [threading.Thread(target=run, args=way, daemon=True) for way in (
	    ("nothing", b"", b""), ("half a line", b"GET /", b""),
	    ("a byte now and then", b"GET /", b"a"),
	    ("a field now and then", b"GET / HTTP/1.1\r\nHost: a\r\n", b"a: b\r\n"),
	    ("second head", build("GET", "/", "test"), b"a"))]
	for thread in threads:
		thread.start()
	for thread in threads:
		thread.join(25 * SLOWER)
	assert len(ends) == 5, ends
	for name, took in ends.items():
		assert 9.5 < took < 10 + 3 * SLOWER, f"{name}: {took:.1f} s"
	load.finish()
	assert load.slowest < 1 * SLOWER, load.slowest


@scenario
def d55_connections_at_their_limit(scene):
	"""One more is closed at once; when one goes, the next gets in."""
	edge = Edge(scene, scene.backend(serve), spec="  filters: {outbound: "
	    "[{name: limit, config: {connections: 5}}]}\n")
	def get_in():
		client = edge.client()
		assert client.request().status == 200
		return client
	# Who looked whether it listens may not have left yet.
	clients = [wait_until(get_in, "five get in") for _ in range(5)]
	with edge.client() as client:
		assert client.wait_end() in ("end", "reset")
	for client in clients:
		assert client.request().status == 200
	# Reading the documents again forgets nobody.
	edge.set("other", edge.port)
	wait_until(lambda: edge.reloads() == 1, "reload")
	with edge.client() as client:
		assert client.wait_end() in ("end", "reset")
	clients.pop().close()
	clients.append(wait_until(get_in, "the next gets in"))
	for client in clients:
		assert client.request().status == 200
		client.close()


@scenario
def d56_no_file_descriptor_left(scene):
	"""Who is in goes on, accepting costs nothing meanwhile, and all is well
	when descriptors are free again."""
	edge = Edge(scene, scene.backend(serve))
	with edge.client() as client:
		assert client.request().status == 200
		limit = edge.fds() + 20
		subprocess.run(["prlimit", "--pid", str(edge.pid),
		    f"--nofile={limit}:{limit}"], check=True)
		crowd = [edge.client() for _ in range(200)]
		edge.wait_line("connections wait")
		began, cpu = time.monotonic(), edge.cpu_seconds()
		assert client.request().status == 200
		wait_until(lambda: time.monotonic() > began + 2, "two seconds pass")
		share = (edge.cpu_seconds() - cpu) / (time.monotonic() - began)
		assert share < 0.05 * SLOWER, f"{share:.3f} of a CPU"
		assert client.request().status == 200
		for other in crowd:
			other.close()
	def served():
		with edge.client() as client:
			return client.request().status == 200
	wait_until(served, "it serves again")
	load = scene.closing(Load(edge.port, threads=2, fresh=True).start())
	load.reach(200)
	load.finish()


def measure(scene, direction, total):
	"""One body through the proxy: while the reader does not read, and all
	along, resident memory stays within 4 MiB of idle."""
	gate = threading.Event()
	sent = [0]
	got = []
	def script(connection):
		connection.read_until(b"\r\n\r\n")
		if direction == "down":
			connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
			    % total)
			pour(connection.sock, total, sent)
			return
		if b"/warm" in connection.seen:
			connection.send(OK)
			return
		gate.wait(60)
		got.append(len(connection.buffer) +
		    swallow(connection.sock, total - len(connection.buffer)))
		connection.send(OK)
	backend = scene.backend(script)
	edge = Edge(scene, backend)
	if direction == "up":
		with edge.client() as client:
			assert client.request("/warm").status == 200
	idle = edge.rss_kib()
	peak = [0]
	def watch():
		peak[0] = max(peak[0], edge.rss_kib())
		return False
	with edge.client() as client:
		if direction == "down":
			client.send(build("GET", "/", "test"))
			wait_until(has_stalled(sent), "the sender has to wait", 30)
			watch()
			client.read_until(b"\r\n\r\n")
			reader = threading.Thread(target=lambda: got.append(
			    len(client.buffer) +
			    swallow(client.sock, total - len(client.buffer))),
			    daemon=True)
		else:
			client.send(POST + b"Content-Length: %d\r\n\r\n" % total)
			writer = threading.Thread(target=pour, daemon=True,
			    args=(client.sock, total, sent))
			writer.start()
			wait_until(has_stalled(sent), "the sender has to wait", 30)
			watch()
			reader = threading.Thread(target=lambda: got.append(
			    client.read_reply().status), daemon=True)
		assert sent[0] < 16 << 20, f"{sent[0]} bytes are kept"
		reader.start()
		gate.set()
		wait_until(lambda: watch() or not reader.is_alive(), "all of it", 60)
	wanted = [total] if direction == "down" else [total, 200]
	assert got == wanted, got
	if VARIANT == "release":
		assert peak[0] - idle < 4096, f"{idle} KiB idle, {peak[0]} KiB"


@scenario
def d58_slow_reader_of_a_gigabyte(scene):
	measure(scene, "down", GIB if VARIANT == "release" else GIB >> 3)


@scenario
def d58_slow_back_end_for_a_gigabyte(scene):
	measure(scene, "up", GIB if VARIANT == "release" else GIB >> 3)


@scenario
def d58_slow_readers_hold_back_nobody_else(scene):
	"""Hundred callers that do not read; the others are served as before."""
	def script(connection):
		while (request := connection.read_request()) is not None:
			if request.target == "/big":
				connection.send(b"HTTP/1.1 200 OK\r\n"
				    b"Content-Length: 100000000\r\n\r\n")
				pour(connection.sock, 100000000, [0])
			connection.send(OK)
	edge = Edge(scene, scene.backend(script))
	idle = edge.rss_kib()
	slow = []
	for _ in range(100):
		client = edge.client()
		scene.closing(client)
		client.send(build("GET", "/big", "test"))
		slow.append(client)
	for client in slow:
		client.read_until(b"\r\n\r\n")
	load = scene.closing(Load(edge.port, threads=4).start())
	load.reach(2000)
	load.finish()
	assert load.slowest < 1 * SLOWER, load.slowest
	if VARIANT == "release":
		# 64 KiB and a little at each of the two sides.
		assert edge.rss_kib() - idle < 100 * 300, edge.rss_kib() - idle


@scenario
def d62_access_log_that_nobody_reads(scene):
	"""Lines are dropped and counted; no request waits for them."""
	fifo = scene.dir / "access"
	os.mkfifo(fifo)
	reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
	edge = Edge(scene, scene.backend(serve),
	    options=("--access-log", fifo))
	idle = edge.rss_kib()
	load = scene.closing(Load(edge.port, threads=8).start())
	load.reach(10000)
	load.finish()
	assert load.slowest < 1 * SLOWER, load.slowest
	if VARIANT == "release":
		assert edge.rss_kib() - idle < 4096, edge.rss_kib() - idle
	os.set_blocking(reader, True)
	text = bytearray()
	def read():
		while data := os.read(reader, 65536):
			text.extend(data)
	threading.Thread(target=read, daemon=True).start()
	def is_written():
		with edge.client() as client:
			assert client.request("/read-again").status == 200
		return b"/read-again" in text
	wait_until(is_written, "lines come again")
	whole = text.count(b"\n")
	assert 0 < whole < 10000 and b'"path":"/plain"' in text
	edge.wait_line(r"\d+ lines were dropped")
	edge.stop()


@scenario
def d62_log_on_a_full_disk(scene):
	if not os.path.exists("/dev/full"):
		raise Skip("no /dev/full")
	edge = Edge(scene, scene.backend(serve),
	    options=("--access-log", "/dev/full"))
	load = scene.closing(Load(edge.port, threads=4).start())
	load.reach(2000)
	load.finish()


@scenario
def e66_interrupted_and_short_calls(scene):
	"""Every tenth call of the network ends in EINTR, buffers are small."""
	def script(connection):
		while (request := connection.read_request()) is not None:
			connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n"
			    % len(request.body) + request.body)
	edge = Edge(scene, scene.backend(script))
	log = scene.dir / "calls"
	trace = scene.start("strace", ["strace", "-f", "-qq", "-o", log,
	    "-p", edge.pid, "-e", "trace=recvmsg,sendmsg,accept4,connect",
	    *(word for call in ("recvmsg", "sendmsg", "accept4") for word in
	    ("-e", f"inject={call}:error=EINTR:when=3+10"))])
	def is_traced():
		with open(f"/proc/{edge.pid}/status") as status:
			return "TracerPid:\t0\n" not in status.read() or \
			    not trace.is_running()
	wait_until(is_traced, "strace attaches")
	if not trace.is_running():
		trace.asked_to_end = True
		raise Skip("strace may not attach")
	body = os.urandom(300000)
	for _ in range(10):
		with edge.client() as client:
			client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
			for chunked in (False, True):
				reply = client.request("/", method="POST", body=body,
				    chunked=chunked)
				assert reply.status == 200 and reply.body == body
	trace.stop()
	assert "INJECTED" in log.read_text()


@scenario
def e66_peers_that_vanish_while_we_write(scene):
	"""No SIGPIPE: the proxy lives on."""
	def script(connection):
		connection.read_until(b"\r\n\r\n")
		connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
		pour(connection.sock, 10000000, [0])
	edge = Edge(scene, scene.backend(script))
	for number in range(50):
		client = edge.client()
		client.send(build("GET", "/", "test") * 2)
		client.read_until(b"\r\n\r\n")
		if number % 2:
			client.reset()
		else:
			client.close()
	with edge.client() as client:
		assert len(client.request().body) == 10000000


if __name__ == "__main__":
	main()
