#ifndef MODEL_CLOSURE_LEARN_H
#define MODEL_CLOSURE_LEARN_H

#include "model/closure.h"

/*
 * closure_learn: the insides of a subject, shared by closure.c and the files that
 * take note for it: of fronts and grants (closure_gateway.c), of TLS and hosts
 * outside (closure_outside.c), of what it offers and its routes extend
 * (closure_policy.c), of whom the policies about it ask (closure_provider.c), of
 * who logs in people at its Gateway (closure_login.c).
 *
 * Each takes note of an object, or that it is gone; true: ask about others again.
 */
bool model_subject_note_front(struct model_subject *, struct model_object *,
    bool is_there);
bool model_subject_note_tls(struct model_subject *, struct model_object *,
    bool is_there);
bool model_subject_note_offer(struct model_subject *, struct model_object *,
    bool is_there);
bool model_subject_note_asking(struct model_subject *, struct model_object *,
    bool is_there);

bool model_subject_note_login(struct model_subject *, struct model_object *,
    bool is_there);
/* How many targets of logins are that route, where it hangs on our Gateway. */
size_t model_subject_logins_at(const struct model_subject *,
    const struct model_object *route);
/* Whether one of concern refers to it. */
bool model_subject_logs_in_by(const struct model_subject *,
    const struct model_object *secret);

/* What its routes refer to is found again; true: it is something else. */
bool model_subject_renew_extensions(struct model_subject *);
/* Whom those policies ask: their services count as if it called them. */
void model_subject_asks(const struct model_subject *, model_backend_fn *fn,
    void *arg);

#endif
