#include "base/random.h"
#include "modes/control/join_name.h"
#include "pki/spiffe.h"

#define DRAWN	5

struct slice
join_name_draw(struct arena *a, struct slice service,
    bool (*is_taken)(void *, struct slice), void *ctx)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
	char drawn[DRAWN + 1] = "";

	if (service.len > SPIFFE_LABEL_MAX - DRAWN - 1)
		service.len = SPIFFE_LABEL_MAX - DRAWN - 1;
	for (int tries = 0; tries < JOIN_NAME_TRIES; tries++) {
		for (size_t i = 0; i < DRAWN; i++)
			drawn[i] = letters[random_below(sizeof(letters) - 1)];

		struct slice name = slice_str(arena_printf(a, "%.*s-%s",
		    SLICE_ARG(service), drawn));

		if (!is_taken(ctx, name))
			return name;
	}
	return SLICE_NONE;
}
