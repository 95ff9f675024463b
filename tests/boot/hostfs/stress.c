// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on a small tree.
 *
 *	node 1 ---- hostfs DIR ---- node 2
 *
 * Some processes on each node create, rename, remove, link, read, write, map
 * and lock the same few names without any order, each now and then from a
 * working directory that others move and remove. Only errors that such a race
 * explains may come up. In the end both nodes see the same tree.
 */

#include "pair.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>

#define PROCESSES 3
#define SECONDS 5.0
#define NAMES 4

static unsigned int seed;
static unsigned long counts[256];

static int pick(int below)
{
	return rand_r(&seed) / 7 % below;
}

static const char *path(void)
{
	static char text[4][64];
	static int next;
	char *p = text[next++ % 4];
	int n = 0, depth = pick(3);

	if (pick(2))
		n = sprintf(p, "/proc/self/cwd/");
	while (depth--)
		n += sprintf(p + n, "%c/", 'a' + pick(NAMES));
	sprintf(p + n, "%c", 'a' + pick(NAMES));
	return p;
}

static void use_file(void)
{
	static const int modes[] = {
		O_RDONLY, O_RDWR, O_RDWR | O_CREAT, O_WRONLY | O_APPEND,
		O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_TRUNC,
	};
	int fd = open(path(), modes[pick(6)] | O_NONBLOCK, 0644);
	char buf[5000] = "";
	struct stat st;
	char *map;

	if (fd < 0)
		return;
	(void)!read(fd, buf, pick(sizeof(buf)));
	(void)!write(fd, buf, pick(sizeof(buf)));
	(void)!pwrite(fd, buf, pick(sizeof(buf)), pick(100000));
	if (!pick(4))
		flock(fd, (pick(2) ? LOCK_SH : LOCK_EX) | LOCK_NB);
	if (!pick(3))
		(void)!ftruncate(fd, pick(50000));
	fstat(fd, &st);
	map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map != MAP_FAILED) {
		/* Beyond the end a mapping is dead; others may cut the file. */
		if (!madvise(map, 4096, MADV_POPULATE_WRITE))
			munmap(map, 4096);
	}
	/* It may be a directory, and is to be read in the end. */
	(void)!fchmod(fd, 0700 + pick(64));
	close(fd);
}

static void list(void)
{
	DIR *dir = opendir(path());

	if (!dir)
		return;
	while (readdir(dir))
		;
	closedir(dir);
}

static int act(void)
{
	char buf[256];
	struct stat st;

	errno = 0;
	switch (pick(16)) {
	case 0:
		return mkdir(path(), 0755);
	case 1:
		return rmdir(path());
	case 2:
		return unlink(path());
	case 3:
	case 4:
		return rename(path(), path());
	case 5:
		return renameat2(AT_FDCWD, path(), AT_FDCWD, path(), pick(3));
	case 6:
		return link(path(), path());
	case 7:
		return symlink(path(), path());
	case 8:
		return readlink(path(), buf, sizeof(buf));
	case 9:
		return stat(path(), &st);
	case 10:
		list();
		return 0;
	case 11:
		if (pick(3))
			return fchdir(top) || chdir("tree");
		return chdir(path());
	case 12:
		return truncate(path(), pick(9000));
	case 13:
		return mkfifo(path(), 0600);
	default:
		use_file();
		return 0;
	}
}

/*
 * ESTALE: the VFS could not follow a directory that the other node has moved,
 * for names were being changed on this one, not even at its second attempt.
 */
static int is_sane(int error)
{
	static const int sane[] = {
		0, ENOENT, EEXIST, ENOTDIR, EISDIR, ENOTEMPTY, EINVAL, ELOOP,
		EWOULDBLOCK, EBUSY, EPERM, ENXIO, ESTALE, EMLINK, ESPIPE,
		EFAULT, ENODEV, EBADF, EACCES,
	};
	size_t i;

	for (i = 0; i < sizeof(sane) / sizeof(sane[0]); i++)
		if (error == sane[i])
			return 1;
	return 0;
}

static int run(unsigned int number)
{
	double limit = seconds() + SECONDS;
	long acts = 0;
	int bad = 0, i;

	seed = number;
	must(chdir("tree"));
	while (seconds() < limit) {
		if (act() < 0)
			counts[errno & 255]++;
		if (!is_sane(errno))
			bad = errno;
		acts++;
	}
	printf("# %ld acts, errors", acts);
	for (i = 0; i < 256; i++)
		if (counts[i])
			printf(" %d:%lu", i, counts[i]);
	printf("\n");
	fflush(stdout);
	return bad;
}

static void dump(const char *dir, FILE *out)
{
	struct dirent **entries;
	struct stat st;
	char name[4096];
	int n = scandir(dir, &entries, NULL, alphasort), i;

	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", dir, entries[i]->d_name);
		must(lstat(name, &st));
		fprintf(out, "%s %lu %o %d %ld %ld\n", name,
			(unsigned long)st.st_ino, st.st_mode, (int)st.st_nlink,
			S_ISREG(st.st_mode) ? (long)st.st_size : 0,
			(long)st.st_mtim.tv_nsec);
		if (S_ISDIR(st.st_mode))
			dump(name, out);
	}
}

int main(int argc, char **argv)
{
	char *texts[3] = { "", "", "" }, name[32];
	struct stat st;
	int i, status;
	size_t size;
	FILE *out;

	start(argc, argv);
	mkdir("tree", 0755);
	begin("random operations on a tree by both nodes");
	for (i = 0; i < PROCESSES; i++)
		if (must(fork()) == 0)
			_exit(run(role * 1000 + i + (argc > 3 ? atoi(argv[3]) : 0)));
	for (i = 0; i < PROCESSES; i++) {
		must(wait(&status));
		expect(WIFEXITED(status), "a process died of %d", status);
		expect(!WEXITSTATUS(status), "error %s",
		       strerror(WEXITSTATUS(status)));
	}
	meet();
	out = open_memstream(&texts[role], &size);
	dump("tree", out);
	fclose(out);
	sprintf(name, "dump.%d", role);
	i = put(name, "");
	must(write(i, texts[role], size));
	close(i);
	meet();
	if (role == 1) {
		i = must(open("dump.2", O_RDONLY));
		must(fstat(i, &st));
		texts[2] = calloc(1, st.st_size + 1);
		must(read(i, texts[2], st.st_size));
		expect(!strcmp(texts[1], texts[2]), "the nodes see different trees");
		pass();
	}
	return finish();
}
