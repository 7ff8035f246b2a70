#include "base/check.h"
#include "base/mem.h"
#include "loop/mailbox.h"

void
mailbox_init(struct mailbox *box)
{
	pthread_mutex_init(&box->lock, NULL);
	box->list = (struct mail_list){ 0 };
	atomic_init(&box->is_waiting, false);
}

void
mailbox_fini(struct mailbox *box)
{
	check(box->list.len == 0);
	mem_free(box->list.mails);
	pthread_mutex_destroy(&box->lock);
}

bool
mailbox_post(struct mailbox *box, void (*fn)(void *), void *arg)
{
	struct mail_list *list = &box->list;

	pthread_mutex_lock(&box->lock);
	if (list->len == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 16;
		list->mails = mem_realloc(list->mails,
		    list->cap * sizeof(*list->mails));
	}
	list->mails[list->len++] = (struct mail){ fn, arg };
	bool was_empty = list->len == 1;

	atomic_store_explicit(&box->is_waiting, true, memory_order_release);
	pthread_mutex_unlock(&box->lock);
	return was_empty;
}

bool
mailbox_has_mail(const struct mailbox *box)
{
	return atomic_load_explicit(&box->is_waiting, memory_order_acquire);
}

void
mailbox_take(struct mailbox *box, struct mail_list *list)
{
	check(list->len == 0);
	pthread_mutex_lock(&box->lock);
	struct mail_list taken = box->list;

	box->list = *list;
	atomic_store_explicit(&box->is_waiting, false, memory_order_release);
	pthread_mutex_unlock(&box->lock);
	*list = taken;
}
