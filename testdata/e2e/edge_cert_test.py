#!/usr/bin/python3
"""Certificates that a gateway shows: which of them to whom, and new ones.

The clients are openssl's s_client and Python's, which is OpenSSL too.
"""

import re
import subprocess
import threading

from gateway import (Gateway, certificate, gateway, route, secret, service,
    trust)
from h2_peer import Peer
from h2_tls import Secure
from h2_wire import END_HEADERS, END_STREAM, block, headers, request
from mesh import curl, free_port, main, scenario, wait_until
from outside import Authority

HOST = "shop.example"


def s_client(port, *options, name=HOST, say=""):
	"""What openssl says about a handshake."""
	sni = ("-servername", name) if name else ("-noservername",)
	done = subprocess.run(["openssl", "s_client", "-connect",
	    f"127.0.0.1:{port}", *sni, *map(str, options)], text=True,
	    capture_output=True, input=say, check=False, timeout=30)
	return done.stdout + done.stderr


def kind_of(said):
	found = re.search(r"^Peer signature type: (\S+)$", said, re.M)
	return found and found[1]


def subject_of(said):
	found = re.search(r"^subject=(.*)$", said, re.M)
	return found and found[1].replace(" ", "")


def https(port, *secrets, name="https", hostname=""):
	refs = ", ".join(f"{{name: {one}}}" for one in secrets)
	host = f', hostname: "{hostname}"' if hostname else ""
	return (f"name: {name}, protocol: HTTPS, port: {port}{host}, "
	    f"tls: {{certificateRefs: [{refs}]}}")


def rewrite(scene, pair, *how):
	"""The same pair with its key in another format."""
	path = scene.dir / f"{pair[1].stem}.other"
	subprocess.run(["openssl", *how, "-in", str(pair[1]), "-out", str(path)],
	    check=True, capture_output=True)
	return pair[0], path


@scenario
def of_two_kinds_the_client_s_hello_chooses(scene):
	port, app = free_port(), scene.echo("web")
	Gateway(scene, gateway([https(port, "rsa", "ec")]) +
	    secret("rsa", certificate(scene, "rsa", HOST, kind="rsa")) +
	    secret("ec", certificate(scene, "ec", HOST)) +
	    route("web", "web") + service("web", app.http_port))
	for want, options in (
	    # One that takes both gets the first.
	    ("RSA", ()), ("RSA", ("-tls1_2",)),
	    ("ECDSA", ("-sigalgs", "ECDSA+SHA256")),
	    ("RSA", ("-sigalgs", "RSA+SHA256")),
	    ("ECDSA", ("-sigalgs", "ECDSA+SHA256:RSA+SHA512")),
	    ("RSA", ("-sigalgs", "ECDSA+SHA384:RSA+SHA256")),
	    ("ECDSA", ("-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256")),
	    ("ECDSA", ("-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305")),
	    ("RSA", ("-cipher", "ECDHE-RSA-AES128-GCM-SHA256")),
	    ("RSA", ("-cipher", "ECDHE-RSA-CHACHA20-POLY1305"))):
		said = s_client(port, *options)
		assert kind_of(said) == want, (options, said[-2000:])
	for options in (("-tls1_3",), ("-tls1_1", "-cipher", "ALL@SECLEVEL=0"),
	    ("-cipher", "AES128-SHA"), ("-cipher", "ECDHE-RSA-AES128-SHA")):
		said = s_client(port, *options)
		assert "Cipher is (NONE)" in said, (options, said)


@scenario
def names_choose_and_keys_come_as_people_have_them(scene):
	"""PKCS #8, PKCS #1 and SEC 1; exact names, wildcards, and no name."""
	port, app = free_port(), scene.echo("web")
	pairs = {
	    "exact": rewrite(scene, certificate(scene, "exact", "a.example.com"),
	        "ec"),
	    "wild": rewrite(scene, certificate(scene, "wild", "*.example.com",
	        kind="rsa"), "rsa", "-traditional"),
	    "large": certificate(scene, "large", "large.example.org",
	        kind="rsa:4096"),
	    "any": certificate(scene, "any", "any.example")}
	for name, label in (("exact", "EC PRIVATE KEY"),
	    ("wild", "RSA PRIVATE KEY"), ("large", "BEGIN PRIVATE KEY")):
		assert label in pairs[name][1].read_text(), name
	Gateway(scene, gateway([
	    https(port, "exact", name="exact", hostname="a.example.com"),
	    https(port, "wild", name="wild", hostname="*.example.com"),
	    https(port, "large", "any", name="rest")]) +
	    "".join(secret(*one) for one in pairs.items()) +
	    route("web", "web") + service("web", app.http_port))
	for name, want in (("a.example.com", "exact"), ("b.example.com", "wild"),
	    ("A.EXAMPLE.COM", "exact"), ("large.example.org", "large"),
	    ("any.example", "any"), ("else.example", "large"), ("", "large")):
		assert subject_of(s_client(port, name=name)) == f"CN={want}", name


