"""Pictures as Vega-Lite specifications: one module each, plain data in, a specification out."""
