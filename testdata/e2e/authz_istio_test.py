#!/usr/bin/python3
"""AuthorizationPolicies that were written for Istio, applied as they are."""

from mesh import main, scenario, wait_until
from policies import ask, orders_and, policy


@scenario
def cluster_local_is_our_trust_domain(scene):
	control, orders, web, batch = orders_and(scene, "web", "batch")

	def check(caller, code):
		return control.ctl("authz", "check", "--from", caller, "--to",
		    "orders", "--path", "/plain", expect=code).stdout

	assert ask(web) == 200
	control.apply(policy("no-web", "{action: DENY, rules: [{from: [{source: "
	    "{principals: [cluster.local/ns/default/sa/web]}}]}]}"))
	wait_until(lambda: ask(web) == 403, "the policy is in force")
	assert ask(batch) == 200
	assert "rule 0 of default/no-web" in check("web", 1)
	check("batch", 0)
	control.apply("""
apiVersion: spire.spiffe.io/v1alpha1
kind: ClusterFederatedTrustDomain
metadata: {name: other}
spec:
  trustDomain: cluster.local
  bundleEndpointURL: https://127.0.0.1:1
  bundleEndpointProfile: {type: https_web}
""")
	wait_until(lambda: ask(web) == 200, "another domain is called so")
	check("web", 0)
	check("spiffe://cluster.local/ns/default/sa/web", 1)


@scenario
def a_policy_is_tried_by_any_word_for_true(scene):
	control, orders, web = orders_and(scene, "web")
	denies = "{action: DENY, rules: [{}]}"

	def tried(word):
		return "{istio.io/dry-run: '%s'}" % word
	control.apply(policy("try", denies, annotations=tried("True")))
	wait_until(lambda: "dry run" in control.ctl("authz", "check", "--from",
	    "web", "--to", "orders").stdout, "the policy is there")
	assert ask(web) == 200
	for word in "yes", "":
		said = control.ctl("apply", "-f", scene.file("yes.yaml",
		    policy("try", denies, annotations=tried(word))), expect=65).stderr
		assert "metadata.annotations[istio.io/dry-run]: expected" in said, \
		    said
	said = control.ctl("apply", "-f", scene.file("near.yaml", policy("near",
	    denies, annotations="{istio.io/dryrun: 'true'}")), "--dry-run").stderr
	assert 'did you mean "istio.io/dry-run"' in said, said
	control.apply(policy("try", denies, annotations=tried("F")))
	wait_until(lambda: ask(web) == 403, "it is in force")


@scenario
def one_target_may_stand_alone(scene):
	control, orders, web = orders_and(scene, "web")
	control.apply(policy("one", "{action: DENY, targetRef: {kind: Service, "
	    "name: orders}, rules: [{to: [{operation: {paths: [/items/9]}}]}]}"))
	wait_until(lambda: ask(web, "/items/9") == 403, "the policy is in force")
	assert ask(web) == 200
	assert "Service/orders" in control.ctl("get",
	    "authorizationpolicies").stdout


if __name__ == "__main__":
	main()
