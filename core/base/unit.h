#ifndef BASE_UNIT_H
#define BASE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * unit: TEST(name) { ... } in x_test.c, asserted with cmocka's assert_*.
 * One program per folder; its main is in unit.c and takes an optional
 * pattern ("*") of names to run.  Included by tests alone.
 */
void unit_add(const char *name, void (*fn)(void **));

#define TEST(name)							\
	static void name(void **);					\
	__attribute__((constructor)) static void			\
	unit_register_##name(void)					\
	{								\
		unit_add(#name, name);					\
	}								\
	static void							\
	name(void **unit_state __attribute__((unused)))

#endif
