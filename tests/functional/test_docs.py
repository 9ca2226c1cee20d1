#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the documents say of the tests and of the program is true."""

import re
import subprocess

from support.harness import TOP, equal, main, program, test, true

NAMED = re.compile(r"`(test_\w+)(\.py)?: (\w+)`")


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
    missing = []
    for path in [TOP / "README.md", TOP / "NEWS.md",
                 *(TOP / "docs").glob("*.md")]:
        links = re.findall(r"\]\(([^)#]+)\)", path.read_text())
        missing += [f"{path.name}: {link}" for link in links
                    if not link.startswith("http")
                    and not (path.parent / link).exists()]
    equal(missing, [], "links to what is not there")


@test
def every_option_is_in_the_manual_page_and_the_readme(case):
    usage = subprocess.run([program(), "--help"], capture_output=True,
                           text=True, timeout=30, check=True).stdout
    options = set(re.findall(r"--([a-z][a-z-]*)", usage)) - {"usage"}
    true(len(options) > 10, f"options: {options}")
    manual = (TOP / "docs" / "fcgi-stream.8").read_text()
    readme = (TOP / "README.md").read_text()
    equal([name for name in sorted(options)
           if not re.search(rf"Fl -{name}\b", manual)], [],
          "options that the manual page lacks")
    equal([name for name in sorted(options)
           if f"--{name}" not in readme], [], "options that README.md lacks")


@test
def every_stream_parameter_is_documented(case):
    used = set()
    for path in (TOP / "fcgi_app").rglob("*.c"):
        used |= set(re.findall(r'"(STREAM_[A-Z_]+)"', path.read_text()))
    true("STREAM_CORS" in used, f"parameters: {used}")
    for name in ("docs/fcgi-stream.8", "README.md"):
        text = (TOP / name).read_text()
        equal([one for one in sorted(used) if one not in text], [],
              f"parameters that {name} lacks")


if __name__ == "__main__":
    main()
