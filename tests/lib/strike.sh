# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# What the sweeps share that strike at a running program (tests/sweep/crash.sh, oom.sh): a small
# world of bundles and enclaves, the operations on it, and the questions to be asked after each
# strike. It needs tests/lib/scenario.sh.
#
#	make_world
#	learn load
#	strike load kill faultat --at 17
#
# An operation starts from a snapshot of an enclave. `learn` runs it undisturbed, and so knows the
# old state and the new. After a strike there must be one of the two, nothing between, whatever the
# program managed to say; the book must hold; and the same command, run again, must find its way to
# the new state, with nothing left behind.

points=0 injected=0 violations=0
problems=0 repeated="" # of the strike under way
shown=0

# --- the world --------------------------------------------------------------------------------

# No disk is asked to be slow: dying processes leave the page cache as it is.
strike_folder() {
	local free

	free=$(df --output=avail /dev/shm 2>/dev/null | tail -n 1)
	if [ -z "${KEEP_TMPDIR-}" ] && [ -w /dev/shm ] && [ "${free:-0}" -gt 1000000 ]; then
		echo /dev/shm
	else
		echo "${TMPDIR:-/tmp}"
	fi
}

snapshot() { # NAME: of the enclave as it is
	rm -rf "snap/$1"
	mkdir -p snap
	cp -a enclave "snap/$1"
}

restore() { # NAME
	rm -rf enclave
	[ "$1" = none ] || cp -a "snap/$1" enclave
}

# A vendor's repository that lists all images, and an enclave that binds them to it.
make_bound() {
	local layout digest name targets=()

	for layout in small big; do
		while read -r name digest; do
			targets+=("${name/:/\/}=$layout/blobs/sha256/$digest")
		done < <(jq -r '.manifests[] | [.annotations["io.containerd.image.name"],
			.digest[7:]] | join(" ")' "$layout/index.json")
	done
	make_keys vendor vendor-2
	lw tuf init repo --root vendor.pub --key vendor.key >/dev/null 2>&1
	lw tuf add repo "${targets[@]}" --key vendor.key >/dev/null 2>&1
	cat >policy.json <<-'END'
		{"format": "landwaiter-policy/1",
		 "senders": {"acme": {"threshold": 2, "signers": ["alice", "bob"]}},
		 "signers": {"alice": {"keys": [{"kind": "key", "file": "alice.pub"}]},
		             "bob": {"keys": [{"kind": "key", "file": "bob.pub"}]}},
		 "time": {"threshold": 2, "signers": ["alice", "bob"]},
		 "tuf": {"vendor": {"root": "root.json"}},
		 "images": [{"match": "**", "tuf": "vendor"}]}
	END
	AUDIENCE=$(lw init --policy policy.json --trust alice.pub=alice.pub --trust bob.pub=bob.pub \
		--trust root.json=repo/metadata/1.root.json 2>init.log)
}

