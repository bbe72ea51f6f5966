"""The factor on the learning rate over the steps of a fit."""

import matplotlib.pyplot as plt
import numpy as np

from skautoencoder import (
    AdaptiveSchedule,
    ConstantSchedule,
    CosineSchedule,
    InvScalingSchedule,
    OneCycleSchedule,
)

N_STEPS = 1000
steps = np.arange(N_STEPS)
figure, ax = plt.subplots(figsize=(8, 3.4), layout="constrained")
for schedule in (ConstantSchedule(), InvScalingSchedule(), CosineSchedule(), OneCycleSchedule()):
    ax.plot(steps, [schedule.factor(step, N_STEPS) for step in steps], label=repr(schedule))

plateaus = (400, 600, 800)
cuts = [AdaptiveSchedule().factor_after_plateau(n + 1) for n in range(len(plateaus))]
factors = np.cumprod([1, *cuts])[np.searchsorted(plateaus, steps, side="right")]
ax.plot(steps, factors, "--", label="AdaptiveSchedule(), plateaus at 400, 600 and 800")
ax.set(xlabel="step, of 1000", ylabel="factor", ylim=(0, 1.05))
figure.legend(fontsize="small", loc="outside lower center", ncols=3)
ax.grid(alpha=0.3)
