"""Clients and servers of the end-to-end scenarios, on raw sockets.

Nothing here knows the mesh, corrects anything or tries again.

  Client    an HTTP/1.1 or plain TCP connection: sends the bytes it is given,
            reads replies with their exact heads, framing taken off.
  get       one request on a connection of its own.
  exchange  one TCP exchange: send, end, read to the end.
  Backend   a server that does to each connection what a script says, and
            records the exact bytes that it saw.
  Relay     passes connections on to another address and records the bytes of
            both directions; can cut them.
  Load      steady requests from several threads, none of which is ever tried
            again; each failure is kept with its time and reason.
  Metrics   a scrape, to be asked by name and labels.

Addresses are a port of 127.0.0.1, "HOST:PORT", "[V6]:PORT", or the path of a
Unix socket.  Every operation has a deadline of ten seconds (longer under
sanitizers) unless told.
"""

import collections
import json
import re
import select
import socket
import struct
import threading
import time

DEADLINE = 10		# seconds; mesh.py sets it


def dial(address, timeout=None):
	"""Connects; gives the socket."""
	timeout = timeout or DEADLINE
	if isinstance(address, int):
		address = f"127.0.0.1:{address}"
	address = str(address)
	if "/" in address:
		sock = socket.socket(socket.AF_UNIX)
		sock.settimeout(timeout)
		sock.connect(address)
		return sock
	host, port = address.rsplit(":", 1)
	sock = socket.create_connection((host.strip("[]"), int(port)), timeout)
	sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
	return sock


def reset(sock):
	"""Closes so that the peer sees a reset, also while a thread reads it."""
	try:
		sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		    struct.pack("ii", 1, 0))
		sock.shutdown(socket.SHUT_RD)	# wakes the reader
	except OSError:
		pass
	sock.close()


class Malformed(ValueError):
	"""What came is not HTTP/1.1."""


class Ended(ConnectionError):
	"""The peer ended before a message was whole."""


class Message:
	"""A request or reply as it came.

	head is its exact bytes, fields a list of (name, value), body without its
	framing, trailers like fields; infos are the 1xx replies before a reply.
	"""

	def __init__(self, head):
		self.head = head
		self.body = b""
		self.trailers = []
		self.infos = []
		lines = head.decode("latin-1").split("\r\n")[:-2]
		self.first = lines[0]
		self.fields = []
		for line in lines[1:]:
			name, colon, value = line.partition(":")
			if not colon or not name or name != name.strip():
				raise Malformed(f"field {line!r}")
			self.fields.append((name, value.strip(" \t")))
		if self.first.startswith("HTTP/1."):
			self.status = int(self.first.split(" ", 2)[1])
		else:
			self.method, self.target, self.version = self.first.split(" ")

	def all(self, name):
		return [value for key, value in self.fields
		    if key.lower() == name.lower()]

	def get(self, name, default=None):
		return next(iter(self.all(name)), default)

	def text(self):
		return self.body.decode()

	def json(self):
		return json.loads(self.body)


class Stream:
	"""A socket read with a buffer; seen is every byte that was received."""

	def __init__(self, sock, timeout=None):
		self.sock = sock
		self.sock.settimeout(timeout or DEADLINE)
		self.buffer = bytearray()
		self.seen = bytearray()

	def fill(self):
		"""Receives once; gives whether there was anything but the end."""
		data = self.sock.recv(65536)
		self.buffer += data
		self.seen += data
		return bool(data)

	def take(self, n):
		data = bytes(self.buffer[:n])
		del self.buffer[:n]
		return data

	def read(self, n):
		"""Exactly n bytes."""
		while len(self.buffer) < n:
			if not self.fill():
				raise Ended(f"{len(self.buffer)} of {n} bytes")
		return self.take(n)

	def read_until(self, mark):
		start = 0
		while (at := self.buffer.find(mark, start)) < 0:
			start = max(0, len(self.buffer) - len(mark))
			if not self.fill():
				raise Ended(f"after {bytes(self.buffer[:200])!r}")
		return self.take(at + len(mark))

	def read_to_end(self):
		while self.fill():
			pass
		return self.take(len(self.buffer))

	def read_chunked(self, message):
		while True:
			line = self.read_until(b"\r\n")
			size = line.split(b";")[0].strip()
			if not re.fullmatch(rb"[0-9a-fA-F]+", size):
				raise Malformed(f"chunk size {line!r}")
			if int(size, 16) == 0:
				break
			message.body += self.read(int(size, 16))
			if self.read(2) != b"\r\n":
				raise Malformed("a chunk does not end with its size")
		while (line := self.read_until(b"\r\n")) != b"\r\n":
			name, _, value = line.decode("latin-1").partition(":")
			message.trailers.append((name, value.strip()))

	def read_body(self, message, to_end):
		codings = message.all("transfer-encoding")
		lengths = message.all("content-length")
		if codings and lengths:
			raise Malformed("both Transfer-Encoding and Content-Length")
		if codings:
			if [coding.lower() for coding in codings] != ["chunked"]:
				raise Malformed(f"Transfer-Encoding {codings}")
			self.read_chunked(message)
		elif lengths:
			if len(set(lengths)) > 1 or not lengths[0].isdecimal():
				raise Malformed(f"Content-Length {lengths}")
			message.body = self.read(int(lengths[0]))
		elif to_end:
			message.body = self.read_to_end()

	def send(self, data):
		self.sock.sendall(data)

	def end(self):
		"""Ends our direction."""
		self.sock.shutdown(socket.SHUT_WR)

	def reset(self):
		reset(self.sock)

	def close(self):
		self.sock.close()

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()


