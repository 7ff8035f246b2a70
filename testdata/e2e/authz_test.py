#!/usr/bin/python3
"""AuthorizationPolicy documents: who may do what, of requests, bytes, datagrams
and gRPC, and what becomes of what is open when they change."""

import json
import os
import re
import socket
import ssl

import grpc

import wire
from gateway import Gateway, gateway, route, service, streams
from grpc_store import WAIT, Caller, Store, failure
from mesh import curl, free_port, main, scenario, wait_until
from policies import access_lines, ask, member, orders_and, policy
from websocket import WebSocket

DECISIONS = "mesh_authorization_decisions_total"
DENIED = "RBAC: access denied"


@scenario
def requests_are_allowed_by_identity_method_and_path(scene):
	control, orders, web, batch = orders_and(scene, "web", "batch")
	control.apply(policy("orders", """
  targetRefs: [{name: orders}]
  rules:
  - from: [{source: {serviceAccounts: [web]}}]
    to: [{operation: {methods: [GET], paths: ["/plain", "/items/{*}"]}}]
  - from: [{source: {principals: ["*/sa/batch"]}}]
    to: [{operation: {methods: [POST]}}]
    when: [{key: "request.headers[x-job]", values: ["nightly*"]}]
"""))
	wait_until(lambda: ask(batch) == 403, "the policy is in force")
	assert ask(web) == 200
	assert ask(web, "/items/7") == 200
	assert ask(web, "/items/7/x") == 403
	assert ask(web, "/a/..//plain") == 200, "the path is judged as it is sent"
	assert ask(web, "/plain", "POST") == 403
	assert ask(batch, "/any", "POST", fields={"X-Job": "nightly-2"}) == 200
	assert ask(batch, "/any", "POST", fields={"X-Job": "daily"}) == 403
	answer = curl("http://orders.default.mesh/other", "--proxy", web.outbound)
	assert answer.status == 403 and answer.body == DENIED.encode(), answer.body
	assert "orders" not in answer.header("proxy-status"), \
	    "the caller is not told by which policy"
	wait_until(lambda: any(line["response_code_details"] ==
	    "rbac_access_denied_matched_policy[none]" and line["path"] == "/other"
	    and line["response_flags"] == "UAEX" for line in access_lines(orders)),
	    "the access log says why")
	wait_until(lambda: "no rule of an ALLOW policy matches" in orders.err(),
	    "so does the log")


@scenario
def a_denial_names_policy_and_rule_to_the_operator(scene):
	control, orders, web = orders_and(scene, "web")
	control.apply(policy("no-admin", """
  selector: {}
  action: DENY
  rules:
  - to: [{operation: {methods: [TRACE]}}]
  - to: [{operation: {paths: ["/admin", "/admin/*"]}}]
"""))
	wait_until(lambda: ask(web, "/admin") == 403, "the policy is in force")
	assert ask(web) == 200
	assert ask(web, "/%61dmin/x") == 403, "an encoded letter is that letter"
	assert orders.metrics().sum(DECISIONS, decision="deny", rule="1",
	    policy="default/no-admin", destination_service="orders") == 2
	wait_until(lambda: "rule 1 of default/no-admin" in orders.err(),
	    "the log names it")
	wait_until(lambda: any(line["response_code_details"] ==
	    "rbac_access_denied_matched_policy[default/no-admin]-rule[1]"
	    for line in access_lines(orders)), "the access log names it")
	wait_until(lambda: {line["response_code_details"] for line in
	    access_lines(web) if line["response_code"] == 403} ==
	    {"via_upstream[access_denied]"}, "the caller's says who, no more")


