#ifndef CONF_PATTERN_H
#define CONF_PATTERN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

/*
 * pattern: the classes of text that fields hold.  Each row of the table has
 * the sentence that a refusal ends with.
 */
enum conf_pattern {
	CONF_TEXT,		/* anything up to 4096 bytes */
	CONF_LABEL,		/* RFC 1123 label */
	CONF_SUBDOMAIN,		/* RFC 1123 subdomain */
	CONF_HOSTNAME,		/* Gateway API Hostname: "*." may lead, no IP */
	CONF_HEADER_NAME,	/* RFC 9110 token, at most 256 */
	CONF_IP,		/* IPv4 or IPv6 address */
	CONF_CIDR,		/* that, or "10.0.0.0/8" */
	CONF_HOST,		/* IP address or host name */
	CONF_HOST_PORT,		/* 10.0.0.1:80, [::1]:80, name:80 */
	CONF_LISTEN,		/* as CONF_HOST_PORT, also :80 and port 0 */
	CONF_PATH,		/* a file's path: no control characters, not empty */
	CONF_SERVICE_NAME,	/* NAMESPACE/NAME */
	CONF_TRUST_DOMAIN,	/* SPIFFE-ID 2.1 */
	CONF_LABEL_KEY,		/* Kubernetes: [prefix/]name */
	CONF_LABEL_VALUE,	/* Kubernetes: at most 63, may be empty */
	CONF_PRECISE_HOSTNAME,	/* CONF_HOSTNAME without "*." */
	CONF_GROUP,		/* of an API: empty, or a subdomain */
	CONF_KIND,		/* of an API: letters, digits, hyphens inside */
	CONF_URL_PATH,		/* RFC 3986 pchar and "/" */
	CONF_FIELD_VALUE,	/* of an HTTP field: no controls, no outer blanks */
	CONF_CONTROLLER,	/* Gateway API: DOMAIN/PATH */
	CONF_ORIGIN,		/* CORS: "*" or SCHEME://HOST[:PORT], "*." in HOST */
	CONF_TOKEN_OR_STAR,	/* CONF_HEADER_NAME, which "*" is too */
	CONF_BASE64,		/* RFC 4648 4, line ends inside; up to 1 MiB */
	CONF_LONG_TEXT,		/* anything up to 1 MiB */
	CONF_SECRET_KEY,	/* Kubernetes: key of a Secret or ConfigMap */
};

bool conf_pattern_match(enum conf_pattern, struct slice);
const char *conf_pattern_expected(enum conf_pattern);	/* "an IP address" */

/*
 * Parts of a text that matches CONF_HOST_PORT or CONF_LISTEN; host without
 * brackets, empty for ":80".  False when it does not match CONF_LISTEN.
 */
bool conf_host_port(struct slice, struct slice *host, uint16_t *port);
/* A CONF_LISTEN whose port not everybody may open, see ip(7); NULL is none. */
bool conf_is_low_port(const char *listen);

#endif
