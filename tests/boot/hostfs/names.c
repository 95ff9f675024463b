// SPDX-License-Identifier: GPL-2.0
/*
 * Names both nodes change.
 *
 *	node 1 ---- hostfs DIR ---- node 2
 *
 * What one node has created, renamed or removed is what the other finds, while
 * what it holds open stays what it was. With OUTSIDE, a directory of the host
 * that is not in DIR and has a file "secret", also that no race of names leads
 * out of DIR.
 */

#include "pair.h"

#include <dirent.h>

#define RACES 300
#define SWAPS_SECONDS 3.0
#define LOOP_SECONDS 1.0
#define WHOLE_BYTES 5000

static void replacement(void)
{
	struct stat st;
	int fd = -1;

	begin("a file replaced while it is held open");
	if (role == 1)
		fd = put("replaced", "old");
	meet();
	if (role == 2) {
		close(put("new", "new"));
		must(rename("new", "replaced"));
	}
	meet();
	if (role == 1) {
		expect(!strcmp(get("replaced"), "new"), "the name gives \"%s\"",
		       get("replaced"));
		expect(!strcmp(get_fd(fd), "old"), "the open file gives \"%s\"",
		       get_fd(fd));
		must(fstat(fd, &st));
		expect(st.st_nlink == 0, "it has %d links", (int)st.st_nlink);
		must(pwrite(fd, "OLD", 3, 0));
		expect(!strcmp(get_fd(fd), "OLD"), "it cannot be written");
		expect(!strcmp(get("replaced"), "new"), "the new one was written");
	}
	meet();
	if (role == 1) {
		pass();
		close(fd);
	}
}

/* What is wrong with the file, or NULL: it is of one byte, over and over. */
static const char *fault_of(const char *path)
{
	static char bytes[WHOLE_BYTES + 1];
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return strerror(errno);
	n = read(fd, bytes, sizeof(bytes));
	close(fd);
	if (n != WHOLE_BYTES)
		return "another size";
	return memcmp(bytes, bytes + 1, n - 1) ? "a mixture" : NULL;
}

static void put_whole(const char *path, int byte)
{
	char bytes[WHOLE_BYTES];
	int fd = must(open(path, O_CREAT | O_RDWR, 0644));

	memset(bytes, byte, sizeof(bytes));
	must(write(fd, bytes, sizeof(bytes)));
	close(fd);
}

/* Node 2 does nothing else, so that node 1 loses about every race. */
static void replacements(void)
{
	double limit;
	struct stat st;
	int i;

	begin("a file that is replaced again and again");
	if (role == 1) {
		put_whole("whole", 'a');
		put_whole("other", 'b');
	}
	meet();
	limit = seconds() + LOOP_SECONDS;
	for (i = 0; seconds() < limit; i++) {
		const char *fault;

		if (role == 2) {
			must(renameat2(AT_FDCWD, "other", AT_FDCWD, "whole",
				       RENAME_EXCHANGE));
			continue;
		}
		fault = fault_of("whole");
		expect(!fault, "open %d: %s", i, fault);
		expect(!stat("whole", &st), "stat %d: %s", i, strerror(errno));
		expect(!access("whole", R_OK), "access: %s", strerror(errno));
	}
	meet();
	if (role == 1)
		pass();
}

/* Node 1 holds a file, whose name node 2 gives to another. */
static void links(void)
{
	char held[64];
	struct stat st;
	int fd = -1;

	begin("a link to a file held open leads to that file");
	if (role == 1)
		fd = put("linked", "first");
	meet();
	if (role == 2) {
		must(rename("linked", "linked.old"));
		close(put("linked", "second"));
	}
	meet();
	if (role == 1) {
		snprintf(held, sizeof(held), "/proc/self/fd/%d", fd);
		must(linkat(AT_FDCWD, held, AT_FDCWD, "linked.held",
			    AT_SYMLINK_FOLLOW));
		expect(!strcmp(get("linked.held"), "first"), "it is \"%s\"",
		       get("linked.held"));
		must(symlink("nowhere", "sym"));
		must(link("sym", "sym2"));
		must(lstat("sym2", &st));
		expect(S_ISLNK(st.st_mode) && st.st_nlink == 2,
		       "a symlink became %o with %d links", st.st_mode,
		       (int)st.st_nlink);
		pass();
		close(fd);
	}
}

