#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# What a medium may hold instead of a bundle, beside it, or in part (security classes 69, 73, 79,
# 105, 108, 112, 114): files that are none, sparse giants, parts of two good bundles, a second
# archive behind the first; and two loads at once.

. "$(dirname "$0")/../lib/attack.sh"

make_keys alice bob
make_enclave 2 alice bob
for i in 1 2; do
	"$LW_BIN/tools/forge" layout "layout$i" "$i"
	make_bundle "$i.lwb" "oci:layout$i:registry.example/app/multi:1"
	approve "$i.lwb" alice bob
done
make_bundle plain.lwb oci:layout1:registry.example/app/multi:1 \
	oci:layout1:registry.example/app/plain:1

# --- no files -----------------------------------------------------------------------------------

mkfifo fifo
mkdir folder
ln -s loop loop
ln -s nowhere dangling
perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, sockaddr_un("socket"))'
: >empty
for kind in fifo folder socket loop /dev/zero /dev/null /dev/tty0 /proc/self/mem; do
	attack "$kind instead of a bundle" 4 seal.unreadable timeout 20 "$LW_BIN/landwaiter" \
		load "$kind"
done
attack "an empty file" 4 seal.unreadable lw load empty
printf x >one
attack "one byte" 4 seal.unreadable lw load one
cp 1.lwb locked
exits 2 "dangling instead of a bundle: nothing there, nothing recorded" lw load dangling
exits 2 "nothing at all" lw load missing
exits 2 "a name of escapes" lw load $'\033]0;x\a\nACCEPTED'
fails "which is shown harmless" grep -q $'[\033\a]' out.log err.log
lw load $'\033[32mACCEPTED' >out.log 2>err.log || true
fails "also in plain words" grep -q $'[\033\a]' out.log err.log

# --- giants -------------------------------------------------------------------------------------

truncate -s 8E sparse 2>/dev/null || truncate -s 15T sparse || truncate -s 1T sparse
attack "row-114 sparse giant, all zeros" 3 seal.format lw load sparse
cp 1.lwb long
truncate -s 1T long
attack "row-114 a bundle that goes on for a tebibyte" 4 content.trailing lw load long

# --- parts of two good bundles --------------------------------------------------------------------

head_bytes=$((512 + 262144))
cp 2.lwb mix.lwb
dd if=1.lwb of=mix.lwb bs=$head_bytes count=1 conv=notrunc status=none
attack "swupdate-mix-and-match: seal of one, all else of the other" 4 content.digest lw load mix.lwb
offset=$(entry_offset 2.lwb landwaiter/entries)
cp 1.lwb mix.lwb
dd if=2.lwb of=mix.lwb bs=1 skip="$offset" seek="$offset" count=512 conv=notrunc status=none
attack "swupdate-mix-and-match: entries of the other" 4 content.digest lw load mix.lwb
tail -c +$((offset - 511)) 2.lwb >rest
head -c $((offset - 512)) 1.lwb >mix.lwb
cat rest >>mix.lwb
attack "swupdate-mix-and-match: all from the entries on" 4 content.digest lw load mix.lwb
cat 1.lwb 2.lwb >mix.lwb
attack "mender-signed-copy: another bundle behind it" 4 content.trailing lw load mix.lwb
(head -c -1024 1.lwb && cat 2.lwb) >mix.lwb
attack "mender-signed-copy: another bundle within it" 4 content.trailing lw load mix.lwb
cat /dev/null 2.lwb >mix.lwb
attack "an approval file of another bundle" 3 seal.approval-other lw load mix.lwb --approval 1.lwb

# --- tar's own tricks: what is not the one header is no bundle -------------------------------------

mkdir tree
(cd tree && tar xf ../1.lwb)
for format in gnu pax v7 ustar; do
	tar --format=$format --owner=0 --group=0 --mtime=@0 -cf $format.tar -C tree landwaiter/seal.json \
		landwaiter/contents.json landwaiter/entries oci-layout index.json blobs
	attack "a bundle repacked by tar --format=$format" 3 seal.format lw load $format.tar
