"""The nginx configuration of the gateway, made from the table of routes.

It differs from the Python gateway in two points: it adds no hop of its own to a trace, and it does not read
`Shop-Timeout` (client and services bound themselves by it; nginx gives up after `_READ_SECONDS`).
"""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from backends.errors import ConfigurationError, ShopError
from backends.interface import SERVICES
from stub_services.gateway import problems, routes
from stub_services.gateway.routes import TABLE, UNSAFE
from stub_services.wire.hop import MAX_SECONDS
from stub_services.wire.problems import MEDIA_TYPE, Malformed, problem, status_of
from stub_services.wire.serving import FINISH_SECONDS, IDLE_SECONDS, KEEP_ALIVE_SECONDS

_GRACE_SECONDS = 5
_READ_SECONDS = MAX_SECONDS + _GRACE_SECONDS
_SERVICE = "$service"  # nginx fills it in
_REQUEST_ID = "add_header X-Request-Id $sane_id always;"
_IMPORTS = 2
"""How many catalogs may come in at once, as in the gateway in Python."""
_OWN = (routes.LIVE, routes.READY, routes.OPENAPI_PATH)

_CONFIG = """\
# Made by `shop serve --gateway nginx` from stub_services/gateway/routes.py; changes here are lost.
daemon off;
worker_processes auto;
worker_shutdown_timeout {finish}s;
error_log stderr crit;
pid "{directory}/nginx.pid";
{user}
events {{
    worker_connections 1024;
}}

http {{
    client_body_temp_path "{directory}/body";
    proxy_temp_path "{directory}/proxy";
    fastcgi_temp_path "{directory}/fastcgi";
    uwsgi_temp_path "{directory}/uwsgi";
    scgi_temp_path "{directory}/scgi";

    map $http_x_request_id $sane_id {{
        "~^[A-Za-z0-9._-]{{1,64}}$" $http_x_request_id;
        default $request_id;
    }}
    map $request_uri $ambiguous {{
        "~^[^?]*(?:{unsafe})" 1;
        default 0;
    }}
    map $request_uri $encoded_prefix {{
        "~^/(?:[^/?]*/)?[^/?]*%" 1;
        default 0;
    }}
    map "$request_method $request_uri $http_authorization" $importing {{
        "~^{importing} {catalog}(?:[?][^ ]*)? {merchant}" 1;
        default 0;
    }}
    map $request_uri $allowed {{
{own_allowed}
        default "{methods}";
    }}
    limit_conn_zone $server_port zone=imports:32k;
    limit_conn_status 503;
    map $request_uri $service {{
{services}
        default "gateway";
    }}
    map $request_uri $route {{
{prefixes}
        default "";
    }}
    # What is known of a request that got no answer: nothing was sent, it only reads, or nobody knows.
    map "$request_method $upstream_bytes_sent" $silence {{
        "~ (?:0|-)?$" refused;
        "~^(?:GET|HEAD|OPTIONS) " reading;
        default unknown;
    }}

    log_format lines escape=json '{{"time":"$time_iso8601","level":"info","service":"gateway",'
        '"request_id":"$sane_id","event":"request","method":"$request_method","route":"$route","to":"$service",'
        '"status":$status,"seconds":$request_time}}';
    access_log /dev/stderr lines;

{upstreams}

    server {{
        listen {listen};
        server_tokens off;
        merge_slashes off;
        absolute_redirect off;
        keepalive_timeout {keep_alive}s;
        client_header_timeout 10s;
        client_body_timeout 10s;
        send_timeout 30s;
        large_client_header_buffers 4 8k;
        client_max_body_size {body}; # and more for whoever imports a catalog

        proxy_http_version 1.1;
        proxy_set_header Connection "";
        proxy_set_header X-Request-Id $sane_id;
        proxy_redirect off;
        proxy_next_upstream off; # a hop is sent once: whoever knows the idempotency key repeats it
        proxy_connect_timeout 2s;
        proxy_read_timeout {read:.0f}s;
        proxy_send_timeout {read:.0f}s;
        proxy_buffer_size 64k; # holds the header of traced hops
        proxy_buffers 8 64k;
        proxy_busy_buffers_size 128k;
        proxy_max_temp_file_size 0;
        proxy_hide_header X-Request-Id;
        {request_id}

        error_page 400 414 = /.malformed; # such a request may have no path, and a named location needs one
        error_page 418 = @ambiguous;
        error_page 404 = @nothing_there;
        error_page 405 = @method;
        error_page 413 = @too_large;
        error_page 494 = /.head;
        error_page 500 = @bug;
        error_page 502 503 504 = @silent;

        if ($ambiguous) {{
            return 418;
        }}
        if ($encoded_prefix) {{
            return 404;
        }}
        if ($importing) {{
            rewrite ^ /.import last;
        }}

        location / {{
            return 404;
        }}
        location = /.import {{
            internal;
            client_max_body_size {catalog_body};
            limit_conn imports {imports};
            proxy_read_timeout {import_read:.0f}s;
            proxy_pass http://products$request_uri;
        }}
{own}
{locations}
{errors}
    }}
}}
"""


