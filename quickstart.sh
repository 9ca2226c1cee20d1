#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds fcgi-stream and serves a folder with it, with nginx in front.
set -u
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P) || exit 1
# shellcheck source=scripts/setup-lib.sh
. "$here/scripts/setup-lib.sh"

build=$here/build-quickstart
program=${FCGI_STREAM:-$build/fcgi-stream}
run=			# temporary folder of this run
log=			# of fcgi-stream
folder=			# what is served
as_server=()		# how to become the user who serves
nginx_pid=
stream_pid=
tail_pid=
asked_to_stop=

usage() {
	cat <<'END'
usage: ./quickstart.sh [DIR]

Installs what is missing, builds fcgi-stream, starts it with nginx in front
on a port of 127.0.0.1 and prints the address. Serves DIR, with listings and
ZIP archives of its folders, or sample files and a page that shows each action.
Ctrl-C stops everything.

environment:
  PORT         the port to use (default: 8080, or another one if it is taken)
  TMPDIR       where the temporary folder goes (default: /var/tmp)
  FCGI_STREAM  a program to start instead of building one
END
}

# --- build -------------------------------------------------------------------

install_packages() {
	echo "[1/3] packages"
	if ! command -v dpkg-query >/dev/null; then
		echo "  this is not Debian: hoping that all is installed"
		return
	fi
	local packages=(python3 nginx)
	[ -n "${FCGI_STREAM-}" ] || packages+=("${build_packages[@]}")
	need_packages "$build/packages.log" "${packages[@]}" && return
	show_log "$build/packages.log"
	die "could not install the packages"
}

configure_program() {
	[ "$source/configure" -nt "$source/configure.ac" ] ||
		"$source/autogen.sh" || return
	[ -e Makefile ] || "$source/configure" --disable-unit-tests
}

build_program() {
	echo "[2/3] build"
	[ -z "${FCGI_STREAM-}" ] || return
	local source
	source=$(build_source "$here" "$build") || die "could not copy $here"
	# Each folder is configured for one place of the source.
	[ "$source" = "$here" ] || build=$build/of-copy
	program=$build/fcgi-stream
	mkdir -p "$build" && cd "$build" || exit 1
	logged configure.log configure_program || {
		show_log configure.log
		die "could not configure (all of it: $build/configure.log)"
	}
	logged make.log make -j"$(nproc)" fcgi-stream || {
		show_log make.log
		die "could not build (all of it: $build/make.log)"
	}
}

# --- run ---------------------------------------------------------------------

