#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Usage: tests/fuzz/run.sh SECONDS
#
# Runs each fuzz entry with libFuzzer for some seconds, beginning with its
# corpus, one TAP test point per entry. To be run in the folder of a build that
# was configured with --enable-fuzz; reads
#   FUZZ_NAMES  names of the entries; by default all
#   srcdir      the top of the source tree; by default where this script is
#
# New inputs go to a temporary folder, so the sources are not written to. An
# input that makes an entry fail is kept as tests/fuzz/NAME-crash-..., and the
# output as tests/fuzz/NAME.log, both in the build folder.
set -u

bail_out()
{
	echo "Bail out! $*"
	exit 99
}

seconds=${1:-}
case $seconds in
'' | *[!0-9]*) bail_out 'usage: tests/fuzz/run.sh SECONDS' ;;
esac
# Zero would be for ever.
[ "$seconds" -gt 0 ] || bail_out 'SECONDS must be above 0'

srcdir=${srcdir:-$(dirname "$0")/../..}
corpora=$srcdir/tests/fuzz/corpus
unset FUZZ_ENTRY
# shellcheck disable=SC2046 # a list of words
set -- ${FUZZ_NAMES:-$(./tests/fuzz/fuzz)}
[ $# -gt 0 ] || bail_out './tests/fuzz/fuzz names no entries'

scratch=$(mktemp -d) || bail_out 'no temporary folder'
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

# Fuzz the entry $1; says why not on standard output.
fuzz()
{
	log=tests/fuzz/$1.log
	mkdir "$scratch/$1" || return 1
	if ! cp "$corpora/$1"/* "$scratch/$1/" 2>/dev/null; then
		echo "# no files in $corpora/$1"
		return 1
	fi
	FUZZ_ENTRY=$1 ./tests/fuzz/fuzz "$scratch/$1" \
		-max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 \
		-max_len=65536 -print_final_stats=1 \
		-artifact_prefix="tests/fuzz/$1-" >"$log" 2>&1
	status=$?
	if [ $status -ne 0 ]; then
		echo "# status $status, see $log; its last lines are:"
		tail -n 20 "$log" | sed 's/^/# /'
		return 1
	fi
	sed -n 's/^stat::number_of_executed_units: */# inputs tried: /p' "$log"
	# A program without libFuzzer has replayed the options as files.
	grep -q '^stat::number_of_executed_units' "$log" && return 0
	echo '# tests/fuzz/fuzz was built without libFuzzer'
	return 1
}

echo "1..$#"
number=0
failed=0
for name in "$@"; do
	number=$((number + 1))
	if fuzz "$name"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		failed=1
	fi
done
exit $failed
