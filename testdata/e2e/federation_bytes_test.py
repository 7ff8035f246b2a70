#!/usr/bin/python3
# timeout: 180
"""Bytes and datagrams between meshes with trust domains of their own: Redis and
DNS by their own clients, and whoever speaks plain TLS with an identity of his."""

import shutil
import socket
import subprocess

from federation import (ALLOW, Abroad, believe, bundle_of, federate, inline,
    mesh_of, settled)
from mesh import Skip, free_port, main, scenario, wait_until

ABROAD = """
apiVersion: v1
kind: Service
metadata: {{name: {name}-b, namespace: default}}
spec:
  type: ExternalName
  externalName: 127.0.0.1
  ports: [{{port: {port}, targetPort: {at}, name: it, protocol: {protocol}}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: {name}-b, namespace: default}}
spec:
  targetRefs: [{{group: "", kind: Service, name: {name}-b}}]
  validation:
    hostname: {port}.{name}.default.mesh
    caCertificateRefs:
    - {{group: spire.spiffe.io, kind: ClusterFederatedTrustDomain, name: {of}}}
    subjectAltNames:
    - {{type: URI, uri: "spiffe://{domain}/ns/default/sa/{name}"}}
"""


def redis(scene, options=()):
	"""A server without a disk; gives its port."""
	if not shutil.which("redis-server"):
		raise Skip("no redis-server")
	port = free_port()
	(scene.dir / "redis").mkdir()
	server = scene.start("redis", ["redis-server", "--bind", "127.0.0.1",
	    *(options or ("--port", port)), "--save", "", "--dir",
	    scene.dir / "redis"])
	wait_until(lambda: "Ready to accept" in server.out(), "Redis is ready")
	return port


def cli(address, *words, stdin=None):
	"""What redis-cli prints, or None: there is nobody."""
	host, port = address.rsplit(":", 1)
	done = subprocess.run(["redis-cli", "-h", host, "-p", port, *words],
	    input=stdin, text=True, capture_output=True, check=False, timeout=60)
	return done.stdout if done.returncode == 0 else None


def two_meshes(scene, name, app, port, protocol):
	"""web of a.example and a service of b.example, which knows of a.example and
	whom nobody may call yet; gives controls and proxies."""
	a, b = mesh_of(scene, "a.example"), mesh_of(scene, "b.example",
	    inbound_policy="deny")
	kind = protocol.lower()
	callee = scene.proxy(name, control=b, service=f"default/{name}",
	    apps=[f"{port}=127.0.0.1:{app}/{kind}"],
	    options=("--label", "app=orders")).await_ready()
	federate(b, "a.example", inline(bundle_of(a)))
	a.apply(ABROAD.format(name=name, port=port, at=callee.inbound_port,
	    protocol=protocol, of="b", domain="b.example"))
	web = scene.proxy("web", control=a, service="default/web",
	    apps=[f"80={scene.echo('app').http}/http"], upstreams={"it":
	    f"default/{name}-b:{port}" + ("/udp" if kind == "udp" else "")})
	return a, b, callee, web.await_ready()


def open_to(address):
	"""A connection that redis answers on, and that says nothing by itself."""
	host, port = address.rsplit(":", 1)
	sock = socket.create_connection((host, int(port)), 10)
	sock.sendall(b"PING\r\n")
	assert sock.recv(64) == b"+PONG\r\n"
	return sock


def is_cut(sock):
	try:
		return sock.recv(64) == b""
	except OSError:
		return True


