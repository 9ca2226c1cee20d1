/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/list/natural_order.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static const char digits[] = "0123456789";

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* For the order: the end, then digits, then all other bytes. */
static int rank(char c)
{
	unsigned char byte = (unsigned char)c;

	if (c == '\0')
		return 0;
	if (is_digit(c))
		return 1;
	return 2 + (c >= 'A' && c <= 'Z' ? byte - 'A' + 'a' : byte);
}

/* Compares the runs of digits at *a and *b, and moves both past them. */
static int compare_numbers(const char **a, const char **b)
{
	const char *x = *a + strspn(*a, "0");
	const char *y = *b + strspn(*b, "0");
	size_t x_length = strspn(x, digits);
	size_t y_length = strspn(y, digits);

	*a = x + x_length;
	*b = y + y_length;
	if (x_length != y_length)
		return x_length < y_length ? -1 : 1;
	return memcmp(x, y, x_length);
}

int natural_order(const char *a, const char *b)
{
	const char *x = a;
	const char *y = b;
	int r = 0;

	while (r == 0 && (*x != '\0' || *y != '\0')) {
		if (is_digit(*x) && is_digit(*y))
			r = compare_numbers(&x, &y);
		else
			r = rank(*x++) - rank(*y++);
	}
	return r != 0 ? r : strcmp(a, b);
}
