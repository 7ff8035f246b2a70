#include "modes/control/traffic_impl.h"
#include "stat/metrics.h"

/*
 * What pairs of services exchange besides requests.  The metrics' words are those
 * of the destination: it receives and sends.
 */
static const struct {
	const char *protocol;
	enum metric opened, received, sent;
} kinds[STREAM_KINDS] = {
	[STREAM_TCP] = { "tcp", METRIC_TCP_OPENED, METRIC_TCP_RECEIVED,
	    METRIC_TCP_SENT },
	[STREAM_UDP] = { "udp", METRIC_UDP_OPENED, METRIC_UDP_RECEIVED_BYTES,
	    METRIC_UDP_SENT_BYTES },
};

struct reading {
	struct map *pairs;
	size_t      at;		/* of the total in a pair */
};

static void
on_reading(void *ctx, const struct stat_reading *r)
{
	const struct reading *to = ctx;
	struct pair *p = traffic_pair_of(to->pairs, r->values);

	*(uint64_t *)(void *)((char *)p->streams + to->at) += r->raw;
}

static void
read_total(struct traffic *t, struct map *pairs, enum metric metric, size_t at)
{
	struct reading to = { pairs, at };

	stat_read(t->stats, metric, on_reading, &to);
}

void
traffic_read_streams(struct traffic *t, struct map *pairs)
{
	for (size_t i = 0; i < STREAM_KINDS; i++) {
		size_t at = i * sizeof(struct stream_totals);

		read_total(t, pairs, kinds[i].opened,
		    at + offsetof(struct stream_totals, opened));
		read_total(t, pairs, kinds[i].received,
		    at + offsetof(struct stream_totals, bytes_to));
		read_total(t, pairs, kinds[i].sent,
		    at + offsetof(struct stream_totals, bytes_from));
	}
}

/* Totals go back where a sender was forgotten: then nothing is known. */
static uint64_t
since(uint64_t now, uint64_t then)
{
	return now > then ? now - then : 0;
}

struct stream_totals
stream_totals_since(const struct pair *now, const struct pair *then,
    enum stream_kind kind)
{
	const struct stream_totals *n = &now->streams[kind], none = { 0 };
	const struct stream_totals *t = then == NULL ? &none :
	    &then->streams[kind];

	return (struct stream_totals){ since(n->opened, t->opened),
	    since(n->bytes_to, t->bytes_to),
	    since(n->bytes_from, t->bytes_from) };
}

void
traffic_write_streams(struct conf_node *list, struct slice source,
    struct slice destination, const struct pair *now, const struct pair *then)
{
	for (int i = 0; i < STREAM_KINDS; i++) {
		const struct stream_totals s = stream_totals_since(now, then,
		    (enum stream_kind)i);

		if (s.opened == 0 && s.bytes_to == 0 && s.bytes_from == 0)
			continue;
		struct conf_node *row = conf_add_map(list);

		conf_set_slice(row, "source", source);
		conf_set_slice(row, "destination", destination);
		conf_set_string(row, "protocol", kinds[i].protocol);
		conf_set_int(row, "opened", (int64_t)s.opened);
		conf_set_int(row, "bytesTo", (int64_t)s.bytes_to);
		conf_set_int(row, "bytesFrom", (int64_t)s.bytes_from);
	}
}
