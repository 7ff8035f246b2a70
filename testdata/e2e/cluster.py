"""What Kubernetes does around Gateway API documents, on loopback, for the
conformance cases.

A Cluster stands in for no more than that: the name of the class, an address for
each Gateway and each pod, an echo for each pod of a Deployment, an
EndpointSlice for each Service that selects them, a Secret that is referred to.
The documents themselves go to the proxies as they are.
"""

import base64
import os
import random
import socket
import subprocess

import yaml

import wire
from echo_pods import GrpcPod, H2Port
from mesh import BUILD, Process, Proxy, Skip, wait_until

POD_PORT, H2C_PORT = 3000, 3001
ROUTES = ("HTTPRoute", "GRPCRoute")
PLAINTEXT = {"mesh/plaintext": "true"}
PATIENCE = int(os.environ.get("MESH_PATIENCE", 30))	# seconds
CLASS = '"{GATEWAY_CLASS_NAME}"'
UNKNOWN = ("Deployment", "EndpointSlice", "ConfigMap")	# slices come filled in


def reserve_network():
	"""127.A.B, which no other harness is given while this process lives."""
	while True:
		net = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
		name = socket.socket(socket.AF_UNIX)
		try:
			name.bind(f"\0mesh-e2e-net-{net}")
		except OSError:
			name.close()
			continue
		return net, name


def need_low_ports(address):
	with socket.socket() as probe:
		try:
			probe.bind((address, 80))
		except PermissionError:
			raise Skip("port 80 needs a right that we lack") from None


def name_of(document):
	meta = document["metadata"]
	return meta.get("namespace", "default"), meta["name"]


class Pod(Process):
	"""An echo whose name is NAMESPACE/POD, at an address of its own."""

	def __init__(self, scene, namespace, name, address):
		super().__init__(scene, f"pod-{namespace}-{name}", [BUILD / "echo",
		    "--name", f"{namespace}/{name}", "--http",
		    f"{address}:{POD_PORT}"])
		self.address = address
		scene.closing(H2Port(namespace, name, address, H2C_PORT))
		self.wait_line(rf"^listening http {address}:{POD_PORT}")


class Recorder:
	"""A pod that answers 200 and keeps what it was asked, for mirrors."""

	def __init__(self, address):
		self.address = address
		self.backend = wire.Backend(b"HTTP/1.1 200 OK\r\n"
		    b"Content-Length: 0\r\n\r\n", host=address, port=POD_PORT)
		self.close = self.backend.close


class Absent:
	"""A pod that is listed and does not answer."""

	def __init__(self, address):
		self.address = address


class Edge(Proxy):
	"""The proxy of one Gateway."""

	def __init__(self, scene, gateway, control, address):
		namespace, name = name_of(gateway)
		self.address = address
		self.ports = {one["port"]: one["protocol"]
		    for one in gateway["spec"]["listeners"]}
		# A socket's path has little room for names.
		super().__init__(scene, "gw-" + address.replace(".", "-"),
		    control=control, gateway=f"{namespace}/{name}",
		    options=["--listen-address", address])


