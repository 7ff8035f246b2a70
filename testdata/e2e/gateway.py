"""A standalone proxy that runs the Gateways of a directory, for scenarios about
what comes in from outside.

    gateway = Gateway(scene, documents)
    ... gateway.get("/path", "host.example") ...
    gateway.write("routes", other_documents)
"""

import base64
import ssl
import subprocess
from contextlib import contextmanager

import wire
from mesh import Proxy

SERVICE = """
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: {namespace}}}
spec:
  ports:
  - {{name: http, port: 80, targetPort: 8080, appProtocol: http}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: {name}-1
  namespace: {namespace}
  labels: {{kubernetes.io/service-name: {name}}}
addressType: IPv4
ports: [{{name: http, port: {port}}}]
endpoints:
- addresses: ["127.0.0.1"]
"""


@contextmanager
def no_such_name():
	"""What is inside is refused for the server name that it asks for."""
	try:
		yield
	except ssl.SSLError as why:
		assert "UNRECOGNIZED_NAME" in str(why).upper().replace(" ", "_"), why
	else:
		raise AssertionError("a name that nobody has was let in")


def service(name, port, namespace="default"):
	"""A Service with one endpoint, as YAML."""
	return SERVICE.format(name=name, port=port, namespace=namespace)


def gateway(listeners, name="edge", namespace="default"):
	"""A Gateway; listeners are YAML flow maps."""
	return "\n".join(("---", "apiVersion: gateway.networking.k8s.io/v1",
	    "kind: Gateway",
	    f"metadata: {{name: {name}, namespace: {namespace}}}",
	    "spec:", "  gatewayClassName: mesh", "  listeners:",
	    *(f"  - {{{one}}}" for one in listeners), ""))


def route(name, backend, parent="name: edge", hosts=(), path="/",
    namespace="default"):
	"""An HTTPRoute with one rule."""
	hostnames = f"  hostnames: [{', '.join(hosts)}]\n" if hosts else ""
	return (f"---\napiVersion: gateway.networking.k8s.io/v1\n"
	    f"kind: HTTPRoute\nmetadata: {{name: {name}, "
	    f"namespace: {namespace}}}\nspec:\n  parentRefs: [{{{parent}}}]\n"
	    f"{hostnames}  rules:\n  - matches: [{{path: {{value: {path}}}}}]\n"
	    f"    backendRefs: [{{name: {backend}, port: 80}}]\n")


def streams(kind, name, backends, parent="name: edge", hosts=(),
    namespace="default"):
	"""A TCPRoute or TLSRoute; backends are names, or {name: weight}."""
	weights = backends if isinstance(backends, dict) else \
	    dict.fromkeys(backends, 1)
	hostnames = "  hostnames: [" + ", ".join(f'"{host}"' for host in hosts) + \
	    "]\n" if hosts else ""
	return (f"---\napiVersion: gateway.networking.k8s.io/v1\n"
	    f"kind: {kind}\nmetadata: {{name: {name}, "
	    f"namespace: {namespace}}}\nspec:\n  parentRefs: [{{{parent}}}]\n"
	    f"{hostnames}  rules:\n  - backendRefs:\n" + "".join(
	    f"    - {{name: {one}, port: 80, weight: {weight}}}\n"
	    for one, weight in weights.items()))


def certificate(scene, name, *hosts, kind="ec"):
	"""A self-signed pair by openssl; gives the paths of it and of its key."""
	cert, key = scene.dir / f"{name}.crt", scene.dir / f"{name}.key"
	algorithm = ["rsa:2048"] if kind == "rsa" else \
	    ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
	subprocess.run(["openssl", "req", "-x509", "-newkey", *algorithm,
	    "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "1",
	    "-subj", f"/CN={name}", "-addext", "subjectAltName=" + ",".join(
	    f"DNS:{host}" for host in hosts)], check=True, capture_output=True)
	return cert, key


def secret(name, pair, namespace="default"):
	cert, key = (base64.b64encode(path.read_bytes()).decode()
	    for path in pair)
	return (f"---\napiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\n"
	    f"metadata: {{name: {name}, namespace: {namespace}}}\n"
	    f"data: {{tls.crt: {cert}, tls.key: {key}}}\n")


def trust(*certs):
	"""A client's side that believes these certificates."""
	tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	for cert in certs:
		tls.load_verify_locations(str(cert))
	return tls


class Gateway(Proxy):
	"""mesh proxy --standalone; its Gateways open their ports at address."""

	address = "127.0.0.1"

	def __init__(self, scene, documents, name="gateway", options=()):
		self.config = scene.dir / f"{name}.d"
		self.config.mkdir()
		self.write("documents", documents)
		super().__init__(scene, name, standalone=self.config,
		    options=["--listen-address", self.address, *options])
		scene.add(self)
		self.await_ready()

	def write(self, name, text):
		"""Puts documents in place at once, as an editor does."""
		hidden = self.config / f".{name}.new"
		hidden.write_text(text)
		hidden.rename(self.config / f"{name}.yaml")

	def get(self, port, target="/", host="test", **options):
		return wire.get(f"{self.address}:{port}", target, host=host,
		    **options)

	def client(self, port, sni=None, tls=None):
		"""A connection, by TLS if there is a context."""
		client = wire.Client(f"{self.address}:{port}")
		if tls:
			client.sock = tls.wrap_socket(client.sock,
			    server_hostname=sni)
		return client
