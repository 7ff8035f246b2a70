#include <pthread.h>

#include "base/refs.h"
#include "base/unit.h"

struct shared {
	struct refs refs;
	int         plain[4];	/* each written by one thread */
	atomic_int  last, sum;
};

struct holder {
	struct shared *s;
	int            number;
};

static void *
hold(void *arg)
{
	struct holder *h = arg;
	struct shared *s = h->s;

	for (int i = 0; i < 10000; i++) {
		refs_take(&s->refs);
		if (refs_drop(&s->refs))
			atomic_fetch_add(&s->last, 100);
	}
	s->plain[h->number] = h->number + 1;
	if (refs_drop(&s->refs)) {
		atomic_fetch_add(&s->last, 1);
		for (int i = 0; i < 4; i++)
			s->sum += s->plain[i];
	}
	return NULL;
}

TEST(refs_have_one_last_holder_who_sees_all)
{
	struct shared s = { .last = 0 };
	struct holder h[4];
	pthread_t t[4];

	refs_init(&s.refs);
	for (int i = 0; i < 4; i++) {
		h[i] = (struct holder){ &s, i };
		refs_take(&s.refs);
	}
	assert_false(refs_drop(&s.refs));
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, hold, &h[i]), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(s.last, 1);
	assert_int_equal(s.sum, 1 + 2 + 3 + 4);
}