make_run_folder() {
	run=$(mktemp -d "${TMPDIR:-/var/tmp}/fcgi-stream.XXXXXX") ||
		die "could not make a temporary folder"
	chmod 755 "$run"
	# The address of a socket has room for 107 characters.
	[ ${#run} -le 80 ] || die "TMPDIR is too long: $run"
	log=$run/fcgi-stream.log
}

# The log is one of the samples: a file that grows.
make_samples() {
	[ -z "$folder" ] || return
	folder=$run/samples
	"$here/scripts/make-samples.py" "$folder" ||
		die "could not make the sample files in $folder"
	log=$folder/files/requests.log
}

# Root gives up its rights, unless nobody else can read the folder.
choose_user() {
	[ "$(id -u)" -eq 0 ] || return
	local name try
	for name in www-data "$(stat -c %U -- "$folder")"; do
		[ "$name" != root ] || continue
		try=(setpriv "--reuid=$name" --init-groups
			"--regid=$(id -g "$name" 2>/dev/null)")
		if "${try[@]}" test -r "$folder" -a -x "$folder" \
			2>/dev/null; then
			as_server=("${try[@]}")
			chown "$name" "$run"
			return
		fi
	done
	echo "  note: only root can read $folder, so root serves it"
}

# A port that is free now.
free_port() {
	python3 - <<'END'
import socket
with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    print(s.getsockname()[1])
END
}

# wait_for PID LOG COMMAND...: until the command succeeds.
wait_for() {
	local pid=$1 log=$2 end=$((SECONDS + 15))
	shift 2
	until "$@" 2>/dev/null; do
		if ! kill -0 "$pid" 2>/dev/null || [ $SECONDS -ge $end ]; then
			show_log "$log"
			die "could not start"
		fi
		sleep 0.1
	done
}

# Each program gets a session of its own: Ctrl-C comes to this script alone,
# which then stops them in order.
start_stream() {
	# The checkout may be in a folder that the serving user cannot enter.
	cp "$program" "$run/fcgi-stream" || die "could not copy $program"
	setsid "${as_server[@]}" "$run/fcgi-stream" --root="$folder" --probe \
		--listen="unix:$run/fcgi-stream.sock" --drain-timeout=2s \
		</dev/null >"$log" 2>&1 &
	stream_pid=$!
	wait_for $stream_pid "$log" grep -q ' ready: ' "$log"
}

# start_nginx PORT: returns 1 if another program has the port.
start_nginx() {
	local user=root
	[ "$(id -u)" -eq 0 ] && [ ${#as_server[@]} -eq 0 ] || user=other
	"$here/scripts/nginx-conf" "127.0.0.1:$1" "$run/fcgi-stream.sock" \
		"$folder" "$run" $user \
		<"$here/examples/nginx-actions.conf" >"$run/nginx.conf" ||
		die "could not make nginx's configuration"
	setsid "${as_server[@]}" nginx -p "$run" -c "$run/nginx.conf" \
		-e stderr -g 'daemon off;' \
		</dev/null >"$run/nginx.log" 2>&1 &
	nginx_pid=$!
	# It writes its pid when it has the port.
	(wait_for $nginx_pid "$run/nginx.log" test -s "$run/nginx.pid") \
		>"$run/start.log" 2>&1 && return
	grep -q 'Address already in use' "$run/nginx.log" && return 1
	cat "$run/start.log" >&2
	exit 1
}

# Sets port to the one that nginx got.
start_nginx_somewhere() {
	port=${PORT:-8080}
	[[ $port =~ ^[1-9][0-9]{0,4}$ ]] && [ "$port" -le 65535 ] ||
		die "PORT=\"$port\": not a port, which is 1 to 65535"
	start_nginx "$port" && return
	[ -z "${PORT-}" ] ||
		die "PORT=\"$port\": another program listens there"
	local try
	for try in 1 2 3; do
		port=$(free_port) || exit 1
		start_nginx "$port" && break
		[ "$try" -lt 3 ] || die "found no free port"
	done
	echo "  port 8080 is taken, so this is port $port"
}

start_all() {
	echo "[3/3] start"
	local port
	make_run_folder
	make_samples
	choose_user
	start_stream
	start_nginx_somewhere
	trap 'asked_to_stop=1; printf "\nstopping\n"; exit 0' INT TERM HUP
	show_address "http://127.0.0.1:$port"
	show_files "http://127.0.0.1:$port"
}

show_address() {
	printf '\nfcgi-stream is running. Open this in a browser:\n\n    %s/\n\n' \
		"$1"
}

# Prints the addresses of a few files. What the front has other uses for, what
# the server may not read and what a link has elsewhere are left out.
show_files() {
	# The server may have no right to run what root's own path leads to.
	PATH=/usr/bin:/bin:$PATH "${as_server[@]}" python3 - "$folder" "$1" \
		<<'END'
import os, sys, urllib.parse

folder, address = os.path.realpath(sys.argv[1]), sys.argv[2]
USED = ("zip", "joined", "live")

def is_served(path):
    real = os.path.realpath(path)
    return os.path.isfile(real) and os.access(real, os.R_OK) \
        and os.path.commonpath([folder, real]) == folder

names = []
for top, folders, files in os.walk(folder):
    folders[:] = sorted(f for f in folders if f[0] != "."
                        and not (top == folder and f in USED))
    names += [os.path.relpath(os.path.join(top, f), folder)
              for f in sorted(files)
              if f[0] != "." and is_served(os.path.join(top, f))]
    if len(names) > 8:
        break
if names:
    print("Files:")
for name in names[:8]:
    print(f"    {address}/{urllib.parse.quote(os.fsencode(name))}")
if len(names) > 8:
    print("    ...")
END
	cat <<END

Served folder: $folder
Ctrl-C stops it. Each request shows below.

END
}

# kill -0 for a whole session that was started here.
alive() {
	[ -n "$1" ] && kill -0 -- "-$1" 2>/dev/null
}

stop_all() {
	trap '' INT TERM HUP
	local pid end=$((SECONDS + 5))
	[ -z "$nginx_pid" ] || kill -TERM "$nginx_pid" 2>/dev/null
	[ -z "$stream_pid" ] || kill -TERM "$stream_pid" 2>/dev/null
	while alive "$nginx_pid" || alive "$stream_pid"; do
		[ $SECONDS -lt $end ] || break
		sleep 0.1
	done
	for pid in $nginx_pid $stream_pid; do
		kill -KILL -- "-$pid" 2>/dev/null
	done
	[ -z "$tail_pid" ] || kill "$tail_pid" 2>/dev/null
	[ -z "$run" ] || rm -rf "$run"
	[ -z "$asked_to_stop" ] || echo "stopped"
}

# Shows the requests until a program ends by itself, which is a failure.
serve() {
	tail -n 0 -f "$log" &
	tail_pid=$!
	local ended='' status name=nginx
	wait -n -p ended "$stream_pid" "$nginx_pid" 2>/dev/null
	status=$?
	[ "$ended" != "$stream_pid" ] || name=fcgi-stream
	echo "quickstart.sh: $name ended with status $status" >&2
	show_log "$log"
	show_log "$run/nginx.log"
	[ ! -s "$run/error.log" ] || show_log "$run/error.log"
	exit 1
}

main() {
	case ${1-} in
	-h | --help)
		usage
		exit 0 ;;
	-*)
		usage >&2
		exit 2 ;;
	esac
	[ $# -le 1 ] || { usage >&2; exit 2; }
	if [ $# -eq 1 ]; then
		folder=$(cd -- "$1" 2>/dev/null && pwd -P) ||
			die "no such folder, or no right to enter it: $1"
	fi
	if [ -z "${FCGI_STREAM-}" ]; then
		mkdir -p "$build" || exit 1
		[ -w "$build" ] || die "cannot write to $build"
	fi
	PATH=$PATH:/usr/sbin:/sbin
	install_packages
	build_program
	trap stop_all EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	start_all
	serve
}

main "$@"