@scenario
def what_would_be_denied_is_counted_and_let_in(scene):
	control, orders, web = orders_and(scene, "web")
	control.apply(policy("later", """
  rules: [{to: [{operation: {methods: [GET]}}]}]
""", annotations="{istio.io/dry-run: 'true'}") + policy("watch", """
  action: AUDIT
  rules: [{to: [{operation: {paths: ["/secret"]}}]}]
"""))
	wait_until(lambda: ask(web, "/secret") == 200 and orders.metrics().sum(
	    DECISIONS, decision="audit", policy="default/watch") >= 1,
	    "what is audited is counted")
	assert orders.metrics().sum(DECISIONS, decision="would_deny") == 0
	assert ask(web, "/plain", "PUT") == 200
	assert orders.metrics().sum(DECISIONS, decision="would_deny") == 1
	wait_until(lambda: "would_deny: spiffe://" in orders.err(), "it is logged")
	wait_until(lambda: any(line["method"] == "PUT" and line[
	    "policies_noted"] == "would_deny[none]" for line in
	    access_lines(orders)), "the access log has it")
	assert all("policies_noted" not in line for line in access_lines(orders)
	    if line["path"] == "/plain" and line["method"] == "GET")

	def check(method, *more):
		return control.ctl("authz", "check", "--from", "web", "--to",
		    "orders", "--method", method, *more).stdout
	assert "; dry run: would allow by rule 0 of default/later" in check("GET")
	assert "; dry run: would deny: no rule of an ALLOW policy matches" in \
	    check("PUT")
	(row,) = json.loads(check("PUT", "-o", "json"))
	assert row["verdict"] == "allowed", row
	assert row["dryRun"]["verdict"] == "denied", row
	told = control.ctl("describe", "authorizationpolicy", "later").stdout
	assert "dry run: it decides nothing" in told and "in use" not in told, told


def runs(control, name):
	"""The revision that this sidecar says is in force on all its workers."""
	rows = json.loads(control.ctl("proxy", "status", "-o", "json").stdout)
	return next(row["ackedRevision"] for row in rows
	    if row["name"] == f"default/{name}")


@scenario
def what_is_open_ends_when_it_is_allowed_no_longer(scene):
	control = scene.control()
	app = scene.echo("app-ledger")
	orders = member(scene, control, "orders")
	ledger = scene.proxy("ledger", control=control, service="default/ledger",
	    apps=[f"7000={app.tcp}/tcp"]).await_ready()
	web = member(scene, control, "web", upstreams={
	    "ledger": "default/ledger:7000", "orders": "default/orders:80"})
	held = wire.Stream(wire.dial(web.upstream["ledger"]))
	held.send(b"RAW\nhello")
	assert held.read(5) == b"hello"
	tunnel = WebSocket(web.upstream["orders"], host="orders.default.mesh")
	tunnel.send(b"hello")
	assert tunnel.receive() == b"hello"
	control.apply(policy("closed", """
  action: DENY
  rules: [{from: [{source: {namespaces: [default]}}]}]
"""))
	revision = int(control.get("authorizationpolicy", "closed")["metadata"][
	    "resourceVersion"])
	for proxy in ledger, orders:
		wait_until(lambda proxy=proxy: runs(control, proxy.name) >= revision,
		    f"{proxy.name} obeys")
		# When a proxy says so it has cut, whatever that took.
		assert proxy.metrics().sum(DECISIONS, decision="cut",
		    policy="default/closed") == 1
	for one in held, tunnel:
		try:
			assert one.read(1) == b"", "nothing comes any more"
		except OSError:
			pass
	assert ask(web) == 403
	control.ctl("delete", "authorizationpolicy", "closed", "--yes")
	wait_until(lambda: ask(web) == 200, "it is allowed again")


@scenario
def a_rule_about_paths_denies_bytes_that_nobody_looks_into(scene):
	control = scene.control()
	app = scene.echo("app-ledger")
	ledger = scene.proxy("ledger", control=control, service="default/ledger",
	    apps=[f"7000={app.tcp}/tcp"]).await_ready()
	web = member(scene, control, "web",
	    upstreams={"ledger": "default/ledger:7000"})

	def works():
		try:
			with wire.Stream(wire.dial(web.upstream["ledger"])) as s:
				s.send(b"RAW\nx")
				return s.read(1) == b"x"
		except OSError:
			return False

	wait_until(works, "it is reached")
	control.apply(policy("some", """
  rules: [{from: [{source: {namespaces: [default]}}]}]
"""))
	assert works()
	control.apply(policy("no-admin", """
  action: DENY
  rules: [{to: [{operation: {paths: ["/admin"], ports: ["7000"]}}]}]
"""))
	# The first that does not work may have been open, and is cut.
	wait_until(lambda: not works() and ledger.metrics().sum(DECISIONS,
	    decision="deny", policy="default/no-admin", rule="0") >= 1,
	    "bytes are refused")


