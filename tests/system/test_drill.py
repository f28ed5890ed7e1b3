"""Fire drills with the real programs: the halt that comes, the one that does not, and who stays out of it."""

import json
import re
import ssl
import urllib.request

import pytest

from lab import REPOSITORY, CommandFailed, wait_until

DEVICES = 5


def drill_plan(text=None, **changes):
    """ring-configs/drill.yaml, or `text`, with numbers changed: drill_plan(failures_min=50)."""
    plan = text or (REPOSITORY / "ring-configs/drill.yaml").read_text()
    for member, value in changes.items():
        plan, times = re.subn(rf"(?m)^(\s*{member}:).*$", rf"\1 {value}", plan)
        assert times == 1, member
    return plan


def make_drills(lab, rules, count):
    """Drills 1 to `count`, validated and signed at once, as docs/operating.md says."""
    folder = lab.folder / "drills"
    folder.mkdir()
    source = rules("drill")
    pack = source / "firebreak-pack.yaml"
    pack.write_text(pack.read_text().replace("stream: yara", "stream: drill"))
    bundles = []
    for counter in range(1, count + 1):
        bundle = folder / f"{counter}.fbb"
        lab.cli("pack", source, "--counter", counter, "--out", bundle)
        lab.validate(bundle)
        bundles.append(bundle)
    (folder / "plan.yaml").write_text(drill_plan())
    evidence = ["--validator-key", lab.public_key("validator"), "--bundle", *bundles,
                "--attestation", *[bundle.with_suffix(".attestation.json") for bundle in bundles]]
    current = lab.folder / "current-content.json"
    lab.api("content-role", "--out", current)
    lab.cli("sign", "release", "--current", current, *evidence, "--plan", folder / "plan.yaml",
            "--out", folder / "content.json")
    for name in ("validator", "approver-1"):
        lab.sign(folder / "content.json", name, *evidence)
    return folder


def enrolment_token(lab, tenant="drill", ring="vendor"):
    made = lab.api("fleet", "enrol-token", "--tenant", tenant, "--ring", ring, "--uses", DEVICES,
                   role="administrator")
    path = lab.keys / f"{tenant}.enrolment"
    path.touch(mode=0o600)
    path.write_text(made["token"] + "\n")
    return path


def add_driller(lab):
    """A token that is good for drills alone."""
    made = lab.api("token", "create", "--name", "timer", "--role", "driller", role="administrator")
    path = lab.keys / "driller.token"
    path.touch(mode=0o600)
    path.write_text(made["token"] + "\n")
    lab.tokens["driller"] = path


def drill(lab, *options, expect=0):
    return lab.api("drill", "--release", lab.folder / "drills", "--root",
                   lab.ceremony / "1.root.json", "--state", lab.folder / "drill-state", *options,
                   role="driller", expect=expect)


def refusal(lab, *options, code):
    with pytest.raises(CommandFailed) as failure:
        drill(lab, *options)
    assert failure.value.code == code
    assert failure.value.stderr.count("\n") == 1, "an error is one line"
    return failure.value.stderr


def metric(lab, name):
    """A value of /metrics, as the server shows it now."""
    token = lab.tokens["viewer"].read_text().strip()
    request = urllib.request.Request(lab.url + "metrics",
                                     headers={"Authorization": f"Bearer {token}"})
    context = ssl.create_default_context(cafile=lab.ca)
    with urllib.request.urlopen(request, context=context, timeout=30) as answer:
        text = answer.read().decode()
    found = re.findall(rf"(?m)^{name} (\S+)$", text)
    assert f"# TYPE {name} gauge\n" in text
    return float(found[0])


def wait_for_metric(lab, name, value):
    wait_until(f"{name} to be {value}", lambda: metric(lab, name) == value, 60, lab.server)


