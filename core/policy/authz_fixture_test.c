#include "base/unit.h"
#include "policy/authz_test.h"

static struct slice
header_of(void *arg, struct slice name)
{
	struct slice pair = slice_str(arg), key;

	return slice_cut(&pair, '=', &key) && slice_eq(key, name) ? pair :
	    SLICE_NONE;
}

struct authz_facts
a_request(void)
{
	struct authz_facts f = {
		.id = SLICE("spiffe://mesh.internal/ns/default/sa/caller"),
		.port = 80, .app_port = 8080, .sni = SLICE("80.web.default.mesh"),
		.is_http = true, .method = SLICE("GET"), .path = SLICE("/a/b"),
		.host = SLICE("web.default.mesh"),
		.authority = SLICE("web.default.mesh:80"), .header = header_of,
		.header_arg = "x-team=red",
	};

	authz_ip_read(SLICE("10.1.2.3"), &f.source);
	authz_ip_read(SLICE("192.0.2.7"), &f.remote);
	authz_ip_read(SLICE("2001:db8::1"), &f.destination);
	return f;
}

struct authz_answer
decide_by(const char *yaml, const struct authz_facts *f)
{
	struct model_object *o = object_from(yaml);
	struct authz *z = authz_new(&o, 1, AUTHZ_ALLOW_ALL, NULL);
	struct authz_verdict v, wanted;

	authz_decide(z, f, &v);
	oracle_decide(&o, 1, AUTHZ_ALLOW_ALL, f, &wanted);
	if (v.answer.is_denied != wanted.answer.is_denied)
		fail_msg("%s: %d", yaml, v.answer.is_denied);
	authz_unref(z);
	model_object_unref(o);
	v.answer.policy = NULL;
	return v.answer;
}
