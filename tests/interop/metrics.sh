#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What Prometheus makes of our metrics and of the alert rules about them.

. "$(dirname "$0")/../lib/scenario.sh"
. "$LW_TOP/tests/lib/debian.sh"

debian_fetch "$LW_TOP/build/interop" prometheus/bookworm
promtool=$LW_TOP/build/interop/prometheus-bookworm/usr/bin/promtool
rules=$LW_TOP/appliance/prometheus/landwaiter.rules.yml

make_keys alice
make_enclave 1 alice
make_bundle one.lwb && approve one.lwb alice
accepted lw load one.lwb
exits 0 "metrics" lw check --all --metrics landwaiter.prom
ok "promtool takes them" "$promtool" check metrics <landwaiter.prom
ok "and the rules" "$promtool" check rules "$rules"
cat >test.yml <<EOF
rule_files: ["$rules"]
evaluation_interval: 1h
tests:
  - interval: 1h
    input_series:
      - series: 'landwaiter_images{state="withheld"}'
        values: '0x4 2x100'
      - series: landwaiter_blobs_damaged
        values: '0x100'
      - series: landwaiter_check_timestamp_seconds
        values: '0x100'
      - series: landwaiter_check_judged
        values: '1x100'
      - series: landwaiter_trust_expires_timestamp_seconds
        values: '9000000000x100'
    alert_rule_test:
      - eval_time: 3h
        alertname: LandwaiterImageWithheld
      - eval_time: 6h
        alertname: LandwaiterImageWithheld
        exp_alerts:
          - exp_labels: { state: withheld }
            exp_annotations:
              summary: "2 accepted images do not hold any more and are withheld"
              action: "landwaiter check --all; landwaiter policy explain IMAGE"
      - eval_time: 90h
        alertname: LandwaiterBlobDamaged
      - eval_time: 40h
        alertname: LandwaiterCheckMissing
      - eval_time: 60h
        alertname: LandwaiterCheckMissing
        exp_alerts:
          - exp_annotations:
              summary: "the enclave was not checked for two days"
              action: "systemctl status landwaiter-check.timer"
      - eval_time: 90h
        alertname: LandwaiterTrustExpires
EOF
ok "they ring when they should" "$promtool" test rules test.yml
done_testing
