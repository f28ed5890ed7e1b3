"""A whole Firebreak on loopback: keys, certificates, firebreakd, agents; all real processes.

The demo and the system tests stand on this. It knows how the programs are called and nothing of
what they do inside. Every process it starts is its own child and is gone when close() returns.
"""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PASSPHRASE = "a passphrase for keys that guard nothing"


class LabError(Exception):
    """A step of the lab did not do what it should have; the message says which and why."""


class CommandFailed(LabError):
    """A program ended with another exit code than expected."""

    def __init__(self, command, completed):
        self.code = completed.returncode
        self.stdout = completed.stdout
        self.stderr = completed.stderr
        super().__init__(
            f"{' '.join(map(str, command))}\nexit {completed.returncode}\n"
            f"{completed.stdout[-4000:]}{completed.stderr[-4000:]}")


def wait_until(what, condition, seconds=60, process=None):
    """Polls `condition` until it gives something true, and returns that.

    `seconds` is a ceiling against hanging for ever, generous because machines are slow; it is no
    measure of anything.
    """
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if process is not None and process.poll() is not None:
            raise LabError(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds} s")
        time.sleep(0.05)


def read_json(path):
    """The JSON in `path`, or None while there is none."""
    with contextlib.suppress(FileNotFoundError, json.JSONDecodeError):
        return json.loads(pathlib.Path(path).read_text())
    return None


class Programs:
    """Where the built programs and engines are."""

    def __init__(self, build):
        self.build = pathlib.Path(build).resolve()
        self.firebreak = self.build / "bin/firebreak"
        self.firebreakd = self.build / "bin/firebreakd"
        self.agent = self.build / "bin/firebreak-agent"
        self.validate = self.build / "bin/firebreak-validate"
        self.engine = self.build / "lib/engines/yara.so"
        self.sigma_engine = self.build / "lib/engines/sigma.so"
        self.demo_engine = self.build / "lib/engines/yara-demo.so"


class Agent:
    """One firebreak-agent with a folder of its own."""

    def __init__(self, lab, name, ring, tenant):
        self.lab = lab
        self.name = name
        self.ring = ring
        self.tenant = tenant
        self.folder = lab.folder / "agents" / name
        self.config = self.folder / "agent.yaml"
        self.state = self.folder / "state"
        self.watch = self.folder / "watch"
        self.environment = {}  # what it has beyond the lab's own
        self.process = None

    def write_config(self, token, **changes):
        self.watch.mkdir(parents=True, exist_ok=True)
        token_file = self.folder / "enrolment-token"
        token_file.touch(mode=0o600)
        token_file.write_text(token + "\n")
        settings = {
            "server": self.lab.url,
            "ca": str(self.lab.ca),
            "trusted_root": str(self.lab.ceremony / "1.root.json"),
            "state": str(self.state),
            "engine": str(self.lab.engine),
            "stream": self.lab.stream,
            "enrolment_token_file": str(token_file),
            "watch": [str(self.watch)],
            "scan_every_seconds": 1,
            "poll_seconds_min": 1,
        }
        settings.update(changes)
        # JSON is YAML.
        self.config.write_text(json.dumps(settings, indent=2) + "\n")

    def start(self, offline=False):
        """Starts the agent; offline: in a network namespace with nothing in it, not even loopback."""
        command = [self.lab.programs.agent, "run", "--config", self.config]
        if offline:
            command = [*offline_prefix(), *command]
        with open(self.folder / "log", "ab") as log:
            self.process = self.lab.spawn(command, stdout=log, stderr=log,
                                          env={**os.environ, **self.environment})
        return self

    def status(self):
        return read_json(self.state / "status.json")

    def running_counter(self):
        return (self.status() or {}).get("running_counter", 0)

    def died(self):
        """True when the process ended by itself."""
        return self.process is not None and self.process.poll() is not None

    def stop(self, how=signal.SIGTERM):
        self.lab.stop(self.process, how)
        self.process = None

    def log_text(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""


def offline_prefix():
    """A command prefix that runs the rest without any network."""
    return ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]


