#!/usr/bin/env python3
# timeout: 120
"""The cache, with curl in front and servers behind."""

import functools
import http.server
import threading

from edge import Edge
from mesh import SLOWER, curl, main, scenario, wait_until
from pages import field, pages
from policies import ask, call, member
from tokens import Issuer, authentication, bearer


class Origin(http.server.ThreadingHTTPServer):
	"""Answers GET with how often it was asked for that path, and with the
	fields that a test says; while it is shut, answers wait."""

	daemon_threads = True
	request_queue_size = 64

	def __init__(self):
		super().__init__(("127.0.0.1", 0), Page)
		self.fields = {}
		self.status = 200
		self.asked = []		# (path, If-None-Match)
		self.is_open = threading.Event()
		self.is_open.set()
		self.http = f"127.0.0.1:{self.server_port}"
		threading.Thread(target=self.serve_forever, daemon=True).start()

	def count(self, path):
		return sum(1 for asked, _ in self.asked if asked == path)

	def handle_error(self, *_):
		"""Of a caller that went away there is nothing to say."""

	def close(self):
		self.is_open.set()
		self.shutdown()
		self.server_close()


class Page(http.server.BaseHTTPRequestHandler):
	protocol_version = "HTTP/1.1"

	def do_GET(self):
		origin = self.server
		known = self.headers["if-none-match"]
		origin.asked.append((self.path, known))
		body = str(origin.count(self.path)).encode()
		origin.is_open.wait(20 * SLOWER)
		etag = origin.fields.get("etag")
		same = etag is not None and known == etag
		self.send_response(304 if same else origin.status)
		for name, value in origin.fields.items():
			self.send_header(name, value)
		if not same:
			self.send_header("content-length", str(len(body)))
		self.end_headers()
		if not same:
			self.wfile.write(body)

	def log_message(self, *_):
		pass


def at_once(n, ask, *args):
	"""Starts n of them; gives a function that waits for what they got."""
	replies = []
	threads = [threading.Thread(target=lambda: replies.append(ask(*args)))
	    for _ in range(n)]
	for thread in threads:
		thread.start()

	def join():
		for thread in threads:
			thread.join()
		return replies
	return join


def held(proxy):
	return proxy.metrics().sum("mesh_filter_calls_total", filter="cache",
	    what="held")


@scenario
def pages_are_given_again(scene):
	folder = scene.dir / "www"
	folder.mkdir()
	page = folder / "index.html"
	page.write_text("first")
	nginx = scene.nginx("origin", f"""root {folder};
		location /fresh {{ alias {folder}/; add_header Cache-Control
		    "public, max-age=600"; }}
		location /stale {{ alias {folder}/; add_header Cache-Control
		    "public, max-age=0"; }}
		location /own {{ alias {folder}/; add_header Cache-Control
		    "private, max-age=600"; }}
		""")
	ask, _ = pages(scene, nginx.http, {"cache": "{maxObject: 64Ki}"})
	for place in ("fresh", "stale", "own"):
		reply = ask(f"/{place}/index.html")
		assert reply.body == b"first", reply.head
		assert field(reply, "cache-status") == "mesh; fwd=uri-miss"
	assert "hit" in field(ask("/fresh/index.html"), "cache-status")
	reply = ask("/stale/index.html")
	assert reply.body == b"first", reply.head
	assert "fwd-status=304" in field(reply, "cache-status"), reply.head
	etag = field(reply, "etag")
	reply = ask("/fresh/index.html", "-H", f"If-None-Match: {etag}")
	assert reply.status == 304 and reply.body == b"", reply.head
	page.write_text("second one")
	reply = ask("/fresh/index.html")
	assert reply.body == b"first" and int(field(reply, "age")) >= 0
	assert ask("/stale/index.html").body == b"second one"
	assert ask("/own/index.html").body == b"second one"
	assert ask("/fresh/index.html", "-H", "Cache-Control: no-cache").body \
	    == b"second one"
	assert ask("/fresh/index.html").body == b"second one"


@scenario
def one_asks_for_many(scene):
	origin = scene.closing(Origin())
	ask, proxy = pages(scene, origin.http, {"cache": "{}"})
	origin.fields = {"cache-control": "max-age=60"}
	origin.is_open.clear()
	join = at_once(20, ask, "/popular")
	wait_until(lambda: held(proxy) == 19, "19 wait for the first")
	assert origin.count("/popular") == 1
	origin.is_open.set()
	replies = join()
	assert [reply.body for reply in replies] == [b"1"] * 20
	said = sorted(field(reply, "cache-status") for reply in replies)
	assert said == ["mesh; fwd=uri-miss"] + \
	    ["mesh; fwd=uri-miss; collapsed"] * 19, said
	assert "hit" in field(ask("/popular"), "cache-status")
	# Each gets its own of what is nobody else's.
	origin.fields = {"cache-control": "private"}
	origin.is_open.clear()
	join = at_once(10, ask, "/own")
	wait_until(lambda: held(proxy) == 28, "9 wait for the first")
	origin.is_open.set()
	bodies = sorted(int(reply.body) for reply in join())
	assert bodies == list(range(1, 11)), bodies


