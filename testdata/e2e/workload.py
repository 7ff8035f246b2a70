"""A client of the SPIFFE Workload API, made from workload.proto by Debian's
protocol buffer compiler and python3-grpcio."""

import sys

import grpc

from proto import Proto

HEADER = (("workload.spiffe.io", "true"),)


class Workload:
	"""One application that asks at the socket of its proxy.

	stream("FetchX509SVID") gives an iterator of messages, call("FetchJWTSVID",
	audience=["a"]) one message; both raise grpc.RpcError.
	"""

	proto = None

	def __init__(self, socket):
		Workload.proto = Workload.proto or Proto("workload.proto")
		self.service = self.proto.pool.FindServiceByName(
		    "SpiffeWorkloadAPI")
		self.channel = grpc.insecure_channel(f"unix:{socket}", options=[
		    ("grpc.use_local_subchannel_pool", 1),
		    ("grpc.enable_http_proxy", 0)])

	def _method(self, name, kind):
		method = self.service.FindMethodByName(name)
		request, reply = (self.proto.of(m)
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
