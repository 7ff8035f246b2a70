#!/usr/bin/python3
# timeout: 900
"""The conformance cases of Gateway API: documents as they are, and what is then
asked and expected, run against real proxies (cluster.py stands in for
Kubernetes).

The data lie beside the repository, not in it: MESH_CORPUS names the folder that
holds "gateway-api", else it is "shared/corpus" beside the source tree or a
folder above; where there is none, every scenario is skipped.  One scenario is
one conformance test.
"""

import json
import os
import re
import ssl
import urllib.parse
import uuid
from pathlib import Path

import wire
from mesh import ROOT, Skip, curl, main, scenario, wait_until
from websocket import WebSocket

try:
	from cluster import Cluster, settle
	from echo_pods import SERVICE, call
except ImportError as missing:	# of a module for YAML, HTTP/2 or gRPC
	Cluster, MISSING = None, missing

INFRA = "gateway-conformance-infra"
TIMES = 500	# requests that judge weights
SLACK = 0.05

METHODS = ("Echo", "EchoTwo", "EchoThree")

# Tests that look at conditions alone: why no parent accepts the route.
REFUSED = {
	"HTTPRouteDisallowedKind": "NotAllowedByListeners",
	"HTTPRouteInvalidCrossNamespaceParentRef": "NotAllowedByListeners",
	"HTTPRouteInvalidParentRefNotMatchingListenerPort": "NoMatchingParent",
	"HTTPRouteInvalidParentRefNotMatchingSectionName": "NoMatchingParent",
	"HTTPRouteInvalidParentRefSectionNameNotMatchingPort":
	    "NoMatchingParent",
}


def corpus():
	"""The folder of the conformance data, or None."""
	given = os.environ.get("MESH_CORPUS")
	places = [Path(given)] if given else \
	    [folder / "shared" / "corpus" for folder in ROOT.parents]
	for place in places:
		if (found := place / "gateway-api" / "conformance").is_dir():
			return found
	return None


DATA = corpus()
TESTS = {} if DATA is None else {test["ShortName"]: test for test in
    json.loads((DATA / "cases.json").read_text())}


# What cases.json does not say: which Gateway is asked, and what a test fills in

# (test, first case): the Gateway's name and port from that case on.
PLACES = {
	("HTTPRouteMultipleGateways", 2): ("all-namespaces", 80),
	("HTTPRouteRedirectPortAndScheme", 6):
	    ("same-namespace-with-http-listener-on-8080", 8080),
	("HTTPRouteRedirectPortAndScheme", 9):
	    ("same-namespace-with-https-listener", 443),
	("HTTPRouteHostnameIntersection", 27):
	    ("httproute-hostname-intersection-all", 80),
}


# (test, case): kinds of which all documents are deleted before.
DELETED = {("HTTPRouteReferenceGrant", 1): ["ReferenceGrant"]}
# Apps with a pod that cannot be reached.
DEAD = {"HTTPRouteRetryConnectionError": ["infra-backend-v3"]}


def over_tls(host, status, backend=None, sni=None, path="/"):
	return {"Request": {"Host": host, "Path": path, "SNI": sni or host},
	    "Backend": backend, "Namespace": INFRA,
	    "Response": {"StatusCode": status}}


def misdirected(sni, host, status, backend=None):
	return over_tls(host, status, backend, sni,
	    "/detect-misdirected-requests")


def retried(path, code, after, status):
	return {"Request": {"Path": f"/retry/{path}?responseCode={code}"
	    f"&succeedAfter={after}&uuid=$uuid"}, "Namespace": INFRA,
	    "Backend": "infra-backend-v3", "Response": {"StatusCode": status}}


