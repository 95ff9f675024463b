// SPDX-License-Identifier: GPL-2.0
/*
 * Contents of a file both nodes use.
 *
 *	node 1 ---- hostfs DIR ---- node 2
 *
 * What one node has written, appended, cut or mapped is what the other reads,
 * maps and executes.
 */

#include "pair.h"

#include <sys/mman.h>
#include <sys/wait.h>

#define LINES 2000
#define RECORDS 8
#define RECORD_BYTES (1 << 20)
#define TURNS 300
#define VERSIONS 60
#define PAGE 4096

/* In every copy of this program; executed as "version" it prints it. */
static char version[] = "VERSION=00000000";

static size_t line_of(int node, int number, char *line)
{
	int n = sprintf(line, "node %d line %d ", node, number);
	int pad = number % 150;

	memset(line + n, 'a' + number % 26, pad);
	line[n + pad] = '\n';
	return n + pad + 1;
}

static void check_lines(const char *path)
{
	FILE *file = fopen(path, "r");
	int next[3] = { 0, 0, 0 }, node, number;
	char got[512], want[512];

	while (fgets(got, sizeof(got), file)) {
		if (sscanf(got, "node %d line %d", &node, &number) != 2 ||
		    node < 1 || node > 2) {
			expect(0, "mixed line: %.40s", got);
			break;
		}
		want[line_of(node, number, want)] = '\0';
		expect(!strcmp(got, want), "line %d of node %d is broken",
		       number, node);
		expect(number == next[node], "line %d of node %d is %d",
		       next[node], node, number);
		next[node] = number + 1;
	}
	expect(next[1] == LINES && next[2] == LINES,
	       "%d and %d lines instead of %d", next[1], next[2], LINES);
	fclose(file);
}

static void append_lines(void)
{
	char line[512], back[512];
	int fd, i;

	begin("appended lines are neither lost nor mixed");
	fd = must(open("lines", O_CREAT | O_RDWR | O_APPEND, 0644));
	meet();
	for (i = 0; i < LINES; i++) {
		size_t len = line_of(role, i, line);
		off_t end;

		must(write(fd, line, len));
		end = lseek(fd, 0, SEEK_CUR);
		expect(pread(fd, back, len, end - len) == (ssize_t)len &&
		       !memcmp(line, back, len),
		       "the position after line %d is wrong", i);
	}
	meet();
	check_lines("lines");
	pass();
	close(fd);
}

static void append_records(void)
{
	unsigned char *record = malloc(RECORD_BYTES);
	int fd, i, seen[3] = { 0, 0, 0 };

	begin("records of 1 MiB are appended whole");
	fd = must(open("records", O_CREAT | O_RDWR | O_APPEND, 0644));
	memset(record, role, RECORD_BYTES);
	meet();
	for (i = 0; i < RECORDS; i++)
		expect(write(fd, record, RECORD_BYTES) == RECORD_BYTES,
		       "short append: %s", strerror(errno));
	meet();
	for (i = 0; i < 2 * RECORDS; i++) {
		must(pread(fd, record, RECORD_BYTES, (off_t)i * RECORD_BYTES));
		if (record[0] > 2 ||
		    memcmp(record, record + 1, RECORD_BYTES - 1))
			expect(0, "record %d is mixed", i);
		else
			seen[record[0]]++;
	}
	expect(seen[1] == RECORDS && seen[2] == RECORDS, "%d and %d records",
	       seen[1], seen[2]);
	pass();
	close(fd);
	free(record);
}

/* The nodes count up in turns: odd numbers are written by 1, even by 2. */
static void rewrite(void)
{
	double limit = seconds() + MEET_SECONDS_MAX, begun;
	long number = 0;
	int fd;

	begin("a rewrite of the same size is seen through an open file");
	fd = must(open("number", O_CREAT | O_RDWR, 0644));
	if (role == 1)
		must(pwrite(fd, &number, sizeof(number), 0));
	meet();
	begun = seconds();
	while (number < 2 * TURNS && seconds() < limit) {
		if (pread(fd, &number, sizeof(number), 0) != sizeof(number))
			number = 0;
		if (number % 2 != role - 1 || number >= 2 * TURNS)
			continue;
		number++;
		must(pwrite(fd, &number, sizeof(number), 0));
	}
	expect(number >= 2 * TURNS, "stopped at %ld", number);
	pass();
	if (role == 1)
		printf("# a turn takes %.0f us\n",
		       (seconds() - begun) / (2 * TURNS) * 1e6);
	close(fd);
}

