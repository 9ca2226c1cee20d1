/* SPDX-License-Identifier: MIT */
/*
 * The response side of a FastCGI connection: a subclass of libfcgi's
 * FCGX_Stream that never blocks.
 */
#ifndef COMMON_FCGI_FCGI_OUTPUT_H
#define COMMON_FCGI_FCGI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct FCGX_Stream;
struct chunk_pool;
struct fcgi_output;

/* Offered content that the socket refused is kept up to here, else dropped. */
#define FCGI_OUTPUT_KEEP_MAX 4096
/*
 * Offered content up to this size is not worth a system call of its own, and
 * waits for what follows it: so a small file leaves in one go, from head to
 * END_REQUEST, and its reader is woken once. Copying it costs far less.
 */
#define FCGI_OUTPUT_COMPANY_MAX 8192
/* Most bytes that wait in memory for a socket that is full. */
#define FCGI_OUTPUT_QUEUE_MAX (128 * 1024)
/* Most bytes of answers to management records that wait to be sent. */
#define FCGI_OUTPUT_CONTROL_MAX 4096

/*
 * The output of a connection. `fd` is a non-blocking socket that stays the
 * caller's; `buffers` is a pool of FCGI_BATCH_BUFFER_SIZE, from which a buffer
 * is borrowed only while a call runs. Returns NULL if out of memory.
 */
struct fcgi_output *fcgi_output_new(int fd, struct chunk_pool *buffers);

/* Drops what was not sent. NULL is allowed. */
void fcgi_output_free(struct fcgi_output *output);

/* Starts the response to `request_id`; the last one must have ended. */
void fcgi_output_begin(struct fcgi_output *output, uint16_t request_id);

/*
 * Returns the STDOUT stream, for FCGX_PutStr(), FCGX_FPrintF(), FCGX_FFlush() …
 * After any of them call fcgi_output_settle(). The stream belongs to the
 * output.
 */
struct FCGX_Stream *fcgi_output_stream(struct fcgi_output *output);

/*
 * Ends a series of calls on the stream: gives the buffer back; a part
 * of a record moves to a heap block of its size and leaves with the next
 * bytes, fcgi_output_flush() or fcgi_output_end(). Returns the sticky error.
 */
int fcgi_output_settle(struct fcgi_output *output);

/*
 * Puts `length` bytes that can't be had again: what the socket refuses is
 * kept, up to FCGI_OUTPUT_QUEUE_MAX; over it the output breaks with -ENOBUFS.
 * A short put waits for company, see fcgi_output_settle(). Returns the sticky
 * error.
 */
int fcgi_output_put(
    struct fcgi_output *output, const void *data, size_t length);

/*
 * Puts bytes that the caller can have again: `*ret_taken` of them were sent
 * or kept (at most FCGI_OUTPUT_KEEP_MAX beyond the socket), the rest must be
 * offered again, from there, when the socket is writable. A record whose
 * header left already is then continued; so between an offer that was not
 * taken whole and its continuation nothing else may be put. The response can
 * only end, or break. Returns the sticky error.
 */
int fcgi_output_offer(struct fcgi_output *output, const void *data,
    size_t length, size_t *ret_taken);

/*
 * Queues a short message for the front server's error log, as one
 * FCGI_STDERR record. Control characters are escaped as \xNN, since a line of
 * that log ends with the first one; what is over 1 KiB is cut off. Returns the
 * sticky error.
 */
int fcgi_output_error_log(struct fcgi_output *output, const char *message);

/*
 * Queues whole records of the caller's making; they leave at the next end of
 * a record, with a flush or with what follows. Returns the sticky error;
 * -ENOBUFS: over FCGI_OUTPUT_CONTROL_MAX, which breaks the output.
 */
int fcgi_output_control(
    struct fcgi_output *output, const void *records, size_t length);

/*
 * Ends the response: closes STDOUT (and STDERR, if it was used), adds
 * END_REQUEST with `app_status` and sends what it can. Returns what
 * fcgi_output_flush() does; -EPROTO: a record is not complete. FastCGI
 * specification, 5.5.
 */
int fcgi_output_end(struct fcgi_output *output, uint32_t app_status);

/*
 * Ends a response that the front has aborted (specification, 5.4), with an
 * `app_status` of 1: of a record that is open the rest is zeros, which nobody
 * wants. Returns what fcgi_output_flush() does.
 */
int fcgi_output_abort(struct fcgi_output *output);

/*
 * Makes it plain to the front that a response which has begun will not be
 * completed; the caller closes the connection then. The last whole record is
 * followed by an invalid header (version 0): nginx takes a mere close for the
 * end of an unbuffered response and leaves its client waiting for the rest, but
 * a broken record makes every front break off. Nothing is sent inside a record,
 * to a full socket or before the response's start.
 */
void fcgi_output_break(struct fcgi_output *output);

/*
 * Sends what waits. Returns 0: nothing is left; -EAGAIN: the socket is full;
 * another error is final and sticky: the peer is gone (-EPIPE, -ECONNRESET) or
 * the output broke.
 */
int fcgi_output_flush(struct fcgi_output *output);

/*
 * Returns the content bytes of STDOUT since fcgi_output_begin() that have left
 * or are kept to leave; what an offer did not take does not count.
 */
uint64_t fcgi_output_content(const struct fcgi_output *output);

/* Returns the bytes that wait to be sent. */
size_t fcgi_output_pending(const struct fcgi_output *output);

#endif
