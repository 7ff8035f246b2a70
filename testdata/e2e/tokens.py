"""Somebody who gives out tokens, for the scenarios about them."""

import base64
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

URL = "https://idp.example"


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
