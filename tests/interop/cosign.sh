#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# tests/samples/cosign made anew: today's cosign gives the answers that are in the tree.

. "$(dirname "$0")/../lib/scenario.sh"

samples=$LW_TOP/tests/samples/cosign

images() { # FOLDER: every image's name and digest; what is attached to it differs each time
	jq -r '.manifests[] | [.annotations[], .digest] | @tsv' "$1/layout/index.json" |
		grep -v ':sha256-'
}

answers() { # FOLDER IMAGE
	grep -F "$2	" "$1/answers.tsv"
}

ok "the samples can be made again" "$LW_TOP/tests/samples/make-cosign.sh" again
is "the same images" "$(images again)" "$(images "$samples")"
while IFS= read -r image; do
	is "the same answers about $image" "$(answers again "$image")" "$(answers "$samples" "$image")"
done < <(cut -f 1 again/answers.tsv "$samples/answers.tsv" | sort -u)
done_testing
