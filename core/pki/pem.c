#include <string.h>

#include "base/mem.h"
#include "pki/base64.h"
#include "pki/pem.h"

#define DASHES	SLICE("-----")
#define BEGIN	SLICE("-----BEGIN ")
#define END	SLICE("-----END ")

static struct slice
cut_line(struct slice *text)
{
	struct slice line;

	if (!slice_cut(text, '\n', &line))
		return SLICE_NONE;
	while (line.len > 0 && strchr(" \t\r", line.ptr[line.len - 1]) != NULL)
		line.len--;
	return line;
}

/* "-----BEGIN label-----" */
static bool
is_boundary(struct slice line, struct slice start, struct slice *label)
{
	if (!slice_has_prefix(line, start) ||
	    !slice_has_suffix(line, DASHES) ||
	    line.len < start.len + DASHES.len)
		return false;
	*label = slice_of(line.ptr + start.len,
	    line.len - start.len - DASHES.len);
	return true;
}

int
pem_next(struct slice *text, struct pem *pem, struct err *err)
{
	struct slice line, label;

	if (text->len > PEM_TEXT_MAX)
		return err_set(err, ERR_DATA, "PEM text of %zu bytes, at most "
		    "%u are read", text->len, PEM_TEXT_MAX);
	do {
		line = cut_line(text);
		if (line.ptr == NULL)
			return 0;
	} while (!is_boundary(line, BEGIN, &pem->label));

	pem->body = slice_of(text->ptr, 0);
	for (;;) {
		line = cut_line(text);
		if (line.ptr == NULL || slice_has_prefix(line, BEGIN))
			return err_set(err, ERR_DATA, "PEM block \"%.*s\" has "
			    "no END line", SLICE_ARG(pem->label));
		if (slice_has_prefix(line, END))
			break;
	}
	if (!is_boundary(line, END, &label) || !slice_eq(label, pem->label))
		return err_set(err, ERR_DATA, "PEM block \"%.*s\" ends with "
		    "another label", SLICE_ARG(pem->label));
	pem->body.len = (size_t)(line.ptr - pem->body.ptr);
	return 1;
}

ptrdiff_t
pem_decode(const struct pem *pem, void *out, size_t cap)
{
	char *packed = mem_alloc(pem->body.len + 1);
	size_t len = 0;
	ptrdiff_t n;

	for (size_t i = 0; i < pem->body.len; i++) {
		char c = pem->body.ptr[i];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			packed[len++] = c;
	}
	n = base64_decode(out, cap, BASE64_STD, slice_of(packed, len));
	mem_wipe(packed, pem->body.len + 1);
	mem_free(packed);
	return n;
}

void
pem_add(struct str *out, const char *label, struct slice der)
{
	enum { LINE = 48 };	/* bytes that make 64 letters */

	str_addf(out, "-----BEGIN %s-----\n", label);
	while (der.len > 0) {
		size_t n = der.len < LINE ? der.len : LINE;

		base64_add(out, BASE64_STD, slice_of(der.ptr, n));
		str_add_char(out, '\n');
		der = slice_from(der, n);
	}
	str_addf(out, "-----END %s-----\n", label);
}
