"""Clients of HTTP/2 for scenarios that must be able to say what no library
would.

  Peer    sends the bytes it is given, and holds every frame that the server
          sends against what a server may send.
  Client  a client of python3-h2, which speaks properly and is as strict.

Nothing here waits but for frames, each until the deadline of wire.py.
"""

import collections
import json
import select
import struct

import h2.config
import h2.connection
import h2.events
import hpack

import h2_wire
from h2_wire import (ACK, CONTINUATION, DATA, END_HEADERS, FRAME_MAX, GOAWAY,
    HEADERS, PADDED, PING, PREFACE, PROBE, PUSH_PROMISE, RST_STREAM, SETTINGS,
    TYPES, WINDOW, WINDOW_MAX, WINDOW_UPDATE, Frame, block, code_name, frame,
    get, headers, ping, request, settings, window_update)
from wire import Ended, Stream, dial


class Outcome(collections.namedtuple("Outcome", "kind value")):
	"""What became of a case: ("dies", code), code None for a connection that
	ended without a word; ("resets", code); ("answers", status); or
	("alive", None), when nothing at all came of it."""

	def __str__(self):
		if self.kind == "answers":
			return f"answers {self.value}"
		return self.kind if self.value is None else \
		    f"{self.kind} {code_name(self.value)}"


def dies(*codes):
	return frozenset(Outcome("dies", code) for code in codes)


def resets(*codes):
	return frozenset(Outcome("resets", code) for code in codes)


def answers(*statuses):
	return frozenset(Outcome("answers", status) for status in statuses)


ALIVE = frozenset([Outcome("alive", None)])


class Reply:
	"""One stream's answer, as far as it came."""

	def __init__(self):
		self.infos = []		# the fields of 1xx
		self.fields = None
		self.trailers = None
		self.body = bytearray()
		self.is_whole = False
		self.reset = None	# the code

	@property
	def status(self):
		return int(dict(self.fields)[":status"])

	def get(self, name):
		return dict(self.fields).get(name)

	def json(self):
		return json.loads(self.body)

	def take_fields(self, fields, is_end):
		status = dict(fields).get(":status")
		if self.fields is not None:
			assert is_end and status is None, f"trailers {fields}"
			self.trailers = fields
		elif status is not None and status[0] == "1":
			assert not is_end, "an informational reply that ends"
			self.infos.append(fields)
		else:
			self.fields = fields


def reach(address):
	"""A socket; an address may know its own way, as one behind TLS does."""
	return address.dial() if hasattr(address, "dial") else dial(address)


