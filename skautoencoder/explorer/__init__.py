"""The page that `skautoencoder.explore` writes: what it holds, and how it is put together."""
