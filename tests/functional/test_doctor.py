#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fcgi-stream doctor before real front servers, set up well and badly."""

import json
import re
import shutil
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from support.harness import (SLOWNESS, TOP, equal, found, free_port, main, need, program,
                     test, true, wait_until)
from support.odd_fronts import apache, caddy, haproxy, lighttpd, nginx

# A check may have to wait for a pause of the probe.
PATIENCE = 120


# --- the doctor --------------------------------------------------------------

def doctor(*words, expected=0):
    """Runs it and returns what it prints, output and errors apart."""
    done = subprocess.run(
        [program(), "doctor", *words], stdin=subprocess.DEVNULL,
        capture_output=True, check=False, timeout=PATIENCE * SLOWNESS)
    output, errors = done.stdout.decode(), done.stderr.decode()
    equal(done.returncode, expected,
          f"status of the doctor, which said {output + errors}")
    return output, errors


def absent(pattern, text):
    """Fails if the regular expression occurs."""
    true(not re.search(pattern, text), f"/{pattern}/ in {text!r}")


# --- nginx -------------------------------------------------------------------

@test(timeout=PATIENCE)
def the_nginx_example_is_found_in_order(case):
    daemon = case.start("--probe", workers=2)
    output, errors = doctor(nginx(case, daemon, example=True).url)
    equal(errors, "", "errors")
    found(r"^front server: nginx/", output, "report")
    found(r"\n0 problems, 0 remarks\n$", output, "report")
    absent("PROBLEM|UNCLEAR|remark  ", output)
    for pattern in (r"ok .*path variables: DOCUMENT_URI, SCRIPT_NAME",
                    r"ok .*decoded just once", r"ok .*at or beneath a --root",
                    r"ok .*Content-Length is kept", r"ok .*206",
                    r"ok .*4, 8 and 16 KiB", r"ok .*broken off",
                    r"ok .*each piece", r"ok .*takes \d\.\d MiB",
                    r"ok .*while it is sent to", r"ok .*nothing is sent"):
        found(pattern, output, "report")


@test
def nginx_without_its_parameters_is_told_what_it_lacks(case):
    daemon = case.start("--probe")
    front = nginx(case, daemon, blocks=f"""server {{
            listen 8080;
            location / {{
                fastcgi_pass {daemon.address};
                fastcgi_param STREAM_PATH $document_uri;
            }}
        }}""")
    _, errors = doctor(front.url, expected=2)
    found(r"status 500\n.* nginx .*\n.*include fastcgi_params;", errors,
          "errors")
    message = 'REQUEST_METHOD: missing: nginx needs "include fastcgi_params;"'
    daemon.wait_log(f" error .*{message}")
    wait_until(lambda: message in front.errors(), "a line of nginx")


@test(timeout=PATIENCE)
def a_folder_may_be_part_of_the_url(case):
    daemon = case.start("--probe")
    url = nginx(case, daemon, example=True).url
    output, _ = doctor(url + "a/b?c=d#e")
    found(r'the path is "/a/b/\.fcgi-stream-probe"', output, "report")


@test(timeout=PATIENCE)
def the_small_buffers_of_nginx_are_found(case):
    daemon = case.start("--probe")
    output, _ = doctor(nginx(case, daemon).url, expected=1)
    found(r"PROBLEM +a head of 8 KiB fails: status 502\n +nginx:\n"
          r" +fastcgi_buffer_size 64k;", output, "report")
    found(r"\n1 problem, 0 remarks\n$", output, "report")


@test(timeout=PATIENCE)
def a_badly_set_up_nginx_is_found_so(case):
    daemon = case.start("--probe")
    settings = """
        fastcgi_buffering on;
        fastcgi_buffer_size 2k;
        fastcgi_ignore_headers X-Accel-Buffering;
        fastcgi_ignore_client_abort on;
        fastcgi_force_ranges on;
        fastcgi_param HTTP_RANGE "";
        fastcgi_param HTTP_IF_RANGE "";
        fastcgi_param DOCUMENT_ROOT /nowhere;
        gzip on;
        gzip_types *;"""
    output, _ = doctor(nginx(case, daemon, settings).url, expected=1)
    for pattern in (r"a head of 4 KiB fails",
                    r"the front compresses bodies \(gzip\)\n.*\n.*\n +gzip off;",
                    r"the front cuts ranges itself",
                    r"several ranges is not passed on",
                    r"do not arrive: If-Range",
                    r"DOCUMENT_ROOT is not at or beneath a --root",
                    r"takes the whole answer \(64 MiB\)\n.*\n"
                    r" +fastcgi_max_temp_file_size 0;",
                    r"while nothing is sent, the front does not tell.*\n.*\n"
                    r" +fastcgi_ignore_client_abort off;"):
        found(r"PROBLEM +.*" + pattern, output, "report")


