# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What quickstart.sh, check.sh and bench/run.sh share: packages, progress, logs.

# What the program is built of.
# shellcheck disable=SC2034
build_packages=(gcc libc6-dev make autoconf automake autoconf-archive
	pkg-config libfcgi-dev libaio-dev libuv1-dev libsystemd-dev
	libsodium-dev libjansson-dev libdeflate-dev libarchive-dev
	libcurl4-openssl-dev)

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# How often a running command shows a line where there is no terminal.
progress_seconds=10

# Shows the lines of a running command in short: on a terminal in one line
# that is written over and over, elsewhere a line now and then.
progress() {
	local line next=$((SECONDS + progress_seconds))
	while IFS= read -r line || [ -n "$line" ]; do
		if [ -t 1 ]; then
			printf '\r\033[K    %.70s' "${line//[[:cntrl:]]/ }"
		elif [ "$SECONDS" -ge "$next" ]; then
			printf '    %.70s\n' "$line"
			next=$((SECONDS + progress_seconds))
		fi
	done
	[ ! -t 1 ] || printf '\r\033[K'
}

# logged LOG COMMAND...: runs the command with its output in LOG and progress
# on the screen. Returns the command's status.
logged() {
	local log=$1
	shift
	"$@" </dev/null 2>&1 | tee "$log" | progress
	return "${PIPESTATUS[0]}"
}

# The last lines of a log, for a step that failed.
show_log() {
	printf -- '--- the last lines of %s:\n' "$1"
	tail -n "${2:-40}" "$1"
	printf -- '---\n'
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

# build_source SOURCE BUILD: prints the folder to build from. Where ./configure
# was run in SOURCE, no other folder can be built in, so it is a copy in BUILD,
# without what was built there.
build_source() {
	local copy=$2/source
	if [ ! -e "$1/config.status" ]; then
		printf '%s\n' "$1"
		return
	fi
	rm -rf "$copy" && mkdir -p "$copy" || return
	# Times count: make would run autoconf again.
	tar -C "$1" --format=posix --exclude=./.git --exclude=./build-check \
		--exclude=./build-quickstart --exclude=./build-bench -cf - . |
		tar -C "$copy" -xf - || return
	make -C "$copy" distclean >"$2/source.log" 2>&1 || return
	printf '%s\n' "$copy"
}

# Prints those of the named packages that are not installed.
missing_packages() {
	local name
	for name in "$@"; do
		[ "$(dpkg-query -W -f='${db:Status-Status}' "$name" \
			2>/dev/null)" = installed ] || printf '%s\n' "$name"
	done
}

# True if apt-get has package lists and refreshed them within a day.
package_lists_fresh() {
	local lists=/var/lib/apt/lists
	[ -n "$(find $lists -maxdepth 1 -name '*_Packages*' -print -quit \
		2>/dev/null)" ] &&
	[ -n "$(find $lists -maxdepth 1 -name partial -mtime -1 2>/dev/null)" ]
}

apt_get() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 "$@"
}

# Installs packages. Services that come with them are not started: while it
# runs, a policy says no to each start. A web server that was not there before
# is not started by the next boot either.
# shellcheck disable=SC2016
apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive sh -c '
		policy=/usr/sbin/policy-rc.d
		if [ ! -e $policy ]; then
			trap "rm -f $policy" EXIT
			trap "exit 130" INT TERM HUP
			printf "#!/bin/sh\nexit 101\n" >$policy
			chmod 755 $policy
		fi
		apt-get -q -y -o DPkg::Lock::Timeout=300 \
			install --no-install-recommends "$@" || exit
		command -v systemctl >/dev/null || exit 0
		for service in nginx lighttpd haproxy caddy; do
			case " $* " in
			*" $service "*) systemctl disable $service ;;
			esac
		done
		exit 0' sh "$@"
}

cannot_install() {
	die "these Debian packages are missing: $*
Run this script as root or as a user with sudo, or install them with:
    apt-get install $*"
}

# need_packages LOG NAME...: installs those of the packages that are missing.
# Returns 1 if they cannot be had; the reason is in LOG.
need_packages() {
	local log=$1 missing
	shift
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null || cannot_install "${missing[@]}"
		sudo -v || cannot_install "${missing[@]}"
	fi
	printf '  installing %s\n' "${missing[*]}"
	# What cannot be refreshed may still be good enough to install from.
	package_lists_fresh || logged "$log" apt_get update || :
	logged "$log" apt_install "${missing[@]}" && return 0
	# Old lists name versions that are gone.
	logged "$log" apt_get update || :
	logged "$log" apt_install "${missing[@]}"
}
