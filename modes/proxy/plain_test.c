#include <string.h>

#include "base/mem.h"
#include "base/unit.h"
#include "model/model_test.h"
#include "modes/proxy/plain.h"

#define SETTINGS(more)							\
	"apiVersion: mesh/v1\nkind: Proxy\nmetadata: {name: p}\n"	\
	"spec: {apps: [{address: '127.0.0.1:80'}, {address: "		\
	"'127.0.0.1:81'}]" more "}\n"
#define PEER(name, spec)						\
	"apiVersion: security.istio.io/v1\nkind: PeerAuthentication\n"	\
	"metadata: {name: " name ", namespace: default}\nspec: {" spec "}\n"
#define MESH(word)							\
	"apiVersion: mesh/v1\nkind: MeshConfig\nmetadata: {name: default}\n" \
	"spec: {defaultInboundPolicy: " word "}\n"
#define WEB	"selector: {matchLabels: {app: web}}"

/* A workload with the ports 80 and 81, which it serves as 8080 and 8081. */
struct stage {
	struct model_object  *self, *settings, *said[2];
	struct compile_input  in;
	struct inbound_port   ports[2], before_ports[2];
	struct snapshot      *now, *before;
};

static void
stage_init(struct stage *s, const char *settings, const char *a, const char *b)
{
	*s = (struct stage){ .settings = object_from(settings) };
	s->self = object_from("apiVersion: mesh/v1\nkind: Workload\nmetadata: "
	    "{name: web-1, labels: {app: web}}\nspec: {serviceAccount: web, "
	    "address: 10.0.0.1}\n");
	if (a != NULL)
		s->said[s->in.len++] = object_from(a);
	if (b != NULL)
		s->said[s->in.len++] = object_from(b);
	s->in.objects = s->said;
	s->in.self = s->self;
	s->in.settings = model_proxy(s->settings);
	s->in.now_ms = 1000;
	s->now = snapshot_new();
	s->now->inbound = s->ports;
	s->now->inbound_len = 2;
	for (size_t i = 0; i < 2; i++)
		s->ports[i] = (struct inbound_port){
			.service = { "web", "default" },
			.port = (uint16_t)(8080 + i),
			.app_port = (uint16_t)(80 + i) };
}

static void
stage_fini(struct stage *s)
{
	snapshot_unref(s->now);
	snapshot_unref(s->before);
	while (s->in.len > 0)
		model_object_unref(s->said[--s->in.len]);
	model_object_unref(s->self);
	model_object_unref(s->settings);
}

static const struct {
	const char     *settings, *a, *b;
	enum model_mtls first, second;
} cases[] = {
	{ SETTINGS(""), NULL, NULL, MODEL_MTLS_STRICT, MODEL_MTLS_STRICT },
	{ SETTINGS(", permissive: true"), NULL, NULL, MODEL_MTLS_PERMISSIVE,
	    MODEL_MTLS_PERMISSIVE },
	{ SETTINGS(""), MESH("all-unauthenticated"), NULL,
	    MODEL_MTLS_PERMISSIVE, MODEL_MTLS_PERMISSIVE },
	{ SETTINGS(""), MESH("cluster-unauthenticated"), NULL,
	    MODEL_MTLS_PERMISSIVE, MODEL_MTLS_PERMISSIVE },
	{ SETTINGS(""), MESH("audit"), NULL, MODEL_MTLS_STRICT,
	    MODEL_MTLS_STRICT },
	/* A document goes before both. */
	{ SETTINGS(", permissive: true"), MESH("all-unauthenticated"),
	    PEER("a", "mtls: {mode: STRICT}"), MODEL_MTLS_STRICT,
	    MODEL_MTLS_STRICT },
	{ SETTINGS(", permissive: true"), PEER("a", "mtls: {mode: UNSET}"),
	    NULL, MODEL_MTLS_PERMISSIVE, MODEL_MTLS_PERMISSIVE },
	{ SETTINGS(""), PEER("a", WEB ", portLevelMtls: {81: {mode: DISABLE}}"),
	    NULL, MODEL_MTLS_STRICT, MODEL_MTLS_DISABLE },
	/* The port of the workload, not that of the Service. */
	{ SETTINGS(""), PEER("a", WEB ", portLevelMtls: {8081: {mode: DISABLE}}"),
	    NULL, MODEL_MTLS_STRICT, MODEL_MTLS_STRICT },
};

TEST(plain_text_is_taken_as_documents_and_settings_say)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage s;

		stage_init(&s, cases[i].settings, cases[i].a, cases[i].b);
		compile_plain(&s.in, s.now);
		assert_int_equal(s.ports[0].mode, cases[i].first);
		assert_int_equal(s.ports[1].mode, cases[i].second);
		stage_fini(&s);
	}
}

