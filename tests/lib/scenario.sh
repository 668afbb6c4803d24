# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What scenarios and attacks share. They run the real programs ($LW_BIN, build/release otherwise)
# in a folder of their own ($T, the working directory), which is gone afterwards:
#
#	. "$(dirname "$0")/../lib/scenario.sh"
#	make_keys alice bob carol
#	make_enclave 2 alice bob carol
#	make_bundle one.lwb
#	approve one.lwb alice
#	refused 5 seal.threshold lw load one.lwb
#	done_testing
#
# tests/lib/tap.sh has ok, is, fails ...; any command that fails outside of those ends the script,
# and so fails it. What is checked about the state is read with sqlite3, not with our own code.

set -euo pipefail

. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

LW_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
LW_BIN=${LW_BIN:-build/release}
[[ $LW_BIN == /* ]] || LW_BIN=$LW_TOP/$LW_BIN
T=$(mktemp -d "${TMPDIR:-/tmp}/landwaiter-test.XXXXXX")
scenario_end() { # [STATUS]
	local status=${1:-$?}

	cd /
	chmod -R u+rwx "$T" 2>/dev/null || true
	rm -rf "$T"
	exit "$status"
}
trap scenario_end EXIT
trap 'exit 1' INT TERM
trap 'printf "# ended at line %s: %s\n" "$LINENO" "$BASH_COMMAND"' ERR
cd "$T"

export HOME=$T LC_ALL=C TZ=UTC NO_COLOR=1
export LANDWAITER_ENCLAVE=$T/enclave LANDWAITER_SENDER_DIR=$T/sender
unset SOURCE_DATE_EPOCH
# With faketime in front of it, too, and with its reports where `expect` sees them.
export ASAN_OPTIONS=${ASAN_OPTIONS:-abort_on_error=1:verify_asan_link_order=0}

lw() {
	"$LW_BIN/landwaiter" "$@"
}

# --- making things ----------------------------------------------------------------------------

# make_keys WHO...: WHO.key and WHO.pub, without passphrases, Ed25519.
make_keys() {
	local who

	for who in "$@"; do
		lw keygen --no-passphrase "$who" >keygen.log 2>&1 || {
			cat keygen.log >&2
			return 1
		}
	done
}

# make_enclave THRESHOLD WHO... [-- OPTION...]: in $LANDWAITER_ENCLAVE, admitting sender "acme".
# $AUDIENCE is its identity.
make_enclave() {
	local threshold=$1 options=()

	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		options+=(--approver "$1=$1.pub")
		shift
	done
	[ $# -eq 0 ] || shift
	AUDIENCE=$(lw init --sender acme --threshold "$threshold" "${options[@]}" "$@" \
		2>init.log) || {
		cat init.log >&2
		return 1
	}
}

# make_layout DIR [COUNT]: COUNT (1) small images, tagged as mklayout says (see its head).
make_layout() {
	"$LW_BIN/tools/mklayout" small "$1" "${2:-1}"
}

# make_bundle FILE [OPTION-OR-SOURCE...]: sealed by nobody yet. What is not said: from "acme", for
# $AUDIENCE, for 20 days, marked TEST; the first image of a small layout, made where it is missing.
make_bundle() {
	local file=$1 words=" ${*:2} " defaults=()

	shift
	[[ $words == *" --sender "* ]] || defaults+=(--sender acme)
	[[ $words == *" --audience "* ]] || defaults+=(--audience "$AUDIENCE")
	[[ $words == *" --expires "* ]] || defaults+=(--expires P20D)
	[[ $words == *" --marking "* ]] || defaults+=(--marking TEST)
	if [[ $words != *oci:* ]]; then
		[ -e layout ] || make_layout layout
		defaults+=("registry.example/test/app:1=oci:layout:$(first_tag layout)")
	fi
	lw pack "$@" "${defaults[@]}" -o "$file" >pack.log 2>&1 || {
		cat pack.log >&2
		return 1
	}
}

first_tag() { # LAYOUT
	jq -r '[.manifests[].annotations["org.opencontainers.image.ref.name"] // empty][0]' \
		"$1/index.json"
}

# approve FILE WHO...: each signs in place, unattended.
approve() {
	local file=$1 who

	shift
	for who in "$@"; do
		lw approve "$file" --key "$who.key" --yes >/dev/null 2>approve.log || {
			cat approve.log >&2
			return 1
		}
	done
}

# --- looking at things ------------------------------------------------------------------------

# sql QUERY: asked of a copy of the state, so that looking changes nothing.
sql() {
	local file status=0

	rm -rf "$T/.state"
	mkdir "$T/.state"
	for file in state.db state.db-wal; do
		[ ! -e "$LANDWAITER_ENCLAVE/$file" ] ||
			cp "$LANDWAITER_ENCLAVE/$file" "$T/.state/"
	done
	sqlite3 -batch "$T/.state/state.db" "$1" || status=$?
	return $status
}

# All that the enclave believes, hashed: every table but the rows of the book.
trust_state() {
	sql .dump | grep -v '^INSERT INTO record ' | sha256sum | cut -d ' ' -f 1
}

# The names and sizes of all stored blobs, hashed; what is staged elsewhere does not count.
stored_objects() {
	(cd "$LANDWAITER_ENCLAVE/store" && find blobs index.json -type f -printf '%P %s\n' |
		sort | sha256sum | cut -d ' ' -f 1)
}

record_count() {
	sql 'SELECT count(*) FROM record'
}

last_record() {
	sql 'SELECT CAST(leaf AS TEXT) FROM record ORDER BY idx DESC LIMIT 1'
}

# expect STATUS COMMAND...: runs it, keeps its words in out.log and err.log. True if the exit
# status is that one; sanitizer reports and deaths by a signal are never expected.
expect() {
	local expected=$1 status=0

	shift
	"$@" >out.log 2>err.log || status=$?
	if [ "$status" -ne "$expected" ] ||
		grep -qE 'ERROR: (Address|Leak|Undefined)|runtime error:' err.log; then
		printf 'exit %s, expected %s: %s\n' "$status" "$expected" "$*"
		cat out.log err.log
		return 1
	fi
}

# exits STATUS TEXT COMMAND...
exits() {
	ok "$2" expect "$1" "${@:3}"
}

declare -A outcome_of=([0]=accepted [1]=error [3]=refused [4]=damaged [5]=incomplete
	[6]=time-untrusted)

# refused STATUS CODE COMMAND...: the command (lw verify or lw load, with its arguments; `-o json`
# is added) ends with STATUS, gives that verdict with a finding CODE which says what to do next,
# leaves trust and store as they were, and adds exactly one record, which names the reason.
refused() {
	ok "exit $1, $2: ${*:3}" refused_check "$@"
}

refused_check() {
	local status=$1 code=$2 state objects records problem=0

	shift 2
	state=$(trust_state)
	objects=$(stored_objects)
	records=$(record_count)
	expect "$status" "$@" -o json || problem=1
	jq -e --arg code "$code" --arg verdict "${outcome_of[$status]}" --argjson exit "$status" '
		.format == "landwaiter-verdict/1" and .verdict == $verdict and .exit == $exit
		and any(.findings[]; .code == $code and (.next | length) > 0)
	' out.log >/dev/null || {
		echo "the verdict is another:"
		cat out.log
		problem=1
	}
	[ "$state" = "$(trust_state)" ] || { echo "trust changed" && problem=1; }
	[ "$objects" = "$(stored_objects)" ] || { echo "the store changed" && problem=1; }
	[ $((records + 1)) -eq "$(record_count)" ] || {
		echo "$records records became $(record_count)"
		problem=1
	}
	jq -e --arg code "$code" '.reason == $code' <<<"$(last_record)" >/dev/null || {
		echo "the record gives another reason: $(last_record)"
		problem=1
	}
	return $problem
}

# accepted COMMAND...: the same for one that must be accepted: exit 0, verdict and record say so.
accepted() {
	ok "accepted: $*" accepted_check "$@"
}

accepted_check() {
	local records problem=0

	records=$(record_count)
	expect 0 "$@" -o json || problem=1
	jq -e '.verdict == "accepted" and .exit == 0' out.log >/dev/null || problem=1
	[ $((records + 1)) -eq "$(record_count)" ] || problem=1
	jq -e '.result == "accepted"' <<<"$(last_record)" >/dev/null || problem=1
	[ $problem -eq 0 ] || { cat out.log err.log && last_record; }
	return $problem
}

# --- a load that stands still -----------------------------------------------------------------

# load_until CALL PATH FILE: a load of FILE that stops behind its first CALL of PATH. $loading is
# its job, under strace, and $stopped the load itself. (LeakSanitizer does not go with strace.)
load_until() {
	local n

	rm -f strace.log
	ASAN_OPTIONS=$ASAN_OPTIONS:detect_leaks=0 strace -f -qq -o strace.log -P "$2" \
		-e "inject=$1:signal=SIGSTOP:when=1" \
		"$LW_BIN/landwaiter" load "$3" -o json >load.log 2>load.err &
	loading=$!
	for ((n = 0; n < 600; n++)); do
		grep -qs 'stopped by SIGSTOP' strace.log && break
		sleep 0.05
	done
	stopped=$(grep -m 1 'stopped by SIGSTOP' strace.log | cut -d ' ' -f 1)
}

let_it_go_on() { # VERDICT
	kill -CONT "$stopped"
	wait "$loading" || true
	is "the load ends: $1" "$(jq -r .verdict load.log)" "$1"
}

# --- altering things --------------------------------------------------------------------------

# entry_offset FILE NAME: where the data of a tar entry begins, as GNU tar sees it.
entry_offset() {
	tar --list --block-number -f "$1" | awk -v name="$2" '
		{ block = $2; sub(/:$/, "", block) }
		$3 == name { print (block + 1) * 512; found = 1; exit }
		END { exit !found }
	'
}

# byte_at FILE OFFSET: its value, in decimal.
byte_at() {
	od -An -tu1 -j "$2" -N 1 "$1" | tr -d ' '
}

# poke FILE OFFSET BYTES: writes the bytes (printf escapes) there.
poke() {
	# shellcheck disable=SC2059 # escapes are the point
	printf "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# flip FILE OFFSET [MASK]: changes one byte (its lowest bit).
flip() {
	poke "$1" "$2" "\\x$(printf %02x $(($(byte_at "$1" "$2") ^ ${3:-1})))"
}

# size_of FILE
size_of() {
	stat -c %s "$1"
}
