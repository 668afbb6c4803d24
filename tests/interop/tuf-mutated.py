# SPDX-License-Identifier: Apache-2.0
"""Thousands of altered role files, each given to our client and to python-tuf's:

	tuf-mutated.py TUFTRY FOLDER COUNT SEED

A repository is made in FOLDER by python-tuf. Then one of its files is altered (its values, its
members, its numbers, texts, key ids, thresholds, hashes, the way it is written, its signatures,
single bits), mostly signed again, and both clients follow the repository with that file in it and
look for a target. TUFTRY is tests/tools/tuftry.c. What we take python-tuf must take, and see the
same in it: versions, expiry, thresholds, the target, the bytes that are signed. Where python-tuf
takes more than we do, or differs from us, that must be a difference that is named below. Prints what
differs, and a table; fails where it is not explained.
"""

import collections
import copy
import difflib
import hashlib
import json
import pathlib
import random
import re
import shutil
import subprocess
import sys
from datetime import datetime, timezone

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.formats import encode_canonical
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (DelegatedRole, Delegations, Metadata, Root, Snapshot, SuccinctRoles,
	MetaFile, TargetFile, Targets, Timestamp)
from tuf.api.exceptions import DownloadHTTPError
from tuf.api.serialization.json import CanonicalJSONSerializer
from tuf.ngclient import FetcherInterface, Updater

tuftry, folder, count, seed = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
rng = random.Random(seed)
EXPIRES = datetime(2099, 1, 1, tzinfo=timezone.utc)
TARGET = "a/x"

# ---- what we refuse and python-tuf takes (docs/format/tuf.md), by words of our refusal ----

DIFFERENCES = {
	"a member has the type that the specification gives it": ["want an integer, have", "want an object, have",
		"want true or false, have", "want an array, have", "want a string, have", "want texts"],
	"no key twice": ["twice in one object"],
	"no integer beyond 2^53-1": ["beyond", "no exact integer", "too large", "2^53"],
	"no U+0000": ["NUL", "U+0000"],
	"no lone surrogate": ["surrogate"],
	"32 levels": ["deep", "levels"],
	"a path pattern with a set": ["a path pattern with"],
	"a hash prefix is hex": ["a path hash prefix that is no hex"],
	"hashes: sha256, sha384 or sha512": ["hashes of algorithms unknown here"],
	"a key id has at most 128 bytes": ["want at most 128 bytes"],
	"a text has at most 65,536 bytes": ["at most 65536"],
}


# ---- JSON as pairs, so that a member can stand twice and stay where it is ----

class Pairs(list):
	pass


class Raw(str):
	"""Written as it is: a number in another spelling."""


def read(text):
	return json.loads(text, object_pairs_hook=Pairs)


def string(s, odd):
	out = ['"']
	for c in s:
		if c in '"\\' or ord(c) < 32:
			out.append(json.dumps(c)[1:-1])
		elif 0xd800 <= ord(c) < 0xe000:
			out.append(f"\\u{ord(c):04x}")
		elif odd and rng.random() < 0.2:
			out.append(json.dumps(c)[1:-1] if ord(c) > 0xffff else f"\\u{ord(c):04X}")
		elif odd and c == "/":
			out.append("\\/")
		else:
			out.append(c)
	return "".join(out) + '"'


def write(node, odd=False):
	"""`odd`: blanks, escapes that need not be, members in another order."""
	blank = (lambda: rng.choice(["", "", " ", "\n", "\t", "\r\n", "  "])) if odd else (lambda: "")
	if isinstance(node, Raw):
		return str(node)
	if isinstance(node, Pairs):
		pairs = list(node)
		if odd and rng.random() < 0.3:
			rng.shuffle(pairs)
		return "{" + blank() + ",".join(blank() + string(k, odd) + blank() + ":" + blank() +
			write(v, odd) + blank() for k, v in pairs) + "}"
	if isinstance(node, list):
		return "[" + blank() + ",".join(blank() + write(v, odd) + blank() for v in node) + "]"
	if isinstance(node, str):
		return string(node, odd)
	return json.dumps(node)


# ---- the repository ----

class Even(CryptoSigner):
	"""Its signatures are of one length, so that the same seed makes the same alterations."""

	def sign(self, payload):
		while len((s := super().sign(payload)).signature) != 142:
			pass
		return s


def secret(name):
	return hashlib.sha256(f"{name} of {seed}".encode()).digest()


