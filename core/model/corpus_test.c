#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/unit.h"
#include "model/set.h"

/*
 * The example documents of Gateway API, where they are: MESH_CORPUS names the
 * folder that holds "gateway-api", else "shared/corpus" beside the source tree,
 * or beside a folder that it lies in.
 */
#define UP_MAX	6

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The heap string of a folder of the corpus, or NULL. */
static char *
corpus(const char *folder)
{
	const char *given = getenv("MESH_CORPUS");
	struct str up = { 0 };
	char *path = NULL;

	if (given != NULL)
		path = mem_printf("%s/gateway-api/%s", given, folder);
	for (int i = 0; i < UP_MAX && given == NULL; i++) {
		mem_free(path);
		str_add(&up, "../");
		path = mem_printf("%sshared/corpus/gateway-api/%s", str_ptr(&up),
		    folder);
		if (is_folder(path))
			break;
	}
	str_fini(&up);
	if (path != NULL && is_folder(path))
		return path;
	mem_free(path);
	return NULL;
}

static void
expect_no_fault(const char *folder)
{
	char *path = corpus(folder);
	struct model_set set;

	if (path == NULL)
		skip();
	model_set_init(&set, MODEL_STRICT, "default");
	/* Examples repeat each other's names: each file is a set of its own. */
	model_set_read(&set, path, true);
	for (size_t i = 0; i < set.faults_len; i++)
		if (strstr(set.faults[i].err.text, "stands twice, first at") == NULL)
			fail_msg("%s", set.faults[i].err.text);
	assert_true(set.len > 50);
	model_set_fini(&set);
	mem_free(path);
}

TEST(corpus_examples_are_accepted)
{
	expect_no_fault("examples");
}

static const struct {
	const char *file, *reason;
} invalid[] = {
	{ "experimental/httproute/invalid-filter-externalauth-bad-http-path",
	    "externalAuth.http.path: expected the path of a URL" },
	{ "experimental/httproute/invalid-filter-externalauth-empty",
	    "the field \"externalAuth\" is missing" },
	{ "experimental/httproute/invalid-filter-externalauth-no-protocol",
	    "the required field \"protocol\" is missing" },
	{ "experimental/httproute/invalid-header-value",
	    "add[0].value: expected the value of an HTTP field" },
	{ "standard/gateway/duplicate-listeners",
	    "listeners[1].name: the name same stands twice" },
	{ "standard/gateway/hostname-tcp",
	    "listeners[0].hostname: expected none for protocol TCP" },
	{ "standard/gateway/hostname-udp",
	    "listeners[0].hostname: expected none for protocol UDP" },
	{ "standard/gateway/invalid-addresses",
	    "addresses[0].value: expected an IP address" },
	{ "standard/gateway/invalid-listener-name",
	    "listeners[0].name: expected a name" },
	{ "standard/gateway/invalid-listener-port",
	    "listeners[0].port: expected a port from 1 to 65535" },
	{ "standard/gateway/invalid-tls-mode",
	    "listeners[0].tls.mode: expected Terminate for protocol HTTPS" },
	{ "standard/gateway/tlsconfig-tcp",
	    "listeners[0].tls: expected none for protocol TCP" },
	{ "standard/gatewayclass/invalid-controller",
	    "spec.controllerName: expected DOMAIN/PATH" },
	{ "standard/httproute/duplicate-header-match",
	    "headers[1].name: the name foo stands twice" },
	{ "standard/httproute/duplicate-query-match",
	    "queryParams[1].name: the name foo stands twice" },
	{ "standard/httproute/httproute-portless-backend",
	    "backendRefs[0]: the required field \"port\" is missing" },
	{ "standard/httproute/httproute-portless-service",
	    "backendRefs[0]: the required field \"port\" is missing" },
	{ "standard/httproute/invalid-backend-group",
	    "backendRefs[0].group: expected the group of an API" },
	{ "standard/httproute/invalid-backend-kind",
	    "backendRefs[0].kind: expected the name of a kind" },
	{ "standard/httproute/invalid-backend-port",
	    "backendRefs[0].port: expected a port from 1 to 65535" },
	{ "standard/httproute/invalid-filter-duplicate",
	    "filters[1].type: RequestHeaderModifier stands twice" },
	{ "standard/httproute/invalid-filter-duplicate-header",
	    "remove[1]: the header foo stands twice" },
	{ "standard/httproute/invalid-filter-empty",
	    "the field \"requestHeaderModifier\" is missing" },
	{ "standard/httproute/invalid-filter-wrong-field",
	    "\"requestHeaderModifier\" is missing" },
	{ "standard/httproute/invalid-header-name",
	    "headers[0].name: expected the name of an HTTP field" },
	{ "standard/httproute/invalid-hostname",
	    "spec.hostnames[0]: expected a host name" },
	{ "standard/httproute/invalid-httpredirect-hostname",
	    "requestRedirect.hostname: expected a host name without" },
	{ "standard/httproute/invalid-method", "method: expected one of GET" },
	{ "standard/httproute/invalid-path-alphanum-specialchars-mix",
	    "path.value: expected the path of a URL" },
	{ "standard/httproute/invalid-path-specialchars",
	    "path.value: expected the path of a URL" },
	{ "standard/httproute/invalid-request-redirect-with-backendref",
	    "backendRefs: expected none beside a RequestRedirect" },
	{ "standard/referencegrant/missing-from",
	    "the required field \"from\" is missing" },
	{ "standard/referencegrant/missing-ns",
	    "the required field \"namespace\" is missing" },
	{ "standard/referencegrant/missing-to",
	    "the required field \"to\" is missing" },
	{ "standard/tlsroute/invalid-hostname",
	    "spec.hostnames[0]: expected a host name" },
	{ "standard/tlsroute/no-hostname",
	    "the required field \"hostnames\" is missing" },
};

