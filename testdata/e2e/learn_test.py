#!/usr/bin/python3
# timeout: 120
"""mesh ctl policy learn: the least that allows what was seen."""

import json
import re

import wire
from grpc_store import WAIT, Caller, Store
from mesh import curl, main, scenario, wait_until


def member(scene, control, name, apps, **options):
	return scene.proxy(name, control=control, service=f"default/{name}",
	    apps=apps, **options).await_ready()


def call(caller, path, method="GET", name="orders", **options):
	return wire.get(caller.outbound_port, f"http://{name}.default.mesh{path}",
	    host=f"{name}.default.mesh", method=method, **options).status


def may(control, path, caller, *options, to="orders:80", expect=0):
	"""What the learnt policy alone would say."""
	control.ctl("authz", "check", "--from", caller, "--to", to, *options, "-f",
	    path, expect=expect)


@scenario
def a_learnt_policy_allows_what_was_seen_and_no_more(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http",
	    f"90={app.tcp}/tcp"])
	web = member(scene, control, "web", [f"80={app.http}/http"],
	    upstreams={"ledger": "default/orders:90"})
	batch = member(scene, control, "batch", [f"80={app.http}/http"])
	wait_until(lambda: call(web, "/plain") == 200, "orders answers")
	seen = [(web, "/items/1234?token=s3cret", "GET"),
	    (web, "/items/98765", "GET"), (web, "/items/1234", "DELETE"),
	    (web, "/users/ann@example.com/mail", "GET"),
	    (batch, "/nightly", "POST")]
	for caller, path, method in seen:
		assert call(caller, path, method) == 200, path
	reply = curl("http://orders.default.mesh/items/7?q=1", "--proxy",
	    web.outbound)
	assert reply.status == 200
	with wire.dial(web.upstream["ledger"]) as sock:
		sock.sendall(b"over and\n")
		wire.Stream(sock).read_until(b"over and\n")
	text = control.ctl("policy", "learn", "orders").stdout
	for word in ("1234", "98765", "s3cret", "ann@", "token", "?"):
		assert word not in text, text
	lines = text.splitlines()
	assert any(line.startswith("# default/web GET /items/{*} port 80: 3 times")
	    for line in lines), text
	assert any(line.startswith("# default/web bytes port 90: once")
	    for line in lines), text
	path = scene.file("learnt.yaml", text + "---\n" + control.ctl("get",
	    "service", "orders", "-o", "yaml").stdout)
	document = json.loads(control.ctl("policy", "learn", "orders", "-o",
	    "json").stdout)
	assert [rule["from"][0]["source"] for rule in document["spec"]["rules"]] == [
	    {"serviceAccounts": ["default/batch"]},
	    {"serviceAccounts": ["default/web"]}], document
	for caller, what, method in seen:
		may(control, path, caller.name, "--method", method, "--path",
		    what.split("?")[0])
	may(control, path, "web", "--method", "GET", "--path", "/items/55555")
	may(control, path, "web", "--bytes", to="orders:90")
	may(control, path, "batch", "--bytes", to="orders:90", expect=1)
	for name, options in (("web", ("--method", "POST", "--path", "/nightly")),
	    ("web", ("--method", "PUT", "--path", "/items/1")),
	    ("web", ("--method", "GET", "--path", "/items")),
	    ("batch", ("--method", "GET", "--path", "/items/1"))):
		may(control, path, name, *options, expect=1)
	# In force it lets in what it was learnt from, and nothing else.
	control.ctl("apply", "-f", str(path))
	wait_until(lambda: call(batch, "/plain") == 403, "it is in force")
	for caller, what, method in seen:
		assert call(caller, what, method) == 200, what
	assert call(web, "/items/1", "PUT") == 403
	with wire.dial(web.upstream["ledger"]) as sock:
		sock.sendall(b"over and\n")
		wire.Stream(sock).read_until(b"over and\n")
	# What it refused was not seen.
	assert "PUT" not in control.ctl("policy", "learn", "orders").stdout


@scenario
def calls_of_grpc_are_learnt_by_service_and_method(scene):
	store = scene.closing(Store())
	control = scene.control()
	member(scene, control, "app", [f"80=127.0.0.1:{store.port}/grpc"])
	web = member(scene, control, "web", [f"80=127.0.0.1:{store.port}/grpc"])
	caller = scene.closing(Caller(f"127.0.0.1:{web.outbound_port}",
	    "app.default.mesh")).await_answers()
	assert caller.unary("Echo")(b"x", timeout=WAIT) == b"x"
	told = json.loads(control.ctl("policy", "learn", "app", "-o",
	    "json").stdout)
	rule, = told["spec"]["rules"]
	assert rule["to"] == [{"operation": {"methods": ["POST"],
	    "paths": ["/e2e.Store/Echo"]}}], rule


