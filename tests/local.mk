# SPDX-License-Identifier: MIT
# Every test program speaks TAP; the driver counts each case. One that lasts
# too long is ended, which is a failure, as its plan has more cases then.
TIME_LIMIT = timeout --kill-after=60 3600
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) \
	$(top_srcdir)/build-aux/tap-driver.sh
PY_LOG_DRIVER = $(LOG_DRIVER)
SH_LOG_DRIVER = $(LOG_DRIVER)
# Their status says again what the cases have said.
AM_PY_LOG_DRIVER_FLAGS = --ignore-exit
AM_SH_LOG_DRIVER_FLAGS = --ignore-exit
TEST_EXTENSIONS = .py .sh
LOG_COMPILER = $(TIME_LIMIT) $(SHELL) $(srcdir)/%D%/unit/run.sh
PY_LOG_COMPILER = $(TIME_LIMIT) $(PYTHON)
SH_LOG_COMPILER = $(TIME_LIMIT) $(SHELL)
AM_TESTS_ENVIRONMENT = \
	CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE; \
	FCGI_STREAM='$(abs_top_builddir)/fcgi-stream$(EXEEXT)'; \
	export FCGI_STREAM; \
	FCGI_LOAD='$(abs_top_builddir)/bench/fcgi_load$(EXEEXT)'; \
	export FCGI_LOAD; \
	FCGI_STREAM_BUILD='$(CC) $(FS_CFLAGS) $(CFLAGS)'; \
	export FCGI_STREAM_BUILD;

# --- unit tests: each is one file, linked with what it uses of these ---------
LDADD = libunit.a libload.a libdoctor.a libapp.a libstream.a \
	$(CMOCKA_LIBS) $(SERVER_LIBS)
