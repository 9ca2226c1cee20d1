/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/memory_budget.h"

void memory_budget_init(struct memory_budget *budget, size_t bytes)
{
	atomic_init(&budget->left, bytes);
}

bool memory_budget_take(struct memory_budget *budget, size_t bytes)
{
	size_t left = atomic_load(&budget->left);

	do {
		if (left < bytes)
			return false;
	} while (
	    !atomic_compare_exchange_weak(&budget->left, &left, left - bytes));
	return true;
}

void memory_budget_give_back(struct memory_budget *budget, size_t bytes)
{
	atomic_fetch_add(&budget->left, bytes);
}
