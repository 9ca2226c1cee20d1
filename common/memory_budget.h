/* SPDX-License-Identifier: MIT */
/* A bound for the memory that many hold together. */
#ifndef COMMON_MEMORY_BUDGET_H
#define COMMON_MEMORY_BUDGET_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/* Embedded by value; used from several threads. */
struct memory_budget {
	atomic_size_t left; /* bytes */
};

/* Sets the bytes that may be held; to be called before anybody holds some. */
void memory_budget_init(struct memory_budget *budget, size_t bytes);

/* Takes bytes out of the budget. Returns false if so many are not left. */
bool memory_budget_take(struct memory_budget *budget, size_t bytes);

/* Bytes that were taken are held no longer. */
void memory_budget_give_back(struct memory_budget *budget, size_t bytes);

#endif
