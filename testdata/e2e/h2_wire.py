"""The bytes of HTTP/2, right or wrong: RFC 9113, and RFC 7541 as far as a
scenario must choose between its representations.

A connection's worth of frames is their sum:

    PREFACE + settings() + post(1) + data(1, b"hello", END_STREAM)

block() encodes fields so that neither side has to remember any; where that
matters there are remembered() and indexed(), and the Encoder of python3-hpack.
"""

import collections
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_MAX = 1 << 14		# as long as no SETTINGS say otherwise
WINDOW = 65535
WINDOW_MAX = (1 << 31) - 1
TABLE = 4096

TYPES = ("DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS",
    "PUSH_PROMISE", "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION")
(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY,
    WINDOW_UPDATE, CONTINUATION) = range(10)
UNKNOWN = 0x16

ACK = END_STREAM = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20

CODES = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR",
    "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM",
    "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM",
    "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED")
(NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR,
    SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM,
    CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM,
    INADEQUATE_SECURITY, HTTP_1_1_REQUIRED) = range(14)

HEADER_TABLE_SIZE = 1
ENABLE_PUSH = 2
MAX_CONCURRENT_STREAMS = 3
INITIAL_WINDOW_SIZE = 4
MAX_FRAME_SIZE = 5
MAX_HEADER_LIST_SIZE = 6

HOST = "test"
PROBE = 10001		# the first stream of those that ask whether all is well


# Frames

def frame(kind, payload=b"", flags=0, stream=0, length=None):
	"""length is what the head says, if not the truth."""
	return struct.pack(">I", len(payload) if length is None else length)[1:] \
	    + struct.pack(">BBI", kind, flags, stream) + payload


def data(stream, content=b"", flags=0):
	return frame(DATA, content, flags, stream)


def padded(content, n):
	"""The payload of a PADDED frame, with n bytes of padding."""
	return bytes([n]) + content + bytes(n)


def dependency(on=0, weight=15, is_exclusive=False):
	return struct.pack(">IB", on | is_exclusive << 31, weight)


def settings(*pairs, **named):
	"""settings((id, value), ..., INITIAL_WINDOW_SIZE=1)"""
	pairs = [*pairs, *((globals()[name], value)
	    for name, value in named.items())]
	return frame(SETTINGS, b"".join(struct.pack(">HI", *pair)
	    for pair in pairs))


def ping(payload=b"12345678", flags=0):
	return frame(PING, payload, flags)


def rst(stream, code=CANCEL):
	return frame(RST_STREAM, struct.pack(">I", code), stream=stream)


def goaway(last=0, code=NO_ERROR, debug=b""):
	return frame(GOAWAY, struct.pack(">II", last, code) + debug)


def window_update(stream, increment):
	return frame(WINDOW_UPDATE, struct.pack(">I", increment), stream=stream)


def headers(stream, content, flags=END_HEADERS | END_STREAM):
	return frame(HEADERS, content, flags, stream)


def continuation(stream, content=b"", flags=END_HEADERS):
	return frame(CONTINUATION, content, flags, stream)


# Field blocks

def integer(value, bits, first=0):
	"""An integer of RFC 7541 section 5.1 behind the bits of first."""
	most = (1 << bits) - 1
	if value < most:
		return bytes([first | value])
	out = [first | most]
	value -= most
	while value >= 128:
		out.append(value % 128 + 128)
		value //= 128
	return bytes([*out, value])


def string(text):
	"""A string literal without Huffman code."""
	raw = text if isinstance(text, bytes) else text.encode("latin-1")
	return integer(len(raw), 7) + raw


def indexed(index):
	return integer(index, 7, 0x80)


def literal(name, value):
	"""Not indexed; name is an index or a text."""
	if isinstance(name, int):
		return integer(name, 4) + string(value)
	return b"\0" + string(name) + string(value)


def remembered(name, value):
	"""As literal, and added to the dynamic table."""
	if isinstance(name, int):
		return integer(name, 6, 0x40) + string(value)
	return b"\x40" + string(name) + string(value)


def table_size(size):
	return integer(size, 5, 0x20)


def block(*fields):
	return b"".join(literal(name, value) for name, value in fields)


def request(method="GET", path="/plain", *fields, host=HOST, scheme="http"):
	"""The fields of a request; None leaves a pseudo-field out."""
	pseudo = ((":method", method), (":scheme", scheme), (":path", path),
	    (":authority", host))
	return [pair for pair in pseudo if pair[1] is not None] + list(fields)


def get(stream, path="/plain", *fields, flags=END_HEADERS | END_STREAM):
	return headers(stream, block(*request("GET", path, *fields)), flags)


def post(stream, path="/case", *fields):
	"""A request that stays open for its body."""
	return headers(stream, block(*request("POST", path, *fields)), END_HEADERS)


# What came

class Frame(collections.namedtuple("Frame", "kind flags stream payload")):
	def __str__(self):
		name = TYPES[self.kind] if self.kind < len(TYPES) else self.kind
		what = f"{name} stream {self.stream} flags {self.flags:#x}"
		if self.kind in (RST_STREAM, GOAWAY):
			what += f" {code_name(self.code)}"
		return f"{what}, {len(self.payload)} bytes"

	@property
	def code(self):
		at = 4 if self.kind == GOAWAY else 0
		return struct.unpack_from(">I", self.payload, at)[0]

	@property
	def number(self):
		"""The increment of WINDOW_UPDATE, the last stream of GOAWAY."""
		return struct.unpack_from(">I", self.payload)[0]

	def is_end(self):
		return self.kind in (DATA, HEADERS) and bool(self.flags & END_STREAM)

	def pairs(self):
		"""Of SETTINGS."""
		return list(struct.iter_unpack(">HI", self.payload))


def code_name(code):
	return CODES[code] if code < len(CODES) else hex(code)
