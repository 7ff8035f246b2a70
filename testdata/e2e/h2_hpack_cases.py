"""RFC 7541: header compression.  What is not HPACK is an error of the
connection (RFC 9113 section 4.3), for the state is shared by all streams."""

import hpack

from h2_cases import Table
from h2_peer import answers, dies
from h2_wire import (COMPRESSION_ERROR, HOST, SETTINGS, TABLE, block, headers,
    indexed, integer, literal, remembered, request, settings, string,
    table_size)

RFC = Table("7541")
BROKEN = dies(COMPRESSION_ERROR)
PLAIN = block(*request())
CASE = block(*request("GET", "/case"))
ECHO = block(*request("GET", "/"))


def broken(section, what, content):
	RFC.add(section, f"{what} is an error", headers(1, content), BROKEN,
	    reaches=False)


def taken(section, what, content):
	RFC.add(section, f"{what} is taken", headers(1, content), answers(200))


def fields_seen(peer, stream, content):
	"""The fields that come to the application with a block."""
	peer.send(headers(stream, content))
	reply = peer.read_reply(stream)
	assert reply.status == 200, peer.found(stream)
	return reply.json()["headers"]


# 2.3.1 Static table

# Those that a request may have and that reach the application as they are.
STATIC = (
	(15, "accept-charset"), (16, "accept-encoding"), (17, "accept-language"),
	(18, "accept-ranges"), (19, "accept"),
	(20, "access-control-allow-origin"), (21, "age"), (22, "allow"),
	(23, "authorization"), (24, "cache-control"), (25, "content-disposition"),
	(26, "content-encoding"), (27, "content-language"),
	(29, "content-location"), (30, "content-range"), (31, "content-type"),
	(32, "cookie"), (33, "date"), (34, "etag"), (36, "expires"), (37, "from"),
	(39, "if-match"), (40, "if-modified-since"), (41, "if-none-match"),
	(42, "if-range"), (43, "if-unmodified-since"), (44, "last-modified"),
	(45, "link"), (46, "location"), (47, "max-forwards"),
	(48, "proxy-authenticate"), (50, "range"), (51, "referer"),
	(52, "refresh"), (53, "retry-after"), (54, "server"), (55, "set-cookie"),
	(56, "strict-transport-security"), (58, "user-agent"), (59, "vary"),
	(61, "www-authenticate"),
)


@RFC.case("2.3.1", "every name of the static table is the RFC's")
def _(peer):
	seen = fields_seen(peer, 1, ECHO + b"".join(literal(index, f"v{index}")
	    for index, _ in STATIC))
	for index, name in STATIC:
		assert seen.get(name) == [f"v{index}"], (index, name, seen.get(name))


@RFC.case("2.3.1", "the static table's fields of requests")
def _(peer):
	# :method GET, POST; :path /, /index.html; :scheme http; accept-encoding
	host = literal(1, HOST)
	for stream, method, path in ((1, 2, 4), (3, 3, 4), (5, 2, 5)):
		peer.send(headers(stream, indexed(method) + indexed(6) +
		    indexed(path) + host + indexed(16)))
		seen = peer.read_reply(stream).json()
		assert seen["method"] == ("GET", "POST")[method - 2], seen
		assert seen["path"] == ("/", "/index.html")[path - 4], seen
		assert seen["headers"]["accept-encoding"] == ["gzip, deflate"], seen


# 2.3.2 Dynamic table, 2.3.3 Index address space

@RFC.case("2.3.2", "the newest entry has the lowest index")
def _(peer):
	seen = fields_seen(peer, 1, ECHO + remembered("x-a", "1") +
	    remembered("x-b", "2") + remembered("x-c", "3"))
	assert seen["x-a"] == ["1"] and seen["x-c"] == ["3"], seen
	seen = fields_seen(peer, 3, ECHO + indexed(62) + indexed(64))
	assert (seen["x-c"], seen["x-a"]) == (["3"], ["1"]), seen
	assert "x-b" not in seen, seen


@RFC.case("2.3.2", "equal entries may stand twice")
def _(peer):
	fields_seen(peer, 1, ECHO + remembered("x-a", "1") * 2)
	seen = fields_seen(peer, 3, ECHO + indexed(62) + indexed(63))
	assert seen["x-a"] == ["1", "1"], seen


broken("2.3.3", "an index beyond an empty dynamic table", CASE + indexed(62))
broken("2.3.3", "an index beyond the dynamic table",
    CASE + remembered("x-a", "1") + indexed(63))
broken("2.3.3", "a large index", CASE + indexed(1 << 20))
broken("2.3.3", "a name by an index beyond the tables", CASE + literal(62, "1"))
broken("2.3.3", "a new entry by an index beyond the tables",
    CASE + remembered(70, "1"))


# 3.2 Field representation processing

@RFC.case("3.2", "the order of fields is kept")
def _(peer):
	seen = fields_seen(peer, 1, ECHO + b"".join(literal("x-order", str(n))
	    for n in range(30)))
	assert ",".join(seen["x-order"]) == ",".join(map(str, range(30))), seen


# 4.1 Calculating the table size, 4.2 Maximum, 4.3 and 4.4 Eviction

