"""Somebody who gives out tokens, for the scenarios about them."""

import base64
import collections
import hashlib
import html
import http.server
import json
import secrets
import ssl
import threading
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

from outside import Authority
from policies import policy

URL = "https://idp.example"
# The words of Istio's documentation for "a token is required".
REQUIRED = policy("required", """
  action: DENY
  rules: [{from: [{source: {notRequestPrincipals: ["*"]}}]}]
""")


def encode(data):
	if not isinstance(data, bytes):
		data = json.dumps(data).encode()
	return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
	return encode(value.to_bytes(size or (value.bit_length() + 7) // 8,
	    "big"))


class Issuer:
	"""An issuer with one key; kind is RS256 or ES256."""

	def __init__(self, url=URL, kind="ES256", kid="one"):
		self.url, self.kind, self.kid = url, kind, kid
		self.renew(kid)

	def renew(self, kid):
		self.kid = kid
		self.key = rsa.generate_private_key(65537, 2048) \
		    if self.kind == "RS256" else \
		    ec.generate_private_key(ec.SECP256R1())
		return self

	@property
	def jwks(self):
		public = self.key.public_key().public_numbers()
		made = {"kid": self.kid, "alg": self.kind, "use": "sig"}
		if self.kind == "RS256":
			made.update(kty="RSA", n=number(public.n), e=number(public.e))
		else:
			made.update(kty="EC", crv="P-256", x=number(public.x, 32),
			    y=number(public.y, 32))
		return json.dumps({"keys": [made]})

	def sign(self, data):
		if self.kind == "RS256":
			return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
		r, s = utils.decode_dss_signature(self.key.sign(data,
		    ec.ECDSA(hashes.SHA256())))
		return r.to_bytes(32, "big") + s.to_bytes(32, "big")

	def token(self, sub="ann", lifetime=600, **claims):
		"""Claims that are None are left out."""
		said = {"iss": self.url, "sub": sub, "iat": int(time.time()),
		    "exp": int(time.time()) + lifetime, **claims}
		text = encode({"alg": self.kind, "kid": self.kid, "typ": "JWT"}) + \
		    "." + encode({name: value for name, value in said.items()
		    if value is not None})
		return text + "." + encode(self.sign(text.encode()))


def authentication(rules, name="tokens", spec="", namespace="default"):
	"""A RequestAuthentication; rules are dictionaries."""
	return (f"---\napiVersion: security.istio.io/v1\n"
	    f"kind: RequestAuthentication\nmetadata: {{name: {name}, namespace: "
	    f"{namespace}}}\nspec:\n{spec}  jwtRules: {json.dumps(rules)}\n")


def bearer(token):
	return {"Authorization": f"Bearer {token}"}


class Provider(Issuer):
	"""An issuer that publishes its keys, over TLS, as OpenID providers do."""

	def __init__(self, scene, pair, host="idp.example", **options):
		self.asked = collections.Counter()
		self.is_down = False
		self.max_age = None
		self.said = {}	# of itself, instead of what is true
		provider = self

		class Handler(http.server.BaseHTTPRequestHandler):
			protocol_version = "HTTP/1.1"

			def log_message(self, *_):
				pass

			def do_GET(self):
				provider.get(self)

			def do_POST(self):
				provider.post(self)
		self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
		    Handler)
		# Who does not trust it goes away, which is no news.
		self.server.handle_error = lambda *_: None
		tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
		tls.load_cert_chain(*map(str, pair))
		self.server.socket = tls.wrap_socket(self.server.socket,
		    server_side=True, do_handshake_on_connect=False)
		self.port = self.server.server_address[1]
		super().__init__(f"https://{host}:{self.port}", **options)
		threading.Thread(target=self.server.serve_forever,
		    daemon=True).start()
		scene.closing(self)

	def close(self):
		self.server.shutdown()
		self.server.server_close()

	@property
	def configuration(self):
		return {"issuer": self.url, "jwks_uri": f"{self.url}/keys",
		    "authorization_endpoint": f"{self.url}/authorize",
		    "token_endpoint": f"{self.url}/token",
		    "end_session_endpoint": f"{self.url}/logout", **self.said}

	def reply(self, request, status, body=b"", **fields):
		request.send_response(status)
		for name, value in fields.items():
			request.send_header(name.replace("_", "-"), value)
		request.send_header("Content-Length", str(len(body)))
		request.end_headers()
		request.wfile.write(body)

	def get(self, request):
		path = request.path.split("?")[0]
		self.asked[path] += 1
		said = {"/keys": lambda: self.jwks,
		    "/.well-known/openid-configuration":
		    lambda: json.dumps(self.configuration)}
		if self.is_down or path not in said:
			self.reply(request, 503 if self.is_down else 404)
			return
		fields = {} if self.max_age is None else \
		    {"Cache_Control": f"max-age={self.max_age}"}
		self.reply(request, 200, said[path]().encode(),
		    Content_Type="application/json", **fields)

	def post(self, request):
		self.reply(request, 404)


