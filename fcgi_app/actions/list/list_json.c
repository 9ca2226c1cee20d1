/* SPDX-License-Identifier: MIT */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/list_page.h"
#include "fcgi_app/actions/list/text_out.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/path_rule.h"

/* "/" and the path, as far as it is one: "." is the root itself. */
static void put_path(struct text_out *out, const char *path)
{
	text_out_put(out, "/");
	if (strcmp(path, ".") == 0)
		return;
	text_out_json(out, path);
	if (!path_rule_is_folder(path))
		text_out_put(out, "/");
}

static void json_begin(struct text_out *out, const struct list_page *page)
{
	text_out_put(out, "{\"path\":\"");
	put_path(out, page->path);
	if (page->sorted)
		text_out_format(out, "\",\"sort\":\"%s\",\"order\":\"%s\"",
		    list_query_sort_name(page->query.sort),
		    list_query_order_name(page->query.descending));
	else
		text_out_put(out, "\",\"sort\":null,\"order\":null");
	text_out_put(out, ",\"entries\":[");
}

static void json_entry(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals, const struct list_entry *entry)
{
	char date[HTTP_DATE_ISO_SIZE];

	(void)page;
	http_date_format_iso(entry->modified, date);
	text_out_put(out, totals->folders + totals->files > 0 ? ",\n" : "\n");
	text_out_put(out, "{\"name\":\"");
	text_out_json(out, entry->name);
	text_out_put(out, "\",\"href\":\"");
	text_out_url(out, entry->name, strlen(entry->name));
	if (entry->is_folder)
		text_out_put(out, "/\",\"type\":\"directory\"");
	else
		text_out_format(
		    out, "\",\"type\":\"file\",\"size\":%" PRIu64, entry->size);
	text_out_format(out, ",\"mtime\":\"%s\",\"readable\":%s}", date,
	    entry->is_unreadable ? "false" : "true");
}

static void json_end(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals)
{
	(void)page;
	(void)totals;
	text_out_put(out, "\n]}\n");
}

const struct list_format_ops list_json = {
	.content_type = "application/json",
	.begin = json_begin,
	.entry = json_entry,
	.end = json_end,
};
