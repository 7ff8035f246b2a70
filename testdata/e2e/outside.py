"""What tests of calls out of the mesh need: hosts, authorities, DNS, callers."""

import shutil
import socket
import struct
import subprocess
import threading

from mesh import Skip, curl, free_port, wait_until
from wire import get

HOST = "api.example.com"

SERVICE = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec:
  type: ExternalName
  externalName: {host}
  ports: {ports}
"""

POLICY = """
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: {name}, namespace: default}}
spec:
  targetRefs: [{{group: "", kind: Service, name: {service}}}]
  validation:
    hostname: {host}
    {trust}
"""

XBACKEND = """
apiVersion: gateway.networking.x-k8s.io/v1alpha1
kind: XBackend
metadata: {{name: bank, namespace: {namespace}}}
spec:
  type: ExternalHostname
  externalHostname: {{hostname: {host}}}
  port: {{number: {port}}}
  {more}
"""

BY_MAP = 'caCertificateRefs: [{group: "", kind: ConfigMap, name: roots}]'
BY_SYSTEM = "wellKnownCACertificates: System"


def config_map(pem, name="roots"):
	lines = "".join(f"    {line}\n" for line in pem.splitlines())
	return (f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, "
	    f"namespace: default}}\ndata:\n  ca.crt: |\n{lines}")


class Authority:
	"""A root of openssl's and what it signs."""

	def __init__(self, scene, name="root"):
		if not shutil.which("openssl") or not shutil.which("nginx"):
			raise Skip("no openssl or no nginx")
		self.scene = scene
		self.path = scene.dir / f"{name}.pem"
		self.key = scene.dir / f"{name}.key"
		self.run("req", "-x509", "-newkey", "ec", "-pkeyopt",
		    "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
		    f"/CN={name}", "-keyout", self.key, "-out", self.path)

	@property
	def pem(self):
		return self.path.read_text()

	@staticmethod
	def run(*words):
		subprocess.run(["openssl", *map(str, words)], check=True,
		    capture_output=True, timeout=60)

	def sign(self, name, san=f"DNS:{HOST}", kind="ec", days=30, more="",
	    dates=("20200101000000Z", "20200201000000Z")):
		"""Gives the paths of a certificate and of its key.

		kind is "ec", "rsa", or either with a curve or a size behind it:
		"ec:P-384".  Without days it has the dates, which are over.
		"""
		made = {end: self.scene.dir / f"{name}.{end}" for end in
		    ("crt", "key", "csr", "ext")}
		kind, _, size = kind.partition(":")
		key = ("ec", "-pkeyopt", f"ec_paramgen_curve:{size or 'P-256'}") \
		    if kind == "ec" else (f"rsa:{size or 2048}",)
		self.run("req", "-newkey", *key, "-nodes", "-subj", f"/CN={name}",
		    "-keyout", made["key"], "-out", made["csr"])
		made["ext"].write_text(f"subjectAltName={san}\n{more}")
		if days > 0:
			self.run("x509", "-req", "-in", made["csr"], "-CA",
			    self.path, "-CAkey", self.key, "-CAcreateserial",
			    "-extfile", made["ext"], "-out", made["crt"], "-days",
			    days)
		else:
			self.sign_between(made, *dates)
		return made["crt"], made["key"]

	def sign_between(self, made, start, end):
		"""With any dates, which only "openssl ca" can."""
		folder = made["crt"].with_suffix(".d")
		folder.mkdir()
		(folder / "index").write_text("")
		(folder / "serial").write_text("01\n")
		conf = folder / "conf"
		conf.write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\n"
		    f"serial={folder}/serial\nnew_certs_dir={folder}\n"
		    "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
		self.run("ca", "-batch", "-config", conf, "-cert", self.path,
		    "-keyfile", self.key, "-in", made["csr"], "-extfile",
		    made["ext"], "-startdate", start, "-enddate", end, "-notext",
		    "-out", made["crt"])


def tls_site(scene, name, pair, host=None):
	"""nginx that ends TLS; gives its port."""
	port = free_port()
	scene.nginx(name, f"""listen 127.0.0.1:{port} ssl;
		ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};
		location / {{ return 200 "{host or name} $scheme $http_host
$ssl_server_name $http_x_mesh_source\\n"; }}""".replace("host\n", "host "))
	return port


class Dns:
	"""A server of DNS on loopback: addresses by name, for one second each."""

	def __init__(self, scene):
		self.addresses = {}
		self.asked = 0
		self.sock = scene.closing(socket.socket(socket.AF_INET,
		    socket.SOCK_DGRAM))
		self.sock.bind(("127.0.0.1", 0))
		scene.file("resolv.conf", "nameserver 127.0.0.1:"
		    f"{self.sock.getsockname()[1]}\noptions timeout:1\n")
		threading.Thread(target=self.serve, daemon=True).start()

	def serve(self):
		while True:
			try:
				query, peer = self.sock.recvfrom(512)
			except OSError:
				return
			self.sock.sendto(self.answer(query), peer)

	def answer(self, query):
		self.asked += 1
		labels, at = [], 12
		while query[at]:
			labels.append(query[at + 1:at + 1 + query[at]].decode())
			at += 1 + query[at]
		kind = struct.unpack(">H", query[at + 1:at + 3])[0]
		known = self.addresses.get(".".join(labels).lower())
		given = known if known and kind == 1 else []
		head = query[:2] + struct.pack(">HHHHH", 0x8180 if known is not None
		    else 0x8183, 1, len(given), 0, 0)
		return head + query[12:at + 5] + b"".join(
		    struct.pack(">HHHIH", 0xc00c, 1, 1, 1, 4) +
		    socket.inet_aton(a) for a in given)


class Caller:
	"""A proxy of its own documents, for an application that calls out."""

	def __init__(self, scene, hosts=(HOST,), options=(), upstreams=None):
		self.scene = scene
		self.upstreams = upstreams
		self.folder = scene.dir / "config"
		self.folder.mkdir()
		self.hosts = scene.file("hosts", "".join(f"127.0.0.1 {h}\n"
		    for h in hosts))
		if not (scene.dir / "resolv.conf").exists():
			scene.file("resolv.conf", "nameserver 127.0.0.1:9\n"
			    "options timeout:1 attempts:1\n")
		self.n = 0
		self.options = ("--hosts-file", self.hosts, "--resolv-conf",
		    scene.dir / "resolv.conf", *options)
		self.proxy = None

	def write(self, name, text):
		(self.folder / f".{name}").write_text(text)
		(self.folder / f".{name}").rename(self.folder / f"{name}.yaml")
		return self

	def start(self):
		self.proxy = self.scene.proxy("caller", standalone=self.folder,
		    options=self.options, upstreams=self.upstreams).await_ready()
		return self

	def reloads(self):
		return self.proxy.err().count("documents in force")

	def change(self, name, text):
		before = self.reloads()
		self.write(name, text)
		wait_until(lambda: self.reloads() > before, "the change is read")

	def get(self, url, host=None):
		return get(self.proxy.outbound_port, url,
		    host=host or url.split("/")[2])

	def curl(self, url, *options):
		return curl(url, "-x", self.proxy.outbound, *options)

	def last(self):
		"""The last line of the access log."""
		return (self.proxy.out().splitlines() or [""])[-1]

	def refused(self, reason):
		return self.proxy.metrics().sum("mesh_egress_refused_total",
		    reason=reason)


def http_ports(target):
	return f"[{{port: 80, targetPort: {target}, appProtocol: http}}]"
