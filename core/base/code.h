#ifndef BASE_CODE_H
#define BASE_CODE_H

/*
 * code: the pages of this program's own code and constants.
 *
 * Half of those that a start touches are for the start alone, and would count
 * as resident in each of many proxies of a host.  Once it is over they are
 * given back, and again after what a machine seldom does, as to compile its
 * documents; what is needed again comes from the page cache, without a read.
 * Any thread, at any time.  Breakpoints that a debugger wrote into the code are
 * gone with it.
 */
void code_release(void);

#endif