TEST(corpus_invalid_examples_are_refused_for_their_reason)
{
	char *path = corpus("invalid-examples");

	if (path == NULL)
		skip();
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++) {
		char *file = mem_printf("%s/%s.yaml", path, invalid[i].file);
		struct model_set set;

		model_set_init(&set, MODEL_STRICT, "default");
		model_set_read(&set, file, false);
		if (set.faults_len == 0)
			fail_msg("%s is accepted", invalid[i].file);
		if (strstr(set.faults[0].err.text, invalid[i].reason) == NULL)
			fail_msg("%s: found \"%s\", expected \"%s\"", invalid[i].file,
			    set.faults[0].err.text, invalid[i].reason);
		model_set_fini(&set);
		mem_free(file);
	}
	mem_free(path);
}

static size_t
count_files(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	size_t n = 0;

	assert_non_null(dir);
	while ((e = readdir(dir)) != NULL) {
		char *below = mem_printf("%s/%s", path, e->d_name);

		if (e->d_name[0] != '.')
			n += is_folder(below) ? count_files(below) : 1;
		mem_free(below);
	}
	closedir(dir);
	return n;
}

TEST(corpus_has_no_invalid_example_that_the_table_lacks)
{
	char *path = corpus("invalid-examples");

	if (path == NULL)
		skip();
	assert_int_equal(count_files(path), sizeof(invalid) / sizeof(invalid[0]));
	mem_free(path);
}

/* What Kubernetes alone knows, and the harness stands in for. */
TEST(corpus_conformance_documents_are_accepted)
{
	char *path = corpus("conformance");
	struct model_set set;

	if (path == NULL)
		skip();
	model_set_init(&set, MODEL_STRICT, "default");
	model_set_read(&set, path, false);
	for (size_t i = 0; i < set.faults_len; i++)
		if (strstr(set.faults[i].err.text, "stands twice, first at") == NULL &&
		    strstr(set.faults[i].err.text, "\"Deployment\"") == NULL &&
		    strstr(set.faults[i].err.text, "cases.json") == NULL)
			fail_msg("%s", set.faults[i].err.text);
	assert_true(set.len > 100);
	model_set_fini(&set);
	mem_free(path);
}
