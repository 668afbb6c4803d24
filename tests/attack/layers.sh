#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# flavours: release
#
# A layer is bytes, and so is a config: nothing is unpacked, decompressed, fetched or believed of
# them, by pack, load or repair. Layers made to hurt whoever does one of these are carried as they
# are, cheaply, and no program but our own is run.

. "$(dirname "$0")/../lib/vendors.sh"

make_keys alice
make_enclave 1 alice

# --- layers and a config that hurt ----------------------------------------------------------------

python3 - <<'PYTHON'
import lzma, tarfile

def layer(file, *members):
    with tarfile.open(file, "w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, target in members:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            tar.addfile(member)

file, hard, link, folder = tarfile.REGTYPE, tarfile.LNKTYPE, tarfile.SYMTYPE, tarfile.DIRTYPE
layer("root", (".", link, "/tmp/lw-escape"), ("lw-escape", file, ""))
layer("up", ("../../lw-escape", file, ""), ("/tmp/lw-escape", file, ""), ("lw-escape/../..", folder, ""))
layer("links", ("a", link, "lw-escape"), ("a/b", link, "../.."), ("a/b/lw-escape", file, ""),
      ("lw-escape", hard, "/etc/shadow"), ("lw-escape", file, ""))
layer("device", ("lw-escape", tarfile.CHRTYPE, ""), ("lw-escape-fifo", tarfile.FIFOTYPE, ""))
open("bomb.xz", "wb").write(lzma.compress(bytes(64 << 20), preset=0))
PYTHON
head -c 64M /dev/zero | gzip -1n >bomb.gz
printf '\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00' >window.zst # which asks for a window of 2 GiB
truncate -s 4M padding                                   # NULs and no member
printf '{"architecture":"amd64","os":"linux","config":{"User":"2147483648:4294967296","Entrypoint":["sh"]},"rootfs":{"type":"layers","diff_ids":[]}}' >config

new_layout layout
layers=()
for file in root up links device bomb.gz bomb.xz window.zst padding; do
	type=$oci.image.layer.v1.tar
	[[ $file != *.* ]] || type+=+${file##*.}
	layers+=("$(blob layout $file "${type/+gz/+gzip}" |
		jq -c '.urls = ["http://127.0.0.1:1/lw-escape"]')")
done
printf '{"schemaVersion":2,"mediaType":"%s","config":%s,"layers":[%s]}' $manifest_type \
	"$(blob layout config $oci.image.config.v1+json)" "$(IFS=,; echo "${layers[*]}")" >manifest
list layout "$(blob layout manifest $manifest_type)" 1

# --- what is done with them -----------------------------------------------------------------------

# Who looks for a helper finds one that tells.
mkdir helpers
printf '#!/bin/sh\ntouch "%s/ran"\n' "$T" >helpers/xz
chmod +x helpers/xz
for program in unxz gzip gunzip zstd unzstd tar sh id getent curl; do
	cp helpers/xz helpers/$program
done

trace() { # FILE COMMAND...
	PATH=$T/helpers:$PATH strace -f -qq -s 300 -o "$1" -e trace=%file,%network,execve,execveat \
		"$LW_BIN/tools/usage" used "$LW_BIN/landwaiter" "${@:2}"
}
did() { # FILE PATTERN: the calls that look like it
	grep -E "$2" "$1" | cut -c 1-200 | sort -u || true
}
carried() { # VERB FILE: what may be said of each trace
	is "cve-2014-9357, $1: no program is run but our own" \
		"$(did "$2" ' execve(at)?\(' | grep -vE " execve\\(\"$LW_BIN/(tools/usage|landwaiter)" || true)" ""
	fails "nor one of those that lay ready" test -e ran
	is "cve-2020-10696, cve-2026-50162, cve-2021-29136, $1: no name of a layer is touched" \
		"$(did "$2" lw-escape)" ""
	is "no link, no device, no owner is made, $1" \
		"$(did "$2" ' (symlink|symlinkat|link|mknod|mknodat|l?chown|fchownat|mount|chroot)\(')" ""
	is "cve-2020-15157, $1: nothing is asked of a network" \
		"$(did "$2" ' (socket|connect|sendto)\((.*AF_INET|AF_NETLINK)')" ""
	# shellcheck disable=SC1091 # it says rss_kib=N cpu_ms=N
	. ./used
	# shellcheck disable=SC2154
	ok "row-115, cve-2017-14992, $1: $rss_kib KiB" [ "$rss_kib" -lt 49152 ]
}

exits 0 "packed" trace pack.trace pack --sender acme --audience "$AUDIENCE" --expires P20D \
	--marking T -o one.lwb registry.example/app:1=oci:layout:1
carried pack pack.trace
approve one.lwb alice
exits 0 "loaded" trace load.trace load one.lwb
carried load load.trace
ok "the traces show that there were programs to run" \
	[ "$(cat pack.trace load.trace | grep -c 'execve(.*landwaiter-judge')" -ge 2 ]
ok "cve-2024-40635, cve-2026-46680: all is stored as it came, whatever user it names" \
	diff -r layout/blobs enclave/store/blobs
fails "and nobody was asked who that is" grep -E '/etc/(passwd|group|nsswitch)' load.trace
rm enclave/store/blobs/sha256/"$(hex_of bomb.xz)"
exits 0 "and mended" trace repair.trace repair one.lwb
carried repair repair.trace
ok "as it was" diff -r layout/blobs enclave/store/blobs
done_testing