@scenario
def intermediates_are_shown_with_it(scene):
	port, app = free_port(), scene.echo("web")
	root = Authority(scene)
	inner = Authority.__new__(Authority)
	inner.scene = scene
	inner.path, inner.key = root.sign("inner",
	    more="basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n")
	cert, key = inner.sign("leaf", f"DNS:{HOST}")
	chain = scene.file("chain.pem", cert.read_text() + inner.pem)
	Gateway(scene, gateway([https(port, "chain")]) +
	    secret("chain", (chain, key)) + route("web", "web") +
	    service("web", app.http_port))
	said = s_client(port, "-CAfile", root.path, "-verify_hostname", HOST)
	assert "Verify return code: 0 (ok)" in said, said


class Callers(threading.Thread):
	"""A client that makes a connection for each request, and keeps count."""

	def __init__(self, edge, port, certs):
		super().__init__(daemon=True)
		self.edge, self.port, self.tls = edge, port, trust(*certs)
		self.good, self.wrong, self.is_over = 0, [], False

	def run(self):
		while not self.is_over:
			try:
				with self.edge.client(self.port, HOST,
				    self.tls) as client:
					status = client.request(host=HOST).status
				self.good += status == 200
				if status != 200:
					self.wrong.append(status)
			except OSError as why:
				self.wrong.append(repr(why))


@scenario
def a_thousand_requests_while_the_secret_changes(scene):
	port, app = free_port(), scene.echo("web")
	pairs = [certificate(scene, f"c{i}", HOST, kind=("ec", "rsa")[i % 2])
	    for i in range(4)]
	edge = Gateway(scene, gateway([https(port, "cert")]) +
	    route("web", "web") + service("web", app.http_port))
	edge.write("secret", secret("cert", pairs[0]))
	wait_until(lambda: subject_of(s_client(port)) == "CN=c0", "it is shown")
	kept = edge.client(port, HOST, trust(pairs[0][0]))
	assert kept.request(host=HOST).status == 200
	callers = [Callers(edge, port, [pair[0] for pair in pairs])
	    for _ in range(2)]
	for one in callers:
		one.start()
	changes = 0
	while sum(one.good for one in callers) < 1000 or changes < 4:
		changes += 1
		number = changes % 4
		edge.write("secret", secret("cert", pairs[number]))
		wait_until(lambda want=number: subject_of(s_client(port)) ==
		    f"CN=c{want}", "the new one is shown")
		# The connection that was made under the first lives on.
		assert kept.request(host=HOST).status == 200
		assert not any(one.wrong for one in callers), callers[0].wrong
	for one in callers:
		one.is_over = True
	for one in callers:
		one.join()
		assert not one.wrong, one.wrong
	kept.close()


@scenario
def a_bad_secret_harms_itself_alone(scene):
	"""Of several at one listener, and of several listeners."""
	port, app = free_port(), scene.echo("web")
	good = certificate(scene, "good", HOST)
	other = certificate(scene, "other", "other.example", kind="rsa")
	# The key of another certificate.
	spoilt = good[0], certificate(scene, "else", "else.example")[1]
	edge = Gateway(scene, gateway([
	    https(port, "spoilt", "good", "absent", name="a", hostname=HOST),
	    https(port, "other", name="b", hostname="other.example"),
	    https(port, "spoilt", name="c", hostname="third.example")]) +
	    secret("good", good) + secret("other", other) +
	    secret("spoilt", spoilt).replace("type: kubernetes.io/tls\n", "") +
	    route("web", "web") + service("web", app.http_port))
	assert subject_of(s_client(port)) == "CN=good"
	assert subject_of(s_client(port, name="other.example")) == "CN=other"
	said = s_client(port, name="third.example")
	assert "unrecognized name" in said, said
	for text in ("listener a: Secret default/spoilt: tls.key: the key is not "
	    "the one of the certificate", "listener a: there is no Secret "
	    "default/absent", "listener c: Secret default/spoilt"):
		assert text in edge.err(), (text, edge.err())
	with edge.client(port, "other.example", trust(other[0])) as client:
		assert client.request(host="other.example").status == 200


