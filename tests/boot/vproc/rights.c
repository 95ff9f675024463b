// SPDX-License-Identifier: GPL-2.0
/*
 * What a user may do with files of a process in /proc.
 *
 * rights try outside|inside UID PID ADDRESS
 *			tries them as user UID, who is in the initial user namespace or in
 *			one of its own; ADDRESS is one of the process' memory
 * rights map outside|inside UID PID
 *			tries to say which users there are in the process' namespace
 * rights write PATH BYTES
 *			writes so many bytes at once
 *
 * Prints a line for each: what it was, and its result or the name of the error. About
 * two equal processes, wherever they are, it prints the same.
 */
#include "say.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>

static const char *process;

static int open_file(const char *name, int flags)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/%s", process, name);
	return open(path, flags);
}

/* Whether open(2) or the call behind it is refused is not said: see files.c. */
static void try_read(const char *name, off_t offset)
{
	int fd = open_file(name, O_RDONLY);
	char byte;

	printf("read ");
	say(name, fd < 0 ? -1 : pread(fd, &byte, 1, offset));
	close(fd);
}

static void try_write(const char *name, off_t offset, const char *words)
{
	int fd = open_file(name, O_WRONLY);

	if (fd >= 0 && offset)
		lseek(fd, offset, SEEK_SET);
	printf("write ");
	say(name, fd < 0 ? -1 : write(fd, words, strlen(words)));
	close(fd);
}

static void try_link(const char *name)
{
	char path[PATH_MAX], text[PATH_MAX];

	snprintf(path, sizeof(path), "/proc/%s/%s", process, name);
	printf("link ");
	say(name, readlink(path, text, sizeof(text)) < 0 ? -1 : 0);
}

static void try_list(const char *name)
{
	char room[PATH_MAX];
	int fd = open_file(name, O_RDONLY | O_DIRECTORY);
	long bytes = fd;

	while (bytes > 0)
		bytes = syscall(SYS_getdents64, fd, room, sizeof(room));
	printf("list ");
	say(name, bytes);
	close(fd);
}

static void try_files(off_t address)
{
	static const char *const read[] = {
		"stat", "status", "cmdline", "comm", "statm", "uid_map", "environ", "auxv", "maps",
		"smaps", "stack", "syscall", "personality", "timerslack_ns",
	};
	static const char *const links[] = { "exe", "cwd", "root", "fd/0", "ns/user" };
	static const char *const lists[] = { "fd", "fdinfo", "map_files", "ns", "task" };

	for (size_t at = 0; at < sizeof(read) / sizeof(*read); at++)
		try_read(read[at], 0);
	try_read("mem", address);
	for (size_t at = 0; at < sizeof(links) / sizeof(*links); at++)
		try_link(links[at]);
	for (size_t at = 0; at < sizeof(lists) / sizeof(*lists); at++)
		try_list(lists[at]);
	try_write("mem", address, "X");
	try_write("comm", 0, "renamed");
	try_write("clear_refs", 0, "1");
	try_write("oom_score_adj", 0, "5");
	try_write("oom_score_adj", 0, "-5");
	try_write("timerslack_ns", 0, "50000");
	try_write("setgroups", 0, "deny");
	try_write("uid_map", 0, "0 0 1");
	try_write("gid_map", 0, "0 0 1");
}

static void write_bytes(const char *path, size_t bytes)
{
	char *words = memset(malloc(bytes), '7', bytes);
	int fd = open(path, O_WRONLY);

	say("write", fd < 0 ? -1 : write(fd, words, bytes));
}

static void become(const char *where, const char *words)
{
	uid_t uid = atoi(words);

	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid) ||
	    (!strcmp(where, "inside") && unshare(CLONE_NEWUSER)))
		exit(2);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "write")) {
		write_bytes(argv[2], atoi(argv[3]));
		return 0;
	}
	if (argc < 5)
		return 2;
	become(argv[2], argv[3]);
	process = argv[4];
	if (argc == 6 && !strcmp(argv[1], "try")) {
		try_files(strtoull(argv[5], NULL, 16));
	} else if (argc == 5 && !strcmp(argv[1], "map")) {
		char words[64];

		snprintf(words, sizeof(words), "%s %s 1", argv[3], argv[3]);
		try_write("uid_map", 0, words);
	} else {
		return 2;
	}
	return 0;
}
