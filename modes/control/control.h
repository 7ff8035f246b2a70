#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

/*
 * control: the mode that keeps the registry and issues identities.
 * argv[0] is the mode's name.  Returns the exit code of the process.
 */
int control_main(int argc, char **argv);

#endif
