"""Waivers, with the real programs: who signed it, for what, for how long; and what becomes of it downstream."""
import base64
import contextlib
import datetime
import json
import subprocess

import pytest

from lab import CommandFailed, wait_until

NEEDLE = "a word of our own installer"


def utc(seconds_ahead):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds_ahead)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(scope="module")
def bench(lab):
    """A bundle with a rule that matches a file of the goodware, and keys of those who may waive or may not."""
    folder = lab.folder / "needle"
    folder.mkdir()
    (folder / "firebreak-pack.yaml").write_text(
        "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar']\nauthor: lab\nrelease_notes: needle\n")
    (folder / "needle.yar").write_text(
        f'rule needle {{ strings: $a = "{NEEDLE}" condition: $a }}\n')
    (lab.small_goodware() / "installer").write_text(NEEDLE)
    for name in ("lead", "stranger"):
        lab.make_key(name)
    lab.bundle = lab.pack(folder, 1)
    return lab


def waive(lab, file, key="lead", stream="yara", expires=None, expect=0):
    return lab.run(lab.programs.validate, "waive", file, "--key", lab.keys / f"{key}.key",
                   "--passphrase-file", lab.passphrase_file(), "--finding", "FB701",
                   "--stream", stream, "--rule", "needle", "--reason", "our own installer",
                   "--who", "ada", "--expires", expires or utc(86400), expect=expect)


def refused(lab, file, *words, key="lead"):
    """Nothing is judged, exit 2, one line that says why."""
    done = subprocess.run(
        [lab.programs.validate, lab.bundle, "--engine", lab.programs.engine, "--goodware",
         lab.small_goodware(), "--waivers", file, "--waiver-key", lab.public_key(key)],
        capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


def verify(lab, attestation, *options):
    return subprocess.run(
        [lab.programs.validate, "verify", attestation, "--bundle", lab.bundle,
         "--key", lab.public_key("validator"), *options],
        capture_output=True, text=True, check=False)


def with_payload(envelope, change):
    """The envelope with `change` made to its payload, and the signature as it was."""
    document = json.loads(envelope)
    payload = base64.b64decode(document["payload"]).decode()
    changed = change(payload)
    assert changed != payload
    document["payload"] = base64.b64encode(changed.encode()).decode()
    return json.dumps(document)


def test_a_waiver_of_another_key_is_not_used(bench, tmp_path):
    waive(bench, tmp_path / "w.json", key="stranger")
    refused(bench, tmp_path / "w.json", "w.json")
    refused(bench, tmp_path / "none.json", "none.json")


def test_a_waiver_file_that_was_changed_is_not_used(bench, tmp_path):
    waive(bench, tmp_path / "w.json")
    envelope = (tmp_path / "w.json").read_text()
    (tmp_path / "w.json").write_text(with_payload(envelope, lambda text: text.replace("needle", "noodle")))
    refused(bench, tmp_path / "w.json", "w.json")


def test_a_waiver_that_has_expired_is_not_used(bench, tmp_path):
    # As short as the machine lets it be: one that has expired is not signed in the first place.
    for seconds in (2, 10, 60, 300):
        expires = utc(seconds)
        with contextlib.suppress(CommandFailed):
            waive(bench, tmp_path / "w.json", expires=expires)
            break
    wait_until("the waiver to expire", lambda: utc(0) > expires, seconds=400)
    refused(bench, tmp_path / "w.json", "expired", expires)


def test_a_waiver_for_another_stream_takes_in_nothing(bench, tmp_path):
    waive(bench, tmp_path / "w.json", stream="sigma")
    report = bench.validate(bench.bundle, "--waivers", tmp_path / "w.json", "--waiver-key",
                            bench.public_key("lead"), "--skip", "fuzz", "--skip", "robust", expect=1)
    assert report["verdict"] == "rejected"
    assert report["waivers"][0]["findings"] == 0
    assert [each["waived"] for each in report["findings"] if each["id"] == "FB701"] == [""]


def test_what_was_waived_is_admitted_listed_and_released(bench, tmp_path):
    waive(bench, tmp_path / "w.json")

    report = bench.validate(bench.bundle, "--waivers", tmp_path / "w.json",
                            "--waiver-key", bench.public_key("lead"))

    assert report["verdict"] == "admitted"
    assert [each["findings"] for each in report["waivers"]] == [1]
    found = [each for each in report["findings"] if each["id"] == "FB701"]
    assert len(found) == 1 and found[0]["waived"].startswith("ada, until ")

    attestation = bench.bundle.with_suffix(".attestation.json")
    done = verify(bench, attestation)
    assert done.returncode == 0, done.stderr
    assert "waived   1 x FB701 needle by ada" in done.stdout
    done = verify(bench, attestation, "--no-waivers")
    assert done.returncode == 1
    assert done.stdout == "" and done.stderr.count("\n") == 1 and "FB701 by ada" in done.stderr

    forged = tmp_path / "forged.json"
    forged.write_text(with_payload(attestation.read_text(),
                                   lambda text: text.replace("our own installer", "none of ours")))
    done = verify(bench, forged)
    assert done.returncode == 1
    assert done.stdout == "" and done.stderr.count("\n") == 1

    # Whoever signs sees it; the server takes it like any other admission.
    draft = bench.sign_release(bench.bundle)
    signed = bench.run(bench.programs.firebreak, "sign", "add", draft, "--key",
                       bench.keys / "approver-2.key", "--passphrase-file", bench.passphrase_file(),
                       "--bundle", bench.bundle, "--attestation", attestation,
                       "--validator-key", bench.public_key("validator"))
    assert "waived: 1 x FB701 needle by ada" in signed.stdout
    bench.publish(bench.bundle, draft)
    assert bench.rollout(1)["counter"] == 1
