#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is around a program when it is started and while it runs: standard streams that are closed,
# full or gone, limits, signals, and names that are no text. Nothing is written where it does not
# belong, what was promised stands, and an attempt that is broken off is in the book.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
make_enclave 2 alice bob
"$LW_BIN/tools/mklayout" big layout 2 6MiB 1MiB
make_bundle one.lwb oci:layout:registry.example/images:b0
cp one.lwb none.lwb
approve one.lwb alice bob
cp -a enclave enclave.good
fresh() {
	rm -rf enclave
	cp -a enclave.good enclave
}
# Leaks are looked for by ptrace, which strace has.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0

# --- streams that are not there -------------------------------------------------------------------

# without STREAMS COMMAND...: the program with those of 0, 1 and 2 closed.
without() {
	local streams=$1

	shift
	(
		[[ $streams != *0* ]] || exec <&-
		[[ $streams != *1* ]] || exec >&-
		[[ $streams != *2* ]] || exec 2>&-
		exec "$LW_BIN/landwaiter" "$@"
	)
}

for streams in 0 1 2 01 02 12 012; do
	cp none.lwb x.lwb
	exit=0
	without $streams approve x.lwb --key alice.key --yes >out.log 2>err.log || exit=$?
	is "streams $streams closed: approve" "$exit" "$([[ $streams == *1* ]] && echo 1 || echo 0)"
	is "and nothing but the approval is written" "$(lw inspect x.lwb -o json |
		jq '.approvals | length') $(tail -c +262657 x.lwb | cmp - <(tail -c +262657 none.lwb) &&
		head -c 512 x.lwb | cmp - <(head -c 512 none.lwb) && echo same)" "1 same"
	fresh
	exit=0
	without $streams load one.lwb >out.log 2>err.log || exit=$?
	is "streams $streams closed: load" \
		"$exit $(jq -r .result <<<"$(last_record)") $(tr -d '\0' <enclave/lock | wc -c)" \
		"$([[ $streams == *1* ]] && echo 1 || echo 0) accepted 0"
done
fresh
exit=0
lw load one.lwb >/dev/full 2>err.log || exit=$?
is "a full standard output" "$exit $(jq -r .result <<<"$(last_record)")" "1 accepted"
ok "is told" grep -q 'writing the output failed' err.log

for words in --help --version "load --help" "help load" version; do
	exit=0
	# shellcheck disable=SC2086 # several words
	lw $words >/dev/full 2>err.log || exit=$?
	is "and of $words" "$exit $(grep -c 'writing the output failed' err.log)" "1 1"
done

# A reader that is gone before anything is written.
fresh
exit=0
perl -e 'pipe(R, W); close(R); open(STDOUT, ">&", \*W); $SIG{PIPE} = "DEFAULT"; exec @ARGV' \
	"$LW_BIN/landwaiter" load one.lwb 2>err.log || exit=$?
is "a reader that is gone" "$exit $(jq -r .result <<<"$(last_record)")" "1 accepted"
is "what follows the commit is done all the same" \
	"$(jq '.manifests | length' enclave/store/index.json)" 1

# A limit on the size of files is an error with a record, not a death.
fresh
records=$(record_count)
exit=0
(ulimit -f 2000 && exec "$LW_BIN/landwaiter" load one.lwb -o json) >out.log 2>err.log || exit=$?
is "a limit on the size of files" "$exit $(jq -r '.verdict' out.log) $(($(record_count) - records))" \
	"1 error 1"
is "nothing is left" "$(find enclave/store/incoming enclave/store/blobs -type f)" ""

# --- signals --------------------------------------------------------------------------------------

# signalled SIGNAL WHEN VERB FILE: at the WHEN-th read of the medium, which one thread does.
signalled() {
	strace -f -qq -o strace.log -P "$T/$4" -e trace=pread64 \
		-e inject="pread64:signal=$1:when=$2" "$LW_BIN/landwaiter" "${@:3}" --sequential
}

strace -f -qq -o strace.log -P "$T/one.lwb" -e trace=pread64 "$LW_BIN/landwaiter" verify one.lwb \
	--sequential >/dev/null 2>&1
reads=$(grep -c pread64 strace.log)
ok "there are reads to break off at ($reads)" test "$reads" -gt 12
for verb in load verify; do
	for signal in INT TERM HUP; do
		attack "SIG$signal while it reads: $verb" 1 system.error \
			signalled $signal $((reads - 4)) $verb one.lwb
		is "says so" "$(jq -r '[.findings[] | select(.code == "system.error").found] |
			join(" ")' out.log)" stopped
	done
done
attack "at the first byte" 1 system.error signalled TERM 1 load one.lwb
is "no gate after the first is asked" "$(jq .bytesRead out.log)" 262656
make_layout small 20
mapfile -t many < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] |
	"registry.example/small/" + . + ":1=oci:small:" + .' small/index.json)
make_bundle many.lwb "${many[@]}"
approve many.lwb alice bob
strace -f -qq -o strace.log -P "$T/many.lwb" -e trace=pread64 "$LW_BIN/landwaiter" verify many.lwb \
	--sequential >/dev/null 2>&1
