#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log_rings.h"
#include "base/log_writer.h"
#include "base/str.h"

#define PEOPLE_MAX	(256 * 1024)	/* bytes queued */
#define GATHER_MS	100
#define STOP_MS		1000	/* how long log_writer_stop waits */
#define GIVE_UP_MS	700	/* when the thread stops trying, to end in time */
#define RETRY_MS	100	/* how often a blocked thread looks for a stop */
#define REPORT_MS	1000

enum state {
	DIRECT,			/* no thread: whoever logs writes */
	QUEUED,
	STUCK,			/* the thread did not end in time */
};

enum wake { WAKE_NOT, WAKE_SOON, WAKE_NOW };

/* The log is the one global of the program; this is its lower half. */
static struct {
	_Atomic int      state;
	_Atomic int      wanted;		/* enum wake */
	_Atomic int      people_fd, access_fd;
	_Atomic uint64_t give_up_ms;	/* 0: go on, otherwise end by then */
	_Atomic uint64_t dropped;
	_Atomic int      error;		/* errno of the last failure, or 0 */
	pthread_mutex_t  lock;		/* people, ended */
	pthread_cond_t   on_ended;
	struct str       people;
	bool             ended;
	pthread_t        thread;
	bool             started;	/* thread is to be joined */
	int              wake_fd;
	/* The thread's own: */
	struct str       batch;
	bool             people_fails;
	uint64_t         reported;	/* of dropped */
	uint64_t         report_ms;
	void           (*on_dropped)(uint64_t lines, int error);
} w = {
	.people_fd = STDERR_FILENO, .access_fd = STDOUT_FILENO,
	.lock = PTHREAD_MUTEX_INITIALIZER, .wake_fd = -1,
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static bool
drop(uint64_t lines)
{
	atomic_fetch_add_explicit(&w.dropped, lines, memory_order_relaxed);
	return false;
}

static uint64_t
count_lines(const struct iovec *iov, int n)
{
	uint64_t lines = 0;

	for (int i = 0; i < n; i++) {
		const char *p = iov[i].iov_base;

		for (size_t j = 0; j < iov[i].iov_len; j++)
			lines += p[j] == '\n';
	}
	return lines;
}

/* The thread runs with the lock free; it wakes once for many calls. */
static void
wake(int level)
{
	int seen = atomic_load(&w.wanted);

	while (seen < level)
		if (atomic_compare_exchange_weak(&w.wanted, &seen, level)) {
			eventfd_write(w.wake_fd, 1);
			return;
		}
}

/* Waits until fd takes bytes again; false: stopping takes too long. */
static bool
wait_writable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	uint64_t give_up = atomic_load(&w.give_up_ms);

	if (give_up != 0 && clock_mono_ms() >= give_up)
		return false;
	poll(&p, 1, RETRY_MS);
	return true;
}

/* Writes everything, or counts as dropped what could not be written. */
static bool
put(int fd, struct iovec *iov, int n)
{
	while (n > 0) {
		ssize_t done = writev(fd, iov, n);

		if (done < 0) {
			if (errno == EINTR ||
			    (errno == EAGAIN && wait_writable(fd)))
				continue;
			atomic_store(&w.error, errno == EAGAIN ? 0 : errno);
			return drop(count_lines(iov, n));
		}
		size_t left = (size_t)done;

		while (n > 0 && left >= iov->iov_len) {
			left -= iov->iov_len;
			iov++;
			n--;
		}
		if (n > 0) {
			iov->iov_base = (char *)iov->iov_base + left;
			iov->iov_len -= left;
		}
	}
	return true;
}

static void
drain_people(void)
{
	struct str full;

	pthread_mutex_lock(&w.lock);
	full = w.people;
	w.people = w.batch;
	w.batch = full;
	pthread_mutex_unlock(&w.lock);
	if (w.batch.len == 0)
		return;
	struct iovec iov = { w.batch.ptr, w.batch.len };

	w.people_fails = !put(w.people_fd, &iov, 1);
	str_clear(&w.batch);
}

static void
drain_access(void)
{
	struct log_rings_view v;

	log_rings_peek(&v);
	put(w.access_fd, v.parts, v.parts_len);
	log_rings_take(&v);
}

/* Says that lines were lost, unless nobody could read it. */
static void
report_dropped(void)
{
	uint64_t dropped = atomic_load(&w.dropped), now = clock_mono_ms();

	if (dropped == w.reported || w.people_fails || now < w.report_ms)
		return;
	w.on_dropped(dropped - w.reported, atomic_exchange(&w.error, 0));
	w.reported = dropped;
	w.report_ms = now + REPORT_MS;
}

static void
wait_for_lines(void)
{
	struct pollfd p = { .fd = w.wake_fd, .events = POLLIN };
	eventfd_t count;

	eventfd_read(w.wake_fd, &count);
	if (atomic_load(&w.wanted) == WAKE_SOON && poll(&p, 1, GATHER_MS) > 0)
		eventfd_read(w.wake_fd, &count);
	atomic_store(&w.wanted, WAKE_NOT);
}

