#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "pki/token.h"

/* A token has exactly one text. */
int
fuzz_token(const uint8_t *data, size_t size)
{
	struct slice text = slice_of(data, size);
	struct str again = { 0 };
	struct token t;

	if (!token_parse(&t, text))
		return 0;
	check(token_id_ok(slice_str(t.id)));
	token_add(&again, &t);
	check(slice_eq(str_slice(&again), text));
	str_fini(&again);
	token_fini(&t);
	return 0;
}
