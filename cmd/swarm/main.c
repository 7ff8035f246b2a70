#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/descriptors.h"
#include "base/mem.h"
#include "base/str.h"
#include "cmd/swarm/swarm.h"
#include "conf/stream.h"

#define EXIT_USAGE	64

static const char usage_text[] =
"usage: swarm CONTROL CONTROL-ID SERVICE CA MEMBERS\n"
"\n"
"Holds a session with control (HOST:PORT) for each line of the file MEMBERS:\n"
"\"WORKLOAD CERTIFICATE-FILE KEY-FILE\".  CONTROL-ID is the SPIFFE ID of\n"
"control, CA the file of the trust bundle; all call SERVICE (ns/name).  At\n"
"SIGUSR1 each asks for another certificate.\n"
"\n"
"       swarm --join CONTROL CONTROL-ID CA TOKENS\n"
"\n"
"Joins once by each token of the file TOKENS, 32 at a time, and prints\n"
"\"joined N NANOSECONDS calls N failed N\".\n";

static const char trust_domain[] = "mesh.internal";

_Noreturn static void
fail(const struct err *err)
{
	fprintf(stderr, "swarm: %s\n", err->text);
	exit(err_exit_code(err));
}

static void
read_file(const char *path, struct str *out)
{
	struct err err = ERR_INIT;

	if (conf_file_read(path, out, &err) != 0)
		fail(&err);
}

/* "WORKLOAD CERTIFICATE-FILE KEY-FILE" */
static void
add_member(struct swarm *s, struct slice line, struct slice ca)
{
	struct slice words[3] = { SLICE_NONE, SLICE_NONE, SLICE_NONE };
	char *texts[3];
	struct str cert = { 0 }, key = { 0 };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 3; i++) {
		slice_cut(&line, ' ', &words[i]);
		texts[i] = mem_dup(words[i].ptr, words[i].len);
	}
	read_file(texts[1], &cert);
	read_file(texts[2], &key);
	struct tls_identity *identity = tls_identity_new(str_slice(&cert),
	    str_slice(&key), ca, trust_domain, 1, &err);

	if (identity == NULL)
		fail(&err);
	swarm_add(s, texts[0], identity);
	mem_wipe(key.ptr, key.len);
	str_fini(&cert);
	str_fini(&key);
	for (size_t i = 0; i < 3; i++)
		mem_free(texts[i]);
}

/* --- joining --------------------------------------------------------------------- */

#define JOINING_MAX	32	/* at a time */

static void
on_joined(void *arg)
{
	loop_stop(arg);
}

static void
add_tokens(struct issue *all, const char *path)
{
	struct str list = { 0 };
	struct slice lines, line;
	struct token token;

	read_file(path, &list);
	lines = str_slice(&list);
	while (slice_cut(&lines, '\n', &line)) {
		if (line.len == 0)
			continue;
		if (!token_parse(&token, line)) {
			fprintf(stderr, "swarm: %s: that is no token\n", path);
			exit(EXIT_USAGE);
		}
		issue_join(all, &token);
		token_fini(&token);
	}
	key_wipe_str(&list);
}

/* words: CONTROL CONTROL-ID CA TOKENS */
static int
join(char *const words[4])
{
	struct loop *loop = loop_new("swarm");
	struct tls_handshaker *handshaker = tls_handshaker_new(1);
	struct str ca = { 0 };
	struct err err = ERR_INIT;
	struct issue all;

	issue_init(&all, &(struct agent_dial_request){ .loop = loop,
	    .handshaker = handshaker, .control = words[0],
	    .expected_id = words[1] });
	read_file(words[2], &ca);
	all.trust = tls_identity_new(SLICE_NONE, SLICE_NONE, str_slice(&ca),
	    trust_domain, 0, &err);
	if (all.trust == NULL)
		fail(&err);
	add_tokens(&all, words[3]);
	if (all.len > 0) {
		issue_start(&all, JOINING_MAX, on_joined, loop);
		loop_run(loop);
	}
	printf("joined %zu %" PRIu64 " calls %zu failed %zu\n", all.len,
	    all.ended_ns - all.began_ns, all.calls, all.failed);
	int code = all.failed > 0 ? EXIT_FAILURE : 0;

	issue_fini(&all);
	loop_finish(loop);
	tls_identity_unref(all.trust);
	tls_handshaker_free(handshaker);
	loop_free(loop);
	str_fini(&ca);
	return code;
}

int
main(int argc, char **argv)
{
	struct swarm swarm;
	struct str ca = { 0 }, list = { 0 };
	struct slice lines, line;

	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();
	if (argc == 6 && strcmp(argv[1], "--join") == 0)
		return join(argv + 2);
	if (argc != 6) {
		fputs(usage_text, argc == 2 && strcmp(argv[1], "--help") == 0 ?
		    stdout : stderr);
		return EXIT_USAGE;
	}
	swarm_init(&swarm, argv[1], argv[2], argv[3]);
	read_file(argv[4], &ca);
	read_file(argv[5], &list);
	lines = str_slice(&list);
	while (slice_cut(&lines, '\n', &line))
		if (line.len > 0)
			add_member(&swarm, line, str_slice(&ca));
	swarm_run(&swarm);
	int code = swarm.has_failed ? EXIT_FAILURE : 0;

	swarm_fini(&swarm);
	str_fini(&ca);
	str_fini(&list);
	return code;
}
