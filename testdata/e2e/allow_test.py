#!/usr/bin/python3
# timeout: 120
"""mesh ctl allow, deny: what they say of what they do."""

import re
import shlex

from mesh import main, scenario


SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: orders}
spec:
  ports:
  - {name: http, port: 80, appProtocol: http}
  - {name: db, port: 82, appProtocol: tcp}
"""


@scenario
def policies_that_stand_are_told_of(scene):
	control = scene.control(inbound_policy="deny")
	control.apply(SERVICE)
	# Whoever is denied already is not let in by this.
	control.ctl("deny", "web", "orders", "--methods", "DELETE")
	said = control.ctl("allow", "web", "orders").stderr
	assert "default/deny-web-to-orders-delete denies some of this, whatever " \
	    "is allowed: mesh ctl delete authorizationpolicy " \
	    "deny-web-to-orders-delete -n default takes that back" in said, said
	control.ctl("deny", "web", "orders")
	said = control.ctl("allow", "web", "orders").stderr
	assert "default/deny-web-to-orders denies all of this" in said, said
	said = control.ctl("allow", "batch", "orders").stderr
	assert " denies " not in said, said
	# Beside an order of more, one of less narrows nothing, whatever its name.
	said = control.ctl("allow", "web", "orders", "--methods", "GET",
	    expect=65).stderr
	assert "nothing would be narrowed" in said, said
	said = control.ctl("allow", "web", "orders", "--methods", "GET", "--name",
	    "web-reads").stderr
	assert "default/allow-web-to-orders allows all of this already, and what " \
	    "it allows beyond stays allowed" in said, said
	said = control.ctl("allow", "batch", "orders:80", "--name", "own").stderr
	assert "default/allow-batch-to-orders allows all of this already" in said
	said = control.ctl("allow", "other", "orders").stderr
	assert "already" not in said, said


@scenario
def what_makes_a_learnt_policy_pointless_is_told(scene):
	control = scene.control(inbound_policy="deny")
	control.apply(SERVICE)
	control.ctl("allow", "web", "orders", "--methods", "GET")
	said = control.ctl("policy", "learn", "orders").stderr
	assert "do anything" not in said, said
	control.ctl("allow", "*", "orders")
	said = control.ctl("policy", "learn", "orders").stderr
	assert "default/allow-all-to-orders lets everybody do anything at " \
	    "default/orders, whatever this policy says" in said, said


# What is ordered, of whatever service; and whether a rule of it may be about no
# request that ctl can ask for.
ORDERS = [
    (), ("--methods", "GET"), ("--methods", "PUT,GET"), ("--methods", "P*"),
    ("--methods", "*"), ("--methods", "PURGE"), ("--paths", "/a"),
    ("--paths", "/a/*"), ("--paths", "/a/{*}/b"), ("--paths", "/a/{**}"),
    ("--paths", "*/b"), ("--paths", "*"), ("--paths", "/it's,/b"),
    ("--methods", "DELETE", "--paths", "/a,/b"),
    ("--from-ip", "10.1.0.0/16"), ("--from-ip", "10.1.2.3,10.2.0.0/16"),
    ("--methods", "GET", "--paths", "/a/*", "--from-ip", "::/0"),
]
CALLERS = ["web", "shop/web", "shop/*", "*", "nobody",
    "spiffe://partner.example/ns/a/sa/web",
    "spiffe://mesh.internal/ns/shop/sa/web"]


@scenario
def what_is_suggested_can_be_typed_and_answers_as_said(scene):
	control = scene.control(inbound_policy="deny")
	control.apply(SERVICE)
	orders = [(caller, to, more) for caller in CALLERS for to in ("orders",)
	    for more in ORDERS if caller != "nobody" or "--from-ip" in more]
	orders += [("web", to, ()) for to in ("orders:80", "orders:82",
	    "default/orders", "orders.default.mesh", "orders.default.mesh:82",
	    "orders:http", "orders:db")]
	for verb, expect in (("allow", 0), ("deny", 1)):
		for caller, to, more in orders:
			if verb == "allow" and caller == "nobody":
				continue	# plain text is not taken here
			done = control.ctl(verb, caller, to, *more, "--name", "one")
			line = re.search(r"check it with: mesh ctl (.*); take it back "
			    r"with: mesh ctl (.*)\n", done.stderr)
			assert line, done.stderr
			told = control.ctl(*shlex.split(line[1]), expect=expect)
			assert f"rule 0 of default/one" in told.stdout or \
			    caller == "nobody", (line[1], told.stdout)
			control.ctl(*shlex.split(line[2]), "--yes")


@scenario
def words_that_no_request_has_are_refused(scene):
	control = scene.control(inbound_policy="deny")
	control.apply(SERVICE)
	for words, said in ((("--methods", "get"), "did you mean GET?"),
	    (("--methods", "GET,Post"), "did you mean POST?"),
	    (("--paths", "a"), "did you mean /a?"),
	    (("--paths", "/b,a/*"), "did you mean /a/*?"),
	    (("--methods", ","), "--methods: expected at least one"),
	    (("--paths", " "), "--paths: expected at least one")):
		for verb in "allow", "deny":
			done = control.ctl(verb, "web", "orders", *words, expect=64)
			assert said in done.stderr, done.stderr
	# Twice is once, in the document and in its name.
	control.ctl("allow", "web", "orders", "--methods", "GET, GET,HEAD")
	assert "unchanged" in control.ctl("allow", "web", "orders", "--methods",
	    "GET,HEAD").stdout
	told = control.ctl("get", "authorizationpolicy",
	    "allow-web-to-orders-get-head", "-o", "yaml").stdout
	assert told.count("- GET\n") == 1, told
	# A service by what it is called with, and a port by its name.
	assert "unchanged" in control.ctl("allow", "web", "orders.default.mesh",
	    "--methods", "GET,HEAD").stdout
	assert "allow-web-to-orders-82" in control.ctl("allow", "web.default.mesh",
	    "orders:db").stdout
	assert 'has no port "nothing"' in control.ctl("allow", "web",
	    "orders:nothing", expect=1).stderr
	control.ctl("route", "orders:http")
	control.ctl("policy", "learn", "orders.default.mesh")
	control.ctl("policy", "learn", "orders:80", expect=64)


@scenario
def what_rules_about_requests_do_to_bytes_is_told(scene):
	control = scene.control(inbound_policy="deny")
	control.apply(SERVICE)
	done = control.ctl("deny", "*", "orders", "--paths", "/admin")
	assert "paths: is not known of bytes, which port 82 carries: every " \
	    "connection there is refused; ports, as [\"80\"], leaves it alone" in \
	    done.stderr, done.stderr
	control.ctl("authz", "check", "--from", "web", "--to", "orders:82",
	    "--bytes", expect=1)
	told = control.ctl("analyze", "--all-namespaces", expect=None)
	assert "is not known of bytes" in told.stdout, told.stdout + told.stderr
	assert "bytes" not in control.ctl("deny", "*", "orders:80", "--paths",
	    "/admin").stderr
	done = control.ctl("allow", "web", "orders", "--methods", "GET")
	assert "port 82 of default/orders carries bytes, of which no rule with " \
	    "methods or paths allows anything: mesh ctl allow web orders:82" in \
	    done.stderr, done.stderr


if __name__ == "__main__":
	main()
