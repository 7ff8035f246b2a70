#!/usr/bin/env python3
"""The keys that stored Secrets are locked with: given, changed and missing."""

import json
import re
import subprocess
import threading

from member import Api
from mesh import MESH, SLOWER, main, scenario, wait_until


def secret(name, value="hidden"):
	return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name},
	    "stringData": {"a": value}}


def keys(control):
	return json.loads(control.ctl("secrets", "keys", "-o", "json").stdout)


def new_key():
	return subprocess.run([str(MESH), "ctl", "secrets", "new-key"], text=True,
	    capture_output=True, timeout=30, check=True).stdout


def key_file(scene, text, mode=0o600):
	path = scene.file("secrets.key", text)
	path.chmod(mode)
	return path


def restart(control):
	control.stop()
	control.start()
	control.await_ready()


def start_fails(control, words):
	control.start()
	wait_until(lambda: not control.is_running(), "control ends", 10 * SLOWER)
	assert control.wait() == 78, control.err()
	assert words in control.err(), control.err()


@scenario
def an_own_key_is_changed_and_the_old_one_is_gone(scene):
	control = scene.control()
	Api(control).apply(secret("a"), secret("b"))
	old = keys(control)[0]["key"]
	done = control.ctl("secrets", "rotate-key")
	assert done.stdout.startswith("2 Secrets locked anew"), done.stdout
	now = keys(control)
	assert [(k["from"], k["locks"], k["secrets"]) for k in now] == \
	    [("own", True, 2)], now
	assert now[0]["key"] != old
	restart(control)
	assert keys(control) == now
	assert "left out" not in control.err(), control.err()
	actions = [e["action"] for e in Api(control).get("/v1/audit").json()["items"]]
	assert "secrets.rotate-key secrets.relocked" in " ".join(actions), actions


@scenario
def a_given_key_stays_where_it_is(scene):
	path = key_file(scene, new_key())
	control = scene.control(options=["--secret-key-file", path])
	Api(control).apply(secret("a"))
	assert not (control.data_dir / "secrets.key").exists()
	first = keys(control)
	assert [(k["from"], k["secrets"]) for k in first] == [("given", 1)], first
	# Another in front of it; both are needed until it is done.
	key_file(scene, new_key() + path.read_text())
	done = control.ctl("secrets", "rotate-key")
	assert done.stdout.startswith("1 Secret locked anew"), done.stdout
	assert "taken out" in done.stderr, done.stderr
	assert [k["secrets"] for k in keys(control)] == [1, 0], keys(control)
	key_file(scene, path.read_text().splitlines()[0] + "\n")
	restart(control)
	assert [k["secrets"] for k in keys(control)] == [1]
	# A backup needs it, and says so.
	scene.file("pass", "a long passphrase\n")
	control.ctl("backup", "create", "b", "--passphrase-file", "pass")
	control.stop()
	done = subprocess.run([str(MESH), "control", "--restore", "b",
	    "--passphrase-file", "pass", "--data-dir", "back"], text=True,
	    cwd=scene.dir, capture_output=True, timeout=30 * SLOWER, check=True)
	assert "its Secrets are locked with the key " in done.stderr, done.stderr
	assert not (scene.dir / "back" / "secrets.key").exists()
	back = scene.control(name="back", options=["--secret-key-file", path])
	assert back.get("secrets")["items"][0]["metadata"]["name"] == "a"


@scenario
def control_refuses_to_start_without_the_right_key(scene):
	path = key_file(scene, new_key())
	control = scene.control(options=["--secret-key-file", path])
	Api(control).apply(secret("a"))
	right = path.read_text()
	name = keys(control)[0]["key"]
	control.stop()
	key_file(scene, new_key())
	start_fails(control, "/core/secrets/default/a is locked with the key "
	    f"{name}, which is neither")
	key_file(scene, right, 0o640)
	start_fails(control, "others than its owner could read it; chmod 600")
	key_file(scene, "no key\n")
	start_fails(control, "secrets.key")
	path.unlink()
	start_fails(control, "secrets.key")
	# Nor without any: it makes none that opens nothing.
	options = control.command
	at = options.index("--secret-key-file")
	control.command = options[:at] + options[at + 2:]
	start_fails(control, "is locked with the key")
	assert not (control.data_dir / "secrets.key").exists()
	assert "the key of stored Secrets" not in control.err(), control.err()
	control.command = options
	key_file(scene, right, 0o400)
	control.start()
	control.await_ready()


@scenario
def a_change_that_was_cut_short_goes_on(scene):
	control = scene.control()
	api = Api(control)
	for start in range(0, 600, 100):
		reply = api.apply(*(secret(f"s{i}", "x" * 2000)
		    for i in range(start, start + 100)))
		assert reply.status == 200, reply.text
	old = keys(control)[0]["key"]

	def rotate():
		try:
			api.post("/v1/secrets/rotate-key", {})
		except (OSError, AssertionError):
			pass	# it is killed meanwhile

	def text():
		return (control.data_dir / "secrets.key").read_text()

	before = text()
	thread = threading.Thread(target=rotate)
	thread.start()
	# The new key is written first; a fast machine may have done it all.
	wait_until(lambda: text() != before, "it has begun")
	control.kill()
	thread.join()
	control.start()
	control.await_ready()
	wait_until(lambda: [k["secrets"] for k in keys(control)] == [600],
	    "all are locked with one key", 20 * SLOWER)
	assert keys(control)[0]["key"] != old
	wait_until(lambda: len(text().splitlines()) == 1, "the old key is forgotten")
	restart(control)
	assert len(control.get("secrets")["items"]) == 600
	assert not re.search("is left out", control.err()), control.err()


if __name__ == "__main__":
	main()
