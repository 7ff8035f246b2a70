"""The contestants: mesh as it ships, and the peers at their best.

All have one worker, on one CPU of their own, keep connections to the back end
open and write no log; TLS is mutual, 1.2 with ECDHE-ECDSA-AES128-GCM-SHA256 on
P-256, unless a contestant is said to use 1.3.
"""

import os
import resource

import wire
from edge import Edge
from measure import Contestant, LOAD_CPU, PROXY_CPU, on_cpu
from mesh import free_port, wait_until

MESH = ("--workers", "1")
NO_LOG = ("--access-log", "none")
OPEN_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
# HAProxy counts two descriptors a connection, and some of its own.
CONNECTIONS_MAX = min(20000, (OPEN_FILES - 500) // 2)

NGINX = """
worker_processes 1; daemon off; {user} pid {folder}/pid; error_log stderr;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
http {{
	access_log off; {temps}
	keepalive_requests 100000000; keepalive_timeout 1h;
	upstream back {{
		server {target}; keepalive 256;
		keepalive_requests 100000000; keepalive_timeout 1h;
	}}
	server {{
		listen {address}{server_tls}
		location / {{
			proxy_pass {scheme}://back; proxy_http_version 1.1;
			proxy_set_header Connection ""; {upstream_tls}
		}}
	}}
}}
"""

HAPROXY = """
global
	nbthread 1
	maxconn {connections}
	maxpipes 64
	tune.ssl.cachesize 100000
	expose-experimental-directives
	tune.fd.edge-triggered on
defaults
	mode {mode}
	option splice-auto
	{options}
	timeout connect 10s
	timeout client 1h
	timeout server 1h
	timeout http-keep-alive 1h
frontend front
	bind {address}{server_tls}
	default_backend back
backend back
	server back {target}{upstream_tls}
"""


def listens(address):
	return wire.dial(address).close() is None


def nginx(scene, name, target, server_tls=";", upstream_tls="", template=NGINX):
	address = f"127.0.0.1:{free_port()}"
	folder = scene.dir / name
	folder.mkdir()
	conf = scene.file(f"{name}/nginx.conf", template.format(
	    user="user root;" if os.getuid() == 0 else "", folder=folder,
	    files=OPEN_FILES, address=address, target=target,
	    scheme="https" if upstream_tls else "http", server_tls=server_tls,
	    upstream_tls=upstream_tls, temps=" ".join(
	        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body",
	        "proxy", "fastcgi", "uwsgi", "scgi"))))
	with on_cpu(PROXY_CPU):
		process = scene.start(name, ["nginx", "-p", folder, "-e", "stderr",
		    "-c", conf])
	wait_until(lambda: listens(address), f"{name} listens")
	return process, address


def haproxy(scene, name, target, server_tls="", upstream_tls="", mode="http"):
	address = f"127.0.0.1:{free_port()}"
	conf = scene.file(f"{name}.cfg", HAPROXY.format(connections=CONNECTIONS_MAX,
	    address=address, target=target, server_tls=server_tls, mode=mode,
	    upstream_tls=upstream_tls,
	    options="http-reuse always" if mode == "http" else ""))
	with on_cpu(PROXY_CPU):
		process = scene.start(name, ["haproxy", "-db", "-f", conf])
	wait_until(lambda: listens(address), f"{name} listens")
	return process, address


def backend(scene):
	with on_cpu(LOAD_CPU):
		return scene.echo("app")


def edge(scene, app, name="mesh", log=False):
	"""mesh in front of the application, from a directory of documents."""
	options = MESH + (("--access-log", scene.dir / f"{name}.log") if log
	    else NO_LOG)
	with on_cpu(PROXY_CPU):
		proxy = Edge(scene, app.http_port, name=name, options=options)
	return Contestant(name, proxy.address, [proxy])


def reverse_proxies(scene, app, log=False):
	"""direct, mesh, nginx, haproxy in front of an application."""
	process, address = nginx(scene, "nginx", app.http)
	other, other_address = haproxy(scene, "haproxy", app.http)
	contestants = [Contestant("direct", app.http), edge(scene, app),
	    Contestant("nginx", address, [process]),
	    Contestant("haproxy", other_address, [other])]
	if log:
		contestants.append(edge(scene, app, "mesh-log", log=True))
	return contestants
