"""Runs verify.py and verify_receipt.py over the vectors: vectors.py DIRECTORY_OF_VECTORS. Prints what differs."""

import collections, json, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "examples"))
import verify, verify_receipt


def data(given, name):
    """The bytes of an input, which is given as text or in hexadecimal."""
    return given[name].encode() if name in given else bytes.fromhex(given[name + "_hex"])


def canonical(given):
    verify.decode(data(given, "bytes"), given["message"])


def signature(given):
    key = data(given, "public_key")
    verify.check_key(key)
    holds = verify.ed25519_holds(key, data(given, "signature"), data(given, "message"))
    verify.true(holds, "signature", "the signature is false")


def note(given):
    if "vkey" in given:
        return verify.parse_vkey(given["vkey"])
    keys = [verify.parse_vkey(vkey) for vkey in given["vkeys"]]
    verify.true(verify.verify_note(verify.parse_note(data(given, "note")), keys), "note", "no line is by a known key")


def checkpoint(given):
    verify.open_checkpoint(verify.parse_note(data(given, "note")), verify.parse_vkey(given["vkey"]), given["origin"])


def cosignature(given):
    public = data(given, "public_key")
    name, key_id, line = verify.parse_line(given["line"])
    key = verify.Key(name, key_id, 0x04 if len(public) == 32 else 0x06, public)
    verify.verify_line(key, line, given["text"])


def policy(given):
    pinned = verify.parse_policy(data(given, "policy"))
    if "note" in given:
        opened = verify.parse_note(data(given, "note"))
        verify.open_checkpoint(opened, pinned.log, pinned.log.name)
        if not verify.satisfied(pinned, pinned.quorum, verify.judge_cosignatures(opened, pinned)):
            raise verify.NotEnough("the quorum is not reached")


def entry(given):
    raw = data(given, "entry")
    decoded = verify.decode_entry(raw)
    verify.true(verify.leaf_hash(raw).hex() == given["leaf_hash"], "entry", "another leaf hash")
    verify.true(decoded["previous"].hex() == given["previous"], "entry", "another entry before")


def record(given):
    signed = {name: data(given, name) for name in ("record", "public_key", "signature")}
    decoded = verify.decode_record(signed["record"])
    verify.verify_signature(signed, decoded, given["origin"], given["charter"])


def tree(given):
    entries = [verify.leaf_hash(bytes.fromhex(entry)) for entry in given["entries_hex"]]
    verify.true(verify.root_hash(entries).hex() == given["root"], "root", "another root")


def tile(given):
    verify.parse_bundle(data(given, "bundle"), int(given["width"]))


def tlog_proof(given):
    parsed = verify_receipt.parse_receipt(data(given, "proof"))
    if "policy" in given:
        verify_receipt.verify_logged(*parsed, verify.parse_policy(data(given, "policy")))


def proof(given):
    values = {name: int(value) if name in ("index", "size", "old_size", "new_size") else
              [bytes.fromhex(digest) for digest in value] if name == "proof" else
              bytes.fromhex(value) for name, value in given.items()}
    if "leaf_hash" in values:
        values["leaf"] = values.pop("leaf_hash")
        return verify_receipt.verify_inclusion(**values)
    verify_receipt.verify_consistency(**values)


FOLDERS = (canonical, signature, note, checkpoint, cosignature, policy, entry, record, tree, tile, proof, tlog_proof)
UNREAD = {"private_pem", "public_pem", "right_edge_hex", "path", "tile_hex", "width"}  # What verify.py does not read.


def classes(error):
    """The names under which the vectors may expect this finding."""
    return {
        verify.Malformed: {"DecodeError", error.kind},
        verify.Untrue: {"VerifyError", "SIGNATURE_INVALID"},
        verify.NotEnough: {"VerifyError" if error.kind == "key" else "PolicyError"},
    }[type(error)]


def verdict(judge, given):
    try:
        judge(given)
    except verify.Finding as error:
        return classes(error)
    return {"ok"}


def main(vectors):
    judged, skipped, wrong = collections.Counter(), collections.Counter(), 0
    for judge in FOLDERS:
        for file in sorted((vectors / judge.__name__).iterdir()):
            case = json.loads(file.read_text())
            if UNREAD.issuperset(case["inputs"]):
                skipped[judge.__name__] += 1
                continue
            found = verdict(judge, case["inputs"])
            judged[judge.__name__] += 1
            if case["expect"] not in found:
                wrong += 1
                print(f"{judge.__name__}/{file.name}: expected {case['expect']}, found {' or '.join(sorted(map(str, found)))}")
    print(f"judged {dict(judged)}; not read by verify.py {dict(skipped)}")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
