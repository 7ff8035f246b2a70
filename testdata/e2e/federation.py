"""What tests of meshes that federate need: their documents, and members."""

import base64
import json
import shutil
import ssl
import subprocess

import wire
from mesh import Skip

DENIED = "RBAC: access denied"

DOMAIN = """
apiVersion: spire.spiffe.io/v1alpha1
kind: ClusterFederatedTrustDomain
metadata: {{name: {name}}}
spec:
  trustDomain: {domain}
  {more}
"""

ABROAD = """
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: default}}
spec:
  type: ExternalName
  externalName: 127.0.0.1
  ports: [{{port: 80, targetPort: {port}, name: http}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: {name}, namespace: default}}
spec:
  targetRefs: [{{group: "", kind: Service, name: {name}}}]
  validation:
    hostname: 80.orders.default.mesh
    caCertificateRefs:
    - {{group: spire.spiffe.io, kind: ClusterFederatedTrustDomain, name: {of}}}
    subjectAltNames: [{{type: URI, uri: "{id}"}}]
"""

ALLOW = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: partners, namespace: default}}
spec:
  selector: {{matchLabels: {{app: orders}}}}
  action: ALLOW
  rules:
  - from: [{{source: {{{who}}}}}]
"""

# Bundles are fetched each second.
QUICK = ("--bundle-refresh-hint", "1s")

CA = "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\n"
LEAF = """basicConstraints=critical,CA:false
keyUsage=critical,digitalSignature,keyEncipherment
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=critical,URI:{}
"""

# kty of a bundle, the authorities' keys, those of the leaves, and the hash.
KINDS = {
	"istio": ("RSA", "rsa:2048", "rsa:2048", "sha256"),
	"spire": ("RSA", "rsa:4096", "ec:P-256", "sha256"),
	"spire-ec": ("EC", "ec:P-384", "ec:P-384", "sha384"),
	"consul": ("EC", "ec:P-256", "ec:P-256", "sha256"),
	"mixed": ("RSA", "rsa:3072", "ec:P-384", "sha512"),
}


class Abroad:
	"""A trust domain: a root, an intermediate, and members on demand."""

	def __init__(self, scene, kind, name=None, ca=None, more=""):
		if not shutil.which("openssl"):
			raise Skip("no openssl")
		self.kty, self.ca, self.leaf, self.digest = KINDS[kind]
		self.ca, self.more = ca or self.ca, more
		self.domain = f"{kind}.example"
		self.folder = scene.dir / (name or kind)
		self.folder.mkdir()
		self.root = self.make("root", CA, self.ca, None)
		self.inter = self.make("inter", CA, self.ca, "root")

	def run(self, *words):
		subprocess.run(["openssl", *map(str, words)], check=True,
		    capture_output=True, timeout=60, cwd=self.folder)

	def make(self, name, extensions, kind, by):
		"""A certificate by another, or by itself; gives its path."""
		what, _, size = kind.partition(":")
		key = ("ec", "-pkeyopt", f"ec_paramgen_curve:{size}") \
		    if what == "ec" else (f"rsa:{size}",)
		self.run("req", "-newkey", *key, "-nodes", "-subj", f"/O={name}",
		    "-keyout", f"{name}.key", "-out", f"{name}.csr")
		(self.folder / f"{name}.ext").write_text(extensions + self.more)
		self.run("x509", "-req", "-in", f"{name}.csr", "-days", "7",
		    f"-{self.digest}", "-extfile", f"{name}.ext", "-out",
		    f"{name}.pem", *(("-CA", f"{by}.pem", "-CAkey", f"{by}.key",
		    "-CAcreateserial") if by else ("-signkey", f"{name}.key")))
		return self.folder / f"{name}.pem"

	def id(self, account):
		return f"spiffe://{self.domain}/ns/default/sa/{account}"

	def member(self, account, domain=None):
		"""The paths of a chain and a key."""
		leaf = self.make(account, LEAF.format(f"spiffe://{domain or self.domain}"
		    f"/ns/default/sa/{account}"), self.leaf, "inter")
		chain = self.folder / f"{account}.chain"
		chain.write_text(leaf.read_text() + self.inter.read_text())
		return chain, self.folder / f"{account}.key"

	def bundle(self):
		der = base64.b64encode(subprocess.run(["openssl", "x509", "-in",
		    self.root, "-outform", "DER"], check=True,
		    capture_output=True).stdout).decode()
		return {"spiffe_sequence": 1, "keys": [{"use": "x509-svid",
		    "kty": self.kty, "x5c": [der]}]}


def documents_of(abroad):
	return DOMAIN.format(name=abroad.domain.split(".", maxsplit=1)[0],
	    domain=abroad.domain, more=inline(abroad.bundle()))


def believe(control, abroad):
	control.apply(documents_of(abroad))


def mesh_of(scene, domain, more=(), **options):
	return scene.control(name=domain.split(".", maxsplit=1)[0],
	    options=("--trust-domain", domain, *more), **options)


def bundle_of(control):
	return json.loads(control.ctl("ca", "export-bundle", "--format",
	    "spiffe").stdout)


def inline(bundle):
	return f"trustDomainBundle: '{json.dumps(bundle)}'"


def endpoint(control, domain, bundle=None, url=None, who="control"):
	"""What a document says of a control that serves its bundle itself."""
	url = url or f"https://{control.api}/v1/trust-bundle?format=spiffe"
	more = (f"bundleEndpointURL: {url}\n  bundleEndpointProfile:\n"
	    f"    type: https_spiffe\n"
	    f"    endpointSPIFFEID: spiffe://{domain}/{who}")
	return more + (f"\n  {inline(bundle)}" if bundle else "")


def bundle_of_kept(control, name="b"):
	return json.loads(control.get("federatedbundle", name)["spec"]["bundle"])


def federate(control, domain, more, name=None):
	control.apply(DOMAIN.format(name=name or domain.split(".", maxsplit=1)[0],
	    domain=domain, more=more))


def member(scene, control, name, more=(), **options):
	app = scene.echo(f"app-{control.name}-{name}")
	proxy = scene.proxy(f"{name}-{control.name}", control=control,
	    service=f"default/{name}", apps=[f"80={app.http}/http"],
	    options=("--label", f"app={name}", *more), **options)
	return proxy.await_ready()


def ask(caller, service="orders-b"):
	return wire.get(caller.outbound_port, "/plain",
	    host=f"{service}.default.mesh")


def abroad(control, callee, name="orders-b", of="b",
    account="spiffe://b.example/ns/default/sa/orders"):
	"""Lets members of a mesh call a sidecar of another."""
	control.apply(ABROAD.format(name=name, port=callee.inbound_port, of=of,
	    id=account))


def settled(control):
	"""All proxies have what was applied last."""
	control.ctl("wait", "authorizationpolicy/partners", "--for",
	    "condition=Programmed")


def lets_in(callee, pair):
	"""Whether a handshake succeeds, by a client that has no taste of its own."""
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
	context.set_ciphers("DEFAULT@SECLEVEL=0")
	context.set_alpn_protocols(["http/1.1"])
	context.load_cert_chain(*pair)
	try:
		wire.Client(f"127.0.0.1:{callee.inbound_port}", tls=(context,
		    "80.orders.default.mesh")).close()
	except OSError:
		return False
	return True
