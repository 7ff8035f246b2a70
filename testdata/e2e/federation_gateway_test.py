#!/usr/bin/python3
"""A Gateway whose clients are known by the identity that another trust domain
gave them: members of another mesh, and of domains that openssl makes."""

import ssl

import wire
from federation import (Abroad, believe, bundle_of, documents_of, federate,
    inline, member, mesh_of)
from gateway import Gateway, certificate, secret
from mesh import curl, free_port, main, scenario, wait_until
from outside import Authority, config_map

HOST = "shop.example"

DOCUMENTS = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: edge, namespace: default}}
spec:
  gatewayClassName: mesh
  listeners:
  - name: https
    protocol: HTTPS
    port: {port}
    tls: {{certificateRefs: [{{name: cert}}]}}
  tls:
    frontend:
      default:
        validation:
          caCertificateRefs: [{refs}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: orders, namespace: default}}
spec:
  parentRefs: [{{name: edge}}]
  rules: [{{backendRefs: [{{name: orders, port: 80}}]}}]
"""

DOMAIN = ("{{group: spire.spiffe.io, kind: ClusterFederatedTrustDomain, "
    "name: {}}}")
MAP = '{group: "", kind: ConfigMap, name: roots}'

ALLOW = """
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {{name: at-edge, namespace: default}}
spec:
  targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: edge}}]
  rules: [{{from: [{{source: {{{who}}}}}]}}]
