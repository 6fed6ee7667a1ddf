"""A tiny engine with nothing of ours: asks a model for programs by the openai package, and writes the last one."""

from __future__ import annotations

import re
from pathlib import Path

import openai


def run_engine(url: str, calls: int, program: Path) -> str | None:
    """Every other reply is streamed. Stops when its account is used up, and returns the call and the error's code."""
    client = openai.OpenAI(base_url=url, api_key="sk-not-to-be-written-down")
    for number in range(calls):
        asked = {"model": "fake-small", "messages": [{"role": "user", "content": f"Write rule {number}."}]}
        try:
            if number % 2:
                parts = client.chat.completions.create(**asked, stream=True)
                reply = "".join(
                    part.choices[0].delta.content or "" for part in parts
                )  # fails for an event of no choice
            else:
                reply = client.chat.completions.create(**asked).choices[0].message.content
        except openai.RateLimitError as error:
            return f"{number} {error.code}"
        program.write_text(re.search(r"```python\n(.*?)```", reply, re.S)[1])
    return None