@scenario
def bytes_reach_a_sidecar_abroad_that_allows_it(scene):
	app = redis(scene)
	a, b, cache, web = two_meshes(scene, "cache", app, 6379, "TCP")
	at = web.upstream["it"]
	# We do not know the domain: nothing is sent.
	assert cli(at, "ping") is None
	federate(a, "b.example", inline(bundle_of(b)))
	wait_until(lambda: cli(at, "ping") is None and cache.metrics().sum(
	    "mesh_authorization_decisions_total", policy="default") > 0,
	    "it is let in and denied")
	# Its namespace and account are no account of b.example's.
	b.apply(ALLOW.format(who="serviceAccounts: [default/web]"))
	settled(b)
	assert cli(at, "ping") is None
	b.apply(ALLOW.format(who="principals: [a.example/ns/default/sa/web]"))
	wait_until(lambda: cli(at, "ping") == "PONG\n", "it is allowed")
	big = "v" * (4 << 20)
	assert cli(at, "-x", "set", "big", stdin=big) == "OK\n"
	assert cli(at, "get", "big") == big + "\n"
	told = cli(at, "--pipe", stdin="".join(f"SET key:{i} {i}\r\n"
	    for i in range(20000)))
	assert "errors: 0, replies: 20000" in told, told
	seen = cache.metrics()
	assert seen.sum("mesh_tcp_connections_opened_total", direction="inbound",
	    source_namespace="default@a.example", source_service="web",
	    security="mutual_tls") >= 4
	# What we call our workload they do not learn.
	assert seen.sum("mesh_tcp_connections_opened_total",
	    source_workload="unknown", direction="inbound") == seen.sum(
	    "mesh_tcp_connections_opened_total", direction="inbound")
	assert web.metrics().sum("mesh_tcp_connections_opened_total",
	    direction="outbound", destination_service="cache-b",
	    security="mutual_tls") >= 4
	wait_until(lambda: '"client_identity":"spiffe://a.example/ns/default/sa/web"'
	    in cache.out(), "the log has the whole ID")
	tunnel(web)
	wait_until(lambda: '"server_identity":"spiffe://b.example/ns/default/sa/'
	    'cache"' in web.out(), "so has the caller's")


def tunnel(web):
	"""Through CONNECT, as a client with a proxy does it."""
	if not shutil.which("socat"):
		raise Skip("no socat")
	done = subprocess.run(["socat", "-t5", "-", "PROXY:127.0.0.1:"
	    f"cache-b.default.mesh:6379,proxyport={web.outbound_port}"],
	    input=b"PING\r\nQUIT\r\n", capture_output=True, check=False,
	    timeout=20)
	assert done.stdout == b"+PONG\r\n+OK\r\n", done


@scenario
def what_is_allowed_no_longer_is_cut_on_either_side(scene):
	app = redis(scene)
	a, b, cache, web = two_meshes(scene, "cache", app, 6379, "TCP")
	at = web.upstream["it"]
	allow = ALLOW.format(who="trustDomains: [a.example]")

	def connect():
		wait_until(lambda: cli(at, "ping") == "PONG\n", "it is reached")
		return open_to(at)

	federate(a, "b.example", inline(bundle_of(b)))
	b.apply(allow)
	sock = connect()
	b.apply(allow.replace("a.example", "c.example"))
	assert is_cut(sock), "the policy allows it no longer"
	b.apply(allow)
	# The callee believes the domain no longer, then the caller.
	for control, domain, bundle in (b, "a.example", bundle_of(a)), \
	    (a, "b.example", bundle_of(b)):
		sock = connect()
		control.ctl("delete", "cftd", domain[0], "--yes")
		assert is_cut(sock), f"{domain} is believed no longer"
		wait_until(lambda: cli(at, "ping") is None, "nor anew")
		federate(control, domain, inline(bundle))
	connect().close()


