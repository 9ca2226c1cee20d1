#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The documents are complete, and what they say of the program is true."""

import re
import subprocess

from support.harness import TOP, equal, main, program, test, true

NAMED = re.compile(r"`(test_\w+)(\.py)?: (\w+)`")
README_LINES = 250
SHORT_LINES = 200  # a longer page has a list of its contents

MANUAL = TOP / "docs" / "fcgi-stream.8"
README = TOP / "README.md"
ACTIONS = TOP / "docs" / "ACTIONS.md"


def pages():
    """All pages."""
    return sorted([*TOP.glob("*.md"), *(TOP / "docs").glob("*.md")])


def without_code(text):
    """A page without its blocks of code, where nothing is a link."""
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(path, level="#+"):
    """The anchors of a page's headings, as GitHub makes them."""
    found = []
    for title in re.findall(rf"^{level} (.*)$",
                            without_code(path.read_text()), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        again = sum(1 for one in found if re.fullmatch(rf"{slug}(-\d+)?", one))
        found.append(f"{slug}-{again}" if again else slug)
    return found


def usage():
    """What --help prints, in one line."""
    text = subprocess.run([program(), "--help"], capture_output=True,
                          text=True, timeout=30, check=True).stdout
    return " ".join(text.split())


@test
def every_test_that_docs_name_exists(case):
    text = (TOP / "docs" / "HTTP.md").read_text()
    names = NAMED.findall(text)
    true(len(names) > 50, f"only {len(names)} tests are named")
    missing = []
    for file, python, name in names:
        if python:
            path = TOP / "tests" / "functional" / f"{file}.py"
            pattern = rf"^@test.*\ndef {name}\(case\)|^def {name}\("
        else:
            path = next((TOP / "tests" / "unit").rglob(f"{file}.c"),
                        TOP / "missing")
            pattern = rf"cmocka_unit_test\w*\(\s*{name}\b"
        if not path.exists() or not re.search(pattern, path.read_text(),
                                              re.MULTILINE):
            missing.append(f"{file}: {name}")
    equal(missing, [], "tests that are named in docs/HTTP.md but not there")


@test
def every_link_of_the_docs_leads_somewhere(case):
    missing, followed = [], 0
    for path in pages():
        for link in re.findall(r"\]\(([^)]+)\)",
                               without_code(path.read_text())):
            if link.startswith("http"):
                continue
            followed += 1
            name, _, anchor = link.partition("#")
            target = path.parent / name if name else path
            if not target.exists() or (anchor and
                                       anchor not in anchors(target)):
                missing.append(f"{path.name}: {link}")
    true(followed > 100, f"only {followed} links were found")
    equal(missing, [], "links to what is not there")


@test
def the_readme_is_short(case):
    lines = len(README.read_text().splitlines())
    true(lines <= README_LINES, f"README.md has {lines} lines")


@test
def long_pages_list_their_contents(case):
    lacking = []
    for path in pages():
        text = path.read_text()
        contents = re.search(r"^## Contents\n(.*?)^## ", text,
                             re.MULTILINE | re.DOTALL)
        if contents:
            linked = re.findall(r"\]\(#([^)]+)\)", contents[1])
            lacking += [f"{path.name}#{anchor}"
                        for anchor in anchors(path, "##")
                        if anchor not in [*linked, "contents"]]
        elif len(text.splitlines()) > SHORT_LINES:
            lacking.append(path.name)
    equal(lacking, [], "pages or sections that are in no list of contents")


@test
def every_option_is_in_the_manual_page_and_the_readme(case):
    options = set(re.findall(r"--([a-z][a-z-]*)", usage())) - {"usage"}
    true(len(options) > 10, f"options: {options}")
    manual, readme = MANUAL.read_text(), README.read_text()
    equal([name for name in sorted(options)
           if not re.search(rf"Fl -{name}\b", manual)], [],
          "options that the manual page lacks")
    equal([name for name in sorted(options)
           if f"--{name}" not in readme], [], "options that README.md lacks")


@test
def defaults_are_the_same_everywhere(case):
    manual, text = MANUAL.read_text(), usage()
    rows = re.findall(r"^\| `--([\w-]+)=\S+` \| (\w+) \|", README.read_text(),
                      re.MULTILINE)
    true(len(rows) > 7, f"defaults: {rows}")
    for name, default in rows:
        own = re.search(rf"--{name}=.*?(?= --|$)", text)
        true(own and f"({default})" in own[0], f"--{name}: {default} in --help")
        own = re.search(rf"^\.It Fl -{name} .*?(?=^\.It Fl |^\.Sh )", manual,
                        re.MULTILINE | re.DOTALL)
        true(re.search(rf"Default:\s(\.Cm )?{default}\b", own[0]),
             f"--{name}: {default} in the manual page")


@test
def every_stream_parameter_is_documented(case):
    used = set()
    for path in (TOP / "fcgi_app").rglob("*.c"):
        used |= set(re.findall(r'"(STREAM_[A-Z_]+)"', path.read_text()))
    true("STREAM_CORS" in used, f"parameters: {used}")
    for path in (MANUAL, ACTIONS):
        text = path.read_text()
        equal([one for one in sorted(used)
               if not re.search(rf"\b{one}\b", text)], [],
              f"parameters that {path.name} lacks")


@test
def the_table_of_parameters_is_that_of_the_manual_page(case):
    """What is not in the table is warned of as mistyped."""
    table = TOP / "fcgi_app" / "policy" / "stream_params.c"
    known = set(re.findall(r'NAME\("(STREAM_[A-Z_]+)"\)', table.read_text()))
    read = set()
    for path in (TOP / "fcgi_app").rglob("*.c"):
        if path != table:
            read |= set(re.findall(r'"(STREAM_[A-Z_]+)"', path.read_text()))
    documented = set(re.findall(r"\bSTREAM_[A-Z_]+\b", MANUAL.read_text()))
    true(len(known) > 20, f"parameters: {known}")
    equal(sorted(documented ^ known), [],
          f"in either {MANUAL.name} or {table.name} alone")
    equal(sorted(read ^ known), [],
          f"either in {table.name} or read by the program alone")


@test
def every_action_has_its_section(case):
    names = sorted(path.name for path in (TOP / "fcgi_app/actions").iterdir()
                   if path.is_dir())
    true("archive" in names, f"actions: {names}")
    for name in names:
        true(f"\n## `{name}`\n" in ACTIONS.read_text(),
             f"docs/ACTIONS.md has no section on {name}")
        true(f"(docs/ACTIONS.md#{name})" in README.read_text(),
             f"README.md does not list {name}")


if __name__ == "__main__":
    main()
