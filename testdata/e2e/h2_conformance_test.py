#!/usr/bin/python3
# timeout: 600
"""RFC 9113 and RFC 7541, section by section, against the plain-text listener of
a sidecar in front of an HTTP/1.1 application.

The cases are in h2_*_cases.py; each is a scenario of its own name on a
connection of its own, but all of them meet one process, and the last scenario
sees to how that ends.

MESH_H2_PEER=ADDR:PORT holds another server against the same cases; it must
stand in front of cmd/echo as well.  What only we promise is then left out.
"""

import atexit
import os
import signal

import h2_frames_cases
import h2_hpack_cases
import h2_messages_cases
import h2_start_cases
import h2_streams_cases
import h2_windows_cases
from edge import Edge, unread_port
from h2_peer import Peer
from h2_wire import (ACK, END_STREAM, GOAWAY, NO_ERROR, PING, WINDOW_MAX, data,
    get, ping, post)
from mesh import Scene, Skip, main, scenario, stop_all, wait_until
from wire import Relay

PARTS = (h2_start_cases, h2_streams_cases, h2_frames_cases, h2_windows_cases,
    h2_messages_cases, h2_hpack_cases)
OTHER = os.environ.get("MESH_H2_PEER")


class Place:
	"""What all cases share, as long as it lives."""

	def __init__(self):
		self.scene = Scene("h2")
		self.relay = self.scene.closing(
		    Relay(self.scene.echo("app").http))
		self.edge = Edge(self.scene, self.relay.port)
		self.stalled = Edge(self.scene, unread_port(self.scene),
		    name="stalled")

	def is_alive(self):
		return all(process.is_running() for process in self.scene.processes)

	def address(self, app):
		return {"echo": self.edge, "stalled": self.stalled}[app].address

	def passed_on(self):
		return self.relay.up

	def remove(self):
		stop_all(self.scene.running())
		self.scene.remove()


class OtherPlace:
	def is_alive(self):
		return True

	def address(self, app):
		return OTHER

	def passed_on(self):
		return b""


_places = []


def place():
	if not _places:
		_places.append(OtherPlace() if OTHER else Place())
		if not OTHER:
			atexit.register(_places[0].remove)
	return _places[0]


def register(case):
	def run(_scene):
		if OTHER and case.app != "echo":
			raise Skip("another server has one application")
		shared = place()
		case.run(shared.address(case.app), shared.passed_on)
		assert shared.is_alive(), "a process has ended"
	run.__name__ = case.name
	scenario(run)


for part in PARTS:
	for case in part.RFC:
		register(case)


@scenario
def rfc9113_6_8_a_server_that_ends_first_says_so(scene):
	"""Then which stream was the last; what it took is answered all the same."""
	edge = Edge(scene, scene.echo("app").http_port)
	with Peer(edge.address) as peer:
		peer.send(post(1, "/"))
		peer.fence()
		edge.asked_to_end = True
		edge.signal(signal.SIGTERM)
		notice = peer.read_until_frame(lambda seen: seen.kind == GOAWAY)
		assert (notice.number, notice.code) == (WINDOW_MAX, NO_ERROR), \
		    str(notice)
		# What crossed the notice is served as well.
		peer.send(get(3))
		asked = peer.read_until_frame(lambda seen: seen.kind == PING)
		peer.send(ping(asked.payload, ACK))
		last = peer.read_until_frame(lambda seen: seen.kind == GOAWAY)
		assert (last.number, last.code) == (3, NO_ERROR), str(last)
		peer.send(data(1, b"hello", END_STREAM))
		assert peer.read_reply(1).json()["bodyBytes"] == 5
		assert peer.read_reply(3).status == 200
		assert peer.read_end().value == NO_ERROR, peer.ending()
	assert edge.wait() == 0


@scenario
def nothing_is_left_of_all_the_cases(_scene):
	"""No connection, nor anything that a sanitizer would see at the end."""
	if OTHER:
		return
	shared = place()
	wait_until(lambda: shared.edge.metrics().sum("mesh_connections_active",
	    listener="upstream") == 0, "all connections are closed")
	wrong = shared.scene.end()
	if wrong:
		shared.scene.show_logs()
	assert not wrong, "; ".join(wrong)


if __name__ == "__main__":
	main()