class Peer(Stream):
	"""A client that says anything.

	read_frame() gives one frame after the other; replies[stream] is what they added
	up to, seen all of them.  windows are what the server may still send: a
	frame beyond them, or any other that no server may send, is an
	AssertionError.
	"""

	def __init__(self, address, begin=True, **named):
		super().__init__(reach(address))
		self.address = address
		self.frames = []
		self.replies = collections.defaultdict(Reply)
		self.decoder = hpack.Decoder()
		self.fragments = None		# of the block under way: [Frame, ...]
		self.probes = 0
		self.server = {}		# its settings
		self.acknowledges = True	# ... which is to be said
		self.window = WINDOW		# what it may still send to us
		self.windows = {}		# per stream, where it was ever said
		self.initial_window = WINDOW
		self.frame_max = FRAME_MAX
		if begin:
			self.begin(**named)

	def begin(self, **named):
		"""The preface, and both sides' SETTINGS."""
		self.send(PREFACE + settings(**named))
		self.initial_window = named.get("INITIAL_WINDOW_SIZE", WINDOW)
		self.frame_max = named.get("MAX_FRAME_SIZE", FRAME_MAX)
		self.read_until_frame(lambda seen: seen.kind == SETTINGS and
		    seen.flags & ACK)

	def send(self, content):
		try:
			super().send(content)
		except (BrokenPipeError, ConnectionResetError):
			pass	# the reader finds out why

	def read_frame(self):
		"""The next frame; None at the end."""
		try:
			head = self.read(9)
			length = int.from_bytes(head[:3], "big")
			kind, flags, stream = struct.unpack(">BBI", head[3:])
			payload = self.read(length)
		except (Ended, ConnectionResetError):
			return None
		seen = Frame(kind, flags, stream & WINDOW_MAX, payload)
		self.check(seen)
		self.frames.append(seen)
		self.account(seen)
		return seen

	def has_input(self):
		"""Whether there is something to be read, without waiting."""
		return bool(self.buffer or select.select([self.sock], [], [], 0)[0])

	def check(self, seen):
		"""What every server must heed."""
		assert self.frames or (seen.kind == SETTINGS and
		    not seen.flags & ACK), f"the first frame is {seen}"
		assert len(seen.payload) <= self.frame_max, f"too long: {seen}"
		assert seen.kind < len(TYPES), f"an unknown type: {seen}"
		assert seen.kind != PUSH_PROMISE, f"a push: {seen}"
		if seen.kind in (SETTINGS, PING, GOAWAY):
			assert seen.stream == 0, str(seen)
		elif seen.kind != WINDOW_UPDATE:
			assert seen.stream % 2 == 1, str(seen)
		assert (self.fragments is not None) == (seen.kind == CONTINUATION), \
		    f"inside a field block: {seen}"
		if seen.kind in (DATA, HEADERS):
			assert not self.replies[seen.stream].is_whole and \
			    self.replies[seen.stream].reset is None, \
			    f"after the end: {seen}"

	def account(self, seen):
		reply = self.replies[seen.stream] if seen.stream else None
		if seen.kind == SETTINGS and not seen.flags & ACK:
			self.server.update(seen.pairs())
			if self.acknowledges:
				self.send(frame(SETTINGS, flags=ACK))
		elif seen.kind == DATA:
			assert reply.fields is not None, f"before its fields: {seen}"
			self.pay(seen)
			reply.body += seen.payload
		elif seen.kind in (HEADERS, CONTINUATION):
			self.fragments = [*(self.fragments or []), seen]
			if seen.flags & END_HEADERS:
				first = self.fragments[0]
				fields = self.decoder.decode(b"".join(
				    part.payload for part in self.fragments))
				self.fragments = None
				reply.take_fields(fields, first.is_end())
				reply.is_whole = first.is_end()
		elif seen.kind == RST_STREAM:
			reply.reset = seen.code
		if seen.kind == DATA and seen.is_end():
			reply.is_whole = True

	def pay(self, seen):
		assert not seen.flags & PADDED, "nobody asked for padding"
		self.window -= len(seen.payload)
		left = self.windows.get(seen.stream, self.initial_window)
		self.windows[seen.stream] = left - len(seen.payload)
		assert not seen.payload or (self.window >= 0 and
		    self.windows[seen.stream] >= 0), f"beyond the window: {seen}"

	def grant(self, stream, increment):
		"""Sends WINDOW_UPDATE and reckons with it."""
		if stream == 0:
			self.window += increment
		else:
			self.windows[stream] = increment + \
			    self.windows.get(stream, self.initial_window)
		self.send(window_update(stream, increment))

	def read_until_frame(self, is_it):
		"""The first frame from now on of which that is true."""
		while (seen := self.read_frame()) is not None:
			if is_it(seen):
				return seen
		raise Ended("the connection: " + "; ".join(map(str, self.frames)))

	def read_reply(self, stream):
		"""Reads until a stream's reply is whole or reset."""
		reply = self.replies[stream]
		while not reply.is_whole and reply.reset is None:
			self.read_until_frame(lambda seen: seen.stream == stream)
		return reply

	def ask(self, stream, path="/plain", *fields):
		self.send(get(stream, path, *fields))
		return self.read_reply(stream)

	def fence(self):
		"""Reads until the server has taken what was sent before this."""
		self.probes += 1
		mark = b"fence%03d" % self.probes
		self.send(ping(mark))
		self.read_until_frame(lambda seen: seen.kind == PING and
		    seen.flags & ACK and seen.payload == mark)

	def check_alive(self):
		"""Another stream is served, and nothing was said of an end."""
		self.probes += 1
		stream = PROBE + 2 * self.probes
		self.send(headers(stream, block(*request("HEAD"))))
		reply = self.read_reply(stream)
		assert reply.reset is None, \
		    f"the next request is reset, {code_name(reply.reset)}"
		assert reply.status == 200, f"the next request: {reply.fields}"
		self.fence()
		assert self.ending() is None, self.ending()

	def ending(self):
		"""The last GOAWAY, or None."""
		return next((seen for seen in reversed(self.frames)
		    if seen.kind == GOAWAY), None)

	def read_end(self):
		"""Reads to the end of the connection; gives the outcome."""
		while self.read_frame() is not None:
			pass
		last = self.ending()
		return Outcome("dies", last.code if last else None)

	def found(self, stream):
		"""What became of a stream so far, or None."""
		reply = self.replies[stream]
		if reply.reset is not None:
			return Outcome("resets", reply.reset)
		return Outcome("answers", reply.status) if reply.is_whole else None

	def read_outcome(self, stream, expected):
		"""Reads what became of a stream and of the connection.

		A PING tells that there is no more to come: behind what ought to
		change nothing, and behind what is not as expected.
		"""
		asked = answered = False
		while True:
			found = self.found(stream)
			if self.ending():
				return self.read_end()
			if found in expected:
				return found
			if answered:
				return found or Outcome("alive", None)
			if not asked and (found or ALIVE <= expected):
				self.send(ping(b"outcome?"))
				asked = True
			seen = self.read_frame()
			if seen is None:
				return self.read_end()
			answered = seen.kind == PING and seen.payload == b"outcome?"


