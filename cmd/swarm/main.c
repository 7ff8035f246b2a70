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
"control, CA the file of the trust bundle; all call SERVICE (ns/name).\n";

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

int
main(int argc, char **argv)
{
	struct swarm swarm;
	struct str ca = { 0 }, list = { 0 };
	struct slice lines, line;

	if (argc != 6) {
		fputs(usage_text, argc == 2 && strcmp(argv[1], "--help") == 0 ?
		    stdout : stderr);
		return EXIT_USAGE;
	}
	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();
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
