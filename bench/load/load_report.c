/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

#include "bench/load/load_counts.h"
#include "bench/load/load_run.h"

/* The quantiles of times, in thousandths. */
static const struct {
	const char *name;
	unsigned int per_mille;
} quantiles[] = { { "p50", 500 }, { "p99", 990 }, { "p99_9", 999 } };

#define QUANTILES (sizeof(quantiles) / sizeof(quantiles[0]))

static double rate(uint64_t number, double seconds)
{
	return seconds > 0 ? (double)number / seconds : 0;
}

static uint64_t client_bytes(const struct load_result *result, double part)
{
	size_t last = result->client_count;

	if (last-- == 0)
		return 0;
	return result->client_bytes[(size_t)(part * (double)last)];
}

/* --- JSON ----------------------------------------------------------------- */

static json_t *integer(uint64_t value)
{
	return json_integer((json_int_t)value);
}

static json_t *times(const struct load_histogram *histogram)
{
	json_t *object = json_object();

	for (size_t i = 0; i < QUANTILES; i++)
		json_object_set_new(object, quantiles[i].name,
		    integer(load_histogram_quantile(
			histogram, quantiles[i].per_mille)));
	json_object_set_new(object, "max", integer(histogram->most));
	return object;
}

static json_t *errors(const struct load_counts *counts)
{
	json_t *object = json_object();

	for (enum load_error i = 0; i < LOAD_ERROR_COUNT; i++)
		json_object_set_new(object, load_counts_error_name(i),
		    integer(counts->errors[i]));
	return object;
}

static json_t *fairness(const struct load_result *result)
{
	json_t *object = json_object();

	json_object_set_new(object, "least", integer(client_bytes(result, 0)));
	json_object_set_new(
	    object, "median", integer(client_bytes(result, 0.5)));
	json_object_set_new(object, "most", integer(client_bytes(result, 1)));
	return object;
}

static json_t *sample_array(const struct load_result *result)
{
	json_t *array = json_array();

	for (size_t i = 0; i < result->sample_count; i++)
		json_array_append_new(array, integer(result->samples[i]));
	return array;
}

static int print_json(const struct load_result *result, bool samples)
{
	const struct load_counts *counts = result->counts;
	json_t *all = json_object();
	int r = 0;

	json_object_set_new(all, "requests", integer(counts->requests));
	json_object_set_new(all, "bytes", integer(counts->bytes));
	json_object_set_new(all, "seconds", json_real(result->seconds));
	json_object_set_new(all, "bytes_per_second",
	    json_real(rate(counts->bytes, result->seconds)));
	json_object_set_new(all, "requests_per_second",
	    json_real(rate(counts->requests, result->seconds)));
	json_object_set_new(all, "errors", errors(counts));
	json_object_set_new(all, "unfinished", integer(counts->unfinished));
	json_object_set_new(all, "ttfb_us", times(&counts->first_byte_us));
	json_object_set_new(all, "total_us", times(&counts->total_us));
	json_object_set_new(all, "connection_bytes", fairness(result));
	if (samples)
		json_object_set_new(all, "samples", sample_array(result));
	json_object_set_new(all, "cpu_seconds", json_real(result->cpu_seconds));
	/* A member that was not made is missing: a size tells. */
	if (json_object_size(all) != (samples ? 12 : 11))
		r = -ENOMEM;
	else if (json_dumpf(
		     all, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)) < 0)
		r = -EIO;
	json_decref(all);
	putchar('\n');
	return r;
}

/* --- for a reader --------------------------------------------------------- */

static void print_times(const char *what, const struct load_histogram *h)
{
	printf("%-17s", what);
	for (size_t i = 0; i < QUANTILES; i++)
		printf(" %s %.3f,", quantiles[i].name,
		    (double)load_histogram_quantile(h, quantiles[i].per_mille) /
			1e3);
	printf(" max %.3f ms\n", (double)h->most / 1e3);
}

static void print_errors(const struct load_counts *counts)
{
	bool any = false;

	printf("%-17s", "errors");
	for (enum load_error i = 0; i < LOAD_ERROR_COUNT; i++) {
		if (counts->errors[i] == 0)
			continue;
		printf("%s %s %" PRIu64, any ? "," : "",
		    load_counts_error_name(i), counts->errors[i]);
		any = true;
	}
	puts(any ? "" : " none");
}

static void print_table(const struct load_result *result, bool samples)
{
	const struct load_counts *counts = result->counts;

	printf("%-17s %" PRIu64 " in %.3f s, %.1f/s\n", "requests",
	    counts->requests, result->seconds,
	    rate(counts->requests, result->seconds));
	printf("%-17s %" PRIu64 ", %.1f MB/s\n", "bytes", counts->bytes,
	    rate(counts->bytes, result->seconds) / 1e6);
	print_errors(counts);
	printf("%-17s %" PRIu64 "\n", "unfinished", counts->unfinished);
	print_times("first byte", &counts->first_byte_us);
	print_times("total", &counts->total_us);
	printf("%-17s least %" PRIu64 ", median %" PRIu64 ", most %" PRIu64
	       " bytes\n",
	    "each connection", client_bytes(result, 0),
	    client_bytes(result, 0.5), client_bytes(result, 1));
	printf("%-17s %.3f s\n", "own CPU", result->cpu_seconds);
	for (size_t i = 0; samples && i < result->sample_count; i++)
		printf("%-17s %.1f MB/s\n", i ? "" : "samples",
		    (double)result->samples[i] / 1e6);
}

int load_report_print(const struct load_result *result, bool json, bool samples)
{
	int r = 0;

	if (json)
		r = print_json(result, samples);
	else
		print_table(result, samples);
	if (fflush(stdout) != 0 || ferror(stdout))
		return -EIO;
	return r;
}
