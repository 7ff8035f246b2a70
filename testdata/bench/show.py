"""The table that people read, at most 100 columns wide."""

HEADING = ("", "metric", "unit", "direct", "mesh", "+-%", "nginx",
    "haproxy", "ratio", "aim", "met")
WIDTHS = (4, 33, 5, 7, 7, 4, 7, 7, 6, 6)


def number(figure):
	if figure is None:
		return "-"
	value = figure.median
	for limit, digits in ((10, 2), (100, 1)):
		if abs(value) < limit:
			return f"{value:.{digits}f}"
	return f"{value:.0f}"


def spread(figure):
	return f"{figure.spread * 100:.0f}" if figure else "-"


def cells(row):
	ratio, met = row.ratio(), row.is_met()
	aim = "-" if row.aim is None else \
	    (">=" if row.higher_is_better else "<=") + f"{row.aim:g}"
	return (row.workload, row.metric, row.unit, number(row.direct),
	    number(row.mesh), spread(row.mesh), number(row.nginx),
	    number(row.haproxy), f"{ratio:.2f}" if ratio else "-", aim,
	    {None: "", True: "yes", False: "NO"}[met])


def line(words):
	out = ""
	for place, (word, width) in enumerate(zip(words, (*WIDTHS, 0))):
		out += (f"{word:<{width}}" if place < 3 else f"{word:>{width}}") + " "
	return out.rstrip()


def table(rows):
	return "\n".join([line(HEADING), *(line(cells(row)) for row in rows)])


WORSE = 1.05	# of the better peer: no workload may be


def verdict(rows):
	"""How many aims are met, and what is clearly worse than a peer."""
	judged = [row for row in rows if row.is_met() is not None]
	met = sum(row.is_met() for row in judged)
	worse = [f"{row.workload} {row.metric.strip()}" for row in rows
	    if row.subject == "mesh" and row.ratio() and
	    (1 / row.ratio() if row.higher_is_better else row.ratio()) > WORSE]
	lines = [f"aims met: {met} of {len(judged)}"]
	if worse:
		lines.append(f"worse than {WORSE} of the better peer:")
		lines += [f"  {what}" for what in worse]
	return "\n".join(lines)
