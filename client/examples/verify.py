"""Verifies a log from its charter to its newest signature: a second verifier, written from proto/spec alone.

    python3 verify.py URL|DIRECTORY --policy FILE     one log, over HTTP or from a copy on disk
    python3 verify.py --many DIRECTORY                every sub-directory is a log beside its policy; one line for each

The policy is pinned by you: it names the log's key, the charter's digest and the witnesses (proto/spec/policy.md). Only
--many takes it from beside the log: that compares verifiers, and proves nothing about a log of unknown origin.

Needs Python 3.8 or newer and the package `cryptography`; lines of ML-DSA-44 are judged if that package knows ML-DSA.
Exit codes: 0 true, 1 false, 2 usage, 3 not enough, 5 could not check.
"""

import argparse, base64, collections, contextlib, functools, hashlib, http.client, json, pathlib, re, sys, types, urllib.request

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
try:
    from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey
except ImportError:
    MLDSA44PublicKey = None

UNJUDGED = """not judged here, but by `trucelog verify log`: what records other than changes of stations say and refer to;
the charter's rules on proposals, succession and stages; changes of members and rules; lengths of texts"""

class Finding(Exception):  # Its kind is one of proto/spec/verify.md, or a reason of docs/errors.md.
    def __init__(self, text, kind=None, index=None):
        super().__init__(text)
        self.kind, self.index = kind, index
class Malformed(Finding): """The bytes are not of the form."""
class Untrue(Finding): """Well formed, but false."""
class NotEnough(Finding): """Nothing false was seen, but it does not suffice."""
class Unreadable(Finding): """What has to be checked, or to check it with, is not there."""

def form(holds, text, reason="NOT_CANONICAL"):
    if not holds:
        raise Malformed(text, reason)
def true(holds, kind, text):
    if not holds:
        raise Untrue(text, kind)
def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()

# Canonical protobuf: proto/spec/canonical.md
SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] / "proto/spec/fields.json").read_text())
MESSAGES = {name: {field["number"]: (field["name"], field["type"], field["presence"]) for field in fields}
            for name, fields in SCHEMA["messages"].items()}
ENUMS = SCHEMA["enums"]
BELOW = {"bool": 2, "uint32": 2**32, "sint32": 2**32, "uint64": 2**64, **{name: len(of) for name, of in ENUMS.items()}}
VARINT = re.compile(rb"[\0-\x7f]|[\x80-\xff]{1,9}[\x01-\x7f]")  # Minimal, and cut nowhere.
FORBIDDEN_TEXT = re.compile("[\0-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
                            "\ufff9-\ufffb\U000e0000-\U000e007f]")

def varint(data, at, where):
    match = VARINT.match(data, at)
    value = sum((byte & 127) << 7 * place for place, byte in enumerate(match[0])) if match else 2**64
    form(value < 2**64, f"{where}: a varint that is cut, not minimal, or of 2^64 or more")
    return value, match.end()
def number(value, kind, where):
    form(value < BELOW[kind] and (value or kind not in ENUMS), f"{where}: {value} is not a {kind}")
    return (value >> 1) ^ -(value & 1) if kind == "sint32" else value
def packed(data, kind, where):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at, where)
        values.append(number(value, kind, where))
    form(values, f"{where}: a packed list without items")
    return values
def utf8(data, where):
    with contextlib.suppress(UnicodeDecodeError):
        return data.decode("utf-8")
    raise Malformed(f"{where}: not UTF-8", "NOT_CANONICAL")
def lengthed(data, kind, where):  # A field of wire type 2 that is not packed.
    if kind != "string":
        return data if kind == "bytes" else decode(data, kind, where + ".")
    text = utf8(data, where)
    form(not FORBIDDEN_TEXT.search(text), f"{where}: a code point that text may not hold", "TEXT_NOT_ALLOWED")
    return text

