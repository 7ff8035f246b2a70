#!/usr/bin/env bash
# build.sh: the one command.  It sees to it that what a task needs is installed,
# calls make, and starts what was asked for.  ./build.sh help lists the tasks.
set -eu
cd "$(dirname "$0")"
export LC_ALL=C

EXIT_USAGE=64
EXIT_PACKAGES=77	# something is missing and may not be installed here

# What each task needs beyond a Debian 12 base system.  vendor/README.md says
# which library is for what.  With chromium-headless-shell besides, which is
# large, tests log in with a browser of people; without it these are skipped.
build_packages="gcc make libc6-dev libevent-dev libbearssl-dev libssl-dev
	libhttp-parser-dev libsqlite3-dev libjansson-dev libyaml-dev zlib1g-dev
	libbrotli-dev libnghttp2-dev"
demo_packages="$build_packages curl python3"
lint_packages="python3 shellcheck mandoc"
test_packages="$demo_packages $lint_packages libcmocka-dev libpcre2-dev binutils
	bind9-dnsutils ca-certificates dnsmasq-base haproxy iproute2
	libnginx-mod-stream nghttp2-client nginx openssl postgresql procps
	prometheus python3-cryptography python3-grpc-tools python3-grpcio python3-h2
	python3-hpack python3-jwt python3-pkg-resources python3-websockets
	redis-server sqlite3 strace wrk"
bench_packages="$build_packages haproxy iproute2 libnginx-mod-stream nghttp2-client nginx
	openssl python3 util-linux valgrind wrk"

# The one that these packages are for, whichever comes first in PATH.
python=/usr/bin/python3

# Prints those of the packages that are not installed.
missing_packages() {
	local name
	for name in "$@"; do
		case $(dpkg-query -W -f '${Status}' "$name" 2>/dev/null) in
		"install ok installed") ;;
		*) echo "$name" ;;
		esac
	done
}

# Servers among the packages are for tests, which start their own: none is to
# start now (policy-rc.d) or at the next boot.
policy=/usr/sbin/policy-rc.d

forbid_starting() {
	# One of ours is left where an earlier run was killed.
	if [ -e "$policy" ] && ! grep -q "build.sh of mesh" "$policy"; then
		mv "$policy" "$policy.before-mesh"
	fi
	printf '#!/bin/sh\n# build.sh of mesh installs packages now\nexit 101\n' \
		>"$policy"
	chmod 755 "$policy"
}

allow_starting() {
	rm -f "$policy"
	if [ -e "$policy.before-mesh" ]; then mv "$policy.before-mesh" "$policy"; fi
}

install_packages() {
	local name
	local apt=(apt-get install -y -q --no-install-recommends)

	export DEBIAN_FRONTEND=noninteractive
	trap allow_starting EXIT
	trap 'exit 130' INT TERM
	forbid_starting
	# Old or absent lists are the usual reason to fail: fetch them only then.
	if ! "${apt[@]}" "$@" >/dev/null 2>&1; then
		apt-get update -q
		"${apt[@]}" "$@"
	fi
	allow_starting
	trap - EXIT INT TERM
	for name in haproxy nginx postgresql prometheus redis-server; do
		case " $* " in
		*" $name "*) systemctl disable --quiet "$name" >/dev/null 2>&1 || : ;;
		esac
	done
}

need() {
	local missing
	# shellcheck disable=SC2086 # the lists are words
	missing=$(missing_packages $1)
	[ -n "$missing" ] || return 0
	missing=$(echo "$missing" | sort -u | tr '\n' ' ')
	missing=${missing% }
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "build.sh: these packages are missing; as root, type" >&2
		echo "apt-get install --no-install-recommends $missing" >&2
		exit $EXIT_PACKAGES
	fi
	echo "installing $missing"
	# shellcheck disable=SC2086
	install_packages $missing
}

# compile VARIANT TARGET...: quiet unless VERBOSE is set.
compile() {
	local variant=$1 quiet=-s
	shift
	if [ -n "${VERBOSE:-}" ]; then quiet=; fi
	if [ ! -e build ]; then echo "building, less than a minute"; fi
	make $quiet -j"$(nproc)" V="$variant" "$@"
}

# Runs the rest of the command line in our place.  A bare chroot has no /proc,
# which sanitizers and tests look into: there it is mounted for as long.
run_with_proc() {
	local code=0
	if [ -e /proc/self ] || [ "$(id -u)" != 0 ] ||
	    ! mount -t proc proc /proc 2>/dev/null; then
		exec "$@"
	fi
	trap 'umount -l /proc' EXIT
	trap 'exit 130' INT TERM
	"$@" || code=$?
	exit "$code"
}

run_tests() {
	local variant=$1 wrapper=()
	shift
	need "$test_packages"
	compile "$variant" all unit
	# ThreadSanitizer's shadow memory does not fit every random layout.
	if [ "$variant" = tsan ] && setarch -R true 2>/dev/null; then
		wrapper=(setarch -R)
	fi
	run_with_proc "${wrapper[@]}" $python testdata/run_tests.py "$variant" "$@"
}

task_build() {
	need "$build_packages"
	compile release all
	echo "built build/mesh"
}

task_test() { run_tests release "$@"; }
task_asan() { run_tests asan "$@"; }
task_tsan() { run_tests tsan "$@"; }

