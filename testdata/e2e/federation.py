"""What tests of meshes that federate need: their documents, and members."""

import json

import wire

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


def mesh_of(scene, domain, more=(), **options):
	return scene.control(name=domain.split(".", maxsplit=1)[0],
	    options=("--trust-domain", domain, *more), **options)


def bundle_of(control):
	return json.loads(control.ctl("ca", "export-bundle", "--format",
	    "spiffe").stdout)


def inline(bundle):
	return f"trustDomainBundle: '{json.dumps(bundle)}'"


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
