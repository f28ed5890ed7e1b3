"""What every system test stands on: the build to test, and a lab of its own below a scratch folder."""

import os
import pathlib

import pytest

from lab import REPOSITORY, Lab, fresh_folder, write_patient_plan

def build_folder():
    return pathlib.Path(os.environ.get("FIREBREAK_BUILD", REPOSITORY / "build/dev"))


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """A prepared lab with a running server and no agents; torn down with all its processes."""
    with Lab(build_folder(), tmp_path_factory.mktemp("lab")) as made:
        made.prepare().start_server()
        yield made


@pytest.fixture
def own_lab(tmp_path):
    """The same for one test that breaks things. The server is not started yet."""
    with Lab(build_folder(), tmp_path) as made:
        yield made.prepare()


@pytest.fixture
def rules(tmp_path):
    """Makes a folder of content with one harmless rule: rules(name) -> folder."""

    def make(name="harmless"):
        folder = fresh_folder(tmp_path / name)
        (folder / "firebreak-pack.yaml").write_text(
            "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar']\nauthor: lab\n"
            f"release_notes: {name}\n")
        (folder / "rule.yar").write_text(
            f"rule {name}\n{{\n  strings:\n    $a = \"firebreak-system-test-{name}\"\n"
            "  condition:\n    $a\n}\n")
        return folder

    return make


@pytest.fixture
def patient_plan(tmp_path):
    """A plan of one ring that takes no silence for a failure while a test runs."""
    return write_patient_plan(tmp_path / "patient.yaml")
