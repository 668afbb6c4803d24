# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
#
# Debian's docker-registry (distribution 2.8.2), run from build/private (tests/deps.sh).
#
#	start_registry NAME ['YAML']	at $registry (127.0.0.1:PORT); its files in NAME/, YAML beside
#	stop_registry			the last one, as a crash would
#	stop_servers			all that were started with run_server; so does the end of the script

docker_registry=$LW_TOP/build/private/docker-registry/usr/bin/docker-registry
servers=()

free_port() {
	local port

	while :; do
		port=$((20000 + RANDOM % 12000)) # below those that are given to who connects
		(: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	done
	printf '%s' $port
}

wait_for() { # PORT
	local i

	for ((i = 0; i < 200; i++)); do
		! (: <"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 0
		sleep 0.05
	done
	return 1
}

run_server() { # PORT COMMAND...: its output in server.log
	local port=$1

	shift
	"$@" >>server.log 2>&1 &
	server=$!
	servers+=("$server")
	wait_for "$port"
}

registry=
start_registry() { # NAME ['YAML']
	local port=${registry_port:-$(free_port)}

	registry=127.0.0.1:$port
	cat >"$1.yml" <<-YAML
		version: 0.1
		log: {level: error, accesslog: {disabled: true}}
		storage: {filesystem: {rootdirectory: $PWD/$1}, delete: {enabled: true}}
		${2:-http: {addr: "$registry", secret: tests\}}
	YAML
	sed -i "s/REGISTRY/$registry/" "$1.yml"
	run_server "$port" "$docker_registry" serve "$1.yml"
}

stop_registry() {
	kill -9 "$server" 2>/dev/null || true
	wait "$server" 2>/dev/null || true
}

stop_servers() {
	kill "${servers[@]}" 2>/dev/null || true
}

registry_end() {
	local status=$?

	stop_servers
	scenario_end "$status"
}
trap registry_end EXIT