@test(timeout=PATIENCE)
def a_path_that_arrives_encoded_is_found(case):
    daemon = case.start("--probe")
    front = nginx(case, daemon, "fastcgi_param STREAM_PATH $raw;",
                  http='map $request_uri $raw { "~^(?<raw_path>[^?]*)" '
                       '$raw_path; }')
    output, _ = doctor(front.url, expected=1)
    found(r'a space in a path arrives still encoded: "/a%20b/', output,
          "report")
    found(r'UTF-8 in a path arrives still encoded', output, "report")
    absent("decoded just once", output)


@test(timeout=PATIENCE)
def a_path_that_does_not_arrive_is_found(case):
    daemon = case.start("--probe")
    settings = "fastcgi_param STREAM_PATH /elsewhere;"
    output, _ = doctor(nginx(case, daemon, settings).url, expected=1)
    found(r'PROBLEM +the path does not arrive: fcgi-stream takes "/elsewhere"',
          output, "report")


@test(timeout=PATIENCE)
def several_daemons_behind_one_front_are_noticed(case):
    daemons = [case.start("--probe"), case.start("--probe")]
    servers = "".join(f"server {one.address} max_fails=0;"
                      for one in daemons)
    front = nginx(case, daemons[0], http=f"upstream two {{ {servers} }}")
    output, _ = doctor(front.url, expected=1)
    found(r"UNCLEAR .*several fcgi-stream", output, "report")


@test(timeout=PATIENCE)
def a_front_cannot_send_control_characters_to_the_terminal(case):
    daemon = case.start("--probe")
    settings = """
        fastcgi_param SERVER_SOFTWARE "nginx \x1b[31m";
        fastcgi_param STREAM_PATH "/\x1b[32m\u009b33m\u202e";"""
    output, _ = doctor(nginx(case, daemon, settings).url, expected=1)
    found(r"^front server: nginx \?\[31m\n", output, "report")
    found(r'takes "/\?\[32m\?33m\?"', output, "report")
    absent("[\x1b\u009b\u202e]", output)


@test
def nor_can_an_address(case):
    _, errors = doctor("http://a\u009b31m\u202e.invalid/b\x85", expected=2)
    found(r"http://a\?31m\?\.invalid/b\?/: cannot connect", errors, "errors")
    absent("[\u0080-\u009f\u202e]", errors)


@test(timeout=PATIENCE)
def a_path_without_a_path_variable_is_named(case):
    daemon = case.start("--probe")
    settings = """
        fastcgi_param DOCUMENT_URI "";
        fastcgi_param SCRIPT_NAME "";
        fastcgi_param SCRIPT_FILENAME proxy:fcgi://localhost$request_uri;"""
    output, _ = doctor(nginx(case, daemon, settings).url, expected=1)
    found(r'ok +path variables: none; the path is "/\.fcgi-stream-probe"',
          output, "report")


def readme_words(pattern):
    """What the README has there."""
    return found(pattern, (TOP / "README.md").read_text(), "README").group(1)


@test(timeout=PATIENCE)
def the_readme_can_be_followed_to_the_letter(case):
    """Its nginx, its way to start, its doctor; only the places differ."""
    need("nginx", "spawn-fcgi")
    blocks = readme_words(r"(?s)The heart of it:\n\n(.*?)\n\n\S")
    start = readme_words(r"(?m)^ +(spawn-fcgi -s (?:.*\\\n)+.*)$")
    asked = readme_words(r"(?m)^ +fcgi-stream doctor (http://localhost\S+)$")
    here = {"/run/fcgi-stream/fcgi-stream.sock": f"{case.dir}/s",
            "/srv/downloads": str(case.root),
            "/usr/local/bin/fcgi-stream": program(),
            "-u www-data -g www-data --": "-n --"}
    for old, new in here.items():
        true(old in blocks + start, f"{old} is not in the README")
        blocks, start = blocks.replace(old, new), start.replace(old, new)
    words = start.replace("\\\n", " ").split()
    end = words.index("--") + 1
    daemon = case.launch("--probe", address=f"unix:{case.dir}/s",
                         prefix=words[:end])
    daemon.leaves_socket = True
    equal(words[end:], [program(), f"--root={case.root}"], "the program")
    front = nginx(case, daemon.wait_ready(), blocks=blocks)
    equal(re.sub(r":\d+", "", front.url),
          re.sub(r":8080", "", asked).replace("localhost", "127.0.0.1"),
          "the address, but for the port")
    output, _ = doctor(front.url)
    found(r"\n0 problems, 0 remarks\n$", output, "report")
    # The sample is of an nginx without the buffers.
    sample = readme_words(r"(?s)mends what is wrong:\n\n(.*?)\n\n\S")
    output, _ = doctor(nginx(case, daemon).url, expected=1)
    for line in sample.splitlines():
        true(line[4:] in output.splitlines(), f"{line[4:]!r} in {output}")


