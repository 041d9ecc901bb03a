"""A small log, founded and served by the real programs, for foreign tools to read.

    DIR/log.pem, log-pq.pem     the log's keys; more keys as *.pem and *.pub
    DIR/log-policy              the log alone
    DIR/policy, policy-pq       with its witnesses
    DIR/receipts/*              signed records and their .tlog-proof files
    DIR/requests/*              what the server asked a foreign witness, as far as that cosigned
    DIR/checkpoint, tile/...    a mirror of what it serves over HTTP
    DIR/fork                    a copy of everything, which went on differently with the same keys
"""

import http.server, json, os, re, shutil, socket, subprocess, threading, time, urllib.error, urllib.request

from tally import fail

ORIGIN = "example.org/interop"
MEMBERS = ["DEU", "FRA", "UKR"]
OWN = "deu.example"
# Seconds that end a run that hangs; nothing is measured by it.
HUNG_S = 300
# The programs of all logs.
STARTED = []


def stop_all():
    for process in STARTED:
        process.terminate()
        process.wait()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def get(url):
    """Body and status of an answer."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.read(), answer.status
    except urllib.error.HTTPError as error:
        return error.read(), error.code


def wait(what, ready):
    """Waits until `ready()`, and gives what it says."""
    for _ in range(10 * HUNG_S):
        try:
            if said := ready():
                return said
        except OSError:
            pass
        time.sleep(0.1)
    fail(f"never: {what}")


class Recorder(http.server.ThreadingHTTPServer):
    """Stands before a witness and keeps each request that it cosigned."""

    def __init__(self, witness, directory):
        super().__init__(("127.0.0.1", 0), Handler)
        self.witness, self.directory, self.count = witness, directory, 0
        directory.mkdir()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        try:
            with urllib.request.urlopen(self.server.witness + self.path, data=body) as answer:
                status, kind, data = answer.status, answer.headers["content-type"], answer.read()
        except urllib.error.HTTPError as error:
            status, kind, data = error.code, error.headers["content-type"], error.read()
        if status == 200:
            (self.server.directory / f"{self.server.count:03}").write_bytes(body)
            self.server.count += 1
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Log:
    """A log in a directory, its server, and its own witness."""

    def __init__(self, programs, directory):
        self.programs, self.directory = programs, directory
        self.port, self.server = free_port(), None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def path(self, name):
        return self.directory / name

    def trucelog(self, words):
        """What `trucelog` prints."""
        environment = {**os.environ, "TRUCELOG_STATE": str(self.path("state")), "TRUCELOG_REMOTE": self.url}
        command = [self.programs / "trucelog", *words.split()]
        done = subprocess.run(command, cwd=self.directory, env=environment, capture_output=True, text=True)
        if done.returncode:
            fail(f"trucelog {words}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def start(self, command):
        """Starts a program that runs until `stop_all`; what it says goes into a file."""
        said = open(self.path(f"said-{len(STARTED)}.txt"), "w")
        STARTED.append(subprocess.Popen(command, cwd=self.directory, stdout=said, stderr=said))
        return STARTED[-1]

    def found(self):
        """Makes keys, charter and policies without witnesses."""
        for key in ["log", "operator", *(f"{member}-{key}" for member in MEMBERS for key in ("authority", "recovery"))]:
            self.trucelog(f"key new {key}.pem --public {key}.pub")
        self.trucelog("key new log-pq.pem --type ml-dsa-44 --public log-pq.pub")
        charter = json.loads(self.trucelog("charter template"))
        charter["charter"]["origin"] = ORIGIN
        self.path("charter.json").write_text(json.dumps(charter))
        members = (f"--member-keys {member}={member}-authority.pub,{member}-recovery.pub" for member in MEMBERS)
        printed = self.trucelog(
            "charter new charter.json --key operator.pem --log-key log.pub --log-key-pq log-pq.pub "
            f"{' '.join(members)} --out charter.signed --policy-out log-policy --policy-pq-out log-policy-pq"
        )
        self.charter = printed.removeprefix("charter ")
        self.vkey = self.trucelog(f"key convert log.pub --to vkey --name {ORIGIN}")

    def add_witnesses(self, foreign):
        """Makes the log's own witness and policies that need it and the foreign ones, given as (vkey, URL)."""
        printed = json.loads(
            self.trucelog(
                f"witness init own --name {OWN} --remote {self.url} --policy log-policy --policy-pq log-policy-pq "
                f"--charter {self.charter} -o json"
            )
        )
        lines = [f"witness {vkey.split('+')[0]} {vkey} {url}" for vkey, url in foreign]
        self.write_policy("policy", [printed["policy"][0], *lines])
        self.write_policy("policy-pq", [printed["policy_pq"][0]])

    def write_policy(self, name, lines):
        names = [line.split()[1] for line in lines]
        quorum = "\n".join([*lines, f"group needed all {' '.join(names)}", "quorum needed"])
        self.path(name).write_text(self.path(f"log-{name}").read_text().replace("quorum none", quorum))

    def configure(self, policy, policy_pq):
        self.path("trucelogd.toml").write_text(
            f'data_dir = "data"\nanchor_dir = "anchor"\nlog_key = "log.pem"\nlog_key_pq = "log-pq.pem"\n'
            f'listen = "127.0.0.1:{self.port}"\n[witnesses]\npolicy = "{policy}"\npolicy_pq = "{policy_pq}"\n'
        )

    def init(self):
        command = [self.programs / "trucelogd", "init", "--charter", "charter.signed", "-c", "trucelogd.toml"]
        subprocess.run(command, cwd=self.directory, check=True, stdout=subprocess.DEVNULL)

    def serve(self, readiness=b"ready\n"):
        """Serves, and waits until the server says how ready it is."""
        self.server = self.start([self.programs / "trucelogd", "serve", "-c", "trucelogd.toml"])
        wait(f"{self.url} says {readiness}", lambda: readiness in get(f"{self.url}/readyz")[0])

    def stop_server(self):
        self.server.terminate()
        if self.server.wait():
            fail(f"trucelogd: exit {self.server.returncode}")

    def run_witness(self):
        self.start([self.programs / "trucelog", "witness", "run", "own"])

    def enrol(self, policy):
        """Pins a policy, and enrols a station that writes."""
        self.path("receipts").mkdir()
        for station, key in [("authority", "UKR-authority"), ("patrol", "patrol")]:
            self.path(station).mkdir()
            if key == "patrol":
                self.trucelog("key new patrol.pem --public patrol.pub")
            shutil.copy(self.path(f"{key}.pem"), self.path(station) / "key.pem")
        self.trucelog(
            "station enrol --name patrol --role monitor --public-key patrol.pub --station-dir authority --member UKR "
            f"--station authority --policy {policy} --charter {self.charter} --patience {HUNG_S}"
        )
        self.path("report.json").write_text(self.trucelog("incident template"))

    def submit(self, count):
        """Signs and submits reports, and waits for what the pinned policy needs."""
        done = len(list(self.path("receipts").glob("*.signed")))
        for number in range(done, done + count):
            self.trucelog(
                f"sign report.json --station-dir patrol --member UKR --station patrol --out receipts/{number:04}.signed"
            )
        self.trucelog(f"submit receipts --patience {HUNG_S}")

    def promised(self):
        """Size that the receipts promise."""
        proofs = [path.read_bytes() for path in self.path("receipts").glob("*.tlog-proof")]
        return max(int(re.search(rb"^index (\d+)$", proof, re.M)[1]) for proof in proofs) + 1

    def mirror(self):
        """Copies what the server serves to any reader of c2sp.org/tlog-tiles, once it serves what it has promised."""

        def newest():
            note, status = get(f"{self.url}/checkpoint")
            return note if status == 200 and int(note.split(b"\n")[1]) >= self.promised() else None

        note = wait("the checkpoint of the newest receipt", newest)
        self.size = int(note.split(b"\n")[1])
        paths, level, count = [*tile_paths("entries", self.size)], 0, self.size
        while count:
            paths += tile_paths(level, count)
            level, count = level + 1, count // 256
        for path in paths:
            body, status = get(f"{self.url}/{path}")
            if status != 200:
                fail(f"{path}: {status}")
            self.path(path).parent.mkdir(parents=True, exist_ok=True)
            self.path(path).write_bytes(body)
        self.path("checkpoint").write_bytes(note)
        return note

    def fork(self):
        """Stops the server, copies everything, and starts it again. The copy is served apart, without witnesses."""
        self.stop_server()
        fork = Log(self.programs, self.path("fork"))
        shutil.copytree(self.directory, fork.directory, ignore=shutil.ignore_patterns("fork", "state", "*.txt"))
        fork.charter, fork.vkey = self.charter, self.vkey
        fork.configure("log-policy", "log-policy-pq")
        self.serve()
        fork.serve()
        return fork


def tile_paths(level, count):
    """The full tiles of a level with `count` hashes, then the partial one."""
    if count // 256 > 999:
        fail(f"{count} is more than this mirror has names for")
    for number in range(count // 256):
        yield f"tile/{level}/{number:03}"
    if count % 256:
        yield f"tile/{level}/{count // 256:03}.p/{count % 256}"