@scenario
def a_browser_s_version_says_nothing_of_the_application(scene):
	"""Which does not say what it speaks: by ALPN a caller says what it can."""
	port, app = free_port(), scene.echo("web")
	pair = certificate(scene, "cert", HOST)
	auto = service("web", app.http_port).replace("appProtocol: http", "appProtocol: auto")
	assert "appProtocol: auto" in auto, auto
	Gateway(scene, gateway([https(port, "cert")]) + secret("cert", pair) +
	    route("web", "web") + auto)
	done = curl(f"https://{HOST}:{port}/plain", "--http2", "--cacert", pair[0],
	    "--resolve", f"{HOST}:{port}:127.0.0.1")
	assert done.status == 200 and done.head.startswith("HTTP/2 200"), done.head


@scenario
def what_is_agreed_on_over_tls(scene):
	"""ALPN (RFC 7301) and what RFC 9113, section 9.2 asks of TLS 1.2."""
	port, app = free_port(), scene.echo("web")
	pair = certificate(scene, "cert", HOST)
	edge = Gateway(scene, gateway([https(port, "cert")]) +
	    secret("cert", pair) + route("web", "web") +
	    service("web", app.http_port))
	for offer, want in (("h2", "h2"), ("http/1.1", "http/1.1"),
	    ("http/1.1,h2", "h2"), ("h2,http/1.1", "h2"),
	    ("spdy/3,http/1.1", "http/1.1"), ("http/1.0,h2", "h2")):
		said = s_client(port, "-alpn", offer)
		assert f"ALPN protocol: {want}\n" in said, (offer, said)
	# Nothing in common: a fatal no_application_protocol (section 3.2).
	for offer in ("spdy/3", "H2", "h2c", "http/1.10"):
		said = s_client(port, "-alpn", offer)
		assert "no application protocol" in said, (offer, said)
	# Nothing offered is HTTP/1.
	assert "No ALPN negotiated" in s_client(port)
	with edge.client(port, HOST, trust(pair[0])) as client:
		assert client.request(host=HOST).status == 200
	# Section 9.2.1: no compression, no renegotiation.
	said = s_client(port, "-comp")
	assert "Compression: NONE" in said, said
	assert "Secure Renegotiation IS supported" in said, said
	end_by_renegotiation(port)
	# Section 9.2.2: only suites that are not in the list of bad ones.
	for suite in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA256",
	    "ECDHE-ECDSA-AES256-SHA", "DHE-RSA-AES128-GCM-SHA256", "NULL"):
		assert "Cipher is (NONE)" in s_client(port, "-alpn", "h2",
		    "-cipher", f"{suite}:@SECLEVEL=0"), suite


def end_by_renegotiation(port):
	"""Asks for another handshake and says nothing else; waits for the end,
	which only the server can bring about."""
	with subprocess.Popen(["openssl", "s_client", "-connect",
	    f"127.0.0.1:{port}", "-servername", HOST], text=True,
	    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
	    stderr=subprocess.STDOUT) as client:
		client.stdin.write("R\n")
		client.stdin.flush()
		try:
			client.wait(timeout=20)
		finally:
			client.kill()
		assert "RENEGOTIATING" in client.stdout.read()


@scenario
def a_coalesced_connection_is_told(scene):
	"""RFC 9113, section 9.1.2: 421 for a host of another certificate."""
	port, app = free_port(), scene.echo("web")
	pairs = {name: certificate(scene, name, f"{name}.example")
	    for name in ("one", "two")}
	Gateway(scene, gateway([https(port, name, name=name,
	    hostname=f"{name}.example") for name in pairs]) +
	    "".join(secret(*one) for one in pairs.items()) +
	    route("web", "web") + service("web", app.http_port))
	tls = trust(*(pair[0] for pair in pairs.values()))
	tls.set_alpn_protocols(["h2"])
	with Peer(Secure(port, tls, "one.example")) as peer:
		for stream, host, want in ((1, "one.example", 200),
		    (3, "two.example", 421), (5, "one.example", 200)):
			peer.send(headers(stream, block(*request(host=host)),
			    END_HEADERS | END_STREAM))
			assert peer.read_reply(stream).status == want, host


if __name__ == "__main__":
	main()
