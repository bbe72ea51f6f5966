"""The losses of one cell against the error, or against the output."""

import matplotlib.pyplot as plt
import numpy as np

figure, (by_error, by_output) = plt.subplots(1, 2, figsize=(8, 3.7), layout="constrained")

error = np.linspace(-3, 3, 301)
size = np.abs(error)
by_error.plot(error, 0.5 * error**2, label="squared_error")
by_error.plot(error, size, label="absolute_error")
by_error.plot(error, np.where(size <= 1, 0.5 * error**2, size - 0.5), "--", label="huber")
by_error.set(xlabel="output - x", ylabel="loss of one cell", ylim=(0, 4.5))

z = np.linspace(-4, 4, 301)
for x, line in ((1.0, "-"), (0.3, ":")):
    loss = np.logaddexp(0, z) - x * z
    by_output.plot(z, loss, line, color="C3", label=f"binary_cross_entropy, x = {x:g}")
for x, line in ((3.0, "-"), (1.0, ":")):
    loss = x * np.log(x) - x * z + np.exp(z) - x
    by_output.plot(z, loss, line, color="C4", label=f"poisson, x = {x:g}")
by_output.set(xlabel="output before its activation, z", ylim=(0, 8))

figure.legend(fontsize="small", loc="outside lower center", ncols=3)
for ax in (by_error, by_output):
    ax.grid(alpha=0.3)
