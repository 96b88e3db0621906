# rollcall. `make help` lists the targets; `make demo` and `make check` need nothing beforehand.

BUILD   ?= build
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)
Q       := $(if $(V),,@)# make V=1 shows the commands
JOBS    ?= $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)

CC       ?= cc
CFLAGS   ?= -O2 -g
WERROR   ?= -Werror
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 \
            $(WERROR)
STRICT   := -Wconversion
DEFINES  := -std=c11 -D_GNU_SOURCE -DROLLCALL_VERSION='"$(VERSION)"'
comma    := ,
ifdef SANITIZE
HARDEN      := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
HARDEN_LINK := -fsanitize=address,undefined
else
HARDEN       = $(eval HARDEN := -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE $(foreach flag,\
    -fstack-clash-protection -fcf-protection=full -mbranch-protection=standard,$(call taken,$(flag))))$(HARDEN)
# Asked once, and only when something is compiled.
taken        = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo '$(1)')
HARDEN_LINK := $(if $(filter Linux,$(shell uname -s)),-pie -Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now)
endif

# pkg-config is asked once, and only when something is compiled or linked.
PACKAGES := libcurl libcrypto sqlite3 zlib libdeflate yyjson libxxhash xlsxwriter
BREW     := $(if $(filter Darwin,$(shell uname -s)),$(shell brew --prefix 2>/dev/null))
ifneq ($(BREW),)
export PKG_CONFIG_PATH := $(BREW)/opt/curl/lib/pkgconfig:$(BREW)/opt/openssl@3/lib/pkgconfig:$(BREW)/opt/sqlite/lib/pkgconfig:$(BREW)/opt/zlib/lib/pkgconfig:$(PKG_CONFIG_PATH)
endif
packages   = $(or $(shell pkg-config $(1) && echo ' '),$(error a library is missing: run `make deps`))
DEP_CFLAGS = $(eval DEP_CFLAGS := $(call packages,--cflags $(PACKAGES)))$(DEP_CFLAGS)
DEP_LIBS   = $(eval DEP_LIBS := $(call packages,--libs $(PACKAGES)))$(DEP_LIBS)

COMPILE = $(CC) $(DEFINES) $(WARNINGS) $(CFLAGS) $(HARDEN) $(CPPFLAGS) -pthread -Isrc -I$(BUILD)/gen
LINK    = $(CC) $(CFLAGS) $(HARDEN_LINK) $(LDFLAGS) -pthread
# Objects appear whole, by a rename: two makes in one tree do each other no harm.
OBJECT  = -MMD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@.$$$$ && mv $@.$$$$ $@

SOURCES := $(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/obj/%.o)
SQL     := $(sort $(wildcard src/*/*.sql))
GEN     := $(BUILD)/obj/gen/schema_sql.o $(BUILD)/obj/gen/views_sql.o $(BUILD)/obj/gen/queries.o \
           $(BUILD)/obj/gen/dictionary_sql.o $(BUILD)/obj/gen/sql.o $(BUILD)/obj/gen/maps.o
GEN     += $(BUILD)/obj/gen/styles_css.o
HEADERS := $(BUILD)/gen/sql.h $(BUILD)/gen/maps.h $(BUILD)/gen/lists.h
LISTS   := $(sort $(wildcard src/*/*.txt))
PROOF_MAPS := $(BUILD)/gen/proof_maps.h
LIB     := $(BUILD)/librollcall.a

UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/test_*.c))
# UNIT_SRCS="src/base/*.c ..." links a unit test with those alone.
ifdef UNIT_SRCS
UNIT_LIB := $(BUILD)/unit/part-$(firstword $(shell echo '$(UNIT_SRCS)' | cksum)).a
UNIT_OBJ := $(patsubst src/%.c,$(BUILD)/obj/%.o,$(filter-out src/main.c,$(wildcard $(UNIT_SRCS)))) \
            $(if $(wildcard src/io/embedded.h),$(GEN))
else
UNIT_LIB := $(LIB)
endif

