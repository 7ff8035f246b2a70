#include <string.h>

#include "base/unit.h"
#include "modes/control/audit.h"
#include "modes/control/store_fixture.h"

static const unsigned char start[STORE_HASH_LEN];

static void
add(struct fixture *f, const char *actor, const char *detail)
{
	struct store_txn *t = store_txn_new();

	audit_add(t, &(struct audit_entry){
		.actor = slice_str(actor),
		.from = SLICE("local"),
		.action = SLICE("document.put"),
		.target = SLICE("Service/shop/orders"),
		.detail = slice_str(detail),
	});
	store_txn_put(t, SLICE("doc"), SLICE("v"));
	fixture_commit(f, t);
}

TEST(audit_entry_is_one_json_object_with_time_and_hash)
{
	struct fixture f = fixture_open();
	struct str line = { 0 };

	add(&f, "operator/\"anna\"\n", "{\"generation\":2}");

	struct store_result *r = store_log_wait(f.store, 0, 0);

	audit_write(&line, &r->entries[0]);
	assert_memory_equal(line.ptr, "{\"seq\":1,\"hash\":\"", 17);
	assert_memory_equal(line.ptr + 17 + 64, "\",\"time\":\"20", 12);
	assert_non_null(strstr(line.ptr, "Z\",\"actor\":\"operator/\\\"anna\\\""
	    "\\n\",\"from\":\"local\",\"action\":\"document.put\","
	    "\"target\":\"Service/shop/orders\",\"detail\":{\"generation\":2}}"));
	assert_null(strchr(line.ptr, '\n'));
	str_fini(&line);
	store_result_free(r);
	fixture_close(&f);
}

TEST(audit_note_takes_who_from_one_and_what_from_another)
{
	const struct audit_entry who = { .actor = SLICE("uid/0"),
		.from = SLICE("local"), .how = SLICE("socket"),
		.role = SLICE("admin"), .action = SLICE("old"),
		.target = SLICE("old"), .detail = SLICE("0") };
	struct fixture f = fixture_open();
	struct store_txn *t = store_txn_new();

	audit_note(t, &who, "token.revoke", SLICE("abc"), SLICE_NONE);
	fixture_commit(&f, t);

	struct store_result *r = store_log_wait(f.store, 0, 0);

	assert_true(slice_has_suffix(r->entries[0].content, SLICE("Z\","
	    "\"actor\":\"uid/0\",\"from\":\"local\",\"how\":\"socket\","
	    "\"role\":\"admin\",\"action\":\"token.revoke\","
	    "\"target\":\"abc\"}")));
	store_result_free(r);
	fixture_close(&f);
}

TEST(audit_detail_that_is_huge_is_replaced_by_its_size)
{
	static char huge[AUDIT_DETAIL_MAX + 2];
	struct fixture f = fixture_open();

	memset(huge, '1', sizeof(huge) - 1);
	add(&f, "uid/0", huge);

	struct store_result *r = store_log_wait(f.store, 0, 0);

	assert_true(r->entries[0].content.len < 300);
	assert_non_null(strstr(r->entries[0].content.ptr,
	    "\"detailBytes\":65537}"));
	store_result_free(r);
	fixture_close(&f);
}

TEST(audit_chain_shows_what_was_altered_taken_out_or_moved)
{
	struct fixture f = fixture_open();

	for (int i = 0; i < 5; i++)
		add(&f, "uid/0", "1");

	struct store_result *r = store_log_wait(f.store, 0, 0);
	struct store_entry e[5];

	assert_int_equal(r->n_entries, 5);
	assert_int_equal(audit_check(start, r->entries, 5), 5);
	assert_int_equal(audit_check(r->entries[1].hash, r->entries + 2, 3), 3);
	assert_int_equal(audit_check(start, r->entries + 1, 4), 0);

	memcpy(e, r->entries, sizeof(e));
	e[2].content.len--;
	assert_int_equal(audit_check(start, e, 5), 2);
	memcpy(e, r->entries, sizeof(e));
	e[4].seq = 6;
	assert_int_equal(audit_check(start, e, 5), 4);
	memcpy(e, r->entries, sizeof(e));
	memmove(&e[2], &e[3], 2 * sizeof(e[0]));
	assert_int_equal(audit_check(start, e, 4), 2);
	store_result_free(r);
	fixture_close(&f);
}

TEST(audit_damaged_content_is_shown_as_text)
{
	struct store_entry e = { .seq = 3, .content = SLICE("not \"json") };
	struct str line = { 0 };

	audit_write(&line, &e);
	assert_non_null(strstr(line.ptr,
	    "\",\"damaged\":\"not \\\"json\"}"));
	str_fini(&line);
}