reads=$(grep -c pread64 strace.log)
attack "SIGTERM between small blobs" 1 system.error signalled TERM $((reads - 10)) load many.lwb
ok "the rest of them is not read" [ "$(jq .bytesRead out.log)" -lt $(($(size_of many.lwb) - 100000)) ]
ok "nothing is left that was staged" [ -z "$(ls enclave/store/incoming)" ]
trap '' HUP
accepted signalled HUP 4 verify one.lwb # as nohup has it
trap - HUP
accepted lw load one.lwb

# A prompt that is broken off leaves a terminal that shows what is typed. The terminal is one that
# script makes; what breaks it off is a signal, as a key would send it.
cat >prompt.sh <<'END'
stty echo
perl -e '$SIG{$_} = "DEFAULT" for qw(INT TERM QUIT HUP); exec @ARGV' "$LW" keygen new &
for _ in $(seq 200); do
	stty -a </dev/tty | grep -q -- ' -echo ' && break
	sleep 0.05
done
stty -a </dev/tty | grep -oE -- ' -?echo ' >quiet
kill -$SIGNAL $!
wait $!
echo $? >status
stty -a </dev/tty | grep -oE -- ' -?echo ' >after
END
for signal in INT TERM QUIT HUP; do
	ulimit -c 0
	SIGNAL=$signal LW=$LW_BIN/landwaiter timeout 60 script -qec "bash prompt.sh" /dev/null \
		</dev/null >script.log 2>&1 || true
	is "SIG$signal at a prompt" "$(cat quiet status after | tr -d ' ' | tr '\n' ' ')" \
		"-echo $((128 + $(kill -l $signal))) echo "
done

# --- names that are no text -----------------------------------------------------------------------

evil=$'a\nACCEPTED\033[2J\xff'
cp none.lwb "$evil"
words() { # TEXT COMMAND...: does what it does, and writes nothing raw
	"${@:2}" >out.log 2>err.log || true
	fails "cwe-150: $1" grep -q $'[\033\xff]\|^ACCEPTED' out.log err.log
}
words "approve --extract -o" lw approve none.lwb --extract -o "$evil.lwa"
words "approve --merge" lw approve "$evil" --merge none.lwb
words "approve" lw approve "$evil" --key alice.key --yes
words "approve, another's" lw approve "$evil" --key "$evil" --yes
words "inspect" lw inspect "$evil"
words "inspect, damaged" lw inspect "$evil.none"
words "verify" lw verify "$evil"
words "verify -o json" lw verify "$evil" -o json
ok "which is JSON" jq . out.log
words "keygen" lw keygen --no-passphrase "$evil"
words "pack -o" lw pack --sender acme --audience any --expires P9D --marking T -o "$evil.lwb" \
	oci:layout:registry.example/images:b0
words "pack, again" lw pack --sender acme --audience any --expires P9D --marking T -o "$evil.lwb" \
	oci:layout:registry.example/images:b0
words "init" lw init --enclave "$evil.d" --sender acme --threshold 1 --approver alice=alice.pub
words "list" lw list --enclave "$evil.e"
words "log verify" lw log verify "$evil"
lw keygen --passphrase-file <(echo word) locked >/dev/null 2>&1
cp locked.key "$evil.key"
timeout 60 script -qec "'$LW_BIN/landwaiter' approve none.lwb --yes --key *ACCEPTED*.key" \
	/dev/null < <(sleep 1 && echo wrong) >script.log 2>&1 || true
fails "cwe-150: a prompt" grep -q $'[\033\xff]\|^ACCEPTED' script.log
ok "it is one" grep -q 'passphrase for a\\x0aACCEPTED\\x1b' script.log

# What a terminal obeys, in what strangers say: a title that is set, a title that is asked for
# (CVE-2003-0063), and what logs pass on (CVE-2003-0020, CVE-2003-0083).
title=$'\033]0;ACCEPTED\a\033[21t'
fresh
words "cve-2003-0063: who carries it" lw load one.lwb -o json --medium "$title" --courier "$title" --by "$title"
words "cve-2003-0063: the name of an image" lw show "$title"
words "cve-2003-0063: a verb" lw "$title"
words "cve-2003-0063: an option" lw load --"$title" one.lwb
"$LW_BIN/tools/forge" layout forged 1
make_bundle good.lwb --sequence 7 oci:forged:registry.example/app/multi:1 \
	oci:forged:registry.example/app/plain:1
for name in cwe-150-marking-escape cwe-150-name-escape cwe-150-source-escape; do
	"$LW_BIN/tools/forge" make $name good.lwb bad.lwb alice.key bob.key
	words "cve-2003-0063: $name, load" lw load bad.lwb
	words "cve-2003-0063: $name, inspect" lw inspect bad.lwb
done
words "cve-2003-0020, cve-2003-0083: log show" lw log show
ok "which shows them" grep -q seal.statement out.log
words "cve-2003-0020, cve-2003-0083: log export" lw log export
ok "which is lines of JSON" jq . out.log
done_testing
