"""How a case of an RFC is written down and run; the tables are h2_*_cases.py.

    RFC = Table("9113")

    RFC.add("6.7", "PING on a stream is an error of the connection",
        frame(PING, b"12345678", stream=1), dies(PROTOCOL_ERROR))

    @RFC.case("6.7", "PING is answered with its payload")
    def _(peer):
        ...

What is sent are bytes, or a function of the Peer, which may also look for
itself.  They follow both sides' SETTINGS, those of the client being the
keywords (INITIAL_WINDOW_SIZE=0), unless begin=False.

What is expected is one of several outcomes (dies, resets, answers, ALIVE,
joined by |) of a stream.  Unless the connection dies, another stream must be
served afterwards.

  stream=1        the stream whose outcome counts
  reaches=False   nothing of a request for /case may come to the application
  ends=True       the connection is of no use afterwards
  app="stalled"   an application that reads nothing
"""

import re
from dataclasses import dataclass, field

from h2_peer import ALIVE, Peer


@dataclass
class Case:
	name: str
	sends: object
	expect: frozenset = None
	stream: int = 1
	reaches: bool = True
	ends: bool = False
	app: str = "echo"
	client: dict = field(default_factory=dict)	# begin, settings

	def run(self, address, passed_on):
		"""passed_on() is all that came to the application so far."""
		before = len(passed_on())
		with Peer(address, **self.client) as peer:
			if callable(self.sends):
				self.sends(peer)
			else:
				peer.send(self.sends)
			outcome = self.check_outcome(peer) if self.expect else None
			if not self.ends and not (outcome and outcome.kind == "dies"):
				peer.check_alive()
				assert outcome not in ALIVE or not peer.found(self.stream), \
				    peer.found(self.stream)
		if not self.reaches:
			with Peer(address) as peer:
				peer.check_alive()
			assert b"/case" not in passed_on()[before:], "it was passed on"

	def check_outcome(self, peer):
		outcome = peer.read_outcome(self.stream, self.expect)
		assert outcome in self.expect, f"{outcome}, expected " + \
		    " or ".join(sorted(map(str, self.expect)))
		return outcome


class Table(list):
	"""The cases of one RFC, in the order of its sections."""

	def __init__(self, rfc):
		super().__init__()
		self.rfc = rfc

	def add(self, section, what, sends, expect=None, **how):
		name = re.sub(r"\W+", "_", f"rfc{self.rfc} {section} {what}")
		assert name not in [case.name for case in self], name
		client = {key: how.pop(key) for key in list(how)
		    if key == "begin" or key.isupper()}
		self.append(Case(name, sends, expect, client=client, **how))

	def case(self, section, what, expect=None, **how):
		def decorate(function):
			self.add(section, what, function, expect, **how)
			return function
		return decorate
