#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"

#define SCOPES_MAX	32
#define SCOPE_LEN	24

static const char *const names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug",
};
#define LEVELS	(sizeof(names) / sizeof(names[0]))

/*
 * Read by every thread without a lock: a scope's name is written once, before
 * scopes_len grows over it, and never leaves; only levels change.
 */
static struct scope {
	char        name[SCOPE_LEN];
	_Atomic int level;	/* -1: base_level */
} scopes[SCOPES_MAX];
static _Atomic size_t scopes_len;
static _Atomic int base_level = LOG_INFO;
static _Atomic int most = LOG_INFO;	/* no scope logs more than this */
static pthread_mutex_t change = PTHREAD_MUTEX_INITIALIZER;

const char *
log_level_name(enum log_level level)
{
	return names[level];
}

static bool
parse_level(struct slice word, int *level)
{
	for (size_t i = 0; i < LEVELS; i++)
		if (slice_is(word, names[i])) {
			*level = (int)i;
			return true;
		}
	return false;
}

/* One "tls=debug" or "info"; scope is SLICE_NONE for the latter. */
static bool
parse_part(struct slice part, struct slice *scope, int *level)
{
	struct slice rest = part;

	*scope = SLICE_NONE;
	if (slice_find(part, '=') >= 0) {
		slice_cut(&rest, '=', scope);
		if (scope->len == 0 || scope->len >= SCOPE_LEN)
			return false;
	}
	return parse_level(rest, level);
}

static struct scope *
find_scope(struct slice name)
{
	size_t n = atomic_load(&scopes_len);

	for (size_t i = 0; i < n; i++)
		if (slice_is(name, scopes[i].name))
			return &scopes[i];
	return NULL;
}

static struct scope *
get_scope(struct slice name)
{
	struct scope *s = find_scope(name);
	size_t n = atomic_load(&scopes_len);

	if (s != NULL || n == SCOPES_MAX)
		return s;
	s = &scopes[n];
	memcpy(s->name, name.ptr, name.len);
	atomic_store(&s->level, -1);
	atomic_store(&scopes_len, n + 1);
	return s;
}

/* The first pass only looks, so that a bad word changes nothing. */
static int
check_spec(const char *spec)
{
	struct slice rest = slice_str(spec), part, scope;
	size_t room = SCOPES_MAX - atomic_load(&scopes_len);
	int level;

	while (slice_cut(&rest, ',', &part)) {
		if (!parse_part(part, &scope, &level))
			return -1;
		if (scope.ptr != NULL && find_scope(scope) == NULL && room-- == 0)
			return -1;
	}
	return 0;
}

static void
apply_spec(const char *spec)
{
	struct slice rest = slice_str(spec), part, scope;
	int level, base = LOG_INFO, highest = LOG_ERROR;

	for (size_t i = 0; i < atomic_load(&scopes_len); i++)
		atomic_store(&scopes[i].level, -1);
	while (slice_cut(&rest, ',', &part)) {
		if (!parse_part(part, &scope, &level))
			continue;
		if (scope.ptr == NULL)
			base = level;
		else
			atomic_store(&get_scope(scope)->level, level);
		highest = level > highest ? level : highest;
	}
	atomic_store(&base_level, base);
	atomic_store(&most, base > highest ? base : highest);
}

int
log_set_levels(const char *spec)
{
	pthread_mutex_lock(&change);
	int r = check_spec(spec);

	if (r == 0)
		apply_spec(spec);
	pthread_mutex_unlock(&change);
	return r;
}

bool
log_enabled(const char *scope, enum log_level level)
{
	if ((int)level > atomic_load_explicit(&most, memory_order_relaxed))
		return false;
	const struct scope *s = find_scope(slice_str(scope));
	int set = s == NULL ? -1 : atomic_load(&s->level);

	return (int)level <= (set >= 0 ? set : atomic_load(&base_level));
}
