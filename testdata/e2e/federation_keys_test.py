#!/usr/bin/python3
"""Members of other trust domains whose authorities have keys of other kinds.

They are made by openssl as SPIRE, Istio and Consul make theirs; curl calls with
them, and nginx answers.
"""

import json

from federation import (ABROAD, ALLOW, DENIED, DOMAIN, KINDS, Abroad, ask,
    believe, inline, lets_in, member, mesh_of, settled)
from mesh import curl, free_port, main, scenario, wait_until


def call(callee, pair):
	"""curl to a sidecar, with a certificate."""
	return curl(f"https://80.orders.default.mesh:{callee.inbound_port}/plain",
	    "--resolve", f"80.orders.default.mesh:{callee.inbound_port}:127.0.0.1",
	    "-k", "--cert", pair[0], "--key", pair[1], "-H", "Host: orders")


def nginx_of(scene, control, abroad):
	"""A member abroad that answers who calls it, and lets our members in."""
	chain, key = abroad.member("orders")
	port = free_port()
	roots = scene.file(f"{abroad.domain}.roots",
	    control.ctl("ca", "export-bundle").stdout)
	scene.nginx(f"nginx-{abroad.domain}", f"""listen 127.0.0.1:{port} ssl;
		ssl_certificate {chain}; ssl_certificate_key {key};
		ssl_client_certificate {roots}; ssl_verify_client on;
		ssl_verify_depth 3; ssl_protocols TLSv1.2;
		location / {{ return 200 "$ssl_client_verify $ssl_cipher\\n"; }}""")
	return port


def meets(scene, a, orders, web, abroad):
	"""A domain calls, and is called."""
	name = abroad.domain.split(".", maxsplit=1)[0]
	pair, other = abroad.member("web"), abroad.member("other")
	believe(a, abroad)
	a.apply(ALLOW.format(who="principals: "
	    f"[{abroad.domain}/ns/default/sa/web]"))
	settled(a)
	wait_until(lambda: call(orders, pair).status == 200,
	    f"{name} is let in and allowed")
	denied = call(orders, other)
	assert denied.status == 403 and DENIED in denied.body.decode(), denied
	wait_until(lambda: orders.metrics().sum("mesh_requests_total",
	    direction="inbound", source_namespace=f"default@{abroad.domain}",
	    response_code="200") >= 1, "it is counted by its domain")
	a.apply(ABROAD.format(name=f"at-{name}", of=name,
	    port=nginx_of(scene, a, abroad), id=abroad.id("orders")))
	answer = wait_until(lambda: (reply := ask(web, f"at-{name}")).status == 200
	    and reply.text(), f"{name} is called")
	assert answer.startswith("SUCCESS ECDHE-" + ("RSA" if
	    abroad.leaf.startswith("rsa") else "ECDSA")), answer


@scenario
def domains_with_keys_of_other_kinds_call_and_are_called(scene):
	a = mesh_of(scene, "a.example", inbound_policy="deny")
	orders, web = member(scene, a, "orders"), member(scene, a, "web")
	for kind in KINDS:
		meets(scene, a, orders, web, Abroad(scene, kind))
	told = a.ctl("get", "cftd").stdout
	assert all(f"{kind}.example" in told for kind in KINDS), told


def refusals(proxy, reason):
	return proxy.metrics().sum("mesh_tls_failures_total", reason=reason)


@scenario
def authorities_abroad_that_are_weak_or_false_are_not_believed(scene):
	a = mesh_of(scene, "a.example")
	orders = member(scene, a, "orders")
	true, false = Abroad(scene, "istio"), Abroad(scene, "istio", name="false")
	sly = Abroad(scene, "istio", name="sly", more="subjectKeyIdentifier=none\n"
	    "authorityKeyIdentifier=none\n")
	believe(a, true)
	known = true.member("web")
	wait_until(lambda: lets_in(orders, known), "the true one is let in")

	def refused(pair, reason):
		before = refusals(orders, reason)
		assert not lets_in(orders, pair), reason
		wait_until(lambda: refusals(orders, reason) > before,
		    f"it is refused: {reason}")
	# Of one domain that has the names of another, or roots of the same name.
	refused(false.member("web"), "key-identifier")
	refused(sly.member("web"), "bad-signature")
	refused(true.member("ours", domain="a.example"), "signature-algorithm")
	refused(true.member("third", domain="third.example"),
	    "foreign-trust-domain")
	# A true authority that signs what is too weak.
	true.leaf = "rsa:1024"
	refused(true.member("small"), "key-type")
	true.leaf = "ec:P-521"
	refused(true.member("large"), "key-type")
	true.leaf, true.digest = "rsa:2048", "sha1"
	refused(true.member("sha1"), "signature-algorithm")
	# Such a root is none, and a bundle of nothing else is refused.
	weak = Abroad(scene, "istio", name="weak", ca="rsa:1024")
	told = a.ctl("apply", "-f", "-", stdin=DOMAIN.format(name="weak",
	    domain="weak.example", more=inline(weak.bundle())), expect=65).stderr
	assert "none of its 1 authorities can be used" in told, told
	assert "RSA with 2048 to 4096 bits" in told, told
	both = weak.bundle()
	both["keys"] += true.bundle()["keys"]
	told = a.ctl("apply", "-f", "-", stdin=DOMAIN.format(name="weak",
	    domain="weak.example", more=inline(both))).stdout
	assert "created" in told, json.dumps(both)


if __name__ == "__main__":
	main()
