"""Calls out of the mesh: hosts outside, TLS to them, the forward proxy."""

import collections
import shutil
import subprocess

from mesh import curl, free_port, main, scenario, wait_until
from outside import (BY_MAP, BY_SYSTEM, HOST, POLICY, SERVICE, Authority, Caller,
    Dns, config_map, http_ports, tls_site)
from wire import Backend, dial, get


@scenario
def a_host_outside_is_called_by_its_name_and_by_the_service(scene):
	site = scene.nginx("site",
	    'location / { return 200 "$http_host [$http_x_mesh_source]\n"; }')
	caller = Caller(scene).write("api", SERVICE.format(name="api", host=HOST,
	    ports=http_ports(site.http_port))).start()
	for url in (f"http://{HOST}/", "http://api.default.mesh/",
	    f"http://{HOST.upper()}/", "http://api/"):
		reply = caller.curl(url)
		# The site knows itself by its own name alone, and nothing of us.
		assert (reply.status, reply.body) == (200,
		    f"{HOST}:{site.http_port} []\n".encode()), (url, reply.body)
	metrics = caller.proxy.metrics()
	assert metrics.sum("mesh_requests_total", direction="outbound",
	    destination_service="api", response_code="200") == 4, metrics.text
	# Another port of it is registered by nobody.
	reply = caller.curl(f"http://{HOST}:81/")
	assert reply.status == 502 and b"with port 81," in reply.body, reply.body


@scenario
def what_nobody_registered_is_refused_with_its_reason(scene):
	site = scene.nginx("site", 'location / { return 200 "reached\n"; }')
	caller = Caller(scene, hosts=(HOST, "other.example.com")).write("api",
	    SERVICE.format(name="api", host=HOST,
	    ports=http_ports(site.http_port))).start()
	for url in ("http://other.example.com/",
	    f"http://other.example.com:{site.http_port}/",
	    f"http://127.0.0.1:{site.http_port}/"):
		reply = caller.curl(url)
		assert reply.status == 502, (url, reply.status)
		assert b"not registered" in reply.body, reply.body
		wait_until(lambda: '"NR"' in caller.last() and
		    "not_registered" in caller.last(), "it is in the access log")
	done = subprocess.run(["curl", "-q", "-sS", "-p", "-x",
	    caller.proxy.outbound, f"http://other.example.com:"
	    f"{site.http_port}/"], capture_output=True, text=True, check=False,
	    timeout=20)
	assert "502" in done.stderr, done.stderr
	assert caller.refused("not_registered") == 4
	assert "REGISTRY_ONLY" in caller.proxy.err(), caller.proxy.err()


@scenario
def tls_is_spoken_to_servers_with_keys_of_both_kinds(scene):
	root = Authority(scene)
	for kind in ("ec", "rsa"):
		site = tls_site(scene, f"site-{kind}", root.sign(kind, kind=kind))
		folder = scene.dir / kind
		folder.mkdir()
		if kind == "ec":
			caller = Caller(scene)
			caller.write("api", SERVICE.format(name="api", host=HOST,
			    ports=http_ports(site)))
			caller.write("tls", POLICY.format(name="api",
			    service="api", host=HOST, trust=BY_MAP))
			caller.write("roots", config_map(root.pem)).start()
		else:
			caller.change("api", SERVICE.format(name="api", host=HOST,
			    ports=http_ports(site)))
		wait_until(lambda: caller.get(f"http://{HOST}/").body ==
		    f"site-{kind} https {HOST}:{site} {HOST} \n".encode(),
		    f"{kind}: {caller.get(f'http://{HOST}/').body}")
	metrics = caller.proxy.metrics()
	assert metrics.sum("mesh_tls_handshakes_total", direction="outbound",
	    kind="full") >= 2
	assert metrics.sum("mesh_requests_total", destination_service="api",
	    response_code="200", security="tls") >= 2
	port = caller.proxy.admin("/config").json()["proxy"]["snapshot"][
	    "services"][0]["ports"][0]
	assert (port["host"], port["tls"]) == (f"{HOST}:{site}", HOST), port


