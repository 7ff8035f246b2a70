#!/usr/bin/python3
"""Applications get identities of their own by the SPIFFE Workload API: a client
made from the public interface asks, openssl judges what it gets."""

import json
import os
import subprocess
import time

import grpc
import jwt
from mesh import curl, main, scenario, wait_until
from workload import HEADER, Workload

ID = "spiffe://mesh.internal/ns/default/sa/orders"


def member(scene, control, *options, name="orders", await_ready=True):
	"""A proxy with a Workload API, and an application that asks there."""
	socket = scene.dir / f"{name}.workload"
	proxy = scene.proxy(name, control=control, service=f"default/{name}",
	    apps=[f"80={scene.echo('app-' + name).http}/http"],
	    options=["--workload-api-socket", socket, *options])
	if await_ready:
		proxy.await_ready()
	return proxy, scene.closing(Workload(socket))


def x509(application):
	"""Waits for what the proxy asks of control when it begins."""
	def ask():
		try:
			return next(application.stream("FetchX509SVID"))
		except grpc.RpcError as error:
			assert error.code() == grpc.StatusCode.PERMISSION_DENIED, error
			assert "no identity" in error.details()
	return wait_until(ask, "the application has an identity")


def code(call, *args, **options):
	"""How it fails."""
	try:
		result = call(*args, **options)
		if hasattr(result, "__next__"):
			next(result)
	except grpc.RpcError as error:
		return error.code().name
	return "OK"


def openssl(*words, stdin=None, expect=0):
	done = subprocess.run(["openssl", *map(str, words)], input=stdin,
	    capture_output=True, check=False)
	assert done.returncode == expect, done.stderr.decode()
	return done.stdout


def certificates(der):
	"""DER behind each other, each as PEM."""
	found = []
	while der:
		length = 4 + int.from_bytes(der[2:4], "big")
		assert der[:2] == b"\x30\x82"
		found.append(openssl("x509", "-inform", "DER", stdin=der[:length]))
		der = der[length:]
	return found


def verify(scene, svid, roots):
	"""openssl finds the way from the leaf to those roots; gives its text."""
	leaf, *rest = certificates(svid.x509_svid)
	for name, pems in ("leaf", [leaf]), ("rest", rest), ("roots", roots):
		(scene.dir / name).write_bytes(b"".join(pems))
	openssl("verify", "-purpose", "sslclient", "-CAfile", scene.dir / "roots",
	    "-untrusted", scene.dir / "rest", scene.dir / "leaf")
	key = openssl("pkey", "-inform", "DER", "-pubout",
	    stdin=svid.x509_svid_key)
	assert key == openssl("x509", "-noout", "-pubkey", stdin=leaf), \
	    "the key is that of the certificate"
	return openssl("x509", "-noout", "-text", stdin=leaf).decode()


@scenario
def an_application_gets_a_key_of_its_own(scene):
	control = scene.control()
	proxy, application = member(scene, control)
	reply = x509(application)
	assert len(reply.svids) == 1 and not reply.federated_bundles
	svid = reply.svids[0]
	assert svid.spiffe_id == ID
	roots = certificates(svid.bundle)
	text = verify(scene, svid, roots)
	assert f"URI:{ID}" in text and "DNS:orders.default.mesh" in text
	assert ".workload.mesh" not in text, "it is no proxy's"
	bundles = next(application.stream("FetchX509Bundles")).bundles
	assert dict(bundles) == {"spiffe://mesh.internal": svid.bundle}
	# The proxy's key stays where it is.
	own = (proxy.state_dir / "identity.pem").read_bytes()
	assert openssl("pkey", "-pubout", stdin=own) != openssl("pkey", "-inform",
	    "DER", "-pubout", stdin=svid.x509_svid_key)
	# And what the application has is no way to a session of the proxy.
	leaf = scene.file("app.pem", b"".join(certificates(svid.x509_svid)).decode())
	key = scene.file("app.key", openssl("pkey", "-inform", "DER",
	    stdin=svid.x509_svid_key).decode())
	for path in "svid/x509", "renew":
		csr = openssl("req", "-new", "-key", key, "-subj", "/").decode()
		refused = curl(f"https://{control.api}/v1/{path}", "-k", "--cert",
		    leaf, "--key", key, "--json", '{"csr":"%s"}' %
		    csr.replace("\n", "\\n"))
		assert refused.status == 403, refused.body
		assert b"application's certificate" in refused.body, refused.body
	# One that starts again has it at once, with control away, too.
	control.stop()
	proxy.stop()
	proxy.start()
	assert x509(application).svids[0].x509_svid == svid.x509_svid


