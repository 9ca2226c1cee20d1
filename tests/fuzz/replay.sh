#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Replays the corpus of each fuzz entry, one TAP test point per entry; that of
# NAME is tests/fuzz/corpus/NAME in the sources. Run by "make check" in the
# build folder, with
#   srcdir      the top of the source tree (the current folder by default)
set -u

corpora=${srcdir:-.}/tests/fuzz/corpus
unset FUZZ_ENTRY
# A corpus without an entry is of no use: it fails as one.
names=$({ ./tests/fuzz/fuzz && ls "$corpora"; } | sort -u)
# shellcheck disable=SC2086 # a list of words
set -- $names
if [ $# -eq 0 ]; then
	echo 'Bail out! no fuzz entries'
	exit 99
fi

log=$(mktemp) || exit 99
trap 'rm -f "$log"' EXIT
trap 'exit 99' HUP INT TERM

# Whether folder $1 holds a file.
has_files()
{
	[ -n "$(find "$1" -maxdepth 1 -type f 2>/dev/null | head -n 1)" ]
}

# Replay the corpus of $1; says why not on standard output.
replay()
{
	if ! has_files "$corpora/$1"; then
		echo "# no files in $corpora/$1"
		return 1
	fi
	FUZZ_ENTRY=$1 ./tests/fuzz/fuzz "$corpora/$1"/* >"$log" 2>&1 &&
		return 0
	echo "# status $?, the last lines are:"
	tail -n 20 "$log" | sed 's/^/# /'
	return 1
}

echo "1..$#"
number=0
failed=0
for name in "$@"; do
	number=$((number + 1))
	if replay "$name"; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		failed=1
	fi
done
exit $failed
