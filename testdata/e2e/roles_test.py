#!/usr/bin/env python3
"""People and their roles: what each may, what it sees, and what it is told."""

import contextlib
import json
import os
import re
import sqlite3
import subprocess

from member import Api, service
from mesh import main, scenario
from people import Person, binding
from wire import Client

NOBODY = 65534


def rate_limit(name, namespace):
	return {"apiVersion": "mesh/v1", "kind": "RateLimit",
	    "metadata": {"name": name, "namespace": namespace},
	    "spec": {"targetRefs": [{"kind": "Service", "name": "web"}],
	    "limits": [{"requests": 10, "per": "1s"}]}}


def refused(reply, words):
	assert reply.status == 403, (reply.status, reply.text)
	message = reply.error()["message"]
	assert words in message, message


@scenario
def a_role_counts_in_its_namespace_alone(scene):
	control = scene.control()
	local = Api(control)
	assert local.apply(service("web", namespace="pay"),
	    service("web", namespace="shop")).status == 200
	team = Person(scene, control, "web-team", "--role", "operator", "-n", "pay")
	# It sees its namespace, in a list of all as well, and no other.
	for query in ("", "?namespace=pay"):
		items = team.api.get("/v1/documents/services" + query).json()["items"]
		assert [i["metadata"]["namespace"] for i in items] == ["pay"], items
	items = team.api.get("/v1/services").json()["items"]
	assert [i["namespace"] for i in items] == ["pay"], items
	refused(team.api.get("/v1/documents/services?namespace=shop"),
	    "operator/web-team may not read Service in namespace shop: needs role "
	    "viewer (ClusterRoleBinding or RoleBinding in shop)")
	refused(team.api.get("/v1/documents/services/shop/web"), "needs role viewer")
	# It changes what is its own.
	path = "/v1/documents/ratelimits/"
	assert team.api.put(path + "pay/r", rate_limit("r", "pay")).status == 200
	refused(team.api.put(path + "shop/r", rate_limit("r", "shop")),
	    "needs role operator (ClusterRoleBinding or RoleBinding in shop)")
	# Of a set with one that it may not, nothing.
	refused(team.api.apply(rate_limit("a", "pay"), rate_limit("a", "shop")),
	    "may not apply RateLimit in namespace shop")
	assert team.api.get(path + "pay/a").status == 404
	# The namespace counts where the document ends up, not what a query says.
	refused(team.api.apply({**rate_limit("a", "shop")}, query="?namespace=pay"),
	    "shop")
	done = team.ctl("delete", "services", "web", "-n", "shop", "--yes", expect=77)
	assert "operator/web-team may not delete Service in namespace shop: needs " \
	    "role operator (ClusterRoleBinding or RoleBinding in shop)" \
	    in done.stderr, done.stderr
	team.ctl("delete", "ratelimits", "r", "-n", "pay", "--yes")


@scenario
def what_is_the_meshs_own_takes_an_admin_of_it(scene):
	control = scene.control()
	boss = Person(scene, control, "boss", "--role", "admin", "-n", "pay")
	forbidden = (("POST", "/v1/tokens", {"service": "pay/web"}),
	    ("DELETE", "/v1/tokens/abc", None),
	    ("POST", "/v1/operators", {"name": "me", "csr": "x"}),
	    ("DELETE", "/v1/operators/boss", None),
	    ("POST", "/v1/revocations", {"identity": "pay/web"}),
	    ("POST", "/v1/ca/prepare", {"what": "root"}),
	    ("POST", "/v1/ca/taint", {}), ("GET", "/v1/audit", None),
	    ("GET", "/v1/tokens", None), ("GET", "/v1/operators", None),
	    ("DELETE", "/v1/documents/meshconfigs/-/default", None),
	    ("DELETE", "/v1/documents/clusterrolebindings/-/mesh-socket", None))
	for method, path, body in forbidden:
		refused(boss.api.request(method, path, body),
		    "everywhere (ClusterRoleBinding)")
	# Nobody gives what he has not, himself included.
	refused(boss.api.apply(binding("ClusterRoleBinding", "me", "admin", "boss")),
	    "may not apply ClusterRoleBinding: needs role admin everywhere")
	refused(boss.api.apply(binding("RoleBinding", "me", "admin", "boss",
	    namespace="shop")), "RoleBinding in shop")
	# What is his he may give.
	reply = boss.api.apply(binding("RoleBinding", "eve", "operator", "eve",
	    namespace="pay"))
	assert reply.status == 200, reply.text
	eve = Person(scene, control, "eve", "--role", "viewer", "-n", "pay")
	assert eve.api.apply(rate_limit("a", "pay")).status == 200
	refused(eve.api.apply(binding("RoleBinding", "b", "admin", "eve",
	    namespace="pay")), "needs role admin")
	refused(eve.api.put("/v1/documents/secrets/pay/s", {"apiVersion": "v1",
	    "kind": "Secret", "metadata": {"name": "s"}}), "needs role admin")


@scenario
def what_is_taken_away_is_gone_with_the_next_request(scene):
	control = scene.control()
	local = Api(control)
	anna = Person(scene, control, "anna", "--role", "viewer")
	watch = scene.closing(Client(anna.api.connect().sock))
	watch.send(b"GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n")
	watch.read_until(b"\r\n\r\n")
	assert anna.api.get("/v1/audit").status == 200
	path = "/v1/documents/clusterrolebindings/-/operator-anna"
	assert local.delete(path).status == 200
	watch.read_until(b"0\r\n\r\n")
	control.wait_line("operator/anna: its rights are others now")
	refused(anna.api.get("/v1/documents/services"), "needs role viewer")
	assert anna.api.get("/v1/whoami").json()["role"] == "none"
	# Who comes back has what is given then, and nothing of before.
	local.apply(binding("RoleBinding", "operator-anna", "admin", "anna",
	    namespace="pay"))
	control.ctl("operator", "revoke", "anna", "--yes")
	Person(scene, control, "anna2", "--role", "viewer", "-n", "shop")
	names = [i["metadata"]["name"] for i in local.get(
	    "/v1/documents/rolebindings").json()["items"]]
	assert names == ["operator-anna2"], names