def build(method, target, host, fields=(), body=None, chunked=False):
	"""A well-formed request as bytes; body is bytes, or parts if chunked."""
	head = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
	head += [f"{name}: {value}" for name, value in
	    (fields.items() if isinstance(fields, dict) else fields)]
	content = b""
	if chunked:
		head.append("Transfer-Encoding: chunked")
		parts = [body] if isinstance(body, bytes) else body or []
		content = b"".join(b"%x\r\n%s\r\n" % (len(part), part)
		    for part in parts if part) + b"0\r\n\r\n"
	elif body is not None:
		head.append(f"Content-Length: {len(body)}")
		content = body
	return "\r\n".join(head).encode("latin-1") + b"\r\n\r\n" + content


class Client(Stream):
	"""A connection to address, or one that stands already; tls is
	(ssl.SSLContext, server name)."""

	def __init__(self, address, tls=None, timeout=None):
		sock = address if isinstance(address, socket.socket) else \
		    dial(address, timeout)
		if tls:
			sock = tls[0].wrap_socket(sock, server_hostname=tls[1])
		super().__init__(sock, timeout)

	def read_reply(self, method="GET"):
		"""The next final reply, with the 1xx ones before it in infos."""
		infos = []
		while True:
			reply = Message(self.read_until(b"\r\n\r\n"))
			if reply.status >= 200:
				break
			infos.append(reply)
			if reply.status == 101:
				return reply
		reply.infos = infos
		if method != "HEAD" and reply.status not in (204, 304):
			self.read_body(reply, to_end=True)
		return reply

	def request(self, target="/", method="GET", host="test", **options):
		"""Sends one request (see build) and reads its reply."""
		self.send(build(method, target, host, **options))
		return self.read_reply(method)

	def is_ended(self):
		"""Whether the peer has ended or reset, without waiting."""
		if not select.select([self.sock], [], [], 0)[0]:
			return False
		try:
			return not self.fill()
		except ConnectionError:
			return True

	def wait_end(self):
		"""Waits until the peer ends; "end" or "reset".  Bytes are kept."""
		try:
			while self.fill():
				pass
			return "end"
		except ConnectionResetError:
			return "reset"


def get(address, target="/", host="test", timeout=None, **options):
	"""One request on a connection of its own."""
	with Client(address, timeout=timeout) as client:
		fields = [*dict(options.pop("fields", {})).items(),
		    ("Connection", "close")]
		return client.request(target, host=host, fields=fields, **options)


def exchange(address, data, end=True, timeout=None):
	"""Sends data while reading; gives all that came until the peer's end.

	Raises ConnectionResetError if that was a reset.
	"""
	with Client(address, timeout=timeout) as client:
		def write():
			try:
				client.send(data)
				if end:
					client.end()
			except OSError:
				pass	# the reader finds out why
		writer = threading.Thread(target=write, daemon=True)
		writer.start()
		try:
			return client.read_to_end()
		finally:
			client.close()
			writer.join(timeout or DEADLINE)