def decode(data, message, path=""):
    """Checks that `data` are the canonical bytes of `message`; returns the fields that are present, by name."""
    found, at, last, chosen = {}, 0, 0, None
    while at < len(data):
        tag, at = varint(data, at, path + message)
        field, wire_type = divmod(tag, 8)
        form(field in MESSAGES[message], f"{path}{message} has no field {field}", "UNKNOWN_FIELD")
        name, kind, presence = MESSAGES[message][field]
        where, repeated = path + name, presence == "repeated"
        form(wire_type == (0 if kind in BELOW and not repeated else 2), f"{where}: wire type {wire_type}")
        form(field >= last + (not repeated or kind in BELOW), f"{where}: field numbers do not ascend")
        form(presence != "oneof" or not chosen, f"{where}: stands beside {chosen}")
        value, at = varint(data, at, where)
        if wire_type == 2:
            form(value <= len(data) - at, f"{where}: a length goes past the end")
            value, at = data[at : at + value], at + value
        if repeated and kind not in BELOW:
            items = found.get(name, [])
            value = items + [lengthed(value, kind, f"{where}[{len(items)}]")]
        else:
            value = (number if wire_type == 0 else packed if repeated else lengthed)(value, kind, where)
        form(not repeated or len(value) <= 256, f"{where}: more than 256 items", "LIST_TOO_LONG")
        form(value or presence != "implicit" or kind in MESSAGES, f"{where}: a default value is written")
        found[name], last, chosen = value, field, name if presence == "oneof" else None
    return found

