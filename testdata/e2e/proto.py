"""Messages of protocol buffers, by Debian's compiler and library for them."""

import subprocess
import tempfile
from pathlib import Path

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory


class Proto:
	"""What a file beside this one describes: make("pkg.Name") is a class."""

	def __init__(self, name):
		source = Path(__file__).with_name(name)
		with tempfile.TemporaryDirectory() as folder:
			out = Path(folder) / "set"
			subprocess.run(["/usr/bin/python3", "-m",
			    "grpc_tools.protoc", f"-I{source.parent}",
			    "--include_imports", f"--descriptor_set_out={out}",
			    str(source)], check=True)
			files = descriptor_pb2.FileDescriptorSet.FromString(
			    out.read_bytes())
		self.pool = descriptor_pool.DescriptorPool()
		for file in files.file:
			self.pool.Add(file)
		self.factory = message_factory.MessageFactory(self.pool)

	def make(self, name):
		return self.of(self.pool.FindMessageTypeByName(name))

	def of(self, descriptor):
		return self.factory.GetPrototype(descriptor)
