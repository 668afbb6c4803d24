#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# The enclave's own repository in a bundle: taken whatever becomes of the images it comes with, and
# then judge of the seal itself.
. "$(dirname "$0")/../lib/vendors.sh"

tuf() {
	lw tuf "$@" >/dev/null 2>tuf.log || {
		cat tuf.log >&2
		return 1
	}
}
# policy RULES [APPROVER [MORE]]: published, with every key there is.
policy() {
	printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["%s"]}},
		"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]},
			"bob":{"keys":[{"kind":"key","file":"bob.pub"}]},
			"vendor":{"keys":[{"kind":"key","file":"vendor.pub"}]}},"images":[%s]%s}' \
		"${2:-alice}" "$1" "${3:-}" >policy.json
	tuf add trust policy.json=policy.json --key owner.key
}
codes() {
	jq -r '[.findings[] | select(.severity != "note").code] | join(" ")' out.log
}
events() { # COUNT: the last ones, with how they ended
	lw log export | tail -n "$1" | jq -r '[.event, .result, .reason] | join(" ")' | sed 's/ *$//' | paste -sd ,
}
believed() {
	lw trust show -o json | jq -r '.files[] | select(.name == "policy.json").digest[7:]'
}
is_believed() { # TEXT
	is "$1" "$(believed)" "$(sha256sum <policy.json | cut -c 1-64)"
}
# unchanged TEXT COMMAND...: of trust and store
unchanged() {
	local state objects

	state=$(trust_state) objects=$(stored_objects)
	"${@:2}"
	is "$1" "$(trust_state) $(stored_objects)" "$state $objects"
}
any='{"match":"**","evidence":"not-required"}'
signed='{"match":"**","require":[{"threshold":1,"of":["vendor"]}]}'
app=registry.acme.example/app

make_keys alice bob vendor owner mallory
tuf init trust --root owner.pub --key owner.key
tuf add trust alice.pub=alice.pub bob.pub=bob.pub vendor.pub=vendor.pub --key owner.key
policy "$any"
# shellcheck disable=SC2034 # for make_bundle
AUDIENCE=$(lw init --root trust/metadata/1.root.json --repository trust 2>/dev/null)
image layout 1 one >/dev/null
image layout 2 one two >/dev/null
cp -a enclave born && cp -a trust trust-born

# --- packed ------------------------------------------------------------------------------------------

make_bundle same.lwb --trust trust "$app:1=oci:layout:1" && approve same.lwb alice
exits 0 "it says what it brings" lw inspect same.lwb
like "as metadata" "$(cat out.log)" 'tuf: +enclave'
exits 2 "--tuf is for vendors" lw pack --tuf enclave=trust/metadata --sender acme --audience any \
	--expires P1D --marking X -o x.lwb
