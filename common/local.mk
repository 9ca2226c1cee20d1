# SPDX-License-Identifier: MIT
# The streaming library: knows no HTTP action.
libstream_a_SOURCES = \
	%D%/chunk_pool.c %D%/chunk_pool.h \
	%D%/container_of.h \
	%D%/escaped_text.c %D%/escaped_text.h \
	%D%/fcgi/byte_queue.c %D%/fcgi/byte_queue.h \
	%D%/fcgi/end_gate.c %D%/fcgi/end_gate.h \
	%D%/fcgi/fcgi_batch.c %D%/fcgi/fcgi_batch.h \
	%D%/fcgi/fcgi_management.c %D%/fcgi/fcgi_management.h \
	%D%/fcgi/fcgi_output.c %D%/fcgi/fcgi_output.h \
	%D%/fcgi/fcgi_pairs.c %D%/fcgi/fcgi_pairs.h \
	%D%/fcgi/fcgi_params.c %D%/fcgi/fcgi_params.h \
	%D%/fcgi/fcgi_record.c %D%/fcgi/fcgi_record.h \
	%D%/fcgi/fcgi_scan.c %D%/fcgi/fcgi_scan.h \
	%D%/fcgi/writer_fcgi.c %D%/fcgi/writer_fcgi.h \
	%D%/file/aio_file.c %D%/file/aio_file.h \
	%D%/file/file_guard.c %D%/file/file_guard.h \
	%D%/file/file_identity.c %D%/file/file_identity.h \
	%D%/file/file_open.c %D%/file/file_open.h \
	%D%/file/file_table.c %D%/file/file_table.h \
	%D%/file/file_version.c %D%/file/file_version.h \
	%D%/file/file_windows.c %D%/file/file_windows.h \
	%D%/file/folder_reader.c %D%/file/folder_reader.h \
	%D%/file/root_folder.c %D%/file/root_folder.h \
	%D%/memory_budget.c %D%/memory_budget.h \
	%D%/min.h \
	%D%/parse_number.c %D%/parse_number.h \
	%D%/reader/aio_cache.c %D%/reader/aio_cache.h \
	%D%/reader/aio_direct.c %D%/reader/aio_direct.h \
	%D%/reader/aio_op.c %D%/reader/aio_op.h \
	%D%/reader/aio_read.h \
	%D%/reader/aio_reader.c %D%/reader/aio_reader.h \
	%D%/reader/aio_threads.c %D%/reader/aio_threads.h \
	%D%/reader/kernel_aio.c %D%/reader/kernel_aio.h \
	%D%/reader/page_cache.c %D%/reader/page_cache.h \
	%D%/reader/read_tier.h \
	%D%/stream/pacer.c %D%/stream/pacer.h \
	%D%/stream/source.h \
	%D%/stream/source_fd.c %D%/stream/source_fd.h \
	%D%/stream/source_file.c %D%/stream/source_file.h \
	%D%/stream/source_memory.c %D%/stream/source_memory.h \
	%D%/stream/source_queue.c %D%/stream/source_queue.h \
	%D%/stream/source_sequence.c %D%/stream/source_sequence.h \
	%D%/stream/stream.c %D%/stream/stream.h \
	%D%/stream/stream_group.c %D%/stream/stream_group.h \
	%D%/stream/stream_pace.c %D%/stream/stream_pace.h \
	%D%/stream/writer.h \
	%D%/turn_end.c %D%/turn_end.h \
	%D%/turnstile.c %D%/turnstile.h \
	%D%/utf8.c %D%/utf8.h
