#!/usr/bin/env python3
"""People whom an identity provider vouches for."""

import json
import time

from member import Api, service
from mesh import main, scenario, wait_until
from outside import Authority
from people import Desk, binding, curl_api
from tokens import Issuer, Provider

AUDIENCE = ["--oidc-audience", "mesh"]


def inline(issuer):
	return ["--oidc-issuer", issuer.url, *AUDIENCE, "--oidc-jwks", issuer.jwks]


def status(scene, control, token, path="/v1/whoami"):
	body, code = curl_api(scene, control, path, token)
	return int(code), json.loads(body)


@scenario
def groups_of_a_token_have_roles(scene):
	issuer = Issuer(kind="RS256")
	control = scene.control(options=inline(issuer))
	Api(control).apply(service("web", namespace="pay"), binding("RoleBinding",
	    "team", "operator", group="web-team", namespace="pay"),
	    binding("ClusterRoleBinding", "ann", "viewer", user="oidc:ann"))
	desk = Desk(scene, control, "ann")
	path = scene.file("token", issuer.token(aud="mesh",
	    groups=["web-team", "other"]) + "\n")
	path.chmod(0o600)
	who = json.loads(desk.ctl("--id-token-file", path, "auth", "whoami", "-o",
	    "json").stdout)
	assert (who["user"], who["how"]) == ("oidc:ann", "id-token"), who
	assert who["groups"] == ["web-team", "other"], who
	assert who["role"] == "viewer" and who["namespaces"] == [
	    {"namespace": "pay", "role": "operator"}], who
	desk.ctl("--id-token-file", path, "delete", "services", "web", "-n", "pay",
	    "--yes")
	entry = Api(control).get("/v1/audit").json()["items"][-1]
	assert (entry["actor"], entry["how"], entry["role"]) == \
	    ("oidc/ann", "id-token", "operator"), entry
	path.chmod(0o644)
	desk.ctl("--id-token-file", path, "get", "services", expect=78)
	# The same name here is somebody else.
	code, body = status(scene, control, issuer.token(sub="root", aud="mesh",
	    groups=["mesh:socket"]))
	assert code == 200 and body["role"] == "none" and body["groups"] == [], body


@scenario
def tokens_that_are_not_good_are_nobodys(scene):
	issuer = Issuer()
	control = scene.control(options=inline(issuer))
	for token, words in (
	    (issuer.token(aud="other"), "audience"),
	    (issuer.token(), "audience"),
	    (issuer.token(aud="mesh", lifetime=-120), "expired"),
	    (issuer.token(aud="mesh", exp=None), "no end"),
	    (issuer.token(aud="mesh", sub=None), "claim"),
	    (Issuer().token(aud="mesh"), ""),
	    (Issuer("https://else.example").token(aud="mesh"), ""),
	    (issuer.token(aud="mesh")[:-4] + "AAAA", ""),
	    ("a.b.c", ""), ("mesh-login.x.y", "login"), ("x", "")):
		code, body = status(scene, control, token)
		assert code == 401, (token, body)
		assert words in body["error"]["message"], (token, body)
	assert status(scene, control, issuer.token(aud=["x", "mesh"]))[0] == 200


@scenario
def keys_are_fetched_and_changed_keys_are_met(scene):
	authority = Authority(scene)
	provider = Provider(scene, authority.sign("idp", "DNS:localhost"),
	    host="localhost")
	control = scene.control(options=["--oidc-issuer", provider.url, *AUDIENCE,
	    "--oidc-jwks-uri", f"{provider.url}/keys", "--oidc-ca-file",
	    authority.path])
	wait_until(lambda: status(scene, control, provider.token(aud="mesh"))[0]
	    == 200, "its keys are there")
	old = provider.token(aud="mesh")
	renewed = provider.renew("two").token(aud="mesh")
	wait_until(lambda: status(scene, control, renewed)[0] == 200,
	    "the new key is there", timeout=20)
	assert status(scene, control, old)[0] == 401
	assert provider.asked["/keys"] <= 4, provider.asked


@scenario
def an_issuer_says_itself_where_its_keys_are(scene):
	authority = Authority(scene)
	pair = authority.sign("idp", "DNS:localhost")
	honest, liar = (Provider(scene, pair, host="localhost") for _ in range(2))
	# Who may name another would speak for everybody's people.
	liar.said = {"issuer": honest.url}
	one, two = (scene.control(name=name, options=["--oidc-issuer",
	    provider.url, *AUDIENCE, "--oidc-ca-file", authority.path])
	    for name, provider in (("one", honest), ("two", liar)))
	wait_until(lambda: status(scene, one, honest.token(aud="mesh"))[0]
	    == 200, "its keys are there")
	two.wait_line(f"keys of {liar.url}: ")
	assert status(scene, two, liar.token(aud="mesh"))[0] == 401
	assert "/keys" not in liar.asked, liar.asked


@scenario
def a_stream_ends_with_its_token(scene):
	issuer = Issuer()
	control = scene.control(options=inline(issuer))
	Api(control).apply(binding("ClusterRoleBinding", "ann", "viewer",
	    user="oidc:ann"))
	# Times may be off by a minute: it is good for two seconds more.
	token = issuer.token(aud="mesh", lifetime=2)
	started = time.monotonic()
	body, code = curl_api(scene, control, "/v1/watch", token)
	assert code == "200", body
	assert time.monotonic() - started < 25
	control.wait_line("oidc/ann: its token is over")


if __name__ == "__main__":
	main()
