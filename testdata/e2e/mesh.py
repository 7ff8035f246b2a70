"""The harness of the end-to-end scenarios.

A scenario drives the shipped programs with real clients and servers.  It is a
function in some testdata/e2e/NAME_test.py:

    from mesh import main, scenario, wait_until

    @scenario
    def half_close_is_passed_on(scene):
        app = scene.echo("ledger")
        ...
        assert reply == b"...", reply

    if __name__ == "__main__":
        main()

`NAME_test.py` runs all of its scenarios, `NAME_test.py WORD` those with WORD in
their name, `NAME_test.py --list` lists them.  Each prints "ok NAME_function",
"not ok NAME_function: why" or "skip NAME_function: why" (raise Skip(why)).

  scene        what one scenario has: a directory, processes, ports.  All of it
               is gone when the scenario ends.  A process that ended unasked, or
               does not stop, fails the scenario; after a failure the last lines
               of every process are printed.
               Neither may a call of ours have been refused by seccomp, where
               the kernel's log can be read.
  wait_until   the only way to wait: polls a condition up to a deadline.  There
               are no sleeps.  Deadlines grow under sanitizers.
  Process      a started program: stop, kill, signal, its output, memory, CPU
               time.  All are killed when the harness dies, however it dies.
  Echo, Control, Proxy
               our programs, with the command line that each needs on a
               loopback shared by all: every port and path is the scene's own.
  Nginx, curl  programs of others; wire.py has raw sockets, a scripted back
               end, a relay, and a load that does not retry.

Environment: MESH_BUILD is the folder of the programs (default build),
MESH_VARIANT one of release, asan, tsan; MESH_KEEP=1 keeps the directories.
"""

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

import wire

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("MESH_BUILD", ROOT / "build")).resolve()
# Whatever a scenario starts may run in another directory.
os.environ["MESH_BUILD"] = str(BUILD)
VARIANT = os.environ.get("MESH_VARIANT", BUILD.name
    if BUILD.name in ("asan", "tsan") else "release")
SLOWER = {"release": 1, "asan": 3, "tsan": 5}[VARIANT]
wire.DEADLINE *= SLOWER
MESH = BUILD / "mesh"
LOG_LINES = 40		# of each process, shown after a failure, ...
LOG_HEAD = 20		# ... behind so many of its first
STOP_PATIENCE = 3	# seconds until a process is told a second time
STOP_TIMEOUT = 15	# until it is killed, which fails the scenario


# Waiting

class Timeout(AssertionError):
	"""A condition did not come true in time."""


def wait_until(condition, what, timeout=10):
	"""Gives what condition() gives once that is true.

	OSError, AssertionError, LookupError and ValueError mean "not yet"; the last
	one is part of the failure.  what completes the sentence "... did not happen".
	"""
	deadline = time.monotonic() + timeout * SLOWER
	pause = 0.001
	while True:
		why = ""
		try:
			if value := condition():
				return value
		except (OSError, AssertionError, LookupError, ValueError) as error:
			why = f" ({type(error).__name__}: {error})"
		if time.monotonic() > deadline:
			raise Timeout(f"{what}: not within {timeout * SLOWER} s{why}")
		time.sleep(pause)
		pause = min(pause * 1.5, 0.05)


# Ports

_reserved = []		# sockets whose names say which ports are ours


def free_port():
	"""A port that nobody listens on and no outgoing connection will take.

	It lies below the ephemeral range.  While this process lives no other
	harness is given it: the reservation is an abstract Unix socket.
	"""
	while True:
		port = random.randrange(20000, 32000)
		name = socket.socket(socket.AF_UNIX)
		try:
			name.bind(f"\0mesh-e2e-port-{port}")
			with socket.socket() as probe:
				probe.setsockopt(socket.SOL_SOCKET,
				    socket.SO_REUSEADDR, 1)
				probe.bind(("0.0.0.0", port))
		except OSError:
			name.close()
			continue
		_reserved.append(name)
		return port


# Processes

def ending(code):
	if code < 0:
		return "killed by " + signal.Signals(-code).name
	return f"exit code {code}"


# Only root can look into daemons that do not let others see their memory.
LOOKED_INTO = {} if os.geteuid() == 0 else {"MESH_DUMPABLE": "1"}