unit_tests = \
	%D%/unit/test_chunk_pool \
	%D%/unit/test_escaped_text \
	%D%/unit/test_memory_budget \
	%D%/unit/test_parse_number \
	%D%/unit/test_turn_end \
	%D%/unit/test_turnstile \
	%D%/unit/test_utf8 \
	%D%/unit/action_api/test_action \
	%D%/unit/action_api/test_action_body \
	%D%/unit/action_api/test_action_drain \
	%D%/unit/action_api/test_action_ends \
	%D%/unit/action_api/test_action_events \
	%D%/unit/action_api/test_action_handle \
	%D%/unit/action_api/test_action_head \
	%D%/unit/action_api/test_action_mistakes \
	%D%/unit/action_api/test_action_open \
	%D%/unit/actions/test_dispatch \
	%D%/unit/actions/archive/test_archive_form \
	%D%/unit/actions/archive/test_archive_layout \
	%D%/unit/actions/archive/test_compressor \
	%D%/unit/actions/archive/test_crc_cache \
	%D%/unit/actions/archive/test_crc_finder \
	%D%/unit/actions/archive/test_crc_reader \
	%D%/unit/actions/archive/test_crc_source \
	%D%/unit/actions/archive/test_missing_files \
	%D%/unit/actions/archive/test_tar_format \
	%D%/unit/actions/archive/test_zip_format \
	%D%/unit/actions/archive/test_zip_name \
	%D%/unit/actions/concat/test_member_sequence \
	%D%/unit/actions/concat/test_small_file \
	%D%/unit/actions/follow/test_event_lines \
	%D%/unit/actions/follow/test_event_stream \
	%D%/unit/actions/follow/test_follow_chain \
	%D%/unit/actions/follow/test_follow_events \
	%D%/unit/actions/follow/test_follow_file \
	%D%/unit/actions/follow/test_follow_hub \
	%D%/unit/actions/follow/test_follow_identity \
	%D%/unit/actions/follow/test_follow_past \
	%D%/unit/actions/follow/test_follow_query \
	%D%/unit/actions/follow/test_follow_range \
	%D%/unit/actions/follow/test_follow_source \
	%D%/unit/actions/follow/test_follow_watch_rotation \
	%D%/unit/actions/follow/test_last_lines \
	%D%/unit/actions/follow/test_rotated_name \
	%D%/unit/actions/list/test_list_entries \
	%D%/unit/actions/list/test_list_form \
	%D%/unit/actions/list/test_list_html \
	%D%/unit/actions/list/test_list_json \
	%D%/unit/actions/list/test_list_order \
	%D%/unit/actions/list/test_list_query \
	%D%/unit/actions/list/test_listing \
	%D%/unit/actions/list/test_natural_order \
	%D%/unit/actions/list/test_size_text \
	%D%/unit/actions/list/test_text_out \
	%D%/unit/actions/probe/test_probe_board \
	%D%/unit/actions/probe/test_probe_json \
	%D%/unit/actions/probe/test_probe_query \
	%D%/unit/actions/probe/test_probe_source \
	%D%/unit/bench/test_load_counts \
	%D%/unit/bench/test_load_histogram \
	%D%/unit/bench/test_load_options \
	%D%/unit/bench/test_load_pace \
	%D%/unit/bench/test_load_response \
	%D%/unit/bench/test_load_wheel \
	%D%/unit/command/test_digest_file \
	%D%/unit/command/test_progress_line \
	%D%/unit/connection/test_connection \
	%D%/unit/connection/test_connection_input \
	%D%/unit/connection/test_connection_state \
	%D%/unit/connection/test_peer_timer \
	%D%/unit/doctor/test_doctor_advice \
	%D%/unit/doctor/test_doctor_probe \
	%D%/unit/doctor/test_doctor_url \
	%D%/unit/fcgi/test_byte_queue \
	%D%/unit/fcgi/test_end_gate \
	%D%/unit/fcgi/test_fcgi_batch \
	%D%/unit/fcgi/test_fcgi_management \
	%D%/unit/fcgi/test_fcgi_output \
	%D%/unit/fcgi/test_fcgi_pairs \
	%D%/unit/fcgi/test_fcgi_params \
	%D%/unit/fcgi/test_fcgi_record \
	%D%/unit/fcgi/test_fcgi_scan \
	%D%/unit/fcgi/test_writer_fcgi \
	%D%/unit/file/test_aio_file \
	%D%/unit/file/test_file_guard \
	%D%/unit/file/test_file_identity \
	%D%/unit/file/test_file_open \
	%D%/unit/file/test_file_open_now \
	%D%/unit/file/test_file_open_refused \
	%D%/unit/file/test_file_open_variants \
	%D%/unit/file/test_file_table \
	%D%/unit/file/test_file_version \
	%D%/unit/file/test_file_windows \
	%D%/unit/file/test_folder_reader \
	%D%/unit/file/test_root_folder \
	%D%/unit/members/test_member_list \
	%D%/unit/members/test_member_search \
	%D%/unit/members/test_member_search_limits \
	%D%/unit/members/test_member_seen \
	%D%/unit/members/test_member_source \
	%D%/unit/members/test_member_source_changes \
	%D%/unit/members/test_name_list \
	%D%/unit/members/test_name_list_job \
	%D%/unit/members/test_parts_etag \
	%D%/unit/policy/test_accept \
	%D%/unit/policy/test_byte_range \
	%D%/unit/policy/test_byte_range_sets \
	%D%/unit/policy/test_content_coding \
	%D%/unit/policy/test_content_disposition \
	%D%/unit/policy/test_cors \
	%D%/unit/policy/test_digest_record \
	%D%/unit/policy/test_etag \
	%D%/unit/policy/test_expires \
	%D%/unit/policy/test_field_value \
	%D%/unit/policy/test_http_date \
	%D%/unit/policy/test_http_status \
	%D%/unit/policy/test_if_range \
	%D%/unit/policy/test_media_type \
	%D%/unit/policy/test_media_type_table \
	%D%/unit/policy/test_multipart \
	%D%/unit/policy/test_nearest_name \
	%D%/unit/policy/test_path_rule \
	%D%/unit/policy/test_percent \
	%D%/unit/policy/test_precondition \
	%D%/unit/policy/test_query_pair \
	%D%/unit/policy/test_qvalue \
	%D%/unit/policy/test_redirect \
	%D%/unit/policy/test_request_path \
	%D%/unit/policy/test_response_head \
	%D%/unit/policy/test_stream_params \
	%D%/unit/policy/test_structured_field \
	%D%/unit/policy/test_want_digest \
	%D%/unit/process/test_root_watch \
	%D%/unit/process/test_worker_board \
	%D%/unit/reader/test_aio_cache \
	%D%/unit/reader/test_aio_reader \
	%D%/unit/reader/test_aio_reader_bringing \
	%D%/unit/reader/test_aio_reader_sharing \
	%D%/unit/reader/test_kernel_aio \
	%D%/unit/reader/test_page_cache \
	%D%/unit/request/test_access_log \
	%D%/unit/request/test_multipart_body \
	%D%/unit/request/test_operator_fields \
	%D%/unit/request/test_param_check \
	%D%/unit/request/test_representation \
	%D%/unit/request/test_representation_fields \
	%D%/unit/request/test_request \
	%D%/unit/request/test_request_answer \
	%D%/unit/request/test_request_body \
	%D%/unit/request/test_request_ends \
	%D%/unit/setup/test_listener \
	%D%/unit/setup/test_log \
	%D%/unit/setup/test_options \
	%D%/unit/setup/test_processors \
	%D%/unit/setup/test_roots \
	%D%/unit/setup/test_web_server_addrs \
	%D%/unit/stream/test_pacer \
	%D%/unit/stream/test_source_fd \
	%D%/unit/stream/test_source_file \
	%D%/unit/stream/test_source_file_ahead \
	%D%/unit/stream/test_source_memory \
	%D%/unit/stream/test_source_queue \
	%D%/unit/stream/test_source_sequence \
	%D%/unit/stream/test_source_sequence_use \
	%D%/unit/stream/test_stream \
	%D%/unit/stream/test_stream_group \
	%D%/unit/stream/test_stream_pace \
	%D%/unit/stream/test_stream_unknown_size