class Lab:
    """The vendor's side and any number of agents, below one folder."""

    def __init__(self, build, folder):
        self.programs = Programs(build)
        self.folder = pathlib.Path(folder).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys = self.folder / "keys"
        self.ceremony = self.folder / "ceremony"
        self.ca = self.folder / "tls/ca.pem"
        self.config = self.folder / "firebreakd.yaml"
        self.plan = REPOSITORY / "ring-configs/lab.yaml"
        self.engine = self.programs.engine
        self.stream = "yara"
        self.drill = None  # what the server's configuration says of drills
        self.server = None
        self.url = None
        self.port = 0
        self.agents = []
        self.children = []

    # --- Processes ------------------------------------------------------------------------------

    def spawn(self, command, **options):
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL,
                                   **options)
        self.children.append(process)
        return process

    def stop(self, process, how=signal.SIGTERM):
        if process is None:
            return
        if process.poll() is None:
            process.send_signal(how)
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if process in self.children:
            self.children.remove(process)

    def close(self):
        for process in self.children:
            if process.poll() is None:
                process.terminate()
        for process in list(self.children):
            self.stop(process)

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()

    def run(self, *command, expect=0, **options):
        """Runs a program to its end; expect=None takes any exit code."""
        completed = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL,
                                   capture_output=True, text=True, check=False, **options)
        if expect is not None and completed.returncode != expect:
            raise CommandFailed(command, completed)
        return completed

    # --- The vendor's side ----------------------------------------------------------------------

    def prepare(self):
        """Keys, ceremony, certificates, configuration: all that precedes a first start."""
        self.make_certificates()
        self.hold_ceremony()
        self.write_server_config()
        self.run(self.programs.firebreakd, "init", "--config", self.config,
                 "--root", self.ceremony / "1.root.json",
                 "--targets", self.ceremony / "1.targets.json",
                 "--content", self.ceremony / "1.content.json")
        self.tokens = {role: self.make_local_token(role)
                       for role in ("administrator", "release-manager", "viewer")}
        return self

    def make_certificates(self):
        folder = self.ca.parent
        folder.mkdir(parents=True, exist_ok=True)
        self.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                 "/CN=Firebreak lab CA", "-keyout", folder / "ca.key", "-out", self.ca)
        self.run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                 "-nodes", "-subj", "/CN=localhost", "-keyout", folder / "server.key",
                 "-out", folder / "server.csr")
        extensions = folder / "server.ext"
        extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n"
                              "basicConstraints=CA:FALSE\n"
                              "extendedKeyUsage=serverAuth\n")
        self.run("openssl", "x509", "-req", "-in", folder / "server.csr", "-CA", self.ca,
                 "-CAkey", folder / "ca.key", "-CAcreateserial", "-days", "2",
                 "-extfile", extensions, "-out", folder / "server.pem")
        for key in ("ca.key", "server.key"):
            (folder / key).chmod(0o600)

    def make_key(self, name):
        self.keys.mkdir(mode=0o700, exist_ok=True)
        path = self.keys / f"{name}.key"
        self.cli("keys", "generate", "--quick", "--out", path,
                 "--passphrase-file", self.passphrase_file())
        self.cli("keys", "show", path, "--out", self.public_key(name))
        return path

    def public_key(self, name):
        return self.keys / f"{name}.pub.json"

    def passphrase_file(self):
        path = self.keys / "passphrase"
        if not path.exists():
            self.keys.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(PASSPHRASE + "\n")
        return path

    def hold_ceremony(self):
        """Root 3 of 5, targets 2 of 3, content 2 of 3 (validator and approvers), one online key."""
        holders = {"root": ["root-1", "root-2", "root-3", "root-4", "root-5"],
                   "targets": ["targets-1", "targets-2", "targets-3"],
                   "content": ["validator", "approver-1", "approver-2"]}
        thresholds = {"root": 3, "targets": 2, "content": 2}
        for name in [key for keys in holders.values() for key in keys] + ["online"]:
            self.make_key(name)
        command = ["repo", "init", "--out", self.ceremony,
                   "--online-key", self.public_key("online")]
        for role, names in holders.items():
            for name in names:
                command += [f"--{role}-key", self.public_key(name)]
            command += [f"--{role}-threshold", thresholds[role]]
        self.cli(*command)
        for role, names in holders.items():
            for name in names[:thresholds[role]]:
                self.sign(self.ceremony / f"1.{role}.json", name)
        self.cli("repo", "check", self.ceremony)

    def sign(self, metadata, name, *evidence):
        self.cli("sign", "add", metadata, "--key", self.keys / f"{name}.key",
                 "--passphrase-file", self.passphrase_file(), *evidence)

    def write_server_config(self, **changes):
        settings = {
            "listen": {"address": "127.0.0.1", "port": self.port},
            "tls": {"certificate": str(self.ca.parent / "server.pem"),
                    "private_key": str(self.ca.parent / "server.key")},
            "state": str(self.folder / "server-state"),
            "online_key": {"file": str(self.keys / "online.key"),
                           "passphrase_file": str(self.passphrase_file())},
            "validator_keys": [str(self.public_key("validator"))],
            "controller": {"tick_ms": 100},
            "lab_plans": True,
        }
        if self.drill:
            settings["drill"] = self.drill
        settings.update(changes)
        self.config.write_text(json.dumps(settings, indent=2) + "\n")

    def make_local_token(self, role):
        made = json.loads(self.run(self.programs.firebreakd, "token", "create", "--config",
                                   self.config, "--name", f"lab-{role}", "--role", role,
                                   "--json").stdout)
        path = self.keys / f"{role}.token"
        path.touch(mode=0o600)
        path.write_text(made["token"] + "\n")
        return path

    def start_server(self, prefix=()):
        """Starts firebreakd and waits until it listens. The port stays the same over restarts."""
        port_file = self.folder / "port"
        port_file.unlink(missing_ok=True)
        with open(self.folder / "firebreakd.log", "ab") as log:
            self.server = self.spawn([*prefix, self.programs.firebreakd, "serve", "--config",
                                      self.config, "--port-file", port_file],
                                     stdout=log, stderr=log)

        def port():
            text = port_file.read_text().strip() if port_file.exists() else ""
            return int(text) if text else None

        self.port = wait_until("firebreakd to listen", port, process=self.server)
        self.url = f"https://localhost:{self.port}/"
        self.write_server_config()
        return self

    def stop_server(self, how=signal.SIGTERM):
        self.stop(self.server, how)
        self.server = None

    def server_log(self):
        return (self.folder / "firebreakd.log").read_text(errors="replace")

    # --- The operator's commands ----------------------------------------------------------------

    def cli(self, *arguments, expect=0):
        completed = self.run(self.programs.firebreak, "--json", *arguments, expect=expect)
        return json.loads(completed.stdout) if completed.stdout.strip() else None

    def api(self, *arguments, role="release-manager", expect=0):
        return self.cli(*arguments, "--server", self.url, "--ca", self.ca,
                        "--token-file", self.tokens[role], expect=expect)

    def pack(self, folder, counter):
        bundle = self.folder / f"{self.stream}-{counter}.fbb"
        self.cli("pack", folder, "--counter", counter, "--out", bundle)
        return bundle

    def small_goodware(self):
        """As many harmless files as the gate profile asks for, and no more time than they take."""
        tree = self.folder / "goodware"
        if not tree.is_dir():
            tree.mkdir()
            for number in range(60):
                (tree / f"file-{number}.txt").write_text(f"harmless file {number}\n" * 100)
        return tree

    def validate(self, bundle, *options, goodware=(), expect=0):
        """Runs the validator. Returns its JSON report; the attestation lies beside the bundle.

        It fuzzes a little more than the profile asks for at least: a story and not a campaign.
        """
        # Without goodware a run is inconclusive, which is no pass.
        goodware = goodware or [self.small_goodware()]
        command = [self.programs.validate, bundle, "--json", "--engine", self.engine,
                   "--attestation", bundle.with_suffix(".attestation.json"),
                   "--key", self.keys / "validator.key", "--execs", "2500",
                   "--time", "600",
                   "--patience", "100",
                   "--passphrase-file", self.passphrase_file(),
                   "--reproducers", self.folder / "reproducers"]
        for tree in goodware:
            command += ["--goodware", tree]
        return json.loads(self.run(*command, *options, expect=expect).stdout)

    def sign_release(self, bundle, plan=None):
        """Drafts the next content metadata and has the validator and one approver sign it."""
        evidence = ["--bundle", bundle,
                    "--attestation", bundle.with_suffix(".attestation.json"),
                    "--validator-key", self.public_key("validator")]
        current = self.folder / "current-content.json"
        self.api("content-role", "--out", current)
        draft = bundle.with_suffix(".content.json")
        self.cli("sign", "release", "--current", current, *evidence,
                 "--plan", plan or self.plan, "--out", draft)
        for name in ("validator", "approver-1"):
            self.sign(draft, name, *evidence)
        return draft

    def publish(self, bundle, content, plan=None, expect=0):
        return self.api("publish", "--bundle", bundle,
                        "--attestation", bundle.with_suffix(".attestation.json"),
                        "--content", content, "--plan", plan or self.plan, expect=expect)

    def release(self, folder, counter, goodware=()):
        """Everything from a folder of rules to a rollout under way."""
        bundle = self.pack(folder, counter)
        self.validate(bundle, goodware=goodware)
        self.publish(bundle, self.sign_release(bundle))
        return bundle

    def rollout(self, counter):
        return self.api("rollout", "show", f"{self.stream}/{counter}")

    def wait_for_phase(self, counter, *phases, seconds=240, watch=lambda rollout: None):
        def reached():
            rollout = self.rollout(counter)
            watch(rollout)
            return rollout if rollout["phase"] in phases else None

        return wait_until(f"{self.stream}/{counter} to be {' or '.join(phases)}", reached, seconds,
                          self.server)

    # --- Agents ---------------------------------------------------------------------------------

    def enrol_agents(self, ring, count, tenants=("acme", "globex"), environment=None, **changes):
        """Starts `count` agents in `ring`, spread over the tenants, each enrolling by itself."""
        made = []
        for index, tenant in enumerate(tenants):
            share = count // len(tenants) + (1 if index < count % len(tenants) else 0)
            if share == 0:
                continue
            token = self.api("fleet", "enrol-token", "--tenant", tenant, "--ring", ring,
                             "--uses", share, role="administrator")["token"]
            for number in range(share):
                agent = Agent(self, f"{ring}-{tenant}-{number + 1}", ring, tenant)
                agent.environment = environment or {}
                agent.write_config(token, **changes)
                made.append(agent.start())
        self.agents += made
        return made

    def wait_enrolled(self, agents, seconds=120):
        for agent in agents:
            wait_until(f"{agent.name} to enrol",
                       lambda agent=agent: (agent.status() or {}).get("device"), seconds,
                       agent.process)


def write_patient_plan(path):
    """Writes a ring plan of one ring, `all`, that a slow machine cannot make impatient."""
    path.write_text(
        "name: patient\nvelocity: lab\ndefault_ring: all\n"
        "rings:\n  - {name: all, window: {start: 50, max: 50}, bake_floor: 0s,\n"
        "     promote: {confirmed_min: 1, exposure_hours_min: 0}}\n"
        "halt: {alpha: 0.0001, silence_q0: 0.005, crash_rate_per_hour: 0.00003, failures_min: 3,\n"
        "       tenants_min: 2, control_silent_share_max: 0.5}\n"
        "agent: {confirm_after: 1s, silence_deadline: 600s, heartbeat_every: 1s, poll_every: 1s}\n")
    return path


def fresh_folder(path):
    """An empty folder at `path`."""
    shutil.rmtree(path, ignore_errors=True)
    pathlib.Path(path).mkdir(parents=True)
    return pathlib.Path(path)


if __name__ == "__main__":
    sys.exit("lab.py is a library: see demo.py, or run script/demo")
