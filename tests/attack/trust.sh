#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Trust that is gone, empty or damaged is no trust: with any key or the policy missing nothing is
# accepted (the class of a verifier that skips the check when its key is not there), and a
# database with another schema than ours is not used (CVE-2022-35737 and its kind).

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob carol mallory
make_enclave 2 alice bob carol
make_bundle one.lwb
approve one.lwb alice bob
cp -a enclave enclave.good

# An enclave as it was, then changed by sqlite3.
changed() { # SQL
	rm -rf enclave
	cp -a enclave.good enclave
	sqlite3 -batch enclave/state.db "$1" >/dev/null
}

counts() {
	sqlite3 -batch enclave/state.db \
		'SELECT (SELECT count(*) FROM image), (SELECT count(*) FROM blob),
			(SELECT count(*) FROM bundle), (SELECT count(*) FROM sender)'
}

# never NAME: whatever the exit says, it is not 0, and nothing is loaded.
never() {
	local exit=0

	lw load one.lwb -o json >out.log 2>err.log || exit=$?
	if [ $exit -eq 0 ] || [ $exit -gt 6 ] || grep -q '"accepted"' out.log; then
		fail "$1" "exit $exit" "$(cat out.log err.log)"
	elif [ "$(counts)" != '0|0|0|0' ] || [ "$(ls enclave/store/blobs/sha256)" != "" ]; then
		fail "$1" "something was loaded: $(counts)"
	elif ! [ -s err.log ] && ! [ -s out.log ]; then
		fail "$1" "it says nothing"
	else
		pass "$1: exit $exit"
	fi
}

mapfile -t files < <(sqlite3 -batch enclave.good/state.db 'SELECT name FROM trust ORDER BY name')
is "what there is to damage" "${#files[@]}" 4
for file in "${files[@]}"; do
	changed "DELETE FROM trust WHERE name = '$file'"
	never "mender-6495: $file deleted"
	changed "UPDATE trust SET bytes = x'' WHERE name = '$file'"
	never "mender-6495: $file empty"
	changed "UPDATE trust SET bytes = substr(bytes, 1, length(bytes) / 2) WHERE name = '$file'"
	never "mender-6495: $file cut"
	changed "UPDATE trust SET bytes = CAST(bytes || x'00' AS BLOB) WHERE name = '$file'"
	never "$file with a NUL after it"
	changed "UPDATE trust SET bytes = randomblob(length(bytes)) WHERE name = '$file'"
	never "$file as noise"
	changed "UPDATE trust SET bytes = zeroblob(5000000) WHERE name = '$file'"
	never "$file as five million zeros"
	changed "UPDATE trust SET name = name || 'x' WHERE name = '$file'"
	never "$file under another name"
done
changed "DELETE FROM trust"
never "mender-6495: no trust at all"
for who in alice bob; do
	changed "UPDATE trust SET bytes = (SELECT bytes FROM trust WHERE name LIKE 'keys/carol%')
		WHERE name LIKE 'keys/$who%'"
	never "one key under two people ($who's is carol's)"
done

# Policies that say less than they seem to.
policy() { # NAME JQ-FILTER
	local text

	text=$(sqlite3 -batch enclave.good/state.db \
		"SELECT CAST(bytes AS TEXT) FROM trust WHERE name = 'policy.json'" | jq -c "$2")
	changed "UPDATE trust SET bytes = CAST('$text' AS BLOB) WHERE name = 'policy.json'"
	never "policy: $1"
}
policy "threshold 0" '.senders.acme.threshold = 0'
policy "threshold -1" '.senders.acme.threshold = -1'
policy "threshold above the people" '.senders.acme.threshold = 4'
policy "threshold as text" '.senders.acme.threshold = "1"'
policy "no threshold" 'del(.senders.acme.threshold)'
policy "no signers" '.senders.acme.signers = []'
policy "one signer twice" '.senders.acme.signers = ["alice", "alice", "bob"]'
policy "an unknown signer" '.senders.acme.signers += ["eve"]'
policy "all signers one person" '.signers.alice.owner = "x" | .signers.bob.owner = "x"
	| .signers.carol.owner = "x"'
