"""A standalone proxy in front of scripted back ends, for the scenarios about
plain HTTP/1.1.

    backend = scene.backend(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    edge = Edge(scene, backend)
    ... get(edge.port, "/") ...
    edge.set("web", backend.port, other.port)	# another set of endpoints
"""

import re
import select

from mesh import Proxy, wait_until
from wire import Client, dial

SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec:
  ports:
  - {{name: http, port: 80, targetPort: 8080, appProtocol: {protocol}}}
"""

SLICE = """
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-{number}
  namespace: default
  labels: {{kubernetes.io/service-name: {name}}}
addressType: IPv4
ports: [{{name: http, port: {port}}}]
endpoints:
- addresses: ["{host}"]
"""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def stays_quiet(stream, seconds):
	"""Waits until the peer says something or ends, but no longer than that."""
	return not select.select([stream.sock], [], [], seconds)[0]


def documents(name, ports, protocol="http", host="127.0.0.1"):
	"""A Service and a slice for each port, as YAML."""
	return SERVICE.format(name=name, protocol=protocol) + "".join(
	    SLICE.format(name=name, number=number, port=port, host=host)
	    for number, port in enumerate(ports))


class Edge(Proxy):
	"""mesh proxy --standalone with one service, "web", at self.port.

	backends are ports or things that have one; spec is what stands in the
	Proxy document besides what the harness says on the command line; config is
	a file in the directory that alone is read.
	"""

	def __init__(self, scene, *backends, name="edge", spec="", protocol="http",
	    config="", options=()):
		self.config = scene.dir / f"{name}.d"
		self.config.mkdir()
		if spec:
			self.write("proxy", "apiVersion: mesh/v1\nkind: Proxy\n"
			    f"metadata: {{name: {name}}}\nspec:\n{spec}")
		self.set("web", *backends, protocol=protocol)
		super().__init__(scene, name, standalone=self.config / config,
		    upstreams={"web": "default/web:80"}, options=options)
		scene.add(self)
		self.address = self.upstream["web"]
		self.port = int(self.address.rsplit(":", 1)[1])
		self.await_listening()

	def await_listening(self):
		wait_until(lambda: self.is_running() and
		    dial(self.address).close() is None, f"{self.name} listens")

	def write(self, name, text):
		"""Puts a document in place at once, as an editor does."""
		hidden = self.config / f".{name}.new"
		hidden.write_text(text)
		hidden.rename(self.config / f"{name}.yaml")

	def set(self, name, *backends, **how):
		"""The endpoints of a service."""
		self.write(name, documents(name, [backend if isinstance(backend, int)
		    else backend.port for backend in backends], **how))

	def reloads(self):
		"""How often the documents were read again."""
		return len(re.findall(r"documents in force", self.err()))

	def client(self, **options):
		return Client(self.port, **options)


def ask(edge, data, end=False):
	"""Sends bytes, reads one reply and says how the connection goes on:
	"open", "end" or "reset"."""
	with edge.client() as client:
		client.send(data)
		if end:
			client.end()
		reply = client.read_reply()
		if reply.get("connection", "").lower() == "close":
			return reply, client.wait_end(), bytes(client.buffer)
		return reply, "end" if client.is_ended() else "open", b""