static void truncation(void)
{
	char buf[PAGE] = "";
	struct stat st;
	int fd = -1, i;

	begin("a new size is seen at once");
	if (role == 1) {
		fd = put("cut", "");
		memset(buf, 'x', sizeof(buf));
		for (i = 0; i < 4; i++)
			must(write(fd, buf, sizeof(buf)));
	}
	meet();
	if (role == 2)
		fd = must(open("cut", O_RDWR));
	must(pread(fd, buf, sizeof(buf), 2 * PAGE));
	meet();
	if (role == 2)
		must(ftruncate(fd, 100));
	meet();
	must(fstat(fd, &st));
	expect(st.st_size == 100, "fstat says %ld", (long)st.st_size);
	must(stat("cut", &st));
	expect(st.st_size == 100, "stat says %ld", (long)st.st_size);
	expect(lseek(fd, 0, SEEK_END) == 100, "SEEK_END is elsewhere");
	expect(pread(fd, buf, sizeof(buf), 0) == 100, "it is longer to read");
	expect(pread(fd, buf, sizeof(buf), 200) == 0, "read beyond the end");
	meet();
	if (role == 1)
		must(truncate("cut", 3 * PAGE));
	meet();
	must(fstat(fd, &st));
	expect(st.st_size == 3 * PAGE, "fstat says %ld", (long)st.st_size);
	expect(pread(fd, buf, 10, PAGE) == 10 && !memcmp(buf, buf + 1, 9) &&
	       buf[0] == '\0', "no zeros in what was added");
	pass();
	close(fd);
}

static char map_byte(const char *path, int flags)
{
	int fd = must(open(path, O_RDWR));
	char *map = mmap(NULL, 2 * PAGE, PROT_READ, flags, fd, 0), byte;

	if (map == MAP_FAILED)
		must(-1);
	byte = map[PAGE];
	munmap(map, 2 * PAGE);
	close(fd);
	return byte;
}

static void mapping(int flags, const char *name)
{
	char page[2 * PAGE];
	int fd, i, keep;

	begin(name);
	fd = must(open("map", O_CREAT | O_RDWR, 0644));
	/* Keeps the inode, and so its pages, in use. */
	keep = must(open("map", O_RDONLY));
	for (i = 0; i < VERSIONS; i++) {
		memset(page, 'A' + i % 26, sizeof(page));
		if (role == 1)
			must(pwrite(fd, page, sizeof(page), 0));
		meet();
		expect(map_byte("map", flags) == page[0],
		       "version %d is not what is mapped", i);
		meet();
	}
	pass();
	close(fd);
	close(keep);
}

static void writing_back(void)
{
	char *map = NULL, byte = 0;
	int fd = -1;

	begin("a shared mapping is written back");
	if (role == 1) {
		fd = put("back", "");
		must(ftruncate(fd, 2 * PAGE));
		map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
		map[0] = 'm';
		must(msync(map, PAGE, MS_SYNC));
		map[PAGE] = 'u';
	}
	meet();
	if (role == 2) {
		fd = must(open("back", O_RDONLY));
		pread(fd, &byte, 1, 0);
		expect(byte == 'm', "not by msync");
	}
	meet();
	if (role == 1)
		munmap(map, 2 * PAGE);
	meet();
	if (role == 2) {
		pread(fd, &byte, 1, PAGE);
		expect(byte == 'u', "not by munmap");
		pass();
	}
	close(fd);
}

/* How node 1, with dirty pages beyond the new end, goes on after the cut. */
enum after { UNMAPS, SYNCS, WRITES };

