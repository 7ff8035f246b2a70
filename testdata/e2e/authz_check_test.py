#!/usr/bin/python3
"""What `authz check` says where proxies refuse before a policy is asked."""

import wire
from mesh import main, scenario, wait_until
from policies import ask, member, orders_and, policy
from tokens import Issuer, authentication, bearer

REWRITE = """---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: pub}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules:
  - matches: [{path: {value: /pub}}]
    filters: [{type: URLRewrite, urlRewrite: {path:
      {type: ReplacePrefixMatch, replacePrefixMatch: /admin}}}]
    backendRefs: [{name: orders, port: 80}]
"""


@scenario
def a_port_of_bytes_is_judged_by_its_bytes(scene):
	control = scene.control()
	app = scene.echo("app-ledger")
	scene.proxy("ledger", control=control, service="default/ledger",
	    apps=[f"7000={app.tcp}/tcp"]).await_ready()
	web = member(scene, control, "web", upstreams={
	    "bytes": "default/ledger:7000"})
	control.apply(policy("readers", "{rules: [{to: [{operation: "
	    "{methods: [GET]}}]}]}"))
	ask_for = "authz", "check", "--from", "web", "--to", "ledger:7000"

	def refused():
		stream = wire.Stream(wire.dial(web.upstream["bytes"]))
		try:
			stream.send(b"RAW\nhello")
			return stream.read(1) == b""
		except OSError:
			return True
		finally:
			stream.close()
	wait_until(refused, "a rule of methods lets in no bytes")
	for words in (), ("--bytes",):
		done = control.ctl(*ask_for, *words, expect=1)
		assert "no rule of an ALLOW policy" in done.stdout, done.stdout
		assert done.stderr == "", done.stderr
	said = control.ctl(*ask_for, "--path", "/x", expect=1).stderr
	assert "--path counts for nothing: port 7000 is tcp" in said, said


@scenario
def plain_text_is_denied_where_it_is_refused(scene):
	control, orders, _ = orders_and(scene, "web")
	words = "authz", "check", "--to", "orders", "--from"

	def mode(word):
		control.apply("---\napiVersion: security.istio.io/v1\n"
		    "kind: PeerAuthentication\nmetadata: {name: all}\n"
		    f"spec: {{mtls: {{mode: {word}}}}}\n")

	def plain():
		return wire.get(orders.inbound_port, "/plain",
		    host="orders.default.mesh").status
	control.apply(policy("anyone", "{rules: [{}]}"))
	assert "plain text is refused (STRICT): no PeerAuthentication" in \
	    control.ctl(*words, "nobody", expect=1).stdout
	mode("PERMISSIVE")
	wait_until(lambda: plain() == 200, "plain text comes in")
	assert "rule 0 of default/anyone" in control.ctl(*words,
	    "nobody").stdout
	mode("STRICT")
	assert "(STRICT), by PeerAuthentication default/all" in control.ctl(
	    *words, "nobody", expect=1).stdout
	control.ctl(*words, "web")
	# Of whom there is nobody it is said, as `allow` does.
	said = control.ctl(*words, "wbe").stderr
	assert "account default/wbe yet; did you mean default/web?" in said, said


@scenario
def a_token_is_judged_as_it_arrives(scene):
	issuer = Issuer()
	control, _, web = orders_and(scene, "web")
	control.apply(authentication([{"issuer": issuer.url,
	    "jwks": issuer.jwks}]))
	wait_until(lambda: ask(web, fields=bearer("x")) == 401, "it is in force")
	large = issuer.token(pad="x" * 6200)
	assert ask(web, fields=bearer(large)) == 431

	def denied(token):
		return control.ctl("authz", "check", "--from", "web", "--to",
		    "orders", "--token-file", scene.file("t.jwt", token),
		    expect=1).stdout
	assert "answered 431: a field with a token of" in denied(large)
	for token in "a.b.c.d", "4parts", issuer.token() + "x.":
		assert ask(web, fields=bearer(token)) == 401
		assert "denied   answered 401" in denied(token)


@scenario
def who_rewrites_paths_is_named(scene):
	control, _, web = orders_and(scene, "web")
	control.apply(policy("closed", "{action: DENY, rules: [{to: "
	    "[{operation: {paths: [/admin]}}]}]}"))
	words = "authz", "check", "--from", "web", "--to", "orders", "--path"
	assert control.ctl(*words, "/pub").stderr == ""
	control.apply(REWRITE)
	wait_until(lambda: ask(web, "/pub") == 403, "it goes to /admin")
	done = control.ctl(*words, "/pub")
	assert "HTTPRoute default/pub rewrites paths before they get here" in \
	    done.stderr, done.stderr
	control.ctl(*words, "/admin", expect=1)


if __name__ == "__main__":
	main()
