# leeway: one non-recursive Makefile. `make help` lists the targets.
VERSION   := $(shell sed -n 's/^\#define LW_VERSION "\(.*\)"/\1/p' include/leeway/version.h)
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
DEFINES  :=
CFLAGS    = $(STANDARD) $(WARNINGS) $(WERROR) $(OPTIMISE) $(HARDEN) $(SANITIZE) -fPIC -fvisibility=hidden \
            $(INCLUDES) $(DEFINES) -MMD -MP
LDFLAGS   = $(SANITIZE) -Wl,-z,relro,-z,now
LIBS     := -lgsl -lgslcblas -lcurl -levent_openssl -levent_core -levent_extra -lssl -lcrypto -lsqlite3 -lyaml \
            -lpcre2-8 -lz -lm
TEST_LIBS := -lcunit -ljson-c
BENCH_LIBS := -ljson-c

# Rooms, left to right as in the import order.
ROOMS    := models \
            engine/base engine/base/http engine/base/json engine/base/scan engine/base/vocabulary \
            engine/decode engine/decode/aws engine/decode/log engine/decode/loggly engine/decode/table \
            engine/core engine/core/gather engine/core/gather/curve engine/core/gather/unnamed \
            engine/core/judge engine/core/judge/chart engine/core/live \
            engine/store \
            engine/source engine/source/aws engine/source/aws/credentials engine/source/follow engine/source/loggly \
            engine/source/push \
            engine/sink \
            engine/report engine/report/page engine/report/text \
            engine/flow engine/flow/analyze engine/flow/cli engine/flow/config engine/flow/config/print \
            engine/flow/http engine/flow/people engine/flow/reconcile engine/flow/service engine/flow/simulate \
            engine/flow/turn engine/flow/turn/input engine/flow/watch
