#ifndef BASE_BUILD_H
#define BASE_BUILD_H

/*
 * build: which build this is, for whoever has to say so: hellos, metrics,
 * health, --version.
 */
const char *build_version(void);	/* "0.1.0" */
const char *build_commit(void);	/* "37014b4c1d2e", "+changes" behind if there are */

#endif