signers = {n: CryptoSigner(Ed25519PrivateKey.from_private_bytes(secret(n)))
	for n in ("root-1", "root-2", "timestamp", "snapshot", "targets", "a")}
signers |= {n: Even(ec.derive_private_key(int.from_bytes(secret(n)[:31], "big"), ec.SECP256R1()))
	for n in ("root-3", "b")}
files, who = {}, {}


def put(name, signed, names):
	md = Metadata(signed)
	for n in names:
		md.sign(signers[n], append=True)
	files[name], who[name] = md.to_bytes(), names


root = Root(expires=EXPIRES, consistent_snapshot=True)
for n in ("root-1", "root-2", "root-3"):
	root.add_key(signers[n].public_key, "root")
root.roles["root"].threshold = 2
for n in ("timestamp", "snapshot", "targets"):
	root.add_key(signers[n].public_key, n)
put("1.root.json", root, ["root-1", "root-2"])
root.version = 2
put("2.root.json", root, ["root-1", "root-3"])
info = TargetFile.from_data(TARGET, b"some bytes", ["sha256", "sha512"])
info.unrecognized_fields["custom"] = {"k\u00e9y": ["v", 1, None, True]}
targets = Targets(expires=EXPIRES)
targets.targets = {"other": TargetFile.from_data("other", b"other", ["sha256"])}
a, b = signers["a"].public_key, signers["b"].public_key
targets.delegations = Delegations({a.keyid: a, b.keyid: b}, {
	"a": DelegatedRole("a", [a.keyid, b.keyid], 2, False, paths=["a/*", "c/?"]),
	"b": DelegatedRole("b", [a.keyid], 1, True, path_hash_prefixes=["0", "8"]),
	"bins": DelegatedRole("bins", [a.keyid], 1, True, paths=["*", "*/*"]),
})
put("1.targets.json", targets, ["targets"])
delegated = Targets(expires=EXPIRES)
put("1.a.json", delegated, ["a", "b"])
put("1.b.json", delegated, ["a"])
delegated.delegations = Delegations({a.keyid: a}, succinct_roles=SuccinctRoles([a.keyid], 1, 2, "bin"))
put("1.bins.json", delegated, ["a"])
bins = delegated.delegations.succinct_roles
its_bin = bins.get_role_for_target(TARGET)
for name in bins.get_roles():
	one = Targets(expires=EXPIRES)
	if name == its_bin:
		one.targets = {TARGET: info}
	put(f"1.{name}.json", one, ["a"])
snapshot = Snapshot(expires=EXPIRES)
for name in ("a", "b", "bins", *bins.get_roles()):
	snapshot.meta[f"{name}.json"] = MetaFile(1)
put("1.snapshot.json", snapshot, ["snapshot"])
put("timestamp.json", Timestamp(expires=EXPIRES), ["timestamp"])
metadata = folder / "metadata"
metadata.mkdir(parents=True)
for name, data in files.items():
	(metadata / name).write_bytes(data)
ALTERED = ["2.root.json"] * 3 + ["timestamp.json"] * 2 + ["1.snapshot.json"] * 2 + \
	["1.targets.json"] * 4 + ["1.a.json", "1.bins.json", "1.bins.json", f"1.{its_bin}.json"]

# ---- alterations of a tree: each may do nothing, and says what it did ----

VALUES = [None, True, False, 0, -1, 1, 2, 3, 2**31 - 1, 2**31, 2**32 + 1, 2**53 - 1, 2**53, 2**63,
	Raw("1.0"), Raw("1.5"), Raw("1e0"), Raw("-0"), Raw("01"), Raw("1E400"), "", "x", "2", "0", [],
	[[]], Pairs(), Pairs([("", None)]), "\u0000", "a\u0000b", "\n", "\u001f", "\u007f", "\u00e9",
	"e\u0301", "\u2028", "\ud83d", "\U0001f511", "\uffff", "../x", "*", "root", "targets",
	"9999-12-31T23:59:59Z", "2099-01-01T00:00:00Z", "1.0", "1", "1.0.34", "2.0.0", "1.x", "1.0.34.1",
	"1.", "1..0", "01.0", "sha256", "ed25519", "ecdsa", "00" * 32]


def places(node, at=()):
	"""Each (container, index) below."""
	out = []
	if isinstance(node, Pairs):
		for i, (_, v) in enumerate(node):
			out += [(node, i)] + places(v)
	elif isinstance(node, list):
		for i, v in enumerate(node):
			out += [(node, i)] + places(v)
	return out