# Mocks and fixtures.
libunit_a_SOURCES = \
	%D%/unit/support/action_fixture.c %D%/unit/support/action_fixture.h \
	%D%/unit/support/answer_rows.c %D%/unit/support/answer_rows.h \
	%D%/unit/support/captured_log.c %D%/unit/support/captured_log.h \
	%D%/unit/support/connection_events.c \
	%D%/unit/support/connection_events.h \
	%D%/unit/support/connection_fixture.c \
	%D%/unit/support/connection_fixture.h \
	%D%/unit/support/descriptors.c %D%/unit/support/descriptors.h \
	%D%/unit/support/follow_client.c %D%/unit/support/follow_client.h \
	%D%/unit/support/follow_conditions.c %D%/unit/support/follow_conditions.h \
	%D%/unit/support/follow_fixture.c %D%/unit/support/follow_fixture.h \
	%D%/unit/support/front_side.c %D%/unit/support/front_side.h \
	%D%/unit/support/make_params.c %D%/unit/support/make_params.h \
	%D%/unit/support/member_fixture.c %D%/unit/support/member_fixture.h \
	%D%/unit/support/members_fixture.c %D%/unit/support/members_fixture.h \
	%D%/unit/support/mock_parts.c %D%/unit/support/mock_parts.h \
	%D%/unit/support/mock_request.c %D%/unit/support/mock_request.h \
	%D%/unit/support/mock_source.c %D%/unit/support/mock_source.h \
	%D%/unit/support/mock_writer.c %D%/unit/support/mock_writer.h \
	%D%/unit/support/need_openat2.h \
	%D%/unit/support/open_fixture.c %D%/unit/support/open_fixture.h \
	%D%/unit/support/own_folder.c %D%/unit/support/own_folder.h \
	%D%/unit/support/reader_fixture.c %D%/unit/support/reader_fixture.h \
	%D%/unit/support/real_file.c %D%/unit/support/real_file.h \
	%D%/unit/support/source_fixture.c %D%/unit/support/source_fixture.h \
	%D%/unit/support/unit.h

if HAVE_CMOCKA
check_LIBRARIES += libunit.a
check_PROGRAMS += $(unit_tests)
endif

