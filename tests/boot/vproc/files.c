// SPDX-License-Identifier: GPL-2.0
/*
 * Files of a process in /proc.
 *
 * files walk UID PID		prints all that is below /proc/PID, as user UID: kind and
 *				mode, owner, links, size; where a link leads; what is in a
 *				file; or the name of the error
 * files mappings COUNT		has so many mappings, prints its number and waits
 * files write UID PATH WORDS	writes WORDS at once, prints the result
 * files start PID		prints when it started, in ticks since 1970
 * files numbers		prints the numbers in /proc, as they come
 * files list TIMES		prints how often /proc was listed without its own number, or
 *				with a number before or equal to the one before it
 */
#include "say.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define READ_BYTES 4096
/* Only the beginning of a file without an end. */
#define FILE_BYTES_MAX (1 << 20)
/* Field of the time of start behind the name in a line of stat. */
#define START_FIELD 20

/*
 * What is not the process' own: memory and its map are asked for by address, the network
 * is its node's, and a reader changes what it reads.
 */
static const char *const left_out[] = { "mem", "pagemap", "net", "clear_refs" };

static void show_text(const unsigned char *text, size_t bytes)
{
	for (size_t at = 0; at < bytes; at++) {
		if (text[at] == '\n')
			fputs("\n  | ", stdout);
		else if (text[at] < ' ' || text[at] > '~')
			printf("\\%02x", text[at]);
		else
			putchar(text[at]);
	}
}

/* The time of start is told by the clock of the reader's node. */
static void hide_start(char *line)
{
	char *at = strrchr(line, ')');

	for (int field = 0; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	while (at && *++at >= '0' && *at <= '9')
		*at = '*';
}

static void read_file(const char *path, const char *name)
{
	static char text[FILE_BYTES_MAX + 1];
	size_t bytes = 0;
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	/* A file that says it only when it is read says it when it is opened from afar. */
	if (fd < 0) {
		printf(" %s", strerrorname_np(errno));
		return;
	}
	while (bytes < FILE_BYTES_MAX) {
		ssize_t more = read(fd, text + bytes, READ_BYTES);

		if (more < 0)
			printf(" %s", strerrorname_np(errno));
		if (more <= 0)
			break;
		bytes += more;
	}
	close(fd);
	text[bytes] = 0;
	if (!strcmp(name, "stat"))
		hide_start(text);
	if (bytes)
		fputs("\n  | ", stdout);
	show_text((unsigned char *)text, bytes);
}

static int by_name(const struct dirent **one, const struct dirent **other)
{
	return strverscmp((*one)->d_name, (*other)->d_name);
}

static int is_wanted(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
}

static void walk(const char *path, const char *name)
{
	struct dirent **entries;
	char link[PATH_MAX];
	struct stat is;
	int count;

	printf("%s", path);
	if (lstat(path, &is)) {
		printf(" stat %s\n", strerrorname_np(errno));
		return;
	}
	printf(" %o %d:%d %ld %ld", is.st_mode, is.st_uid, is.st_gid, (long)is.st_nlink,
	       (long)is.st_size);
	for (size_t at = 0; at < sizeof(left_out) / sizeof(*left_out); at++) {
		if (!strcmp(name, left_out[at])) {
			puts("");
			return;
		}
	}
	if (S_ISLNK(is.st_mode)) {
		ssize_t bytes = readlink(path, link, sizeof(link));

		if (bytes < 0)
			printf(" readlink %s\n", strerrorname_np(errno));
		else
			printf(" -> %.*s\n", (int)bytes, link);
		return;
	}
	if (!S_ISDIR(is.st_mode)) {
		read_file(path, name);
		puts("");
		return;
	}
	count = scandir(path, &entries, is_wanted, by_name);
	if (count < 0) {
		printf(" list %s\n", strerrorname_np(errno));
		return;
	}
	puts("");
	for (int at = 0; at < count; at++) {
		char below[PATH_MAX];

		snprintf(below, sizeof(below), "%s/%s", path, entries[at]->d_name);
		walk(below, entries[at]->d_name);
		free(entries[at]);
	}
	free(entries);
}

/* Neighbours differ in what may be done, and so stay apart. */
static void mappings(int count)
{
	char *pages = mmap(NULL, (size_t)count * 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	for (int at = 0; at < count; at += 2)
		if (pages == MAP_FAILED || mprotect(pages + at * 4096L, 4096, PROT_NONE))
			exit(1);
	printf("%d\n", getpid());
	fclose(stdout);
	pause();
}

static void write_file(const char *path, const char *words)
{
	int fd = open(path, O_WRONLY);

	/* Which of the two calls is refused is not said: see read_file(). */
	say("write", fd < 0 ? -1 : write(fd, words, strlen(words)));
}

static void numbers(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc)))
		if (atoi(entry->d_name))
			puts(entry->d_name);
}

static void list(int times)
{
	int without = 0, unsorted = 0;

	while (times--) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;
		int last = 0, found = 0;

		while ((entry = readdir(proc))) {
			int pid = atoi(entry->d_name);

			if (!pid)
				continue;
			unsorted += pid <= last;
			found += pid == getpid();
			last = pid;
		}
		without += found != 1;
		closedir(proc);
	}
	printf("without %d, unsorted %d\n", without, unsorted);
}

static long long micros(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

/* When this node booted. Two clocks cannot be read at once: the fastest try counts. */
static long long boot_micros(void)
{
	long long boot = 0, best = LLONG_MAX;

	for (int tries = 0; tries < 20; tries++) {
		long long before = micros(CLOCK_REALTIME);
		long long since = micros(CLOCK_BOOTTIME);
		long long took = micros(CLOCK_REALTIME) - before;

		if (took < best) {
			best = took;
			boot = before + took / 2 - since;
		}
	}
	return boot;
}

static void start(const char *pid)
{
	char path[PATH_MAX], line[READ_BYTES] = "";
	FILE *stat;
	char *at;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	stat = fopen(path, "r");
	at = stat && fgets(line, sizeof(line), stat) ? strrchr(line, ')') : NULL;
	for (int field = 0; at && field < START_FIELD; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		exit(1);
	printf("%lld\n", atoll(at) + boot_micros() / 10000);
}

static void become(const char *words)
{
	uid_t uid = atoi(words);

	if (uid && (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		exit(2);
}

int main(int argc, char **argv)
{
	char path[PATH_MAX];

	if (argc == 4 && !strcmp(argv[1], "walk")) {
		become(argv[2]);
		snprintf(path, sizeof(path), "/proc/%s", argv[3]);
		walk(path, argv[3]);
	} else if (argc == 3 && !strcmp(argv[1], "mappings")) {
		mappings(atoi(argv[2]));
	} else if (argc == 5 && !strcmp(argv[1], "write")) {
		become(argv[2]);
		write_file(argv[3], argv[4]);
	} else if (argc == 3 && !strcmp(argv[1], "start")) {
		start(argv[2]);
	} else if (argc == 2 && !strcmp(argv[1], "numbers")) {
		numbers();
	} else if (argc == 3 && !strcmp(argv[1], "list")) {
		list(atoi(argv[2]));
	} else {
		return 2;
	}
	return 0;
}
