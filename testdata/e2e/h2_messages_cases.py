"""RFC 9113 section 8: HTTP messages in HTTP/2.  What is malformed is reset or
refused, and no application ever sees it."""

from h2_cases import Table
from h2_peer import Client, answers, dies, resets
from h2_wire import (END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FRAME_MAX,
    HOST, PROTOCOL_ERROR, STREAM_CLOSED, block, continuation, data, get,
    headers, post, request)

RFC = Table("9113")
# Section 8.1.1: a stream error, before which a server may answer.
MALFORMED = resets(PROTOCOL_ERROR) | answers(400)


def malformed(section, what, fields, expect=MALFORMED):
	RFC.add(section, f"{what} is malformed", headers(1, block(*fields)), expect,
	    reaches=False)


def field(section, what, name, value, expect=MALFORMED):
	malformed(section, what, request("GET", "/case", (name, value)), expect)


def client(section, what):
	"""A case for the client of python3-h2: nothing else is sent."""
	def decorate(function):
		def sends(peer):
			peer.check_alive()
			with Client(peer.address) as speaker:
				function(speaker)
		RFC.add(section, what, sends)
		return function
	return decorate


# 8.1 HTTP message framing

@client("8.1", "a request and its reply")
def _(speaker):
	reply = speaker.ask()
	assert reply.status == 200 and reply.body == b"ok\n", reply.fields


@client("8.1", "a body of a known length")
def _(speaker):
	reply = speaker.ask("POST", "/", ("content-length", "5"), body=b"hello")
	assert reply.json()["bodyBytes"] == 5, reply.body


@client("8.1", "a body of no known length, both ways")
def _(speaker):
	assert speaker.ask("POST", "/", body=bytes(300000)).json()["bodyBytes"] == \
	    300000
	reply = speaker.ask("GET", "/?chunked=1&size=300000")
	assert len(reply.body) == 300000 and reply.get("content-length") is None


@client("8.1", "trailers of a request")
def _(speaker):
	stream = speaker.start("POST", "/", end=False)
	speaker.send_body(stream, b"hello", end=False)
	speaker.h2.send_headers(stream, [("x-sum", "1")], end_stream=True)
	speaker.flush()
	seen = speaker.finish(stream).json()
	assert seen["trailers"] == {"x-sum": ["1"]}, seen


@client("8.1", "trailers of a reply")
def _(speaker):
	reply = speaker.ask("GET", "/?trailers=1&size=2500")
	assert [name for name, _ in reply.trailers] == ["x-echo-crc32"], \
	    reply.trailers
	assert len(reply.body) == 2500


@client("8.1", "an informational reply comes before the final one")
def _(speaker):
	stream = speaker.start("POST", "/", ("expect", "100-continue"), end=False)
	while not speaker.replies[stream].infos:
		assert speaker.receive(), "ended"
	assert (":status", "100") in speaker.replies[stream].infos[0]
	speaker.send_body(stream, b"hello")
	assert speaker.finish(stream).json()["bodyBytes"] == 5


@client("8.1", "a reply to HEAD has no body")
def _(speaker):
	reply = speaker.ask("HEAD", "/?size=1000")
	assert reply.get("content-length") == "1000" and not reply.body, reply.fields


@client("8.1", "replies that have no body")
def _(speaker):
	for status in (204, 304):
		reply = speaker.ask("GET", f"/?status={status}")
		assert reply.status == status and not reply.body, reply.fields


@client("8.1", "many requests at once, each with its own reply")
def _(speaker):
	streams = [speaker.start("GET", f"/?size={n * 100}") for n in range(60)]
	speaker.finish(*streams)
	assert [len(speaker.replies[stream].body) for stream in streams] == \
	    [n * 100 for n in range(60)]


RFC.add("8.1", "a second HEADERS that does not end the request is malformed",
    post(1) + headers(1, block(("x-a", "1")), END_HEADERS),
    resets(PROTOCOL_ERROR) | dies(PROTOCOL_ERROR))
RFC.add("8.1", "DATA after trailers is an error",
    post(1) + data(1, b"x") + headers(1, block(("x-a", "1"))) + data(1, b"x"),
    resets(STREAM_CLOSED) | dies(STREAM_CLOSED) | answers(200))
RFC.add("8.1", "a trailer that is a pseudo-field is malformed",
    post(1) + data(1, b"x") + headers(1, block((":method", "GET"))),
    resets(PROTOCOL_ERROR) | answers(400))
RFC.add("8.1", "a trailer in capitals is malformed",
    post(1) + data(1, b"x") + headers(1, block(("X-A", "1"))),
    resets(PROTOCOL_ERROR) | answers(400))


# 8.1.1 Malformed messages: content-length

def sized(length, *frames):
	return headers(1, block(*request("POST", "/", ("content-length", length))),
	    END_HEADERS) + b"".join(frames)


RFC.add("8.1.1", "more DATA than content-length is malformed",
    sized("2", data(1, b"abc", END_STREAM)), MALFORMED)
RFC.add("8.1.1", "more DATA than content-length in several frames is malformed",
    sized("2", data(1, b"ab"), data(1, b"c")), MALFORMED)
