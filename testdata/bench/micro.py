"""Instructions of the pure parts of the data path, counted by callgrind.

They do not depend on what else the machine does, so each has an expected count
in the file micro.expected, and more than a tenth above it is a failure.
"bench micro --write" writes that file, for a commit that says why.
"""

import re
import subprocess
from pathlib import Path

from mesh import BUILD

EXPECTED = Path(__file__).with_name("micro.expected")
TOLERANCE = 0.10
# How often each is done: short ones more often, for those with chance in them.
FEW, MANY, SHORT = 300, 10000, 3000


def instructions(name, times):
	"""Of a whole run."""
	done = subprocess.run(["valgrind", "--tool=callgrind",
	    "--callgrind-out-file=/dev/null", str(BUILD / "micro"), name,
	    str(times)], capture_output=True, text=True, check=False)
	found = re.search(r"Collected\s*:\s*(\d+)", done.stderr)
	assert done.returncode == 0 and found, done.stderr
	return int(found[1])


def count(name):
	"""Of one operation, without what starting and warming up takes."""
	def mean(times):
		return round((instructions(name, 2 * times)
		    - instructions(name, times)) / times)
	first = mean(FEW)
	return first if first > SHORT else mean(MANY)


def names():
	return subprocess.run([str(BUILD / "micro"), "--list"], text=True,
	    capture_output=True, check=True).stdout.split()


def expected():
	rows = {}
	for line in EXPECTED.read_text().splitlines():
		if line and not line.startswith("#"):
			name, number = line.split()
			rows[name] = int(number)
	return rows


def write(counts):
	EXPECTED.write_text("# Instructions of one operation (bench micro"
	    " --write).\n" + "".join(f"{name} {number}\n"
	    for name, number in counts.items()))


def run(writes):
	"""Prints the table; gives (rows for the JSON, whether all is well)."""
	counts = {name: count(name) for name in names()}
	if writes:
		write(counts)
	known = expected()
	rows, is_well = [], set(known) == set(counts)
	for name in known.keys() ^ counts.keys():
		print(f"{name}: either gone or not in {EXPECTED.name}")
	print(f"{'':<26}{'instructions':>14}{'expected':>10}{'change':>9}")
	for name, number in counts.items():
		wanted = known.get(name, number)
		change = number / wanted - 1
		print(f"{name:<26}{number:>14}{wanted:>10}{change * 100:>+8.1f}%"
		    + ("  MORE THAN EXPECTED" if change > TOLERANCE else ""))
		is_well = is_well and change <= TOLERANCE
		rows.append({"workload": "micro", "metric": name,
		    "unit": "instructions", "mesh": number, "nginx": None,
		    "haproxy": None, "ratio": None, "expected": wanted,
		    "met": change <= TOLERANCE})
	return rows, is_well
