#!/usr/bin/env python3
"""People who log in with a password: what they are let do, and for how long."""

import json
import time

from member import Api, make_csr, make_key, service
from mesh import main, scenario
from people import Desk, Person, curl_api
from wire import Client

PASSWORD = "correct horse battery"


def add(control, name, *words, password=PASSWORD, expect=0):
	return control.ctl("user", "add", name, *words, stdin=password + "\n",
	    expect=expect)


def login(api, user, password, **more):
	return api.post("/v1/login", {"user": user, "password": password, **more})


@scenario
def a_password_gives_a_token_and_that_a_role(scene):
	control = scene.control()
	Api(control).apply(service("web", namespace="pay"))
	assert add(control, "anna", "--role", "viewer", "-n", "pay").stdout == \
	    "user/anna created\n"
	desk = Desk(scene, control, "anna")
	desk.ctl("get", "services", "-n", "pay", expect=78)	# nobody yet
	done = desk.ctl("login", "--user", "anna", stdin=PASSWORD + "\n")
	assert done.stdout == "user/anna logged in\n", done.stdout
	assert (desk.folder / "token").stat().st_mode & 0o777 == 0o600
	assert "web" in desk.ctl("get", "services", "-n", "pay").stdout
	done = desk.ctl("delete", "services", "web", "-n", "pay", "--yes", expect=77)
	assert "user/anna may not delete Service in namespace pay: needs role " \
	    "operator" in done.stderr, done.stderr
	who = json.loads(desk.ctl("auth", "whoami", "-o", "json").stdout)
	assert (who["user"], who["how"]) == ("anna", "password"), who
	# What others could read is no token.
	(desk.folder / "token").chmod(0o644)
	desk.ctl("get", "services", expect=78)
	(desk.folder / "token").chmod(0o600)
	token = desk.token()
	body, status = curl_api(scene, control, "/v1/whoami", token)
	assert status == "200" and json.loads(body)["user"] == "anna", body
	assert desk.ctl("logout").stdout == "logged out\n"
	assert not (desk.folder / "token").exists()
	body, status = curl_api(scene, control, "/v1/whoami", token, "-i")
	assert status == "401" and "www-authenticate: Bearer" in body, body
	actions = [(e["actor"], e["action"]) for e in
	    Api(control).get("/v1/audit").json()["items"]]
	assert ("user/anna", "login") in actions, actions
	assert ("user/anna", "logout") in actions, actions
	assert PASSWORD not in Api(control).get("/v1/audit").text


@scenario
def who_is_wrong_is_not_told_of_what(scene):
	control = scene.control()
	add(control, "anna")
	api = Api(control, local=False)
	took = {}
	for name in ("anna", "nobody"):
		started = time.monotonic()
		reply = login(api, name, "not the right one")
		took[name] = time.monotonic() - started
		assert reply.status == 403, reply.text
		assert reply.error()["message"] == "wrong name or password", reply.text
	# The slow hash is made for both; speed itself is not judged here.
	assert all(seconds > 0.02 for seconds in took.values()), took
	entries = [e for e in Api(control).get("/v1/audit").json()["items"]
	    if e["action"] == "login.refused"]
	# Nobody proved to be anna.
	assert [e["actor"] for e in entries] == ["anonymous", "anonymous"], entries
	assert [e.get("target") for e in entries] == ["user/anna", None], entries
	assert entries[0]["detail"]["why"] == "wrong password", entries
	assert "no such user" in entries[1]["detail"]["why"], entries
	assert '"nobody"' not in json.dumps(entries), entries
	assert "user/nobody" not in json.dumps(entries), entries
	# Not often, right or wrong: ten in a minute, and the next may begin.
	for _ in range(20):
		reply = login(api, "nobody", "x")
		if reply.status != 403:
			break
	assert reply.status == 429 and "wait a minute" in reply.text, reply.text
	assert 1 <= int(reply.fields.get("retry-after")) <= 62, reply.text
	# Control answers others meanwhile.
	assert Api(control).get("/v1/health").status == 200


