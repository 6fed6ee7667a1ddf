"""Synthetic tables for language models to read row by row, shaped like five that are used for such queries.

Their texts are made of invented words. What counts is kept: which columns depend on which, how often values repeat
(Zipf), how long texts are, which cells are missing.
"""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable, Sequence
from itertools import accumulate

Column = list[str]
Shape = Callable[["Maker"], list[Column]]

_ONSETS = ("b", "br", "c", "d", "dr", "f", "g", "gl", "h", "k", "l", "m", "n", "p", "pr", "r", "s", "st", "t", "v", "z")
_NUCLEI = ("a", "e", "i", "o", "u", "ai", "ea", "io")
_CODAS = ("", "", "l", "m", "n", "r", "s", "t", "nd", "rk")


class Maker:
    """Makes the columns of one table of n rows; everything random comes from one generator, seeded by the key."""

    def __init__(self, key: str, n: int) -> None:
        self.n = n
        self.random = random.Random(key)
        self._words = ["".join(map(self.random.choice, (_ONSETS, _NUCLEI, _CODAS) * 2)) for _ in range(1500)]

    def text(self, mean: int) -> str:
        """Words of about `mean` characters in all, a capital first, between half of that and one and a half times."""
        length = self.random.uniform(0.5, 1.5) * mean
        text = self.random.choice(self._words)
        while len(text) < length:
            text += " " + self.random.choice(self._words)
        return text.capitalize()

    def texts(self, mean: int, missing: float = 0.0) -> Column:
        """A text of its own for each row; cells are missing with some probability."""
        return ["" if self.random.random() < missing else self.text(mean) for _ in range(self.n)]

    def zipf(self, values: int, exponent: float = 1.0) -> list[int]:
        """For each row one of `values` numbers, the k-th with probability proportional to k^-exponent."""
        ends = list(accumulate((k + 1.0) ** -exponent for k in range(values)))
        return [min(bisect(ends, self.random.random() * ends[-1]), values - 1) for _ in range(self.n)]

    def pick(self, choices: Sequence[str], exponent: float = 1.0) -> Column:
        """A category for each row, the first ones more often."""
        return [choices[k] for k in self.zipf(len(choices), exponent)]

    def of(self, entity: Sequence[int], make: Callable[[], str]) -> Column:
        """A value for each row that depends on its entity alone: a functional dependency."""
        made: dict[int, str] = {}
        for each in entity:
            if each not in made:
                made[each] = make()
        return [made[each] for each in entity]

    def mostly(self, column: Column, other: Callable[[], str], share: float) -> Column:
        """The column with a share of its cells replaced: a dependency that holds almost always."""
        return [other() if self.random.random() < share else cell for cell in column]

    def number(self, low: int, high: int) -> str:
        return str(self.random.randint(low, high))

    def names(self, count: int, mean: int) -> list[str]:
        return [self.text(mean) for _ in range(count)]


