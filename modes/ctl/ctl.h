#ifndef CTL_CTL_H
#define CTL_CTL_H

/*
 * ctl: the mode that is what people type.
 * argv[0] is the mode's name.  Returns the exit code of the process.
 */
int ctl_main(int argc, char **argv);

#endif
