"""The product's own benchmark: generated work, the product's own paths, medians of interleaved rounds."""