@scenario
def a_rotation_is_pushed(scene):
	control = scene.control()
	_, application = member(scene, control)
	before = x509(application).svids[0]
	svids = application.stream("FetchX509SVID")
	bundles = application.stream("FetchX509Bundles")
	assert next(svids).svids[0].x509_svid == before.x509_svid
	assert len(certificates(next(bundles).bundles["spiffe://mesh.internal"])) == 1
	control.ctl("ca", "prepare", "--level", "root")
	now = next(bundles).bundles["spiffe://mesh.internal"]
	roots = certificates(now)
	assert len(roots) == 2
	assert next(svids).svids[0].bundle == now
	control.ctl("ca", "activate")
	control.ctl("ca", "taint")
	after = next(svids).svids[0]
	while after.x509_svid == before.x509_svid:
		after = next(svids).svids[0]
	assert after.x509_svid_key != before.x509_svid_key
	verify(scene, after, certificates(after.bundle))


def tokens_of(control):
	"""The keys of tokens in the trust bundle, as others get it, by their kid."""
	keys = json.loads(control.ctl("ca", "export-bundle", "--format",
	    "spiffe").stdout)["keys"]
	return {key["kid"]: jwt.PyJWK.from_dict(key).key for key in keys
	    if key["use"] == "jwt-svid"}


@scenario
def a_token_is_for_its_audience(scene):
	control = scene.control()
	_, application = member(scene, control)
	x509(application)
	one = application.call("FetchJWTSVID", audience=["db", "spiffe://x/y"])
	assert [svid.spiffe_id for svid in one.svids] == [ID]
	token = one.svids[0].svid
	# Somebody else's library believes it, by the bundle alone.
	keys = tokens_of(control)
	kid = jwt.get_unverified_header(token)["kid"]
	claims = jwt.decode(token, keys[kid], algorithms=["ES256"],
	    audience="spiffe://x/y", options={"require": ["exp", "sub", "aud"]})
	assert claims["sub"] == ID and claims["aud"] == ["db", "spiffe://x/y"]
	assert 0 < claims["exp"] - time.time() <= 300
	try:
		jwt.decode(token, keys[kid], algorithms=["ES256"], audience="web")
		raise AssertionError("another audience")
	except jwt.InvalidAudienceError:
		pass
	again = application.call("FetchJWTSVID", audience=["db", "spiffe://x/y"])
	assert again.svids[0].svid == token, "control is not asked again"
	# So does the proxy, and another one.
	bundles = next(application.stream("FetchJWTBundles")).bundles
	assert list(bundles) == ["spiffe://mesh.internal"]
	published = json.loads(bundles["spiffe://mesh.internal"])["keys"]
	assert {key["kid"] for key in published} == set(keys)
	_, web = member(scene, control, name="web")
	x509(web)
	for asked in application, web:
		seen = asked.call("ValidateJWTSVID", audience="db", svid=token)
		assert seen.spiffe_id == ID
		assert seen.claims["iss"] == "spiffe://mesh.internal"
		assert list(seen.claims["aud"]) == ["db", "spiffe://x/y"]
	head, body, sig = token.split(".")
	forged = jwt.encode(claims | {"aud": "db"}, "k" * 32, algorithm="HS256")
	other = scene.control(name="other")
	stranger = jwt.encode(claims | {"aud": "db"}, openssl("ecparam", "-name",
	    "prime256v1", "-genkey", "-noout"), algorithm="ES256",
	    headers={"kid": kid})
	for bad, audience in ((token, "web"), (f"{head}.{body}.{sig[:-4]}AAAA", "db"),
	    (f"{head}.{body}.", "db"), (forged, "db"), (stranger, "db"), ("", "db"),
	    (token, "")):
		assert code(application.call, "ValidateJWTSVID", audience=audience,
		    svid=bad) == "INVALID_ARGUMENT", bad
	for bad in [], [""], ["a" * 513], ["a"] * 17:
		assert code(application.call, "FetchJWTSVID",
		    audience=bad) == "INVALID_ARGUMENT", bad
	assert code(application.call, "FetchJWTSVID", audience=["a" * 40000]) == \
	    "RESOURCE_EXHAUSTED"
	application.call("FetchJWTSVID", audience=["a" * 512] * 16)
	assert code(application.call, "FetchJWTSVID", audience=["db"],
	    spiffe_id=ID.replace("orders", "web")) == "PERMISSION_DENIED"
	assert tokens_of(other).keys().isdisjoint(keys)
	# A key that somebody may have is replaced, and what it signed is nothing.
	control.ctl("ca", "replace-token-key", "--yes")
	wait_until(lambda: code(application.call, "ValidateJWTSVID", audience="db",
	    svid=token) == "INVALID_ARGUMENT", "the token is refused")
	assert kid not in tokens_of(control)
	token = application.call("FetchJWTSVID", audience=["db", "spiffe://x/y"]
	    ).svids[0].svid
	application.call("ValidateJWTSVID", audience="db", svid=token)
	# Away, control is asked in vain, and what there is stays good.
	control.stop()
	assert code(application.call, "FetchJWTSVID", audience=["new"]) == \
	    "UNAVAILABLE"
	assert application.call("FetchJWTSVID", audience=["db", "spiffe://x/y"]
	    ).svids[0].svid == token
	application.call("ValidateJWTSVID", audience="db", svid=token)