def get(place):
	return place[0][place[1]][1] if isinstance(place[0], Pairs) else place[0][place[1]]


def set_(place, value):
	node, i = place
	node[i] = (node[i][0], value) if isinstance(node, Pairs) else value


def pick(tree, wanted):
	found = [p for p in places(tree) if wanted(p)]
	return rng.choice(found) if found else None


def value(tree):
	set_(pick(tree, lambda p: True), copy.deepcopy(rng.choice(VALUES)))


def other_value(tree):
	where = rng.choice(places(tree))
	if where:
		set_(where, copy.deepcopy(get(rng.choice(places(tree)))))


def remove(tree):
	node, i = pick(tree, lambda p: True)
	del node[i]


def add(tree):
	where = pick(tree, lambda p: isinstance(get(p), list))
	node = get(where) if where and rng.random() < 0.8 else tree
	name = rng.choice(["x", "", "version", "Version", "expires", "keys", "\ue000", "\U0001f511",
		"roles", "meta", "hashes", "length", "custom", "paths", "succinct_roles", "threshold"])
	new = copy.deepcopy(rng.choice(VALUES))
	node.insert(rng.randint(0, len(node)), (name, new) if isinstance(node, Pairs) else new)


def twice(tree):
	node, i = pick(tree, lambda p: True)
	again = copy.deepcopy(node[i])
	if isinstance(node, Pairs) and rng.random() < 0.5:
		again = (again[0], copy.deepcopy(rng.choice(VALUES)))
	node.insert(rng.randint(0, len(node)), again)


def rename(tree):
	where = pick(tree, lambda p: isinstance(p[0], Pairs))
	node, i = where
	k, v = node[i]
	node[i] = (rng.choice([k.upper(), k + "x", k[:-1], k + "\u0000", "e\u0301" + k, k.title()]), v)


def number(tree):
	where = pick(tree, lambda p: isinstance(get(p), int) and not isinstance(get(p), bool))
	if where:
		n = get(where)
		set_(where, rng.choice([n + 1, n - 1, -n, n + 2**32, n + 2**64, n * 2, Raw(f"{n}.0"), Raw(f"{n}e0"),
			Raw(f"-{n}"), Raw(f"0{n}"), Raw(f"+{n}"), str(n), True, Raw(f"{n}.")]))


def text(tree):
	where = pick(tree, lambda p: isinstance(get(p), str) and get(p))
	if where:
		s = get(where)
		i = rng.randrange(len(s))
		set_(where, rng.choice([s[:i] + s[i + 1:], s[:i] + chr(rng.randrange(1, 0x250)) + s[i:], s.upper(),
			s.swapcase(), s + "\u0000", s + " ", " " + s, s[:i], s + s, s[:i] + "\u0301" + s[i:],
			s[:i] + "[" + s[i:], s[:i] + "*" + s[i:], s.replace("Z", "+00:00"),
			s.replace("Z", ".5Z"), s * 200]))


def array(tree):
	where = pick(tree, lambda p: type(get(p)) is list and get(p))
	if where:
		node = get(where)
		rng.choice([lambda: node.append(copy.deepcopy(node[0])), node.clear, node.reverse, node.pop,
			lambda: rng.shuffle(node), lambda: node.append(copy.deepcopy(rng.choice(VALUES)))])()


def keyids(tree):
	"""A key gets another id, everywhere or not, or is there under two."""
	where = pick(tree, lambda p: isinstance(p[0], Pairs) and isinstance(get(p), Pairs) and
		any(k == "keytype" for k, _ in get(p)))
	if not where:
		return
	node, i = where
	old, key = node[i]
	new = rng.choice(["k", old[:8], old.upper(), old + "00", "\u00e9", "k" * 128, "k" * 129,
		node[rng.randrange(len(node))][0]])
	if rng.random() < 0.6:
		node.insert(rng.randint(0, len(node)), (new, copy.deepcopy(key)))
	else:
		node[i] = (new, key)
	if rng.random() < 0.8:
		for p in places(tree):
			if type(get(p)) is list and old in get(p):
				get(p)[get(p).index(old)] = new
				if rng.random() < 0.5:
					get(p).append(old)
	renamed[old] = new


