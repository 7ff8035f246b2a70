#include "base/err.h"
#include "base/manual_test.h"

/* Exit codes and kinds of errors are held against mesh(1) and mesh-api(7). */

TEST(manual_has_every_exit_code)
{
	struct manual m;

	manual_open(&m, "mesh.1");
	struct slice section = manual_section(&m, ".Sh EXIT STATUS");

	for (int k = ERR_NONE; k <= ERR_EXISTS; k++) {
		struct err err = { .kind = (enum err_kind)k };
		char code[16];

		snprintf(code, sizeof(code), "%d", err_exit_code(&err));
		if (!manual_has(section, "Li", code))
			fail_msg("mesh.1 has no exit code %s", code);
	}
	manual_close(&m);
}

TEST(manual_has_every_kind_of_error)
{
	struct manual m;

	manual_open(&m, "mesh-api.7");
	for (int k = ERR_USAGE; k <= ERR_TOO_LARGE; k++) {
		struct err err = { .kind = (enum err_kind)k };
		struct slice rest = manual_section(&m, ".Ss Errors"), line;
		char row[80];
		bool found = false;

		snprintf(row, sizeof(row), ".It Li %s Ta %d Ta %d",
		    err_kind_name(err.kind), err_http_status(&err),
		    err_exit_code(&err));
		while (!found && slice_cut(&rest, '\n', &line))
			found = slice_is(line, row);
		if (!found)
			fail_msg("mesh-api.7 has no \"%s\"", row);
	}
	manual_close(&m);
}