@scenario
def what_a_caller_does_without_end_stays_bounded(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http"],
	    options=["--workers", "1"])
	web = member(scene, control, "web", [f"80={app.http}/http"])
	wait_until(lambda: call(web, "/plain") == 200, "orders answers")
	client = scene.closing(wire.Client(f"127.0.0.1:{web.outbound_port}"))
	letters = "abcdefghijklmnopqrstuvwxyz"
	for first in letters[:20]:
		for second in letters[:20]:
			client.send(wire.build("GET", "http://orders.default.mesh/users/"
			    f"{first}{second}", "orders.default.mesh"))
			assert client.read_reply().status == 200
	told = json.loads(control.ctl("policy", "learn", "orders", "-o",
	    "json").stdout)
	paths = told["spec"]["rules"][0]["to"][0]["operation"]["paths"]
	assert paths == ["/plain", "/users/{*}"], paths
	assert orders.is_running()
	# How much that is, and of what it is made, is said.
	told = control.ctl("policy", "learn", "orders")
	assert re.search(r"- /users/\{\*\}  # stands for 65 paths or more that "
	    r"were seen, such as /users/[a-z]{2}, /users/[a-z]{2}\n",
	    told.stdout), told.stdout
	assert "1 of its paths allows more than was seen, as /users/{*}" in \
	    told.stderr, told.stderr
	told = control.ctl("policy", "learn", "orders", "--exact")
	assert "- /users/" not in told.stdout, told.stdout
	assert "- /plain\n" in told.stdout, told.stdout
	assert "# left out: default/web GET /users/{*} port 80" in told.stdout
	assert "is left out, and the policy refuses it: default/web GET " \
	    "/users/{*} port 80" in told.stderr, told.stderr


@scenario
def words_are_allowed_one_by_one(scene):
	control = scene.control()
	app = scene.echo("app")
	member(scene, control, "orders", [f"80={app.http}/http",
	    f"82={app.tcp}/tcp"])
	web = member(scene, control, "web", [f"80={app.http}/http"])
	words = ["orders", "users", "carts", "health", "login", "logout", "search",
	    "about", "help"]
	wait_until(lambda: call(web, "/orders") == 200, "orders answers")
	for word in words:
		assert call(web, f"/{word}") == 200, word
	# A request where bytes are taken: nobody serves it.
	assert curl("http://orders.default.mesh:82/", "--proxy",
	    web.outbound).status == 404
	told = control.ctl("policy", "learn", "orders")
	document = json.loads(control.ctl("policy", "learn", "orders", "-o",
	    "json").stdout)
	operation, = document["spec"]["rules"][0]["to"]
	assert operation["operation"] == {"methods": ["GET"], "ports": ["80"],
	    "paths": sorted(f"/{word}" for word in words)}, operation
	assert "stands for" not in told.stdout and "more than was seen" not in \
	    told.stderr, told.stdout + told.stderr
	path = scene.file("learnt.yaml", told.stdout + "---\n" + control.ctl("get",
	    "service", "orders", "-o", "yaml").stdout)
	may(control, path, "web", "--path", "/help")
	may(control, path, "web", "--path", "/admin", expect=1)
	# While another lets it do anything, this one narrows nothing.
	assert "do anything" not in told.stderr, told.stderr
	control.ctl("allow", "web", "orders", "--name", "all-of-it")
	assert "default/all-of-it lets default/web do anything at " \
	    "default/orders" in control.ctl("policy", "learn", "orders").stderr
	for since in ("999h", "0s", "169h"):
		refused = control.ctl("policy", "learn", "orders", "--since", since,
		    expect=64)
		assert "from 1s to 168h" in refused.stderr, refused.stderr


@scenario
def who_is_known_to_have_called_is_told_of_after_a_restart(scene):
	control = scene.control()
	app = scene.echo("app")
	orders = member(scene, control, "orders", [f"80={app.http}/http"])
	web = member(scene, control, "web", [f"80={app.http}/http"])
	wait_until(lambda: call(web, "/plain") == 200, "orders answers")
	wait_until(lambda: any(row["source"] == "default/web" for row in
	    json.loads(control.ctl("stat", "orders", "-o", "json").stdout)),
	    "control was told of it", 20)
	orders.stop()
	orders.start()
	orders.await_ready()
	done = wait_until(lambda: (done := control.ctl("policy", "learn",
	    "orders")) and "knows only the last" in done.stderr and done,
	    "the sidecar is back")
	assert "# default/web called, and no sidecar knows any more what" in \
	    done.stdout, done.stdout


if __name__ == "__main__":
	main()
