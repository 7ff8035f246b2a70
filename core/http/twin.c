#include "http/twin.h"

static char
of_variable(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') ? c : '_';
}

bool
twin_is(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (a.ptr[i] != b.ptr[i] &&
		    of_variable(a.ptr[i]) != of_variable(b.ptr[i]))
			return false;
	return true;
}

struct slice
twin_plain(struct arena *a, struct slice name)
{
	char *copy = arena_alloc(a, name.len + 1);

	for (size_t i = 0; i < name.len; i++)
		copy[i] = name.ptr[i] == ':' ? ':' :
		    of_variable(name.ptr[i]) == '_' ? '-' : name.ptr[i];
	return slice_of(copy, name.len);
}

size_t
twin_remove(struct http_fields *f, struct slice name)
{
	size_t kept = 0;

	for (size_t i = 0; i < f->len; i++)
		if (!twin_is(f->v[i].name, name) ||
		    slice_eq(f->v[i].name, name))
			f->v[kept++] = f->v[i];
	size_t removed = f->len - kept;

	f->len = kept;
	return removed;
}