RFC.add("8.1.1", "less DATA than content-length is malformed",
    sized("2", data(1, b"a", END_STREAM)), MALFORMED)
RFC.add("8.1.1", "less DATA than content-length before trailers is malformed",
    sized("2", data(1, b"a"), headers(1, block(("x-a", "1")))), MALFORMED)
field("8.1.1", "content-length without DATA", "content-length", "5")
LENGTHS = (
	("a negative length", "-1"),
	("a length with a sign", "+1"),
	("a hexadecimal length", "0x1"),
	("a length of two words", "1 1"),
	("a list of lengths", "1,1"),
	("a length with a letter", "1a"),
	("an empty length", ""),
	("a length beyond 2 to the 64", "99999999999999999999"),
)
for what, length in LENGTHS:
	RFC.add("8.1.1", f"{what} is malformed", headers(1, block(*request("POST",
	    "/case", ("content-length", length))), END_HEADERS) +
	    data(1, b"x", END_STREAM), MALFORMED, reaches=False)
RFC.add("8.1.1", "two lengths are malformed", headers(1, block(*request("POST",
    "/case", ("content-length", "1"), ("content-length", "2"))), END_HEADERS) +
    data(1, b"x", END_STREAM), MALFORMED, reaches=False)


# 8.2 HTTP fields, 8.2.1 field validity

NAMES = (
	("a name in capitals", "X-Upper"),
	("one capital in a name", "x-uppeR"),
	("no name", ""),
	("a space in a name", "x a"),
	("a control character in a name", "x\x01a"),
	("NUL in a name", "x\0"),
	("CR in a name", "x\r"),
	("LF in a name", "x\na"),
	("DEL in a name", "x\x7f"),
	("a byte beyond ASCII in a name", "x\xff"),
	("a colon in a name", "x:a"),
	("a name with a parenthesis", "x(a"),
)
for what, name in NAMES:
	field("8.2.1", what, name, "1")
VALUES = (
	("NUL in a value", "a\0b"),
	("CR in a value", "a\rb"),
	("LF in a value", "a\nb"),
	("CRLF and a field in a value", "a\r\nx-smuggled: 1"),
	("a space before a value", " a"),
	("a space behind a value", "a "),
	("a tab before a value", "\ta"),
	("a tab behind a value", "a\t"),
)
for what, value in VALUES:
	field("8.2.1", what, "x-a", value)


@client("8.2.1", "values of all other bytes are passed on")
def _(speaker):
	seen = speaker.ask("GET", "/", ("x-odd", "a\t \"'{}[]~!"),
	    ("x-empty", "")).json()["headers"]
	assert seen["x-odd"] == ["a\t \"'{}[]~!"] and seen["x-empty"] == [""], seen


# 8.2.2 Connection-specific fields

for name, value in (("connection", "close"), ("connection", "x-a"),
    ("proxy-connection", "keep-alive"), ("keep-alive", "timeout=5"),
    ("transfer-encoding", "chunked"), ("upgrade", "websocket")):
	field("8.2.2", f"{name} {value}", name, value)
field("8.2.2", "te gzip", "te", "gzip")
field("8.2.2", "te trailers and more", "te", "trailers, gzip")
RFC.add("8.2.2", "te trailers is accepted", get(1, "/plain", ("te", "trailers")),
    answers(200))


@client("8.2.2", "a reply has no connection-specific fields")
def _(speaker):
	reply = speaker.ask("GET", "/?chunked=1", ("x-echo-set-header",
	    "Keep-Alive:timeout=5,Proxy-Connection:x,Upgrade:h2c"))
	names = {name for name, _ in reply.fields}
	assert not names & {"connection", "keep-alive", "proxy-connection",
	    "transfer-encoding", "upgrade"}, names
	assert all(name == name.lower() for name in names), names


# 8.2.3 Compressing the cookie header field

@client("8.2.3", "crumbs of a cookie are put together for HTTP/1")
def _(speaker):
	seen = speaker.ask("GET", "/", ("cookie", "a=b"), ("x-a", "1"),
	    ("cookie", "c=d"), ("cookie", "e=f")).json()["headers"]
	assert seen["cookie"] == ["a=b; c=d; e=f"], seen["cookie"]


# 8.3 HTTP control data

PSEUDO = {":method": "GET", ":scheme": "http", ":path": "/case",
    ":authority": HOST}


def control(without=(), more=(), **changes):
	fields = {**PSEUDO, **{":" + name: value for name, value in changes.items()}}
	return [pair for pair in fields.items() if pair[0] not in without] + \
	    list(more)


malformed("8.3", "an unknown pseudo-field", control(more=[(":other", "x")]))
malformed("8.3", "a pseudo-field of replies", control(more=[(":status", "200")]))
for name in PSEUDO:
	malformed("8.3", f"{name} behind other fields", control([name],
	    [("x-a", "1"), (name, PSEUDO[name])]))
	malformed("8.3", f"{name} twice", control(more=[(name, PSEUDO[name])]))
malformed("8.3", "a block of nothing", [])
malformed("8.3", "a block without pseudo-fields", [("x-a", "1")])

