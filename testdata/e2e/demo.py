#!/usr/bin/env python3
"""A whole mesh on this machine's loopback, of processes that end with it.

usage: demo.py [--once]

    client -> web -> orders (two instances) -> payments      HTTP
                                            -> ledger        TCP

Each instance is build/echo with a `mesh proxy` of its own; one `mesh control`
knows them all.  As in every new mesh nobody may call anybody but by policy; the
four arrows have one each.  Prints what runs where and what to type next, sends steady
traffic, and ends with Ctrl-C.

--once sends 200 requests and checks, for each, that the reply came through the
whole chain, that every hop saw the identity of its caller, and that nothing of
it could be read between two sidecars, where recorders stand then.  Prints a
summary; exits 0, or 1 with the reason.

Needs no root and nothing but python3.  MESH_BUILD is the folder of the
programs (build).
"""

import collections
import re
import secrets
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import mesh
from mesh import BUILD, MESH, Scene, free_port, one_line, wait_until
from wire import Client, Load, Metrics, Relay, get

REQUESTS = 200
RATE = 20		# requests per second of the steady traffic
TARGET = "http://web.default.mesh/chain"
HOST = "web.default.mesh"
TRUST_DOMAIN = "mesh.internal"
# Who may call whom; web is asked by its own sidecar.
ALLOWED = (("web", "web", "--methods", "GET"),
    ("web", "orders", "--methods", "GET", "--paths", "/chain"),
    ("orders", "payments", "--methods", "GET", "--paths", "/pay"),
    ("orders", "ledger"))
LEDGER_PORT = 7000	# the service's, no port of this machine
READY_TIMEOUT = 30
# What stands in every exchange behind web, whatever its marker is.
ALWAYS = (b"GET /", b"HTTP/1.1", b"User-Agent", b"hello from", b"ledger got")


class Failed(Exception):
	"""What --once exits 1 for."""


class Ended(BaseException):
	"""Ctrl-C or SIGTERM."""


def identity(service):
	return f"spiffe://{TRUST_DOMAIN}/ns/default/sa/{service}"


class Instance:
	"""One application and the sidecar beside it."""

	def __init__(self, demo, service, name, protocol="http", upstreams=None,
	    **calls):
		scene = demo.scene
		self.service = service
		self.name = name
		self.protocol = protocol
		self.app_port = free_port()
		inbound_port = free_port()
		inbound = f"127.0.0.1:{inbound_port}"
		self.relay = None
		if demo.recording:
			# Others are told 127.0.0.1, where the recorder listens.
			inbound = f"127.0.0.2:{inbound_port}"
			self.relay = scene.closing(Relay(inbound, port=inbound_port))
		port = 80 if protocol == "http" else LEDGER_PORT
		self.proxy = scene.proxy(name, control=demo.control,
		    service=f"default/{service}", upstreams=upstreams,
		    apps=[f"{port}=127.0.0.1:{self.app_port}/{protocol}"],
		    options=["--inbound-listen", inbound])
		self.inbound = inbound
		echo_port = {"http_port" if protocol == "http" else "tcp_port":
		    self.app_port}
		if upstreams:
			calls["calls_tcp"] = dict(self.proxy.upstream)
		self.app = scene.echo(f"{name}-app", proxy=self.proxy.outbound,
		    options=["--name", name], **echo_port, **calls)


class Demo:
	def __init__(self, recording):
		self.recording = recording
		self.scene = Scene("demo")	# its directory has mode 0700
		self.control = None
		self.instances = []

	def start(self):
		self.control = self.scene.control(inbound_policy="deny")
		for words in ALLOWED:
			self.control.ctl("allow", *words)
		orders = {"calls": {"payments": "http://payments.default.mesh/pay"},
		    "upstreams": {"ledger": f"default/ledger:{LEDGER_PORT}"}}
		self.instances = [
			Instance(self, "ledger", "ledger", protocol="tcp"),
			Instance(self, "payments", "payments"),
			Instance(self, "orders", "orders-1", **orders),
			Instance(self, "orders", "orders-2", **orders),
			Instance(self, "web", "web",
			    calls={"orders": "http://orders.default.mesh/chain"}),
		]
		for instance in self.instances:
			self.await_ready(instance.proxy)
		wait_until(lambda: len(self.control.get("workloads")["items"]) ==
		    len(self.instances), "every workload is registered",
		    READY_TIMEOUT)

	def await_ready(self, proxy):
		wait_until(lambda: not proxy.is_running() or
		    proxy.admin("/readyz").status == 200,
		    f"{proxy.name} is ready", READY_TIMEOUT)
		if not proxy.is_running():
			raise Failed(f"{proxy.name} ended: exit code {proxy.code()}")

	@property
	def web(self):
		return self.instances[-1]

	def end(self):
		self.scene.end()
		self.scene.remove()


