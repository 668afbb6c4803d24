#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The appliance's image, as `make appliance` built it, booted in QEMU without its firmware (the kernel
# is handed over directly, which is quicker): a first start, a load, what is withheld from a root that
# was altered, and from a data partition that is not as it should be.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/machine.sh"
needs landwaiter.img

# --- a first start ------------------------------------------------------------------------------

copy_disk disk.img
KEEP=disk.img
start=$EPOCHREALTIME
direct_boot "" disk.img
says "the root is read and proven first" 'landwaiter: the root is what was signed'
says "a blank data partition is made a file system" 'vda3 is blank: making'
says "an image with no ceremony's trust says so" 'EVALUATION ONLY'
says_who_it_is "the enclave says who it is"
says "and the machine that it is ready" 'ready; Secure Boot: no; lockdown: integrity; network: lo;'
printf '# ready %d ms after power-on\n' $(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
ok "nobody is asked to log in" never_said 'login:|[Pp]assword'
machine_off # as the power goes

# --- a second one, with a bundle --------------------------------------------------------------------

cp "$LW_TOP"/build/appliance/evaluation/keys/* .
for name in one two; do
	make_bundle $name.lwb
	approve $name.lwb alice bob
	truncate -s 8M $name.lwb
done
make_script script.img <<'END'
loads() { # DEVICE: as a unit with the walls of landwaiter-check
	chown landwaiter "$1"
	sed -e "s|^ExecStart=.*|ExecStart=/usr/bin/landwaiter load --no-progress $1|" \
		-e "s|^PrivateDevices=.*|DeviceAllow=$1 r|" \
		/usr/lib/systemd/system/landwaiter-check.service >/run/systemd/system/test-load.service
	systemctl daemon-reload
	systemctl start test-load
	journalctl -o cat -u test-load --since "${2:-1970-01-01}"
	echo "LOAD $1: $(systemctl show -P ExecMainStatus test-load)"
}
systemctl start multi-user.target
loads /dev/vdc
exec 3<>/dev/tcp/127.0.0.1/5000
printf 'GET /v2/registry.example/test/app/manifests/1 HTTP/1.0\r\nAccept: */*\r\n\r\n' >&3
echo "SERVED $(head -n 1 <&3)"
systemctl start landwaiter-check
echo "CHECK: $(systemctl show -P ExecMainStatus landwaiter-check)"
grep -h 'landwaiter_images{state="holds"}' /var/lib/landwaiter/metrics/landwaiter.prom
main=$(systemctl show -P MainPID landwaiter-serve)
kill -KILL "$main"
grep -m 1 'serving http' < <(journalctl -o cat -f -n 0 -u landwaiter-serve)
echo "SERVE AGAIN"
free=$(df -k --output=avail /var/lib/landwaiter | tail -n 1)
fallocate -l $(((free - 6000) * 1024)) /var/lib/landwaiter/ballast
systemctl restart appliance-enclave
loads /dev/vdd
as_owner() {
	setpriv --reuid=landwaiter --regid=landwaiter --clear-groups "$@"
}
export LANDWAITER_ENCLAVE=/var/lib/landwaiter/enclave
as_owner cat /dev/zero >/var/lib/landwaiter/more
as_owner landwaiter list
echo "LIST, NOTHING FREE: $?"
as_owner landwaiter gc
echo "GC, NOTHING FREE: $?"
rm /var/lib/landwaiter/ballast /var/lib/landwaiter/more
as_owner landwaiter gc
echo "GC, ROOM AGAIN: $?"
for path in /usr/bin/landwaiter /etc/passwd /usr/lib/systemd/system; do
	touch "$path" && echo "WRITTEN $path"
done
find / -xdev -perm /6000 | sed 's/^/SETID /'
ls /sys/class/net | sed 's/^/NET /'
echo "END OF SCRIPT"
END
direct_boot "$run_script" disk.img script.img one.lwb two.lwb
says "the same enclave after the power went" "enclave $AUDIENCE"
ok "was not made again" never_said 'is blank|a new enclave'
says "a bundle on a raw disk is loaded" 'LOAD /dev/vdc: 0'
says "its image is served" 'SERVED HTTP/1.1 200'
says "the check's unit can do its work" 'CHECK: 0'
says "and finds one image" 'state="holds".* 1'
says "who kills the registry has it back" 'SERVE AGAIN'
says "a full data partition is told" 'THE DATA PARTITION IS FULL'
says "and refuses a bundle" 'system.space'
says "in earnest" 'LOAD /dev/vdd: 1'
says "full to the last byte: what is there can be listed" 'LIST, NOTHING FREE: 0'
says "nothing can be written down, so nothing is done" 'GC, NOTHING FREE: 1'
says "and where there is room again, all is as it was" 'GC, ROOM AGAIN: 0'
says "the script ends" 'END OF SCRIPT'
ok "nothing of the root could be written" never_said 'WRITTEN'
ok "no program makes its caller another user" never_said 'SETID'
is "the network is the machine's own" "$(grep NET serial.log)" "NET lo"
machine_off
unset KEEP

# --- a root that was altered ----------------------------------------------------------------------------

data=$(partition_at disk.img 3)
root=$(partition_at disk.img 2)
blocks=$(grep -o 'landwaiter.blocks=[0-9]*' "$APPLIANCE/cmdline" | cut -d = -f 2)
refuses_boot() { # TEXT OFFSET
	cp --sparse=always disk.img altered.img
	flip altered.img "$2"
	direct_boot "" altered.img
	says "$1: refused" 'BOOT REFUSED: the root is not what was signed|BOOT REFUSED: mount the root'
	ok "$1: nothing of the root was started" never_said 'systemd|ready;'
	machine_off
}
refuses_boot "a byte in the middle" $((root + blocks * 4096 / 2))
refuses_boot "a byte of the last block" $((root + blocks * 4096 - 1))
refuses_boot "a byte of the hashes" $((root + blocks * 4096 + 4096 + 100))

# --- a data partition that is not as it should be -------------------------------------------------------

no_data() { # TEXT PATTERN
	says "$1" "NO DATA PARTITION: .*$2"
	says "$1: and nothing is up that could load" 'NOT READY: down: appliance-enclave landwaiter-serve'
	machine_off
}
cp --sparse=always disk.img altered.img
sfdisk -q --delete altered.img 3
direct_boot "" altered.img
no_data "missing" 'has none named landwaiter-data'
READ_ONLY=disk.img
direct_boot "" disk.img
no_data "read-only" 'is read-only'
unset READ_ONLY
cp --sparse=always disk.img altered.img
printf 'something of somebody' | dd of=altered.img bs=1 seek=$((data + 1080)) conv=notrunc status=none
direct_boot "" altered.img
no_data "not ours" 'holds something else'
done_testing
