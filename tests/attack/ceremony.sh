#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# The first start's ceremony: whoever brings a root must bring the one whose words are on paper. What is
# typed may be anything; nothing is read out of a root before its words were typed.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob carol mallory
tuf() {
	lw tuf "$@" >tuf.out 2>tuf.log || {
		cat tuf.log >&2
		return 1
	}
}
repository() { # DIR KEY...
	local dir=$1 key holders=() keys=()

	shift
	for key in "$@"; do
		holders+=(--root "$key.pub")
		keys+=(--key "$key.key")
	done
	tuf init "$dir" "${holders[@]}" "${keys[@]}"
	cp tuf.log "$dir.init"
	tuf add "$dir" policy.json=policy.json alice.pub=alice.pub "${keys[@]}"
}
printf '{"format":"landwaiter-policy/1","senders":{"acme":{"threshold":1,"signers":["alice"]}},
	"signers":{"alice":{"keys":[{"kind":"key","file":"alice.pub"}]}},"images":[]}' >policy.json
repository trust alice bob
repository evil mallory
cp trust/metadata/1.root.json root.json
cp evil/metadata/1.root.json evil.json

# --- where the words come from ----------------------------------------------------------------------

exits 0 "tuf show" lw tuf show trust -o json
words=$(jq -r .firstRoot.words out.log)
is "twelve words" "$(wc -w <<<"$words")" 12
is "of that file" "$(jq -r .firstRoot.digest out.log)" "sha256:$(sha256sum <root.json | cut -c 1-64)"
like "in words for people" "$(lw tuf show trust)" "in words: $words"
is "who publishes it is told" "$(grep -c "^  $words\$" trust.init)" 1
theirs=$(lw tuf show evil -o json | jq -r .firstRoot.words)
fails "another root has others" [ "$words" = "$theirs" ]

# --- refused ----------------------------------------------------------------------------------------

first() { # FILE DIR [OPTION]...: the words on standard input
	timeout 60 "$LW_BIN/landwaiter" init --root "$1" --repository "$2" --name plant --confirm-words "${@:3}"
}
said() { # LINES: in err.log
	grep -c "$1" err.log || true
}
none() { # EXIT NAME INPUT PATTERN [FILE DIR]: as printf %b has it; no enclave comes of it, and no remains
	printf '%b' "$3" >typed
	ok "$2: exit $1" expect "$1" first "${5:-root.json}" "${6:-trust}" <typed
	like "$2: says why" "$(cat err.log)" "$4"
	ok "$2: nothing of it on the terminal but text" [ -z "$(tr -d '[:print:]\n' <err.log)" ]
	is "$2: nothing was made" "$(find . -maxdepth 1 -name enclave -o -maxdepth 1 -name '.landwaiter-new*' | wc -l)" 0
	fails "$2: the words are not shown" grep -qF "$words" err.log
}
wrong="acorn ${words#* }"
[ "$wrong" != "$words" ] || wrong="agent ${words#* }"
read -ra list <<<"$words"
swapped="${list[1]} ${list[0]} ${list[*]:2}"
[ "${list[0]}" != "${list[1]}" ] || swapped="${list[2]} ${list[1]} ${list[0]} ${list[*]:3}"
refusal='the words of this root were not typed'
none 3 "one wrong word, three times" "$wrong\n$wrong\n$wrong\n$words\n" "$refusal"
is "three tries, and no fourth" "$(said 'try 3 of 3')$(said 'try 4')" 10
like "what to do" "$(cat err.log)" 'next: if the paper is right, the medium is not'
none 3 "eleven words" "${list[*]:0:11}\n${list[*]:0:11}\n${list[*]:0:11}\n" 'Want 12 words in one line, have 11'
none 3 "thirteen words" "$words acorn\n$words acorn\n$words acorn\n" 'Want 12 words in one line, have 13'
none 3 "two words swapped" "$swapped\n$swapped\n$swapped\n" "$refusal"
none 3 "a slip of the pen" "${words}x\n${words}x\n${words}x\n" 'is none of the words'
none 3 "the words of another root" "$theirs\n$theirs\n$theirs\n" "$refusal"
none 3 "another root, with its own words on no paper" "$words\n$words\n$words\n" "$refusal" evil.json evil
none 3 "empty lines" '\n\n\n' "have 0"
none 3 "nobody there" '' 'have the end of input'
none 3 "who leaves after the first" "$wrong\n" 'have the end of input'
none 3 "escapes and noise" '\033[2J\0377\0376\0000 x\n\a\b\n\0342\0200\0256\n' 'is none of the words'
head -c 1048576 /dev/zero | tr '\0' 'a' >megabyte
none 3 "a line of a mebibyte" "$(cat megabyte)\n\n\n" "$refusal"
none 3 "a mebibyte without an end" "$(cat megabyte)" 'have the end of input'

# Nothing is read out of a root that nobody vouched for: the bytes may be anything.
for kind in '{' 'not a root' '[[[[[[[[' ''; do
	printf '%s' "$kind" >bad.json
	none 3 "no root ('$kind'), and no words for it" "$words\n$words\n$words\n" "$refusal" bad.json
