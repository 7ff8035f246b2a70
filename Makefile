# Incremental build.  People type ./build.sh; it calls this with the right V.
#
#   V=release   build/         static-pie, the shipped binary
#   V=asan      build/asan/    AddressSanitizer and UBSan, dynamic
#   V=tsan      build/tsan/    ThreadSanitizer, dynamic

V      ?= release
CC     ?= gcc
OUT    := build$(if $(filter release,$(V)),,/$(V))
OBJ    := $(OUT)/obj

VERSION := 0.1.0
COMMIT  := $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)

WARN   := -Wall -Wextra -Wformat=2 -Wconversion -Wshadow -Wvla \
	  -Wstrict-prototypes -Wimplicit-fallthrough -Wcast-qual \
	  -Wnull-dereference -Wtrampolines -Wbidi-chars=any -Werror
BASE   := -std=c11 -D_GNU_SOURCE -Icore -I. -g1 -O2 -fPIE -pthread \
	  -ffile-prefix-map=$(CURDIR)=. $(WARN)
HARDEN := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection \
	  -fcf-protection=full -ftrivial-auto-var-init=zero
LIBS   := -levent_extra -levent_core -lbearssl -lhttp_parser -lsqlite3 \
	  -ljansson -lyaml -lz -lm

ifeq ($(V),release)
CFLAGS_V  := $(HARDEN)
LDFLAGS_V := -static-pie -Wl,-z,relro,-z,now,-z,noexecstack,-z,separate-code \
	     -Wl,--no-warnings
else ifeq ($(V),asan)
CFLAGS_V  := -fsanitize=address,undefined -fno-sanitize-recover=undefined \
	     -fno-omit-frame-pointer -Wno-null-dereference
LDFLAGS_V := -fsanitize=address,undefined -pie
else ifeq ($(V),tsan)
CFLAGS_V  := -fsanitize=thread -Wno-null-dereference
LDFLAGS_V := -fsanitize=thread -pie
else
$(error V must be release, asan or tsan)
endif

CFLAGS_ALL := $(BASE) $(CFLAGS_V) $(CFLAGS)

# Every .c of core and modes goes into one archive; tests and programs link it.
DIRS     := $(sort $(dir $(wildcard core/*/*.c modes/*/*.c)))
LIB_SRC  := $(filter-out %_test.c core/base/unit.c,$(wildcard core/*/*.c modes/*/*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(OBJ)/%.o)
LIB      := $(OUT)/libmesh.a
TEST_SRC := $(wildcard core/*/*_test.c modes/*/*_test.c)
TEST_DIR := $(sort $(dir $(TEST_SRC)))
UNIT     := $(foreach d,$(TEST_DIR),$(OUT)/test/$(subst /,_,$(d:%/=%)))
PROGRAMS := $(foreach d,$(filter-out cmd/mesh/ cmd/fuzz/,$(sort $(dir $(wildcard cmd/*/*.c)))),$(OUT)/$(notdir $(d:%/=%)))

.PHONY: all unit programs clean
.SECONDARY:
all: $(OUT)/mesh programs
programs: $(PROGRAMS)
unit: $(UNIT)

$(OBJ)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Version and commit reach one object only.
$(OBJ)/cmd/mesh/version.o: CFLAGS_ALL += -DMESH_VERSION='"$(VERSION)"' -DMESH_COMMIT='"$(COMMIT)"'

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $^

$(OUT)/mesh: $(patsubst %.c,$(OBJ)/%.o,$(wildcard cmd/mesh/*.c)) $(LIB)
	$(CC) $(CFLAGS_ALL) $(LDFLAGS_V) -o $@.full $(filter %.o,$^) $(LIB) $(LIBS)
	strip -o $@ $@.full

define PROGRAM
$(OUT)/$(1): $(patsubst %.c,$(OBJ)/%.o,$(wildcard cmd/$(1)/*.c)) $(LIB)
	$$(CC) $$(CFLAGS_ALL) $$(LDFLAGS_V) -o $$@ $$(filter %.o,$$^) $$(LIB) $$(LIBS)
endef
$(foreach p,$(notdir $(PROGRAMS)),$(eval $(call PROGRAM,$(p))))

define UNITTEST
$(OUT)/test/$(subst /,_,$(1:%/=%)): $(patsubst %.c,$(OBJ)/%.o,$(wildcard $(1)*_test.c)) $(OBJ)/core/base/unit.o $(LIB)
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS_ALL) $(if $(filter release,$(V)),-pie,$(LDFLAGS_V)) -o $$@ $$(filter %.o,$$^) $$(LIB) $$(LIBS) -lcmocka
endef
$(foreach d,$(TEST_DIR),$(eval $(call UNITTEST,$(d))))

clean:
	rm -rf build

-include $(shell find $(OBJ) -name '*.d' 2>/dev/null)