@scenario
def what_is_taken_away_ends_logins(scene):
	control = scene.control()
	add(control, "anna", "--role", "viewer")
	api = Api(control, local=False)

	def open_watch():
		reply = login(api, "anna", PASSWORD)
		assert reply.status == 201, reply.text
		token = reply.json()["token"]
		watch = scene.closing(Client(api.connect().sock))
		watch.send(f"GET /v1/watch HTTP/1.1\r\nHost: x\r\nAuthorization: "
		    f"Bearer {token}\r\n\r\n".encode())
		assert watch.read_until(b"\r\n\r\n").startswith(b"HTTP/1.1 200")
		return reply.json()["id"], token, watch

	def is_over(token, watch):
		watch.read_until(b"0\r\n\r\n")
		return curl_api(scene, control, "/v1/whoami", token)[1] == "401"

	ident, token, watch = open_watch()
	rows = control.ctl("logins").stdout
	assert ident in rows and "anna" in rows, rows
	control.ctl("logins", ident, expect=64)
	control.ctl("logins", ident, "--yes")
	assert is_over(token, watch)
	ident, token, watch = open_watch()
	control.ctl("user", "password", "anna", stdin="another password\n")
	assert is_over(token, watch)
	assert login(api, "anna", PASSWORD).status == 403
	control.ctl("user", "password", "anna", stdin=PASSWORD + "\n")
	ident, token, watch = open_watch()
	# They outlive control.
	control.stop()
	control.start()
	control.await_ready()
	assert curl_api(scene, control, "/v1/whoami", token)[1] == "200"
	control.ctl("user", "delete", "anna", "--yes")
	assert curl_api(scene, control, "/v1/whoami", token)[1] == "401"
	assert control.get("clusterrolebindings", "mesh-socket")
	assert len(control.get("clusterrolebindings")["items"]) == 1


@scenario
def what_is_taken_away_ends_requests_that_have_begun(scene):
	control = scene.control()
	add(control, "anna", "--role", "admin")
	api = Api(control, local=False)
	token = login(api, "anna", PASSWORD).json()["token"]
	boris = Person(scene, control, "boris")
	body = b'{"name": "mallory", "password": "' + PASSWORD.encode() + b'"}'

	def begin(connection, *fields):
		client = scene.closing(Client(connection.sock))
		client.send("\r\n".join(["POST /v1/users HTTP/1.1", "Host: x",
		    f"Content-Length: {len(body)}", *fields, "", ""]).encode())
		client.send(body[:10])
		return client

	late = [begin(api.connect(), f"Authorization: Bearer {token}"),
	    begin(boris.api.connect())]
	# Both were let begin: the first bytes are not refused.
	assert curl_api(scene, control, "/v1/users", token)[1] == "200"
	assert boris.api.get("/v1/users").status == 200
	control.ctl("user", "delete", "anna", "--yes")
	control.ctl("operator", "revoke", "boris", "--yes")
	for client, status in zip(late, (401, 403)):
		client.send(body[10:])
		reply = client.read_reply()
		assert reply.status == status, (reply.status, reply.body)
	names = [u["name"] for u in Api(control).get("/v1/users").json()["items"]]
	assert names == [], names


@scenario
def a_name_is_given_once_however_many_ask_at_once(scene):
	control = scene.control()
	api = Api(control)
	key = make_key(scene.dir / "key")

	def at_once(*calls):
		clients = []
		for path, body in calls:
			client = scene.closing(Client(api.connect().sock))
			data = json.dumps(body).encode()
			client.send(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: "
			    f"{len(data)}\r\n\r\n".encode() + data)
			clients.append(client)
		return sorted(client.read_reply().status for client in clients)

	def user(name):
		return "/v1/users", {"name": name, "password": PASSWORD}

	assert at_once(user("anna"), user("anna")) == [201, 409]
	assert at_once(user("boris"), ("/v1/operators", {"name": "boris",
	    "csr": make_csr(key)})) == [201, 409]
	made = [e["action"] for e in api.get("/v1/audit").json()["items"]
	    if e["action"] in ("user.create", "operator.create")]
	assert len(made) == 2, made


@scenario
def names_and_passwords_are_checked(scene):
	control = scene.control()
	done = add(control, "anna", password="short", expect=65)
	assert "12 to 1024 bytes" in done.stderr, done.stderr
	add(control, "Anna B", expect=65)
	add(control, "anna", password="", expect=65)
	add(control, "anna", "-n", "pay", expect=64)
	add(control, "anna")
	add(control, "anna", expect=65)
	control.ctl("operator", "create", "anna", "--out-dir", "o", expect=65)
	control.ctl("operator", "create", "bob", "--out-dir", "o")
	add(control, "bob", expect=65)
	desk = Desk(scene, control, "x")
	desk.ctl("login", expect=64)
	desk.ctl("logout", expect=1)
	desk.ctl("login", "--user", "anna", "--ttl", "2d", stdin=PASSWORD, expect=65)
	# No role: it may ask who it is.
	desk.ctl("login", "--user", "anna", "--ttl", "1h", stdin=PASSWORD)
	assert json.loads(desk.ctl("auth", "whoami", "-o",
	    "json").stdout)["role"] == "none"
	desk.ctl("get", "services", expect=77)


if __name__ == "__main__":
	main()
