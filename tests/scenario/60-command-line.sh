#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
# The command line as such: results as JSON from every verb, progress where it belongs, completion,
# options, and what `make help` lists.
. "$(dirname "$0")/../lib/scenario.sh"

make_keys alice bob
make_enclave 1 alice bob
"$LW_BIN/tools/mklayout" big layout 2 12MiB 1MiB
image=registry.example/team/app:1
source=oci:layout:registry.example/images:b0

# --- JSON from every verb ----------------------------------------------------------------------

declare -A shown # the verbs that were seen to
json() { # FORMAT VERB...: one JSON value of that format, and nothing else, on standard output
	shown[$2]=1
	ok "-o json: ${*:2:3}" json_check "$@"
}
json_check() {
	lw "${@:2}" >out.log 2>err.log || { cat out.log err.log && return 1; }
	[ "$(wc -l <out.log)" -eq 1 ] || { cat out.log && return 1; }
	jq -e --arg format "$1" '.format == $format' out.log
}
json landwaiter-version/1 version -o json
json landwaiter-keygen/1 keygen --no-passphrase carol -o json
json landwaiter-init/1 init --enclave other --sender acme --threshold 1 --approver alice=alice.pub -o json
json landwaiter-pack/1 pack "$image=$source" --sender acme --audience "$AUDIENCE" --expires P9D \
	--marking T -o one.lwb --json
json landwaiter-approve/1 approve one.lwb --extract -o one.lwa --json
json landwaiter-approve/1 approve one.lwa --key alice.key --yes --json
json landwaiter-approve/1 approve one.lwb --merge one.lwa --json
json landwaiter-inspect/1 inspect one.lwb -o json
json landwaiter-endorse/1 endorse "$image=$source" --key bob.key -o json
json landwaiter-verdict/1 verify one.lwb -o json
json landwaiter-verdict/1 load one.lwb -ojson
json landwaiter-incoming/1 incoming list --json
json landwaiter-asked/1 request -o json
json landwaiter-requests/1 request list -o json
json landwaiter-record/1 request cancel "$(lw request list -o json | jq -r '.requests[0].nonce')" --reason why -o json
exits 0 "its key" lw request key -o json
is "has a format" "$(jq -r .format out.log)" landwaiter-request-key/1
json landwaiter-held/1 have --json
json landwaiter-list/1 list --output=json
json landwaiter-show/1 show $image --output json
json landwaiter-export/1 export $image oci:exported -o json
json landwaiter-check/1 check --all -o json
json landwaiter-repair/1 repair one.lwb -o json
json landwaiter-time/1 time show -o json
json landwaiter-trust/1 trust show -o json
json landwaiter-record/1 time attest "$(date -u +%Y-%m-%dT%H:%M:%SZ)" --key alice.key --key bob.key -o json
json landwaiter-rejudged/1 policy explain $image -o json
json landwaiter-record/1 remove $image --reason why --by me -o json
json landwaiter-gc/1 gc -o json
exits 0 "the book, a record a line" lw log show -o json
is "each JSON" "$(jq -r .v out.log | sort -u)" 1
lw log export >book
json landwaiter-log/1 log verify book -o json
mapfile -t formats < <(grep -ohE 'landwaiter-[a-z]+/1' "$LW_TOP"/cmd/*.c | sort -u)
for format in "${formats[@]}"; do
	[ "$format" = landwaiter-policy/1 ] || # which is read
		ok "$format is explained" grep -q "\`$format\`" "$LW_TOP/docs/format/output.md"
done
shown[push]=1 # tests/scenario/49-push.sh
shown[serve]=1 # tests/scenario/48-serve.sh
shown[tuf]=1 # tests/scenario/60-tuf-repository.sh
shown[promote]=1 # tests/scenario/25-vendors.sh
for verb in $(lw help | sed -nE 's/^  ([a-z]+) .*/\1/p'); do
	case $verb in help | completion) continue ;; esac # are text
	is "$verb was seen to" "${shown[$verb]:-}" 1
done

# --- progress ----------------------------------------------------------------------------------

make_bundle two.lwb "$image=$source"
approve two.lwb alice
progress() { # VARIABLE=VALUE... [-- OPTION...]: what stands on a terminal during verify
	local variables=()

	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		variables+=("$1")
		shift
	done
	env -u NO_COLOR TERM=xterm "${variables[@]}" script -qec \
		"'$LW_BIN/landwaiter' verify two.lwb ${*:2} >/dev/null" /dev/null </dev/null |
		grep -c 'verify: .* of .*, .*/s, .* left' || true
}
is "a terminal has progress, with bytes, rate and time left" "$(($(progress A=a) > 0))" 1
is "none with NO_COLOR" "$(progress NO_COLOR=1)" 0
is "an empty one is none" "$(($(progress NO_COLOR=) > 0))" 1
is "none with TERM=dumb" "$(progress TERM=dumb)" 0
is "none with --no-progress" "$(progress A=a -- --no-progress)" 0
lw verify two.lwb >out.log 2>err.log
is "none where there is no terminal" "$(wc -c <err.log)" 0

# --- options -----------------------------------------------------------------------------------

exits 2 "an option twice" lw verify two.lwb -o json -o text
exits 2 "another output" lw version -o yaml
exits 2 "a value to a flag" lw version --json=1
exits 2 "no value" lw verify two.lwb --approval
exits 2 "an option of no verb" lw list --nosuch
exits 2 "an option cut short" lw list --encl enclave
exits 2 "no verb" lw
exits 2 "no such verb" lw $'\033[2Jload'
fails "shown harmless" grep -q $'\033' err.log
cp two.lwb -- --two.lwb
exits 0 "what follows -- is no option" lw verify -- --two.lwb
exits 2 "a passphrase from two places" lw approve two.lwb --key alice.key --yes \
	--passphrase-file alice.key --passphrase-fd 0
lw keygen --passphrase-file <(echo word) locked >/dev/null 2>&1
exits 2 "a passphrase from two places" lw approve two.lwb --key locked.key --yes \
	--passphrase-file <(echo word) --passphrase-fd 0
exits 2 "from no descriptor" lw approve two.lwb --key locked.key --yes --passphrase-fd -1
exits 2 "that is too long" lw approve two.lwb --key locked.key --yes \
	--passphrase-file <(printf 'a%.0s' {1..4096})

# --- completion --------------------------------------------------------------------------------

lw completion bash >load.bash
complete_words() { # WORD...: what is offered for the last one
	bash -c '. ./load.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _landwaiter
		printf "%s\n" "${COMPREPLY[@]}"' bash landwaiter "$@" | sort | tr '\n' ' '
}
is "verbs" "$(complete_words ver)" "verify version "
is "options of a verb" "$(complete_words load --me)" "--medium "
is "and common ones" "$(complete_words load --en)" "--enclave "
is "files" "$(complete_words load two)" "two.lwb "

# --- make help ---------------------------------------------------------------------------------

is "what make help lists" "$(make -s -C "$LW_TOP" help | awk '{ print $1 }' | sort | tr '\n' ' ')" \
	"all appliance appliance-repro bench cover demo deps e2e format fuzz install interop lint sweep tcb test "
done_testing
