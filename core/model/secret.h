#ifndef MODEL_SECRET_H
#define MODEL_SECRET_H

#include "model/object.h"

/*
 * secret: v1/Secret and v1/ConfigMap: bytes and texts that others refer to.
 *
 * A Secret's kind is write_only: whoever shows a document shows its shape
 * (model_secret_shown), never its values.  Values are base64, which is checked
 * when the document is read; stringData holds them as text and goes before data.
 * The type kubernetes.io/tls needs tls.crt and tls.key.
 */
#define MODEL_SECRET_TLS	"kubernetes.io/tls"
#define MODEL_SECRET_OPAQUE	"Opaque"

struct model_secret {
	struct model_head head;
	const char       *type;
	struct conf_pairs data, string_data;
	bool              immutable;
};

struct model_config_map {
	struct model_head head;
	struct conf_pairs data, binary_data;
	bool              immutable;
};

const struct model_secret *model_secret(const struct model_object *);
const struct model_config_map *model_config_map(const struct model_object *);
/* Of a Secret or ConfigMap: the bytes, in the arena; absent: no such key. */
struct slice model_secret_bytes(const struct model_object *, const char *key,
    struct arena *);
/*
 * Whether tls.crt and tls.key are a certificate and its key that a server can
 * show (pki/keypair.h, whose errors it gives).
 */
int model_secret_check_pair(const struct model_object *, struct err *);
/* The document with "" for each value, in the arena. */
struct conf_node *model_secret_shown(const struct conf_node *doc, struct arena *);

#endif
