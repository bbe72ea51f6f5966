"""Random generators from scikit-learn's `random_state`, away from the global state."""

import numpy as np


def generators(random_state, n_epochs_before):
    """Two generators: for choosing validation rows, and for everything else.

    An int gives the same validation rows in every call, and fresh draws for everything
    else as training continues. None takes entropy from the operating system: unlike in
    `sklearn.utils.check_random_state`, the global state is not read.
    """
    if isinstance(random_state, np.random.RandomState):
        seed = [int(part) for part in random_state.randint(2**31 - 1, size=4)]
    else:
        seed = random_state
    entropy = np.random.SeedSequence(seed).entropy
    split = np.random.SeedSequence(entropy, spawn_key=(0,))
    training = np.random.SeedSequence(entropy, spawn_key=(1, n_epochs_before))
    return np.random.default_rng(split), np.random.default_rng(training)
