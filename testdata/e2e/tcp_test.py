#!/usr/bin/env python3
# timeout: 240
"""Bytes through a proxy without TLS: half-closes, resets, back-pressure."""

import json
import os
import re
import signal
import socket
import struct
import threading
import time

from mesh import ROOT, SLOWER, free_port, main, scenario, wait_until
from wire import get

PROXY = """
apiVersion: mesh/v1
kind: Proxy
metadata: {{name: edge}}
spec:
  accessLog: {access_log}
  upstreams:
  - {{listen: "127.0.0.1:{listen}", service: default/ledger, port: 7000}}
---
apiVersion: v1
kind: Service
metadata: {{name: ledger, namespace: default}}
spec:
  ports:
  - {{name: tcp, port: 7000}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ledger-1
  namespace: default
  labels: {{kubernetes.io/service-name: ledger}}
addressType: IPv4
ports: [{{name: tcp, port: {target}}}]
endpoints:
- addresses: ["127.0.0.1"]
"""


POLICY = """---
apiVersion: mesh/v1
kind: BackendPolicy
metadata: {{name: ledger, namespace: default}}
spec:
  targetRefs: [{{name: ledger}}]
  {says}
"""


def through(scene, target, access_log="none", policy=None, options=()):
	"""A proxy in front of a TCP port; gives it and its address."""
	listen = free_port()
	docs = scene.dir / "docs"
	scene.file("docs/mesh.yaml", PROXY.format(listen=listen, target=target,
	    access_log=access_log) + (POLICY.format(says=policy) if policy else ""))
	proxy = scene.proxy("edge", standalone=docs, options=options)
	proxy.wait_line(r"proxy: ready")
	return proxy, ("127.0.0.1", listen)


def read_all(sock):
	parts = []
	while part := sock.recv(65536):
		parts.append(part)
	return b"".join(parts)


def listening():
	"""A listening socket of our own, one connection at a time."""
	sock = socket.create_server(("127.0.0.1", 0))
	sock.settimeout(20)
	return sock, sock.getsockname()[1]


def reset(sock):
	sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
	    struct.pack("ii", 1, 0))
	sock.close()


@scenario
def upstreams_alone_still_have_an_outbound_listener_that_is_asked_for(scene):
	proxy, _ = through(scene, free_port())
	# CONNECT is the business of the outbound listener alone.
	reply = get(proxy.outbound_port, "ledger:7000", method="CONNECT",
	    host="ledger:7000")
	assert reply.status == 503, reply.status
	assert "is not opened" not in proxy.err(), proxy.err()


@scenario
def half_close_of_the_caller_is_passed_on(scene):
	app = scene.echo("ledger")
	_, address = through(scene, app.tcp_port)
	with socket.create_connection(address, timeout=20) as sock:
		sock.sendall(b"one\ntwo\n")
		sock.shutdown(socket.SHUT_WR)
		reply = read_all(sock)
	assert b"ledger: one\nledger: two\n" in reply, reply
	assert b"got 8 bytes" in reply, reply


@scenario
def a_connection_is_a_line_of_the_access_log(scene):
	app = scene.echo("ledger")
	proxy, address = through(scene, app.tcp_port, access_log="stdout")
	with socket.create_connection(address, timeout=20) as sock:
		sock.sendall(b"one\n")
		sock.shutdown(socket.SHUT_WR)
		reply = read_all(sock)
	line = json.loads(wait_until(proxy.out, "the line is written"))
	assert line["protocol"] == "TCP" and line["bytes_received"] == 4, line
	assert line["bytes_sent"] == len(reply), line
	assert line["upstream_cluster"] == "default/ledger", line
	section = re.search(r"^\.Sh CONNECTIONS IN THE ACCESS LOG\n(.*?)^\.Sh ",
	    (ROOT / "man/mesh-filters.7").read_text(), re.S | re.M)[1]
	members = re.findall(r"^\.Li ([a-z_]+)", section.split("members are")[1]
	    .split(".Pp\n")[0], re.M)
	assert set(members) == set(line), line


