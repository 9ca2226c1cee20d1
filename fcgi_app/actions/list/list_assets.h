/* SPDX-License-Identifier: MIT */
/* The style and the script of a folder's page. */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_ASSETS_H
#define FCGI_APP_ACTIONS_LIST_LIST_ASSETS_H

/* What list_assets_policy() writes, and its NUL. */
#define LIST_ASSETS_POLICY_MAX 320

/* The whole text of a style and of a script element. */
extern const char list_assets_style[];
extern const char list_assets_script[];

/*
 * Write the Content-Security-Policy (CSP, level 3) of a page that has just
 * these: neither may differ by a byte, nothing is loaded but pictures in data
 * URLs, and a form leads nowhere else.
 */
void list_assets_policy(char ret[LIST_ASSETS_POLICY_MAX]);

#endif
