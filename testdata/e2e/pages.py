"""Pages behind a proxy with filters, and who asks for them."""

from mesh import curl, wait_until


def pages(scene, origin, filters, path="/"):
	"""What stands at origin ("ADDR:PORT") behind a proxy with these filters
	inbound; gives ask(path, options of curl), and that proxy."""
	control = scene.control()
	control.apply("apiVersion: mesh/v1\nkind: MeshConfig\n"
	    "metadata: {name: default}\nspec:\n  chains:\n    inbound:\n" +
	    "".join(f"    - {{name: {name}, config: {config}}}\n"
	    for name, config in filters.items()))
	proxy = scene.proxy("pages", control=control, service="default/pages",
	    apps=[f"80={origin}/http"]).await_ready()
	echo = scene.echo("web-app")
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"80={echo.http}/http"]).await_ready()

	def ask(path, *options):
		return curl(f"{web.outbound}{path}", "-H",
		    "Host: pages.default.mesh", *options)

	wait_until(lambda: ask(path).status == 200, "pages answer")
	return ask, proxy


def field(reply, name):
	for line in reply.head.splitlines():
		if line.lower().startswith(name + ":"):
			return line.split(":", 1)[1].strip()
	return None