class Client:
	"""A client of python3-h2 over a socket: whatever the server sends that
	it should not is an h2.exceptions.ProtocolError."""

	def __init__(self, address, **named):
		self.sock = reach(address)
		self.h2 = h2.connection.H2Connection(
		    h2.config.H2Configuration(header_encoding="utf-8"))
		self.h2.local_settings.update({getattr(h2_wire, name): value
		    for name, value in named.items()})
		self.replies = collections.defaultdict(Reply)
		self.events = []
		self.h2.initiate_connection()
		self.flush()

	def flush(self):
		self.sock.sendall(self.h2.data_to_send())

	def start(self, method="GET", path="/plain", *fields, end=True):
		"""Sends a request's head; gives the stream."""
		stream = self.h2.get_next_available_stream_id()
		self.h2.send_headers(stream, request(method, path, *fields), end)
		self.flush()
		return stream

	def send_body(self, stream, content, end=True):
		"""As the windows allow."""
		at = 0
		while at < len(content):
			room = min(self.h2.local_flow_control_window(stream),
			    self.h2.max_outbound_frame_size, len(content) - at)
			if room == 0:
				self.receive()
				continue
			self.h2.send_data(stream, content[at:at + room])
			self.flush()
			at += room
		if end:
			self.h2.end_stream(stream)
			self.flush()

	def receive(self):
		"""Takes what came; gives whether there was anything."""
		raw = self.sock.recv(65536)
		for event in self.h2.receive_data(raw):
			self.events.append(event)
			self.take(event)
		self.flush()
		return bool(raw)

	def take(self, event):
		reply = self.replies[getattr(event, "stream_id", 0)]
		if isinstance(event, h2.events.InformationalResponseReceived):
			reply.infos.append(event.headers)
		elif isinstance(event, h2.events.ResponseReceived):
			reply.fields = event.headers
		elif isinstance(event, h2.events.TrailersReceived):
			reply.trailers = event.headers
		elif isinstance(event, h2.events.DataReceived):
			reply.body += event.data
			if event.flow_controlled_length:
				self.h2.acknowledge_received_data(
				    event.flow_controlled_length, event.stream_id)
		elif isinstance(event, h2.events.StreamEnded):
			reply.is_whole = True
		elif isinstance(event, h2.events.StreamReset):
			reply.reset = event.error_code

	def finish(self, *streams):
		"""Reads until these are whole or reset; gives the last one's reply."""
		for stream in streams:
			reply = self.replies[stream]
			while not reply.is_whole and reply.reset is None:
				if not self.receive():
					raise Ended(f"stream {stream}")
		return self.replies[streams[-1]]

	def ask(self, method="GET", path="/plain", *fields, body=None):
		stream = self.start(method, path, *fields, end=body is None)
		if body is not None:
			self.send_body(stream, body)
		return self.finish(stream)

	def close(self):
		self.sock.close()

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()