class Backend:
	"""A server whose connections follow a script.

	script(connection) runs in a thread for each connection, numbered from 0 in
	connection.number; the connection closes when it returns.  Instead of a
	function it may be bytes: the answer to each request, or a list of bytes:
	the answers to one request after the other, on whatever connection.

	    backend = scene.backend(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
	    ...
	    assert backend.seen() == [b"GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n"]
	"""

	class Connection(Stream):
		"""As Stream; read_request takes one request from it."""

		def __init__(self, sock, number):
			super().__init__(sock)
			self.number = number
			self.requests = []
			self.error = None	# what ended the script

		def read_request(self):
			"""None when the peer ended between two requests."""
			if not self.buffer and not self.fill():
				return None
			message = Message(self.read_until(b"\r\n\r\n"))
			if message.get("expect", "").lower() == "100-continue":
				self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
			self.read_body(message, to_end=False)
			self.requests.append(message)
			return message

	def __init__(self, script, host="127.0.0.1", port=0):
		self.lock = threading.Lock()
		self.connections = []
		self.script = script if callable(script) else self.answer
		self.answers = None
		if not callable(script):
			self.answers = script if isinstance(script, bytes) else \
			    collections.deque(script)
		family = socket.AF_INET6 if ":" in host else socket.AF_INET
		self.listener = socket.create_server((host, port), family=family,
		    backlog=1024)
		self.port = self.listener.getsockname()[1]
		self.address = f"[{host}]:{self.port}" if ":" in host else \
		    f"{host}:{self.port}"
		self.closed = False
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while True:
			try:
				sock, _ = self.listener.accept()
			except OSError:
				return
			with self.lock:
				if self.closed:
					sock.close()
					return
				connection = self.Connection(sock, len(self.connections))
				self.connections.append(connection)
			threading.Thread(target=self.serve, args=(connection,),
			    daemon=True).start()

	def serve(self, connection):
		try:
			self.script(connection)
		except (OSError, ValueError, IndexError) as error:
			connection.error = error
		finally:
			connection.close()

	def answer(self, connection):
		while connection.read_request() is not None:
			with self.lock:
				answer = self.answers if isinstance(self.answers, bytes) \
				    else self.answers.popleft()
			connection.send(answer)

	def seen(self):
		"""The bytes of each connection so far, in the order of arrival."""
		with self.lock:
			return [bytes(connection.seen)
			    for connection in self.connections]

	def requests(self):
		"""All whole requests so far, connection by connection."""
		with self.lock:
			return [message for connection in self.connections
			    for message in list(connection.requests)]

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()

	def close(self):
		"""Stops listening and closes every connection."""
		with self.lock:
			self.closed = True
			connections = list(self.connections)
		try:
			self.listener.shutdown(socket.SHUT_RDWR)
		except OSError:
			pass
		self.listener.close()
		for connection in connections:
			try:
				connection.sock.shutdown(socket.SHUT_RDWR)
			except OSError:
				pass


class Relay:
	"""Stands between two peers.

	up and down are all bytes so far towards the target and back, of all
	connections together.  Half-closes and resets are passed on.
	"""

	def __init__(self, target, host="127.0.0.1", port=0):
		self.target = target
		self.lock = threading.Lock()
		self.up = bytearray()
		self.down = bytearray()
		self.sockets = []
		self.listener = socket.create_server((host, port), backlog=1024)
		self.port = self.listener.getsockname()[1]
		self.address = f"{host}:{self.port}"
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while True:
			try:
				client, _ = self.listener.accept()
			except OSError:
				return
			try:
				server = dial(self.target)
			except OSError:
				reset(client)
				continue
			client.settimeout(None)		# before either may be reset
			server.settimeout(None)
			with self.lock:
				self.sockets += [client, server]
			for source, sink, record in ((client, server, self.up),
			    (server, client, self.down)):
				threading.Thread(target=self.carry, daemon=True,
				    args=(source, sink, record)).start()

	def carry(self, source, sink, record):
		try:
			while data := source.recv(65536):
				with self.lock:
					record += data
				sink.sendall(data)
			with self.lock:		# a cut looks like an end from here
				if source in self.sockets:
					sink.shutdown(socket.SHUT_WR)
		except OSError:
			reset(source)
			reset(sink)

	def carried(self, what):
		"""Whether these bytes went by, in either direction."""
		with self.lock:
			return what in self.up or what in self.down

	def cut(self):
		"""Resets all connections; new ones are passed on again."""
		with self.lock:
			sockets, self.sockets = self.sockets, []
		for sock in sockets:
			reset(sock)

	def close(self):
		try:
			self.listener.shutdown(socket.SHUT_RDWR)
		except OSError:
			pass
		self.listener.close()
		self.cut()


Failure = collections.namedtuple("Failure", "seconds reason request")


