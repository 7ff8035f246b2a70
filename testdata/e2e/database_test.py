#!/usr/bin/env python3
# timeout: 240
"""Databases through two sidecars: PostgreSQL and Redis, with their own clients.

Whoever greets first, and whatever is said afterwards, the sidecars carry bytes
that they do not understand.
"""

import concurrent.futures
import glob
import os
import re
import shutil
import signal
import socket
import socketserver
import subprocess
import threading

from mesh import SLOWER, Skip, free_port, main, scenario, wait_until

NOBODY = 65534


def program(name, *folders):
	"""Its path, the one of the highest version first."""
	found = shutil.which(name)
	if found:
		return found
	for folder in folders:
		for path in sorted(glob.glob(f"{folder}/{name}"), reverse=True):
			return path
	raise Skip(f"no {name}")


def unprivileged():
	"""Words in front of a command that is not to be root's."""
	if os.geteuid() != 0:
		return []
	return ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY),
	    "--clear-groups", "--pdeathsig", "KILL"]


def home(scene, name):
	"""A folder of that user's own."""
	path = scene.dir / name
	path.mkdir()
	if os.geteuid() == 0:
		scene.dir.chmod(0o711)
		os.chown(path, NOBODY, NOBODY)
	return path


def sidecars(scene, service, port, app):
	"""A service with one TCP port and its caller; gives the two proxies and the
	port at which the caller finds it."""
	control = scene.control()
	server = scene.proxy(service, control=control,
	    service=f"default/{service}",
	    apps=[f"{port}=127.0.0.1:{app}/tcp"]).await_ready()
	caller = scene.proxy("web", control=control, service="default/web",
	    upstreams={service: f"default/{service}:{port}"}).await_ready()
	return server, caller, caller.upstream[service].split(":")[1]


def proven(proxy, direction, least):
	"""Both ends of so many connections are known by their certificates."""
	wait_until(lambda: proxy.metrics().sum(
	    "mesh_tcp_connections_opened_total", direction=direction,
	    source_service="web", security="mutual_tls") >= least,
	    f"{least} connections of {direction} are counted")


# --- PostgreSQL

POSTGRES = "/usr/lib/postgresql/*/bin"


def postgres(scene):
	"""A server with an empty cluster, on a port of its own; gives the port."""
	psql = program("psql", POSTGRES)
	initdb = program("initdb", POSTGRES)
	server = program("postgres", POSTGRES)
	folder = home(scene, "postgres")
	data = folder / "data"
	done = subprocess.run([*unprivileged(), initdb, "-D", data, "-U", "mesh",
	    "--auth", "trust", "--no-sync", "--locale", "C", "-E", "UTF8"],
	    capture_output=True, text=True, cwd=folder, check=False,
	    timeout=60 * SLOWER)
	assert done.returncode == 0, done.stderr
	port = free_port()
	scene.start("postgres-server", [*unprivileged(), server, "-D", data,
	    "-h", "127.0.0.1", "-p", port, "-k", folder, "-c", "fsync=off"])

	def answers():
		return subprocess.run([psql, "-h", "127.0.0.1", "-p", str(port), "-U",
		    "mesh", "-c", "select 1", "postgres"], capture_output=True,
		    check=False).returncode == 0

	wait_until(answers, "PostgreSQL answers", 30)
	return port


class Psql:
	"""psql at a port, with plain rows as output."""

	def __init__(self, port):
		self.words = [program("psql", POSTGRES), "-h", "127.0.0.1", "-p", port,
		    "-U", "mesh", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
		    "postgres"]

	def run(self, text):
		done = subprocess.run(self.words, input=text, capture_output=True,
		    text=True, check=False, timeout=60 * SLOWER)
		assert done.returncode == 0, done.stderr
		return done.stdout

	def begin(self, text):
		return subprocess.Popen([*self.words, "-c", text],
		    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
		    stderr=subprocess.PIPE, text=True)


