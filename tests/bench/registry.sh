#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# make bench, the registry: `serve` beside docker-registry and nginx with the same blobs (wrk), and
# `push` beside skopeo into the same docker-registry. In alternating runs; medians and ratios.
#
#	RUNS=5 SECONDS_EACH=3 tests/bench/registry.sh
set -euo pipefail

. "$(dirname "$0")/lib.sh"
seconds_each=${SECONDS_EACH:-3}
registry_program=$top/build/private/docker-registry/usr/bin/docker-registry
nginx=$top/build/private/nginx/usr/sbin/nginx
app=registry.example/big

servers=()
stop() {
	kill "${servers[@]}" 2>/dev/null || true
}
trap 'stop; end' EXIT

free_port() {
	local port

	while :; do
		port=$((20000 + RANDOM % 20000))
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	printf '%s' $port
}
run_server() { # PORT COMMAND...
	local port=$1 i

	shift
	"$@" >server.log 2>&1 &
	server=$!
	servers+=("$server")
	for ((i = 0; i < 200; i++)); do
		! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
		sleep 0.05
	done
	cat server.log >&2
	return 1
}
registry_yml() { # NAME PORT [TLS]
	printf 'version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\nstorage: {filesystem: {rootdirectory: %s}, cache: {blobdescriptor: inmemory}}\nhttp: {addr: "127.0.0.1:%s", secret: bench%s}\n' \
		"$work/$1" "$2" "${3:-}" >"$1-$2.yml"
}

# --- what is served -----------------------------------------------------------------------------

"$bin/tools/mklayout" big big 1 64MiB 4MiB
mapfile -t words < <(jq -r '.manifests[].annotations["org.opencontainers.image.ref.name"] | "registry.example/big:1=oci:big:\(.)"' big/index.json)
lw pack "${words[@]}" --sender acme --audience any --expires P30D --marking BENCH --no-progress -o big.lwb >/dev/null 2>&1
for who in alice bob; do
	lw approve big.lwb --key "$who.key" --yes >/dev/null 2>&1
done
lw init --any-audience --sender acme --threshold 2 --approver alice=alice.pub --approver bob=bob.pub >/dev/null 2>&1
lw load big.lwb --no-progress >/dev/null 2>&1
manifest=$(lw list -o json | jq -r '.images[0].digest')
small=$(jq -r '.config.digest' "$fresh/enclave/store/blobs/sha256/${manifest#sha256:}")
medium=$(jq -r '.layers | sort_by(.size)[0].digest' "$fresh/enclave/store/blobs/sha256/${manifest#sha256:}")
large=$(jq -r '.layers | max_by(.size).digest' "$fresh/enclave/store/blobs/sha256/${manifest#sha256:}")

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout tls.key -out tls.crt -days 2 \
	-subj /CN=bench -addext 'subjectAltName=IP:127.0.0.1' 2>/dev/null
chmod 600 tls.key

# --- push, beside skopeo ----------------------------------------------------------------------------

push_ours() { # PORT: a place that is new each time
	"$bin/landwaiter" push "127.0.0.1:$1/ours-$RANDOM$RANDOM" --plain-http --no-progress
}
push_skopeo() {
	skopeo copy -q --preserve-digests --dest-tls-verify=false \
		"oci:big:$(jq -r '.manifests[0].annotations["org.opencontainers.image.ref.name"]' big/index.json)" \
		"docker://127.0.0.1:$1/skopeo-$RANDOM$RANDOM/big:1"
}
export -f push_ours push_skopeo
export bin
for ((i = 0; i <= runs; i++)); do
	for who in ours skopeo; do
		port=$(free_port)
		rm -rf "hub"
		registry_yml hub "$port"
		run_server "$port" "$registry_program" serve "hub-$port.yml"
		timed "push-$who" bash -c "push_$who $port"
		kill "$server"
		wait "$server" 2>/dev/null || true
	done
done
printf 'on %s cores; medians of %s alternating runs\n\n' "$(nproc)" "$runs"
printf '%-46s %10s  %10s  %6s %9s  %10s\n' what ours peer ratio aim memory
report "push and read back, 65 MiB, against skopeo copy" push-ours push-skopeo

