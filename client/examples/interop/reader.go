// Reads a mirrored log with golang.org/x/mod/sumdb/{note,tlog}: notes, tiles, and the server's proofs of both kinds.
// Each is then changed in one place, and the library must refuse it. interop.py says what lies where in the directory.
//
//	reader DIR
package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var errOther = errors.New("the hash is another")

// tally counts what held and what was refused, and ends the program at the first disagreement.
type tally struct {
	what          string
	held, refused int
}

func (t *tally) holds(err error, format string, values ...any) {
	if err != nil {
		fail("%s: refused although true: %s: %v", t.what, fmt.Sprintf(format, values...), err)
	}
	t.held++
}

func (t *tally) refuses(err error, format string, values ...any) {
	if err == nil {
		fail("%s: accepted although changed: %s", t.what, fmt.Sprintf(format, values...))
	}
	t.refused++
}

func (t *tally) print() {
	if t.held == 0 || t.refused == 0 {
		fail("%s: nothing was checked", t.what)
	}
	fmt.Printf("   %s: %d held, %d changed ones refused\n", t.what, t.held, t.refused)
}

func fail(format string, values ...any) {
	fmt.Fprintf(os.Stderr, "golang.org/x/mod disagrees: "+format+"\n", values...)
	os.Exit(1)
}

func main() {
	directory := os.Args[1]
	policies := []string{read(directory, "policy"), read(directory, "policy-pq")}
	known := verifiers(policies)
	log := open(directory, known)
	checkNotes(log, known)
	checkTiles(log)
	checkReceipts(log, known)
	checkRequests(log, known)
	checkFork(log, open(filepath.Join(directory, "fork"), verifiers(logLines(policies))))
}

func read(parts ...string) string {
	data, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		fail("%v", err)
	}
	return string(data)
}

func files(pattern ...string) []string {
	found, err := filepath.Glob(filepath.Join(pattern...))
	if err != nil || len(found) == 0 {
		fail("no files %s", filepath.Join(pattern...))
	}
	slices.Sort(found)
	return found
}

// cosigner verifies the signature types that the library does not know, behind the interface that it has for them.
type cosigner struct {
	name   string
	hash   uint32
	verify func(text, signature []byte) bool
}

func (c *cosigner) Name() string                       { return c.name }
func (c *cosigner) KeyHash() uint32                    { return c.hash }
func (c *cosigner) Verify(text, signature []byte) bool { return c.verify(text, signature) }

// verifiers reads the keys of policies, those of the logs and those of the witnesses.
func verifiers(policies []string) []note.Verifier {
	var known []note.Verifier
	for _, line := range strings.Split(strings.Join(policies, "\n"), "\n") {
		switch words := strings.Fields(line); {
		case len(words) >= 2 && words[0] == "log":
			known = append(known, verifier(words[1]))
		case len(words) >= 3 && words[0] == "witness":
			known = append(known, verifier(words[2]))
		}
	}
	return known
}

// logLines leaves of policies the keys of the log.
func logLines(policies []string) []string {
	lines := strings.Split(strings.Join(policies, "\n"), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.HasPrefix(line, "log ") })
}

func verifier(vkey string) note.Verifier {
	known, err := note.NewVerifier(vkey)
	if err == nil {
		return known
	}
	name, rest, _ := strings.Cut(vkey, "+")
	id, encoded, _ := strings.Cut(rest, "+")
	hash, err := strconv.ParseUint(id, 16, 32)
	if err != nil {
		fail("key ID of %s: %v", vkey, err)
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		fail("key of %s: %v", vkey, err)
	}
	if sum := sha256.Sum256(append([]byte(name+"\n"), key...)); uint32(hash) != binary.BigEndian.Uint32(sum[:]) {
		fail("key ID of %s", vkey)
	}
	c := &cosigner{name: name, hash: uint32(hash)}
	switch kind, key := key[0], key[1:]; kind {
	case 0x04:
		c.verify = func(text, line []byte) bool {
			return len(line) == 8+ed25519.SignatureSize && ed25519.Verify(key, cosignedText(text, line), line[8:])
		}
	case 0x06:
		public, err := mldsa.NewPublicKey(mldsa.MLDSA44(), key)
		if err != nil {
			fail("key of %s: %v", vkey, err)
		}
		c.verify = func(text, line []byte) bool {
			return len(line) > 8 && mldsa.Verify(public, subtree(name, text, line), line[8:], nil) == nil
		}
	default:
		fail("key type %d of %s", kind, vkey)
	}
	return c
}

