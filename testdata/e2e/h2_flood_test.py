#!/usr/bin/python3
# timeout: 400
"""Clients of HTTP/2 that cost a server more than themselves: each ends in GOAWAY
with ENHANCE_YOUR_CALM, or costs a bounded amount of memory, and never the
others anything.

Each scenario has a proxy of its own, whose memory is looked at: what it holds
at most (VmHWM) less what it held before.  Each must still serve afterwards.
"""

import time

from edge import Edge, unread_port
from h2_peer import Peer, dies
from h2_wire import (END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM,
    MAX_CONCURRENT_STREAMS, PREFACE, PRIORITY, UNKNOWN, WINDOW_MAX, block,
    continuation, data, dependency, frame, get, goaway, headers, indexed,
    ping, post, remembered, request, rst, settings, window_update)
from mesh import SLOWER, VARIANT, main, scenario, wait_until

CALM = dies(ENHANCE_YOUR_CALM)
MIB = 1024	# KiB
STREAMS = range(1, 1 << 20, 2)


class Flooded:
	"""A proxy before an echo, and what it may cost."""

	def __init__(self, scene, mib=4, **how):
		self.most = mib * MIB
		self.edge = Edge(scene, scene.echo("app").http_port, **how)
		with self.peer() as peer:
			peer.check_alive()
		self.before = self.edge.rss_kib()

	def peer(self, **how):
		return Peer(self.edge.address, **how)

	def check(self):
		"""Others are served, and memory is within bounds."""
		with self.peer() as peer:
			peer.check_alive()
		self.check_memory()

	def check_memory(self):
		grown = self.edge.status("VmHWM") - self.before
		# Sanitizers keep what was freed.
		assert grown < self.most or VARIANT != "release", \
		    f"{grown} KiB more than before"


STEP = 100


def pour(peer, parts, most):
	"""Sends up to so many parts until the server has had enough; gives how
	many were sent."""
	sent = 0
	parts = iter(parts)
	while sent < most and not peer.ending():
		peer.send(b"".join(next(parts) for _ in range(STEP)) +
		    ping(b"%8d" % sent))
		seen = peer.read_frame()
		while seen and seen.payload != b"%8d" % sent and not peer.ending():
			seen = peer.read_frame()
		sent += STEP
	return sent


def again(part):
	while True:
		yield part


def flood(scene, parts, most, first=b"", expect=CALM, **how):
	"""A flood that must end, after at most so many parts."""
	place = Flooded(scene, **how)
	with place.peer() as peer:
		peer.send(first)
		sent = pour(peer, parts, most + 1000)
		assert peer.ending(), f"{sent} were accepted"
		end = peer.read_end()
		assert end in expect, str(end)
		assert sent <= most, f"it took {sent}"
	place.check()



