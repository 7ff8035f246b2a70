#ifndef CHAIN_RESPONSE_FLAG_H
#define CHAIN_RESPONSE_FLAG_H

/*
 * response_flag: what went wrong with an exchange, in the field's common
 * two- and three-letter words.  One table gives the word (access log, label
 * `flag` of counters), the status that we answer with, the RFC 9209 error
 * token (0 status: none of ours) and the sentence of the manual page.
 */
enum response_flag {
	FLAG_NONE,
	FLAG_UH,	/* no healthy upstream */
	FLAG_UF,	/* upstream connect failure */
	FLAG_UO,	/* upstream overflow: a breaker is open */
	FLAG_NR,	/* no route */
	FLAG_NC,	/* no such cluster */
	FLAG_URX,	/* retries used up */
	FLAG_UT,	/* upstream timeout */
	FLAG_UC,	/* upstream connection termination */
	FLAG_UR,	/* upstream reset */
	FLAG_UPE,	/* upstream protocol error */
	FLAG_LR,	/* local reset */
	FLAG_DC,	/* downstream disconnect */
	FLAG_DPE,	/* downstream protocol error */
	FLAG_SI,	/* stream idle timeout */
	FLAG_DT,	/* duration timeout */
	FLAG_DF,	/* name resolution failure */
	FLAG_RL,	/* rate limited */
	FLAG_UAEX,	/* denied by authorization */
	FLAG_DI,	/* delay injected */
	FLAG_FI,	/* fault injected */
	FLAG_OM,	/* overload manager */
	FLAG_LIM,	/* a limit of ours: head, body */
	FLAG_MIS,	/* misdirected: the authority belongs to another service */
	RESPONSE_FLAGS
};

const char *response_flag_name(enum response_flag);	/* "UH"; "-" for none */
int response_flag_status(enum response_flag);
const char *response_flag_error(enum response_flag);	/* RFC 9209, 2.3 */
const char *response_flag_text(enum response_flag);

#endif
