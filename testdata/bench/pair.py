"""Two hops with mutual TLS between them: what a pair of sidecars is.

    load -> A ==mutual TLS==> B -> back end

The certificates of all, peers included, are of mesh control's authority, so
that every handshake checks chains of the same length.
"""

from measure import Contestant, LOAD_CPU, PROXY_CPU, on_cpu
from member import Api, Member
from mesh import wait_until
from peers import MESH, NO_LOG, haproxy, haproxy_bind, nginx, nginx_listen
import wire

SNI = "orders.default.mesh"


LINK = """apiVersion: mesh/v1
kind: BackendPolicy
metadata: {{name: {name}, namespace: default}}
spec:
  targetRefs: [{{name: {name}}}]
  connectionPool: {{h2UpgradePolicy: {link}}}
"""


class Holder:
	"""Who has a certificate: the files as programs want them."""

	def __init__(self, scene, control, service, name):
		member = Member(scene, control, service, name)
		reply = member.join()
		assert reply.status == 200, reply.text
		self.cert, self.key = member.cert, member.key
		self.both = scene.file(f"{name}-both.pem",
		    self.cert.read_text() + self.key.read_text())


class Pair:
	"""control, the pairs of sidecars, and a certificate for load itself."""

	def __init__(self, scene, app, protocol="http"):
		self.scene, self.app, self.protocol = scene, app, protocol
		with on_cpu(LOAD_CPU):
			self.control = scene.control()
		self.ca = scene.file("ca.pem",
		    Api(self.control).get("/v1/trust-bundle").text)
		self.a = Holder(scene, self.control, "default/front", "peer-a")
		self.b = Holder(scene, self.control, "default/orders", "peer-b")
		self.client = Holder(scene, self.control, "default/client", "load")
		self.target = app.http if protocol == "http" else app.tcp

	def load_options(self, sni=SNI):
		"""What makes load speak mutual TLS."""
		alpn = [] if self.protocol == "http" else ["--alpn", "none"]
		return ["--cert", self.client.cert, "--key", self.client.key,
		    "--ca", self.ca, "--sni", sni, *alpn]

	def mesh(self, options=NO_LOG, name="mesh", link=None):
		"""Gives (both hops, the second alone).  link is what the two are to
		speak, as h2UpgradePolicy has it."""
		port = 80 if self.protocol == "http" else 7000
		service = f"default/{name}-orders"
		with on_cpu(PROXY_CPU):
			orders = self.scene.proxy(f"{name}-orders",
			    control=self.control, service=service,
			    apps=[f"{port}={self.target}/{self.protocol}"],
			    options=MESH + options)
			orders.await_ready()
		if link:
			self.control.apply(LINK.format(name=f"{name}-orders",
			    link=link))
		with on_cpu(PROXY_CPU):
			web = self.scene.proxy(f"{name}-web", control=self.control,
			    service=f"default/{name}-web",
			    apps=[f"{port}={self.target}/{self.protocol}"],
			    upstreams={"o": f"{service}:{port}"},
			    options=MESH + options)
			web.await_ready()
		sni = f"{port}.{name}-orders.default.mesh"
		return (Contestant(name, web.upstream["o"], [web, orders]),
		    Contestant(name, f"127.0.0.1:{orders.inbound_port}",
		    [orders], self.load_options(sni)))

	def nginx(self, version="1.2", name="nginx"):
		kind = self.protocol
		b, b_address = nginx(self.scene, f"{name}-b", self.target, kind,
		    server_tls=nginx_listen(self.b, self.ca, version))
		a, a_address = nginx(self.scene, f"{name}-a", b_address, kind,
		    upstream_tls=f"""
			proxy_ssl_certificate {self.a.cert};
			proxy_ssl_certificate_key {self.a.key};
			proxy_ssl_trusted_certificate {self.ca};
			proxy_ssl_verify on; proxy_ssl_verify_depth 3;
			proxy_ssl_name {SNI}; proxy_ssl_server_name on;
			proxy_ssl_protocols TLSv{version};
			proxy_ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256;""")
		return (Contestant(name, a_address, [a, b]),
		    Contestant(name, b_address, [b], self.load_options()))

	def haproxy(self, version="1.2", name="haproxy"):
		limits = f"ssl-min-ver TLSv{version} ssl-max-ver TLSv{version}"
		b, b_address = haproxy(self.scene, f"{name}-b", self.target,
		    self.protocol, server_tls=haproxy_bind(self.b, self.ca, limits))
		a, a_address = haproxy(self.scene, f"{name}-a", b_address,
		    self.protocol, upstream_tls=f" ssl crt {self.a.both} "
		    f"ca-file {self.ca} verify required verifyhost {SNI} "
		    f"sni str({SNI}) {limits} "
		    "ciphers ECDHE-ECDSA-AES128-GCM-SHA256")
		return (Contestant(name, a_address, [a, b]),
		    Contestant(name, b_address, [b], self.load_options()))

	def all(self):
		"""[(both hops, the second alone)] of mesh and the peers."""
		pairs = [self.mesh(), self.nginx(), self.haproxy()]
		for both, _ in pairs:
			wait_until(lambda both=both: self.carries(both.address),
			    f"{both.name} carries traffic")
		return pairs

	def carries(self, address):
		if self.protocol == "http":
			return wire.get(int(address.rsplit(":", 1)[1]),
			    "/plain").status == 200
		with wire.dial(address) as sock:
			sock.sendall(b"SOURCE 1\n")
			return sock.recv(1) == b"a"
