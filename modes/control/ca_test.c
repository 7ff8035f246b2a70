#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/unit.h"
#include "modes/control/ca.h"
#include "modes/control/ca_file.h"
#include "modes/control/signer_rules.h"
#include "pki/chain.h"

/* A data directory that is gone when the test ends. */
struct dir {
	char            path[32];
	struct ca_files files;
};

static void
dir_make(struct dir *d)
{
	snprintf(d->path, sizeof(d->path), "/tmp/mesh-ca-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	ca_files_init(&d->files, d->path);
}

static void
dir_remove(struct dir *d)
{
	DIR *in = opendir(d->files.dir);
	struct dirent *e;

	while (in != NULL && (e = readdir(in)) != NULL)
		unlinkat(dirfd(in), e->d_name, 0);
	if (in != NULL)
		closedir(in);
	rmdir(d->files.dir);
	rmdir(d->path);
	ca_files_fini(&d->files);
}

static struct ca *
open_ca(const struct dir *d, struct err *err)
{
	struct ca_options o = { .data_dir = d->path, .domain = SLICE("td") };

	log_set_levels("error");
	return ca_open(&o, err);
}

static struct ca *
must_open(const struct dir *d)
{
	struct err err = ERR_INIT;
	struct ca *ca = open_ca(d, &err);

	if (ca == NULL)
		fail_msg("%s", err.text);
	return ca;
}

static enum distrust
judge(const struct ca *ca, struct slice leaf, struct cert *c,
    struct spiffe *id)
{
	struct slice certs[] = { leaf, ca->intermediate.der };
	struct leaf_policy p = { .now = clock_wall_s() };

	return chain_verify(certs, 2, ca->bundle, &p, c, id);
}

TEST(ca_first_start_makes_what_later_starts_find)
{
	struct dir d;
	struct ca *ca;
	struct stat st;
	uint8_t first[HASH_LEN], second[HASH_LEN];
	struct str serial = { 0 }, again = { 0 };

	dir_make(&d);
	ca = must_open(&d);
	bundle_hash(ca->bundle, first);
	cert_add_serial(&serial, &ca->intermediate);
	assert_int_equal(ca->leaf_life_s, CA_LEAF_LIFE_S);
	assert_true(ca_intermediate_left_s(ca, clock_wall_s()) > 364 * 86400);
	assert_false(slice_eq(ca->intermediate.subject,
	    ca->intermediate.issuer));
	ca_close(ca);

	assert_int_equal(stat(d.files.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(d.files.root_key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(d.files.intermediate_key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);

	ca = must_open(&d);
	bundle_hash(ca->bundle, second);
	cert_add_serial(&again, &ca->intermediate);
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
	struct dir d;
	struct ca *ca;
	struct ca_request r;
	struct key key;
	struct str der = { 0 }, pem = { 0 };
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

	str_clear(&der);
	assert_int_equal(ca_request_operator(&r, ca, SLICE("alice"), key.point,
	    &err), 0);
	assert_int_equal(signer_sign(ca->signer, &r.sign, &der, &err), 0);
	assert_string_equal(distrust_name(judge(ca, str_slice(&der), &c, &id)),
	    "none");
	assert_int_equal(id.kind, SPIFFE_OPERATOR);
	ca_request_fini(&r);

	struct slice names[] = { SLICE("mesh.example.com") };
	struct chain chain;
	struct leaf_policy p = { .now = clock_wall_s(),
		.expected = SLICE("spiffe://td/control") };

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
	struct dir d;
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

/* Replies in order, whatever is cancelled in between. */
struct tally {
	struct signer *signer;
	int            signed_, refused, gone, order, *next;
};

static void
count(void *owner, const struct signer_reply *reply)
{
	struct tally *t = owner;

	assert_int_equal(t->order, (*t->next)++);
	t->signed_ += reply->status == SIGNER_SIGNED;
	t->refused += reply->status == SIGNER_DNS;
	t->gone += reply->status == SIGNER_GONE;
}

static void
fill(struct signer_request *q, const struct key *key)
{
	*q = (struct signer_request){
		.id = SLICE("spiffe://td/ns/a/sa/b"), .life_s = 60,
	};
	mint_serial(q->serial);
	memcpy(q->point, key->point, KEY_POINT_LEN);
}

TEST(signer_answers_many_requests_in_order)
{
	enum { MANY = 100 };
	struct tally tallies[MANY];
	struct signer_request q;
	struct dir d;
	struct ca *ca;
	struct key key;
	int next = 0, done = 0, refused = 0;

	dir_make(&d);
	ca = must_open(&d);
	key_generate(&key);
	for (int i = 0; i < MANY; i++) {
		tallies[i] = (struct tally){ .signer = ca->signer, .order = i,
			.next = &next };
		fill(&q, &key);
		if (i % 10 == 3)
			q.dns[q.dns_len++] = SLICE("b.other.mesh");
		signer_send(ca->signer, &q, count, &tallies[i]);
	}
	while (signer_waiting(ca->signer) > 0) {
		struct pollfd p = { .fd = signer_fd(ca->signer),
			.events = POLLIN };

		if (signer_wants_write(ca->signer))
			p.events |= POLLOUT;
		assert_true(poll(&p, 1, 60000) > 0);
		signer_on_writable(ca->signer);
		signer_on_readable(ca->signer);
	}
	for (int i = 0; i < MANY; i++) {
		done += tallies[i].signed_;
		refused += tallies[i].refused;
	}
	assert_int_equal(refused, MANY / 10);
	assert_int_equal(done, MANY - MANY / 10);
	ca_close(ca);
	dir_remove(&d);
}

TEST(signer_tells_nobody_who_cancelled)
{
	struct dir d;
	struct ca *ca;
	struct key key;
	struct signer_request q;
	struct str der = { 0 };
	struct err err = ERR_INIT;
	int next = 99;		/* count would fail */
	struct tally t = { .next = &next };

	dir_make(&d);
	ca = must_open(&d);
	key_generate(&key);
	fill(&q, &key);
	signer_send(ca->signer, &q, count, &t);
	signer_cancel(ca->signer, &t);
	assert_int_equal(signer_sign(ca->signer, &q, &der, &err), 0);
	assert_int_equal(t.signed_, 0);
	assert_int_equal(next, 99);
	str_fini(&der);
	ca_close(ca);
	dir_remove(&d);
}

TEST(signer_refuses_by_itself)
{
	struct dir d;
	struct ca *ca;
	struct key key;
	struct signer_request q;
	struct str der = { 0 };
	struct err err = ERR_INIT;

	dir_make(&d);
	ca = must_open(&d);
	key_generate(&key);
	fill(&q, &key);
	q.id = SLICE("spiffe://other/ns/a/sa/b");
	assert_int_equal(signer_sign(ca->signer, &q, &der, &err), -1);
	assert_int_equal(err.kind, ERR_DENIED);
	fill(&q, &key);
	q.life_s = SIGNER_LIFE_MAX_S + 1;
	assert_int_equal(signer_sign(ca->signer, &q, &der, &err), -1);
	assert_int_equal(err.kind, ERR_DATA);
	assert_int_equal(der.len, 0);
	ca_close(ca);
	dir_remove(&d);
}

/* Files that only the process itself may look at answer EACCES to others. */
static pid_t
child_of_ours(void)
{
	char path[64];
	int pid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	return pid;
}

static int
count_fds(pid_t pid)
{
	char path[64];
	struct dirent *e;
	DIR *in;
	int n = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	in = opendir(path);
	if (in == NULL)
		return -1;	/* not root, and it is not dumpable */
	while ((e = readdir(in)) != NULL)
		n += e->d_name[0] != '.';
	closedir(in);
	return n;
}

TEST(signer_process_is_shut_in_and_its_end_is_noticed)
{
	struct dir d;
	struct ca *ca;
	struct key key;
	struct signer_request q;
	struct str status = { 0 }, der = { 0 };
	struct err err = ERR_INIT;
	char path[64];
	int next = 0, fds;
	struct tally t = { .next = &next };
	pid_t pid;
	int extra = open("/dev/null", O_RDONLY);	/* not handed on */

	dir_make(&d);
	ca = must_open(&d);
	pid = child_of_ours();
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	assert_int_equal(ca_file_read(&status, path, false, &err), 0);
	assert_non_null(strstr(str_ptr(&status), "mesh-signer"));
	assert_non_null(strstr(str_ptr(&status), "NoNewPrivs:\t1"));
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* The sanitizers turn mlock off. */
	assert_null(strstr(str_ptr(&status), "VmLck:\t       0 kB"));
#endif
	fds = count_fds(pid);
	assert_true(fds == -1 || fds == 2);	/* the pair and the log */

	key_generate(&key);
	fill(&q, &key);
	kill(pid, SIGKILL);
	assert_int_equal(signer_sign(ca->signer, &q, &der, &err), -1);
	assert_int_equal(err.kind, ERR_UNAVAILABLE);
	assert_false(signer_is_alive(ca->signer));
	signer_send(ca->signer, &q, count, &t);
	assert_int_equal(t.gone, 1);
	close(extra);
	str_fini(&status);
	ca_close(ca);
	dir_remove(&d);
}

TEST(ca_refuses_files_that_others_can_read)
{
	struct dir d;
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
	struct dir d;
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
	assert_memory_not_equal(ca->intermediate.point, after.point,
	    KEY_POINT_LEN);
	ca_close(ca);

	/* A lost root is not made again behind people's backs. */
	unlink(d.files.root_cert);
	assert_null(open_ca(&d, &err));
	assert_non_null(strstr(err.text, "restore it from a backup"));
	dir_remove(&d);
}

TEST(ca_lives_without_the_roots_key_until_it_is_needed)
{
	struct dir d;
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
	struct dir ours, theirs;
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
	assert_false(slice_eq(a->intermediate.subject,
	    b->intermediate.subject));
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
	struct dir from, to;
	struct ca *a, *b;
	struct str text = { 0 }, again = { 0 };
	struct err err = ERR_INIT;

	dir_make(&from);
	dir_make(&to);
	a = must_open(&from);
	assert_int_equal(ca_files_pack(&text, &from.files, &err), 0);
	assert_int_equal(ca_files_unpack(&to.files, str_slice(&text), &err), 0);
	b = must_open(&to);
	assert_true(slice_eq(a->intermediate.der, b->intermediate.der));
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
