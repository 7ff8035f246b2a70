#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

/*
 * list: doubly linked, intrusive, circular with a head.
 * A link that is in no list is all zeros or points to itself; list_remove
 * leaves it so, which makes removing twice harmless.
 */
struct list {
	struct list *next, *prev;
};

#define LIST_INIT(name)	{ &(name), &(name) }
#define list_entry(link, type, member)					\
	((type *)(void *)((char *)(link) - offsetof(type, member)))
#define LIST_FOREACH(at, head)						\
	for (struct list *at = (head)->next; at != (head); at = at->next)
/* The body may remove at. */
#define LIST_FOREACH_SAFE(at, head)					\
	for (struct list *at = (head)->next, *at##_next = at->next;	\
	    at != (head); at = at##_next, at##_next = at->next)

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool
list_is_empty(const struct list *l)
{
	return l->next == l || l->next == NULL;
}

static inline bool
list_is_linked(const struct list *l)
{
	return l->next != NULL && l->next != l;
}

static inline void
list_insert_before(struct list *at, struct list *l)
{
	l->prev = at->prev;
	l->next = at;
	at->prev->next = l;
	at->prev = l;
}

static inline void
list_append(struct list *head, struct list *l)
{
	list_insert_before(head, l);
}

static inline void
list_prepend(struct list *head, struct list *l)
{
	list_insert_before(head->next, l);
}

static inline void
list_remove(struct list *l)
{
	if (!list_is_linked(l))
		return;
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* To the end of `to`, in their order; from is empty then. */
static inline void
list_move_all(struct list *to, struct list *from)
{
	if (list_is_empty(from))
		return;
	from->next->prev = to->prev;
	to->prev->next = from->next;
	from->prev->next = to;
	to->prev = from->prev;
	list_init(from);
}

/* First link after taking it out, or NULL. */
static inline struct list *
list_pop(struct list *head)
{
	struct list *l = head->next;

	if (list_is_empty(head))
		return NULL;
	list_remove(l);
	return l;
}

#endif
