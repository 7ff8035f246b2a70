#!/usr/bin/python3
"""RequestAuthentication documents: whose tokens requests may carry, and what
policies and applications learn from them."""

import base64
import json
import time

import grpc

import wire
from gateway import Gateway, gateway, route, service
from grpc_store import WAIT, Caller, Store
from mesh import curl, free_port, main, scenario, wait_until
from policies import access_lines, ask, call, member, orders_and, policy
from outside import Authority
from tokens import REQUIRED, Issuer, authentication, bearer, published

TOKENS = "mesh_request_tokens_total"


def seen(caller, path="/", **options):
	"""What the application got."""
	answer = call(caller, path, **options)
	assert answer.status == 200, answer.text()
	return answer.json()


@scenario
def a_token_is_required_and_its_claims_decide(scene):
	issuer = Issuer(kind="RS256")
	control, orders, web = orders_and(scene, "web")
	control.apply(authentication([{"issuer": issuer.url, "audiences":
	    ["orders"], "jwks": issuer.jwks}]) + REQUIRED + policy("admins", """
  action: DENY
  rules:
  - to: [{operation: {paths: ["/admin"]}}]
    when: [{key: "request.auth.claims[groups]", notValues: [admin]}]
"""))
	wait_until(lambda: ask(web) == 403, "without a token nobody comes in")
	ann = bearer(issuer.token(aud="orders", groups=["admin", "ops"]))
	bob = bearer(issuer.token("bob", aud=["web", "orders"]))
	assert ask(web, fields=ann) == 200 and ask(web, fields=bob) == 200
	assert ask(web, "/admin", fields=ann) == 200
	assert ask(web, "/admin", fields=bob) == 403
	assert orders.metrics().sum(TOKENS, outcome="known",
	    destination_service="orders") == 2, "each is verified once"
	assert orders.metrics().sum(TOKENS, outcome="verified") == 2
	wait_until(lambda: any("default/admins" in line["response_code_details"]
	    for line in access_lines(orders)), "the access log says why")


@scenario
def people_ask_what_a_token_would_do(scene):
	issuer = Issuer()
	control, orders, web = orders_and(scene, "web")
	control.apply(REQUIRED + policy("admins", """
  action: DENY
  rules:
  - to: [{operation: {paths: ["/admin"]}}]
    when: [{key: "request.auth.claims[scope]", notValues: [admin]}]
"""))
	claims = scene.file("ann.json", json.dumps({"iss": issuer.url, "sub":
	    "ann", "scope": "read admin"}))
	token = scene.file("bob.jwt", issuer.token("bob", scope="read") + "\n")

	def check(path, code, *more):
		said = control.ctl("authz", "check", "--from", "web", "--to",
		    "orders", "--path", path, *more, expect=code).stdout
		assert ("denied" in said) == (code == 1), said
		return said
	assert "default/required" in check("/", 1)
	found = control.ctl("analyze", "--failure-threshold", "warning",
	    expect=1).stdout
	assert "denies everybody at Service default/" in found, found
	# As long as nobody looks at tokens they say nothing, whatever they say.
	assert "so nobody looks at the token" in check("/", 1, "--token-file",
	    token)
	assert "the claims have no source" in check("/admin", 1,
	    "--claims-file", claims)
	assert ask(web, fields=bearer(issuer.token("bob"))) == 403
	control.apply(authentication([{"issuer": issuer.url,
	    "jwks": issuer.jwks}]))
	assert "good by RequestAuthentication default/tokens" in check("/", 0,
	    "--token-file", token)
	wait_until(lambda: ask(web, fields=bearer(issuer.token("bob"))) == 200,
	    "so it is")
	assert "denies everybody" not in control.ctl("analyze").stdout
	assert "default/admins" in check("/admin", 1, "--token-file", token)
	assert "count as if signed" in check("/admin", 0, "--claims-file",
	    claims)
	# Keys that are elsewhere are not ours to fetch.
	control.apply(authentication([{"issuer": issuer.url, "jwksUri":
	    f"{issuer.url}/keys"}]))
	assert f"the keys of {issuer.url}/keys are not at hand" in check("/", 2,
	    "--token-file", token)
	check("/", 0, "--token-file", token, "--jwks-file",
	    scene.file("keys.json", issuer.jwks))
	assert "the token is of no known key" in check("/", 1, "--token-file",
	    token, "--jwks-file", scene.file("others.json",
	    Issuer(kid="two").jwks))
	old = scene.file("old.jwt", issuer.token("bob", lifetime=-61))
	assert "answered 401: the token has expired" in check("/", 1,
	    "--token-file", old), "no key makes up for that"
	control.ctl("authz", "check", "--from", "web", "--to", "orders",
	    "--token-file", claims, expect=65)
	control.ctl("authz", "check", "--from", "web", "--to", "orders",
	    "--token-file", "none.jwt", expect=66)
	control.ctl("authz", "check", "--from", "web", "--to", "orders",
	    "--token-file", token, "--claims-file", claims, expect=64)


