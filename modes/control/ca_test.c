#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/unit.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "pki/chain.h"

static enum distrust
judge(const struct ca *ca, struct slice leaf, struct cert *c,
    struct spiffe *id)
{
	struct slice certs[] = { leaf, ca->now.cert.der };
	struct leaf_policy p = { .now = clock_wall_s() };

	return chain_verify(certs, 2, ca->bundle, &p, c, id);
}

TEST(ca_first_start_makes_what_later_starts_find)
{
	struct ca_dir d;
	struct ca *ca;
	struct stat st;
	uint8_t first[HASH_LEN], second[HASH_LEN];
	struct str serial = { 0 }, again = { 0 };

	dir_make(&d);
	ca = must_open(&d);
	bundle_hash(ca->bundle, first);
	cert_add_serial(&serial, &ca->now.cert);
	assert_int_equal(ca->leaf_life_s, CA_LEAF_LIFE_S);
	assert_true(ca->now.cert.not_after - clock_wall_s() > 364 * 86400);
	assert_false(slice_eq(ca->now.cert.subject,
	    ca->now.cert.issuer));
	ca_close(ca);

	assert_int_equal(stat(d.files.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(d.files.root_key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(d.files.intermediate_key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	ca = must_open(&d);
	bundle_hash(ca->bundle, second);
	cert_add_serial(&again, &ca->now.cert);
	assert_memory_equal(first, second, HASH_LEN);
	assert_string_equal(str_ptr(&serial), str_ptr(&again));
	ca_close(ca);
	str_fini(&serial);
	str_fini(&again);
	dir_remove(&d);
}

TEST(ca_issues_what_a_peer_trusts)
{
	struct slice services[] = { SLICE("orders"), SLICE("stock") };
	struct ca_workload w = {
		.ns = SLICE("shop"), .account = SLICE("orders"),
		.name = SLICE("orders-1"), .services = services,
		.services_len = 2,
	};
	struct ca_dir d;
	struct ca *ca;
	struct ca_request r;
	struct key key;
	struct str der = { 0 };
	struct err err = ERR_INIT;
	struct cert c;
	struct spiffe id;

	dir_make(&d);
	ca = must_open(&d);
	key_generate(&key);
	assert_int_equal(ca_request_workload(&r, ca, &w, key.point, &err), 0);
	assert_int_equal(r.sign.dns_len, 5);
	assert_true(slice_is(r.sign.dns[3], "*.stock.shop.mesh"));
	assert_true(slice_is(r.sign.dns[4], "orders-1.shop.workload.mesh"));
	assert_int_equal(signer_sign(ca->signer, &r.sign, &der, &err), 0);
	assert_string_equal(distrust_name(judge(ca, str_slice(&der), &c, &id)),
	    "none");
	assert_true(slice_is(id.text, "spiffe://td/ns/shop/sa/orders"));
	assert_memory_equal(c.serial.ptr, r.sign.serial, MINT_SERIAL_LEN);
	assert_memory_equal(c.point, key.point, KEY_POINT_LEN);
	assert_int_equal(c.dns, 5);
	ca_request_fini(&r);

	str_fini(&der);
	ca_close(ca);
	dir_remove(&d);
}

TEST(ca_issues_to_operators_and_itself)
{
	struct slice names[] = { SLICE("mesh.example.com") };
	struct leaf_policy p = { .now = clock_wall_s(),
		.expected = SLICE("spiffe://td/control") };
	struct ca_dir d;
	struct ca *ca;
	struct ca_request r;
	struct key key;
	struct chain chain;
	struct str der = { 0 }, pem = { 0 };
	struct err err = ERR_INIT;
	struct cert c;
	struct spiffe id;

	dir_make(&d);
	ca = must_open(&d);
	key_generate(&key);
	assert_int_equal(ca_request_operator(&r, ca, SLICE("alice"), key.point,
	    &err), 0);
	assert_int_equal(signer_sign(ca->signer, &r.sign, &der, &err), 0);
	assert_string_equal(distrust_name(judge(ca, str_slice(&der), &c, &id)),
	    "none");
	assert_int_equal(id.kind, SPIFFE_OPERATOR);
	ca_request_fini(&r);

	assert_int_equal(ca_issue_self(ca, names, 1, &key, &pem, &err), 0);
	chain_init(&chain);
	assert_int_equal(chain_add_pem(&chain, str_slice(&pem), &err), 0);
	assert_string_equal(distrust_name(chain_check(&chain, ca->bundle, &p)),
	    "none");
	assert_memory_equal(chain.leaf.point, key.point, KEY_POINT_LEN);
	chain_fini(&chain);
	str_fini(&der);
	str_fini(&pem);
	ca_close(ca);
	dir_remove(&d);
}

TEST(ca_refuses_names_that_are_none)
{
	static const struct {
		struct slice ns, account, name, service;
	} bad[] = {
		{ SLICE("Shop"), SLICE("a"), SLICE("a"), SLICE("a") },
		{ SLICE("workload"), SLICE("a"), SLICE("a"), SLICE("a") },
		{ SLICE("shop"), SLICE("a/b"), SLICE("a"), SLICE("a") },
		{ SLICE("shop"), SLICE("a"), SLICE(""), SLICE("a") },
		{ SLICE("shop"), SLICE("a"), SLICE("a"), SLICE("*") },
		{ SLICE("shop"), SLICE("a"), SLICE("a"), SLICE("a.b") },
	};
	struct ca_dir d;
	struct ca *ca;
	struct ca_request r;
	struct err err = ERR_INIT;
	struct slice local = SLICE("orders.shop.mesh");
	uint8_t point[KEY_POINT_LEN] = { 4 };

	dir_make(&d);
	ca = must_open(&d);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct ca_workload w = {
			.ns = bad[i].ns, .account = bad[i].account,
			.name = bad[i].name, .services = &bad[i].service,
			.services_len = 1,
		};

		assert_int_equal(ca_request_workload(&r, ca, &w, point, &err),
		    -1);
		assert_int_equal(err.kind, ERR_DATA);
	}
	assert_int_equal(ca_request_operator(&r, ca, SLICE("a b"), point, &err),
	    -1);
	assert_int_equal(ca_request_control(&r, ca, &local, 1, point, &err),
	    -1);
	ca_close(ca);
	dir_remove(&d);
}

TEST(ca_refuses_files_that_others_can_read)
{
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	assert_int_equal(chmod(d.files.intermediate_key, 0640), 0);
	assert_null(open_ca(&d, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "0640"));
	assert_non_null(strstr(err.text, "chmod 600"));
	assert_int_equal(chmod(d.files.intermediate_key, 0600), 0);
	assert_int_equal(chmod(d.files.root_key, 0604), 0);
	assert_null(open_ca(&d, &err));
	assert_non_null(strstr(err.text, "root.key"));
	assert_int_equal(chmod(d.files.root_key, 0600), 0);
	assert_int_equal(chmod(d.files.dir, 0750), 0);
	assert_null(open_ca(&d, &err));
	assert_non_null(strstr(err.text, "chmod 700"));
	assert_int_equal(chmod(d.files.dir, 0700), 0);
	ca_close(must_open(&d));
	dir_remove(&d);
}

TEST(ca_goes_on_after_a_crash_while_it_was_made)
{
	struct ca_dir d;
	struct err err = ERR_INIT;
	struct key before, after;
	struct ca *ca;

	dir_make(&d);
	ca_close(must_open(&d));
	assert_int_equal(ca_file_read_key(&before, d.files.root_key, &err), 0);

	/* Only the root's key was written: it stays. */
	unlink(d.files.root_cert);
	unlink(d.files.intermediate_cert);
	unlink(d.files.intermediate_key);
	ca_close(must_open(&d));
	assert_int_equal(ca_file_read_key(&after, d.files.root_key, &err), 0);
	assert_memory_equal(before.point, after.point, KEY_POINT_LEN);

	/* A new intermediate key without its certificate: both anew. */
	key_generate(&after);
	assert_int_equal(ca_file_write_key(&after, d.files.intermediate_key,
	    &err), 0);
	ca = must_open(&d);
	assert_memory_not_equal(ca->now.cert.point, after.point,
	    KEY_POINT_LEN);
	ca_close(ca);

	/* A lost root is not made again behind people's backs. */
	unlink(d.files.root_cert);
	assert_null(open_ca(&d, &err));
	assert_non_null(strstr(err.text, "restore it from a backup"));
	dir_remove(&d);
}

/* As when ca/ was lost, or a restore brought back the registry alone. */
TEST(ca_makes_no_root_beside_a_registry)
{
	struct ca_dir d;
	struct err err = ERR_INIT;
	char path[64];

	dir_make(&d);
	snprintf(path, sizeof(path), "%s/store.db", d.path);
	assert_int_equal(ca_file_write(path, SLICE("x"), 0600, &err), 0);
	assert_null(open_ca(&d, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "root.pem is missing, though"));
	assert_int_not_equal(access(d.files.root_key, F_OK), 0);
	unlink(path);
	ca_close(must_open(&d));
	dir_remove(&d);
}

TEST(ca_lives_without_the_roots_key_until_it_is_needed)
{
	struct ca_dir d;
	struct err err = ERR_INIT;

	dir_make(&d);
	ca_close(must_open(&d));
	unlink(d.files.root_key);
	ca_close(must_open(&d));
	unlink(d.files.intermediate_cert);
	assert_null(open_ca(&d, &err));
	assert_non_null(strstr(err.text, "--ca-key-file"));
	dir_remove(&d);
}

TEST(ca_takes_a_root_by_file_and_keeps_its_key_out)
{
	struct ca_dir ours, theirs;
	struct ca_options o = { .domain = SLICE("td") };
	struct err err = ERR_INIT;
	struct ca *a, *b;
	uint8_t first[HASH_LEN], second[HASH_LEN];

	dir_make(&ours);
	dir_make(&theirs);
	a = must_open(&theirs);
	o.data_dir = ours.path;
	o.root_cert_file = theirs.files.root_cert;
	assert_null(ca_open(&o, &err));		/* no key named */
	assert_int_equal(err.kind, ERR_USAGE);
	o.root_key_file = theirs.files.intermediate_key;
	assert_null(ca_open(&o, &err));		/* another key */
	assert_non_null(strstr(err.text, "is not the key of"));
	o.root_key_file = theirs.files.root_key;
	b = ca_open(&o, &err);
	assert_non_null(b);
	bundle_hash(a->bundle, first);
	bundle_hash(b->bundle, second);
	assert_memory_equal(first, second, HASH_LEN);
	assert_false(ca_file_exists(ours.files.root_key));
	assert_false(slice_eq(a->now.cert.subject,
	    b->now.cert.subject));
	ca_close(b);
	ca_close(a);

	/* A second root in place of the first is refused. */
	unlink(theirs.files.root_cert);
	unlink(theirs.files.root_key);
	unlink(theirs.files.intermediate_cert);
	unlink(theirs.files.intermediate_key);
	ca_close(must_open(&theirs));
	assert_null(ca_open(&o, &err));
	assert_non_null(strstr(err.text, "is not the root"));
	dir_remove(&ours);
	dir_remove(&theirs);
}

TEST(ca_keeps_the_trust_domain_of_its_first_start)
{
	struct ca_dir first, fresh;
	struct ca_options o = { .domain = SLICE("other.example") };
	struct err err = ERR_INIT;

	dir_make(&first);
	dir_make(&fresh);
	ca_close(must_open(&first));
	o.data_dir = first.path;
	assert_null(ca_open(&o, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_non_null(strstr(err.text, "\"other.example\" is not \"td\""));
	/* A root that is given for another one leaves nothing behind. */
	o.data_dir = fresh.path;
	o.root_cert_file = first.files.root_cert;
	o.root_key_file = first.files.root_key;
	assert_null(ca_open(&o, &err));
	assert_int_equal(err.kind, ERR_CONFIG);
	assert_false(ca_file_exists(fresh.files.root_cert));
	ca_close(must_open(&first));
	dir_remove(&first);
	dir_remove(&fresh);
}

TEST(ca_settings_have_limits)
{
	static const uint32_t lives[] = { 1, 9, 30 * 86400 + 1, UINT32_MAX };
	struct ca_options o = { .data_dir = "/nonexistent/data",
		.domain = SLICE("td") };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < sizeof(lives) / sizeof(lives[0]); i++) {
		o.leaf_life_s = lives[i];
		assert_null(ca_open(&o, &err));
		assert_non_null(strstr(err.text, "30 days"));
	}
	o.leaf_life_s = 0;
	o.domain = SLICE("Mesh Internal");
	assert_null(ca_open(&o, &err));
	assert_non_null(strstr(err.text, "trust domain"));
	o.domain = SLICE("td");
	assert_null(ca_open(&o, &err));
	assert_int_equal(err.kind, ERR_SYSTEM);
}

TEST(ca_comes_back_from_its_backup)
{
	struct ca_dir from, to;
	struct ca *a, *b;
	struct str text = { 0 }, again = { 0 };
	struct err err = ERR_INIT;

	dir_make(&from);
	dir_make(&to);
	a = must_open(&from);
	assert_int_equal(ca_files_pack(&text, &from.files, &err), 0);
	assert_int_equal(ca_files_unpack(&to.files, str_slice(&text), &err), 0);
	b = must_open(&to);
	assert_true(slice_eq(a->now.cert.der, b->now.cert.der));
	assert_true(slice_eq(a->bundle->roots[0].der, b->bundle->roots[0].der));
	assert_int_equal(ca_files_pack(&again, &to.files, &err), 0);
	assert_true(slice_eq(str_slice(&text), str_slice(&again)));
	assert_int_equal(ca_files_unpack(&to.files, str_slice(&text), &err),
	    -1);
	assert_non_null(strstr(err.text, "empty directory"));
	ca_close(a);
	ca_close(b);
	key_wipe_str(&text);
	key_wipe_str(&again);
	dir_remove(&from);
	dir_remove(&to);
}

TEST(ca_file_reads_as_much_as_it_is_told)
{
	static const struct {
		size_t      size, max;
		const char *why;	/* NULL: it is read */
	} v[] = {
		{ (1 << 20), 0, NULL },
		{ (1 << 20) + 1, 0, "larger than 1048576 bytes" },
		{ 3 << 20, 3 << 20, NULL },
		{ (3 << 20) + 1, 3 << 20, "larger than 3145728 bytes" },
	};
	struct ca_dir d;

	dir_make(&d);
	ca_close(must_open(&d));
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		struct str put = { 0 }, got = { 0 };
		struct err err = ERR_INIT;
		const char *path = d.files.root_cert;

		while (put.len < v[i].size)
			str_add_char(&put, (char)('a' + put.len % 26));
		assert_int_equal(ca_file_write(path, str_slice(&put), 0600,
		    &err), 0);
		int r = v[i].max == 0 ? ca_file_read(&got, path, true, &err) :
		    ca_file_read_large(&got, path, true, v[i].max, &err);

		assert_int_equal(r, v[i].why == NULL ? 0 : -1);
		if (r == 0)
			assert_true(slice_eq(str_slice(&got), str_slice(&put)));
		else
			assert_non_null(strstr(err.text, v[i].why));
		str_fini(&put);
		str_fini(&got);
	}
	dir_remove(&d);
}