/* The last step: from here on whoever logs writes.  False: more came. */
static bool
end(void)
{
	pthread_mutex_lock(&w.lock);
	w.ended = w.people.len == 0;
	if (w.ended) {
		atomic_store(&w.state, DIRECT);
		pthread_cond_signal(&w.on_ended);
	}
	bool ended = w.ended;

	pthread_mutex_unlock(&w.lock);
	return ended;
}

static void *
writer_main(void *arg)
{
	(void)arg;
	pthread_setname_np(pthread_self(), "log");
	while (atomic_load(&w.give_up_ms) == 0) {
		wait_for_lines();
		drain_people();
		drain_access();
		report_dropped();
	}
	do {
		drain_people();
		drain_access();
	} while (!end());
	return NULL;
}

static void
before_fork(void)
{
	pthread_mutex_lock(&w.lock);
}

static void
after_fork_parent(void)
{
	pthread_mutex_unlock(&w.lock);
}

/* What is queued is the parent's to write; so is its way to be woken. */
static void
after_fork_child(void)
{
	atomic_store(&w.state, DIRECT);
	w.started = false;
	str_clear(&w.people);
	str_clear(&w.batch);
	log_rings_forget();
	if (w.wake_fd >= 0)
		close(w.wake_fd);
	w.wake_fd = -1;
	pthread_mutex_unlock(&w.lock);
}

static void
set_up_once(void)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w.on_ended, &attr);
	pthread_condattr_destroy(&attr);
	pthread_atfork(before_fork, after_fork_parent, after_fork_child);
}

/* Waits for the thread to end: until deadline_ms, or for ever if that is 0. */
static bool
join(uint64_t deadline_ms)
{
	struct timespec until = {
		.tv_sec = (time_t)(deadline_ms / 1000),
		.tv_nsec = (long)(deadline_ms % 1000) * 1000000,
	};
	int r = 0;

	pthread_mutex_lock(&w.lock);
	while (!w.ended && r != ETIMEDOUT)
		r = deadline_ms == 0 ?
		    pthread_cond_wait(&w.on_ended, &w.lock) :
		    pthread_cond_timedwait(&w.on_ended, &w.lock, &until);
	bool ended = w.ended;

	if (!ended)
		atomic_store(&w.state, STUCK);
	pthread_mutex_unlock(&w.lock);
	if (!ended)
		return false;
	pthread_join(w.thread, NULL);
	w.started = false;
	return true;
}

void
log_writer_start(const struct log_writer_options *o)
{
	sigset_t all, before;

	pthread_once(&once, set_up_once);
	if (w.started)
		join(0);
	atomic_store(&w.people_fd, o->people_fd);
	atomic_store(&w.access_fd, o->access_fd);
	w.on_dropped = o->on_dropped;
	w.reported = atomic_load(&w.dropped);
	atomic_store(&w.error, 0);
	w.report_ms = 0;
	w.people_fails = w.ended = false;
	atomic_store(&w.give_up_ms, 0);
	atomic_store(&w.wanted, WAKE_NOT);
	if (w.wake_fd < 0)
		w.wake_fd = eventfd(0, EFD_CLOEXEC);
	if (w.wake_fd < 0)
		return;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	w.started = pthread_create(&w.thread, NULL, writer_main, NULL) == 0;
	if (w.started)
		atomic_store(&w.state, QUEUED);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
log_writer_stop(void)
{
	uint64_t now = clock_mono_ms();

	if (!w.started)
		return;
	atomic_store(&w.give_up_ms, now + GIVE_UP_MS);
	atomic_store(&w.wanted, WAKE_NOW);
	eventfd_write(w.wake_fd, 1);
	if (!join(now + STOP_MS))
		return;
	/* What a thread put that saw the writer alive a moment ago. */
	drain_access();
	str_fini(&w.batch);
	str_fini(&w.people);
}

bool
log_writer_people(struct slice line)
{
	struct iovec iov = { slice_writable(line), line.len };
	bool fits = false;

	pthread_mutex_lock(&w.lock);
	int state = atomic_load(&w.state);

	if (state == QUEUED && w.people.len + line.len <= PEOPLE_MAX) {
		str_add_slice(&w.people, line);
		fits = true;
	}
	pthread_mutex_unlock(&w.lock);
	if (state == DIRECT)
		return put(w.people_fd, &iov, 1);
	if (!fits)
		return drop(1);
	wake(WAKE_NOW);
	return true;
}

bool
log_writer_wants_access(void)
{
	return atomic_load_explicit(&w.access_fd, memory_order_relaxed) >= 0;
}

bool
log_writer_access(struct slice line)
{
	char newline[] = "\n";
	struct iovec iov[2] = {
		{ slice_writable(line), line.len }, { newline, 1 },
	};
	int state = atomic_load_explicit(&w.state, memory_order_acquire);

	if (atomic_load_explicit(&w.access_fd, memory_order_relaxed) < 0)
		return true;
	if (state == DIRECT)
		return put(w.access_fd, iov, 2);
	struct ring *r = log_rings_get();

	if (r == NULL || state == STUCK || !ring_put(r, line, SLICE("\n")))
		return drop(1);
	wake(ring_fill(r) > LOG_RING_SIZE / 2 ? WAKE_NOW : WAKE_SOON);
	return true;
}

uint64_t
log_writer_dropped(void)
{
	return atomic_load(&w.dropped);
}
