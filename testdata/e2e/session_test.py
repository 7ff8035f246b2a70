#!/usr/bin/env python3
"""Sessions of control with scripted proxies."""

import json
import shutil
import time

from member import Api, Member, make_csr, service
from mesh import VARIANT, main, scenario, wait_until

WEB = "/core/services/default/web"
PAYMENTS = "/core/services/default/payments"


def workload(name, namespace="default"):
	return f"/mesh/workloads/{namespace}/{name}"


def joined(scene, control, what, name, **token):
	member = Member(scene, control, what, name, **token)
	reply = member.join()
	assert reply.status == 200, reply.text
	scene.closing(member)
	return member


def running(scene, control, what, name, interest=(), **spec):
	"""A member that has its first state and whose application answers."""
	member = joined(scene, control, what, name).connect(interest, **spec)
	member.until("synced")
	member.session.say(t="ready", ready=True)
	member.until_true(lambda: member.has(workload(name)), f"{name} is registered")
	member.until("commit")
	return member


def proxies(control):
	return {row["name"]: row
	    for row in Api(control).get("/v1/proxies").json()["items"]}


@scenario
def first_state_is_the_closure(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("web"), service("payments"), service("other"),
	    {"apiVersion": "mesh/v1", "kind": "MeshConfig",
	        "metadata": {"name": "default"}, "spec": {}})
	member = joined(scene, control, "default/web", "web-1")
	member.connect(["default/payments", "default/nothing"])
	line = member.until("synced")
	assert member.told[0] == "bundle", member.told
	assert member.told[-2:] == ["commit", "synced"], member.told
	assert "reset" not in member.told
	assert set(member.documents) == {PAYMENTS, WEB,
	    "/mesh/meshconfigs/-/default"}, list(member.documents)
	assert member.none == {"default/nothing"}, member.none
	assert line["revision"] == api.get("/v1/health").json()["revision"]
	wait_until(lambda: proxies(control)["default/web-1"]["state"] == "synced",
	    "control knows what it runs")
	row = proxies(control)["default/web-1"]
	assert row["digestOk"] is True and row["lag"] == 0, row
	assert row["version"] == "0.1.0" and row["certNotAfter"], row
	assert row["ackedRevision"] == line["revision"], row


@scenario
def registers_when_the_application_answers(scene):
	control = scene.control()
	api = Api(control)
	member = joined(scene, control, "shop/orders", "orders-1",
	    serviceAccount="seller")
	member.connect(zone="a", labels={"tier": "back"}, services=["admin"],
	    serviceAccount="root", sidecar=False)
	member.until("synced")
	member.session.say(t="ready", ready=False)
	member.session.say(t="interest", services=[])
	member.until("synced")
	assert api.get("/v1/documents/workloads").json()["items"] == []
	member.session.say(t="ready", ready=True)
	key = workload("orders-1", "shop")
	member.until_true(lambda: member.has(key), "it is registered")
	doc = member.document(key)
	assert doc["metadata"]["labels"] == {"tier": "back"}, doc
	spec = doc["spec"]
	# What it is comes from its token, how it is from itself.
	assert spec["serviceAccount"] == "seller" and spec["sidecar"] is True, spec
	assert spec["services"] == ["orders"] and spec["zone"] == "a", spec
	assert spec["address"] == "127.0.0.1", spec
	made = api.get("/v1/documents/services/shop/orders").json()
	assert "mesh/auto-created" in made["metadata"]["annotations"], made
	assert made["spec"]["ports"][0]["port"] == 8080, made
	assert made["spec"]["ports"][0]["appProtocol"] == "http", made
	seen = api.get("/v1/documents/workloads/shop/orders-1").json()
	assert seen["status"]["state"] == "Online", seen
	entry = [item for item in api.get("/v1/audit").json()["items"]
	    if item["action"] == "document.put" and "orders-1" in item["target"]][0]
	assert entry["actor"] == "spiffe://mesh.internal/ns/shop/sa/seller", entry
	row = api.get("/v1/services").json()["items"][0]
	assert row["autoCreated"] and row["ready"] == 1, row


