#include <stdio.h>

#include "modes/ctl/ctl.h"

int
ctl_main(int argc, char **argv)
{
	(void)argc;
	fprintf(stderr, "mesh %s: this build comes without that mode\n"
	    "usage: mesh --help\n", argv[0]);
	return 64;
}
