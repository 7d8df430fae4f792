# The commands of the project. `make demo` and `make test` are all that most people need.

# The profile of cargo that the library is built with: release, or dev for the tests.
PROFILE ?= release
# More features of the library, such as FEATURES=postgres,redis.
FEATURES ?=
# How many seeds the simulator plays.
SEEDS ?= 100000
# How many orders of threads `make schedules` plays at random.
SCHEDULES ?= 20000
# For how long `make soak` hunts.
SECONDS ?= 600

TARGET_DIR := $(or $(CARGO_TARGET_DIR),target)
LIB_DIR := $(TARGET_DIR)/$(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
LIB := $(LIB_DIR)/libsessionlocker.a
BUILD := build/$(PROFILE)

CARGO ?= cargo
CC ?= cc
CFLAGS ?= -O2 -g
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
# What Rust's standard library needs from the system: `rustc --print native-static-libs`.
SYSTEM_LIBS := -lpthread -ldl -lm

GAME_SOURCES := $(wildcard examples/game_server/*.c)
GAME_OBJECTS := $(GAME_SOURCES:examples/game_server/%.c=$(BUILD)/game_server.o/%.o)

.PHONY: all lib header game_server demo test lint simulate schedules soak planted-bugs bench instructions docs docs-check \
	dist dist-check dist-tests dist-twice dist-macos package clean

all: lib game_server

lib:
	$(CARGO) build --profile $(PROFILE) --lib $(if $(FEATURES),--features $(FEATURES))

# cargo knows best whether the library is up to date; make only looks at what came of it.
$(LIB): lib ;

$(BUILD)/game_server.o/%.o: examples/game_server/%.c $(wildcard examples/game_server/*.h) include/sessionlocker.h
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARNINGS) $(CFLAGS) -Iinclude -c $< -o $@

$(BUILD)/game_server: $(GAME_OBJECTS) $(LIB)
	$(CC) $(CFLAGS) $(GAME_OBJECTS) $(LIB) $(SYSTEM_LIBS) -o $@

game_server: $(BUILD)/game_server

demo: game_server
	bash scripts/demo.sh $(BUILD)/game_server

test:
	bash scripts/test.sh

# Writes include/sessionlocker.h anew from the source.
header:
	SLK_WRITE_HEADER=1 $(CARGO) test --test header

simulate:
	$(CARGO) test --release --test simulation -- --seeds $(SEEDS)

# The handle table and the queue of answers in every order of a few threads, and in SCHEDULES orders of more. Without SQLite
# and zstd, which have no part in it and take long to build.
schedules:
	RUSTFLAGS="--cfg schedules -D warnings" SCHEDULES=$(SCHEDULES) $(CARGO) test --lib --no-default-features \
		--target-dir $(TARGET_DIR)/schedules schedules -- --nocapture

# Everything that hunts for faults, for about so many seconds: make soak SECONDS=3600
soak:
	bash scripts/soak.sh $(SECONDS)

# Looks for every planted bug, and writes the table in docs/reliability.md anew.
planted-bugs:
	$(CARGO) test --release --features planted-bugs --test simulation -- --planted --write

# Measures everything and writes the figures into docs/performance.md. Leave the machine alone meanwhile.
bench:
	$(CARGO) bench --bench engine
	$(CARGO) bench --bench calls
	$(CARGO) bench --features postgres,redis --bench shared_stores

# What calls cost in instructions, beside what they cost before.
instructions:
	bash scripts/instructions.sh

# The documentation site: target/docs/site/index.html.
docs:
	bash scripts/docs.sh

# Makes the site and looks at every page in a browser.
docs-check:
	bash scripts/docs.sh check

lint:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --all-targets -- -D warnings

# Archives for each platform, packages for NuGet, Unity and Unreal, check sums: all in build/dist.
dist:
	bash scripts/dist/dist.sh

# Uses each of them as those would who take them.
dist-check:
	bash scripts/dist/check/check.sh

# The library's own tests in Rust for arm64, under QEMU, and for Windows, under Wine.
dist-tests:
	bash scripts/dist/check/tests.sh

# Builds the commit again in another folder: the same bytes must come of it.
dist-twice:
	bash scripts/dist/twice.sh

# Links the library for macOS, which can be run on a Mac only.
dist-macos:
	bash scripts/dist/macos.sh

# The package for cargo, built as it would be by whoever takes it.
package:
	$(CARGO) package --locked

clean:
	$(CARGO) clean
	rm -rf build
