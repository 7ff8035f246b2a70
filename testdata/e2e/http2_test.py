#!/usr/bin/env python3
# timeout: 120
"""HTTP/2 in front of a proxy: real clients, and services that speak HTTP/1."""

import re
import subprocess

from mesh import curl, main, scenario, wait_until

H2 = "--http2-prior-knowledge"


def pair(scene):
	"""A service with an echo behind it and a caller; gives the caller."""
	control = scene.control()
	app = scene.echo("app")
	scene.proxy("app", control=control, service="default/app",
	    apps=[f"80={app.http}/http"]).await_ready()
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={scene.echo('web-app').http}/http"]).await_ready()
	wait_until(lambda: curl(f"{web.outbound}/", "-H",
	    "Host: app.default.mesh").status == 200, "app answers")
	return web


@scenario
def curl_speaks_http2_by_prior_knowledge(scene):
	web = pair(scene)
	host = ("-H", "Host: app.default.mesh")
	reply = curl(f"{web.outbound}/x?y=z", H2, *host)
	assert reply.status == 200, reply.head
	assert reply.head.startswith("HTTP/2 200"), reply.head
	body = scene.file("body", "b" * 300000)
	posted = curl(f"{web.outbound}/echo", H2, *host, "--data-binary",
	    f"@{body}")
	assert posted.status == 200, posted.head
	# An upgrade from HTTP/1 is not taken.
	upgrade = curl(f"{web.outbound}/", "--http2", *host)
	assert upgrade.head.startswith("HTTP/1.1 200"), upgrade.head
	missing = curl(f"{web.outbound}/", H2, "-H", "Host: nobody.default.mesh")
	assert missing.head.startswith("HTTP/2 404"), missing.head


@scenario
def h2load_loses_nothing(scene):
	web = pair(scene)
	done = subprocess.run(["h2load", "-n", "5000", "-c", "4", "-m", "32",
	    "-H", ":authority: app.default.mesh", f"{web.outbound}/"],
	    capture_output=True, text=True, timeout=60, check=True)
	assert re.search(r"5000 succeeded, 0 failed, 0 errored", done.stdout), \
	    done.stdout
	assert re.search(r"status codes: 5000 2xx", done.stdout), done.stdout


if __name__ == "__main__":
	main()
