#!/usr/bin/env python3
"""Certificates that the mesh shows to servers outside: a gateway's own
(spec.tls.backend of its Gateway), and an XBackend's.

The servers are nginx, which asks for them.
"""

from gateway import Gateway, gateway, route, secret, service
from mesh import free_port, main, scenario, wait_until
from outside import (BY_MAP, HOST, POLICY, XBACKEND, Authority, Caller,
    config_map)
from wire import get

CLIENT = "extendedKeyUsage=clientAuth\n"
SHOWN = "  tls: {backend: {clientCertificateRef: {name: shown}}}\n"


def asking_site(scene, name, pair, clients, verify="on"):
	"""nginx that knows its clients; gives its port."""
	port = free_port()
	scene.nginx(name, f"""listen 127.0.0.1:{port} ssl;
		ssl_certificate {pair[0]}; ssl_certificate_key {pair[1]};
		ssl_client_certificate {clients.path}; ssl_verify_client {verify};
		ssl_verify_depth 3;
		location / {{ return 200 "$ssl_client_verify $ssl_client_s_dn"; }}
		""")
	return port


class Edge(Gateway):
	"""A gateway in front of such a site."""

	def __init__(self, scene, site, root, *more, tls=SHOWN):
		self.port = free_port()
		self.rest = route("bank", "bank") + service("bank", site) + \
		    "---" + POLICY.format(name="bank", service="bank", host=HOST,
		        trust=BY_MAP) + "---\n" + config_map(root.pem) + \
		    "".join(more)
		super().__init__(scene, self.documents(tls))

	def documents(self, tls):
		return gateway([f"name: web, protocol: HTTP, port: {self.port}"]) + \
		    tls + self.rest

	def says(self):
		reply = self.get(self.port)
		return reply.text() if reply.status == 200 else reply.status


@scenario
def a_gateway_shows_its_certificate_to_backends(scene):
	root, clients = Authority(scene), Authority(scene, "clients")
	site = asking_site(scene, "site", root.sign("site"), clients)
	edge = Edge(scene, site, root)
	edge.wait_line("clientCertificateRef: there is no Secret default/shown")
	assert edge.says() == 400	# nginx: no required certificate
	for name, kind in (("ec", "ec"), ("rsa", "rsa"), ("large", "rsa:4096")):
		edge.write("shown", secret("shown", clients.sign(name, kind=kind,
		    more=CLIENT)))
		# New connections show the new one.
		wait_until(lambda: edge.says() == f"SUCCESS CN={name}", name)
	# One that nginx does not know.
	edge.write("shown", secret("shown", root.sign("other", more=CLIENT)))
	wait_until(lambda: edge.says() == 400, "the other is refused")
	edge.write("documents", edge.documents(""))
	wait_until(lambda: edge.says() == 400, "none is shown")


@scenario
def a_backend_that_does_not_ask_is_shown_nothing(scene):
	root, clients = Authority(scene), Authority(scene, "clients")
	site = asking_site(scene, "site", root.sign("site"), clients, "off")
	edge = Edge(scene, site, root, secret("shown", clients.sign("ec",
	    more=CLIENT)))
	assert edge.says() == "NONE "


@scenario
def the_chain_is_shown_with_it(scene):
	root, clients = Authority(scene), Authority(scene, "clients")
	inner = Authority.__new__(Authority)
	inner.scene = scene
	inner.path, inner.key = clients.sign("inner",
	    more="basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n")
	cert, key = inner.sign("leaf", more=CLIENT)
	chain = scene.file("chain.pem", cert.read_text() + inner.pem)
	site = asking_site(scene, "site", root.sign("site"), clients)
	edge = Edge(scene, site, root, secret("shown", (chain, key)))
	assert edge.says() == "SUCCESS CN=leaf"


XTLS = f"""tls:
    mode: ClientAndServer
    clientCertificateRef: {{name: shown}}
    validation: {{hostname: {HOST}, {BY_MAP}}}
"""


@scenario
def an_xbackend_is_shown_its_own(scene):
	root, clients = Authority(scene), Authority(scene, "clients")
	site = asking_site(scene, "site", root.sign("site"), clients)
	caller = Caller(scene)
	caller.write("host", XBACKEND.format(namespace="default", host=HOST,
	    port=site, more=XTLS)).write("roots", config_map(root.pem)).start()
	url = f"http://{HOST}:{site}/"
	assert caller.curl(url).status == 400
	assert "clientCertificateRef: there is no Secret" in caller.proxy.err()
	caller.change("shown", secret("shown", clients.sign("me", more=CLIENT)))
	assert caller.curl(url).body == b"SUCCESS CN=me"


@scenario
def control_gives_the_key_to_its_namespace_alone(scene):
	root, clients = Authority(scene), Authority(scene, "clients")
	site = asking_site(scene, "site", root.sign("site"), clients)
	hosts = scene.file("hosts", f"127.0.0.1 {HOST}\n")
	control, app = scene.control(), scene.echo("app")
	web, far = (scene.proxy(name.replace("/", "-"), control=control,
	    service=name, apps=[f"80={app.http}/http"], options=("--hosts-file",
	    hosts, "--resolv-conf", "/dev/null")).await_ready()
	    for name in ("default/web", "shop/far"))
	control.apply(XBACKEND.format(namespace="default", host=HOST, port=site,
	    more=XTLS) + "---\n" + config_map(root.pem))
	text = control.ctl("describe", "xbackend", "bank").stdout
	assert "InvalidClientCertificateRef" in text, text
	control.apply(secret("shown", clients.sign("me", more=CLIENT)))

	def ask(proxy):
		return get(proxy.outbound_port, f"http://{HOST}:{site}/",
		    host=f"{HOST}:{site}")
	wait_until(lambda: ask(web).body == b"SUCCESS CN=me", "it is shown")
	text = control.ctl("describe", "xbackend", "bank").stdout
	assert "InvalidClientCertificateRef" not in text, text
	# Whatever another asks for, the key is not sent there.
	get(far.outbound_port, "http://bank.xbackend.default.mesh/",
	    host="bank.xbackend.default.mesh")
	for proxy, want in ((web, True), (far, False)):
		shown = proxy.admin("/config").text()
		assert ("/core/secrets/default/shown" in shown) is want, proxy.name


if __name__ == "__main__":
	main()