# A minute of each target that reads identities, tokens or policies.
fuzz_quick() {
	local variant=asan
	need "$build_packages python3"
	if command -v clang >/dev/null; then variant=libfuzzer; fi
	compile "$variant" fuzz
	MESH_BUILD=$PWD/build/$variant exec $python testdata/fuzz_quick.py "$@"
}

# A real fuzzer at one target, from its seeds on, until Ctrl-C or an input that
# breaks something.  What follows the name goes to the fuzzer.
task_fuzz() {
	local target=${1:-} found=build/fuzz-found
	if [ "$target" = --quick ]; then
		shift
		fuzz_quick "$@"
	fi
	need "$build_packages"
	if [ $# -gt 0 ]; then shift; fi
	if [ ! -d "testdata/fuzz/${target:-/}" ]; then
		echo "build.sh: fuzz takes the name of a target:" \
		    testdata/fuzz/* | sed 's|testdata/fuzz/||g' >&2
		exit $EXIT_USAGE
	fi
	mkdir -p "$found/$target"
	if command -v afl-fuzz >/dev/null; then
		compile afl fuzz
		exec afl-fuzz -i "testdata/fuzz/$target" -o "$found/$target" \
		    "$@" -- build/afl/fuzz "$target" @@
	elif command -v clang >/dev/null; then
		compile libfuzzer fuzz
		FUZZ_TARGET=$target exec build/libfuzzer/fuzz \
		    -artifact_prefix="$found/$target-" "$@" "$found/$target" \
		    "testdata/fuzz/$target"
	fi
	echo "build.sh: neither afl++ nor clang is installed" >&2
	exit $EXIT_PACKAGES
}

task_lint() {
	need "$lint_packages"
	exec $python testdata/lint/lint.py "$@"
}

task_demo() {
	need "$demo_packages"
	compile release all
	export MESH_BUILD=$PWD/build
	run_with_proc $python testdata/e2e/demo.py "$@"
}

# install_file MODE FROM TO
install_file() {
	install -D -m "$1" "$2" "${DESTDIR:-}$prefix$3"
}

install_completion() {
	local shell=$1 to=$2
	if build/mesh ctl completion "$shell" >"build/completion.$shell" \
	    2>/dev/null; then
		install_file 644 "build/completion.$shell" "$to"
	fi
}

# Where systemd looks for a file of cmd/mesh/units.
unit_place() {
	case $1 in
	*.sysusers) echo "/lib/sysusers.d/${1%.*}.conf" ;;
	*.tmpfiles) echo "/lib/tmpfiles.d/${1%.*}.conf" ;;
	*) echo "/lib/systemd/system/$1" ;;
	esac
}

task_install() {
	local arg
	for arg in "$@"; do
		case $arg in
		DESTDIR=* | PREFIX=*) export "${arg?}" ;;
		*)
			echo "build.sh: install takes DESTDIR=DIR and PREFIX=DIR," \
			    "not \"$arg\"" >&2
			exit $EXIT_USAGE
			;;
		esac
	done
	local prefix=${PREFIX:-/usr/local} file
	task_build
	install_file 755 build/mesh /bin/mesh
	for file in man/*.[1-9]; do
		[ -e "$file" ] || continue
		install_file 644 "$file" "/share/man/man${file##*.}/${file##*/}"
	done
	install_completion bash /share/bash-completion/completions/mesh
	install_completion zsh /share/zsh/site-functions/_mesh
	install_completion fish /share/fish/vendor_completions.d/mesh.fish
	for file in cmd/mesh/units/*; do
		[ -e "$file" ] || continue
		# Units name the default place of the binary.
		sed "s|/usr/local/bin/|$prefix/bin/|g" "$file" >build/unit
		install_file 644 build/unit "$(unit_place "${file##*/}")"
	done
	echo "installed under ${DESTDIR:-}$prefix"
}

task_bench() {
	need "$bench_packages"
	compile release all
	export MESH_BUILD=$PWD/build
	run_with_proc $python testdata/bench/bench.py "$@"
}

task_clean() { rm -rf build; }

task_help() {
	cat <<-'END'
	usage: ./build.sh [TASK]

	  (none)         build build/mesh and the programs of cmd/
	  demo [--once]  run a whole mesh on this machine; --once checks it and ends
	  test [PATTERN] every test: lint, unit, end to end, manual pages
	  lint           the rules of this source tree
	  asan, tsan     the tests with the address or the thread sanitizer
	  fuzz TARGET    afl++ or clang's fuzzer, on one target of cmd/fuzz
	  fuzz --quick   a minute of each one that reads identities or policies
	  bench [--quick] [Wn ...]
	                 measure mesh beside nginx and HAProxy
	  bench micro    count instructions of the data path's parts
	  install        to DESTDIR and PREFIX (/usr/local)
	  clean          remove build/
	  help           this

	As root on Debian, missing packages are installed.  Elsewhere the
	apt-get line is printed and the exit code is 77.  VERBOSE=1 shows the
	commands of the build.
	END
}

task=${1:-build}
if [ $# -gt 0 ]; then shift; fi
case $task in
-h | --help) task=help ;;
esac
case $task in
build | test | lint | asan | tsan | fuzz | demo | bench | install | clean | help)
	"task_$task" "$@"
	;;
*)
	echo "build.sh: unknown task \"$task\"" >&2
	task_help >&2
	exit $EXIT_USAGE
	;;
esac
