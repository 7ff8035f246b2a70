#ifndef STAT_TEXT_H
#define STAT_TEXT_H

#include "base/str.h"
#include "stat/stat.h"

/*
 * text: all series of a registry as a scrape wants them.
 *
 * Prometheus text 0.0.4 or OpenMetrics 1.0.  Families follow their table,
 * series their label values; a family without series is left out.  In
 * OpenMetrics a family's name lacks the _total and _info that its samples
 * have, and the text ends with "# EOF".
 */
enum stat_format { STAT_PROMETHEUS, STAT_OPENMETRICS };

void stat_render(struct stat_registry *, enum stat_format, struct str *out);
/* What goes into Content-Type. */
const char *stat_content_type(enum stat_format);

#endif
