#ifndef LOOP_MAILBOX_H
#define LOOP_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * mailbox: calls that other threads ask a loop to make.
 * Any thread posts; the owner takes everything at once, in order of posting.
 * The lock is held for the length of one append or one swap.
 */
struct mail {
	void (*fn)(void *arg);
	void  *arg;
};

struct mail_list {
	struct mail *mails;
	size_t       len, cap;
};

struct mailbox {
	pthread_mutex_t  lock;
	struct mail_list list;
	atomic_bool      is_waiting;	/* there is mail */
};

void mailbox_init(struct mailbox *);
void mailbox_fini(struct mailbox *);
/* Returns true when the box was empty: the owner must be woken. */
bool mailbox_post(struct mailbox *, void (*fn)(void *), void *arg);
bool mailbox_has_mail(const struct mailbox *);
/* Swaps the box's list for *list, which must be empty. */
void mailbox_take(struct mailbox *, struct mail_list *list);

#endif
