"""The API of control as its callers see it, on raw HTTP.

  Api      requests over the local socket, or over TLS with a certificate.
  Member   a scripted proxy: joins, renews, holds a session and acknowledges;
           it knows its documents and computes their digest by itself.
"""

import hashlib
import json
import socket
import ssl
import subprocess
import time

from mesh import SLOWER
from wire import Client

ID = "spiffe://mesh.internal"


class Reply:
	def __init__(self, message):
		self.status = message.status
		self.message = message
		self.fields = message
		self.text = message.body.decode()

	def json(self):
		return json.loads(self.text)

	def error(self):
		return self.json()["error"]


class Api:
	"""One request per connection.  identity is (certificate file, key file)."""

	def __init__(self, control, local=True, identity=None):
		self.control = control
		self.local = local
		self.identity = identity

	def connect(self, timeout=None):
		if self.local:
			return Client(self.control.socket, timeout=timeout)
		return Client(self.control.api, timeout=timeout,
		    tls=(self.context(), "control.mesh"))

	def context(self):
		context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
		roots = Api(self.control).get("/v1/trust-bundle").text
		context.load_verify_locations(cadata=roots)
		context.maximum_version = ssl.TLSVersion.TLSv1_2
		context.set_alpn_protocols(["http/1.1"])
		if self.identity:
			context.load_cert_chain(*map(str, self.identity))
		return context

	def request(self, method, path, body=None):
		with self.connect() as client:
			data = body if body is None or isinstance(body, bytes) \
			    else json.dumps(body).encode()
			return Reply(client.request(path, method, "control.mesh",
			    body=data))

	def get(self, path):
		return self.request("GET", path)

	def post(self, path, body):
		return self.request("POST", path, body)

	def put(self, path, body):
		return self.request("PUT", path, body)

	def delete(self, path):
		return self.request("DELETE", path)

	def apply(self, *documents, query=""):
		return self.post("/v1/apply" + query, {"items": documents})

	def token(self, service, **more):
		reply = self.post("/v1/tokens", {"service": service, **more})
		assert reply.status == 201, reply.text
		return reply.json()["token"]


def openssl(*words, stdin=None):
	done = subprocess.run(["openssl", *map(str, words)], input=stdin,
	    capture_output=True, check=False)
	assert done.returncode == 0, done.stderr.decode()
	return done.stdout.decode()


def make_key(path):
	openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", path)
	return path


def make_csr(key, *more):
	return openssl("req", "-new", "-key", key, "-subj", "/", *more)


def service(name, port=80, namespace="default", **metadata):
	return {"apiVersion": "v1", "kind": "Service",
	    "metadata": {"name": name, "namespace": namespace, **metadata},
	    "spec": {"ports": [{"port": port, "appProtocol": "http"}]}}


class Session(Client):
	"""A connection that speaks mesh-session/1."""

	def __init__(self, api):
		sock = api.connect()
		super().__init__(sock.sock)
		self.send(b"GET /v1/session HTTP/1.1\r\nHost: control.mesh\r\n"
		    b"Connection: Upgrade\r\nUpgrade: mesh-session/1\r\n\r\n")
		self.reply = self.read_reply()

	def say(self, **message):
		self.send(json.dumps(message).encode() + b"\n")

	def line(self):
		return json.loads(self.read_until(b"\n"))


class Member:
	"""A workload of a service, named NS/NAME-N by its token."""

	def __init__(self, scene, control, service, name, **token):
		self.scene = scene
		self.control = control
		self.service = service
		self.namespace = service.split("/")[0]
		self.name = f"{self.namespace}/{name}"
		self.local = Api(control)
		self.key = make_key(scene.dir / f"{name}.key")
		self.cert = scene.dir / f"{name}.pem"
		self.token = self.local.token(service, workload=name, **token)
		self.session = None
		self.documents = {}
		self.none = set()
		self.revision = 0
		self.told = []		# types of lines, in order
		self.withdrawn = None
		self.auto_ack = True

	def join(self):
		reply = Api(self.control, local=False).post("/v1/join",
		    {"token": self.token, "csr": make_csr(self.key)})
		if reply.status == 200:
			self.cert.write_text(reply.json()["chain"])
		return reply

	def api(self):
		return Api(self.control, local=False, identity=(self.cert, self.key))

	def renew(self):
		reply = self.api().post("/v1/renew", {"csr": make_csr(self.key)})
		if reply.status == 200:
			self.cert.write_text(reply.json()["chain"])
		return reply

	def connect_only(self):
		"""The connection alone; gives it."""
		self.session = Session(self.api())
		assert self.session.reply.status == 101, self.session.reply.head
		return self.session

	def connect(self, interest=(), since=0, **spec):
		"""With hello and interest."""
		self.connect_only()
		self.session.say(t="hello", schema=1, version="0.1.0",
		    workload=self.name, since=since, document={
		        "apiVersion": "mesh/v1", "kind": "Workload",
		        "metadata": {"name": "ignored", "namespace": "kube-system",
		            "labels": spec.pop("labels", {})},
		        "spec": {"ports": [{"port": 8080, "protocol": "http"}],
		            **spec}})
		self.session.say(t="interest", services=list(interest))
		return self

	def digest(self):
		total = 0
		for key, (revision, text) in self.documents.items():
			total += int.from_bytes(digest_of(key, revision, text), "big")
		return f"{total % 2 ** 256:064x}"

	def take(self):
		"""Reads one line and does what it says."""
		line = self.session.line()
		kind = line["t"]
		self.told.append(kind)
		if kind == "put":
			text = json.dumps(line["doc"], separators=(",", ":"),
			    ensure_ascii=False)
			self.documents[line["key"]] = line["revision"], text
		elif kind == "del":
			self.documents.pop(line["key"], None)
		elif kind == "none":
			self.none.add(line["service"])
		elif kind == "reset":
			self.documents.clear()
		elif kind == "commit":
			self.revision = line["revision"]
			if self.auto_ack:
				self.ack()
		elif kind == "synced":
			assert line["digest"] == self.digest(), line
		elif kind == "withdrawn":
			self.withdrawn = line["revision"]
		return line

	def ack(self):
		self.session.say(t="ack", revision=self.revision,
		    digest=self.digest())

	def until(self, kind):
		while (line := self.take())["t"] != kind:
			pass
		return line

	def until_true(self, condition, what, timeout=10):
		"""Takes lines until condition() is true."""
		deadline = time.monotonic() + timeout * SLOWER
		while not condition():
			assert time.monotonic() < deadline, what
			self.take()

	def has(self, key):
		return key in self.documents

	def document(self, key):
		return json.loads(self.documents[key][1])

	def close(self):
		if self.session:
			self.session.sock.setsockopt(socket.SOL_SOCKET,
			    socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
			self.session.close()
			self.session = None


def digest_of(key, revision, text):
	head = b"".join(number.to_bytes(8, "big") for number in
	    (len(key.encode()), len(text.encode()), revision))
	return hashlib.sha256(head + key.encode() + text.encode()).digest()
