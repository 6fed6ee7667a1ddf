"""The figures instance by instance, typed and compressed. Needs pyarrow."""

from __future__ import annotations

import io

from evolve.exporting.base import ExportError, Format, Subject


def write(subject: Subject) -> bytes:
    """A Parquet file. Raises ExportError without pyarrow."""
    content = io.BytesIO()
    try:
        subject.frame().to_parquet(content, engine="pyarrow", index=False)
    except ImportError:
        raise ExportError("the format parquet needs pyarrow: pip install 'evolve[parquet]'; or take csv") from None
    return content.getvalue()


FORMAT = Format(".parquet", write)
