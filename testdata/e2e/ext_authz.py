"""Providers of authorization: one asked by HTTP, one by gRPC, as Envoy asks."""

import http.server
import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import grpc

from mesh import SLOWER, free_port
from proto import Proto

PACKAGE = "envoy.service.auth.v3"


class HttpProvider(http.server.ThreadingHTTPServer):
	"""Answers as says(request) says: a status, fields and a body.  What it was
	asked is in asked; while it is shut, answers wait."""

	daemon_threads = True
	request_queue_size = 64

	def __init__(self, says):
		super().__init__(("127.0.0.1", 0), Question)
		self.says = says
		self.asked = []
		self.is_open = threading.Event()
		self.is_open.set()
		threading.Thread(target=self.serve_forever, daemon=True).start()

	def handle_error(self, *_):
		"""Of a caller that went away there is nothing to say."""

	def close(self):
		self.is_open.set()
		self.shutdown()
		self.server_close()


class Question(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"
	wbufsize = -1		# an answer is one segment

	def any(self):
		length = int(self.headers.get("content-length", 0))
		asked = SimpleNamespace(command=self.command, path=self.path,
		    headers=self.headers, body=self.rfile.read(length))
		self.server.asked.append(asked)
		self.server.is_open.wait(20 * SLOWER)
		status, fields, body = self.server.says(asked)
		self.send_response(status)
		for name, value in fields:
			self.send_header(name, value)
		self.send_header("content-length", str(len(body)))
		self.end_headers()
		self.wfile.write(body)

	do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = any

	def do_HEAD(self):
		self.any()

	def log_message(self, *_):
		"""Who asks is in the tests' own words."""


class GrpcProvider:
	"""The same by gRPC; says(CheckRequest, CheckResponse) fills the latter."""

	proto = None

	def __init__(self, says):
		GrpcProvider.proto = GrpcProvider.proto or Proto("ext_authz.proto")
		self.says = says
		self.asked = []
		self.is_open = threading.Event()
		self.is_open.set()
		self.server_port = free_port()
		self.server = grpc.server(ThreadPoolExecutor(16))
		request = self.proto.make(f"{PACKAGE}.CheckRequest")
		self.reply = self.proto.make(f"{PACKAGE}.CheckResponse")
		self.server.add_generic_rpc_handlers((
		    grpc.method_handlers_generic_handler(
			f"{PACKAGE}.Authorization",
			{"Check": grpc.unary_unary_rpc_method_handler(
			    self.check, request.FromString,
			    self.reply.SerializeToString)}),))
		assert self.server.add_insecure_port(
		    f"127.0.0.1:{self.server_port}")
		self.server.start()

	def check(self, request, _):
		self.asked.append(request.attributes)
		self.is_open.wait(20 * SLOWER)
		reply = self.reply()
		self.says(request.attributes, reply)
		return reply

	def close(self):
		self.is_open.set()
		self.server.stop(0)