// cosignedText is what c2sp.org/tlog-cosignature signs with Ed25519.
func cosignedText(text, line []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", binary.BigEndian.Uint64(line), text)
}

// subtree is what c2sp.org/tlog-cosignature signs with ML-DSA-44.
func subtree(name string, text, line []byte) []byte {
	origin, tree, err := parseCheckpoint(string(text))
	if err != nil {
		return nil
	}
	message := append([]byte("subtree/v1\n\x00"), byte(len(name)))
	message = append(append(message, name...), line[:8]...)
	message = append(append(message, byte(len(origin))), origin...)
	message = binary.BigEndian.AppendUint64(message, 0)
	message = binary.BigEndian.AppendUint64(message, uint64(tree.N))
	return append(message, tree.Hash[:]...)
}

func parseCheckpoint(text string) (string, tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return "", tlog.Tree{}, errors.New("a checkpoint has three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return "", tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return lines[0], tlog.Tree{N: size, Hash: root}, err
}

// openNote opens a checkpoint and gives its tree, and how many known keys have signed it.
func openNote(bytes string, known []note.Verifier) (tlog.Tree, int, error) {
	opened, err := note.Open([]byte(bytes), note.VerifierList(known...))
	if err != nil {
		return tlog.Tree{}, 0, err
	}
	_, tree, err := parseCheckpoint(opened.Text)
	return tree, len(opened.Sigs), err
}

// mirror is a log in a directory.
type mirror struct {
	directory string
	note      string
	tree      tlog.Tree
	tiles     tiles
}

func open(directory string, known []note.Verifier) mirror {
	m := mirror{directory: directory, note: read(directory, "checkpoint"), tiles: tiles{directory: directory}}
	tree, _, err := openNote(m.note, known)
	if err != nil {
		fail("%s/checkpoint: %v", directory, err)
	}
	m.tree = tree
	return m
}

func (m mirror) hashes() tlog.HashReader { return tlog.TileHashReader(m.tree, m.tiles) }

// tiles reads tiles from a directory as c2sp.org/tlog-tiles names them, one of them with a changed byte.
type tiles struct {
	directory string
	changed   string
	at        int
}

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, err := os.ReadFile(filepath.Join(t.directory, path))
		if err != nil {
			return nil, err
		}
		if path == t.changed {
			data[t.at] ^= 1
		}
		all = append(all, data)
	}
	return all, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

// checkNotes wants the line of every key in both policies, and changes every line.
func checkNotes(log mirror, known []note.Verifier) {
	t := tally{what: "signatures of the checkpoint"}
	_, signed, err := openNote(log.note, known)
	if err == nil && signed != len(known) {
		err = fmt.Errorf("%d of %d keys have signed", signed, len(known))
	}
	t.holds(err, "checkpoint")
	t.held = signed
	for _, changed := range changedNotes(log.note) {
		_, now, err := openNote(changed, known)
		if err == nil && now < signed {
			err = fmt.Errorf("%d of %d keys have signed", now, signed)
		}
		t.refuses(err, "%s", changed)
	}
	t.print()
}

// changedNotes changes each character of the text, and bytes of each signature.
func changedNotes(original string) []string {
	var changed []string
	text, signatures, _ := strings.Cut(original, "\n\n")
	for i := range text {
		other := []byte(text)
		other[i] ^= 1
		changed = append(changed, string(other)+"\n\n"+signatures)
	}
	for _, line := range strings.Split(strings.TrimSuffix(signatures, "\n"), "\n") {
		space := strings.LastIndex(line, " ") + 1
		signature, err := base64.StdEncoding.DecodeString(line[space:])
		if err != nil {
			fail("%s: %v", line, err)
		}
		for at := 0; at < len(signature); at += 1 + len(signature)/64 {
			other := bytes.Clone(signature)
			other[at] ^= 1
			new := line[:space] + base64.StdEncoding.EncodeToString(other)
			changed = append(changed, strings.Replace(original, line, new, 1))
		}
	}
	return changed
}

