#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/descriptors.h"
#include "base/mem.h"
#include "cmd/echo/echo.h"

#define LISTENERS_MAX	16
#define THREADS_MAX	64
#define EXIT_USAGE	64

static const char usage_text[] =
"usage: echo [options]\n"
"\n"
"An HTTP and TCP application that answers with what it saw.\n"
"\n"
"  --name NAME             who it says it is (echo)\n"
"  --http ADDR:PORT        listen for HTTP/1.1; port 0 picks a free one\n"
"  --tcp ADDR:PORT         listen for TCP\n"
"  --call NAME=URL         a service that /chain calls; http://HOST/PATH\n"
"  --call-tcp NAME=ADDR:PORT\n"
"                          a TCP service that /chain calls\n"
"  --proxy http://ADDR:PORT\n"
"                          for calls to hosts that are no addresses\n"
"  --call-timeout MS       deadline of a call (5000)\n"
"  --threads N             (1)\n"
"\n"
"Prints \"listening http ADDR:PORT\" and \"listening tcp ADDR:PORT\" when it\n"
"is ready.  SIGTERM and SIGINT end it at once.\n";

struct options {
	struct echo     echo;
	struct {
		struct address address;
		bool           is_tcp;
		int            fd;
	}               listen[LISTENERS_MAX];
	size_t          listen_len;
	unsigned int    threads;
	const char     *proxy;
	const char     *calls[ECHO_CALLS_MAX];
	bool            call_is_tcp[ECHO_CALLS_MAX];
};

struct worker {
	pthread_t       thread;
	struct reactor  reactor;
	struct listener listeners[LISTENERS_MAX];
};

_Noreturn static void
fail(const char *what)
{
	fprintf(stderr, "echo: %s\n", what);
	exit(EXIT_FAILURE);
}

_Noreturn static void
usage_error(const char *what, const char *value)
{
	fprintf(stderr, "echo: %s: %s\ntry: echo --help\n", what, value);
	exit(EXIT_USAGE);
}

static uint64_t
number(const char *option, const char *value, uint64_t min, uint64_t max)
{
	uint64_t n;

	if (!slice_u64(slice_str(value), &n) || n < min || n > max)
		usage_error(option, value);
	return n;
}

static void
add_listener(struct options *o, bool is_tcp, const char *value)
{
	if (o->listen_len == LISTENERS_MAX ||
	    address_parse(&o->listen[o->listen_len].address,
	    slice_str(value)) != 0)
		usage_error("not ADDR:PORT, or too many", value);
	o->listen[o->listen_len++].is_tcp = is_tcp;
}

static void
add_call(struct options *o, bool is_tcp, const char *spec)
{
	if (o->echo.calls_len == ECHO_CALLS_MAX)
		usage_error("too many calls", spec);
	o->calls[o->echo.calls_len] = spec;
	o->call_is_tcp[o->echo.calls_len++] = is_tcp;
}

/* After all options are known, because --proxy may come last. */
static void
parse_calls(struct options *o)
{
	struct err err = ERR_INIT;

	for (size_t i = 0; i < o->echo.calls_len; i++) {
		struct call_target *t = &o->echo.calls[i];

		if ((o->call_is_tcp[i] ?
		    call_target_parse_tcp(t, o->calls[i], &err) :
		    call_target_parse_http(t, o->calls[i], o->proxy, &err)) != 0)
			usage_error("--call", err.text);
	}
}

enum { NAME, HTTP, TCP, CALL, CALL_TCP, PROXY, TIMEOUT, THREADS, HELP };
static const struct option option_table[] = {
	{ "name", required_argument, NULL, NAME },
	{ "http", required_argument, NULL, HTTP },
	{ "tcp", required_argument, NULL, TCP },
	{ "call", required_argument, NULL, CALL },
	{ "call-tcp", required_argument, NULL, CALL_TCP },
	{ "proxy", required_argument, NULL, PROXY },
	{ "call-timeout", required_argument, NULL, TIMEOUT },
	{ "threads", required_argument, NULL, THREADS },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

static void
parse_options(struct options *o, int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
		switch (c) {
		case NAME:
			o->echo.name = optarg;
			break;
		case HTTP:
		case TCP:
			add_listener(o, c == TCP, optarg);
			break;
		case CALL:
		case CALL_TCP:
			add_call(o, c == CALL_TCP, optarg);
			break;
		case PROXY:
			o->proxy = optarg;
			break;
		case TIMEOUT:
			o->echo.call_timeout_ms =
			    number("--call-timeout", optarg, 1, 3600000);
			break;
		case THREADS:
			o->threads = (unsigned int)number("--threads", optarg,
			    1, THREADS_MAX);
			break;
		case HELP:
			fputs(usage_text, stdout);
			exit(0);
		default:
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		usage_error("unexpected argument", argv[optind]);
	if (o->listen_len == 0)
		usage_error("nothing to do", "give --http or --tcp");
	parse_calls(o);
}

static void
open_listeners(struct options *o)
{
	struct err err = ERR_INIT;
	char text[ADDRESS_TEXT_MAX];

	for (size_t i = 0; i < o->listen_len; i++) {
		o->listen[i].fd = address_listen(&o->listen[i].address, &err);
		if (o->listen[i].fd < 0)
			fail(err.text);
	}
	for (size_t i = 0; i < o->listen_len; i++) {
		address_format(text, &o->listen[i].address);
		printf("listening %s %s\n",
		    o->listen[i].is_tcp ? "tcp" : "http", text);
	}
	fflush(stdout);
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;

	reactor_run(&w->reactor);
	return NULL;
}

static void
worker_start(struct worker *w, struct options *o)
{
	if (reactor_init(&w->reactor) != 0)
		fail("no epoll");
	for (size_t i = 0; i < o->listen_len; i++) {
		struct listener *l = &w->listeners[i];

		l->address = o->listen[i].address;
		l->echo = &o->echo;
		acceptor_open(&l->acceptor, &w->reactor, o->listen[i].fd,
		    o->listen[i].is_tcp ? tcp_on_accept : http_on_accept, l);
	}
	check(pthread_create(&w->thread, NULL, worker_main, w) == 0);
}

static void
options_fini(struct options *o)
{
	for (size_t i = 0; i < o->echo.calls_len; i++)
		call_target_fini(&o->echo.calls[i]);
	for (size_t i = 0; i < o->listen_len; i++)
		close(o->listen[i].fd);
	map_fini(&o->echo.attempts, mem_free);
}

int
main(int argc, char **argv)
{
	static struct options o = {
		.threads = 1,
		.echo = {
			.name = "echo", .call_timeout_ms = 5000,
			.attempts_lock = PTHREAD_MUTEX_INITIALIZER,
		},
	};
	sigset_t ends;
	int signal_number;

	parse_options(&o, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	pthread_sigmask(SIG_BLOCK, &ends, NULL);
	descriptors_raise();
	open_listeners(&o);

	struct worker *workers = mem_zalloc_array(o.threads, sizeof(*workers));

	for (unsigned int i = 0; i < o.threads; i++)
		worker_start(&workers[i], &o);
	sigwait(&ends, &signal_number);
	for (unsigned int i = 0; i < o.threads; i++)
		reactor_stop(&workers[i].reactor);
	for (unsigned int i = 0; i < o.threads; i++) {
		pthread_join(workers[i].thread, NULL);
		reactor_fini(&workers[i].reactor);
	}
	options_fini(&o);
	mem_free(workers);
	return 0;
}
