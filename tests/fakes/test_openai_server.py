"""The fake server as a process of its own, as the tests of whole runs use it."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path


def ask(url: str, key: str) -> str:
    body = json.dumps({"model": "fake-small", "messages": [{"role": "user", "content": "Improve it."}]}).encode()
    headers = {"content-type": "application/json", "idempotency-key": key}
    with urllib.request.urlopen(urllib.request.Request(f"{url}/chat/completions", body, headers), timeout=10) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


def test_as_a_process(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    command = [sys.executable, "-m", "tests.fakes.openai_server", "--script", "good", "--log", str(log)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        first, second = ask(url, "run/1/0"), ask(url, "run/2/0")
        assert "def priority(" in first
        assert first != second
        assert ask(url, "run/1/0") == first
    finally:
        server.kill()
        server.wait()
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["key"], entry["paid"]) for entry in entries] == [
        ("run/1/0", True),
        ("run/2/0", True),
        ("run/1/0", False),
    ]
