#include <stdio.h>

#include "base/build.h"
#include "cmd/mesh/version.h"
#include "conf/json.h"
#include "conf/yaml.h"
#include "filter/coder.h"
#include "http/h1_parser.h"
#include "http/http2.h"
#include "loop/loop.h"
#include "modes/control/store_sqlite.h"
#include "pki/p256.h"

/* BearSSL has no version in its headers: vendor/libraries says what we need. */
static const char *
bearssl_version(void)
{
	return MESH_BEARSSL " or later";
}

/* A library is asked by the folder that alone may include it. */
static const struct {
	const char *name;
	const char *(*version)(void);
} libraries[] = {
	{ "libevent", loop_library_version },
	{ "BearSSL", bearssl_version },
	{ "libcrypto", p256_library_version },
	{ "http-parser", h1_parser_version },
	{ "nghttp2", h2_library_version },
	{ "SQLite", store_sqlite_version },
	{ "jansson", conf_json_version },
	{ "libyaml", conf_yaml_version },
	{ "zlib", coder_gzip_version },
	{ "brotli", coder_brotli_version },
};

void
version_print(void)
{
	printf("mesh %s (commit %s)\n", build_version(), build_commit());
	for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++)
		printf("%-12s %s\n", libraries[i].name, libraries[i].version());
}