def threshold(tree):
	where = pick(tree, lambda p: isinstance(p[0], Pairs) and p[0][p[1]][0] == "threshold")
	if where:
		set_(where, rng.choice([0, 1, 2, 3, 4, -1, True, "1", 2**31, 2**53, 2**63, Raw("1.0"), None]))


def hashes(tree):
	"""Of what is listed: another algorithm, length, case; of metadata some at all."""
	where = pick(tree, lambda p: isinstance(get(p), Pairs) and any(
		k in ("version", "hashes") and isinstance(p[0], Pairs) for k, _ in get(p)))
	if not where:
		return
	name = where[0][where[1]][0]
	data = next((d for f, d in files.items() if f == name or f.endswith("." + name)), b"some bytes")
	alg = rng.choice(["sha256", "sha256", "sha256", "sha512", "sha384", "sha1", "md5", "SHA256", "blake2b", "sha3-256", "x"])
	good = hashlib.new(alg, data).hexdigest() if alg in hashlib.algorithms_guaranteed else "00"
	node = get(where)
	node[:] = [(k, v) for k, v in node if k != "hashes" or rng.random() < 0.3]
	node.append(("hashes", Pairs([(alg, rng.choice([good, good, good, good.upper(), good[:-2], "", "0" * len(good),
		"0" * len(good), good + "0", 1]))])))
	if rng.random() < 0.5:
		node[:] = [(k, v) for k, v in node if k != "length"]
		node.append(("length", rng.choice([len(data), len(data) - 1, len(data) + 1, 0, -1, 2**53])))


def patterns(tree):
	where = pick(tree, lambda p: isinstance(p[0], Pairs) and type(get(p)) is list and
		p[0][p[1]][0] in ("paths", "path_hash_prefixes"))
	if where:
		get(where)[:] = rng.sample(["a/*", "a/?", "*", "*/*", "[a]/x", "a\\/x", "?/x", "**", "a/**", "A/x",
			"", "0", "f", "00" * 33, "\u00e9", "a/x", "*x", "a*x", "a/[!y]", "/a/x"], rng.randrange(4))


def deep(tree):
	v = None
	for _ in range(rng.choice([5, 28, 30, 31, 32, 40, 200])):
		v = [v] if rng.random() < 0.5 else Pairs([("d", v)])
	tree.append(("deep", v))


ALTERATIONS = [value] * 6 + [other_value, remove, remove, add, add, twice, twice, rename, number, number, text,
	text, text, array, keyids, keyids, threshold, threshold, hashes, hashes, patterns, deep]
renamed = {}

# ---- and of what stands around it ----


def sign(signed_text, names, choose=lambda p: rng.random() < p):
	"""As python-tuf would read and sign it; what it could not is signed as something else."""
	try:
		message = encode_canonical(json.loads(signed_text)).encode("utf-8")
	except Exception:  # whatever it makes of it
		message = b"{}"
	out = {}
	for n in names:
		s = signers[n].sign(message)
		new = renamed.get(s.keyid, s.keyid)
		out.setdefault(new, s.signature)
		if new != s.keyid and choose(0.7):
			out.setdefault(s.keyid, s.signature)
	return [Pairs([("keyid", k), ("sig", v)]) for k, v in out.items()]


def signatures(list_):
	if rng.random() < 0.75 or not list_:
		return
	one = rng.choice(list_)
	rng.choice([
		lambda: list_.remove(one), lambda: list_.append(copy.deepcopy(one)), list_.reverse, list_.clear,
		lambda: list_.append(Pairs([("keyid", "00"), ("sig", "")])),
		lambda: list_.append(Pairs([("keyid", "00"), ("sig", "zz"), ("x", None)])),
		lambda: list_.append(copy.deepcopy(rng.choice(VALUES))),
		lambda: one.__setitem__(1, ("sig", one[1][1].upper())),
		lambda: one.__setitem__(1, ("sig", "")),
		lambda: one.__setitem__(1, ("sig", copy.deepcopy(rng.choice(VALUES)))),
		lambda: one.__setitem__(1, ("sig", one[1][1] + "00")),
		lambda: one.__setitem__(0, ("keyid", copy.deepcopy(rng.choice(VALUES)))),
		lambda: one.append(("sig", one[1][1])),
		lambda: one.append(("keyid", "x")),
		lambda: one.reverse(),
	])()