@scenario
def a_token_of_another_trust_domain_is_judged_by_its_own_keys(scene):
	ours, theirs = (scene.control(name=name, options=("--trust-domain",
	    f"{name}.example")) for name in ("ours", "theirs"))
	_, here = member(scene, ours, name="here")
	_, there = member(scene, theirs, name="there")
	x509(here)
	x509(there)
	token = there.call("FetchJWTSVID", audience=["here"]).svids[0].svid

	def judged():
		return code(here.call, "ValidateJWTSVID", audience="here", svid=token)
	assert judged() == "INVALID_ARGUMENT", "nobody knows that domain"
	bundle = theirs.ctl("ca", "export-bundle", "--format", "spiffe").stdout
	ours.apply(json.dumps({"apiVersion": "spire.spiffe.io/v1alpha1",
	    "kind": "ClusterFederatedTrustDomain", "metadata": {"name": "theirs"},
	    "spec": {"trustDomain": "theirs.example",
	    "trustDomainBundle": bundle}}))
	wait_until(lambda: judged() == "OK", "the domain is known")
	seen = here.call("ValidateJWTSVID", audience="here", svid=token)
	assert seen.spiffe_id == "spiffe://theirs.example/ns/default/sa/there"
	reply = next(here.stream("FetchX509SVID"))
	assert list(reply.federated_bundles) == ["spiffe://theirs.example"]
	assert set(next(here.stream("FetchJWTBundles")).bundles) == {
	    "spiffe://ours.example", "spiffe://theirs.example"}
	ours.ctl("delete", "clusterfederatedtrustdomain", "theirs", "--yes",
	    expect=None)
	wait_until(lambda: judged() == "INVALID_ARGUMENT", "it is unknown again")


@scenario
def who_may_ask_is_known_by_his_uid(scene):
	control = scene.control()
	proxy, application = member(scene, control)
	x509(application)
	for metadata in (), (("workload.spiffe.io", "TRUE"),):
		for method in "FetchX509SVID", "FetchX509Bundles":
			assert code(application.stream, method,
			    metadata=metadata) == "INVALID_ARGUMENT"
	assert code(application.call, "FetchJWTSVID", audience=["x"],
	    metadata=()) == "INVALID_ARGUMENT"
	channel = application.channel.unary_unary("/SpiffeWorkloadAPI/FetchWITSVID")
	assert code(channel, b"", metadata=HEADER) == "UNIMPLEMENTED"
	other, stranger = member(scene, control, "--workload-api-user", 4242,
	    name="other")
	assert code(stranger.stream, "FetchX509SVID") == "PERMISSION_DENIED"
	assert f"user {os.getuid()} asks for an identity" in other.err()
	_, mine = member(scene, control, "--workload-api-user", 4242,
	    "--workload-api-user", os.getuid(), name="mine")
	assert x509(mine).svids[0].spiffe_id.endswith("/sa/mine")
	_, user = member(scene, control, "--app-user", os.getuid(), name="user")
	x509(user)
	assert proxy.metrics().sum("mesh_workload_api_requests_total",
	    method="FetchX509SVID", code="3") == 2


@scenario
def who_is_given_nothing_keeps_nobody_out(scene):
	scene.dir.chmod(0o755)
	control = scene.control()
	proxy, application = member(scene, control)
	x509(application)
	application.close()
	# As another user, connections that say nothing.
	crowd = subprocess.Popen(["setpriv", "--reuid", "65534", "--regid", "65534",
	    "--clear-groups", "/usr/bin/python3", "-c",
	    "import socket, sys\n"
	    "open = [socket.socket(socket.AF_UNIX) for _ in range(300)]\n"
	    "for one in open: one.connect(sys.argv[1])\n"
	    "print('there', flush=True)\n"
	    "sys.stdin.read()", scene.dir / "orders.workload"],
	    stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	try:
		assert crowd.stdout.readline() == b"there\n"
		x509(scene.closing(Workload(scene.dir / "orders.workload")))
	finally:
		crowd.kill()
		crowd.wait()
	assert proxy.is_running()


@scenario
def streams_are_many_and_not_endless(scene):
	control = scene.control()
	proxy, application = member(scene, control)
	x509(application)
	open_ones = []
	for _ in range(16):	# one connection has 100 at most
		client = scene.closing(Workload(scene.dir / "orders.workload"))
		open_ones += [client.stream("FetchX509Bundles", timeout=60)
		    for _ in range(64)]
	for one in open_ones:
		next(one)
	assert code(application.stream, "FetchX509Bundles") == "RESOURCE_EXHAUSTED"
	open_ones.pop().cancel()
	wait_until(lambda: code(application.stream, "FetchX509Bundles",
	    timeout=5) == "OK", "there is room again")
	assert proxy.admin("/readyz").status == 200
	control.ctl("revoke", "orders", "--yes", "--wait", "0s", expect=None)
	ends = set()
	for one in open_ones:
		try:
			for _ in one:
				pass
		except grpc.RpcError as error:
			ends.add(error.code().name)
	assert ends == {"PERMISSION_DENIED"}, ends
	assert code(application.stream, "FetchX509SVID") == "PERMISSION_DENIED"


if __name__ == "__main__":
	main()
