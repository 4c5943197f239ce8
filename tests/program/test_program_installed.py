"""The program as a package: built, installed into an environment of its own, run from another folder."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from campaign_repo import CampaignRepo

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel and install it; return the installed `mmsbatch`. Its dependencies are those of the tests."""
    folder = tmp_path_factory.mktemp("installed")
    wheels, environment = folder / "wheels", folder / "venv"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    _run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(wheels), str(ROOT))
    _run(sys.executable, "-m", "venv", "--without-pip", str(environment))
    [wheel] = wheels.glob("mmsbatch-*.whl")
    python = environment / "bin" / "python"
    _run(*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel))
    # Behind the environment's own packages, so that mmsbatch itself is the installed one.
    [packages] = environment.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return environment / "bin" / "mmsbatch"


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_installed_program_works_elsewhere(installed: Path, repo: CampaignRepo) -> None:
    def call(*arguments: str) -> str:
        command = [str(installed), *arguments]
        return subprocess.run(
            command, cwd=repo.root, env=repo.environment(), capture_output=True, encoding="utf-8", check=True
        ).stdout

    repo.write_campaign()
    repo.write_rows(range(3))
    python = installed.with_name("python")
    where = [str(python), "-c", "import mmsbatch; print(mmsbatch.__file__)"]
    module = subprocess.run(where, cwd=repo.root, capture_output=True, text=True, check=True).stdout
    assert module.startswith(str(installed.parents[1]))
    for name in ("campaign", "config", "journal", "manifest"):
        assert call("schema", name) == (ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert call("validate", "campaigns", "--gateway", "sandbox") == "1 file checked: 0 errors, 0 warnings\n"
    assert "3 accepted, of 3 recipients" in call("apply", "campaigns", "--gateway", "sandbox")
    for host in ("github", "gitlab"):
        assert "created" in call("init", str(repo.home / host), "--ci", host)
    for path in repo.home.rglob("*"):
        repo.adopt(path)
    assert (repo.home / "github/.github/actions/mmsbatch/action.yml").read_bytes() == (ROOT / "action.yml").read_bytes()
