"""Pods of the conformance cases that speak HTTP/2 in plain text, which our echo
does not: by python3-h2, and as the gRPC service of those cases by
python3-grpcio.

No code is generated for its messages: they have two kinds of fields.
"""

import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import h2.config
import h2.connection
import h2.events

SERVICE = "gateway_api_conformance.echo_basic.grpcecho.GrpcEcho"
OPTIONS = [("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1)]
WAIT = 10		# seconds that one call may take


# Messages: fields of strings and of messages alone (protobuf, wire type 2)

def varint(number):
	out = bytearray()
	while number > 0x7f:
		out.append(number & 0x7f | 0x80)
		number >>= 7
	return bytes(out) + bytes([number])


def field(number, content):
	if isinstance(content, str):
		content = content.encode()
	return bytes([number << 3 | 2]) + varint(len(content)) + content


def fields(message):
	"""{number: [content, ...]}"""
	found, at = {}, 0

	def take_varint():
		nonlocal at
		number = shift = 0
		while True:
			byte = message[at]
			at += 1
			number |= (byte & 0x7f) << shift
			shift += 7
			if byte < 0x80:
				return number
	while at < len(message):
		tag = take_varint()
		assert tag & 7 == 2, f"wire type {tag & 7}"
		length = take_varint()
		found.setdefault(tag >> 3, []).append(message[at:at + length])
		at += length
	return found


def echo_response(method, metadata, namespace, pod):
	return field(1, b"".join((field(1, method),
	    *(field(2, field(1, key) + field(2, value)) for key, value in metadata
	    if isinstance(value, str)),
	    field(4, field(1, namespace) + field(4, pod)))))


# Servers

class GrpcPod(grpc.GenericRpcHandler):
	"""Answers Echo and EchoTwo with what it saw, and nothing else."""

	def __init__(self, namespace, name, address, port):
		self.namespace, self.name, self.address = namespace, name, address
		self.methods = []		# that were asked for
		self.server = grpc.server(ThreadPoolExecutor(4), options=OPTIONS)
		self.server.add_generic_rpc_handlers([self])
		assert self.server.add_insecure_port(f"{address}:{port}")
		self.server.start()

	def close(self):
		self.server.stop(0).wait(WAIT)

	def service(self, call):
		self.methods.append(call.method)
		if call.method not in (f"/{SERVICE}/Echo", f"/{SERVICE}/EchoTwo"):
			return None
		answer = echo_response(call.method, call.invocation_metadata,
		    self.namespace, self.name)
		return grpc.unary_unary_rpc_method_handler(lambda request, _: answer)


class H2Port:
	"""One more port of a pod: answers as echo does, by prior knowledge."""

	def __init__(self, namespace, name, address, port):
		self.name = f"{namespace}/{name}"
		self.socket = socket.create_server((address, port))
		self.conns = []
		threading.Thread(target=self.accept, daemon=True).start()

	def close(self):
		self.socket.close()
		for conn in self.conns:
			conn.close()

	def accept(self):
		while True:
			try:
				conn, _ = self.socket.accept()
			except OSError:
				return
			self.conns.append(conn)
			threading.Thread(target=self.serve, args=(conn,),
			    daemon=True).start()

	def serve(self, conn):
		protocol = h2.connection.H2Connection(h2.config.H2Configuration(
		    client_side=False, header_encoding="utf-8"))
		protocol.initiate_connection()
		requests = {}
		try:
			conn.sendall(protocol.data_to_send())
			while raw := conn.recv(65536):
				for event in protocol.receive_data(raw):
					self.take(protocol, requests, event)
				conn.sendall(protocol.data_to_send())
		except OSError:
			pass

	def take(self, protocol, requests, event):
		if isinstance(event, h2.events.RequestReceived):
			requests[event.stream_id] = event.headers
		elif isinstance(event, h2.events.StreamEnded):
			body = json.dumps(self.answer(requests.pop(event.stream_id)))
			protocol.send_headers(event.stream_id, [(":status", "200"),
			    ("content-type", "application/json")])
			protocol.send_data(event.stream_id, body.encode(), True)

	def answer(self, request):
		said, seen = {}, {}
		for name, value in request:
			(said if name[0] == ":" else seen).setdefault(name, []).append(
			    value)
		return {"name": self.name, "method": said[":method"][0],
		    "path": said[":path"][0], "host": said[":authority"][0],
		    "protocol": "HTTP/2", "headers": seen}


# The client's side

class Answer:
	"""What a call ended with; method, namespace and pod of who answered."""

	def __init__(self, code, message=None):
		self.code = code
		self.method = self.namespace = self.pod = ""
		if message is not None:
			seen = fields(fields(message)[1][0])
			self.method = seen[1][0].decode()
			where = fields(seen[4][0])
			self.namespace, self.pod = (where[n][0].decode()
			    for n in (1, 4))


def call(address, authority, method, metadata):
	"""Asks for a method of the service over a connection of its own."""
	options = [*OPTIONS, *([("grpc.default_authority", authority)]
	    if authority else ())]
	with grpc.insecure_channel(address, options=options) as channel:
		try:
			return Answer("OK", channel.unary_unary(
			    f"/{SERVICE}/{method}")(b"", timeout=WAIT,
			    metadata=[(name.lower(), value)
			    for name, value in metadata.items()]))
		except grpc.RpcError as error:
			return Answer(error.code().name)
