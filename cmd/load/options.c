#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/slice.h"
#include "cmd/load/load.h"
#include "cmd/load/options.h"

#define EXIT_USAGE	64
#define CONNECTIONS_MAX	50000
#define RATE_MAX	10000000
#define MS_MAX		86400000
#define PATHS_MAX	10000000

static const char usage_text[] =
"usage: load [options] ADDR:PORT[/PATH]\n"
"\n"
"Makes load and prints what came of it as one line of JSON.\n"
"\n"
"  --mode http|stream|idle requests (http), bytes through echo's TCP side, or\n"
"                          connections that ask once and stay\n"
"  -c, --connections N     at a time (1)\n"
"  --rate N                requests a second, sent when they are due whatever\n"
"                          became of the others; without, each connection\n"
"                          asks again once it is answered\n"
"  --duration MS           measured (5000); longer where nothing was answered\n"
"                          yet\n"
"  --warmup MS             before that (500)\n"
"  --host NAME             field Host (ADDR:PORT)\n"
"  --paths N               PATH with 0 ... N-1 behind it, in turn\n"
"  --new-connections       a connection for each request\n"
"  --no-request            a connection for each request that is not sent:\n"
"                          handshakes\n"
"  --up                    stream: to the server (from it)\n"
"  --cert FILE --key FILE --ca FILE --trust-domain NAME --sni NAME\n"
"                          mutual TLS 1.2; the server shows a SPIFFE ID of\n"
"                          the domain (mesh.internal)\n"
"  --alpn none             TLS without ALPN (http/1.1)\n"
"  --full-handshakes       no session is resumed; the server's chain is not\n"
"                          verified\n"
"\n"
"Latency is counted from the time that a request was due.\n";

static const struct mode *const modes[] = {
	&http_mode, &stream_mode, &idle_mode,
};

enum {
	MODE, CONNECTIONS, RATE, DURATION, WARMUP, HOST, PATHS, NEW_CONNECTIONS,
	NO_REQUEST, UP, CERT, KEY, CA, TRUST_DOMAIN, SNI, ALPN,
	FULL_HANDSHAKES, HELP
};

static const struct option option_table[] = {
	{ "mode", required_argument, NULL, MODE },
	{ "connections", required_argument, NULL, CONNECTIONS },
	{ "rate", required_argument, NULL, RATE },
	{ "duration", required_argument, NULL, DURATION },
	{ "warmup", required_argument, NULL, WARMUP },
	{ "host", required_argument, NULL, HOST },
	{ "paths", required_argument, NULL, PATHS },
	{ "new-connections", no_argument, NULL, NEW_CONNECTIONS },
	{ "no-request", no_argument, NULL, NO_REQUEST },
	{ "up", no_argument, NULL, UP },
	{ "cert", required_argument, NULL, CERT },
	{ "key", required_argument, NULL, KEY },
	{ "ca", required_argument, NULL, CA },
	{ "trust-domain", required_argument, NULL, TRUST_DOMAIN },
	{ "sni", required_argument, NULL, SNI },
	{ "alpn", required_argument, NULL, ALPN },
	{ "full-handshakes", no_argument, NULL, FULL_HANDSHAKES },
	{ "help", no_argument, NULL, HELP },
	{ NULL, 0, NULL, 0 },
};

_Noreturn static void
usage_error(const char *what, const char *value)
{
	fprintf(stderr, "load: %s: %s\ntry: load --help\n", what, value);
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

static const struct mode *
mode_named(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i]->name, name) == 0)
			return modes[i];
	usage_error("no such mode", name);
}

static const char **
text_of(struct options *o, int option)
{
	switch (option) {
	case HOST:
		return &o->host;
	case CERT:
		return &o->cert;
	case KEY:
		return &o->key;
	case CA:
		return &o->ca;
	case TRUST_DOMAIN:
		return &o->trust_domain;
	case SNI:
		return &o->sni;
	default:
		return NULL;
	}
}

static bool *
switch_of(struct options *o, int option)
{
	switch (option) {
	case NEW_CONNECTIONS:
		return &o->new_connections;
	case NO_REQUEST:
		return &o->no_request;
	case UP:
		return &o->upwards;
	case FULL_HANDSHAKES:
		return &o->full_handshakes;
	default:
		return NULL;
	}
}

static void
take_value(struct options *o, int option, const char *value)
{
	switch (option) {
	case MODE:
		o->mode = mode_named(value);
		break;
	case 'c':
	case CONNECTIONS:
		o->connections = (unsigned int)number("--connections", value,
		    1, CONNECTIONS_MAX);
		break;
	case RATE:
		o->rate = number("--rate", value, 1, RATE_MAX);
		break;
	case DURATION:
		o->duration_ms = number("--duration", value, 1, MS_MAX);
		break;
	case WARMUP:
		o->warmup_ms = number("--warmup", value, 0, MS_MAX);
		break;
	case PATHS:
		o->paths = number("--paths", value, 1, PATHS_MAX);
		break;
	case ALPN:
		if (strcmp(value, "none") != 0)
			usage_error("--alpn", value);
		o->no_alpn = true;
		break;
	case HELP:
		fputs(usage_text, stdout);
		exit(0);
	default:
		exit(EXIT_USAGE);
	}
}

/* ADDR:PORT[/PATH] */
static void
take_target(struct options *o, const char *target)
{
	struct err err = ERR_INIT;
	struct slice all = slice_str(target);
	ptrdiff_t slash = slice_find(all, '/');
	struct slice addr = slash < 0 ? all : slice_of(all.ptr, (size_t)slash);
	static char text[ADDR_TEXT_MAX];

	if (addr_parse(addr, &o->to, &err) != 0)
		usage_error(target, err.text);
	o->path = slash < 0 ? "/" : target + slash;
	addr_format(&o->to, text);
	if (o->host == NULL)
		o->host = text;
}

static void
check_tls(const struct options *o)
{
	if (o->cert == NULL && o->key == NULL && o->ca == NULL && o->sni == NULL)
		return;
	if (o->cert == NULL || o->key == NULL || o->ca == NULL || o->sni == NULL)
		usage_error("TLS needs", "--cert, --key, --ca and --sni");
	if (strlen(o->sni) >= CONN_SNI_MAX)
		usage_error("--sni is too long", o->sni);
}

void
options_parse(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){
		.mode = &http_mode, .connections = 1, .warmup_ms = 500,
		.duration_ms = 5000, .trust_domain = "mesh.internal",
	};
	while ((c = getopt_long(argc, argv, "c:", option_table, NULL)) != -1) {
		const char **text = text_of(o, c);
		bool *on = switch_of(o, c);

		if (text != NULL)
			*text = optarg;
		else if (on != NULL)
			*on = true;
		else
			take_value(o, c, optarg);
	}
	if (optind + 1 != argc)
		usage_error("one target", "ADDR:PORT[/PATH]");
	take_target(o, argv[optind]);
	check_tls(o);
}
