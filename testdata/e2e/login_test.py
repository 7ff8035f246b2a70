#!/usr/bin/python3
"""OIDCLogin documents: people who come to a Gateway with a browser log in at a
provider first."""

import base64
import json
import ssl
import subprocess
import urllib.parse

import wire
from gateway import gateway, route, secret
from mesh import MESH, curl, free_port, main, scenario, wait_until
from outside import Authority
from policies import access_lines, policy
from shop import HOST, SECRET, Browser, Shop, login
from tokens import LoginProvider, authentication


@scenario
def a_browser_logs_in_once_and_out_again(scene):
	shop = Shop(scene)
	provider = shop.provider
	provider.asked.clear()
	got = shop.browse("/some/path?a=1&b=%2F")
	assert got.status == 200, got.body
	seen = got.json()
	assert seen["path"] == "/some/path?a=1&b=%2F", "it is led back"
	assert "cookie" not in seen["headers"], "the session is no application's"
	assert shop.browse("/other", follow=False).status == 200
	assert provider.asked["authorization_code"] == 1, "once"
	assert list(shop.one.cookies[HOST]) == ["__Host-mesh-session"], \
	    "nothing is left of the way"
	# Who is no browser is not led away, and a token is as good as a session.
	assert shop.curl("/").status == 401
	out = shop.browse("/logout", follow=False)
	assert out.header("location").startswith(f"{provider.url}/logout?"), \
	    out.head
	assert shop.browse("/other", follow=False).status == 302
	wait_until(lambda: any(line["response_code_details"] == "login[done]"
	    for line in access_lines(shop.edge)), "the access log says what was")


@scenario
def what_a_session_says_is_known_to_policies(scene):
	target = ("  targetRefs: [{group: gateway.networking.k8s.io, kind: "
	    "Gateway, name: edge}]\n")
	shop = Shop(scene, documents=policy("admins", f"""
{target}  action: DENY
  rules:
  - to: [{{operation: {{paths: ["/admin"]}}}}]
    when: [{{key: "request.auth.claims[groups]", notValues: [admin]}}]
  - from: [{{source: {{notRequestPrincipals: ["*/ann"]}}}}]
"""))
	shop.provider.claims = {"groups": ["staff"]}
	assert shop.browse("/plain").status == 200
	assert shop.browse("/admin").status == 403
	shop.one = shop.browser()
	shop.provider.claims = {"groups": ["staff", "admin"]}
	assert shop.browse("/admin").status == 200

	# People who ask hear of the login, and what it would open.
	documents = scene.file("shop.yaml", shop.text)

	def ctl(code, *words):
		done = subprocess.run([MESH, "ctl", "authz", "check", "-f",
		    documents, *map(str, words)], capture_output=True, text=True,
		    check=False)
		assert done.returncode == code, done
		return done

	def check(path, code, **claims):
		said = {"iss": shop.provider.url, "sub": "ann",
		    "aud": shop.provider.client, **claims}
		more = ("--claims-file", scene.file("claims", json.dumps(said))) \
		    if claims else ()
		return ctl(code, "--from", "nobody", "--gateway", "edge", "--port",
		    shop.port, "--path", path, *more)
	assert "OIDCLogin default/people asks for a login at " + \
	    shop.provider.url in check("/plain", 1).stdout
	assert "of a login by OIDCLogin default/people" in check("/admin", 0,
	    groups=["admin"]).stdout
	assert "default/admins" in check("/admin", 1, groups=["staff"]).stdout
	assert "another audience" in check("/plain", 1, aud="bank").stdout
	assert "default/people" in ctl(0, "--from", "gw--edge", "--to",
	    "web").stderr


