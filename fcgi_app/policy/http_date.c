/* SPDX-License-Identifier: MIT */
/*
 * HTTP dates. The calendar is worked out here rather than by gmtime() and
 * timegm(), which count leap seconds under some settings of TZ; strftime() and
 * strptime() follow the locale.
 *
 * Days are counted from 1 January of the year 0 in the Gregorian calendar, so
 * that no number within the range of the format is negative.
 */
#include "config.h"

#include "fcgi_app/policy/http_date.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_PER_DAY 86400
#define DAYS_BEFORE_1970 719528
#define DAYS_PER_400_YEARS 146097
/* 0000-01-01 00:00:00 and 9999-12-31 23:59:59 */
#define EARLIEST (-(int64_t)DAYS_BEFORE_1970 * SECONDS_PER_DAY)
#define LATEST INT64_C(253402300799)

_Static_assert(sizeof(time_t) == sizeof(int64_t), "time_t has 64 bits");

/* Month is 0 to 11, all else as it is written. */
struct date {
	int year;
	int month;
	int day;
	int hour;
	int minute;
	int second;
};

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec", NULL };

/* The first day of the year 0 was a Saturday. */
static const char *const day_names[] = { "Sat", "Sun", "Mon", "Tue", "Wed",
	"Thu", "Fri", NULL };

static const char *const long_day_names[] = { "Saturday", "Sunday", "Monday",
	"Tuesday", "Wednesday", "Thursday", "Friday", NULL };

/* --- the calendar --------------------------------------------------------- */

static bool is_leap_year(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return days[month] + (month == 1 && is_leap_year(year));
}

/* Days from the start of the year 0 to the start of this year. */
static int64_t days_before_year(int year)
{
	return (int64_t)year * 365 + (year + 3) / 4 - (year + 99) / 100 +
	    (year + 399) / 400;
}

static int64_t date_to_time(const struct date *d)
{
	int64_t days = days_before_year(d->year) - DAYS_BEFORE_1970;

	for (int month = 0; month < d->month; month++)
		days += days_in_month(d->year, month);
	days += d->day - 1;
	return days * SECONDS_PER_DAY + d->hour * 3600 + d->minute * 60 +
	    d->second;
}

static int64_t clamp_time(int64_t when)
{
	if (when < EARLIEST)
		return EARLIEST;
	return when > LATEST ? LATEST : when;
}

/*
 * Returns the year that a day falls into; what is left of *days is the day in
 * it.
 */
static int take_year(int64_t *days)
{
	/* One off at most: leap days are not spread evenly. */
	int year = (int)(*days * 400 / DAYS_PER_400_YEARS);

	if (days_before_year(year) > *days)
		year--;
	else if (days_before_year(year + 1) <= *days)
		year++;
	*days -= days_before_year(year);
	return year;
}

/* Split a time; returns the day of the week, 0 for a Saturday. */
static int time_to_date(int64_t when, struct date *ret)
{
	int64_t seconds = clamp_time(when) - EARLIEST;
	int64_t days = seconds / SECONDS_PER_DAY;
	int weekday = (int)(days % 7);
	int second_of_day = (int)(seconds % SECONDS_PER_DAY);

	ret->year = take_year(&days);
	ret->month = 0;
	while (days >= days_in_month(ret->year, ret->month))
		days -= days_in_month(ret->year, ret->month++);
	ret->day = (int)days + 1;
	ret->hour = second_of_day / 3600;
	ret->minute = second_of_day / 60 % 60;
	ret->second = second_of_day % 60;
	return weekday;
}

static void put_two_digits(char *to, int number)
{
	to[0] = (char)('0' + number / 10 % 10);
	to[1] = (char)('0' + number % 10);
}

/* By hand: each response has a date, and printf(3) takes ten times as long. */
void http_date_format(time_t when, char ret[HTTP_DATE_SIZE])
{
	struct date d;
	int weekday = time_to_date(when, &d);

	memcpy(ret, "Day, 00 Mon 0000 00:00:00 GMT", HTTP_DATE_SIZE);
	memcpy(ret, day_names[weekday], 3);
	put_two_digits(ret + 5, d.day);
	memcpy(ret + 8, months[d.month], 3);
	put_two_digits(ret + 12, d.year / 100);
	put_two_digits(ret + 14, d.year);
	put_two_digits(ret + 17, d.hour);
	put_two_digits(ret + 20, d.minute);
	put_two_digits(ret + 23, d.second);
}

void http_date_format_iso(time_t when, char ret[HTTP_DATE_ISO_SIZE])
{
	struct date d;

	time_to_date(when, &d);
	memcpy(ret, "0000-00-00T00:00:00Z", HTTP_DATE_ISO_SIZE);
	put_two_digits(ret, d.year / 100);
	put_two_digits(ret + 2, d.year);
	put_two_digits(ret + 5, d.month + 1);
	put_two_digits(ret + 8, d.day);
	put_two_digits(ret + 11, d.hour);
	put_two_digits(ret + 14, d.minute);
	put_two_digits(ret + 17, d.second);
}