@scenario
def whoever_speaks_plain_tls_abroad_gets_bytes_as_they_are(scene):
	a, spire = mesh_of(scene, "a.example"), Abroad(scene, "istio")
	chain, key = spire.member("cache")
	roots = scene.file("a.roots", a.ctl("ca", "export-bundle").stdout)
	port = free_port()
	redis(scene, ("--port", "0", "--tls-port", port, "--tls-cert-file", chain,
	    "--tls-key-file", key, "--tls-ca-cert-file", roots))
	a.apply(ABROAD.format(name="cache", port=6379, at=port, protocol="TCP",
	    of="istio", domain=spire.domain))
	believe(a, spire)
	web = scene.proxy("web", control=a, service="default/web",
	    apps=[f"80={scene.echo('app').http}/http"],
	    upstreams={"it": "default/cache-b:6379"}).await_ready()
	wait_until(lambda: cli(web.upstream["it"], "ping") == "PONG\n",
	    "Redis is reached by TLS")
	assert web.metrics().sum("mesh_tcp_connections_opened_total",
	    direction="outbound", security="mutual_tls") >= 1


def dig(address, *options):
	host, port = address.rsplit(":", 1)
	done = subprocess.run(["dig", f"@{host}", "-p", port, "+short",
	    "+tries=1", "+time=1", "up.example", *options], capture_output=True,
	    text=True, timeout=30, check=False)
	return done.stdout.strip() if done.returncode == 0 else None


def dnsmasq(scene):
	if not shutil.which("dig") or not shutil.which("dnsmasq"):
		raise Skip("no dig or no dnsmasq")
	port = free_port()
	scene.start("dnsmasq", ["dnsmasq", "--keep-in-foreground",
	    "--no-resolv", "--no-hosts", "--conf-file=/dev/null",
	    f"--port={port}", "--listen-address=127.0.0.1",
	    "--bind-interfaces", "--user=", "--pid-file=",
	    "--host-record=up.example,192.0.2.1"])
	wait_until(lambda: dig(f"127.0.0.1:{port}") == "192.0.2.1",
	    "dnsmasq answers")
	return port


@scenario
def datagrams_reach_a_sidecar_abroad_that_allows_it(scene):
	a, b, dns, web = two_meshes(scene, "dns", dnsmasq(scene), 53, "UDP")
	at = web.upstream["it"]
	federate(a, "b.example", inline(bundle_of(b)))
	wait_until(lambda: dig(at) is None and dns.metrics().sum(
	    "mesh_authorization_decisions_total", policy="default") > 0,
	    "it is let in and denied")
	b.apply(ALLOW.format(who="principals: [a.example/ns/default/sa/web]"))
	wait_until(lambda: dig(at) == "192.0.2.1", "it is allowed")
	assert dns.metrics().sum("mesh_udp_sessions_opened_total",
	    direction="inbound", source_namespace="default@a.example",
	    security="mutual_tls") >= 1
	assert web.metrics().sum("mesh_udp_sessions_opened_total",
	    direction="outbound", security="mutual_tls") >= 1
	b.ctl("delete", "cftd", "a", "--yes")
	wait_until(lambda: dig(at) is None, "the domain is believed no longer")


@scenario
def datagrams_are_not_for_whoever_does_not_say_so(scene):
	"""A server of TLS that knows of no frames is sent none."""
	a, spire = mesh_of(scene, "a.example"), Abroad(scene, "consul")
	chain, key = spire.member("dns")
	port = free_port()
	scene.nginx("tls", f"""listen 127.0.0.1:{port} ssl;
		ssl_certificate {chain}; ssl_certificate_key {key};
		ssl_protocols TLSv1.2;""")
	a.apply(ABROAD.format(name="dns", port=53, at=port, protocol="UDP",
	    of="consul", domain=spire.domain))
	believe(a, spire)
	web = scene.proxy("web", control=a, service="default/web",
	    apps=[f"80={scene.echo('app').http}/http"],
	    upstreams={"it": "default/dns-b:53/udp"}).await_ready()
	wait_until(lambda: dig(web.upstream["it"]) is None and web.metrics().sum(
	    "mesh_udp_dropped_datagrams_total") > 0, "nothing comes back")
	wait_until(lambda: web.metrics().sum("mesh_tls_failures_total",
	    reason="no-alpn") >= 1, "and it is known why")


if __name__ == "__main__":
	main()