@scenario
def servers_that_prove_something_else_are_not_spoken_to(scene):
	root, other = Authority(scene), Authority(scene, "other")
	cases = {
		"name": (root.sign("name", san="DNS:www.example.com"),
		    "unexpected-host"),
		"expired": (root.sign("expired", days=0), "expired"),
		"foreign": (other.sign("foreign"), "unknown-issuer"),
		"client": (root.sign("client",
		    more="extendedKeyUsage=clientAuth\n"), "extended-key-usage"),
	}
	caller = Caller(scene).write("roots", config_map(root.pem))
	for name, (pair, _) in cases.items():
		site = tls_site(scene, f"site-{name}", pair)
		caller.write(name, SERVICE.format(name=name, host=HOST,
		    ports=http_ports(site)))
		caller.write(f"tls-{name}", POLICY.format(name=name,
		    service=name, host=HOST, trust=BY_MAP))
	plain = scene.nginx("plain", 'location / { return 200 "plain\n"; }')
	caller.write("plain", SERVICE.format(name="plain", host=HOST,
	    ports=http_ports(plain.http_port)))
	caller.write("tls-plain", POLICY.format(name="plain", service="plain",
	    host=HOST, trust=BY_MAP))
	caller.start()
	cases["plain"] = (None, "not-tls")
	for name, (_, reason) in cases.items():
		reply = caller.get(f"http://{name}.default.mesh/")
		assert reply.status == 503, (name, reply.status, reply.body)
		error = "tls_protocol_error" if name == "plain" else \
		    "tls_certificate_error"
		assert reply.get("proxy-status") == f"mesh; error={error}; " \
		    f'details="{reason.replace("-", "_")}"', reply.head
		wait_until(lambda: f'"{reason}"' in caller.last() and
		    '"UF"' in caller.last(), f"{reason}: {caller.last()}")
		assert caller.proxy.metrics().sum("mesh_tls_failures_total",
		    direction="outbound", reason=reason) > 0, reason
		assert f"default/{name}:80 at" in caller.proxy.err(), name


