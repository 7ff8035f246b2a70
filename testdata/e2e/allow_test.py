#!/usr/bin/python3
# timeout: 120
"""mesh ctl allow, deny: what they say of what they do."""

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


if __name__ == "__main__":
	main()
