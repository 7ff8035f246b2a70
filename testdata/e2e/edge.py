"""A standalone proxy in front of scripted back ends, for the scenarios about
plain HTTP/1.1.

    backend = scene.backend(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    edge = Edge(scene, backend)
    ... get(edge.port, "/") ...
    edge.set("web", backend.port, other.port)	# another set of endpoints

A Managed one has a BackendPolicy as well, and tells how its endpoints are.
"""

import json
import re
import select
import socket

from mesh import Proxy, wait_until
from wire import Client, dial, get

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

POLICY = """
apiVersion: mesh/v1
kind: BackendPolicy
metadata: {name: web, namespace: default}
spec:
  targetRefs: [{name: web}]
"""

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def reply(text, status="200 OK", fields=""):
	return (f"HTTP/1.1 {status}\r\n{fields}content-length: {len(text)}\r\n\r\n"
	    f"{text}").encode()


def stays_quiet(stream, seconds):
	"""Waits until the peer says something or ends, but no longer than that."""
	return not select.select([stream.sock], [], [], seconds)[0]


def unread_port(scene):
	"""Of an application that reads nothing, not even into its kernel."""
	listener = scene.closing(socket.socket())
	listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
	listener.bind(("127.0.0.1", 0))
	listener.listen(1024)
	return listener.getsockname()[1]


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


class Managed(Edge):
	"""A service web with these endpoints and a policy."""

	def __init__(self, scene, *endpoints, policy="", **how):
		super().__init__(scene, *endpoints, **how)
		if policy:
			self.policy(policy)

	def policy(self, text):
		before = self.reloads()
		self.write("policy", POLICY + text)
		wait_until(lambda: self.reloads() > before, "the policy is read")

	def move(self, *endpoints):
		"""Other endpoints, which are in force when this returns."""
		before = self.reloads()
		self.set("web", *endpoints)
		wait_until(lambda: self.reloads() > before, "they are read")

	def label(self, *endpoints):
		"""Marks them with version v1, v2 ..."""
		text = documents("web", [endpoint.port for endpoint in endpoints])
		for i, _ in enumerate(endpoints):
			text = text.replace("service-name: web}",
			    f"service-name: web, version: v{i + 1} }}", 1)
		before = self.reloads()
		self.write("web", text)
		wait_until(lambda: self.reloads() > before, "the labels are read")

	def ask(self, **options):
		return get(self.port, **options)

	def who(self, **options):
		answer = self.ask(**options)
		return answer.body.decode() if answer.status == 200 else \
		    answer.status

	def states(self):
		"""The state of each endpoint by its port."""
		config = json.loads(self.admin("/config").body)
		return {int(e["address"].rsplit(":", 1)[1]): e
		    for s in config["proxy"]["snapshot"]["services"]
		    for p in s["ports"] for e in p["endpoints"]}

	def state(self, endpoint):
		return self.states()[endpoint.port]["state"]


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
