#!/usr/bin/env python3
"""Holds lint.py to its rules: a small tree breaks each of them once."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

LINT = Path(__file__).with_name("lint.py")
LAYERS = "core/base\ncore/conf\ncore/net\nmodes/proxy modes/ctl\n"
LIBRARIES = "jansson libjansson-dev 2.14 MIT core/conf jansson.h JSON\n"
CLEAN = {
	"testdata/lint/layers": LAYERS,
	"vendor/libraries": LIBRARIES,
	"build.sh": "#!/bin/bash\necho libjansson-dev\n",
	"core/base/a.h": "int a(void);\n",
	"core/base/unit.h": "int unit(void);\n",
	"core/conf/b.h": '#include <jansson.h>\n#include <stdio.h>\n'
	    '#include "base/a.h"\n',
	"core/conf/b.c": "/* http://x is no comment */\n"
	    'typedef struct slice label_fn(int);\n'
	    'static const char *s = "//";\n\nint\nb(void)\n{\n\treturn 0;\n}\n',
	"modes/ctl/c.h": '#include "conf/b.h"\n',
	"man/x.1": ".Dd November 21, 2026\n.Dt X 1\n.Os\n.Sh NAME\n.Nm x\n"
	    ".Nd one\n.Sh SEE ALSO\n.Xr y-of-ours 1\n",
}
# Words that the tree itself may not contain are put together here.
TO_DO = "TO" + "DO"
SLEEP = "sle" + "ep"

# name: (file, text, line and message of the one finding)
BROKEN = {
	"upward": ("core/base/x.c", '#include "conf/b.h"\n',
	    "core/base/x.c:1: core/base may not include core/conf"),
	"sideways": ("modes/proxy/x.c", '\n#include "modes/ctl/c.h"\n',
	    "modes/proxy/x.c:2: modes/proxy and modes/ctl lie side by side"),
	"absent": ("core/net/x.c", '#include "base/none.h"\n',
	    'core/net/x.c:1: "base/none.h" is neither'),
	"unit": ("core/net/x.c", '#include "base/unit.h"\n',
	    "core/net/x.c:1: base/unit.h is for tests"),
	"library": ("core/net/x.c", "#include <jansson.h>\n",
	    "core/net/x.c:1: <jansson.h> belongs to core/conf"),
	"foreign": ("core/net/x.c", "#include <curl/curl.h>\n",
	    "core/net/x.c:1: <curl/curl.h> is neither"),
	"folder": ("core/new/x.c", "int x;\n",
	    "core/new/x.c:1: core/new is not in"),
	"package": ("build.sh", "#!/bin/bash\n",
	    "vendor/libraries:1: build.sh does not install libjansson-dev"),
	"columns": ("vendor/libraries", LIBRARIES + "x libjansson-dev 1\n",
	    "vendor/libraries:2: a column is missing"),
	"blanks": ("README.txt", "one \n", "README.txt:1: white space"),
	"spaces": ("core/net/x.c", "int x\n        ;\n",
	    "core/net/x.c:2: indented with spaces"),
	"width": ("core/net/x.c", "\t" * 12 + "1\n",
	    "core/net/x.c:1: longer than 96"),
	"end": ("core/net/x.c", "int x;", "core/net/x.c:1: no newline"),
	"long_source": ("core/net/x.c", "\n" * 901,
	    "core/net/x.c:901: source of more"),
	"long_header": ("core/net/x.h", "\n" * 151,
	    "core/net/x.h:151: header of more"),
	"head": ("core/net/x.c", "static int x(void)\n{\n}\n",
	    "core/net/x.c:1: the return type"),
	"names": ("core/net/x.c", "int x = getaddrinfo(0);\n",
	    "core/net/x.c:1: getaddrinfo: needs NSS"),
	"bound": ("core/net/x.c", "int x = strcpy (a, b);\n",
	    "core/net/x.c:1: strcpy: knows no bound"),
	"typedef": ("core/net/x.c", "typedef struct x y;\n",
	    "core/net/x.c:1: typedef"),
	"comment": ("core/net/x.c", "int x; // one\n",
	    "core/net/x.c:1: comments"),
	"gone": ("core/net/x.c", "/* one\n * (base/gone.h) */\n",
	    "core/net/x.c:2: base/gone.h: there is no such file"),
	"word": ("core/net/x.c", f"/* {TO_DO} */\n",
	    f'core/net/x.c:1: "{TO_DO}": unfinished'),
	"tracker": ("core/net/x.c", "/* see issue" + " 7 */\n",
	    "core/net/x.c:1: \"issue" " 7\""),
	"sleep_c": ("core/net/x_test.c", f"int x = u{SLEEP}(1);\n",
	    "core/net/x_test.c:1: a test that"),
	"sleep_python": ("testdata/x.py", f"time.{SLEEP}(1)\n",
	    "testdata/x.py:1: a test that"),
	"sleep_shell": ("testdata/x.sh", f"#!/bin/sh\n{SLEEP} 1\n",
	    "testdata/x.sh:2: a test that"),
	"python": ("testdata/x.py", "def\n", "testdata/x.py:1: invalid syntax"),
	"shell": ("testdata/x.sh", "#!/bin/sh\nrm $1\n",
	    "testdata/x.sh:2: note: Double quote"),
	"manual": ("man/x.1", CLEAN["man/x.1"] + ".Nope\n",
	    "man/x.1:9: ERROR: skipping unknown macro"),
}


def lint(files):
	with tempfile.TemporaryDirectory() as top:
		for name, text in files.items():
			path = Path(top, name)
			path.parent.mkdir(parents=True, exist_ok=True)
			path.write_text(text)
		done = subprocess.run([sys.executable, LINT, top], text=True,
		    capture_output=True, check=False)
	assert done.stderr == "", done.stderr
	findings = [line for line in done.stdout.splitlines()
	    if not re.match(r"(not )?ok ", line)]
	return done.returncode, findings


def main():
	failed = False
	code, findings = lint(CLEAN)
	if code == 0 and not findings:
		print("ok lint_of_a_clean_tree")
	else:
		print(f"not ok lint_of_a_clean_tree: {findings}")
		failed = True
	for name, (file, text, expected) in BROKEN.items():
		code, findings = lint({**CLEAN, file: text})
		if code == 1 and len(findings) == 1 \
		    and findings[0].startswith(expected):
			print(f"ok lint_finds_{name}")
		else:
			print(f"not ok lint_finds_{name}: {findings}")
			failed = True
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
