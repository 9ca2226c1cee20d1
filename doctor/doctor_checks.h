/* SPDX-License-Identifier: MIT */
/*
 * The doctor's checks that take one request at a time. Each asks the probe,
 * through the front, and reports its findings.
 */
#ifndef DOCTOR_DOCTOR_CHECKS_H
#define DOCTOR_DOCTOR_CHECKS_H

#include <jansson.h>

struct doctor;

/* `echo` is the probe's answer to a plain request. */
void doctor_check_path(struct doctor *doctor, const json_t *echo);
void doctor_check_root(struct doctor *doctor, const json_t *echo);
void doctor_check_length(struct doctor *doctor);
void doctor_check_ranges(struct doctor *doctor);
void doctor_check_conditions(struct doctor *doctor);
void doctor_check_heads(struct doctor *doctor);

#endif
