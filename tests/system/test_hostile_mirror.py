"""An agent whose server lies. A mirror of the tests serves what the attacker wants it to.

Whatever it serves, the agent keeps running what it has, says why, and installs nothing.
"""

import http.server
import json
import shutil
import ssl
import threading

import pytest

from lab import Agent, wait_until, write_patient_plan


class Mirror:
    """Serves a copy of a repository over TLS, with the changes that a test makes to the files."""

    def __init__(self, lab, folder):
        self.folder = folder
        shutil.copytree(lab.folder / "server-state/repository", folder / "tuf", dirs_exist_ok=True)
        self.overrides = {}
        mirror = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments, **options):
                super().__init__(*arguments, directory=str(folder), **options)

            def do_GET(self):
                action = mirror.overrides.get(self.path.rsplit("/", 1)[-1])
                if action:
                    action(self)
                else:
                    super().do_GET()

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(lab.ca.parent / "server.pem", lab.ca.parent / "server.key")
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"https://localhost:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def metadata(self, name):
        return self.folder / "tuf/metadata" / name

    def newest(self, role):
        versions = [int(path.name.split(".")[0])
                    for path in (self.folder / "tuf/metadata").glob(f"*.{role}.json")]
        return self.metadata(f"{max(versions)}.{role}.json")


@pytest.fixture(scope="module")
def healthy_lab(lab, tmp_path_factory):
    """A lab where bundle 1 is complete and bundle 2 is on offer, and one agent stopped on bundle 1."""
    folder = tmp_path_factory.mktemp("rules")
    lab.plan = write_patient_plan(folder / "plan.yaml")

    def release(counter):
        rules = folder / str(counter)
        rules.mkdir()
        (rules / "firebreak-pack.yaml").write_text(
            "stream: yara\ncontent_type: yara-source\nfiles: ['*.yar']\nauthor: lab\n")
        (rules / "rule.yar").write_text(
            f"rule r{counter} {{ strings: $a = \"firebreak-mirror-{counter}\" condition: $a }}\n")
        lab.release(rules, counter)

    agent, = lab.enrol_agents("all", 1, tenants=("acme",))
    lab.wait_enrolled([agent])
    release(1)
    wait_until("bundle 1", lambda: agent.running_counter() == 1)
    lab.wait_for_phase(1, "complete")
    agent.stop()
    release(2)
    wait_until("bundle 2 on offer", lambda: lab.rollout(2)["rings"][0]["threshold_ppb"] > 0)
    return lab


@pytest.fixture
def victim(healthy_lab, tmp_path):
    """The agent, copied, talking to a mirror: victim.mirror and victim.agent."""

    class Victim:
        pass

    lab = healthy_lab
    original = lab.agents[0]
    made = Victim()
    made.mirror = Mirror(lab, tmp_path / "mirror")
    made.agent = Agent(lab, f"victim-{tmp_path.name}", "all", "acme")
    shutil.copytree(original.folder, made.agent.folder)
    settings = json.loads(made.agent.config.read_text())
    settings.update(server=made.mirror.url, state=str(made.agent.state),
                    watch=[str(made.agent.watch)])
    made.agent.config.write_text(json.dumps(settings))
    yield made
    made.agent.stop()
    made.mirror.close()


def refuses(victim, *words):
    """Starts the agent; it must name one of `words` as its trouble and stay on bundle 1."""
    victim.agent.start()

    def complaint():
        error = (victim.agent.status() or {}).get("last_error") or ""
        return any(word in error for word in words) and error

    wait_until(f"the agent to complain of {' or '.join(words)}", complaint, 60,
               victim.agent.process)
    assert victim.agent.running_counter() == 1


def flip(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def test_tampered_bundle(victim):
    for target in (victim.mirror.folder / "tuf/targets/content/yara").glob("*.2.fbb"):
        flip(target)
    refuses(victim, "hash")


@pytest.mark.parametrize("role", ["snapshot", "rollout", "content"])
def test_tampered_metadata(victim, role):
    flip(victim.mirror.newest(role))
    refuses(victim, "hash", "length", "signature", "malformed", "JSON", "threshold")


def test_tampered_timestamp(victim):
    path = victim.mirror.metadata("timestamp.json")
    document = json.loads(path.read_text())
    document["signed"]["version"] += 1000
    path.write_text(json.dumps(document))
    refuses(victim, "threshold", "signature", "signed")


def test_expired_timestamp(victim, healthy_lab):
    path = victim.mirror.metadata("timestamp.json")
    document = json.loads(path.read_text())
    document["signed"]["version"] += 1
    document["signed"]["expires"] = "2020-01-01T00:00:00Z"
    document["signatures"] = []
    path.write_text(json.dumps(document))
    healthy_lab.sign(path, "online")
    refuses(victim, "expired")


def test_older_repository(victim, healthy_lab):
    path = victim.mirror.metadata("timestamp.json")
    document = json.loads(path.read_text())
    document["signed"]["version"] = 1
    document["signatures"] = []
    path.write_text(json.dumps(document))
    healthy_lab.sign(path, "online")
    refuses(victim, "rollback", "older")


def test_endless_timestamp(victim):
    def endless(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass

    victim.mirror.overrides["timestamp.json"] = endless
    refuses(victim, "large", "longer", "bytes")


def test_a_captive_portal(victim):
    def portal(handler):
        body = b"<html>Please sign in</html>"
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    for name in ("timestamp.json", "2.root.json"):
        victim.mirror.overrides[name] = portal
    refuses(victim, "malformed", "JSON")


def test_another_certificate(victim, healthy_lab, tmp_path):
    other = tmp_path / "other.pem"
    healthy_lab.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=Other", "-keyout",
                    tmp_path / "other.key", "-out", other)
    settings = json.loads(victim.agent.config.read_text())
    settings["ca"] = str(other)
    victim.agent.config.write_text(json.dumps(settings))
    refuses(victim, "TLS", "certificate")