make_world() {
	local blobs=enclave/store/blobs/sha256 big small n

	mkdir .look
	printf '%s\n' "$look_sql" >look.sql
	make_keys alice bob
	make_layout small 3
	"$LW_BIN/tools/mklayout" big big 1 9MiB 300KiB
	make_bound
	snapshot empty
	make_bundle one.lwb --tuf vendor=repo/metadata oci:small:a0 oci:small:a1
	cp -a sender snap/sender
	# The second bundle leads on, root by root.
	lw tuf rotate repo vendor=vendor-2.pub --key vendor.key --key vendor-2.key >/dev/null 2>&1
	lw tuf rotate repo vendor=vendor.pub --key vendor.key --key vendor-2.key >/dev/null 2>&1
	# The enclave has asked for it, or for the one in volumes.
	lw request --nonce-only >nonce 2>/dev/null
	make_bundle two.lwb --nonce "$(<nonce)" --tuf vendor=repo/metadata oci:small:a1 oci:small:a2 oci:big:b0
	make_bundle open.lwb oci:small:a2
	approve one.lwb alice bob
	approve two.lwb alice bob
	approve open.lwb alice
	lw load one.lwb >/dev/null
	snapshot first
	# The same in volumes, of which the first is in, and then all but the last.
	make_bundle three.lwb --nonce "$(<nonce)" --volume-size 4MiB --tuf vendor=repo/metadata oci:small:a1 oci:small:a2 \
		oci:big:b0
	for n in 1 2 3; do approve three.${n}of3.lwb alice bob; done
	expect 5 lw load three.1of3.lwb
	snapshot begun
	expect 5 lw load three.2of3.lwb
	snapshot awaiting
	# Without what the first brought: where that is, and where it is not, with a supplement.
	make_bundle less.lwb --since one.lwb --tuf vendor=repo/metadata oci:small:a1 oci:small:a2 \
		oci:big:b0
	approve less.lwb alice bob
	restore empty
	expect 5 lw load less.lwb -o json
	lw pack -o more.lwb --only out.log --of less.lwb oci:small:a1 oci:small:a2 oci:big:b0 \
		>/dev/null 2>&1
	snapshot lacking
	restore first
	lw load two.lwb >/dev/null
	snapshot second
	lw remove registry.example/artifacts:a0 --reason old --by me 2>/dev/null
	snapshot removed
	restore second
	big=$(find $blobs -type f -size +8M -printf '%f')
	small=$(sha256sum <small/blobs/sha256/"$(jq -r '.layers[0].digest[7:]' \
		small/blobs/sha256/"$(jq -r '.manifests[1].digest[7:]' small/index.json)")" |
		cut -d ' ' -f 1)
	[ -e "$blobs/$small" ]
	rm -f "$blobs/$small"
	cp "$blobs/$big" altered
	chmod u+w altered
	flip altered 5000000
	mv -f altered "$blobs/$big"
	lw verify two.lwb >/dev/null 2>&1 || true # raises the alarm
	snapshot damaged
}

# --- the operations ---------------------------------------------------------------------------

# What an operation starts from, runs, writes into the book, and answers when it is run again from
# the old state and from the new.
operation() { # NAME: sets $base, $command, $event, $again_old, $again_new, $done_status
	again_old=0 again_new=0 done_status=0
	case $1 in
	load) base=empty event="load accepted" again_new=3 command=(load -o json one.lwb) ;;
	second) base=first event="load accepted" again_new=3 command=(load -o json two.lwb) ;;
	sitting)
		base=begun event="load incomplete" again_old=5 again_new=5 done_status=5
		command=(load -o json three.2of3.lwb)
		;;
	last)
		base=awaiting event="load accepted" again_new=3
		command=(load -o json three.3of3.lwb)
		;;
	increment)
		base=first event="load accepted" again_new=3 command=(load -o json less.lwb)
		;;
	short)
		base=empty event="load incomplete" again_old=5 again_new=5 done_status=5
		command=(load -o json less.lwb)
		;;
	supplement)
		base=lacking event="load accepted" again_new=3 command=(load -o json more.lwb)
		;;
	verify) base=first event="verify accepted" command=(verify -o json two.lwb) ;;
	remove)
		base=second event="remove done" again_new=2
		command=(remove registry.example/artifacts:a0 --reason old --by me)
		;;
	cancel)
		base=first event="request-cancel done" again_new=3
		command=(request cancel "$(<nonce)" --reason old --by me)
		;;
	gc) base=removed event="gc done" command=(gc) ;;
	repair) base=damaged event="repair done" command=(repair two.lwb) ;;
	attest)
		base=first event="time-attest done"
		command=(time attest 2040-01-01T00:00:00Z --key alice.key --key bob.key)
		;;
	init)
		base=none again_new=2
		command=(init --sender acme --threshold 2 --approver alice=alice.pub
			--approver bob=bob.pub)
		;;
	approve)
		base=empty again_new=2 command=(approve work.lwb --key bob.key --yes)
		;;
	pack)
		base=empty again_new=2
		command=(pack -o out/new.lwb --sender acme --audience "$AUDIENCE" --expires P20D
			--marking TEST --tuf vendor=repo/metadata oci:small:a1 oci:small:a2)
		;;
	*) return 1 ;;
	esac
}

