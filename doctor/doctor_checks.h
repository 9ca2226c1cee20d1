/* SPDX-License-Identifier: MIT */
/*
 * The doctor's checks. Each asks the probe, through the front, and reports what
 * it found in a line or a few.
 */
#ifndef DOCTOR_DOCTOR_CHECKS_H
#define DOCTOR_DOCTOR_CHECKS_H

#include <jansson.h>

struct doctor;

/* In doctor_checks.c. `echo` is what the probe says of a plain request. */
void doctor_check_path(struct doctor *doctor, const json_t *echo);
void doctor_check_root(struct doctor *doctor, const json_t *echo);
void doctor_check_length(struct doctor *doctor);
void doctor_check_ranges(struct doctor *doctor);
void doctor_check_conditions(struct doctor *doctor);
void doctor_check_heads(struct doctor *doctor);

/*
 * In doctor_leave.c: what needs more than one request at once. They go by the
 * order of events and by what the probe itself has seen, not by short times.
 */
void doctor_check_buffering(struct doctor *doctor);
void doctor_check_cut(struct doctor *doctor);
void doctor_check_flood(struct doctor *doctor);
void doctor_check_idle(struct doctor *doctor);

#endif
