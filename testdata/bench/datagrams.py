"""W14: datagrams through one proxy, beside nginx's stream module."""

import json
import subprocess
import sys
from pathlib import Path

from measure import Contestant, LOAD_CPU, PROXY_CPU, figures, on_cpu, \
    rate_figures
from peers import MESH, NO_LOG, run_nginx

LOAD = Path(__file__).with_name("datagrams_load.py")

NGINX_UDP = """
stream {{
	server {{
		listen {address} udp; proxy_pass {target}; proxy_timeout 1h;
	}}
}}
"""

DOCUMENTS = """apiVersion: v1
kind: Service
metadata: {{name: web, namespace: default}}
spec:
  ports:
  - {{name: dns, port: 53, protocol: UDP}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: web-1
  namespace: default
  labels: {{kubernetes.io/service-name: web}}
addressType: IPv4
ports: [{{name: dns, port: {port}, protocol: UDP}}]
endpoints:
- addresses: ["127.0.0.1"]
"""


def contestants(scene):
	with on_cpu(LOAD_CPU):
		back = scene.start("back", [sys.executable, LOAD, "echo"])
	target = back.wait_line(r"^listening (\S+)")[1]
	nginx, nginx_address = run_nginx(scene, "nginx", NGINX_UDP,
	    is_stream=False, target=target)
	config = scene.dir / "mesh.d"
	config.mkdir()
	(config / "web.yaml").write_text(DOCUMENTS.format(
	    port=target.rsplit(":", 1)[1]))
	with on_cpu(PROXY_CPU):
		mesh = scene.proxy("mesh", standalone=config,
		    upstreams={"web": "default/web:53/udp"}, options=MESH + NO_LOG)
	mesh.await_ready()
	return [Contestant("mesh", mesh.upstream["web"], [mesh]),
	    Contestant("nginx", nginx_address, [nginx])]


def ask(address, milliseconds):
	with on_cpu(LOAD_CPU):
		out = subprocess.run([sys.executable, LOAD, "ask", address,
		    str(milliseconds)], capture_output=True, text=True,
		    check=True).stdout
	result = json.loads(out)
	assert result["all"] > 0, f"{address} answers nothing"
	return result


def run(bench):
	def take(way):
		ask(way.address, bench.warmup_ms)
		return bench.take_of(way, lambda: ask(way.address,
		    bench.duration_ms))
	samples = bench.each(contestants(bench.scene), take)
	bench.row("W14", "questions/CPU second", "1/s", figures(samples,
	    lambda sample: 1e6 / sample.cpu_us()), 1.0, higher_is_better=True)
	bench.row("W14", "throughput", "1/s", rate_figures(samples),
	    higher_is_better=True)
