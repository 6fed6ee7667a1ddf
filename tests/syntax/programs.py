"""Programs to try things on: random arithmetic, and what language models write."""

from __future__ import annotations

from hypothesis import strategies as st


def expressions(names: tuple[str, ...] = ("p", "d", "t")) -> st.SearchStrategy[str]:
    """Arithmetic of a rule, as text."""
    numbers = st.sampled_from(["0", "1", "2", "0.5", "1.0", "3.25", "1e-9", "-1", "-2.5", "10"])
    leaves = st.one_of(st.sampled_from(names), st.sampled_from(names), numbers)

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        binary = st.tuples(inner, st.sampled_from(["+", "-", "*", "/"]), inner).map(lambda x: f"({x[0]} {x[1]} {x[2]})")
        calls = st.tuples(st.sampled_from(["max", "min"]), inner, inner).map(lambda x: f"{x[0]}({x[1]}, {x[2]})")
        branch = st.tuples(inner, inner, st.sampled_from(["<", "<=", ">", ">="]), inner, inner)
        return st.one_of(
            binary,
            calls,
            inner.map(lambda x: f"abs({x})"),
            inner.map(lambda x: f"-{x}"),
            branch.map(lambda x: f"({x[0]} if {x[1]} {x[2]} {x[3]} else {x[4]})"),
        )

    return st.recursive(leaves, larger, max_leaves=12)


PROGRAMS = [
    "def priority(p, d, t):\n    return d\n",
    "def priority(p, **features):\n    return p + features['t']\n",
    "def priority(p, d=3.0, *, t):\n    total = 0\n    for i in range(3):\n        total += i * p / 2.5\n    return total - d\n",
    "import math\ndef priority(p, t):\n    try:\n        return math.log(p) / (t - 1)\n    except ZeroDivisionError as e:\n        return 0.0\n",
    "def priority(p, d):\n    if (slack := d - p) > 1.5:\n        return slack\n    return sum(x * 2.0 for x in (p, d))\n",
    "def priority(p, d):\n    def inner(x, y=2):\n        nonlocal_ = x + y\n        return nonlocal_\n    return inner(p) + (lambda q: q * 1.5)(d)\n",
    "import numpy as np\ndef priorities(p, d, t):\n    z = (p - p.mean()) / (p.std() + 1e-9)\n    return np.where(d > t, z, -z * 0.5)\n",
    "import numpy as np\ndef priorities(p, d, t):\n    return np.minimum(d, p) + np.exp(-np.maximum(0, d - t) / 10)\n",
    "class Rule:\n    weight: float = 1.5\n    def __call__(self, p, d):\n        return self.weight * p + d\n_rule = Rule()\ndef priority(p, d):\n    return _rule(p, d)\n",
    "from dataclasses import dataclass\n@dataclass\nclass S:\n    k: int = 3\ndef decide(o):\n    s = S(k=4)\n    return max(range(len(o['q'])), key=lambda i: o['q'][i] * s.k)\n",
    "def solve(instance):\n    p, d = instance['p'], instance['d']\n    order = sorted(range(len(p)), key=lambda j: (d[j], p[j]))\n    t = 0\n    for j in order:\n        t += p[j]\n        if t > d[j] * 1.1:\n            continue\n    return order\n",
    "CACHE = {}\ndef decide(observation):\n    global CACHE\n    queue = observation['queue']\n    n = CACHE['n'] = CACHE.get('n', 0) + 1\n    if not queue: return None\n    best, low = 0, 1e18\n    for i, item in enumerate(queue):\n        cost = item['work'] / 2.0 + 0.3 * item['wait'] - n\n        if cost < low:\n            best, low = i, cost\n    return best\n",
    "def solve(x):\n    match x:\n        case {'p': p}:\n            return list(p)\n        case [*rest]:\n            return rest\n        case other:\n            return other\n",
    "def solve(x): return [i for i, _ in enumerate(x['p']) if i % 2 == 0] + [i for i, _ in enumerate(x['p']) if i % 2]\n",
    "async def helper():\n    return 1\ndef solve(x):\n    k = eval('x')\n    return k\n",
    "import functools\n@functools.lru_cache(maxsize=None)\ndef f(n):\n    return n if n < 2 else f(n - 1) + f(n - 2)\ndef priority(p):\n    return f(min(p, 20)) * 1.5\n",
    "def priority(p, d):\n    '''Doc with \\\\ and \"quotes\"\n\n    more'''\n    x = y = p\n    x, y = y, d * 2\n    del y\n    return x\n",
    "def priority(p, d): x = p * 3; return x + d\n",
    "x = 1\nif x:\n    def priority(p):\n        return p\n",
    "priority = lambda p, d: d - 2 * p\n",
]  # fmt: skip
