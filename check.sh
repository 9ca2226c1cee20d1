#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds fcgi-stream in every way that matters and runs all its tests.
set -u
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P) || exit 1
# shellcheck source=scripts/setup-lib.sh
. "$here/scripts/setup-lib.sh"

source=$here		# what is built
out=$here/build-check
logs=$out/logs
fuzz_seconds=${FUZZ_SECONDS:-3}
jobs=$(nproc)
# Functional tests wait more than they work.
test_jobs=$((jobs + 2))
# shellcheck disable=SC2034
progress_seconds=60
# A line "PASSED FAILED SKIPPED" of each step: some run beside others.
results=$logs/results
group=			# of the steps that run beside

# The functional tests that use files beside the program.
dist_tests="tests/fuzz/replay.sh tests/functional/test_browser.py"
dist_tests+=" tests/functional/test_action_modules.py"
dist_tests+=" tests/functional/test_docs.py tests/functional/test_nginx.py"
dist_tests+=" tests/functional/test_list_page.py"
dist_tests+=" tests/functional/test_quickstart.py"

# What the tests use. Those that need a program which is not there are skipped.
test_packages=(libcmocka-dev python3 curl nginx spawn-fcgi strace valgrind socat
	clang libclang-rt-dev xz-utils shellcheck mandoc openssl)
# Front servers and clients, of which any may be missing. npm gets the rest.
peer_packages=(apache2-bin lighttpd haproxy caddy wget aria2 lftp httpdirfs
	ffmpeg mpv chromium unzip libarchive-tools p7zip-full busybox
	default-jdk-headless rsync zsync zchunk)

usage() {
	cat <<'END'
usage: ./check.sh [--quick]

Installs what is missing, builds with gcc and clang, and runs all tests: as
they are, under AddressSanitizer and UndefinedBehaviorSanitizer, the unit
tests under valgrind, the fuzzers for a few seconds each, and once more from
the release archive. Its last line is "N passed, N failed, N skipped".
Everything it writes is in build-check/, the logs are in build-check/logs/.

  --quick         builds with gcc and runs all tests once, as they are: what to
                  do before each commit

environment:
  FUZZ_SECONDS    how long each fuzzer runs (default: 3)
END
}

# --- steps and their results -------------------------------------------------

# count_summary LOG: prints how many passed, failed and were skipped, as
# automake's test summaries and lines like ours say.
count_summary() {
	awk '
	/^Testsuite summary/ { summary = 1 }
	summary && /^# (PASS|XFAIL):/ { pass += $NF }
	summary && /^# (FAIL|XPASS|ERROR):/ { fail += $NF }
	summary && /^# SKIP:/ { skip += $NF }
	/^# ERROR:/ { summary = 0 }
	/^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$/ {
		pass += $1; fail += $3; skip += $5
	}
	END { printf "%d %d %d\n", pass, fail, skip }' "$1"
}

# What is worth reading in the log of a step that failed: which tests, and
# what they said. "make check VERBOSE=1" leaves their logs there, each below
# a headline with a line of "=".
show_failure() {
	local log=$1
	if ! grep -qE '^(FAIL|XPASS|ERROR): tests/' "$log"; then
		printf -- '--- the last lines of %s:\n' "$log"
		grep -vE '^  (CC|CCLD|AR) |^checking |^make ' "$log" |
			tail -n 60
		printf -- '---\n'
		return
	fi
	printf -- '--- from %s:\n' "$log"
	grep -E '^(FAIL|XPASS|ERROR): tests/.* ' "$log" | sort -u | head -n 40
	awk '
	/^=+$/ { left = before ~ /^(FAIL|XPASS|ERROR): [^ ]*$/ ? 60 : 0 }
	/^Testsuite summary/ { left = 0 }
	left > 0 && !/^(PASS|SKIP|ok)/ { print; left-- }
	{ before = $0 }' "$log" | head -n 200
	printf -- '---\n'
}

