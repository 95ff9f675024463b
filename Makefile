# SPDX-License-Identifier: GPL-2.0
#
# People's door to the project. The kernel's build enters by Kbuild instead.
# Each target is a script of the same purpose in scripts/; see
# Documentation/building.rst.

.DEFAULT_GOAL := kernel
MAKEFLAGS += --no-print-directory
NODES ?= 3
SEEDS ?= 100

.PHONY: kernel debug kunit plain menuconfig tools initramfs rootfs run test \
	sim bench fix clean distclean help

kernel debug kunit plain:
	@scripts/kernel $(patsubst kernel,base,$@)

menuconfig:
	@scripts/menuconfig

tools:
	@scripts/tools

initramfs:
	@scripts/setup
	@scripts/fetch
	@scripts/initramfs

rootfs:
	@scripts/rootfs

run:
	@scripts/run $(NODES)

test:
	@tests/run $(if $(DEBUG),--debug) $(TEST)

sim:
	@scripts/sim $(SEEDS)

bench:
	@scripts/bench

fix:
	@scripts/fix

clean distclean:
	@scripts/clean $@

help:
	@scripts/help