def published(scene, authority=None, **options):
	"""A provider whose certificate is good, and who verifies it.

	Gives the provider and options of a proxy.
	"""
	authority = authority or Authority(scene)
	provider = Provider(scene, authority.sign("idp", "DNS:idp.example"),
	    **options)
	hosts = scene.file("hosts", "127.0.0.1 idp.example\n")
	return provider, ["--ca-file", authority.path, "--hosts-file", hosts]


FORM = """<!doctype html><meta charset="utf-8"><title>log in</title>
<form method="post" action="/login?%s"><p>Who are you?<p><input name="user">
<p><input name="password" type="password"><p><button>Log in</button></form>"""


class LoginProvider(Provider):
	"""One that people log in at: everybody is ann, at once; or whoever says so
	in a form, with the password."""

	client, secret, password = "shop/web", "s3cret: %&", "hunter2"

	def __init__(self, scene, pair, **options):
		self.codes = {}
		self.refresh = self.access = None
		self.lifetime = 600	# of tokens for a code, not for a refresh
		self.claims = {}
		self.forged = {}	# what an evil provider says instead
		self.has_form = False
		self.gate = threading.Event()	# until then nobody is refreshed
		self.gate.set()
		super().__init__(scene, pair, **options)

	def get(self, request):
		url = urllib.parse.urlsplit(request.path)
		asked = dict(urllib.parse.parse_qsl(url.query))
		if url.path == "/logout":
			self.reply(request, 200, b"bye")
		elif url.path != "/authorize":
			super().get(request)
		elif asked.get("client_id") != self.client or asked.get(
		    "response_type") != "code" or asked.get(
		    "code_challenge_method") != "S256" or \
		    "openid" not in asked["scope"].split():
			self.reply(request, 400)
		else:
			self.asked["/authorize"] += 1
			if self.has_form:
				self.reply(request, 200, (FORM % html.escape(
				    url.query)).encode(), Content_Type="text/html")
			else:
				self.lead_back(request, asked, "ann")

	def lead_back(self, request, asked, who):
		code = secrets.token_urlsafe()
		self.codes[code] = {**asked, "sub": who}
		self.reply(request, 303, Location=asked["redirect_uri"] + "?" +
		    urllib.parse.urlencode({"code": code, "state":
		    asked["state"]}))

	def post(self, request):
		form = dict(urllib.parse.parse_qsl(request.rfile.read(int(
		    request.headers["Content-Length"])).decode()))
		url = urllib.parse.urlsplit(request.path)
		if url.path == "/login":
			if form.get("password") == self.password:
				self.lead_back(request, dict(urllib.parse.parse_qsl(
				    url.query)), form["user"])
			else:
				self.reply(request, 403, b"who?")
			return
		self.asked[form.get("grant_type")] += 1
		if self.is_down:
			self.reply(request, 503)
			return
		kind, _, pair = request.headers["Authorization"].partition(" ")
		given = [urllib.parse.unquote(part) for part in
		    base64.b64decode(pair).decode().split(":")]
		answer = None
		if (kind, *given) == ("Basic", self.client, self.secret):
			answer = self.tokens(form)
		self.reply(request, 200 if answer else 400, json.dumps(answer or
		    {"error": "invalid_grant"}).encode(),
		    Content_Type="application/json")

	def tokens(self, form):
		nonce, lifetime = {}, 600
		if form["grant_type"] == "authorization_code":
			lifetime = self.lifetime
			asked = self.codes.pop(form["code"], None)
			challenge = encode(hashlib.sha256(
			    form["code_verifier"].encode()).digest())
			if asked is None or asked["code_challenge"] != challenge or \
			    asked["redirect_uri"] != form["redirect_uri"]:
				return None
			nonce = {"nonce": asked["nonce"], "sub": asked["sub"]}
		else:
			self.gate.wait(timeout=20)
			if form["refresh_token"] != self.refresh:
				self.refresh = None	# stolen: it ends the session
				return None
		self.refresh = secrets.token_urlsafe()
		self.access = secrets.token_urlsafe()
		said = {"aud": self.client, **nonce, **self.claims, **self.forged}
		return {"access_token": self.access, "token_type": "Bearer",
		    "expires_in": lifetime, "refresh_token": self.refresh,
		    "id_token": self.token(lifetime=lifetime, **said)}
