#!/usr/bin/python3
"""Two meshes whose intermediates are under one root, as a company's may be."""

import json
import subprocess

from authority import CA_CERTIFICATE, Authority
from federation import ABROAD, ALLOW, DENIED, LEAF, ask, bundle_of, federate, \
    inline, lets_in, member, mesh_of
from mesh import main, scenario, wait_until


def settle(control, far, domain):
	"""far's root is the only one, and the intermediate is for that domain."""
	request = control.ctl("ca", "prepare", "--csr").stdout
	control.ctl("ca", "prepare", "--chain", far.sign(request, CA_CERTIFICATE +
	    f"subjectAltName=URI:spiffe://{domain}\n"))
	control.ctl("ca", "activate", "--yes")
	control.ctl("ca", "revoke", "--yes")
	assert control.ctl("ca", "export-bundle").stdout.split() == \
	    far.root.read_text().split()


def forged(scene, control, identity):
	"""A leaf that this control's intermediate signs, against all rules."""
	ca, folder = control.data_dir / "ca", scene.dir
	subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
	    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/", "-keyout",
	    folder / "forged.key", "-out", folder / "forged.csr"],
	    capture_output=True, check=True)
	leaf = subprocess.run(["openssl", "x509", "-req", "-in", folder /
	    "forged.csr", "-CA", ca / "intermediate.pem", "-CAkey",
	    ca / "intermediate.key", "-days", "1", "-set_serial", "7", "-extfile",
	    scene.file("forged.cnf", LEAF.format(identity).replace(
	    ",keyEncipherment", ""))], capture_output=True, text=True, check=True)
	return scene.file("forged.pem", leaf.stdout + (ca /
	    "intermediate.pem").read_text()), folder / "forged.key"


def failures(proxy, reason):
	return proxy.metrics().sum("mesh_tls_failures_total", reason=reason)


@scenario
def members_under_one_root_are_of_their_own_domain(scene):
	a = mesh_of(scene, "a.example", inbound_policy="deny")
	b = mesh_of(scene, "b.example")
	far = Authority(scene)
	settle(a, far, "a.example")
	settle(b, far, "b.example")
	orders, web = member(scene, a, "orders"), member(scene, b, "web")
	b.apply(ABROAD.format(name="orders-a", port=orders.inbound_port, of="a",
	    id="spiffe://a.example/ns/default/sa/orders"))
	own = (web.state_dir / "identity.pem",) * 2
	# Nobody said to believe b.example: the root alone says nothing.
	assert not lets_in(orders, own)
	wait_until(lambda: failures(orders, "foreign-trust-domain") >= 1,
	    "it is told who that was")
	federate(b, "a.example", inline(bundle_of(a)))
	federate(a, "b.example", inline(bundle_of(b)))
	wait_until(lambda: ask(web, "orders-a").status == 403, "it is let in")
	assert DENIED in ask(web, "orders-a").text()
	# It is nobody of a.example, whatever it is called at home.
	for who in ("principals: [a.example/ns/default/sa/web]",
	    "namespaces: [default]", "serviceAccounts: [default/web]"):
		a.apply(ALLOW.format(who=who))
		wait_until(lambda: json.loads(a.ctl("get", "authorizationpolicy",
		    "partners", "-o", "json").stdout)["status"], "it is in force")
		assert ask(web, "orders-a").status == 403, who
	a.apply(ALLOW.format(who="principals: [b.example/ns/default/sa/web]"))
	wait_until(lambda: ask(web, "orders-a").status == 200, "it is allowed")
	# Not even b's authority makes one of a.example: it is named for its own.
	assert not lets_in(orders, forged(scene, b,
	    "spiffe://a.example/ns/default/sa/web"))
	wait_until(lambda: failures(orders, "foreign-issuer") >= 1, "it is why")
	# It is said to people all the same.
	said = a.ctl("check", expect=None).stdout
	assert "roots of our own in the bundle of trust domain b.example" in said, \
	    said
	said = a.ctl("describe", "cftd", "b").stdout
	assert "mesh.internal/SharesRoot" in said and "far root is a root of our " \
	    "own, too" in said, said


if __name__ == "__main__":
	main()