@scenario
def a_policy_without_authorities_lets_nothing_out(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	caller = Caller(scene)
	caller.write("api", SERVICE.format(name="api", host=HOST,
	    ports=http_ports(site)))
	caller.write("tls", POLICY.format(name="api", service="api", host=HOST,
	    trust=BY_MAP)).start()
	assert caller.get(f"http://{HOST}/").status == 503
	wait_until(lambda: "tls_no_authority" in caller.last(), "the reason")
	assert "there is no ConfigMap roots" in caller.proxy.err()
	caller.change("roots", config_map("no certificate"))
	assert caller.get(f"http://{HOST}/").status == 503
	caller.change("roots", config_map(root.pem))
	assert caller.get(f"http://{HOST}/").status == 200


@scenario
def authorities_of_the_system_are_read_from_their_file(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	caller = Caller(scene, options=("--ca-file", scene.dir / "system.pem"))
	caller.write("api", SERVICE.format(name="api", host=HOST,
	    ports=http_ports(site)))
	policy = POLICY.format(name="api", service="api", host=HOST,
	    trust=BY_SYSTEM)
	caller.write("tls", policy).start()
	assert caller.get(f"http://{HOST}/").status == 503
	assert "the system's authorities" in caller.proxy.err() and \
	    "No such file" in caller.proxy.err(), caller.proxy.err()
	shutil.copy(root.path, scene.dir / "system.pem")
	caller.change("tls", policy.replace("spec:",
	    "  # again\nspec:").replace("name: api, n", "name: api2, n"))
	assert caller.get(f"http://{HOST}/").status == 200


def tunnel(caller, host, site, root, *options):
	return subprocess.run(["curl", "-q", "-sS", "-x", caller.proxy.outbound,
	    "--cacert", root.path, *options, f"https://{host}/"],
	    capture_output=True, text=True, check=False, timeout=20)


@scenario
def tunnels_lead_to_registered_hosts_that_are_asked_for(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site",
	    san=f"DNS:{HOST},DNS:evil.example.com"))
	caller = Caller(scene)
	caller.write("api", SERVICE.format(name="api", host=HOST, ports=
	    f"[{{port: 443, targetPort: {site}, appProtocol: https}}]"))
	caller.start()
	done = tunnel(caller, HOST, site, root)
	assert done.stdout == f"site https {HOST} {HOST} \n", done
	assert "502" in tunnel(caller, "evil.example.com", site, root).stderr
	# Behind the right CONNECT another name.
	done = tunnel(caller, "evil.example.com", site, root, "--connect-to",
	    f"evil.example.com:443:{HOST}:443")
	assert done.returncode != 0 and done.stdout == "", done
	assert caller.refused("sni_mismatch") == 1
	assert caller.refused("not_registered") == 1
	wait_until(lambda: "sni_mismatch" in caller.proxy.out(), "the access log")
	assert "asks for another host" in caller.proxy.err()


@scenario
def tunnels_ask_for_their_host_whatever_it_is_called_by(scene):
	root = Authority(scene)
	names = [HOST, "db", "127.0.0.1", "api.default.mesh", "evil.example.com"]
	site = tls_site(scene, "site", root.sign("site", san=",".join(
	    f"DNS:{n}" for n in names) + ",IP:127.0.0.1"))
	caller = Caller(scene, hosts=(HOST, "db"))
	for name, host in (("api", HOST), ("one", "db"), ("ip", "127.0.0.1")):
		caller.write(name, SERVICE.format(name=name, host=host, ports=
		    f"[{{port: 443, targetPort: {site}, appProtocol: https}}]"))
	caller.start()
	# By CONNECT, and by the name in TLS: all that is meant to pass.
	for host, asked in ((HOST, HOST), (HOST.upper(), HOST), ("db", "db"),
	    ("127.0.0.1", "127.0.0.1"), ("api.default.mesh", HOST),
	    ("api.default.mesh", "api.default.mesh"),
	    ("api.default.svc.cluster.local", HOST), ("api", HOST),
	    ("one.default.mesh", "db"), ("ip.default.mesh", "127.0.0.1")):
		done = tunnel(caller, asked, site, root, "--connect-to",
		    f"{asked}:443:{host}:443")
		assert done.stdout.startswith("site https"), (host, asked, done)
	assert caller.refused("sni_mismatch") == 0
	hosts = (HOST, HOST + ".", HOST.upper(), "db", "127.0.0.1",
	    "api.default.mesh", "api.default.svc", "api.default", "api",
	    "one.default.mesh", "ip.default.mesh")
	for n, host in enumerate(hosts):
		done = tunnel(caller, "evil.example.com", site, root,
		    "--connect-to", f"evil.example.com:443:{host}:443")
		assert done.returncode != 0 and done.stdout == "", (host, done)
		assert caller.refused("sni_mismatch") == n + 1, host
	# Nor for nobody, where there is a name.
	for n, host in enumerate(("db", HOST, "api.default.mesh")):
		done = tunnel(caller, "127.0.0.1", site, root, "--connect-to",
		    f"127.0.0.1:443:{host}:443")
		assert done.returncode != 0 and done.stdout == "", (host, done)
		assert caller.refused("sni_mismatch") == len(hosts) + n + 1, host


def connect(caller, host):
	conn = dial(f"127.0.0.1:{caller.proxy.outbound_port}")
	conn.sendall(f"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
	answer = b""
	while not answer.endswith(b"\r\n\r\n"):
		answer += conn.recv(1)
	return conn, int(answer.split()[1])


@scenario
def tunnels_wait_for_a_hello_and_not_for_ever(scene):
	seen = []

	def serve(peer):
		peer.send(b"220 ready\r\n")	# it speaks first
		seen.append(peer.sock.recv(100))
		peer.send(b"250 ok\r\n")

	backend = scene.backend(serve)
	caller = Caller(scene).write("mail", SERVICE.format(name="mail",
	    host=HOST, ports=f"[{{port: 25, targetPort: {backend.port}}}]"))
	caller.start()
	conn, status = connect(caller, f"{HOST}:25")
	with conn:
		assert status == 200
		assert conn.recv(100) == b"220 ready\r\n"
		conn.sendall(b"EHLO me\r\n")
		assert conn.recv(100) == b"250 ok\r\n"
	assert seen == [b"EHLO me\r\n"], seen
	# The beginning of a hello whose rest does not come.
	conn, status = connect(caller, f"{HOST}:25")
	with conn:
		assert status == 200 and conn.recv(100) == b"220 ready\r\n"
		conn.sendall(b"\x16\x03\x01\x02\x00\x01")
		conn.settimeout(10)
		try:
			assert conn.recv(100) == b""
		except ConnectionResetError:
			pass
	assert caller.refused("no_hello") == 1


@scenario
def a_name_that_does_not_resolve_is_said(scene):
	caller = Caller(scene, hosts=()).write("api", SERVICE.format(name="api",
	    host="127.0.0.1.example.com", ports=http_ports(80)))
	caller.start()
	reply = caller.get("http://api.default.mesh/")
	assert reply.status == 503, reply.status
	wait_until(lambda: '"DF"' in caller.last() and
	    "dns_failed" in caller.last() or "lookup_timeout" in caller.last(),
	    f"the reason: {caller.last()}")


@scenario
def addresses_are_looked_up_again_and_shared_out(scene):
	backends = [scene.closing(Backend(f"HTTP/1.1 200 OK\r\ncontent-length: 1"
	    f"\r\n\r\n{i}".encode(), host=f"127.0.0.{i}", port=port))
	    for port in (free_port(),) for i in (1, 2, 3)]
	dns = Dns(scene)
	dns.addresses[HOST] = ["127.0.0.1", "127.0.0.2"]
	caller = Caller(scene, hosts=(), options=("--balancer", "roundRobin"))
	caller.write("api", SERVICE.format(name="api", host=HOST,
	    ports=http_ports(backends[0].port))).start()

	def seen():
		return collections.Counter(caller.get(f"http://{HOST}/").body
		    for _ in range(20))

	assert seen() == {b"1": 10, b"2": 10}
	# Nobody answers any more: what was known stays.
	dns.addresses[HOST] = []
	asked = dns.asked
	wait_until(lambda: dns.asked >= asked + 2, "it is asked again", 30)
	assert seen() == {b"1": 10, b"2": 10}
	dns.addresses[HOST] = ["127.0.0.3"]
	wait_until(lambda: set(seen()) == {b"3"}, "the new address", 30)


@scenario
def routes_send_to_hosts_outside(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	own = scene.backend(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nown")
	caller = Caller(scene).write("roots", config_map(root.pem))
	caller.write("api", SERVICE.format(name="api", host=HOST,
	    ports=http_ports(site)))
	caller.write("tls", POLICY.format(name="api", service="api", host=HOST,
	    trust=BY_MAP))
	caller.write("web", f"""
apiVersion: v1
kind: Service
metadata: {{name: web, namespace: default}}
spec: {{ports: [{{name: http, port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: web, namespace: default,
  labels: {{kubernetes.io/service-name: web}}}}
addressType: IPv4
ports: [{{name: http, port: {own.port}}}]
endpoints: [{{addresses: [127.0.0.1]}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: web, namespace: default}}
spec:
  parentRefs: [{{group: "", kind: Service, name: web}}]
  rules:
  - matches: [{{path: {{value: /api}}}}]
    backendRefs: [{{name: api, port: 80}}]
  - matches: [{{path: {{value: /as}}}}]
    filters: [{{type: URLRewrite, urlRewrite: {{hostname: www.example.com}}}}]
    backendRefs: [{{name: api, port: 80}}]
  - backendRefs: [{{name: web, port: 80}}]
""").start()
	url = "http://web.default.mesh"
	assert caller.get(f"{url}/").body == b"own"
	wait_until(lambda: caller.get(f"{url}/api").status == 200, "it resolves")
	assert caller.get(f"{url}/api").body == \
	    f"site https {HOST}:{site} {HOST} \n".encode()
	# A rule that sets the host is obeyed; TLS still asks for the policy's.
	assert caller.get(f"{url}/as").body == \
	    f"site https www.example.com {HOST} \n".encode()


@scenario
def bytes_to_a_port_of_their_own_leave_by_tls(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	wrong = tls_site(scene, "wrong", root.sign("wrong", san="DNS:other"))
	caller = Caller(scene, upstreams={"api": "default/api:7000",
	    "wrong": "default/wrong:7000", "none": "default/none:7000"})
	caller.write("roots", config_map(root.pem))
	for name, port in (("api", site), ("wrong", wrong)):
		caller.write(name, SERVICE.format(name=name, host=HOST,
		    ports=f"[{{port: 7000, targetPort: {port}, appProtocol: tcp}}]"))
		caller.write(f"tls-{name}", POLICY.format(name=name, service=name,
		    host=HOST, trust=BY_MAP))
	caller.start()
	reply = curl(f"http://{caller.proxy.upstream['api']}/", "-H", "Host: x",
	    "-H", "Connection: close")
	assert reply.body == f"site https x {HOST} \n".encode(), reply.body
	for name in ("wrong", "none"):
		try:	# it may be refused as soon as it is there
			with dial(caller.proxy.upstream[name]) as conn:
				conn.sendall(b"GET / HTTP/1.0\r\n\r\n")
				assert conn.recv(100) == b"", name
		except (BrokenPipeError, ConnectionResetError):
			pass
	metrics = caller.proxy.metrics()
	assert metrics.sum("mesh_tls_failures_total", direction="outbound",
	    reason="unexpected-host") > 0
	assert caller.refused("no_service") == 1


ALLOW_ANY = """
apiVersion: mesh/v1
kind: MeshConfig
metadata: {name: default}
spec: {outboundTrafficPolicy: {mode: ALLOW_ANY}}
"""


@scenario
def any_host_is_called_where_that_is_allowed(scene):
	root = Authority(scene)
	secure = tls_site(scene, "secure", root.sign("secure",
	    san="DNS:example.org"))
	site = scene.nginx("site",
	    'location / { return 200 "$http_host [$http_x_mesh_source]\\n"; }')
	caller = Caller(scene, hosts=("example.org", "www.example.org"))
	caller.write("mesh", ALLOW_ANY).start()
	for host in ("www.example.org", "example.org", "127.0.0.1", "localhost"):
		reply = caller.curl(f"http://{host}:{site.http_port}/")
		assert reply.body == f"{host}:{site.http_port} []\n".encode(), (
		    host, reply.status, reply.body)
	done = subprocess.run(["curl", "-q", "-sS", "-x", caller.proxy.outbound,
	    "--cacert", root.path, f"https://example.org:{secure}/"],
	    capture_output=True, text=True, check=False, timeout=20)
	assert done.stdout.startswith("secure https example.org"), done
	# What has no address, and what is the proxy itself.
	assert caller.get("http://nobody.example.org/").status == 503
	wait_until(lambda: '"DF"' in caller.last(), "the flag")
	url = f"http://127.0.0.1:{caller.proxy.outbound_port}/"
	assert caller.curl(url).status == 502
	assert caller.refused("loop") == 1
	# A service that there is not stays one.
	assert caller.get("http://nobody.default.mesh/").status == 404
	caller.change("mesh", ALLOW_ANY.replace("ALLOW_ANY", "REGISTRY_ONLY"))
	for host in ("www.example.org", "example.org"):
		assert caller.curl(f"http://{host}:{site.http_port}/").status == 502


@scenario
def members_are_sent_what_their_namespace_registered(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	hosts = scene.file("hosts", f"127.0.0.1 {HOST}\n")
	control = scene.control()
	app = scene.echo("web-app")
	web, far = (scene.proxy(service.replace("/", "-"), control=control,
	    service=service, apps=[f"80={app.http}/http"], options=(
	    "--hosts-file", hosts, "--resolv-conf", "/dev/null")).await_ready()
	    for service in ("default/web", "shop/far"))

	def ask(proxy, host):
		return get(proxy.outbound_port, f"http://{host}/", host=host)

	assert ask(web, HOST).status == 502
	control.apply(SERVICE.format(name="api", host=HOST,
	    ports=http_ports(site)) + "---\n" + POLICY.format(name="api",
	    service="api", host=HOST, trust=BY_MAP))
	wait_until(lambda: ask(web, HOST).status == 503, "there is no authority")
	text = control.ctl("describe", "backendtlspolicy", "api").stdout
	assert "InvalidCACertificateRef" in text and \
	    "NoValidCACertificate" in text, text
	control.apply(config_map(root.pem))
	wait_until(lambda: ask(web, HOST).status == 200, "it is trusted")
	control.ctl("wait", "--for=condition=Programmed", "backendtlspolicy",
	    "api")
	# From elsewhere it is a service of another namespace.
	assert ask(far, HOST).status == 502
	reply = ask(far, "api.default.mesh")
	assert reply.body == f"site https {HOST}:{site} {HOST} \n".encode(), \
	    reply.body
	text = control.ctl("describe", "service", "api").stdout
	assert f"TLS as {HOST}, trusting ConfigMap roots" in text, text
	# Without the roots nothing new is begun, and nothing in plain text.
	control.ctl("delete", "configmap", "roots", "--yes")
	wait_until(lambda: ask(web, HOST).status == 503, "it is not trusted")


if __name__ == "__main__":
	main()
