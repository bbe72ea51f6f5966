import io
import os

import pytest

from skautoencoder import AutoencoderTransformer
from skautoencoder.network.trainer import History
from skautoencoder.utils.progress import ProgressLine


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def narrow_terminal(monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((40, 20)))


def run(line, n_epochs, start=0.0):
    for epoch in range(1, n_epochs + 1):
        line._last_shown = start  # as if a moment had gone by since the last one
        line(History(loss_curve=[1 / e for e in range(1, epoch + 1)]), 0.01)


def test_a_terminal_sees_one_line_that_never_wraps(narrow_terminal):
    line = ProgressLine(max_iter=3, stream=Terminal())
    run(line, 3)
    line.close()
    shown = line.stream.getvalue()
    assert shown.count("\n") == 1
    assert shown.endswith("\n")
    states = shown.strip("\n").split("\r")[1:]
    assert len(states) == 4
    assert all(len(state) == 39 for state in states)
    assert "epoch 3/3" in states[-1]


def test_a_terminal_is_written_to_at_most_ten_times_a_second():
    line = ProgressLine(max_iter=1000, stream=Terminal())
    run(line, 1000, start=float("inf"))
    assert line.stream.getvalue() == ""


def test_a_log_file_gets_the_last_state_only():
    line = ProgressLine(max_iter=4, stream=io.StringIO())
    run(line, 2)
    line.close()
    assert line.stream.getvalue().count("\n") == 1
    assert "[##########..........] epoch 2/4  loss 0.5  rate 1.0e-02" in line.stream.getvalue()


@pytest.mark.parametrize("early_stopping", [False, True])
def test_the_last_line_says_what_ended_the_run_and_which_weights_are_kept(
    early_stopping, rng, capsys
):
    fitted = AutoencoderTransformer(
        2, max_iter=4, early_stopping=early_stopping, learning_rate="constant",
        learning_rate_init=2e-3, verbose=1, random_state=0,
    ).fit(rng.normal(size=(60, 4)))  # fmt: skip
    losses = {"loss": fitted.loss_curve_, "validation": fitted.validation_loss_curve_}
    if not early_stopping:
        assert losses.pop("validation") is None
    shown = "  ".join(f"{name} {curve[-1]:.4g}" for name, curve in losses.items())
    expected = f"epoch 4/4  {shown}  stopped: max_iter  kept: {fitted.kept_}\n"
    assert capsys.readouterr().out == expected


def test_epoch_losses_rate_and_the_time_left_are_shown():
    line = ProgressLine(max_iter=4, stream=io.StringIO())
    line(History(loss_curve=[2.0, 1.0], validation_loss_curve=[3.0, 1.5]), 2e-3)
    line.close()
    shown = line.stream.getvalue()
    assert "[##########..........] epoch 2/4  loss 1  validation 1.5  rate 2.0e-03" in shown
    assert shown.endswith("0:00 left\n")


def test_a_terminal_shows_the_end_of_the_run_in_place(narrow_terminal, monkeypatch):
    monkeypatch.setattr("shutil.get_terminal_size", lambda **_: os.terminal_size((80, 20)))
    line = ProgressLine(max_iter=47, stream=Terminal())
    run(line, 2)
    line.end(History([1.0] * 47, [1.234e-05] * 47, stop_reason="no_change", kept="pca"))
    line.close()
    shown = line.stream.getvalue().split("\r")[-1].rstrip()
    ending = "stopped: no_change  kept: pca"
    assert shown == f"epoch 47/47  loss 1  validation 1.234e-05  {ending}"


def test_the_time_left_is_that_of_the_epochs_so_far(monkeypatch):
    times = iter([0.0, 30.0, 60.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(times))
    line = ProgressLine(max_iter=5, stream=io.StringIO())
    run(line, 2)
    line.close()
    assert "epoch 2/5" in line.stream.getvalue()
    assert "1:30 left" in line.stream.getvalue()


def test_without_verbose_nothing_is_shown(rng, capsys):
    AutoencoderTransformer(2, max_iter=2).fit(rng.normal(size=(30, 4)))
    assert capsys.readouterr() == ("", "")


def test_the_time_left_is_reckoned_from_the_epochs_of_this_run():
    line = ProgressLine(max_iter=100, n_before=90, stream=io.StringIO())
    line._start -= 60  # as if these five epochs had taken a minute
    line(History(loss_curve=[1.0] * 95), 0.01)
    line.close()
    assert "epoch 95/100" in line.stream.getvalue()
    assert "1:00 left" in line.stream.getvalue()