static void cut_mapping(enum after after, const char *name)
{
	char *map = NULL;
	struct stat st;
	int fd = -1;

	begin(name);
	if (role == 1) {
		fd = put("cutmap", "");
		must(ftruncate(fd, 4 * PAGE));
		map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
		memset(map, 'd', 4 * PAGE);
	}
	meet();
	if (role == 2)
		must(truncate("cutmap", 100));
	meet();
	if (role == 1) {
		if (after == SYNCS)
			must(msync(map, 4 * PAGE, MS_SYNC));
		if (after == WRITES)
			must(pwrite(fd, "w", 1, 0));
		munmap(map, 4 * PAGE);
		close(fd);
	}
	meet();
	if (role == 2) {
		must(stat("cutmap", &st));
		expect(st.st_size == 100, "the size is %ld", (long)st.st_size);
		expect(get("cutmap")[99] == 'd', "what is left was not written");
		pass();
	}
}

/* Whoever writes to a file also sees it in its own mapping. */
static void own_mapping(void)
{
	char *map, byte, want;
	int fd, i;

	begin("a node agrees with itself about a mapped file");
	if (role == 1) {
		fd = put("own", "");
		must(ftruncate(fd, 2 * PAGE));
		map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
		for (i = 0; i < 200; i++) {
			want = 'a' + i % 26;
			map[i] = want;
			must(pread(fd, &byte, 1, i));
			expect(byte == want, "store %d is not read", i);
			must(pwrite(fd, &want, 1, PAGE + i));
			expect(map[PAGE + i] == want, "write %d is not mapped", i);
			expect(map[i] == want, "store %d is lost", i);
		}
		munmap(map, 2 * PAGE);
		pass();
		close(fd);
	}
}

static char *read_self(size_t *size)
{
	int fd = must(open("/proc/self/exe", O_RDONLY));
	struct stat st;
	char *image;

	must(fstat(fd, &st));
	image = malloc(st.st_size);
	for (*size = 0; *size < (size_t)st.st_size;)
		*size += must(read(fd, image + *size, st.st_size - *size));
	close(fd);
	return image;
}

static void write_program(char *image, size_t size, char *place, int number)
{
	char digits[9];
	int fd;

	snprintf(digits, sizeof(digits), "%08d", number);
	memcpy(place + strlen("VERSION="), digits, 8);
	fd = must(open("program", O_CREAT | O_WRONLY, 0755));
	if (write(fd, image, size) != (ssize_t)size)
		must(-1);
	close(fd);
}

static int run_program(void)
{
	char text[32] = "";
	int pipes[2];

	must(pipe(pipes));
	if (must(fork()) == 0) {
		dup2(pipes[1], 1);
		execl("./program", "version", NULL);
		_exit(1);
	}
	close(pipes[1]);
	must(read(pipes[0], text, sizeof(text) - 1));
	close(pipes[0]);
	wait(NULL);
	return strncmp(text, "VERSION=", 8) ? -1 : atoi(text + 8);
}

static void execution(void)
{
	size_t size;
	char *image, *place;
	int i, got, keep = -1;

	begin("a program just written is what is executed");
	image = read_self(&size);
	place = memmem(image, size, version, sizeof(version));
	for (i = 1; i <= VERSIONS; i++) {
		if (role == 1)
			write_program(image, size, place, i);
		meet();
		if (role == 2) {
			if (keep < 0)
				keep = must(open("program", O_RDONLY));
			got = run_program();
			expect(got == i, "version %d is executed as %d", i, got);
		}
		meet();
	}
	if (role == 2)
		pass();
	close(keep);
	free(image);
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[0], "version")) {
		puts(version);
		return 0;
	}
	start(argc, argv);
	append_lines();
	append_records();
	rewrite();
	truncation();
	mapping(MAP_SHARED, "a shared mapping begins with the present contents");
	mapping(MAP_PRIVATE, "a private mapping begins with the present contents");
	writing_back();
	cut_mapping(UNMAPS, "munmap brings nothing back that was cut off");
	cut_mapping(SYNCS, "msync brings nothing back that was cut off");
	cut_mapping(WRITES, "write brings nothing back that was cut off");
	own_mapping();
	execution();
	return finish();
}