@scenario
def a_token_that_is_not_good_is_refused_whatever_it_is_for(scene):
	issuer, other = Issuer(), Issuer()
	control, orders, web = orders_and(scene, "web")
	control.apply(authentication([{"issuer": issuer.url, "audiences":
	    ["orders"], "jwks": issuer.jwks}]))
	good = issuer.token(aud="orders")
	wait_until(lambda: ask(web, fields=bearer("x")) == 401, "it is in force")
	assert ask(web) == 200, "no token is no bad token"
	assert ask(web, fields=bearer(good)) == 200
	cases = {
	    "expired": issuer.token(aud="orders", lifetime=-61),
	    "early": issuer.token(aud="orders", nbf=4102444800),
	    "audience": issuer.token(aud="bank"),
	    "issuer": issuer.token(aud="orders", iss="https://evil.example"),
	    "signature": other.token(aud="orders"),
	    "malformed": good + "x.",
	    "algorithm": "eyJhbGciOiJub25lIn0.e30.",
	}
	for reason, token in cases.items():
		refused = call(web, f"/{reason}", fields=bearer(token))
		assert refused.status == 401, (reason, refused.text())
		assert refused.get("www-authenticate") == \
		    'Bearer error="invalid_token"', refused.head
		assert reason not in refused.text(), "the caller learns no more"
		wait_until(lambda reason=reason: any(
		    line["response_code_details"] == f"invalid_token[{reason}]" and
		    line["path"] == f"/{reason}" for line in access_lines(orders)),
		    f"the access log says {reason}")
		assert orders.metrics().sum(TOKENS, outcome=reason) >= 1
		words = ("authz", "check", "--from", "web", "--to", "orders", "-o",
		    "json", "--token-file", scene.file(f"{reason}.jwt", token))
		(told,) = json.loads(control.ctl(*words, expect=1).stdout)
		assert told["verdict"] == "denied" and told["token"]["fault"] == \
		    reason, (reason, told)
	many = "&".join([f"access_token={good}"] * 9)
	assert ask(web, f"/?{many}") == 401, "each of them would be verified"
	assert orders.metrics().sum(TOKENS, outcome="too-many") == 1
	# One that is good does not make up for one that is not.
	assert ask(web, f"/?access_token={cases['audience']}",
	    fields=bearer(good)) == 401
	assert ask(web, f"/?access_token={good}", fields=bearer(good)) == 200
	wait_until(lambda: any(line["path"] == "/" and line["response_code"] == 200 and
	    "access_token" not in json.dumps(line)
	    for line in access_lines(orders)), "no token is in the access log")


@scenario
def an_application_gets_the_claims_and_nobody_elses_words(scene):
	issuer = Issuer()
	control, orders, web = orders_and(scene, "web")
	rule = {"issuer": issuer.url, "jwks": issuer.jwks,
	    "fromHeaders": [{"name": "X-Token", "prefix": "JWT "}],
	    "fromParams": ["tok"], "fromCookies": ["session"],
	    "outputPayloadToHeader": "X-Payload", "outputClaimToHeaders": [
	    {"header": "X-User", "claim": "sub"},
	    {"header": "X-Unit", "claim": "org.unit"}]}
	control.apply(authentication([rule]))
	wait_until(lambda: ask(web, "/?tok=x") == 401, "it is in force")
	spoofed = {"x-user": "root", "X-Payload": "eyJzdWIiOiJyb290In0",
	    "X-Unit": "all"}
	nobody = seen(web, fields=spoofed)["headers"]
	assert not {"x-user", "x-payload", "x-unit"} & set(nobody), nobody
	token = issuer.token(org={"unit": "a"})
	for path, fields in (("/?tok=" + token + "&b=1", {}),
	    ("/?b=1", {"x-token": "JWT " + token}),
	    ("/?b=1", {"Cookie": f"a=1; session={token}"})):
		got = seen(web, path, fields={**spoofed, **fields})
		fields = {name: values[0] for name, values in
		    got["headers"].items()}
		assert fields["x-user"] == "ann" and fields["x-unit"] == "a", fields
		payload = fields["x-payload"]
		assert json.loads(base64.urlsafe_b64decode(payload + "=" *
		    (-len(payload) % 4)))["sub"] == "ann"
		assert got["path"] == "/?b=1" and "x-token" not in fields, got
		assert fields.get("cookie", "a=1") == "a=1", fields
	with wire.Client(web.outbound_port) as client:
		client.send(b"POST / HTTP/1.1\r\nHost: orders.default.mesh\r\n"
		    b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
		    b"X-User: root\r\nx-payload: e30\r\nx-sum: 1\r\n\r\n")
		got = client.read_reply().json()["trailers"]
		assert got == {"x-sum": ["1"]}, got
	control.apply(authentication([{**rule, "forwardOriginalToken": True}]))
	wait_until(lambda: "x-token" in seen(web, fields={"x-token":
	    "JWT " + token})["headers"], "the token goes on")
	# To CGI and its kin all of these are HTTP_X_USER.
	rule["outputClaimToHeaders"] = [{"header": "X_User", "claim": "sub"}]
	control.apply(authentication([rule]))
	fields = {"x-token": "JWT " + token, "X-User": "root", "X.User": "root",
	    "X_User": "root"}
	wait_until(lambda: {name for name in seen(web, fields=fields)["headers"]
	    if "user" in name and name != "user-agent"} == {"x_user"},
	    "of all spellings ours is left")
	assert seen(web, fields=fields)["headers"]["x_user"] == ["ann"]


