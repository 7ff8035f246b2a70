#!/usr/bin/env python3
"""The rules of this source tree that a program can check.

Prints "file:line: what is wrong" for each finding and then, for each check,
"ok NAME" or "not ok NAME: N findings".  A warning is printed and counts for
nothing.  Exits 1 if anything was found.

usage: lint.py [TREE]

TREE is this one unless another is named.  Data: testdata/lint/layers and
vendor/libraries of the tree.
"""

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(sys.argv[1] if len(sys.argv) > 1
    else Path(__file__).parent.parent.parent).resolve()
LAYERS = ROOT / "testdata/lint/layers"

LINE_MAX = 96		# columns, a tab being eight
SOURCE_WARN, SOURCE_MAX = 600, 900	# lines of a .c
HEADER_MAX = 150
FUNCTION_WARN = 50

# What comes with libc, the compiler and the kernel; any other <header> is a library's.
SYSTEM_HEADERS = re.compile(r"^((sys|net|netinet|arpa|linux|asm|bits)/.*|(assert"
    r"|ctype|dirent|dlfcn|elf|endian|err|errno|fcntl|fnmatch|getopt|glob|ifaddrs"
    r"|inttypes|libgen|limits|link|locale|malloc|math|netdb|poll|pthread|sched|search"
    r"|semaphore|setjmp|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio"
    r"|stdlib|stdnoreturn|string|strings|syslog|termios|threads|time|ucontext"
    r"|unistd|utime|wchar)\.h|[a-z0-9]*intrin\.h|cpuid\.h|sanitizer/.*)$")

# function: why it is not called
BANNED = {
	**dict.fromkeys(("getaddrinfo", "getnameinfo", "gethostbyname",
	    "gethostbyaddr", "getpwnam", "getpwuid", "getpwnam_r", "getpwuid_r",
	    "getgrnam", "getgrgid", "getgrnam_r", "getgrgid_r", "initgroups",
	    "getservbyname", "getservbyport", "getprotobyname",
	    "getprotobynumber"), "needs NSS, which a static binary has not"),
	**dict.fromkeys(("dlopen", "dlsym", "iconv_open"),
	    "loads shared objects, which a static binary cannot"),
	**dict.fromkeys(("strcpy", "strcat", "sprintf", "vsprintf", "gets",
	    "stpcpy"), "knows no bound"),
	**dict.fromkeys(("strtok", "localtime", "gmtime", "ctime", "asctime",
	    "inet_ntoa", "setlocale"), "keeps state for the whole process"),
	**dict.fromkeys(("rand", "srand", "random", "srandom", "drand48"),
	    "base/random.h has better"),
	**dict.fromkeys(("malloc", "calloc", "realloc", "strdup", "strndup",
	    "asprintf", "vasprintf"), "base/mem.h aborts when there is none"),
}
# file: banned functions that it is there to wrap or replace
BANNED_BUT = {
	"core/base/mem.c": {"malloc", "calloc", "realloc", "vasprintf"},
	"cmd/mesh/nonss.c": set(BANNED),
}

# Spelt with a class so that this file does not find itself.
WORDS = (
	(re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b"), "unfinished work"),
	(re.compile(r"\b([Ss]tu[b]s?|not implemente[d]|[Pp]laceholde[r])\b"),
	    "a word for unfinished work"),
	(re.compile(r"\bissue[s]? +#?[0-9]+\b|\(#[0-9]+\)", re.I),
	    "a number from a tracker"),
)
NAMED = re.compile(r"(?<![<\w./])(?:[a-z0-9_]+/)*(?!x_)[a-z][a-z0-9_]{3,}\.[ch]\b")
SLEEPS = re.compile(r"(?<![\w.])(sleep|usleep|nanosleep|time\.sleep"
    r"|clock_nanosleep)\s*\(|^\s*sleep +[0-9.$]")

findings = 0


class File:
	def __init__(self, name):
		self.name = name
		self.path = ROOT / name
		self.folder = name.rpartition("/")[0]
		self.text = self.path.read_text(errors="surrogateescape")
		self.lines = self.text.split("\n")
		if self.lines[-1] == "":
			self.lines.pop()
		self.is_c = name.endswith((".c", ".h"))
		self.is_python = name.endswith(".py")
		self.is_shell = name.endswith(".sh") or \
		    re.match(r"#!.*\b(ba)?sh\b", self.lines[0] if self.lines else "")
		self.is_make = name.rpartition("/")[2] == "Makefile"
		self.is_code = bool(self.is_c or self.is_python or self.is_shell
		    or self.is_make)
		self.is_test = name.endswith("_test.c") or \
		    name.startswith("testdata/") or name == "build.sh"
		# Lines with strings and comments blanked, for looking at calls.
		self.code = self.lines
		if self.is_c:
			self.code = blank(self.text).split("\n")[:len(self.lines)]


def blank(text):
	def spaces(match):
		return re.sub(r"[^\n]", " ", match[0])
	return re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'',
	    spaces, text, flags=re.S)


def found(file, line, what):
	global findings
	findings += 1
	print(f"{getattr(file, 'name', file)}:{line}: {what}")


