#!/usr/bin/env python3
# timeout: 120
"""Filters of one chain, with real clients and servers around them."""

import gzip

from mesh import curl, main, scenario, wait_until

TEXT = "all work and no play makes jack a dull boy " * 100


def pages(scene, server, filters):
	"""nginx behind a proxy with these filters inbound, and who calls it."""
	control = scene.control()
	nginx = scene.nginx("origin", server)
	control.apply("apiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec:\n  chains:\n    inbound:\n" +
	    "".join(f"    - {{name: {name}, config: {config}}}\n"
	    for name, config in filters.items()))
	scene.proxy("pages", control=control, service="default/pages",
	    apps=[f"80={nginx.http}/http"]).await_ready()
	echo = scene.echo("web-app")
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={echo.http}/http"]).await_ready()

	def ask(path, *options):
		return curl(f"{web.outbound}{path}", "-H",
		    "Host: pages.default.mesh", *options)

	wait_until(lambda: ask("/").status == 200, "pages answer")
	return ask


def field(reply, name):
	for line in reply.head.splitlines():
		if line.lower().startswith(name + ":"):
			return line.split(":", 1)[1].strip()
	return None


@scenario
def pages_come_compressed_to_who_takes_it(scene):
	folder = scene.dir / "www"
	folder.mkdir()
	(folder / "index.html").write_text(TEXT)
	(folder / "picture.png").write_text(TEXT)
	ask = pages(scene, f"root {folder}; types {{ text/html html; "
	    "image/png png; }", {"compression": "{minimumSize: 1000}"})
	plain = ask("/index.html")
	assert plain.body.decode() == TEXT and field(plain, "etag")[0] == '"'
	assert field(plain, "vary") == "accept-encoding", plain.head
	coded = ask("/index.html", "-H", "Accept-Encoding: br;q=0.5, gzip")
	assert field(coded, "content-encoding") == "gzip", coded.head
	assert gzip.decompress(coded.body).decode() == TEXT
	assert len(coded.body) < len(TEXT) / 10
	etag = field(coded, "etag")
	assert etag == "W/" + field(plain, "etag")
	# curl takes brotli too and decodes by itself.
	brotli = ask("/index.html", "--compressed")
	assert brotli.body.decode() == TEXT
	assert field(brotli, "content-encoding") == "br", brotli.head
	# A validator that we made is known.
	again = ask("/index.html", "-H", "Accept-Encoding: gzip", "-H",
	    f"If-None-Match: {etag}")
	assert again.status == 304 and field(again, "etag") == etag, again.head
	head = ask("/index.html", "-I", "-H", "Accept-Encoding: gzip")
	assert field(head, "content-encoding") == "gzip", head.head
	part = ask("/index.html", "-r", "0-9", "-H", "Accept-Encoding: gzip")
	assert part.status == 206 and part.body.decode() == TEXT[:10]
	picture = ask("/picture.png", "-H", "Accept-Encoding: gzip")
	assert picture.body.decode() == TEXT, picture.head


@scenario
def pages_are_given_again(scene):
	folder = scene.dir / "www"
	folder.mkdir()
	page = folder / "index.html"
	page.write_text("first")
	ask = pages(scene, f"""root {folder};
		location /fresh {{ alias {folder}/; add_header Cache-Control
		    "public, max-age=600"; }}
		location /stale {{ alias {folder}/; add_header Cache-Control
		    "public, max-age=0"; }}
		location /own {{ alias {folder}/; add_header Cache-Control
		    "private, max-age=600"; }}
		""", {"cache": "{maxObject: 64Ki}"})
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


if __name__ == "__main__":
	main()
