/* SPDX-License-Identifier: MIT */
/*
 * The doctor's checks that take more than one request at once. They go by the
 * order of events and by what the probe itself has seen, not by short times.
 */
#ifndef DOCTOR_DOCTOR_LEAVE_H
#define DOCTOR_DOCTOR_LEAVE_H

struct doctor;

void doctor_check_buffering(struct doctor *doctor);
void doctor_check_cut(struct doctor *doctor);
void doctor_check_flood(struct doctor *doctor);
void doctor_check_idle(struct doctor *doctor);

#endif
