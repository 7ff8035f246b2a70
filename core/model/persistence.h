#ifndef MODEL_PERSISTENCE_H
#define MODEL_PERSISTENCE_H

#include "conf/schema.h"

/*
 * persistence: Gateway API's sessionPersistence, in rules of routes and in
 * policies: requests of one session go to one endpoint.
 */
enum model_session_type { MODEL_SESSION_COOKIE, MODEL_SESSION_HEADER };
enum model_cookie_life { MODEL_COOKIE_SESSION, MODEL_COOKIE_PERMANENT };

struct model_persistence {
	int         type;	/* enum model_session_type */
	const char *name;	/* sessionName, the older form; NULL: none */
	int64_t     absolute_ms;	/* -1: no limit */
	int64_t     idle_ms;	/* -1: no limit */
	struct model_session_cookie {
		const char *name;	/* NULL: one is made up */
		const char *path;
		int         life;	/* enum model_cookie_life */
	} cookie;
	struct model_session_header {
		const char *name;	/* NULL: one is made up */
	} header;
};

extern const struct conf_schema model_persistence_schema;
int model_persistence_rule(const void *, const struct conf_place *);

#endif
