/* SPDX-License-Identifier: MIT */
/*
 * The master serves nothing. It sleeps in sigtimedwait(2), with the signals it
 * knows blocked, and acts on one at a time:
 *
 *	starting  SIGCHLD: reap, start anew, give up at last; or a worker
 *	          serves (worker_board.c): ready
 *	running   SIGCHLD: reap, start anew; SIGTERM, SIGINT: stop
 *	stopping  SIGCHLD: reap, until all have ended; a second SIGTERM or
 *	          SIGINT: hurry; after --drain-timeout and a little more: kill
 *
 * Workers drain at SIGTERM and stop at once at SIGQUIT. These are two signals
 * since a worker can get SIGTERM twice, from the master and from whatever stops
 * the whole group (killall, systemd's KillMode=control-group).
 */
#include "config.h"
#include "fcgi_app/process/master.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef HAVE_LIBSYSTEMD
#include <systemd/sd-daemon.h>
#endif

#include "fcgi_app/process/worker.h"
#include "fcgi_app/process/worker_board.h"
#include "fcgi_app/setup/listener.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

/* A worker that lived this long had a good start. */
#define YOUNG_MS 10000
/* The pause before a worker is replaced: none, then from … to. */
#define PAUSE_FIRST_MS 100
#define PAUSE_MOST_MS 30000
/* So often one is tried as long as none has ever served. */
#define TRIES_MAX 5
/* Time that workers get beyond --drain-timeout before they are killed. */
#define KILL_AFTER_MS 5000

struct slot {
	pid_t pid; /* 0: no process */
	uint64_t started_ms;
	uint64_t start_at_ms; /* when there is no process: start one then */
	uint64_t pause_ms;
	unsigned int tries; /* that failed before any worker served */
};

