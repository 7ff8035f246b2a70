#include <pthread.h>
#include <stdatomic.h>

#include "base/log_rings.h"
#include "base/mem.h"

struct thread_ring {
	struct ring  ring;
	_Atomic bool is_free;	/* its thread ended */
};

static _Atomic(struct thread_ring *) all[LOG_RINGS_MAX];
static _Thread_local struct thread_ring *own;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;	/* only to hear of the end of threads */

static void
on_thread_exit(void *arg)
{
	struct thread_ring *r = arg;

	own = NULL;
	atomic_store(&r->is_free, true);
}

static void
make_key(void)
{
	pthread_key_create(&key, on_thread_exit);
}

static struct thread_ring *
adopt(void)
{
	for (int i = 0; i < LOG_RINGS_MAX; i++) {
		struct thread_ring *r = atomic_load(&all[i]);
		bool is_free = true;

		if (r != NULL && atomic_compare_exchange_strong(&r->is_free,
		    &is_free, false))
			return r;
	}
	return NULL;
}

static struct thread_ring *
make(void)
{
	struct thread_ring *r = mem_zalloc(sizeof(*r));

	ring_init(&r->ring, LOG_RING_SIZE);
	for (int i = 0; i < LOG_RINGS_MAX; i++) {
		struct thread_ring *none = NULL;

		if (atomic_compare_exchange_strong(&all[i], &none, r))
			return r;
	}
	ring_fini(&r->ring);
	mem_free(r);
	return NULL;
}

struct ring *
log_rings_get(void)
{
	if (own != NULL)
		return &own->ring;
	pthread_once(&once, make_key);
	own = adopt();
	if (own == NULL)
		own = make();
	if (own == NULL)
		return NULL;
	pthread_setspecific(key, own);
	return &own->ring;
}

void
log_rings_peek(struct log_rings_view *v)
{
	v->parts_len = v->rings_len = 0;
	for (int i = 0; i < LOG_RINGS_MAX; i++) {
		struct thread_ring *r = atomic_load(&all[i]);
		struct iovec *parts = v->parts + v->parts_len;
		int n = r == NULL ? 0 : ring_peek(&r->ring, parts);

		if (n == 0)
			continue;
		v->rings[v->rings_len] = &r->ring;
		v->bytes[v->rings_len] = parts[0].iov_len;
		if (n > 1)
			v->bytes[v->rings_len] += parts[1].iov_len;
		v->rings_len++;
		v->parts_len += n;
	}
}

void
log_rings_take(const struct log_rings_view *v)
{
	for (int i = 0; i < v->rings_len; i++)
		ring_take(v->rings[i], v->bytes[i]);
}

void
log_rings_forget(void)
{
	struct log_rings_view v;

	log_rings_peek(&v);
	log_rings_take(&v);
	for (int i = 0; i < LOG_RINGS_MAX; i++) {
		struct thread_ring *r = atomic_load(&all[i]);

		if (r != NULL && r != own)
			atomic_store(&r->is_free, true);
	}
}
