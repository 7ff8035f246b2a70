#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "modes/control/api_rows.h"
#include "modes/control/attest.h"
#include "modes/control/join.h"
#include "pki/base64.h"
#include "pki/spiffe.h"

#define SERVICE_SHOWN	128	/* bytes of what may be anything */

/* api_attest: machines that join by what they are. */

void
api_attest_challenge(struct api_call *call)
{
	struct conf_node *map = conf_map_new(&call->arena);
	uint8_t nonce[HOST_NONCE_LEN];
	struct str text = { 0 };

	attest_nonce(call->server->attest, clock_wall_s(), nonce);
	base64_add(&text, BASE64_STD, slice_of(nonce, sizeof(nonce)));
	conf_set_slice(map, "nonce", str_slice(&text));
	conf_set_int(map, "seconds", ATTEST_NONCE_S);
	api_answer_node(call, 200, map);
	str_fini(&text);
}

/* host: as far as a verifier named it; or absent. */
static void
record(struct api_call *call, struct slice service, struct slice host,
    const struct err *err)
{
	struct audit_entry who = call->who;
	struct arena *a = &call->arena;

	who.actor = SLICE("anonymous");
	if (host.len > 0)
		who.target = slice_str(arena_printf(a, "host/%.*s",
		    SLICE_ARG(host)));
	if (service.len > SERVICE_SHOWN)
		service.len = SERVICE_SHOWN;
	refusals_note_stranger(call->server, &who, "join.refused", slice_str(
	    arena_printf(a, "a host that would serve %.*s: %s",
	    SLICE_ARG(service), err->text)));
}

/* As refused tokens are told of, but in no more lines than are good. */
static void
refuse(struct api_call *call, struct slice service, struct slice host,
    const struct err *err)
{
	struct server *s = call->server;
	uint64_t left_out;

	server_count(s, METRIC_CONTROL_JOINS, (struct slice[]){
	    SLICE("denied") });
	if (log_limit_take(&s->refusals, loop_now_ms(s->loop), &left_out)) {
		if (left_out > 0)
			log_warn("join", "%llu lines like the next were left "
			    "out", (unsigned long long)left_out);
		log_warn("join", "a host that would serve %.*s, from %.*s: %s",
		    SLICE_ARG(service), SLICE_ARG(call->who.from), err->text);
	}
	record(call, service, host, err);
	api_answer_err(call, err);
}

static struct slice
text_of(const struct api_call *call, const char *member)
{
	return slice_str(conf_get_string(call->json, member));
}

static int
read_question(struct api_call *call, struct attest_question *q,
    uint8_t point[KEY_POINT_LEN], struct err *err)
{
	struct slice nonce = text_of(call, "nonce");
	uint8_t *bytes = arena_alloc(&call->arena, base64_room(nonce.len) + 1);
	ptrdiff_t n = base64_decode(bytes, base64_room(nonce.len), BASE64_STD,
	    nonce);
	struct str id = { 0 };

	q->service = text_of(call, "service");
	q->nonce = slice_of(bytes, n < 0 ? 0 : (size_t)n);
	q->proof = text_of(call, "proof");
	q->evidence = (struct attest_evidence){ .type = text_of(call, "type"),
	    .certificates = text_of(call, "certificate"),
	    .key = text_of(call, "key") };
	spiffe_add_control(&id, call->server->ca->bundle->domain);
	q->control = arena_dup(&call->arena, str_slice(&id));
	str_fini(&id);
	return api_read_csr_der(call, point, &q->csr, err);
}

void
api_attest(struct api_call *call)
{
	struct server *s = call->server;
	struct attest_question q = { .service = SLICE_NONE };
	struct attested host = { .host = SLICE_NONE };
	uint8_t point[KEY_POINT_LEN];
	struct err err = ERR_INIT;
	struct addr room;

	if (!attest_may_ask(s->attest, l7_addr(call->ctx, &room),
	    loop_now_ms(s->loop))) {
		call->retry_s = login_limit_left_s(loop_now_ms(s->loop));
		err_set(&err, ERR_TOO_MANY, "too many hosts join, or too often "
		    "from there; wait a minute");
		refuse(call, slice_str(conf_get_string(call->json, "service")),
		    SLICE_NONE, &err);
		return;
	}
	if (read_question(call, &q, point, &err) < 0 ||
	    attest_judge(s->attest, s->registry, &call->arena, &q,
	    clock_wall_s(), &host, &err) < 0) {
		refuse(call, q.service, host.host, &err);
		return;
	}
	join_attested(s, &(struct join_attested_request){
		.host = &host, .point = point, .who = call->who,
	}, api_joined, api_call_ref(call));
}
