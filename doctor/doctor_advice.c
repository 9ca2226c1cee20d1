/* SPDX-License-Identifier: MIT */
/*
 * A row of the table holds what applies to any front, and what is known to
 * mend it in this or that one. Where a front has no way to mend something, its
 * text says so, and the finding is a remark.
 */
#include "config.h"
#include "doctor/doctor_advice.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#define PROBLEM(...)              \
	{                         \
		true, __VA_ARGS__ \
	}
#define REMARK(...)                \
	{                          \
		false, __VA_ARGS__ \
	}

static const struct {
	const char *name;
	/* How SERVER_SOFTWARE and Server begin. */
	const char *software;
} fronts[DOCTOR_FRONTS] = {
	[DOCTOR_NGINX] = { "nginx", "nginx" },
	[DOCTOR_APACHE] = { "Apache", "Apache" },
	[DOCTOR_LIGHTTPD] = { "lighttpd", "lighttpd" },
	[DOCTOR_HAPROXY] = { "HAProxy", "HAProxy" },
	[DOCTOR_CADDY] = { "Caddy", "Caddy" },
	[DOCTOR_OTHER] = { "an unknown server", NULL },
};

static const struct doctor_advice table[DOCTOR_FINDINGS][DOCTOR_FRONTS] = {
	[DOCTOR_NO_PATH] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Send the decoded path as DOCUMENT_URI or STREAM_PATH."),
		[DOCTOR_NGINX] = PROBLEM(
		    "include fastcgi_params;   # has DOCUMENT_URI"),
		[DOCTOR_APACHE] = PROBLEM(
		    "ProxyFCGISetEnvIf \"true\" STREAM_PATH "
		    "\"%{REQUEST_URI}\""),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "\"check-local\" => \"disable\" in fastcgi.server"),
		[DOCTOR_HAPROXY] = PROBLEM(
		    "fcgi-app: no path-info; SCRIPT_NAME has the whole path "
		    "then"),
		[DOCTOR_CADDY] = PROBLEM(
		    "transport fastcgi without split; PATH_INFO has the path "
		    "then"),
	},
	[DOCTOR_ENCODED] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Names with such characters are not found. Send the "
		    "decoded path as STREAM_PATH."),
		[DOCTOR_APACHE] = PROBLEM(
		    "ProxyFCGISetEnvIf \"true\" STREAM_PATH "
		    "\"%{REQUEST_URI}\""),
	},
	[DOCTOR_DECODED_TWICE] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Names with a percent sign are not found. Look for a "
		    "rewrite that decodes the path once more."),
		[DOCTOR_NGINX] = PROBLEM(
		    "Use $document_uri, not a variable that was unescaped "
		    "again."),
	},
	[DOCTOR_PATH_REFUSED] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Names with such characters can't be had through this "
		    "location."),
		[DOCTOR_APACHE] = PROBLEM(
		    "<Location \"/\"> SetHandler "
		    "\"proxy:unix:PATH|fcgi://localhost/\" instead of "
		    "ProxyPass"),
	},
	[DOCTOR_QUESTION_MARK_REFUSED] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Files with a question mark in their names can't be had "
		    "through this location."),
		[DOCTOR_APACHE] = REMARK(
		    "With SetHandler Apache refuses such a path "
			    "(AH10414); ProxyPass forwards it. Else files with "
			    "a question mark in their names can't be had."),
	},
	[DOCTOR_NO_ROOT] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Send the folder to serve as DOCUMENT_ROOT."),
		[DOCTOR_NGINX] = PROBLEM(
		    "include fastcgi_params;   # has DOCUMENT_ROOT\n"
		    "root /FOLDER;"),
		[DOCTOR_APACHE] = PROBLEM("DocumentRoot \"/FOLDER\""),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "server.document-root = \"/FOLDER\""),
		[DOCTOR_HAPROXY] = PROBLEM("fcgi-app: docroot /FOLDER"),
		[DOCTOR_CADDY] = PROBLEM("transport fastcgi { root /FOLDER }"),
	},
	[DOCTOR_ROOT_OUTSIDE] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "All files are answered 403. Start fcgi-stream with "
		    "--root=FOLDER for that folder or one above it."),
		[DOCTOR_NGINX] = PROBLEM(
		    "root /FOLDER;   # one at or beneath a --root of "
		    "fcgi-stream"),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "server.document-root = \"/FOLDER\"   # one at or beneath "
		    "a --root\n"
		    "\"docroot\" => \"/FOLDER\" in fastcgi.server does the "
		    "same for one backend."),
	},
	[DOCTOR_ROOT_CLOSED] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "All files are answered 403. Let the user that "
		    "fcgi-stream runs as enter that folder and read its "
		    "files:\n"
		    "setfacl -R -m u:USER:rX /FOLDER\n"
		    "or, with systemd, SupplementaryGroups= of a group that "
		    "may."),
	},
	[DOCTOR_ROOT_GONE] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "All files are answered 503 until the folder is back: "
		    "mount it, or mend the link. The log of fcgi-stream has "
		    "the reason."),
	},
	[DOCTOR_NO_LENGTH] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Clients see no progress, and can't go on with a broken "
		    "download. Look for a filter that changes the body."),
		[DOCTOR_NGINX] = PROBLEM(
		    "Look for gzip, sub_filter or addition in this location:\n"
		    "gzip off;"),
		[DOCTOR_APACHE] = PROBLEM(
		    "SetEnv ap_trust_cgilike_cl 1   # Apache 2.4.59 and "
		    "later\n"
		    "Without it clients see no progress, and can't go on with "
		    "a broken download."),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "Look for mod_deflate in this location:\n"
		    "deflate.mimetypes = ()"),
		[DOCTOR_CADDY] = PROBLEM(
		    "Look for \"encode\" in this site; take this location out "
		    "of it."),
	},
	[DOCTOR_NO_RANGE] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Pass the header field Range on, and the answer 206 back: "
		    "players can't seek else."),
		[DOCTOR_NGINX] = PROBLEM(
		    "fastcgi_force_ranges off;\n"
		    "Where fastcgi_cache is on, nginx removes Range: use slice "
		    "with\n"
		    "fastcgi_param HTTP_RANGE $slice_range;"),
		[DOCTOR_APACHE] = PROBLEM(
		    "Look for \"RequestHeader unset Range\" and MaxRanges."),
	},
	[DOCTOR_NO_CONDITIONS] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Pass these fields on, or clients fetch again what they "
		    "have."),
		[DOCTOR_NGINX] = PROBLEM(
		    "nginx removes them where fastcgi_cache is on; the cache "
		    "answers them then.\n"
		    "fastcgi_cache off;"),
	},
	[DOCTOR_HEAD_LIMIT] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Make room for heads of 4 KiB at least."),
		[DOCTOR_NGINX] = PROBLEM("fastcgi_buffer_size 64k;"),
		[DOCTOR_HAPROXY] = PROBLEM("tune.bufsize 16384"),
	},
	[DOCTOR_LONG_HEAD_LIMIT] = {
		[DOCTOR_OTHER] = REMARK(
		    "fcgi-stream keeps its heads below 4 KiB: this does no "
		    "harm."),
		[DOCTOR_NGINX] = PROBLEM(
		    "fastcgi_buffer_size 64k;\n"
		    "fastcgi_buffers 8 64k;\n"
		    "fastcgi_busy_buffers_size 128k;\n"
		    "fcgi-stream keeps its heads below 4 KiB, but all that is "
		    "not buffered goes through this buffer: a small one makes "
		    "large files slow."),
	},
	[DOCTOR_BUFFERS_ALL] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Turn off the buffering of answers for this location."),
		[DOCTOR_NGINX] = PROBLEM(
		    "fastcgi_buffering off;\n"
		    "fcgi-stream asks for that with X-Accel-Buffering: no, "
		    "which something has switched off: look for "
		    "fastcgi_ignore_headers."),
		[DOCTOR_APACHE] = PROBLEM(
		    "Look for a filter that needs the whole body, such as "
		    "CONTENT_LENGTH in SetOutputFilter."),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "server.stream-response-body = 2"),
		[DOCTOR_CADDY] = PROBLEM("reverse_proxy: flush_interval -1"),
	},
	[DOCTOR_BUFFERS_SOME] = {
		[DOCTOR_OTHER] = REMARK(
		    "Files are not slower for it; what grows bit by bit, such "
		    "as a log, is seen late."),
		[DOCTOR_APACHE] = REMARK(
		    "Files are not slower for it; what grows bit by bit, such "
		    "as a log, is seen late. If that matters:\n"
		    "<Proxy \"fcgi://localhost/\" flushpackets=on>"),
		[DOCTOR_CADDY] = REMARK(
		    "Files are not slower for it; what grows bit by bit, such "
		    "as a log, is seen late. If that matters:\n"
		    "reverse_proxy: flush_interval -1"),
	},
	[DOCTOR_SPOOLS] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Each slow download fills the front's memory or disk. "
		    "Limit what it takes ahead of its client."),
		[DOCTOR_NGINX] = PROBLEM(
		    "fastcgi_max_temp_file_size 0;\n"
		    "Look for fastcgi_ignore_headers X-Accel-Buffering, too."),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "server.stream-response-body = 2"),
	},
	[DOCTOR_SILENT_WRITING] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "fcgi-stream reads files for clients that are gone."),
		[DOCTOR_NGINX] = PROBLEM("fastcgi_ignore_client_abort off;"),
		[DOCTOR_LIGHTTPD] = PROBLEM(
		    "server.stream-response-body = 2"),
		[DOCTOR_HAPROXY] = PROBLEM("option abortonclose"),
	},
	[DOCTOR_SILENT_IDLE] = {
		[DOCTOR_OTHER] = REMARK(
		    "It will, when fcgi-stream has something to send. That is "
		    "soon but for a slow disk."),
		[DOCTOR_NGINX] = PROBLEM("fastcgi_ignore_client_abort off;"),
	},
	[DOCTOR_CUT_INVISIBLE] = {
		[DOCTOR_OTHER] = PROBLEM(
		    "Half a file looks like a whole one. Make the front keep "
		    "Content-Length."),
		[DOCTOR_APACHE] = PROBLEM("SetEnv ap_trust_cgilike_cl 1"),
	},
};

enum doctor_front doctor_front_find(const char *software)
{
	for (int i = 0; software && i < DOCTOR_FRONTS; i++) {
		const char *name = fronts[i].software;

		if (name && strncasecmp(software, name, strlen(name)) == 0)
			return (enum doctor_front)i;
	}
	return DOCTOR_OTHER;
}

const char *doctor_front_name(enum doctor_front front)
{
	return fronts[front].name;
}

struct doctor_advice doctor_advice_find(
    enum doctor_finding finding, enum doctor_front front)
{
	const struct doctor_advice *advice = &table[finding][front];

	return advice->text ? *advice : table[finding][DOCTOR_OTHER];
}