@scenario
def postgresql_is_spoken_through_sidecars(scene):
	server, web, port = sidecars(scene, "orders-db", 5432, postgres(scene))
	psql = Psql(port)
	wait_until(lambda: psql.begin("select 1").wait(20) == 0,
	    "the database is reached")
	assert psql.run("create table t (id int primary key, text text);\n"
	    "insert into t values (1, 'one'), (2, 'two');\n"
	    "select text from t order by id;\n") == "one\ntwo\n"
	# Much from the server, much from the client.
	rows = psql.run("select i, repeat(md5(i::text), 16) from "
	    "generate_series(1, 40000) i;\n").splitlines()
	assert len(rows) == 40000 and all(len(row.split("|")[1]) == 512
	    for row in rows), len(rows)
	lines = "".join(f"{i}\t{'x' * 300}\n" for i in range(10, 30010))
	psql.run(f"copy t from stdin;\n{lines}\\.\n")
	assert psql.run("select count(*), sum(length(text)) from t;\n") == \
	    f"30002|{30000 * 300 + 6}\n"
	proven(web, "outbound", 4)
	proven(server, "inbound", 4)


@scenario
def postgresql_has_many_sessions_at_a_time(scene):
	_, _, port = sidecars(scene, "orders-db", 5432, postgres(scene))
	psql = Psql(port)
	wait_until(lambda: psql.begin("select 1").wait(20) == 0,
	    "the database is reached")
	psql.run("create table n (id int primary key, n int);\n"
	    "insert into n values (1, 0);\n")

	def add(_):
		psql.run("update n set n = n + 1 where id = 1;\n" * 25)

	with concurrent.futures.ThreadPoolExecutor(8) as pool:
		list(pool.map(add, range(8)))
	assert psql.run("select n from n;\n") == "200\n"
	# A query is cancelled by a connection of its own.
	query = psql.begin("select pg_sleep(600)")
	wait_until(lambda: psql.run("select count(*) from pg_stat_activity "
	    "where wait_event = 'PgSleep';\n") == "1\n", "the query runs")
	query.send_signal(signal.SIGINT)
	_, error = query.communicate(timeout=20 * SLOWER)
	assert "canceling statement due to user request" in error, error


@scenario
def a_client_that_dies_ends_its_session_in_the_database(scene):
	_, _, port = sidecars(scene, "orders-db", 5432, postgres(scene))
	psql = Psql(port)
	wait_until(lambda: psql.begin("select 1").wait(20) == 0,
	    "the database is reached")
	psql.run("create table t (id int);\n")
	query = psql.begin("begin; lock table t; select pg_sleep(600)")

	def sleepers():
		return psql.run("select count(*) from pg_stat_activity "
		    "where wait_event = 'PgSleep';\n")

	wait_until(lambda: sleepers() == "1\n", "the query runs")
	query.kill()
	query.communicate()
	# Its lock is free as soon as the database looks at its socket.
	psql.run("select pg_cancel_backend(pid) from pg_stat_activity "
	    "where wait_event = 'PgSleep';\n")
	wait_until(lambda: psql.run("select count(*) from pg_stat_activity where "
	    "query like 'begin; lock%';\n") == "0\n", "the session is gone")
	psql.run("insert into t values (1);\n")


# --- Redis

def redis(scene):
	"""A server without a disk; gives its port."""
	program("redis-cli")
	port = free_port()
	server = scene.start("redis-server", [*unprivileged(),
	    program("redis-server"), "--bind", "127.0.0.1", "--port", port,
	    "--save", "", "--appendonly", "no", "--dir", home(scene, "redis")])
	wait_until(lambda: "Ready to accept" in server.out(), "Redis is ready")
	return port


class Redis:
	def __init__(self, port):
		self.words = [program("redis-cli"), "-h", "127.0.0.1", "-p", port]

	def run(self, *words, stdin=""):
		done = subprocess.run([*self.words, *words], input=stdin, text=True,
		    capture_output=True, check=False, timeout=60 * SLOWER)
		assert done.returncode == 0, done.stderr
		return done.stdout

	def ready(self):
		wait_until(lambda: subprocess.run([*self.words, "ping"], check=False,
		    stdin=subprocess.DEVNULL, capture_output=True,
		    text=True).stdout == "PONG\n", "Redis is reached")
		return self


