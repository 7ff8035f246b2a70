#!/usr/bin/env python3
# timeout: 120
"""Filters of one chain, with real clients and servers around them."""

import gzip

from mesh import main, scenario
from pages import field, pages

TEXT = "all work and no play makes jack a dull boy " * 100


@scenario
def pages_come_compressed_to_who_takes_it(scene):
	folder = scene.dir / "www"
	folder.mkdir()
	(folder / "index.html").write_text(TEXT)
	(folder / "picture.png").write_text(TEXT)
	nginx = scene.nginx("origin", f"root {folder}; types {{ text/html html; "
	    "image/png png; }")
	ask, _ = pages(scene, nginx.http, {"compression": "{minimumSize: 1000}"})
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


if __name__ == "__main__":
	main()
