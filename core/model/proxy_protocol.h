#ifndef MODEL_PROXY_PROTOCOL_H
#define MODEL_PROXY_PROTOCOL_H

/*
 * proxy_protocol: whether a back end is told for whom a connection is, by
 * HAProxy's PROXY protocol: a word of policies and of applications.
 */
enum model_proxy_protocol { MODEL_PROXY_NONE, MODEL_PROXY_V1, MODEL_PROXY_V2 };
extern const char *const model_proxy_protocols[];	/* "none", "v1", "v2" */

#endif
