"""The packages aics-tlog and aics-witness: a reader, and a witness that the log asks."""

import json, subprocess, sys, tempfile
from dataclasses import replace

from aics_tlog import (
    Checkpoint,
    HttpTileReader,
    MemoryTileReader,
    MerkleTree,
    Note,
    VerifiedTileReader,
    WitnessPolicy,
    audit_tiles,
    consistency_proof_from_tiles,
    format_vkey,
    inclusion_proof_from_tiles,
    leaf_hash,
    parse_checkpoint,
    parse_note,
    parse_vkey,
    sign_checkpoint,
    tree_root_from_tiles,
    verify_checkpoint,
    verify_consistency,
    verify_inclusion,
    vkey_from_ed25519,
)
from aics_tlog.tiles import TileVerificationError
from aics_witness import WitnessClient, WitnessRejected
from aics_witness.protocol import format_add_checkpoint_request, parse_add_checkpoint_request
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from setting import free_port, get, wait
from tally import Tally, changed_hashes, flipped

NAME = "witness.example/aics"


class Witness:
    """`aics-witness serve` in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.url = f"http://127.0.0.1:{free_port()}"
        self.vkey = self.tell("init", "--name", NAME, "--listen", self.url.removeprefix("http://"))

    def command(self, verb, *words):
        config = str(self.directory / "witness.json")
        return [sys.executable, "-m", "aics_witness", verb, "--config", config, *words]

    def tell(self, verb, *words):
        done = subprocess.run(self.command(verb, *words), check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        return done.stdout.decode().strip()

    def serve(self, log):
        """Trusts the log, and serves as long as it does."""
        self.tell("add-log", "--origin", log.vkey.split("+")[0], "--vkey", log.vkey)
        log.start(self.command("serve"))
        wait("aics-witness serves", lambda: get(f"{self.url}/healthz")[1] == 200)

    def evidence(self):
        return json.loads(self.tell("evidence"))

    def post(self, old, proof, note):
        """Status of an answer to add-checkpoint."""
        client = WitnessClient(self.url, self.vkey)
        return client._post(format_add_checkpoint_request(old, proof, note))[0]


def policy_of(log):
    """The policy in the JSON of aics-tlog: every witness is needed, and no cosignature is older than a day."""
    lines = [line.split() for line in log.path("policy").read_text().splitlines()]
    witnesses = [words[2] for words in lines if words[0] == "witness"]
    return json.dumps({"quorum": len(witnesses), "witnesses": witnesses, "max_checkpoint_age": 86400})


def check_checkpoint(log):
    key, policy = parse_vkey(log.vkey), WitnessPolicy.from_json(policy_of(log))
    note = parse_note(log.path("checkpoint").read_bytes())

    def accepted(note, **more):
        return verify_checkpoint(note, key, policy=policy, **more).ok

    with Tally("aics-tlog", f"checkpoint and a quorum of {policy.quorum}") as tally:
        tally.holds(accepted(note, expected_origin=key.name), "checkpoint")
        tally.refuses(accepted(note, expected_origin="example.org/other"), "another log's")
        tally.refuses(accepted(note, now=2**32), "an old one")
        cp = parse_checkpoint(note.text)
        for change in [{"origin": cp.origin + "x"}, {"size": cp.size + 1}, {"root": flipped(cp.root, 0)}]:
            other = replace(cp, **change).text()
            tally.refuses(accepted(Note(other, note.signatures)), other)
        needed = {(k.name, k.key_id) for k in [key, *policy.witnesses]}
        for at, line in enumerate(note.signatures):
            if (line.name, line.key_id) not in needed:
                continue
            before, after = note.signatures[:at], note.signatures[at + 1 :]
            tally.refuses(accepted(Note(note.text, before + after)), f"{line.name} left out")
            for byte in range(len(line.signature)):
                other = type(line)(line.name, line.key_id, flipped(line.signature, byte))
                tally.refuses(accepted(Note(note.text, (*before, other, *after))), f"byte {byte} of {line.name}")


def check_tiles(log):
    """Over HTTP, then over copies with one changed byte."""
    cp = parse_checkpoint(parse_note(log.path("checkpoint").read_bytes()).text)
    reader = VerifiedTileReader(HttpTileReader([log.url]), cp.size, cp.root)
    with Tally("aics-tlog", "tiles and proofs from them, over HTTP") as tally:
        report = audit_tiles(HttpTileReader([log.url]), cp.size, cp.root)
        tally.holds(report.tiles and report.bundles, "audit")
        tally.holds(tree_root_from_tiles(reader, cp.size) == cp.root, "root")
        for index in range(cp.size):
            proof, leaf = inclusion_proof_from_tiles(reader, index, cp.size), leaf_hash(reader.entry(index))
            tally.holds(verify_inclusion(leaf, index, cp.size, proof, cp.root), f"inclusion of {index}")
            tally.refuses(verify_inclusion(leaf, index ^ 1, cp.size, proof, cp.root), f"{index} at its neighbour's")
            older = consistency_proof_from_tiles(reader, index + 1, cp.size)
            root = tree_root_from_tiles(reader, index + 1, cp.size)
            tally.holds(verify_consistency(index + 1, cp.size, root, cp.root, older), f"consistency with {index + 1}")
            other = flipped(root, 0)
            tally.refuses(verify_consistency(index + 1, cp.size, other, cp.root, older), f"another root at {index + 1}")
        files = [path for path in log.path("tile").rglob("*") if path.is_file()]
        copies = {str(path.relative_to(log.directory)): path.read_bytes() for path in files}
        for path, data in copies.items():
            for at in range(0, len(data), 1 + len(data) // 100):
                tally.refuses(audited({**copies, path: flipped(data, at)}, cp), f"byte {at} of {path}")


def audited(tiles, cp):
    try:
        return audit_tiles(MemoryTileReader(tiles), cp.size, cp.root)
    except TileVerificationError:
        return None


def check_requests(log):
    """The consistency proofs that the server gave with what it asked."""
    with Tally("aics-tlog", "consistency proofs of the server") as tally:
        roots = {}
        for path in sorted(log.path("requests").iterdir()):
            request = parse_add_checkpoint_request(path.read_bytes())
            cp = parse_checkpoint(parse_note(request.checkpoint).text)
            roots[cp.size], old = cp.root, request.old_size
            if 0 < old < cp.size:
                tally.holds(verify_consistency(old, cp.size, roots[old], cp.root, list(request.proof)), path)
                for proof in changed_hashes(list(request.proof)):
                    tally.refuses(verify_consistency(old, cp.size, roots[old], cp.root, proof), path)


def check_command(log):
    """The program `aics-tlog`, as its user types it."""
    with tempfile.TemporaryDirectory() as place, Tally("aics-tlog", "the program, over HTTP") as tally:
        for name, text in [("key", log.vkey), ("policy", policy_of(log)), ("other", log.vkey.replace("+", "x+", 1))]:
            with open(f"{place}/{name}", "w") as file:
                file.write(text + "\n")

        def run(words, key="key"):
            command = [sys.executable, "-m", "aics_tlog", *words.split(), "--tiles", log.url]
            command += ["--vkey-file", f"{place}/{key}", "--policy-file", f"{place}/policy"]
            return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

        checks = ["verify-checkpoint", f"verify-inclusion --index {log.size - 1}"]
        checks.append(f"verify-consistency --old-checkpoint {place}/old")
        request = parse_add_checkpoint_request((log.path("requests") / "000").read_bytes())
        with open(f"{place}/old", "wb") as file:
            file.write(request.checkpoint)
        for words in checks:
            tally.holds(run(words), words)
            tally.refuses(run(words, "other"), f"{words}, under another key")
        tally.refuses(run(f"verify-inclusion --index {log.size}"), "an entry that is not there")
        fork = log.path("fork/checkpoint")
        tally.refuses(run(f"verify-consistency --old-checkpoint {fork}"), "the log after its fork")


def check_fork(log, fork, witness):
    """The foreign witness refuses what the log's own key has signed twice, whoever asks it."""
    with Tally("aics-witness", "the fork") as tally:
        note = fork.path("checkpoint").read_bytes()
        cp = parse_checkpoint(parse_note(note).text)
        ours = log.path("checkpoint").read_bytes()
        tally.holds(witness.post(log.size, [], ours) == 200, "the log's own checkpoint again")
        known = len(witness.evidence())
        proof = consistency_proof_from_tiles(HttpTileReader([fork.url]), log.size, cp.size)
        tally.refuses(witness.post(log.size, proof, note) != 422, "a larger fork")
        tally.refuses(witness.post(log.size, [], fork.path("checkpoint-at-same-size").read_bytes()) != 422, "same size")
        tally.holds(len(witness.evidence()) == known + 2, "both are kept as evidence")
        unsigned = note.replace(note.split(b"\n")[4], ours.split(b"\n")[4])
        tally.refuses(witness.post(log.size, proof, unsigned) != 403, "a fork that the log has not signed")


