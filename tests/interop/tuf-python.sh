#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# python-tuf, the reference implementation, and our TUF repositories: its client follows one of
# ours from the first root through everything that can be done to it, step by step and from the
# start; it checks each file that we write; and we read, and go on with, what it writes.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/python-tuf.sh"
python_tuf "$LW_TOP/build/interop"

tuf() {
	lw tuf "$@"
}

client() { # STATE [TARGET...]
	tuf_python "$LW_TOP/tests/interop/tuf-client.py" repo "$@"
}

# follows VERSIONS [TARGET=FILE...]: one client that has been here since the beginning and one
# that begins now see root, timestamp, snapshot and targets in these versions, and these bytes;
# FILE "-": no such target.
follows() {
	local state want=$1 expected="{}" target names=()

	shift
	for target in "$@"; do
		names+=("${target%%=*}")
		[ "${target#*=}" = - ] && digest=null ||
			digest=\"$(sha256sum <"${target#*=}" | cut -d ' ' -f 1)\"
		expected=$(jq -c --arg t "${target%%=*}" ".[\$t] = $digest" <<<"$expected")
	done
	rm -rf new
	for state in since new; do
		client $state "${names[@]}" >answer 2>client.log || {
			tail -n 3 client.log
			return 1
		}
		[ "$(jq -c '[(.versions | "\(.root) \(.timestamp) \(.snapshot) \(.targets)"),
			.found]' answer)" = "[\"$want\",$expected]" ] || {
			echo "$state: want $want, $expected"
			cat answer
			return 1
		}
	done
}

# Every file of ours as python-tuf reads it, and what it would have signed.
cat >each.py <<PYTHON
import sys
from tuf.api.metadata import Metadata
from tuf.api.serialization.json import CanonicalJSONSerializer

for name in sys.argv[1:]:
	with open(name, "rb") as f:
		m = Metadata.from_bytes(f.read())
	again = Metadata.from_dict(m.to_dict())
	assert m == again, name
	assert CanonicalJSONSerializer().serialize(m.signed) == \\
		CanonicalJSONSerializer().serialize(again.signed), name
	assert m.signatures and all(s.signature for s in m.signatures.values()), name
PYTHON

publish() { # KEY...
	local who

	for who in "$@"; do
		tuf sign repo/change.lwc --key "$who.key" --yes >/dev/null 2>sign.log || {
			cat sign.log
			return 1
		}
	done
	tuf publish repo >/dev/null 2>publish.log || {
		cat publish.log
		return 1
	}
}

make_keys alice bob dave
for key in bob-2:p256 targets:rsa3072 targets-2:p256 snapshot:p384 snapshot-2:ed25519 \
	timestamp:p521 timestamp-2:rsa4096; do
	lw keygen --no-passphrase --type "${key#*:}" "${key%:*}" >/dev/null 2>&1
done
echo one >one
echo two >two

tuf init repo --root alice.pub --root bob.pub --targets targets.pub --snapshot snapshot.pub \
	--timestamp timestamp.pub >/dev/null 2>&1
ok "a first version with five kinds of key" publish alice bob targets snapshot timestamp
ok "python-tuf reads it" follows "1 1 1 1" one=-
tuf add repo one dir/two=two >/dev/null 2>&1
ok "targets are added" publish targets snapshot timestamp
ok "... and found" follows "1 2 2 2" one=one dir/two=two
tuf delegate repo release --holder dave.pub --path 'release/*' --terminating --until P30D \
	>/dev/null 2>&1
ok "a delegation by path" publish targets dave snapshot timestamp
tuf add repo release/x=two --role release >/dev/null 2>&1
ok "a target under it" publish dave snapshot timestamp
ok "... is found" follows "1 4 4 3" release/x=two release/y=-
tuf delegate repo low --holder dave.pub --path-hash 0 --path-hash 1 --path-hash 2 \
	--path-hash 3 --path-hash 4 --path-hash 5 --path-hash 6 --path-hash 7 >/dev/null 2>&1
tuf delegate repo high --holder dave.pub --path '*' >/dev/null 2>&1
tuf delegate repo bin --by high --holder dave.pub --bins 32 >/dev/null 2>&1
ok "delegations by hash, and 32 bins" publish targets dave snapshot timestamp
low=() high=()
for i in {1..16}; do
	if [[ $(printf 't%d' "$i" | sha256sum) == [0-7]* ]]; then
		low+=("t$i=one")
	else
		high+=("t$i=two")
	fi
done
tuf add repo "${low[@]}" --role low >/dev/null 2>&1
tuf add repo "${high[@]}" --role bin >/dev/null 2>&1
ok "targets in both" publish dave snapshot timestamp
ok "... are found" follows "1 6 6 4" "${low[@]}" "${high[@]}" t17=- one=one
tuf rotate repo bob=bob-2.pub >/dev/null 2>&1
ok "root is rotated" publish alice bob bob-2
ok "... which is followed" follows "2 6 6 4" one=one
tuf key repo root --add dave.pub --threshold 2 >/dev/null 2>&1
ok "root has three holders" publish alice bob-2
tuf rotate repo targets=targets-2.pub snapshot=snapshot-2.pub timestamp=timestamp-2.pub \
	>/dev/null 2>&1
ok "the others are rotated, all at once" publish alice dave targets-2 snapshot-2 timestamp-2
ok "... which is followed" follows "4 7 7 5" one=one release/x=two "${high[0]}"
tuf delegate repo release --end >/dev/null 2>&1
tuf remove repo one >/dev/null 2>&1
ok "a delegation ends, a target goes" publish targets-2 snapshot-2 timestamp-2
ok "... which is followed" follows "4 8 8 6" release/x=- one=- dir/two=two
tuf renew repo >/dev/null 2>&1
ok "everything is renewed" publish dave targets-2 snapshot-2 timestamp-2
ok "... which is followed" follows "4 9 9 7" dir/two=two "${low[0]}"
ok "python-tuf reads each file, and writes it alike" tuf_python each.py repo/metadata/*.json

# --- what it writes -------------------------------------------------------------------------------

ok "python-tuf makes a repository" "$LW_TOP/tests/samples/make-tuf.sh" made
mv repo ours
mv made/repository repo
rm -rf since new
tuf show repo -o json >shown
is "we read it alike" "$(jq -c '.roles | map({(.role): [.version, .threshold,
	(.holders | map(.fingerprint) | sort), .targets]}) | add' shown)" \
	"$(jq -c . made/answers.json)"
is "all of its keys can be used" "$(jq '[.roles[].holders[].supported] | all' shown)" true
exits 0 "we go on with it" tuf add repo one --key made/keys/targets.key \
	--key made/keys/snapshot.key --key made/keys/timestamp.key
ok "... and it reads that" follows "3 4 3 3" one=one file1.txt=repo/targets/"$(
	jq -r '.signed.targets["file1.txt"].hashes.sha256' repo/metadata/3.targets.json)".file1.txt
ok "what we do not know is still there" jq -e '.signed["x-other"].kept == [1, 2, {}]' \
	repo/metadata/3.targets.json
done_testing
