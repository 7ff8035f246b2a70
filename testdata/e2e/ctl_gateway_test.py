#!/usr/bin/env python3
"""`mesh ctl route --gateway` beside a gateway that does what it says."""

import json
import ssl
import subprocess

from gateway import (Gateway, certificate, gateway, route, secret, service,
    streams, trust)
from mesh import MESH, free_port, main, scenario


def ctl_route(documents, *words, code=None):
	done = subprocess.run([MESH, "ctl", "route", "--gateway", "edge", "-f",
	    str(documents), "-R", *map(str, words)], capture_output=True,
	    text=True, timeout=30, check=False)
	assert code is None or done.returncode == code, (words, done)
	return done


def said(documents, *words):
	"""What becomes of it: a backend, or the status of a refusal."""
	done = ctl_route(documents, "-o", "json", *words)
	shown = json.loads(done.stdout)
	winner = shown["winner"]
	assert done.returncode == (0 if winner else 1), done
	if winner:
		return winner["backends"][0]["backend"].partition(":")[0]
	if refused := shown.get("refused"):
		return next(word for word in ("404", "421", "TLS") if word in refused)
	return "404"


def listeners(scene):
	"""A Gateway's documents, its ports, and what clients need."""
	plain, tls, tcp = free_port(), free_port(), free_port()
	names = ("any", "wild", "exact", "inside", "through", "bytes")
	apps = {name: scene.echo(name) for name in names}
	pair = certificate(scene, "edge", "*.example.com", "a.example.com")
	host = 'hostname: "*.example.com"'
	cert = "tls: {certificateRefs: [{name: edge}]}"
	text = gateway([
	    f"name: any, protocol: HTTP, port: {plain}",
	    f"name: wild, protocol: HTTP, port: {plain}, {host}",
	    f"name: https, protocol: HTTPS, port: {tls}, {host}, {cert}",
	    f"name: exact, protocol: HTTPS, port: {tls}, "
	    f"hostname: a.example.com, {cert}",
	    f"name: through, protocol: TLS, port: {tls}, "
	    "hostname: db.example.org, tls: {mode: Passthrough}",
	    f"name: tcp, protocol: TCP, port: {tcp}"])
	for name, section, path in (("any", "any", "/"), ("wild", "wild", "/w"),
	    ("inside", "https", "/in"), ("exact", "exact", "/e")):
		text += route(name, name, f"name: edge, sectionName: {section}",
		    path=path)
	text += streams("TLSRoute", "through", ["through"],
	    "name: edge, sectionName: through", ["db.example.org"])
	text += streams("TCPRoute", "bytes", ["bytes"],
	    "name: edge, sectionName: tcp")
	text += secret("edge", pair)
	text += "".join(service(name, app.http_port)
	    for name, app in apps.items())
	return text, (plain, tls, tcp), pair[0]


@scenario
def route_says_what_a_gateway_does(scene):
	text, (plain, tls, tcp), cert = listeners(scene)
	edge = Gateway(scene, text)
	answers = set()

	def compare(reply, *words):
		did = reply.json()["name"] if reply.status == 200 else \
		    str(reply.status)
		assert said(edge.config, *words) == did, (words, did)
		answers.add(did)
	for host in ("b.org", "b.example.com", "A.Example.com:80", "example.com"):
		for path in ("/", "/w", "/w/x", "/wx", "/x/../w"):
			compare(edge.get(plain, path, host), "--port", plain, "--host",
			    host, "--path", path)
	for sni in ("a.example.com", "b.example.com"):
		for host in ("a.example.com", "b.example.com", "c.example.com",
		    "example.com"):
			for path in ("/in", "/e"):
				with edge.client(tls, sni, trust(cert)) as client:
					compare(client.request(path, host=host), "--port", tls,
					    "--sni", sni, "--host", host, "--path", path)
	assert {"any", "wild", "inside", "exact", "404", "421"} == answers, answers
	# A server name that nobody has.
	assert said(edge.config, "--port", tls, "--host", "b.org") == "TLS"
	try:
		edge.client(tls, "b.org", trust(cert))
	except ssl.SSLError:
		pass
	else:
		raise AssertionError("a name of nobody was served")
	# Connections.
	assert said(edge.config, "--listener", "tcp") == "bytes"
	assert edge.get(tcp).json()["name"] == "bytes"
	assert said(edge.config, "--listener", "through", "--host",
	    "db.example.org") == "through"