class Load:
	"""Requests without pause from several threads.

	Each thread has one keep-alive connection; it makes a new one only when the
	reply before said "Connection: close", or after a failure.  Whatever is not
	a whole reply with status 200 that satisfies check is a failure.

	    load = Load(proxy.outbound_port, target="http://orders/").start()
	    ... the event ...
	    load.reach(10_000)
	    load.finish()		# raises unless every request succeeded

	check(reply) gives None or what is wrong with it.  rate limits requests per
	second of all threads together.  fresh makes a connection per request.
	"""

	def __init__(self, address, target="/plain", host="test", fields=(),
	    threads=4, check=None, rate=None, fresh=False, timeout=None):
		self.address = address
		fields = list(fields.items() if isinstance(fields, dict) else fields)
		if fresh:
			fields.append(("Connection", "close"))
		self.bytes = build("GET", target, host, fields)
		self.check = check
		self.pause = threads / rate if rate else 0
		self.timeout = timeout or DEADLINE
		self.lock = threading.Lock()
		self.changed = threading.Condition(self.lock)
		self.requests = 0
		self.failures = []
		self.slowest = 0.0
		self.stopping = threading.Event()
		self.began = None
		self.threads = [threading.Thread(target=self.work, daemon=True)
		    for _ in range(threads)]

	def start(self):
		self.began = time.monotonic()
		for thread in self.threads:
			thread.start()
		return self

	def work(self):
		client = None
		while not self.stopping.is_set():
			began = time.monotonic()
			client, reason = self.attempt(client)
			ended = time.monotonic()
			with self.changed:
				self.requests += 1
				self.slowest = max(self.slowest, ended - began)
				if reason:
					self.failures.append(Failure(
					    round(ended - self.began, 3), reason,
					    self.requests))
				self.changed.notify_all()
			if self.pause:
				self.stopping.wait(max(0, self.pause - (ended - began)))
		if client:
			client.close()

	def attempt(self, client):
		"""One request; gives the client to use next (or None) and what went
		wrong (or None)."""
		step = "connect"
		is_new = client is None
		try:
			if is_new:
				client = Client(self.address, timeout=self.timeout)
			step = "send" if is_new else "send on a kept connection"
			client.send(self.bytes)
			step = "reply" if is_new else "reply on a kept connection"
			reply = client.read_reply()
		except (OSError, ValueError, IndexError) as error:
			if client:
				client.close()
			return None, f"{step}: {type(error).__name__}: {error}"
		client.seen.clear()
		reason = None
		if reply.status != 200:
			reason = f"status {reply.status}: {reply.body[:200]!r}"
		elif self.check:
			reason = self.check(reply)
		if reply.get("connection", "").lower() == "close":
			client.close()
			client = None
		return client, reason

	def reach(self, requests, timeout=None):
		"""Waits until so many requests have been made since the start."""
		timeout = timeout or 6 * DEADLINE
		with self.changed:
			if not self.changed.wait_for(
			    lambda: self.requests >= requests, timeout):
				raise AssertionError(f"only {self.requests} of {requests} "
				    f"requests in {timeout} s; {self.summary()}")

	def more(self, requests, timeout=None):
		"""Waits for so many requests from now."""
		self.reach(self.requests + requests, timeout)

	def stop(self):
		self.stopping.set()
		for thread in self.threads:
			thread.join(self.timeout + 1)
		return self

	def close(self):
		self.stop()

	def summary(self):
		if not self.failures:
			return f"{self.requests} requests, none failed"
		reasons = collections.Counter(
		    failure.reason for failure in self.failures)
		first = self.failures[0]
		return f"{self.requests} requests, {len(self.failures)} failed, " \
		    f"the first after {first.seconds} s: " + "; ".join(
		    f"{count} x {reason}" for reason, count in reasons.most_common(5))

	def finish(self):
		"""Stops; raises unless every request succeeded."""
		self.stop()
		if self.failures or not self.requests:
			raise AssertionError(self.summary())
		return self.requests


class Metrics:
	"""A scrape in the Prometheus text format."""

	LINE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
	LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

	def __init__(self, text):
		self.text = text
		self.samples = []	# (name, {label: value}, number)
		for line in text.splitlines():
			if line.startswith("#"):
				continue
			match = self.LINE.match(line)
			if match is None:
				raise Malformed(f"metric {line!r}")
			labels = {name: re.sub(r"\\(.)", lambda found:
			    "\n" if found[1] == "n" else found[1], value)
			    for name, value in self.LABEL.findall(match[2] or "")}
			self.samples.append((match[1], labels, float(match[3])))

	def find(self, name, **labels):
		"""The samples of that name that have these labels."""
		return [sample for sample in self.samples if sample[0] == name and
		    all(sample[1].get(key) == value for key, value in labels.items())]

	def sum(self, name, **labels):
		"""Their sum; 0 without any."""
		return sum(sample[2] for sample in self.find(name, **labels))
