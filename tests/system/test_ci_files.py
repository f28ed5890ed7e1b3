"""packaging/ci: the files parse, name options that exist, and the hook stops a bad commit."""
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FIREBREAK_BUILD", ROOT / "build/dev"))
GOOD = 'rule quiet { strings: $a = "what nobody ever wrote" condition: $a }\n'
WIDE = "rule loud { condition: filesize > 0 }\n"


def git(repository, *arguments, **more):
    return subprocess.run(["git", *arguments], cwd=repository, capture_output=True, text=True, **more)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "builds").mkdir()
    (tmp_path / "builds/yara.so").symlink_to(BUILD / "lib/engines/yara.so")
    (tmp_path / "goodware").mkdir()
    for number in range(20):
        (tmp_path / f"goodware/{number}").write_text(f"harmless {number}")
    repository = tmp_path / "repository"
    (repository / "content").mkdir(parents=True)
    (repository / "content/firebreak-pack.yaml").write_text(
        "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar']\nactions: [report]\n"
        "author: test\nrelease_notes: none\n")
    git(repository, "init", check=True)
    git(repository, "config", "user.name", "test", check=True)
    git(repository, "config", "user.email", "test@example.org", check=True)
    (repository / ".git/hooks/pre-commit").unlink(missing_ok=True)
    (repository / ".git/hooks/pre-commit").symlink_to(ROOT / "packaging/ci/pre-commit")
    return repository


def commit(repository, **more):
    environment = {**os.environ, "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}",
                   "FIREBREAK_BUILDS": str(repository.parent / "builds"),
                   "FIREBREAK_GOODWARE": str(repository.parent / "goodware"), **more}
    git(repository, "add", "--all", check=True)
    return git(repository, "commit", "--message", "content", env=environment)


def test_the_hook_lets_good_content_through(repository):
    (repository / "content/a.yar").write_text(GOOD)
    done = commit(repository)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rejected" not in done.stderr.lower()


def test_the_hook_stops_a_rule_that_matches_everything(repository):
    (repository / "content/a.yar").write_text(GOOD + WIDE)
    done = commit(repository)
    assert done.returncode != 0
    assert "FB401" in done.stdout + done.stderr


def test_the_hook_judges_what_is_staged_and_not_what_lies_around(repository):
    (repository / "content/a.yar").write_text(GOOD + WIDE)
    git(repository, "add", "--all", check=True)
    (repository / "content/a.yar").write_text(GOOD)
    environment = {**os.environ, "PATH": f"{BUILD / 'bin'}:{os.environ['PATH']}",
                   "FIREBREAK_BUILDS": str(repository.parent / "builds"),
                   "FIREBREAK_GOODWARE": str(repository.parent / "goodware")}
    assert git(repository, "commit", "--message", "content", env=environment).returncode != 0


def test_the_hook_leaves_other_commits_alone(repository):
    (repository / "content/firebreak-pack.yaml").unlink()
    (repository / "README").write_text("no content")
    assert commit(repository, FIREBREAK_BUILDS="/nowhere").returncode == 0


def test_the_hook_leaves_inconclusive_to_ci_unless_it_is_told_not_to(repository):
    (repository / "content/a.yar").write_text(GOOD)
    assert commit(repository, FIREBREAK_GOODWARE="", FIREBREAK_STRICT="1").returncode != 0
    assert commit(repository, FIREBREAK_GOODWARE="").returncode == 0


@pytest.mark.parametrize("name", ["packaging/ci/github.yml", "packaging/ci/gitlab.yml",
                                  ".pre-commit-hooks.yaml"])
def test_the_file_is_yaml_and_names_what_exists(name):
    yaml = pytest.importorskip("yaml")
    text = (ROOT / name).read_text()
    assert yaml.safe_load(text)
    usage = subprocess.run([BUILD / "bin/firebreak-validate", "--help"], capture_output=True,
                           text=True, check=True).stdout
    for option in re.findall(r"(?<=\s)--(?!counter|out)[a-z-]+", text):
        assert option in usage, option


def test_the_framework_finds_the_hook():
    yaml = pytest.importorskip("yaml")
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())[0]
    assert os.access(ROOT / hook["entry"], os.X_OK)
