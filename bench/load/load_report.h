/* SPDX-License-Identifier: MIT */
/* What is printed in the end. */
#ifndef BENCH_LOAD_LOAD_REPORT_H
#define BENCH_LOAD_LOAD_REPORT_H

#include <stdbool.h>

struct load_result;

/*
 * Prints the result on standard output, as JSON or for a reader; with samples
 * if `samples`. 0, -ENOMEM, or -EIO: standard output takes it not.
 */
int load_report_print(
    const struct load_result *result, bool json, bool samples);

#endif
