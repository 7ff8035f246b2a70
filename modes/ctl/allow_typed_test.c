#include "base/unit.h"
#include "conf/yaml.h"
#include "model/service.h"
#include "modes/ctl/allow_typed.h"

#define ASK	"mesh ctl authz check --from "
#define TO	.to_namespace = "shop", .to = "orders"
#define WEB	.verb = "allow", .namespace = "shop", .caller = "web", TO

static const char service[] =
    "apiVersion: v1\nkind: Service\nmetadata: {name: orders, namespace: shop}\n"
    "spec: {ports: [{name: db, port: 82, appProtocol: tcp}, {name: http, "
    "port: 80, appProtocol: http}]}\n";

static const struct {
	struct allow_words words;
	const char        *line;	/* behind ASK */
} cases[] = {
	{ { WEB }, "shop/web --to shop/orders:80" },
	{ { WEB, .port = 82 }, "shop/web --to shop/orders:82 --bytes" },
	{ { WEB, .port = 81 }, "shop/web --to shop/orders:81" },
	{ { WEB, .methods = "PUT,GET" },
	    "shop/web --to shop/orders:80 --method PUT" },
	{ { WEB, .methods = "P*" },
	    "shop/web --to shop/orders:80 --method POST" },
	{ { WEB, .methods = "*" }, "shop/web --to shop/orders:80 --method GET" },
	{ { WEB, .paths = "/a" }, "shop/web --to shop/orders:80 --path /a" },
	{ { WEB, .paths = "/a/*,/b" },
	    "shop/web --to shop/orders:80 --path /a/x" },
	{ { WEB, .paths = "*/b" }, "shop/web --to shop/orders:80 --path /x/b" },
	{ { WEB, .paths = "*" }, "shop/web --to shop/orders:80 --path /x" },
	{ { WEB, .paths = "/a/{*}/b/{**}" },
	    "shop/web --to shop/orders:80 --path /a/x/b/x" },
	{ { WEB, .paths = "/it's & more" },
	    "shop/web --to shop/orders:80 --path '/it'\\''s & more'" },
	{ { .verb = "allow", .namespace = "infra", .caller = "*", TO },
	    "infra/orders --to shop/orders:80" },
	{ { .verb = "allow", .caller = "*", TO },
	    "shop/orders --to shop/orders:80" },
	{ { .verb = "deny", .caller = "*", TO }, "shop/orders --to shop/orders:80" },
	{ { .verb = "allow", .caller = "*", TO,
	    .id = "spiffe://b.example/ns/a/sa/web" },
	    "spiffe://b.example/ns/a/sa/web --to shop/orders:80" },
	{ { .verb = "allow", .namespace = "shop", .caller = "no-identity", TO,
	    .ips = "10.1.0.0/16,10.2.0.1", .is_nobody = true },
	    "nobody --to shop/orders:80 --from-ip 10.1.0.0" },
};

TEST(an_order_is_checked_by_a_command_that_can_be_typed)
{
	struct arena a = { 0 };
	struct err err = ERR_INIT;
	struct conf_node *doc = conf_yaml_read(&a, slice_str(service), "x.yaml",
	    &err);
	struct model_object *o = model_object_read(doc, MODEL_KNOWN, NULL, &err);

	assert_non_null(o);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(allow_question(&a, &cases[i].words, o),
		    arena_printf(&a, ASK "%s", cases[i].line));
	/* Of a service that is still to come nothing is known. */
	assert_string_equal(allow_question(&a, &cases[0].words, NULL), ASK
	    "shop/web --to shop/orders");
	model_object_unref(o);
	arena_fini(&a);
}