// checkTiles reads every hash through the tiles, proves every entry and every older size with them, and changes every
// tile and every entry.
func checkTiles(log mirror) {
	entries := log.entries()
	checkEntries(log, entries)
	t := tally{what: "proofs from tiles"}
	size, root, hashes := log.tree.N, log.tree.Hash, log.hashes()
	for n := range size {
		leaf := tlog.RecordHash(entries[n])
		proof, err := tlog.ProveRecord(size, n, hashes)
		t.holds(err, "inclusion of %d", n)
		t.holds(tlog.CheckRecord(proof, size, root, n, leaf), "inclusion of %d", n)
		t.refuses(tlog.CheckRecord(proof, size, root, (n+1)%size, leaf), "inclusion of %d one further", n)
		old, err := tlog.TreeHash(n+1, hashes)
		t.holds(err, "root at %d", n+1)
		older, err := tlog.ProveTree(size, n+1, hashes)
		t.holds(err, "consistency with %d", n+1)
		t.holds(tlog.CheckTree(older, size, root, n+1, old), "consistency with %d", n+1)
		t.refuses(tlog.CheckTree(older, size, root, n+1, tlog.RecordHash(old[:])), "another root at %d", n+1)
	}
	t.print()
}

func checkEntries(log mirror, entries [][]byte) {
	t := tally{what: "tiles and entries"}
	var indexes []int64
	for n := range log.tree.N {
		indexes = append(indexes, tlog.StoredHashIndex(0, n))
	}
	leaves, err := log.hashes().ReadHashes(indexes)
	t.holds(err, "leaf hashes")
	for n, entry := range entries {
		t.holds(same(tlog.RecordHash(entry), leaves[n]), "entry %d", n)
		entry[len(entry)/2] ^= 1
		t.refuses(same(tlog.RecordHash(entry), leaves[n]), "entry %d", n)
		entry[len(entry)/2] ^= 1
	}
	for _, path := range append(files(log.directory, "tile/[0-9]/*[0-9]"), files(log.directory, "tile/[0-9]/*.p/*")...) {
		path, _ = filepath.Rel(log.directory, path)
		for at := 0; at < len(read(log.directory, path)); at += tlog.HashSize + 1 {
			changed := tiles{directory: log.directory, changed: path, at: at}
			_, err := tlog.TileHashReader(log.tree, changed).ReadHashes(indexes)
			t.refuses(err, "byte %d of %s", at, path)
		}
	}
	t.print()
}

func same(a, b tlog.Hash) error {
	if a != b {
		return errOther
	}
	return nil
}

// entries reads the entry bundles: each entry after its length in two bytes.
func (m mirror) entries() [][]byte {
	var entries [][]byte
	bundles, _ := filepath.Glob(filepath.Join(m.directory, "tile/entries/*[0-9]"))
	for _, path := range append(bundles, files(m.directory, "tile/entries/*.p/*")...) {
		for data := []byte(read(path)); len(data) > 0; {
			end := 2 + int(binary.BigEndian.Uint16(data))
			entries = append(entries, data[2:end])
			data = data[end:]
		}
	}
	if int64(len(entries)) != m.tree.N {
		fail("%d entries in a tree of %d", len(entries), m.tree.N)
	}
	return entries
}

// proof is what stands above a note in a .tlog-proof file and in a request to a witness.
type proof struct {
	numbers map[string]string
	hashes  []tlog.Hash
	note    string
}

func parseProof(text string) proof {
	head, signed, found := strings.Cut(text, "\n\n")
	p := proof{numbers: make(map[string]string), note: signed}
	for _, line := range strings.Split(head, "\n") {
		if word, value, two := strings.Cut(line, " "); two {
			p.numbers[word] = value
		} else if hash, err := tlog.ParseHash(line); err == nil {
			p.hashes = append(p.hashes, hash)
		} else if line != "c2sp.org/tlog-proof@v1" {
			fail("line %q: %v", line, err)
		}
	}
	if !found {
		fail("no note in %q", text)
	}
	return p
}

