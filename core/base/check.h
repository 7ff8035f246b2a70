#ifndef BASE_CHECK_H
#define BASE_CHECK_H

/*
 * check: an assertion about our own code, compiled into every build.
 * A failed check prints where and aborts.  It never looks at bytes that came
 * from a peer: those get an error, not an abort.
 */
#define check(cond)							\
	((cond) ? (void)0 : check_failed(#cond, __FILE__, __LINE__))

_Noreturn void check_failed(const char *cond, const char *file, int line);

#endif