# shellcheck disable=SC2034 # for the sweeps
enclave_operations="load second sitting last increment short supplement verify remove cancel gc repair attest"
# shellcheck disable=SC2034
other_operations="init approve pack"

prepare() { # OPERATION
	operation "$1"
	restore "$base"
	case $1 in
	approve) cp open.lwb work.lwb ;;
	pack)
		rm -rf out sender
		mkdir out
		cp -a snap/sender sender
		;;
	init) rm -rf .landwaiter-new-* ;;
	esac
}

# --- looking ----------------------------------------------------------------------------------

# What an enclave is, in four files. now.state: all that the state says but when it said so; a row
# without the record of its acceptance shows as "unfounded" there, and so does such a record
# without its row. now.records: the book's events. now.store: what the store and the state do not
# agree on. now.tree: every other file there is. One sqlite3 makes them all: starting programs
# is what these sweeps spend their time with.
look_sql=$(cat <<'END'
.output now.state
SELECT 'blob', lower(hex(digest)), size FROM blob ORDER BY digest;
SELECT 'bundle', hex(digest), sender, sequence, created FROM bundle ORDER BY digest;
SELECT 'image', name, hex(digest), size, media_type, platforms, zone, hex(bundle), superseded,
	total_bytes, detail FROM image ORDER BY name, digest;
SELECT 'image_blob', i.name, hex(i.digest), hex(b.digest) FROM image_blob b
	JOIN image i ON i.id = b.image ORDER BY i.name, i.digest, b.digest;
SELECT 'request', hex(nonce), state FROM request ORDER BY nonce;
SELECT 'sender', name, floor FROM sender ORDER BY name;
SELECT 'tuf', repository, role, hex(first), hex(file), hex(halves) FROM tuf
	ORDER BY repository, role;
SELECT 'trust', name, hex(bytes) FROM trust ORDER BY name;
SELECT 'value', name, value FROM value
	WHERE name NOT IN ('time.attested.boot-sec', 'time.attested.boot-id', 'alarm.blobs') ORDER BY name;
CREATE TEMP VIEW book AS SELECT idx, json_extract(CAST(leaf AS TEXT), '$.event') event,
	json_extract(CAST(leaf AS TEXT), '$.result') result,
	json_extract(CAST(leaf AS TEXT), '$.detail.bundle.digest') bundle FROM record;
SELECT 'unfounded', hex(b.digest) FROM bundle b LEFT JOIN book r ON r.idx = b.record
	WHERE r.event IS NOT 'load' OR r.result IS NOT 'accepted'
	OR r.bundle IS NOT 'sha256:' || lower(hex(b.digest));
SELECT 'unfounded', r.idx FROM book r LEFT JOIN bundle b ON r.idx = b.record
	WHERE r.event = 'load' AND r.result = 'accepted' AND b.digest IS NULL;
SELECT 'unfounded', hex(q.nonce) FROM request q LEFT JOIN record r ON r.idx = q.closed
	WHERE q.state = 1 AND json_extract(CAST(r.leaf AS TEXT), '$.detail.bundle.nonce')
	IS NOT lower(hex(q.nonce));
SELECT 'unfounded', i.name FROM image i LEFT JOIN bundle b
	ON i.bundle = b.digest AND i.record = b.record WHERE b.digest IS NULL;
.output now.pending
SELECT 'pending', hex(p.digest), m.entry, m.piece, m.size, m.kept FROM pending_member m
	JOIN pending p ON p.id = m.pending ORDER BY p.digest, m.entry, m.piece;
SELECT 'need', hex(p.digest), n.entry, hex(n.digest), n.size FROM pending_need n
	JOIN pending p ON p.id = n.pending ORDER BY p.digest, n.entry;
.output now.records
SELECT event || ' ' || result FROM book ORDER BY idx;
.output now.store
CREATE TEMP TABLE file (name TEXT, size INTEGER, mode TEXT);
.import --schema temp now.files file
SELECT 'no file', lower(hex(b.digest)) FROM blob b LEFT JOIN file f
	ON f.name = 'store/blobs/sha256/' || lower(hex(b.digest)) AND f.size = b.size
	WHERE f.name IS NULL;
SELECT 'no row', f.name FROM file f LEFT JOIN blob b
	ON f.name = 'store/blobs/sha256/' || lower(hex(b.digest))
	WHERE f.name LIKE 'store/blobs/sha256/%' AND b.digest IS NULL;
.output now.tree
SELECT name, mode FROM file WHERE name NOT LIKE 'store/blobs/sha256/%' ORDER BY name;
.output now.index
SELECT CAST(readfile('enclave/store/index.json') AS TEXT);
END
)

