"""The hidden activations."""

import matplotlib.pyplot as plt
import numpy as np

from skautoencoder.network.activations import ACTIVATIONS, HIDDEN_ACTIVATIONS

groups = {
    "bounded": ["tanh", "sigmoid"],
    "with a kink": ["relu", "leaky_relu", "elu", "selu"],
    "smooth": ["silu", "gelu", "softplus", "identity"],
}
assert {name for names in groups.values() for name in names} == set(HIDDEN_ACTIVATIONS)
figure, axes = plt.subplots(1, 3, figsize=(8, 2.7), sharey=True, layout="constrained")
for ax, (title, names) in zip(axes, groups.items(), strict=True):
    for name in names:
        z = np.linspace(-3, 3, 301)
        values = z.copy()
        ACTIVATIONS[name].function(values)
        ax.plot(z, values, label=name)
    ax.set(title=title, xlabel="z", ylim=(-2, 3))
    ax.legend(fontsize="small", loc="upper left")
    ax.grid(alpha=0.3)
axes[0].set_ylabel("f(z)")