@scenario
def an_application_is_told_who_has_logged_in(scene):
	shop = Shop(scene, more="""  forwardAccessToken: true
  claimToHeaders:
  - {header: X-Auth-Request-User, claim: sub}
  - {header: x-auth-request-groups, claim: groups}
  - {header: x-city, claim: address.city}
""")
	provider = shop.provider
	provider.claims = {"groups": ["staff"]}
	forged = ["-H", "X-Auth-Request-User: root", "-H", "X-City: Rome", "-H",
	    "x_auth_request_user: root", "-H", "X-Auth_Request-User: root",
	    "-H", "Authorization: Bearer root", "-H", "X-Own: kept"]

	def told(*options):
		seen = shop.curl("/x", *options)
		assert seen.status == 200, seen.head
		return {name.lower().replace("_", "-"): value for name, value in
		    seen.json()["headers"].items()}
	assert shop.browse("/plain").status == 200
	held = ["-b", "__Host-mesh-session=" +
	    shop.one.cookies[HOST]["__Host-mesh-session"]]
	for one in (held, held + forged, held + forged + ["--http1.1"]):
		seen = told(*one)
		assert seen["x-auth-request-user"] in ("ann", ["ann"]), seen
		assert seen["x-auth-request-groups"] in ("WyJzdGFmZiJd",
		    ["WyJzdGFmZiJd"]), seen
		assert "x-city" not in seen, "a claim that is not there"
		assert seen["authorization"] in (f"Bearer {provider.access}",
		    [f"Bearer {provider.access}"]), seen
		assert ("x-own" in seen) == (one != held)
	# Some take what stands behind the body for fields of the head.
	with wire.Client(f"127.0.0.1:{shop.port}", tls=(ssl.create_default_context(
	    cafile=shop.authority.path), HOST)) as client:
		name, value = held[1].split("=", 1)
		client.send((f"POST /x HTTP/1.1\r\nHost: {HOST}\r\nCookie: {name}="
		    f"{value}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n"
		    "X-Auth-Request-User: root\r\nX-Own: kept\r\n\r\n").encode())
		seen = client.read_reply().json()
	assert seen["trailers"] == {"x-own": ["kept"]}, seen
	# By a refresh another token comes, and goes on.
	before = provider.access
	shop.one = shop.browser()
	provider.lifetime = 1
	assert shop.browse("/plain").status == 200
	provider.lifetime = 600
	wait_until(lambda: shop.browse("/x", follow=False).status == 200 and
	    provider.asked["refresh_token"] == 1, "it is refreshed")
	seen = shop.browse("/x", follow=False).json()["headers"]
	assert provider.access != before and provider.access in str(seen), seen
	# A caller with a token of its own says nothing there either.
	shop.edge.write("tokens", authentication([{"issuer": provider.url,
	    "jwks": provider.jwks, "forwardOriginalToken": True,
	    "outputClaimToHeaders": [{"header": "x-city", "claim": "city"}]}],
	    spec="  targetRefs: [{group: gateway.networking.k8s.io, kind: "
	    "Gateway, name: edge}]\n"))
	token = provider.token(city="Bern")
	mine = ["-H", f"Authorization: Bearer {token}", "-H",
	    "X-Auth-Request-User: root", "-H", "X-City: Rome"]
	wait_until(lambda: shop.curl("/x", *mine).status == 200,
	    "tokens are taken")
	seen = told(*mine)
	assert "x-auth-request-user" not in seen, seen
	assert seen["x-city"] in ("Bern", ["Bern"]), seen
	assert seen["authorization"] in (f"Bearer {token}",
	    [f"Bearer {token}"]), seen


@scenario
def a_session_goes_on_by_its_refresh_token_and_else_begins_anew(scene):
	shop = Shop(scene)
	provider = shop.provider
	shop.log_in_briefly()
	wait_until(lambda: shop.browse("/plain", follow=False).status == 200 and
	    provider.asked["refresh_token"] == 1, "it is refreshed")
	assert shop.browse("/plain", follow=False).status == 200
	assert provider.asked["refresh_token"] == 1, "and then good again"
	assert provider.asked["authorization_code"] == 0