@scenario
def a_bad_token_beside_a_good_one_is_nobodys_to_see(scene):
	"""One good token lets a request pass; the other goes no further."""
	ours, theirs = Issuer(), Issuer("https://other.example")
	evil = Issuer(theirs.url)
	control, _, web = orders_and(scene, "web")
	rules = [{"issuer": ours.url, "jwks": ours.jwks}, {"issuer": theirs.url,
	    "jwks": theirs.jwks, "fromHeaders": [{"name": "x-other"}],
	    "fromParams": ["other"], "fromCookies": ["other"]}]
	control.apply(authentication(rules))
	wait_until(lambda: ask(web, fields=bearer("x")) == 401, "it is in force")
	bad = evil.token("root")
	good, second = ours.token(), theirs.token("bob")

	def places(token, own):
		for path, fields in (("/?a=1", {"x-other": token}),
		    (f"/?a=1&other={token}", {}),
		    ("/?a=1", {"Cookie": f"b=2; other={token}"})):
			got = seen(web, path, fields={**bearer(own), **fields})
			text = json.dumps([got["path"], got["headers"]])
			assert "a=1" in got["path"], got
			yield own in text, token in text
	assert list(places(bad, good)) == [(False, False)] * 3
	assert list(places("no-token", good)) == [(False, False)] * 3
	# The second rule takes it: the first one's token is the bad one.
	assert list(places(second, "no.to.ken")) == [(False, False)] * 3
	assert list(places(second, good)) == [(False, True)] * 3
	for rule in rules:
		rule["forwardOriginalToken"] = True
	control.apply(authentication(rules))
	wait_until(lambda: list(places(bad, good)) == [(True, False)] * 3,
	    "the good one goes on, and the bad one does not")
	assert list(places(second, "no.to.ken")) == [(False, True)] * 3
	assert list(places(second, good)) == [(True, True)] * 3


@scenario
def a_caller_of_grpc_is_told_that_its_token_is_not_good(scene):
	issuer = Issuer()
	store = scene.closing(Store())
	control, _, web = orders_and(scene, "web")
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80=127.0.0.1:{store.port}/grpc"]).await_ready()
	caller = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh")).await_answers()
	control.apply(authentication([{"issuer": issuer.url, "jwks":
	    issuer.jwks}], spec="  targetRefs: [{name: app}]\n"))

	def echo(token):
		return caller.unary("Echo"), b"x", [("authorization",
		    f"Bearer {token}")]

	def refused():
		method, body, metadata = echo("x")
		try:
			method(body, timeout=WAIT, metadata=metadata)
		except grpc.RpcError as why:
			return why.code() == grpc.StatusCode.UNAUTHENTICATED
		return False
	wait_until(refused, "UNAUTHENTICATED")
	method, body, metadata = echo(issuer.token())
	assert method(body, timeout=WAIT, metadata=metadata) == b"x"
	assert ask(web, fields=bearer("x")) == 200, "it is about app alone"


