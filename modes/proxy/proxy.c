#include <stdio.h>

#include "modes/proxy/proxy.h"

int
proxy_main(int argc, char **argv)
{
	(void)argc;
	fprintf(stderr, "mesh %s: this build comes without that mode\n"
	    "usage: mesh --help\n", argv[0]);
	return 64;
}