static void removal(void)
{
	struct stat st;
	int fd = -1;

	begin("a file removed while it is held open");
	if (role == 1)
		fd = put("removed", "contents");
	meet();
	if (role == 2)
		must(unlink("removed"));
	meet();
	if (role == 1) {
		expect(access("removed", F_OK) && errno == ENOENT,
		       "the name is still there");
		expect(!strcmp(get_fd(fd), "contents"), "it is not readable");
		expect(!ftruncate(fd, 3) && !strcmp(get_fd(fd), "con"),
		       "it cannot be truncated: %s", strerror(errno));
		expect(!fchmod(fd, 0600), "fchmod: %s", strerror(errno));
		expect(!fstat(fd, &st) && st.st_size == 3 && st.st_nlink == 0,
		       "fstat is wrong");
		expect(!futimens(fd, NULL), "futimens: %s", strerror(errno));
		expect(!fsync(fd), "fsync: %s", strerror(errno));
		close(fd);
		close(must(open("removed", O_CREAT | O_EXCL | O_RDWR, 0644)));
		pass();
	}
}

static void attributes(void)
{
	struct stat st;
	int fd = -1;

	begin("attributes are the host's");
	if (role == 1)
		fd = put("attributes", "x");
	meet();
	if (role == 2) {
		struct timespec times[2] = { { 1000, 123456789 },
					     { 2000, 987654321 } };

		must(link("attributes", "attributes2"));
		must(chmod("attributes", 0751));
		must(utimensat(AT_FDCWD, "attributes", times, 0));
	}
	meet();
	if (role == 1) {
		must(fstat(fd, &st));
		expect((st.st_mode & 0777) == 0751, "mode is %o", st.st_mode);
		expect(st.st_nlink == 2, "%d links", (int)st.st_nlink);
		expect(st.st_mtim.tv_sec == 2000 &&
		       st.st_mtim.tv_nsec == 987654321, "mtime is %ld.%09ld",
		       (long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
		must(utimensat(AT_FDCWD, "attributes", NULL, 0));
		must(fstat(fd, &st));
		expect(st.st_mtim.tv_sec > 2000, "touch does nothing");
		pass();
		close(fd);
	}
}

/* Of what is held, but cannot be read. */
static void other_attributes(void)
{
	int fifo = -1, path = -1, link = -1;
	struct stat st;
	char text[8];

	begin("attributes of what is held by O_PATH");
	if (role == 1) {
		must(mkfifo("fifo", 0600));
		fifo = must(open("fifo", O_RDWR));
		close(put("path", "x"));
		path = must(open("path", O_PATH));
		must(symlink("target", "symlink"));
		link = must(open("symlink", O_PATH | O_NOFOLLOW));
	}
	meet();
	if (role == 2) {
		must(chmod("fifo", 0640));
		must(chmod("path", 0640));
		must(truncate("path", 77));
		must(unlink("path"));
		must(rename("symlink", "symlink2"));
	}
	meet();
	if (role == 1) {
		must(fstat(fifo, &st));
		expect((st.st_mode & 0777) == 0640, "the fifo's mode is %o",
		       st.st_mode);
		must(fstat(path, &st));
		expect((st.st_mode & 0777) == 0640 && st.st_size == 77 &&
		       st.st_nlink == 0, "%o %ld %d", st.st_mode,
		       (long)st.st_size, (int)st.st_nlink);
		expect(readlinkat(link, "", text, 8) == 6, "readlink: %s",
		       strerror(errno));
		pass();
	}
	close(fifo);
	close(path);
	close(link);
}

static int entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	if (!dir)
		return -1;
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2;
}

static void listing(void)
{
	char name[32];
	int i;

	begin("a directory lists what the other node made");
	if (role == 1)
		must(mkdir("list", 0755));
	meet();
	for (i = 0; i < 50 && role == 2; i++) {
		sprintf(name, "list/%d", i);
		close(put(name, ""));
	}
	meet();
	expect(entries("list") == 50, "%d entries", entries("list"));
	meet();
	for (i = 0; i < 50 && role == 1; i++) {
		sprintf(name, "list/%d", i);
		must(unlink(name));
	}
	if (role == 1)
		must(rmdir("list"));
	meet();
	expect(entries("list") == -1 && errno == ENOENT, "it is still there");
	pass();
}

static void moved_directory(void)
{
	char cwd[512] = "";
	struct stat st;

	begin("a working directory that the other node moves");
	if (role == 1) {
		must(mkdir("here", 0755));
		must(chdir("here"));
		close(put("a", "first"));
	}
	meet();
	if (role == 2) {
		must(rename("here", "there"));
		must(mkdir("here", 0755));
		close(put("here/a", "second"));
	}
	meet();
	if (role == 1) {
		expect(!strcmp(get("a"), "first"), "\"%s\" in it", get("a"));
		close(put("b", "new"));
		must(stat(".", &st));
		expect(!strcmp(get("../here/a"), "second"),
		       "\"%s\" in the one of its old name", get("../here/a"));
		expect(!strcmp(get("../there/b"), "new"),
		       "\"%s\" under its new name", get("../there/b"));
		expect(getcwd(cwd, sizeof(cwd)) && strstr(cwd, "there"),
		       "getcwd gives \"%s\"", cwd);
	}
	meet();
	if (role == 2) {
		expect(!strcmp(get("there/b"), "new"), "a file went astray");
		expect(stat("here/b", &st) && errno == ENOENT,
		       "a file is in both");
		must(unlink("there/a"));
		must(unlink("there/b"));
		must(rmdir("there"));
	}
	meet();
	if (role == 1) {
		expect(open("c", O_CREAT | O_WRONLY, 0644) < 0 &&
		       errno == ENOENT, "a file was made in a removed one");
		expect(stat("../there", &st) && errno == ENOENT,
		       "the removed one is there");
		must(fchdir(top));
	}
	pass();
}

/* The same, but without a look at the new name in between. */
static void carried_off(void)
{
	int dir = -1, fd;

	begin("a directory held open is the same under any name");
	if (role == 1) {
		must(mkdir("held", 0755));
		dir = must(open("held", O_RDONLY | O_DIRECTORY));
	}
	meet();
	if (role == 2) {
		must(rename("held", "carried"));
		must(mkdir("held", 0755));
	}
	meet();
	if (role == 1) {
		fd = must(openat(dir, "f", O_CREAT | O_RDWR, 0644));
		close(fd);
		must(mkdirat(dir, "d", 0755));
		must(renameat(dir, "f", dir, "g"));
	}
	meet();
	if (role == 2) {
		expect(!access("carried/g", F_OK), "a file is not in it");
		expect(!access("carried/d", F_OK), "a directory is not in it");
		expect(entries("held") == 0, "something is in the wrong one");
		pass();
		must(unlink("carried/g"));
		must(rmdir("carried/d"));
		must(rmdir("carried"));
	}
	meet();
	if (role == 1) {
		check_name = "a directory removed while it is held open";
		expect(openat(dir, "f", O_CREAT | O_RDWR, 0644) < 0 &&
		       errno == ENOENT, "a file was made in it");
		expect(openat(dir, ".", O_RDONLY) >= 0 || errno == ENOENT,
		       "error %d", errno);
		expect(openat(dir, "..", O_RDONLY) >= 0 || errno == ENOENT,
		       "error %d", errno);
		pass();
		close(dir);
	}
}

static void races(void)
{
	char name[32];
	int i, fd, won = 0, made = 0, errors = 0, last = 0;

	begin("exactly one node creates a file or a directory");
	for (i = 0; i < RACES; i++) {
		sprintf(name, "race%d", i);
		if (i % 50 == 0)
			meet();
		fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd >= 0)
			won++;
		else if (errno != EEXIST)
			expect(0, "open: %s", strerror(errno));
		close(fd);
		sprintf(name, "race%d.d", i);
		if (!mkdir(name, 0755))
			made++;
		else if (errno != EEXIST)
			expect(0, "mkdir: %s", strerror(errno));
	}
	sprintf(name, "won.%d", role);
	fd = put(name, "");
	dprintf(fd, "%d %d", won, made);
	close(fd);
	meet();
	sprintf(name, "won.%d", 3 - role);
	sscanf(get(name), "%d %d", &i, &last);
	expect(won + i == RACES, "%d and %d files of %d", won, i, RACES);
	expect(made + last == RACES, "%d and %d directories of %d", made, last,
	       RACES);
	pass();

	begin("open with O_CREAT always opens");
	for (i = 0; i < RACES; i++) {
		sprintf(name, "both%d", i);
		if (i % 50 == 0)
			meet();
		fd = open(name, O_CREAT | O_RDWR, 0644);
		if (fd < 0) {
			errors++;
			last = errno;
		}
		close(fd);
	}
	expect(!errors, "%d errors, the last: %s", errors, strerror(last));
	pass();
}

