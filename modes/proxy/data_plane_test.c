#include <semaphore.h>

#include "base/unit.h"
#include "modes/proxy/data_plane.h"

#define WORKERS	3

struct scene {
	struct tls_handshaker *handshaker;
	struct data_plane     *plane;
	sem_t                  busy, go, settled;
	int                    calls;
};

static void
set_up(struct scene *s)
{
	*s = (struct scene){ .handshaker = tls_handshaker_new(1) };
	sem_init(&s->busy, 0, 0);
	sem_init(&s->go, 0, 0);
	sem_init(&s->settled, 0, 0);
	s->plane = data_plane_new(&(struct data_plane_options){
		.workers = WORKERS, .handshaker = s->handshaker,
		.default_namespace = SLICE("default"),
	});
}

static void
tear_down(struct scene *s)
{
	data_plane_stop(s->plane);
	tls_handshaker_free(s->handshaker);
	data_plane_free(s->plane);
	sem_destroy(&s->busy);
	sem_destroy(&s->go);
	sem_destroy(&s->settled);
}

static void
hold(void *arg)
{
	struct scene *s = arg;

	sem_post(&s->busy);
	sem_wait(&s->go);
}

static void
touch(void *arg)
{
	struct scene *s = arg;

	sem_post(&s->busy);
}

static void
on_settled(void *arg)
{
	struct scene *s = arg;

	s->calls++;
	sem_post(&s->settled);
}

/* Each of them in turn has something else to do when it is told. */
TEST(data_plane_is_settled_when_the_last_worker_is)
{
	for (int i = 0; i < WORKERS; i++) {
		struct scene s;

		set_up(&s);
		loop_post(s.plane->workers[i].env.loop, hold, &s);
		sem_wait(&s.busy);
		data_plane_settle(s.plane, on_settled, &s);
		data_plane_settle(s.plane, on_settled, &s);
		for (int k = 0; k < WORKERS; k++)
			if (k != i) {
				loop_post(s.plane->workers[k].env.loop, touch,
				    &s);
				sem_wait(&s.busy);	/* it is settled */
			}
		assert_int_equal(sem_trywait(&s.settled), -1);
		sem_post(&s.go);
		sem_wait(&s.settled);
		sem_wait(&s.settled);
		assert_int_equal(s.calls, 2);
		tear_down(&s);
	}
}