@scenario
def a_watch_shows_what_its_reader_may_see(scene):
	control = scene.control()
	local = Api(control)
	team = Person(scene, control, "team", "--role", "viewer", "-n", "pay")
	watch = scene.closing(Client(team.api.connect().sock))
	watch.send(b"GET /v1/watch HTTP/1.1\r\nHost: x\r\n\r\n")
	watch.read_until(b"\r\n\r\n")
	local.apply(service("a", namespace="shop"), service("b", namespace="pay"))
	local.delete("/v1/documents/services/shop/a")
	local.delete("/v1/documents/services/pay/b")
	text = watch.read_until(b'"del"') + watch.read_until(b'"commit"')
	assert b"services/pay/b" in text and b"shop" not in text, text


@scenario
def people_ask_what_they_may(scene):
	control = scene.control()
	team = Person(scene, control, "team", "--role", "operator", "-n", "pay")
	done = team.ctl("auth", "whoami")
	assert re.search(r"^user +team\ngroups +-\nby +certificate\n\n"
	    r"NAMESPACE +ROLE *\n\* +none *\npay +operator", done.stdout), done.stdout
	assert team.ctl("auth", "can-i", "delete", "httproute", "-n",
	    "pay").stdout == "yes\n"
	done = team.ctl("auth", "can-i", "delete", "httproute", "-n", "shop",
	    expect=1)
	assert done.stdout == "no\n", done.stdout
	assert "needs role operator (ClusterRoleBinding or RoleBinding in shop)" \
	    in done.stderr, done.stderr
	team.ctl("auth", "can-i", "get", "services", "-A", expect=1)
	team.ctl("auth", "can-i", "create", "tokens", expect=1)
	team.ctl("auth", "can-i", "eat", "tokens", expect=65)
	team.ctl("auth", "can-i", "get", "unicorns", expect=1)
	control.ctl("auth", "can-i", "create", "tokens")
	rows = control.ctl("operator", "list").stdout
	assert re.search(r"^team +valid +operator in pay ", rows, re.M), rows


@scenario
def who_reaches_the_socket_is_bound_as_well(scene):
	if os.geteuid() != 0:
		return
	control = scene.control()
	control.socket.chmod(0o666)
	scene.dir.chmod(0o755)

	def as_nobody(path):
		return subprocess.run(["curl", "-s", "--unix-socket", control.socket,
		    "http://control" + path], user=NOBODY, group=NOBODY,
		    capture_output=True, text=True, timeout=30, check=True).stdout

	who = json.loads(as_nobody("/v1/whoami"))
	assert who["user"] == f"uid:{NOBODY}" and who["role"] == "admin", who
	control.ctl("delete", "clusterrolebinding", "mesh-socket", "--yes")
	assert "needs role viewer" in as_nobody("/v1/documents/services")
	# Root needs none: who locked himself out comes back.
	control.apply(json.dumps(binding("RoleBinding", "n", "viewer",
	    f"uid:{NOBODY}", namespace="pay")))
	assert json.loads(as_nobody("/v1/documents/services"))["items"] == []
	# It does not come back by itself.
	control.stop()
	control.start()
	control.await_ready()
	assert control.get("clusterrolebindings")["items"] == []


@scenario
def operators_of_before_roles_stay_admins(scene):
	control = scene.control()
	anna = Person(scene, control, "anna")
	assert anna.api.get("/v1/whoami").json()["role"] == "admin"
	control.stop()
	with contextlib.closing(sqlite3.connect(
	    next(control.data_dir.glob("*.db")))) as db, db:
		db.execute("DELETE FROM item WHERE key = CAST('!roles' AS BLOB) OR "
		    "CAST(key AS TEXT) LIKE '%rbac.authorization%'")
	control.start()
	control.await_ready()
	control.wait_line("1 operators of before are admin everywhere")
	assert anna.api.get("/v1/whoami").json()["role"] == "admin"
	assert control.get("clusterrolebindings", "operator-anna")["roleRef"][
	    "name"] == "admin"


@scenario
def refusals_are_on_record(scene):
	control = scene.control()
	team = Person(scene, control, "team", "--role", "viewer", "-n", "pay")
	for _ in range(15):
		refused(team.api.delete("/v1/documents/services/pay/web"), "operator")
	assert control.ctl("audit", "--verify").stdout.startswith("the record is whole")
	items = [e for e in Api(control).get("/v1/audit").json()["items"]
	    if e["action"] == "access.refused"]
	assert len(items) == 10, items
	assert items[0]["actor"] == "operator/team", items[0]
	assert items[0]["how"] == "certificate", items[0]
	assert "needs role operator" in items[0]["detail"]["why"], items[0]
	refusals = [line for line in control.ctl("audit").stdout.splitlines()
	    if "access.refused" in line]
	assert all("needs role" in line for line in refusals), refusals
	# And what was not refused says with which role.
	Person(scene, control, "op", "--role", "operator", "-n", "pay").api.apply(
	    rate_limit("r", "pay"))
	entry = Api(control).get("/v1/audit").json()["items"][-1]
	assert (entry["actor"], entry["role"]) == ("operator/op", "operator"), entry


if __name__ == "__main__":
	main()
