#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release sweep-san
#
# Packing from hostile archives (tests/lib/archives.py): each is refused whole, before anything is
# written, within two seconds of processor time; nothing is extracted, and nothing outside of the
# archive is read.

. "$(dirname "$0")/../lib/attack.sh"

python3 "$LW_TOP/tests/lib/archives.py" hostile cases
touch before after out.log err.log
find . | sort >before

# Many cases, so as few processes for each as can be: the shell looks by itself.
raw=$'[\033\a]|\xe2\x80\xae|(^|\n)ACCEPTED'
broken='ERROR: (Address|Leak)|runtime error:|root:x|landwaiter-unpack (failed|ended)'
for file in cases/*; do
	case=${file#cases/}
	case $case in
	good.*) continue ;;
	*.oci) source=oci-archive:$file ;;
	*) source=docker-archive:$file ;;
	esac
	[[ $case != one-name-* ]] || source+=:registry.example/app:1
	exit=0
	read -ra stat </proc/$$/stat
	timeout 60 "$LW_BIN/landwaiter-pack" pack --sender acme --audience any --expires P9D --marking T \
		-o out.lwb "registry.example/app:1=$source" >out.log 2>err.log || exit=$?
	start=$((stat[15] + stat[16]))
	read -ra stat </proc/$$/stat
	spent=$((stat[15] + stat[16] - start))
	said=$(<err.log)
	if [ $exit -eq 0 ] || [ $exit -gt 6 ] || [ -z "$said" ]; then
		fail "$case" "exit $exit" "$(cat out.log err.log)"
	elif compgen -G '*out.lwb*' >/dev/null; then
		fail "$case" "it left an output"
	elif [[ $said =~ $raw ]]; then
		fail "$case" "raw bytes in: $(cat -v err.log)"
	elif [[ $said =~ $broken ]]; then
		fail "$case" "$said"
	elif [ $spent -gt 200 ] && [[ $LW_BIN == */release ]]; then
		fail "$case" "took $spent hundredths of a second"
	else
		said=${said%%$'\n'*}
		said=${said#*-archive:}
		pass "$case: ${said:0:100}"
	fi
	[ ! -e out.lwb ] || rm out.lwb
done
find . ! -path './sender*' | sort >after
is "nothing was written beside them" "$(comm -13 before after)" ""

for file in cases/good.oci cases/good.docker; do
	ok "and what is good, is: ${file#cases/}" lw pack --sender acme --audience any --expires P9D \
		--marking T -o "${file##*.}.lwb" "registry.example/app:1=${file##*.}-archive:$file"
done
done_testing
