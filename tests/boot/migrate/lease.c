// SPDX-License-Identifier: GPL-2.0
/*
 * Holds up whoever opens a file, until it is told to end.
 *
 * lease FILE SAYS	has a lease of the file; makes SAYS when somebody wants to open it
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static const char *says;

static void somebody_came(int signal)
{
	(void)signal;
	close(open(says, O_CREAT | O_WRONLY, 0600));
}

int main(int argc, char **argv)
{
	int file;

	if (argc < 3)
		return 2;
	says = argv[2];
	file = open(argv[1], O_RDWR);
	signal(SIGIO, somebody_came);
	if (file < 0 || fcntl(file, F_SETLEASE, F_WRLCK))
		return 1;
	for (;;)
		pause();
}
