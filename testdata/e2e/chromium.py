"""A real browser: Chromium without a window, over the DevTools protocol by a
pair of pipes (--remote-debugging-pipe: a line of JSON each, ended by NUL).

    page = Chromium(scene, trusted=[certificate]).page()
    page.go("https://shop.example:8443/")
    page.wait("document.title == 'shop'", "the page is there")
"""

import base64
import fcntl
import hashlib
import itertools
import json
import os
import select
import shutil
import subprocess
import time

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from mesh import Skip, wait_until

NAMES = ("chromium", "chromium-headless-shell", "google-chrome")
PATIENCE = 30	# seconds; a cold start on a busy machine


def hash_of(path):
	"""Of a certificate's key, as the browser is told to trust it."""
	key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
	return base64.b64encode(hashlib.sha256(key.public_bytes(
	    serialization.Encoding.DER, serialization.PublicFormat.
	    SubjectPublicKeyInfo)).digest()).decode()


class Chromium:
	"""Every host is this machine, and of certificates the trusted ones hold."""

	def __init__(self, scene, trusted=()):
		program = next(filter(None, map(shutil.which, NAMES)), None)
		if program is None:
			raise Skip("no Chromium here: " + ", ".join(NAMES))
		self.scene = scene
		self.numbers, self.events, self.rest = itertools.count(1), [], b""
		ours, theirs = os.pipe(), os.pipe()	# to it, from it
		self.to, self.come = ours[1], theirs[0]
		ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in
		    (ours[0], theirs[1])]

		def place():
			"""They are 3 and 4 there, whatever they are here."""
			for number, end in enumerate(ends, 3):
				os.dup2(end, number)
		self.process = subprocess.Popen([program, "--headless",
		    "--no-sandbox", "--disable-gpu", "--no-first-run",
		    "--disable-dev-shm-usage", "--disable-background-networking",
		    "--remote-debugging-pipe", "--window-size=900,600",
		    f"--user-data-dir={scene.dir / 'chromium'}",
		    "--host-resolver-rules=MAP * 127.0.0.1",
		    "--ignore-certificate-errors-spki-list=" + ",".join(
		    map(hash_of, trusted)), "about:blank"],
		    pass_fds=(3, 4), preexec_fn=place,
		    stderr=subprocess.DEVNULL, env={**os.environ, "HOME":
		    str(scene.dir)})
		for end in (ours[0], theirs[1], *ends):
			os.close(end)
		scene.closing(self)

	def close(self):
		self.process.kill()
		self.process.wait()
		os.close(self.to)
		os.close(self.come)

	def read(self, deadline):
		while b"\0" not in self.rest:
			left = deadline - time.monotonic()
			ready = left > 0 and select.select([self.come], [], [], left)[0]
			data = os.read(self.come, 1 << 16) if ready else b""
			if not data:
				raise AssertionError("the browser says nothing")
			self.rest += data
		line, self.rest = self.rest.split(b"\0", 1)
		return json.loads(line)

	def ask(self, method, session=None, **params):
		number, deadline = next(self.numbers), time.monotonic() + PATIENCE
		said = {"id": number, "method": method, "params": params}
		if session:
			said["sessionId"] = session
		os.write(self.to, json.dumps(said).encode() + b"\0")
		while True:
			answer = self.read(deadline)
			if answer.get("id") != number:
				self.events.append(answer)
				continue
			assert "error" not in answer, (method, answer["error"])
			return answer["result"]

	def page(self):
		"""In a window whose cookies are no other's."""
		context = self.ask("Target.createBrowserContext")
		target = self.ask("Target.createTarget", url="about:blank", **context)
		return Page(self, self.ask("Target.attachToTarget", flatten=True,
		    **target)["sessionId"])


class Page:
	def __init__(self, browser, session):
		self.browser, self.session = browser, session
		self.ask("Page.enable")

	def ask(self, method, **params):
		return self.browser.ask(method, self.session, **params)

	def go(self, url):
		said = self.ask("Page.navigate", url=url)
		assert "errorText" not in said, said

	def run(self, script):
		"""What a line of JavaScript gives; a promise is waited for."""
		said = self.ask("Runtime.evaluate", expression=script,
		    returnByValue=True, awaitPromise=True)
		assert "exceptionDetails" not in said, (script, said)
		return said["result"].get("value")

	def wait(self, script, what):
		def is_so():
			try:
				return self.run(f"document.readyState == 'complete' && "
				    f"!!({script})")
			except AssertionError:
				return False	# between two pages
		wait_until(is_so, what, timeout=PATIENCE)

	@property
	def text(self):
		return self.run("document.body.innerText")

	@property
	def url(self):
		return self.run("location.href")

	def click(self, selector):
		"""By a mouse, where it stands."""
		spot = self.run(f"(r => [r.x + r.width / 2, r.y + r.height / 2])("
		    f"document.querySelector('{selector}')."
		    f"getBoundingClientRect())")
		for kind in ("mousePressed", "mouseReleased"):
			self.ask("Input.dispatchMouseEvent", type=kind, x=spot[0],
			    y=spot[1], button="left", clickCount=1)

	def write(self, selector, text):
		self.click(selector)
		self.ask("Input.insertText", text=text)

	def cookies(self, url):
		"""All that it holds for that address, by name."""
		return {one["name"]: one for one in self.ask("Network.getCookies",
		    urls=[url])["cookies"]}

	def picture(self, path):
		path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot")
		    ["data"]))
		return path
