#include <string.h>

#include "base/mem.h"
#include "stat/label.h"
#include "stat/stat.h"

/* Writes value as it may be shown; returns its length. */
static size_t
clean(char out[STAT_LABEL_LEN_MAX], struct slice value)
{
	static const struct slice replacement = { "\xef\xbf\xbd", 3 };
	size_t len = 0;

	while (value.len > 0) {
		size_t n = slice_utf8(value);
		bool is_control = n == 1 && ((unsigned char)value.ptr[0] < 0x20 ||
		    value.ptr[0] == 0x7f);
		struct slice c = n == 0 || is_control ? replacement :
		    slice_of(value.ptr, n);

		if (len + c.len > STAT_LABEL_LEN_MAX)
			break;
		memcpy(out + len, c.ptr, c.len);
		len += c.len;
		value = slice_from(value, n == 0 ? 1 : n);
	}
	return len;
}

struct label *
label_get(struct map *pool, struct slice value)
{
	char text[STAT_LABEL_LEN_MAX];
	struct slice shown = slice_of(text, clean(text, value));
	struct label *l = map_get(pool, shown);

	if (l == NULL) {
		l = mem_alloc(sizeof(*l) + shown.len);
		l->refs = 0;
		l->len = shown.len;
		memcpy(l->text, shown.ptr, shown.len);
		map_put(pool, shown, l);
	}
	l->refs++;
	return l;
}

void
label_unref(struct map *pool, struct label *l)
{
	if (--l->refs > 0)
		return;
	map_del(pool, slice_of(l->text, l->len));
	mem_free(l);
}