tests_unit_doctor_test_doctor_probe_LDADD = $(LDADD) $(CURL_LIBS)
# The example, as it stands for a module, with the header where it is there.
tests_unit_action_api_test_action_events_SOURCES = \
	%D%/unit/action_api/test_action_events.c examples/action_events.c
tests_unit_action_api_test_action_events_CPPFLAGS = $(AM_CPPFLAGS) \
	-I$(builddir)/include
examples/tests_unit_action_api_test_action_events-action_events.$(OBJEXT): \
	include/fcgi_stream/action.h
BUILT_SOURCES = include/fcgi_stream/action.h
CLEANFILES = include/fcgi_stream/action.h
include/fcgi_stream/action.h: fcgi_app/action_api/action.h
	$(AM_V_GEN)$(MKDIR_P) include/fcgi_stream && \
		cp $(srcdir)/fcgi_app/action_api/action.h $@

# --- fuzzing: without libFuzzer the program replays its corpus ---------------
check_PROGRAMS += %D%/fuzz/fuzz
tests_fuzz_fuzz_SOURCES = \
	%D%/fuzz/fuzz.c %D%/fuzz/fuzz.h \
	%D%/fuzz/name_list_check.c %D%/fuzz/name_list_check.h \
	%D%/fuzz/fuzz_accept.c \
	%D%/fuzz/fuzz_archive_names.c \
	%D%/fuzz/fuzz_byte_range.c \
	%D%/fuzz/fuzz_content_coding.c \
	%D%/fuzz/fuzz_content_disposition.c \
	%D%/fuzz/fuzz_cors.c \
	%D%/fuzz/fuzz_digest_record.c \
	%D%/fuzz/fuzz_etag.c \
	%D%/fuzz/fuzz_event_stream.c \
	%D%/fuzz/fuzz_expires.c \
	%D%/fuzz/fuzz_fcgi_management.c \
	%D%/fuzz/fuzz_fcgi_params.c \
	%D%/fuzz/fuzz_fcgi_scan.c \
	%D%/fuzz/fuzz_follow_query.c \
	%D%/fuzz/fuzz_http_date.c \
	%D%/fuzz/fuzz_if_range.c \
	%D%/fuzz/fuzz_list_form.c \
	%D%/fuzz/fuzz_list_names.c \
	%D%/fuzz/fuzz_list_query.c \
	%D%/fuzz/fuzz_media_type.c \
	%D%/fuzz/fuzz_multipart.c \
	%D%/fuzz/fuzz_name_list_form.c \
	%D%/fuzz/fuzz_name_list_json.c \
	%D%/fuzz/fuzz_name_list_lines.c \
	%D%/fuzz/fuzz_parse_number.c \
	%D%/fuzz/fuzz_path_rule.c \
	%D%/fuzz/fuzz_probe_query.c \
	%D%/fuzz/fuzz_redirect.c \
	%D%/fuzz/fuzz_request_path.c \
	%D%/fuzz/fuzz_want_digest.c \
	%D%/fuzz/fuzz_web_server_addrs.c
tests_fuzz_fuzz_LDADD = libapp.a libstream.a $(SERVER_LIBS)
tests_fuzz_fuzz_LDFLAGS = $(AM_LDFLAGS)
EXTRA_DIST += %D%/unit/run.sh %D%/fuzz/corpus %D%/fuzz/replay.sh %D%/fuzz/run.sh
if FUZZ
tests_fuzz_fuzz_LDFLAGS += -fsanitize=fuzzer
else
tests_fuzz_fuzz_SOURCES += %D%/fuzz/replay.c
endif

