#ifndef TLS_ENGINE_VERIFIER_H
#define TLS_ENGINE_VERIFIER_H

#include <bearssl.h>

/*
 * engine_verifier: the class of X.509 validators that an engine plugs into
 * BearSSL: it collects the chain, within limits, and asks the engine's owner.
 */
extern const br_x509_class engine_verifier_class;

#endif
