"""Verifies a receipt (*.tlog-proof) offline, with verify.py beside it: proto/spec/tlog_proof.md and proof.md.

    python3 verify_receipt.py FILE --policy FILE

It shows that the log holds the record, and which key signed it; not that the key was enrolled, which only the whole log does.
Exit codes: 0 true, 1 false, 2 usage, 3 not enough, 5 could not check.
"""

import argparse, re, sys

from verify import (
    DECIMAL, Finding, NotEnough, Untrue, base64_bytes, decode_entry, decode_record, form, judge_cosignatures, leaf_hash,
    open_checkpoint, parse_checkpoint, parse_note, parse_policy, read, satisfied, sha256, true, utf8, verify_signature,
)


def node_hash(left, right):
    return sha256(b"\1", left, right)


def split(size):
    """The largest power of two below the size, which is at least 2."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_root(leaf, index, size, proof):
    """The root of the tree that has the leaf at this index, below the size, by the proof."""
    if size == 1 and not proof:
        return leaf
    true(size > 1 and proof, "proof", "a proof with too few or too many hashes")
    *rest, sibling = proof
    if index < split(size):
        return node_hash(inclusion_root(leaf, index, split(size), rest), sibling)
    return node_hash(sibling, inclusion_root(leaf, index - split(size), size - split(size), rest))


def verify_inclusion(leaf, index, size, proof, root):
    holds = index < size and inclusion_root(leaf, index, size, proof) == root
    true(holds, "proof", f"leaf {index} is not in the tree of size {size}")


def consistency_roots(old_size, new_size, proof, known):
    """The roots of both trees by the proof; `known` is the old root while the old tree may be a subtree of the new."""
    if old_size == new_size and len(proof) == (known is None):
        return (proof[0], proof[0]) if known is None else (known, known)
    true(old_size < new_size and proof, "proof", "a proof with too few or too many hashes")
    *rest, sibling = proof
    if old_size <= split(new_size):
        old, new = consistency_roots(old_size, split(new_size), rest, known)
        return old, node_hash(new, sibling)
    old, new = consistency_roots(old_size - split(new_size), new_size - split(new_size), rest, None)
    return node_hash(sibling, old), node_hash(sibling, new)


def verify_consistency(old_size, old_root, new_size, new_root, proof):
    if old_size == 0:
        holds = not proof and old_root == sha256() and (new_size > 0 or new_root == sha256())
    else:
        holds = consistency_roots(old_size, new_size, proof, old_root) == (old_root, new_root)
    true(holds, "proof", f"the tree of size {new_size} does not continue that of size {old_size}")


def parse_receipt(data):
    """The entry, if there is one, its index, the hashes of the proof, and the checkpoint's note."""
    form(len(data) <= 640 * 1024, "a proof has at most 640 KiB")
    head, blank, note = utf8(data, "proof").partition("\n\n")
    header = re.fullmatch(r"c2sp\.org/tlog-proof@v1\n(?:extra (.+)\n)?index (.+)((?:\n.+)*)", head)
    form(blank and header and DECIMAL.fullmatch(header[2]), "a proof is a header, extra, an index and hashes")
    form(int(header[2]) < 2**64, "an index is below 2^64")
    proof = [base64_bytes(line) for line in header[3].split("\n")[1:]]
    form(len(proof) <= 64 and all(len(node) == 32 for node in proof), "a proof has at most 64 hashes of 32 bytes")
    entry = base64_bytes(header[1]) if header[1] else None
    form(entry is None or 1 <= len(entry) <= 65535, "an entry has 1 to 65,535 bytes")
    opened = parse_note(note.encode())
    parse_checkpoint(opened.text)
    return entry, int(header[2]), proof, opened


def verify_logged(entry, index, proof, note, policy):
    """Steps 1, 2 and 4 of tlog_proof.md; gives the witnesses that have signed."""
    checkpoint = open_checkpoint(note, policy.log, policy.log.name)
    signed = judge_cosignatures(note, policy)
    form(entry is not None, "a receipt without its entry")
    verify_inclusion(leaf_hash(entry), index, checkpoint.size, proof, checkpoint.root)
    if not satisfied(policy, policy.quorum, signed):
        raise NotEnough("the quorum is not reached")
    return signed


def verify_receipt(data, policy):
    """What holds, in lines for a person; raises a `Finding` otherwise."""
    entry, index, proof, note = parse_receipt(data)
    signed = verify_logged(entry, index, proof, note, policy)
    held = decode_entry(entry)["signed_record"]
    record = decode_record(held.get("record", b""))
    verify_signature(held, record, policy.log.name, policy.charter)
    return [
        f"record {sha256(held['record']).hex()}: entry {index} of {policy.log.name}",
        f"signed by {record.get('member')}/{record.get('station')} with key {held['public_key'].hex()}",
        f"cosigned by: {' '.join(sorted(signed)) or 'nobody'}",
        "not shown: that the key was enrolled; the whole log shows it (verify.py)",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("receipt", help="the file")
    parser.add_argument("--policy", required=True, help="the pinned policy")
    arguments = parser.parse_args()
    try:
        policy = parse_policy(read(arguments.policy, ""))
        print("true", *verify_receipt(read(arguments.receipt, ""), policy), sep="\n")
        return 0
    except Finding as error:
        word, code = {Untrue: ("false", 1), NotEnough: ("not-enough", 3)}.get(type(error), ("unreadable", 5))
        print(word, error, sep="\n")
        return code


if __name__ == "__main__":
    sys.exit(main())
