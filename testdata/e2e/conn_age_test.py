#!/usr/bin/python3
# timeout: 120
"""How long connections of HTTP last, and what HTTP/2 may do on them, as
MeshConfig and BackendPolicy say: nothing is lost when one ends.
"""

import re
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc

from edge import Edge, Managed, stays_quiet
from h2_peer import Peer, dies
from h2_wire import (ACK, END_STREAM, ENHANCE_YOUR_CALM, GOAWAY,
    INITIAL_WINDOW_SIZE, MAX_CONCURRENT_STREAMS, MAX_FRAME_SIZE,
    MAX_HEADER_LIST_SIZE, NO_ERROR, PING, WINDOW_MAX, data, get, ping, post,
    rst, settings)
from mesh import curl, free_port, main, scenario, wait_until

WAIT = 20
MESH_CONFIG = """apiVersion: mesh/v1
kind: MeshConfig
metadata: {name: default}
spec:
  http:
"""


def configure(edge, text):
	before = edge.reloads()
	edge.write("mesh", MESH_CONFIG + text)
	wait_until(lambda: edge.reloads() > before, "MeshConfig is read")
	return edge


class Served(Edge):
	"""A proxy before an echo, with what MeshConfig says of connections."""

	def __init__(self, scene, text):
		super().__init__(scene, scene.echo("app").http_port)
		configure(self, text)

	def peer(self, **how):
		return Peer(self.address, **how)


def next_goaway(peer):
	return peer.read_until_frame(lambda seen: seen.kind == GOAWAY)


@scenario
def old_connection_of_http2_ends_in_two_steps(scene):
	edge = Served(scene, "    maxConnectionDuration: 1s\n")
	with edge.peer() as peer:
		peer.send(post(1))
		first = next_goaway(peer)
		assert (first.number, first.code) == (WINDOW_MAX, NO_ERROR), first
		mark = peer.read_until_frame(lambda seen: seen.kind == PING)
		# The peer began another before it knew.
		assert peer.ask(3).status == 200
		peer.send(ping(mark.payload, ACK))
		second = next_goaway(peer)
		assert (second.number, second.code) == (3, NO_ERROR), second
		peer.send(get(5))	# which it may not
		peer.send(data(1, b"rest", END_STREAM))
		assert peer.read_reply(1).status == 200
		assert peer.read_end() in dies(NO_ERROR)
		assert peer.replies[5].fields is None


@scenario
def streams_are_cut_when_the_grace_has_passed(scene):
	edge = Served(scene, "    maxConnectionDuration: 1s\n"
	    "    maxConnectionGrace: 1s\n")
	with edge.peer() as peer:
		peer.send(post(1))
		next_goaway(peer)
		assert peer.read_end() in dies(NO_ERROR)
		assert not peer.replies[1].is_whole


@scenario
def connections_take_so_many_requests(scene):
	edge = Served(scene, "    maxRequestsPerConnection: 3\n")
	with edge.peer() as peer:
		assert peer.ask(1).status == 200
		assert peer.ask(3).status == 200
		assert peer.ending() is None
		assert peer.ask(5).status == 200
		assert next_goaway(peer).code == NO_ERROR
	with edge.client() as client:
		for last in (False, False, True):
			client.send(b"GET /plain HTTP/1.1\r\nhost: a\r\n\r\n")
			reply = client.read_reply()
			assert reply.status == 200
			assert (reply.get("connection") == "close") == last, \
			    reply.head
		assert client.wait_end() == "end"


@scenario
def callers_of_http1_lose_nothing(scene):
	edge = Served(scene, "    maxConnectionDuration: 300ms\n")
	done = subprocess.run(["h2load", "--h1", "-D2", "-c8", "-m1", "-t1",
	    f"http://{edge.address}/plain"], capture_output=True, text=True,
	    timeout=60, check=True).stdout
	counts = {what: int(n) for n, what in re.findall(
	    r"(\d+) (succeeded|failed|errored|timeout)", done)}
	assert counts["succeeded"] > 100, done
	assert counts["failed"] == counts["errored"] == counts["timeout"] == 0, \
	    done


@scenario
def pooled_connections_of_http2_lose_nothing(scene):
	port = free_port()
	scene.nginx("origin", f"listen 127.0.0.1:{port} http2; "
	    "location / { return 200 $connection; }")
	edge = Managed(scene, port, protocol="kubernetes.io/h2c", policy=
	    "  connectionPool: {maxConnectionDuration: 100ms}\n")
	done = subprocess.run(["h2load", "-D2", "-c2", "-m16", "-t1",
	    f"http://{edge.address}/"], capture_output=True, text=True,
	    timeout=60, check=True).stdout
	assert re.search(r" 0 failed, 0 errored, 0 timeout", done), done
	# nginx counts its connections.
	assert int(curl(f"http://{edge.address}/").body) > 10


class Server:
	"""gRPC that says who it is."""

	def __init__(self, name):
		self.name = name.encode()
		self.streams = 0
		self.over = threading.Event()
		self.port = free_port()
		self.server = grpc.server(ThreadPoolExecutor(64))
		self.server.add_generic_rpc_handlers([
		    grpc.method_handlers_generic_handler("e2e.Who", {
			"Ask": grpc.unary_unary_rpc_method_handler(
			    lambda request, call: self.name),
			"Stay": grpc.unary_stream_rpc_method_handler(self.stay),
		    })])
		assert self.server.add_insecure_port(f"127.0.0.1:{self.port}")
		self.server.start()

	def stay(self, request, call):
		self.streams += 1
		yield self.name
		gone = threading.Event()
		call.add_callback(gone.set)
		while not gone.wait(0.05) and not self.over.is_set():
			pass

	def close(self):
		self.over.set()
		self.server.stop(0).wait(WAIT)