def warn(file, line, what):
	print(f"{file.name}:{line}: warning: {what}")


def tree():
	"""Every text file that is, or could be, committed."""
	try:
		names = subprocess.run(["git", "-c", f"safe.directory={ROOT}", "-C",
		    str(ROOT), "ls-files", "-z", "--cached", "--others",
		    "--exclude-standard"], check=True, capture_output=True,
		    text=True).stdout.split("\0")
	except (OSError, subprocess.CalledProcessError):
		names = [str(path.relative_to(ROOT)) for path in ROOT.glob("**/*")]
		names = [name for name in names
		    if not name.startswith(("build/", ".git/"))]
	for name in sorted(set(names)):
		path = ROOT / name
		if name.startswith("testdata/fuzz/"):	# bytes, whatever they are
			continue
		if name and path.is_file() and not path.is_symlink() \
		    and b"\0" not in path.read_bytes()[:4096]:
			yield File(name)


def table(path):
	"""(line number, words) of each line that is neither empty nor a comment."""
	for number, line in enumerate(path.read_text().splitlines(), 1):
		if line.strip() and not line.startswith("#"):
			yield number, line.split()


def read_layers():
	return {folder: number for number, folders in table(LAYERS)
	    for folder in folders}


def read_libraries():
	"""[(header prefix, folder)]"""
	rows = []
	for number, words in table(ROOT / "vendor/libraries"):
		if len(words) < 7:
			found("vendor/libraries", number, "a column is missing")
			continue
		rows += [(header, words[4]) for header in words[5].split(",")]
	return rows


def check_includes(files):
	"""Layers, libraries, and that every header is there."""
	layers = read_layers()
	libraries = read_libraries()
	for file in files:
		if not file.is_c or not file.folder.startswith(("core/", "modes/",
		    "cmd/")):
			continue
		if file.folder not in layers:
			found(file, 1, f"{file.folder} is not in testdata/lint/layers")
			continue
		for number, line in enumerate(file.lines, 1):
			match = re.match(r'\s*#\s*include\s*(["<])([^">]+)[">]', line)
			if match is None:
				continue
			if match[1] == '"':
				check_own_include(file, number, match[2], layers)
			else:
				check_library(file, number, match[2], libraries)


def check_own_include(file, number, header, layers):
	folder = next((folder for folder in (f"core/{header}", header)
	    if (ROOT / folder).is_file()), None)
	if folder is None:
		found(file, number, f'"{header}" is neither below core nor the root')
		return
	folder = folder.rpartition("/")[0]
	mine, theirs = layers[file.folder], layers.get(folder)
	if folder == file.folder:
		return
	if theirs is None or theirs > mine:
		found(file, number, f"{file.folder} may not include {folder}, "
		    "which lies above it")
	elif theirs == mine:
		found(file, number, f"{file.folder} and {folder} lie side by side "
		    "and never include each other")
	if header == "base/unit.h" and not re.search(r"_test\.[ch]$", file.name):
		found(file, number, "base/unit.h is for tests alone")


def check_library(file, number, header, libraries):
	folders = [folder for prefix, folder in libraries
	    if header == prefix or (prefix.endswith(("/", "_"))
	    and header.startswith(prefix))]
	if not folders and not SYSTEM_HEADERS.match(header):
		found(file, number, f"<{header}> is neither libc's nor in "
		    "vendor/libraries")
	elif folders and file.folder not in folders:
		found(file, number, f"<{header}> belongs to {' and '.join(folders)} "
		    "alone (vendor/libraries)")


def check_packages(files):
	"""What vendor/libraries asks for is what build.sh installs."""
	script = next(file for file in files if file.name == "build.sh")
	for number, words in table(ROOT / "vendor/libraries"):
		if not re.search(rf"(^|[\s\"]){re.escape(words[1])}([\s\"]|$)",
		    script.text):
			found("vendor/libraries", number,
			    f"build.sh does not install {words[1]}")


def check_text(files):
	"""White space and the length of lines."""
	for file in files:
		for number, line in enumerate(file.lines, 1):
			if line != line.rstrip() and not file.name.endswith(".md"):
				found(file, number, "white space at the end")
			if file.is_code and len(line.expandtabs(8)) > LINE_MAX:
				found(file, number, f"longer than {LINE_MAX} columns")
			if file.is_c and line.startswith(" " * 8):
				found(file, number, "indented with spaces")
		if file.is_code and file.text and not file.text.endswith("\n"):
			found(file, len(file.lines), "no newline at the end")


def check_sizes(files):
	for file in files:
		lines = len(file.lines)
		if file.name.endswith(".h") and lines > HEADER_MAX:
			found(file, lines, f"header of more than {HEADER_MAX} lines")
		if file.name.endswith(".c") and lines > SOURCE_MAX:
			found(file, lines, f"source of more than {SOURCE_MAX} lines")
		elif file.name.endswith(".c") and lines > SOURCE_WARN:
			warn(file, lines, f"{lines} lines: look for the second module")