STANDIN_OBJECTS := $(patsubst tests/%.c,$(BUILD)/obj/tests/%.o,$(wildcard tests/standin/*.c))
STANDIN_LIBS    := -lmicrohttpd -lyyjson -lz -lm

# What is installed beside the program; the completions are made from the program's own help.
PROGRAM ?= $(BUILD)/rollcall
SHARE   := $(DESTDIR)$(PREFIX)/share
ZSH_DIR ?= $(PREFIX)/share/zsh/site-functions
UNITS   := $(wildcard packaging/systemd/*.service packaging/systemd/*.timer)
SHARED  := $(BUILD)/share/rollcall.bash $(BUILD)/share/rollcall.zsh $(BUILD)/share/rollcall.ini.5 \
           $(UNITS:packaging/%=$(BUILD)/share/%) $(BUILD)/share/night.sh $(BUILD)/share/rollcall.cron

TEST_ENV  = CC='$(CC)' JOBS='$(JOBS)' BUILD='$(BUILD)'
TEST_DEPS = $(if $(GENESYS_OPENAPI),contract,test)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY: $(UNIT_TESTS:$(BUILD)/unit/%=$(BUILD)/obj/tests/unit/%.o)
.PHONY: all deps demo demo-clean report-picture check check-full check-contract check-sanitize check-systems lint bench install \
        uninstall deb clean help test-programs

all: $(BUILD)/rollcall ## build build/rollcall (the default)

deps: ## install what the build needs (apt, dnf, apk or brew)
	@scripts/deps.sh build

demo: ## install, build, and show a whole extraction against a stand-in Genesys Cloud
	@scripts/demo.sh

report-picture: demo ## docs/report.png: the page that the demo ends with, as a browser shows it
	@scripts/deps.sh test
	@python3 tests/e2e/browser.py build/demo/report.html docs/report.png

demo-clean: ## remove what `make demo` made
	@rm -rf build/demo

check: ## install what the tests need, run each test, close with `N passed, N failed`
	@scripts/deps.sh $(TEST_DEPS)
	@$(TEST_ENV) python3 tests/run.py

check-full: ## the same at full size (takes long)
	@ROLLCALL_TEST_FULL=1 scripts/deps.sh $(TEST_DEPS)
	@$(TEST_ENV) ROLLCALL_TEST_FULL=1 python3 tests/run.py

check-contract: ## a whole extraction under the eyes of the vendor's OpenAPI file (GENESYS_OPENAPI=FILE)
	@scripts/deps.sh $(TEST_DEPS)
	@$(TEST_ENV) python3 tests/run.py contract

check-sanitize: ## the end-to-end tests under ASan and UBSan (make check runs the unit tests so)
	@scripts/deps.sh $(TEST_DEPS)
	@$(TEST_ENV) python3 tests/run.py sanitize

check-systems: ## the README, make demo, check and lint in a new Debian 12 and 13 each (needs root and the network)
	@tests/systems.sh

lint: ## format, static analysis, house rules; ends with the house in figures
	@scripts/deps.sh $(TEST_DEPS)
	@$(MAKE) --no-print-directory $(HEADERS)
	@$(TEST_ENV) python3 tests/lint/run.py

bench: ## measure against the goals, as a table; BENCH='--only queries --full': its parts, a million conversations
	@scripts/deps.sh test
	@$(MAKE) --no-print-directory all test-programs
	@python3 tests/bench/run.py $(BENCH)

install: all $(SHARED) ## install below $(DESTDIR)$(PREFIX)
	install -d $(addprefix $(SHARE)/,man/man1 man/man5 bash-completion/completions doc/rollcall/examples doc/rollcall/recipes) \
	    $(addprefix $(DESTDIR)$(PREFIX)/,bin lib/rollcall lib/systemd/system lib/sysusers.d lib/tmpfiles.d) $(DESTDIR)$(ZSH_DIR)
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/rollcall
	install -m 755 $(BUILD)/share/night.sh $(DESTDIR)$(PREFIX)/lib/rollcall/night
	install -m 644 docs/rollcall.1 $(SHARE)/man/man1/rollcall.1
	install -m 644 $(BUILD)/share/rollcall.ini.5 $(SHARE)/man/man5/rollcall.ini.5
	install -m 644 $(BUILD)/share/rollcall.bash $(SHARE)/bash-completion/completions/rollcall
	install -m 644 $(BUILD)/share/rollcall.zsh $(DESTDIR)$(ZSH_DIR)/_rollcall
	install -m 644 $(UNITS:packaging/%=$(BUILD)/share/%) $(DESTDIR)$(PREFIX)/lib/systemd/system/
	install -m 644 packaging/systemd/rollcall.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/rollcall.conf
	install -m 644 packaging/systemd/rollcall.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/rollcall.conf
	install -m 644 README.md CHANGELOG.md LICENSE config.example.ini $(wildcard docs/*.md) $(SHARE)/doc/rollcall/
	install -m 644 $(wildcard docs/recipes/*) $(SHARE)/doc/rollcall/recipes/
	install -m 644 $(BUILD)/share/rollcall.cron packaging/rollcall.logrotate $(SHARE)/doc/rollcall/examples/

uninstall: ## remove what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/rollcall $(DESTDIR)$(PREFIX)/lib/rollcall/night $(SHARE)/man/man1/rollcall.1 $(SHARE)/man/man5/rollcall.ini.5 \
	    $(SHARE)/bash-completion/completions/rollcall $(DESTDIR)$(ZSH_DIR)/_rollcall \
	    $(patsubst packaging/%,$(DESTDIR)$(PREFIX)/lib/%,$(subst systemd/,systemd/system/,$(UNITS))) \
	    $(DESTDIR)$(PREFIX)/lib/sysusers.d/rollcall.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/rollcall.conf
	rm -rf $(SHARE)/doc/rollcall

deb: all ## build a Debian package, BUILD/rollcall_VERSION_ARCHITECTURE.deb
	@scripts/deps.sh package
	@$(MAKE) --no-print-directory $(BUILD)/deb/rollcall
	@MAKE='$(MAKE)' packaging/deb.sh $(BUILD)

clean: ## remove build/
	rm -rf build

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' Makefile

unit-%: $(BUILD)/unit/test_% ## make unit-NAME: build and run tests/unit/test_NAME.c
	$<

test-programs: $(UNIT_TESTS) $(BUILD)/standin $(BUILD)/proof $(BUILD)/figures

# --- rules -------------------------------------------------------------------------------------

$(BUILD)/rollcall: $(BUILD)/obj/main.o $(LIB)
	@echo "  LD $@"
	$(Q)$(LINK) $^ $(DEP_LIBS) -lm -o $@.$$$$ && mv $@.$$$$ $@

# The same with the streams of tests/proof beside its own: what stands before the library takes the place of its parts.
$(BUILD)/proof: $(BUILD)/obj/main.o $(BUILD)/obj/tests/proof/streams.o $(BUILD)/obj/gen/proof_maps.o \
    $(BUILD)/obj/gen/proof_schema_sql.o $(BUILD)/obj/gen/proof_dictionary_sql.o $(LIB)
	@echo "  LD $@"
	$(Q)$(LINK) $^ $(DEP_LIBS) -lm -o $@.$$$$ && mv $@.$$$$ $@

# What makes the figures of a file that a test has changed.
$(BUILD)/figures: $(BUILD)/obj/tests/figures.o $(LIB)
	@echo "  LD $@"
	$(Q)$(LINK) $^ $(DEP_LIBS) -lm -o $@.$$$$ && mv $@.$$$$ $@

# The same for a package: it looks for its own libraries first.
$(BUILD)/deb/rollcall: $(BUILD)/obj/main.o $(LIB)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) -Wl,-rpath,'$$ORIGIN/../lib/rollcall' $^ $(DEP_LIBS) -lm -o $@.$$$$ && mv $@.$$$$ $@

$(BUILD)/share/rollcall.%: $(BUILD)/rollcall packaging/completions.sh packaging/%.awk $(wildcard schema/*.sql)
	@mkdir -p $(@D)
	$(Q)packaging/completions.sh $* $(BUILD)/rollcall schema >$@.$$$$ && mv $@.$$$$ $@

$(BUILD)/share/rollcall.ini.5: config.example.ini packaging/ini-man.sh VERSION
	@mkdir -p $(@D)
	$(Q)packaging/ini-man.sh $(VERSION) <config.example.ini >$@.$$$$ && mv $@.$$$$ $@

# What starts the program names it by its full path, which follows PREFIX.
$(UNITS:packaging/%=$(BUILD)/share/%) $(BUILD)/share/night.sh $(BUILD)/share/rollcall.cron: $(BUILD)/share/%: packaging/% FORCE
	@mkdir -p $(@D)
	$(Q)sed 's|/usr/local/|$(PREFIX)/|' $< >$@.$$$$ && mv $@.$$$$ $@

$(LIB): $(filter-out $(BUILD)/obj/main.o,$(OBJECTS)) $(GEN)
	@rm -f $@.new
	$(Q)ar rcs $@.new $^ && mv $@.new $@

$(BUILD)/obj/tests/%.o: tests/%.c Makefile | $(HEADERS) $(PROOF_MAPS)
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(COMPILE) $(DEP_CFLAGS) $(OBJECT)

$(BUILD)/obj/gen/%.o: $(BUILD)/gen/%.c Makefile | $(HEADERS)
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(COMPILE) $(STRICT) $(OBJECT)

$(BUILD)/obj/%.o: src/%.c Makefile VERSION | $(HEADERS)
	@mkdir -p $(@D)
	@echo "  CC $<"
	$(Q)$(COMPILE) $(STRICT) $(DEP_CFLAGS) $(OBJECT)

# The list of files is a prerequisite too: a removed file must leave the binary.
$(BUILD)/gen/src.list: SQL_FILES := $(SQL)
$(BUILD)/gen/%.list: SQL_FILES = $(sort $(wildcard $*/*.sql))
$(BUILD)/gen/%.list: FORCE
	@mkdir -p $(@D)
	@echo '$(SQL_FILES)' | cmp -s - $@ || echo '$(SQL_FILES)' >$@

