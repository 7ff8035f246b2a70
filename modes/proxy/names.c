#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "modes/proxy/names.h"

struct name {
	struct names     *names;
	char             *host;
	struct resolve   *asking;
	struct loop_timer again;
	enum names_state  state;
	struct addr       v[RESOLVE_MAX];
	size_t            len;
	bool              is_failing;	/* the last answer was none */
	unsigned          unused;	/* compilations in a row */
};

struct names {
	struct loop                *loop;
	const struct resolve_files *files;
	struct map                  by_host;
	struct loop_task            task;
	void                      (*changed)(void *arg);
	void                       *arg;
};

static void ask(void *name);

static void
on_changed(void *arg)
{
	struct names *n = arg;

	n->changed(n->arg);
}

struct names *
names_new(struct loop *loop, const struct resolve_files *files,
    void (*changed)(void *arg), void *arg)
{
	struct names *n = mem_zalloc(sizeof(*n));

	n->loop = loop;
	n->files = files;
	n->changed = changed;
	n->arg = arg;
	loop_task_init(&n->task, on_changed, n);
	return n;
}

static void
name_free(void *arg)
{
	struct name *x = arg;

	resolve_cancel(x->asking);
	loop_timer_stop(&x->again);
	mem_free(x->host);
	mem_free(x);
}

void
names_free(struct names *n)
{
	if (n == NULL)
		return;
	loop_task_cancel(&n->task);
	map_fini(&n->by_host, name_free);
	mem_free(n);
}

/* --- asking -------------------------------------------------------------- */

/* The order of answers says nothing. */
static int
by_text(const void *a, const void *b)
{
	char x[ADDR_TEXT_MAX], y[ADDR_TEXT_MAX];

	addr_format(a, x);
	addr_format(b, y);
	return strcmp(x, y);
}

static bool
is_same(const struct addr *a, const struct addr *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!addr_eq(&a[i], &b[i]))
			return false;
	return true;
}

static bool
take(struct name *x, const struct addr *v, size_t len)
{
	struct addr now[RESOLVE_MAX];

	memcpy(now, v, len * sizeof(*v));
	qsort(now, len, sizeof(now[0]), by_text);
	bool is_news = x->state != NAMES_KNOWN || x->len != len ||
	    !is_same(x->v, now, len);

	memcpy(x->v, now, len * sizeof(*now));
	x->len = len;
	x->state = NAMES_KNOWN;
	return is_news;
}

static uint64_t
wait_ms(uint32_t ttl_s)
{
	uint64_t ms = ttl_s == 0 ? NAMES_FILE_MS : (uint64_t)ttl_s * 1000;

	return ms < NAMES_MIN_MS ? NAMES_MIN_MS :
	    ms > NAMES_MAX_MS ? NAMES_MAX_MS : ms;
}

static void
on_answer(void *arg, const struct addr *v, int len, const char *why)
{
	struct name *x = arg;
	struct names *n = x->names;
	uint32_t ttl_s = resolve_ttl_s(x->asking);
	bool is_news = false;

	x->asking = NULL;
	if (len > 0) {
		is_news = take(x, v, (size_t)len);
		if (is_news)
			log_info("dns", "%s has %d address%s", x->host, len,
			    len == 1 ? "" : "es");
	} else if (x->state == NAMES_WAITING) {
		x->state = NAMES_FAILED;
		is_news = true;
	}
	if (len == 0 && !x->is_failing)
		log_warn("dns", "%s: %s%s", x->host, why,
		    x->state == NAMES_KNOWN ?
		    "; the addresses known before stay in use" : "");
	x->is_failing = len == 0;
	loop_timer_start(&x->again, len > 0 ? wait_ms(ttl_s) : NAMES_RETRY_MS);
	if (is_news)
		loop_defer(n->loop, &n->task);
}

static void
ask(void *arg)
{
	struct name *x = arg;
	struct names *n = x->names;
	struct slice host = slice_str(x->host);

	x->asking = n->files != NULL ? resolve_start_with(n->files, n->loop,
	    host, 1, on_answer, x) : resolve_start(n->loop, host, 1, on_answer,
	    x);
}

/* --- compiling ----------------------------------------------------------- */

void
names_begin(struct names *n)
{
	size_t it = 0;
	void *x;

	loop_task_cancel(&n->task);
	while (map_next(&n->by_host, &it, NULL, &x))
		((struct name *)x)->unused++;
}

void
names_find(struct names *n, struct slice host, struct names_answer *out)
{
	struct name *x = map_get(&n->by_host, host);

	if (x == NULL) {
		x = mem_zalloc(sizeof(*x));
		x->names = n;
		x->host = mem_dup(host.ptr, host.len);
		loop_timer_init(&x->again, n->loop, ask, x);
		map_put(&n->by_host, host, x);
		ask(x);
	}
	x->unused = 0;
	*out = (struct names_answer){ x->state, x->v, x->len };
}

void
names_end(struct names *n)
{
	size_t it = 0;
	struct slice host;
	void *value;

	while (map_next(&n->by_host, &it, &host, &value)) {
		if (((struct name *)value)->unused < 2)
			continue;
		map_del(&n->by_host, host);
		name_free(value);
	}
}