@scenario
def route_at_a_gateway_says_why_not_the_others(scene):
	text, (plain, tls, _), _ = listeners(scene)
	(scene.dir / "edge.yaml").write_text(text + route("stranger", "any",
	    "name: edge, namespace: default", namespace="other"))
	files = scene.dir / "edge.yaml"
	shown = ctl_route(files, "--port", plain, "--host", "x.example.com",
	    "--path", "/w", code=0).stdout
	lines = [" ".join(line.split()) for line in shown.splitlines()]
	for line in (
	    f"Request: GET /w to Gateway default/edge port {plain}, "
	    "host x.example.com",
	    "Listener: wild of Gateway default/edge, HTTP, hostname *.example.com",
	    "Wins: HTTPRoute default/wild, rules[0].matches[0]",
	    f"any Gateway default/edge {plain} HTTP - its hostname is less "
	    "specific",
	    f"https Gateway default/edge {tls} HTTPS *.example.com its port is "
	    "another",
	    "default/any - - it names another listener or port -",
	    "other/stranger - - allowedRoutes leaves out its kind or namespace -"):
		assert line in lines, (line, shown)
	done = ctl_route(files, "--port", tls, "--sni", "a.example.com", "--host",
	    "b.example.com", code=1)
	assert "answered 421" in done.stdout and "Wins:        nobody\n" in \
	    done.stdout, done.stdout
	for words, code, why in (
	    ([], 64, "say which"), (["--port", "x"], 64, "--port: expected"),
	    (["--port", 1], 1, "opens no port 1; it opens"),
	    (["--listener", "x"], 1, "has no listener x"),
	    (["--listener", "any", "--sni", "x"], 64, "has no TLS"),
	    (["--listener", "any", "--port", plain], 64, "exclude each other"),
	    (["--from", "a"], 64, "there is no --from"),
	    (["web"], 64, "there is no SERVICE")):
		done = ctl_route(files, *words, code=code)
		assert why in done.stderr, (words, done.stderr)


@scenario
def route_asks_control_about_a_gateway(scene):
	control = scene.control()
	text, (plain, tls, _), _ = listeners(scene)
	control.apply(text)

	def ask(*words, code=0):
		done = control.ctl("route", "--gateway", "edge", *map(str, words),
		    expect=code)
		return done.stdout
	assert "Wins:        HTTPRoute default/wild, rules[0]" in ask("--port",
	    plain, "--host", "x.example.com", "--path", "/w")
	assert "Wins:        TLSRoute default/through, rules[0]\n" in ask("--port",
	    tls, "--host", "db.example.org")
	control.ctl("delete", "secret", "edge", "--yes")
	shown = ask("--listener", "https", "--host", "b.example.com", "--path",
	    "/in")
	assert "ResolvedRefs is False: InvalidCertificateRef" in shown, shown


@scenario
def services_show_routes_of_every_kind(scene):
	control = scene.control()
	parent = 'group: "", kind: Service, name: db'
	control.apply("".join(service(name, 1) for name in ("db", "other")) +
	    streams("TCPRoute", "bytes", ["other"], parent) +
	    streams("TLSRoute", "names", ["other", "db"],
	        'group: "", kind: Service, name: other', ["db.example"]))
	shown = control.ctl("describe", "service", "db").stdout
	lines = [" ".join(line.split()) for line in shown.splitlines()]
	for line in ("TCPRoute default/bytes 0 all all * other:80=1 "
	    "every connection", "TLSRoute default/names 0 80 1 50.0%",
	    "Problem: TCPRoute default/bytes: backend other:80: no endpoint is "
	    "online"):
		assert line in lines, (line, shown)
	shown = control.ctl("route", "db").stdout
	assert "Wins:        TCPRoute default/bytes, rules[0]\n" in shown, shown
	shown = control.ctl("route", "other", "--host", "db.example").stdout
	assert "Wins:        TLSRoute default/names, rules[0]\n" in shown, shown
	shown = control.ctl("route", "other", "--host", "x.example",
	    expect=1).stdout
	assert "nobody: closed" in shown, shown


if __name__ == "__main__":
	main()
