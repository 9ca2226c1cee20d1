/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/precondition.h"

#include <stdbool.h>

#include "fcgi_app/policy/etag.h"
#include "fcgi_app/policy/http_date.h"

/*
 * Returns whether the file was changed after the field's date; `otherwise`
 * where the field has no valid date.
 */
static bool modified_after(const char *field,
    const struct precondition_validators *validators, bool otherwise)
{
	time_t date;

	if (http_date_parse(field, validators->now, &date) < 0)
		return otherwise;
	return validators->last_modified > date;
}

/* Steps 1 and 2: is it still the file that the client knows? */
static bool is_expected(const struct precondition_fields *fields,
    const struct precondition_validators *validators)
{
	if (fields->if_match)
		return etag_list_has(
		    fields->if_match, validators->etag, ETAG_STRONG);
	if (fields->if_unmodified_since)
		return !modified_after(
		    fields->if_unmodified_since, validators, false);
	return true;
}

/* Steps 3 and 4: has the client got it? */
static bool is_known(const struct precondition_fields *fields,
    const struct precondition_validators *validators)
{
	/* If-Modified-Since counts only without it (13.1.3). */
	if (fields->if_none_match)
		return etag_list_has(
		    fields->if_none_match, validators->etag, ETAG_WEAK);
	if (fields->if_modified_since)
		return !modified_after(
		    fields->if_modified_since, validators, true);
	return false;
}

enum precondition_result precondition_evaluate(
    const struct precondition_fields *fields,
    const struct precondition_validators *validators)
{
	if (!is_expected(fields, validators))
		return PRECONDITION_FAILED;
	return is_known(fields, validators) ? PRECONDITION_NOT_MODIFIED
					    : PRECONDITION_PROCEED;
}