# Ed25519 with one verdict: proto/spec/signature.md
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
SMALL_ORDER = {0, 1, P - 1} | {int.from_bytes(bytes.fromhex(y), "little") for y in (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")}

@functools.lru_cache(maxsize=4096)
def check_key(key):
    y = int.from_bytes(key, "little") % 2**255
    form(len(key) == 32 and y < P, "a public key is not canonical", "KEY_MALFORMED")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    form(pow(square, (P - 1) // 2, P) < 2, "a public key is not on the curve", "KEY_MALFORMED")
    form(y not in SMALL_ORDER, "a public key has small order", "KEY_WEAK")

def holds(library, key, signature, message):
    with contextlib.suppress(InvalidSignature):
        library.from_public_bytes(key).verify(signature, message)
        return True
    return False
def ed25519_holds(key, signature, message):
    """Whether the signature is valid under a key that `check_key` has accepted."""
    if len(signature) != 64 or int.from_bytes(signature[32:], "little") >= L:
        return False
    y = int.from_bytes(signature[:32], "little") % 2**255
    return y < P and y not in SMALL_ORDER and holds(Ed25519PublicKey, key, signature, message)

# Notes and verifier keys: proto/spec/note.md
Key = collections.namedtuple("Key", "name id type public")
Note = collections.namedtuple("Note", "text lines")  # A line is a name, a key ID and a signature.
NAME = r"([^+\s\0-\x1f]+)"

def base64_bytes(text):
    with contextlib.suppress(ValueError):
        data = base64.b64decode(text, validate=True)
        if base64.b64encode(data).decode() == text:
            return data
    raise Malformed("base64 is not in its one form")

def parse_vkey(vkey):
    match = re.fullmatch(NAME + r"\+([0-9a-f]{8})\+(.+)", vkey)
    form(match and len(match[1].encode()) <= 255, "a verifier key is name+ID+key, the ID 8 hexadecimal digits")
    data = base64_bytes(match[3])
    key = Key(match[1], bytes.fromhex(match[2]), data[0], data[1:])
    if key.type in (0x01, 0x04):
        check_key(key.public)
    form(len(key.public) == 1312 if key.type == 0x06 else key.public, "a verifier key with a key of another length")
    true_id = sha256(key.name.encode(), b"\n", data)[:4]
    form(key.id == true_id or key.type not in (0x01, 0x04, 0x06), "the key ID is not the one of name and key")
    return key
def parse_line(line):
    match = re.fullmatch("\u2014 " + NAME + " (.+)", line)
    form(match and len(match[1].encode()) <= 255, "a signature line is an em dash, a name and base64")
    data = base64_bytes(match[2])
    form(len(data) > 4, "a signature line has no signature")
    return match[1], data[:4], data[4:]

def parse_note(data):
    form(len(data) <= 512 * 1024 and data.count(b"\n") <= 100, "a note has at most 512 KiB and 100 lines")
    form(not re.search(rb"[\0-\x09\x0b-\x1f]", data), "a note holds a control character")
    text, blank, signatures = utf8(data, "note").rpartition("\n\n")
    form(blank and signatures.endswith("\n"), "a note is text, a blank line and signature lines")
    return Note(text + "\n", [parse_line(line) for line in signatures[:-1].split("\n")])

def verify_line(key, signature, text):
    """The time of a cosignature in seconds, 0 for a log's signature; raises if the line is false."""
    if key.type == 0x01 and ed25519_holds(key.public, signature, text.encode()):
        return 0
    time, signature = int.from_bytes(signature[:8], "big"), signature[8:]
    cosigned = f"cosignature/v1\ntime {time}\n{text}".encode()
    if key.type == 0x04 and time < 2**63 and ed25519_holds(key.public, signature, cosigned):
        return time
    if key.type == 0x06 and time < 2**63 and len(signature) == 2420:
        if not MLDSA44PublicKey:
            raise Unreadable("this version of `cryptography` does not know ML-DSA-44")
        with contextlib.suppress(Malformed):  # The text has to be a checkpoint.
            if holds(MLDSA44PublicKey, key.public, signature, subtree_statement(key.name, time, text)):
                return time
    raise Untrue(f"a line by {key.name} is false", "checkpoint")
def subtree_statement(name, time, text):  # What a line of type 0x06 signs.
    checkpoint = parse_checkpoint(text)
    cosigner, origin = (bytes([len(of)]) + of.encode() for of in (name, checkpoint.origin))
    time, start, size = (of.to_bytes(8, "big") for of in (time, 0, checkpoint.size))
    return b"subtree/v1\n\0" + cosigner + time + origin + start + size + checkpoint.root

def verify_note(note, keys):
    """The times of the lines by each key that has signed."""
    times = {}
    for name, key_id, signature in note.lines:
        known = [key for key in keys if (key.name, key.id) == (name, key_id)]
        true(len(known) < 2, "checkpoint", f"two known keys have the name {name} and one key ID")
        for key in known:
            times.setdefault(key, []).append(verify_line(key, signature, note.text))
    return times

# Checkpoints: proto/spec/checkpoint.md
Checkpoint = collections.namedtuple("Checkpoint", "origin size root")
ORIGIN = re.compile("[a-z0-9./_-]{1,255}")
DECIMAL = re.compile("0|[1-9][0-9]{0,19}")

def parse_checkpoint(text):
    lines = text.split("\n")
    good = len(lines) == 4 and ORIGIN.fullmatch(lines[0]) and DECIMAL.fullmatch(lines[1]) and int(lines[1]) < 2**64
    form(good, "a checkpoint is an origin, a decimal size and a root")
    root = base64_bytes(lines[2])
    form(len(root) == 32, "a root has 32 bytes")
    return Checkpoint(lines[0], int(lines[1]), root)

def open_checkpoint(note, key, origin):  # What is false is found in this order.
    form(key.type in (0x01, 0x06), "a log signs with a key of type 0x01 or 0x06")
    if not verify_note(note, [key]):
        raise NotEnough(f"no line is by the log's key {key.name}", "key")
    checkpoint = parse_checkpoint(note.text)
    true(checkpoint.origin == key.name == origin, "checkpoint", f"{key.name} signed for {checkpoint.origin}")
    return checkpoint

# Policies: proto/spec/policy.md
Policy = collections.namedtuple("Policy", "charter log witnesses groups quorum")

def parse_policy(data):
    form(len(data) <= 256 * 1024, "a policy has at most 256 KiB")
    lines, logs, witnesses, groups, quorums, taken = utf8(data, "policy").split("\n"), [], {}, {}, [], set()
    charter = re.fullmatch("# trucelog-charter ([0-9a-f]{64})", lines[0])
    form(charter and lines[-1] == "", "a policy begins with `# trucelog-charter DIGEST` and ends in a newline")
    form(not re.search(rb"[\0-\x08\x0b-\x1f\x7f]", data), "a policy holds a control character other than a tab")
    for line in lines:
        word, *rest = re.split("[ \t]+", line.strip(" \t"))
        defined = {"none", *witnesses, *groups}
        if word == "log" and len(rest) in (1, 2):
            logs.append(parse_vkey(rest[0]))
        elif word == "witness" and len(rest) in (2, 3) and rest[0] not in defined:
            witnesses[rest[0]] = parse_vkey(rest[1])
        elif word == "group" and len(rest) > 2 and rest[0] not in defined:
            groups[rest[0]] = parse_group(rest[1], rest[2:], defined - {"none"}, taken)
        elif word == "quorum" and len(rest) == 1 and rest[0] in defined:
            quorums.append(rest[0])
        else:
            form(word == "" or word.startswith("#"), f"a line of a policy that cannot be read: {line}")
    good = len(logs) == len(quorums) == 1 and len(witnesses) <= 64 and len(groups) <= 64
    form(good, "a policy has one log, one quorum, at most 64 witnesses and at most 64 groups")
    keys = [logs[0], *witnesses.values()]
    good = [key.type for key in keys] in ([0x06] * len(keys), [0x01] + [0x04] * len(witnesses))
    form(good, "a policy has a log of type 0x01 and witnesses of type 0x04, or all are of type 0x06")
    good = len({key.public for key in keys}) == len(keys) and all(ORIGIN.fullmatch(key.name) for key in keys)
    form(good, "a key stands twice in the policy, or its name has not the form of an origin")
    return Policy(charter[1], logs[0], witnesses, groups, quorums[0])
def parse_group(threshold, members, defined, taken):
    threshold = {"any": "1", "all": str(len(members))}.get(threshold, threshold)
    form(DECIMAL.fullmatch(threshold) and 1 <= int(threshold) <= len(members), f"a threshold of {threshold}")
    for member in members:
        form(member in defined and member not in taken, f"{member} is not defined, or a member twice")
        taken.add(member)
    return int(threshold), members

def satisfied(policy, name, signed):
    threshold, members = policy.groups.get(name, (0, ()))
    if name in policy.witnesses:
        return name in signed
    return sum(satisfied(policy, member, signed) for member in members) >= threshold

def judge_cosignatures(note, policy):
    """The earliest time of each witness that has signed, by its name in the policy."""
    times = verify_note(note, [policy.log, *policy.witnesses.values()])
    return {name: min(stated) for name, key in policy.witnesses.items()
            if (stated := [time for time in times.get(key, []) if time or key.type == 0x04])}

# Tree and tiles: proto/spec/tree.md, proto/spec/tile.md
def leaf_hash(entry):
    return sha256(b"\0", entry)
def root_hash(nodes):  # Of leaves, or of equal complete subtrees.
    stack = []
    for count, node in enumerate(nodes, 1):
        while count % 2 == 0:  # Two trees of one size become one of twice the size.
            node, count = sha256(b"\1", stack.pop(), node), count // 2
        stack.append(node)
    return functools.reduce(lambda right, left: sha256(b"\1", left, right), reversed(stack)) if stack else sha256()

def parse_bundle(data, width):
    form(1 <= width <= 256, "a bundle has 1 to 256 entries")
    entries, at = [], 0
    for _ in range(width):
        start, at = at + 2, at + 2 + int.from_bytes(data[at : at + 2], "big")
        form(start <= len(data) and at <= len(data), "a bundle ends early")
        entries.append(data[start:at])
    form(at == len(data), "a bundle has bytes after its last entry")
    return entries

def read_tile(read, kind, index, width):
    """A tile of the width that is needed or, where a server has dropped it, the full one; and its width."""
    path = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        path = f"x{index % 1000:03}/{path}"
    if width < 256:
        with contextlib.suppress(Unreadable):
            return read(f"tile/{kind}/{path}.p/{width}"), width
    return read(f"tile/{kind}/{path}"), 256
def check_tiles(read, hashes, level=0):  # Against what the entries give.
    for start in range(0, len(hashes), 256):
        ours = hashes[start : start + 256]
        if read_tile(read, level, start // 256, len(ours))[0][: 32 * len(ours)] != b"".join(ours):
            raise Untrue(f"tile {start // 256} of level {level} has a false hash", "tile", start << 8 * level)
    if len(hashes) >= 256:
        check_tiles(read, [root_hash(hashes[at : at + 256]) for at in range(0, len(hashes) - 255, 256)], level + 1)

# Entries and records: proto/spec/entry.md, proto/spec/record.md
def decode_record(data):
    form(len(data) <= 32768, "a record has at most 32,768 bytes", "RECORD_TOO_LARGE")
    return decode(data, "Record")
def decode_entry(data):
    form(len(data) <= 65535, "an entry has at most 65,535 bytes", "RECORD_TOO_LARGE")
    entry = decode(data, "Entry")
    form(len(entry.get("previous", b"")) == 32, "previous has 32 bytes", "FIELD_FORMAT")
    form("signed_record" in entry, "an entry holds a signed record", "FIELD_REQUIRED")
    return entry

def verify_signature(signed, record, origin, charter):
    key, signature = signed.get("public_key", b""), signed.get("signature", b"")
    check_key(key)
    form(len(signature) == 64, "a signature has 64 bytes", "FIELD_FORMAT")
    digest, charter = sha256(signed.get("record", b"")).hex(), "0" * 64 if "charter" in record else charter
    statement = f"trucelog/record/v1\n{origin}\n{charter}\n{digest}\n".encode()
    true(ed25519_holds(key, signature, statement), "signature", "the signature of the record is false")

# Station keys: proto/spec/rules.md
ROLE = {name[5:]: value for value, name in enumerate(ENUMS["Role"])}
BODIES = [name for name, _, presence in MESSAGES["Record"].values() if presence == "oneof"]
AUTHORS = {body: {ROLE[role] for role in roles.split()} for body, roles in {
    "charter": "OPERATOR", "station_change": "AUTHORITY RECOVERY", "correction": "MONITOR", "withdrawal": "MONITOR",
    "corroboration": "MONITOR VERIFIER", "party_statement": "PARTY_LIAISON", "activation": "AUTHORITY",
    **dict.fromkeys(("evidence_item", "disclosure"), "SENSOR MONITOR INVESTIGATOR"),
    **dict.fromkeys(("case", "summary"), "VERIFIER COMMISSIONER"), **dict.fromkeys(("closure", "reopening"), "COMMISSIONER"),
    **dict.fromkeys(("proposal", "vote", "decision"), "COMMISSIONER AUTHORITY"),
    "ratification": "AUTHORITY", "follow_up": "AUTHORITY", "incident_report": "SENSOR MONITOR",
    "coverage_report": "SENSOR MONITOR"}.items()}
def rule(holds, reason):
    true(holds, "rule", f"the rules do not allow the record: {reason}")

class Stations:
    """The station keys that the entries so far have enrolled and ended, and the gaps that they leave."""
    def __init__(self, origin):
        self.origin, self.time, self.tolerance = origin, 0, 0
        self.keys, self.newest, self.digests, self.gaps = {}, {}, set(), []
    def apply(self, index, accepted, signer, record, digest):
        body = next((name for name in BODIES if name in record), None)
        rule((body == "charter") == (index == 0), "CHARTER_MISPLACED")
        rule(index or not record.keys() & {"replaces", "label"}, "FIELD_NOT_ALLOWED")
        if body == "proposal" and record[body].keys() & {"membership", "rules"}:
            raise NotEnough("changes of members and rules are judged by `trucelog verify log` only")
        if index == 0:
            self.found(record["charter"])
        key = self.keys.get(signer)
        rule(accepted >= self.time, "TIME_ORDER")
        rule(key and not key.ended, "KEY_UNKNOWN, KEY_REVOKED")
        rule((record.get("member"), record.get("station")) == (key.member, key.station), "KEY_OF_OTHER_STATION")
        rule(key.role in AUTHORS.get(body, ()), "ROLE_NOT_ALLOWED")
        rule(record.get("sequence") == key.last + 1, "SEQUENCE_USED, SEQUENCE_GAP")
        rule(digest not in self.digests, "RECORD_LOGGED")
        rule(self.digests.isdisjoint(record.get("replaces", [])), "REPLACES_LOGGED")
        rule(0 < record.get("created_time", 0) <= (accepted + self.tolerance if index else 2**64), "TIME_AHEAD")
        rule("label" not in record or self.released <= set(record["label"].get("releasable_to", [])), "LABEL_NARROWER")
        self.time, key.last = accepted, key.last + 1
        self.digests.add(digest)
        if body == "station_change":
            self.change(key, record[body], index)
    def found(self, charter):
        rules, members = charter.get("rules", {}), {of.get("code"): of for of in charter.get("members", [])}
        rule(rules.get("rules_version"), "FIELD_REQUIRED")
        if rules["rules_version"] != 1:
            raise NotEnough("newer software is needed for this version of the rules")
        vkeys = [parse_vkey(charter[name]) for name in ("log_key", "log_key_pq") if name in charter]
        good = [key.type for key in vkeys] in ([0x01], [0x01, 0x06]) and {key.name for key in vkeys} == {self.origin}
        rule(good and charter.get("origin") == self.origin and "predecessor" not in charter, "charter")
        self.released, self.reserved = set(charter.get("release_set", [])), {key.public for key in vkeys}
        self.tolerance = rules.get("clock_tolerance", 0)
        self.admitted = {of.get("role", 0): of.get("members", []) for of in rules.get("role_rules", [])}
        rule(self.tolerance and rules.get("event_span") and members, "FIELD_REQUIRED")
        rule(all(re.fullmatch("[A-Z][A-Z0-9]{2,7}", of or "") for of in members), "FIELD_FORMAT")
        rule(self.released.issuperset(members) and members.keys() >= set().union(*self.admitted.values()), "members")
        rule({0, ROLE["OPERATOR"], ROLE["RECOVERY"]}.isdisjoint(self.admitted), "roles")
        roles = [of.get("role", 0) for of in rules.get("role_rules", [])]
        lists = [[of.get("code") for of in charter["members"]], charter["release_set"], roles, *self.admitted.values()]
        rule(all(of == sorted(set(of)) for of in lists), "LIST_ORDER")
        self.enrol(("OPERATOR", "log"), ROLE["OPERATOR"], charter.get("operator_key", b""))
        for code, member in members.items():
            self.enrol((code, "authority"), ROLE["AUTHORITY"], member.get("authority_key", b""))
            self.enrol((code, "recovery"), ROLE["RECOVERY"], member.get("recovery_key", b""))
    def enrol(self, station, role, public):
        check_key(public)
        rule(public not in self.keys and public not in self.reserved, "KEY_ENROLLED, KEY_RESERVED")
        self.keys[public] = types.SimpleNamespace(member=station[0], station=station[1], role=role, last=0, ended=False)
        self.newest[station] = public
    def change(self, author, change, index):
        what, of = next(iter(change.items()), (None, {}))
        station, recovers = (author.member, of.get("station", "")), author.role == ROLE["RECOVERY"]
        rule(not recovers or (what == "rotation" and station[1] == "authority"), "ROLE_NOT_ALLOWED")
        if what == "enrolment":
            rule(re.fullmatch("[a-z0-9-]{1,64}", station[1]) and station[1] not in ("log", "recovery"), "FIELD_FORMAT")
            rule(author.member in self.admitted.get(of.get("role"), []), "ROLE_NOT_ADMITTED")
            rule(station not in self.newest or self.keys[self.newest[station]].ended, "STATION_ACTIVE")
            return self.enrol(station, of["role"], of.get("public_key", b""))
        public = of.get("old_public_key" if what == "rotation" else "public_key")
        key = self.keys.get(public)
        rule(key and (key.member, key.station) == station, "STATION_UNKNOWN, KEY_UNKNOWN")
        if what == "compromise_mark":
            return rule(of.get("since_index", 0) <= index, "FIELD_RANGE")
        rule(not key.ended or (recovers and self.newest[station] == public), "KEY_REVOKED")
        last = of.get("old_last_sequence" if what == "rotation" else "last_sequence", 0)
        rule(last >= key.last, "LAST_SEQUENCE_BEHIND")
        if last > key.last:
            self.gaps.append(f"{'/'.join(station)}, key {public.hex()}: {key.last} of {last} records are in the log")
        key.ended = True
        if what == "rotation":
            self.enrol(station, key.role, of.get("new_public_key", b""))

# The whole log: proto/spec/verify.md
def check_entry(data, index, previous, policy, stations):
    kind = "bytes"
    try:
        entry = decode_entry(data)
        signed = entry["signed_record"]
        record, digest = decode_record(signed.get("record", b"")), sha256(signed.get("record", b""))
        true(entry.get("index", 0) == index, "index", f"the entry says index {entry.get('index', 0)}")
        true(entry["previous"] == previous, "previous", "previous is not the leaf hash of the entry before")
        true(index or digest.hex() == policy.charter, "charter", f"the charter is {digest.hex()}")
        kind = "signature"
        verify_signature(signed, record, policy.log.name, policy.charter)
        kind = "rule"
        stations.apply(index, entry.get("accepted_time", 0), signed["public_key"], record, digest)
    except Finding as error:
        error.index = index
        raise (Untrue(str(error), kind, index) if isinstance(error, Malformed) else error) from None

def verify_log(read, policy):
    """What holds, in lines for a person; raises a `Finding` otherwise."""
    note = parse_note(read("checkpoint"))
    origin, size, root = open_checkpoint(note, policy.log, policy.log.name)
    stations, leaves = Stations(origin), []
    previous = sha256(b"trucelog/genesis/v1\n", origin.encode(), b"\n")
    for index in range(size):
        if index % 256 == 0:
            bundle = parse_bundle(*read_tile(read, "entries", index // 256, min(256, size - index)))
        check_entry(bundle[index % 256], index, previous, policy, stations)
        previous = leaf_hash(bundle[index % 256])
        leaves.append(previous)
    true(root_hash(leaves) == root, "root", "the entries do not give the root of the checkpoint")
    check_tiles(read, leaves)
    signed = judge_cosignatures(note, policy)
    if signed and stations.time > min(signed.values()) * 1000 + stations.tolerance:
        raise Untrue("a cosignature is older than the last entry that it covers", "time", size - 1)
    missing = sorted(policy.witnesses.keys() - signed.keys())
    if not satisfied(policy, policy.quorum, signed):
        raise NotEnough(f"all entries hold, but the quorum is not reached; missing: {' '.join(missing)}")
    return [f"{origin}: {size} entries, root {root.hex()}", *(f"gap: {gap}" for gap in stations.gaps),
            f"cosigned by: {' '.join(sorted(signed)) or 'nobody'}; missing: {' '.join(missing) or 'nobody'}"]

def read(place, path):  # The place is a URL or a directory.
    try:
        if "://" not in place:
            return (pathlib.Path(place) / path).read_bytes()
        with urllib.request.urlopen(f"{place.rstrip('/')}/{path}", timeout=60) as answer:
            return answer.read(256 * (2 + 65535))
    except (OSError, http.client.HTTPException) as error:
        raise Unreadable(f"{path}: {error}") from None

def verdict(place, policy):
    """The verdict in one line, the exit code, and what to tell a person."""
    try:
        return "true", 0, verify_log(functools.partial(read, place), parse_policy(read(policy, "")))
    except Untrue as error:
        return f"false {error.kind} {'-' if error.index is None else error.index}", 1, [str(error)]
    except NotEnough as error:
        return "not-enough", 3, [str(error)]
    except (Unreadable, Malformed) as error:
        return "unreadable", 5, [str(error)]

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", nargs="?", help="URL or directory of checkpoint and tiles")
    parser.add_argument("--policy", help="the pinned policy")
    parser.add_argument("--many", metavar="DIRECTORY", help="a directory of logs, each beside its file policy")
    arguments = parser.parse_args()
    if arguments.many:
        for log in sorted(pathlib.Path(arguments.many).iterdir()):
            print(log.name, verdict(str(log), str(log / "policy"))[0])
        return 0
    if not (arguments.log and arguments.policy):
        parser.error("give a log and --policy, or --many")
    line, code, text = verdict(arguments.log, arguments.policy)
    print(line, *text, UNJUDGED, sep="\n")
    return code

if __name__ == "__main__":
    sys.exit(main())
