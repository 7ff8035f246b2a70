#include "base/check.h"
#include "net/close_reason.h"

static const struct {
	const char *name, *text;
	bool        is_error;
} reasons[CLOSE_REASONS] = {
	[CLOSE_NONE] = { "none", "The connection is open.", false },
	[CLOSE_FINISHED] = { "finished", "Both sides ended in order.", false },
	[CLOSE_PEER] = { "peer-closed", "The peer ended its side.", false },
	[CLOSE_RESET] = { "peer-reset", "The peer reset the connection.",
	    true },
	[CLOSE_TRUNCATED] = { "truncated",
	    "TLS ended without close_notify inside a message.", true },
	[CLOSE_IDLE] = { "idle", "Nothing was sent for the idle timeout.",
	    false },
	[CLOSE_TIMEOUT] = { "timeout", "A deadline passed.", true },
	[CLOSE_PROTOCOL] = { "protocol", "The peer broke its protocol.", true },
	[CLOSE_TLS] = { "tls",
	    "A TLS record could not be authenticated or parsed.", true },
	[CLOSE_LIMIT] = { "limit",
	    "A limit on connections, bytes or time was reached.", true },
	[CLOSE_DENIED] = { "denied", "Authorization refused it.", true },
	[CLOSE_DRAINED] = { "drained", "The process is shutting down.", false },
	[CLOSE_LOCAL] = { "local", "Closed in order by decision of ours.",
	    false },
	[CLOSE_CONNECT] = { "connect", "The other side could not be reached.",
	    true },
	[CLOSE_IO] = { "io", "A system call failed.", true },
};

const char *
close_reason_name(enum close_reason r)
{
	check(r < CLOSE_REASONS);
	return reasons[r].name;
}

const char *
close_reason_text(enum close_reason r)
{
	check(r < CLOSE_REASONS);
	return reasons[r].text;
}

bool
close_reason_is_error(enum close_reason r)
{
	check(r < CLOSE_REASONS);
	return reasons[r].is_error;
}
