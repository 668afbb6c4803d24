# SPDX-License-Identifier: Apache-2.0
# One non-recursive Makefile. `make help` lists what it does.

MAKEFLAGS += --no-builtin-rules
SHELL := /bin/bash
.DEFAULT_GOAL := all

# BUILD picks the flavour: release (default), san (ASan+UBSan), cover, fuzz (clang, libFuzzer),
# analyze (gcc -fanalyzer; never run).
BUILD   ?= release
OUT     := build/$(BUILD)
CC      := $(if $(filter fuzz,$(BUILD)),clang-14,gcc)
VERSION := $(shell cat VERSION)
# The day of this release: proven time starts here (verify/freshness.h). Raised with VERSION.
RELEASED := 2026-11-23

LIBS    := libarchive libcrypto libsodium libcjson sqlite3 libseccomp yaml-0.1 libxcrypt
DEPCF   := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
DEPLD   := $(shell pkg-config --libs $(LIBS) 2>/dev/null)

WARN := -Wall -Wextra -Werror
ifeq ($(CC),gcc)
WARN += -Wpedantic -Wshadow -Wformat=2 -Wconversion -Wsign-conversion \
	-Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition -Wundef -Wcast-qual \
	-Wwrite-strings -Wpointer-arith -Wvla -Walloca -Wswitch-enum -Wnull-dereference \
	-Wdate-time -Wframe-larger-than=16384 \
	-Wformat-signedness -Wformat-truncation=1 -Wduplicated-cond -Wlogical-op \
	-Wimplicit-fallthrough=5 -Wuse-after-free=3 -Wstringop-overflow=4 -Warray-bounds=2 \
	-Wbidi-chars=any -Wtrampolines -Wcast-align=strict
endif
HARDEN := -fstack-protector-strong -fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero -fzero-call-used-regs=used-gpr -fno-common \
	-fno-strict-aliasing -fno-delete-null-pointer-checks -fno-strict-overflow
LINK := -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code -Wl,--as-needed

CPPFLAGS := -I. -D_GNU_SOURCE -DLW_RELEASED='"$(RELEASED)"' -DLW_VERSION='"$(VERSION)"' $(DEPCF)
CFLAGS   := -std=gnu11 -g -fPIE $(WARN) -ffile-prefix-map=$(CURDIR)=. -pthread
LDFLAGS  := -pie -pthread $(LINK)

ifeq ($(BUILD),release)
CPPFLAGS += -D_FORTIFY_SOURCE=3
CFLAGS   += -O2 $(HARDEN)
else ifeq ($(BUILD),san)
CFLAGS   += -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=address,undefined
CPPFLAGS += -DLW_SANITIZED=1
else ifeq ($(BUILD),cover)
CFLAGS   += -O0 --coverage
LDFLAGS  += --coverage
CPPFLAGS += -DLW_COVERAGE=1
else ifeq ($(BUILD),analyze)
CFLAGS   += -O2 -fanalyzer
else ifeq ($(BUILD),fuzz)
CFLAGS   += -O1 -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
LDFLAGS  += -fsanitize=address,undefined
CPPFLAGS += -DLW_SANITIZED=1
endif