LIB_SRC  := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
MAIN_SRC := engine/main.c
HEADERS  := $(wildcard include/leeway/*.h) $(foreach room,$(ROOMS),$(wildcard $(room)/*.h))
KIT_SRC  := $(wildcard tests/kit/*.c tests/kit/double/*.c)
UNIT_SRC := $(wildcard tests/unit/*.c)
SCENARIO_SRC := $(wildcard tests/scenario/*.c)
SCENARIO_SH  := $(wildcard tests/scenario/*.sh)
DOUBLE_SRC := $(wildcard tests/double/*.c)
FUZZ_SRC := $(wildcard tests/fuzz/*.c)
BENCH_SRC := $(wildcard bench/*.c)

LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
MAIN_OBJ := $(MAIN_SRC:%.c=$(BUILD)/%.o)
KIT_OBJ  := $(KIT_SRC:%.c=$(BUILD)/%.o)
KIT_A    := $(BUILD)/tests/kit.a
UNIT_BIN := $(UNIT_SRC:%.c=$(BUILD)/%)
SCENARIO_BIN := $(SCENARIO_SRC:%.c=$(BUILD)/%)
DOUBLE_BIN := $(DOUBLE_SRC:%.c=$(BUILD)/%)
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(BUILD)/fuzz/%)
BENCH_BIN := $(BENCH_SRC:%.c=$(BUILD)/%)
FUZZ_OBJ := $(LIB_SRC:%.c=$(BUILD)/fuzz/obj/%.o)
LIB_A    := $(BUILD)/libleeway.a
LIB_SO   := $(BUILD)/libleeway.so.$(VERSION)
PROGRAM  := $(BUILD)/leeway

.PHONY: test-peers calibration-short all help deps deps-dev demo test unit check analyze asan tsan fuzz torture cover bench install uninstall clean
all: $(PROGRAM) $(LIB_A) $(LIB_SO) $(BUILD)/leeway.pc $(BUILD)/leeway.1 $(BUILD)/leeway.yaml.5 $(BUILD)/leeway.yaml $(BUILD)/leeway.bash $(BUILD)/leeway.service

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -c $< -o $@

# The inner loops of these are written for vectors, which gcc only uses at -O3; results do not depend on it.
$(BUILD)/models/ks_exact.o $(BUILD)/models/ks_few.o $(BUILD)/models/ks_rank.o: CFLAGS += -O3

$(LIB_A): $(LIB_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(LIB_SO): $(LIB_OBJ)
	$(CC) $(LDFLAGS) -shared -Wl,-soname,libleeway.so.$(SOVERSION) -o $@ $^ $(LIBS)
	@ln -sf $(@F) $(BUILD)/libleeway.so.$(SOVERSION)
	@ln -sf $(@F) $(BUILD)/libleeway.so

$(PROGRAM): $(MAIN_OBJ) $(LIB_A)
	$(CC) $(LDFLAGS) -o $@ $^ $(LIBS)

# Changes when PREFIX does: `make` and then `make install PREFIX=...` shall not install what names another place.
$(BUILD)/prefix: FORCE
	@mkdir -p $(@D)
	@echo '$(PREFIX)' | cmp -s - $@ || echo '$(PREFIX)' > $@
FORCE:

$(BUILD)/leeway.pc: Makefile $(BUILD)/prefix
	@printf 'prefix=%s\nlibdir=$${prefix}/lib\nincludedir=$${prefix}/include\n\nName: leeway\nDescription: drift between runs of repeatedly trained models\nVersion: %s\nLibs: -L$${libdir} -lleeway\nLibs.private: %s\nCflags: -I$${includedir}\n' '$(PREFIX)' '$(VERSION)' '$(LIBS)' > $@

# Where the program looks for its data, beside its own place.
$(BUILD)/engine/flow/place.o: DEFINES += -DLW_DATA_DIR='"$(PREFIX)/share/leeway"'

# The man page and the completion come from the program's own tables.
$(BUILD)/leeway.1: engine/share/leeway.1.in $(PROGRAM)
	$(PROGRAM) help --man $< > $@

$(BUILD)/leeway.yaml.5: engine/share/leeway.yaml.5.in $(PROGRAM)
	$(PROGRAM) help --man $< > $@

$(BUILD)/leeway.yaml: $(PROGRAM)
	$(PROGRAM) config example > $@

$(BUILD)/leeway.bash: $(PROGRAM)
	$(PROGRAM) completion bash > $@

$(BUILD)/leeway.service: engine/share/leeway.service Makefile $(BUILD)/prefix
	sed 's|@PREFIX@|$(PREFIX)|g' $< > $@

# Tests: every file of tests/unit and tests/scenario is a program of its own; tests/run adds up the counts. Their calls of
# the allocator go through tests/kit/alloc.c, which lets them fail on demand.
WRAPPED := malloc calloc realloc reallocarray aligned_alloc posix_memalign strdup strndup free
WRAP    := $(WRAPPED:%=-Wl,--wrap=%)
$(KIT_A): $(KIT_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(UNIT_BIN) $(SCENARIO_BIN): $(BUILD)/%: $(BUILD)/%.o $(KIT_A) $(LIB_A)
	$(CC) $(LDFLAGS) $(WRAP) -o $@ $< $(KIT_A) $(LIB_A) $(TEST_LIBS) $(LIBS)

# Sabotage twins: the same tests over a store, or a delivery, in which one protection is missing. They must fail
# (tests/scenario/twins.sh).
STORE_SRC := $(wildcard engine/store/*.c)
STORE_TWINS := $(BUILD)/twin/store_fsync $(BUILD)/twin/store_outbox
$(BUILD)/twin/store_fsync: SABOTAGE := -DLW_SABOTAGE_FSYNC
$(BUILD)/twin/store_outbox: SABOTAGE := -DLW_SABOTAGE_OUTBOX
$(STORE_TWINS): $(BUILD)/tests/unit/store_crash.o $(STORE_SRC) $(KIT_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(SABOTAGE) $(LDFLAGS) $(WRAP) -o $@ $< $(STORE_SRC) $(KIT_A) $(LIB_A) $(TEST_LIBS) $(LIBS)

SINK_TWIN := $(BUILD)/twin/sink_ack
$(SINK_TWIN): $(BUILD)/tests/unit/delivery_chaos.o $(wildcard engine/sink/*.c) $(KIT_A) $(LIB_A)
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(CFLAGS)) -DLW_SABOTAGE_ACK $(LDFLAGS) $(WRAP) -o $@ $< $(wildcard engine/sink/*.c) $(KIT_A) $(LIB_A) $(TEST_LIBS) $(LIBS)

# Doubles of services, as programs for scenarios in shell.
$(DOUBLE_BIN): $(BUILD)/%: $(BUILD)/%.o $(KIT_A) $(LIB_A)
	$(CC) $(LDFLAGS) $(WRAP) -o $@ $< $(KIT_A) $(LIB_A) $(TEST_LIBS) $(LIBS)

$(BENCH_BIN): $(BUILD)/%: $(BUILD)/%.o $(LIB_A)
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB_A) $(BENCH_LIBS) $(LIBS)
# These judge runs that are made up.
$(BUILD)/bench/judge $(BUILD)/bench/calibration $(BUILD)/bench/watch: $(BUILD)/tests/kit/runs.o
$(BUILD)/bench/watch: $(BUILD)/bench/kit/daemon.o

# Packages of Debian 12. `deps` is enough to build, to run the demo and the tests; `deps-dev` adds what `make check`, the
# sanitizers and the fuzz targets use.
PACKAGES     := gcc libc6-dev make libgsl-dev libssl-dev zlib1g-dev libjson-c-dev libcurl4-openssl-dev libevent-dev \
                libsqlite3-dev libyaml-dev libpcre2-dev libcunit1-dev mandoc tzdata ca-certificates openssl \
                python3-minimal python3-jsonschema python3-yaml
PACKAGES_DEV := $(PACKAGES) clang libclang-rt-14-dev clang-format clang-tidy cppcheck valgrind llvm

deps:
	@tests/check/packages.sh $(PACKAGES)

deps-dev:
	@tests/check/packages.sh $(PACKAGES_DEV)

test: deps
	@$(MAKE) --no-print-directory unit

unit: $(PROGRAM) $(BUILD)/leeway.yaml $(UNIT_BIN) $(SCENARIO_BIN) $(STORE_TWINS) $(SINK_TWIN) $(DOUBLE_BIN)
	@LEEWAY=$(abspath $(PROGRAM)) TWINS=$(abspath $(BUILD))/twin tests/run $(SCENARIO_BIN) $(SCENARIO_SH) $(UNIT_BIN)

# One suite, with its output: make suite-ks
suite-%: $(BUILD)/tests/unit/%
	@LEEWAY=$(abspath $(PROGRAM)) $<

demo: deps
	@$(MAKE) --no-print-directory $(PROGRAM)
	@$(PROGRAM) demo

# The rules of the house, held by programs. It builds nothing of the program: objects of its own, unoptimised.
check:
	@BUILD=$(BUILD) CC=$(CC) CLANG=$(CLANG) FLAGS='$(STANDARD) $(WARNINGS) $(INCLUDES) $(DEFINES)' tests/check/all.sh

# The clang static analyzer over every source; some minutes on two cores.
analyze:
	@BUILD=$(BUILD) CC=$(CC) CLANG=$(CLANG) FLAGS='$(STANDARD) $(WARNINGS) $(INCLUDES) $(DEFINES)' tests/check/all.sh deep

# Sanitizer builds run the same tests in build directories of their own.
asan:
	@$(MAKE) --no-print-directory unit BUILD=build/asan HARDEN= OPTIMISE='-O1 -g' \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

tsan:
	@$(MAKE) --no-print-directory unit BUILD=build/tsan HARDEN= OPTIMISE='-O1 -g' SANITIZE='-fsanitize=thread'

# Every fuzz target for FUZZ_SECONDS, with its corpus in build/fuzz/corpus and seeds from tests/data/fuzz.
FUZZ_FLAGS := $(STANDARD) -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all $(INCLUDES) $(DEFINES) -MMD -MP
$(BUILD)/fuzz/obj/%.o: %.c
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_FLAGS) -c $< -o $@

$(BUILD)/fuzz/libleeway.a: $(FUZZ_OBJ)
	@rm -f $@
	$(AR) rcs $@ $^

$(FUZZ_BIN): $(BUILD)/fuzz/%: tests/fuzz/%.c $(BUILD)/fuzz/libleeway.a
	$(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer,address,undefined -MF $@.d -o $@ $< $(BUILD)/fuzz/libleeway.a -ljson-c $(LIBS)

# False alarms of quiet histories and what is found of planted changes, as a table; about a minute and a half.
calibration-short: $(BUILD)/bench/calibration
	@$(BUILD)/bench/calibration 90

fuzz: $(FUZZ_BIN)
	@printf '%s\n' $(FUZZ_BIN) | xargs -P 2 -n 1 tests/fuzz/run.sh $(FUZZ_SECONDS)

# Every allocation and every call for a file failing in turn, a thousand kills, and the tests under valgrind.
torture: $(PROGRAM) $(UNIT_BIN) $(SCENARIO_BIN)
	@LEEWAY_TORTURE=1 $(BUILD)/tests/scenario/inject
	@LEEWAY=$(abspath $(PROGRAM)) LEEWAY_KILLS=1000 $(BUILD)/tests/scenario/kill
	@LEEWAY=$(abspath $(PROGRAM)) tests/check/valgrind.sh $(UNIT_BIN)

# Programs of other people, from Debian and PyPI (moto, boto3, ...; in build/peers-venv, takes the network), on what leeway
# writes and reads.
test-peers:
	@tests/check/packages.sh $(PACKAGES) python3-venv systemd
	@$(MAKE) --no-print-directory $(PROGRAM)
	@LEEWAY=$(abspath $(PROGRAM)) tests/peers/run.sh

cover:
	@$(MAKE) --no-print-directory unit BUILD=build/cover HARDEN= OPTIMISE='-O0 -g' SANITIZE='--coverage'
	@tests/check/cover.sh build/cover

bench: $(PROGRAM) $(BENCH_BIN) $(DOUBLE_BIN)
	@LEEWAY=$(abspath $(PROGRAM)) LOGGLY=$(abspath $(BUILD)/tests/double/loggly) BUILD=$(BUILD) bench/run.sh

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/include/leeway $(DESTDIR)$(PREFIX)/lib/pkgconfig
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/leeway
	install -m 644 include/leeway/*.h $(DESTDIR)$(PREFIX)/include/leeway/
	install -m 644 $(LIB_A) $(DESTDIR)$(PREFIX)/lib/libleeway.a
	install -m 755 $(LIB_SO) $(DESTDIR)$(PREFIX)/lib/
	ln -sf libleeway.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libleeway.so.$(SOVERSION)
	ln -sf libleeway.so.$(VERSION) $(DESTDIR)$(PREFIX)/lib/libleeway.so
	install -m 644 $(BUILD)/leeway.pc $(DESTDIR)$(PREFIX)/lib/pkgconfig/
	install -d $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5 $(DESTDIR)$(PREFIX)/share/bash-completion/completions \
	    $(DESTDIR)$(PREFIX)/share/leeway/demo/logs
	install -m 644 $(BUILD)/leeway.1 $(DESTDIR)$(PREFIX)/share/man/man1/leeway.1
	install -m 644 $(BUILD)/leeway.yaml.5 $(DESTDIR)$(PREFIX)/share/man/man5/leeway.yaml.5
	install -m 644 $(BUILD)/leeway.yaml $(DESTDIR)$(PREFIX)/share/leeway/leeway.yaml
	install -m 644 $(BUILD)/leeway.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/leeway
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system $(DESTDIR)$(PREFIX)/lib/sysusers.d
	install -m 644 $(BUILD)/leeway.service $(DESTDIR)$(PREFIX)/lib/systemd/system/leeway.service
	install -m 644 engine/share/leeway.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/leeway.conf
	install -m 644 engine/share/leeway.report-1.schema.json $(DESTDIR)$(PREFIX)/share/leeway/
	install -m 644 tests/data/sagemaker/*.* $(DESTDIR)$(PREFIX)/share/leeway/demo/
	install -m 644 tests/data/sagemaker/logs/*.txt $(DESTDIR)$(PREFIX)/share/leeway/demo/logs/

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/leeway $(DESTDIR)$(PREFIX)/lib/libleeway.* $(DESTDIR)$(PREFIX)/lib/pkgconfig/leeway.pc
	rm -f $(DESTDIR)$(PREFIX)/share/man/man1/leeway.1 $(DESTDIR)$(PREFIX)/share/man/man5/leeway.yaml.5
	rm -f $(DESTDIR)$(PREFIX)/share/bash-completion/completions/leeway
	rm -f $(DESTDIR)$(PREFIX)/lib/systemd/system/leeway.service $(DESTDIR)$(PREFIX)/lib/sysusers.d/leeway.conf
	rm -rf $(DESTDIR)$(PREFIX)/include/leeway $(DESTDIR)$(PREFIX)/share/leeway

help:
	@printf '%s\n' 'make            build/leeway, build/libleeway.a and .so' \
	    'make demo       install what is missing, build, run the main job on real input' \
	    'make test       the same for the tests' 'make check      the rules of the house' \
	    'make asan tsan fuzz torture cover bench   see README.md' 'make install    to PREFIX (default /usr/local)'

clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
