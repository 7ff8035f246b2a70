#ifndef CTL_INPUT_H
#define CTL_INPUT_H

#include "model/set.h"
#include "modes/ctl/ctl_run.h"

/*
 * input: the documents that -f names.
 * Everything is read and checked before anything is done with it, so a fault
 * in one document changes nothing.
 */
extern const struct ctl_option input_options[];	/* --filename, --recursive */
#define INPUT_OPTIONS							\
	{ "filename", 'f', "FILE", .repeats = true,			\
	    .word = CTL_WORD_FILE,					\
	    .text = "file, directory, or - for standard input" },	\
	{ "recursive", 'R', NULL,					\
	    .text = "with the directories below" }

/*
 * Fills the set from every --filename.  CTL_OK; else the faults were
 * reported, and this is the exit code.  The set is the caller's to fini.
 */
int input_read(struct ctl *, struct model_set *);
/* "service/web"; name may be "default/web", whose namespace is left out. */
void input_add_ref(struct str *, const struct model_kind *, const char *name);

/*
 * What "KIND NAME..." or "KIND/NAME..." on the command line means: the kind,
 * and the names in c->args from *first on, of which input_name gives each.
 * CTL_OK, or it was reported.
 */
int input_kind(struct ctl *, const struct model_kind **, size_t *first);
/* The part behind "KIND/" of the i-th word, or all of it. */
const char *input_name(const struct ctl *, size_t i);

#endif
