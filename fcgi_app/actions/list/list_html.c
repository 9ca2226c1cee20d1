/* SPDX-License-Identifier: MIT */
/*
 * A page that works without its script, with a keyboard and with a screen
 * reader: breadcrumbs, a table whose headers are buttons that sort it, and,
 * where there is an archive, forms that ask for the folder or some of the
 * files.
 *
 * Programs read it, too, by what they know of other servers' listings: each
 * entry is one line with <a href="NAME">NAME</a> and nothing else in the link;
 * then its size and </td>, and its date. Other end tags that HTML allows to
 * omit are omitted in the table (HTML, 13.1.2.4).
 */
#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "fcgi_app/actions/list/list_assets.h"
#include "fcgi_app/actions/list/list_form.h"
#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/list_page.h"
#include "fcgi_app/actions/list/size_text.h"
#include "fcgi_app/actions/list/text_out.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/media_type.h"

/* The most folders above the shown one that have a link. */
#define CRUMBS_MAX 8
/* The root's name: clients have no business to know its own. */
#define ROOT_NAME "Files"

#define FORMAT_FIELD "<input type=\"hidden\" name=\"format\" value=\"zip\">"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *plural(uint64_t number)
{
	return number == 1 ? "" : "s";
}

/* --- the path ------------------------------------------------------------- */

/* A component of a path, in a buffer of its own for its NUL. */
struct component {
	char name[256];
};

static size_t path_length(const struct list_page *page)
{
	size_t length = strlen(page->path);

	if (strcmp(page->path, ".") == 0)
		return 0;
	return page->path[length - 1] == '/' ? length - 1 : length;
}

/* Returns how many components the folder's path has. */
static size_t path_depth(const struct list_page *page)
{
	size_t length = path_length(page);
	size_t depth = length > 0;

	for (size_t i = 0; i < length; i++)
		depth += page->path[i] == '/';
	return depth;
}

/* Takes a component, of at most NAME_MAX bytes, off the path at *cursor. */
static struct component take_component(const char **cursor)
{
	size_t length = strcspn(*cursor, "/");
	struct component ret;

	snprintf(ret.name, sizeof(ret.name), "%.*s", (int)length, *cursor);
	*cursor += length;
	*cursor += **cursor == '/';
	return ret;
}

/* Returns the name that the page goes by. */
static struct component page_name(const struct list_page *page)
{
	struct component ret = { ROOT_NAME };
	const char *cursor = page->path;

	for (size_t i = path_depth(page); i > 0; i--)
		ret = take_component(&cursor);
	return ret;
}

static void put_archive(struct text_out *out, const struct list_page *page)
{
	text_out_html(out, page->archive);
	text_out_put(out, "/");
	text_out_url(out, page->path, path_length(page));
	if (path_depth(page) > 0)
		text_out_put(out, "/");
}

/* Returns whether files can be selected, for an archive. */
static bool has_form(const struct list_page *page)
{
	return page->archive && !page->empty;
}

/* --- above the table ------------------------------------------------------ */

/* Puts a link some folders up. */
static void put_crumb(struct text_out *out, const char *name, size_t up)
{
	text_out_put(out, "<li><bdi><a href=\"");
	for (size_t i = 0; i < up; i++)
		text_out_put(out, "../");
	text_out_put(out, "\">");
	text_out_html(out, name);
	text_out_put(out, "</a></bdi>\n");
}

/* Puts the folders above; those near the root may be left out. */
static void put_crumbs(struct text_out *out, const struct list_page *page)
{
	size_t depth = path_depth(page);
	const char *cursor = page->path;

	text_out_put(out, "<nav aria-label=\"Folders above\"><ol>\n");
	if (depth <= CRUMBS_MAX)
		put_crumb(out, ROOT_NAME, depth);
	else
		text_out_put(out, "<li>\xe2\x80\xa6\n");
	for (size_t up = depth - 1; up > 0; up--) {
		struct component component = take_component(&cursor);

		if (up <= CRUMBS_MAX)
			put_crumb(out, component.name, up);
	}
	text_out_put(out, "</ol></nav>\n");
}

/* As other servers have it: some programs know a listing by that. */
static void put_title(struct text_out *out, const struct list_page *page)
{
	text_out_put(out, "<title>Index of /");
	if (path_depth(page) > 0)
		text_out_html(out, page->path);
	if (path_depth(page) > 0 && page->path[path_length(page)] == '\0')
		text_out_put(out, "/");
	text_out_put(out, "</title>\n");
}

