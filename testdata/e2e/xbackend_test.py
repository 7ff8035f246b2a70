"""XBackends: hosts outside that routes send to, in one document."""

from gateway import Gateway, gateway
from mesh import free_port, main, scenario, wait_until
from outside import (BY_MAP, HOST, XBACKEND, Authority, Caller, config_map,
    tls_site)
from wire import get


TO_XBACKEND = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {{name: bank, namespace: default}}
spec:
  parentRefs: [{parent}]
  rules:
  - backendRefs:
    - {{group: gateway.networking.x-k8s.io, kind: XBackend, name: bank{more}}}
"""

GRANT = """
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {{name: bank, namespace: bank}}
spec:
  from: [{{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: default}}]
  to: [{{group: {group}, kind: {kind}}}]
"""

BANK = """
apiVersion: v1
kind: Service
metadata: {name: bank, namespace: default}
spec: {ports: [{port: 80, appProtocol: http}]}
"""

TRUST = ("tls: {mode: ServerOnly, validation: {hostname: " + HOST + ", " +
    BY_MAP + "}}")


@scenario
def a_route_sends_to_an_xbackend_by_tls(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	caller = Caller(scene)
	caller.write("bank", BANK).write("route", TO_XBACKEND.format(
	    parent="{group: '', kind: Service, name: bank}", more=""))
	caller.write("host", XBACKEND.format(namespace="default", host=HOST,
	    port=site, more=TRUST)).start()
	# Nobody answers for it until there is somebody to trust.
	assert caller.curl("http://bank/").status == 503
	caller.change("roots", config_map(root.pem))
	seen = f"site https {HOST}:{site} {HOST} \n".encode()
	for url in ("http://bank/", f"http://{HOST}:{site}/"):
		reply = caller.curl(url)
		assert (reply.status, reply.body) == (200, seen), (url, reply.body)
	assert caller.proxy.metrics().sum("mesh_requests_total",
	    destination_service="bank.xbackend", response_code="200",
	    security="tls") == 2, caller.proxy.metrics().text
	# Another name than the certificate's, and no XBackend at all.
	caller.change("host", XBACKEND.format(namespace="default", host=HOST,
	    port=site, more=TRUST.replace(HOST, "www.example.com")))
	assert caller.curl("http://bank/").status == 503
	caller.change("host", XBACKEND.format(namespace="other", host=HOST,
	    port=site, more=TRUST))
	assert caller.curl("http://bank/").status == 500


@scenario
def a_gateway_sends_to_an_xbackend_that_a_grant_lets_it(scene):
	root = Authority(scene)
	pair, site, port = root.sign("site"), free_port(), free_port()
	scene.nginx("site", f"""listen 127.0.0.1:{site} ssl http2;
		ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};
		location / {{ return 200 "$server_protocol $host\\n"; }}""")
	hosts = scene.file("hosts", f"127.0.0.1 {HOST}\n")
	gate = Gateway(scene, gateway([f"name: http, protocol: HTTP, port: {port}"]) +
	    "---" + TO_XBACKEND.format(parent="name: edge",
	    more=", namespace: bank") + "---" + XBACKEND.format(namespace="bank",
	    host=HOST, port=site, more="protocol: HTTP2\n  " + TRUST) + "---\n" +
	    config_map(root.pem).replace("namespace: default", "namespace: bank"),
	    options=("--hosts-file", hosts, "--resolv-conf", "/dev/null"))
	assert gate.get(port).status == 500
	# One for Services is none for it.
	gate.write("grant", GRANT.format(group='""', kind="Service"))
	wait_until(lambda: gate.err().count("documents in force") == 1, "read")
	assert gate.get(port).status == 500
	gate.write("grant", GRANT.format(group="gateway.networking.x-k8s.io",
	    kind="XBackend"))
	wait_until(lambda: gate.get(port).status == 200, "it is let")
	assert gate.get(port).body == f"HTTP/2.0 {HOST}\n".encode(), \
	    gate.get(port).body


@scenario
def control_sends_xbackends_to_members_that_need_them(scene):
	root = Authority(scene)
	site = tls_site(scene, "site", root.sign("site"))
	hosts = scene.file("hosts", f"127.0.0.1 {HOST}\n")
	control = scene.control()
	app = scene.echo("web-app")
	web, far = (scene.proxy(service.replace("/", "-"), control=control,
	    service=service, apps=[f"80={app.http}/http"], options=(
	    "--hosts-file", hosts, "--resolv-conf", "/dev/null")).await_ready()
	    for service in ("default/web", "shop/far"))

	def ask(proxy, host="bank.default.mesh"):
		return get(proxy.outbound_port, f"http://{host}/", host=host)

	control.apply(BANK + "---\n" + TO_XBACKEND.format(
	    parent="{group: '', kind: Service, name: bank}", more=""))
	wait_until(lambda: ask(web).status == 500, "there is no XBackend")
	text = control.ctl("describe", "httproute", "bank").stdout
	assert "BackendNotFound" in text and "XBackend bank" in text, text
	control.apply(XBACKEND.format(namespace="default", host=HOST, port=site,
	    more=TRUST))
	wait_until(lambda: ask(web).status == 503, "there is no authority")
	text = control.ctl("describe", "xbackend", "bank").stdout
	assert "InvalidCACertificateRef" in text and \
	    "NoValidCACertificate" in text, text
	control.apply(config_map(root.pem))
	seen = f"site https {HOST}:{site} {HOST} \n".encode()
	# A producer's route is for callers everywhere.
	for proxy in (web, far):
		wait_until(lambda: ask(proxy).body == seen, "it is trusted")
	control.ctl("wait", "--for=condition=Programmed", "xbackend", "bank")
	text = control.ctl("get", "xbackends").stdout
	assert f"{HOST}" in text and "ServerOnly" in text, text
	text = control.ctl("route", "bank").stdout
	assert "XBackend/bank" in text, text
	# By its own name the host is called in its namespace alone.
	assert ask(web, f"{HOST}:{site}").body == seen
	assert ask(far, f"{HOST}:{site}").status == 502
	control.ctl("delete", "xbackend", "bank", "--yes")
	wait_until(lambda: ask(web).status == 500, "it is gone")


if __name__ == "__main__":
	main()