class Cluster:
	"""The documents of some files, at work.

	gateways maps (namespace, name) to an Edge.  recorded names the workloads
	that are a Recorder, as recorded[(namespace, name)]; dead the apps that have
	one more pod, which nobody reaches.
	"""

	def __init__(self, scene, files, recorded=(), dead=()):
		self.scene = scene
		self.net, self.reservation = reserve_network()
		scene.closing(self.reservation)
		need_low_ports(f"{self.net}.1")
		self.hosts = 0
		text = "\n---\n".join(path.read_text() for path in files)
		# Of what stands twice the later counts, as if applied in turn.
		self.documents = list({(one["kind"], name_of(one)): one for one in
		    yaml.safe_load_all(text.replace(CLASS, "mesh")) if one}
		    .values())
		self.control = scene.control()
		self.recorded = {}
		self.dead = dead
		self.pods = self.start_pods(set(recorded))
		self.apply(self.secrets() + [one for one in self.documents
		    if one["kind"] not in UNKNOWN] + self.slices())
		self.gateways = {name_of(one): scene.add(Edge(scene, one,
		    self.control, self.address())) for one in self.of("Gateway")
		    if self.is_meant(one)}
		for edge in self.gateways.values():
			edge.await_ready()

	def of(self, *kinds):
		return [one for one in self.documents if one["kind"] in kinds]

	def address(self):
		self.hosts += 1
		return f"{self.net}.{self.hosts}"

	def apply(self, documents):
		for one in documents:
			if one["kind"] == "Service":	# its pods have no sidecars
				one["metadata"].setdefault("annotations", {}).update(
				    PLAINTEXT)
		self.control.apply(yaml.safe_dump_all(documents))

	def delete(self, kind):
		"""All documents of a kind."""
		for namespace, name in map(name_of, self.of(kind)):
			self.control.ctl("delete", kind.lower(), name, "-n",
			    namespace, "--yes")

	def conditions(self, route):
		"""Of each parent of a route: {type: condition}."""
		namespace, name = name_of(route)
		shown = self.control.get(route["kind"].lower(), name, "-n", namespace)
		shown = shown["items"][0] if "items" in shown else shown
		return [{one["type"]: one for one in parent["conditions"]}
		    for parent in shown["status"]["parents"]]

	def parents(self):
		"""(namespace, name) of each Gateway that a route names, in order."""
		return [(ref.get("namespace", name_of(route)[0]), ref["name"])
		    for route in self.of(*ROUTES)
		    for ref in route["spec"].get("parentRefs", ())]

	def is_meant(self, gateway):
		return name_of(gateway) in self.parents()

	def backends(self):
		"""The names of Services that some route sends to."""
		found = set()

		def look(node):
			if isinstance(node, dict):
				for key, value in node.items():
					refs = {"backendRefs": value,
					    "backendRef": [value]}.get(key, ())
					found.update(ref["name"] for ref in refs)
					look(value)
			elif isinstance(node, list):
				for value in node:
					look(value)
		look([route["spec"] for route in self.of(*ROUTES)])
		return found

	# Workloads

	def wanted_apps(self):
		"""(namespace, app) that Services of routes select, or stand for."""
		wanted = self.backends()
		apps = {(name_of(one)[0], one["spec"]["selector"]["app"])
		    for one in self.of("Service") if name_of(one)[1] in wanted and
		    one["spec"].get("selector", {}).get("app")}
		if self.of("EndpointSlice"):	# filled with the pods of the first
			apps.add(("gateway-conformance-infra", "infra-backend-v1"))
		return apps

	def start_pod(self, deployment, name):
		namespace, _ = name_of(deployment)
		container, = deployment["spec"]["template"]["spec"]["containers"]
		if any(one["name"] == "GRPC_ECHO_SERVER"
		    for one in container.get("env", ())):
			return self.scene.closing(GrpcPod(namespace, name,
			    self.address(), POD_PORT))
		return self.scene.add(Pod(self.scene, namespace, name,
		    self.address()))

	def start_pods(self, recorded):
		pods = {}
		for one in self.of("Deployment"):
			namespace, name = name_of(one)
			labels = one["spec"]["template"]["metadata"]["labels"]
			app = namespace, labels.get("app")
			if app not in self.wanted_apps():
				continue
			if (namespace, name) in recorded:
				pod = Recorder(self.address())
				self.scene.closing(pod)
				self.recorded[namespace, name] = pod.backend
				pods.setdefault(app, []).append(pod)
				continue
			for number in range(one["spec"].get("replicas", 1)):
				pods.setdefault(app, []).append(self.start_pod(one,
				    f"{name}-{number}"))
			if app[1] in self.dead:
				pods[app].append(Absent(self.address()))
		return pods

	def slices(self):
		"""For each Service that selects pods; those without endpoints get
		the pods of the first workload, as the tests do it."""
		made = []
		for one in self.of("Service"):
			namespace, name = name_of(one)
			app = one["spec"].get("selector", {}).get("app")
			if pods := self.pods.get((namespace, app)):
				made.append(slice_for(namespace, name, pods, [
				    {"name": port.get("name", ""),
				        "port": port.get("targetPort", port["port"])}
				    for port in one["spec"]["ports"]]))
		pods = self.pods.get(("gateway-conformance-infra",
		    "infra-backend-v1"), ())
		for one in self.of("EndpointSlice"):
			if one["addressType"] == "IPv4":
				one["endpoints"] = endpoints(pods)
				made.append(one)
		return made

	# Certificates

	def secrets(self):
		there = {name_of(one) for one in self.of("Secret")}
		wanted = {(ref.get("namespace", name_of(gateway)[0]), ref["name"])
		    for gateway in self.of("Gateway")
		    for listener in gateway["spec"]["listeners"]
		    for ref in listener.get("tls", {}).get("certificateRefs", ())}
		return [self.secret(*one) for one in sorted(wanted - there)]

	def secret(self, namespace, name):
		cert, key = self.scene.dir / "tls.crt", self.scene.dir / "tls.key"
		subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048",
		    "-nodes", "-keyout", str(key), "-out", str(cert), "-days", "1",
		    "-subj", "/CN=example.org", "-addext", "subjectAltName="
		    "DNS:example.org,DNS:second-example.org,DNS:*.wildcard.org"],
		    check=True, capture_output=True)
		return {"apiVersion": "v1", "kind": "Secret",
		    "type": "kubernetes.io/tls",
		    "metadata": {"name": name, "namespace": namespace},
		    "data": {path.name: base64.b64encode(path.read_bytes()).decode()
		        for path in (cert, key)}}


def endpoints(pods):
	return [{"addresses": [pod.address]} for pod in pods]


def slice_for(namespace, name, pods, ports):
	return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
	    "metadata": {"name": f"{name}-pods", "namespace": namespace,
	        "labels": {"kubernetes.io/service-name": name}},
	    "addressType": "IPv4", "ports": ports, "endpoints": endpoints(pods)}


def settle(check, what):
	"""As the conformance tests: true three times in a row, within 30 s."""
	def three_times():
		for _ in range(3):
			check()
		return True
	wait_until(three_times, what, PATIENCE)
