#include "base/unit.h"
#include "chain/grpc_message.h"

#define BYTES(s)	{ s, sizeof(s) - 1 }

TEST(grpc_message_is_read_as_it_was_written)
{
	static const struct {
		struct slice message, bytes;
	} cases[] = {
		{ BYTES(""), BYTES("\0\0\0\0\0") },
		{ BYTES("abc"), BYTES("\0\0\0\0\3" "abc") },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct slice got;
		struct buf b = { 0 };

		grpc_message_put(&b, cases[i].message);
		assert_true(slice_eq(buf_pull(&b, buf_len(&b)),
		    cases[i].bytes));
		assert_true(grpc_message_read(cases[i].bytes, &got));
		assert_true(slice_eq(got, cases[i].message));
		for (size_t n = 0; n < cases[i].bytes.len; n++)
			assert_false(grpc_message_read(slice_of(
			    cases[i].bytes.ptr, n), &got));
		buf_fini(&b);
	}
}

TEST(grpc_message_is_one_and_not_compressed)
{
	static const struct slice bad[] = {
		BYTES("\1\0\0\0\1x"), BYTES("\0\0\0\0\1xy"),
		BYTES("\0\1\0\0\1x"), BYTES("\0\xff\xff\xff\xffx"),
		BYTES("\0\0\0\0\0\0\0\0\0\0"),
	};
	struct slice got;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(grpc_message_read(bad[i], &got));
}
