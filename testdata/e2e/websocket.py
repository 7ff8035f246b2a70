"""WebSocket (RFC 6455) as scenarios speak it, over a wire.Client.

    with WebSocket(proxy.outbound_port, "/ws", host="orders.default.mesh") as ws:
        ws.send("hello")
        assert ws.receive() == "hello"
"""

import base64
import hashlib
import os
import struct

from wire import Client, build

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Refused(Exception):
	"""Something other than 101; reply says what."""

	def __init__(self, reply):
		super().__init__(reply.head)
		self.reply = reply


class WebSocket(Client):
	def __init__(self, address, target="/ws", host="test", fields=None,
	    **options):
		super().__init__(address, **options)
		key = base64.b64encode(os.urandom(16))
		self.send_bytes(build("GET", target, host, fields={
		    "Upgrade": "websocket", "Connection": "Upgrade",
		    "Sec-WebSocket-Version": "13",
		    "Sec-WebSocket-Key": key.decode(), **(fields or {})}))
		self.reply = self.read_reply()
		if self.reply.status != 101:
			raise Refused(self.reply)
		expected = base64.b64encode(hashlib.sha1(key + GUID).digest())
		assert self.reply.get("sec-websocket-accept") == \
		    expected.decode(), self.reply.head

	def send_bytes(self, data):
		super().send(data)

	def send(self, data, kind=None):
		"""A str goes as text, bytes go as binary, if kind says nothing else."""
		kind = kind or (TEXT if isinstance(data, str) else BINARY)
		data = data.encode() if isinstance(data, str) else data
		mask = os.urandom(4)
		size = len(data)
		head = struct.pack("!BB", 0x80 | kind, 0x80 | size) if size < 126 \
		    else struct.pack("!BBH", 0x80 | kind, 0x80 | 126, size) \
		    if size < 65536 else \
		    struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, size)
		times = size // 4 + 1
		masked = int.from_bytes(data, "big") ^ \
		    int.from_bytes((mask * times)[:size], "big")
		self.send_bytes(head + mask + masked.to_bytes(size, "big"))

	def receive(self):
		"""A str, bytes, or (kind, bytes) of a control frame."""
		first, size = self.read(2)
		if size == 126:
			size, = struct.unpack("!H", self.read(2))
		elif size == 127:
			size, = struct.unpack("!Q", self.read(8))
		data, kind = self.read(size), first & 15
		return data.decode() if kind == TEXT else data if kind == BINARY \
		    else (kind, data)

	def close_in_order(self):
		self.send(struct.pack("!H", 1000), CLOSE)
		assert self.receive() == (CLOSE, struct.pack("!H", 1000))