def bytes_(data):
	"""Some bytes of the file, unsigned."""
	data = bytearray(data)
	i = rng.randrange(len(data))
	kind = rng.randrange(8)
	if kind < 3:
		data[i] ^= 1 << rng.randrange(8)
	elif kind == 3:
		data[i:i] = rng.choice([b" ", b"\n", b"\0", b"\xef\xbb\xbf", b"\xff", b",", b"\x0c", b"/**/", b"\xc2\xa0"])
	elif kind == 4:
		del data[i:i + rng.randrange(1, 9)]
	elif kind == 5:
		data += rng.choice([b" ", b"\n\n", b"\0", b"{}", b"x", b"\x0b", b"]", b"\xc2\xa0"])
	elif kind == 6:
		data[:0] = rng.choice([b" ", b"\n", b"\xef\xbb\xbf", b"\0", b"\xff\xfe", b"\x0c"])
	else:
		del data[i:]
	return bytes(data)


def mutant():
	name = rng.choice(ALTERED)
	renamed.clear()
	if rng.random() < 0.15:
		return name, bytes_(files[name]), "bytes"
	tree = read(files[name].decode())
	signed = next(v for k, v in tree if k == "signed")
	did = []
	for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 3])):
		f = rng.choice(ALTERATIONS)
		did.append(f.__name__)
		if signed:
			f(signed)
	odd = rng.random() < 0.3
	signed_text = write(signed, odd)
	sigs = sign(signed_text, who[name])
	signatures(sigs)
	pairs = [("signed", Raw(signed_text)), ("signatures", sigs)]
	if rng.random() < 0.05:
		pairs.insert(rng.randrange(3), (rng.choice(["signed", "signatures", "x"]), copy.deepcopy(rng.choice(VALUES))))
	if rng.random() < 0.2:
		pairs.reverse()
	data = write(Pairs(pairs), odd).encode("utf-8", "surrogatepass")
	return name, bytes_(data) if rng.random() < 0.03 else data, "+".join(did) or "signatures"


# ---- the two clients ----

ON_THE_WAY = ("2.root.json", "timestamp.json", "1.snapshot.json", "1.targets.json")  # whatever is altered


class Memory(FetcherInterface):
	def __init__(self, name, data):
		self.name, self.data = name, data

	def _fetch(self, url):
		name = url.rsplit("/", 1)[1]
		data = self.data if name == self.name else files.get(name)
		if data is None:
			raise DownloadHTTPError("none", 404)
		yield data


def theirs(name, data):
	place = folder / "client"
	shutil.rmtree(place, ignore_errors=True)
	place.mkdir()
	try:
		up = Updater(str(place), "http://x/", str(place), "http://x/", fetcher=Memory(name, data),
			bootstrap=files["1.root.json"])
		up.refresh()
		found = up.get_targetinfo(TARGET)
		if found is None:
			return {"code": "no target"}
		trusted = up._trusted_set
		four = (trusted.root, trusted.timestamp, trusted.snapshot, trusted.targets)
		answer = {"code": "", "versions": [s.version for s in four],
			"expires": [int(s.expires.timestamp()) for s in four],
			"thresholds": [trusted.root.roles[r].threshold for r in TOP],
			"found": {"hashes": found.hashes, "length": found.length}}
		if name in ON_THE_WAY:
			md = Metadata.from_bytes(data)
			answer["canonical"] = CanonicalJSONSerializer().serialize(md.signed).hex()
		return answer
	except RecursionError:
		return {"code": "RecursionError"}
	except Exception as e:  # of any kind: the point is that it refuses
		return {"code": type(e).__name__, "text": str(e)[:200]}