# --- the other fronts --------------------------------------------------------

@test(timeout=PATIENCE)
def what_apache_drops_is_found(case):
    daemon = case.start("--probe", workers=2)
    output, _ = doctor(apache(case, daemon).url, expected=1)
    found(r"^front server: Apache/", output, "report")
    found(r"PROBLEM +Content-Length is dropped\n +Apache:\n"
          r" +SetEnv ap_trust_cgilike_cl 1", output, "report")
    found(r"\n1 problem, ", output, "report")


@test(timeout=PATIENCE)
def apache_is_mended_by_the_advice(case):
    daemon = case.start("--probe", workers=2)
    settings = """SetEnv ap_trust_cgilike_cl 1
        </Location>
        <Proxy "fcgi://localhost/" flushpackets=on>
        </Proxy>
        <Location "/else">"""
    output, _ = doctor(apache(case, daemon, settings).url)
    found(r"ok +Content-Length is kept", output, "report")
    found(r"ok +the front passes each piece on", output, "report")
    found(r"remark +when a client leaves while nothing is sent", output,
          "report")


@test(timeout=PATIENCE)
def the_spooling_of_lighttpd_is_found(case):
    daemon = case.start("--probe", workers=2)
    output, _ = doctor(lighttpd(case, daemon).url, expected=1)
    found(r"^front server: lighttpd/", output, "report")
    for pattern in (r"the front buffers", r"takes the whole answer"):
        found(r"PROBLEM +.*" + pattern + r".*\n +lighttpd:\n"
              r" +server.stream-response-body = 2\n", output, "report")


@test(timeout=PATIENCE)
def lighttpd_is_mended_by_the_advice(case):
    daemon = case.start("--probe", workers=2)
    settings = "server.stream-response-body = 2"
    output, _ = doctor(lighttpd(case, daemon, settings).url)
    found(r"ok +the front passes each piece on", output, "report")
    found(r"ok .*reads nothing the front takes \d\.\d MiB", output, "report")


@test(timeout=PATIENCE)
def haproxy_is_known_by_its_parameters(case):
    daemon = case.start("--probe", workers=2)
    output, _ = doctor(haproxy(case, daemon).url)
    found(r"(?i)^front server: haproxy", output, "report")
    found(r"remark +a head of 16 KiB fails.*\n +HAProxy:", output, "report")
    found(r"\n0 problems, ", output, "report")


@test(timeout=PATIENCE)
def caddy_is_in_order_by_default(case):
    daemon = case.start("--probe", workers=2)
    output, _ = doctor(caddy(case, daemon).url)
    found(r"^front server: Caddy", output, "report")
    found(r"remark +the front keeps small pieces.*\n +Caddy:\n.*\n"
          r" +reverse_proxy: flush_interval -1", output, "report")
    found(r"\n0 problems, ", output, "report")


@test(timeout=PATIENCE)
def caddy_is_mended_by_the_advice(case):
    daemon = case.start("--probe", workers=2)
    output, _ = doctor(caddy(case, daemon, "flush_interval -1").url)
    found(r"ok +the front passes each piece on", output, "report")


# --- a front that takes its time ---------------------------------------------

