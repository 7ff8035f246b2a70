#include "link/meta.h"

static bool
is_ip(const struct addr *a)
{
	return a->sa.sa_family == AF_INET || a->sa.sa_family == AF_INET6;
}

void
meta_add_client(struct str *out, const struct addr *from,
    const struct addr *to)
{
	char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

	if (!is_ip(from) || !is_ip(to))
		return;
	addr_format(from, a);
	addr_format(to, b);
	str_addf(out, "client=%s %s\n", a, b);
}

void
meta_add_source(struct str *out, struct slice source)
{
	str_add(out, "source=");
	str_add_slice(out, source);
}

static bool
read_address(struct slice text, struct addr *out)
{
	struct err err = ERR_INIT;

	return addr_parse(text, out, &err) == 0 && is_ip(out);
}

static void
read_client(struct meta *m, struct slice value)
{
	struct slice from, to;

	m->has_client = slice_cut(&value, ' ', &from) &&
	    slice_cut(&value, ' ', &to) && value.len == 0 &&
	    read_address(from, &m->from) && read_address(to, &m->to);
}

void
meta_read(struct meta *m, struct slice text)
{
	struct slice line, key;

	*m = (struct meta){ .source = SLICE("") };
	while (slice_cut(&text, '\n', &line)) {
		if (!slice_cut(&line, '=', &key))
			continue;
		if (slice_is(key, "client"))
			read_client(m, line);
		else if (slice_is(key, "source"))
			m->source = line;
	}
}
