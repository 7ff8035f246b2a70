#!/usr/bin/env python3
# timeout: 240
"""Datagrams: between sidecars, from a Gateway, with a real DNS server."""

import json
import re
import shutil
import socket
import subprocess
import threading

from gateway import Gateway, gateway
from mesh import Skip, free_port, main, scenario, wait_until


class Echo:
	"""Sends back what it gets, after its name and a colon if it has one."""

	def __init__(self, name=b"", port=0):
		self.name = name
		self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		self.sock.bind(("127.0.0.1", port))
		self.port = self.sock.getsockname()[1]
		self.peers = set()
		threading.Thread(target=self.run, daemon=True).start()

	def run(self):
		try:
			while True:
				data, peer = self.sock.recvfrom(65536)
				self.peers.add(peer)
				self.sock.sendto(self.name + b":" + data if self.name
				    else data, peer)
		except OSError:
			pass

	def close(self):
		try:
			self.sock.shutdown(socket.SHUT_RDWR)
		except OSError:
			pass
		self.sock.close()


def echo(scene, name=b"", port=0):
	return scene.closing(Echo(name, port))


class Client:
	"""A socket that talks to one address."""

	def __init__(self, address, timeout=5):
		host, port = address.rsplit(":", 1)
		self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
		self.sock.settimeout(timeout)
		self.sock.connect((host, int(port)))

	def ask(self, data):
		self.sock.send(data)
		return self.sock.recv(65536)

	def try_ask(self, data):
		"""What comes back, or None: nothing did for a while."""
		self.sock.settimeout(0.3)
		try:
			return self.ask(data)
		except (TimeoutError, ConnectionError):
			return None


def pair(scene, app_port, options=(), caller_options=()):
	"""A member dns with its application, and a member web that calls it."""
	control = scene.control()
	dns = scene.proxy("dns", control=control, service="default/dns",
	    apps=[f"53=127.0.0.1:{app_port}/udp"], options=options)
	web = scene.proxy("web", control=control, service="default/web",
	    apps=[f"127.0.0.1:{free_port()}/udp"],
	    upstreams={"dns": "default/dns:53/udp"}, options=caller_options)
	dns.await_ready()
	web.await_ready()
	return control, dns, web


def dig(address, name, *options):
	if not shutil.which("dig"):
		raise Skip("no dig")
	host, port = address.rsplit(":", 1)
	done = subprocess.run(["dig", f"@{host}", "-p", port, "+short",
	    "+tries=3", "+time=2", name, *options], capture_output=True,
	    text=True, timeout=30, check=False)
	return done.stdout.strip()


def dnsmasq(scene, name, *options):
	"""A real server of names; gives its port."""
	if not shutil.which("dnsmasq"):
		raise Skip("no dnsmasq")
	port = free_port()
	scene.start(name, ["dnsmasq", "--keep-in-foreground", "--no-resolv",
	    "--no-hosts", "--conf-file=/dev/null", f"--port={port}",
	    "--listen-address=127.0.0.1", "--bind-interfaces", "--user=",
	    "--pid-file=", *options])
	wait_until(lambda: dig(f"127.0.0.1:{port}", "up.example") == "192.0.2.1",
	    "dnsmasq answers")
	return port


NAMES = ("--host-record=up.example,192.0.2.1",
    "--host-record=shop.example,192.0.2.7,2001:db8::7")


@scenario
def names_are_asked_for_through_two_sidecars(scene):
	"""By mutual TLS, with the caller's identity, in counters and the log."""
	port = dnsmasq(scene, "dnsmasq", *NAMES)
	control, dns, web = pair(scene, port)
	for _ in range(5):
		assert dig(web.upstream["dns"], "shop.example") == "192.0.2.7"
	assert dig(web.upstream["dns"], "shop.example", "AAAA") == "2001:db8::7"
	sent = {"direction": "outbound", "destination_service": "dns",
	    "security": "mutual_tls"}
	wait_until(lambda: web.metrics().sum(
	    "mesh_udp_received_datagrams_total", **sent) == 6,
	    "six questions are counted")
	wait_until(lambda: dns.metrics().sum("mesh_udp_sent_datagrams_total",
	    direction="inbound", source_service="web", security="mutual_tls")
	    == 6, "six answers are counted")
	assert web.metrics().sum("mesh_udp_dropped_datagrams_total") == 0
	assert "53/udp" in control.ctl("get", "services").stdout


if __name__ == "__main__":
	main()