@scenario
def redis_is_spoken_through_sidecars(scene):
	server, web, port = sidecars(scene, "cache", 6379, redis(scene))
	cli = Redis(port).ready()
	assert cli.run("set", "a", "1") == "OK\n"
	assert cli.run("incr", "a") == "2\n"
	big = "v" * (4 << 20)
	assert cli.run("-x", "set", "big", stdin=big) == "OK\n"
	assert cli.run("get", "big") == big + "\n"
	# All at once, and the answers afterwards.
	commands = "".join(f"SET key:{i} {i}\r\n" for i in range(50000))
	told = cli.run("--pipe", stdin=commands)
	assert "errors: 0, replies: 50000" in told, told
	assert cli.run("dbsize") == "50002\n"
	assert len(cli.run("keys", "key:*").splitlines()) == 50000
	proven(web, "outbound", 6)
	proven(server, "inbound", 6)


@scenario
def redis_tells_subscribers_what_others_publish(scene):
	"""The server speaks unasked, long after the client did."""
	_, _, port = sidecars(scene, "cache", 6379, redis(scene))
	cli = Redis(port).ready()
	listeners = [scene.start(f"subscriber{i}", [*cli.words, "subscribe",
	    "news"]) for i in range(4)]
	wait_until(lambda: cli.run("pubsub", "numsub", "news") == "news\n4\n",
	    "all have subscribed")
	for i in range(100):
		assert cli.run("publish", "news", f"item {i}") == "4\n"
	for listener in listeners:
		wait_until(lambda who=listener: "item 99\n" in who.out(),
		    "the last item arrives")
		items = re.findall(r"^item (\d+)$", listener.out(), re.M)
		assert items == [str(i) for i in range(100)], items
		listener.stop()
	wait_until(lambda: cli.run("pubsub", "numsub", "news") == "news\n0\n",
	    "the server knows that they went")


@scenario
def a_session_at_rest_ends_at_the_server_too(scene):
	server, web, port = sidecars(scene, "cache", 6379, redis(scene))
	cli = Redis(port).ready()
	server.control.apply("apiVersion: mesh/v1\nkind: BackendPolicy\n"
	    "metadata: {name: cache, namespace: default}\nspec:\n"
	    "  targetRefs: [{name: cache}]\n  tcp: {idleTimeout: 1s}\n")

	def rests():
		with socket.create_connection(("127.0.0.1", int(port)),
		    20 * SLOWER) as sock:
			sock.sendall(b"BLPOP nothing 3\r\n")
			try:
				return sock.recv(100)
			except ConnectionResetError:
				return "reset"

	wait_until(lambda: rests() == "reset", "the policy is obeyed", 20)
	wait_until(lambda: len(cli.run("client", "list").splitlines()) == 1,
	    "the server knows that it is gone")
	assert web.metrics().sum("mesh_tcp_connections_closed_total",
	    direction="outbound", reason="idle") >= 1


# --- who says hello

class Greeter(socketserver.ThreadingTCPServer):
	"""Says hello to whoever connects, and goodbye to who says anything."""

	daemon_threads = True

	def __init__(self):
		super().__init__(("127.0.0.1", 0), self.Talk)
		threading.Thread(target=self.serve_forever, daemon=True).start()

	def close(self):
		self.shutdown()
		self.server_close()

	class Talk(socketserver.BaseRequestHandler):
		def handle(self):
			self.request.sendall(b"220 hello\r\n")
			if self.request.recv(100) == b"QUIT\r\n":
				self.request.sendall(b"221 bye\r\n")


@scenario
def a_server_that_greets_is_heard_through_sidecars(scene):
	app = scene.closing(Greeter())
	_, _, port = sidecars(scene, "mail", 25, app.server_address[1])
	kept = [socket.create_connection(("127.0.0.1", int(port)), 20 * SLOWER)
	    for _ in range(4)]
	for sock in kept:
		assert sock.recv(100) == b"220 hello\r\n"
	for sock in kept:
		sock.sendall(b"QUIT\r\n")
		assert sock.recv(100) == b"221 bye\r\n" and sock.recv(1) == b""
		sock.close()


if __name__ == "__main__":
	main()
