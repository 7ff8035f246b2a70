#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "conf/json.h"

static struct conf_node *
read_again(struct arena *a, const struct str *text)
{
	struct err err = ERR_INIT;

	return conf_json_read(a, str_slice(text), "again", &err);
}

/* Both forms that are written read back as the same document. */
int
fuzz_json(const uint8_t *data, size_t size)
{
	struct err err = ERR_INIT;
	struct str text = { 0 };
	struct arena a;

	arena_init(&a);
	struct conf_node *root = conf_json_read(&a, slice_of(data, size), "f", &err);

	if (root != NULL) {
		conf_json_write(&text, root);
		check(conf_equal(read_again(&a, &text), root));
		str_clear(&text);
		conf_json_write_pretty(&text, root);
		check(conf_equal(read_again(&a, &text), root));
	} else {
		check(err.kind == ERR_DATA || err.kind == ERR_TOO_LARGE);
	}
	str_fini(&text);
	arena_fini(&a);
	return 0;
}
