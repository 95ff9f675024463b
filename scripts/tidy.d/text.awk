# SPDX-License-Identifier: GPL-2.0
#
# Rules for every tracked file.

function fault(rule, advice) { printf "%s:%d: %s: %s\n", FILENAME, FNR, rule, advice }

function is_code() { return FILENAME ~ /\.(rs|c|h|sh|awk|config)$|^(scripts|tests)\/[^.]*$|Kbuild|Kconfig|Makefile/ }

FNR == 1 {
	licensed = 0
	limit = FILENAME ~ /\.(rs|c|h)$/ ? 100 : (FILENAME ~ /\.(rst|md)$/ ? 160 : 0)
	# Its tables are written by a program, as wide as their words.
	if (FILENAME ~ /performance\.rst$/) limit = 240
}

FNR <= 2 && /SPDX-License-Identifier/ { licensed = 1 }
FNR == 2 && !licensed && FILENAME ~ /\.(rs|c|h|sh|awk)$|Kbuild|Kconfig/ {
	fault("licence", "the file begins with an SPDX-License-Identifier line")
}

# Bytes that continue a letter do not count.
limit { shown = $0; gsub(/[\200-\277]/, "", shown) }
limit && length(shown) > limit { fault("line-length", "at most " limit " columns") }
/[ \t]+$/ && FILENAME !~ /\.(patch|svg)$/ { fault("white-space", "nothing at the end of a line") }
is_code() && /(^|[^A-Za-z])(TODO|FIXME|XXX|HACK)([^A-Za-z]|$)/ && FILENAME !~ /tidy/ {
	fault("unfinished", "finish it, or say in the documentation that it is left out")
}
/https?:\/\/[^ ]*(debian|crates|pypi|pythonhosted|npmjs)[^ ]*/ && FILENAME !~ /tidy/ {
	fault("host-name", "no registry's host: take it from the machine's own configuration")
}
/(^|[^A-Za-z0-9_.$}])\/(work|farm)\// && FILENAME !~ /tidy/ {
	fault("machine-path", "no path of one machine")
}
# grep -q ends at the first match; what writes to it may then end by SIGPIPE,
# and with pipefail the match counts as a failure.
/[^|]\| *grep -[A-Za-z]*q/ && FILENAME ~ /^(scripts|tests)\// && FILENAME !~ /tidy/ {
	fault("early-end", "read all of the pipe: grep ... >/dev/null")
}