def films(make: Maker) -> list[Column]:
    """Reviews of films: three long columns depend on the film, the review is unique."""
    film = make.zipf(make.n // 12, 0.9)
    critic = make.zipf(make.n // 6, 0.8)
    title = make.of(film, lambda: make.text(18))
    link = [f"/f/{name.lower().replace(' ', '_')}" for name in title]
    names = make.of(critic, lambda: make.text(13))
    publisher = make.mostly(make.of(critic, lambda: make.text(16)), lambda: make.text(16), 0.1)
    verdict = make.pick(["Fresh", "Rotten"], 0.6)
    grade = make.pick(["", "3/5", "4/5", "B", "2/5", "B+", "A-", "C", "7/10", "1/5"], 0.7)
    when = [f"{2000 + make.random.randrange(20)}-{make.random.randrange(1, 13):02}" for _ in range(make.n)]
    return [link, title, make.of(film, lambda: make.text(220)), names, publisher, verdict, grade, when, make.texts(120)]


def beers(make: Maker) -> list[Column]:
    """Ratings of beers: short columns only, nine of them; numbers of the same scale in several."""
    beer = make.zipf(make.n // 8, 1.0)
    brewer = make.of(beer, lambda: str(10000 + make.random.randrange(max(2, make.n // 25))))
    styles = make.names(30, 18)
    style = make.of(beer, lambda: make.random.choice(styles))
    scales = [make.pick([f"{k / 2:g}" for k in (8, 7, 9, 6, 10, 5, 4, 3)], 0.8) for _ in range(3)]
    name = make.of(beer, lambda: make.text(22))
    user = make.of(make.zipf(make.n // 4, 0.8), lambda: make.text(9).lower())
    number = make.of(beer, lambda: make.number(1000, 79999))
    return [number, brewer, name, style, *scales, user, [f"{m}/20" for m in make.zipf(20, 0.5)]]


def posts(make: Maker) -> list[Column]:
    """Comments on posts: the post's long body goes with its number, the comment is unique."""
    post = make.zipf(make.n // 5, 0.7)
    number = make.of(post, lambda: make.number(10000, 99999))
    when = [f"20{make.random.randrange(10, 15)}-{make.random.randrange(1, 13):02}-{make.random.randrange(1, 29):02}"
            for _ in range(make.n)]  # fmt: skip
    user = make.of(make.zipf(make.n // 3, 0.8), lambda: make.text(11))
    return [number, make.of(post, lambda: make.text(420)), make.pick(list("012345"), 1.5), when, user, make.texts(90)]


def scores(make: Maker) -> list[Column]:
    """Sheet music: two long unique columns, six flags, of which three nearly always agree, and missing categories."""
    path = [f"/data/{make.random.randrange(10)}/{make.random.getrandbits(64):016x}.json" for _ in range(make.n)]
    composer = make.of(make.zipf(make.n // 10, 1.1), lambda: make.text(16))
    official = make.pick(["False", "True"], 2.5)
    flags = [make.mostly(official, lambda: make.random.choice(("True", "False")), 0.06) for _ in range(2)]
    others = [make.pick(["False", "True"], exponent) for exponent in (0.5, 1.5, 3.0)]
    genre = make.mostly(make.pick(make.names(20, 9), 0.9), lambda: "", 0.4)
    licence = make.pick([f"https://licences.example/{name.lower()}/4.0" for name in make.names(4, 8)], 1.5)
    instruments = make.pick(["1", "2", "3", "4", "5"], 1.0)
    return [path, composer, official, *flags, *others, genre, licence, instruments, make.texts(40, 0.3)]


def products(make: Maker) -> list[Column]:
    """Reviews of products: a number and a long title that go together, a shop that nearly does, a unique review."""
    product = make.zipf(make.n // 9, 0.8)
    shops = make.names(max(4, make.n // 40), 14)
    shop = make.of(product, lambda: make.random.choice(shops))
    number = make.of(product, lambda: f"B0{make.random.getrandbits(32):08X}")
    title = make.of(product, lambda: make.text(110))
    verified = make.pick(["True", "False"], 2.5)
    rating = make.pick(["5.0", "4.0", "1.0", "3.0", "2.0"], 1.0)
    helpful = make.pick([str(k) for k in range(12)], 1.8)
    shop = make.mostly(shop, lambda: make.random.choice(shops), 0.05)
    return [rating, make.texts(22), make.texts(150), number, title, shop, verified, helpful]


def catalogue(make: Maker) -> list[Column]:
    """A catalogue of parts: a hierarchy of dependencies, from maker to series to part, and few unique characters."""
    part = make.zipf(make.n // 3, 0.6)
    series = [each % max(2, make.n // 15) for each in part]
    maker = [each % 9 for each in series]
    made_by = make.of(maker, lambda: make.text(40))
    return [
        make.of(part, lambda: make.number(100000, 999999)),
        make.of(part, lambda: make.text(60)),
        make.of(series, lambda: make.text(90)),
        made_by,
        make.mostly(made_by, lambda: make.text(40), 0.2),
        make.pick(make.names(12, 30), 0.7),
        make.pick(["in stock", "on order", "out of stock"], 1.0),
        make.pick([make.number(1, 500) for _ in range(40)], 0.5),
    ]


def visits(make: Maker) -> list[Column]:
    """Visits to a site: two dimensions of like weight that do not depend on each other, page and visitor."""
    page, visitor = make.zipf(make.n // 8, 0.8), make.zipf(make.n // 8, 0.8)
    return [
        make.of(page, lambda: f"https://site.example/{make.text(40).lower().replace(' ', '/')}"),
        make.of(page, lambda: make.text(60)),
        make.of(visitor, lambda: f"Mozilla/5.0 ({make.text(45)})"),
        make.of(visitor, lambda: make.text(50)),
        make.pick(make.names(25, 8), 1.0),
        make.pick(["200", "304", "404", "500"], 2.0),
        [f"{make.random.randrange(24):02}:{make.random.randrange(60):02}" for _ in range(make.n)],
    ]


SHAPES: dict[str, Shape] = {"films": films, "beers": beers, "posts": posts, "scores": scores, "products": products}
OTHERS: dict[str, Shape] = {"catalogue": catalogue, "visits": visits}


def make_table(key: str, shape: str, rows: int) -> list[Column]:
    """The columns of a table, each a list of `rows` strings; `key` seeds it. Rows have no order."""
    return (SHAPES | OTHERS)[shape](Maker(key, rows))
