#include <string.h>

#include "base/mem.h"
#include "model/secret.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "pki/chain.h"

/* api_certificates: what stored Secrets show to strangers, and how long. */

/* Adds a row; a Secret without a certificate that can be read has only its name. */
static void
add_row(struct conf_node *list, const struct model_object *secret)
{
	struct conf_node *row = conf_add_map(list), *names;
	struct chain chain;
	struct cert leaf;
	struct slice at, name;
	enum cert_san kind;
	struct arena a;
	struct err ignored = ERR_INIT;

	conf_set_string(row, "secret", model_object_name(secret));
	arena_init(&a);
	chain_init(&chain);
	if (chain_add_pem(&chain, model_secret_bytes(secret, "tls.crt", &a),
	    &ignored) == 0 && chain.len > 0 &&
	    cert_parse(&leaf, chain_cert(&chain, 0), &ignored) == 0) {
		names = conf_set_list(row, "names");
		for (at = leaf.san; (kind = cert_san_next(&at, &name)) !=
		    CERT_SAN_END;)
			if (kind == CERT_SAN_DNS)
				conf_add(names, conf_string_new(
				    list->items.arena, name));
		conf_set_time(row, "notBefore", leaf.not_before);
		conf_set_time(row, "notAfter", leaf.not_after);
	}
	chain_fini(&chain);
	arena_fini(&a);
}

void
api_certificates(struct api_call *call)
{
	static const char *const members[2] = { "secret" };
	const struct registry_query q = { .kind = &model_secret_kind };
	struct conf_node *map = conf_map_new(&call->arena), *list;
	size_t n;
	struct model_object **all = registry_list(call->server->registry, &q, &n);

	list = conf_set_list(map, "items");
	for (size_t i = 0; i < n; i++)
		if (strcmp(model_secret(all[i])->type, MODEL_SECRET_TLS) == 0)
			add_row(list, all[i]);
	mem_free(all);
	api_caller_sift(call, list, "secrets", members);
	api_answer_node(call, 200, map);
}
