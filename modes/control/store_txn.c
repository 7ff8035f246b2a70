#include "base/check.h"
#include "base/mem.h"
#include "modes/control/store_txn.h"
#include "pki/hash.h"

struct store_txn *
store_txn_new(void)
{
	struct store_txn *t = mem_zalloc(sizeof(*t));

	arena_init(&t->arena);
	return t;
}

void
store_txn_free(struct store_txn *t)
{
	if (t == NULL)
		return;
	arena_fini(&t->arena);
	mem_free(t->compares);
	mem_free(t->writes);
	mem_free(t->entries);
	mem_free(t);
}

/* Makes room for one more element of the given size. */
static void *
grow(void *array, size_t n, size_t *cap, size_t size)
{
	if (n < *cap)
		return array;
	*cap = *cap == 0 ? 4 : *cap * 2;
	return mem_realloc(array, *cap * size);
}

void
store_txn_require(struct store_txn *t, struct slice key, uint64_t modified)
{
	t->compares = grow(t->compares, t->n_compares, &t->cap_compares,
	    sizeof(*t->compares));
	t->compares[t->n_compares++] = (struct store_compare){
		.key = arena_dup(&t->arena, key),
		.modified = modified,
	};
}

static void
add_write(struct store_txn *t, struct slice key, struct slice value,
    int64_t expires_s)
{
	t->writes = grow(t->writes, t->n_writes, &t->cap_writes,
	    sizeof(*t->writes));
	t->writes[t->n_writes++] = (struct store_write){
		.key = arena_dup(&t->arena, key),
		.value = value,
		.expires_s = expires_s,
	};
}

void
store_txn_put(struct store_txn *t, struct slice key, struct slice value)
{
	add_write(t, key, arena_dup(&t->arena, value), 0);
}

void
store_txn_put_until(struct store_txn *t, struct slice key, struct slice value,
    int64_t expires_s)
{
	check(store_key_is_record(key) && expires_s > 0);
	add_write(t, key, arena_dup(&t->arena, value), expires_s);
}

void
store_txn_delete(struct store_txn *t, struct slice key)
{
	add_write(t, key, SLICE_NONE, 0);
}

void
store_txn_append(struct store_txn *t, struct slice content)
{
	t->entries = grow(t->entries, t->n_entries, &t->cap_entries,
	    sizeof(*t->entries));
	t->entries[t->n_entries++] = arena_dup(&t->arena, content);
}

static int
check_key(struct slice key, struct err *err)
{
	if (key.len == 0)
		return err_set(err, ERR_DATA, "a key may not be empty");
	if (key.len > STORE_KEY_MAX)
		return err_set(err, ERR_TOO_LARGE,
		    "a key of %zu bytes; at most %d are kept", key.len,
		    STORE_KEY_MAX);
	return 0;
}

static int
check_value(struct slice value, struct err *err)
{
	if (value.len > STORE_VALUE_MAX)
		return err_set(err, ERR_TOO_LARGE,
		    "a value of %zu bytes; at most %d are kept", value.len,
		    STORE_VALUE_MAX);
	return 0;
}

int
store_txn_check(const struct store_txn *t, struct err *err)
{
	for (size_t i = 0; i < t->n_compares; i++)
		if (check_key(t->compares[i].key, err) < 0)
			return -1;
	for (size_t i = 0; i < t->n_writes; i++)
		if (check_key(t->writes[i].key, err) < 0 ||
		    check_value(t->writes[i].value, err) < 0)
			return -1;
	for (size_t i = 0; i < t->n_entries; i++)
		if (check_value(t->entries[i], err) < 0)
			return -1;
	return 0;
}

bool
store_key_is_record(struct slice key)
{
	return key.len > 0 && key.ptr[0] == '!';
}

void
store_log_hash(unsigned char out[STORE_HASH_LEN],
    const unsigned char before[STORE_HASH_LEN], uint64_t seq,
    struct slice content)
{
	unsigned char number[8];
	struct hash h;

	for (int i = 0; i < 8; i++)
		number[i] = (unsigned char)(seq >> (56 - 8 * i));
	hash_init(&h);
	hash_add(&h, slice_of(before, STORE_HASH_LEN));
	hash_add(&h, slice_of(number, sizeof(number)));
	hash_add(&h, content);
	hash_out(&h, out);
}
