#ifndef CTL_ROLLOUT_TEXT_H
#define CTL_ROLLOUT_TEXT_H

#include "modes/ctl/rows.h"

/* rollout_text: Rollouts and how they go, for people. */
extern const struct rows_column rollout_columns[];

/* Adds a row of these columns for a Rollout's document. */
void rollout_add_row(struct ctl *, struct conf_node *list,
    const struct conf_node *doc);
/* "Progressing, step 1 of 3, 10 %: the candidate does well: ..." */
void rollout_text(struct str *out, const struct conf_node *doc);
/* It moves weights: Progressing or Paused. */
bool rollout_is_under_way(const struct conf_node *doc);
/* Nothing comes of it any more without somebody's doing. */
bool rollout_has_ended(const struct conf_node *doc, bool *is_good);

#endif
