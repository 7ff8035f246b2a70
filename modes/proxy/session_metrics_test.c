#include "base/mem.h"
#include "base/unit.h"
#include "modes/proxy/session_metrics.h"

static const struct {
	const char *id;
	bool        is_foreign;
	const char *ns, *name;
} peers[] = {
	{ "spiffe://td/ns/shop/sa/web", false, "shop", "web" },
	{ "spiffe://td/operator/web", false, "unknown", "unknown" },
	{ "", false, "unknown", "unknown" },
	{ "spiffe://far/ns/shop/sa/web", true, "shop@far", "web" },
	{ "spiffe://far/billing", true, "@far", "billing" },
};

TEST(sessions_are_counted_for_nobody_here_when_they_come_from_abroad)
{
	for (size_t i = 0; i < sizeof(peers) / sizeof(peers[0]); i++) {
		struct conn_peer *peer = conn_peer_copy(&(struct conn_peer){
		    .id = peers[i].id, .sni = "", .alpn = "",
		    .is_foreign = peers[i].is_foreign });
		struct slice labels[2];

		session_name_source(peer, labels);
		if (!slice_is(labels[0], peers[i].ns) ||
		    !slice_is(labels[1], peers[i].name))
			fail_msg("%s: %.*s %.*s", peers[i].id,
			    SLICE_ARG(labels[0]), SLICE_ARG(labels[1]));
		mem_free(peer);
	}
	struct slice labels[2];

	session_name_source(NULL, labels);
	assert_true(slice_is(labels[0], "unknown"));
}

static const struct {
	const char *workload, *id;
	bool        is_foreign, is_of;
} sources[] = {
	{ "shop/web-1", "spiffe://td/ns/shop/sa/web", false, true },
	{ "shop2/web-1", "spiffe://td/ns/shop/sa/web", false, false },
	{ "shop", "spiffe://td/ns/shop/sa/web", false, false },
	{ "bank/web-1", "spiffe://td/ns/shop/sa/web", false, false },
	/* Who has no namespace lies in none that he may name. */
	{ "unknown/web-1", "spiffe://td/operator/web", false, false },
	{ "unknown/web-1", "", false, false },
	/* Nor is somebody abroad in a namespace of ours. */
	{ "shop/web-1", "spiffe://far/ns/shop/sa/web", true, false },
	{ "shop@far/web-1", "spiffe://far/ns/shop/sa/web", true, true },
};

TEST(a_workload_lies_in_the_namespace_that_its_peer_has_proven)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct conn_peer *peer = conn_peer_copy(&(struct conn_peer){
		    .id = sources[i].id, .sni = "", .alpn = "",
		    .is_foreign = sources[i].is_foreign });

		if (session_source_is_of(slice_str(sources[i].workload),
		    peer) != sources[i].is_of)
			fail_msg("%s of %s", sources[i].workload, sources[i].id);
		mem_free(peer);
	}
}