def check_functions(files):
	"""The name in the first column, bodies of bearable length."""
	for file in files:
		if not file.is_c:
			continue
		start = None
		for number, line in enumerate(file.code, 1):
			if line == "{":
				start = number
				check_head(file, number)
			elif line == "}" and start is not None:
				if number - start - 1 > FUNCTION_WARN:
					warn(file, start,
					    f"function of {number - start - 1} lines")
				start = None


def check_head(file, number):
	at = number - 1
	while at > 0 and re.match(r"\s|$", file.lines[at - 1]):
		at -= 1
	line = file.lines[at - 1] if at > 0 else ""
	if "(" in line and not re.match(r"\w+\(", line) \
	    and not line.startswith("__attribute__"):
		found(file, at, "the return type stands on its own line")


def check_calls(files):
	for file in files:
		if not file.is_c or file.is_test:
			continue
		allowed = BANNED_BUT.get(file.name, set())
		for number, line in enumerate(file.code, 1):
			for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
				if name in BANNED and name not in allowed:
					found(file, number, f"{name}: {BANNED[name]}")
			if re.match(r"\s*typedef\s+(struct|union|enum)\b(\s+\w+)?"
			    r"\s*(\{|[\s*]\w+\s*;|$)", line):
				found(file, number, "typedef hides a struct")
			if "//" in line:
				found(file, number, "comments are /* like this */")


def check_comments(files):
	"""A file that a comment sends its reader to is there; x_... is any."""
	names = {"/" + file.name for file in files}
	ends = {name.rpartition("/")[2] for name in names}
	for file in files:
		for comment in re.finditer(r"/\*.*?\*/", file.text, re.S) \
		    if file.is_c else ():
			for match in NAMED.finditer(comment[0]):
				if match[0] in ends or "/" in match[0] and any(
				    name.endswith("/" + match[0]) for name in names):
					continue
				line = file.text.count("\n", 0, comment.start() +
				    match.start()) + 1
				found(file, line, f"{match[0]}: there is no such file")


def check_words(files):
	top = str(ROOT)
	for file in files:
		for number, line in enumerate(file.lines, 1):
			for pattern, what in WORDS:
				if match := pattern.search(line):
					found(file, number, f'"{match[0]}": {what}')
			if top.count("/") > 1 and top + "/" in line:
				found(file, number, "a path of this machine")


def check_sleeps(files):
	"""Tests wait for conditions, with wait_until of the harness."""
	for file in files:
		if not file.is_test or not file.is_code or \
		    file.name == "testdata/e2e/mesh.py":
			continue
		for number, line in enumerate(file.code, 1):
			line = line if file.is_c else re.sub(r"#.*|\"[^\"]*\"", "", line)
			if SLEEPS.search(line) and file.name != "testdata/lint/lint.py":
				found(file, number, "a test that sleeps")


def check_python(files):
	for file in files:
		if file.is_python or re.match(r"#!.*python", file.text):
			try:
				ast.parse(file.text, file.name)
			except SyntaxError as error:
				found(file, error.lineno, error.msg)


def run_tool(command, names, pattern, passed_over=None):
	"""Runs a tool that prints findings; pattern gives file, line, what.

	A finding with passed_over in it is none.
	"""
	if not names or not shutil.which(command[0]):
		if names:
			found(names[0], 1, f"{command[0]} is not installed")
		return
	done = subprocess.run(command + names, cwd=ROOT, text=True,
	    capture_output=True, check=False)
	is_explained = False
	for line in (done.stdout + done.stderr).splitlines():
		if match := re.match(pattern, line):
			is_explained = True
			if not passed_over or passed_over not in match["what"]:
				found(match["file"], match["line"], match["what"])
	if done.returncode != 0 and not is_explained:
		found(names[0], 1, f"{command[0]} fails: {done.stderr.strip()}")


def check_shell(files):
	run_tool(["shellcheck", "-f", "gcc"],
	    [file.name for file in files if file.is_shell],
	    r"(?P<file>[^:]+):(?P<line>\d+):\d+: (?P<what>.*)")


def check_manual(files):
	pages = [file.name for file in files
	    if re.match(r"man/.*\.[1-9]$", file.name)]
	# Our pages refer to each other, and are not installed where this runs.
	run_tool(["mandoc", "-T", "lint", "-W", "style"], pages,
	    r"mandoc: (?P<file>[^:]+):(?P<line>\d+):\d+: (?P<what>.*)",
	    "STYLE: referenced manual not found")


CHECKS = (
	("includes", check_includes),
	("packages", check_packages),
	("text", check_text),
	("sizes", check_sizes),
	("functions", check_functions),
	("calls", check_calls),
	("comments", check_comments),
	("words", check_words),
	("sleeps", check_sleeps),
	("python", check_python),
	("shell", check_shell),
	("manual", check_manual),
)


def main():
	files = list(tree())
	verdicts = []
	for name, check in CHECKS:
		before = findings
		check(files)
		count = findings - before
		verdicts.append(f"not ok {name}: {count} findings" if count
		    else f"ok {name}")
	print("\n".join(verdicts))
	return 1 if findings else 0


if __name__ == "__main__":
	sys.exit(main())
