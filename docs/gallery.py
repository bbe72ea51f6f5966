"""The order of the gallery: what a newcomer needs first comes first."""

ORDER = [
    # What it is, and what codes are for
    "in_action",
    "supervised_codes",
    "pipeline_classifier",
    "grid_search_layer_sizes",
    "tables",
    # What else is built on it
    "outliers",
    "imputation",
    # Kinds of autoencoder
    "denoising",
    "sparse_codes",
    "variational",
    # Looking into it
    "displays",
    "explorer",
    "training",
    # More data, more machines
    "mnist",
    "streams",
    "search_on_a_cluster",
]


class TeachingOrder:
    """The place of an example's file, as sphinx-gallery asks for it."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        return ORDER.index(filename.removeprefix("plot_").removesuffix(".py"))