# Looks at a copy of the state, which mends nothing.
look() {
	cp -f enclave/state.db enclave/state.db[-]wal .look/ 2>/dev/null ||
		cp -f enclave/state.db .look/ || return
	find enclave -printf '%P|%s|%y%m\n' >now.files
	sqlite3 -batch .look/state.db <look.sql 2>look.log && [ ! -s look.log ] || return
	# What a load that failed has staged of the last volume may be kept, or not.
	[[ ${where-} != @(sitting|short) ]] || cat now.pending >>now.state
}

# same FILE FILE
same() {
	[ "$(<"$1")" = "$(<"$2")" ]
}

wrong() { # TEXT
	problems=$((problems + 1))
	if [ $problems -eq 1 ]; then
		violations=$((violations + 1))
		shown=$((shown + 1))
		[ $shown -gt 40 ] ||
			printf '# %s %s: exit %s at %s\n' "$where" "$what" "$status" "$told"
	fi
	[ $shown -gt 40 ] || printf '#   %s\n' "${1//$'\n'/ }"
}

# --- an undisturbed run -----------------------------------------------------------------------

learn() { # OPERATION
	local dir=learned/$1 n where=$1 code=0

	prepare "$1"
	mkdir -p "$dir"
	if [ "$base" != none ]; then
		look
		mv now.state "$dir/old.state"
		n=$(wc -l <now.records)
		printf '%s\n' "$n" >"$dir/old.records"
		printf '%s:%s\n' "$n" "$(sqlite3 -batch .look/state.db \
			'SELECT leaf FROM record ORDER BY idx DESC LIMIT 1' |
			tr -d '\n' | sha256sum | cut -d ' ' -f 1)" >"$dir/old.head"
	fi
	lw "${command[@]}" >out.log 2>err.log || code=$?
	[ "$code" -eq "$done_status" ] || {
		cat out.log err.log
		return 1
	}
	look
	[ ! -s now.store ]
	# What is learned must be right, too.
	[ "$(jq -r '.manifests[].digest[7:]' now.index | sort -u)" = \
		"$(awk -F '|' '$1 == "image" { print tolower($3) }' now.state | sort -u)" ]
	mv now.state "$dir/new.state"
	mv now.index "$dir/new.index"
	mv now.tree "$dir/new.tree"
	case $1 in
	approve) cp work.lwb "$dir/new.lwb" ;;
	pack) size_of out/new.lwb >"$dir/size" ;;
	esac
}

# --- after a strike ---------------------------------------------------------------------------