@scenario
def much_arrives_as_it_was_sent_and_is_counted(scene):
	"""Much goes through the proxy without being seen there."""
	server, port = listening()
	proxy, address = through(scene, port, access_log="stdout")
	sent = os.urandom(1 << 20) * (24 // SLOWER)

	def echo():
		peer, _ = server.accept()
		got = read_all(peer)
		peer.sendall(got)
		peer.close()

	with server, socket.create_connection(address, timeout=60) as sock:
		thread = threading.Thread(target=echo, daemon=True)
		thread.start()
		sock.sendall(sent)
		sock.sendall(b"and a little more")
		sock.shutdown(socket.SHUT_WR)
		got = read_all(sock)
		thread.join()
	sent += b"and a little more"
	assert got == sent, (len(got), len(sent))
	line = json.loads(wait_until(proxy.out, "the line is written"))
	assert line["bytes_received"] == line["bytes_sent"] == len(sent), line
	assert line["connection_termination_details"] == "finished", line


@scenario
def half_close_of_the_service_is_passed_on(scene):
	server, port = listening()
	_, address = through(scene, port)
	with server, socket.create_connection(address, timeout=20) as sock:
		peer, _ = server.accept()
		peer.settimeout(20)
		peer.sendall(b"bye")
		peer.shutdown(socket.SHUT_WR)
		assert read_all(sock) == b"bye"
		sock.sendall(b"still here")
		sock.shutdown(socket.SHUT_WR)
		assert read_all(peer) == b"still here"
		peer.close()


@scenario
def a_reset_by_either_side_is_a_reset_for_the_other(scene):
	server, port = listening()
	_, address = through(scene, port)
	with server:
		sock = socket.create_connection(address, timeout=20)
		peer, _ = server.accept()
		peer.settimeout(20)
		sock.sendall(b"x")
		assert peer.recv(1) == b"x"
		reset(sock)
		try:
			got = peer.recv(1)
			raise AssertionError(f"a clean end of {got!r} after a reset")
		except ConnectionResetError:
			pass
		peer.close()
		sock = socket.create_connection(address, timeout=20)
		peer, _ = server.accept()
		peer.sendall(b"y")
		assert sock.recv(1) == b"y"
		reset(peer)
		try:
			got = sock.recv(1)
			raise AssertionError(f"a clean end of {got!r} after a reset")
		except ConnectionResetError:
			pass
		sock.close()


@scenario
def a_service_that_speaks_first_is_heard(scene):
	server, port = listening()
	_, address = through(scene, port)
	with server, socket.create_connection(address, timeout=20) as sock:
		peer, _ = server.accept()
		peer.sendall(b"220 hello\r\n")
		assert sock.recv(100) == b"220 hello\r\n"
		peer.close()


@scenario
def nobody_at_the_endpoint_is_a_reset(scene):
	server, port = listening()
	server.close()
	_, address = through(scene, port)
	try:
		with socket.create_connection(address, timeout=20) as sock:
			got = sock.recv(1)
		raise AssertionError(f"a clean end of {got!r}")
	except ConnectionResetError:
		pass


def cut_off(sock):
	"""Reads on until the reset, which is to come."""
	try:
		while sock.recv(65536):
			pass
		raise AssertionError("a clean end of what was cut off")
	except ConnectionResetError:
		pass


def line_says(proxy, flag, details):
	line = json.loads(wait_until(proxy.out, "the line is written"))
	assert line["response_flags"] == flag, line
	assert line["connection_termination_details"] == details, line
	return line


@scenario
def a_connection_at_rest_is_cut_off(scene):
	server, port = listening()
	proxy, address = through(scene, port, "stdout", "tcp: {idleTimeout: 400ms}")
	with server, socket.create_connection(address, timeout=20) as sock:
		peer, _ = server.accept()
		peer.settimeout(20)
		# Both ways count, and each byte begins the time anew.
		for one, other in [(sock, peer), (peer, sock)]:
			since = time.monotonic()
			one.sendall(b"x")
			assert other.recv(1) == b"x"
		cut_off(sock)
		assert time.monotonic() - since >= 0.4
		cut_off(peer)
	line_says(proxy, "SI", "idle")
	assert proxy.metrics().sum("mesh_tcp_connections_closed_total",
	    reason="idle") == 1


@scenario
def a_connection_lasts_no_longer_than_allowed(scene):
	"""However busy it is: what passes unseen has the same clock."""
	server, port = listening()
	proxy, address = through(scene, port, "stdout",
	    "tcp: {idleTimeout: 0s, maxDuration: 600ms}")
	since = time.monotonic()
	with server, socket.create_connection(address, timeout=20) as sock:
		peer, _ = server.accept()
		peer.settimeout(20)
		thread = threading.Thread(target=cut_off, args=[peer], daemon=True)
		thread.start()
		try:
			while True:
				sock.sendall(b"x" * 65536)
		except (ConnectionResetError, BrokenPipeError):
			pass
		assert time.monotonic() - since >= 0.6
		thread.join()
	line = line_says(proxy, "DT", "limit")
	assert line["duration"] >= 600 and line["bytes_received"] > 65536, line


@scenario
def no_more_connections_are_made_than_the_policy_allows(scene):
	server, port = listening()
	proxy, address = through(scene, port, "stdout",
	    "circuitBreaker: {maxConnections: 2}")
	with server:
		kept = []
		for _ in range(2):
			sock = socket.create_connection(address, timeout=20)
			peer, _ = server.accept()
			peer.settimeout(20)
			kept.append((sock, peer))
		try:
			with socket.create_connection(address, timeout=20) as sock:
				cut_off(sock)
		except ConnectionResetError:	# before we looked
			pass
		line_says(proxy, "UO", "connect")
		assert proxy.metrics().sum("mesh_upstream_overflows_total",
		    destination_service="ledger", reason="connection_limit") == 1
		# There is room again as soon as one has ended.
		for end in kept[0]:
			end.shutdown(socket.SHUT_WR)
		wait_until(lambda: proxy.metrics().sum(
		    "mesh_tcp_connections_active") == 1, "one has ended")
		with socket.create_connection(address, timeout=20) as sock:
			peer, _ = server.accept()
			peer.sendall(b"x")
			assert sock.recv(1) == b"x"
			peer.close()
		for end in kept[1]:
			end.close()


@scenario
def bytes_are_counted_while_a_connection_lives(scene):
	server, port = listening()
	proxy, address = through(scene, port)
	with server, socket.create_connection(address, timeout=20) as sock:
		peer, _ = server.accept()
		for _ in range(2):
			sock.sendall(b"12345")
			peer.sendall(b"123")
		wait_until(lambda: proxy.metrics().sum(
		    "mesh_tcp_received_bytes_total") == 10, "bytes are counted", 25)
		assert proxy.metrics().sum("mesh_tcp_sent_bytes_total") == 6
		peer.close()


@scenario
def a_stop_leaves_connections_the_drain_time(scene):
	server, port = listening()
	proxy, address = through(scene, port, "stdout",
	    options=["--drain-time", "1s"])
	with server, socket.create_connection(address, timeout=20) as sock:
		peer, _ = server.accept()
		peer.settimeout(20)
		since = time.monotonic()
		proxy.asked_to_end = True
		proxy.signal(signal.SIGTERM)
		proxy.wait_line(r"proxy: draining")
		sock.sendall(b"still here")
		assert peer.recv(100) == b"still here"
		# Nobody is to take it for the end of what was said.
		cut_off(sock)
		assert time.monotonic() - since >= 1
		cut_off(peer)
	assert proxy.wait() == 0
	line_says(proxy, "LR", "drained")


def stalled_reader_holds_the_source(scene, source, sink, proxy, total):
	"""source sends total bytes; sink reads nothing until the source stands
	still, then everything.  The proxy's memory stays where it was."""
	idle = proxy.rss_kib()
	sent = [0]

	def send():
		block = b"x" * 65536
		while sent[0] < total:
			sent[0] += source.send(block[:total - sent[0]])
		source.shutdown(socket.SHUT_WR)

	thread = threading.Thread(target=send, daemon=True)
	thread.start()
	last = [-1, 0]

	def stands_still():
		last[1] = last[1] + 1 if sent[0] == last[0] else 0
		last[0] = sent[0]
		return last[1] > 20

	wait_until(stands_still, "the source is slowed down", 30)
	assert sent[0] < total, "nothing slowed the source down"
	most, got, seen = proxy.rss_kib(), 0, 0
	while part := sink.recv(1 << 20):
		got += len(part)
		if got - seen > total // 64:
			seen = got
			most = max(most, proxy.rss_kib())
	thread.join()
	most = max(most, proxy.rss_kib())
	assert got == total, (got, total)
	assert most - idle < 4096, f"{most - idle} KiB more than the {idle} of idle"


@scenario
def a_slow_reader_holds_a_gigabyte_back(scene):
	server, port = listening()
	proxy, address = through(scene, port)
	total = (1 << 30) // SLOWER ** 2
	with server, socket.create_connection(address, timeout=60) as sock:
		peer, _ = server.accept()
		peer.settimeout(60)
		sock.sendall(b"x")
		assert peer.recv(1) == b"x"
		stalled_reader_holds_the_source(scene, peer, sock, proxy, total)
		peer.close()


@scenario
def a_slow_service_holds_the_caller_back(scene):
	server, port = listening()
	proxy, address = through(scene, port)
	with server, socket.create_connection(address, timeout=60) as sock:
		peer, _ = server.accept()
		peer.settimeout(60)
		peer.sendall(b"x")
		assert sock.recv(1) == b"x"
		stalled_reader_holds_the_source(scene, sock, peer, proxy, 1 << 27)
		peer.close()


if __name__ == "__main__":
	main()
