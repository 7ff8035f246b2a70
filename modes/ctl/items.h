#ifndef CTL_ITEMS_H
#define CTL_ITEMS_H

#include "base/slice.h"

/*
 * items: the elements of a long JSON list, one text after another.
 * Life: items_find -> items_next until it gives no more.
 *
 * A registry of ten thousand services is one list, more than a document may
 * hold.  Cutting it up first lets every element be read by itself, within the
 * limits of documents.  Only the brackets and strings around elements are
 * looked at here; whoever reads an element sees whether it is JSON.
 */

/*
 * Finds the list in a text that is one, or an object with it under key; rest
 * is what follows its "[".
 */
bool items_find(struct slice text, const char *key, struct slice *rest);
/* 1: *item is the next element; 0: the list has ended; -1: it is cut short. */
int items_next(struct slice *rest, struct slice *item);

#endif
