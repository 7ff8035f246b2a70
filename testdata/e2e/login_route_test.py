#!/usr/bin/python3
"""OIDCLogin documents that are about parts of a Gateway: a listener, an
HTTPRoute, a rule of one."""

import base64
import json
import subprocess

from gateway import gateway, route, secret
from mesh import MESH, curl, free_port, main, scenario, wait_until
from outside import Authority
from policies import access_lines
from shop import HOST, SECRET, Browser, Shop, login
from tokens import LoginProvider

ROUTES = route("open", "web", path="/open") + """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: app}
spec:
  parentRefs: [{name: edge}]
  rules:
  - matches: [{path: {value: /app}}]
    backendRefs: [{name: web, port: 80}]
  - name: admin
    matches: [{path: {value: /app/admin}}]
    backendRefs: [{name: web, port: 80}]
"""
OF_APP = "kind: HTTPRoute, name: app"


def may(shop, path, port=None):
	"""The OIDCLogin that keeps a stranger out, as people are told; or None."""
	asked = subprocess.run([MESH, "ctl", "authz", "check", "-o", "json", "-f",
	    shop.scene.file("shop.yaml", shop.text), "--from", "nobody",
	    "--gateway", "edge", "--port", str(port or shop.port), "--path", path,
	    "--host", HOST], capture_output=True, text=True, check=False)
	row, = json.loads(asked.stdout)
	assert asked.returncode == (0 if row["verdict"] == "allowed" else 1), asked
	return row["token"]["policy"].partition("/")[2] if "token" in row else None


@scenario
def people_log_in_at_one_route(scene):
	shop = Shop(scene, routes=ROUTES, login_at="/app", logins=lambda shop:
	    login(shop.provider, "  claimToHeaders: [{header: x-user, claim: "
	    "sub}]\n", OF_APP))
	assert shop.curl("/open").status == 200
	assert shop.curl("/none").status == 404
	assert may(shop, "/open") is None and may(shop, "/none") is None
	assert may(shop, "/app") == may(shop, "/app/admin") == "people"
	assert shop.curl("/app").status == 401
	# No route takes the way back, nor the way out.
	got = shop.browse("/app/x?a=b")
	assert got.status == 200 and got.json()["path"] == "/app/x?a=b", got.body
	name, = shop.one.cookies[HOST]
	assert name.startswith("__Host-mesh-session-"), name
	assert shop.browse("/app/admin").status == 200
	# Elsewhere its session is nobody's to see, nor what it tells anybody's
	# to say.
	seen = shop.curl("/open", "-b", f"{name}=x; {name}-1=y; own=1", "-H",
	    "x-user: root").json()["headers"]
	assert seen["cookie"] in ("own=1", ["own=1"]), seen
	assert "x-user" not in seen, seen
	assert shop.browse("/logout", follow=False).status == 302
	assert shop.one.cookies[HOST] == {}
	assert shop.browse("/logout", follow=False).status == 404, "who is out"
	assert shop.browse("/app", follow=False).status == 302
	wait_until(lambda: "/oauth2/callback?code=-&state=-" in [line["path"]
	    for line in access_lines(shop.edge)], "the log has what may be read")


@scenario
def the_closest_login_counts(scene):
	def logins(shop):
		first, second, third = shop.provider, shop.another_provider(), \
		    shop.another_provider()
		return login(first, name="whole") + login(second, target=OF_APP,
		    name="route") + login(third, target=OF_APP +
		    ", sectionName: admin", name="rule")
	shop = Shop(scene, routes=ROUTES, logins=logins)

	def asked():
		return [one.asked["authorization_code"] for one in shop.providers]
	wait_until(lambda: all(shop.browser().get(shop.url + path,
	    follow=False).status == 302 for path in ("/open", "/app",
	    "/app/admin")), "all providers are known")
	assert shop.browse("/open").status == 200 and asked() == [1, 0, 0]
	assert shop.browse("/app").status == 200 and asked() == [1, 1, 0]
	assert shop.browse("/app/admin").status == 200 and asked() == [1, 1, 1]
	assert [may(shop, path) for path in ("/open", "/app", "/app/admin")] == \
	    ["whole", "route", "rule"]
	# Three sessions on one host live beside each other.
	for path in ("/open", "/app", "/app/admin", "/open", "/app"):
		assert shop.browse(path, follow=False).status == 200, path
	assert asked() == [1, 1, 1]
	# The session of one opens no other's door.
	held = shop.one.cookies[HOST]
	whole = held["__Host-mesh-session"]
	other = shop.browser()
	for name in held:
		other.cookies[HOST] = {name: whole}
		assert other.get(shop.url + "/app/admin", follow=False).status == \
		    302, name
	# Without the closer ones the next counts.
	shop.edge.write("documents", shop.text.replace(
	    "sectionName: admin", "sectionName: other"))
	wait_until(lambda: shop.one.get(shop.url + "/app/admin",
	    follow=False).status == 200 and asked() == [1, 1, 1],
	    "the route's session is good there")


@scenario
def people_log_in_at_one_listener(scene):
	shop = Shop(scene, logins=lambda shop: login(shop.provider,
	    target="kind: Gateway, name: edge, sectionName: https"))
	assert shop.browse("/plain").status == 200
	assert shop.curl("/plain").status == 401
	assert curl(f"http://127.0.0.1:{shop.plain}/plain").status == 200
	assert may(shop, "/plain") == "people"
	assert may(shop, "/plain", shop.plain) is None


@scenario
def a_login_follows_its_route_to_a_gateway_of_control(scene):
	authority = Authority(scene)
	provider = LoginProvider(scene, authority.sign("idp", "DNS:idp.example"))
	control = scene.control()
	app = scene.echo("app")
	port = free_port()
	scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={app.http}/http"]).await_ready()
	control.apply(gateway(["name: https, port: %d, protocol: HTTPS, "
	    "hostname: %s, tls: {certificateRefs: [{name: cert}]}" % (port,
	    HOST)]) + secret("cert", authority.sign("shop", f"DNS:{HOST}")) +
	    SECRET % base64.b64encode(provider.secret.encode()).decode() +
	    login(provider, target="kind: HTTPRoute, name: web"))
	scene.proxy("edge", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1", "--ca-file",
	    authority.path, "--hosts-file", scene.file("hosts",
	    "127.0.0.1 idp.example\n")]).await_ready()
	browser = ("--cacert", authority.path, "--resolve",
	    f"{HOST}:{port}:127.0.0.1", "--resolve",
	    f"idp.example:{provider.port}:127.0.0.1")

	def said():
		return control.ctl("get", "oidclogin", "people", "-o",
		    "yaml").stdout

	def status():
		return Browser(*browser).get(f"https://{HOST}:{port}/plain",
		    follow=False).status
	wait_until(lambda: "there is no such HTTPRoute" in said(), "it is told")
	assert status() == 404
	control.apply(route("web", "web"))
	wait_until(lambda: status() == 302, "it acts with its route")
	assert Browser(*browser).get(f"https://{HOST}:{port}/plain").status == 200
	wait_until(lambda: "TargetNotFound" not in said() and "Programmed" in
	    said(), "and is told to")
	control.apply(route("web", "web", parent="name: other"))
	wait_until(lambda: status() == 404, "it went elsewhere")


if __name__ == "__main__":
	main()
