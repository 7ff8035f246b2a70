#include <inttypes.h>

#include "sync/quota_row.h"

void
sync_quota_write(struct str *out, const struct sync_quota_row *v, size_t n)
{
	str_add_char(out, '[');
	for (size_t i = 0; i < n; i++) {
		str_add(out, i > 0 ? ",[" : "[");
		str_add_json(out, v[i].limit);
		str_addf(out, ",%" PRIu64 ",\"%" PRIx64 "\",%" PRIu64
		    ",%" PRIu64, v[i].index, v[i].key, v[i].parts,
		    v[i].proxies);
		if (v[i].holds > 0)
			str_addf(out, ",%" PRIu64, v[i].holds);
		str_add_char(out, ']');
	}
	str_add_char(out, ']');
}

/* 1 to 16 digits of hexadecimal. */
static bool
read_key(struct slice text, uint64_t *key)
{
	*key = 0;
	if (text.len == 0 || text.len > 16)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		int digit = c >= '0' && c <= '9' ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

		if (digit < 0)
			return false;
		*key = *key << 4 | (uint64_t)digit;
	}
	return true;
}

static bool
read_number(const struct conf_node *n, uint64_t *out)
{
	if (n->kind != CONF_INT || n->integer < 0)
		return false;
	*out = (uint64_t)n->integer;
	return true;
}

/* The column of that index; false: not of its kind. */
static bool
read_column(struct sync_quota_row *r, size_t i, const struct conf_node *n)
{
	switch (i) {
	case 0:
		r->limit = n->text;
		return n->kind == CONF_STRING;
	case 1:
		return read_number(n, &r->index);
	case 2:
		return n->kind == CONF_STRING && read_key(n->text, &r->key);
	case 3:
		return read_number(n, &r->parts);
	case 4:
		return read_number(n, &r->proxies);
	case 5:
		return read_number(n, &r->holds);
	default:
		return true;	/* of a later version */
	}
}

static bool
read_row(struct sync_quota_row *r, const struct conf_node *row)
{
	size_t i = 0;

	if (row->kind != CONF_LIST)
		return false;
	*r = (struct sync_quota_row){ .index = 0 };
	CONF_FOREACH(e, row)
		if (!read_column(r, i++, e->node))
			return false;
	return i >= 5;
}

int
sync_quota_read(struct arena *a, const struct conf_node *list,
    const struct sync_quota_row **rows, size_t *n, struct err *err)
{
	size_t len = conf_len(list), i = 0;

	if (len > SYNC_QUOTA_ROWS_MAX)
		return err_set(err, ERR_DATA, "%zu rows, at most %d", len,
		    SYNC_QUOTA_ROWS_MAX);
	struct sync_quota_row *v = arena_alloc(a, (len + 1) * sizeof(*v));

	CONF_FOREACH(e, list) {
		if (!read_row(&v[i], e->node))
			return err_set(err, ERR_DATA, "rows[%zu]: expected "
			    "[limit, index, key, parts, proxies]", i);
		i++;
	}
	*rows = v;
	*n = len;
	return 0;
}