@scenario
def changes_reach_those_whom_they_concern(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("payments"))
	caller = running(scene, control, "default/web", "web-1",
	    ["default/payments"])
	other = running(scene, control, "default/other", "other-1")
	callee = running(scene, control, "default/payments", "payments-1")
	caller.until_true(lambda: caller.has(workload("payments-1")),
	    "the caller hears of the callee")
	assert not other.has(workload("payments-1"))
	before = list(other.told)
	revision = api.put("/v1/documents/services/default/payments",
	    service("payments", 81)).json()["revision"]
	caller.until_true(lambda: caller.revision == revision, "the change comes")
	assert caller.document(PAYMENTS)["spec"]["ports"][0]["port"] == 81
	api.put("/v1/documents/services/default/other", service("other", 99))
	other.until_true(lambda: other.has("/core/services/default/other") and
	    other.document("/core/services/default/other")["spec"]["ports"][0]
	    ["port"] == 99, "its own service changes")
	assert not any(key.startswith(PAYMENTS) for key in other.documents), before
	api.delete("/v1/documents/services/default/payments")
	caller.until_true(lambda: not caller.has(PAYMENTS), "the service goes")
	assert callee.name == "default/payments-1"
	caller.until_true(lambda: "default/payments" in caller.none, "it is none")


@scenario
def interests_come_and_go(scene):
	control = scene.control()
	api = Api(control)
	member = running(scene, control, "default/web", "web-1")
	member.session.say(t="interest", services=["default/payments"])
	member.until("synced")
	assert member.none == {"default/payments"}
	api.apply(service("payments"))
	member.until_true(lambda: member.has(PAYMENTS), "it comes into being")
	member.session.say(t="interest", services=[])
	member.until_true(lambda: not member.has(PAYMENTS), "it lapses")
	member.until("synced")


@scenario
def returning_proxies_get_what_changed(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("payments"), service("orders"))
	interest = ["default/payments", "default/orders"]
	member = running(scene, control, "default/web", "web-1", interest)
	member.close()
	api.put("/v1/documents/services/default/payments", service("payments", 81))
	api.delete("/v1/documents/services/default/orders")
	control.kill()
	control.start()
	control.await_ready()
	member.told.clear()
	member.connect(interest, since=member.revision)
	member.until("synced")
	assert "reset" not in member.told, member.told
	assert member.told.count("put") == 1, member.told
	assert not member.has("/core/services/default/orders")
	assert member.document(PAYMENTS)["spec"]["ports"][0]["port"] == 81
	assert member.has(workload("web-1"))
	# From another world: everything anew.
	member.close()
	member.told.clear()
	member.documents["/core/services/x/y"] = 1, "{}"
	member.connect(interest, since=10 ** 9)
	member.until("synced")
	assert member.told.index("reset") < member.told.index("put"), member.told


@scenario
def wrong_digest_is_healed_once(scene):
	control = scene.control()
	Api(control).apply(service("payments"))
	member = joined(scene, control, "default/web", "web-1")
	member.connect(["default/payments"], since=1)
	member.documents["/core/services/x/y"] = 1, "{}"
	member.auto_ack = False
	while member.session.line()["t"] != "synced":
		pass
	member.session.say(t="ack", revision=Api(control).get("/v1/health").json()
	    ["revision"], digest="0" * 64)
	member.auto_ack = True
	member.until("synced")
	assert "reset" in member.told and member.has(PAYMENTS), member.told
	wait_until(lambda: proxies(control)["default/web-1"]["digestOk"],
	    "it is healed")


@scenario
def rejections_are_shown(scene):
	control = scene.control()
	api = Api(control)
	api.apply(service("payments"))
	member = running(scene, control, "default/web", "web-1",
	    ["default/payments"])
	revision = member.documents[PAYMENTS][0]
	member.session.say(t="nack", key=PAYMENTS, revision=revision,
	    error="too beautiful")
	wait_until(lambda: proxies(control)["default/web-1"]["state"] == "rejected",
	    "the rejection is known")
	assert proxies(control)["default/web-1"]["rejected"] == [{"key": PAYMENTS,
	    "error": "too beautiful"}]
	api.put("/v1/documents/services/default/payments", service("payments", 81))
	member.until_true(lambda: member.documents[PAYMENTS][0] > revision, "a new form")
	member.until("commit")
	wait_until(lambda: proxies(control)["default/web-1"]["state"] == "synced",
	    "it is forgotten")


