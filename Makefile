# leeway: one non-recursive Makefile. `make help` lists the targets.
VERSION   := 0.1.0
SOVERSION := 0
BUILD     ?= build
CC        := gcc
CLANG     ?= clang
PREFIX    ?= /usr/local
DESTDIR   ?=
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wformat=2 -Wstrict-prototypes \
            -Wmissing-prototypes -Wcast-qual -Wvla -Wimplicit-fallthrough -Wundef
# -ffp-contract=off: the same result on machines with and without fused multiply-add.
STANDARD := -std=c17 -ffp-contract=off -fno-math-errno
OPTIMISE ?= -O2 -g
HARDEN   ?= -fstack-protector-strong -D_FORTIFY_SOURCE=2
INCLUDES := -Iinclude -I.
DEFINES  := -DLW_VERSION='"$(VERSION)"'
CFLAGS    = $(STANDARD) $(WARNINGS) $(WERROR) $(OPTIMISE) $(HARDEN) $(SANITIZE) -fPIC -fvisibility=hidden \
            $(INCLUDES) $(DEFINES) -MMD -MP
LDFLAGS   = $(SANITIZE) -Wl,-z,relro,-z,now
LIBS     := -lgsl -lgslcblas -lcrypto -lz -lm
TEST_LIBS := -lcunit -ljson-c

# Rooms, left to right as in the import order.
ROOMS    := models engine/base engine/decode engine/core engine/store engine/source engine/sink engine/report engine/flow
LIB_SRC  := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
MAIN_SRC := engine/main.c
HEADERS  := $(wildcard include/leeway/*.h) $(foreach room,$(ROOMS),$(wildcard $(room)/*.h))
KIT_SRC  := $(wildcard tests/kit/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c)
SCENARIO_SRC := $(wildcard tests/scenario/*.c)
SCENARIO_SH  := $(wildcard tests/scenario/*.sh)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
BENCH_SRC := $(wildcard bench/*.c)

LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ := $(MAIN_SRC:%.c=$(BUILD)/%.o)
KIT_OBJ  := $(KIT_SRC:%.c=$(BUILD)/%.o)
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
SCENARIO_BIN := $(SCENARIO_SRC:%.c=$(BUILD)/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
BENCH_BIN := $(BENCH_SRC:%.c=$(BUILD)/%)
LIB_A    := $(BUILD)/libleeway.a
LIB_SO   := $(BUILD)/libleeway.so.$(VERSION)
PROGRAM  := $(BUILD)/leeway

.PHONY: all lib demo test unit check asan tsan fuzz torture cover bench install uninstall deps clean help
all: $(PROGRAM) $(LIB_A) $(LIB_SO) $(BUILD)/leeway.pc

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

$(LIB_A): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(LIB_SO): $(LIB_OBJ)
	$(CC) $(LDFLAGS) -shared -Wl,-soname,libleeway.so.$(SOVERSION) -o $@ $^ $(LIBS)
	@ln -sf $(@F) $(BUILD)/libleeway.so.$(SOVERSION)
	@ln -sf $(@F) $(BUILD)/libleeway.so

$(PROGRAM): $(MAIN_OBJ) $(LIB_A)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/leeway.pc: Makefile
	@mkdir -p $(@D)
	@printf 'prefix=%s\nlibdir=$${prefix}/lib\nincludedir=$${prefix}/include\n\nName: leeway\nDescription: drift between runs of repeatedly trained models\nVersion: %s\nLibs: -L$${libdir} -lleeway\nLibs.private: %s\nCflags: -I$${includedir}\n' '$(PREFIX)' '$(VERSION)' '$(LIBS)' > $@

# Tests: every file of tests/unit and tests/scenario is a program of its own; tests/run adds up the counts.
$(UNIT_BIN) $(SCENARIO_BIN): $(BUILD)/%: $(BUILD)/%.o $(KIT_OBJ) $(LIB_A)
	$(CC) $(LDFLAGS) -o $@ $< $(KIT_OBJ) $(LIB_A) $(TEST_LIBS) $(LIBS)

$(BENCH_BIN): $(BUILD)/%: $(BUILD)/%.o $(LIB_A)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB_A) $(BENCH_LIBS) $(LIBS)

deps:
	@true

test: deps
	@$(MAKE) --no-print-directory unit

unit: $(PROGRAM) $(UNIT_BIN) $(SCENARIO_BIN)
	@LEEWAY=$(abspath $(PROGRAM)) tests/run $(UNIT_BIN) $(SCENARIO_BIN) $(SCENARIO_SH)

# One suite, with its output: make suite-ks
suite-%: $(BUILD)/tests/unit/%
	@LEEWAY=$(abspath $(PROGRAM)) $<

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

