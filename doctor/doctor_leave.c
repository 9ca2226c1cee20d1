/* SPDX-License-Identifier: MIT */
/*
 * These checks watch an answer from both ends: the doctor sees what arrives,
 * and asks the probe, by the answer's token, what has left.
 */
#include "config.h"
#include "doctor/doctor_leave.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "doctor/doctor_probe.h"
#include "fcgi_app/actions/probe/probe_query.h"

#define COMPLAINT_MAX 256
#define QUERY_MAX 128
#define MIB ((uint64_t)1 << 20)
/*
 * Fronts keep that much to see whether more comes; fcgi_output itself keeps
 * anything shorter.
 */
#define SMALL_PIECE 4096

/* How often the probe is asked about an answer. */
#define ASK_AGAIN_MS 100
/* An answer that did not grow between so many questions has stopped. */
#define STILL_ASKED 10
/* How long a front may take to tell of a client that left. */
#define TELL_MS 5000
/* The same while nothing is sent; fronts that don't tell, don't for long. */
#define IDLE_MS ((uint64_t)3000)
/* After so long without a byte, all that was sent has arrived. */
#define DRAIN_MS 500
/* A bound for that wait: by then the probe has broken its answer off. */
#define STILL_MS PROBE_LIFETIME_MS

/* The probe's record of an answer. */
struct state {
	bool is_known;
	bool is_running;
	char end[16];
	bool is_released;
	uint64_t sent;
	uint64_t lasted_ms;
};

