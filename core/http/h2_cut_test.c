#include "http/h2_cut_test.h"
#include "http/h2_frames_test.h"

void
h2_cut_each(const char *frames,
    void (*run)(const void *arg, struct slice in, size_t at), const void *arg)
{
	struct str in = { 0 };

	h2_frames_write(&in, frames);
	run(arg, str_slice(&in), in.len);
	run(arg, str_slice(&in), SIZE_MAX);
	for (size_t at = 1; at < in.len; at++)
		run(arg, str_slice(&in), at);
	str_fini(&in);
}

void
h2_cut_feed(struct h2_bench *b, struct slice in, size_t at)
{
	if (at == SIZE_MAX) {
		for (size_t i = 0; i < in.len; i++)
			h2_bench_feed_bytes(b, in.ptr + i, 1);
	} else {
		h2_bench_feed_bytes(b, in.ptr, at);
		h2_bench_feed_bytes(b, in.ptr + at, in.len - at);
	}
}
