#ifndef MESH_VERSION_H
#define MESH_VERSION_H

/*
 * version: what this binary is made of.
 * Prints version, commit and the version of each linked library, one a line,
 * to standard output.
 */
void version_print(void);

#endif
