"""A table of two hidden numbers in columns of every type, and its form in numbers."""

import numpy as np
import pandas as pd

ROWS = 300


def one_hot(numbers, width):
    return np.eye(width)[numbers]


def hidden_numbers_table():
    """A frame of two hidden numbers in columns of every type, and what is in them."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(ROWS, 2))
    size = np.array(["small", "medium", "large"])[np.digitize(hidden[:, 0], [-0.5, 0.5])]
    letter = np.array(list("wxyz"))[np.digitize(hidden[:, 1], [-1, 0, 1])]
    return pd.DataFrame(
        {
            "size": pd.Categorical(size, ["small", "medium", "large", "huge"], ordered=True),
            "length": hidden @ [1.0, 2.0],
            "letter": letter,
            "is_tall": hidden.sum(axis=1) > 0,
            "count": np.rint(20 * hidden[:, 0]).astype(np.int32),
            "small": np.square(hidden[:, 1]).astype(np.float32),
        },
        index=pd.Index(3 * np.arange(ROWS), name="row"),
    )


def encoded_by_hand(table):
    """Numbers, with columns of zeros and ones for two categories and a truth."""
    size = table["size"].cat.codes.to_numpy()
    letter = table["letter"].astype("category").cat.codes.to_numpy()
    parts = one_hot(size, 3), table["is_tall"], one_hot(letter, 4), table["length"]
    return np.column_stack(parts).astype(float)
