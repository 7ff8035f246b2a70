#ifndef PROXY_AGENT_LINK_H
#define PROXY_AGENT_LINK_H

#include "base/arena.h"
#include "base/str.h"
#include "modes/proxy/agent_dial.h"

/*
 * agent_link: the connection under a session with control: dialled, upgraded,
 * then lines both ways.
 *
 * Life: agent_link_start -> on_open -> on_line ... -> on_closed once; or
 *       on_closed alone; or agent_link_close and no call after it.
 * A link on which nothing arrives for LINK_SILENCE_MS is taken for dead:
 * control says something every 30 s.
 */
#define LINK_SILENCE_MS	75000

struct agent_link;

struct agent_link_ops {
	void (*on_open)(void *arg, const struct addr *local);
	/* One line without its newline, in an arena that is reset afterwards. */
	void (*on_line)(void *arg, struct slice line, struct arena *);
	/* is_refused: control knows our identity, and lets it in no more. */
	void (*on_closed)(void *arg, const struct err *why, bool is_refused);
};

/* Keeps ops and arg. */
struct agent_link *agent_link_start(const struct agent_dial_request *,
    const struct agent_link_ops *, void *arg);
/* Whole lines; only after on_open. */
void agent_link_send(struct agent_link *, struct slice lines);
size_t agent_link_unsent(const struct agent_link *);	/* bytes */
void agent_link_close(struct agent_link *);	/* NULL allowed */

#endif
