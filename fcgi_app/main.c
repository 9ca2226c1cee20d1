/* SPDX-License-Identifier: MIT */
/*
 * fcgi-stream: streams files to a front server over FastCGI.
 *
 * The way of a request, and a map of the program:
 *
 *	main           picks the command
 *	commands/serve options, roots, listeners; then the master
 *	commands/digest makes the digests that files are sent with (digest_file)
 *	master         starts and replaces workers, stops them
 *	worker         an event loop and what it runs
 *	acceptor       accepts connections, its share of them (worker_board)
 *	connection     cuts the front's bytes into requests, in
 *	               connection_input (common/fcgi/fcgi_scan) and limits its
 *waiting                (peer_timer) has their parameters parsed
 *(common/fcgi/fcgi_params) dispatch       picks the action by STREAM_ACTION
 *	action_modules loads more actions from shared objects
 *	action         what they are written with: action_head, action_send,
 *	               action_write do what its functions say
 *	actions/file   finds a file beneath its root (common/file/file_open)
 *	representation answers as HTTP wants it: preconditions, ranges, head, by
 *	               the rules in policy/ and with the operator_fields;
 *	               several ranges make a multipart_body
 *	actions/concat joins several: by their names (policy/name_list), maybe
 *	               from a small_file, members finds them (member_list), and
 *	               member_sequence has a member_source open each in turn
 *	actions/list   lists a folder: a listing reads it with a
 *	               folder_reader, sorts it as list_entries, and writes it
 *	               as policy/list_html or list_json
 *	actions/archive packs a folder: of the members it makes an archive,
 *	               whose layout says where all stands; archive_source makes
 *	               what is between the files, crc_source and crc_reader sum
 *	               these up (crc_cache), archive_compressed compresses it in
 *a compressor; archive_service has what a worker's have in common actions/probe
 *with --probe: answers the doctor, by probe_source, and remembers how it went
 *on the probe_board actions/follow a file that grows, as a follow_source:
 *bytes, or lines as follow_events, from a follow_cursor's place in a
 *	               follow_file (follow_search finds the last lines)
 *	follow_hub     wakes those who wait for it; follow_watch sees it grow,
 *	               lose its name, or be finished
 *	request        sends the head and starts the pump (common/stream/stream)
 *	               at the pace of operator_fields
 *
 *	common/stream/stream       asks a source for a chunk when the writer is
 *ready and, with a stream_pace, its pacer allows it common/source_*     get it
 *(source_sequence from others, in order; source_queue from whoever writes;
 *source_fd from a pipe or socket), source_file from common/file/file_table
 *files that are open, shared, or remembered common/reader/aio_reader   somebody
 *else's read (aio_flight), page cache (aio_cache by read_policy and
 *file_windows, page_cache), io_submit (aio_direct, kernel_aio) or a thread
 *(aio_threads), for an aio_op on an aio_file, into a buffer of
 *	common/chunk_pool
 *	common/fcgi/writer_fcgi  passes it on to
 *	common/fcgi/fcgi_output  which frames (fcgi_batch) and sends it, and
 *never blocks
 *
 *	commands/doctor starts the program in doctor/, which examines a front
 *	roots, listener, log, access_log, options: what their names say
 *	services       what a worker lends to its requests
 */
#include "config.h"

#include <stddef.h>
#include <string.h>

#include "fcgi_app/command/digest.h"
#include "fcgi_app/command/doctor.h"
#include "fcgi_app/command/serve.h"

/* What the first argument can name; without a name it serves. */
static const struct command {
	const char *name;
	/* Gets the command's name in argv[0]; returns the exit status. */
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "digest", digest_command },
	{ "doctor", doctor_command },
	{ NULL, serve_command },
};

int main(int argc, char **argv)
{
	const struct command *command = commands;

	if (argc < 2)
		return serve_command(argc, argv);
	while (command->name && strcmp(command->name, argv[1]) != 0)
		command++;
	if (!command->name)
		return serve_command(argc, argv);
	return command->run(argc - 1, argv + 1);
}
