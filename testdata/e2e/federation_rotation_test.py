#!/usr/bin/python3
# timeout: 240
"""The roots of meshes that federate change while their members call each other."""

import ssl
import time

import wire
from federation import (QUICK, abroad, ask, bundle_of, bundle_of_kept, endpoint,
    federate, inline, lets_in, member, mesh_of)
from mesh import main, scenario, wait_until
from websocket import WebSocket


def cut(proxy):
	return proxy.metrics().sum("mesh_revoked_connections_total")


def believed(proxy, domain):
	"""What a proxy said last of another domain."""
	return [line for line in proxy.err().splitlines()
	    if f"members of the trust domain {domain} are" in line][-1]


def roots_kept(control, name):
	return [key["use"] for key in bundle_of_kept(control, name)["keys"]
	    ].count("x509-svid")


def await_roots(count, control, name, proxy):
	"""The domain of that name has so many at its peers, of both kinds."""
	wait_until(lambda: roots_kept(control, name) == count,
	    f"{count} roots are fetched", 20)
	wait_until(lambda: f"by {count} root" in believed(proxy,
	    f"{name}.example"), f"the proxy believes {count}", 20)


def rotate(control, proxy, other, peer):
	"""Another root for control's mesh, and the end of the one before, which
	its peer abroad hears of, too."""
	name = control.name
	renewed = proxy.err().count("identity: renewed")
	control.ctl("ca", "prepare", "--level", "root")
	await_roots(2, other, name, peer)
	control.ctl("ca", "activate")
	control.ctl("ca", "taint")
	wait_until(lambda: proxy.err().count("identity: renewed") > renewed,
	    "it has a certificate under the new root", 30)
	wait_until(lambda: control.ctl("ca", "revoke", "--yes",
	    expect=None).returncode == 0, "the old root is dropped")
	await_roots(1, other, name, peer)


def two_that_fetch(scene):
	"""web of a.example calls orders of b.example, and both fetch bundles."""
	a = mesh_of(scene, "a.example", more=QUICK)
	b = mesh_of(scene, "b.example", more=QUICK)
	orders, web = member(scene, b, "orders"), member(scene, a, "web")
	abroad(a, orders)
	for ours, other in (a, b), (b, a):
		domain = f"{other.name}.example"
		federate(ours, domain, endpoint(other, domain, bundle_of(other)))
	wait_until(lambda: ask(web).status == 200, "it is let in")
	return a, b, web, orders


def load_on(web, target, **how):
	return wire.Load(web.outbound_port, target=target,
	    host="orders-b.default.mesh", **how).start()


@scenario
def roots_of_both_are_rotated_without_a_lost_request(scene):
	a, b, web, orders = two_that_fetch(scene)
	# At any moment some are under way that take a while.
	loads = [load_on(web, "/?delay=400ms"), load_on(web, "/plain", rate=200),
	    load_on(web, "/plain", fresh=True, threads=2, rate=50)]
	for _ in range(2):
		rotate(b, orders, a, web)
	rotate(a, web, b, orders)
	for load in loads:
		load.more(50)
		load.finish()
	assert cut(web) + cut(orders) == 0


def identity_of(proxy):
	"""What a client shows that has its certificate."""
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
	context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
	context.set_alpn_protocols(["http/1.1"])
	context.load_cert_chain(proxy.state_dir / "identity.pem")
	return context, "80.orders.default.mesh"


@scenario
def what_stands_on_a_root_that_left_has_its_time_and_no_more(scene):
	a, b = mesh_of(scene, "a.example"), mesh_of(scene, "b.example")
	orders, web = member(scene, b, "orders"), member(scene, a, "web")
	abroad(a, orders)
	federate(a, "b.example", inline(bundle_of(b)))
	first = bundle_of(a)
	a.ctl("ca", "prepare", "--level", "root")
	both = bundle_of(a)
	federate(b, "a.example", inline(both))
	wait_until(lambda: ask(web).status == 200, "it is let in")
	stream = WebSocket(web.outbound_port, host="orders-b.default.mesh")
	slow = scene.closing(wire.Client(f"127.0.0.1:{orders.inbound_port}",
	    tls=identity_of(web)))
	slow.send(wire.build("GET", "/?delay=4s", "orders", []) +
	    wire.build("GET", "/plain", "orders", []))
	# B has the next root alone, while A still signs with the first.
	federate(b, "a.example", inline({**both, "keys": [key for key in
	    both["keys"] if key not in first["keys"]]}))
	wait_until(lambda: "by 1 root" in believed(orders, "a.example"),
	    "the first root left")
	began = time.monotonic()
	assert not lets_in(orders, [web.state_dir / "identity.pem"])
	# What is under way is answered; the next one is the last.
	for last in None, "close":
		reply = slow.read_reply()
		assert reply.status == 200, reply.head
		assert reply.get("connection") == last, reply.head
	stream.send(b"still here")
	assert stream.receive() == b"still here"
	assert cut(orders) == 0
	wait_until(lambda: cut(orders) == 1, "the stream is cut", 20)
	assert time.monotonic() - began > 5
	assert "stands on a root of another trust domain that is believed no " \
	    "longer" in orders.err()


if __name__ == "__main__":
	main()