exits 2 "nothing at all to pack" lw pack --sender acme --audience any --expires P1D --marking X -o x.lwb
cp -a trust broken && rm -f broken/targets/*.bob.pub
exits 3 "a repository without one of its keys" lw pack --trust broken --sender acme --audience any \
	--expires P1D --marking X -o x.lwb
like "is not packed" "$(cat err.log)" 'repository enclave: tuf.missing: .*target bob.pub'
ok "nothing is left" [ ! -e x.lwb ]
accepted lw load same.lwb
is "what is here already is no news" "$(jq -c '[.trust.new, .trust.record]' out.log)" '[false,null]'
is "and no record of its own" "$(events 2)" "init done,load accepted"

# --- with a good image ----------------------------------------------------------------------------------

policy "$signed"
lw endorse "$app:2=oci:layout:2" --key vendor.key >/dev/null 2>&1
make_bundle good.lwb --trust trust "$app:2=oci:layout:2" && approve good.lwb alice
unchanged "verify takes nothing" accepted lw verify good.lwb
is "and judges by what a load would take" "$(jq -c '[.trust.new, .trust.record, [.trust.changes[].name]]' out.log)" \
	'[true,null,["policy.json"]]'
unchanged "diff takes nothing" exits 0 "diff of a bundle" lw trust diff good.lwb -o json
is "it tells the same" "$(jq -c '[.changes[].name]' out.log)" '["policy.json"]'
exits 0 "load" lw load good.lwb --by op --medium 17
like "says that it was taken" "$(cat out.log)" 'trust +taken, record [0-9]+; until'
like "and what became of the others" "$(cat out.log)" 'images judged again: 1, withheld: 1'
is "three records" "$(events 3)" "trust-update done,rejudge incomplete,load accepted"
is "the update's names the bundle" "$(lw log export | tail -n 3 | head -n 1 | jq -r '.detail | [.bundle, .claimed.by, .claimed.medium] | join(" ")')" \
	"$(lw inspect good.lwb -o json | jq -r .bundle) op 17"
is_believed "the new policy"

# A gc that was killed left the store to be swept, and the disk is full for a moment: it is swept
# when the load has ended, not when its trust was taken.
rm -rf enclave && cp -a born enclave
sqlite3 enclave/state.db "INSERT INTO queue (what) VALUES ('sweep')"
exits 0 "a load that is to sweep, too" env ASAN_OPTIONS="${ASAN_OPTIONS:-}:detect_leaks=0" \
	strace -f -qq -o strace.log -P "$T/enclave/state.db-wal" -e inject=pwrite64:error=ENOSPC:when=1 "$LW_BIN/landwaiter" load --sequential good.lwb
like "the disk was full" "$(cat strace.log)" 'ENOSPC.*INJECTED'
exits 0 "all of it is there" lw check --all
is "nothing is left to do" "$(sqlite3 enclave/state.db "SELECT count(*) FROM queue")" 0

# --- with a bad one: a revocation is not held up by it -----------------------------------------------------

renew() { # the enclave as it was born; the trust it has not seen yet in "trust"
	rm -rf enclave && cp -a born enclave
}
renew
make_bundle one.lwb "$app:1=oci:layout:1" && approve one.lwb alice
accepted lw load one.lwb
make_bundle bad.lwb --trust trust "$app:1=oci:layout:1" && approve bad.lwb alice
exits 3 "an image that the new trust refuses" lw load bad.lwb -o json
is "is refused by it" "$(codes)" policy.signer-missing
is "but trust is taken" "$(jq -c '.trust | [.new, .withheld]' out.log) $(events 3)" \
	"[true,1] trust-update done,rejudge incomplete,load refused policy.signer-missing"
is_believed "and believed"
is "what it withholds is withheld" "$(lw list -o json | jq -c '[.images[].pending]')" '[true]'
exits 3 "again: one record, no news" lw load bad.lwb -o json
is "as every refusal" "$(events 2)" "load refused policy.signer-missing,load refused policy.signer-missing"
# Damage behind the trust does not hold it up either; in it, nothing is taken.
renew
make_bundle large.lwb --trust trust "$app:2=oci:layout:2" && approve large.lwb alice
cp large.lwb cut.lwb && flip cut.lwb $(($(size_of cut.lwb) - 2000))
exits 4 "a layer is damaged" lw load cut.lwb -o json
is_believed "trust is taken"
renew
accepted lw load one.lwb
policy "$any" bob # which lets image 1 in as before
make_bundle lax.lwb --trust trust "$app:2=oci:layout:2" && approve lax.lwb alice
flip lax.lwb $(($(size_of lax.lwb) - 2000))
exits 4 "another, of trust by which the old images hold" lw load lax.lwb -o json
is "they are judged, and offered as before" "$(lw list -o json | jq -c '[.images[].pending]') $(jq -r \
	'[.manifests[].annotations["org.opencontainers.image.ref.name"]] | join(" ")' enclave/store/index.json)" "[false] $app:1"
rm large.lwb
policy "$signed"
make_bundle large.lwb --trust trust "$app:2=oci:layout:2" && approve large.lwb alice
renew
offset=$(entry_offset large.lwb "blobs/sha256/$(sha256sum <policy.json | cut -c 1-64)")
cp large.lwb cut.lwb && flip cut.lwb "$offset"
unchanged "a damaged policy is not taken" refused 4 content.digest lw load cut.lwb
unchanged "nor without the images" exits 4 "by itself" lw trust update cut.lwb -o json
like "for its bytes are others" "$(jq -r '.findings[].found' out.log)" 'targets%2F.*damaged: its bytes are'

# --- both trusts judge the seal -------------------------------------------------------------------------------

policy "$any" bob
renew
make_bundle to-bob.lwb --trust trust "$app:1=oci:layout:1"
cp to-bob.lwb bob-only.lwb
approve to-bob.lwb alice && approve bob-only.lwb bob
unchanged "the old trust does not know bob's seal" refused 3 seal.unapproved lw load bob-only.lwb
exits 3 "the new one does not know alice's" lw load to-bob.lwb -o json
is "says so" "$(codes)" seal.unapproved
is_believed "and is believed from then on"
is "no image came in" "$(lw list -o json | jq '.images | length')" 0
accepted lw load bob-only.lwb
renew
exits 0 "trust alone asks for no seal" lw trust update bob-only.lwb -o json
is "it is the repository's" "$(jq -c '[.changes[].name]' out.log)" '["policy.json"]'
is_believed "it is taken"
renew
approve to-bob.lwb bob
exits 0 "both know one of its approvers" lw load to-bob.lwb
# Freshness by the new trust, too.
policy "$any" alice ',"time":{"clock":"attested","threshold":2,"signers":["alice","bob"]}'
renew
make_bundle clock.lwb --trust trust "$app:1=oci:layout:1" && approve clock.lwb alice
exits 6 "no clock is believed any more" lw load clock.lwb -o json
is "so it says" "$(codes)" time.unknown
is_believed "the update was in time"

# --- trust and nothing else ---------------------------------------------------------------------------------

policy "$signed"
renew
make_bundle only.lwb --trust trust "$app:2=oci:layout:2" && approve only.lwb alice
exits 0 "--trust-only" lw load --trust-only only.lwb -o json
is "takes no image" "$(jq -c '[.verdict, .trust.new]' out.log) $(lw list -o json | jq '.images | length')" \
	'["accepted",true] 0'
is "one record, the update's" "$(events 2) $(jq .record.index out.log)" "init done,trust-update done $(($(record_count) - 1))"
is_believed "it is believed"
accepted lw load only.lwb
make_bundle none.lwb "$app:2=oci:layout:2" && approve none.lwb alice
unchanged "a bundle without any" refused 3 trust.absent lw load --trust-only none.lwb
exits 3 "nor is there anything to update from" lw trust update none.lwb -o json
is "which is said" "$(codes)" tuf.missing
renew
lw pack --trust trust --sender acme --audience "$AUDIENCE" --expires P1D --marking X -o alone.lwb >/dev/null 2>&1
approve alone.lwb alice
exits 0 "trust and no image" lw load alone.lwb
is_believed "a bundle of trust alone"

# --- what is no successor ---------------------------------------------------------------------------------------

no_successor() { # TEXT CODE BUNDLE
	unchanged "$1: trust is as it was" refused 3 "$2" lw load "$3"
	unchanged "$1, by itself" exits 3 "$1: trust update" lw trust update "$3" -o json
	is "$1: for the same reason" "$(codes)" "$2"
}
make_bundle old.lwb --trust trust-born "$app:2=oci:layout:2" && approve old.lwb alice
no_successor "an older repository" tuf.rollback old.lwb
tuf init stranger --root mallory.pub --key mallory.key
tuf add stranger policy.json=policy.json alice.pub=alice.pub bob.pub=bob.pub vendor.pub=vendor.pub --key mallory.key
make_bundle stranger.lwb --trust stranger "$app:2=oci:layout:2" && approve stranger.lwb alice
no_successor "somebody else's repository" tuf.threshold stranger.lwb
mkdir seen
while read -r name hex; do
	tar xOf only.lwb "blobs/sha256/$hex" >"seen/$name"
done < <(tar xOf only.lwb landwaiter/contents.json | jq -r '.tuf[0].files[] | .name + " " + .digest[7:]')
cp -a enclave kept
renew
"$LW_BIN/tools/forge" tuf 1 seen only.lwb whole.lwb alice.key
accepted lw verify whole.lwb
"$LW_BIN/tools/forge" tuf 2 seen only.lwb held-back.lwb alice.key
unchanged "a root that the sender saw is held back" refused 3 tuf.missing lw load held-back.lwb
rm -rf enclave && mv kept enclave
head -c 300000 /dev/urandom >noise.lwb
unchanged "noise" exits 4 "a file of noise" lw trust update noise.lwb -o json
is "is refused, and recorded" "$(codes), $(events 1)" "tuf.fetch, trust-update refused tuf.fetch"
head -c 270000 only.lwb >short.lwb
unchanged "a bundle cut short" exits 4 "a bundle cut short" lw trust update short.lwb
exits 1 "no such file" lw trust update nosuch.lwb
exits 2 "nor a file at all" lw trust update /dev/null

# A box that lies about where the files are: they do not follow, or it is broken.
mkdir bin && cp "$LW_BIN/landwaiter" bin/ && cp "$LW_BIN/tools/liar" bin/landwaiter-judge
for lie in carried-many carried-twice carried-name carried-digest carried-huge carried-far carried-trails \
	carried-other-word carried-elsewhere; do
	echo $lie >bin/lie
	code=evidence.box status=3
	[ $lie != carried-elsewhere ] || code=tuf.fetch status=4
	unchanged "a box that says $lie" exits $status "a box that says $lie" bin/landwaiter trust update only.lwb -o json
	is "so it is told" "$(codes)" $code
done
for lie in tuf-dies tuf-trails; do
	echo $lie >bin/lie
	unchanged "a box that $lie" exits 3 "a box that $lie" bin/landwaiter trust update trust -o json
	is "is its fault" "$(codes)" evidence.box
done

# --- expired trust takes its successor, and judges nothing else ------------------------------------------------------

until=$(lw trust show -o json | jq -r .until)
late="+$((($(date -d "$until" +%s) - $(date +%s)) / 86400 + 1))d"
at_last() {
	faketime -f "$late" "$LW_BIN/landwaiter" "$@"
}
at_last tuf renew trust --key owner.key >/dev/null 2>&1
at_last pack --trust trust --sender acme --audience "$AUDIENCE" --expires P1D --marking X -o late.lwb \
	"$app:2=oci:layout:2" >/dev/null 2>&1
at_last approve late.lwb --key alice.key --yes >/dev/null 2>&1
exits 3 "after its end" at_last load late.lwb -o json
is "nothing is judged by it" "$(codes)" trust.expired
is "but its successor is taken" "$(events 2)" "trust-update done,load refused trust.expired"
exits 0 "which judges the same bundle" at_last load late.lwb

# --- an enclave that has no repository -----------------------------------------------------------------------------

lw init --enclave hand --policy policy.json --trust alice.pub=alice.pub --trust bob.pub=bob.pub \
	--trust vendor.pub=vendor.pub >hand.id 2>/dev/null
sqlite3 hand/state.db "DELETE FROM value WHERE name IN ('trust.root', 'trust.until')"
lw pack --trust trust --sender acme --audience "$(cat hand.id)" --expires P1D --marking X -o hand.lwb \
	"$app:2=oci:layout:2" >/dev/null 2>&1
approve hand.lwb alice
exits 0 "does not read it" lw load hand.lwb --enclave hand -o json
is "and says so" "$(jq -r '[.findings[] | select(.code == "tuf.unused").object] | join(" ")' out.log)" enclave
exits 2 "and takes none" lw trust update hand.lwb --enclave hand
# --- in volumes -----------------------------------------------------------------------------------------------------

renew && rm -rf trust && cp -a trust-born trust
policy "$any" bob
"$LW_BIN/tools/mklayout" big big 1 2MiB 300KiB
make_bundle parts.lwb --trust trust --volume-size 1700KiB oci:big:b0
for v in 1 2; do approve parts.${v}of2.lwb alice; done
exits 3 "the volume without it" lw trust update parts.2of2.lwb
like "says where it is" "$(cat out.log)" 'stands in another volume'
exits 5 "nor does that load it alone" lw load --trust-only parts.2of2.lwb
exits 3 "the first has it" lw load --trust-only parts.1of2.lwb -o json
is "and nothing else is taken" "$(events 2), $(sql 'SELECT count(*) FROM pending')" \
	"trust-update done,load refused seal.unapproved, 0"
is_believed "what it brings"
renew
exits 0 "or by itself" lw trust update parts.1of2.lwb
renew
exits 5 "as images" lw load parts.1of2.lwb
exits 3 "it comes with the last, and judges the seal" lw load parts.2of2.lwb -o json
is "which it refuses" "$(codes), $(events 2)" \
	"seal.unapproved, trust-update done,load refused seal.unapproved"
approve parts.2of2.lwb bob
exits 0 "until its own approver is found" lw load parts.2of2.lwb
done_testing
