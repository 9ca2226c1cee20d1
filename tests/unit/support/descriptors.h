/* SPDX-License-Identifier: MIT */
/* For tests that nothing stays open. */
#ifndef TESTS_UNIT_SUPPORT_DESCRIPTORS_H
#define TESTS_UNIT_SUPPORT_DESCRIPTORS_H

/* How many descriptors this process has, give or take a constant. */
int count_descriptors(void);

#endif
