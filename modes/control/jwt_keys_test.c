#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "modes/control/jwt_keys.h"

#define NOW	INT64_C(1795223561)

static struct ca_dir
make_dir(void)
{
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	assert_int_equal(ca_file_dir(d.files.dir, &err), 0);
	return d;
}

TEST(jwt_keys_follow_each_other_by_age)
{
	static const struct {
		struct { int state; int64_t ago; } keys[3];
		size_t        len;
		enum jwt_step want;
	} cases[] = {
		{ { { JWT_KEY_ACTIVE, 0 } }, 1, JWT_NOTHING },
		{ { { JWT_KEY_ACTIVE, JWT_KEY_LIFE_S - 1 } }, 1, JWT_NOTHING },
		{ { { JWT_KEY_ACTIVE, JWT_KEY_LIFE_S } }, 1, JWT_PREPARE },
		{ { { JWT_KEY_ACTIVE, JWT_KEY_LIFE_S + 9 }, { JWT_KEY_NEXT,
		    JWT_KEY_LEAD_S - 1 } }, 2, JWT_NOTHING },
		{ { { JWT_KEY_ACTIVE, JWT_KEY_LIFE_S + 9 }, { JWT_KEY_NEXT,
		    JWT_KEY_LEAD_S } }, 2, JWT_ACTIVATE },
		{ { { JWT_KEY_OLD, JWT_KEY_TAIL_S - 1 }, { JWT_KEY_ACTIVE, 9 } },
		    2, JWT_NOTHING },
		{ { { JWT_KEY_OLD, JWT_KEY_TAIL_S }, { JWT_KEY_ACTIVE, 9 } }, 2,
		    JWT_DROP },
		/* A clock that went back changes nothing. */
		{ { { JWT_KEY_OLD, -99999 }, { JWT_KEY_ACTIVE, -99999 },
		    { JWT_KEY_NEXT, -99999 } }, 3, JWT_NOTHING },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct jwt_keys k = { .len = cases[i].len };

		for (size_t j = 0; j < k.len; j++) {
			k.v[j].state = (enum jwt_key_state)
			    cases[i].keys[j].state;
			k.v[j].since = NOW - cases[i].keys[j].ago;
		}
		assert_int_equal(jwt_keys_due(&k, NOW), cases[i].want);
	}
}

TEST(jwt_keys_outlive_a_restart_at_every_step)
{
	struct ca_dir d = make_dir();
	struct jwt_keys k, again;
	struct err err = ERR_INIT;
	uint8_t first[KEY_POINT_LEN];
	struct str text = { 0 };

	assert_int_equal(jwt_keys_load(&k, &d.files, NOW, &err), 0);
	assert_int_equal(k.len, 1);
	memcpy(first, k.v[0].point, KEY_POINT_LEN);
	assert_int_equal(jwt_keys_activate(&k, &d.files, NOW, &err), -1);
	assert_int_equal(err.kind, ERR_NOT_FOUND);
	assert_int_equal(jwt_keys_prepare(&k, &d.files, NOW + 1, &err), 0);
	assert_int_equal(jwt_keys_prepare(&k, &d.files, NOW + 1, &err), -1);
	assert_int_equal(jwt_keys_load(&again, &d.files, NOW + 2, &err), 0);
	assert_int_equal(again.len, 2);
	assert_int_equal(again.v[1].state, JWT_KEY_NEXT);
	assert_int_equal(again.v[1].since, NOW + 1);
	assert_int_equal(jwt_keys_activate(&k, &d.files, NOW + 3, &err), 0);
	assert_int_equal(k.v[0].state, JWT_KEY_OLD);
	assert_memory_equal(k.v[0].point, first, KEY_POINT_LEN);
	assert_int_equal(k.v[1].state, JWT_KEY_ACTIVE);
	assert_int_equal(jwt_keys_load(&again, &d.files, NOW + 4, &err), 0);
	assert_int_equal(again.len, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(again.v[i].state, k.v[i].state);
		assert_int_equal(again.v[i].since, k.v[i].since);
		assert_memory_equal(again.v[i].point, k.v[i].point,
		    KEY_POINT_LEN);
	}
	/* The power goes between the two files of an activation. */
	assert_int_equal(jwt_keys_prepare(&k, &d.files, NOW + 5, &err), 0);
	assert_int_equal(rename(d.files.jwt_next_key, d.files.jwt_key), 0);
	assert_int_equal(jwt_keys_load(&again, &d.files, NOW + 6, &err), 0);
	assert_int_equal(again.len, 3);
	assert_int_equal(again.v[1].state, JWT_KEY_OLD);
	assert_int_equal(again.v[2].state, JWT_KEY_ACTIVE);
	assert_int_equal(jwt_keys_drop(&again, &d.files, NOW + 4, &err), 0);
	assert_int_equal(again.len, 2);
	jwt_keys_add(&text, &again, "jwt-svid");
	assert_non_null(strstr(text.ptr, "},{"));
	/* A list that was damaged is not taken for an empty one. */
	assert_int_equal(ca_file_write(d.files.jwt_keys, SLICE("active 1 x\n"),
	    0644, &err), 0);
	assert_int_equal(jwt_keys_load(&again, &d.files, NOW, &err), -1);
	assert_int_equal(err.kind, ERR_CONFIG);
	str_fini(&text);
	dir_remove(&d);
}