# Which state it is; the book must say the same, and whoever said "accepted" must be right.
check_state() {
	local dir=learned/$where records good=0 others="" line

	look || {
		wrong "the state cannot be read: $(<look.log)"
		return
	}
	mapfile -t -s "$(<"$dir/old.records")" records <now.records
	for line in ${records[@]+"${records[@]}"}; do
		if [ "$line" = "$event" ]; then good=$((good + 1)); else others+="$line,"; fi
	done
	if same now.state "$dir/new.state" &&
		{ [[ $good$repeated =~ ^(1|1yes|2yes)$ ]] || ! same now.state "$dir/old.state"; }; then
		state=new
		[[ $good$repeated =~ ^(1|1yes|2yes)$ ]] || wrong "the new state, with $good records of it"
	elif same now.state "$dir/old.state"; then
		state=old
		[ "$good" -eq 0 ] || wrong "the old state, with a record of the new"
	else
		wrong "neither the old state nor the new"
		[ $shown -gt 40 ] || diff "$dir/old.state" now.state | cut -c 1-150 |
			sed 's/^/#   /' | head -n 20 || true
	fi
	if [ "$status" -eq "$done_status" ] || [[ $(<out.log) == *'"verdict":"accepted"'* ]]; then
		[ "$state" = new ] || wrong "it said so, and it was not done"
	fi
	[ -z "$others" ] || [[ -n $may_record && $others =~ ^$may_record,$ ]] ||
		wrong "unexpected records: $others"
	[ "$base" = damaged ] || [[ $(<now.store) != *'no file'* ]] || wrong "rows without files"
}

# The same command again ends in the new state, and nothing else is left.
check_again() {
	local dir=learned/$where code=0 wanted=$again_old

	[ "$state" = old ] || wanted=$again_new
	lw "${command[@]}" >again.log 2>&1 || code=$?
	[ "$code" -eq "$wanted" ] ||
		wrong "$state state, again: exit $code: $(head -n 3 again.log | tr '\n' ' ')"
	[ "$code" -ne 3 ] || [ "$where" = cancel ] || [[ $(<again.log) == *freshness.replay* ]] ||
		wrong "again: no replay"
	look || {
		wrong "again: the state cannot be read: $(<look.log)"
		return
	}
	same now.state "$dir/new.state" || wrong "again: not the new state"
	[ ! -s now.store ] || wrong "again: store and state differ: $(head -n 5 now.store)"
	same now.index "$dir/new.index" || wrong "again: index.json is another"
	same now.tree "$dir/new.tree" || wrong "again: files: $(diff "$dir/new.tree" now.tree)"
	(cd enclave/store/blobs/sha256 && sha256sum -- *) >sums 2>/dev/null || true
	while read -r one two; do
		[ "$one" = "$two" ] || wrong "again: a blob has other bytes"
	done <sums
}

# Links hold, go on from the head before, and nothing that was in the book right after the strike
# is missing from it at the end.
check_enclave() {
	local before after

	state=none
	check_state
	lw log export >then.book 2>book.log || wrong "log export: $(<book.log)"
	[ "$state" = none ] || check_again
	lw log export >book 2>book.log || wrong "again: log export: $(<book.log)"
	lw log verify book --head "$(<"learned/$where/old.head")" >book.log 2>&1 ||
		wrong "again: log verify: $(<book.log)"
	before=$(<then.book) after=$(<book)
	[[ $after == "$before"* ]] || wrong "again: the book has lost records"
}

check_init() {
	local code=0 wanted=$again_old dir=learned/init

	state=old
	[ ! -e enclave ] || state=new
	[ "$status" -ne 0 ] || [ "$state" = new ] || wrong "it said so, and there is none"
	lw "${command[@]}" >again.log 2>&1 || code=$?
	[ "$state" = old ] || wanted=$again_new
	[ "$code" -eq "$wanted" ] ||
		wrong "$state state, again: exit $code: $(head -n 1 again.log)"
	look || {
		wrong "the state cannot be read: $(<look.log)"
		return
	}
	# What is random, and the time: identity, the owner's key, all that it signed.
	local other='^(value\|(identity|trust\.(root|until))|tuf\|enclave)\|'
	[ "$(grep -vE "$other" now.state)" = "$(grep -vE "$other" "$dir/new.state")" ] ||
		wrong "another state"
	grep -q "^value|identity|sha256:$(sha256sum <enclave/identity.json | cut -d ' ' -f 1)$" \
		now.state || wrong "another identity"
	# A log may be left: whoever closes the state need not manage to fold it in.
	[ "$(grep -v 'state.db-[ws]' now.tree)" = "$(<"$dir/new.tree")" ] ||
		wrong "files: $(diff "$dir/new.tree" now.tree)"
	[ -z "$(compgen -G '.landwaiter-new-*')" ] || wrong "litter, and the next run left it"
	{ lw log export >book && lw log verify book; } >/dev/null 2>&1 || wrong "no whole book"
}

