# SPDX-License-Identifier: GPL-2.0
#
# Rules for Rust files. Tests, from `#[cfg(test)]` or a kunit module to the end
# of the file, are free of the rules on length and on panicking.

function fault(rule, advice) { printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, advice }

# Whether the line has the expression between two word boundaries.
function has(words) { return $0 ~ "(^|[^A-Za-z0-9_])" words }

function crate(    parts) {
	split(FILENAME, parts, "/")
	return parts[1] == "rust" ? parts[2] : parts[1]
}

# The places where C is touched: the kernel's, the library for programs, and its device.
function touches() { return crate() == "kapi" || FILENAME ~ /^tools\/(device|libcluster-c)\// }

# Words of the file's first documentation line.
function check_headline(line,    words, count) {
	sub(/^\/\/! /, "", line)
	count = split(line, words, " ")
	if (count > 6 || line !~ /\.$/)
		fault("headline", "a noun phrase of at most six words and a full stop")
}

function check_length() {
	if (code_lines > 800)
		printf "%s:1: file-length: %d lines before the tests, at most 800\n", previous, code_lines
	if (!headline)
		printf "%s:1: headline: the file says what it is in a //! line\n", previous
}

FNR == 1 {
	if (previous) check_length()
	previous = FILENAME
	in_tests = FILENAME ~ /(^|\/)(tests|examples|benches)\//
	headline = 0; code_lines = 0; function_start = 0; safety = 0
	# A bin or test file named after its cargo target is a root as well.
}

!headline && /^\/\/! / { headline = 1; check_headline($0) }
/#\[cfg\(test\)\]/ || /kunit_tests\(/ { if (!/^ /) in_tests = 1 }
!in_tests { code_lines++ }

# The body of a function ends at the brace under its first letter.
match($0, /^ *(pub(\([a-z]+\))? )?(const )?(unsafe )?(extern "C" )?fn [a-z_0-9]+/) && !function_start {
	match($0, /^ */); indent = RLENGTH; function_start = FNR
	if (/[;}]$/ && !/\{$/) function_start = 0
}
function_start && match($0, /^ *\}$/) && RLENGTH == indent + 1 {
	if (FNR - function_start > 70 && !in_tests)
		fault("function-length", "at most 70 lines, most of ten or less")
	function_start = 0
}

/^ *\/\// { if (/SAFETY:/) safety = FNR; next }

has("unsafe([^A-Za-z0-9_]|$)") && !touches() {
	fault("unsafe", "only rust/kapi touches; wrap it there")
}
has("unsafe ([{]|impl)") && touches() && (!safety || FNR - safety > 6) {
	fault("safety", "a // SAFETY: line above says why it holds")
}
/#\[no_mangle\]/ { fault("no-mangle", "#[export] checks the type against the C header") }
has("dbg!") { fault("unfinished", "no debugging output") }

!in_tests && (/\.(unwrap|expect)\(/ || has("(panic|todo|unimplemented|unreachable)!")) {
	fault("panic", "return an error; input is never asserted")
}
!in_tests && FILENAME ~ /^rust\/(core|ics|clms)\// && has("as [ui](8|16|32|64|size)([^A-Za-z0-9_]|$)") {
	fault("as-cast", "From or TryFrom say whether it can lose")
}

# The walls: what a crate may import.
FILENAME ~ /^rust\/core\// && has("(kernel|bindings|std|alloc|ssi_[a-z]+)::") && !in_tests {
	fault("wall", "ssi_core knows only core::")
}
FILENAME ~ /^rust\/kapi\// && has("ssi_[a-z]+::") { fault("wall", "ssi_kapi knows nothing of SSI") }
FILENAME ~ /^rust\/ics\// && has("ssi_clms") { fault("wall", "ssi_ics is below ssi_clms") }
FILENAME ~ /^rust\/(ics|clms)\// && has("bindings::") { fault("wall", "C is reached through ssi_kapi") }
FILENAME ~ /^rust\/(ics|clms)\/ssi_/ && /deny\(unsafe_code\)/ { denied[FILENAME] = 1 }

END {
	if (previous) check_length()
	for (i = 1; i < ARGC; i++)
		if (ARGV[i] ~ /^rust\/(ics|clms)\/ssi_/ && !(ARGV[i] in denied))
			printf "%s:1: unsafe: the root of a crate says #![deny(unsafe_code)]\n", ARGV[i]
}
