"""Prices come from the snapshot in the package."""

from __future__ import annotations

import socket

import pytest

from evolve.pricing import price

OPENAI = "https://api.openai.com/v1"


def test_known_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a price was looked up on the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    full, cached = price("gpt-4o-mini", 1000, 100, 0, OPENAI), price("gpt-4o-mini", 1000, 100, 500, OPENAI)
    assert full == pytest.approx(0.00021)
    assert cached is not None
    assert full is not None
    assert cached < full


@pytest.mark.parametrize(
    ("model", "url"), [("gpt-4o-mini", "http://localhost:11434/v1"), ("no-such-model", OPENAI), ("", OPENAI)]
)
def test_unknown_is_unpriced(model: str, url: str) -> None:
    assert price(model, 1000, 100, 0, url) is None
