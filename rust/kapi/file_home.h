/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Open file other nodes use.
 */
#ifndef _SSI_FILE_HOME_H
#define _SSI_FILE_HOME_H

#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/ssi_kapi.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

/* Wait queues a file may wait on: a terminal has two, a pipe that is open for both two. */
#define SSI_WATCH_QUEUES_MAX	4

struct ssi_watch_queue {
	struct ssi_watch *watch;
	wait_queue_head_t *head;
	wait_queue_entry_t entry;
};

/* Says once that something happened to a file, after it was armed. */
struct ssi_watch {
	u64 name;			/* for whoever is told */
	struct mutex lock;		/* of the registration: all up to @count */
	bool is_armed;
	poll_table table;
	unsigned int count;
	struct ssi_watch_queue queues[SSI_WATCH_QUEUES_MAX];
	__poll_t interest;		/* what is waited for */
	unsigned long fired;		/* bit 0: told, or about to be */
	struct work_struct work;
};

void ssi_watch_init(struct ssi_watch *watch);
void ssi_watch_end(struct ssi_watch *watch);
__poll_t ssi_watch_arm(struct ssi_watch *watch, struct file *file, __poll_t events);

struct ssi_home {
	struct file *file;
	const struct cred *cred;	/* whose rights are used */
	struct file *twin;	/* the same one, opened not to wait, if that is needed */
	bool is_clone;		/* the twin is one: it has no operations */
	enum ssi_home_kind kind;
	struct ssi_watch watch;
};

/* file_home.c */

void ssi_home_put(struct file *file);
void ssi_home_iter(struct iov_iter *iter, unsigned int direction, struct kvec *part,
		   const struct ssi_home_transfer *transfer);

/* file_clone.c */

struct file *ssi_clone(struct file *file);
bool ssi_tells_events(const struct file *file);

#endif /* _SSI_FILE_HOME_H */