policy "two approvals of one person" '.signers.alice.owner = "x" | .signers.bob.owner = "x"'
policy "no senders" '.senders = {}'
policy "no image rules" '.images = []'
policy "another image rule" '.images[0].match = "registry.elsewhere/**"'
policy "a rule of a later version" '.images[0].tuf = "acme"'
policy "an unknown member" '.permissive = true'
policy "an unknown member of a sender" '.senders.acme.skip = true'
policy "another format" '.format = "landwaiter-policy/2"'
policy "a key of an unknown kind" '.signers.alice.keys[0].kind = "none"'
policy "clock attested by nobody" '.time = {"clock": "attested"}'

# A hostile or damaged database.
changed "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM trust; END"
never "cve-2022-35737: a trigger in the schema"
changed "CREATE VIEW v AS SELECT load_extension('/tmp/x')"
never "cve-2022-35737: a view in the schema"
changed "CREATE TABLE more (a)"
never "another table in the schema"
changed "CREATE INDEX more ON image (zone)"
never "another index in the schema"
changed "DROP TABLE queue"
never "a table less"
changed "ALTER TABLE bundle RENAME COLUMN sequence TO sequences"
never "a column of another name"
changed "PRAGMA user_version = 99"
never "a schema of a later version"
changed "PRAGMA application_id = 1"
never "a database of another program"
changed "DELETE FROM value WHERE name = 'identity'"
never "no identity"
changed "UPDATE value SET value = 'x' WHERE name = 'identity'" 2>/dev/null || true
changed "UPDATE value SET value = x'00' WHERE name = 'identity'"
never "another identity"
changed "UPDATE value SET value = 'text' WHERE name = 'trust.version'" 2>/dev/null || true
for damage in cut noise empty none text folder; do
	rm -rf enclave
	cp -a enclave.good enclave
	case $damage in
	cut) truncate -s 10000 enclave/state.db ;;
	noise) head -c 40000 /dev/urandom >enclave/state.db ;;
	empty) : >enclave/state.db ;;
	none) rm enclave/state.db ;;
	text) printf 'SQLite format 3\0garbage' >enclave/state.db ;;
	folder) rm enclave/state.db && mkdir enclave/state.db ;;
	esac
	exit=0
	lw load one.lwb -o json >out.log 2>err.log || exit=$?
	if [[ $exit == [12] ]] && [ "$(ls enclave/store/blobs/sha256)" = "" ]; then
		pass "state.db: $damage"
	else
		fail "state.db: $damage" "exit $exit" "$(cat out.log err.log)"
	fi
done
for mode in 0777 0770 0722 01777; do
	rm -rf enclave
	cp -a enclave.good enclave
	chmod $mode enclave
	never "others may write to the enclave's folder: $mode"
	chmod 0700 enclave
done
chmod 0666 enclave/state.db
never "others may write to the state"
changed "UPDATE record SET idx = 9007199254740993 WHERE idx = 0"
never "a record of an impossible number"
for damage in none empty other; do
	rm -rf enclave
	cp -a enclave.good enclave
	case $damage in
	none) rm enclave/identity.json ;;
	empty) : >enclave/identity.json ;;
	other) sed -i 's/enclave/Enclave/' enclave/identity.json ;;
	esac
	never "identity.json: $damage"
done

rm -rf enclave
cp -a enclave.good enclave
accepted lw load one.lwb

# --- words that are no text -----------------------------------------------------------------------

none=$'x\xff'
for words in "--sender $none --threshold 1 --approver alice=alice.pub" \
	"--sender acme --threshold 1 --approver $none=alice.pub" \
	"--sender acme --threshold 1 --approver alice=alice.pub --max-age $none" \
	"--sender acme --threshold 1 --approver alice=alice.pub --clock $none"; do
	# shellcheck disable=SC2086 # words they are
	exits 2 "init ${words//$none/x..}" lw init --enclave none $words
	fails "and nothing is there" test -e none
done
done_testing