FILLED = {
	"HTTPRouteHTTPSListener": [
		over_tls("example.org", 200, "infra-backend-v1"),
		over_tls("second-example.org", 200, "infra-backend-v2"),
		over_tls("unknown-example.org", 404),
	],
	"HTTPRouteHTTPSListenerDetectMisdirectedRequests": [
		misdirected("example.org", "example.org", 200,
		    "infra-backend-v1"),
		misdirected("example.org", "second-example.org", 421),
		misdirected("example.org", "unknown-example.org", 404),
		misdirected("example.org", "third-example.wildcard.org", 421),
		misdirected("second-example.org", "second-example.org", 200,
		    "infra-backend-v2"),
		misdirected("second-example.org", "example.org", 421),
		misdirected("third-example.wildcard.org",
		    "third-example.wildcard.org", 200, "infra-backend-v3"),
		misdirected("third-example.wildcard.org",
		    "fifth-example.wildcard.org", 200, "infra-backend-v3"),
		misdirected("third-example.wildcard.org",
		    "fourth-example.wildcard.org", 421),
		misdirected("fourth-example.wildcard.org",
		    "fourth-example.wildcard.org", 200, "infra-backend-v1"),
		misdirected("fourth-example.wildcard.org",
		    "third-example.wildcard.org", 421),
	],
	"HTTPRouteRetry": [
		retried("code-500-attempts-3", 500, 2, 200),
		retried("code-500-attempts-3", 500, 4, 500),
		retried("code-500-attempts-3", 503, 2, 503),
		*(retried("code-all-attempts-2", code, after, status)
		    for code in (500, 502, 503, 504)
		    for after, status in ((2, 200), (3, code))),
	],
	"HTTPRouteRetryConnectionError": [
		{"Request": {"Path": "/retry/no-status-code-attempts-3"},
		    "Backend": "infra-backend-v3", "Namespace": INFRA},
	],
	"HTTPRouteRetryWithTimeouts": [
		{"Request": {"Path": "/retry/backend-request-timeout-200ms"
		    "?delayRetry=1s&succeedAfter=2&uuid=$uuid"},
		    "Backend": "infra-backend-v3", "Namespace": INFRA},
		{"Request": {"Path": "/retry/backend-request-timeout-200ms"
		    "?delayRetry=1s&succeedAfter=3&uuid=$uuid"},
		    "Response": {"StatusCode": 504}},
		{"Request": {"Path": "/retry/request-timeout-200ms"
		    "?responseCode=500&delayRetry=150ms&succeedAfter=5"
		    "&uuid=$uuid"}, "Response": {"StatusCode": 504}},
	],
	"HTTPRouteServiceTypes": [
		{"Request": {"Path": f"/{path}"}, "Backend": "infra-backend-v1",
		    "Namespace": INFRA}
		for path in ("manual-endpointslices", "headless",
		    "headless-manual-endpointslices")
	],
}


def cases_of(test):
	filled = FILLED.get(test["ShortName"], test["cases"])
	return json.loads(json.dumps(filled).replace("$ns", INFRA))


# One request