@scenario
def calls_of_grpc_are_allowed_by_service_and_method(scene):
	store = scene.closing(Store())
	control = scene.control()
	app = scene.proxy("app", control=control, service="default/app",
	    apps=[f"80=127.0.0.1:{store.port}/grpc"]).await_ready()
	web = member(scene, control, "web")
	caller = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh")).await_answers()
	rule = """
  targetRefs: [{name: app}]
  rules: [{to: [{operation: {methods: [POST], paths: [%s]}}]}]
"""
	control.apply(policy("calls", rule % "/e2e.Store/Echo, /e2e.Store/Wait"))
	refused = wait_until(lambda: failure(caller.unary("Fail"), b"x").code() ==
	    grpc.StatusCode.PERMISSION_DENIED and failure(caller.unary("Fail"),
	    b"x"), "what is not named is refused")
	assert "calls" not in refused.details(), refused.details()
	assert caller.unary("Echo")(b"x", timeout=WAIT) == b"x"
	# A call that is under way ends when it is allowed no longer, as one of
	# those above may have done.
	before = app.metrics().sum(DECISIONS, decision="cut")
	open_call = caller.unary("Wait").future(b"x", timeout=WAIT)
	store.left.get(timeout=WAIT)
	control.apply(policy("calls", rule % "/e2e.Store/Echo"))
	assert store.cancelled.wait(WAIT / 2), "the server was not told"
	assert open_call.code() == grpc.StatusCode.PERMISSION_DENIED
	assert app.metrics().sum(DECISIONS, decision="cut") == before + 1
	assert caller.unary("Echo")(b"x", timeout=WAIT) == b"x"


@scenario
def plain_text_is_judged_by_what_it_turns_out_to_be(scene):
	"""A port that nobody declares: requests by their rules, bytes as bytes."""
	control = scene.control(inbound_policy="all-unauthenticated")
	app = scene.echo("app")
	scene.proxy("open", control=control, service="default/open",
	    apps=[f"80={app.http}/auto"]).await_ready()
	port = scene.processes[-1].inbound_port
	wait_until(lambda: wire.get(port, "/plain").status == 200, "it is open")
	control.apply(policy("reads", """
  rules: [{to: [{operation: {methods: [GET], paths: ["/plain"]}}]}]
"""))
	wait_until(lambda: wire.get(port, "/other").status == 403, "it is judged")
	assert wire.get(port, "/plain").status == 200
	with wire.Stream(wire.dial(port)) as stream:
		stream.send(b"\x01no request\r\n")
		try:
			assert stream.read(1) == b"", "bytes are refused"
		except OSError:
			pass
	wait_until(lambda: scene.processes[-1].metrics().sum(DECISIONS,
	    decision="deny", policy="default") >= 2, "both were counted")


@scenario
def a_gateway_obeys_the_policies_that_name_it(scene):
	app = scene.echo("app")
	port = free_port()
	edge = Gateway(scene, gateway([f"name: http, port: {port}, protocol: "
	    "HTTP"]) + service("web", app.http_port) + route("web", "web") +
	    policy("edge", """
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]
  action: DENY
  rules:
  - to: [{operation: {hosts: ["secret.example"], ports: ["%d"]}}]
  - from: [{source: {notIpBlocks: ["127.0.0.0/8"]}}]
""" % port))
	assert wire.get(port, "/plain", host="open.example").status == 200
	refused = wire.get(port, "/plain", host="SECRET.example")
	assert refused.status == 403 and refused.text() == DENIED
	wait_until(lambda: f"deny: somebody calls Gateway default/edge:{port} GET "
	    "/plain: rule 0 of default/edge" in edge.err(), "the log says where")
	assert edge.metrics().sum(DECISIONS, decision="deny", rule="0",
	    policy="default/edge") == 1


