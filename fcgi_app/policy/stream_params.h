/* SPDX-License-Identifier: MIT */
/* The table of all parameters that the built-in actions read. */
#ifndef FCGI_APP_POLICY_STREAM_PARAMS_H
#define FCGI_APP_POLICY_STREAM_PARAMS_H

#include <stdbool.h>
#include <stddef.h>

/* Names that begin with it belong to fcgi-stream and to actions of others. */
#define STREAM_PARAMS_PREFIX "STREAM_"

/* Returns whether a word of a value means something. */
typedef bool stream_param_word_fn(const char *word, size_t length);

/* A row of the table. */
struct stream_param {
	const char *name;
	size_t length;
	/*
	 * For a value whose unknown words would do nothing, and silently. NULL:
	 * any value is right, or the action refuses a wrong one.
	 */
	stream_param_word_fn *is_word;
	bool is_list;      /* of words separated by blanks or commas */
	const char *fault; /* of a word that is none: "not on or off" */
};

/* Returns the row of a name of `length` bytes, or NULL. */
const struct stream_param *stream_params_find(const char *name, size_t length);

/* Returns the known name that was meant by this one, or NULL. */
const char *stream_params_nearest(const char *name, size_t length);

/*
 * Takes the next word at *cursor that means nothing, from there on. Returns its
 * length; 0: there are no more.
 */
size_t stream_param_bad_word(const struct stream_param *param,
    const char **cursor, const char **ret_word);

#endif