def seen_caller(hop):
	"""The identity that the sidecar of hop vouched for."""
	fields = hop["headers"].get("x-forwarded-client-cert", [])
	callers = [found for field in fields
	    for found in re.findall(r"(?:^|[;,])URI=([^;,]*)", field)]
	return callers[0] if len(callers) == 1 else f"{callers}"


def expect(what, found, wanted):
	if found != wanted:
		raise Failed(f"{what} is {found!r}, expected {wanted!r}")


def check_hop(name, hop, caller, marker):
	expect(f"{name}'s caller", seen_caller(hop), identity(caller))
	expect(f"{name}'s request id", hop["headers"].get("x-request-id"), [marker])


def check_chain(web, marker):
	"""Gives which instance of orders served, of a reply that web made."""
	check_hop("web", web, "web", marker)
	orders = web["calls"]["orders"]
	if "error" in orders:
		raise Failed(f"web's call of orders: {orders}")
	check_hop("orders", orders, "web", marker)
	payments, ledger = orders["calls"]["payments"], orders["calls"]["ledger"]
	if "error" in payments:
		raise Failed(f"orders' call of payments: {payments}")
	expect("payments' name", payments["name"], "payments")
	check_hop("payments", payments, "orders", marker)
	if "ledger: hello from orders" not in ledger.get("reply", ""):
		raise Failed(f"orders' call of ledger: {ledger}")
	return orders["name"]


def send_requests(demo):
	"""Gives the markers sent and how often each instance of orders served."""
	served = collections.Counter()
	markers = []
	with Client(demo.web.proxy.outbound_port) as client:
		for number in range(REQUESTS):
			marker = f"demo-{secrets.token_hex(16)}-{number}"
			reply = client.request(TARGET, host=HOST,
			    fields={"X-Request-Id": marker})
			if reply.status != 200:
				raise Failed(f"request {number}: status "
				    f"{reply.status}: {reply.text()[:1000]}")
			try:
				served[check_chain(reply.json(), marker)] += 1
			except (Failed, LookupError, ValueError) as error:
				raise Failed(f"request {number}: "
				    f"{one_line(error)}") from None
			markers.append(marker)
	return markers, served


def check_links(demo, markers):
	"""Nothing readable went over the links; gives how many bytes did."""
	total = 0
	for instance in demo.instances:
		with instance.relay.lock:
			data = bytes(instance.relay.up + instance.relay.down)
		if len(data) < REQUESTS:
			raise Failed(f"the recorder before {instance.name} saw only "
			    f"{len(data)} bytes")
		for word in (*(marker.encode() for marker in markers), *ALWAYS):
			if word in data:
				raise Failed(f"{word!r} could be read on the way to "
				    f"{instance.name}")
		total += len(data)
	return total


def check_ledger(demo):
	"""Bytes have no header to show: the sidecar's counters say who called."""
	ledger = next(i for i in demo.instances if i.service == "ledger")
	labels = {"direction": "inbound", "source_service": "orders",
	    "security": "mutual_tls"}

	def count():
		text = get(ledger.proxy.admin_port, "/metrics").text()
		opened = Metrics(text).sum("mesh_tcp_connections_opened_total",
		    **labels)
		return opened if opened >= REQUESTS else None
	return int(wait_until(count, f"{REQUESTS} connections from orders by mutual "
	    "TLS are counted at ledger"))


def check_policy(demo):
	"""What no arrow stands for is refused."""
	refused = get(demo.web.proxy.outbound_port,
	    "http://payments.default.mesh/pay", host="payments.default.mesh")
	expect("web's call of payments", refused.status, 403)