@scenario
def a_gateway_s_connections_of_bytes_are_judged_too(scene):
	app = scene.echo("app")
	port = free_port()
	edge = Gateway(scene, gateway([f"name: tcp, port: {port}, protocol: "
	    "TCP"]) + service("web", app.tcp_port).replace("appProtocol: http",
	    "appProtocol: tcp") + streams("TCPRoute", "web", ["web"]))
	held = wire.Stream(wire.dial(port))
	held.send(b"RAW\nx")
	assert held.read(1) == b"x"
	edge.write("policy", policy("nobody", """
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]
  action: DENY
  rules: [{from: [{source: {ipBlocks: ["127.0.0.0/8"]}}]}]
"""))
	try:
		assert held.read(1) == b"", "what is open is cut"
	except OSError:
		pass
	wait_until(lambda: edge.metrics().sum(DECISIONS, decision="cut",
	    policy="default/nobody") == 1, "it is counted")
	try:
		with wire.Stream(wire.dial(port)) as stream:
			stream.send(b"RAW\nx")
			assert stream.read(1) == b"", "nobody is let in"
	except OSError:
		pass
	assert edge.metrics().sum(DECISIONS, decision="deny") == 1


@scenario
def a_gateway_passes_tls_on_by_its_server_name(scene):
	app = scene.echo("app")
	port = free_port()
	edge = Gateway(scene, gateway([f"name: tls, port: {port}, protocol: "
	    "TLS, tls: {mode: Passthrough}"]) + service("web", app.tcp_port)
	    .replace("appProtocol: http", "appProtocol: tcp") + streams(
	    "TLSRoute", "web", ["web"], hosts=["*.example"]) + policy("names", """
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]
  rules: [{when: [{key: connection.sni, values: [open.example]}]}]
"""))
	context = ssl.create_default_context()
	for name, denied in ("open.example", 0), ("shut.example", 1):
		# The echo speaks no TLS: what counts is who gets there.
		try:
			context.wrap_socket(wire.dial(port), server_hostname=name)
		except OSError:
			pass
		wait_until(lambda denied=denied: edge.metrics().sum(DECISIONS,
		    decision="deny") == denied, "as the policy has it")
	wait_until(lambda: [line.get("requested_server_name") for line in
	    access_lines(edge) if line.get("protocol") == "TCP"] ==
	    ["open.example"], "one was let in, and is logged by its name")


@scenario
def a_gateway_s_datagrams_are_judged_too(scene):
	port = free_port()
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as app, \
	    socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
		app.bind(("127.0.0.1", 0))
		app.settimeout(10)
		edge = Gateway(scene, gateway([f"name: udp, port: {port}, "
		    "protocol: UDP"]) + service("dns", app.getsockname()[1])
		    .replace("appProtocol: http", "protocol: UDP").replace(
		    "[{name", "[{protocol: UDP, name") + streams("UDPRoute",
		    "dns", ["dns"]))
		client.connect(("127.0.0.1", port))
		client.send(b"first")
		assert app.recv(100) == b"first"
		edge.write("policy", policy("nobody", """
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]
  action: DENY
  rules: [{to: [{operation: {ports: ["%d"]}}]}]
""" % port))

		def is_refused():
			client.send(b"more")
			return edge.metrics().sum(DECISIONS, decision="cut",
			    policy="default/nobody") >= 1

		wait_until(is_refused, "what comes later is refused")
		wait_until(lambda: edge.metrics().sum(
		    "mesh_udp_dropped_datagrams_total", reason="policy") >= 1,
		    "it is counted")


@scenario
def a_new_mesh_refuses_everybody_until_somebody_is_allowed(scene):
	control = scene.control(inbound_policy="deny")
	orders = member(scene, control, "orders")
	web = member(scene, control, "web")
	assert control.get("meshconfig", "default")["spec"] == {
	    "defaultInboundPolicy": "deny"}
	assert "mesh ctl allow CALLER SERVICE" in control.err()
	wait_until(lambda: ask(web) == 403, "nobody may call")
	wait_until(lambda: "see mesh ctl allow" in orders.err(), "the log says how")
	assert "AuthorizationPolicy allows anything" in control.ctl("check").stdout
	control.ctl("allow", "web", "orders")
	wait_until(lambda: ask(web) == 200, "web may call")
	assert "where no policy allows, defaultInboundPolicy is deny" in \
	    control.ctl("check").stdout
	# What is there stays, whatever a later start says of new ones.
	control.ctl("apply", "-f", "-", stdin="apiVersion: mesh/v1\n"
	    "kind: MeshConfig\nmetadata: {name: default}\n"
	    "spec: {defaultInboundPolicy: audit}\n")
	control.stop()
	control.start()
	control.await_ready()
	assert control.get("meshconfig", "default")["spec"] == {
	    "defaultInboundPolicy": "audit"}


