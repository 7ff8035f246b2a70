"""What the manual pages say."""

import re

from mesh import ROOT


def text_of(page):
	return (ROOT / "man" / page).read_text()


def section(page, heading):
	"""What stands behind a line, up to the next section."""
	return re.search(rf"^{re.escape(heading)}\n(.*?)(?=^\.Sh |\Z)",
	    text_of(page), re.S | re.M)[1]


def examples(page):
	"""The literal blocks below EXAMPLES, without mdoc's escapes."""
	blocks = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", section(page,
	    ".Sh EXAMPLES"), re.S | re.M)
	return [block.replace("\\e", "\\").replace("\\&", "")
	    for block in blocks]
