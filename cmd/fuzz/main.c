#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/fuzz/fuzz.h"
#include "cmd/fuzz/mutate.h"

#define EXIT_USAGE	64
#define EXIT_NOINPUT	66

static const char usage_text[] =
"usage: fuzz [--rounds N | --seconds N] [--seed N] [--keep FILE] TARGET\n"
"            [FILE | FOLDER]...\n"
"\n"
"Gives the bytes of each file to a target, or standard input without any.\n"
"\n"
"  --rounds N   then N mutations of them\n"
"  --seconds N  then mutations of them for so long\n"
"  --seed N     another sequence of mutations (1)\n"
"  --keep FILE  where each mutation is written before it runs\n"
"\n"
"Targets:\n";

struct options {
	unsigned long long rounds, seconds, seed;
	const char        *keep;
};

_Noreturn static void
usage(void)
{
	fputs(usage_text, stderr);
	for (size_t i = 0; i < fuzz_targets_len; i++)
		fprintf(stderr, "  %-12s %s\n", fuzz_targets[i].name,
		    fuzz_targets[i].text);
	exit(EXIT_USAGE);
}

static unsigned long long
number(const char *text)
{
	uint64_t n;

	if (!slice_u64(slice_str(text), &n))
		usage();
	return n;
}

static void
keep(const char *path, const struct str *input)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL || fwrite(str_ptr(input), 1, input->len, f) != input->len ||
	    fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

/* In a block of its exact size, so that a sanitizer sees one byte too many. */
static void
run(const struct fuzz_target *t, const struct str *input)
{
	uint8_t *data = (uint8_t *)mem_dup(str_ptr(input), input->len);

	t->run(data, input->len);
	mem_free(data);
}

/* Gives how many there were. */
static unsigned long long
run_mutations(const struct fuzz_target *t, const struct seeds *seeds,
    const struct options *o)
{
	struct str input = { 0 };
	uint64_t state = o->seed, end_ms = clock_mono_ms() + 1000 * o->seconds;
	unsigned long long i;

	for (i = 0; i < o->rounds || clock_mono_ms() < end_ms; i++) {
		mutate(&input, seeds, &state);
		if (o->keep != NULL)
			keep(o->keep, &input);
		run(t, &input);
	}
	str_fini(&input);
	return i;
}

int
main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "seconds", required_argument, NULL, 't' },
		{ "seed", required_argument, NULL, 's' },
		{ "keep", required_argument, NULL, 'k' },
		{ NULL, 0, NULL, 0 },
	};
	struct options o = { .seed = 1 };
	struct seeds seeds = { 0 };
	char standard_input[] = "/dev/stdin";
	int c;

	while ((c = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (c == 'r')
			o.rounds = number(optarg);
		else if (c == 't')
			o.seconds = number(optarg);
		else if (c == 's')
			o.seed = number(optarg);
		else if (c == 'k')
			o.keep = optarg;
		else
			usage();
	}
	const struct fuzz_target *t = optind < argc ?
	    fuzz_target_named(argv[optind++]) : NULL;

	if (t == NULL)
		usage();
	if (optind == argc)
		argv[--optind] = standard_input;
	for (; optind < argc; optind++)
		if (seeds_read(&seeds, argv[optind]) != 0) {
			perror(argv[optind]);
			return EXIT_NOINPUT;
		}
	for (size_t i = 0; i < seeds.len; i++)
		run(t, &seeds.v[i]);
	printf("%s: %zu inputs, %llu mutations\n", t->name, seeds.len,
	    seeds.len > 0 ? run_mutations(t, &seeds, &o) : 0);
	seeds_fini(&seeds);
	return 0;
}
