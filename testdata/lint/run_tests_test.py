#!/usr/bin/env python3
"""Holds the test runner to what it says of programs that go wrong."""

import contextlib
import io
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
import run_tests	# noqa: E402

UNIT_TOTAL = "echo 'unit: 3 passed, %d failed, 1 skipped'"
BACKGROUND = "tail -f /dev/null >/dev/null 2>&1 &"

# name: (kind, shell, passed, why it failed, number skipped)
CASES = {
	"counts_lines": ("e2e", "echo ok a; echo 'ok b c'; echo skip d: no; "
	    "echo 'okay x'; echo ' ok y'", 2, [], 1),
	"counts_units": ("unit", UNIT_TOTAL % 0, 3, [], 1),
	"names_failures": ("e2e", "echo ok a; echo not ok b: why; exit 1", 1,
	    ["b: why"], 0),
	"names_failed_units": ("unit", "echo '[  FAILED  ] x'; "
	    + UNIT_TOTAL % 1 + "; exit 1", 3, ["x"], 1),
	"exit_code_alone_fails": ("e2e", "echo ok a; exit 3", 1,
	    ["exit code 3"], 0),
	"failed_line_alone_fails": ("e2e", "echo not ok a: why", 0,
	    ["a: why"], 0),
	"silence_fails": ("e2e", "true", 0,
	    ["reported nothing, exit code 0"], 0),
	"unit_without_total_fails": ("unit", "echo '[  OK ]'", 0,
	    ["ended without a total, exit code 0"], 0),
	"death_fails": ("e2e", "echo ok a; kill -9 $$", 1,
	    ["killed by SIGKILL"], 0),
	"hanging_fails": ("e2e", "echo ok a; tail -f /dev/null", 1,
	    ["hangs: killed after 1 s"], 0),
	"left_processes_fail": ("e2e", BACKGROUND + " echo ok a", 1,
	    ["left processes "], 0),
	"sanitizer_report_fails": ("e2e", "echo ok a; "
	    "echo 'data race' >REPORT",
	    1, ["sanitizer report"], 0),
}


def run(kind, shell):
	with tempfile.TemporaryDirectory() as scratch:
		# Where a sanitizer would write, by the log_path it is given.
		shell = shell.replace("REPORT", f"{scratch}/{kind}-case.7")
		job = run_tests.Job(f"{kind}/case", ["sh", "-c", shell], 1)
		run_tests.run(job, Path("/nowhere"), "release", Path(scratch))
	return job


def main():
	failed = False
	for name, (kind, shell, passed, why, skipped) in CASES.items():
		job = run(kind, shell)
		# A child that is not yet what it will be has its parent's name.
		failures = [text.split("running:")[0] for text in job.failed]
		seen = (job.passed, failures, len(job.skipped))
		if seen == (passed, why, skipped):
			print(f"ok runner_{name}")
		else:
			print(f"not ok runner_{name}: {seen}")
			failed = True
	job = run("e2e", "echo said; echo not ok a: why")
	out = io.StringIO()
	with contextlib.redirect_stdout(out):
		run_tests.report(job)
	if "said" in out.getvalue() and "FAIL e2e/case: a: why" in out.getvalue():
		print("ok runner_prints_what_a_failing_program_said")
	else:
		print(f"not ok runner_prints_what_a_failing_program_said: {out}")
		failed = True
	return 1 if failed else 0


if __name__ == "__main__":
	sys.exit(main())