# --- serve, beside docker-registry and nginx --------------------------------------------------------

port=$(free_port)
registry_yml hub "$port"
rm -rf hub
run_server "$port" "$registry_program" serve "hub-$port.yml"
"$bin/landwaiter" push "127.0.0.1:$port" --plain-http --no-progress >/dev/null 2>&1
hub=$port
hub_tls=$(free_port)
registry_yml hub "$hub_tls" ", tls: {certificate: $work/tls.crt, key: $work/tls.key}"
run_server "$hub_tls" "$registry_program" serve "hub-$hub_tls.yml"

mkdir -p "static/v2/$app/blobs"
for digest in "$small" "$medium" "$large"; do
	cp "$fresh/enclave/store/blobs/sha256/${digest#sha256:}" "static/v2/$app/blobs/$digest"
done
chmod -R a+rX static
chmod 755 "$work"
web=$(free_port) web_tls=$(free_port)
cat >nginx.conf <<CONF
daemon off; worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log; user root;
events { worker_connections 1100; }
http {
	access_log off; sendfile on; keepalive_requests 1000000; default_type application/octet-stream;
	client_body_temp_path $work/t1; proxy_temp_path $work/t2; fastcgi_temp_path $work/t3; uwsgi_temp_path $work/t4; scgi_temp_path $work/t5;
	server { listen 127.0.0.1:$web; root $work/static; }
	server { listen 127.0.0.1:$web_tls ssl; ssl_certificate $work/tls.crt; ssl_certificate_key $work/tls.key; root $work/static; }
}
CONF
run_server "$web" "$nginx" -p "$work" -c "$work/nginx.conf"

ours=$(free_port) ours_tls=$(free_port)
run_server "$ours" "$bin/landwaiter" serve --listen "127.0.0.1:$ours"
serving=$server
run_server "$ours_tls" "$bin/landwaiter" serve --listen "127.0.0.1:$ours_tls" --tls-cert tls.crt --tls-key tls.key

rate() { # URL CLIENTS UNIT: requests, or MiB, a second
	wrk -t 1 -c "$2" -d "${seconds_each}s" "$1" | awk -v unit="$3" '
		/^Requests\/sec/ && unit == "requests" { print $2 }
		/^Transfer\/sec/ && unit == "MiB" {
			print $2 * ($2 ~ /GB/ ? 1024 : $2 ~ /MB/ ? 1 : $2 ~ /KB/ ? 1 / 1024 : 0)
		}'
}
peak() { # PID: of it and its children, MiB
	local pid sum=0 kib

	for pid in "$1" $(pgrep -P "$1"); do
		kib=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status")
		sum=$((sum + kib))
	done
	awk -v k=$sum 'BEGIN { printf "%.1f", k / 1024 }'
}

printf '\n%-46s %10s %10s %10s %8s %8s\n' 'serve, requests or MiB a second' ours registry nginx '/regis.' '/nginx'
declare -A rates
for scheme in http https; do
	for what in "config requests $small" "4-MiB-layer MiB $medium" "64-MiB-layer MiB $large"; do
		read -r name unit digest <<<"$what"
		for clients in 1 64; do
			rates=()
			for ((i = 1; i <= runs; i++)); do
				for who in ours hub web; do
					at=$who
					[ $scheme = http ] || at=${who}_tls
					rates[$who]+=" $(rate "$scheme://127.0.0.1:${!at}/v2/$app/blobs/$digest" $clients "$unit")"
				done
			done
			awk -v t="$scheme, $name, $unit, $clients clients" -v a="$(median "${rates[ours]}")" \
				-v b="$(median "${rates[hub]}")" -v c="$(median "${rates[web]}")" \
				'BEGIN { printf "%-46s %10.1f %10.1f %10.1f %8.2f %8.2f\n", t, a, b, c, a / b, a / c }'
		done
	done
done
printf '%-46s %10s MiB (both processes, plain)\n' "serve, the most memory it took" "$(peak "$serving")"
