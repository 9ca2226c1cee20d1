# SPDX-License-Identifier: MIT
"""Front servers with configurations of a test's own, good or bad."""

import os
import subprocess

from support.harness import Skip, TOP, free_port, need
from support.server import Server


class Front(Server):
    """A front server; @PORT@, @DIR@ and @ROOT@ are filled in."""

    def __init__(self, case, config, *command):
        need(command[0])
        super().__init__(case, command[0], free_port())
        path = case.dir / f"{self.run_dir.name}.conf"
        path.write_text(config.replace("@PORT@", str(self.port))
                        .replace("@DIR@", str(self.run_dir))
                        .replace("@ROOT@", str(case.root)))
        self.start(*(word.replace("@CONFIG@", str(path)) for word in command))

    @property
    def url(self):
        """Of the location that files are served in."""
        return f"http://127.0.0.1:{self.port}/"


class Lighttpd(Front):
    """lighttpd, whose status is 1 now and then when it is told to stop."""

    stop_statuses = Front.stop_statuses + (1,)


def nginx(case, daemon, settings="", example=False, listen="", http="",
          blocks=None):
    """nginx, with its own defaults, with nginx-example.conf, or with blocks
    for a configuration in /etc/nginx that listen on 8080."""
    need("nginx", "awk")
    if example:
        done = subprocess.run(
            [TOP / "scripts" / "nginx-conf", "127.0.0.1:@PORT@",
             daemon.address, case.root, "@DIR@"],
            input=(TOP / "nginx-example.conf").read_bytes(),
            capture_output=True, check=True)
        config = done.stdout.decode()
    else:
        backend = "two" if "upstream two" in http else daemon.address
        user = "user root root;" if os.getuid() == 0 else ""
        if blocks:
            blocks = blocks.replace(" 8080;", " 127.0.0.1:@PORT@;").replace(
                "include ", "include /etc/nginx/")
        temporary = "\n".join(
            f"{name}_temp_path @DIR@/{name};" for name in
            ("client_body", "fastcgi", "proxy", "scgi", "uwsgi"))
        server = f"""server {{
                    listen 127.0.0.1:@PORT@ {listen};
                    root @ROOT@;
                    location / {{
                        fastcgi_pass {backend};
                        include /etc/nginx/fastcgi_params;
                        {settings}
                    }}
                }}"""
        config = f"""{user}
            pid @DIR@/pid;
            events {{}}
            http {{
                access_log off;
                {temporary}
                {http}
                {blocks or server}
            }}"""
    return Front(case, config, "nginx", "-c", "@CONFIG@", "-e", "stderr",
                 "-g", "daemon off;")


def apache(case, daemon, settings=""):
    """Apache with mod_proxy_fcgi, and without ap_trust_cgilike_cl."""
    modules = "/usr/lib/apache2/modules"
    if not os.path.isdir(modules):
        raise Skip("Apache's modules are not in /usr/lib/apache2")
    names = ("mpm_event", "proxy", "proxy_fcgi", "setenvif", "env",
             "authz_core")
    load = "\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so"
                     for name in names)
    config = f"""
        ServerRoot @DIR@
        ServerName 127.0.0.1
        Listen 127.0.0.1:@PORT@
        PidFile @DIR@/pid
        ErrorLog @DIR@/errors
        DefaultRuntimeDir @DIR@
        {load}
        DocumentRoot "@ROOT@"
        <Location "/">
            Require all granted
            SetHandler "proxy:{daemon.address}|fcgi://localhost/"
            {settings}
        </Location>"""
    return Front(case, config, "apache2", "-f", "@CONFIG@", "-DFOREGROUND")


def lighttpd(case, daemon, settings=""):
    """lighttpd with mod_fastcgi, whose defaults spool every answer."""
    config = f"""
        server.port = @PORT@
        server.bind = "127.0.0.1"
        server.document-root = "@ROOT@"
        server.upload-dirs = ("@DIR@")
        server.modules = ("mod_fastcgi")
        {settings}
        fastcgi.server = ("/" => ((
            "socket" => "{daemon.address[5:]}",
            "check-local" => "disable")))"""
    return Lighttpd(case, config, "lighttpd", "-D", "-f", "@CONFIG@")


def haproxy(case, daemon):
    """HAProxy with an fcgi-app."""
    config = f"""
        defaults
            mode http
            timeout connect 5s
            timeout client 60s
            timeout server 60s
        frontend web
            bind 127.0.0.1:@PORT@
            default_backend files
        backend files
            use-fcgi-app stream
            server one {daemon.address[5:]} proto fcgi
        fcgi-app stream
            docroot @ROOT@
            option keep-conn
"""
    return Front(case, config, "haproxy", "-db", "-f", "@CONFIG@")


def caddy(case, daemon, settings=""):
    """Caddy with the FastCGI transport."""
    config = f"""{{
        admin off
        auto_https off
        }}
        http://127.0.0.1:@PORT@ {{
            reverse_proxy unix/{daemon.address[5:]} {{
                {settings}
                transport fastcgi {{
                    root @ROOT@
                }}
            }}
        }}"""
    return Front(case, config, "caddy", "run", "--config", "@CONFIG@",
                 "--adapter", "caddyfile")
