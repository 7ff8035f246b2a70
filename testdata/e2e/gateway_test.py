#!/usr/bin/env python3
"""The way into the mesh for strangers: the Gateways of a standalone proxy.

TLS is checked with Python's, which is OpenSSL.
"""

import json

import wire
from gateway import (Gateway, certificate, gateway, no_such_name, route,
    secret, service, trust)
from mesh import free_port, main, scenario, wait_until


def http(port, name="http", **more):
	fields = "".join(f", {key}: {value}" for key, value in more.items())
	return f'name: {name}, protocol: HTTP, port: {port}{fields}'


def https(port, name, secret_name, hostname=None):
	host = f', hostname: "{hostname}"' if hostname else ""
	return (f"name: {name}, protocol: HTTPS, port: {port}{host}, "
	    f"tls: {{certificateRefs: [{{name: {secret_name}}}]}}")


def name_of(reply):
	return reply.json()["name"] if reply.status == 200 else reply.status


@scenario
def a_gateway_has_no_way_out_and_says_so(scene):
	port = free_port()
	edge = Gateway(scene, gateway([http(port)]))	# asks by --outbound-listen
	assert f"outbound 127.0.0.1:{edge.outbound_port} is not opened: a gateway " \
	    "has no application" in edge.err(), edge.err()


@scenario
def a_request_obeys_the_listener_of_its_host_alone(scene):
	port, other = free_port(), free_port()
	apps = {name: scene.echo(name) for name in ("any", "wild", "exact")}
	edge = Gateway(scene, gateway([
	    http(port, "empty"),
	    http(port, "wild", hostname='"*.example.com"'),
	    http(port, "exact", hostname="a.example.com"),
	    http(other, "other")]) +
	    route("any", "any", "name: edge, sectionName: empty",
	        path="/empty") +
	    route("wild", "wild", "name: edge, sectionName: wild",
	        path="/wild") +
	    route("exact", "exact", "name: edge, sectionName: exact",
	        path="/exact") +
	    "".join(service(name, app.http_port) for name, app in apps.items()))
	for host, paths in {
	    "b.org": {"/empty": "any", "/wild": 404, "/exact": 404},
	    "b.example.com": {"/empty": 404, "/wild": "wild", "/exact": 404},
	    "A.Example.Com:80": {"/empty": 404, "/wild": 404,
	        "/exact": "exact"},
	    "x.b.example.com": {"/wild": "wild"},
	    "example.com": {"/empty": "any", "/wild": 404}}.items():
		for path, want in paths.items():
			got = name_of(edge.get(port, path, host))
			assert got == want, (host, path, got)
	# A listener without routes answers too.
	assert edge.get(other, "/empty", "b.org").status == 404


@scenario
def strangers_do_not_say_where_they_come_from(scene):
	port = free_port()
	app = scene.echo("web")
	edge = Gateway(scene, gateway([http(port)]) + route("web", "web") +
	    service("web", app.http_port))
	seen = edge.get(port, "/", "shop.example", fields={
	    "X-Forwarded-For": "9.9.9.9", "Forwarded": "for=9.9.9.9",
	    "X-Forwarded-Client-Cert": "URI=spiffe://evil",
	    "X.Forwarded.For": "9.9.9.9", "X.Real-IP": "9.9.9.9",
	    "X.Forwarded.Client.Cert": "URI=spiffe://evil",
	    "X-Mesh-Source": "evil/evil"}).json()["headers"]
	assert seen["x-forwarded-for"] == ["127.0.0.1"], seen
	assert seen["x-forwarded-proto"] == ["http"], seen
	assert seen["x-forwarded-host"] == ["shop.example"], seen
	for name in ("forwarded", "x-forwarded-client-cert", "x-mesh-source",
	    "x.forwarded.for", "x.real-ip", "x.forwarded.client.cert"):
		assert name not in seen, seen


