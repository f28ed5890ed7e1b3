"""firebreak-validate where the machine is against it: full disks, closed doors, signals. Each ends with one line that
says why, the exit code that docs/cli.md promises, and nothing half-done left behind."""
import json
import os
import pathlib
import signal
import subprocess

import pytest

from lab import PASSPHRASE, Programs, wait_until

PROGRAMS = Programs(os.environ.get(
    "FIREBREAK_BUILD", pathlib.Path(__file__).resolve().parents[2] / "build/dev"))


def run(*command, **options):
    options.setdefault("check", False)
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, **options)


def one_line(done, code, *words):
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    for word in words:
        assert word in done.stderr


@pytest.fixture
def bench(tmp_path):
    """A good bundle, one that is none, goodware, and a key."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "firebreak-pack.yaml").write_text(
        "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar']\nauthor: test\nrelease_notes: none\n")
    (rules / "rule.yar").write_text('rule quiet { strings: $a = "nobody ever wrote this" condition: $a }\n')
    goodware = tmp_path / "goodware"
    goodware.mkdir()
    for number in range(20):
        (goodware / str(number)).write_text(f"harmless {number}")
    run(PROGRAMS.firebreak, "pack", rules, "--counter", 1, "--out", tmp_path / "good.fbb", check=True)
    (tmp_path / "none.fbb").write_text("no bundle at all")
    (tmp_path / "passphrase").write_text(PASSPHRASE + "\n")
    (tmp_path / "passphrase").chmod(0o600)
    run(PROGRAMS.firebreak, "keys", "generate", "--quick", "--out", tmp_path / "v.key",
        "--passphrase-file", tmp_path / "passphrase", check=True)
    return tmp_path


def command(bench, bundle="none.fbb", *options):
    return [PROGRAMS.validate, bench / bundle, "--engine", PROGRAMS.engine, "--profile", "pr",
            "--goodware", bench / "goodware", "--reproducers", bench / "reproducers", *options]


def in_namespace(script, *arguments):
    """Runs `script` as if it owned the machine; skips the test where that is not allowed."""
    wrapped = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-ec"]
    if run(*wrapped, "mount -t tmpfs none /mnt").returncode != 0:
        pytest.skip("no user namespaces with mounts here")
    return run(*wrapped, script, "sh", *arguments)


def on_a_full_disk(bench, disk, *options):
    """Judges a bundle with `disk` full, and looks that nothing half-written is left on it."""
    script = ('mount -t tmpfs -o size=64k none "$1"; cat /dev/zero > "$1/filler" 2>/dev/null || true; '
              'code=0; ls_of="$1"; left="$2"; shift 2; "$@" || code=$?; ls -A "$ls_of" > "$left"; exit $code')
    done = in_namespace(script, disk, bench / "left", *command(
        bench, "none.fbb", *options, "--key", bench / "v.key", "--passphrase-file", bench / "passphrase"))
    assert (bench / "left").read_text().split() == ["filler"], "half a file is left"
    return done


@pytest.mark.parametrize("option", ["--html", "--sarif", "--junit"])
def test_a_full_disk_costs_the_report_and_the_attestation_with_it(bench, option):
    disk = bench / "disk"
    disk.mkdir()
    done = on_a_full_disk(bench, disk, option, disk / "report", "--attestation", bench / "a.json")
    one_line(done, 3, option, "No space left")
    assert not (bench / "a.json").exists()


def test_a_full_disk_costs_the_attestation(bench):
    disk = bench / "disk"
    disk.mkdir()
    one_line(on_a_full_disk(bench, disk, "--attestation", disk / "a.json"),
             4, "--attestation", "No space left")


def test_a_full_standard_output_is_no_verdict(bench):
    with open("/dev/full", "w") as full:
        done = subprocess.run(command(bench), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.count("\n") == 1, done.stderr


def test_goodware_that_cannot_be_read_stops_the_run(bench):
    (bench / "goodware").chmod(0)
    # As somebody to whom permissions apply, whoever runs the tests.
    wrapper = ["unshare", "--user"] if os.geteuid() == 0 else []
    if wrapper and run(*wrapper, "true").returncode != 0:
        pytest.skip("no user namespaces here")
    done = run(*wrapper, *command(bench))
    (bench / "goodware").chmod(0o755)
    one_line(done, 2, "--goodware", "Permission denied")
    assert done.stdout == ""


def test_a_folder_in_the_goodware_that_cannot_be_read_is_counted(bench):
    (bench / "goodware/closed").mkdir()
    (bench / "goodware/closed").chmod(0)
    wrapper = ["unshare", "--user"] if os.geteuid() == 0 else []
    if wrapper and run(*wrapper, "true").returncode != 0:
        pytest.skip("no user namespaces here")
    skipped = [word for stage in ("directed", "fuzz", "robust", "budget") for word in ("--skip", stage)]
    done = run(*wrapper, *command(bench, "good.fbb", "--json", "--patience", "100", *skipped))
    (bench / "goodware/closed").chmod(0o755)
    assert done.returncode == 3, done.stderr
    assert any("1 folders left out, not readable" in note for note in json.loads(done.stdout)["notes"])


def test_a_wrong_passphrase_is_known_before_the_work(bench):
    (bench / "wrong").write_text("guess\n")
    (bench / "wrong").chmod(0o600)
    done = run(*command(bench, "good.fbb", "--attestation", bench / "a.json", "--key", bench / "v.key",
                        "--passphrase-file", bench / "wrong"))
    one_line(done, 4, "v.key")
    assert done.stdout == ""


def test_an_engine_that_is_not_there_is_a_usage_error(bench):
    for engine in (bench / "none.so", bench / "goodware", f"exec:{bench}/none"):
        done = run(PROGRAMS.validate, bench / "good.fbb", "--engine", engine,
                   "--goodware", bench / "goodware")
        one_line(done, 2, "engine")
        assert done.stdout == ""


def test_a_file_that_is_no_engine_is_no_verdict(bench):
    (bench / "empty.so").write_text("")
    done = run(PROGRAMS.validate, bench / "good.fbb", "--engine", bench / "empty.so",
               "--goodware", bench / "goodware", "--json")
    assert done.returncode == 3, done.stderr
    report = json.loads(done.stdout)
    assert report["verdict"] == "inconclusive"
    assert "empty.so" in [each for each in report["stages"] if each["name"] == "contract"][0]["reason"]


def test_reproducers_that_cannot_be_written_change_no_verdict(bench):
    (bench / "rules/rule.yar").write_text("rule {")
    run(PROGRAMS.firebreak, "pack", bench / "rules", "--counter", 2, "--out", bench / "bad.fbb", check=True)
    (bench / "reproducers").write_text("a file, and no folder")
    done = run(*command(bench, "bad.fbb", "--json", "--patience", "100"))
    assert done.returncode == 1, done.stderr
    report = json.loads(done.stdout)
    assert any(note.startswith("no reproducer for FB501: ") for note in report["notes"])
    assert [each["reproducer"] for each in report["findings"] if each["id"] == "FB501"] == [""]


def children_of(pid):
    try:
        return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_run_and_all_that_belongs_to_it(bench, how):
    out = bench / "out"
    out.mkdir()
    # Executions without end, so that it is certainly at work when the signal comes.
    running = subprocess.Popen(
        [str(word) for word in command(
            bench, "good.fbb", "--patience", "100", "--execs", "1000000000", "--time", "86400",
            "--html", out / "r.html", "--attestation", out / "a.json", "--key", bench / "v.key",
            "--passphrase-file", bench / "passphrase")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=out, text=True,
        env={**os.environ, "TMPDIR": str(out)})
    try:
        workers = wait_until("a worker", lambda: children_of(running.pid), process=running)
        running.send_signal(how)
        stdout, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == -how
    assert stdout == ""
    for worker in workers:
        wait_until("the worker to end", lambda: not pathlib.Path(f"/proc/{worker}").exists())
    assert list(out.iterdir()) == []