@scenario
def outbound_listeners_serve_the_user_of_the_application(scene):
	control = scene.control()
	orders = member(scene, control, "orders")
	dns = scene.proxy("dns", control=control, service="default/dns",
	    apps=[f"53=127.0.0.1:{scene.echo('dns-app').tcp_port}/udp"])
	dns.await_ready()
	ports = {"orders": "default/orders:80", "dns": "default/dns:53/udp"}
	mine = member(scene, control, "mine", upstreams=ports,
	    options=["--app-user", os.getuid(), "--app-user", 4242])
	other = member(scene, control, "other", upstreams=ports,
	    options=["--app-user", 4242])
	wait_until(lambda: ask(mine) == 200, "our user may call")
	assert wire.get(mine.upstream["orders"], "/plain").status == 200
	refused = 0
	for address in other.outbound_port, other.upstream["orders"]:
		try:
			wire.get(address, "/plain", host="orders.default.mesh")
		except OSError:
			refused += 1
	assert refused == 2, "another user is not answered"
	wait_until(lambda: other.metrics().sum("mesh_connections_refused_total",
	    reason="user") == 2, "both are counted")
	wait_until(lambda: f"it is of user {os.getuid()}" in other.err(),
	    "the log says whose they were")
	with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
		for proxy in mine, other:
			host, port = proxy.upstream["dns"].rsplit(":", 1)
			datagrams.sendto(b"x", (host, int(port)))
	dropped = "mesh_udp_dropped_datagrams_total"
	wait_until(lambda: other.metrics().sum(dropped, reason="user") == 1,
	    "nor are its datagrams taken")
	assert mine.metrics().sum(dropped, reason="user") == 0
	assert orders.metrics().sum(DECISIONS) == 0


@scenario
def no_decision_gets_lost_where_there_are_many(scene):
	control, orders, web = orders_and(scene, "web")
	control.apply(policy("watch", """
  action: AUDIT
  rules: [{to: [{operation: {paths: ["/secret*"]}}]}]
"""))
	wait_until(lambda: ask(web, "/secret-first") == 200 and "rule 0 of "
	    "default/watch" in orders.err(), "it is in force")
	for n in range(40):
		assert ask(web, f"/secret/{n}") == 200
	noted = {f"/secret/{n}": "audit[default/watch]-rule[0]"
	    for n in range(40)}
	wait_until(lambda: {line["path"]: line["policies_noted"] for line in
	    access_lines(orders) if line["path"].startswith("/secret/")} ==
	    noted, "the access log has each")

	def lines():
		said = orders.err()
		return (said.count(" /secret/"), sum(map(int, re.findall(
		    r"left out in this second: (\d+) audit", said))))
	wait_until(lambda: sum(lines()) == 40, "the log knows of each", 10)
	assert orders.metrics().sum("mesh_log_left_out_total",
	    scope="authz") == lines()[1]