struct master {
	const struct worker_config *config;
	sigset_t signals;
	sigset_t inherited;
	unsigned int count;
	struct slot *slots;
	bool is_ready;
	bool has_failed;
	unsigned int stops; /* how often a stop was asked for */
	uint64_t kill_at_ms;
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void notify_systemd(const char *state)
{
#ifdef HAVE_LIBSYSTEMD
	sd_notify(0, state);
#else
	(void)state;
#endif
}

/* --- workers -------------------------------------------------------------- */

/* In the new process; does not return. */
static void become_worker(
    struct master *master, pid_t master_pid, unsigned int number)
{
	/* A worker without a master would never be stopped. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != master_pid)
		exit(EXIT_SUCCESS);
	sigprocmask(SIG_SETMASK, &master->inherited, NULL);
	free(master->slots);
	exit(worker_run(master->config, number));
}

/* What became of a worker; one that was told to end has status 0. */
static void describe_death(pid_t pid, int status, uint64_t pause_ms)
{
	bool has_drained = WIFEXITED(status) && WEXITSTATUS(status) == 0;
	char how[64] = "has drained";

	if (WIFSIGNALED(status))
		snprintf(how, sizeof(how), "was killed by signal %d (%s)",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (!has_drained)
		snprintf(how, sizeof(how), "exited with status %d",
		    WEXITSTATUS(status));
	log_message(has_drained ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR,
	    "worker %d %s; a new one starts in %" PRIu64 " ms", (int)pid, how,
	    pause_ms);
}

/* One death is bad luck, a series of them is not: the pause doubles. */
static uint64_t next_pause(const struct slot *slot)
{
	uint64_t pause = slot->pause_ms * 2;

	if (now_ms() - slot->started_ms >= YOUNG_MS)
		return 0;
	if (pause < PAUSE_FIRST_MS)
		return PAUSE_FIRST_MS;
	return pause < PAUSE_MOST_MS ? pause : PAUSE_MOST_MS;
}

/* The slot has no process, not even after a try: the next one is due later. */
static void schedule(struct master *master, struct slot *slot)
{
	slot->pid = 0;
	slot->pause_ms = next_pause(slot);
	slot->start_at_ms = now_ms() + slot->pause_ms;
	if (!worker_board_has_begun(master->config->board))
		slot->tries++;
}

static void start_worker(struct master *master, struct slot *slot)
{
	unsigned int number = (unsigned int)(slot - master->slots);
	pid_t master_pid = getpid();

	/* The one before may have died with connections. */
	worker_board_reset(master->config->board, number);
	slot->started_ms = now_ms();
	slot->pid = fork();
	if (slot->pid == 0)
		become_worker(master, master_pid, number);
	if (slot->pid > 0)
		return;
	log_message(
	    LOG_LEVEL_ERROR, "fork: %s (see ulimit -u)", strerror(errno));
	schedule(master, slot);
}

static void reap(struct master *master)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (unsigned int i = 0; i < master->count; i++) {
			struct slot *slot = &master->slots[i];

			if (slot->pid != pid)
				continue;
			schedule(master, slot);
			if (master->stops == 0)
				describe_death(pid, status, slot->pause_ms);
		}
	}
}

/* Starts what is due; returns the milliseconds until the next one, or -1. */
static int64_t start_due(struct master *master)
{
	uint64_t now = now_ms();
	int64_t next = -1;

	for (unsigned int i = 0; i < master->count; i++) {
		struct slot *slot = &master->slots[i];
		int64_t wait;

		if (slot->pid == 0 && slot->start_at_ms <= now)
			start_worker(master, slot);
		if (slot->pid != 0)
			continue;
		wait = (int64_t)(slot->start_at_ms - now);
		if (next < 0 || wait < next)
			next = wait;
	}
	return next;
}

static void signal_workers(const struct master *master, int number)
{
	for (unsigned int i = 0; i < master->count; i++)
		if (master->slots[i].pid > 0)
			kill(master->slots[i].pid, number);
}

static bool any_worker(const struct master *master)
{
	for (unsigned int i = 0; i < master->count; i++)
		if (master->slots[i].pid > 0)
			return true;
	return false;
}

/* --- signals -------------------------------------------------------------- */

/* Waits for a signal, `timeout_ms` at most, or for ever if negative. */
static int wait_signal(const struct master *master, int64_t timeout_ms)
{
	struct timespec timeout = {
		.tv_sec = timeout_ms / 1000,
		.tv_nsec = timeout_ms % 1000 * 1000000,
	};

	return sigtimedwait(
	    &master->signals, NULL, timeout_ms < 0 ? NULL : &timeout);
}

static void stop(struct master *master)
{
	const struct options *options = master->config->options;

	master->kill_at_ms = now_ms() + KILL_AFTER_MS;
	if (master->stops++ > 0) {
		signal_workers(master, SIGQUIT);
		return;
	}
	master->kill_at_ms += options->drain_timeout_ms;
	log_message(LOG_LEVEL_NOTICE, "stopping");
	notify_systemd("STOPPING=1");
	/* A front that connects from now on must be refused at once. */
	listeners_remove_files(master->config->listeners);
	listeners_close(master->config->listeners);
	signal_workers(master, SIGTERM);
}

static void act(struct master *master, int number)
{
	switch (number) {
	case SIGTERM:
	case SIGINT:
	case SIGQUIT:
		stop(master);
		break;
	case SIGCHLD:
		reap(master);
		break;
	case SIGHUP:
		log_message(LOG_LEVEL_NOTICE, "SIGHUP: nothing to reload");
		break;
	case SIGUSR1:
	case SIGUSR2:
		log_message(LOG_LEVEL_NOTICE, "%s: ignored",
		    number == SIGUSR1 ? "SIGUSR1" : "SIGUSR2");
		break;
	}
}

/* Returns how long to sleep while stopping; kills those whose time is up. */
static int64_t stop_timeout(struct master *master)
{
	uint64_t now = now_ms();

	if (now < master->kill_at_ms)
		return (int64_t)(master->kill_at_ms - now);
	log_message(LOG_LEVEL_ERROR, "workers did not stop: killing them");
	signal_workers(master, SIGKILL);
	master->kill_at_ms = now + KILL_AFTER_MS;
	return KILL_AFTER_MS;
}

static void log_ready(const struct master *master)
{
	const struct listeners *listeners = master->config->listeners;
	char names[1024] = "";
	size_t length = 0;

	for (size_t i = 0; i < listeners->count; i++) {
		int n = snprintf(names + length, sizeof(names) - length, "%s%s",
		    i ? ", " : "", listeners->list[i].name);

		if (n < 0 || (size_t)n >= sizeof(names) - length)
			break;
		length += (size_t)n;
	}
	log_message(LOG_LEVEL_NOTICE, "ready: %u workers, listening on %s",
	    master->count, names);
	notify_systemd("READY=1");
}

/* Ends the program if a worker has failed too often, and none ever served. */
static void give_up(struct master *master)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < master->count; i++)
		if (master->slots[i].tries > most)
			most = master->slots[i].tries;
	if (most < TRIES_MAX)
		return;
	log_message(LOG_LEVEL_ERROR,
	    "giving up: no worker could start in %d tries", TRIES_MAX);
	master->has_failed = true;
	stop(master);
}

static void check_start(struct master *master)
{
	if (master->is_ready || master->stops > 0)
		return;
	master->is_ready = worker_board_has_begun(master->config->board);
	if (master->is_ready)
		log_ready(master);
	else
		give_up(master);
}

static void block_signals(struct master *master)
{
	sigemptyset(&master->signals);
	sigaddset(&master->signals, SIGTERM);
	sigaddset(&master->signals, SIGINT);
	sigaddset(&master->signals, SIGQUIT);
	sigaddset(&master->signals, SIGCHLD);
	sigaddset(&master->signals, SIGHUP);
	sigaddset(&master->signals, SIGUSR1);
	sigaddset(&master->signals, SIGUSR2);
	sigprocmask(SIG_BLOCK, &master->signals, &master->inherited);
	/* An inherited SIG_IGN would let children vanish unseen. */
	signal(SIGCHLD, SIG_DFL);
}

int master_run(const struct worker_config *config)
{
	struct master master = {
		.config = config,
		.count = config->options->workers,
	};

	master.slots = calloc(master.count, sizeof(*master.slots));
	if (!master.slots) {
		log_message(LOG_LEVEL_ERROR, "out of memory");
		return EXIT_FAILURE;
	}
	block_signals(&master);
	while (master.stops == 0 || any_worker(&master)) {
		int64_t timeout =
		    master.stops ? stop_timeout(&master) : start_due(&master);

		act(&master, wait_signal(&master, timeout));
		check_start(&master);
	}
	free(master.slots);
	log_message(LOG_LEVEL_NOTICE, "stopped");
	return master.has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
