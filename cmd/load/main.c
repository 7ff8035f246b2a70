#include <signal.h>

#include "base/descriptors.h"
#include "base/mem.h"
#include "cmd/load/load.h"

int
main(int argc, char **argv)
{
	struct options options;
	struct load *load = mem_zalloc(sizeof(*load));

	options_parse(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();
	load_init(load, &options);
	load_run(load);
	load_print(load);
	int code = load->all > 0 && load->errors == 0 ? 0 : 1;

	load_fini(load);
	mem_free(load);
	return code;
}
