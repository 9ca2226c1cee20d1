#!/bin/bash
# SPDX-License-Identifier: MIT
# Builds fcgi-stream and serves a folder with it, behind nginx.
set -u
umask 022
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P) || exit 1
# shellcheck source=scripts/setup-lib.sh
. "$here/scripts/setup-lib.sh"

build=$here/build-quickstart
run=			# temporary folder of this run
folder=			# what is served
as_server=()		# how to become the user who serves
nginx_pid=
stream_pid=
tail_pid=

usage() {
	cat <<'END'
usage: ./quickstart.sh [DIR]

Installs what is missing, builds fcgi-stream, starts it with nginx in front
on a port of 127.0.0.1 and prints the address. Serves DIR, or a folder of
sample files. Ctrl-C stops everything.

environment:
  PORT    the port to use (default: 8080, or another one if that is taken)
  TMPDIR  where the temporary folder goes (default: /var/tmp)
END
}

# --- build -------------------------------------------------------------------

install_packages() {
	echo "[1/3] packages"
	if ! command -v dpkg-query >/dev/null; then
		echo "  this is not Debian: hoping that all is installed"
		return
	fi
	need_packages "$build/packages.log" \
		"${build_packages[@]}" python3 nginx && return
	show_log "$build/packages.log"
	die "could not install the packages"
}

configure_program() {
	[ "$here/configure" -nt "$here/configure.ac" ] || "$here/autogen.sh" ||
		return
	[ -e Makefile ] || ../configure --disable-unit-tests
}

build_program() {
	echo "[2/3] build"
	cd "$build" || exit 1
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
}

make_samples() {
	[ -z "$folder" ] || return
	folder=$run/samples
	"$here/scripts/make-samples.py" "$folder" ||
		die "could not make the sample files in $folder"
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

choose_port() {
	python3 - "${PORT:-}" <<'END'
import socket, sys

def free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", port))
        return s.getsockname()[1]

wanted = sys.argv[1]
try:
    print(free(int(wanted or 8080)))
except OSError as error:
    if wanted:
        sys.exit(f"quickstart.sh: PORT={wanted}: {error.strerror}")
    print(free(0))
except (OverflowError, ValueError):
    sys.exit(f"quickstart.sh: PORT={wanted} is not the number of a port")
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

answers() {
	: <>"/dev/tcp/127.0.0.1/$1"
}

# Each program gets a session of its own: Ctrl-C comes to this script alone,
# which then stops them in order.
start_stream() {
	# The checkout may be in a folder that the serving user cannot enter.
	cp "$build/fcgi-stream" "$run/fcgi-stream" || die "could not copy"
	setsid "${as_server[@]}" "$run/fcgi-stream" --root="$folder" \
		--listen="unix:$run/fcgi-stream.sock" --drain-timeout=2s \
		</dev/null >"$run/fcgi-stream.log" 2>&1 &
	stream_pid=$!
	wait_for $stream_pid "$run/fcgi-stream.log" \
		grep -q ' ready: ' "$run/fcgi-stream.log"
}

start_nginx() {
	local port=$1 user=root
	[ "$(id -u)" -eq 0 ] && [ ${#as_server[@]} -eq 0 ] || user=other
	PATH=$PATH:/usr/sbin:/sbin
	"$here/scripts/nginx-conf" "127.0.0.1:$port" "$run/fcgi-stream.sock" \
		"$folder" "$run" $user \
		<"$here/nginx-example.conf" >"$run/nginx.conf" ||
		die "could not make nginx's configuration"
	setsid "${as_server[@]}" nginx -p "$run" -c "$run/nginx.conf" \
		-e stderr -g 'daemon off;' \
		</dev/null >"$run/nginx.log" 2>&1 &
	nginx_pid=$!
	wait_for $nginx_pid "$run/nginx.log" answers "$port"
}

start_all() {
	echo "[3/3] start"
	local port
	make_run_folder
	make_samples
	choose_user
	port=$(choose_port) || exit 1
	start_stream
	start_nginx "$port"
	trap 'printf "\nstopped\n"; exit 0' INT TERM HUP
	show_address "http://127.0.0.1:$port"
	show_files "http://127.0.0.1:$port"
}

show_address() {
	printf '\nfcgi-stream is running. Open this in a browser:\n\n    %s/\n\n' \
		"$1"
	[ -e "$folder/index.html" ] || printf '%s\n\n' \
		"or rather one of the files: there is no index.html"
}

show_files() {
	python3 - "$folder" "$1" <<'END'
import os, sys, urllib.parse

folder, address = sys.argv[1:]
names = []
for top, folders, files in os.walk(folder):
    folders.sort()
    names += [os.path.relpath(os.path.join(top, f), folder)
              for f in sorted(files)]
    if len(names) > 8:
        break
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
}

# Shows the requests until a program ends by itself, which is a failure.
serve() {
	tail -n 0 -f "$run/fcgi-stream.log" &
	tail_pid=$!
	local ended='' status name=nginx
	wait -n -p ended "$stream_pid" "$nginx_pid" 2>/dev/null
	status=$?
	[ "$ended" != "$stream_pid" ] || name=fcgi-stream
	echo "quickstart.sh: $name ended with status $status" >&2
	show_log "$run/fcgi-stream.log"
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
	mkdir -p "$build" || exit 1
	[ -w "$build" ] || die "cannot write to $build"
	install_packages
	build_program
	trap stop_all EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	start_all
	serve
}

main "$@"
