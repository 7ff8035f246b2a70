# Incremental build.  People type ./build.sh; it calls this with the right V.
#
#   V=release   build/         static-pie, the shipped binary
#   V=asan      build/asan/    AddressSanitizer and UBSan, dynamic
#   V=tsan      build/tsan/    ThreadSanitizer, dynamic
#   V=libfuzzer build/libfuzzer/  clang's fuzzer; its target: make V=libfuzzer fuzz
#   V=afl       build/afl/     as asan, by afl++'s compiler; likewise
#
#   make all    the binary and the programs of cmd/
#   make unit   one test program per folder: build/test/core_base ...
#   make fuzz   the fuzz targets in one program, under the address sanitizer

V      ?= release
CC_FOR := $(if $(filter libfuzzer,$(V)),clang,$(if $(filter afl,$(V)),afl-clang-fast,gcc))
CC     := $(if $(filter default,$(origin CC)),$(CC_FOR),$(CC))
OUT    := build$(if $(filter release,$(V)),,/$(V))
OBJ    := $(OUT)/obj
ARCH   := $(shell uname -m)

VERSION := 0.1.0
GIT     := git -c safe.directory='$(CURDIR)'
COMMIT  := $(shell $(GIT) rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
CHANGED := $(shell $(GIT) diff --quiet HEAD 2>/dev/null || echo +changes)
DIRTY   := $(if $(filter-out unknown,$(COMMIT)),$(CHANGED))
# BearSSL does not say its version: what vendor/libraries asks for is all we know.
BEARSSL := $(shell awk '$$1 == "BearSSL" { print $$3; exit }' vendor/libraries)

WARN   := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wvla \
	  -Wstrict-prototypes -Wimplicit-fallthrough -Wcast-qual \
	  -Wnull-dereference -Wtrampolines -Wbidi-chars=any -Werror
# Another compiler is there to fuzz; which warnings count is gcc's matter.
ifneq ($(CC_FOR),gcc)
WARN   := -w
endif
BASE   := -std=c11 -D_GNU_SOURCE -Icore -I. -g1 -O2 -fPIE -pthread \
	  -ffile-prefix-map=$(CURDIR)=. $(WARN)
BRANCH := $(if $(filter x86_64,$(ARCH)),-fcf-protection=full,\
	  $(if $(filter aarch64,$(ARCH)),-mbranch-protection=standard))
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	  -ftrivial-auto-var-init=zero $(BRANCH)
LIBS   := -levent_extra -levent_core -lbearssl -lcrypto -lhttp_parser -lsqlite3 \
	  -ljansson -lyaml -lz -lnghttp2 -lbrotlienc -lbrotlicommon -lm

ifeq ($(V),release)
# Nothing unwinds the stack at run time; debuggers read .debug_frame.
CFLAGS_V  := $(HARDEN) -fno-asynchronous-unwind-tables
LDFLAGS_V := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	     -Wl,-z,pack-relative-relocs -Wl,-T,cmd/mesh/unwind.ld
NONSS     := $(OBJ)/cmd/mesh/nonss.o
else ifeq ($(V),asan)
CFLAGS_V  := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	     -fno-omit-frame-pointer -Wno-null-dereference
LDFLAGS_V := -fsanitize=address,undefined -pie
else ifeq ($(V),tsan)
CFLAGS_V  := -fsanitize=thread -Wno-null-dereference
LDFLAGS_V := -fsanitize=thread -pie
else ifeq ($(V),libfuzzer)
CFLAGS_V  := -fsanitize=fuzzer-no-link,address,undefined \
	     -fno-sanitize-recover=undefined -Wno-null-dereference
LDFLAGS_V := -fsanitize=fuzzer,address,undefined -pie
else ifeq ($(V),afl)
CFLAGS_V  := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	     -Wno-null-dereference
LDFLAGS_V := -fsanitize=address,undefined -pie
else
$(error V must be release, asan, tsan, libfuzzer or afl)
endif

# cmocka is a shared object, so unit tests are never static.  PCRE2 tells those
# of core/route what is right, brotli's decoder those of core/filter.
LDFLAGS_UNIT := $(if $(filter release,$(V)),-pie,$(LDFLAGS_V))
CFLAGS_ALL := $(BASE) $(CFLAGS_V) $(CFLAGS)

# Every .c of core and modes goes into one archive; tests and programs link it.
LIB_SRC  := $(filter-out %_test.c core/base/unit.c,$(wildcard core/*/*.c modes/*/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(OBJ)/%.o)
LIB      := $(OUT)/libmesh.a
# The objects of one folder of cmd/, without its tests.
CMD_SRC   = $(filter-out %_test.c cmd/mesh/nonss.c,$(wildcard $(1)*.c))
CMD_OBJ   = $(patsubst %.c,$(OBJ)/%.o,$(CMD_SRC))
TEST_SRC := $(wildcard core/*/*_test.c modes/*/*_test.c cmd/*/*_test.c)
TEST_DIR := $(sort $(dir $(TEST_SRC)))
UNIT     := $(foreach d,$(TEST_DIR),$(OUT)/test/$(subst /,_,$(d:%/=%)))
CMD_DIR  := $(patsubst %/,%,$(sort $(dir $(wildcard cmd/*/*.c))))
PROGRAMS := $(patsubst cmd/%,$(OUT)/%,$(filter-out cmd/mesh,$(CMD_DIR)))

