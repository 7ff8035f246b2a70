#!/usr/bin/python3
# timeout: 60
"""gRPC-Web by curl, as browsers speak it, to a real gRPC server at a Gateway."""

import base64
import tempfile

from gateway import Gateway, gateway, route, service
from grpc_store import WAIT, Store, through_gateway
from mesh import curl, free_port, main, scenario, wait_until

WEB = "application/grpc-web"


def message(content):
	return b"\0" + len(content).to_bytes(4, "big") + content


def frames(body):
	"""The messages, and the trailers of the last frame."""
	messages = []
	while body:
		kind, size = body[0], int.from_bytes(body[1:5], "big")
		content, body = body[5:5 + size], body[5 + size:]
		assert len(content) == size
		if kind == 0x80:
			assert not body, body
			lines = content.decode().split("\r\n")
			assert lines.pop() == "", content
			return messages, dict(line.split(": ", 1) for line in lines)
		assert kind == 0, kind
		messages.append(content)
	return messages, None


def decoded(text):
	"""Base64 in pieces that are padded where they end."""
	return b"".join(base64.b64decode(text[i:i + 4], validate=True)
	    for i in range(0, len(text), 4))


def web(caller, method, body, *fields, kind=WEB, version="--http1.1"):
	with tempfile.NamedTemporaryFile() as file:
		file.write(body)
		file.flush()
		given = [part for field in fields for part in ("-H", field)]
		return curl(f"http://{caller.address}/e2e.Store/{method}", version,
		    "-H", f"Host: {caller.authority}", "-H",
		    f"content-type: {kind}", "-H", "x-grpc-web: 1", *given,
		    "--data-binary", f"@{file.name}")


@scenario
def calls_of_every_shape_that_browsers_can(scene):
	_, caller = through_gateway(scene)
	for version in ("--http1.1", "--http2-prior-knowledge"):
		for kind in (WEB, f"{WEB}+proto"):
			page = web(caller, "Echo", message(b"hello"), kind=kind,
			    version=version)
			assert page.status == 200, page.head
			assert page.header("content-type") == kind, page.head
			messages, trailers = frames(page.body)
			assert messages == [b"hello"], page.body
			assert trailers["grpc-status"] == "0", trailers
		# The server sends many.
		page = web(caller, "Count", message(b"100"), version=version)
		messages, trailers = frames(page.body)
		assert messages == [b"%d" % i for i in range(100)], page.body
		assert trailers["grpc-status"] == "0", trailers
		# An error behind a message is in the body, one alone in the head.
		page = web(caller, "Late", message(b"DATA_LOSS"), version=version)
		messages, trailers = frames(page.body)
		assert messages == [b"DATA_LOSS"], page.body
		assert trailers == {"grpc-status": "15",
		    "grpc-message": "half of it"}, trailers
		page = web(caller, "End", message(b"NOT_FOUND"), version=version)
		assert page.status == 200 and page.header("grpc-status") == "5", \
		    page.head
		assert page.body == b"", page.body


@scenario
def text_is_base64_both_ways(scene):
	_, caller = through_gateway(scene)
	kind = f"{WEB}-text"
	large = bytes(range(256)) * 1000
	for content in (b"", b"a", b"ab", b"abc", large):
		sent = message(content)
		# As one piece, and as pieces that end within and between groups.
		for text in (base64.b64encode(sent),
		    base64.b64encode(sent[:4]) + base64.b64encode(sent[4:])):
			page = web(caller, "Echo", text, kind=kind)
			assert page.header("content-type") == kind, page.head
			messages, trailers = frames(decoded(page.body))
			assert messages == [content], page.body[:80]
			assert trailers["grpc-status"] == "0", trailers
	for bad in (b"AAAA!", b"AAA"):
		page = web(caller, "Echo", bad, kind=kind)
		assert page.status == 400, page.head


@scenario
def errors_and_deadlines_of_the_proxy_are_told(scene):
	store, caller = through_gateway(scene)
	page = web(caller, "Wait", message(b""), "grpc-timeout: 200m")
	assert page.header("content-type") == WEB, page.head
	assert page.header("grpc-status") == "4", page.head
	assert store.left.get(timeout=WAIT) < 0.2
	store.close()

	def ask():
		page = web(caller, "Echo", message(b""))
		assert page.header("grpc-status") == "14", page.head
	wait_until(lambda: ask() is None, "the service is gone")
	edge = scene.processes[-1]
	assert edge.metrics().sum("mesh_requests_total", protocol="grpc",
	    grpc_status="14") > 0


@scenario
def pages_of_other_origins_may_be_told_the_status(scene):
	store = scene.closing(Store())
	port = free_port()
	Gateway(scene, gateway([f"name: g, port: {port}, protocol: HTTP"]) +
	    route("store", "store").replace("    backendRefs", "    filters:\n"
	    "    - type: CORS\n      cors: {allowOrigins: ['https://a.example'], "
	    "allowMethods: [POST], allowHeaders: [content-type, x-grpc-web]}\n"
	    "    backendRefs") + service("store", store.port).replace(
	    "appProtocol: http", "appProtocol: grpc"))

	class caller:
		address, authority = f"127.0.0.1:{port}", "store.example.com"

	before = curl(f"http://{caller.address}/e2e.Store/Echo", "-X", "OPTIONS",
	    "-H", "Origin: https://a.example", "-H",
	    "Access-Control-Request-Method: POST", "-H",
	    "Access-Control-Request-Headers: content-type,x-grpc-web")
	assert before.status == 204, before.head
	assert before.header("access-control-allow-origin") == \
	    "https://a.example", before.head
	page = web(caller, "End", message(b"NOT_FOUND"),
	    "Origin: https://a.example")
	assert page.header("access-control-allow-origin") == \
	    "https://a.example", page.head
	assert "grpc-status" in page.header("access-control-expose-headers")
	page = web(caller, "Echo", message(b"x"), "Origin: https://a.example")
	assert page.header("access-control-allow-origin") == \
	    "https://a.example", page.head
	assert frames(page.body)[0] == [b"x"], page.body


@scenario
def services_that_speak_it_themselves_are_left_alone(scene):
	seen = []

	def serve(connection):
		request = connection.read_request()
		seen.append(request)
		connection.send(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n"
		    b"content-type: text/plain\r\n\r\nAAAA")
	backend = scene.backend(serve)
	port = free_port()
	Gateway(scene, gateway([f"name: g, port: {port}, protocol: HTTP"]) +
	    route("store", "store") + service("store", backend.port))

	class caller:
		address, authority = f"127.0.0.1:{port}", "store.example.com"

	page = web(caller, "Echo", b"AAAA", kind=f"{WEB}-text")
	assert page.body == b"AAAA", page.body
	assert seen[0].get("content-type") == f"{WEB}-text", seen[0]


if __name__ == "__main__":
	main()
