// SPDX-License-Identifier: GPL-2.0
/*
 * Calls with a list of words.
 *
 * Rust cannot define a function with a variable number of arguments. These count the
 * words, put them into an array, and call those that take one. Nothing is allocated: a
 * child of fork(2) may call them.
 */
#include <stdarg.h>
#include <stddef.h>

#include <sys/cluster.h>

/* How many words there are up to the null. */
static size_t count(const char *word, va_list words)
{
	size_t counted = 0;

	for (; word; word = va_arg(words, const char *))
		counted++;
	return counted;
}

/* Puts the words and the null behind them into the array. */
static void fill(char *argv[], const char *word, va_list *words)
{
	/* Nobody writes to them; it is how execve(2) has its arguments. */
	while ((*argv++ = (char *)word))
		word = va_arg(*words, const char *);
}

#define COUNT(word) ({							\
	va_list words;							\
	size_t counted;							\
									\
	va_start(words, word);						\
	counted = count(word, words);					\
	va_end(words);							\
	counted;							\
})

int rexecl(const char *path, const char *word, ...)
{
	char *argv[COUNT(word) + 1];
	clusternode_t node;
	va_list words;

	va_start(words, word);
	fill(argv, word, &words);
	node = va_arg(words, clusternode_t);
	va_end(words);
	return rexecv(path, argv, node);
}

int rexeclp(const char *file, const char *word, ...)
{
	char *argv[COUNT(word) + 1];
	clusternode_t node;
	va_list words;

	va_start(words, word);
	fill(argv, word, &words);
	node = va_arg(words, clusternode_t);
	va_end(words);
	return rexecvp(file, argv, node);
}

int rexecle(const char *path, const char *word, ...)
{
	char *argv[COUNT(word) + 1];
	char *const *envp;
	clusternode_t node;
	va_list words;

	va_start(words, word);
	fill(argv, word, &words);
	envp = va_arg(words, char *const *);
	node = va_arg(words, clusternode_t);
	va_end(words);
	return rexecve(path, argv, envp, node);
}