class Case:
	"""One case of a test, at the address where it is to be tried."""

	def __init__(self, edge, port, data, index):
		self.index = index
		self.sent = 0
		self.data = data
		self.request = data.get("Request", {})
		self.response = data.get("Response", {})
		self.edge = edge
		self.port = self.port_of_host(port)
		self.is_tls = edge.ports[self.port] == "HTTPS"
		self.own_host = edge.address if self.port in (80, 443) else \
		    f"{edge.address}:{self.port}"

	def port_of_host(self, port):
		named = self.request.get("Host", "").rpartition(":")[2]
		return int(named) if named.isdigit() and \
		    int(named) in self.edge.ports else port

	def __str__(self):
		return json.dumps(self.data)

	def fields(self):
		fields = dict(self.request.get("Headers") or {})
		if sets := self.data.get("BackendSetResponseHeaders"):
			fields["X-Echo-Set-Header"] = ",".join(
			    f"{name}:{value}" for name, value in sets.items())
		return fields

	def path(self):
		return self.request.get("Path") or "/"

	def send_by_h2(self):
		"""In plain text, without asking."""
		got = curl(f"http://{self.own_host}{self.path()}",
		    "--http2-prior-knowledge")
		reply = wire.Message(got.head.replace("HTTP/2", "HTTP/1.1",
		    1).replace("\n", "\r\n").encode())
		reply.body = got.body
		return reply

	def send(self):
		self.sent += 1
		tls = None
		host = self.request.get("Host") or self.own_host
		if self.request.get("Protocol") == "H2C_PRIOR_KNOWLEDGE":
			return self.send_by_h2()
		if self.is_tls:
			context = ssl.create_default_context()
			context.check_hostname = False
			context.verify_mode = ssl.CERT_NONE
			tls = context, self.request.get("SNI", host)
		with wire.Client(f"{self.edge.address}:{self.port}", tls) as client:
			return client.request(self.path().replace("$uuid",
			    uuid.uuid4().hex), self.request.get("Method") or "GET",
			    host, fields=self.fields())

	def check(self):
		reply = self.send()
		statuses = self.response.get("StatusCodes") or \
		    [self.response.get("StatusCode") or 200]
		assert reply.status in statuses, \
		    f"{reply.status}, expected {statuses}: {self}"
		if reply.status == 200 and not self.is_preflight():
			self.check_seen(reply.json())
		if reply.status // 100 == 3 and "RedirectRequest" in self.data:
			self.check_redirect(reply.get("location"))
		self.check_reply(reply)
		return reply

	def who(self):
		"""Checks it; gives the pod."""
		return self.check().json()["name"].split("/")[1]

	def is_preflight(self):
		"""Answered by the gateway, not by an echo."""
		return self.request.get("Method") == "OPTIONS"

	def check_seen(self, seen):
		"""What the pod says that it got."""
		expected = self.data.get("ExpectedRequest") or {}
		want = expected.get("Request") or {}
		fields = seen["headers"]
		namespace, pod = seen["name"].split("/")
		assert pod.startswith(self.data.get("Backend") or ""), (pod, str(self))
		assert self.data.get("Namespace") in (None, "", namespace), seen
		path = want.get("Path") or self.path()
		if "$" not in path:
			assert seen["path"] == path, (seen["path"], str(self))
		assert seen["method"] == (want.get("Method") or
		    self.request.get("Method") or "GET"), seen
		assert want.get("Host") in (None, "", seen["host"]), \
		    (seen["host"], str(self))
		for name, value in (want.get("Headers") or {}).items():
			got = ",".join(fields.get(name.lower(), ["(none)"]))
			assert got == value, (name, got, str(self))
		for name in expected.get("AbsentHeaders") or ():
			assert name.lower() not in fields, (name, str(self))

	def check_reply(self, reply):
		strip = (lambda text: re.sub(r"\s", "", text)) \
		    if self.response.get("IgnoreWhitespace") else (lambda text: text)
		allowed = {name: [value] for name, value in
		    (self.response.get("Headers") or {}).items()}
		allowed.update(self.response.get("ValidHeaderValues") or {})
		for name, values in allowed.items():
			got = strip(",".join(reply.all(name)))
			assert got in map(strip, values), (name, got, str(self))
		for name in self.response.get("AbsentHeaders") or ():
			assert not reply.all(name), (name, str(self))

	def check_redirect(self, location):
		want = self.data["RedirectRequest"]
		got = urllib.parse.urlsplit(location)
		usual = {"http": 80, "https": 443}
		scheme = want.get("Scheme") or ("https" if self.is_tls else "http")
		host = want.get("Host") or self.request.get("Host") or \
		    self.edge.address
		assert got.scheme == scheme, (location, str(self))
		assert got.hostname == host, (location, str(self))
		assert got.path == (want.get("Path") or self.path()), \
		    (location, str(self))
		if want.get("Port"):
			assert (got.port or usual[scheme]) == int(want["Port"]), \
			    (location, str(self))
		else:
			assert got.port in (None, usual[scheme]), \
			    (location, str(self))


class Call(Case):
	"""One case of gRPC.  As with those who wrote it, what is expected of
	headers is for readers."""

	def check(self):
		self.sent += 1
		method, = (one for one in METHODS if f"{one}Request" in self.data)
		asked = self.data.get("RequestMetadata", {})
		answer = call(f"{self.edge.address}:{self.port}",
		    asked.get("Authority"), method, asked.get("Metadata") or {})
		expected = self.response.get("Code", "$OK").strip("$").upper()
		assert answer.code == expected, (answer.code, str(self))
		if answer.code == "OK":
			assert answer.method == f"/{SERVICE}/{method}", answer.method
			assert answer.pod.startswith(self.data.get("Backend", "")), \
			    (answer.pod, str(self))
			assert self.data.get("Namespace") in (None, "",
			    answer.namespace), answer.namespace
		return answer

	def who(self):
		return self.check().pod


# One test

def place_of(test, index, cluster):
	"""The edge and port of a case: what PLACES says, or the first parent."""
	namespace, name = cluster.parents()[0]
	port = None
	for (short, first), (named, number) in PLACES.items():
		if short == test["ShortName"] and index >= first:
			name, port = named, number
	edge = cluster.gateways[namespace, name]
	return edge, port or min(edge.ports)


