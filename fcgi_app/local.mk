# SPDX-License-Identifier: MIT
# The program, all but main.c.
libapp_a_SOURCES = \
	%D%/action_api/action.c %D%/action_api/action.h \
	%D%/action_api/action_drain.c \
	%D%/action_api/action_handle.c %D%/action_api/action_handle.h \
	%D%/action_api/action_head.c \
	%D%/action_api/action_internal.h \
	%D%/action_api/action_modules.c %D%/action_api/action_modules.h \
	%D%/action_api/action_open.c \
	%D%/action_api/action_send.c \
	%D%/action_api/action_start.c \
	%D%/action_api/action_turn.c \
	%D%/action_api/action_write.c \
	%D%/actions/archive/archive.c %D%/actions/archive/archive.h \
	%D%/actions/archive/archive_action.c %D%/actions/archive/archive_action.h \
	%D%/actions/archive/archive_answer.c %D%/actions/archive/archive_answer.h \
	%D%/actions/archive/archive_choice.c %D%/actions/archive/archive_choice.h \
	%D%/actions/archive/archive_compressed.c %D%/actions/archive/archive_compressed.h \
	%D%/actions/archive/archive_form.c %D%/actions/archive/archive_form.h \
	%D%/actions/archive/archive_layout.c %D%/actions/archive/archive_layout.h \
	%D%/actions/archive/archive_member.h \
	%D%/actions/archive/archive_service.c %D%/actions/archive/archive_service.h \
	%D%/actions/archive/archive_source.c %D%/actions/archive/archive_source.h \
	%D%/actions/archive/compressor.c %D%/actions/archive/compressor.h \
	%D%/actions/archive/crc_cache.c %D%/actions/archive/crc_cache.h \
	%D%/actions/archive/crc_finder.c %D%/actions/archive/crc_finder.h \
	%D%/actions/archive/crc_reader.c %D%/actions/archive/crc_reader.h \
	%D%/actions/archive/crc_source.c %D%/actions/archive/crc_source.h \
	%D%/actions/archive/crc_state.h \
	%D%/actions/archive/missing_files.c %D%/actions/archive/missing_files.h \
	%D%/actions/archive/tar_format.c %D%/actions/archive/tar_format.h \
	%D%/actions/archive/zip_format.c %D%/actions/archive/zip_format.h \
	%D%/actions/archive/zip_name.c %D%/actions/archive/zip_name.h \
	%D%/actions/concat/concat_action.c %D%/actions/concat/concat_action.h \
	%D%/actions/concat/member_sequence.c %D%/actions/concat/member_sequence.h \
	%D%/actions/concat/small_file.c %D%/actions/concat/small_file.h \
	%D%/actions/dispatch.c %D%/actions/dispatch.h \
	%D%/actions/file/file_action.c %D%/actions/file/file_action.h \
	%D%/actions/follow/event_lines.c %D%/actions/follow/event_lines.h \
	%D%/actions/follow/event_stream.c %D%/actions/follow/event_stream.h \
	%D%/actions/follow/follow_action.c %D%/actions/follow/follow_action.h \
	%D%/actions/follow/follow_answer.c %D%/actions/follow/follow_answer.h \
	%D%/actions/follow/follow_chain.c %D%/actions/follow/follow_chain.h \
	%D%/actions/follow/follow_cursor.c %D%/actions/follow/follow_cursor.h \
	%D%/actions/follow/follow_events.c %D%/actions/follow/follow_events.h \
	%D%/actions/follow/follow_file.c %D%/actions/follow/follow_file.h \
	%D%/actions/follow/follow_hub.c %D%/actions/follow/follow_hub.h \
	%D%/actions/follow/follow_identity.c %D%/actions/follow/follow_identity.h \
	%D%/actions/follow/follow_params.c %D%/actions/follow/follow_params.h \
	%D%/actions/follow/follow_past.c %D%/actions/follow/follow_past.h \
	%D%/actions/follow/follow_place.c %D%/actions/follow/follow_place.h \
	%D%/actions/follow/follow_query.c %D%/actions/follow/follow_query.h \
	%D%/actions/follow/follow_range.c %D%/actions/follow/follow_range.h \
	%D%/actions/follow/follow_search.c %D%/actions/follow/follow_search.h \
	%D%/actions/follow/follow_source.c %D%/actions/follow/follow_source.h \
	%D%/actions/follow/follow_watch.c %D%/actions/follow/follow_watch.h \
	%D%/actions/follow/last_lines.c %D%/actions/follow/last_lines.h \
	%D%/actions/follow/rotated_name.c %D%/actions/follow/rotated_name.h \
	%D%/actions/list/list_action.c %D%/actions/list/list_action.h \
	%D%/actions/list/list_assets.c %D%/actions/list/list_assets.h \
	%D%/actions/list/list_entries.c %D%/actions/list/list_entries.h \
	%D%/actions/list/list_form.c %D%/actions/list/list_form.h \
	%D%/actions/list/list_html.c \
	%D%/actions/list/list_json.c \
	%D%/actions/list/list_order.c %D%/actions/list/list_order.h \
	%D%/actions/list/list_page.h \
	%D%/actions/list/list_query.c %D%/actions/list/list_query.h \
	%D%/actions/list/listing.c %D%/actions/list/listing.h \
	%D%/actions/list/natural_order.c %D%/actions/list/natural_order.h \
	%D%/actions/list/size_text.c %D%/actions/list/size_text.h \
	%D%/actions/list/text_out.c %D%/actions/list/text_out.h \
	%D%/actions/probe/probe_action.c %D%/actions/probe/probe_action.h \
	%D%/actions/probe/probe_board.c %D%/actions/probe/probe_board.h \
	%D%/actions/probe/probe_json.c %D%/actions/probe/probe_json.h \
	%D%/actions/probe/probe_query.c %D%/actions/probe/probe_query.h \
	%D%/actions/probe/probe_source.c %D%/actions/probe/probe_source.h \
	%D%/command/digest.c %D%/command/digest.h \
	%D%/command/digest_file.c %D%/command/digest_file.h \
	%D%/command/doctor.c %D%/command/doctor.h \
	%D%/command/progress.c %D%/command/progress.h \
	%D%/command/progress_line.c %D%/command/progress_line.h \
	%D%/command/serve.c %D%/command/serve.h \
	%D%/connection/connection.c %D%/connection/connection.h \
	%D%/connection/connection_input.c %D%/connection/connection_input.h \
	%D%/connection/connection_state.c %D%/connection/connection_state.h \
	%D%/connection/connections.h \
	%D%/connection/peer_timer.c %D%/connection/peer_timer.h \
	%D%/members/member_list.c %D%/members/member_list.h \
	%D%/members/member_search.c %D%/members/member_search.h \
	%D%/members/member_seen.c %D%/members/member_seen.h \
	%D%/members/member_source.c %D%/members/member_source.h \
	%D%/members/name_list.c %D%/members/name_list.h \
	%D%/members/name_list_job.c %D%/members/name_list_job.h \
	%D%/members/parts_etag.c %D%/members/parts_etag.h \
	%D%/policy/accept.c %D%/policy/accept.h \
	%D%/policy/byte_range.c %D%/policy/byte_range.h \
	%D%/policy/content_coding.c %D%/policy/content_coding.h \
	%D%/policy/content_disposition.c %D%/policy/content_disposition.h \
	%D%/policy/cors.c %D%/policy/cors.h \
	%D%/policy/digest_record.c %D%/policy/digest_record.h \
	%D%/policy/etag.c %D%/policy/etag.h \
	%D%/policy/expires.c %D%/policy/expires.h \
	%D%/policy/field_value.c %D%/policy/field_value.h \
	%D%/policy/http_date.c %D%/policy/http_date.h \
	%D%/policy/http_status.c %D%/policy/http_status.h \
	%D%/policy/if_range.c %D%/policy/if_range.h \
	%D%/policy/media_type.c %D%/policy/media_type.h \
	%D%/policy/media_type_table.c %D%/policy/media_type_table.h \
	%D%/policy/multipart.c %D%/policy/multipart.h \
	%D%/policy/nearest_name.c %D%/policy/nearest_name.h \
	%D%/policy/path_rule.c %D%/policy/path_rule.h \
	%D%/policy/percent.c %D%/policy/percent.h \
	%D%/policy/precondition.c %D%/policy/precondition.h \
	%D%/policy/query_pair.c %D%/policy/query_pair.h \
	%D%/policy/qvalue.c %D%/policy/qvalue.h \
	%D%/policy/redirect.c %D%/policy/redirect.h \
	%D%/policy/request_path.c %D%/policy/request_path.h \
	%D%/policy/response_head.c %D%/policy/response_head.h \
	%D%/policy/stream_params.c %D%/policy/stream_params.h \
	%D%/policy/structured_field.c %D%/policy/structured_field.h \
	%D%/policy/want_digest.c %D%/policy/want_digest.h \
	%D%/process/acceptor.c %D%/process/acceptor.h \
	%D%/process/master.c %D%/process/master.h \
	%D%/process/pool_threads.c %D%/process/pool_threads.h \
	%D%/process/root_watch.c %D%/process/root_watch.h \
	%D%/process/worker.c %D%/process/worker.h \
	%D%/process/worker_board.c %D%/process/worker_board.h \
	%D%/process/worker_config.h \
	%D%/request/access_log.c %D%/request/access_log.h \
	%D%/request/multipart_body.c %D%/request/multipart_body.h \
	%D%/request/opened_file.c %D%/request/opened_file.h \
	%D%/request/operator_fields.c %D%/request/operator_fields.h \
	%D%/request/param_check.c %D%/request/param_check.h \
	%D%/request/param_rule.h \
	%D%/request/representation.c %D%/request/representation.h \
	%D%/request/request.c %D%/request/request.h \
	%D%/request/request_answer.c \
	%D%/request/request_body.c \
	%D%/request/request_internal.h \
	%D%/request/request_open.c %D%/request/request_open.h \
	%D%/request/request_place.c %D%/request/request_place.h \
	%D%/request/services.h \
	%D%/request/stream_action.h \
	%D%/setup/listener.c %D%/setup/listener.h \
	%D%/setup/log.c %D%/setup/log.h \
	%D%/setup/options.c %D%/setup/options.h \
	%D%/setup/processors.c %D%/setup/processors.h \
	%D%/setup/roots.c %D%/setup/roots.h \
	%D%/setup/web_server_addrs.c %D%/setup/web_server_addrs.h

bin_PROGRAMS = fcgi-stream
fcgi_stream_SOURCES = %D%/main.c
fcgi_stream_LDADD = libapp.a libstream.a $(SERVER_LIBS)
# What actions in shared objects may call, and nothing else; the program itself
# may not need all of it.
action_symbols = %D%/action_api/action.symbols
fcgi_stream_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--dynamic-list=$(srcdir)/$(action_symbols) -Wl,-u,action_send_bytes
EXTRA_fcgi_stream_DEPENDENCIES = $(action_symbols)
EXTRA_DIST += $(action_symbols)

# What such actions are built with.
action_includedir = $(includedir)/fcgi_stream
action_include_HEADERS = %D%/action_api/action.h