LIBDIRS  := base image verify keys tuf fetch udev custody bundle registry
LIBSRC   := $(sort $(wildcard $(addsuffix /*.c,$(LIBDIRS))))
# `pack` and `export` are at work in landwaiter-pack, the one program that writes archives.
CMDSRC   := $(filter-out cmd/judge.c cmd/fetch.c cmd/server.c cmd/pusher.c cmd/door.c cmd/door_event.c cmd/door_session.c cmd/unpack.c cmd/pack_%.c cmd/status%.c cmd/console%.c,$(sort $(wildcard cmd/*.c)))
UNITSRC  := $(sort $(wildcard tests/unit/test_*.c))
FUZZSRC  := $(sort $(wildcard tests/fuzz/fuzz_*.c))
TOOLSRC  := $(sort $(wildcard tests/tools/*.c))

obj       = $(patsubst %.c,$(OUT)/obj/%.o,$(1))
LIB      := $(OUT)/liblandwaiter.a
PROGRAMS := $(OUT)/landwaiter $(OUT)/landwaiter-judge $(OUT)/landwaiter-pack \
	$(OUT)/landwaiter-fetch $(OUT)/landwaiter-push $(OUT)/landwaiter-serve \
	$(OUT)/landwaiter-door $(OUT)/landwaiter-unpack $(OUT)/landwaiter-status $(OUT)/landwaiter-console
UNITS    := $(patsubst tests/unit/%.c,$(OUT)/unit/%,$(UNITSRC))
FUZZERS  := $(patsubst tests/fuzz/%.c,$(OUT)/fuzz/%,$(FUZZSRC))
REPLAYS  := $(patsubst tests/fuzz/fuzz_%.c,$(OUT)/replay/fuzz_%,$(FUZZSRC))
TOOLS    := $(patsubst tests/tools/%.c,$(OUT)/tools/%,$(TOOLSRC)) $(OUT)/tools/tuf-client \
	$(patsubst tests/preload/%.c,$(OUT)/tools/%.so,$(sort $(wildcard tests/preload/*.c)))

V ?= 0
ifeq ($(V),0)
Q := @
say = @printf '  %-6s %s\n' $(1) $(2)
else
say = @:
endif

include tests/lanes.mk

all: $(PROGRAMS) ## build the programs into build/release/
.PHONY: all

$(OUT)/obj/%.o: %.c Makefile VERSION
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(LIB): $(call obj,$(LIBSRC))
	$(call say,AR,$@)
	$(Q)rm -f $@ && ar rcsD $@ $^

$(OUT)/landwaiter: $(call obj,$(CMDSRC) cmd/pack_start.c) $(LIB)
$(OUT)/landwaiter-pack: $(call obj,$(CMDSRC) cmd/pack_run.c cmd/pack_held.c cmd/pack_request.c cmd/pack_export.c) $(LIB)
$(OUT)/landwaiter $(OUT)/landwaiter-pack:
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -lqrencode

$(OUT)/landwaiter-judge: $(call obj,cmd/judge.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD)

# The one program that reads archives of others.
$(OUT)/landwaiter-unpack: $(call obj,cmd/unpack.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD)

# The programs that link libcurl.
$(OUT)/landwaiter-fetch: $(call obj,cmd/fetch.c) $(LIB)
$(OUT)/landwaiter-push: $(call obj,cmd/pusher.c) $(LIB)
$(OUT)/landwaiter-fetch $(OUT)/landwaiter-push:
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -lcurl

# The one program that links libmicrohttpd, and GnuTLS.
$(OUT)/landwaiter-serve: $(call obj,cmd/server.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -lmicrohttpd -lgnutls

# The one program that links libudev.
$(OUT)/landwaiter-door: $(call obj,cmd/door.c cmd/door_event.c cmd/door_session.c cmd/notify.c cmd/record_time.c cmd/reporting.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -ludev

$(OUT)/landwaiter-status: $(call obj,$(sort $(wildcard cmd/status*.c)) cmd/notify.c cmd/reporting.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD)

# The one program that links ncurses.
$(OUT)/landwaiter-console: $(call obj,$(sort $(wildcard cmd/console*.c)) cmd/notify.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -lncursesw -ltinfo

# Process 1 of the appliance's initrd, which has no libraries.
$(OUT)/appliance-init: $(call obj,appliance/init.c) $(LIB)
	$(call say,LD,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -static-pie -o $@ $^

$(OUT)/unit/%: $(OUT)/obj/tests/unit/%.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -lcmocka -ljansson

$(OUT)/tools/%: $(OUT)/obj/tests/tools/%.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -ljansson

$(OUT)/tools/liarfs: DEPLD += -lfuse3
$(OUT)/unit/test_client $(OUT)/fuzz/fuzz_client $(OUT)/replay/fuzz_client: DEPLD += -lcurl

# The client that the TUF conformance suite drives.
$(OUT)/tools/tuf-client: $(OUT)/obj/tests/conformance/tuf-client.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -lcurl

$(OUT)/tools/%.so: tests/preload/%.c Makefile
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -shared -o $@ $<

$(OUT)/fuzz/%: $(OUT)/obj/tests/fuzz/%.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(DEPLD) -ljansson

$(OUT)/replay/%: $(OUT)/obj/tests/fuzz/%.o $(OUT)/obj/tests/fuzz/replay.o $(LIB)
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DEPLD) -ljansson

.SECONDARY:
-include $(shell find build/$(BUILD)/obj -name '*.d' 2>/dev/null)
