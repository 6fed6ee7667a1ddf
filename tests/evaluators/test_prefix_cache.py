"""Hits of a prefix cache, against a trie, and the bound on them, against every order of small tables."""

from __future__ import annotations

from itertools import permutations, product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.databases.prefix_cache import TERMINATOR, common_prefix, hits_of_any, hits_of_previous, most_hits

texts = st.text("ab", max_size=8)


def by_trie(prompts: list[str]) -> list[int]:
    """Hits of each prompt in a trie of the earlier ones, character by character."""
    root: dict[str, Any] = {}
    hits = []
    for prompt in prompts:
        node, hit, inside = root, 0, True
        for letter in prompt:
            inside = inside and letter in node
            hit += inside
            node = node.setdefault(letter, {})
        hits.append(hit)
    return hits


def test_hits_by_hand() -> None:
    """abc; abd shares ab; xbd shares nothing, though it ends alike; abcd shares abc with the first, none with xbd."""
    prompts = ["abc", "abd", "xbd", "abcd"]
    assert hits_of_previous(prompts) == [0, 2, 0, 0]
    assert hits_of_any(prompts) == [0, 2, 0, 3]
    assert hits_of_any(["one"]) == hits_of_previous(["one"]) == [0]


@given(texts, texts)
def test_common_prefix(a: str, b: str) -> None:
    slow = next((k for k, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    assert common_prefix(a, b) == slow


@given(st.lists(texts, min_size=1, max_size=12))
def test_hits_agree_with_a_trie(prompts: list[str]) -> None:
    assert hits_of_any(prompts) == by_trie(prompts)


@given(st.lists(texts, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_rows_matters_to_the_small_cache_alone(prompts: list[str], random: Any) -> None:
    shuffled = random.sample(prompts, len(prompts))
    most = sum(hits_of_any(prompts))
    assert sum(hits_of_any(shuffled)) == most, "the prompts' trie has the same nodes"
    assert sum(hits_of_previous(shuffled)) <= most
    assert sum(hits_of_previous(sorted(prompts))) == most


def best(columns: list[list[str]]) -> int:
    """Most hits over all orders of the cells of all rows."""
    rows = [
        {"".join(cell + TERMINATOR for cell in order) for order in permutations(cells)}
        for cells in zip(*columns, strict=True)
    ]
    return max(sum(hits_of_any(prompts)) for prompts in product(*map(sorted, rows)))


cells = st.text("ab", max_size=3)


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(cells, min_size=n, max_size=n), min_size=1, max_size=3)))
@settings(max_examples=150, deadline=None)
def test_no_order_hits_more_than_the_bound(columns: list[list[str]]) -> None:
    assert most_hits(columns) >= best(columns)


def test_the_bound_by_hand() -> None:
    """Cells with their newline: rows x.aaa. and y.aaa. share aaa. (4); x.aaa. and x.bbbb. share x. (2); y and bbbb
    nothing. The tree takes 4 + 2 = 6; no first row hits. It is reached by aaa.x. / aaa.y. and x.aaa. / x.bbbb. only
    together, which one order of the first row does not allow: the best is 4."""
    columns = [["x", "y", "x"], ["aaa", "aaa", "bbbb"]]
    assert most_hits(columns) == 6
    assert best(columns) == 4


def test_the_bound_is_reached_where_all_rows_are_the_same() -> None:
    columns = [["x"] * 3, ["aaa"] * 3]
    assert most_hits(columns) == best(columns) == 2 * 6


def test_a_cell_counts_as_often_as_both_rows_have_it() -> None:
    """a. a. b. and a. b. b. share a. and b. (4); then a. is left on one side and b. on the other."""
    assert most_hits([["a", "a"], ["a", "b"], ["b", "b"]]) == best([["a", "a"], ["a", "b"], ["b", "b"]]) == 4


def test_beginnings_of_cells_count_in_the_bound() -> None:
    """abcd and abce share abc, whatever else differs."""
    assert most_hits([["abcd", "abce"], ["x", "y"]]) == best([["abcd", "abce"], ["x", "y"]]) == 3