class Slow(BaseHTTPRequestHandler):
    """A front whose answers never end, and that says so slowly."""

    sent = 0

    def do_GET(self):
        """Answers a question in the probe's manner."""
        test_name = re.search(r"test=(\w+)", self.path).group(1)
        answer = {"fcgi_stream_probe": 1, "version": "1",
                  "path": "/.fcgi-stream-probe", "params": {}}
        if test_name == "status":
            time.sleep(3)
            Slow.sent += 1
            answer.update(end="none", released=False, sent=Slow.sent,
                          lasted_ms=1)
        text = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Nothing."""


@test(timeout=PATIENCE)
def the_examination_ends_before_a_slow_front_does(case):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    case.defer(server.server_close)
    case.defer(server.shutdown)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    # Asked 200 times, as once it was, this front takes 10 minutes.
    output, _ = doctor(f"http://127.0.0.1:{server.server_port}/", expected=1)
    found(r"when a client leaves while it is sent to, the front does not tell",
          output, "report")
    found(r"\n\d+ problems, ", output, "report")


# --- nothing to examine ------------------------------------------------------

@test
def a_probe_that_is_off_is_explained(case):
    front = nginx(case, case.start(), example=True)
    output, errors = doctor(front.url, expected=2)
    equal(output, "", "output")
    found(r"status 404", errors, "errors")
    found(r"start fcgi-stream with --probe", errors.lower(), "errors")


@test
def a_front_that_does_not_answer_is_explained(case):
    url = f"http://127.0.0.1:{free_port()}/"
    output, errors = doctor(url, expected=2)
    equal(output, "", "output")
    found(r"cannot connect", errors, "errors")
    found(re.escape(url), errors, "errors")


@test
def a_daemon_that_does_not_run_is_explained(case):
    daemon = case.start("--probe")
    front = nginx(case, daemon)
    daemon.stop()
    _, errors = doctor(front.url, expected=2)
    found(r"status 502\n.*no answer from fcgi-stream", errors, "errors")


@test
def a_redirect_is_explained(case):
    daemon = case.start("--probe")
    front = nginx(case, daemon, "return 301 https://elsewhere/;")
    _, errors = doctor(front.url, expected=2)
    found(r"status 301: leads to https://elsewhere/", errors, "errors")


@test
def another_page_is_not_taken_for_the_probe(case):
    daemon = case.start("--probe")
    front = nginx(case, daemon, "return 200 '{\"a\": 1}';")
    _, errors = doctor(front.url, expected=2)
    found(r"not an answer of the probe", errors, "errors")


@test
def wrong_words_are_refused(case):
    for words in ((), ("one", ), ("ftp://h/", ), ("http://", ),
                  ("http://h/", "http://i/"), ("--other", "http://h/"),
                  ("--timeout=9s", "http://h/"),
                  ("--timeout=61m", "http://h/"),
                  ("--timeout=x", "http://h/"),
                  ("http://h/" + 3000 * "x", )):
        output, errors = doctor(*words, expected=2)
        equal(output, "", f"output for {words}")
        found(r"fcgi-stream doctor", errors, f"errors for {words}")
    output, _ = doctor("--help")
    for word in ("fcgi-stream doctor", "--insecure", "--timeout", "URL"):
        found(word, output, "help")


@test
def a_doctor_that_cannot_be_started_is_named(case):
    copy = case.dir / "fcgi-stream"
    shutil.copy(program(), copy)
    sibling = case.dir / "fcgi-stream-doctor"
    sibling.write_text("")
    sibling.chmod(0o600)
    done = subprocess.run([copy, "doctor", "http://h/"], capture_output=True,
                          check=False, timeout=30 * SLOWNESS)
    equal(done.returncode, 2, "status")
    equal(done.stderr.decode(),
          f"fcgi-stream doctor: {sibling}: Permission denied\n", "errors")
    sibling.unlink()
    done = subprocess.run([copy, "doctor", "--version"], capture_output=True,
                          check=False, timeout=30 * SLOWNESS)
    if done.returncode != 0:
        found(r"^fcgi-stream doctor: (?!.*" + re.escape(str(sibling)) +
              r").*fcgi-stream-doctor: No such file", done.stderr.decode(),
              "errors")


@test(timeout=PATIENCE)
def a_certificate_counts_unless_told_otherwise(case):
    need("openssl")
    key, certificate = case.dir / "key", case.dir / "certificate"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
         "-subj", "/CN=elsewhere", "-days", "2", "-keyout", key,
         "-out", certificate], check=True, capture_output=True)
    daemon = case.start("--probe")
    front = nginx(case, daemon, f"""
        }}
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        location /else {{""", listen="ssl")
    url = front.url.replace("http:", "https:")
    _, errors = doctor(url, expected=2)
    found(r"certificate", errors, "errors")
    output, _ = doctor("--insecure", url, expected=1)
    found(r"ok +Content-Length", output, "report")


if __name__ == "__main__":
    main()