def run_once(demo):
	markers, served = send_requests(demo)
	check_policy(demo)
	expect("the set of instances of orders that served", set(served),
	    {"orders-1", "orders-2"})
	connections = check_ledger(demo)
	total = check_links(demo, markers)
	shares = ", ".join(f"{name} {count}"
	    for name, count in sorted(served.items()))
	print(f"""
{REQUESTS} requests through web's sidecar, all answered by the whole chain
  orders was served by {shares}
  each hop saw its caller: web at orders, orders at payments
  web may not call payments, and was refused
  ledger counted {connections} connections from orders, all by mutual TLS
  {total} bytes were recorded between sidecars, none of them readable""")


def print_places(demo):
	print(f"""
control    API 127.0.0.1:{demo.control.api_port} (TLS), \
socket {demo.control.socket}
           metrics http://127.0.0.1:{demo.control.admin_port}/metrics

{"instance":10} {"application":16} {"inbound (TLS)":16} {"outbound HTTP":16} admin""")
	for i in demo.instances:
		print(f"{i.name:10} 127.0.0.1:{i.app_port:<6} {i.inbound:16} "
		    f"127.0.0.1:{i.proxy.outbound_port:<6} "
		    f"127.0.0.1:{i.proxy.admin_port}")


def commands(demo):
	"""(what for, what to type)"""
	ctl = f"{MESH} ctl --socket {demo.control.socket}"
	web = demo.web.proxy
	return [
		("one request through the chain, as web would send it",
		    f"http_proxy={web.outbound} curl -sS {TARGET}"),
		("who there is", f"{ctl} services"),
		("each instance and its address", f"{ctl} workloads"),
		("where orders can be reached", f"{ctl} endpoints orders"),
		("what each proxy runs", f"{ctl} proxy status"),
		("one document, whole", f"{ctl} get service orders -o yaml"),
		("whether all is well", f"{ctl} check"),
		("who may call whom", f"{ctl} get authorizationpolicies"),
		("may orders pay, and by which policy? (web may not)",
		    f"{ctl} authz check --from orders --to payments --path /pay"),
		("who did what", f"{ctl} audit"),
		("who called whom, how often, how fast; known after 15 s",
		    f"{ctl} stat"),
		("what web's sidecar counts",
		    f"curl -sS http://127.0.0.1:{web.admin_port}/metrics"),
	]


def run_until_told(demo):
	print_places(demo)
	print("\nTo try next:")
	for what, line in commands(demo):
		print(f"\n  # {what}\n  {line}")
	print(f"\n{RATE} requests per second go through the chain.  "
	    "Ctrl-C stops everything.", flush=True)
	load = demo.scene.closing(Load(demo.web.proxy.outbound_port, target=TARGET,
	    host=HOST, rate=RATE, threads=2).start())
	try:
		while True:
			signal.pause()
	finally:
		load.stop()
		print(f"\n{load.summary()}")


def show_why(demo):
	"""The last complaint of each process, and the last words of the dead."""
	for process in demo.scene.processes:
		lines = process.err().splitlines()
		complaints = [line for line in lines
		    if re.search(r"\b(warn|error)\b", line)]
		if not process.is_running():
			complaints = lines
		if complaints:
			print(f"  {process.name}: {complaints[-1][:300]}",
			    file=sys.stderr)


def end_by_signal(_number, _frame):
	raise Ended


def main():
	once = sys.argv[1:] == ["--once"]
	if sys.argv[1:] and not once:
		print("usage: demo.py [--once]", file=sys.stderr)
		return 64
	if not MESH.exists() or not (BUILD / "echo").exists():
		print(f"demo: no programs in {BUILD}, build them first",
		    file=sys.stderr)
		return 66
	# A Ctrl-C is for us alone, so that we stop the others in order.
	mesh.Process.own_group = True
	signal.signal(signal.SIGINT, end_by_signal)
	signal.signal(signal.SIGTERM, end_by_signal)
	demo = Demo(recording=once)
	try:
		print("starting control, 5 applications and 5 proxies", flush=True)
		demo.start()
		(run_once if once else run_until_told)(demo)
		return 0
	except Ended:
		return 130 if once else 0
	except Exception as error:	# whatever it is, it is the reason
		print(f"demo: {one_line(error)}", file=sys.stderr)
		show_why(demo)
		return 1
	finally:
		signal.signal(signal.SIGINT, signal.SIG_IGN)
		signal.signal(signal.SIGTERM, signal.SIG_IGN)
		demo.end()
		print("all stopped", flush=True)


if __name__ == "__main__":
	sys.exit(main())
