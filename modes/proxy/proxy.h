#ifndef PROXY_PROXY_H
#define PROXY_PROXY_H

/*
 * proxy: the mode that carries traffic beside a service.
 * argv[0] is the mode's name.  Returns the exit code of the process.
 */
int proxy_main(int argc, char **argv);

#endif
