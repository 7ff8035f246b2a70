#!/usr/bin/env python3
"""Both ends of W14: who sends datagrams, and who sends them back.

    datagrams_load.py echo
    datagrams_load.py ask ADDRESS MILLISECONDS

Eight clients send sixteen datagrams of 100 bytes each, wait for the answers, and
go on; what does not come back within a moment is lost, and not counted.
"""

import json
import select
import socket
import sys
import time

CLIENTS, IN_FLIGHT, SIZE = 8, 16, 100


def echo():
	"""Sends back whatever comes; says where it listens."""
	sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
	sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
	sock.bind(("127.0.0.1", 0))
	print(f"listening 127.0.0.1:{sock.getsockname()[1]}", flush=True)
	while True:
		data, peer = sock.recvfrom(2048)
		sock.sendto(data, peer)


def ask(address, milliseconds):
	"""Prints how many answers came, as JSON."""
	host, port = address.rsplit(":", 1)
	socks = []
	for _ in range(CLIENTS):
		sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		sock.connect((host, int(port)))
		sock.setblocking(False)
		socks.append(sock)
	body = b"d" * SIZE
	answers = 0
	begun = time.monotonic()
	end = begun + milliseconds / 1000
	while time.monotonic() < end:
		for sock in socks:
			for _ in range(IN_FLIGHT):
				sock.send(body)
		left = dict.fromkeys(socks, IN_FLIGHT)
		while left:
			ready = select.select(list(left), [], [], 0.05)[0]
			if not ready:
				break	# lost: somebody's buffer was full
			for sock in ready:
				answers += take(sock, left)
	print(json.dumps({"all": answers,
	    "per_second": answers / (time.monotonic() - begun)}))


def take(sock, left):
	"""What has come for one; it is no longer in left when that is all."""
	taken = 0
	try:
		while left[sock] > 0:
			sock.recv(2048)
			taken += 1
			left[sock] -= 1
	except BlockingIOError:
		return taken
	del left[sock]
	return taken


if __name__ == "__main__":
	if sys.argv[1] == "echo":
		echo()
	else:
		ask(sys.argv[2], int(sys.argv[3]))