TEST(plain_text_means_the_port_of_its_listener)
{
	struct stage s;

	stage_init(&s, SETTINGS(", exposed: [{port: 81, listen: ':9081'}]"),
	    PEER("a", "mtls: {mode: DISABLE}"), NULL);
	compile_plain(&s.in, s.now);
	assert_ptr_equal(plain_port(s.now, 9081), &s.ports[1]);
	assert_ptr_equal(plain_port(s.now, 7710), &s.ports[0]);
	/* Who comes to the common one cannot say which of two is meant. */
	assert_true(plain_is_the_rule(s.now, 81));
	assert_false(plain_is_the_rule(s.now, 80));
	s.ports[1].is_in_reach = false;
	assert_false(plain_is_the_rule(s.now, 81));
	s.now->inbound_len = 1;
	assert_null(plain_port(s.now, 9081));
	assert_true(plain_is_the_rule(s.now, 80));
	s.ports[0].mode = MODEL_MTLS_PERMISSIVE;
	assert_false(plain_is_the_rule(s.now, 80));
	s.now->inbound_len = 0;
	assert_null(plain_port(s.now, 7710));
	stage_fini(&s);
}

static const struct {
	const char *settings;
	uint16_t    found;	/* of 81 */
} reaches[] = {
	{ SETTINGS(""), 0 },
	{ SETTINGS(", exposed: [{port: 80, listen: ':9080'}]"), 0 },
	{ SETTINGS(", exposed: [{port: 81, listen: ':9081'}]"), 9081 },
	{ SETTINGS(", exposed: [{port: 81, listen: '10.0.0.1:9081'}]"), 9081 },
	{ SETTINGS(", exposed: [{port: 81, listen: '127.0.0.1:9081'}]"), 0 },
	{ SETTINGS(", exposed: [{port: 81, listen: '127.0.0.1:9081'}], "
	    "advertise: 10.0.0.1"), 0 },
	{ SETTINGS(", exposed: [{port: 81, listen: '127.0.0.1:9081'}], "
	    "advertise: 127.0.0.1"), 9081 },
	{ SETTINGS(", exposed: [{port: 81, listen: '[::1]:9081'}], "
	    "advertise: web.example.com"), 0 },
};

TEST(plain_ports_on_loopback_are_found_there_alone)
{
	for (size_t i = 0; i < sizeof(reaches) / sizeof(reaches[0]); i++) {
		struct model_object *o = object_from(reaches[i].settings);

		assert_int_equal(plain_exposed(&model_proxy(o)->spec, 81),
		    reaches[i].found);
		model_object_unref(o);
	}
}

static const struct {
	enum model_mtls before;
	uint64_t        settled;	/* of before */
	const char     *spec;
	uint64_t        settles;	/* now, at 1000 */
} changes[] = {
	{ MODEL_MTLS_DISABLE, 0, "mtls: {mode: STRICT}", 1000 + PLAIN_SETTLE_MS },
	{ MODEL_MTLS_PERMISSIVE, 0, "mtls: {mode: STRICT}", 0 },
	{ MODEL_MTLS_STRICT, 0, "mtls: {mode: STRICT}", 0 },
	{ MODEL_MTLS_DISABLE, 0, "mtls: {mode: PERMISSIVE}", 0 },
	/* Another change meanwhile neither ends it nor makes it longer. */
	{ MODEL_MTLS_STRICT, 5000, "mtls: {mode: STRICT}", 5000 },
	{ MODEL_MTLS_STRICT, 1000, "mtls: {mode: STRICT}", 0 },
	{ MODEL_MTLS_STRICT, 5000, "mtls: {mode: DISABLE}", 0 },
};

TEST(plain_text_that_was_the_rule_is_taken_until_members_have_heard)
{
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *text = mem_printf(PEER("a", "%s"), changes[i].spec);
		struct stage s;

		stage_init(&s, SETTINGS(""), text, NULL);
		s.before_ports[0] = s.ports[0];
		s.before_ports[0].mode = changes[i].before;
		s.before_ports[0].settles_ms = changes[i].settled;
		s.before = snapshot_new();
		s.before->inbound = s.before_ports;
		s.before->inbound_len = 1;
		s.in.before = s.before;
		compile_plain(&s.in, s.now);
		assert_int_equal(s.ports[0].settles_ms, changes[i].settles);
		assert_int_equal(s.ports[1].settles_ms, 0);
		assert_int_equal(plain_settles_ms(s.now, 1000),
		    changes[i].settles);
		if (s.ports[0].mode == MODEL_MTLS_STRICT &&
		    changes[i].settles > 0) {
			uint64_t end = changes[i].settles;

			assert_true(plain_is_taken(&s.ports[0], end - 1));
			assert_false(plain_is_taken(&s.ports[0], end));
			assert_int_equal(plain_settles_ms(s.now, end), 0);
		}
		stage_fini(&s);
		mem_free(text);
	}
}
