#ifndef MODEL_MODEL_TEST_H
#define MODEL_MODEL_TEST_H

#include "model/object.h"

/* Gives the object that a text says; the test fails if it says none. */
struct model_object *object_from(const char *yaml);

#endif