done
(printf 'x%.0s' {1..512} && cat 1.lwb) >shifted
attack "a block before it" 3 seal.format lw load shifted
gzip -kc 1.lwb >packed
attack "cve-2022-36227 and kin: compressed" 3 seal.format lw load packed
for magic in 'Rar!\x1a\x07\x01\x00' 'PK\x03\x04' '7z\xbc\xaf\x27\x1c' 'MSCF' '\xfd7zXZ\x00' \
	'BZh9' '\x28\xb5\x2f\xfd' '!<arch>\n' '070701' '\x1f\x9d'; do
	cp 1.lwb other
	poke other 0 "$magic"
	attack "cve-2016-1541, cve-2026-4111 and kin: begins like $magic" 3 seal.format lw load other
done
cp 1.lwb other
poke other 32768 '\1CD001\1'
attack "cve-2016-1541, cve-2017-14501: with a volume descriptor of ISO 9660" 3 seal.format lw load other

# One header altered, its sum made good; or a member put before the last one, the end cut off by as
# much. Who reads headers would take a name, a link or a size from them; they are compared.
header() { # FILE AT [OFFSET BYTES]...
	perl -e '
		my ($file, $at, @set) = @ARGV;
		open(my $f, "+<:raw", $file) or die;
		sysseek($f, $at, 0) && sysread($f, my $h, 512) == 512 or die;
		while (my ($to, $bytes) = splice(@set, 0, 2)) {
			$bytes =~ s/\\x(..)/chr(hex($1))/ge;
			substr($h, $to, length($bytes)) = $bytes;
		}
		substr($h, 148, 8) = " " x 8;
		substr($h, 148, 7) = sprintf("%06o\0", unpack("%32C*", $h));
		sysseek($f, $at, 0) && syswrite($f, $h) == 512 or die;
	' "$@"
}
last=$(($(entry_offset 1.lwb "$(tar tf 1.lwb | tail -n 1)") - 512))
cp 1.lwb other
header other $last
ok "a header that is not altered stays as it was" cmp other 1.lwb
while IFS='|' read -r name words; do
	cp 1.lwb other
	# shellcheck disable=SC2086 # several
	header other $last $words
	attack "$name" 4 content.header lw load other
done <<'END'
cve-2026-50162: a hard link out|156 1 157 /etc/shadow
cve-2026-50163: a symbolic link out|156 2 157 ../../../../etc
cve-2018-20990: a hard link onto another member|156 1 157 oci-layout
cve-2021-38511, cve-2026-33056: a folder of that name|156 5
row-112: a device|156 3
row-112: a FIFO|156 6
cve-2007-4131: a name that goes up|0 ../../../../etc/x\x00
cve-2001-1267: a name from the root|0 /etc/x\x00
cve-2001-1267: a name that goes up inside|0 blobs/../../../x\x00
cve-2007-4131: a prefix that goes up|345 ../../..
cve-2022-48303: a negative size in base 256|124 \xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff
cve-2022-48303: a size above 2^63|124 \x80\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff
cve-2022-48303: a size cut off by what is no digit|124 \x20\x00
cve-2017-14992: extended headers of 8 GiB|156 x 124 77777777777
cve-2017-14992: a long name of 8 GiB|156 L 124 77777777777
END
while IFS='|' read -r name record; do
	perl -e '
		my $data = shift =~ s/\\n/\n/gr =~ s/KEY/"k" x 70000/er =~ s/DEEP/"9" x 4000/er;
		my $h = pack("a100 a8 a8 a8 a12 a12 a8 a1 a100 a6 a2 x247", "././\@PaxHeader",
			"000644 ", "000000 ", "000000 ", sprintf("%011o ", length($data)),
			"00000000000 ", "", "x", "", "ustar", "00");
		print $h, $data, "\0" x (-length($data) % 512);
	' -- "$record" >extended
	header extended 0
	(head -c $last 1.lwb && cat extended && tail -c +$((last + 1)) 1.lwb) >other
	truncate -r 1.lwb other
	attack "$name" 4 content.header lw load other
done <<'END'
cve-2025-62518, cve-2026-33055: another size than the header's|10 size=0\n
cve-2026-32766: a record longer than all records|99999 path=x\n
cve-2026-32766: a record of no length|0 path=x\n
cve-2026-32766: a record of a negative length|-9 path=x\n
cve-2026-32766: a length of 4000 digits|DEEP path=x\n
cve-2026-32766: a record without an end|12 path=xyz
cve-2026-32766: a sparse map|22 GNU.sparse.major=1\n24 GNU.sparse.size=8E\n
cve-2023-39804: an attribute with a long name|70023 SCHILY.xattr.KEY=1\n
END

