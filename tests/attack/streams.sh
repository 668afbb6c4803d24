#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is around a program when it is started and while it runs: signals, and names that are no text.

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

# --- signals --------------------------------------------------------------------------------------

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
done_testing
