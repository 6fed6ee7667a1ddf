"""An engine whose iterations can be counted by hand."""

from math import inf

from evaluators.serving.costs import Costs
from evaluators.serving.engine import Engine

# 1 ms for the host, 10 ms at least for products, 1 ms a token above ten; no attention, one second a million of KV.
PLAIN = Costs(t0=1, w=10, l0=0, l1=1, attention=0, kv=0, sequence=0, kv_bytes=1, capacity=100)


def prefill_all(engine: Engine) -> None:
    while engine.advance(inf):
        for s in [s for s in engine.waiting if engine.fits(s)][:1]:
            engine.admit(s)
        engine.start([(s, s.left) for s in engine.prefilling.values()])