def pour_deaf(peer, part, most):
	"""Sends that often and reads nothing, until the server has closed or
	takes no more."""
	peer.sock.settimeout(1)
	try:
		for _ in range(most // 1000):
			peer.sock.sendall(part * 1000)
	except OSError:		# closed, or a part of it was not taken
		pass


# What a client does too often

@scenario
def streams_that_are_reset_at_once(scene):
	flood(scene, (get(n, "/?size=100") + rst(n) for n in STREAMS), 300)


@scenario
def streams_that_are_reset_before_their_body(scene):
	flood(scene, (post(n, "/") + rst(n) for n in STREAMS), 300)


@scenario
def settings_that_change_nothing(scene):
	flood(scene, again(settings()), 300)


@scenario
def settings_that_change_the_table_and_windows(scene):
	flood(scene, again(settings(HEADER_TABLE_SIZE=0, INITIAL_WINDOW_SIZE=0) +
	    settings(HEADER_TABLE_SIZE=65536, INITIAL_WINDOW_SIZE=65535)), 300)


@scenario
def pings_that_are_read(scene):
	flood(scene, again(ping()), 3000)


@scenario
def pings_that_are_not_read(scene):
	place = Flooded(scene)
	with place.peer() as peer:
		pour_deaf(peer, ping(), 4_000_000)
		place.check()


@scenario
def settings_that_are_not_read(scene):
	place = Flooded(scene)
	with place.peer() as peer:
		pour_deaf(peer, settings(INITIAL_WINDOW_SIZE=1), 4_000_000)
		place.check()


@scenario
def data_of_nothing(scene):
	flood(scene, again(data(1)), 100, first=post(1))


@scenario
def data_of_nothing_but_padding(scene):
	flood(scene, again(data(1, b"\x03\0\0\0", 8)), 100, first=post(1))


@scenario
def priorities(scene):
	flood(scene, again(frame(PRIORITY, dependency(), stream=1)), 300)


@scenario
def priorities_of_idle_streams(scene):
	flood(scene, (frame(PRIORITY, dependency(n + 2), stream=n)
	    for n in STREAMS), 300)


@scenario
def window_updates_of_the_connection(scene):
	flood(scene, again(window_update(0, 1)), 200)


@scenario
def window_updates_of_a_stream(scene):
	flood(scene, again(window_update(1, 1)), 200, first=post(1))


@scenario
def frames_that_nobody_knows(scene):
	"""They cost us what they cost the client, and nghttp2 tells nobody."""
	place = Flooded(scene)
	with place.peer() as peer:
		for _ in range(1000):
			peer.send(frame(UNKNOWN, bytes(7)) * 1000)
		peer.check_alive()
	place.check()


@scenario
def resets_of_streams_that_have_ended(scene):
	flood(scene, again(rst(1)), 3000, first=post(1) + rst(1))


@scenario
def goaways(scene):
	place = Flooded(scene)
	with place.peer() as peer:
		pour_deaf(peer, goaway(), 1_000_000)
		place.check()


# What a client makes us reset

FAULTS = {
	"an_increment_of_nothing": lambda n: post(n) + window_update(n, 0),
	"a_window_that_overflows": lambda n: post(n) +
	    window_update(n, WINDOW_MAX),
	"data_behind_the_end": lambda n: settings(INITIAL_WINDOW_SIZE=0)
	    * (n == 1) + get(n, "/?size=10") + data(n, b"x"),
	"fields_behind_the_end": lambda n: settings(INITIAL_WINDOW_SIZE=0)
	    * (n == 1) + get(n, "/?size=10") + headers(n, block(("x-a", "1"))),
	"a_priority_of_four_octets": lambda n: post(n) +
	    frame(PRIORITY, bytes(4), stream=n),
	"more_than_content_length": lambda n: post(n, "/",
	    ("content-length", "1")) + data(n, b"two"),
	"malformed_fields": lambda n: headers(n, block(*request(),
	    ("Upper", "x"))),
	"a_second_head": lambda n: post(n) + headers(n, block(("x-a", "1")),
	    END_HEADERS),
}


def made_to_reset(name, fault):
	def run(scene):
		place = Flooded(scene)
		with place.peer() as peer:
			resets = 0
			for stream in STREAMS[:1000]:
				peer.send(fault(stream))
				while not peer.found(stream) and peer.read_frame():
					pass
				if peer.ending():
					break
				resets += 1
			assert peer.ending(), f"{resets} resets, and it goes on"
			end = peer.read_end()
			# Of some faults the first ends the connection.
			assert resets == 0 or end in CALM, f"{end}, {resets} resets"
			assert resets <= 150, f"{resets} resets"
		place.check()
	run.__name__ = "made_to_reset_by_" + name
	scenario(run)


for name, fault in FAULTS.items():
	made_to_reset(name, fault)


@scenario
def made_to_refuse_streams(scene):
	"""By a client that does not answer the SETTINGS that say how many."""
	place = Flooded(scene)
	with place.peer(begin=False) as peer:
		peer.acknowledges = False
		peer.send(PREFACE + settings())
		sent = pour(peer, (post(n) for n in STREAMS), 2000)
		assert peer.ending(), f"{sent} were accepted"
		assert peer.read_end() in CALM, str(peer.ending())
	place.check()


# What a client makes us keep

@scenario
def continuations_without_end(scene):
	fill = block(("x-a", "x" * 1000))
	flood(scene, again(continuation(1, fill, 0)), 100,
	    first=headers(1, block(*request("GET", "/case")), END_STREAM))


@scenario
def continuations_of_nothing(scene):
	flood(scene, again(continuation(1, b"", 0)), 100,
	    first=headers(1, block(*request("GET", "/case")), END_STREAM))


def large_lists(scene, make, most_streams=100):
	"""Requests whose lists of fields are large only when decoded: refused, one
	by one or all together, and never passed on."""
	place = Flooded(scene)
	with place.peer() as peer:
		for stream in STREAMS[:most_streams]:
			peer.send(make(stream))
			reply = peer.replies[stream]
			while not reply.is_whole and reply.reset is None:
				if peer.read_frame() is None:
					break
			if peer.ending():
				assert peer.read_end() in CALM, peer.ending()
				break
			assert reply.reset is not None or reply.status == 431, \
			    reply.fields
	place.check()


@scenario
def a_field_of_the_table_thousands_of_times(scene):
	"""16 KiB that are 64 MiB when decoded."""
	bomb = remembered("x-bomb", "x" * 4000) + indexed(62) * 12000
	large_lists(scene, lambda n: headers(n,
	    block(*request("GET", "/case")) + bomb))


@scenario
def crumbs_of_a_cookie(scene):
	crumbs = remembered("cookie", "c" * 200) + indexed(62) * 4000
	large_lists(scene, lambda n: headers(n,
	    block(*request("GET", "/case")) + crumbs))


@scenario
def fields_of_nothing(scene):
	"""Empty values, which count with what they cost."""
	empty = remembered("x", "") + indexed(62) * 12000
	large_lists(scene, lambda n: headers(n,
	    block(*request("GET", "/case")) + empty))


@scenario
def replies_that_nobody_takes(scene):
	"""A hundred streams with windows of nothing, and a megabyte for each."""
	place = Flooded(scene, mib=24)
	with place.peer(INITIAL_WINDOW_SIZE=0) as peer:
		most = peer.server[MAX_CONCURRENT_STREAMS]
		for n in STREAMS[:most]:
			peer.send(get(n, "/?size=1000000"))
		for n in STREAMS[:most]:
			while peer.replies[n].fields is None:
				peer.read_frame()
		peer.fence()
		assert not any(peer.replies[n].body for n in STREAMS[:most])
		place.check()


@scenario
def replies_that_are_taken_by_single_octets(scene):
	place = Flooded(scene, mib=16)
	with place.peer(INITIAL_WINDOW_SIZE=1) as peer:
		for n in STREAMS[:50]:
			peer.send(get(n, "/?size=1000000"))
		for n in STREAMS[:50]:
			while not peer.replies[n].body:
				peer.read_frame()
		place.check()


@scenario
def bodies_of_single_octets(scene):
	"""A frame of ten bytes for each byte of a body, and nobody reads it."""
	place = Flooded(scene, mib=16)
	before = place.edge.reloads()
	place.edge.set("web", unread_port(scene))
	wait_until(lambda: place.edge.reloads() > before, "it is read")
	with place.peer() as peer:
		for n in STREAMS[:20]:
			peer.send(post(n) + data(n, b"x") * 60000)
		peer.fence()
		place.check_memory()


@scenario
def requests_whose_replies_are_not_read(scene):
	"""The answers stay in our queues, so no more is read of the questions."""
	place = Flooded(scene, mib=8)
	with place.peer(INITIAL_WINDOW_SIZE=WINDOW_MAX) as peer:
		peer.grant(0, WINDOW_MAX - 65535)
		for n in STREAMS[:100]:
			peer.send(get(n, "/?size=3000000"))
		pour_deaf(peer, ping(), 100_000)
		place.check()


# What a client never finishes

def dripped(scene, first, drip):
	"""Sends first and then a byte now and then; gives when it was closed."""
	place = Flooded(scene)
	with Peer(place.edge.address, begin=False) as peer:
		peer.sock.settimeout(20 * SLOWER)
		began = time.monotonic()
		peer.send(first)
		for byte in drip:
			if ended_within(peer, 0.2):
				break
			peer.send(byte)
		while not ended_within(peer, 1):
			assert time.monotonic() - began < 20 * SLOWER, "it stays open"
		took = time.monotonic() - began
	place.check()
	assert took > 5, f"closed after {took:.1f} s"


def ended_within(peer, seconds):
	"""Reads what comes; whether that was the end."""
	peer.sock.settimeout(seconds)
	try:
		while peer.fill():
			pass
		return True
	except TimeoutError:
		return False
	except OSError:
		return True


@scenario
def a_preface_that_does_not_end(scene):
	dripped(scene, PREFACE[:5], [bytes([byte]) for byte in PREFACE[5:-1]])


@scenario
def settings_that_do_not_come(scene):
	dripped(scene, PREFACE, [])


@scenario
def a_field_block_that_does_not_end(scene):
	dripped(scene, PREFACE + settings() + headers(1,
	    block(*request("GET", "/case")), END_STREAM), [])


if __name__ == "__main__":
	main()
