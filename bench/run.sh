#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds fcgi-stream and its peers, and measures them side by side.
set -u
umask 022
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
# shellcheck source=scripts/setup-lib.sh
. "$top/scripts/setup-lib.sh"

build=$top/build-bench
# The peers; a row does without those that are missing.
bench_packages=(python3 php-fpm twiggy libanyevent-aio-perl starman nginx fio
	gnuplot-nox)
programs=(fcgi-stream bench/fcgi_load bench/peers/libfcgi_threads
	bench/peers/null_backend bench/peers/sendfile_backend)

usage() {
	cat <<'END'
usage: bench/run.sh [option ...]

  --quick           a look, under eight minutes (default)
  --full            for figures to publish, under forty minutes
  --install         install the Debian packages that are missing
  --only=ROW[,ROW]  only these rows (or all whose names begin so)
  --rounds=N        how often each row is measured
  --seconds=S       how long a run on files in the page cache takes
  --out=DIR         where results.json and the plots go
                    (default: build-bench/results)
  --files=DIR       where the test files go for a while: on the disk to
                    measure, 7 GiB with --full (default: build-bench/files)
  --update=PAGE     put the tables into this page (docs/PERFORMANCE.md)

Everything is built in build-bench/. docs/PERFORMANCE.md tells what the rows
are. Ctrl-C stops it and leaves nothing behind.

environment:
  FCGI_STREAM     another fcgi-stream to measure instead of the one built
END
}

install_packages() {
	local name
	mkdir -p "$build"
	need_packages "$build/packages.log" "${build_packages[@]}" ||
		die "see $build/packages.log"
	for name in "${bench_packages[@]}"; do
		(need_packages "$build/package-$name.log" "$name") ||
			printf 'note: without %s\n' "$name" >&2
	done
}

# Optimised, without sanitizers and without tests.
build_programs() {
	[ -x "$source/configure" ] || "$source/autogen.sh" || return
	mkdir -p "$build" && cd "$build" || return
	[ -f Makefile ] || "$source/configure" -q --disable-unit-tests \
		CFLAGS='-g -O2' || return
	make -s -j"$(nproc)" "${programs[@]}"
}

main() {
	local install=false word source arguments=()
	for word in "$@"; do
		case $word in
		-h | --help)
			usage
			exit 0 ;;
		--install) install=true ;;
		--quick | --full | --only=* | --rounds=* | --seconds=* | \
			--out=* | --files=* | --update=*)
			arguments+=("$word") ;;
		*)
			usage >&2
			exit 2 ;;
		esac
	done
	! $install || install_packages
	mkdir -p "$build"
	source=$(build_source "$top" "$build") || die "cannot copy $top"
	# Each folder is configured for one place of the source.
	[ "$source" = "$top" ] || build=$build/of-copy
	(build_programs) >&2 || die "cannot build; see above"
	export FCGI_STREAM=${FCGI_STREAM:-$build/fcgi-stream}
	exec python3 "$top/bench/bench.py" --load="$build/bench/fcgi_load" \
		--out="$build/results" --files="$build/files" \
		"${arguments[@]}"
}

main "$@"
