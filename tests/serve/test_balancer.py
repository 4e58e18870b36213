"""deploy/nginx.conf, run by a real nginx before two servers."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mt.translator import Translator
from tests.serve.setup import make_middleware, on_a_port
from tests.serve.test_process import PAIR, get, post
from tests.waiting import DEADLINE

CONF = Path(__file__).resolve().parents[2] / "deploy/nginx.conf"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/bin:/usr/local/sbin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx here")


@contextmanager
def balancer(folder: Path, *ports: int) -> Iterator[int]:
    """The port of an nginx with the project's configuration, but for the ports and where it writes.

    It is handed its listener as when it replaces an older nginx, so that nobody else can take the port.
    """
    listener, text = socket.create_server(("127.0.0.1", 0)), CONF.read_text()
    own, handle = listener.getsockname()[1], listener.fileno()
    for number, port in enumerate(ports, 1):
        text = text.replace(f"mt-{number}:5000", f"127.0.0.1:{port}")
    text = text.replace("listen 8080", f"listen 127.0.0.1:{own}")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    assert "mt-" not in re.sub("#.*", "", text)
    conf = folder / "nginx.conf"
    conf.write_text(f"pid {folder}/pid;\n" + text.replace("http {", f"http {{\n{paths}", 1))
    command = [str(NGINX), "-p", str(folder), "-c", str(conf), "-e", f"{folder}/log", "-g", "daemon off;"]
    environment = os.environ | {"NGINX": f"{handle};"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, pass_fds=[handle], env=environment)
    listener.close()
    try:
        yield own
    finally:
        process.terminate()
        _, said = process.communicate(timeout=DEADLINE)
    assert process.returncode == 0, said


def test_two_servers_answer_as_one(translator: Translator, tmp_path: Path) -> None:
    """Both are asked; what only one has is found; one that stops is left out."""
    servers = [make_middleware(translator), make_middleware(translator)]
    with (
        on_a_port(servers[0]) as first,
        on_a_port(servers[1]) as second,
        balancer(tmp_path, first, second) as port,
    ):
        for _ in range(6):
            assert post(port, PAIR | {"q": "ba"}) == (200, {"translatedText": "BA"})
        assert all('"/translate",status="200"' in one._service.metrics.render() for one in servers)
        assert post(port, PAIR)[0] == 400
        boundary = "--x\r\nContent-Disposition: form-data; name="
        fields = "".join(f'{boundary}"{name}"\r\n\r\n{value}\r\n' for name, value in PAIR.items())
        body = f'{fields}{boundary}"file"; filename="a.txt"\r\n\r\nba\r\n--x--\r\n'
        url = upload(port, body)
        assert url.startswith(f"http://127.0.0.1:{port}/download_file/")
        path = url.partition(str(port))[2]
        assert [get(port, path)[:2] for _ in range(4)] == [(200, "BA")] * 4
        assert get(port, "/download_file/none/a.txt")[0] == 404
        assert get(port, "/metrics")[0] == 404
        servers[0].draining = True  # as one that stops
        assert [post(port, PAIR | {"q": "ba"})[0] for _ in range(4)] == [200] * 4


def upload(port: int, body: str) -> str:
    """Where a document is, once translated."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)) as connection:
        connection.request(
            "POST", "/translate_file", body, {"Content-Type": "multipart/form-data; boundary=x"}
        )
        return str(json.load(connection.getresponse())["translatedFileUrl"])