def check_weights(case, weights):
	counts = {}
	for _ in range(TIMES):
		backend = case.who().rsplit("-", 1)[0]
		counts[backend] = counts.get(backend, 0) + 1
	assert set(counts) <= set(weights), counts
	for backend, share in weights.items():
		got = counts.get(backend, 0) / TIMES
		assert abs(got - float(share)) <= (SLACK if float(share) else 0), \
		    (backend, got, share)


def mirrors_of(case):
	return [((one["BackendRef"].get("Namespace") or INFRA,
	    one["BackendRef"]["Name"]), one.get("Percent"))
	    for one in case.get("MirroredTo") or ()]


def count_mirrored(cluster, workload, path):
	return sum(request.target == path for request in
	    cluster.recorded[workload].requests())


def check_mirrors(cluster, case):
	for workload, percent in mirrors_of(case.data):
		for _ in range(0 if percent is None else TIMES):
			case.check()
		share = 1 if percent is None else percent / 100
		slack = 0 if percent is None else 2 * SLACK
		wait_until(lambda: abs(count_mirrored(cluster, workload,
		    case.path()) / case.sent - share) <= slack,
		    f"{workload} gets {share:.0%} of the requests")


def check_refused(cluster, reason):
	for route in cluster.of("HTTPRoute"):
		parents = cluster.conditions(route)
		assert parents
		for conditions in parents:
			accepted = conditions["Accepted"]
			assert (accepted["status"], accepted["reason"]) == \
			    ("False", reason), accepted


def check_generation(cluster):
	"""Conditions say of which generation they are."""
	route, = cluster.of("HTTPRoute")
	def observed():
		return {one["observedGeneration"]
		    for parent in cluster.conditions(route)
		    for one in parent.values()}
	wait_until(lambda: observed() == {1}, "the first generation is seen")
	route["spec"]["rules"][0]["backendRefs"][0]["name"] = "infra-backend-v2"
	cluster.apply([route])
	wait_until(lambda: observed() == {2}, "the second generation is seen")


def check_websocket(cluster):
	"""What the test does that cases.json has no words for."""
	edge, port = place_of({"ShortName": None}, 0, cluster)
	def echoes():
		with WebSocket(f"{edge.address}:{port}", host=edge.address,
		    fields={"Origin": "ws://gateway/"}) as socket:
			for message in "Websocket Support!", bytes(range(1, 8)):
				socket.send(message)
				assert socket.receive() == message
	settle(echoes, "a WebSocket reaches the pod")


def run_test(scene, test):
	if Cluster is None:
		raise Skip(str(MISSING))
	short = test["ShortName"]
	recorded = {workload for case in cases_of(test)
	    for workload, _ in mirrors_of(case)}
	cluster = Cluster(scene, [DATA / "base.yaml", *(DATA / Path(name).name
	    for name in test["manifests"])], recorded, DEAD.get(short, ()))
	cases = [(Call if "Request" not in data else Case)(*place_of(test, index,
	    cluster), data, index) for index, data in enumerate(cases_of(test))]
	if short in REFUSED:
		wait_until(lambda: check_refused(cluster, REFUSED[short]) is None,
		    "no parent accepts the route", 3)
	elif short == "HTTPRouteObservedGenerationBump":
		check_generation(cluster)
	elif short == "HTTPRouteBackendProtocolWebSocket":
		check_websocket(cluster)
	elif not cases:
		raise Skip("not yet: the corpus has no cases for it")
	for case in cases:
		for kind in DELETED.get((short, case.index), ()):
			cluster.delete(kind)
		settle(case.check, "a case holds")
		if weights := test.get("expectedWeights"):
			check_weights(case, weights)
		check_mirrors(cluster, case)
	# Pods have no such method either: it was the gateway that said so.
	for pod in sum(cluster.pods.values(), []):
		assert f"/{SERVICE}/EchoThree" not in getattr(pod, "methods", ())


def register(test):
	def one_test(scene):
		run_test(scene, test)
	one_test.__name__ = test["ShortName"]
	scenario(one_test)


for each in TESTS.values():
	register(each)


@scenario
def data_are_there(_):
	if DATA is None:
		raise Skip("the conformance data of Gateway API are not here")
	assert len(TESTS) >= 60, len(TESTS)


if __name__ == "__main__":
	main()
