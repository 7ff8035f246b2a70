#!/usr/bin/env python3
"""The audit log: who did what, found again, and what tampering it shows."""

import contextlib
import json
import re
import sqlite3

from member import Api, service
from mesh import main, scenario


@contextlib.contextmanager
def its_file(control):
	"""The registry of a control that is stopped meanwhile."""
	control.stop()
	with contextlib.closing(sqlite3.connect(
	    next(control.data_dir.glob("*.db")))) as db, db:
		yield db
	control.start()
	control.await_ready()


@scenario
def entries_are_found_by_time_and_by_who(scene):
	control = scene.control()
	Api(control).apply(service("a"))

	def rows(*words):
		return json.loads(control.ctl("audit", "-o", "json", *words).stdout)

	everything = rows()
	assert [e["action"] for e in rows("--who", "uid/0", "--since", "1h")] == \
	    ["document.put"], everything
	assert rows("--who", "0") == rows("--who", "uid/0")
	assert {e["actor"] for e in rows("--who", "control")} == {"control"}
	assert rows("--since", "2") == everything[2:]
	assert rows("--since", "1", "--until", "2") == everything[1:2]
	assert rows("--until", "2000-01-01T00:00:00Z") == []
	assert rows("--since", everything[0]["time"][:19] + "Z") == everything
	control.ctl("audit", "--since", "soon", expect=64)
	control.ctl("audit", "--against", "x", expect=64)
	wide = control.ctl("audit", "-o", "wide").stdout
	assert re.search(r"uid/0 +local +socket +operator +document.put", wide), wide


@scenario
def an_edited_record_says_where(scene):
	control = scene.control()
	Api(control).apply(service("a"), service("b"))
	done = control.ctl("audit", "--verify")
	assert re.match(r"the record is whole: \d+ entries\n", done.stdout), done.stdout
	with its_file(control) as db:
		db.execute("UPDATE log SET content = CAST(REPLACE(CAST(content AS "
		    "TEXT), 'uid/0', 'uid/7') AS BLOB) WHERE seq = 3")
	done = control.ctl("audit", "--verify", expect=1)
	assert "the log was altered at entry 3" in done.stdout, done.stdout
	done = control.ctl("audit", "--anchor", expect=1)
	assert "altered" in done.stdout, done.stdout


@scenario
def an_anchor_shows_what_was_cut_off(scene):
	control = scene.control()
	Api(control).apply(service("a"), service("b"))
	anchor = control.ctl("audit", "--anchor").stdout
	assert re.fullmatch(r"\d+:[0-9a-f]{64}\n", anchor), anchor
	scene.file("anchor", anchor)
	seq = int(anchor.split(":")[0])
	control.ctl("audit", "--verify", "--against", "anchor")
	with its_file(control) as db:
		db.execute("DELETE FROM log WHERE seq >= ?", (seq - 1,))
	# The rest is a whole chain, and control has written on: one entry.
	control.ctl("audit", "--verify")
	done = control.ctl("audit", "--verify", "--against", "anchor", expect=1)
	assert f"entry {seq}, that of the anchor, is missing" in done.stdout, done.stdout
	Api(control).apply(service("c"), service("d"))
	done = control.ctl("audit", "--verify", "--against", "anchor", expect=1)
	assert f"entry {seq} is not that of the anchor" in done.stdout, done.stdout
	scene.file("anchor", "5:nonsense\n")
	control.ctl("audit", "--verify", "--against", "anchor", expect=65)


if __name__ == "__main__":
	main()
