"""A gRPC service of ours and its callers, by Debian's python3-grpcio.

No code is generated: messages are bytes.
"""

import queue
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc

from gateway import Gateway, gateway, route, service
from mesh import curl, free_port, wait_until

WAIT = 20		# seconds for what comes at once
LARGE = 1 << 20
EMPTY = b"\0" * 5	# a message
SIZES = [("grpc.max_receive_message_length", 4 * LARGE),
    ("grpc.max_send_message_length", 4 * LARGE),
    ("grpc.enable_http_proxy", 0), ("grpc.use_local_subchannel_pool", 1)]


class Store:
	"""A service with a method of every shape."""

	def __init__(self, has_health=True):
		self.cancelled = threading.Event()	# a call of wait was
		self.left = queue.Queue()	# seconds that callers of wait, slow gave
		self.tries = 0			# of second, end, late, try
		self.mends = False		# late is not
		self.serving = 1		# as ServingStatus; None: aborts
		self.checked = b""		# the last health check
		self.port = free_port()
		one, many = (grpc.unary_unary_rpc_method_handler,
		    grpc.unary_stream_rpc_method_handler)
		self.server = grpc.server(ThreadPoolExecutor(16), options=SIZES)
		handlers = [
		    grpc.method_handlers_generic_handler("e2e.Store", {
			"Echo": one(lambda request, call: request),
			"Fail": one(self.fail),
			"End": one(self.end),
			"Try": one(self.attempt),
			"Late": many(self.late),
			"Second": one(self.second),
			"Slow": one(self.slow),
			"Tell": one(self.tell),
			"Wait": one(self.wait),
			"Count": many(self.count),
			"Sum": grpc.stream_unary_rpc_method_handler(self.sum),
			"Chat": grpc.stream_stream_rpc_method_handler(self.chat),
		    })]
		if has_health:
			handlers.append(grpc.method_handlers_generic_handler(
			    "grpc.health.v1.Health", {"Check": one(self.check)}))
		self.server.add_generic_rpc_handlers(handlers)
		assert self.server.add_insecure_port(f"127.0.0.1:{self.port}")
		self.server.start()

	def close(self):
		self.server.stop(0).wait(WAIT)

	def check(self, request, call):
		self.checked = request
		if self.serving is None:
			call.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
		return bytes((8, self.serving))

	def fail(self, request, call):
		call.set_trailing_metadata([("why-bin", b"\0\xff\x01")])
		call.abort(grpc.StatusCode.FAILED_PRECONDITION, request.decode())

	def attempt(self, request, call):
		self.tries += 1
		return request

	def end(self, request, call):
		self.tries += 1
		call.abort(grpc.StatusCode[request.decode()], "as asked")

	def late(self, request, call):
		self.tries += 1
		yield request
		if not self.mends:
			call.abort(grpc.StatusCode[request.decode()], "half of it")

	def second(self, request, call):
		self.tries += 1
		if self.tries < 2:
			call.abort(grpc.StatusCode.UNAVAILABLE, "not yet")
		return request

	def slow(self, request, call):
		left = call.time_remaining()
		self.left.put(left)
		while left - call.time_remaining() < 0.2:
			threading.Event().wait(0.02)
		call.abort(grpc.StatusCode.UNAVAILABLE, "too slow")

	def tell(self, request, call):
		told = [(key, value) for key, value in call.invocation_metadata()
		    if key.startswith("e2e-")]
		call.send_initial_metadata([("first", "1"), *told])
		call.set_trailing_metadata([("last", "2"), *told])
		return request

	def wait(self, request, call):
		over = threading.Event()
		call.add_callback(over.set)
		self.left.put(call.time_remaining())
		if over.wait(WAIT):
			self.cancelled.set()
		return request

	def count(self, request, call):
		for i in range(int(request)):
			yield b"%d" % i

	def sum(self, requests, call):
		return b"%d" % sum(map(int, requests))

	def chat(self, requests, call):
		for request in requests:
			yield b"re: " + request


class Caller:
	def __init__(self, address, authority):
		self.address, self.authority = address, authority
		self.channel = grpc.insecure_channel(address, options=[*SIZES,
		    ("grpc.default_authority", authority)])
		self.close = self.channel.close

	def unary(self, method):
		return self.channel.unary_unary(f"/e2e.Store/{method}")

	def bare(self, method, *fields, body=EMPTY,
	    version="--http2-prior-knowledge"):
		"""A call by no library, which would have a clock of its own."""
		with tempfile.NamedTemporaryFile() as message:
			message.write(body)
			message.flush()
			given = [part for field in fields for part in ("-H", field)]
			return curl(f"http://{self.address}/e2e.Store/{method}",
			    version, "-H",
			    f"Host: {self.authority}", "-H",
			    "content-type: application/grpc", "-H", "te: trailers",
			    *given, "--data-binary", f"@{message.name}")

	def await_answers(self):
		def ask():
			try:
				return self.unary("Echo")(b"up", timeout=WAIT) == b"up"
			except grpc.RpcError as error:
				raise ValueError(error.details()) from None
		wait_until(ask, "the service answers")
		return self


def through_sidecars(scene):
	store = scene.closing(Store())
	control = scene.control()
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80=127.0.0.1:{store.port}/grpc"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	return store, scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh")).await_answers()


def through_gateway(scene, more=""):
	store = scene.closing(Store())
	port = free_port()
	Gateway(scene, gateway([f"name: g, port: {port}, protocol: HTTP"]) +
	    route("store", "store") + service("store", store.port).replace(
	    "appProtocol: http", "appProtocol: grpc") + more)
	return store, scene.closing(Caller(f"127.0.0.1:{port}",
	    "store.example.com")).await_answers()


SECOND = """---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: store-2
  namespace: default
  labels: {kubernetes.io/service-name: store}
addressType: IPv4
ports: [{name: http, port: %d}]
endpoints:
- addresses: ["127.0.0.1"]
"""


def with_store(scene, policy):
	"""A store with that BackendPolicy, asked through a Gateway."""
	return through_gateway(scene, "---\napiVersion: mesh/v1\n"
	    "kind: BackendPolicy\nmetadata: {name: store, namespace: default}\n"
	    f"spec:\n  targetRefs: [{{name: store}}]\n  {policy}\n")


def failure(call, *args, **options):
	"""The error that a call ends with."""
	try:
		call(*args, timeout=options.pop("timeout", WAIT), **options)
	except grpc.RpcError as error:
		return error
	raise AssertionError("the call did not fail")