@scenario
def stale_pages_are_given_while_one_asks(scene):
	origin = scene.closing(Origin())
	ask, _ = pages(scene, origin.http, {"cache": "{staleIfError: 60s}"})
	origin.fields = {"etag": '"1"',
	    "cache-control": "max-age=0, stale-while-revalidate=60"}
	assert ask("/page").body == b"1"
	# The service is slow; callers are not, and one question is on its way.
	origin.is_open.clear()
	for _ in range(5):
		reply = ask("/page")
		assert reply.body == b"1", reply.head
		assert "hit; ttl=" in field(reply, "cache-status"), reply.head
	wait_until(lambda: origin.count("/page") == 2, "it is asked")
	assert origin.asked[-1] == ("/page", '"1"'), origin.asked
	origin.fields = {"etag": '"2"', "cache-control": "max-age=60"}
	origin.is_open.set()
	wait_until(lambda: ask("/page").body == b"2", "the new page is there")
	assert origin.count("/page") == 2, origin.asked
	# One that fails: what is there is better than nothing.
	origin.fields = {"cache-control": "max-age=0", "etag": '"3"'}
	assert ask("/other").body == b"1"
	origin.status, origin.fields = 503, {}
	assert ask("/other").body == b"1"
	only = ask("/nothing", "-H", "Cache-Control: only-if-cached")
	assert only.status == 504 and origin.count("/nothing") == 0


CACHE = """apiVersion: mesh/v1
kind: Cache
metadata: {name: web, namespace: default}
spec:
  targetRefs: [{name: web}]
  staleWhileRevalidate: 60s
"""


@scenario
def a_service_s_cache_asks_aside_too(scene):
	origin = scene.closing(Origin())
	edge = Edge(scene, origin.server_port)
	before = edge.reloads()
	edge.write("cache", CACHE)
	wait_until(lambda: edge.reloads() > before, "the cache is read")
	origin.fields = {"etag": '"1"', "cache-control": "max-age=0"}
	ask = functools.partial(curl, f"http://{edge.address}/page")
	assert ask().body == b"1"
	origin.fields = {"etag": '"2"', "cache-control": "max-age=60"}
	origin.is_open.clear()
	stale = ask()
	assert stale.body == b"1" and origin.count("/page") <= 2, stale.head
	origin.is_open.set()
	wait_until(lambda: ask().body == b"2", "the new page is there")
	assert origin.count("/page") == 2, origin.asked


@scenario
def what_a_token_opened_is_given_to_nobody_else(scene):
	"""The token is taken out in front of the cache."""
	issuer = Issuer()
	origin = scene.closing(Origin())
	origin.fields = {"cache-control": "max-age=600"}
	control = scene.control()
	scene.proxy("orders", control=control, service="default/orders",
	    apps=[f"80={origin.http}/http"]).await_ready()
	web = member(scene, control, "web")
	control.apply(CACHE.replace("web", "orders") + authentication([{"issuer":
	    issuer.url, "jwks": issuer.jwks, "fromHeaders": [{"name":
	    "Authorization", "prefix": "Bearer "}, {"name": "x-token"}]}]))
	wait_until(lambda: ask(web, fields=bearer("x")) == 401, "it is in force")
	wait_until(lambda: call(web, "/a").get("cache-status"), "and the cache")

	def get(path, fields):
		return call(web, path, fields=fields).body
	ann, bob = issuer.token("ann"), issuer.token("bob")
	assert get("/me", bearer(ann)) == b"1"
	assert get("/me", bearer(bob)) == b"2", "bob reads what is ann's"
	assert get("/me", {"x-token": ann}) == b"3"
	assert get("/me", {"x-token": bob}) == b"4"
	assert get("/me", {}) == b"5", "and nobody does"
	assert get("/me", {}) == b"5" and get("/me", bearer(bob)) == b"6"
	origin.fields = {"cache-control": "public, max-age=600"}
	assert get("/all", bearer(ann)) == get("/all", bearer(bob)) == b"1"


ROUTE = """
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: default}
spec:
  parentRefs: [{group: "", kind: Service, name: web}]
  rules:
  - matches: [{headers: [{name: x-version, value: beta}]}]
    filters:
    - type: URLRewrite
      urlRewrite: {path: {type: ReplacePrefixMatch, replacePrefixMatch: /beta}}
    backendRefs: [{name: web, port: 80}]
  - backendRefs: [{name: web, port: 80}]
"""


@scenario
def a_service_s_cache_keeps_its_rules_apart(scene):
	origin = scene.closing(Origin())
	edge = Edge(scene, origin.server_port)
	for name, text in (("cache", CACHE), ("route", ROUTE)):
		before = edge.reloads()
		edge.write(name, text)
		wait_until(lambda: edge.reloads() > before, f"the {name} is read")
	origin.fields = {"cache-control": "public, max-age=60"}
	ask = functools.partial(curl, f"http://{edge.address}/page")
	for _ in range(2):
		assert ask("-H", "X-Version: beta").body == b"1"
		assert ask().body == b"1"
	# The same URL of a caller is two of the service.
	assert [path for path, _ in origin.asked] == ["/beta/page", "/page"], \
	    origin.asked


if __name__ == "__main__":
	main()
