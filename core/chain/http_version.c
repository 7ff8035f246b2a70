#include "chain/http_version.h"
#include "http/http2.h"

static enum http_version
look(const struct buf *b, bool end)
{
	static const struct slice preface = { H2_PREFACE, sizeof(H2_PREFACE) - 1 };
	char first[sizeof(H2_PREFACE)];
	size_t n = buf_len(b) < preface.len ? buf_len(b) : preface.len;

	if (n == 0 || buf_front(b).ptr[0] != preface.ptr[0])
		return n > 0 || end ? HTTP_VERSION_1 : HTTP_VERSION_UNKNOWN;
	buf_copy_out(b, first, n);
	if (!slice_has_prefix(preface, slice_of(first, n)))
		return HTTP_VERSION_1;
	return n == preface.len ? HTTP_VERSION_2 : end ? HTTP_VERSION_1 :
	    HTTP_VERSION_UNKNOWN;
}

enum http_version
http_version_of(const char *alpn, const struct buf *b, bool end)
{
	if (alpn == NULL || alpn[0] == '\0')
		return look(b, end);
	return slice_is(slice_str(alpn), "h2") ? HTTP_VERSION_2 :
	    HTTP_VERSION_1;
}
