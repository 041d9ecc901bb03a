"""Verifies a log over HTTP with nothing but Python: links, leaf hashes, root, and what each record says it is.

    python3 by_hand.py http://127.0.0.1:PORT CHARTER_DIGEST

Signatures are checked too if the package `cryptography` is there. The rules (who may write what, and when) are not
checked: `trucelog verify log` does that. Formats: proto/spec/{entry,record,tree,tile,checkpoint}.md.
"""

import base64, hashlib, sys, urllib.request

try:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:
    Ed25519PublicKey = None


def sha(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def fields(data):
    found, at = {}, 0
    while at < len(data):
        tag, at = varint(data, at)
        value, at = varint(data, at)
        if tag % 8 == 2:
            value, at = data[at : at + value], at + value
        found[tag // 8] = value
    return found


def entries(url, size):
    for number in range((size + 255) // 256):
        width = min(256, size - number * 256)
        path = f"{number % 1000:03}"
        while number >= 1000:
            number //= 1000
            path = f"x{number % 1000:03}/{path}"
        data = get(f"{url}/tile/entries/{path}" + (f".p/{width}" if width < 256 else ""))
        at = 0
        for _ in range(width):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            yield data[at + 2 : end]
            at = end


def get(url):
    return urllib.request.urlopen(url).read()


def main(url, charter):
    origin, size, root = get(f"{url}/checkpoint").decode().split("\n")[:3]
    previous, stack, count = sha(b"trucelog/genesis/v1\n", origin.encode(), b"\n"), [], 0
    for data in entries(url, int(size)):
        entry = fields(data)
        signed = fields(entry[4])
        digest = hashlib.sha256(signed[1]).hexdigest()
        assert entry.get(1, 0) == count, f"entry {count}: index"
        assert entry[2] == previous, f"entry {count}: previous"
        assert count > 0 or digest == charter, "entry 0 is not the charter"
        if Ed25519PublicKey:
            named = charter if count else "0" * 64
            statement = f"trucelog/record/v1\n{origin}\n{named}\n{digest}\n".encode()
            Ed25519PublicKey.from_public_bytes(signed[2]).verify(signed[3], statement)
        previous = node = sha(b"\0", data)
        count += 1
        height = count
        while height % 2 == 0:  # Two trees of one size become one of twice the size.
            node, height = sha(b"\1", stack.pop(), node), height // 2
        stack.append(node)
    node = stack.pop()
    while stack:
        node = sha(b"\1", stack.pop(), node)
    assert base64.b64encode(node).decode() == root, "the entries do not give the root of the checkpoint"
    signatures = "signatures checked" if Ed25519PublicKey else "signatures not checked: install cryptography"
    print(f"{origin}: {count} entries, root {node.hex()}, {signatures}")


if __name__ == "__main__":
    main(sys.argv[1].rstrip("/"), sys.argv[2])