# 8.3.1 Request pseudo-header fields

for name in (":method", ":scheme", ":path"):
	malformed("8.3.1", f"a request without {name}", control([name]))
malformed("8.3.1", "an empty path", control(path=""))
malformed("8.3.1", "a path that does not begin with a slash",
    control(path="case"))
malformed("8.3.1", "an absolute form as the path",
    control(path="http://test/case"))
malformed("8.3.1", "a space in the path", control(path="/case /x"))
malformed("8.3.1", "CRLF in the path", control(path="/case\r\nx: 1"))
malformed("8.3.1", "a fragment in the path", control(path="/case#x"))
malformed("8.3.1", "an asterisk without OPTIONS", control(path="*"))
malformed("8.3.1", "an empty method", control(method=""))
malformed("8.3.1", "a space in the method", control(method="GET /case"))
malformed("8.3.1", "CRLF in the method", control(method="GET\r\n"))
malformed("8.3.1", "an empty scheme", control(scheme=""))
malformed("8.3.1", "a scheme with a space", control(scheme="ht tp"))
malformed("8.3.1", "user information in the authority",
    control(authority="user@test"))
malformed("8.3.1", "a path in the authority", control(authority="test/case"))
malformed("8.3.1", "a space in the authority", control(authority="te st"))
malformed("8.3.1", "an authority and a host that differ",
    control(more=[("host", "other")]))
malformed("8.3.1", "neither authority nor host", control([":authority"]))
RFC.add("8.3.1", "an authority and a host that agree are accepted",
    get(1, "/plain", ("host", HOST)), answers(200))


@client("8.3.1", "the authority is the host for HTTP/1")
def _(speaker):
	assert speaker.ask("GET", "/a?b=c").json()["host"] == HOST
	assert speaker.ask("GET", "/a?b=c").json()["path"] == "/a?b=c"


RFC.add("8.3.1", "host stands for an absent authority", headers(1,
    block((":method", "GET"), (":scheme", "http"), (":path", "/plain"),
    ("host", HOST))), answers(200))
RFC.add("8.3.1", "the order of pseudo-fields is free", headers(1,
    block((":authority", HOST), (":path", "/plain"), (":scheme", "http"),
    (":method", "GET"))), answers(200))


# 8.4 Server push: Peer asserts that there is none.  8.5 CONNECT

malformed("8.5", "CONNECT with a scheme", [(":method", "CONNECT"),
    (":scheme", "http"), (":authority", "test:80")])
malformed("8.5", "CONNECT with a path", [(":method", "CONNECT"),
    (":path", "/case"), (":authority", "test:80")])
malformed("8.5", "CONNECT without an authority", [(":method", "CONNECT")])
RFC.add("8.5", "CONNECT that no route allows is refused", headers(1,
    block((":method", "CONNECT"), (":authority", "test:80")), END_HEADERS),
    answers(400, 403, 404, 405, 501))
# RFC 8441: only after the server's SETTINGS_ENABLE_CONNECT_PROTOCOL.
RFC.add("8.5", "TRACE is refused", headers(1, block(*request("TRACE",
    "/case"))), answers(405), reaches=False)


# 8.6 The upgrade header field

@client("8.6", "nothing is ever answered by 101")
def _(speaker):
	reply = speaker.ask("GET", "/?status=101")
	assert reply.reset is not None or reply.status in (200, 400, 502), \
	    reply.fields


# 8.8 Examples: a field of the largest sizes that are accepted

@client("8.8", "a large field is passed on")
def _(speaker):
	value = "x" * 7000
	seen = speaker.ask("GET", "/", ("x-large", value)).json()["headers"]
	assert seen["x-large"] == [value]


# 10.5.1 Limits on field block size

TOO_MUCH = answers(431) | resets(PROTOCOL_ERROR, ENHANCE_YOUR_CALM) | \
    dies(ENHANCE_YOUR_CALM)


def in_pieces(content, flags=END_STREAM):
	"""A block in as few frames as may be."""
	parts = [content[at:at + FRAME_MAX]
	    for at in range(0, len(content), FRAME_MAX)]
	return b"".join([headers(1, parts[0], flags)] +
	    [continuation(1, part, END_HEADERS if part is parts[-1] else 0)
	    for part in parts[1:]])


RFC.add("10.5.1", "a list of fields that is too large is refused",
    in_pieces(block(*request("GET", "/case",
    *((f"x-{n}", "x" * 7000) for n in range(10))))), TOO_MUCH, reaches=False)
RFC.add("10.5.1", "too many fields are refused",
    headers(1, block(*request("GET", "/case",
    *((f"x-{n}", "1") for n in range(300))))), TOO_MUCH, reaches=False)
RFC.add("10.5.1", "a field that is too large is refused",
    in_pieces(block(*request("GET", "/case", ("x-large", "x" * 63000)))),
    TOO_MUCH, reaches=False)
RFC.add("10.5.1", "trailers that are too large are refused",
    post(1, "/") + data(1, b"x") + in_pieces(block(
    *((f"x-{n}", "x" * 7000) for n in range(10)))), TOO_MUCH)
