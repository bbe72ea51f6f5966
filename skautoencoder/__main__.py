"""`python -m skautoencoder` prints what a bug report should name."""

from .utils.show_versions import show_versions

if __name__ == "__main__":
    show_versions()