class ForeignLog:
    """A log of aics-tlog in memory, for `trucelog witness` to cosign."""

    ORIGIN = "example.net/foreign"

    def __init__(self):
        self.key, self.tree = Ed25519PrivateKey.generate(), MerkleTree()
        self.vkey = format_vkey(vkey_from_ed25519(self.ORIGIN, self.key.public_key()))

    def grow(self, entries):
        self.tree.extend(entries)
        return self.note(self.tree)

    def note(self, tree):
        return sign_checkpoint(Checkpoint(self.ORIGIN, tree.size, tree.root()), self.key, self.ORIGIN).to_bytes()


def check_own_witness(log):
    """`trucelog witness` cosigns a foreign log that asks it, and refuses its fork."""
    foreign, address = ForeignLog(), f"127.0.0.1:{free_port()}"
    printed = json.loads(
        log.trucelog(f"witness init other --name fra.example --listen {address} --log {foreign.vkey} -o json")
    )
    vkey = next(line.split()[2] for line in printed["policy"] if "/witness " in line)
    log.start([log.programs / "trucelog", "witness", "run", "other"])
    wait("trucelog witness serves", lambda: get(f"http://{address}/witness/")[1] == 404)
    client = WitnessClient(f"http://{address}/witness", vkey, max_attempts=1)

    def status(note, tree):
        try:
            client.submit(note, tree.consistency_proof)
        except WitnessRejected as refused:
            return refused.status
        return 200

    with Tally("trucelog witness", "a log of aics-tlog that asks it") as tally:
        for size in [1, 2, 3, 40, 256, 257]:
            note = foreign.grow([b"entry %d" % n for n in range(foreign.tree.size, size)])
            tally.holds(status(note, foreign.tree) == 200, f"size {size}")
        tally.holds(status(note, foreign.tree) == 200, "again")
        for size in [257, 300]:
            fork = MerkleTree([b"entry %d" % n for n in range(256)] + [b"another"] * (size - 256))
            tally.refuses(status(foreign.note(fork), fork) != 422, f"a fork of size {size}")
        note = foreign.grow([b"one more"])
        signed = parse_note(note)
        forged = replace(signed.signatures[0], signature=flipped(signed.signatures[0].signature, 63))
        forged = replace(signed, signatures=(forged,)).to_bytes()
        tally.refuses(status(forged, foreign.tree) != 403, "a head that its log has not signed")
        tally.holds(status(note, foreign.tree) == 200, "the log itself, after all")
