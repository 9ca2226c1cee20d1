# SPDX-License-Identifier: MIT
# The load generator: only the tests and those who measure want it.
libload_a_SOURCES = \
	%D%/load/load_address.c %D%/load/load_address.h \
	%D%/load/load_client.c %D%/load/load_client.h \
	%D%/load/load_clock.h \
	%D%/load/load_counts.c %D%/load/load_counts.h \
	%D%/load/load_fcgi.c \
	%D%/load/load_head.c %D%/load/load_head.h \
	%D%/load/load_histogram.c %D%/load/load_histogram.h \
	%D%/load/load_http.c \
	%D%/load/load_options.c %D%/load/load_options.h \
	%D%/load/load_pace.c %D%/load/load_pace.h \
	%D%/load/load_report.c %D%/load/load_report.h \
	%D%/load/load_request.c %D%/load/load_request.h \
	%D%/load/load_response.c %D%/load/load_response.h \
	%D%/load/load_run.c %D%/load/load_run.h \
	%D%/load/load_wheel.c %D%/load/load_wheel.h

# Built by "make check" too, as a test runs a row of the benchmark.
check_PROGRAMS += \
	%D%/fcgi_load \
	%D%/peers/libfcgi_threads \
	%D%/peers/null_backend \
	%D%/peers/sendfile_backend
bench_fcgi_load_LDADD = libload.a libstream.a $(JANSSON_LIBS)
bench_peers_libfcgi_threads_CFLAGS = $(AM_CFLAGS) -pthread
bench_peers_libfcgi_threads_LDADD = libstream.a $(FCGI_LIBS) -lpthread
bench_peers_null_backend_SOURCES = %D%/peers/null_backend.c \
	%D%/peers/fcgi_loop.c %D%/peers/fcgi_loop.h
bench_peers_null_backend_LDADD = libstream.a
bench_peers_sendfile_backend_SOURCES = %D%/peers/sendfile_backend.c \
	%D%/peers/fcgi_loop.c %D%/peers/fcgi_loop.h
bench_peers_sendfile_backend_LDADD = libstream.a

# Small measurements: "make bench/micro/NAME".
EXTRA_PROGRAMS = %D%/micro/cached_read %D%/micro/copy_offset
bench_micro_cached_read_LDADD = $(AIO_LIBS)
bench_micro_copy_offset_LDADD =

EXTRA_DIST += %D%/run.sh \
	%D%/bench.py \
	%D%/files.py \
	%D%/front.py \
	%D%/load.py \
	%D%/machine.py \
	%D%/measure.py \
	%D%/peer.py \
	%D%/plots.py \
	%D%/report.py \
	%D%/row.py \
	%D%/rows_cold.py \
	%D%/rows_hot.py \
	%D%/rows_streams.py \
	%D%/peers/php-fpm.conf \
	%D%/peers/proxy.conf \
	%D%/peers/readfile.php \
	%D%/peers/starman.psgi \
	%D%/peers/twiggy.psgi \
	%D%/plots/growth-bytes.gp \
	%D%/plots/growth-streams.gp \
	%D%/plots/latency.gp \
	%D%/plots/ratios.gp \
	%D%/plots/style.gp

.PHONY: bench
bench:
	$(top_srcdir)/%D%/run.sh --quick
