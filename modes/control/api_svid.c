#include "base/mem.h"
#include "modes/control/api_caller.h"
#include "modes/control/api_rows.h"
#include "modes/control/records.h"

/*
 * api_svid: JWT-SVIDs, for the applications beside a proxy.  They are not
 * recorded one by one, as they live for minutes; the signer logs each.
 */
struct asked {
	struct api_call    *call;
	struct signer_token token;
};

static int
read_audiences(struct signer_token *t, const struct conf_node *json,
    struct err *err)
{
	const struct conf_node *list = conf_get(json, "audience");

	if (list == NULL || list->kind != CONF_LIST || conf_len(list) == 0 ||
	    conf_len(list) > SIGNER_AUDIENCES_MAX)
		return err_set(err, ERR_DATA, "audience: expected a list of 1 "
		    "to %d texts", SIGNER_AUDIENCES_MAX);
	CONF_FOREACH(e, list) {
		struct slice one = slice_str(conf_string(e->node));

		if (one.len == 0 || one.len > SIGNER_AUDIENCE_MAX)
			return err_set(err, ERR_DATA, "audience: expected texts "
			    "of 1 to %d bytes", SIGNER_AUDIENCE_MAX);
		t->audiences[t->audiences_len++] = one;
	}
	return 0;
}

static void
on_signed(void *owner, const struct signer_reply *reply)
{
	struct asked *q = owner;
	struct api_call *call = q->call;
	struct conf_node *map;
	struct err err = ERR_INIT;

	if (reply->status != SIGNER_SIGNED) {
		signer_status_err(reply->status, &err);
		api_answer_err(call, &err);
	} else {
		map = conf_map_new(&call->arena);
		conf_set_slice(map, "identity", call->id);
		conf_set_slice(map, "token", reply->body);
		conf_set_int(map, "lifetimeSeconds", q->token.life_s);
		api_answer_node(call, 200, map);
	}
	api_call_unref(call);
}

static void
on_certificate(void *ctx, const struct store_result *r)
{
	struct asked *q = ctx;
	struct api_call *call = q->call;
	struct server *s = call->server;
	struct cert_record c;
	struct err err;

	if (api_caller_record(call, r, "its proxy gets it tokens", &c,
	    &err) == 0 && !workload_limit_take(&s->workload_limit,
	    WORKLOAD_TOKEN, workload_limit_name(&call->arena, &c.grant, c.attestor, c.host),
	    loop_now_ms(s->loop)))
		err_set(&err, ERR_TOO_MANY, "too many tokens for this workload; "
		    "wait a minute");
	if (err.kind != ERR_NONE) {
		call->retry_s = WORKLOAD_LIMIT_MS / 1000;
		api_answer_err(call, &err);
		api_call_unref(call);
		return;
	}
	signer_send_token(s->ca->signer, &q->token, on_signed, q);
}

void
api_svid_jwt(struct api_call *call)
{
	struct asked *q = arena_zalloc(&call->arena, sizeof(*q));
	struct err err = ERR_INIT;

	q->call = call;
	q->token.id = call->id;
	q->token.life_s = JWT_SVID_LIFE_S;
	if (read_audiences(&q->token, call->json, &err) < 0) {
		api_answer_err(call, &err);
		return;
	}
	api_call_ref(call);
	store_get(call->server->store, cert_record_key(&call->arena, call->leaf),
	    &call->server->port, on_certificate, q);
}
