#include "base/clock.h"
#include "base/mem.h"
#include "modes/proxy/agent_run.h"
#include "stat/metrics.h"

/* --- numbers that metrics read, on whatever thread ----------------------- */

static double
sample_expiry(void *ctx)
{
	struct agent *g = ctx;

	return (double)atomic_load(&g->numbers.not_after);
}

static double
sample_revision(void *ctx)
{
	struct agent *g = ctx;

	return (double)atomic_load(&g->numbers.revision);
}

/* Seconds since control confirmed what we run; from our start if never. */
static uint64_t
stale_ms(struct agent *g)
{
	if (atomic_load(&g->numbers.is_connected))
		return 0;
	return clock_mono_ms() - atomic_load(&g->numbers.confirmed_ms);
}

static double
sample_staleness(void *ctx)
{
	return (double)stale_ms(ctx) / 1000;
}

static double
sample_rejected(void *ctx)
{
	struct agent *g = ctx;

	return atomic_load(&g->numbers.rejected);
}

static double
sample_connected(void *ctx)
{
	struct agent *g = ctx;

	return atomic_load(&g->numbers.is_connected) ? 1 : 0;
}

static double
sample_leased(void *ctx)
{
	struct agent *g = ctx;

	return atomic_load(&g->numbers.leased);
}

static double
sample_equal(void *ctx)
{
	struct agent *g = ctx;

	return atomic_load(&g->numbers.equal);
}

static const struct {
	enum metric family;
	double    (*fn)(void *);
	const char *label;
} samples[] = {
	{ METRIC_CERTIFICATE_EXPIRY, sample_expiry, "workload" },
	{ METRIC_CONFIG_REVISION, sample_revision, NULL },
	{ METRIC_CONFIG_STALENESS, sample_staleness, NULL },
	{ METRIC_CONFIG_REJECTED, sample_rejected, NULL },
	{ METRIC_CONTROL_CONNECTED, sample_connected, NULL },
	{ METRIC_RATE_LIMIT_SHARES, sample_leased, "leased" },
	{ METRIC_RATE_LIMIT_SHARES, sample_equal, "equal" },
};

#define SAMPLES	(sizeof(samples) / sizeof(samples[0]))
_Static_assert(SAMPLES <= AGENT_SAMPLES_MAX, "room for every sample");

void
agent_numbers_start(struct agent *g)
{
	static const char *const results[] = { "failed", "succeeded" };
	struct stat_registry *r = g->options.stats;

	atomic_store(&g->numbers.confirmed_ms, clock_mono_ms());
	g->stat = stat_worker_new(r);
	for (size_t i = 0; i < SAMPLES; i++) {
		const struct slice label = slice_str(samples[i].label);

		g->sampled[i] = stat_series_get(r, samples[i].family, &label);
		stat_series_sample(g->sampled[i], samples[i].fn, g);
	}
	for (size_t i = 0; i < 2; i++) {
		const struct slice label = slice_str(results[i]);

		g->renewals[i] = stat_series_get(r, METRIC_CERTIFICATE_RENEWALS,
		    &label);
	}
}

void
agent_numbers_stop(struct agent *g)
{
	for (size_t i = 0; i < SAMPLES; i++) {
		stat_series_sample(g->sampled[i], NULL, NULL);
		stat_series_unref(g->sampled[i]);
	}
	for (size_t i = 0; i < 2; i++)
		stat_series_unref(g->renewals[i]);
}

/* --- for people ---------------------------------------------------------- */

static void
add_text(struct str *out, const char *name, const char *value)
{
	str_addf(out, "\"%s\":", name);
	str_add_json(out, slice_str(value));
}

static void
add_time(struct str *out, const char *name, int64_t when)
{
	char text[CLOCK_TEXT_MAX];

	clock_format(text, when, -1);
	add_text(out, name, text);
}

static void
write_identity(struct str *out, const struct agent_identity *i)
{
	if (i == NULL) {
		str_add(out, "null");
		return;
	}
	str_add_char(out, '{');
	add_text(out, "id", i->id);
	str_addf(out, ",\"workload\":\"%s/%s\",\"services\":[", i->ns,
	    i->workload);
	for (size_t n = 0; n < i->services_len; n++)
		str_addf(out, "%s\"%s/%s\"", n > 0 ? "," : "", i->ns,
		    i->services[n]);
	str_add(out, "],");
	add_time(out, "notBefore", i->not_before);
	str_add_char(out, ',');
	add_time(out, "notAfter", i->not_after);
	str_add_char(out, '}');
}

static void
write_names(struct str *out, const struct map *names)
{
	struct slice name;
	size_t it = 0, n = 0;

	while (map_next(names, &it, &name, NULL)) {
		if (n++ > 0)
			str_add_char(out, ',');
		str_add_json(out, name);
	}
}

static void
write_control(struct str *out, struct agent *g)
{
	char digest[MODEL_DIGEST_TEXT];

	model_digest_text(&g->docs.digest, digest);
	str_add_char(out, '{');
	add_text(out, "address", g->options.settings->control);
	str_addf(out, ",\"connected\":%s,\"revision\":%llu,\"digest\":\"%s\","
	    "\"staleSeconds\":%llu,\"renewAt\":",
	    g->is_synced ? "true" : "false",
	    (unsigned long long)g->docs.revision, digest,
	    (unsigned long long)stale_ms(g) / 1000);
	if (g->identity != NULL) {
		char text[CLOCK_TEXT_MAX];

		clock_format(text, g->renew_at, -1);
		str_add_json(out, slice_str(text));
	} else {
		str_add(out, "null");
	}
	str_addf(out, ",\"applicationAnswers\":%s,\"applications\":",
	    g->health != NULL && app_health_is_up(g->health) ? "true" :
	    "false");
	app_health_write(g->health, out);
	str_add(out, ",\"interests\":[");
	write_names(out, &g->interests.by_name);
	str_add(out, "],\"absent\":[");
	write_names(out, &g->docs.absent);
	str_add(out, "],\"rejected\":[");
	write_names(out, &g->unread);
	if (g->unread.len > 0 && g->faults.now.len > 0)
		str_add_char(out, ',');
	write_names(out, &g->faults.now);
	str_add(out, "]}");
}

static void
write_documents(struct str *out, const struct agent *g)
{
	size_t len;
	struct model_object **list = docs_list(&g->docs, &len);

	str_add_char(out, '[');
	for (size_t i = 0; i < len; i++) {
		if (i > 0)
			str_add_char(out, ',');
		str_add_char(out, '{');
		add_text(out, "key", list[i]->key);
		str_addf(out, ",\"revision\":%llu}",
		    (unsigned long long)list[i]->revision);
	}
	str_add_char(out, ']');
	mem_free(list);
}

void
agent_write_status(struct agent *g, struct str *out)
{
	str_add(out, "{\"identity\":");
	write_identity(out, g->identity);
	str_add(out, ",\"control\":");
	write_control(out, g);
	str_add(out, ",\"documents\":");
	write_documents(out, g);
	str_add(out, ",\"limits\":");
	shares_write(&g->shares, clock_mono_ms(), out);
	str_add(out, ",\"proxy\":");
	g->options.describe(g->options.arg, out);
	str_add_char(out, '}');
}
