#ifndef HTTP_CODEC_BASE_H
#define HTTP_CODEC_BASE_H

#include "http/codec.h"

/*
 * codec_base: what every codec has in common, above all how its owner is told
 * what is deferred (codec.h).  Private to h1 and h2.
 *
 * A codec flags what is to be told and calls codec_base_tell, as often as it
 * likes.  Once for all that one turn of the loop did it gets before_telling, and
 * then the owner hears what is flagged.  Any event may free the codec, which
 * stays readable until the turn ends: whoever goes on behind one looks at
 * is_freed.
 */
struct codec_vtable {
	bool is_multiplexed;	/* else expire and ping are NULL */
	void (*feed)(struct codec *, struct buf *, bool eof);
	/* NULL, a server's: requests come from the other end. */
	struct stream *(*open_stream)(struct codec *, struct arena *,
	    const struct stream_events *, void *owner);
	void (*before_telling)(struct codec *);
	void (*output_sent)(struct codec *, size_t);
	void (*drain)(struct codec *);
	bool (*is_idle)(const struct codec *);
	bool (*is_in_head)(const struct codec *);
	bool (*wants_input)(const struct codec *);
	size_t (*room)(const struct codec *);
	void (*expire)(struct codec *, uint64_t idle_ms);
	void (*ping)(struct codec *);
	void (*abort)(struct codec *, enum stream_error);
	void (*free)(struct codec *);
};

/* Keeps all. */
void codec_base_init(struct codec *, const struct codec_vtable *, struct loop *,
    const struct codec_events *, void *owner);
/* It is freed for its owner, who is told nothing more. */
void codec_base_fini(struct codec *);

/* Fills in the head of the reply to what a server's codec could not read. */
void codec_base_refuse(struct codec *, struct http_head *, struct arena *,
    int status, const char *why);

void codec_base_tell(struct codec *);	/* what is flagged, later */
void codec_base_finish(struct codec *, enum codec_end);	/* tells it, once */
/* The connection is dead: its owner, who said so, is told nothing of an end. */
void codec_base_abort(struct codec *);

#endif
