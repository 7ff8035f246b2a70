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
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
worker_processes 1; daemon off; {user} pid {folder}/pid; error_log stderr;
worker_rlimit_nofile {files};
events {{ worker_connections {files}; }}
"""

NGINX_HTTP = """
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

NGINX_TCP = """
stream {{
	server {{
		listen {address}{server_tls}
		proxy_pass {target}; proxy_timeout 1h; {upstream_tls}
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
	{rule}
backend back
	server back {target}{upstream_tls}
"""

CIPHER = "ECDHE-ECDSA-AES128-GCM-SHA256"


def nginx_listen(holder, ca, version):
	"""The rest of a listen line with mutual TLS."""
	return f""" ssl;
		ssl_certificate {holder.cert}; ssl_certificate_key {holder.key};
		ssl_client_certificate {ca}; ssl_verify_client on;
		ssl_verify_depth 3; ssl_protocols TLSv{version};
		ssl_ciphers {CIPHER}; ssl_ecdh_curve prime256v1;
		ssl_session_cache shared:sessions:50m; ssl_session_timeout 1h;"""


def haproxy_bind(holder, ca, limits):
	"""The rest of a bind line with mutual TLS."""
	return f" ssl crt {holder.both} ca-file {ca} verify required {limits} " \
	    f"ciphers {CIPHER} curves P-256 alpn http/1.1"


def listens(address):
	return wire.dial(address).close() is None


def run_nginx(scene, name, template, cpu=PROXY_CPU, is_stream=True, **values):
	"""nginx with that behind its head; gives the process and the address."""
	address = f"127.0.0.1:{free_port()}"
	folder = scene.dir / name
	folder.mkdir(exist_ok=True)
	conf = scene.file(f"{name}/nginx.conf", (NGINX + template).format(
	    user="user root;" if os.getuid() == 0 else "", folder=folder,
	    files=OPEN_FILES, address=address, temps=" ".join(
	        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body",
	        "proxy", "fastcgi", "uwsgi", "scgi")), **values))
	with on_cpu(cpu):
		process = scene.start(name, ["nginx", "-p", folder, "-e", "stderr",
		    "-c", conf])
	if is_stream:
		wait_until(lambda: listens(address), f"{name} listens")
	else:
		wait_until((folder / "pid").exists, f"{name} runs")
	return process, address


def nginx(scene, name, target, protocol="http", server_tls=";",
    upstream_tls=""):
	if upstream_tls and protocol != "http":
		upstream_tls = "proxy_ssl on; " + upstream_tls
	return run_nginx(scene, name, NGINX_HTTP if protocol == "http"
	    else NGINX_TCP, target=target, server_tls=server_tls,
	    scheme="https" if upstream_tls else "http",
	    upstream_tls=upstream_tls)


def haproxy(scene, name, target, protocol="http", server_tls="",
    upstream_tls="", rule="default_backend back"):
	address = f"127.0.0.1:{free_port()}"
	conf = scene.file(f"{name}.cfg", HAPROXY.format(address=address,
	    connections=CONNECTIONS_MAX, target=target, server_tls=server_tls,
	    upstream_tls=upstream_tls, mode=protocol, rule=rule,
	    options="http-reuse always" if protocol == "http" else ""))
	with on_cpu(PROXY_CPU):
		process = scene.start(name, ["haproxy", "-db", "-f", conf])
	wait_until(lambda: listens(address), f"{name} listens")
	return process, address


def backend(scene):
	with on_cpu(LOAD_CPU):
		return scene.echo("app")


def edge(scene, app, name="mesh", protocol="http", log=False):
	"""mesh in front of the application, from a directory of documents."""
	options = MESH + (("--access-log", scene.dir / f"{name}.log") if log
	    else NO_LOG)
	port = app.http_port if protocol == "http" else app.tcp_port
	with on_cpu(PROXY_CPU):
		proxy = Edge(scene, port, name=name, protocol=protocol,
		    options=options)
	return Contestant(name, proxy.address, [proxy])


def reverse_proxies(scene, app, protocol="http", log=False):
	"""direct, mesh, nginx, haproxy in front of an application."""
	target = app.http if protocol == "http" else app.tcp
	one, address = nginx(scene, "nginx", target, protocol)
	other, other_address = haproxy(scene, "haproxy", target, protocol)
	contestants = [Contestant("direct", target),
	    edge(scene, app, protocol=protocol),
	    Contestant("nginx", address, [one]),
	    Contestant("haproxy", other_address, [other])]
	if log:
		contestants.append(edge(scene, app, "mesh-log", log=True))
	return contestants