@scenario
def proxies_of_ours_in_front_are_believed(scene):
	port = free_port()
	app = scene.echo("web")
	edge = Gateway(scene, gateway([http(port)]) + route("web", "web") +
	    service("web", app.http_port), options=["--trusted-hops", "2"])
	for came, want in (("1.1.1.1, 2.2.2.2, 3.3.3.3",
	    "2.2.2.2, 3.3.3.3, 127.0.0.1"), ("2.2.2.2", "2.2.2.2, 127.0.0.1")):
		seen = edge.get(port, "/", "shop.example", fields={
		    "X-Forwarded-For": came, "X-Forwarded-Proto": "https",
		    "X-Forwarded-Host": "www.example", "X-Real-IP": "9.9.9.9",
		    "X-Forwarded-Client-Cert": "URI=spiffe://evil"}
		    ).json()["headers"]
		assert seen["x-forwarded-for"] == [want], seen
		assert seen["x-forwarded-proto"] == ["https"], seen
		assert seen["x-forwarded-host"] == ["www.example"], seen
		assert "x-forwarded-client-cert" not in seen, seen
		assert "x-real-ip" not in seen, seen
	seen = edge.get(port, "/", "shop.example").json()["headers"]
	assert seen["x-forwarded-for"] == ["127.0.0.1"], seen
	assert seen["x-forwarded-proto"] == ["http"], seen


@scenario
def a_listener_that_nobody_can_open_is_told_of(scene):
	there, odd = free_port(), free_port()
	app = scene.echo("web")
	edge = Gateway(scene, gateway([http(there, "a"),
	    f"name: odd, port: {odd}, protocol: SCTP"]) + route("web", "web") +
	    service("web", app.http_port))
	assert edge.get(there).status == 200
	assert is_closed(odd)
	assert "listeners[1].protocol: SCTP is not one of ours" in edge.err(), \
	    edge.err()


@scenario
def ports_come_and_go_and_the_others_do_not_notice(scene):
	stays, goes, comes = free_port(), free_port(), free_port()
	app = scene.echo("web")
	rest = route("web", "web") + service("web", app.http_port)
	edge = Gateway(scene, gateway([http(stays, "a"), http(goes, "b")]) + rest)
	load = scene.closing(wire.Load(stays).start())
	load.more(200)
	old = edge.client(goes)
	assert old.request().status == 200
	edge.write("documents", gateway([http(stays, "a"), http(comes, "c")]) +
	    rest)
	wait_until(lambda: edge.get(comes).status == 200, "the new port opens")
	wait_until(lambda: is_closed(goes), "the old port closes")
	# Its listener is no more, but the connection is still answered.
	assert old.request().status == 404
	edge.write("documents", gateway([http(stays, "a"), http(goes, "b")]) +
	    rest)
	wait_until(lambda: edge.get(goes).status == 200, "it opens again")
	assert old.request().status == 200
	load.more(200)
	load.finish()


@scenario
def a_port_that_is_taken_is_opened_when_it_is_free(scene):
	port, other = free_port(), free_port()
	taken = wire.Backend(b"", port=port)
	app = scene.echo("web")
	edge = Gateway(scene, gateway([http(port, "a"), http(other, "b")]) +
	    route("web", "web") + service("web", app.http_port))
	edge.wait_line(f"cannot listen on 127.0.0.1:{port}")
	assert edge.get(other).status == 200
	taken.close()
	wait_until(lambda: edge.get(port).status == 200, "the port opens")


@scenario
def tls_ends_at_the_gateway_by_server_name(scene):
	port = free_port()
	apps = {name: scene.echo(name) for name in ("exact", "wild", "rsa")}
	pairs = {
	    "exact": certificate(scene, "exact", "a.example.com"),
	    "wild": certificate(scene, "wild", "*.example.com"),
	    "rsa": certificate(scene, "rsa", "old.example.org", kind="rsa")}
	edge = Gateway(scene, gateway([
	    https(port, "wild", "wild", "*.example.com"),
	    https(port, "exact", "exact", "a.example.com"),
	    https(port, "rsa", "rsa", "old.example.org")]) +
	    "".join(secret(name, pair) for name, pair in pairs.items()) +
	    "".join(route(name, name, f"name: edge, sectionName: {name}") +
	        service(name, app.http_port) for name, app in apps.items()))
	tls = trust(*(pair[0] for pair in pairs.values()))
	# Python verifies that the certificate is for the name.
	for host, want in (("a.example.com", "exact"), ("b.example.com", "wild"),
	    ("old.example.org", "rsa")):
		with edge.client(port, host, tls) as client:
			reply = client.request(host=host)
			assert reply.status == 200, (host, reply.first)
			seen = reply.json()
			assert seen["name"] == want, (host, seen)
			assert seen["headers"]["x-forwarded-proto"] == ["https"]
			# The Host of another listener, and of none.
			assert client.request(host="old.example.org" if
			    want != "rsa" else "a.example.com").status == 421
			assert client.request(host="nobody.example").status == 404
	with no_such_name():
		edge.client(port, "nobody.example", tls)


