#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/unit.h"
#include "modes/control/ca_file.h"
#include "modes/control/ca_fixture.h"
#include "modes/control/signer_rules.h"

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
	struct ca_dir d;
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
	struct ca_dir d;
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

/* More than it may sign in a second is refused, and the next is answered, too. */
TEST(signer_lives_through_more_than_its_rate)
{
	struct ca_dir d;
	struct err err = ERR_INIT;
	struct signer_request q;
	struct str der = { 0 };
	struct key key;
	struct ca *ca;

	dir_make(&d);
	ca = ca_open(&(struct ca_options){ .data_dir = d.path,
	    .domain = SLICE("td"), .rate = 1 }, &err);
	assert_non_null(ca);
	key_generate(&key);
	fill(&q, &key);
	while (signer_sign(ca->signer, &q, &der, &err) == 0)
		str_clear(&der);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(err.kind, ERR_UNAVAILABLE);
		assert_string_equal(err.text,
		    signer_status_sentence(SIGNER_RATE));
		err = ERR_INIT;
		if (signer_sign(ca->signer, &q, &der, &err) == 0)
			break;		/* a second went by */
	}
	str_fini(&der);
	ca_close(ca);
	dir_remove(&d);
}

TEST(signer_refuses_by_itself)
{
	struct ca_dir d;
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
	struct ca_dir d;
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
	/* The sanitizers turn mlock off, and seccomp would stop them. */
	assert_non_null(strstr(str_ptr(&status), "Seccomp:\t2"));
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

TEST(signer_logs_through_a_thread_of_its_own)
{
	struct log_options log = { .format = LOG_JSON, .access_fd = -1 };
	struct ca_options o = { .domain = SLICE("td"), .log = &log };
	struct ca_dir d;
	struct ca *ca;
	struct key key;
	struct signer_request q;
	struct str der = { 0 }, said = { 0 };
	struct err err = ERR_INIT;
	char path[64];

	dir_make(&d);
	o.data_dir = d.path;
	snprintf(path, sizeof(path), "%s/log", d.path);
	log.people_fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	log_set_levels("error,signer=info");
	ca = ca_open(&o, &err);
	assert_non_null(ca);
	key_generate(&key);
	fill(&q, &key);
	assert_int_equal(signer_sign(ca->signer, &q, &der, &err), 0);
	ca_close(ca);		/* waits for the process, and so for its log */
	assert_int_equal(ca_file_read(&said, path, false, &err), 0);
	assert_non_null(strstr(str_ptr(&said), "signed spiffe://td/ns/a/sa/b "
	    "serial "));
	close(log.people_fd);
	unlink(path);
	str_fini(&der);
	str_fini(&said);
	dir_remove(&d);
}
