# SPDX-License-Identifier: Apache-2.0
"""See make-tuf.sh."""

import copy
import hashlib
import json
import pathlib
import sys
from datetime import datetime, timezone
from urllib.parse import quote

from cryptography.hazmat.primitives import serialization
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot,
	SuccinctRoles, TargetFile, Targets, Timestamp)

EXPIRES = datetime(2099, 1, 1, tzinfo=timezone.utc)
out = pathlib.Path(sys.argv[1])
metadata, targets_dir, keys_dir = out / "repository/metadata", out / "repository/targets", out / "keys"
for folder in (metadata, targets_dir, keys_dir):
	folder.mkdir(parents=True)


def signer(name, make=CryptoSigner.generate_ed25519):
	s = make()
	(keys_dir / f"{name}.key").write_bytes(s._private_key.private_bytes(
		serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
		serialization.NoEncryption()))
	return s


def rsa():
	return CryptoSigner.generate_rsa(size=3072)


signers = {
	"root-1": signer("root-1"),
	"root-2": signer("root-2", CryptoSigner.generate_ecdsa),
	"root-3": signer("root-3", rsa),
	"root-4": signer("root-4"),
	"targets": signer("targets", rsa),
	"snapshot": signer("snapshot", CryptoSigner.generate_ecdsa),
	"timestamp": signer("timestamp"),
	"old-timestamp": signer("old-timestamp"),
	"project": signer("project"),
	"bins": signer("bins", CryptoSigner.generate_ecdsa),
}


def write(role, md, who, name=None):
	md.signatures.clear()
	for w in who:
		md.sign(signers[w], append=True)
	name = name or f"{md.signed.version}.{quote(role, '')}.json"
	md.to_file(str(metadata / name))


def target(path, data):
	info = TargetFile.from_data(path, data, ["sha256", "sha512"])
	for digest in info.hashes.values():
		place = targets_dir / pathlib.Path(path).parent / f"{digest}.{pathlib.Path(path).name}"
		place.parent.mkdir(parents=True, exist_ok=True)
		place.write_bytes(data)
	return info


# Three roots: two of three, one of them replaced, and another timestamp key.
root = Metadata(Root(expires=EXPIRES, consistent_snapshot=True))
for name in ("root-1", "root-2", "root-3"):
	root.signed.add_key(signers[name].public_key, "root")
root.signed.roles["root"].threshold = 2
root.signed.add_key(signers["targets"].public_key, "targets")
root.signed.add_key(signers["snapshot"].public_key, "snapshot")
root.signed.add_key(signers["old-timestamp"].public_key, "timestamp")
root.signed.unrecognized_fields["x-other"] = {"b": 1, "a": None, "text": "caf\u00e9 \"\\"}
write("root", root, ["root-1", "root-2"])
root.signed.version = 2
root.signed.revoke_key(signers["root-1"].public_key.keyid, "root")
root.signed.add_key(signers["root-4"].public_key, "root")
write("root", root, ["root-1", "root-2", "root-3", "root-4"])
root.signed.version = 3
root.signed.revoke_key(signers["old-timestamp"].public_key.keyid, "timestamp")
root.signed.add_key(signers["timestamp"].public_key, "timestamp")
write("root", root, ["root-3", "root-4"])

# A role by path, one by hash of the path whose name has to be quoted, bins below the first.
targets = Metadata(Targets(expires=EXPIRES))
targets.signed.targets = {p: target(p, p.encode()) for p in ("file1.txt", "dir/file2.txt")}
targets.signed.targets["file1.txt"].unrecognized_fields["custom"] = {"any": ["thing", True]}
targets.signed.unrecognized_fields["x-other"] = {"kept": [1, 2, {}]}
project, bins_key = signers["project"].public_key, signers["bins"].public_key
targets.signed.delegations = Delegations({project.keyid: project}, {
	"project": DelegatedRole("project", [project.keyid], 1, True, paths=["project/*", "p?.txt"]),
	"odd/role": DelegatedRole("odd/role", [project.keyid], 1, False,
		path_hash_prefixes=["0", "8"]),
	"spread": DelegatedRole("spread", [project.keyid], 1, False, paths=["*"]),
})
write("targets", targets, ["targets"])
targets.signed.version = 2
write("targets", targets, ["targets"])
delegated = {}
for role in ("project", "odd/role", "spread"):
	delegated[role] = (Metadata(Targets(expires=EXPIRES)), ["project"])
delegated["project"][0].signed.targets = {"p1.txt": target("p1.txt", b"p1")}
succinct = SuccinctRoles([bins_key.keyid], 1, 3, "bin")
delegated["spread"][0].signed.delegations = Delegations(
	{bins_key.keyid: bins_key}, succinct_roles=succinct)
for role in succinct.get_roles():
	delegated[role] = (Metadata(Targets(expires=EXPIRES)), ["bins"])
for path in ("one", "in/two", "three"):
	delegated[succinct.get_role_for_target(path)][0].signed.targets[path] = \
		target(path, path.encode())
for role, (md, who) in delegated.items():
	write(role, md, who)

# A snapshot with lengths and hashes for some.
snapshot = Metadata(Snapshot(version=2, expires=EXPIRES))
data = (metadata / "2.targets.json").read_bytes()
snapshot.signed.meta["targets.json"] = MetaFile(2, len(data),
	{"sha256": hashlib.sha256(data).hexdigest()})
for role in delegated:
	snapshot.signed.meta[f"{role}.json"] = MetaFile(1)
write("snapshot", snapshot, ["snapshot"])
timestamp = Metadata(Timestamp(version=3, expires=EXPIRES))
data = (metadata / "2.snapshot.json").read_bytes()
timestamp.signed.snapshot_meta = MetaFile(2, len(data),
	{"sha256": hashlib.sha256(data).hexdigest()})
write("timestamp", timestamp, ["timestamp"], "timestamp.json")


# What it says of them: the fingerprint is that of the public key, whatever spells it.
def fingerprint(key):
	public = next(s for s in signers.values() if s.public_key.keyid == key)._private_key
	der = public.public_key().public_bytes(serialization.Encoding.DER,
		serialization.PublicFormat.SubjectPublicKeyInfo)
	return "sha256:" + hashlib.sha256(der).hexdigest()


def answer(md, role):
	return [md.signed.version, role.threshold, sorted(map(fingerprint, role.keyids)),
		len(md.signed.targets) if isinstance(md.signed, Targets) else 0]


answers = {}
for role, md in (("root", root), ("targets", targets), ("snapshot", snapshot),
		("timestamp", timestamp)):
	answers[role] = answer(md, root.signed.roles[role])
for name, role in targets.signed.delegations.roles.items():
	answers[name] = answer(delegated[name][0], role)
answers["bin"] = answer(copy.deepcopy(delegated["bin-0"][0]), succinct)
answers["bin"][3] = 3
(out / "answers.json").write_text(json.dumps(answers, sort_keys=True, indent=1) + "\n")