@scenario
def a_new_secret_is_shown_and_connections_go_on(scene):
	port = free_port()
	app = scene.echo("web")
	old = certificate(scene, "old", "a.example.com")
	new = certificate(scene, "new", "a.example.com")
	edge = Gateway(scene, gateway([https(port, "all", "cert")]) +
	    route("web", "web") + service("web", app.http_port))
	edge.wait_line("there is no Secret default/cert")
	edge.write("secret", secret("cert", old))
	wait_until(lambda: edge.client(port, "a.example.com",
	    trust(old[0])).close() is None, "the old certificate is shown")
	client = edge.client(port, "a.example.com", trust(old[0]))
	assert client.request(host="a.example.com").status == 200
	edge.write("secret", secret("cert", new))
	wait_until(lambda: edge.client(port, "a.example.com",
	    trust(new[0])).close() is None, "the new certificate is shown")
	assert client.request(host="a.example.com").status == 200
	client.close()


@scenario
def listeners_that_cannot_share_a_port_are_told(scene):
	port, other = free_port(), free_port()
	app = scene.echo("web")
	edge = Gateway(scene, gateway([http(port, "a"),
	    f"name: b, protocol: TCP, port: {port}", http(other, "c")]) +
	    route("web", "web") + service("web", app.http_port))
	edge.wait_line("listener a: ProtocolConflict")
	edge.wait_line("listener b: ProtocolConflict")
	assert edge.get(other).status == 200
	assert is_closed(port)


def joined(scene, control, name="edge"):
	return scene.proxy(f"{name}-1", control=control,
	    gateway=f"default/{name}",
	    options=["--listen-address", "127.0.0.1"]).await_ready()


@scenario
def a_joined_gateway_reaches_sidecars_by_mutual_tls(scene):
	port, secure = free_port(), free_port()
	control = scene.control()
	app = scene.echo("web-app")
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={app.http}/http"]).await_ready()
	pair = certificate(scene, "cert", "shop.example")
	control.apply(gateway([http(port), https(secure, "s", "cert")]))
	edge = joined(scene, control)
	wait_until(lambda: control.get("gateway", "edge")["status"]["addresses"] ==
	    [{"type": "IPAddress", "value": "127.0.0.1"}], "its address is told")
	# It never had a good form, so none is said to go on.
	wait_until(lambda: "rejects /gateway.networking.k8s.io/gateways/default/edge"
	    ": listener s: there is no Secret default/cert" in control.ctl("check",
	    expect=1).stdout, "it says what is missing")
	# Documents come when it runs already.
	control.apply(route("web", "web") + secret("cert", pair))
	wait_until(lambda: wire.get(port).status == 200, "the route is there")
	seen = wire.get(port, host="shop.example").json()["headers"]
	assert "URI=spiffe://mesh.internal/ns/default/sa/gw--edge" in \
	    seen["x-forwarded-client-cert"][0], seen
	assert seen["x-forwarded-for"] == ["127.0.0.1"], seen
	def by_tls():
		with wire.Client(secure, (trust(pair[0]), "shop.example")) as client:
			return client.request(host="shop.example").status == 200
	wait_until(by_tls, "the certificate is there")
	# It has no application that could be away.
	wait_until(lambda: control.ctl("check", expect=None).stdout.count(
	    "all 2 sidecars are well"), "both are well")
	said = control.ctl("check", expect=None).stdout
	assert "\u203c validity of the certificate of Secret default/cert\n    ends in" \
	    in said, said
	rows = control.ctl("api", "GET", "/v1/certificates").stdout
	assert json.loads(rows)["items"][0]["names"] == ["shop.example"], rows
	assert "Online" in next(line for line in control.ctl("proxy",
	    "status").stdout.splitlines() if "edge" in line)
	# Nobody else is sent the Secret, and it is on no disk in clear.
	for proxy, want in ((edge, True), (web, False)):
		shown = proxy.admin("/config").text()
		assert ("/core/secrets/default/cert" in shown) is want, \
		    (proxy.name, shown)
	key = pair[1].read_text().splitlines()[1]
	for path in [*edge.state_dir.rglob("*"), *web.state_dir.rglob("*"),
	    *control.data_dir.rglob("*")]:
		assert path.is_dir() or key.encode() not in path.read_bytes(), path