ours = subprocess.Popen([tuftry, str(metadata), TARGET], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def ask_us(name, data):
	ours.stdin.write(f"{name} {len(data)}\n".encode() + data)
	ours.stdin.flush()
	return json.loads(ours.stdout.readline())


table = collections.Counter()
unexplained = 0
kinds = collections.Counter()


def keys_in(tree):
	"""Members of "keys"."""
	return [p for where in places(tree) if isinstance(where[0], Pairs) and
		where[0][where[1]][0] == "keys" and isinstance(get(where), Pairs)
		for p in ((get(where), i) for i in range(len(get(where))))]


def member(node, name):
	return next((v for k, v in node if k == name), None) if isinstance(node, Pairs) else None


def public(key):
	return member(member(key, "keyval"), "public")


PUBLICS = {public(get(p)) for data in files.values() for p in keys_in(read(data.decode()))}
TOP = ("root", "timestamp", "snapshot", "targets")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def by_words(refusal):
	return next((d for d, words in DIFFERENCES.items() if any(w in refusal for w in words)), None)


def why_they_alone(we, name, data):
	"""The difference, by its name."""
	if we["code"] != "tuf.threshold":
		return by_words(we["text"])
	tree = read(data.decode())
	publics = [public(get(p)) for p in keys_in(tree)]
	if len(set(map(str, publics))) < len(publics):
		return "thresholds count keys, not key ids"
	if any(p not in list(PUBLICS) for p in publics):
		return "a key is spelled in one way"
	if not TIME.fullmatch(str(member(member(tree, "signed"), "expires"))):
		return "what is signed is what was read, not what is written again"
	for signature in member(tree, "signatures"):
		for i, (k, v) in enumerate(signature):
			if k == "sig" and isinstance(v, str):
				signature[i] = (k, "".join(v.lower().split()))
	we = ask_us(name, write(tree).encode("utf-8", "surrogatepass"))
	if we["code"] == "" or by_words(we["text"]):
		return "a signature is hex in lower case, without blanks"
	return None


def why_we_alone(name, data):
	"""Repaired where we are known to take more, and signed again, both take it."""
	tree = read(data.decode())
	signed, why = member(tree, "signed"), []
	for i, (k, v) in enumerate(signed):
		if k == "expires" and not TIME.fullmatch(v):
			signed[i] = (k, "2099-01-01T00:00:00Z")
			why.append("times with fractions and offsets")
	for p in keys_in(signed):
		if public(get(p)) not in list(PUBLICS) or [member(get(p), k) for k in ("keytype", "scheme")] not in (
				["ed25519", "ed25519"], ["ecdsa", "ecdsa-sha2-nistp256"]):
			set_(p, Pairs([("keytype", "ed25519"), ("scheme", "ed25519"),
				("keyval", Pairs([("public", "00" * 32)]))]))
			why.append("a key that cannot be used counts for nobody")
	roles = member(signed, "roles")
	if name == "2.root.json" and any(k not in TOP for k, _ in roles):
		roles[:] = [(k, v) for k, v in roles if k in TOP]
		why.append("roles in root beside the four are not read")
	if not why:
		return None
	text = write(signed)
	again = write(Pairs([("signed", Raw(text)), ("signatures", sign(text, who[name], bool))]))
	return why[0] if theirs(name, again.encode())["code"] == "" else None


def complain(what, name, data, did, we, they):
	global unexplained
	unexplained += 1
	if unexplained <= 40:
		print(f"# {what}: {name}, {did}\n#   we: {we['code']} {we['text']} {we.get(what.split()[-1], '')}")
		print(f"#   they: {they['code']} {they.get('text', '')} {they.get(what.split()[-1], '')}")
		try:
			now, was = (json.dumps(json.loads(d)["signed"], indent=1).splitlines()
				for d in (data, files[name]))
			print("\n".join("#   " + line[:150] for line in difflib.unified_diff(was, now, n=1)))
		except Exception:
			print(f"#   {data[:1500]!r}")


assert ask_us("none", b"")["code"] == "" and theirs("none", b"")["code"] == ""
for _ in range(count):
	name, data, did = mutant()
	we, they = ask_us(name, data), theirs(name, data)
	kinds[did.split("+")[0]] += 1
	if we["code"] == "" and they["code"] == "":
		table["both take it"] += 1
		for what in ("versions", "expires", "thresholds", "found", "canonical"):
			if what in they and we[what] != they[what]:
				complain(f"another {what}", name, data, did, we,
					they | {"canonical": None})
				break
	elif we["code"] == "":
		why = why_we_alone(name, data)
		table[f"we alone: {why}"] += 1
		if why is None:
			complain("we alone take it", name, data, did, we, they)
	elif they["code"] == "":
		why = why_they_alone(we, name, data)
		table[f"they alone: {why}"] += 1
		if why is None:
			complain("they alone take it", name, data, did, we, they | {"canonical": None})
	else:
		table["both refuse it"] += 1
ours.stdin.close()
assert ours.wait() == 0
for what, n in sorted(table.items()):
	print(f"# {n:6} {what}")
print(f"# {dict(kinds)}")
print(f"{unexplained} of {count} are not explained")
# It would be of no use if nearly all of them were taken, or refused, by both.
sys.exit(unexplained != 0 or table["both take it"] < count / 8 or table["both refuse it"] < count / 4)
