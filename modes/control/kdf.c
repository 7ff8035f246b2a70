#include <pthread.h>
#include <string.h>

#include "base/check.h"
#include "base/list.h"
#include "base/mem.h"
#include "modes/control/kdf.h"
#include "pki/key.h"
#include "pki/seal.h"

struct job {
	struct list link;
	struct str  password;
	uint8_t     salt[KDF_SALT_LEN], hash[HASH_LEN];
	uint32_t    iterations;
	bool        is_done;
	kdf_done   *done;
	void       *ctx;
};

struct kdf {
	struct loop    *loop;
	pthread_t       thread;
	bool            has_thread;
	pthread_mutex_t lock;		/* over what follows */
	pthread_cond_t  wake;
	struct list     queue;
	size_t          len;
	bool            is_ending;
};

/* On the loop. */
static void
answer(void *arg)
{
	struct job *j = arg;

	j->done(j->ctx, j->is_done ? j->hash : NULL);
	key_wipe_str(&j->password);
	mem_wipe(j, sizeof(*j));
	mem_free(j);
}

static struct job *
take(struct kdf *k, bool *is_ending)
{
	struct list *at;

	pthread_mutex_lock(&k->lock);
	while (list_is_empty(&k->queue) && !k->is_ending)
		pthread_cond_wait(&k->wake, &k->lock);
	at = list_pop(&k->queue);
	k->len -= at != NULL;
	*is_ending = k->is_ending;
	pthread_mutex_unlock(&k->lock);
	return at == NULL ? NULL : list_entry(at, struct job, link);
}

static void *
run(void *arg)
{
	struct kdf *k = arg;
	struct job *j;
	bool is_ending;

	while ((j = take(k, &is_ending)) != NULL) {
		if (!is_ending)
			seal_pbkdf2(j->hash, sizeof(j->hash),
			    str_slice(&j->password),
			    slice_of(j->salt, sizeof(j->salt)), j->iterations);
		j->is_done = !is_ending;
		loop_post(k->loop, answer, j);
	}
	return NULL;
}

struct kdf *
kdf_new(struct loop *loop)
{
	struct kdf *k = mem_zalloc(sizeof(*k));

	k->loop = loop;
	list_init(&k->queue);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, NULL);
	k->has_thread = pthread_create(&k->thread, NULL, run, k) == 0;
	return k;
}

void
kdf_stop(struct kdf *k)
{
	if (k == NULL || !k->has_thread)
		return;
	pthread_mutex_lock(&k->lock);
	k->is_ending = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	k->has_thread = false;
}

void
kdf_free(struct kdf *k)
{
	if (k == NULL)
		return;
	check(!k->has_thread);
	pthread_cond_destroy(&k->wake);
	pthread_mutex_destroy(&k->lock);
	mem_free(k);
}

int
kdf_start(struct kdf *k, struct slice password,
    const uint8_t salt[KDF_SALT_LEN], uint32_t iterations, kdf_done *done,
    void *ctx)
{
	struct job *j;
	int r = -1;

	if (!k->has_thread)
		return -1;
	j = mem_zalloc(sizeof(*j));
	key_room_str(&j->password, password.len + 1);
	str_add_slice(&j->password, password);
	memcpy(j->salt, salt, sizeof(j->salt));
	j->iterations = iterations;
	j->done = done;
	j->ctx = ctx;
	pthread_mutex_lock(&k->lock);
	if (k->len < KDF_QUEUE_MAX && !k->is_ending) {
		list_append(&k->queue, &j->link);
		k->len++;
		pthread_cond_signal(&k->wake);
		r = 0;
	}
	pthread_mutex_unlock(&k->lock);
	if (r < 0) {
		key_wipe_str(&j->password);
		mem_free(j);
	}
	return r;
}
