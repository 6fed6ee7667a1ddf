"""Who may ask the server for what, and what it answers to what makes no sense."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from evolve.archive import Archive
from tests.archive import samples
from tests.cli.conftest import Within
from tests.review.conftest import Reviewed
from tests.review.serving import serving

TOKEN = "t0ken-of-this-test"


def line_of(answer: httpx.Response) -> str:
    """What a page that refuses says."""
    (said,) = re.findall("<h1>.*?</h1><p>(.*?)</p>", answer.text)
    assert "\n" not in said
    assert "Traceback" not in answer.text
    return str(said)


# -- who may ask ------------------------------------------------------------------------------------------------------


def test_names_of_other_hosts_are_refused_on_loopback(reviewed: Reviewed) -> None:
    port = reviewed.url.rpartition(":")[2]
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "[", "0.0.0.0", ""):
        assert httpx.get(reviewed.url, headers={"host": host}).status_code == 400, host
    for host in ("localhost", f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}"):
        assert httpx.get(reviewed.url, headers={"host": host}).status_code == 200, host


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_other_sites_fetch_is_refused(site: str, reviewed: Reviewed) -> None:
    for mode in ("no-cors", "cors", "websocket"):
        answer = httpx.get(reviewed.url, headers={"sec-fetch-site": site, "sec-fetch-mode": mode})
        assert (answer.status_code, "runs" in answer.text) == (403, False)
    assert httpx.get(reviewed.url, headers={"sec-fetch-site": site, "sec-fetch-mode": "navigate"}).status_code == 200


def test_it_only_reads(reviewed: Reviewed) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH", "OPTIONS"):
        for path in ("/", f"/runs/{reviewed.mutated.id}", "/static/review.css"):
            assert httpx.request(method, reviewed.url + path).status_code == 405, (method, path)
    assert httpx.head(reviewed.url).status_code == 200


def test_every_answer_has_its_headers(reviewed: Reviewed) -> None:
    for path in ("/", "/none", "/runs/none", "/static/review.js"):
        headers = httpx.get(reviewed.url + path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe-eval" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in headers


def test_elsewhere_a_token_is_needed(reviewed: Reviewed) -> None:
    run = reviewed.mutated.id
    with serving(reviewed.archive, TOKEN) as url, httpx.Client(base_url=url, follow_redirects=True) as client:
        for path in ("/", f"/runs/{run}", "/static/review.css", "/part/home", "/none", "/?token=wrong", "/?token="):
            answer = client.get(path)
            assert (answer.status_code, run in answer.text) == (401, False), path
            assert len(answer.text.splitlines()) == 1
        client.cookies.set(f"evolve-token-{url.rpartition(':')[2]}", "wrong")
        assert client.get("/").status_code == 401
        client.cookies.clear()

        answer = client.get(f"/runs/{run}?token={TOKEN}&x=1")
        assert (answer.status_code, str(answer.url)) == (200, f"{url}/runs/{run}?x=1"), "the token leaves the address"
        assert TOKEN not in answer.text
        kept = answer.history[0].headers["set-cookie"]
        assert "HttpOnly" in kept
        assert "SameSite=lax" in kept
        assert client.get(f"/runs/{run}/lineage").status_code == 200, "the cookie does"


# -- what makes no sense ----------------------------------------------------------------------------------------------

ODD = {
    "/none": 404,
    "/runs": 404,
    "/runs/": 404,
    "/runs/none": 404,
    "/runs/%00": 404,
    "/runs/%ff%fe": 404,
    "/runs/..%2f..%2fetc%2fpasswd": 404,
    "/static/../server.py": 404,
    "/static/..%2fserver.py": 404,
    "/static/%00": 404,
    "/static/": 404,
    "/candidates/none": 404,
    "/candidates/none/comparison": 404,
    "/candidates/none/difference": 404,
    "/candidates/" + "x" * 5000: 404,
    "/problems/none": 404,
    "/part/runs/none": 404,
    "/part/candidates/none/profile": 404,
    "/runs/{run}/candidates?offset=-1": 400,
    "/runs/{run}/candidates?offset=100000000000000000000": 400,
    "/runs/{run}/candidates?offset=50000": 400,
    "/runs/{run}/candidates?offset=x": 400,
    "/runs/{run}/candidates?offset=%D9%A1": 400,
    "/runs/{run}/candidates?sort=source": 400,
    "/runs/{run}/candidates?status=foo": 400,
    "/runs/{run}/candidates?operator=foo": 400,
    "/runs/{run}/candidates?by=%00": 400,
    "/problems/tiny?strategy=foo": 400,
    "/problems/tiny?by=foo": 400,
    "/problems/tiny?operator=foo": 400,
    "/candidates/{champion}?beside=none": 404,
    "/candidates/{champion}/difference?instance=x": 400,
    "/candidates/{champion}/difference?instance=-1": 400,
    "/candidates/{champion}/difference?instance=train:99999": 400,
    "/candidates/{champion}/difference?instance=" + "9" * 5000: 400,
    "/candidates/{champion}/difference?split=none": 400,
    "/candidates/{champion}/difference?beside=none": 400,
}


@pytest.mark.parametrize("path", ODD, ids=lambda path: path[:70])
def test_what_makes_no_sense_is_one_line(path: str, reviewed: Reviewed) -> None:
    asked = path.format(run=reviewed.mutated.id, champion=reviewed.champion.id)
    # As it is: a client would take dots out of a path before it asks.
    answer = httpx.get(httpx.URL(reviewed.url).copy_with(raw_path=asked.encode()))
    assert answer.status_code == ODD[path], answer.text[:300]
    assert 0 < len(line_of(answer)) < 400


@pytest.mark.parametrize("query", ["", "text=&status=&operator=&by=&sort=&falling=", "text=%00%ff%25_'\"--&x=y"])
def test_a_form_may_be_empty_or_odd(query: str, reviewed: Reviewed) -> None:
    for path in (f"/runs/{reviewed.mutated.id}/candidates", "/problems/tiny"):
        assert httpx.get(f"{reviewed.url}{path}?{query}").status_code == 200


def test_a_filter_names_what_there_is(reviewed: Reviewed) -> None:
    at = f"{reviewed.url}/runs/{reviewed.mutated.id}/candidates"
    operators = reviewed.archive.choices(run=reviewed.mutated.id)["operator"]
    said = line_of(httpx.get(f"{at}?operator=foo"))
    assert f"comes from the operator &#39;foo&#39;; there are {', '.join(operators)}" in said
    for status in ("pending", "failed"):  # of none now, but while a run goes on they come and go
        answer = httpx.get(f"{at}?status={status}")
        assert (answer.status_code, f'<option value="{status}" selected>' in answer.text) == (200, True)
        assert "0 candidates" in answer.text


def test_an_instance_of_another_split_is_left_out(reviewed: Reviewed) -> None:
    """The form sends the instance that was shown, also where another split was chosen."""
    answer = httpx.get(f"{reviewed.url}/candidates/{reviewed.champion.id}/difference?split=test&instance=train:3")
    assert answer.status_code == 200
    assert "where it gains" in answer.text or "where it loses" in answer.text


# -- archives with little in them -------------------------------------------------------------------------------------


def test_an_archive_without_runs(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.db") as archive, serving(archive) as url:
        home = httpx.get(url).text
        assert "holds no run" in home
        assert "evolve run PROBLEM" in home
        assert "it is empty" in line_of(httpx.get(f"{url}/runs/k3f9qz"))
        archive.create_run(samples.run())
        (stamp,) = re.findall(r"stamp=(\w+)", home)
        assert "k3f9qz" in httpx.get(f"{url}/part/home?stamp={stamp}").text


def test_a_run_that_has_measured_nothing(tmp_path: Path) -> None:
    with Archive.open(tmp_path / "a.db") as archive, serving(archive) as url:
        archive.create_run(samples.run())
        at = f"{url}/runs/k3f9qz"
        for rest in ("", "/candidates", "/lineage"):
            assert httpx.get(at + rest).status_code == 200, rest
        assert httpx.get(f"{url}/problems/tardiness").status_code == 200
        assert "No candidate has been measured yet" in httpx.get(at).text
        archive.save_candidate(samples.candidate(0, name="initial"))
        archive.save_candidate(samples.candidate(1, parents=("k3f9qz-0",)))
        for rest in ("", "/candidates", "/lineage", "/../../candidates/k3f9qz-1"):
            assert httpx.get(at + rest).status_code == 200, rest
        for rest in ("comparison", "difference"):
            assert httpx.get(f"{url}/candidates/k3f9qz-1/{rest}").status_code == 200, rest


def test_programs_measured_on_no_common_instance(tmp_path: Path) -> None:
    """Baselines may have been measured on a version of the problem with other instances."""
    with Archive.open(tmp_path / "a.db") as archive, serving(archive) as url:
        archive.create_run(samples.run(champion="k3f9qz-1"))
        valid = {"status": "valid", "gaps": {"train": 1.0}}
        other = [replace(result, instance=f"other {result.instance}") for result in samples.results()]
        archive.save_candidate(samples.candidate(-1, name="edd", **valid), {"train": other})
        archive.save_candidate(samples.candidate(1, told=1, **valid), {"train": samples.results()})
        for path in ("/runs/k3f9qz", "/candidates/k3f9qz-1", "/candidates/k3f9qz-1/comparison"):
            answer = httpx.get(url + path)
            assert answer.status_code == 200, path
            assert "nan" not in re.findall(r"\w+", answer.text), path


def test_a_problem_that_is_gone(reviewed: Reviewed, tmp_path: Path, within: Within) -> None:
    shutil.copy(reviewed.folder / "evolve.db", tmp_path / "a.db")
    with Archive.open(tmp_path / "a.db", create=False) as archive:
        run = archive.run(reviewed.mutated.id)
        run.folder = str(tmp_path / "gone")
        archive.update_run(run)
        with serving(archive, backend="none") as url:
            for path in (f"/runs/{run.id}", f"/candidates/{run.champion}", f"/candidates/{run.champion}/comparison"):
                assert httpx.get(url + path).status_code == 200
            for path in (f"/candidates/{run.champion}/difference", f"/part/candidates/{run.champion}/profile"):
                answer = httpx.get(url + path)
                assert "The problem of this run cannot be loaded" in answer.text, path
        code, out, err = within(tmp_path, "report", run.id, "--archive", "a.db", "--sandbox", "none")
        assert (code, "wrote" in out) == (0, True), err


def test_a_sandbox_that_does_not_start_is_said(reviewed: Reviewed) -> None:
    with serving(reviewed.archive, backend="none") as url:
        answer = httpx.get(f"{url}/candidates/{reviewed.champion.id}/difference")
        assert answer.status_code == 503
        assert "none" in line_of(answer)
        answer = httpx.get(f"{url}/part/candidates/{reviewed.champion.id}/profile")
        assert (answer.status_code, "cannot be played now" in answer.text) == (200, True)


# -- the command ------------------------------------------------------------------------------------------------------


@contextmanager
def reviewing(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`evolve review`, and the address that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "evolve", "review", "--port", "0", "--sandbox", "process", *options],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def test_it_binds_to_loopback_and_ends_with_ctrl_c(reviewed: Reviewed) -> None:
    with reviewing(reviewed.folder) as (process, url):
        port = urlsplit(url).port
        assert url == f"http://127.0.0.1:{port}/"
        assert httpx.get(url).status_code == 200
        listening = Path(f"/proc/{process.pid}/net/tcp").read_text()
        assert re.findall(rf"(\w+):{port:04X} 00000000:0000 0A", listening) == ["0100007F"], "no other address"
        # An open connection and a page that is being played do not hold it up.
        playing = threading.Thread(target=_quietly, args=(f"{url}candidates/{reviewed.champion.id}/difference",))
        with socket.create_connection(("127.0.0.1", port)):
            playing.start()
            time.sleep(0.2)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        playing.join()
    assert process.returncode in (0, 130)
    assert "Traceback" not in out + err


def _quietly(url: str) -> None:
    with suppress(httpx.HTTPError):
        httpx.get(url)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_another_address_gets_a_token(host: str, reviewed: Reviewed) -> None:
    if host == "::" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("no IPv6 here")
    with reviewing(reviewed.folder, "--host", host) as (_, url):
        name = "[::]" if host == "::" else host
        port, token = urlsplit(url).port, url.partition("?token=")[2]
        assert url == f"http://{name}:{port}/?token={token}"
        assert len(token) >= 32
        at = f"http://{'[::1]' if host == '::' else '127.0.0.1'}:{port}/"
        assert httpx.get(at).status_code == 401
        with httpx.Client(follow_redirects=True) as client:
            assert client.get(f"{at}?token={token}").status_code == 200
            assert client.get(at).status_code == 200


def test_a_busy_port_is_one_line(reviewed: Reviewed, within: Within) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = within(reviewed.folder, "review", "--port", port)
    assert said == (2, "", f"error: 127.0.0.1:{port}: Address already in use; choose another with --host and --port\n")


@pytest.mark.parametrize("host", ["no.such.host.invalid", "a..b", "300.1.1.1", ":::"])
def test_an_address_that_is_none_is_one_line(host: str, reviewed: Reviewed, within: Within) -> None:
    code, out, err = within(reviewed.folder, "review", "--host", host)
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert err.startswith(f"error: {host}:8000: ")


def test_no_archive_is_one_line(tmp_path: Path, within: Within) -> None:
    code, out, err = within(tmp_path, "review")
    assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert "there is no archive" in err