def sized_entry(name, size):
	"""An entry of that size by section 4.1."""
	return remembered(name, "v" * (size - 32 - len(name)))


@RFC.case("4.1", "an entry of exactly the table's size is kept")
def _(peer):
	fields_seen(peer, 1, ECHO + sized_entry("x-fit", TABLE))
	assert "x-fit" in fields_seen(peer, 3, ECHO + indexed(62))


@RFC.case("4.1", "an entry one larger than the table empties it", BROKEN)
def _(peer):
	seen = fields_seen(peer, 1, ECHO + remembered("x-a", "1") +
	    sized_entry("x-large", TABLE + 1))
	assert "x-large" in seen, "it is a field all the same"
	del peer.replies[1]
	peer.send(headers(3, CASE + indexed(62)))


@RFC.case("4.4", "the oldest entries go for a new one")
def _(peer):
	fields_seen(peer, 1, ECHO + b"".join(sized_entry(f"x-{n}", 1024)
	    for n in range(5)))
	seen = fields_seen(peer, 3, ECHO + indexed(62) + indexed(65))
	assert "x-4" in seen and "x-1" in seen, list(seen)


@RFC.case("4.4", "an entry that went is not there", BROKEN)
def _(peer):
	fields_seen(peer, 1, ECHO + b"".join(sized_entry(f"x-{n}", 1024)
	    for n in range(5)))
	peer.send(headers(3, CASE + indexed(66)))


@RFC.case("4.4", "a new entry may take its name from the one that goes for it")
def _(peer):
	fields_seen(peer, 1, ECHO + sized_entry("x-old", 4000))
	seen = fields_seen(peer, 3, ECHO + remembered(62, "n" * 3900))
	assert seen["x-old"] == ["n" * 3900], list(seen)
	assert "x-old" in fields_seen(peer, 5, ECHO + indexed(62))


broken("4.2", "a size above SETTINGS_HEADER_TABLE_SIZE",
    table_size(TABLE + 1) + CASE)
broken("4.2", "a size far above SETTINGS_HEADER_TABLE_SIZE",
    table_size(1 << 30) + CASE)
taken("4.2", "a size of SETTINGS_HEADER_TABLE_SIZE", table_size(TABLE) + PLAIN)
broken("4.2", "a change of the size behind a field",
    CASE + table_size(0))
broken("4.2", "a change of the size between fields",
    CASE + table_size(0) + literal("x-a", "1"))
taken("4.2", "two changes of the size in front",
    table_size(0) + table_size(TABLE) + PLAIN)


@RFC.case("4.3", "a size of nothing empties the table", BROKEN)
def _(peer):
	fields_seen(peer, 1, ECHO + remembered("x-a", "1"))
	peer.send(headers(3, table_size(0) + CASE + indexed(62)))


@RFC.case("4.3", "a smaller table keeps the newest", BROKEN)
def _(peer):
	fields_seen(peer, 1, ECHO + sized_entry("x-a", 100) +
	    sized_entry("x-b", 100) + sized_entry("x-c", 100))
	assert "x-b" in fields_seen(peer, 3, table_size(299) + ECHO + indexed(63))
	peer.send(headers(5, CASE + indexed(64)))


@RFC.case("4.3", "a table that was emptied is used again")
def _(peer):
	fields_seen(peer, 1, ECHO + remembered("x-a", "1"))
	seen = fields_seen(peer, 3, table_size(0) + table_size(TABLE) + ECHO +
	    remembered("x-b", "2"))
	assert "x-b" in fields_seen(peer, 5, ECHO + indexed(62)), seen


@RFC.case("4.2", "the server heeds a table of nothing", HEADER_TABLE_SIZE=0)
def _(peer):
	peer.decoder = hpack.Decoder()	# a block without the change is an error
	peer.decoder.max_allowed_table_size = 0
	for stream in (1, 3, 5):
		assert peer.ask(stream, "/").status == 200
	assert not peer.decoder.header_table.dynamic_entries


@RFC.case("4.2", "the server heeds a table that shrinks")
def _(peer):
	assert peer.ask(1, "/").status == 200
	peer.send(settings(HEADER_TABLE_SIZE=64))
	peer.read_until_frame(lambda seen: seen.kind == SETTINGS)
	peer.decoder.max_allowed_table_size = 64
	for stream in (3, 5, 7):
		assert peer.ask(stream, "/").status == 200


# 5.1 Integer representation

taken("5.1", "an integer with octets of nothing",
    PLAIN + b"\0" + string("x-a") + b"\x7f\x80\x80\x00" + b"v" * 127)
broken("5.1", "an integer beyond 2 to the 32",
    CASE + b"\xff" + b"\xff" * 5 + b"\x0f")
broken("5.1", "an integer that does not end", CASE + b"\xff" + b"\xff" * 20)
broken("5.1", "an integer cut off by the end", CASE + b"\xff\x80")
broken("5.1", "a length beyond 2 to the 32",
    CASE + b"\0" + string("x-a") + b"\x7f" + b"\xff" * 5 + b"\x0f")