func (p proof) number(word string) int64 {
	number, err := strconv.ParseInt(p.numbers[word], 10, 64)
	if err != nil {
		fail("%s: %v", word, err)
	}
	return number
}

// changedHashes are lists of hashes with each one changed, left out, doubled, and swapped with the next.
func changedHashes(hashes []tlog.Hash) [][]tlog.Hash {
	changed := [][]tlog.Hash{append(slices.Clone(hashes), tlog.Hash{})}
	for i := range hashes {
		flipped := slices.Clone(hashes)
		flipped[i][31] ^= 1
		changed = append(changed, flipped,
			slices.Delete(slices.Clone(hashes), i, i+1),
			slices.Insert(slices.Clone(hashes), i, hashes[i]))
		if i > 0 {
			swapped := slices.Clone(hashes)
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
			changed = append(changed, swapped)
		}
	}
	return changed
}

// checkReceipts checks the server's inclusion proofs.
func checkReceipts(log mirror, known []note.Verifier) {
	t := tally{what: "receipts (.tlog-proof)"}
	for _, path := range files(log.directory, "receipts/*.tlog-proof") {
		p := parseProof(read(path))
		tree, _, err := openNote(p.note, known)
		t.holds(err, "note of %s", path)
		entry, err := base64.StdEncoding.DecodeString(p.numbers["extra"])
		t.holds(err, "extra of %s", path)
		index, leaf := p.number("index"), tlog.RecordHash(entry)
		t.holds(tlog.CheckRecord(p.hashes, tree.N, tree.Hash, index, leaf), "%s", path)
		for _, hashes := range changedHashes(p.hashes) {
			t.refuses(tlog.CheckRecord(hashes, tree.N, tree.Hash, index, leaf), "hashes of %s", path)
		}
		t.refuses(tlog.CheckRecord(p.hashes, tree.N, tree.Hash, index-1, leaf), "index of %s", path)
	}
	t.print()
}

// checkRequests checks the server's consistency proofs, from what it has asked a witness.
func checkRequests(log mirror, known []note.Verifier) {
	t := tally{what: "consistency proofs to a witness"}
	roots := make(map[int64]tlog.Hash)
	for _, path := range files(log.directory, "requests/*") {
		p := parseProof(read(path))
		tree, _, err := openNote(p.note, known)
		t.holds(err, "note of %s", path)
		roots[tree.N] = tree.Hash
		old := p.number("old")
		if old == 0 {
			continue
		}
		root, cosigned := roots[old]
		if !cosigned {
			fail("%s goes on from %d, which was never asked for", path, old)
		}
		t.holds(tlog.CheckTree(p.hashes, tree.N, tree.Hash, old, root), "%s", path)
		for _, hashes := range changedHashes(p.hashes) {
			t.refuses(tlog.CheckTree(hashes, tree.N, tree.Hash, old, root), "hashes of %s", path)
		}
	}
	t.print()
}

// checkFork wants a fork, signed with the log's own keys and whole in itself, refused as a continuation of the log.
func checkFork(log, fork mirror) {
	t := tally{what: "fork signed with the log's key"}
	hashes := fork.hashes()
	t.holds(func() error { _, err := tlog.TreeHash(fork.tree.N, hashes); return err }(), "tiles of the fork")
	smaller, larger := log.tree, fork.tree
	if smaller.N >= larger.N {
		fail("the fork has %d entries, the log %d", larger.N, smaller.N)
	}
	continued, err := tlog.ProveTree(larger.N, smaller.N, hashes)
	t.holds(err, "the fork's own proof from %d", smaller.N)
	t.refuses(tlog.CheckTree(continued, larger.N, larger.Hash, smaller.N, smaller.Hash), "continuation")
	_, err = tlog.TileHashReader(larger, log.tiles).ReadHashes([]int64{0})
	t.refuses(err, "the log's tiles under the fork's head")
	_, err = tlog.TileHashReader(tlog.Tree{N: smaller.N, Hash: larger.Hash}, log.tiles).ReadHashes([]int64{0})
	t.refuses(err, "the log's tiles under the fork's root")
	t.print()
}
