"""A Gateway at which people log in, and the browsers that come to it."""

import base64
import collections
import urllib.parse

from gateway import Gateway, gateway, route, secret, service
from mesh import curl, free_port, wait_until
from outside import Authority
from tokens import LoginProvider

HOST = "shop.example"
SECRET = ("---\napiVersion: v1\nkind: Secret\nmetadata: {name: oidc}\n"
    "data: {client-secret: %s}\n")


def login(provider, more="", target="kind: Gateway, name: edge",
    name="people"):
	"""An OIDCLogin; more are further fields of its spec."""
	return (f"---\napiVersion: mesh/v1\nkind: OIDCLogin\n"
	    f"metadata: {{name: {name}}}\nspec:\n"
	    f"  targetRefs: [{{group: gateway.networking.k8s.io, {target}}}]\n"
	    f"  provider: {{issuer: \"{provider.url}\"}}\n"
	    f"  clientID: {provider.client}\n  clientSecret: {{name: oidc}}\n"
	    f"  scopes: [groups]\n{more}")


class Browser:
	"""curl with a memory for cookies, host by host.

	curl's own jar brings back what an answer has just ended, and its -b
	leaves out what is beyond 8,190 bytes (7.88).
	"""

	def __init__(self, *options):
		self.options = options
		self.cookies = collections.defaultdict(dict)

	def get(self, url, follow=True, more=()):
		while True:
			where = urllib.parse.urlsplit(url)
			held = self.cookies[where.hostname]
			answer = curl(url, *self.options, *more, "--path-as-is",
			    "-H", "Accept: text/html,*/*", *self.crumbs(held))
			for line in answer.head.splitlines():
				field, _, value = line.partition(": ")
				if field.lower() == "set-cookie":
					self.hold(held, value)
			led = answer.header("location")
			if not follow or led is None:
				return answer
			url = urllib.parse.urljoin(url, led)

	def crumbs(self, held):
		"""A field for each, as browsers do it (RFC 9113, section 8.2.3), but
		for HTTP/1."""
		pairs = [f"{name}={value}" for name, value in held.items()]
		if "--http1.1" in self.options:
			pairs = ["; ".join(pairs)] if pairs else []
		return [word for pair in pairs for word in ("-H",
		    f"Cookie: {pair}")]

	def hold(self, held, line):
		pair, *attributes = line.strip().split("; ")
		name, _, value = pair.partition("=")
		assert {"Path=/", "HttpOnly", "Secure", "SameSite=Lax"} <= \
		    set(attributes), line
		if "Max-Age=0" in attributes:
			held.pop(name, None)
		else:
			held[name] = value


class Shop:
	"""A Gateway with a login, and browsers that come to it."""

	def __init__(self, scene, documents="", more="", logins=None,
	    routes=None, login_at="/plain"):
		"""logins: instead of one for all, made of self; routes likewise."""
		self.scene, self.providers = scene, []
		self.authority = Authority(scene)
		self.provider = self.another_provider()
		self.port, self.plain = free_port(), free_port()
		self.url = f"https://{HOST}:{self.port}"
		app = scene.echo("app")
		self.text = gateway(["name: https, port: %d, protocol: HTTPS, "
		    "hostname: %s, tls: {certificateRefs: [{name: cert}]}" %
		    (self.port, HOST), f"name: http, port: {self.plain}, "
		    "protocol: HTTP"]) + secret("cert", self.authority.sign(
		    "shop", f"DNS:{HOST}")) + service("web", app.http_port) + \
		    (routes or route("web", "web")) + SECRET % base64.b64encode(
		    self.provider.secret.encode()).decode() + \
		    (logins(self) if logins else login(self.provider, more)) + \
		    documents
		self.edge = Gateway(scene, self.text, options=("--ca-file",
		    self.authority.path, "--hosts-file", scene.file("hosts",
		    "127.0.0.1 idp.example\n")))
		self.options = ("--cacert", self.authority.path, "--resolve",
		    f"{HOST}:{self.port}:127.0.0.1", *(option for provider in
		    self.providers for option in ("--resolve",
		    f"idp.example:{provider.port}:127.0.0.1")))
		wait_until(lambda: self.browser().get(self.url + login_at,
		    follow=False).status == 302, "the provider is known")
		self.one = self.browser()

	def another_provider(self):
		self.providers.append(LoginProvider(self.scene, self.authority.sign(
		    f"idp{len(self.providers)}", "DNS:idp.example")))
		return self.providers[-1]

	def browser(self, *more):
		return Browser(*self.options, *more)

	def browse(self, path, follow=True, more=()):
		return self.one.get(self.url + path, follow, more)

	def begin(self, path="/plain", browser=None):
		"""The address that a provider sends somebody back to."""
		begun = (browser or self.one).get(self.url + path, follow=False)
		assert begun.status == 302, begun.head
		return curl(begun.header("location"), *self.options).header(
		    "location")

	def log_in_briefly(self):
		"""A new browser, whose session has to be renewed in three seconds."""
		def logs_in():
			# The token has to be verified in two, times being off by a minute.
			self.one = self.browser()
			return self.one.get(self.begin(), follow=False).status == 302

		self.provider.lifetime = -58
		wait_until(logs_in, "somebody logs in in time")
		self.provider.lifetime = 600
		self.provider.asked.clear()
		return self.one

	def curl(self, path, *options):
		return curl(self.url + path, *self.options, *options)
