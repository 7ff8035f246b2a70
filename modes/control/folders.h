#ifndef CONTROL_FOLDERS_H
#define CONTROL_FOLDERS_H

/*
 * folders: makes the folders above a path that are missing, mode 0755; the
 * last part is not made.  What cannot be made is left to whoever uses the
 * path, whose message names it.
 */
void folders_make_above(const char *path);

#endif
