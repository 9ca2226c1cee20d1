/* SPDX-License-Identifier: MIT */
/*
 * An entry is in the hash as long as its file is open, and after that as long
 * as it is on the list of closed ones, which loses its oldest when it is full.
 * The open ones are bounded by the requests that have them. A file that nobody
 * has read is not worth an entry once it is closed.
 *
 * An entry does not hold a reference: the file tells when its last one goes.
 */
#include "config.h"
#include "common/file/file_table.h"

#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/queue.h>

#include "common/file/aio_file.h"
#include "common/file/file_identity.h"

#define BUCKETS 8192

struct file_entry {
	LIST_ENTRY(file_entry) bucket;
	TAILQ_ENTRY(file_entry) closed;
	struct file_table *table;
	struct file_identity identity;
	struct aio_file *file; /* NULL: on the list of closed ones */
	unsigned int uses;     /* of a closed file */
};

struct file_table {
	uv_loop_t *loop;
	size_t open;
	size_t remembered;
	TAILQ_HEAD(file_entries, file_entry) closed; /* the latest first */
	LIST_HEAD(, file_entry) buckets[BUCKETS];
};

/* --- entries -------------------------------------------------------------- */

static size_t bucket_of(const struct file_identity *identity)
{
	return file_identity_hash(identity) % BUCKETS;
}

static struct file_entry *find(
    struct file_table *table, const struct file_identity *identity)
{
	struct file_entry *entry;

	LIST_FOREACH(entry, &table->buckets[bucket_of(identity)], bucket) {
		if (file_identity_equal(&entry->identity, identity))
			return entry;
	}
	return NULL;
}

static struct file_entry *add(
    struct file_table *table, const struct file_identity *identity)
{
	struct file_entry *entry = calloc(1, sizeof(*entry));

	if (!entry)
		return NULL;
	entry->table = table;
	entry->identity = *identity;
	LIST_INSERT_HEAD(&table->buckets[bucket_of(identity)], entry, bucket);
	return entry;
}

static void drop(struct file_entry *entry)
{
	LIST_REMOVE(entry, bucket);
	free(entry);
}

static void forget(struct file_table *table, struct file_entry *entry)
{
	TAILQ_REMOVE(&table->closed, entry, closed);
	table->remembered--;
	drop(entry);
}

static void remember(struct file_table *table, struct file_entry *entry)
{
	TAILQ_INSERT_HEAD(&table->closed, entry, closed);
	if (++table->remembered > FILE_TABLE_REMEMBERED)
		forget(table, TAILQ_LAST(&table->closed, file_entries));
}

/* The file's last reference goes. */
static void on_close(struct aio_file *file)
{
	struct file_entry *entry = file->entry;

	file->entry = NULL;
	entry->table->open--;
	entry->file = NULL;
	entry->uses = file->uses;
	if (entry->uses > 0)
		remember(entry->table, entry);
	else
		drop(entry);
}

/* --- the interface -------------------------------------------------------- */

/* Ties a new file to its entry, which may remember it. */
static void enter(struct file_entry *entry, struct aio_file *file)
{
	struct file_table *table = entry->table;

	if (entry->uses > 0) {
		TAILQ_REMOVE(&table->closed, entry, closed);
		table->remembered--;
	}
	file->uses = entry->uses;
	file->entry = entry;
	file->on_close = on_close;
	entry->file = file;
	table->open++;
}

struct aio_file *file_table_open(
    struct file_table *table, int fd, const struct stat *st, bool close_blocks)
{
	const struct file_identity identity = file_identity_of_stat(st);
	struct file_entry *entry = find(table, &identity);
	struct aio_file *file;

	/* The other descriptor keeps the file: this close frees no blocks. */
	if (entry && entry->file && !close_blocks) {
		close(fd);
		return aio_file_ref(entry->file);
	}
	file = aio_file_new(table->loop, fd, close_blocks);
	if (!file)
		return NULL;
	if (entry && entry->file) {
		aio_file_unref(file);
		return aio_file_ref(entry->file);
	}
	file->size = identity.size;
	file->blocks = (uint64_t)st->st_blocks;
	if (!entry)
		entry = add(table, &identity);
	/* Without memory for an entry it is not shared, that is all. */
	if (entry)
		enter(entry, file);
	return file;
}

size_t file_table_open_count(const struct file_table *table)
{
	return table->open;
}

size_t file_table_remembered(const struct file_table *table)
{
	return table->remembered;
}

struct file_table *file_table_new(uv_loop_t *loop)
{
	struct file_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->loop = loop;
	TAILQ_INIT(&table->closed);
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&table->buckets[i]);
	return table;
}

void file_table_free(struct file_table *table)
{
	struct file_entry *entry;

	if (!table)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		while ((entry = LIST_FIRST(&table->buckets[i])) != NULL) {
			if (entry->file)
				entry->file->entry = NULL;
			drop(entry);
		}
	}
	free(table);
}