class Process:
	"""A program that runs until it is told to stop.

	To be started from the main thread: the kernel kills it when that ends.
	Output goes to NAME.out and NAME.err in the scene's directory, those of a
	later start behind those of an earlier one.
	"""

	own_group = False	# whether a terminal's Ctrl-C passes it by

	def __init__(self, scene, name, command, env=None):
		assert threading.current_thread() is threading.main_thread()
		self.scene = scene
		self.name = name
		self.command = [str(word) for word in command]
		self.env = env
		self.child = None
		self.asked_to_end = False
		self.out_start = 0
		self.start()

	def start(self):
		"""Starts it (again)."""
		assert self.child is None or self.child.poll() is not None
		self.asked_to_end = False
		self.out_start = len(self.read(".out"))
		with open(self.path(".out"), "ab") as out, \
		    open(self.path(".err"), "ab") as err:
			self.child = subprocess.Popen(
			    ["setpriv", "--pdeathsig", "KILL", "--", *self.command],
			    stdin=subprocess.DEVNULL, stdout=out, stderr=err,
			    cwd=self.scene.dir, env={**os.environ, **LOOKED_INTO,
			        **(self.env or {})},
			    process_group=0 if self.own_group else None)
		# From here on it cannot outlive us.
		wait_until(lambda: self.child.poll() is not None or
		    Path(os.readlink(f"/proc/{self.pid}/exe")).name != "setpriv",
		    f"{self.name} starts")

	def path(self, suffix):
		return self.scene.dir / (self.name + suffix)

	def read(self, suffix):
		path = self.path(suffix)
		return path.read_text(errors="replace") if path.exists() else ""

	def out(self):
		"""Standard output since the last start."""
		return self.read(".out")[self.out_start:]

	def err(self):
		"""Standard error of all starts."""
		return self.read(".err")

	def wait_line(self, pattern, timeout=10):
		"""Waits for pattern in the output; gives the match."""
		def find():
			assert self.is_running(), f"{self.name}: {ending(self.code())}"
			return re.search(pattern, self.out() + "\n" + self.err(), re.M)
		return wait_until(find, f'{self.name} says "{pattern}"', timeout)

	@property
	def pid(self):
		return self.child.pid

	def is_running(self):
		return self.child.poll() is None

	def code(self):
		return self.child.poll()

	def signal(self, number):
		self.child.send_signal(number)

	def stop(self, timeout=STOP_TIMEOUT):
		"""SIGTERM; gives the exit code."""
		self.asked_to_end = True
		self.signal(signal.SIGTERM)
		return self.wait(timeout)

	def wait(self, timeout=STOP_TIMEOUT):
		"""Waits for its end, which is expected; gives the exit code."""
		self.asked_to_end = True
		try:
			return self.child.wait(timeout * SLOWER)
		except subprocess.TimeoutExpired:
			raise Timeout(f"{self.name} does not end") from None

	def kill(self):
		"""SIGKILL."""
		self.asked_to_end = True
		self.child.kill()
		self.child.wait()

	def status(self, field):
		"""A number from /proc/PID/status: VmRSS (KiB), Threads,
		voluntary_ctxt_switches (of the main thread), FDSize ..."""
		text = Path(f"/proc/{self.pid}/status").read_text()
		return int(re.search(rf"^{field}:\s*(\d+)", text, re.M)[1])

	def rss_kib(self):
		return self.status("VmRSS")

	def cpu_seconds(self):
		text = Path(f"/proc/{self.pid}/stat").read_text()
		ticks = text.rsplit(")", 1)[1].split()[11:13]
		return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")

	def wakeups(self):
		"""How often its threads were scheduled after waiting."""
		total = 0
		for path in Path(f"/proc/{self.pid}/task").glob("*/status"):
			total += int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)",
			    path.read_text(), re.M)[1])
		return total

	def fds(self):
		return len(os.listdir(f"/proc/{self.pid}/fd"))


# Our programs

class Echo(Process):
	"""cmd/echo.  calls is {"orders": URL}, calls_tcp {"ledger": "ADDR:PORT"}."""

	def __init__(self, scene, name, calls=None, calls_tcp=None, proxy=None,
	    host="127.0.0.1", http_port=0, tcp_port=0, options=()):
		command = [BUILD / "echo", "--name", name,
		    "--http", f"{host}:{http_port}", "--tcp", f"{host}:{tcp_port}"]
		for service, url in (calls or {}).items():
			command += ["--call", f"{service}={url}"]
		for service, address in (calls_tcp or {}).items():
			command += ["--call-tcp", f"{service}={address}"]
		if proxy:
			command += ["--proxy", proxy]
		super().__init__(scene, name, [*command, *options])
		self.await_ports()

	def await_ports(self):
		self.http = self.wait_line(r"^listening http (\S+)")[1]
		self.tcp = self.wait_line(r"^listening tcp (\S+)")[1]
		self.http_port = int(self.http.rsplit(":", 1)[1])
		self.tcp_port = int(self.tcp.rsplit(":", 1)[1])


