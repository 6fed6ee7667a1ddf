"""What a completion costs, from the price snapshot that the genai-prices package carries. Never asks the network."""

from __future__ import annotations


def price(
    model: str, input_tokens: int, output_tokens: int, cached_tokens: int = 0, base_url: str | None = None
) -> float | None:
    """The price in US dollars, None where the model or the endpoint is not in the snapshot (a local one never is).

    input_tokens include the cached ones, as OpenAI-compatible endpoints count them.
    """
    # The snapshot takes a third of a second to import; most commands never need a price.
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens)
    try:
        return float(calc_price(usage, model, provider_api_url=base_url).total_price)
    except (LookupError, ValueError):
        return None
