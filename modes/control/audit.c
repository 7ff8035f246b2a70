#include <string.h>

#include "base/clock.h"
#include "modes/control/audit.h"

static void
add_field(struct str *out, const char *name, struct slice value)
{
	if (value.ptr == NULL)
		return;
	str_addf(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
	str_add_json(out, value);
}

static struct slice
keep(struct arena *a, struct slice s)
{
	return s.ptr == NULL ? SLICE_NONE : arena_dup(a, s);
}

struct audit_entry
audit_keep(struct arena *a, const struct audit_entry *e)
{
	return (struct audit_entry){
		.actor = keep(a, e->actor), .from = keep(a, e->from),
		.how = keep(a, e->how), .role = keep(a, e->role),
		.action = keep(a, e->action), .target = keep(a, e->target),
		.detail = keep(a, e->detail),
	};
}

void
audit_add(struct store_txn *t, const struct audit_entry *e)
{
	struct str line = { 0 };
	char time[CLOCK_TEXT_MAX];
	uint64_t now_us = clock_wall_us();

	clock_format(time, (int64_t)(now_us / 1000000),
	    (int)(now_us / 1000 % 1000));
	str_add_char(&line, '{');
	add_field(&line, "time", slice_str(time));
	add_field(&line, "actor", e->actor);
	add_field(&line, "from", e->from);
	add_field(&line, "how", e->how);
	add_field(&line, "role", e->role);
	add_field(&line, "action", e->action);
	add_field(&line, "target", e->target);
	if (e->detail.len > AUDIT_DETAIL_MAX)
		str_addf(&line, ",\"detailBytes\":%zu", e->detail.len);
	else if (e->detail.len > 0) {
		str_add(&line, ",\"detail\":");
		str_add_slice(&line, e->detail);
	}
	str_add_char(&line, '}');
	store_txn_append(t, str_slice(&line));
	str_fini(&line);
}

void
audit_note(struct store_txn *t, const struct audit_entry *who,
    const char *action, struct slice target, struct slice detail)
{
	struct audit_entry e = *who;

	e.action = slice_str(action);
	e.target = target;
	e.detail = detail;
	audit_add(t, &e);
}

void
audit_write(struct str *out, const struct store_entry *e)
{
	struct slice c = e->content;

	str_addf(out, "{\"seq\":%llu,\"hash\":\"",
	    (unsigned long long)e->seq);
	str_add_hex(out, e->hash, sizeof(e->hash));
	str_add(out, "\",");
	if (c.len > 2 && c.ptr[0] == '{' && c.ptr[c.len - 1] == '}') {
		str_add_slice(out, slice_from(c, 1));
		return;
	}
	str_add(out, "\"damaged\":");
	str_add_json(out, c);
	str_add_char(out, '}');
}

size_t
audit_check(const unsigned char before[STORE_HASH_LEN],
    const struct store_entry *entries, size_t n)
{
	unsigned char hash[STORE_HASH_LEN];

	memcpy(hash, before, sizeof(hash));
	for (size_t i = 0; i < n; i++) {
		store_log_hash(hash, hash, entries[i].seq, entries[i].content);
		if (memcmp(hash, entries[i].hash, sizeof(hash)) != 0 ||
		    entries[i].seq != entries[0].seq + i)
			return i;
	}
	return n;
}