# step NAME COMMAND...: runs it in the current folder, prints one line with
# its result and time, and notes its tests. A command that fails without a
# failed test counts as one.
step() {
	local name=$1 log start=$SECONDS status=0 counts pass fail skip
	shift
	log=$logs/${name//[^a-z0-9]/-}.log
	logged "$log" "$@" || status=$?
	read -r pass fail skip < <(count_summary "$log")
	[ $status -eq 0 ] || [ "$fail" -gt 0 ] || fail=1
	echo "$pass $fail $skip" >>"$results"
	counts=
	[ $((pass + fail + skip)) -eq 0 ] ||
		counts="$pass passed, $fail failed, $skip skipped"
	if [ "$fail" -eq 0 ]; then
		printf 'ok    %-34s %4d s  %s\n' \
			"$name" $((SECONDS - start)) "$counts"
		return 0
	fi
	# In one piece, as steps run beside each other.
	printf 'FAIL  %-34s %4d s  %s\n%s\n' "$name" $((SECONDS - start)) \
		"$counts" "$(show_failure "$log")"
	return 1
}

# beside COMMAND...: runs steps in the background, in a process group of their
# own, and lets those in the foreground go first.
beside() {
	set -m
	(
		set +m
		renice -n 10 -p "$BASHPID" >/dev/null
		"$@"
	) &
	set +m
	group=$!
}

# Waits for the steps beside.
join() {
	wait "$group"
	group=
}

stop_all() {
	[ -z "$group" ] || kill -- "-$group" 2>/dev/null
}

# --- builds and tests --------------------------------------------------------

# configure_in FOLDER COMPILER SWITCH...: makes an empty build folder and
# configures there. What the first build with a compiler finds out about the
# system is told to the others.
configure_in() {
	local folder=$1 cache=$out/$2.cache
	shift 2
	rm -rf "$folder" && mkdir -p "$folder" && cd "$folder" || return 1
	# Without what was set by hand: another build may set something else.
	[ ! -e "$cache" ] || sed '/^ac_cv_env_/d' "$cache" >config.cache ||
		return 1
	"$source/configure" --config-cache "$@" || return 1
	[ -e "$cache" ] || cp config.cache "$cache"
}

# build NAME COMPILER SWITCH...: configures and builds the program and its
# tests in build-check/NAME, and stays in that folder.
build() {
	configure "$@" || return 1
	step "$1: build" build_all
}

configure() {
	local name=$1 compiler=$2
	shift 2
	step "$name: configure" configure_in "$out/$name" "$compiler" \
		"CC=$compiler" "$@" || return 1
	cd "$out/$name" || return 1
}

build_all() {
	make -j"$jobs" all && make -j"$jobs" check TESTS=
}

# The unit tests of the build in the current folder, as automake names them.
# shellcheck disable=SC2016
unit_tests() {
	make -s -f Makefile -f - print <<<'print: ; @echo $(unit_tests)'
}

check_gcc() {
	build gcc gcc --enable-werror || return
	step "gcc: make check" make -j"$test_jobs" check
}

# The functional tests mostly wait, so what computes runs beside them: first
# the builds, then what runs in the folders of the builds.
check_all() {
	build gcc gcc --enable-werror || return
	beside build_others
	step "gcc: make check" make -j"$test_jobs" check
	join
	beside check_others
	check_sanitizers
	join
}

build_others() {
	# Half as long to compile as with -O2 -g; a report still has the lines.
	build sanitizers gcc --enable-werror --enable-asan --enable-ubsan \
		CFLAGS="-O1 -g1"
	if ! command -v clang >/dev/null; then
		not_run "clang" "clang is missing"
		not_run "fuzz" "clang is missing"
		return
	fi
	build clang clang --enable-werror
	configure fuzz clang --enable-fuzz --enable-asan --enable-ubsan &&
		step "fuzz: build" make -j"$jobs" tests/fuzz/fuzz
}

check_others() {
	check_valgrind
	check_distcheck
	check_clang
	check_fuzz
}

# Goes to the folder of a build, if that has been built.
enter_build() {
	cd "$out/$1" 2>/dev/null && [ -x "$2" ]
}

check_valgrind() {
	if ! command -v valgrind >/dev/null; then
		not_run "valgrind: unit tests" "valgrind is missing"
		return
	fi
	local options="-q --error-exitcode=99 --leak-check=full"
	options+=" --errors-for-leak-kinds=definite,possible"
	enter_build gcc fcgi-stream || return
	FCGI_STREAM_VALGRIND=1 step "valgrind: unit tests" \
		make -j"$jobs" check TESTS="$(unit_tests)" \
		LOG_COMPILER="timeout 900 valgrind" LOG_FLAGS="$options"
}

# From the archive, what an archive may lack matters: all is built, but of the
# functional tests those run that need more than the program.
check_distcheck() {
	enter_build gcc fcgi-stream || return
	step "gcc: make distcheck" make -j"$jobs" distcheck \
		DISTCHECK_CONFIGURE_FLAGS="CC=gcc --enable-werror \
			--cache-file=$out/gcc.cache" \
		TESTS="$(unit_tests) $dist_tests"
}

check_clang() {
	enter_build clang fcgi-stream || return
	step "clang: unit tests" make -j"$jobs" check TESTS="$(unit_tests)"
}

check_sanitizers() {
	enter_build sanitizers fcgi-stream || return
	export FCGI_STREAM_SANITIZED=1
	export ASAN_OPTIONS=detect_leaks=1
	export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
	step "sanitizers: make check" make -j"$test_jobs" check
	unset FCGI_STREAM_SANITIZED ASAN_OPTIONS UBSAN_OPTIONS
}

check_fuzz() {
	enter_build fuzz tests/fuzz/fuzz || return
	step "fuzz: $fuzz_seconds s each" run_fuzzers
}

# Runs as many fuzzers at a time as there are processors, and adds a last line
# with the sum to their TAP.
run_fuzzers() {
	local names group pids=() status=0
	mapfile -t names < <(tests/fuzz/fuzz)
	for ((group = 0; group < jobs && group < ${#names[@]}; group++)); do
		FUZZ_NAMES=$(printf '%s\n' "${names[@]}" |
			awk -v n="$jobs" -v g="$group" 'NR % n == g') \
			"$here/tests/fuzz/run.sh" "$fuzz_seconds" \
			>"fuzz-$group.tap" &
		pids+=($!)
	done
	for group in "${!pids[@]}"; do
		wait "${pids[group]}" || status=1
	done
	[ ${#pids[@]} -gt 0 ] || return 1
	awk '
	{ print }
	/^ok .*# SKIP/ { skip++; next }
	/^ok / { pass++ }
	/^not ok / { fail++ }
	END {
		printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
	}' fuzz-*.tap
	return $status
}

check_scripts() {
	cd "$here" || return
	local scripts=(quickstart.sh check.sh autogen.sh .ci/run
		scripts/nginx-conf scripts/setup-lib.sh tests/fuzz/*.sh
		bench/run.sh)
	if command -v shellcheck >/dev/null; then
		step "scripts: shellcheck" one_test \
			shellcheck -x -S warning "${scripts[@]}"
	else
		not_run "scripts: shellcheck" "shellcheck is missing"
	fi
	step "scripts: bench/*.py" one_test \
		env PYTHONPYCACHEPREFIX="$out/pycache" \
		python3 -m py_compile bench/*.py
	if command -v mandoc >/dev/null; then
		step "manual page: mandoc" one_test \
			mandoc -T lint -W warning docs/fcgi-stream.8
	else
		not_run "manual page: mandoc" "mandoc is missing"
	fi
}

# Counts a command as one test.
one_test() {
	if "$@"; then
		echo "1 passed, 0 failed, 0 skipped"
	else
		echo "0 passed, 1 failed, 0 skipped"
		return 1
	fi
}

# A part for which a program is missing counts as one skipped test.
not_run() {
	printf 'SKIP  %-34s %s\n' "$1" "$2"
	echo "0 0 1" >>"$results"
}

# The reasons why tests were skipped, each once.
show_skipped() {
	local lines
	lines=$(cat "$logs"/*.log 2>/dev/null | sed -n \
		'/# TOTAL/d; s/^SKIP: \(.*\)/      \1/p' | sort | uniq -c |
		head -n 40)
	[ -z "$lines" ] || printf 'skipped (how often, test):\n%s\n' "$lines"
}

# The last line: the sum of all steps. Fails if a test did, or none has run.
show_sum() {
	awk '
	{ pass += $1; fail += $2; skip += $3 }
	END {
		if (pass + fail == 0)
			fail = 1
		printf "%d passed, %d failed, %d skipped\n", pass, fail, skip
		exit fail > 0
	}' "$results"
}

# --- packages ----------------------------------------------------------------

install_packages() {
	if ! command -v dpkg-query >/dev/null; then
		echo "this is not Debian: hoping that all is installed"
		return 0
	fi
	need_packages "$logs/packages.log" "${build_packages[@]}" \
		"${test_packages[@]}"
}

# can_do_without WHAT WHY: says that tests will be skipped.
can_do_without() {
	printf 'note  %-34s %s\n' "no $1, so tests are skipped:" "$2"
}

# Peers for the tests, at once or each by itself: those that cannot be had are
# missed by their own tests alone.
install_peers() {
	local name packages=("${peer_packages[@]}")
	command -v node >/dev/null || packages+=(nodejs)
	command -v npm >/dev/null || packages+=(npm)
	command -v dpkg-query >/dev/null || packages=()
	(need_packages "$logs/packages-peers.log" "${packages[@]}") ||
		for name in "${packages[@]}"; do
			(need_packages "$logs/package-$name.log" "$name") ||
				can_do_without "$name" \
					"see $logs/package-$name.log"
		done
	install_node_modules
}

# What drives the browser, and unzips in node, in build-check/node.
install_node_modules() {
	local lock=$here/tests/functional/browser/package-lock.json
	local folder=$out/node
	if ! cmp -s "$lock" "$folder/installed.json"; then
		logged "$logs/npm.log" npm_install "$folder" "${lock%/*}" || {
			can_do_without "packages from npm" "see $logs/npm.log"
			return
		}
		cp "$lock" "$folder/installed.json"
	fi
	export FCGI_STREAM_NODE_MODULES=$folder/node_modules
}

# npm_install FOLDER SOURCE: installs what the package.json in SOURCE names.
npm_install() {
	rm -rf "$1" && mkdir -p "$1" && cd "$1" &&
		cp "$2/package.json" "$2/package-lock.json" . &&
		timeout 300 npm ci --ignore-scripts --no-audit --no-fund \
			--fetch-retries=1 --fetch-timeout=60000
}

main() {
	local quick=
	case ${1-} in
	'') ;;
	--quick) quick=1 ;;
	-h | --help)
		usage
		exit 0 ;;
	*)
		usage >&2
		exit 2 ;;
	esac
	export LC_ALL=C.UTF-8 VERBOSE=1
	PATH=$PATH:/usr/sbin:/sbin
	mkdir -p "$logs" || exit 1
	rm -f "$logs"/*.log "$results" "$out"/*.cache
	trap stop_all EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	install_packages || {
		show_log "$logs/packages.log"
		echo "0 passed, 1 failed, 0 skipped"
		exit 1
	}
	install_peers
	source=$(build_source "$here" "$out") || die "could not copy $here"
	cd "$source" || exit 1
	if step "autogen.sh" ./autogen.sh; then
		check_scripts
		if [ -n "$quick" ]; then
			check_gcc
		else
			check_all
		fi
	fi
	show_skipped
	echo "total time: $SECONDS s"
	show_sum
}

main "$@"