@scenario
def withdrawal_waits_for_callers(scene):
	control = scene.control()
	api = Api(control)
	caller = running(scene, control, "default/web", "web-1",
	    ["default/payments"])
	bystander = running(scene, control, "default/other", "other-1")
	callee = running(scene, control, "default/payments", "payments-1")
	key = workload("payments-1")
	caller.until_true(lambda: caller.has(key), "the caller knows the callee")
	caller.until("commit")
	caller.auto_ack = False
	callee.session.say(t="withdraw")
	caller.until_true(lambda: not caller.has(key), "it is gone")
	caller.until("commit")
	callee.until_true(lambda: not callee.has(key), "it sees itself go")
	callee.session.say(t="interest", services=["default/nothing"])
	callee.until("synced")	# answered later than a hasty withdrawn would be
	assert callee.withdrawn is None
	caller.ack()
	callee.until("withdrawn")
	assert callee.withdrawn <= caller.revision
	assert bystander.withdrawn is None
	assert api.get(f"/v1/documents{key.replace('/mesh', '')}").status == 404
	callee.session.say(t="alive")
	callee.session.say(t="interest", services=[])
	callee.until("synced")
	assert api.get(f"/v1/documents{key.replace('/mesh', '')}").status == 404


@scenario
def withdrawal_ends_without_callers_too(scene):
	control = scene.control()
	caller = running(scene, control, "default/web", "web-1",
	    ["default/payments"])
	callee = running(scene, control, "default/payments", "payments-1")
	caller.until_true(lambda: caller.has(workload("payments-1")), "known")
	started = time.monotonic()
	callee.session.say(t="withdraw")	# and the caller says nothing
	callee.until("withdrawn")
	assert 4 < time.monotonic() - started < 9
	never = joined(scene, control, "default/never", "never-1").connect()
	never.until("synced")
	never.session.say(t="withdraw")
	never.until("withdrawn")


@scenario
def endpoints_say_why_they_are_out(scene):
	control = scene.control()
	api = Api(control)
	member = running(scene, control, "default/payments", "payments-1")
	caller = running(scene, control, "default/web", "web-1",
	    ["default/payments"])
	caller.until_true(lambda: caller.has(workload("payments-1")), "known")
	rows = api.get("/v1/services/default/payments/endpoints").json()["items"]
	assert rows[0]["ready"] and rows[0]["state"] == "Online", rows
	assert rows[0]["identity"].endswith("/ns/default/sa/payments"), rows
	member.session.say(t="ready", ready=False)
	caller.until_true(lambda: caller.document(workload("payments-1")).get(
	    "status", {}).get("state") == "Offline", "the caller is told")
	rows = api.get("/v1/services/default/payments/endpoints").json()["items"]
	assert not rows[0]["ready"], rows
	assert rows[0]["why"] == "its application does not answer", rows
	member.session.say(t="ready", ready=True)
	caller.until_true(lambda: "status" not in caller.document(
	    workload("payments-1")), "and when it is back")
	api.apply({"apiVersion": "mesh/v1", "kind": "Workload", "metadata": {
	    "name": "legacy"}, "spec": {"address": "192.0.2.1", "sidecar": False,
	    "services": ["payments"]}})
	rows = api.get("/v1/services/default/payments/endpoints").json()["items"]
	out = [row for row in rows if row["workload"] == "default/legacy"][0]
	assert "no sidecar" in out["why"], out
	assert api.get("/v1/services/default/none/endpoints").status == 404


