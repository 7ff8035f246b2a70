#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "base/unit.h"
#include "modes/proxy/udp_table.h"

static struct udp_table table;	/* of the test that runs */
static struct str gone;

static void
give_up(struct udp_place *p, enum udp_end why)
{
	str_addf(&gone, "%.*s:%s ", (int)p->key_len, (const char *)p->key,
	    udp_end_name(why));
	udp_table_remove(&table, p);
	mem_free(p);
}

static void
begin(size_t most, size_t most_of_source)
{
	const struct udp_bounds bounds = { most, most_of_source, 60000 };

	gone = (struct str){ 0 };
	udp_table_init(&table, &bounds, give_up);
}

static enum udp_added
add(const char *source, int n, uint64_t now_ms)
{
	struct udp_place *p = mem_zalloc(sizeof(*p));
	char key[32];

	snprintf(key, sizeof(key), "%s%d", source, n);
	enum udp_added added = udp_table_add(&table, p, slice_str(key),
	    slice_str(source), now_ms);

	if (added != UDP_ADDED)
		mem_free(p);
	return added;
}

static void
touch(const char *key, uint64_t now_ms)
{
	udp_table_touch(&table, udp_table_find(&table, slice_str(key)), now_ms);
}

static void
finish(const char *want)
{
	assert_string_equal(str_ptr(&gone), want);
	while (table.len > 0)
		give_up(list_entry(table.ages.next, struct udp_place, by_age),
		    UDP_STOPPED);
	assert_int_equal(table.sources.len, 0);
	assert_int_equal(table.places.len, 0);
	udp_table_fini(&table);
	str_fini(&gone);
}

TEST(udp_sessions_end_when_nothing_came_for_long)
{
	begin(10, 10);
	assert_int_equal(udp_table_sweep(&table, 5), 0);
	add("a", 1, 1000);
	add("a", 2, 2000);
	add("b", 1, 3000);
	assert_int_equal(udp_table_sweep(&table, 4000), 57000);
	touch("a1", 30000);
	assert_int_equal(udp_table_sweep(&table, 62000), 1000);
	assert_int_equal(udp_table_sweep(&table, 63000), 27000);
	assert_int_equal(udp_table_sweep(&table, 90000), 0);
	finish("a2:idle b1:idle a1:idle ");
}

TEST(a_source_that_has_its_share_makes_room_among_its_own)
{
	begin(10, 2);
	assert_int_equal(add("a", 1, 0), UDP_ADDED);
	assert_int_equal(add("b", 1, 0), UDP_ADDED);
	assert_int_equal(add("a", 2, 10), UDP_ADDED);
	assert_int_equal(add("a", 3, 999), UDP_SOURCE_FULL);
	assert_int_equal(add("b", 2, 999), UDP_ADDED);
	assert_int_equal(add("a", 3, 1000), UDP_ADDED);
	touch("a2", 1500);
	assert_int_equal(add("a", 4, 2100), UDP_ADDED);
	assert_int_equal(table.len, 4);
	finish("a1:yielded a3:yielded ");
}

TEST(a_flood_of_sources_does_not_push_out_who_talks)
{
	begin(3, 3);
	add("a", 1, 0);
	add("b", 1, 0);
	add("c", 1, 0);
	touch("a1", 900);
	for (int i = 0; i < 100; i++)
		assert_int_equal(add("x", i, 950), UDP_FULL);
	assert_int_equal(add("y", 1, 1000), UDP_ADDED);
	assert_int_equal(add("y", 2, 1000), UDP_ADDED);
	assert_int_equal(add("y", 3, 1000), UDP_FULL);
	assert_non_null(udp_table_find(&table, SLICE("a1")));
	assert_int_equal(table.len, 3);
	finish("b1:yielded c1:yielded ");
}

/* Its only session makes room, so it is made anew. */
TEST(a_source_of_one_session_replaces_it)
{
	begin(2, 1);
	add("a", 1, 0);
	assert_int_equal(add("a", 2, 5000), UDP_ADDED);
	assert_int_equal(table.sources.len, 1);
	finish("a1:yielded ");
}