/* Lock files: who has made it is the one, and removes it. */
static void lock_files(void)
{
	double limit;
	int fd, errors = 0, last = 0;
	long got = 0;

	begin("a lock file is made or exists, and nothing else");
	limit = seconds() + LOOP_SECONDS;
	while (seconds() < limit) {
		fd = open("lockfile", O_CREAT | O_EXCL | O_WRONLY, 0644);
		if (fd >= 0) {
			got++;
			close(fd);
			must(unlink("lockfile"));
		} else if (errno != EEXIST) {
			errors++;
			last = errno;
		}
	}
	expect(!errors, "%d errors, the last: %s", errors, strerror(last));
	expect(got, "this node made none");
	pass();

	begin("open with O_CREAT opens what comes and goes");
	limit = seconds() + LOOP_SECONDS;
	while (seconds() < limit) {
		fd = open("fleeting", O_CREAT | O_RDWR, 0644);
		if (fd < 0) {
			errors++;
			last = errno;
		}
		close(fd);
		unlink("fleeting");
	}
	expect(!errors, "%d errors, the last: %s", errors, strerror(last));
	pass();
}

/* Node 2 swaps a directory and a link to one outside, node 1 uses the name. */
static void confinement(const char *outside)
{
	double limit;
	long tries = 0;

	begin("no race of names leads out");
	if (role == 1) {
		must(mkdir("trap", 0755));
		close(put("trap/secret", "inside"));
		must(symlink(outside, "link"));
	}
	meet();
	limit = seconds() + SWAPS_SECONDS;
	while (seconds() < limit) {
		if (role == 2) {
			renameat2(AT_FDCWD, "trap", AT_FDCWD, "link", 2);
			continue;
		}
		tries++;
		expect(!strstr(get("trap/secret"), "outside"), "read a secret");
		truncate("trap/secret", 6);
		chmod("trap/secret", 0644);
		close(open("trap/made", O_CREAT | O_RDWR, 0644));
		unlink("trap/made");
		mkdir("trap/made.d", 0755);
		rmdir("trap/made.d");
		link("trap/secret", "trap/made.l");
		unlink("trap/made.l");
	}
	meet();
	if (role == 1) {
		pass();
		printf("# %ld tries\n", tries);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	replacement();
	replacements();
	links();
	removal();
	attributes();
	other_attributes();
	listing();
	moved_directory();
	carried_off();
	races();
	lock_files();
	if (argc > 3)
		confinement(argv[3]);
	return finish();
}