@scenario
def people_allow_deny_and_check(scene):
	control, orders, web, batch = orders_and(scene, "web", "batch")

	def check(caller, path, code, *more):
		return control.ctl("authz", "check", "--from", caller, "--to",
		    "orders", "--path", path, *more, expect=code).stdout

	assert "defaultInboundPolicy is all-authenticated" in check("batch", "/", 0)
	control.ctl("allow", "web", "orders", "--methods", "GET,HEAD", "--paths",
	    "/plain,/items/*")
	wait_until(lambda: ask(batch) == 403, "who is not allowed is refused")
	assert ask(web) == 200 and ask(web, "/other") == 403
	assert "rule 0 of default/allow-web-to-orders-get-head-" in check("web",
	    "/plain", 0)
	assert "no rule of an ALLOW policy" in check("web", "/other", 1)
	assert "default/orders" in check("web", "/plain", 1, "--method", "POST")
	shown = control.ctl("deny", "*", "orders", "--paths", "/items/9",
	    "--dry-run", "-o", "yaml").stdout
	assert "action: DENY" in shown and ask(web, "/items/9") == 200
	path = scene.file("deny.yaml", shown)
	control.ctl("authz", "check", "--from", "web", "--to", "orders", "-f",
	    path, expect=1)	# the service is not in there
	said = control.ctl("deny", "*", "orders", "--paths", "items",
	    expect=64).stderr
	assert "no request has \"items\"" in said, said
	said = control.ctl("deny", "*", "orders", "--paths", "items", "--methods",
	    "get", expect=64).stderr
	assert "no request has \"get\"" in said, said
	said = control.ctl("allow", "web", "orders", "--paths", "/a/*/b,/%41",
	    "--dry-run").stderr
	assert "{*} stands for a segment" in said, said
	assert 'paths[1]: matches nothing: no request has it, this is compared ' \
	    'as it comes, and it comes as "/A"' in said, said
	for said in "created", "unchanged":
		assert said in control.ctl("deny", "*", "orders", "--name",
		    "keep-9", "--paths", "/items/9").stdout
	wait_until(lambda: ask(web, "/items/9") == 403, "it is refused")
	control.apply(gateway(["name: http, port: 8080, protocol: HTTP"]) +
	    policy("edge", """
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: edge}]
  action: DENY
  rules: [{to: [{operation: {hosts: [secret.example], ports: ["8080"]}}]}]
"""))
	words = "authz", "check", "--from", "nobody", "--gateway", "edge", "--host"
	assert "rule 0 of default/edge" in control.ctl(*words, "secret.example",
	    expect=1).stdout
	control.ctl(*words, "open.example")
	told = json.loads(check("web", "/items/9", 1, "-o", "json"))[0]
	assert told["workload"] == "default/orders" and told["rule"] == 0
	assert told["policy"] == "default/keep-9", told
	control.ctl("wait", "--for=condition=Programmed", "authorizationpolicy",
	    "keep-9")


@scenario
def an_order_stands_beside_those_before_it(scene):
	control = scene.control()
	control.apply("{apiVersion: v1, kind: Service, metadata: {name: orders, "
	    "namespace: default}, spec: {ports: [{name: a, port: 80}, "
	    "{name: b, port: 81}]}}")

	def check(port, code, *more):
		return control.ctl("authz", "check", "--from", "web", "--to",
		    f"orders:{port}", "--path", "/a", *more, expect=code).stdout

	# The second of another port, method or path takes nothing from the first.
	control.ctl("deny", "web", "orders:80")
	control.ctl("deny", "web", "orders:81", "--methods", "PUT")
	control.ctl("deny", "web", "orders:81", "--paths", "/b")
	assert "default/deny-web-to-orders-80" in check(80, 1)
	assert "default/deny-web-to-orders-81-put" in check(81, 1, "--method",
	    "PUT")
	control.ctl("authz", "check", "--from", "web", "--to", "orders:81",
	    "--path", "/b", expect=1)
	check(81, 0)
	assert "unchanged" in control.ctl("deny", "web", "orders:80").stdout
	# A limit below what is allowed already would be none.
	control.ctl("allow", "web", "orders:81")
	said = control.ctl("allow", "web", "orders:81", "--methods", "GET",
	    expect=65).stderr
	assert "default/allow-web-to-orders-81 allows more than this already" in \
	    said, said
	said = control.ctl("deny", "web", "orders:82").stderr
	assert "ports: matches nothing, as no Service of targetRefs has" in said, said
	said = control.ctl("deny", "web", "nobody").stderr
	assert "there is no Service nobody" in said, said
	said = control.ctl("deny", "web", "orders:80", "--methods", "GET").stderr
	assert "deny-web-to-orders-80 denies more than this already" in said, said
	# What somebody made of a document is not lost.
	control.ctl("deny", "batch", "orders", "--name", "allow-web-to-orders-80")
	said = control.ctl("allow", "web", "orders:80", expect=65).stderr
	assert "is there and says something else" in said, said
	said = control.ctl("allow", "web", "orders:80", "--name",
	    "allow-web-to-orders-80").stderr
	assert "said before holds no more" in said, said