"""


class Edge:
	"""A Gateway of a.example, and the service behind it."""

	def __init__(self, scene, refs, *more):
		self.control = mesh_of(scene, "a.example")
		self.port = free_port()
		self.pair = certificate(scene, "cert", HOST)
		self.orders = member(scene, self.control, "orders")
		self.control.apply(secret("cert", self.pair))
		for text in more:
			self.control.apply(text)
		self.control.apply(DOCUMENTS.format(port=self.port,
		    refs=", ".join(refs)))
		self.proxy = scene.proxy("edge", control=self.control,
		    gateway="default/edge").await_ready()

	def curl(self, pair=None, *options):
		shown = ("--cert", pair[0], "--key", pair[1]) if pair else ()
		return curl(f"https://{HOST}:{self.port}/", "--resolve",
		    f"{HOST}:{self.port}:127.0.0.1", "--cacert", self.pair[0],
		    *shown, *options)

	def open(self, pair):
		"""A connection of its own, which stays."""
		context = ssl.create_default_context(cafile=self.pair[0])
		context.load_cert_chain(*pair)
		return wire.Client(f"127.0.0.1:{self.port}", tls=(context, HOST))

	def refused(self, reason):
		return self.proxy.metrics().sum("mesh_tls_failures_total",
		    reason=reason)

	def refuses(self, pair, reason):
		before = self.refused(reason)
		assert self.curl(pair).status == 0, reason
		wait_until(lambda: self.refused(reason) > before, reason)


def certs(answer):
	"""x-forwarded-client-cert as the application saw it."""
	assert answer.status == 200, (answer.status, answer.err)
	return answer.json()["headers"]["x-forwarded-client-cert"][0]


@scenario
def members_of_other_domains_are_known_at_a_gateway(scene):
	root = Authority(scene)
	spire = Abroad(scene, "istio")
	edge = Edge(scene, [DOMAIN.format("istio"), DOMAIN.format("b"), MAP],
	    config_map(root.pem))
	believe(edge.control, spire)
	web, other = spire.member("web"), spire.member("other")
	buyer = root.sign("buyer", more="extendedKeyUsage=clientAuth\n")
	wait_until(lambda: edge.curl(web).status == 200, "it is let in")
	seen = certs(edge.curl(web, "-H", "X-Forwarded-Client-Cert: URI=evil"))
	# What the gateway found, then what the sidecar did.
	first, second = seen.split(",By=")
	assert first.endswith(f";URI={spire.id('web')}"), seen
	assert first.startswith("By=spiffe://a.example/ns/default/sa/gw--edge;")
	assert second.endswith("sa/gw--edge") and "evil" not in seen, seen
	assert edge.curl(other).status == edge.curl(buyer).status == 200
	wait_until(lambda: f'"client_identity":"{spire.id("web")}"' in
	    edge.proxy.out(), "the log has the whole ID")
	# A member of another mesh, with the certificate that this one gave him.
	b = mesh_of(scene, "b.example")
	federate(edge.control, "b.example", inline(bundle_of(b)))
	identity = member(scene, b, "web").state_dir / "identity.pem"
	near = (identity, identity)
	wait_until(lambda: edge.curl(near).status == 200, "he is let in, too")
	# Policies know them by their IDs, and of strangers none.
	edge.control.apply(ALLOW.format(who="principals: "
	    f"[{spire.domain}/ns/default/sa/web]"))
	wait_until(lambda: edge.curl(other).status == 403, "it is denied")
	assert edge.curl(web).status == 200
	assert edge.curl(near).status == edge.curl(buyer).status == 403
	edge.control.apply(ALLOW.format(who="trustDomains: [b.example]"))
	wait_until(lambda: edge.curl(near).status == 200, "its domain is allowed")
	assert edge.curl(web).status == edge.curl(buyer).status == 403
	# Its namespace is none of a.example's.
	edge.control.apply(ALLOW.format(who="namespaces: [default]"))
	wait_until(lambda: edge.curl(near).status == 403, "namespaces are ours")


@scenario
def no_other_root_vouches_for_a_domain_at_a_gateway(scene):
	root = Authority(scene)
	spire = Abroad(scene, "istio")
	edge = Edge(scene, [DOMAIN.format("istio"), MAP], config_map(root.pem))
	believe(edge.control, spire)
	web = spire.member("web")
	wait_until(lambda: edge.curl(web).status == 200, "the true one is let in")
	liar = root.sign("liar", f"URI:{spire.id('web')}")
	edge.refuses(liar, "unknown-issuer")
	# Nor does the domain's for anybody else.
	edge.refuses(spire.member("third", domain="third.example"),
	    "unknown-issuer")
	edge.refuses(None, "no-certificate")
	# Members of our own are no clients.
	identity = edge.orders.state_dir / "identity.pem"
	edge.refuses((identity, identity), "unknown-issuer")


@scenario
def a_domain_that_is_believed_no_longer_is_cut_at_a_gateway(scene):
	spire = Abroad(scene, "consul")
	edge = Edge(scene, [DOMAIN.format("consul")])
	conditions = str(edge.control.get("gateway", "edge")["status"])
	assert "there is no ClusterFederatedTrustDomain consul" in conditions
	assert "NoValidCACertificate" in conditions
	believe(edge.control, spire)
	web = spire.member("web")
	wait_until(lambda: edge.curl(web).status == 200, "it is let in")
	wait_until(lambda: "NoValidCACertificate" not in str(edge.control.get(
	    "gateway", "edge")["status"]), "the condition is gone")
	with edge.open(web) as client:
		assert client.request("/", host=HOST).status == 200
		edge.control.ctl("delete", "cftd", "consul", "--yes")
		assert client.sock.recv(1) == b"", "it is cut"
	assert edge.curl(web).status == 0


@scenario
def a_domain_without_roots_opens_no_gateway(scene):
	"""Nobody is named when clients are asked for, and all the same they are."""
	spire = Abroad(scene, "consul")
	none = dict(spire.bundle(), keys=[], spiffe_sequence=0)
	edge = Edge(scene, [DOMAIN.format("consul")])
	federate(edge.control, spire.domain, inline(none))
	wait_until(lambda: "NoValidCACertificate" not in str(edge.control.get(
	    "gateway", "edge")["status"]), "the domain is there")
	web = spire.member("web")
	edge.refuses(None, "no-certificate")
	edge.refuses(web, "foreign-trust-domain")
	assert edge.orders.metrics().sum("mesh_requests_total") == 0
	federate(edge.control, spire.domain, inline(spire.bundle()))
	wait_until(lambda: edge.curl(web).status == 200, "now it has a root")


@scenario
def a_gateway_without_control_knows_no_domain_and_says_so(scene):
	spire = Abroad(scene, "consul")
	port = free_port()
	pair = certificate(scene, "cert", HOST)
	edge = Gateway(scene, DOCUMENTS.format(port=port, refs=DOMAIN.format(
	    "consul")) + secret("cert", pair) + "---" + documents_of(spire))
	wait_until(lambda: "clients of trust domains are known where there is "
	    "control" in edge.err(), "it is told")
	assert curl(f"https://{HOST}:{port}/", "--resolve",
	    f"{HOST}:{port}:127.0.0.1", "-k").status == 0


if __name__ == "__main__":
	main()
