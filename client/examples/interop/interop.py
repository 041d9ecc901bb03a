"""Foreign tools, none of them written here, read a log of the real programs, and refuse it where it was changed.

    python3 interop.py PROGRAMS [READER]

PROGRAMS is the directory of trucelog and trucelogd, READER the program made of reader.go. What is missing is said
loudly and left out: run with a Python that has aics-tlog and aics-witness, as scripts/interop does.
"""

import importlib.util, pathlib, shutil, subprocess, sys, tempfile

import keys
from setting import Log, Recorder, get, stop_all
from tally import Tally, fail

HAS_AICS = importlib.util.find_spec("aics_witness") is not None


def step(words):
    print(f"== {words}", flush=True)


def missing(words):
    print(f"!!!! {words} !!!!", file=sys.stderr, flush=True)


def found(programs, directory):
    """Founds the log, cosigned by its own witness and, if it is there, by a foreign one."""
    log, witness, asked = Log(programs, directory), None, []
    log.found()
    if HAS_AICS:
        import aics

        witness = aics.Witness(directory / "aics-witness")
        witness.serve(log)
        asked = [(witness.vkey, Recorder(witness.url, log.path("requests")).url)]
    log.add_witnesses(asked)
    log.configure("policy", "policy-pq")
    log.init()
    log.run_witness()
    log.serve()
    return log, witness


def grow(log):
    """One entry, then up to and over the width of a tile, each time until all witnesses have cosigned."""
    log.enrol("policy")
    for count in [1, 5, 120, 127, 1, 1, 10]:
        log.submit(count)


def fork(log):
    """The log and a copy of it go on differently. The copy asks no witness."""
    fork = log.fork()
    fork.trucelog(f"verify log --policy log-policy --charter {fork.charter}")
    log.submit(1)
    log.mirror()
    fork.submit(1)
    fork.path("checkpoint-at-same-size").write_bytes(fork.mirror())
    fork.submit(1)
    fork.mirror()
    return fork


def check_restart(fork):
    """With the log's witnesses the forked server may not sign: the foreign one knows another history."""
    with Tally("trucelogd", "the fork asks the witnesses") as tally:
        fork.stop_server()
        fork.configure("policy", "policy-pq")
        fork.serve(b"another history")
        tally.holds(b"another history" in get(f"{fork.url}/readyz")[0], "it says so")
        tally.refuses(get(f"{fork.url}/checkpoint")[1] == 200, "a checkpoint at quorum")


def check_with_go(reader, directory):
    step("golang.org/x/mod/sumdb")
    if not HAS_AICS:
        missing("GOLANG.ORG/X/MOD DID NOT READ THE LOG: it needs what the server asks aics-witness")
    elif subprocess.run([reader, directory]).returncode:
        fail("the reader of golang.org/x/mod/sumdb failed")


def check_aics(log, forked, witness):
    import aics

    step("aics-tlog")
    aics.check_checkpoint(log)
    aics.check_tiles(log)
    aics.check_requests(log)
    aics.check_command(log)
    step("aics-witness")
    aics.check_fork(log, forked, witness)
    check_restart(forked)
    aics.check_own_witness(log)


def check_with_openssl(log):
    step(f"openssl {keys.version()}")
    keys.check_pairs(log, ["log", "operator", "UKR-recovery", "patrol"])
    keys.check_signatures(log, 12)
    if keys.knows_ml_dsa():
        keys.check_pairs(log, ["log-pq"])
    else:
        missing(f"OPENSSL DID NOT READ THE ML-DSA-44 KEYS: {keys.version()} does not know them, 3.5 does")


def check_keys(log):
    if shutil.which("openssl"):
        check_with_openssl(log)
    else:
        missing("OPENSSL DID NOT READ THE KEYS: it is not there")
    if HAS_AICS:
        keys.check_ml_dsa_with_cryptography(log)


def run(programs, reader, directory):
    step("a log of the real programs" + (", cosigned by aics-witness" if HAS_AICS else ""))
    log, witness = found(programs, directory)
    grow(log)
    forked = fork(log)
    print(f"   {log.size} entries, a fork of {forked.size}", flush=True)
    if reader:
        check_with_go(reader, directory)
    if HAS_AICS:
        check_aics(log, forked, witness)
    check_keys(log)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="trucelog-interop-") as place:
        try:
            run(pathlib.Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None, pathlib.Path(place))
        finally:
            stop_all()
