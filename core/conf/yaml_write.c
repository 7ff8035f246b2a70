#include <string.h>
#include <yaml.h>

#include "base/check.h"
#include "conf/scalar.h"
#include "conf/yaml.h"

static int
take_bytes(void *out, unsigned char *bytes, size_t len)
{
	str_add_slice(out, slice_of(bytes, len));
	return 1;
}

/* libyaml fails only for want of memory or for events out of order. */
static void
emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	check(made);
	check(yaml_emitter_emit(emitter, event));
}

static bool
would_read_as_string(struct slice text)
{
	struct conf_node n = { .text = text };

	conf_scalar_resolve(&n);
	return n.kind == CONF_STRING && conf_scalar_ambiguous(text) == NULL;
}

static yaml_scalar_style_t
style_of(struct slice text)
{
	if (!would_read_as_string(text))
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	if (slice_find(text, '\n') >= 0)
		return YAML_LITERAL_SCALAR_STYLE;
	return YAML_PLAIN_SCALAR_STYLE;
}

static void
write_scalar(yaml_emitter_t *emitter, struct slice text, yaml_scalar_style_t style)
{
	yaml_event_t event;

	emit(emitter, &event, yaml_scalar_event_initialize(&event, NULL, NULL,
	    (const yaml_char_t *)text.ptr, (int)text.len, 1, 1, style));
}

static void
write_node(yaml_emitter_t *emitter, const struct conf_node *n)
{
	yaml_event_t event;

	switch (n->kind) {
	case CONF_STRING:
		write_scalar(emitter, n->text, style_of(n->text));
		return;
	case CONF_NULL:
	case CONF_BOOL:
	case CONF_INT:
	case CONF_FLOAT:
		write_scalar(emitter, n->kind == CONF_NULL ? SLICE("null") :
		    n->text, YAML_PLAIN_SCALAR_STYLE);
		return;
	case CONF_LIST:
		emit(emitter, &event, yaml_sequence_start_event_initialize(
		    &event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE));
		CONF_FOREACH(e, n)
			write_node(emitter, e->node);
		emit(emitter, &event, yaml_sequence_end_event_initialize(&event));
		return;
	case CONF_MAP:
		emit(emitter, &event, yaml_mapping_start_event_initialize(
		    &event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE));
		CONF_FOREACH(e, n) {
			write_scalar(emitter, e->key, style_of(e->key));
			write_node(emitter, e->node);
		}
		emit(emitter, &event, yaml_mapping_end_event_initialize(&event));
		return;
	}
}

void
conf_yaml_write(struct str *out, const struct conf_node *n)
{
	yaml_emitter_t emitter;
	yaml_event_t event;

	check(yaml_emitter_initialize(&emitter));
	yaml_emitter_set_output(&emitter, take_bytes, out);
	yaml_emitter_set_unicode(&emitter, 1);
	yaml_emitter_set_width(&emitter, -1);
	emit(&emitter, &event, yaml_stream_start_event_initialize(&event,
	    YAML_UTF8_ENCODING));
	emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL,
	    NULL, NULL, 1));
	write_node(&emitter, n);
	emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&emitter);
}