@scenario
def an_order_about_nobody_is_taken_and_told_of(scene):
	control, orders, web = orders_and(scene, "web")

	def says(*words, verb="allow", **more):
		return control.ctl(verb, *words, **more).stderr
	said = says("wbe", "orders")
	assert "no service has the account default/wbe yet; did you mean " \
	    "default/web?" in said, said
	assert "warning" not in says("web", "orders")
	# Who only calls is in no document, and no less somebody.
	scene.proxy("crawler", control=control,
	    service="default/crawler").await_ready()
	wait_until(lambda: "crawler" in control.ctl("proxy", "list").stdout,
	    "control knows the sidecar")
	assert "warning" not in says("crawler", "orders")
	assert "crawler" not in control.ctl("check", expect=None).stdout
	assert "--to default/orders:80 --method GET --path /plain; take" in says("web",
	    "orders", "--methods", "GET,PUT", "--paths", "/plain", "--name", "x")
	assert "did you mean default/web?" in says("shop/web", "orders",
	    verb="deny")
	assert "namespace shop has no workload" in says("shop/*", "orders")
	said = says("nobody", "orders")
	assert "by address alone: --from-ip CIDR" in said, said
	# Who comes in plain text can be let in by where it comes from.
	control.apply("---\napiVersion: security.istio.io/v1\n"
	    "kind: PeerAuthentication\nmetadata: {name: all}\n"
	    "spec: {mtls: {mode: PERMISSIVE}}\n")

	def plain():
		return wire.get(orders.inbound_port, "/plain",
		    host="orders.default.mesh").status
	wait_until(lambda: plain() == 403, "plain text is heard, and refused")
	assert "warning" not in says("nobody", "orders", "--from-ip",
	    "10.9.0.0/16,127.0.0.0/8")
	wait_until(lambda: plain() == 200, "it may come from there")
	words = ("authz", "check", "--from", "nobody", "--to", "orders",
	    "--from-ip")
	control.ctl(*words, "127.0.0.1")
	control.ctl(*words, "192.0.2.7", expect=1)
	control.ctl("authz", "check", "--from", "other", "--to", "orders",
	    "--from-ip", "127.0.0.1", expect=1)
	says("nobody", "orders", "--from-ip", "there", expect=65)
	says("*", "orders", "--from-ip", "127.0.0.1", verb="deny")
	wait_until(lambda: plain() == 403 and ask(web) == 403,
	    "whoever comes from there is refused")


@scenario
def a_policy_is_learnt_from_what_was_seen(scene):
	control, _, web, _ = orders_and(scene, "web", "batch")
	control.ctl("deny", "other", "orders")

	def learnt(*more):
		return control.ctl("policy", "learn", "orders", *more).stdout

	wait_until(lambda: "default/web" in learnt() and "default/batch" in
	    learnt("--since", "24h"), "both were seen", 20)
	control.apply(learnt())
	assert control.get("authorizationpolicy", "callers-of-orders")["spec"][
	    "rules"] == [{"from": [{"source": {"serviceAccounts":
	    [f"default/{name}"]}}], "to": [{"operation": {"methods": ["GET"],
	    "paths": ["/plain"]}}]} for name in ("batch", "web")]
	other = member(scene, control, "other")
	wait_until(lambda: ask(other) == 403, "nobody else may call")
	assert ask(web) == 200
	# Who is refused is nobody who was seen.
	wait_until(lambda: any(row["source"] == "default/other" for row in
	    json.loads(control.ctl("stat", "orders", "-o", "json").stdout)),
	    "control was told of it", 20)
	assert "default/other" not in learnt()
	control.ctl("policy", "learn", "nothing", expect=1)
	control.ctl("policy", "learn", "orders", "--since", "long", expect=64)


if __name__ == "__main__":
	main()
