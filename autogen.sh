#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes ./configure from configure.ac.
set -e
cd "$(dirname "$0")"
if ! command -v autoreconf >/dev/null; then
	echo "autogen.sh: autoreconf is missing. On Debian:" \
		"apt-get install autoconf automake autoconf-archive pkg-config" >&2
	exit 1
fi
mkdir -p m4
exec autoreconf --install --force