.PHONY: all unit programs fuzz clean force
.SECONDARY:
.DELETE_ON_ERROR:
all: $(OUT)/mesh programs
programs: $(PROGRAMS)
unit: $(UNIT)
fuzz: $(if $(filter release,$(V)),,$(OUT)/fuzz)
	$(if $(filter release,$(V)),$(MAKE) V=asan build/asan/fuzz)

# What is no file but can change: each is kept in one that is only touched when
# it differs, and whatever was made from it is made again then.
define REMEMBER
$(OUT)/$(1): force
	@mkdir -p $$(@D)
	@echo '$(2)' | cmp -s - $$@ || echo '$(2)' > $$@
endef
VERSION_FLAGS := -DMESH_VERSION=\"$(VERSION)\" \
	  -DMESH_COMMIT=\"$(COMMIT)$(DIRTY)\" -DMESH_BEARSSL=\"$(BEARSSL)\"
VERSION_OBJ   := $(OBJ)/core/base/build.o $(OBJ)/cmd/mesh/version.o
$(eval $(call REMEMBER,flags,$(subst ','\'',$(CC) $(CFLAGS_ALL) $(LDFLAGS_V) $(LIBS))))
$(eval $(call REMEMBER,version,$(VERSION_FLAGS)))
$(eval $(call REMEMBER,members,$(LIB_SRC)))

$(OBJ)/%.o: %.c $(OUT)/flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Version and commit reach these objects only.
$(VERSION_OBJ): CFLAGS_ALL += $(VERSION_FLAGS)
$(VERSION_OBJ): $(OUT)/version

$(LIB): $(LIB_OBJ) $(OUT)/members
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

# glibc warns of each function that needs its shared objects at run time.  The
# one warning that stays is about dlopen, which SQLite mentions and
# cmd/mesh/nonss.c answers; any other is an error.
define LINK
$(CC) $(CFLAGS_ALL) $(LDFLAGS_V) -o $@ $(filter %.o,$^) $(LIB) $(LIBS) 2>$(OBJ)/$(@F).ld \
	  || { cat $(OBJ)/$(@F).ld >&2; exit 1; }
@! grep 'warning:' $(OBJ)/$(@F).ld | grep -v "Using 'dlopen'" >&2
endef

$(OUT)/mesh.full: $(call CMD_OBJ,cmd/mesh/) $(NONSS) $(LIB)
	$(LINK)

# A sanitizer's report wants symbols.  strip writes its file in one piece,
# which Linux keeps in pages so large that all of the code counts as resident
# in each process; a copy is kept in small ones.  It takes the place of one that
# may run now.
$(OUT)/mesh: $(OUT)/mesh.full
	$(if $(filter release,$(V)),strip -o $@.stripped $<,cp $< $@.stripped)
	cp $@.stripped $@.new
	mv -f $@.new $@
	rm $@.stripped

# libFuzzer brings a main of its own.
NOT_LINKED := $(if $(filter libfuzzer,$(V)),$(OBJ)/cmd/fuzz/main.o)

define PROGRAM
$(OUT)/$(1): $(filter-out $(NOT_LINKED),$(call CMD_OBJ,cmd/$(1)/)) $(NONSS) $(LIB)
	$$(LINK)
endef
$(foreach p,$(notdir $(PROGRAMS)),$(eval $(call PROGRAM,$(p))))

define UNITTEST
$(OUT)/test/$(subst /,_,$(1:%/=%)): $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(1)*_test.c)) \
	  $(filter-out %/main.o,$(if $(filter cmd/%,$(1)),$(call CMD_OBJ,$(1)))) \
	  $(OBJ)/core/base/unit.o $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $$(LDFLAGS_UNIT) -o $$@ $$(filter %.o,$$^) \
	  $$(LIB) $$(LIBS) -lcmocka $(if $(filter core/route/,$(1)),-lpcre2-8)\
	  $(if $(filter core/filter/,$(1)),-lbrotlidec -lbrotlicommon)
endef
$(foreach d,$(TEST_DIR),$(eval $(call UNITTEST,$(d))))

clean:
	rm -rf build

-include $(patsubst %.c,$(OBJ)/%.d,$(wildcard core/*/*.c modes/*/*.c cmd/*/*.c))