# The statements beside the modules: a header of their names, and their texts.
$(BUILD)/gen/sql.h $(BUILD)/gen/sql.c: $(BUILD)/gen/sql.%: $(BUILD)/gen/src.list $(SQL) scripts/sql.awk
	$(Q)LC_ALL=C awk -v want=$* -f scripts/sql.awk $(SQL) </dev/null >$@.$$$$ && mv $@.$$$$ $@

# What is a list, and no code.
$(BUILD)/gen/lists.h: $(LISTS) scripts/lists.awk
	@mkdir -p $(@D)
	$(Q)LC_ALL=C awk -f scripts/lists.awk $(LISTS) >$@.$$$$ && mv $@.$$$$ $@

# The maps of the tables, from the comments of the schema.
$(BUILD)/gen/maps.h $(BUILD)/gen/maps.c: $(BUILD)/gen/maps.%: $(BUILD)/gen/schema.list $(wildcard schema/*.sql) scripts/maps.awk
	$(Q)LC_ALL=C awk -v want=$* -f scripts/maps.awk $(sort $(wildcard schema/*.sql)) >$@.$$$$ && mv $@.$$$$ $@

# The same with the tables of the tests' own streams: proof_maps.o takes the place of maps.o.
PROOF_SQL := $(sort $(wildcard schema/*.sql) $(wildcard tests/proof/schema/*.sql))
$(PROOF_MAPS) $(BUILD)/gen/proof_maps.c: $(BUILD)/gen/proof_maps.%: $(BUILD)/gen/schema.list \
    $(BUILD)/gen/tests/proof/schema.list $(PROOF_SQL) scripts/maps.awk
	$(Q)LC_ALL=C awk -v want=$* -v name=proof_maps -f scripts/maps.awk $(PROOF_SQL) >$@.$$$$ && mv $@.$$$$ $@

# What each table and view holds, from the same comments; with those tables too.
$(BUILD)/gen/dictionary.sql: $(BUILD)/gen/schema.list $(wildcard schema/*.sql) scripts/tables.awk
	$(Q)LC_ALL=C awk -v want=sql -f scripts/tables.awk $(sort $(wildcard schema/*.sql)) >$@.$$$$ && mv $@.$$$$ $@

$(BUILD)/gen/proof_dictionary.sql: $(BUILD)/gen/schema.list $(BUILD)/gen/tests/proof/schema.list $(PROOF_SQL) scripts/tables.awk
	$(Q)LC_ALL=C awk -v want=sql -f scripts/tables.awk $(PROOF_SQL) >$@.$$$$ && mv $@.$$$$ $@

$(BUILD)/gen/dictionary_sql.c $(BUILD)/gen/proof_dictionary_sql.c: %_sql.c: %.sql scripts/embed.sh
	$(Q)scripts/embed.sh dictionary $@ $<

# A text may be longer than a compiler has to bear.
$(BUILD)/obj/gen/sql.o $(BUILD)/obj/gen/queries.o: WARNINGS += -Wno-overlength-strings

$(BUILD)/gen/schema_sql.c: $(BUILD)/gen/schema.list $(wildcard schema/*.sql) scripts/embed.sh
	$(Q)scripts/embed.sh schema $@ $(sort $(wildcard schema/[0-9]*.sql))

$(BUILD)/gen/proof_schema_sql.c: $(BUILD)/gen/schema.list $(BUILD)/gen/tests/proof/schema.list $(PROOF_SQL) scripts/embed.sh
	$(Q)scripts/embed.sh schema $@ $(filter-out schema/views%,$(PROOF_SQL))

# What makes the views, and what takes away those that a file has.
VIEWS := $(sort $(wildcard schema/views*.sql))
$(BUILD)/gen/drop.sql: $(BUILD)/gen/schema.list $(VIEWS)
	@mkdir -p $(@D)
	$(Q)sed -n 's/^CREATE VIEW \([a-z_0-9]*\) AS$$/DROP VIEW IF EXISTS \1;/p' $(VIEWS) >$@

$(BUILD)/gen/make.sql: $(BUILD)/gen/schema.list $(VIEWS)
	@mkdir -p $(@D)
	$(Q)cat $(VIEWS) >$@

$(BUILD)/gen/views_sql.c: $(BUILD)/gen/drop.sql $(BUILD)/gen/make.sql scripts/embed.sh
	$(Q)scripts/embed.sh views $@ $(BUILD)/gen/drop.sql $(BUILD)/gen/make.sql

$(BUILD)/gen/queries.c: $(BUILD)/gen/queries.list $(wildcard queries/*.sql) scripts/queries.awk
	$(Q)LC_ALL=C awk -f scripts/queries.awk $(sort $(wildcard queries/*.sql)) >$@.$$$$ && mv $@.$$$$ $@

$(BUILD)/gen/styles_css.c: src/out/report.css scripts/embed.sh
	$(Q)scripts/embed.sh styles $@ $<

ifdef UNIT_SRCS
$(UNIT_LIB): $(UNIT_OBJ)
	@mkdir -p $(@D) && rm -f $@
	$(Q)ar rcs $@ $^
endif

$(BUILD)/unit/test_walk: $(BUILD)/obj/gen/proof_maps.o

$(BUILD)/unit/test_%: $(BUILD)/obj/tests/unit/test_%.o $(UNIT_LIB)
	@mkdir -p $(@D)
	@echo "  LD $@"
	$(Q)$(LINK) $(filter %.o,$^) $(filter %.a,$^) $(DEP_LIBS) -lcmocka -lm -o $@

$(BUILD)/standin: $(STANDIN_OBJECTS)
	@echo "  LD $@"
	$(Q)$(LINK) $^ $(STANDIN_LIBS) -o $@

FORCE:

-include $(wildcard $(BUILD)/obj/*.d $(BUILD)/obj/*/*.d $(BUILD)/obj/*/*/*.d)
