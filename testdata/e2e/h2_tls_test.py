#!/usr/bin/python3
# timeout: 600
"""RFC 9113 and RFC 7541 over TLS: the cases of h2_conformance_test.py against an
HTTPS listener of a gateway, agreed on by ALPN.

A gateway has rules of its own for Host, so those about authorities are left to
the other; what the connection begins with is another here.
"""

import atexit

import h2_frames_cases
import h2_hpack_cases
import h2_messages_cases
import h2_streams_cases
import h2_windows_cases
from gateway import Gateway, certificate, gateway, route, secret, service, trust
from h2_tls import Secure
from mesh import Scene, free_port, main, scenario, stop_all
from wire import Relay

HOST = "test"
PARTS = (h2_streams_cases, h2_frames_cases, h2_windows_cases,
    h2_messages_cases, h2_hpack_cases)


class Place:
	"""What all cases share, as long as it lives."""

	def __init__(self):
		self.scene = Scene("h2-tls")
		self.relay = self.scene.closing(
		    Relay(self.scene.echo("app").http))
		pair, port = certificate(self.scene, "cert", HOST), free_port()
		self.gateway = Gateway(self.scene, gateway([f"name: web, "
		    f"protocol: HTTPS, port: {port}, "
		    "tls: {certificateRefs: [{name: cert}]}"]) +
		    secret("cert", pair) + route("app", "app") +
		    service("app", self.relay.port))
		tls = trust(pair[0])
		tls.set_alpn_protocols(["h2"])
		self.address = Secure(port, tls, HOST)

	def is_alive(self):
		return all(process.is_running() for process in self.scene.processes)

	def remove(self):
		stop_all(self.scene.running())
		self.scene.remove()


_places = []


def place():
	if not _places:
		_places.append(Place())
		atexit.register(_places[0].remove)
	return _places[0]


def register(case):
	def run(_scene):
		shared = place()
		case.run(shared.address, lambda: shared.relay.up)
		assert shared.is_alive(), "a process has ended"
	run.__name__ = case.name
	scenario(run)


for part in PARTS:
	for one in part.RFC:
		if one.app == "echo":
			register(one)


if __name__ == "__main__":
	main()