def conditions(control, *which):
	"""type -> (status, reason, message), of the Gateway or of a listener."""
	status = control.get("gateway", "edge")["status"]
	for name in which:
		status = next(one for one in status["listeners"]
		    if one["name"] == name)
	return {one["type"]: (one["status"], one["reason"], one["message"])
	    for one in status["conditions"]}


@scenario
def a_spoilt_secret_takes_no_certificate_away(scene):
	secure, port = free_port(), free_port()
	control = scene.control()
	pair = certificate(scene, "cert", "shop.example")
	other = certificate(scene, "other", "shop.example")
	# Nobody looks into one of type Opaque, as once into all.
	def opaque(text):
		return text.replace("kubernetes.io/tls", "Opaque")
	control.apply(gateway([https(secure, "s", "cert"), http(port)]) +
	    opaque(secret("cert", pair)))
	edge = joined(scene, control)

	def by_tls(*certs):
		with wire.Client(secure, (trust(*certs), "shop.example")) as client:
			return client.request(host="shop.example").status == 404
	wait_until(lambda: by_tls(pair[0]), "the certificate is there")
	control.ctl("wait", "--for=condition=Programmed", "gateway/edge")

	# One that cannot be meant is refused, with its place.
	mixed = secret("cert", (pair[0], other[1]))
	refused = control.ctl("apply", "-f", "-", stdin=mixed, expect=None)
	assert refused.returncode != 0
	assert "data[tls.key]: the key is not the one of the certificate" in \
	    refused.stderr, refused.stderr

	control.apply(opaque(mixed))
	edge.wait_line("not the one of the certificate; the certificate before "
	    "stays in force")
	assert by_tls(pair[0])
	wait_until(lambda: conditions(control, "s")["ResolvedRefs"][:2] ==
	    ("False", "InvalidCertificateRef"), "the listener says so")
	assert conditions(control, "s")["Programmed"][0] == "False"
	assert conditions(control, "http")["Programmed"][0] == "True"
	assert conditions(control)["Programmed"][0] == "True"

	# It goes on for as long as it runs.
	control.apply(opaque(secret("cert", other)))
	wait_until(lambda: by_tls(other[0]), "the next good one is shown")
	wait_until(lambda: conditions(control, "s")["Programmed"][0] == "True",
	    "all is well")
	edge.wait_line("/default/edge: nothing is wrong with it any more")

	# One that is taken away is not shown.
	control.ctl("delete", "secret", "cert", "--yes")
	wait_until(lambda: is_closed(secure), "the port closes")
	assert "certificate before stays" not in edge.err().rsplit(
	    "there is no Secret default/cert", 1)[1]


@scenario
def a_joined_gateway_goes_on_without_control(scene):
	port = free_port()
	control = scene.control()
	app = scene.echo("web-app")
	scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={app.http}/http"]).await_ready()
	control.apply(gateway([http(port)]) + route("web", "web"))
	edge = joined(scene, control)
	wait_until(lambda: wire.get(port).status == 200, "the route is there")
	control.kill()
	edge.stop()
	edge.start()
	wait_until(lambda: wire.get(port).status == 200, "it serves again")
	control.start()
	control.await_ready()
	control.ctl("delete", "gateway", "edge", "--yes")
	wait_until(lambda: is_closed(port), "without a Gateway it closes")


def is_closed(port):
	try:
		wire.dial(port).close()
	except ConnectionRefusedError:
		return True
	return False


if __name__ == "__main__":
	main()
