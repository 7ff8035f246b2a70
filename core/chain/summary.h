#ifndef CHAIN_SUMMARY_H
#define CHAIN_SUMMARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "chain/response_flag.h"

/*
 * summary: what is known of one exchange; filled while it runs by the runner
 * and the terminal, complete when a filter's done() reads it.  Slices live
 * in the stream's arena.  Times are microseconds; 0 means "did not happen".
 */
struct l7_summary {
	uint64_t           start_us;		/* monotonic: first byte of the head */
	int64_t            start_wall_us;
	uint64_t           request_end_us;	/* request complete */
	uint64_t           response_head_us;	/* head of the answer came */
	uint64_t           end_us;		/* all over */
	int                status;		/* sent to the caller; 0: none */
	bool               is_grpc;		/* the caller speaks gRPC */
	int                grpc_status;		/* it ended with; -1: none yet */
	enum response_flag flag;
	const char        *details;		/* static words, "" when none */
	/* Of policies that watch, or would decide; "" when there was none. */
	struct slice       noted;
	uint64_t           bytes_up, bytes_down;	/* bodies */

	/* the request as it came */
	struct slice       method, authority, path, query, user_agent;
	struct slice       request_id, forwarded_for;
	int                minor;

	/* who and where: "" when unknown */
	struct slice       source_workload, source_service;	/* "ns/name" */
	struct slice       route;
	struct slice       service;		/* "ns/name" of the destination */
	struct slice       workload;		/* destination workload */
	struct slice       upstream_host;	/* address */
	struct slice       upstream_id;		/* its proven SPIFFE ID */
	uint64_t           upstream_us;		/* request sent to head of answer */
	uint64_t           connect_us;
	int                attempts;
	bool               is_upstream_tls;	/* with or without such an ID */
	bool               is_own;	/* our application asks */
	/* A proxy of the mesh asks with it whether another may go on. */
	bool               is_question;
	/* It came with who somebody is: Authorization, Cookie, a token. */
	bool               is_personal;
};

#endif
