"""W5: gRPC over cleartext HTTP/2, from h2load, to nginx as the back end.

Neither end knows gRPC, but their bytes are those of it: a message with its
five bytes in front, trailers with grpc-status at the end.  What is read for a
message is a file, so that nginx answers at its best.
"""

import socket
import struct
from contextlib import ExitStack

from edge import documents
from h2_wire import END_HEADERS, END_STREAM, HEADERS, PREFACE, block, \
    headers, request, settings
from http2 import run_h2load
from measure import Contestant, Figure, LOAD_CPU, PROXY_CPU, anonymous_kib, \
    cpu_figures, on_cpu, rate_figures
from mesh import wait_until
from peers import MESH, NO_LOG, haproxy, listens, run_nginx

UNARY, STREAM = 100, (64, 1024)		# bytes; messages of so many bytes

NGINX_BACK = """
http {{
	access_log off; {temps}
	types {{ }} default_type application/grpc;
	open_file_cache max=100; open_file_cache_valid 1h;
	keepalive_requests 100000000; keepalive_timeout 1h;
	http2_max_concurrent_streams 1000; http2_chunk_size 2k;
	server {{
		listen {address} http2;
		root {folder}; error_page 405 =200 $uri;
		add_trailer grpc-status 0;
		# Of a file, and not of gRPC.
		etag off; max_ranges 0; add_header Last-Modified "";
		# Has requests read to their end first, as gRPC does.
		mirror /read; location = /read {{ internal; return 204; }}
	}}
}}
"""

NGINX_GRPC = """
http {{
	access_log off; {temps}
	keepalive_requests 100000000; keepalive_timeout 1h;
	upstream back {{
		server {target}; keepalive 256;
		keepalive_requests 100000000; keepalive_timeout 1h;
	}}
	server {{
		listen {address} http2;
		location / {{ grpc_pass grpc://back; }}
	}}
}}
"""


def message(size):
	return struct.pack(">BI", 0, size) + b"m" * size


def start_mesh(scene, target):
	config = scene.dir / "mesh.d"
	config.mkdir()
	(config / "web.yaml").write_text(documents("web",
	    [int(target.rsplit(":", 1)[1])], protocol="grpc"))
	with on_cpu(PROXY_CPU):
		proxy = scene.proxy("mesh", standalone=config,
		    upstreams={"web": "default/web:80"}, options=MESH + NO_LOG)
	wait_until(lambda: listens(proxy.upstream["web"]), "mesh listens")
	return proxy, proxy.upstream["web"]


def contestants(scene):
	folder = scene.dir / "back"
	folder.mkdir()
	(folder / "unary").write_bytes(message(UNARY))
	(folder / "stream").write_bytes(STREAM[0] * message(STREAM[1]))
	_, target = run_nginx(scene, "back", NGINX_BACK, LOAD_CPU)
	ways = {"mesh": start_mesh(scene, target),
	    "nginx": run_nginx(scene, "nginx", NGINX_GRPC, target=target),
	    "haproxy": haproxy(scene, "haproxy", target,
	    server_tls=" proto h2", upstream_tls=" proto h2")}
	return [Contestant(name, address, [process])
	    for name, (process, address) in ways.items()]


def open_idle(address):
	"""A connection on which one call was made."""
	host, port = address.rsplit(":", 1)
	sock = socket.create_connection((host, int(port)))
	sock.sendall(PREFACE + settings() + headers(1, block(*request("POST",
	    "/unary", ("content-type", "application/grpc"),
	    ("te", "trailers"))), END_HEADERS | END_STREAM))
	with sock.makefile("rb") as stream:
		while True:
			head = stream.read(9)
			stream.read(int.from_bytes(head[:3], "big"))
			if head[3] == HEADERS and head[4] & END_STREAM:
				return sock		# trailers


def measure_idle(bench, ways):
	count = bench.few(2000, 500, 20)
	each = {}
	for way in ways:
		with ExitStack() as stack:
			before = anonymous_kib(way.pids())
			for _ in range(count):
				stack.enter_context(open_idle(way.address))
			each[way.name] = Figure([
			    (anonymous_kib(way.pids()) - before) / count])
	bench.row("W5", f"each of {count} idle connections", "KiB", each, 32,
	    is_absolute=True)


def run(bench):
	scene = bench.scene
	ways = contestants(scene)
	measure_idle(bench, ways)	# before load leaves memory to be used again
	body = scene.dir / "body"
	body.write_bytes(message(UNARY))

	options = ("-d", body, "-H", "content-type: application/grpc",
	    "-H", "te: trailers")

	def take(way, path, streams):
		run_h2load(way.address + path, bench.warmup_ms, *options,
		    streams=streams)
		return bench.take_of(way, lambda: run_h2load(way.address + path,
		    bench.duration_ms, *options, streams=streams))
	for what, path, streams, aim in (("unary, 32 streams", "/unary", 32, 0.85),
	    ("unary, 1 stream", "/unary", 1, None),
	    ("64 x 1 KiB", "/stream", 8, 0.85)):
		samples = bench.each(ways, lambda way, path=path, streams=streams:
		    take(way, path, streams))
		bench.row("W5", f"CPU per call, {what}", "us",
		    cpu_figures(samples), aim)
		if streams == 32:
			bench.row("W5", "throughput", "1/s", rate_figures(samples),
			    higher_is_better=True)