class Control(Process):
	"""mesh control, with its own directory, ports and socket.

	Whoever is not about policies has a mesh in which every member may call;
	inbound_policy "deny" is what a mesh begins with by itself.
	"""

	def __init__(self, scene, name="control", options=(),
	    inbound_policy="all-authenticated"):
		self.data_dir = scene.dir / name
		self.api_port = free_port()
		self.admin_port = free_port()
		self.socket = scene.dir / f"{name}.sock"
		self.api = f"127.0.0.1:{self.api_port}"
		super().__init__(scene, name, [MESH, "control",
		    "--data-dir", self.data_dir,
		    "--api-listen", self.api,
		    "--admin-listen", f"127.0.0.1:{self.admin_port}",
		    "--socket", self.socket,
		    "--initial-inbound-policy", inbound_policy, *options])

	def await_ready(self, timeout=10):
		wait_until(lambda: self.is_running() and
		    wire.get(self.admin_port, "/readyz").status == 200,
		    f"{self.name} is ready", timeout)
		return self

	def ctl(self, *args, stdin=None, expect=0, timeout=30):
		"""Runs mesh ctl against it; gives the result, of the exit code expect
		(None: any)."""
		done = subprocess.run([str(MESH), "ctl", "--server",
		    f"unix:{self.socket}", *map(str, args)], input=stdin, text=True,
		    capture_output=True, timeout=timeout * SLOWER, cwd=self.scene.dir,
		    check=False)
		assert expect is None or done.returncode == expect, \
		    f"ctl {' '.join(map(str, args))}: {ending(done.returncode)}: " \
		    f"{done.stderr.strip()}"
		return done

	def get(self, *args):
		"""mesh ctl get ... -o json, parsed."""
		return json.loads(self.ctl("get", *args, "-o", "json").stdout)

	def apply(self, documents):
		"""Applies YAML text."""
		return self.ctl("apply", "-f", "-", stdin=documents)

	def token(self, service, workload, what="--service"):
		"""Makes a join token; gives the path of the file with it."""
		done = self.ctl("token", "create", what, service,
		    "--workload", workload)
		path = self.scene.dir / f"{workload}.token"
		path.write_text(done.stdout)
		path.chmod(0o600)
		return path

	def metrics(self):
		return wire.Metrics(wire.get(self.admin_port, "/metrics").text())


class Proxy(Process):
	"""mesh proxy beside an application.

	apps are values of --app: "ADDR:PORT", "80=ADDR:PORT/http".  With
	standalone (a directory of documents) there is neither control nor service.
	upstreams is {"payments": "default/payments:80"}: each gets a port of its
	own, self.upstream["payments"] = "ADDR:PORT".  With gateway ("NS/NAME") and
	control it runs that Gateway.
	"""

	def __init__(self, scene, name, control=None, service=None, apps=(),
	    upstreams=None, standalone=None, gateway=None, options=()):
		self.control = control
		self.state_dir = scene.dir / name
		self.inbound_port = free_port()
		self.outbound_port = free_port()
		self.admin_port = free_port()
		self.outbound = f"http://127.0.0.1:{self.outbound_port}"
		self.upstream = {}
		command = [MESH, "proxy", "--state-dir", self.state_dir,
		    "--outbound-listen", f"127.0.0.1:{self.outbound_port}",
		    "--admin-listen", f"127.0.0.1:{self.admin_port}",
		    "--admin-socket", scene.dir / f"{name}.sock"]
		if standalone:
			command += ["--standalone", "--config", standalone]
		else:
			what = "--gateway" if gateway else "--service"
			command += [what, gateway or service, "--control",
			    control.api, "--token-file",
			    control.token(gateway or service, name, what),
			    "--advertise", "127.0.0.1"]
		if service:
			command += ["--inbound-listen",
			    f"127.0.0.1:{self.inbound_port}"]
		for app in apps:
			command += ["--app", app]
		for what, target in (upstreams or {}).items():
			self.upstream[what] = f"127.0.0.1:{free_port()}"
			command += ["--upstream", f"{self.upstream[what]}={target}"]
		super().__init__(scene, name, [*command, *options])

	def await_ready(self, timeout=10):
		wait_until(lambda: self.is_running() and
		    self.admin("/readyz").status == 200,
		    f"{self.name} is ready", timeout)
		return self

	def admin(self, path, **options):
		return wire.get(self.admin_port, path, **options)

	def metrics(self):
		return wire.Metrics(self.admin("/metrics").text())


