# SPDX-License-Identifier: MIT
"""Listings of folders, as a client reads them, and an nginx that has them."""

import html.parser
import json
import os
import subprocess
import urllib.parse

from support.fronts import Nginx, insert_params
from support.harness import (SANITIZED, Skip, check_response, equal, found, need,
                     open_files, true)

LIST = {"STREAM_ACTION": "list"}
JSON = {**LIST, "QUERY_STRING": "format=json"}


class NginxList(Nginx):
    """nginx with listings, from examples/nginx-actions.conf."""

    example = "examples/nginx-actions.conf"

    def insert(self, text, params):
        """Adds parameters where folders are listed."""
        first, behind, rest = text.partition("location ~ ^/zip")
        found("STREAM_ACTION archive;", rest, "the place for archives")
        return insert_params(first, self.param_line, params) + behind + rest

    def url(self, path=""):
        """An address, for a client."""
        quoted = urllib.parse.quote(path)
        return f"http://127.0.0.1:{self.port}/{quoted}"


class Page(html.parser.HTMLParser):
    """What is in a page: its links, forms, and the tags that it has."""

    def __init__(self, body):
        super().__init__()
        self.links = []
        self.entries = []
        self.forms = []  # attributes of each, its fields among them
        self.tags = []
        self.fields = []
        self.in_table = False
        self.feed(body.decode())
        self.close()

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append(tag)
        self.in_table = self.in_table or tag == "tbody"
        if tag == "a":
            self.links.append(attrs["href"])
            if self.in_table:
                self.entries.append(attrs["href"])
        if tag == "form":
            self.forms.append({**attrs, "fields": []})
        if tag == "input":
            self.fields.append((attrs.get("name"), attrs.get("value")))
            if attrs.get("type") == "hidden":
                self.forms[-1]["fields"].append(self.fields[-1])

    def handle_endtag(self, tag):
        if tag == "table":
            self.in_table = False


def name_of(href):
    """The name, as bytes, of a link to an entry, with its slash if any."""
    true(not set(":?#") & set(href) and "/" not in href[:-1],
         f"a link that is no name: {href}")
    return urllib.parse.unquote_to_bytes(href)


def page_names(response, what="page"):
    """The names on a page, as bytes, in its order."""
    check_response(response, 200, what=what)
    equal(response.header("Content-Type"), "text/html; charset=utf-8",
          f"Content-Type of {what}")
    return [name_of(href) for href in Page(response.body).entries]


def json_listing(response, what="listing"):
    """A listing in JSON, read."""
    check_response(response, 200, what=what)
    equal(response.header("Content-Type"), "application/json",
          f"Content-Type of {what}")
    return json.loads(response.body)


def json_names(response, what="listing"):
    """The names of a listing in JSON, as bytes, in its order."""
    return [name_of(entry["href"])
            for entry in json_listing(response, what)["entries"]]


def make_files(folder, count):
    """So many empty files with long names; returns the names."""
    folder.mkdir(parents=True)
    names = [f"file-{number}-{'x' * 40}.dat" for number in range(count)]
    there = os.open(folder, os.O_RDONLY)
    for name in names:
        os.close(os.open(name, os.O_WRONLY | os.O_CREAT, 0o644, dir_fd=there))
    os.close(there)
    return names


def folders_open(daemon, name):
    """How often a worker has a folder open."""
    return [path for path in open_files(daemon.worker)
            if path.endswith(f"/{name}")]


# A folder that fails at its entry number FAIL_AT, with FAIL_ERRNO or EIO, that
# lets nobody read on at the entry "gate" as long as the file OPEN is not there,
# and that takes DELAY microseconds for an entry. Nobody can look at the entry
# "bad", but gets the error BAD_ERRNO.
ODD_READDIR = r"""
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct dirent *meddle(struct dirent *entry)
{
    static int count;
    const char *at = getenv("FAIL_AT");
    const char *with = getenv("FAIL_ERRNO");
    const char *delay = getenv("DELAY");

    if (delay)
        usleep(atoi(delay));
    if (at && ++count == atoi(at)) {
        errno = with ? atoi(with) : EIO;
        return NULL;
    }
    if (entry && strcmp(entry->d_name, "gate") == 0) {
        close(open(getenv("REACHED"), O_CREAT | O_WRONLY, 0600));
        while (access(getenv("OPEN"), F_OK) != 0)
            usleep(1000);
        errno = 0;
    }
    return entry;
}

struct dirent *readdir(DIR *dir)
{
    struct dirent *(*real)(DIR *) = dlsym(RTLD_NEXT, "readdir");

    return meddle(real(dir));
}

struct dirent64 *readdir64(DIR *dir)
{
    struct dirent64 *(*real)(DIR *) = dlsym(RTLD_NEXT, "readdir64");

    return (struct dirent64 *)meddle((struct dirent *)real(dir));
}

static int is_bad(const char *name)
{
    const char *with = getenv("BAD_ERRNO");

    if (!with || strcmp(name, "bad") != 0)
        return 0;
    errno = atoi(with);
    return 1;
}

int fstatat(int fd, const char *name, struct stat *ret, int flags)
{
    int (*real)(int, const char *, struct stat *, int) =
        dlsym(RTLD_NEXT, "fstatat");

    return is_bad(name) ? -1 : real(fd, name, ret, flags);
}

int fstatat64(int fd, const char *name, struct stat64 *ret, int flags)
{
    int (*real)(int, const char *, struct stat64 *, int) =
        dlsym(RTLD_NEXT, "fstatat64");

    return is_bad(name) ? -1 : real(fd, name, ret, flags);
}
"""


def start_odd(case, **env):
    """A daemon whose folders are read in an odd way."""
    if SANITIZED:
        raise Skip("a sanitizer's runtime must be loaded first")
    need("cc")
    library = case.dir / "odd.so"
    subprocess.run(("cc", "-shared", "-fPIC", "-o", library, "-x", "c", "-",
                    "-ldl"), input=ODD_READDIR.encode(), check=True)
    return case.start(prefix=("env", f"LD_PRELOAD={library}",
                              *(f"{name}={value}"
                                for name, value in env.items())))