@scenario
def a_login_is_bound_to_its_browser_and_its_provider(scene):
	shop = Shop(scene)
	provider = shop.provider
	# A code that came to another browser leads nowhere.
	begun = shop.browse("/plain", follow=False)
	there = curl(begun.header("location"), *shop.options)
	back = there.header("location")
	path = back[len(shop.url):]
	assert path.startswith("/oauth2/callback?code="), back
	assert shop.browser().get(back, follow=False).status == 400
	assert shop.browse(path.replace("state=", "state=0"),
	    follow=False).status == 400
	done = shop.browse(path, follow=False)
	assert done.status == 302 and done.header("location") == "/plain"
	assert shop.browse(path, follow=False).status == 400, "a way ends once"
	# What a provider must not say makes no session.
	for forged in ({"nonce": "x"}, {"aud": "another"}, {"azp": "another"},
	    {"iss": "https://evil.example"}, {"exp": 1}, {"exp": None},
	    {"sub": None}):
		shop.one = shop.browser()
		provider.forged = forged
		assert shop.browse("/plain").status == 502, forged
	provider.forged = {}
	# Nor does a session that somebody made up, or another's.
	assert shop.browse("/plain").status == 200
	held = shop.one.cookies[HOST]
	good = held["__Host-mesh-session"]
	held["__Host-mesh-session"] = good[:60] + ("A" if good[60] != "A" else
	    "B") + good[61:]
	assert shop.browse("/plain", follow=False).status == 302
	held["__Host-mesh-session"] = good
	assert shop.browse("/plain", follow=False).status == 200
	# It leads back to a path of this host, whatever was asked for.
	shop.one = shop.browser()
	led = shop.browse("//evil.example/x")
	assert led.status == 200 and led.json()["path"] == "/evil.example/x", \
	    led.body


@scenario
def no_log_holds_what_would_let_somebody_in(scene):
	shop = Shop(scene, more="  forwardAccessToken: true\n")
	shop.edge.write("tokens", authentication([{"issuer": shop.provider.url,
	    "jwks": shop.provider.jwks}], spec="  targetRefs: [{group: "
	    "gateway.networking.k8s.io, kind: Gateway, name: edge}]\n"))
	begun = shop.browse("/plain?mine=1", follow=False)
	back = curl(begun.header("location"), *shop.options).header("location")
	asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(back).query))
	token = shop.provider.token()
	path = back[len(shop.url):]
	# By somebody else, with a token, at a name that no listener has, good.
	assert shop.browser().get(back, follow=False).status == 400
	wait_until(lambda: shop.curl("/plain", "--oauth2-bearer", token).status
	    == 200, "tokens are taken")
	assert shop.curl(path, "--oauth2-bearer", token).status == 400, \
	    "no application gets it"
	assert shop.curl(path, "--oauth2-bearer", token + "x").status == 401
	assert shop.curl(path, "-H", "Host: other.example").status == 400
	assert shop.browse(path, follow=False).status == 302
	assert shop.browse("/oauth2/callback?error=access_denied&state=0").status \
	    == 400
	assert shop.browse("/last").status == 200
	held = shop.one.cookies[HOST]["__Host-mesh-session"]
	wait_until(lambda: any(line["path"] == "/last" for line in
	    access_lines(shop.edge)), "all is written")
	text = shop.edge.out() + shop.edge.err()
	for name, secret in (("code", asked["code"]), ("state", asked["state"]),
	    ("cookie", held[:40]), ("token", token[:40]), ("client", "s3cret"),
	    ("refresh", shop.provider.refresh),
	    ("access", shop.provider.access)):
		assert secret not in text, name
	paths = [line["path"] for line in access_lines(shop.edge)]
	assert paths.count("/oauth2/callback?code=-&state=-") == 5, paths
	assert "/oauth2/callback?error=access_denied&state=-" in paths, paths
	assert "/plain?mine=1" in paths, "nothing else is hidden"
	# A session is no application's, of whoever has a token besides.
	seen = shop.curl("/x", "--oauth2-bearer", token, "-b",
	    f"__Host-mesh-session={held}; own=1").json()
	assert seen["headers"]["cookie"] in ("own=1", ["own=1"]), seen


@scenario
def a_login_is_for_https_alone(scene):
	shop = Shop(scene)
	url = f"http://127.0.0.1:{shop.plain}/a?b=c"

	def plain(host, *options):
		return curl(url, "-H", f"Host: {host}", *options)
	browser = ("-H", "Accept: text/html")
	for host in (HOST, f"{HOST}:80"):
		led = plain(host, *browser)
		assert led.status == 302 and led.header("location") == \
		    f"https://{HOST}/a?b=c", led.head
		assert led.header("set-cookie") is None
	assert plain(f"{HOST}:8080", *browser).status == 403
	assert plain(HOST).status == 401