static void sleep_ms(long ms)
{
	const struct timespec time = {
		.tv_sec = ms / 1000,
		.tv_nsec = ms % 1000 * 1000000,
	};

	nanosleep(&time, NULL);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static struct state ask_state(const struct doctor *doctor, uint64_t token)
{
	struct state state = { .is_known = false };
	char query[QUERY_MAX];
	json_t *status;

	snprintf(query, sizeof(query), "test=status&token=%016" PRIx64, token);
	status = doctor_ask_json(doctor, query);
	if (!status)
		return state;
	state.is_known = true;
	snprintf(
	    state.end, sizeof(state.end), "%s", doctor_string(status, "end"));
	state.is_running = strcmp(state.end, "none") == 0;
	state.is_released = json_is_true(json_object_get(status, "released"));
	state.sent =
	    (uint64_t)json_integer_value(json_object_get(status, "sent"));
	state.lasted_ms =
	    (uint64_t)json_integer_value(json_object_get(status, "lasted_ms"));
	json_decref(status);
	return state;
}

/*
 * Waits end by the clock, since each question may itself take as long as
 * --timeout; a question that is under way then is still waited for.
 */

/* Waits until the answer is over, or for so many milliseconds. */
static struct state wait_end(
    const struct doctor *doctor, uint64_t token, uint64_t ms)
{
	uint64_t deadline = now_ms() + ms;
	struct state state = ask_state(doctor, token);

	while (state.is_known && state.is_running && now_ms() < deadline) {
		sleep_ms(ASK_AGAIN_MS);
		state = ask_state(doctor, token);
	}
	return state;
}

/* Waits until the answer is over or the front takes no more of it. */
static struct state wait_still(const struct doctor *doctor, uint64_t token)
{
	uint64_t deadline = now_ms() + STILL_MS;
	struct state state = ask_state(doctor, token);
	unsigned int still = 0;

	while (state.is_known && state.is_running && still < STILL_ASKED &&
	    now_ms() < deadline) {
		uint64_t before = state.sent;

		sleep_ms(ASK_AGAIN_MS);
		state = ask_state(doctor, token);
		still = state.sent == before ? still + 1 : 0;
	}
	return state;
}

static struct doctor_http_exchange *begin(
    const struct doctor *doctor, const char *query, uint64_t stop_after)
{
	const struct doctor_question question = {
		.below = "",
		.query = query,
		.stop_after = stop_after,
	};

	return doctor_ask(doctor, &question);
}

static void unknown(struct doctor *doctor, const char *what)
{
	doctor_unclear(doctor,
	    "%s: the probe has no record of its own answer; if the front "
	    "passes requests to several fcgi-stream, examine it with only "
	    "one of them",
	    what);
}

/* --- does it buffer? ------------------------------------------------------ */

enum buffering { ARRIVES, ARRIVES_LATE, FAILS, UNKNOWN };

/* Tells the probe to go on. Returns whether that was in time, by its answer. */
static enum buffering release(const struct doctor *doctor, uint64_t token)
{
	char query[QUERY_MAX];
	json_t *answer;
	bool known, released;

	snprintf(query, sizeof(query), "test=release&token=%016" PRIx64, token);
	answer = doctor_ask_json(doctor, query);
	known = json_is_true(json_object_get(answer, "known"));
	released = json_is_true(json_object_get(answer, "released"));
	json_decref(answer);
	if (!known)
		return UNKNOWN;
	return released ? ARRIVES : ARRIVES_LATE;
}

/*
 * The probe sends a piece and waits. When that piece arrives, it is told to go
 * on, and answers whether it was still waiting. A front that keeps the piece
 * gets the other one after the pause, when it is too late to tell the probe.
 */
static enum buffering first_piece(
    const struct doctor *doctor, uint64_t size, char *text)
{
	/* The end of a long piece is kept for the next record. */
	uint64_t enough = size > SMALL_PIECE ? size / 2 : size;
	uint64_t token = doctor_token();
	struct doctor_http_exchange *exchange;
	enum buffering result = FAILS;
	const char *complaint;
	char query[QUERY_MAX];

	snprintf(query, sizeof(query),
	    "test=pieces&size=%" PRIu64 "&pause=%" PRIu64 "&token=%016" PRIx64,
	    size, PROBE_PAUSE_MAX_MS, token);
	exchange = begin(doctor, query, enough);
	if (doctor_http_body_length(exchange) >= enough)
		result = release(doctor, token);
	doctor_http_finish(exchange);
	complaint = doctor_complaint(exchange, text, COMPLAINT_MAX);
	if (!complaint && doctor_http_body_length(exchange) != 2 * size)
		complaint = strcpy(text, "the body has the wrong length");
	doctor_http_free(exchange);
	return complaint ? FAILS : result;
}

void doctor_check_buffering(struct doctor *doctor)
{
	char text[COMPLAINT_MAX] = "";
	enum buffering result = first_piece(doctor, SMALL_PIECE, text);
	bool keeps_small = result == ARRIVES_LATE;

	if (keeps_small)
		result = first_piece(doctor, MIB, text);
	switch (result) {
	case FAILS:
		doctor_unclear(doctor, "a body in two pieces: %s", text);
		break;
	case UNKNOWN:
		unknown(doctor, "a body in two pieces");
		break;
	case ARRIVES_LATE:
		doctor_found(doctor, DOCTOR_BUFFERS_ALL,
		    "the front buffers: 1 MiB stayed with it for as long as "
		    "there was more to come");
		break;
	case ARRIVES:
		if (keeps_small)
			doctor_found(doctor, DOCTOR_BUFFERS_SOME,
			    "the front keeps small pieces (%d KiB) until there "
			    "is more",
			    SMALL_PIECE / 1024);
		else
			doctor_good(
			    doctor, "the front passes each piece on at once");
		break;
	}
}

/* --- is a broken body seen as such? --------------------------------------- */

void doctor_check_cut(struct doctor *doctor)
{
	struct doctor_http_exchange *exchange;
	char text[COMPLAINT_MAX];
	char query[QUERY_MAX];
	const char *complaint;

	snprintf(query, sizeof(query),
	    "test=cut&size=%" PRIu64 "&pause=100&token=%016" PRIx64, MIB,
	    doctor_token());
	exchange = begin(doctor, query, 0);
	complaint = doctor_complaint(exchange, text, sizeof(text));
	if (doctor_http_status(exchange) == 503)
		doctor_unclear(doctor,
		    "a body that is broken off: too many probes are under "
		    "way; try again later");
	else if (complaint)
		doctor_good(doctor,
		    "a body that is broken off is seen as such (%s)",
		    complaint);
	else
		doctor_found(doctor, DOCTOR_CUT_INVISIBLE,
		    "a body that is broken off looks whole");
	doctor_http_free(exchange);
}

/* --- a client that reads nothing, and leaves ------------------------------ */

static void judge_taken(struct doctor *doctor, const struct state *state)
{
	double mib = (double)state->sent / (double)MIB;

	if (strcmp(state->end, "complete") == 0)
		doctor_found(doctor, DOCTOR_SPOOLS,
		    "for a client that reads nothing the front takes the whole "
		    "answer (%.0f MiB)",
		    mib);
	else
		doctor_good(doctor,
		    "for a client that reads nothing the front takes %.1f MiB",
		    mib);
}

static void judge_told(
    struct doctor *doctor, const struct state *state, uint64_t left_ms)
{
	uint64_t after =
	    state->lasted_ms > left_ms ? state->lasted_ms - left_ms : 0;

	if (strcmp(state->end, "left") == 0)
		doctor_good(doctor,
		    "when a client leaves while it is sent to, the front "
		    "tells: after %" PRIu64 ".%" PRIu64 " s",
		    after / 1000, after % 1000 / 100);
	else
		doctor_found(doctor, DOCTOR_SILENT_WRITING,
		    "when a client leaves while it is sent to, the front does "
		    "not tell");
}

void doctor_check_flood(struct doctor *doctor)
{
	uint64_t token = doctor_token();
	struct doctor_http_exchange *exchange;
	struct state before, after;
	char query[QUERY_MAX];

	snprintf(query, sizeof(query),
	    "test=flood&size=%" PRIu64 "&token=%016" PRIx64, PROBE_FLOOD_MAX,
	    token);
	exchange = begin(doctor, query, 1);
	before = wait_still(doctor, token);
	doctor_http_free(exchange);
	if (!before.is_known) {
		unknown(doctor, "a client that reads nothing");
		return;
	}
	after = wait_end(doctor, token, TELL_MS);
	judge_taken(doctor, before.is_running ? &after : &before);
	if (before.is_running && strcmp(after.end, "complete") != 0)
		judge_told(doctor, &after, before.lasted_ms);
}

/* --- a client that leaves while nothing is sent --------------------------- */

void doctor_check_idle(struct doctor *doctor)
{
	uint64_t token = doctor_token();
	struct doctor_http_exchange *exchange;
	struct state state;
	char query[QUERY_MAX];

	snprintf(query, sizeof(query),
	    "test=pieces&size=%" PRIu64 "&pause=%" PRIu64 "&token=%016" PRIx64,
	    MIB, IDLE_MS, token);
	/*
	 * To close with something unread resets the connection (tcp(7)), which
	 * fronts notice sooner than the usual end.
	 */
	exchange = begin(doctor, query, MIB / 2);
	doctor_http_drain(exchange, DRAIN_MS);
	doctor_http_free(exchange);
	state = wait_end(doctor, token, IDLE_MS + TELL_MS);
	if (!state.is_known)
		unknown(doctor, "a client that leaves");
	else if (strcmp(state.end, "left") == 0 && state.lasted_ms < IDLE_MS)
		doctor_good(doctor,
		    "when a client leaves while nothing is sent, the front "
		    "tells");
	else
		doctor_found(doctor, DOCTOR_SILENT_IDLE,
		    "when a client leaves while nothing is sent, the front "
		    "does not tell within %d s",
		    (int)(IDLE_MS / 1000));
}