# --- functional tests: they run the program; the longest go first ------------
functional_tests = \
	%D%/functional/test_archive_packed.py \
	%D%/functional/test_archive_large.py \
	%D%/functional/test_counted_work.py \
	%D%/functional/test_page_cache.py \
	%D%/functional/test_peers.py \
	%D%/functional/test_doctor.py \
	%D%/functional/test_browser.py \
	%D%/functional/test_list_page.py \
	%D%/functional/test_action_api.py \
	%D%/functional/test_action_files.py \
	%D%/functional/test_action_mistakes.py \
	%D%/functional/test_archive_changes.py \
	%D%/functional/test_archive_crc.py \
	%D%/functional/test_action_modules.py \
	%D%/functional/test_archive.py \
	%D%/functional/test_archive_unreadable.py \
	%D%/functional/test_concat.py \
	%D%/functional/test_list.py \
	%D%/functional/test_follow.py \
	%D%/functional/test_follow_clients.py \
	%D%/functional/test_follow_events.py \
	%D%/functional/test_pace.py \
	%D%/functional/test_fastcgi.py \
	%D%/functional/test_fastcgi_ends.py \
	%D%/functional/test_files.py \
	%D%/functional/test_file_changes.py \
	%D%/functional/test_fronts.py \
	%D%/functional/test_bench.py \
	%D%/functional/test_breaks.py \
	%D%/functional/test_clients.py \
	%D%/functional/test_command_line.py \
	%D%/functional/test_compressed_tags.py \
	%D%/functional/test_concat_clients.py \
	%D%/functional/test_content_identity.py \
	%D%/functional/test_copies.py \
	%D%/functional/test_delta_clients.py \
	%D%/functional/test_digest.py \
	%D%/functional/test_docs.py \
	%D%/functional/test_folders.py \
	%D%/functional/test_follow_fronts.py \
	%D%/functional/test_follow_rotation.py \
	%D%/functional/test_harness.py \
	%D%/functional/test_io_tiers.py \
	%D%/functional/test_layers.py \
	%D%/functional/test_list_clients.py \
	%D%/functional/test_list_slow.py \
	%D%/functional/test_listen.py \
	%D%/functional/test_load.py \
	%D%/functional/test_messages.py \
	%D%/functional/test_nginx.py \
	%D%/functional/test_operator_fields.py \
	%D%/functional/test_probe.py \
	%D%/functional/test_processes.py \
	%D%/functional/test_quickstart.py \
	%D%/functional/test_ranges.py \
	%D%/functional/test_request_body.py \
	%D%/functional/test_roots.py \
	%D%/functional/test_spread.py \
	%D%/functional/test_start.py

# What they share.
EXTRA_DIST += $(functional_tests) \
	%D%/functional/support/archives.py \
	%D%/functional/support/checks.py \
	%D%/functional/support/chromium.py \
	%D%/functional/support/cold_files.py \
	%D%/functional/support/counted_work.py \
	%D%/functional/support/fastcgi.py \
	%D%/functional/support/follows.py \
	%D%/functional/support/front_rows.py \
	%D%/functional/support/fronts.py \
	%D%/functional/support/harness.py \
	%D%/functional/support/http_raw.py \
	%D%/functional/support/listings.py \
	%D%/functional/support/mistakes.c \
	%D%/functional/support/modules.py \
	%D%/functional/support/nginx.py \
	%D%/functional/support/odd_fronts.py \
	%D%/functional/support/procfs.py \
	%D%/functional/support/responses.py \
	%D%/functional/support/server.py \
	%D%/functional/support/users.py \
	%D%/functional/support/videos.py \
	%D%/functional/support/ways.c \
	%D%/functional/support/work_bounds.py \
	%D%/functional/readers/Unzip.java \
	%D%/functional/readers/unzip.mjs \
	%D%/functional/browser/abort.mjs \
	%D%/functional/browser/events.mjs \
	%D%/functional/browser/fetch.mjs \
	%D%/functional/browser/follow.mjs \
	%D%/functional/browser/list.mjs \
	%D%/functional/browser/package-lock.json \
	%D%/functional/browser/package.json \
	%D%/functional/browser/pdf.mjs \
	%D%/functional/browser/recording.mjs \
	%D%/functional/browser/run.mjs \
	%D%/functional/browser/video.mjs

# --- what "make check" runs, in this order -----------------------------------
if !FUZZ
TESTS += $(functional_tests) %D%/fuzz/replay.sh
endif
if HAVE_CMOCKA
TESTS += $(unit_tests)
endif
