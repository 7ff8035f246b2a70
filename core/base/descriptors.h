#ifndef BASE_DESCRIPTORS_H
#define BASE_DESCRIPTORS_H

/* As many as this process may have without asking anybody (RLIMIT_NOFILE). */
void descriptors_raise(void);

#endif
