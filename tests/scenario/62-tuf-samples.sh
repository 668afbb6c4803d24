#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A repository that python-tuf made (tests/samples/tuf), and what is wrong with altered ones.
. "$(dirname "$0")/../lib/scenario.sh"

cp -r "$LW_TOP/tests/samples/tuf/repository" repo
chmod -R u+w repo
lw tuf show repo -o json >shown
is "versions, thresholds, keys, targets" "$(jq -c '.roles | map({(.role): [.version, .threshold,
	(.holders | map(.fingerprint) | sort), .targets]}) | add' shown)" \
	"$(jq -c . "$LW_TOP/tests/samples/tuf/answers.json")"
is "in the order of a search" "$(jq -r '[.roles[].role] | join(" ")' shown)" \
	"root targets project odd/role spread bin snapshot timestamp"
is "two of three signed root" "$(jq '[.roles[0].holders[] | select(.signed)] | length' shown)" 2
is "what was delegated" "$(jq -c '.roles[] | select(.depth > 0) | [.role, .paths,
	.pathHashPrefixes, .bins, .terminating]' shown | paste -sd ' ')" \
	'["project",["project/*","p?.txt"],null,null,true] ["odd/role",null,["0","8"],null,false] ["spread",["*"],null,null,false] ["bin",null,null,8,true]'

# alters STATUS TEXT FILE SED-SCRIPT
alters() {
	cp "repo/metadata/$3" kept
	sed -i "$4" "repo/metadata/$3"
	! cmp -s kept "repo/metadata/$3" || fail "$2: not altered"
	exits "$1" "$2" lw tuf show repo
	exits "$1" "$2: not gone on with" lw tuf renew repo
	cp kept "repo/metadata/$3"
}
alters 3 "a threshold lowered" 3.root.json 's/"threshold":2/"threshold":1/'
alters 3 "an older root altered" 2.root.json 's/2099/2098/'
alters 3 "a version altered" 2.targets.json 's/"version":2/"version":3/'
alters 3 "a target altered" 2.targets.json 's/file1/file9/'
alters 3 "a snapshot altered" 2.snapshot.json 's/2099/2098/'
alters 3 "a timestamp altered" timestamp.json 's/2099/2098/'
alters 3 "a delegated role altered" 1.project.json 's/2099/2098/'
alters 3 "one with a quoted name" 1.odd%2Frole.json 's/2099/2098/'
alters 3 "a bin altered" 1.bin-3.json 's/2099/2098/'
alters 3 "other bytes than the timestamp lists" 2.snapshot.json '1s/{/{ /'
alters 3 "other bytes than the snapshot lists" 2.targets.json '1s/{/{ /'
alters 3 "as many other bytes" 2.targets.json \
	's/"keyid":"\([^"]*\)","sig":"\([^"]*\)"/"sig":"\2","keyid":"\1"/'
alters 3 "no JSON" 1.bin-3.json '1s/{/[/'
alters 1 "a snapshot that is not there" timestamp.json 's/"version":2/"version":1/'
for file in 2.root.json timestamp.json 2.snapshot.json 2.targets.json 1.project.json 1.bin-0.json; do
	mv "repo/metadata/$file" kept
	exits 1 "without $file" lw tuf show repo
	ln -s ../../kept "repo/metadata/$file"
	exits 3 "$file as a link" lw tuf show repo
	rm "repo/metadata/$file"
	mv kept "repo/metadata/$file"
done
exits 0 "unaltered" lw tuf show repo
exits 0 "a change to it" lw tuf renew repo
is "lists what it listed, and as it was" "$(jq -c '.next.snapshot.signed.meta | keys' \
	repo/change.lwc)" "$(jq -c '.signed.meta | keys' repo/metadata/2.snapshot.json)"
exits 5 "which nobody here can sign" lw tuf publish repo
done_testing
