// SPDX-License-Identifier: GPL-2.0
/*
 * The calls with a list of words, by themselves.
 *
 * The calls they end in are here, and compare what arrives. Ends with status 0 when all is
 * right.
 */
#include <stdio.h>
#include <string.h>

#include <sys/cluster.h>

static char *const environment[] = { "A=1", NULL };
static char *const *last_environment;
static const char *last_call;
static char last_words[256];
static int last_node;

/* Writes down a call; its words as "file: first second". */
static int arrived(const char *call, const char *file, char *const argv[],
		   char *const envp[], int node)
{
	last_call = call;
	last_environment = envp;
	last_node = node;
	strcpy(last_words, file);
	strcat(last_words, ":");
	for (; *argv; argv++) {
		strcat(last_words, " ");
		strcat(last_words, *argv);
	}
	return -7;
}

int rexecve(const char *path, char *const argv[], char *const envp[], clusternode_t node)
{
	return arrived("rexecve", path, argv, envp, node);
}

int rexecv(const char *path, char *const argv[], clusternode_t node)
{
	return arrived("rexecv", path, argv, NULL, node);
}

int rexecvp(const char *file, char *const argv[], clusternode_t node)
{
	return arrived("rexecvp", file, argv, NULL, node);
}

static int faults;

static void check(int line, int result, const char *call, const char *words,
		  char *const envp[], int node)
{
	if (result == -7 && !strcmp(call, last_call) && !strcmp(words, last_words) &&
	    envp == last_environment && node == last_node)
		return;
	fprintf(stderr, "list.c:%d: %s(\"%s\", %d) = %d\n", line, last_call, last_words,
		last_node, result);
	faults++;
}

#define GIVES(result, call, words, envp, node) \
	check(__LINE__, result, call, words, envp, node)

/* The compiler warns of it. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat"
static void without_words(void)
{
	GIVES(rexecl("/bin/ls", NULL, 1), "rexecv", "/bin/ls:", NULL, 1);
	GIVES(rexecle("/bin/ls", NULL, NULL, 5), "rexecve", "/bin/ls:", NULL, 5);
}
#pragma GCC diagnostic pop

int main(void)
{
	GIVES(rexecl("/bin/ls", "ls", NULL, 2), "rexecv", "/bin/ls: ls", NULL, 2);
	GIVES(rexecl("/bin/ls", "ls", "-l", "a", "b", "c", "d", "e", "f", "g", NULL, 63),
	      "rexecv", "/bin/ls: ls -l a b c d e f g", NULL, 63);
	GIVES(rexeclp("ls", "ls", "-l", NULL, -1), "rexecvp", "ls: ls -l", NULL, -1);
	GIVES(rexecle("/bin/ls", "ls", "-l", NULL, environment, 3),
	      "rexecve", "/bin/ls: ls -l", environment, 3);
	GIVES(rexecle("/bin/ls", "1", "2", "3", "4", "5", NULL, environment, 4),
	      "rexecve", "/bin/ls: 1 2 3 4 5", environment, 4);
	without_words();
	return faults != 0;
}
