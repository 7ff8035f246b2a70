#!/usr/bin/python3
# timeout: 90
"""Calls of gRPC that one end breaks off: the other one is told, and how.

The callers are Debian's python3-grpcio, and curl by gRPC-Web.  The service is
python3-h2, which can break a call off in any way; its path says which.
"""

import queue
import subprocess

import grpc
import h2.config
import h2.connection
import h2.errors
import h2.events

from gateway import Gateway, gateway, route, service
from grpc_store import EMPTY, WAIT, Caller
from mesh import free_port, main, scenario, wait_until

HEAD = [(":status", "200"), ("content-type", "application/grpc")]


class Breaker:
	"""Ends calls as their path says; reads resets of callers."""

	def __init__(self, scene):
		self.resets = queue.Queue()	# codes
		self.began = queue.Queue()	# paths
		self.done = set()		# those that were
		self.backend = scene.backend(self.serve)

	def serve(self, connection):
		h2c = h2.connection.H2Connection(h2.config.H2Configuration(
		    client_side=False, header_encoding="utf-8"))
		h2c.initiate_connection()
		sock = connection.sock
		sock.settimeout(0.05)
		sock.sendall(h2c.data_to_send())
		dripping = set()
		while True:
			try:
				got = sock.recv(65536)
			except TimeoutError:
				for stream in dripping:
					h2c.send_data(stream, EMPTY)
				sock.sendall(h2c.data_to_send())
				continue
			if not got:
				return
			for event in h2c.receive_data(got):
				if isinstance(event, h2.events.RequestReceived):
					path = dict(event.headers)[":path"]
					if path.endswith("-drip"):
						dripping.add(event.stream_id)
					if not self.answer(h2c, event.stream_id, path):
						sock.sendall(h2c.data_to_send())
						return
				elif isinstance(event, h2.events.StreamReset):
					self.resets.put(event.error_code)
					dripping.discard(event.stream_id)
			sock.sendall(h2c.data_to_send())

	def answer(self, h2c, stream, path):
		"""False: the connection ends."""
		what = path.rsplit("/", 1)[1].split("-")
		self.began.put(path)
		if what[0] == "Once" and path in self.done:
			what[1] = "ok"
		self.done.add(path)
		if what[0] == "After":
			h2c.send_headers(stream, HEAD)
			h2c.send_data(stream, EMPTY)
		if what[1] == "ok":
			h2c.send_headers(stream, HEAD)
			h2c.send_data(stream, EMPTY)
			h2c.send_headers(stream, [("grpc-status", "0")],
			    end_stream=True)
		elif what[1] not in ("close", "hang", "drip"):
			h2c.reset_stream(stream, h2.errors.ErrorCodes[what[1]])
		return what[1] != "close"


def through_sidecars(scene):
	breaker = Breaker(scene)
	control = scene.control()
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80=127.0.0.1:{breaker.backend.port}/grpc"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	return breaker, scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh"))


def through_gateway(scene, more=""):
	breaker = Breaker(scene)
	port = free_port()
	Gateway(scene, gateway([f"name: g, port: {port}, protocol: HTTP"]) +
	    route("store", "store") + service("store", breaker.backend.port)
	    .replace("appProtocol: http", "appProtocol: grpc") + more)
	return breaker, scene.closing(Caller(f"127.0.0.1:{port}",
	    "store.example.com"))


def policy(words, more=""):
	return ("---\napiVersion: mesh/v1\nkind: BackendPolicy\nmetadata: "
	    "{name: store, namespace: default}\nspec:\n  targetRefs: "
	    f"[{{name: store}}]\n  retry: {{on: [{words}], {more}backoff: 1ms}}\n")


def on_both_ways(check):
	"""Makes two scenarios of a check of a breaker and its caller."""
	for way, start in (("sidecars", through_sidecars),
	    ("a_gateway", through_gateway)):
		def one(scene, start=start):
			breaker, caller = start(scene)
			wait_until(lambda: list(call(caller, "At-ok")) == [b""],
			    "the service answers")
			check(breaker, caller)
		one.__name__ = f"{check.__name__}_through_{way}"
		scenario(one)
	return check


def call(caller, path):
	try:
		yield from caller.channel.unary_stream(f"/e2e.Store/{path}")(b"",
		    timeout=WAIT)
	except grpc.RpcError as error:
		yield error


@on_both_ways
def a_caller_is_told_how_the_service_broke_off(_breaker, caller):
	for how, code in (("CANCEL", "CANCELLED"),
	    ("INTERNAL_ERROR", "UNAVAILABLE"), ("close", "UNAVAILABLE")):
		error, = call(caller, f"At-{how}")
		assert error.code().name == code, (how, error)
		# What came before that is not lost.
		message, error = call(caller, f"After-{how}")
		assert message == b"", (how, message)
		assert error.code().name == code, (how, error)
		told = dict(error.trailing_metadata())
		assert told["proxy-status"].startswith("mesh; error="), told
	assert list(call(caller, "At-ok")) == [b""]


@on_both_ways
def a_service_is_told_that_its_caller_has_left(breaker, caller):
	for path in ("At-hang", "After-hang"):
		breaker.began.queue.clear()
		stream = caller.channel.unary_stream(f"/e2e.Store/{path}")(b"",
		    timeout=WAIT)
		assert breaker.began.get(timeout=WAIT).endswith(path)
		if path == "After-hang":
			assert next(stream) == b""
		stream.cancel()
		code = breaker.resets.get(timeout=WAIT)
		assert code == h2.errors.ErrorCodes.CANCEL, code
	# And that its time is over.
	stream = caller.channel.unary_stream("/e2e.Store/After-hang")(b"",
	    timeout=0.3)
	assert next(stream) == b""
	assert breaker.resets.get(timeout=WAIT) == h2.errors.ErrorCodes.CANCEL
	assert list(call(caller, "At-ok")) == [b""]


@scenario
def what_broke_off_is_tried_again_by_the_status_it_would_have(scene):
	_, caller = through_gateway(scene, policy("unavailable, cancelled, "
	    "deadline-exceeded", "perTryTimeout: 300ms, "))
	for how in ("close", "CANCEL", "hang"):
		assert list(call(caller, f"Once-{how}")) == [b""], how
	# What broke the protocol may break it again.
	error, = call(caller, "Once-PROTOCOL_ERROR")
	assert error.code().name == "UNAVAILABLE", error


@scenario
def what_broke_off_and_has_another_status_is_not(scene):
	_, caller = through_gateway(scene, policy("internal"))
	for how, code in (("close", "UNAVAILABLE"), ("CANCEL", "CANCELLED")):
		error, = call(caller, f"Once-{how}")
		assert error.code().name == code, (how, error)


@scenario
def a_page_that_is_closed_ends_its_call(scene):
	breaker, caller = through_gateway(scene)
	page = subprocess.Popen(["curl", "-qsN", "--noproxy", "", "-H",
	    f"Host: {caller.authority}", "-H",
	    "content-type: application/grpc-web-text", "-d", "AAAAAAA=",
	    f"http://{caller.address}/e2e.Store/After-drip"],
	    stdout=subprocess.PIPE)
	try:
		assert page.stdout.read(8) == b"AAAAAAA="
	finally:
		page.kill()
		page.wait()
	assert breaker.resets.get(timeout=WAIT) == h2.errors.ErrorCodes.CANCEL


if __name__ == "__main__":
	main()
