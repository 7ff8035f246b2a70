#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/*
 * fuzz: everything that reads bytes from a peer, given arbitrary bytes.
 *
 * A target is one function of the shape that libFuzzer and afl++ know, in a
 * file of its own.  It reads its input and holds the reader to what its header
 * promises (the same however the bytes are cut, the same when written and read
 * again); a promise that is broken fails a check, which aborts.  Everything
 * else is the sanitizers' to find.
 *
 * Three things run targets: the unit test (seeds and a fixed number of
 * mutations of them, in every test run), the program `fuzz` (main.c: replays
 * inputs, or mutates for as many rounds as asked), and a real fuzzer, for
 * which libfuzzer.c has the entry point.  Seeds lie in testdata/fuzz/NAME,
 * one file each; an input that once broke something stays there.
 */
typedef int fuzz_target_fn(const uint8_t *data, size_t size);	/* returns 0 */

fuzz_target_fn fuzz_authority, fuzz_bundle, fuzz_cert, fuzz_csr, fuzz_detect,
    fuzz_document, fuzz_ext_authz, fuzz_federation, fuzz_frame, fuzz_grpc,
    fuzz_h2_client, fuzz_h2_server, fuzz_hello, fuzz_http_client,
    fuzz_http_server, fuzz_json, fuzz_jwt, fuzz_meta, fuzz_name, fuzz_packet,
    fuzz_policy, fuzz_protobuf, fuzz_proxy_protocol, fuzz_record, fuzz_regex,
    fuzz_report, fuzz_route, fuzz_session, fuzz_token, fuzz_url;

struct fuzz_target {
	const char     *name;
	fuzz_target_fn *run;
	const char     *text;
};
extern const struct fuzz_target fuzz_targets[];
extern const size_t fuzz_targets_len;
const struct fuzz_target *fuzz_target_named(const char *);	/* or NULL */

/* Where two readers of the same input are given their second piece. */
size_t fuzz_cut(const uint8_t *data, size_t size);
/* One loop for all inputs. */
struct loop *fuzz_loop(void);
void fuzz_turn(void);	/* runs what is deferred */

#endif
