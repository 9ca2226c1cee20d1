/* SPDX-License-Identifier: MIT */
/*
 * fcgi-stream: streams files to a front server over FastCGI. The folders below
 * this one, in the order in which they use each other:
 *
 *	command/     serve, digest, doctor: what the first argument names
 *	process/     the master, its workers, and who of them accepts
 *	connection/  a front's connection: its bytes become requests
 *	actions/     dispatch picks one by STREAM_ACTION; each has a folder
 *	members/     files that one answer is made of: concat, archive
 *	action_api/  action.h, for actions in shared objects
 *	request/     a request, and every way to answer it
 *	setup/       options, roots, listeners, the log
 *	policy/      rules of HTTP, paths and text: pure functions
 *
 * Below them is ../common: stream/ pumps a source into a writer, fcgi/ has the
 * records, reader/ reads without blocking, file/ opens and shares files.
 */
#include "config.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

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

/*
 * What is opened later must not become descriptor 0, 1 or 2: the program would
 * listen there, or write its text into it.
 */
static void open_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= STDIN_FILENO && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	const struct command *command = commands;

	open_standard_descriptors();
	if (argc < 2)
		return serve_command(argc, argv);
	while (command->name && strcmp(command->name, argv[1]) != 0)
		command++;
	if (!command->name)
		return serve_command(argc, argv);
	return command->run(argc - 1, argv + 1);
}
