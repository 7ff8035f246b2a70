#include "filter/token_places.h"
#include "modes/proxy/login_forward.h"

void
login_forward_clear(const struct login *l, struct http_fields *fields)
{
	token_outputs_drop(&l->rule, fields);
}

static void
put_token(struct slice access, struct http_head *head, struct arena *a)
{
	const struct slice parts[] = { SLICE("Bearer "), access };

	http_fields_remove_id(&head->fields, FIELD_AUTHORIZATION);
	if (access.len > 0 && http_is_field_value(access))
		http_fields_add_id(&head->fields, FIELD_AUTHORIZATION,
		    arena_join(a, parts, 2));
}

void
login_forward_put(const struct login *l, const struct login_session *s,
    struct http_head *head, struct arena *a)
{
	token_outputs_fill(&l->rule, SLICE_NONE, s->claims, head, a);
	if (l->forwards_access)
		put_token(s->access, head, a);
	login_cookies_strip(&l->cookies, &head->fields, a);
}