@scenario
def sessions_are_for_their_own_workload(scene):
	control = scene.control()
	member = joined(scene, control, "default/web", "web-1")
	for words in ({"t": "hello", "schema": 1, "version": "x", "since": 0,
	        "workload": "default/payments-1", "document": {}},
	    {"t": "ready", "ready": True}, {"t": "ack", "revision": 1},
	    {"t": "hello"}):
		member.connect_only().say(**words)
		assert member.session.wait_end() == "end", words
	member.connect_only().send(b"not json\n")
	assert member.session.wait_end() == "end"
	member.connect_only().send(b"x" * (1 << 20) + b"x" * 100)
	member.session.wait_end()
	reply = member.api().get("/v1/session")
	assert reply.status == 426, reply.text
	member.connect()
	member.session.say(t="from the future", x={"y": []})
	member.until("synced")


@scenario
def who_goes_on_after_the_end_of_a_session_is_cut_off(scene):
	control = scene.control()
	member = joined(scene, control, "default/web", "web-1")
	member.connect_only().send(b"not json\n")
	assert member.session.wait_end() == "end"

	def is_cut():
		try:
			member.session.send(b"x" * 4096)
		except OSError:
			return True
		return False
	wait_until(is_cut, "nobody listens any more", 30)
	member.connect().until("synced")


@scenario
def newer_session_ends_the_older(scene):
	control = scene.control()
	member = running(scene, control, "default/web", "web-1")
	old = scene.closing(member.session)
	member.documents.clear()
	member.connect()
	member.until("synced")
	assert old.wait_end() == "end"
	assert len(proxies(control)) == 1


@scenario
def questions_are_answered(scene):
	control = scene.control()
	api = Api(control)
	member = running(scene, control, "default/web", "web-1")
	with api.connect() as client:
		client.send(b"GET /v1/proxies/default/web-1/config HTTP/1.1\r\n"
		    b"Host: x\r\n\r\n")
		question = member.until("question")
		assert question["what"] == "config", question
		member.session.say(t="answer", id=question["id"], body={"a": [1]})
		assert client.read_reply().json() == {"a": [1]}
	reply = api.get("/v1/proxies/default/nobody/config")
	assert reply.status == 404, reply.text
	late = api.get("/v1/proxies/default/web-1/config")
	assert late.status == 503, late.text


@scenario
def silence_makes_offline(scene):
	control = scene.control()
	api = Api(control)
	caller = running(scene, control, "default/web", "web-1",
	    ["default/payments"])
	member = running(scene, control, "default/payments", "payments-1")
	caller.until_true(lambda: caller.has(workload("payments-1")), "known")
	member.close()

	def state():
		caller.session.say(t="alive")
		doc = api.get("/v1/documents/workloads/default/payments-1").json()
		return doc["status"]["state"] == "Offline"
	wait_until(state, "it counts as gone", timeout=45)
	caller.until_true(lambda: caller.document(workload("payments-1")).get(
	    "status", {}).get("state") == "Offline", "the caller is told")


@scenario
def restart_expires_nobody(scene):
	control = scene.control()
	member = running(scene, control, "default/web", "web-1")
	control.kill()
	member.close()
	control.start()
	control.await_ready()
	doc = Api(control).get("/v1/documents/workloads/default/web-1").json()
	assert doc["status"]["state"] == "Online", doc


REPORT = """mesh-counters 1 {boot}
$inbound
$outbound
$default
$web
$payments
$http
$200
$503
$-
$mutual_tls
$web-1
$payments-1
#mesh_requests_total direction,source_namespace,source_service,\
destination_namespace,destination_service,source_workload,\
destination_workload,protocol,response_code,response_flags,security
1 2 3 2 4 10 11 5 6 8 9 ={good}
1 2 3 2 4 10 11 5 7 8 9 ={bad}
#mesh_request_duration_seconds direction,source_namespace,source_service,\
destination_namespace,destination_service
1 2 3 2 4 ={micros} 10000:{good}
"""


