/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/follow_client.h"

#include <stdlib.h>
#include <string.h>

#include "common/stream/source.h"
#include "tests/unit/support/unit.h"

static void take(struct follow_client *client, struct source_chunk *chunk)
{
	size_t n = chunk->length;

	client->ended = n == 0;
	if (client->takes > 0 && n > client->takes)
		n = client->takes;
	assert_true(client->length + n <= FOLLOW_CLIENT_TEXT);
	if (n > 0)
		memcpy(client->text + client->length, chunk->data, n);
	client->length += n;
	client->text[client->length] = '\0';
	client->source->ops->release(client->source, chunk);
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct follow_client *client = context;
	struct source_chunk lent;

	assert_true(client->waits);
	client->waits = false;
	client->error = error;
	if (error < 0)
		return;
	lent = *chunk;
	take(client, &lent);
}

void follow_client_read(struct follow_client *client)
{
	struct source_chunk chunk;
	int r = client->source->ops->read(
	    client->source, client->length, FOLLOW_FIXTURE_CHUNK, &chunk);

	client->waits = r == 0;
	if (r < 0)
		client->error = r;
	else if (r > 0)
		take(client, &chunk);
}

/* Reads as long as there is something at once. */
void follow_client_reads(struct follow_client *client)
{
	while (!client->waits && !client->ended && client->error == 0)
		follow_client_read(client);
}

/* True: what was wanted came. */
bool follow_client_has(void *context)
{
	struct follow_client *client = context;

	follow_client_reads(client);
	return client->wanted ? strcmp(client->text, client->wanted) == 0
			      : client->ended || client->error < 0;
}

void follow_client_expect(
    struct follow_fixture *f, struct follow_client *client, const char *text)
{
	client->wanted = text;
	follow_fixture_run(f, follow_client_has, client);
	assert_false(client->ended);
	assert_int_equal(client->error, 0);
}

void follow_client_expect_end(
    struct follow_fixture *f, struct follow_client *client, int error)
{
	client->wanted = NULL;
	follow_fixture_run(f, follow_client_has, client);
	assert_int_equal(client->error, error);
}

struct follow_client *follow_client_of(
    struct follow_file *file, const struct follow_plan *plan)
{
	struct follow_client *client = calloc(1, sizeof(*client));

	assert_non_null(client);
	client->source = follow_source_new(file, plan);
	assert_non_null(client->source);
	assert_true(client->source->size == SOURCE_SIZE_UNKNOWN);
	client->source->done = on_done;
	client->source->context = client;
	return client;
}

struct follow_client *follow_client_open(
    struct follow_fixture *f, const struct follow_plan *plan)
{
	return follow_client_of(follow_fixture_open(f, "a"), plan);
}

void follow_client_close(struct follow_client *client)
{
	if (client->waits)
		client->source->ops->cancel(client->source);
	client->source->ops->close(client->source);
	free(client);
}