@scenario
def nobody_comes_in_while_login_is_not_possible(scene):
	shop = Shop(scene)
	shop.edge.write("documents", shop.text.replace("client-secret:",
	    "other:"))
	wait_until(lambda: shop.browse("/plain", follow=False).status == 503,
	    "without the secret")
	assert "no client-secret" in shop.edge.err()
	shop.edge.write("documents", shop.text)
	wait_until(lambda: shop.browse("/plain", follow=False).status == 302,
	    "it is back")


@scenario
def a_gateway_of_control_has_the_login_and_its_secret(scene):
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
	    route("web", "web") + SECRET % base64.b64encode(
	    provider.secret.encode()).decode() + login(provider))
	edge = scene.proxy("edge", control=control, gateway="default/edge",
	    options=["--listen-address", "127.0.0.1", "--ca-file",
	    authority.path, "--hosts-file", scene.file("hosts",
	    "127.0.0.1 idp.example\n")]).await_ready()
	one = Browser("--cacert", authority.path, "--resolve",
	    f"{HOST}:{port}:127.0.0.1", "--resolve",
	    f"idp.example:{provider.port}:127.0.0.1")
	wait_until(lambda: one.get(f"https://{HOST}:{port}/plain").status == 200,
	    "people log in")
	# Sessions are the browser's: they outlive the proxy.
	edge.stop()
	edge.start()
	edge.await_ready()
	wait_until(lambda: one.get(f"https://{HOST}:{port}/plain",
	    follow=False).status == 200, "the session is good")
	assert provider.asked["authorization_code"] == 1
	assert "Programmed" in control.ctl("get", "oidclogin", "people", "-o",
	    "yaml").stdout


@scenario
def a_token_is_as_good_as_a_session(scene):
	shop = Shop(scene)
	target = ("  targetRefs: [{group: gateway.networking.k8s.io, kind: "
	    "Gateway, name: edge}]\n")
	shop.edge.write("tokens", authentication([{"issuer": shop.provider.url,
	    "jwks": shop.provider.jwks}], spec=target))
	token = shop.provider.token()
	wait_until(lambda: shop.curl("/plain", "--oauth2-bearer",
	    token).status == 200, "a token is let by")
	assert shop.curl("/plain", "--oauth2-bearer", "x.y.z").status == 401


@scenario
def what_a_login_forwards_is_no_token_of_the_caller(scene):
	shop = Shop(scene, more="  forwardAccessToken: true\n")
	assert shop.browse("/plain").status == 200
	held = shop.one.cookies[HOST]["__Host-mesh-session"]
	target = ("  targetRefs: [{group: gateway.networking.k8s.io, kind: "
	    "Gateway, name: edge}]\n")
	trust = ssl.create_default_context(cafile=str(shop.authority.path))

	def opened():
		client = scene.closing(wire.Client(f"127.0.0.1:{shop.port}",
		    tls=(trust, HOST)))
		client.send(wire.build("POST", "/", HOST, fields={
		    "Content-Length": "1", "Expect": "100-continue",
		    "Cookie": f"__Host-mesh-session={held}"}))
		assert b"100" in client.read_until(b"\r\n\r\n")
		return client

	def rules(audience):
		shop.edge.write("tokens", authentication([{"issuer":
		    shop.provider.url, "jwks": shop.provider.jwks,
		    "audiences": [audience]}], spec=target))
		token = shop.provider.token(aud=audience)
		wait_until(lambda: shop.curl("/plain", "--oauth2-bearer",
		    token).status == 200, f"tokens for {audience} are taken")
	# One came before there were rules, one before they changed.
	first = opened()
	rules("shop")
	second = opened()
	rules("bank")
	for client in first, second:
		client.send(b"x")
		got = client.read_reply()
		assert got.status == 200, got.head
		assert "authorization" in got.json()["headers"], "it is forwarded"


if __name__ == "__main__":
	main()
