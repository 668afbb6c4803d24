# SPDX-License-Identifier: Apache-2.0
# The lanes: everything `make` does besides building. Lines with two hashes are `make help`.
#
# A fresh system has make before it has a compiler, and what the Makefile asks pkg-config is
# asked when it is read: so each lane first installs its packages and then calls make again.

JOBS         ?= $(shell nproc)
FUZZ_SECONDS ?= 60
LANES        ?= build demo test
PREFIX       ?= /usr/local
DESTDIR      ?=
T            ?=

deps-for = $(Q)tests/deps.sh build $(1)
again    = $(Q)$(MAKE) --no-print-directory -j$(JOBS)
SOURCES   = $(wildcard $(addsuffix /*.[ch],$(LIBDIRS) cmd udev appliance tests/*))

.PHONY: programs units tools replays fuzzers
programs: $(PROGRAMS)
units: $(UNITS)
tools: $(TOOLS)
replays: $(REPLAYS)
fuzzers: $(FUZZERS)

.PHONY: demo test sweep interop e2e appliance appliance-repro bench fuzz cover lint format tcb deps install help clean

demo: ## seal, carry, verify, load and read back real images; then every refusal
	$(call deps-for,demo)
	$(again) programs
	$(Q)tests/demo/run.sh

test: ## every test under one TAP harness (T=WORD: only those with the word in their name)
	$(call deps-for,test)
	$(again) programs tools
	$(again) BUILD=san programs tools units replays
	$(Q)tests/run $(T)

sweep: ## every kill, failure, power loss and mutation of a load (FULL=1: of everything; hours)
	$(call deps-for,test sweep)
	$(again) programs tools units
	$(again) BUILD=san programs tools
	$(Q)tests/run -l sweep -t 14400 $(T)

interop: ## what other programs make of our bundles and our store
	$(call deps-for,test interop)
	$(again) programs tools
	$(Q)tests/run -l interop -t 1800 $(T)

e2e: ## the demo, twice; an installed copy; the appliance and its disc, booted in QEMU; a disk that is recovered
	$(call deps-for,demo test appliance e2e)
	$(again) programs tools $(OUT)/appliance-init
	$(Q)appliance/build.sh
	$(Q)tests/run -l e2e -j 1 -t 900 $(T)

appliance: ## a disk image that boots, and a disc that installs it (docs/runbook/appliance.md), in build/appliance
	$(call deps-for,appliance)
	$(again) programs $(OUT)/appliance-init
	$(Q)appliance/build.sh

appliance-repro: ## the same, built a second time elsewhere, and compared byte for byte
	$(call deps-for,appliance)
	$(again) programs $(OUT)/appliance-init
	$(Q)appliance/repro.sh

bench: ## pack, verify and load against openssl, dd, tar, rauc and skopeo; TUF against python-tuf; drawn in build/bench
	$(call deps-for,test bench)
	$(again) programs tools
	$(Q)tests/bench/run.sh
	$(Q)tests/bench/media.sh
	$(Q)tests/bench/peers.sh
	$(Q)tests/bench/cost.sh
	$(Q)tests/bench/registry.sh

fuzz: ## each fuzz target for FUZZ_SECONDS (60) under ASan and UBSan
	$(call deps-for,fuzz)
	$(again) BUILD=fuzz fuzzers
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) JOBS=$(JOBS) tests/fuzz/run.sh $(T)

cover: ## run the tests with coverage; a summary per folder, each line's count in build/cover/
	$(call deps-for,test)
	$(Q)rm -rf build/cover/lines; find build/cover -name '*.gcda' -delete 2>/dev/null; true
	$(again) BUILD=cover programs tools units replays
	$(Q)tests/run -f cover $(T)
	$(Q)tests/cover.sh

lint: ## format, layers, shell, spelling, man pages, cppcheck, clang-tidy, gcc -fanalyzer
	$(call deps-for,lint)
	$(again) _lint

.PHONY: _lint _cppflags
_lint: programs
	$(Q)JOBS=$(JOBS) tests/lint.sh
_cppflags:
	@printf '%s\n' $(CPPFLAGS)

format: ## lay out every C file as .clang-format says
	$(call deps-for,format)
	$(Q)clang-format-14 -i $(SOURCES)

tcb: ## list and count the lines that can change a verdict
	$(Q)tests/tcb.sh

deps: ## install what is missing of Debian's packages (LANES="build demo test ...")
	$(Q)tests/deps.sh $(LANES)

install: all ## into PREFIX (/usr/local), below DESTDIR: programs, man pages, completion
	$(Q)install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/landwaiter
	$(Q)install -m 755 $(OUT)/landwaiter $(DESTDIR)$(PREFIX)/bin/landwaiter
	$(Q)install -m 755 $(OUT)/landwaiter-judge $(OUT)/landwaiter-pack \
		$(OUT)/landwaiter-fetch $(OUT)/landwaiter-push $(OUT)/landwaiter-serve \
		$(OUT)/landwaiter-door $(OUT)/landwaiter-unpack $(OUT)/landwaiter-status $(OUT)/landwaiter-console \
		$(DESTDIR)$(PREFIX)/libexec/landwaiter
	$(Q)for name in intake mount; do \
		install -m 755 appliance/$$name.sh \
			$(DESTDIR)$(PREFIX)/libexec/landwaiter/landwaiter-$$name || exit; \
	done
	$(Q)for page in $(wildcard docs/man/*.[1-8]); do \
		install -D -m 644 $$page \
			$(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; \
	done
	$(Q)for unit in appliance/systemd/*; do \
		install -d $(DESTDIR)$(PREFIX)/lib/systemd/system && \
		sed 's|/usr/local/|$(PREFIX)/|' $$unit \
			>$(DESTDIR)$(PREFIX)/lib/systemd/system/$${unit##*/} || exit; \
	done
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/udev/rules.d appliance/udev/*
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/sysusers.d appliance/sysusers.d/*
	$(Q)install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/landwaiter/prometheus \
		appliance/prometheus/*
	$(Q)install -d $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(Q)$(OUT)/landwaiter completion bash \
		>$(DESTDIR)$(PREFIX)/share/bash-completion/completions/landwaiter

help:
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## /\1\t/p' Makefile tests/lanes.mk | \
		awk -F '\t' '{ printf "  %-15s %s\n", $$1, $$2 }'

clean:
	$(Q)rm -rf build
