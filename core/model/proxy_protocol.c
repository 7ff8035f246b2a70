#include <stddef.h>

#include "model/proxy_protocol.h"

const char *const model_proxy_protocols[] = { "none", "v1", "v2", NULL };