class Caller:
	"""Streams that are opened again whenever they end, and single calls."""

	def __init__(self, address, streams):
		self.channel = grpc.insecure_channel(address, options=[
		    ("grpc.enable_http_proxy", 0),
		    ("grpc.default_authority", "web.default.mesh")])
		self.is_over = False
		self.errors = []
		self.cut = 0
		self.asked = 0
		self.threads = [threading.Thread(target=self.stay)
		    for _ in range(streams)] + \
		    [threading.Thread(target=self.ask)]
		for thread in self.threads:
			thread.start()

	def stay(self):
		while not self.is_over:
			try:
				call = self.channel.unary_stream("/e2e.Who/Stay")(
				    b"", wait_for_ready=True, timeout=WAIT)
				for _ in call:
					pass
			except grpc.RpcError as error:
				if error.code() is grpc.StatusCode.UNAVAILABLE:
					self.cut += 1
				elif not self.is_over:
					self.errors.append(error)

	def ask(self):
		while not self.is_over:
			try:
				self.channel.unary_unary("/e2e.Who/Ask")(b"",
				    timeout=WAIT)
				self.asked += 1
			except grpc.RpcError as error:
				if not self.is_over:
					self.errors.append(error)

	def close(self):
		self.is_over = True
		self.channel.close()
		for thread in self.threads:
			thread.join(WAIT)


@scenario
def streams_of_grpc_reach_a_new_endpoint_within_the_age(scene):
	one, other = (scene.closing(Server(name)) for name in ("one", "other"))
	edge = configure(Managed(scene, one.port, protocol="grpc"),
	    "    maxConnectionDuration: 1s\n    maxConnectionGrace: 200ms\n")
	caller = scene.closing(Caller(edge.address, 8))
	wait_until(lambda: one.streams >= 8, "streams are open")
	before = edge.reloads()
	edge.set("web", one.port, other.port, protocol="grpc")
	wait_until(lambda: edge.reloads() > before, "the endpoint is known")
	wait_until(lambda: other.streams >= 2, "streams reach the new one", 10)
	wait_until(lambda: caller.cut >= 16, "streams were moved")
	assert not caller.errors, caller.errors[:3]


@scenario
def single_calls_of_grpc_are_never_lost(scene):
	one = scene.closing(Server("one"))
	edge = configure(Managed(scene, one.port, protocol="grpc",
	    policy="  connectionPool: {maxConnectionDuration: 100ms}\n"),
	    "    maxConnectionDuration: 200ms\n")
	caller = scene.closing(Caller(edge.address, 0))
	end = time.monotonic() + 3
	wait_until(lambda: time.monotonic() > end, "three seconds have passed")
	assert caller.asked > 50, caller.asked
	assert not caller.errors, caller.errors[:3]


# What may be said of HTTP/2

@scenario
def limits_of_http2_are_told_and_hold(scene):
	edge = Served(scene, """    http2:
      maxConcurrentStreams: 3
      initialStreamWindowSize: 2Ki
      maxHeaderListSize: 4Ki
      maxFrameSize: 32Ki
""")
	with edge.peer() as peer:
		assert peer.server[MAX_CONCURRENT_STREAMS] == 3
		assert peer.server[INITIAL_WINDOW_SIZE] == 2048
		assert peer.server[MAX_HEADER_LIST_SIZE] == 4096
		assert peer.server[MAX_FRAME_SIZE] == 32768
		assert peer.ask(1, "/plain", ("x", "y" * 3000)).status == 200
		assert peer.ask(3, "/plain", ("x", "y" * 4000)).status == 431
	with edge.peer(INITIAL_WINDOW_SIZE=1 << 20, MAX_FRAME_SIZE=1 << 20) as peer:
		peer.grant(0, 1 << 20)
		assert peer.ask(1, "/?size=100000").status == 200
		longest = max(len(seen.payload) for seen in peer.frames)
		assert 16384 < longest <= 32768, longest


@scenario
def floods_are_judged_as_it_is_said(scene):
	edge = Served(scene, """    http2:
      flood: {resets: 3, pings: 5, settings: 4, emptyData: 2}
""")
	for name, parts in (("pings", [ping()] * 6), ("settings", [settings()] * 5),
	    ("resets", [post(1 + 2 * i) + rst(1 + 2 * i) for i in range(4)]),
	    ("empty", [post(1)] + [data(1)] * 3)):
		with edge.peer() as peer:
			peer.send(b"".join(parts))
			assert peer.read_end() in dies(ENHANCE_YOUR_CALM), name


@scenario
def silent_callers_are_asked(scene):
	edge = Served(scene, """    http2:
      keepAlive: {interval: 1s, timeout: 300ms}
""")
	with edge.peer() as peer:
		peer.send(post(1))
		asked = peer.read_until_frame(lambda seen: seen.kind == PING)
		peer.send(ping(asked.payload, ACK))
		# Who answers stays; the next one is not answered.
		peer.read_until_frame(lambda seen: seen.kind == PING)
		assert peer.read_frame() is None
	with edge.peer() as peer:	# without streams nobody is asked
		assert stays_quiet(peer, 2)


if __name__ == "__main__":
	main()
