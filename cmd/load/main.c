#include <sys/resource.h>

#include <signal.h>

#include "base/mem.h"
#include "cmd/load/load.h"

static void
raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int
main(int argc, char **argv)
{
	struct options options;
	struct load *load = mem_zalloc(sizeof(*load));

	options_parse(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	raise_descriptor_limit();
	load_init(load, &options);
	load_run(load);
	load_print(load);
	int code = load->all > 0 && load->errors == 0 ? 0 : 1;

	load_fini(load);
	mem_free(load);
	return code;
}
