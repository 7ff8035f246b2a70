#include "base/build.h"

const char *
build_version(void)
{
	return MESH_VERSION;
}

const char *
build_commit(void)
{
	return MESH_COMMIT;
}
