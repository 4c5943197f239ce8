"""A signal that comes while a command is being loaded stops it, as one that comes later."""

import pytest

from mmsbatch.cli import main
from mmsbatch.cli.entry import Terminated
from mmsbatch.exitcodes import ExitCode


@pytest.mark.parametrize(
    ("signal", "code"), [(KeyboardInterrupt(), ExitCode.INTERRUPTED), (Terminated(), ExitCode.TERMINATED)]
)
def test_one_that_python_wraps_while_it_makes_a_class(monkeypatch, capsys, signal, code):
    def load(*_, **__):
        raise RuntimeError("Error calling __set_name__ on 'Field' instance") from signal

    monkeypatch.setattr(main, "app", load)
    assert main.run(["apply"]) == code
    assert capsys.readouterr().err.startswith("error: stopped")