check_approve() {
	local code=0 wanted=$again_old dir=learned/approve

	state=none
	if cmp -s work.lwb open.lwb; then
		state=old
	elif cmp -s work.lwb "$dir/new.lwb"; then
		state=new
	else
		wrong "neither the old seal nor the new"
		return
	fi
	[ "$status" -ne 0 ] || [ "$state" = new ] || wrong "it said so, and it was not done"
	lw "${command[@]}" >again.log 2>&1 || code=$?
	[ "$state" = old ] || wanted=$again_new
	[ "$code" -eq "$wanted" ] ||
		wrong "$state state, again: exit $code: $(tail -n 1 again.log)"
	cmp -s work.lwb "$dir/new.lwb" || wrong "again: not the new seal"
}

sequence_in() { # BUNDLE
	lw inspect -o json "$1" 2>/dev/null | jq -r .statement.predicate.sequence
}

check_pack() {
	local first=0 next left name=new

	state=old
	left=$(find out -name '.*')
	[ -z "$left" ] || [ -n "$may_litter" ] || wrong "it left $left"
	if [ -e out/new.lwb ]; then
		state=new name=next
		[ "$(size_of out/new.lwb)" = "$(cat learned/pack/size)" ] || wrong "half a bundle"
		first=$(sequence_in out/new.lwb)
		cp out/new.lwb whole.lwb
		approve whole.lwb alice bob
		restore empty
		lw verify whole.lwb >again.log 2>&1 || wrong "not whole: $(head -n 1 again.log)"
	fi
	[ "$status" -ne 0 ] || [ "$state" = new ] || wrong "it said so, and there is none"
	lw "${command[@]/new.lwb/$name.lwb}" >again.log 2>&1 || {
		wrong "no other can be packed: $(head -n 1 again.log)"
		return
	}
	[ -z "$(find out -name '.*')" ] || wrong "litter, and the next run left it"
	next=$(sequence_in "out/$name.lwb")
	[ "$next" -gt "$first" ] || wrong "two bundles of sequence $next"
	[ -z "$(find sender -name '.*')" ] || [ -n "$may_litter" ] || wrong "litter in sender/"
}

# What the first strike left is struck in turn: the same command, under $second. What was done stays done.
strike_again() {
	local done_before=""

	if [ "$base" != none ] && look && same now.state "learned/$where/new.state"; then
		done_before=yes
		# What may be done twice is told of twice.
		[ "$again_new" -ne "$done_status" ] || repeated=yes
	fi
	status=0
	"${second[@]}" "$LW_BIN/landwaiter" "${command[@]}" >out.log 2>err.log || status=$?
	[ -z "$done_before" ] || { look && same now.state "learned/$where/new.state"; } ||
		wrong "it was done, and after the second strike it is not"
}

# strike OPERATION WHAT STATUSES COMMAND...: runs the operation under COMMAND, which strikes at it;
# exit statuses other than these (a pattern) are wrong. What it may leave: $may_litter;
# which other record: $may_record; what strikes again: $second. Adds to the counts.
second=()
strike() {
	where=$1 what=$2
	local statuses=$3

	shift 3
	problems=0 status=0 repeated=""
	prepare "$where"
	rm -f report
	"$@" "$LW_BIN/landwaiter" "${command[@]}" >out.log 2>err.log || status=$?
	points=$((points + 1))
	told=""
	[ ! -e report ] || told=$(<report)
	[[ $told == *fired=0* ]] || injected=$((injected + 1))
	[[ $told != *fired=0* ]] || statuses=0
	statuses=${statuses//0/$done_status}
	[[ $status =~ ^($statuses)$ ]] || wrong "exit $status, not $statuses: $(head -n 2 err.log)"
	[ ${#second[@]} -eq 0 ] || strike_again
	case $where in
	init | approve | pack) "check_$where" ;;
	*) check_enclave ;;
	esac
}
