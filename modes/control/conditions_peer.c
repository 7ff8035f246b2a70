#include "model/peer_authentication.h"
#include "modes/control/conditions_judge.h"

/* conditions_peer: PeerAuthentications, of which the oldest of equals counts. */

static const struct model_object *
displacing(struct sight *s)
{
	size_t n;
	const struct model_object **all = sight_list(s,
	    &model_peer_authentication_kind, NULL, &n);

	for (size_t i = 0; i < n; i++)
		if (model_peer_displaces(all[i], s->of))
			return all[i];
	return NULL;
}

static void
judge_peer(struct sight *s, struct conf_node *status)
{
	struct conf_node *list = conf_set_list(status, "conditions");
	const struct model_object *first = displacing(s);
	bool is_for_nobody = model_peer_is_for_nobody(s->of);

	if (is_for_nobody)
		condition_put(s, list, "Accepted", "False", "Invalid",
		    "a selector in a root namespace matches nobody");
	else if (first != NULL)
		condition_put(s, list, "Accepted", "False", "Conflicted",
		    arena_printf(s->arena, "%s is about the same and goes first",
		    model_object_name(first)));
	else
		condition_put(s, list, "Accepted", "True", "Accepted",
		    "the document is in use");
	condition_promise(s, list, !is_for_nobody && first == NULL);
}

const struct judge judge_peer_authentication = {
	&model_peer_authentication_kind, judge_peer, false };
