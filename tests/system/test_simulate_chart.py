"""firebreak simulate --chart: an image that an XML parser takes, and errors that say what is wrong."""
import os
import pathlib
import subprocess
import xml.etree.ElementTree as xml

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("FIREBREAK_BUILD", ROOT / "build/dev"))
SVG = "{http://www.w3.org/2000/svg}"


def simulate(chart, incident="boot-loop"):
    return subprocess.run(
        [BUILD / "bin/firebreak", "simulate", "--plan", ROOT / "ring-configs/default.yaml",
         "--fleet", ROOT / "examples/fleets/ten-thousand.yaml", "--incident", ROOT / f"examples/incidents/{incident}.yaml", "--runs", "3", "--chart", chart],
        capture_output=True, text=True)


@pytest.mark.parametrize("incident", ["boot-loop", "silent-after-5-minutes", "none"])
def test_the_image_is_well_formed_and_described(tmp_path, incident):
    run = simulate(tmp_path / "run.svg", incident)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""  # No progress where nobody looks.
    image = xml.parse(tmp_path / "run.svg").getroot()
    assert image.tag == SVG + "svg" and image.get("role") == "img"
    assert image.find(SVG + "title").text.startswith("Rollout of plan default to fleet ten-thousand")
    assert "harmed" in image.find(SVG + "desc").text
    lines = image.findall(SVG + "polyline")
    assert len(lines) == 4
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.get("points").split()]
        assert len(points) > 10 and points == sorted(points, key=lambda point: point[0])
        assert all(0 <= x <= 960 and 0 <= y <= 520 for x, y in points)


def test_the_page_holds_the_image_and_the_table_and_no_script(tmp_path):
    run = simulate(tmp_path / "run.html")
    assert run.returncode == 0, run.stderr
    page = (tmp_path / "run.html").read_text()
    assert "<script" not in page
    assert "<th>harmed</th>" in page
    xml.fromstring(page[page.index("<svg"):page.index("</svg>") + len("</svg>")])


def test_what_cannot_be_drawn_or_written_is_said(tmp_path):
    other = simulate(tmp_path / "run.png")
    assert other.returncode == 2
    assert "run.png: a chart is an .svg or an .html file" in other.stderr
    nowhere = simulate(tmp_path / "no/run.svg")
    assert nowhere.returncode == 2
    assert f"--chart: {tmp_path}/no/run.svg" in nowhere.stderr