def render(listen: str, urls: Mapping[str, str], directory: Path, user: str | None) -> str:
    """Return the configuration: all files under `directory`; `user` is who the workers are, where root starts them."""
    return _CONFIG.format(
        finish=FINISH_SECONDS,
        directory=_path(directory),
        user=f"user {user};" if user else "",
        unsafe=UNSAFE.replace("(?:/|$)", "(?:[/?]|$)"),
        services="\n".join(f"        {_pattern(route.prefix)} {route.service};" for route in TABLE),
        prefixes="\n".join(f"        {_pattern(route.prefix)} {route.prefix};" for route in TABLE),
        upstreams="\n".join(_upstream(name, urls[name]) for name in SERVICES),
        listen=listen,
        keep_alive=KEEP_ALIVE_SECONDS,
        body=routes.BODY_BYTES,
        catalog_body=routes.CATALOG_BYTES,
        imports=_IMPORTS,
        importing=routes.IMPORTING,
        catalog=routes.CATALOG,
        merchant=routes.MERCHANT,
        methods=", ".join(routes.METHODS),
        own_allowed="\n".join(f'        {_pattern(path)} "{", ".join(routes.READING)}";' for path in _OWN),
        read=_READ_SECONDS,
        import_read=routes.IMPORT_SECONDS + _GRACE_SECONDS,
        request_id=_REQUEST_ID,
        own=_own(),
        locations="\n".join(map(_location, TABLE)),
        errors=_errors(),
    )


def _path(path: Path) -> str:
    text = str(path)
    if re.search(r"[\"$\\\n\r]", text):
        msg = f"nginx cannot have its files in {text!r}: it reads quotes, dollars and backslashes as its own"
        raise ConfigurationError(msg, hint="shop serve --gateway nginx --data DIRECTORY", service=routes.GATEWAY)
    return text


def _pattern(prefix: str) -> str:
    return f'"~^{re.escape(prefix)}(?:[/?]|$)"'.replace("\\-", "-")


def _upstream(name: str, url: str) -> str:
    server = url.rstrip("/").removeprefix("http://")
    return (
        f"    upstream {name} {{\n        server {server} max_fails=0;\n"
        f"        keepalive 32;\n        keepalive_timeout {IDLE_SECONDS * 1000:.0f}ms;\n    }}"
    )


def _location(route: routes.Route) -> str:
    if route.target:
        return f"        location = {route.prefix} {{ proxy_pass http://{route.service}{route.target}; }}"
    # Both forms, because nginx would answer the one without the slash with a redirect.
    return "\n".join(
        f"        location {place} {{ proxy_pass http://{route.service}; }}"
        for place in (f"= {route.prefix}", f"{route.prefix}/")
    )


def _own() -> str:
    up = routes.up()
    answers = {routes.LIVE: up, routes.READY: up, routes.OPENAPI_PATH: routes.OPENAPI}
    reading = "|".join(routes.READING)
    return "\n".join(
        f"        location = {path} {{ if ($request_method !~ ^(?:{reading})$) {{ return 405; }}"
        f" default_type application/json; return 200 {text}; }}"
        for path, text in ((path, _quoted(msgspec.json.encode(answer))) for path, answer in answers.items())
    )


def _errors() -> str:
    named = {
        "ambiguous": problems.ambiguous(),
        "nothing_there": problems.nothing_there("this path"),
        "too_large": Malformed("the request body is too large", 413),
        "bug": problems.bug(),
    }
    not_allowed = Malformed("the method is not served", 405)
    pathless = {
        "malformed": Malformed("the request is malformed"),
        "head": Malformed("the request head is too large", 431),
    }
    refused, reading = _return(problems.refused(_SERVICE)), _return(problems.silent(_SERVICE, reading=True))
    unknown = _return(problems.silent(_SERVICE, reading=False))
    cases = f"if ($silence = refused) {{ {refused} }} if ($silence = reading) {{ {reading} }} {unknown}"
    return "\n".join(
        [
            *(_place(f"= /.{name}", f"internal; {_return(error)}") for name, error in pathless.items()),
            *(_place(f"@{name}", _return(error)) for name, error in named.items()),
            # RFC 9110, 15.5.6. Headers that are added here take the place of those of the server.
            _place("@method", f"add_header Allow $allowed always; {_REQUEST_ID} {_return(not_allowed)}"),
            _place("@silent", cases),
        ]
    )


def _place(name: str, body: str) -> str:
    return f"        location {name} {{ default_type {MEDIA_TYPE}; {body} }}"


def _return(error: ShopError) -> str:
    return f"return {status_of(error)} {_quoted(problem(error, '$sane_id', routes.GATEWAY))};"


def _quoted(document: bytes) -> str:
    return "'" + document.decode().replace("\\", "\\\\").replace("'", "\\'") + "'"