def test_the_halt_comes_and_its_absence_is_found_out(own_lab, rules):
    lab = own_lab
    lab.write_server_config()
    lab.start_server()
    agents = lab.enrol_agents("vendor", 1, tenants=("acme",))
    lab.wait_enrolled(agents)
    folder = make_drills(lab, rules, 3)
    add_driller(lab)
    assert "drill: {ring: NAME}" in refusal(lab, code=1)

    lab.stop_server()
    lab.drill = {"ring": "vendor"}
    lab.write_server_config()
    lab.start_server()
    assert metric(lab, "firebreak_drill_last_timestamp_seconds") == 0
    assert "enrol-token --tenant drill --ring vendor" in refusal(lab, code=2)
    wrong = refusal(lab, "--enrol-token-file", enrolment_token(lab, tenant="acme"), code=2)
    lab.api("fleet", "revoke", re.search(r"d-[0-9a-f]{32}", wrong)[0], role="administrator")

    # It comes. The drill's plan is as strict as that of a real fleet; only the clock hurries.
    first = drill(lab, "--enrol-token-file", enrolment_token(lab), "--within", "120s")
    assert first["passed"] and first["halted"] and first["recalled"] and first["contained"]
    assert first["counter"] == 1 and first["left"] == 2 and first["devices"] >= 3
    shown = lab.api("rollout", "show", "drill/1", role="viewer")
    assert shown["phase"] == "halted" and [ring["name"] for ring in shown["rings"]] == ["vendor"]
    wait_for_metric(lab, "firebreak_drill_last_passed", 1)
    halt_seconds = metric(lab, "firebreak_drill_last_halt_seconds")
    assert 0 < halt_seconds < 120
    published = metric(lab, "firebreak_drill_last_timestamp_seconds")
    assert published > 1_700_000_000
    state = lab.folder / "drill-state/devices.json"
    assert state.stat().st_mode & 0o777 == 0o600
    devices = [device["device"] for device in json.loads(state.read_text())["devices"]]
    assert len(devices) == DEVICES

    # Nobody real took part, and a drill's device counts for nothing real.
    real = agents[0].status()["device"]
    assert lab.api("fleet", "explain", real, role="viewer")["rollouts"] == []
    assert "drill" not in lab.api("fleet", "show", real, role="viewer")["running"]
    assert sum(line["devices"] for line in lab.api("fleet", "census")["builds"]) == 1

    lab.stop_server(how=9)
    lab.start_server()
    wait_for_metric(lab, "firebreak_drill_last_passed", 1)
    assert metric(lab, "firebreak_drill_last_halt_seconds") == halt_seconds
    assert metric(lab, "firebreak_drill_last_timestamp_seconds") == published

    # A real release in between, by people who know nothing of drills, makes none of them void.
    lab.plan = lab.folder / "real.yaml"
    lab.plan.write_text(drill_plan().replace("name: drill", "name: real"))
    lab.release(rules(), 1)
    assert lab.rollout(1)["rings"][0]["active"] == 1
    with pytest.raises(CommandFailed) as failure:
        lab.api("rollout", "halt", "yara/1", "--reason", "mischief", role="driller")
    assert "403" in failure.value.stderr

    # It does not come: with this plan five sick devices are not evidence enough.
    (folder / "plan.yaml").write_text(drill_plan(failures_min=50))
    completed = lab.run(lab.programs.firebreak, "drill", "--release", folder, "--root",
                        lab.ceremony / "1.root.json", "--state", lab.folder / "drill-state",
                        "--within", "8s", "--server", lab.url, "--ca", lab.ca, "--token-file",
                        lab.tokens["driller"], expect=1)
    assert "THE HALT DID NOT COME" in completed.stdout
    assert "halted by hand" in completed.stdout
    assert "WARNING: 1 signed drills are left" in completed.stdout
    shown = lab.api("rollout", "show", "drill/2", role="viewer")
    assert shown["phase"] == "halted" and "firebreak drill" in shown["reason"]
    wait_for_metric(lab, "firebreak_drill_last_passed", 0)
    after = [device["device"] for device in json.loads(state.read_text())["devices"]]
    assert after == devices, "the same devices, drill after drill"

    # A plan that asks more rings is refused, and so is real content in the folder.
    (folder / "plan.yaml").write_text((REPOSITORY / "ring-configs/lab.yaml").read_text())
    assert "one ring, vendor" in refusal(lab, code=1)
    (folder / "plan.yaml").write_text(drill_plan())
    third = drill(lab, "--within", "120s")
    assert third["passed"] and third["counter"] == 3 and third["left"] == 0
    wait_for_metric(lab, "firebreak_drill_last_passed", 1)
    assert "used up" in refusal(lab, code=2)
    (folder / "yara-1.fbb").write_bytes((lab.folder / "yara-1.fbb").read_bytes())
    assert "is of stream yara" in refusal(lab, code=2)

    log = lab.folder / "log.jsonl"
    lab.api("log", "show", "--out", log)
    lab.cli("log", "replay", "--file", log)
    lab.stop_server()
    assert refusal(lab, code=3)