# MEN-1412: what is not payload is checked, too: of each member a byte of its header's sum; of its
# data the first byte, the last, and what fills its block.
at=0
for name in landwaiter/seal.json landwaiter/contents.json landwaiter/entries oci-layout index.json; do
	size=$(tar xOf 1.lwb $name | wc -c)
	code=content.header exit=4 data=content.digest
	[ $at -gt 0 ] || code=seal.format exit=3 data=seal.format
	for offset in 150 512 $((511 + size)) $(seq $((512 + size)) $((511 + (size + 511) / 512 * 512)) | tail -n 1); do
		expected=$code
		[ $((offset < 512 || offset >= 512 + size)) -eq 1 ] || expected=$data
		cp 1.lwb other
		flip other $((at + offset)) 0x10
		attack "men-1412: byte $offset of $name" $exit $expected lw load other
	done
	at=$((at + 512 + (size + 511) / 512 * 512))
done
for back in 1 513; do
	cp 1.lwb other
	flip other $(($(size_of other) - back))
	attack "men-1412: byte $back from the end" 4 content.header lw load other
done

# CVE-2026-28525: lengths at which what is left, less what must follow, would go below nothing.
for length in 512 262655 262656; do
	[ $length -ge 262656 ] && code=content.truncated || code=seal.unreadable
	head -c $length 1.lwb >other
	attack "cve-2026-28525: $length bytes" 4 "$code" lw load other
done
for less in 1 512 1025 1536; do
	head -c -$less 1.lwb >other
	attack "cve-2026-28525: $less bytes less" 4 content.truncated lw load other
done

# CVE-2025-62518: everybody sees the same members in what we write.
tar tf 1.lwb >by.tar
bsdtar tf 1.lwb >by.bsdtar
{
	printf '%s\n' landwaiter/seal.json landwaiter/contents.json landwaiter/entries oci-layout \
		index.json
	tar xOf 1.lwb landwaiter/entries | sed -E 's,^sha256:([0-9a-f]+) .*,blobs/sha256/\1,'
} >by.us
ok "cve-2025-62518: tar sees the members of the sealed list" cmp by.tar by.us
ok "cve-2025-62518: bsdtar too" cmp by.bsdtar by.us
perl -e '
	my ($at, $h) = (0, "");
	open(my $f, "<:raw", "1.lwb") or die;
	while (sysseek($f, $at, 0) && sysread($f, $h, 512) == 512 && $h !~ /^\0/) {
		printf("%s\n", unpack("Z100", $h));
		substr($h, 156, 1) eq "0" or die "not a file";
		$at += 512 + int((oct(substr($h, 124, 11)) + 511) / 512) * 512;
	}
	$at + 1024 == -s $f or die "the end is elsewhere";
' >by.perl
ok "cve-2025-62518: so does a reader of fifteen lines" cmp by.perl by.us

# --- two at once ----------------------------------------------------------------------------------

exec 9<>enclave/lock
flock 9
before=$(look)
ok "while another writes: exit 1" expect 1 lw load 1.lwb
exec 9<&-
like "and says so" "$(cat out.log err.log)" 'another|in use|busy|writ'
is "and nothing is recorded: the book is the other's" "$(look)" "$before"
for i in 1 2 3 4 5 6; do
	lw load 1.lwb -o json >"load.$i" 2>"err.$i" &
	pids[i]=$!
done
accepted=0 busy=0 replay=0 other=0
for i in 1 2 3 4 5 6; do
	exit=0
	wait "${pids[i]}" || exit=$?
	if [ $exit -eq 0 ]; then
		accepted=$((accepted + 1))
	elif [ $exit -eq 3 ] && grep -q freshness.replay "load.$i"; then
		replay=$((replay + 1))
	elif [ $exit -eq 1 ] && grep -qiE 'another|in use|busy|writing' "err.$i" "load.$i"; then
		busy=$((busy + 1))
	else
		other=$((other + 1))
		cat "load.$i" "err.$i"
	fi
done
is "six loads at once: one is accepted" "$accepted" 1
is "the others are told to wait, or that it is loaded ($busy, $replay)" $((busy + replay)) 5
accepted lw load 2.lwb
done_testing