/* --- the grammar: each take_ moves the cursor past what it found ---------- */

static bool take_text(const char **cursor, const char *text)
{
	size_t length = strlen(text);

	if (strncmp(*cursor, text, length) != 0)
		return false;
	*cursor += length;
	return true;
}

/* One of the names, by its number. HTTP dates are case-sensitive (5.6.7). */
static bool take_name(
    const char **cursor, const char *const *names, int *ret_number)
{
	for (int i = 0; names[i]; i++) {
		if (take_text(cursor, names[i])) {
			*ret_number = i;
			return true;
		}
	}
	return false;
}

/* Exactly count digits. */
static bool take_digits(const char **cursor, int count, int *ret_value)
{
	int value = 0;

	for (int i = 0; i < count; i++) {
		char c = (*cursor)[i];

		if (c < '0' || c > '9')
			return false;
		value = value * 10 + (c - '0');
	}
	*cursor += count;
	*ret_value = value;
	return true;
}

/* time-of-day = hour ":" minute ":" second (RFC 9110, 5.6.7) */
static bool take_time_of_day(const char **cursor, struct date *d)
{
	return take_digits(cursor, 2, &d->hour) && take_text(cursor, ":") &&
	    take_digits(cursor, 2, &d->minute) && take_text(cursor, ":") &&
	    take_digits(cursor, 2, &d->second);
}

/* date3 = month SP ( 2DIGIT / ( SP 1DIGIT )) (RFC 9110, 5.6.7) */
static bool take_date3(const char **cursor, struct date *d)
{
	if (!take_name(cursor, months, &d->month) || !take_text(cursor, " "))
		return false;
	return take_text(cursor, " ") ? take_digits(cursor, 1, &d->day)
				      : take_digits(cursor, 2, &d->day);
}

static bool at_end(const char *cursor)
{
	return cursor[strspn(cursor, " \t")] == '\0';
}

/* IMF-fixdate: "Sun, 06 Nov 1994 08:49:37 GMT" */
static bool parse_imf_fixdate(const char *p, struct date *d)
{
	int weekday;

	return take_name(&p, day_names, &weekday) && take_text(&p, ", ") &&
	    take_digits(&p, 2, &d->day) && take_text(&p, " ") &&
	    take_name(&p, months, &d->month) && take_text(&p, " ") &&
	    take_digits(&p, 4, &d->year) && take_text(&p, " ") &&
	    take_time_of_day(&p, d) && take_text(&p, " GMT") && at_end(p);
}

/*
 * rfc850-date: "Sunday, 06-Nov-94 08:49:37 GMT". A date that appears to be
 * more than 50 years ahead belongs to the most recent year in the past with
 * the same two digits (RFC 9110, 5.6.7). So the year is the latest one that is
 * not that far ahead.
 */
static bool parse_rfc850_date(const char *p, time_t now, struct date *d)
{
	struct date today;
	int64_t limit;
	int weekday;

	if (!(take_name(&p, long_day_names, &weekday) && take_text(&p, ", ") &&
		take_digits(&p, 2, &d->day) && take_text(&p, "-") &&
		take_name(&p, months, &d->month) && take_text(&p, "-") &&
		take_digits(&p, 2, &d->year) && take_text(&p, " ") &&
		take_time_of_day(&p, d) && take_text(&p, " GMT") && at_end(p)))
		return false;

	time_to_date(now, &today);
	d->year += today.year - today.year % 100 + 100;
	today.year += 50;
	limit = date_to_time(&today);
	while (d->year >= 100 && date_to_time(d) > limit)
		d->year -= 100;
	return true;
}

/* asctime-date: "Sun Nov  6 08:49:37 1994" */
static bool parse_asctime_date(const char *p, struct date *d)
{
	int weekday;

	return take_name(&p, day_names, &weekday) && take_text(&p, " ") &&
	    take_date3(&p, d) && take_text(&p, " ") &&
	    take_time_of_day(&p, d) && take_text(&p, " ") &&
	    take_digits(&p, 4, &d->year) && at_end(p);
}

int http_date_parse(const char *field, time_t now, time_t *ret_when)
{
	struct date d = { 0 };

	if (!parse_imf_fixdate(field, &d) &&
	    !parse_rfc850_date(field, now, &d) &&
	    !parse_asctime_date(field, &d))
		return -EINVAL;
	/* A leap second is the 60th. */
	if (d.day < 1 || d.day > days_in_month(d.year, d.month) ||
	    d.hour > 23 || d.minute > 59 || d.second > 60)
		return -EINVAL;
	*ret_when = (time_t)date_to_time(&d);
	return 0;
}