broken("5.1", "a table size that overflows", b"\x3f" + b"\xff" * 9 + b"\x0f" +
    CASE)


# 5.2 String literal representation

def huffman(raw):
	"""A literal's value, of bytes that say they are Huffman code."""
	return integer(len(raw), 7, 0x80) + raw


def with_value(raw):
	return b"\0" + string("x-a") + raw


broken("5.2", "a name longer than the block", CASE + b"\0\x7f\x10abc")
broken("5.2", "a value longer than the block", CASE + with_value(b"\x05abc"))
broken("5.2", "a name without a value", CASE + b"\0" + string("x-a"))
broken("5.2", "Huffman code with EOS in it",
    CASE + with_value(huffman(b"\xff\xff\xff\xff")))
broken("5.2", "Huffman code padded by more than 7 bits",
    CASE + with_value(huffman(b"\x1f\xff")))
broken("5.2", "Huffman code padded by zeros",
    CASE + with_value(huffman(b"\x18")))
broken("5.2", "Huffman code of nothing but padding",
    CASE + with_value(huffman(b"\xff")))
taken("5.2", "an empty value in Huffman code", PLAIN + with_value(huffman(b"")))
taken("5.2", "Huffman code padded by ones", PLAIN + with_value(
    huffman(b"\x1f")))
broken("5.2", "a name in Huffman code with EOS in it", CASE + b"\0" +
    huffman(b"\xff\xff\xff\xff") + string("1"))


@RFC.case("5.2", "every octet of a value may be Huffman code")
def _(peer):
	value = "".join(map(chr, range(0x21, 0x7f))) * 3
	encoder = hpack.Encoder()
	seen = fields_seen(peer, 1, encoder.encode([*request("GET", "/"),
	    ("x-all", value)], huffman=True))
	assert seen["x-all"] == [value], seen


# 6.1 Indexed representation

broken("6.1", "the index 0", CASE + b"\x80")
broken("6.1", "the index 0 in front", b"\x80" + CASE)

# 6.2 Literal representations

FORMS = (
	("6.2.1", "with indexing", 0x40, 6),
	("6.2.2", "without indexing", 0x00, 4),
	("6.2.3", "never indexed", 0x10, 4),
)


def check_forms(first, bits):
	def sends(peer):
		by_index = integer(58, bits, first) + string("agent")
		by_name = bytes([first]) + string("x-a") + string("1")
		coded = bytes([first]) + string("x-b") + huffman(b"\x1f")
		seen = fields_seen(peer, 1, ECHO + by_index + by_name + coded)
		assert seen["user-agent"] == ["agent"], seen
		assert (seen["x-a"], seen["x-b"]) == (["1"], ["a"]), seen
		if first == 0x40:
			seen = fields_seen(peer, 3, ECHO + indexed(64) + indexed(62))
			assert seen["user-agent"] == ["agent"], seen
			assert seen["x-b"] == ["a"], seen
		else:
			peer.send(headers(3, CASE + indexed(62)))
			assert peer.read_end() in BROKEN, peer.ending()
	return sends


for section, what, first, bits in FORMS:
	RFC.add(section, f"literals {what}", check_forms(first, bits),
	    ends=first != 0x40)
broken("6.2", "a literal cut off behind its first octet", CASE + b"\x40")

# 6.3 Dynamic table size update

taken("6.3", "a size of several octets", table_size(1000) + PLAIN)
broken("6.3", "a size cut off by the end", b"\x3f\x80")

# Appendix C: the examples

def examples(*blocks):
	def sends(peer):
		for n, content in enumerate(blocks):
			peer.send(headers(1 + 2 * n, bytes.fromhex(content)))
		for n, (path, more) in enumerate((("/", {}),
		    ("/", {"cache-control": "no-cache"}),
		    ("/index.html", {"custom-key": "custom-value"}))):
			seen = peer.read_reply(1 + 2 * n).json()
			assert seen["host"] == "www.example.com", seen
			assert seen["path"] == path, seen
			for name, value in more.items():
				assert seen["headers"][name] == [value], seen
	return sends


# The third asks for https, which a listener without TLS may refuse: http here.
RFC.add("C.3", "requests without Huffman code", examples(
    "828684410f7777772e6578616d706c652e636f6d",
    "828684be58086e6f2d6361636865",
    "828685bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565"))
RFC.add("C.4", "requests with Huffman code", examples(
    "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    "828684be5886a8eb10649cbf",
    "828685bf408825a849e95ba97d7f8925a849e95bb8e8b4bf"))


# Long conversations, and what the server encodes

@RFC.case("2.2", "the server's context outlives hundreds of blocks")
def _(peer):
	encoder = hpack.Encoder()
	peer.grant(0, 1 << 20)
	for n in range(300):
		stream = 1 + 2 * n
		peer.send(headers(stream, encoder.encode([*request("GET", "/"),
		    (f"x-{n % 70}", "v" * (n % 50)), ("x-same", "1")])))
		seen = peer.read_reply(stream).json()["headers"]
		assert seen[f"x-{n % 70}"] == ["v" * (n % 50)], (n, seen)
		assert seen["x-same"] == ["1"], (n, seen)
