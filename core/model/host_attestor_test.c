#include <stdio.h>
#include <string.h>

#include "base/unit.h"
#include "conf/json.h"
#include "model/host_attestor.h"
#include "model/model_test.h"
#include "pki/host_proof.h"

#define HEAD	"apiVersion: mesh/v1\nkind: HostAttestor\n"		\
	"metadata: {name: machines, namespace: shop}\nspec:\n"

static void
write_of_key(struct str *yaml, const char *rest)
{
	struct str pem = { 0 };
	struct key key;

	key_generate(&key);
	host_proof_add_public(&pem, key.point);
	str_add(yaml, HEAD "  type: HostKey\n  hostKey: {publicKey: ");
	str_add_json(yaml, str_slice(&pem));
	str_addf(yaml, "}\n%s", rest);
	str_fini(&pem);
	key_fini(&key);
}

static struct model_object *
of_key(const char *rest)
{
	struct str yaml = { 0 };
	struct model_object *o;

	write_of_key(&yaml, rest);
	o = object_from(str_ptr(&yaml));
	str_fini(&yaml);
	return o;
}

TEST(host_attestor_says_which_services)
{
	static const struct {
		const char *services, *host, *service;
		bool        may;
	} cases[] = {
		{ "[orders]", "db1.example.com", "orders", true },
		{ "[orders]", "db1.example.com", "order", false },
		{ "[orders]", "db1.example.com", "orders-2", false },
		{ "[web, 'orders-*']", "db1", "orders-2", true },
		{ "[web, 'orders-*']", "db1", "orders-", true },
		{ "[web, 'orders-*']", "db1", "orders", false },
		{ "['*']", "db1", "anything", true },
		{ "['*']", "db1", "gw--edge", false },
		{ "['{host}']", "db1.example.com", "db1", true },
		{ "['{host}']", "db1.example.com", "db2", false },
		{ "['{host}']", "db1.example.com", "db1-x", false },
		{ "['a-{host}-*']", "db1.example.com", "a-db1-x", true },
		{ "['a-{host}-*']", "db1.example.com", "a-db2-x", false },
		{ "['{host}']", "", "db1", false },
		{ "[orders]\n  gateways: [edge]", "gw1", "gw--edge", true },
		{ "[orders]\n  gateways: [edge]", "gw1", "edge", false },
		{ "[orders]\n  gateways: [edge]", "gw1", "gw--edg", false },
		{ "[orders]\n  gateways: [orders]", "gw1", "gw--edge", false },
		{ "[]\n  gateways: ['*']", "gw1", "gw--edge", true },
		{ "[]\n  gateways: ['*']", "gw1", "orders", false },
		{ "[]\n  gateways: ['{host}']", "gw1.example.com", "gw--gw1", true },
		{ "[]\n  gateways: ['{host}']", "gw1.example.com", "gw--gw2", false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char rest[100];

		snprintf(rest, sizeof(rest), "  services: %s\n",
		    cases[i].services);

		struct model_object *o = of_key(rest);

		if (model_host_may_serve(&model_host_attestor(o)->spec,
		    slice_str(cases[i].host), slice_str(cases[i].service)) !=
		    cases[i].may)
			fail_msg("%s: %s", cases[i].services, cases[i].service);
		model_object_unref(o);
	}
}

TEST(host_attestor_keeps_its_end_and_account)
{
	struct model_object *o = of_key("  services: [orders]\n"
	    "  serviceAccount: sell\n  expires: 2030-01-02T03:04:05Z\n");
	const struct model_host_attestor_spec *s = &model_host_attestor(o)->spec;

	assert_string_equal(s->account, "sell");
	assert_int_equal(s->expires, 1893553445);
	assert_int_equal(s->type, MODEL_HOST_KEY);
	assert_null(s->x509);
	model_object_unref(o);
}

static const struct {
	const char *in, *error;
} faults[] = {
	{ HEAD "  type: TPM\n  services: [a]\n",
	    "spec.type: expected one of X509, HostKey, found \"TPM\"" },
	{ HEAD "  type: HostKey\n  services: [a]\n", "hostKey" },
	{ HEAD "  type: HostKey\n  hostKey: {publicKey: x}\n  services: [a]\n",
	    "publicKey: expected a BEGIN PUBLIC KEY block" },
	{ HEAD "  type: X509\n  x509: {roots: x, hosts: [a.b]}\n"
	    "  services: [a]\n", "roots: " },
	{ HEAD "  type: X509\n  x509: {roots: x, hosts: []}\n"
	    "  services: [a]\n", "x509.hosts" },
};

static void
is_refused(const char *yaml, const char *error)
{
	struct err err = object_refusal(yaml);

	if (strstr(err.text, error) == NULL)
		fail_msg("%s", err.text);
}

TEST(host_attestor_refuses_what_proves_nothing)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		is_refused(faults[i].in, faults[i].error);
}

TEST(host_attestor_refuses_what_gives_nothing_or_too_much)
{
	static const struct {
		const char *rest, *error;
	} cases[] = {
		{ "  expires: 2030-01-02T03:04:05Z\n",
		    "expected services or gateways" },
		{ "  services: [gw--edge]\n", "services[0]: names that begin" },
		{ "  gateways: ['a*b']\n", "gateways[0]: expected a name" },
		{ "  gateways: [edge]\n  serviceAccount: sell\n",
		    "serviceAccount: is for services" },
		{ "  services: [a]\n  serviceAccount: gw--edge\n",
		    "serviceAccount: names that begin" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str yaml = { 0 };

		write_of_key(&yaml, cases[i].rest);
		is_refused(str_ptr(&yaml), cases[i].error);
		str_fini(&yaml);
	}
}
