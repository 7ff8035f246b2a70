#include "net/pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "base/check.h"
#include "base/mem.h"

#define KEPT_MAX	8

static _Thread_local struct {
	struct pipe *kept;
	int          kept_len, len;	/* len: with those in use */
} pool;
static pthread_key_t at_end;
static pthread_once_t at_end_once = PTHREAD_ONCE_INIT;

static void
pipe_free(struct pipe *p)
{
	close(p->fds[0]);
	close(p->fds[1]);
	mem_free(p);
	pool.len--;
}

static void
pipe_on_thread_end(void *arg)
{
	(void)arg;
	while (pool.kept != NULL) {
		struct pipe *p = pool.kept;

		pool.kept = p->next;
		pipe_free(p);
	}
	pool.kept_len = 0;
}

static void
pipe_init_once(void)
{
	check(pthread_key_create(&at_end, pipe_on_thread_end) == 0);
}

static struct pipe *
pipe_new(void)
{
	int fds[2];

	if (pool.len >= PIPE_MAX || pipe2(fds, O_NONBLOCK | O_CLOEXEC) < 0)
		return NULL;
	struct pipe *p = mem_zalloc(sizeof(*p));

	p->fds[0] = fds[0];
	p->fds[1] = fds[1];
	/* Who may not have more goes on with what pipes have: 64 KiB. */
	(void)fcntl(fds[1], F_SETPIPE_SZ, PIPE_SIZE);
	pool.len++;
	pthread_once(&at_end_once, pipe_init_once);
	check(pthread_setspecific(at_end, &pool) == 0);
	return p;
}

struct pipe *
pipe_get(void)
{
	struct pipe *p = pool.kept;

	if (p == NULL)
		return pipe_new();
	pool.kept = p->next;
	pool.kept_len--;
	return p;
}

void
pipe_put(struct pipe **taken)
{
	struct pipe *p = *taken;

	*taken = NULL;
	if (p == NULL)
		return;
	if (p->len > 0 || pool.kept_len == KEPT_MAX) {
		pipe_free(p);
		return;
	}
	p->next = pool.kept;
	pool.kept = p;
	pool.kept_len++;
}

static ssize_t
pipe_move(int from, int to, size_t len)
{
	ssize_t n;

	do
		n = splice(from, NULL, to, NULL, len,
		    SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
	while (n < 0 && errno == EINTR);
	return n;
}

ssize_t
pipe_fill(struct pipe *p, int fd)
{
	check(p->len == 0);
	ssize_t n = pipe_move(fd, p->fds[1], PIPE_SIZE);

	if (n > 0)
		p->len = (size_t)n;
	return n;
}

ssize_t
pipe_pour(struct pipe *p, int fd)
{
	check(p->len > 0);
	ssize_t n = pipe_move(p->fds[0], fd, p->len);

	if (n > 0)
		p->len -= (size_t)n;
	return n;
}