@scenario
def traffic_is_summed_over_a_minute(scene):
	control = scene.control()
	api = Api(control)
	member = running(scene, control, "default/web", "web-1")

	def report(good, bad):
		member.session.say(t="alive", counters={"report": REPORT.format(
		    boot="b", good=good, bad=bad, micros=good * 9000)})
	report(1000, 0)		# of a life before control heard of it
	sent = 0

	def row():
		nonlocal sent
		sent += 1
		report(1000 + 90 * sent, 10 * sent)
		rows = api.get("/v1/stat").json()["services"]
		return rows and rows[0]
	got = wait_until(row, "the traffic shows", timeout=20)
	assert got["source"] == "default/web", got
	assert got["destination"] == "default/payments", got
	assert 0 < got["requests"] <= 100 * sent, got
	assert got["success"] == got["requests"] * 9 // 10, got
	assert 5 < got["p50"] <= 10 and 0 < got["window"] <= 65, got


@scenario
def slow_sessions_cost_little_and_lose_nothing(scene):
	control = scene.control()
	api = Api(control)
	names = [f"s{n}" for n in range(100)]
	text = "y" * 4000
	member = joined(scene, control, "default/web", "web-1")
	member.connect([f"default/{name}" for name in names])
	member.until("synced")
	before = control.rss_kib()
	for step in range(6):		# and the member reads nothing meanwhile
		for at in range(0, 100, 50):
			reply = api.apply(*[service(name, annotations={"step": str(step),
			    **{f"x{n}": text for n in range(5)}})
			    for name in names[at:at + 50]])
			assert reply.status == 200, reply.text
	grown = control.rss_kib() - before
	last = api.get("/v1/health").json()["revision"]
	member.until_true(lambda: member.revision == last, "it catches up", 30)
	assert all(member.document(f"/core/services/default/{name}")["metadata"]
	    ["annotations"]["step"] == "5" for name in names)
	# 12 MB were written; kept are two forms of each and the feed's lines.
	assert VARIANT != "release" or grown < 100 * 1024, grown


@scenario
def one_workload_does_not_use_up_what_all_need(scene):
	control = scene.control()
	web = Member(scene, control, "default/web", "web-1")
	other = Member(scene, control, "default/other", "other-1")
	assert web.join().status == other.join().status == 200
	csr = make_csr(web.key)

	def ask_until_refused(path, body, most):
		with web.api().connect() as client:
			for count in range(2 * most + 1):	# a minute may end
				reply = client.request(path, "POST", "control.mesh",
				    body=json.dumps(body).encode())
				if reply.status != 200:
					break
		assert reply.status == 429 and count >= most, (count, reply.body)
		assert 1 <= int(reply.get("retry-after")) <= 62, reply.head

	ask_until_refused("/v1/svid/x509", {"csr": csr}, 60)
	ask_until_refused("/v1/svid/jwt", {"audience": ["x"]}, 300)
	assert web.renew().status in (200, 429)
	assert other.renew().status == 200


@scenario
def who_lost_what_it_kept_and_joins_anew_is_there_once(scene):
	"""Under another name, as its new token has it."""
	control = scene.control()
	app = scene.echo("app")
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={app.http}/http"]).await_ready()

	def names():
		return [one["metadata"]["name"] for one in
		    control.get("workloads")["items"]]

	def endpoints():
		return control.ctl("endpoints", "web").stdout

	wait_until(lambda: names() == ["web"], "it is registered")
	for name in "web-again", "web-once-more":
		web.kill()
		shutil.rmtree(web.state_dir)
		scene.file("web.token", control.token("default/web", name)
		    .read_text())
		web.start()
		web.await_ready()
		wait_until(lambda name=name: names() == [name], "it is there once")
	shown = endpoints()
	assert shown.count("127.0.0.1") == 1 and "web-once-more" in shown, shown
	assert "Lost" not in shown and "Offline" not in shown, shown
	row = control.ctl("services").stdout.splitlines()[-1]
	assert row.split()[2:] == ["1"] * 4, row
	log = control.ctl("audit", "-o", "json").stdout
	assert log.count("workload.replace") == 2, log
	assert "default/web: default/web-again took its place at 127.0.0.1, " \
	    f"port {web.inbound_port}: it is withdrawn" in control.err()


if __name__ == "__main__":
	main()