static void put_head(struct text_out *out, const struct list_page *page)
{
	text_out_put(out,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n");
	/* The same is at the address without it, and a signature is secret. */
	if (page->has_query)
		text_out_put(
		    out, "<meta name=\"robots\" content=\"noindex\">\n");
	put_title(out, page);
	text_out_put(out,
	    "<link rel=\"icon\" href=\"data:image/svg+xml,"
	    "%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E"
	    "%3Cpath fill='%23e9a93a' d='M2 4h8l2 3h10v13H2z'/%3E%3C/svg%3E\">"
	    "\n<style>");
	text_out_put(out, list_assets_style);
	text_out_put(out, "</style>\n</head>\n<body>\n");
}

static void put_header(struct text_out *out, const struct list_page *page)
{
	text_out_put(out, "<header><div>\n");
	if (path_depth(page) > 0)
		put_crumbs(out, page);
	text_out_put(out, "<h1><bdi>");
	text_out_html(out, page_name(page).name);
	text_out_put(out, "</bdi></h1></div>\n");
	if (page->archive) {
		text_out_put(out, "<form action=\"");
		put_archive(out, page);
		text_out_put(out, "\">" FORMAT_FIELD);
		list_form_put_fields(out, LIST_FORM_ARCHIVE, page->query_text);
		text_out_put(out,
		    "<button class=\"btn\">Download folder as ZIP</button>"
		    "</form>\n");
	}
	text_out_put(out, "</header>\n");
}

/* --- the table ------------------------------------------------------------ */

static const struct column {
	enum list_sort sort;
	const char *title;
	const char *class;
	bool descending; /* when it is chosen first */
} columns[] = {
	{ LIST_SORT_NAME, "Name", "n", false },
	{ LIST_SORT_SIZE, "Size", "s", true },
	{ LIST_SORT_TIME, "Modified (UTC)", "m", true },
};

static bool is_chosen(const struct list_page *page, const struct column *column)
{
	return page->query.sort == column->sort;
}

/*
 * A form must not stand in another one, so the table's head has the button
 * alone. Not to be filled in: the script changes the order, and a browser that
 * reloads the page would keep that.
 */
static void put_sort_form(struct text_out *out, const struct list_page *page,
    const struct column *column)
{
	bool next = is_chosen(page, column) ? !page->query.descending
					    : column->descending;
	const char *sort = list_query_sort_name(column->sort);

	text_out_format(out, "<form id=\"by-%s\" autocomplete=\"off\">", sort);
	list_form_put_fields(out, LIST_FORM_SORT, page->query_text);
	text_out_format(out,
	    "<input type=\"hidden\" name=\"sort\" value=\"%s\">"
	    "<input type=\"hidden\" name=\"order\" value=\"%s\"></form>\n",
	    sort, list_query_order_name(next));
}

static void put_column(struct text_out *out, const struct list_page *page,
    const struct column *column)
{
	text_out_format(out, "<th scope=\"col\" class=\"%s\"", column->class);
	if (!page->sorted) {
		text_out_format(out, ">%s\n", column->title);
		return;
	}
	if (is_chosen(page, column))
		text_out_format(out, " aria-sort=\"%s\"",
		    page->query.descending ? "descending" : "ascending");
	text_out_format(out, "><button form=\"by-%s\">%s</button>\n",
	    list_query_sort_name(column->sort), column->title);
}

static void put_columns(struct text_out *out, const struct list_page *page)
{
	text_out_put(
	    out, "<table>\n<caption>Folders and files</caption>\n<thead><tr>");
	if (has_form(page))
		text_out_put(out,
		    "<td class=\"c\"><input type=\"checkbox\" hidden "
		    "aria-label=\"Select all files\">\n");
	for (size_t i = 0; i < COUNT(columns); i++)
		put_column(out, page, &columns[i]);
	text_out_put(out, "<tbody>\n");
}

static void html_begin(struct text_out *out, const struct list_page *page)
{
	put_head(out, page);
	put_header(out, page);
	text_out_put(out, "<main>\n");
	if (!page->sorted)
		text_out_put(out,
		    "<p class=\"note\">The entries are in no particular order: "
		    "they are too many to sort, or the server is busy.</p>\n");
	for (size_t i = 0; page->sorted && i < COUNT(columns); i++)
		put_sort_form(out, page, &columns[i]);
	if (has_form(page)) {
		/* The front looks for a signature in the URL. */
		text_out_put(out, "<form method=\"post\" action=\"");
		put_archive(out, page);
		list_form_put_query(out, LIST_FORM_ARCHIVE, page->query_text);
		text_out_put(out, "\">" FORMAT_FIELD "\n");
	}
	put_columns(out, page);
}

/* Returns the class of the style that gives an entry its icon. */
static const char *icon_of(
    const struct list_page *page, const struct list_entry *entry)
{
	static const struct {
		const char *type; /* the begin of a media type */
		const char *icon;
	} icons[] = {
		{ "image/", "i" },
		{ "video/", "v" },
		{ "audio/", "a" },
		{ "text/", "t" },
		{ "application/pdf", "t" },
		{ "application/json", "t" },
		{ "application/zip", "z" },
		{ "application/gzip", "z" },
		{ "application/x-tar", "z" },
		{ "application/x-7z-compressed", "z" },
		{ "application/x-xz", "z" },
		{ "application/x-bzip", "z" },
		{ "application/x-iso9660-image", "z" },
		{ "application/zstd", "z" },
	};
	const char *type;

	if (entry->is_folder)
		return "d";
	type = media_types_find(page->types, entry->name);
	for (size_t i = 0; i < COUNT(icons); i++) {
		if (strncmp(type, icons[i].type, strlen(icons[i].type)) == 0)
			return icons[i].icon;
	}
	return "f";
}

static void put_choice(struct text_out *out, const struct list_entry *entry)
{
	text_out_put(out, "<td class=\"c\">");
	if (entry->is_folder || entry->is_unreadable ||
	    !list_form_can_send(entry->name))
		return;
	text_out_put(out, "<input type=\"checkbox\" name=\"f\" value=\"");
	text_out_html_hidden(out, entry->name);
	text_out_put(out, "\" aria-label=\"Select ");
	text_out_html(out, entry->name);
	text_out_put(out, "\">");
}

/* Puts the name, as a link if it leads anywhere. */
static void put_name(struct text_out *out, const struct list_entry *entry)
{
	const char *slash = entry->is_folder ? "/" : "";

	text_out_put(out, "<bdi>");
	if (!entry->is_unreadable) {
		text_out_put(out, "<a href=\"");
		text_out_url(out, entry->name, strlen(entry->name));
		text_out_format(out, "%s\">", slash);
	}
	text_out_html(out, entry->name);
	text_out_put(out, slash);
	text_out_put(out,
	    entry->is_unreadable ? "</bdi> <small>not readable</small>"
				 : "</a></bdi>");
}

static void put_size(struct text_out *out, const struct list_entry *entry)
{
	char exact[SIZE_TEXT_EXACT_MAX], text[SIZE_TEXT_SHORT_MAX];

	if (entry->is_folder) {
		text_out_put(out, "<td class=\"s\"></td>");
		return;
	}
	size_text_exact(entry->size, exact);
	size_text_short(entry->size, text);
	text_out_format(out, "<td class=\"s\" title=\"%s byte%s\">%s</td>",
	    exact, plural(entry->size), text);
}

static void html_entry(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals, const struct list_entry *entry)
{
	char date[HTTP_DATE_ISO_SIZE];

	(void)totals;
	http_date_format_iso(entry->modified, date);
	text_out_put(out, "<tr>");
	if (page->archive)
		put_choice(out, entry);
	text_out_format(
	    out, "<th scope=\"row\" class=\"%s\">", icon_of(page, entry));
	put_name(out, entry);
	put_size(out, entry);
	text_out_format(out,
	    "<td class=\"m\"><time datetime=\"%s\">%.10s %.5s</time>\n", date,
	    date, date + 11);
}

/* --- below the table ------------------------------------------------------ */

static void put_totals(struct text_out *out, const struct list_totals *totals)
{
	char exact[SIZE_TEXT_EXACT_MAX], text[SIZE_TEXT_SHORT_MAX];

	size_text_exact(totals->bytes, exact);
	size_text_short(totals->bytes, text);
	text_out_format(out, "<span class=\"sum\" title=\"%s byte%s\">", exact,
	    plural(totals->bytes));
	if (totals->folders > 0)
		text_out_format(out, "%" PRIu64 " folder%s, ", totals->folders,
		    plural(totals->folders));
	text_out_format(out, "%" PRIu64 " file%s, %s</span>\n", totals->files,
	    plural(totals->files), text);
}

static void put_footer(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals)
{
	if (totals->folders + totals->files == 0) {
		text_out_put(
		    out, "<p class=\"none\">This folder is empty.</p>\n");
		return;
	}
	text_out_put(out, "<footer>");
	put_totals(out, totals);
	if (page->archive && totals->files > 0)
		text_out_put(out,
		    "<button class=\"btn\">Download selected as ZIP</button>");
	text_out_put(out, "</footer>\n");
}

static void html_end(struct text_out *out, const struct list_page *page,
    const struct list_totals *totals)
{
	text_out_put(out, "</table>\n");
	put_footer(out, page, totals);
	if (has_form(page))
		text_out_put(out, "</form>\n");
	text_out_put(
	    out, "<p role=\"status\" class=\"hid\"></p>\n</main>\n<script>");
	text_out_put(out, list_assets_script);
	text_out_put(out, "</script>\n</body>\n</html>\n");
}

const struct list_format_ops list_html = {
	.content_type = "text/html; charset=utf-8",
	.begin = html_begin,
	.entry = html_entry,
	.end = html_end,
};

bool list_page_archive_is_valid(const char *path)
{
	/* RFC 3986, 3.3. */
	static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789"
				    "-._~!$&'()*+,;=:@%/";

	return path[0] == '/' && path[1] != '/' &&
	    strlen(path) <= LIST_PAGE_ARCHIVE_MAX &&
	    path[strspn(path, legal)] == '\0';
}
