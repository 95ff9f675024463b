// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a file.
 *
 *	node 1 ---- hostfs DIR ---- node 2
 *
 * Both nodes make the same random choices and apply them to a copy in memory.
 * In turns, one of them also applies its choices to the file, by write,
 * append, truncate and mapping; after each operation, and at the start of each
 * turn, what it reads and maps must be the copy.
 *
 *	fsx 1|2 DIR [SEED]	on two nodes
 *	fsx alone DIR [SEED]	on one, with one endless turn
 */

#include "pair.h"

#include <sys/mman.h>
#include <sys/uio.h>

#define FILE_BYTES_MAX (300 * 1024)
#define OP_BYTES_MAX (70 * 1024)
#define TURNS 120
#define OPS_PER_TURN 40
#define OPS_ALONE 5000
#define PAGE 4096L

static unsigned char model[FILE_BYTES_MAX + PAGE];
static unsigned char got[FILE_BYTES_MAX + PAGE];
static long size;
static int is_active;
static int fd = -1;
static unsigned char *map;
static long map_bytes;
static unsigned long long state = 1;
static int operation;

static unsigned long pick(unsigned long below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 11) % below;
}

static const unsigned char *bytes(long len)
{
	static unsigned char data[OP_BYTES_MAX];
	long i, first = pick(256);

	for (i = 0; i < len; i++)
		data[i] = first + i * 7 + (i >> 8);
	return data;
}

static void compare(const unsigned char *have, long from, long to,
		    const char *how)
{
	if (!memcmp(have + from, model + from, to - from))
		return;
	while (have[from] == model[from])
		from++;
	expect(0, "operation %d: byte %ld of %ld %s as %d, not %d",
	       operation, from, size, how, have[from], model[from]);
}

static void remap(void)
{
	if (map)
		munmap(map, map_bytes);
	map = NULL;
	map_bytes = (size + PAGE - 1) / PAGE * PAGE;
	if (!is_active || !size)
		return;
	map = mmap(NULL, map_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		must(-1);
}

static void reopen(void)
{
	if (!is_active)
		return;
	if (fd >= 0)
		close(fd);
	fd = must(open("fsx", O_RDWR));
}

static void verify(void)
{
	struct stat st;
	long n;

	if (!is_active)
		return;
	must(fstat(fd, &st));
	expect(st.st_size == size, "operation %d: size is %ld, not %ld",
	       operation, (long)st.st_size, size);
	n = must(pread(fd, got, sizeof(got), 0));
	expect(n == size, "operation %d: %ld bytes to read, not %ld", operation,
	       n, size);
	compare(got, 0, n, "is read");
	if (map && size)
		compare(map, 0, size < map_bytes ? size : map_bytes, "is mapped");
}

static void grow(long end)
{
	if (end > size)
		size = end;
}

static void do_write(void)
{
	long from = pick(FILE_BYTES_MAX - OP_BYTES_MAX);
	long len = 1 + pick(pick(4) ? 3000 : OP_BYTES_MAX);
	const unsigned char *data = bytes(len);

	memcpy(model + from, data, len);
	grow(from + len);
	if (is_active)
		expect(pwrite(fd, data, len, from) == len, "operation %d: %s",
		       operation, strerror(errno));
}

static void do_append(void)
{
	long len = 1 + pick(3000);
	const unsigned char *data = bytes(len);
	int end;

	if (size + len > FILE_BYTES_MAX)
		return;
	memcpy(model + size, data, len);
	size += len;
	if (!is_active)
		return;
	end = must(open("fsx", O_WRONLY | O_APPEND));
	expect(write(end, data, len) == len, "operation %d: %s", operation,
	       strerror(errno));
	expect(lseek(end, 0, SEEK_CUR) == size, "operation %d: wrong position",
	       operation);
	close(end);
}

static void do_truncate(void)
{
	long to = pick(3) ? pick(FILE_BYTES_MAX) : pick(size + 1);

	if (to < size)
		memset(model + to, 0, size - to);
	size = to;
	if (!is_active)
		return;
	if (pick(2))
		must(ftruncate(fd, to));
	else
		must(truncate("fsx", to));
}

/* Stores through the mapping, beyond the end of the file too. */
static void do_store(void)
{
	long from, len;
	const unsigned char *data;

	remap();
	from = pick(size ? size : 1);
	len = 1 + pick(8000);
	data = bytes(len);
	if (len > size - from)
		len = size - from;
	if (len <= 0)
		return;
	memcpy(model + from, data, len);
	if (!is_active)
		return;
	memcpy(map + from, data, len);
	if (size < map_bytes)
		map[size] = 'e';
}

static void do_sync(void)
{
	if (is_active && map && pick(2))
		must(msync(map, map_bytes, MS_SYNC));
	if (is_active)
		must(fsync(fd));
}

static void do_vector(void)
{
	long from = pick(FILE_BYTES_MAX - OP_BYTES_MAX), len = 1 + pick(9000);
	const unsigned char *data = bytes(len);
	long half = pick(len);
	struct iovec iov[] = { { (void *)data, half },
			       { (void *)(data + half), len - half } };

	memcpy(model + from, data, len);
	grow(from + len);
	if (is_active)
		expect(pwritev(fd, iov, 2, from) == len, "operation %d: %s",
		       operation, strerror(errno));
}

static void act(void)
{
	static void (*const acts[])(void) = {
		do_write, do_write, do_append, do_truncate, do_store, do_store,
		do_sync, do_vector, reopen,
	};
	unsigned long long mine;

	operation++;
	/* What only the active node chooses must not part the two. */
	mine = state;
	acts[pick(sizeof(acts) / sizeof(acts[0]))]();
	state = mine * 6364136223846793005ULL + 1442695040888963407ULL;
	verify();
}

static void end_turn(void)
{
	is_active = 0;
	remap();
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static int alone(void)
{
	double begun = seconds();

	check_name = "random operations on a file";
	is_active = 1;
	close(put("fsx", ""));
	reopen();
	while (operation < OPS_ALONE && check_name)
		act();
	end_turn();
	pass();
	printf("# %.0f us per operation\n",
	       (seconds() - begun) / operation * 1e6);
	return failures ? 1 : 0;
}

int main(int argc, char **argv)
{
	int turn, i;

	if (argc > 3)
		state = strtoull(argv[3], NULL, 0) * 2 + 1;
	if (argc > 2 && !strcmp(argv[1], "alone")) {
		must(chdir(argv[2]));
		return alone();
	}
	start(argc, argv);
	if (role == 1)
		close(put("fsx", ""));
	begin("random operations on a file by two nodes in turns");
	for (turn = 0; turn < TURNS; turn++) {
		is_active = turn % 2 == role - 1;
		if (is_active)
			reopen();
		remap();
		verify();
		for (i = 0; i < OPS_PER_TURN; i++)
			act();
		end_turn();
		meet();
	}
	pass();
	return finish();
}