@scenario
def a_gateway_asks_for_tokens(scene):
	issuer, second = Issuer(), Issuer("https://second.example")
	app = scene.echo("app")
	port = free_port()
	target = ("  targetRefs: [{group: gateway.networking.k8s.io, kind: "
	    "Gateway, name: edge}]\n")
	edge = Gateway(scene, gateway([f"name: http, port: {port}, protocol: "
	    "HTTP"]) + service("web", app.http_port) + route("web", "web") +
	    authentication([{"issuer": issuer.url, "jwks": issuer.jwks},
	    {"issuer": second.url, "jwks": second.jwks}], spec=target) +
	    policy("edge", f"""
{target}  action: ALLOW
  rules: [{{from: [{{source: {{requestPrincipals: ["{issuer.url}/ann",
    "{second.url}/*"]}}}}]}}]
"""))
	url = f"http://127.0.0.1:{port}/plain"

	def status(*options):
		return curl(url, *options).status
	assert status() == 403
	assert status("-H", "Authorization: Bearer x.y.z") == 401
	assert status("--oauth2-bearer", issuer.token()) == 200
	assert status("--oauth2-bearer", issuer.token("bob")) == 403
	assert status("--oauth2-bearer", second.token("bob")) == 200
	assert status("-u", "ann:secret") == 403, "other credentials are no token"
	# What a document says no longer is not taken any more.
	edge.write("tokens", "")
	renewed = Issuer()
	edge.write("documents", edge.config.joinpath("documents.yaml").read_text()
	    .replace(json.dumps(issuer.jwks)[1:-1],
	    json.dumps(renewed.jwks)[1:-1]))
	token = issuer.token()
	wait_until(lambda: status("--oauth2-bearer", token) == 401,
	    "the key was changed")
	assert status("--oauth2-bearer", renewed.token()) == 200


@scenario
def keys_are_fetched_from_their_issuer_and_kept(scene):
	provider, options = published(scene)
	control = scene.control()
	web, orders = (member(scene, control, name, options=options)
	    for name in ("web", "orders"))
	control.apply(authentication([{"issuer": provider.url, "jwksUri":
	    f"{provider.url}/keys"}]) + REQUIRED)
	token = bearer(provider.token())
	wait_until(lambda: ask(web, fields=token) == 200, "its tokens are taken")
	assert ask(web) == 403
	assert ask(web, fields=bearer(Issuer(provider.url).token())) == 401
	# web's proxy and orders' are about the same namespace.
	assert provider.asked["/keys"] <= 2
	fetched = orders.metrics().sum("mesh_issuer_keys_timestamp_seconds",
	    issuer=provider.url)
	assert abs(fetched - time.time()) < 60
	# Another key: who meets it first waits until it is there.
	old = provider.key
	renewed = bearer(provider.renew("two").token())
	wait_until(lambda: ask(web, fields=renewed) == 200, "the new key is known",
	    timeout=20)
	provider.key, provider.kid = old, "one"
	assert ask(web, fields=bearer(provider.token())) == 401, "the old is not"
	# Last good keys are kept, over a restart too.
	provider.renew("two")
	provider.key, provider.is_down = old, True
	orders.stop()
	orders.start()
	orders.await_ready()
	wait_until(lambda: ask(web, fields=renewed) == 200, "it needs nobody")
	wait_until(lambda: "those that are there stay in force" in orders.err(),
	    "it says that they may be old")


@scenario
def an_issuer_says_itself_where_its_keys_are(scene):
	provider, options = published(scene, kind="RS256")
	app = scene.echo("app")
	port = free_port()
	edge = Gateway(scene, gateway([f"name: http, port: {port}, protocol: "
	    "HTTP"]) + service("web", app.http_port) + route("web", "web") +
	    authentication([{"issuer": provider.url}]), options=options)
	url = f"http://127.0.0.1:{port}/plain"
	# The first waits for the keys: it is refused only if they do not come.
	assert curl(url, "--oauth2-bearer", provider.token()).status == 200
	assert curl(url, "--oauth2-bearer", "x.y.z").status == 401
	assert provider.asked["/.well-known/openid-configuration"] == 1
	assert edge.metrics().sum(TOKENS, outcome="verified") == 1


@scenario
def keys_of_a_server_that_is_not_who_it_must_be_are_not_taken(scene):
	provider, options = published(scene)
	control = scene.control()
	options[1] = Authority(scene, "other").path
	web, orders = (member(scene, control, name, options=options)
	    for name in ("web", "orders"))
	wait_until(lambda: ask(web) == 200, "orders answers")
	control.apply(authentication([{"issuer": provider.url, "jwksUri":
	    f"{provider.url}/keys", "timeout": "1s"}]))
	wait_until(lambda: ask(web, fields=bearer(provider.token())) == 401,
	    "no token is taken")
	assert ask(web) == 200, "who has none is not asked"
	assert provider.asked["/keys"] == 0
	wait_until(lambda: "no token of it is taken" in orders.err(),
	    "the log says why")
	wait_until(lambda: "none of its tokens is taken" in control.ctl("get",
	    "ra", "tokens", "-o", "yaml").stdout, "the document's status says it")
	(programmed,) = [c for c in control.get("ra", "tokens")["status"][
	    "conditions"] if c["type"] == "Programmed"]
	assert programmed["reason"] == "KeysUnavailable", programmed
	assert f"keys of {provider.url}/keys (" in programmed["message"], programmed
	said = control.ctl("check", expect=1).stdout
	assert f"hint: does {provider.url}/keys answer, to that machine?" in said


if __name__ == "__main__":
	main()
