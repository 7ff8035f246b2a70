#include "base/check.h"
#include "cmd/fuzz/fuzz.h"
#include "http/detect.h"

/* What was known of the first bytes is not changed by more of them. */
static void
answer(const uint8_t *data, size_t size, size_t at)
{
	enum spoken early = detect_answer(slice_of(data, at));

	check(early == SPOKEN_UNKNOWN ||
	    early == detect_answer(slice_of(data, size)));
	check(size < DETECT_ANSWER_BYTES ||
	    detect_answer(slice_of(data, size)) != SPOKEN_UNKNOWN);
}

int
fuzz_detect(const uint8_t *data, size_t size)
{
	struct detect whole, cut, peeking;
	size_t at = fuzz_cut(data, size);
	struct buf b = { 0 };

	detect_init(&whole);
	detect_init(&cut);
	detect_init(&peeking);
	detect_feed(&whole, slice_of(data, size));
	enum spoken early = detect_feed(&cut, slice_of(data, at));

	check(early == SPOKEN_UNKNOWN || early == whole.found);
	check(detect_feed(&cut, slice_of(data + at, size - at)) == whole.found);
	buf_add(&b, data, at);
	check(detect_peek(&peeking, &b) == early);
	buf_add(&b, data + at, size - at);
	check(detect_peek(&peeking, &b) == whole.found);
	check(detect_resembles_http(&cut) == detect_resembles_http(&whole));
	check(detect_resembles_http(&peeking) == detect_resembles_http(&whole));
	check(detect_is_done(&cut) == detect_is_done(&whole));
	buf_fini(&b);
	answer(data, size, at);
	return 0;
}
