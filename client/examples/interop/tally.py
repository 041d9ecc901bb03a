"""Counts what a foreign tool held for true and what it refused, and ends the program at the first disagreement."""

import sys


def fail(words):
    sys.exit(f"interop: {words}")


class Tally:
    """One step: prints its figures when it ends."""

    def __init__(self, tool, what):
        self.tool, self.what, self.held, self.refused = tool, what, 0, 0

    def holds(self, verdict, what):
        if not verdict:
            fail(f"{self.tool} refuses what is true: {self.what}: {what}")
        self.held += 1

    def refuses(self, verdict, what):
        if verdict:
            fail(f"{self.tool} accepts what was changed: {self.what}: {what}")
        self.refused += 1

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            if not self.held or not self.refused:
                fail(f"{self.tool}: {self.what}: nothing was checked")
            print(f"   {self.what}: {self.held} held, {self.refused} changed ones refused", flush=True)


def flipped(data, at):
    """The bytes with one bit of one of them changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def changed_hashes(proof):
    """Proofs with each hash changed, left out, doubled, and one more at the end."""
    yield [*proof, bytes(32)]
    for i, node in enumerate(proof):
        yield [*proof[:i], flipped(node, 31), *proof[i + 1 :]]
        yield [*proof[:i], *proof[i + 1 :]]
        yield [*proof[:i], node, *proof[i:]]
