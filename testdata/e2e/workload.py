"""A client of the SPIFFE Workload API, made from workload.proto by Debian's
protocol buffer compiler and python3-grpcio."""

import subprocess
import sys
import tempfile
from pathlib import Path

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

HEADER = (("workload.spiffe.io", "true"),)
PROTO = Path(__file__).with_name("workload.proto")


def _read_proto():
	with tempfile.TemporaryDirectory() as folder:
		out = Path(folder) / "set"
		subprocess.run(["/usr/bin/python3", "-m", "grpc_tools.protoc",
		    f"-I{PROTO.parent}", "--include_imports",
		    f"--descriptor_set_out={out}", str(PROTO)], check=True)
		files = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
	pool = descriptor_pool.DescriptorPool()
	for file in files.file:
		pool.Add(file)
	return pool


class Workload:
	"""One application that asks at the socket of its proxy.

	stream("FetchX509SVID") gives an iterator of messages, call("FetchJWTSVID",
	audience=["a"]) one message; both raise grpc.RpcError.
	"""

	pool = None

	def __init__(self, socket):
		Workload.pool = Workload.pool or _read_proto()
		self.service = self.pool.FindServiceByName("SpiffeWorkloadAPI")
		self.factory = message_factory.MessageFactory(self.pool)
		self.channel = grpc.insecure_channel(f"unix:{socket}", options=[
		    ("grpc.use_local_subchannel_pool", 1),
		    ("grpc.enable_http_proxy", 0)])

	def _method(self, name, kind):
		method = self.service.FindMethodByName(name)
		request, reply = (self.factory.GetPrototype(m)
		    for m in (method.input_type, method.output_type))
		return request, getattr(self.channel, kind)(
		    f"/SpiffeWorkloadAPI/{name}", request.SerializeToString,
		    reply.FromString)

	def stream(self, name, metadata=HEADER, timeout=20):
		request, run = self._method(name, "unary_stream")
		return run(request(), metadata=metadata, timeout=timeout)

	def call(self, name, metadata=HEADER, timeout=20, **fields):
		request, run = self._method(name, "unary_unary")
		return run(request(**fields), metadata=metadata, timeout=timeout)

	def close(self):
		self.channel.close()


if __name__ == "__main__":
	print(next(Workload(sys.argv[1]).stream("FetchX509SVID")))