done
fails "nor was the repository looked at" grep -q 'version' err.log
none 2 "no root on the medium" "$words\n" 'nosuch.json' nosuch.json
mkfifo pipe.json
none 3 "a pipe for a root" "$words\n" 'pipe.json' pipe.json
mkdir folder.json
none 3 "a folder for a root" "$words\n" 'folder.json' folder.json
head -c 600000 /dev/zero >large.json
none 3 "more than a root can be" "$words\n" 'large.json' large.json

# With its words typed a root that is none is still none: whoever wrote the paper was had.
words_of() { # FILE: as the program has them, asked of a table of one byte each
	local byte text=()

	for byte in $(sha256sum <"$1" | cut -c 1-24 | fold -w 2); do
		text+=("${table[16#$byte]}")
	done
	printf '%s' "${text[*]}"
}
mapfile -t table < <(grep -oE '"[a-z]{4,7}"' "$LW_TOP/base/words.c" | tr -d '"')
is "the list" "${#table[@]}" 256
is "these words" "$(words_of root.json)" "$words"
printf '{"signed":{},"signatures":[]}' >bad.json
none 3 "a root that is not valid" "$(words_of bad.json)\n" 'first root|root' bad.json
jq -c '.signatures = []' root.json >bad.json
none 3 "a root that nobody signed" "$(words_of bad.json)\n" 'root' bad.json
none 3 "a repository of somebody else's" "$words\n" 'tuf.threshold' root.json evil
like "says what to do" "$(cat err.log)" '  next: '
none 1 "no repository" "$words\n" 'nosuch' root.json nosuch
cp -a trust cut && rm cut/metadata/timestamp.json
none 3 "one that is not whole" "$words\n" 'tuf.missing' root.json cut

# Other bytes once the digest was shown: what is read once is what is typed for.
mkfifo line
first root.json trust <line >out.log 2>err.log &
first=$!
exec 5>line
until grep -q 'try 1' err.log; do :; done
cp evil.json root.json
printf '%s\n' "$words" >&5
exec 5>&-
wait $first && status=0 || status=$?
is "root.json exchanged meanwhile: the one whose words were typed counts" "$status" 0
is "it is what the enclave believes" "$(lw trust show -o json | jq -r .root)" \
	"sha256:$(sha256sum <trust/metadata/1.root.json | cut -c 1-64)"
rm -rf enclave
cp trust/metadata/1.root.json root.json

# --- accepted ---------------------------------------------------------------------------------------

made() { # NAME INPUT
	printf '%b' "$2" >typed
	ok "$1" expect 0 first root.json trust <typed
	is "$1: it is there" "$(lw trust show -o json | jq -r .words)" "$words"
	rm -rf enclave
}
made "the words" "$words\n"
made "without a line's end" "$words"
made "with a carriage return" "$words\r\n"
made "in capitals, with tabs" "\t$(tr 'a-z ' 'A-Z\t' <<<"$words")\n"
made "four letters of each" "$(sed -E 's/([a-z]{4})[a-z]*/\1/g' <<<"$words")\n"
made "at the third try" "$wrong\nacor\n$words\n"
for shown in "root      version 1, until" "2 of 2 must sign: alice, bob" "timestamp version 2, until" \
	"$(lw tuf show trust -o json | jq -r '.roles[0].holders[0].fingerprint')"; do
	like "before it is made it shows: $shown" "$(cat err.log)" "$shown"
done
printf '%s\n' "$words" >typed
ok "once" expect 0 first root.json trust <typed
ok "and no second time" expect 2 first root.json trust <typed
fails "without a question" grep -q try err.log
is "the first record has the root" "$(last_record | jq -r '.event + " " + .detail.root')" \
	"init sha256:$(sha256sum <root.json | cut -c 1-64)"
rm -rf enclave

# On two terminals at once, each as a line of people's; who answers is heard, and what was on a line before
# anybody was asked is not.
cat >terminals.py <<'EOF'
import os, pty, subprocess, sys
words, command = sys.argv[1].encode(), sys.argv[2:]
(a, slave_a), (b, slave_b) = pty.openpty(), pty.openpty()
os.write(b, b"noise on the line\n")
p = subprocess.Popen(command + ["--terminal-fd", str(slave_a), "--terminal-fd", str(slave_b)],
                     pass_fds=(slave_a, slave_b), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
seen = b""
while b"try 1 of 3: " not in seen:
    seen += os.read(b, 4096)
os.write(b, words + b"\n")
status = p.wait()
print(status, b"try 2" in seen + os.read(b, 65536), os.read(a, 65536).count(b"timestamp version 2"))
EOF
is "asked on two terminals, answered on one, told on both" "$(timeout 60 python3 terminals.py "$words" \
	"$LW_BIN/landwaiter" init --root root.json --repository trust --confirm-words 2>&1 | tail -n 1)" "0 False 1"
rm -rf enclave

# --- expired, and usage -----------------------------------------------------------------------------

exits 3 "expired" faketime -f +400d bash -c '"$@" <typed' - "$LW_BIN/landwaiter" init --root root.json \
	--repository trust --confirm-words
like "says so" "$(cat err.log)" 'tuf.expired'
like "and what to do" "$(cat err.log)" '  next: '
exits 2 "without a root" lw init --policy policy.json --confirm-words
exits 2 "a terminal that nobody asked for" lw init --root root.json --repository trust --terminal-fd 0
exits 2 "no descriptor" lw init --root root.json --repository trust --confirm-words --terminal-fd x
done_testing