def with_etc(process, folder):
	"""Starts one of ours again where folder is what it has as /etc."""
	if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"],
	    check=False).returncode != 0:
		raise Skip("needs root, and mounts of one's own")
	process.stop()
	process.command = ["unshare", "--mount", "sh", "-c",
	    'mount --bind "$0" /etc && exec "$@"', str(folder), *process.command]
	process.start()
	process.await_ready()


# Programs of others

class Nginx(Process):
	"""nginx in one process; server is what stands in its server block, such as
	'location / { return 200 "x"; }', listen what its listen line says besides.
	Its port is http_port."""

	def __init__(self, scene, name, server, host="127.0.0.1", listen=""):
		self.http_port = free_port()
		self.http = f"{host}:{self.http_port}"
		folder = scene.dir / name
		folder.mkdir()
		temps = "\n".join(f"{kind}_temp_path {folder}/{kind};" for kind in
		    ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
		user = "user root;" if os.getuid() == 0 else ""
		conf = scene.file(f"{name}/nginx.conf", f"""
			daemon off; master_process off; worker_processes 1; {user}
			pid {folder}/pid; error_log stderr;
			events {{ worker_connections 4096; }}
			http {{
				access_log off; {temps}
				server {{ listen {self.http} backlog=4096 {listen}; {server} }}
			}}
			""")
		super().__init__(scene, name, ["nginx", "-p", folder, "-e", "stderr",
		    "-c", conf])
		wait_until(lambda: wire.dial(self.http).close() is None,
		    f"{name} listens")


class CurlResult:
	def __init__(self, done, head, body):
		self.code = done.returncode	# of curl
		self.err = done.stderr.strip()
		self.status = int(done.stdout or 0)
		self.head = head
		self.body = body

	def json(self):
		return json.loads(self.body)

	def header(self, name):
		"""The first value in the last head, None without."""
		last = self.head.rstrip().split("\r\n\r\n")[-1]
		found = re.search(rf"^{re.escape(name)}:[ \t]*(.*?)\s*$", last,
		    re.M | re.I)
		return found[1] if found else None


def curl(url, *options, timeout=10):
	"""Runs curl (no retries, no settings of the user)."""
	with tempfile.TemporaryDirectory() as folder:
		head, body = Path(folder, "head"), Path(folder, "body")
		done = subprocess.run(["curl", "-q", "-sS", "--noproxy", "",
		    "--max-time", str(timeout * SLOWER), "-D", str(head),
		    "-o", str(body), "-w", "%{http_code}", *map(str, options), url],
		    text=True, capture_output=True, check=False)
		return CurlResult(done,
		    head.read_text("latin-1") if head.exists() else "",
		    body.read_bytes() if body.exists() else b"")


# Scenarios

class Skip(Exception):
	"""Raised by a scenario that cannot run here."""


# What strace puts in the place of a call that it makes fail.
REFUSED_BY_DESIGN = {"-1"}


class KernelLog:
	"""The lines that the kernel logs from now on; none if that is not ours."""

	def __init__(self):
		try:
			self.file = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
			os.lseek(self.file, 0, os.SEEK_END)
		except OSError:
			self.file = None

	def lines(self):
		while self.file is not None:
			try:
				yield os.read(self.file, 8192).decode(errors="replace")
			except BrokenPipeError:		# some were overwritten
				continue
			except OSError:
				return

	def refused_calls(self):
		"""What seccomp has refused our binary: {"main 137", ...}."""
		found = set()
		for line in self.lines():
			match = re.search(r'type=1326 .* comm="([^"]*)" exe="([^"]*)" '
			    r'.* syscall=(-?[0-9]+)', line)
			if match and match[2] == str(MESH) and \
			    match[3] not in REFUSED_BY_DESIGN:
				found.add(f"{match[1]} {match[3]}")
		return found

	def close(self):
		if self.file is not None:
			os.close(self.file)


class Scene:
	"""What one scenario has."""

	def __init__(self, name):
		self.kernel_log = KernelLog()
		self.dir = Path(tempfile.mkdtemp(prefix=f"mesh-{name[:40]}-"))
		self.processes = []
		self.closers = []

	def start(self, name, command, env=None):
		"""Starts any program."""
		return self.add(Process(self, name, command, env))

	def echo(self, name, **options):
		return self.add(Echo(self, name, **options))

	def nginx(self, name, server, **options):
		return self.add(Nginx(self, name, server, **options))

	def control(self, **options):
		return self.add(Control(self, **options)).await_ready()

	def proxy(self, name, **options):
		"""Starts a proxy; call await_ready() when it can be."""
		return self.add(Proxy(self, name, **options))

	def backend(self, script):
		"""A scripted back end of wire.py, closed with the scene."""
		return self.closing(wire.Backend(script))

	def closing(self, thing):
		"""Has thing.close() called when the scene ends."""
		self.closers.append(thing)
		return thing

	def file(self, name, text):
		path = self.dir / name
		path.parent.mkdir(parents=True, exist_ok=True)
		path.write_text(text)
		path.chmod(0o600)
		return path

	def add(self, process):
		self.processes.append(process)
		return process

	def end(self):
		"""Stops everything; gives what is wrong with how it ended."""
		wrong = []
		for thing in reversed(self.closers):
			thing.close()
		for process in self.processes:
			code = process.code()
			if code is not None and not process.asked_to_end:
				wrong.append(f"{process.name} ended: {ending(code)}")
		wrong += stop_all(self.running())
		if calls := self.kernel_log.refused_calls():
			wrong.append("seccomp refused (thread, number): " +
			    ", ".join(sorted(calls)))
		self.kernel_log.close()
		return wrong

	def running(self):
		"""Processes that run, the latest first."""
		return [process for process in reversed(self.processes)
		    if process.is_running()]

	def show_logs(self):
		for process in self.processes:
			for suffix in (".out", ".err"):
				lines = process.read(suffix).splitlines()
				if len(lines) > LOG_HEAD + LOG_LINES:
					lines[LOG_HEAD:-LOG_LINES] = ["..."]
				for line in lines:
					print(f"    {process.name}{suffix}| {line}")

	def remove(self):
		if os.environ.get("MESH_KEEP"):
			print(f"    kept: {self.dir}")
		else:
			shutil.rmtree(self.dir, ignore_errors=True)


def stop_all(running):
	"""SIGTERM, after a while a second one, at last SIGKILL."""
	wrong = []
	for process in running:
		process.asked_to_end = True
		process.signal(signal.SIGTERM)
	deadline = time.monotonic() + STOP_PATIENCE * SLOWER
	for process in running:
		try:
			code = process.child.wait(max(0.01, deadline - time.monotonic()))
			if code not in (0, -signal.SIGTERM):
				wrong.append(f"{process.name} ended: {ending(code)}")
		except subprocess.TimeoutExpired:
			process.signal(signal.SIGTERM)
	for process in running:
		try:
			process.child.wait(STOP_TIMEOUT * SLOWER)
		except subprocess.TimeoutExpired:
			process.kill()
			wrong.append(f"{process.name} does not stop")
	return wrong


_scenarios = []


def scenario(function):
	"""Registers a function of one argument, the scene."""
	_scenarios.append(function)
	return function


def one_line(error):
	text = " ".join(str(error).split())
	kind = "" if type(error) is AssertionError else type(error).__name__
	return (": ".join(part for part in (kind, text) if part))[:500] or "failed"


def run(name, function):
	"""Gives whether it did not fail."""
	scene = Scene(name)
	try:
		return attempt(scene, name, function)
	finally:
		stop_all(scene.running())	# those of an interrupted scenario
		scene.remove()


def attempt(scene, name, function):
	wrong, trace, skipped = [], "", None
	try:
		function(scene)
	except Skip as why:
		skipped = str(why)
	except Exception as error:	# whatever it is, the others still run
		last = traceback.extract_tb(error.__traceback__)[-1]
		why = one_line(error)
		wrong.append(why if why != "failed" else last.line)
		trace = traceback.format_exc()
	wrong += scene.end()
	if wrong:
		print(f"not ok {name}: {'; '.join(wrong)}")
		for line in trace.splitlines():
			print("    " + line)
		scene.show_logs()
	elif skipped is not None:
		print(f"skip {name}: {skipped}")
	else:
		print(f"ok {name}")
	sys.stdout.flush()
	return not wrong


def main():
	"""Runs what the command line asks for and exits."""
	prefix = Path(sys.argv[0]).name.removesuffix(".py").removesuffix("_test")
	chosen = [(f"{prefix}_{function.__name__}", function)
	    for function in _scenarios]
	if sys.argv[1:] == ["--list"]:
		print("\n".join(name for name, _ in chosen))
		sys.exit(0)
	if words := sys.argv[1:]:
		chosen = [(name, function) for name, function in chosen
		    if any(word in name for word in words)]
	if not chosen:
		sys.exit("no such scenario")
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
	results = [run(name, function) for name, function in chosen]
	sys.exit(0 if all(results) else 1)
