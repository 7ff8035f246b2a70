#ifndef BASE_UNSET_H
#define BASE_UNSET_H

/*
 * unset: of a local variable that somebody fills in before anybody reads it, on
 * the path of each request.  All others are zeroed first (the compiler's
 * -ftrivial-auto-var-init), so that what is forgotten is not what was there.
 */
#define UNSET	__attribute__((uninitialized))

#endif
