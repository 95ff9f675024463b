/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The cluster, for programs in C.
 *
 * The calls are those of OpenSSI's libcluster; each has a man page in section 3,
 * libcluster(3) is the first to read. Link with -lcluster.
 *
 * Calls that return int return -1 and set errno when they fail. ENOSYS means
 * that this kernel is not a node of a cluster.
 */
#ifndef _SYS_CLUSTER_H
#define _SYS_CLUSTER_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Number of a node: 1 to cluster_maxnodes(). 0 is no node. */
typedef int clusternode_t;

/* Number of a transition: 1, 2, 3 and so on. 0 is before the first. */
typedef uint64_t transid_t;

/* States of a node, in the order of a life. */
#define CLUSTERNODE_NEVERUP	0
#define CLUSTERNODE_COMINGUP	1
#define CLUSTERNODE_UP		2
#define CLUSTERNODE_SHUTDOWN	3
#define CLUSTERNODE_GOINGDOWN	4
#define CLUSTERNODE_KCLEANUP	5
#define CLUSTERNODE_UCLEANUP	6
#define CLUSTERNODE_DOWN	7

/* Which transition cluster_detailedtransition() returns. */
#define CLUSTER_TRANSWHICH_THIS		0
#define CLUSTER_TRANSWHICH_NEXT		1
#define CLUSTER_TRANSWHICH_PREVIOUS	2
#define CLUSTER_TRANSWHICH_FIRST	3
#define CLUSTER_TRANSWHICH_LAST		4

/* What clusternode_setinfo() sets. */
#define CLUSTERNODE_SETSTATE	1

/* Flag of personality(2): the task sees the processes of its node alone in /proc. */
#define PER_SSI_LOCALVIEW	0x10000000

/* Another one: the task does not want to be moved to another node but by itself. */
#define PER_SSI_PINNED		0x20000000

/* Longest cause of a transition, with the 0 at its end. */
#define CLUSTER_CAUSE_BYTES_MAX	32

/* A change of a node's state. Members may be added at the end. */
typedef struct cluster_transinfo {
	transid_t	trans_id;
	struct timespec	trans_time;		/* the coordinator's clock */
	clusternode_t	trans_node;
	int		trans_fromstate;	/* CLUSTERNODE_... */
	int		trans_tostate;
	unsigned int	trans_epoch;		/* number of the view */
	uint64_t	trans_incarnation;	/* the node's life */
	char		trans_cause[CLUSTER_CAUSE_BYTES_MAX];	/* one word */
} cluster_transinfo_t;

/* What is known of a node. Members may be added at the end. */
typedef struct clusternode_info {
	clusternode_t	node_num;
	int		node_state;		/* CLUSTERNODE_... */
	int		node_totalcpus;
	int		node_onlinecpus;
	uint64_t	node_memory;		/* bytes */
	uint64_t	node_incarnation;	/* which of its lives; 0: none yet */
	transid_t	node_lasttrans;		/* 0: none that is known */
	struct timespec	node_lasttime;
} clusternode_info_t;

int cluster_membership(transid_t *transid, int arraylength,
		       clusternode_t *membershiparray);
int cluster_transition(transid_t *transid, int size,
		       cluster_transinfo_t *transinfo);
int cluster_detailedtransition(int which, transid_t *transid, int size,
			       cluster_transinfo_t *transinfo);
int cluster_events_register_signal(int desired_fd, int signum);

int clusternode_avail(clusternode_t nodenum);
int clusternode_info(clusternode_t nodenum, int size,
		     clusternode_info_t *nodeinfo);
int clusternode_setinfo(clusternode_t nodenum, int action, int size,
			clusternode_info_t *nodeinfo);
clusternode_t clusternode_num(void);
clusternode_t node_pid(pid_t pid);

char *cluster_name(void);
clusternode_t cluster_getnodebyname(const char *nodename);
int cluster_maxnodes(void);
int cluster_ssiconfig(void);

/*
 * These return only when they fail. In a list of words the last is null, and the
 * number of the node comes behind all else.
 */
#ifdef __GNUC__
#define _CLUSTER_NULL_BEFORE(count)	__attribute__((__sentinel__(count)))
#else
#define _CLUSTER_NULL_BEFORE(count)
#endif

int rexecve(const char *path, char *const argv[], char *const envp[],
	    clusternode_t nodenum);
int rexecv(const char *path, char *const argv[], clusternode_t nodenum);
int rexecvp(const char *file, char *const argv[], clusternode_t nodenum);
int rexecl(const char *path, const char *arg, ... /*, NULL, nodenum */)
	_CLUSTER_NULL_BEFORE(1);
int rexeclp(const char *file, const char *arg, ... /*, NULL, nodenum */)
	_CLUSTER_NULL_BEFORE(1);
int rexecle(const char *path, const char *arg, ... /*, NULL, envp, nodenum */)
	_CLUSTER_NULL_BEFORE(2);

pid_t rfork(clusternode_t nodenum);
int migrate(clusternode_t nodenum);

#ifdef __cplusplus
}
#endif

#endif /* _SYS_CLUSTER_H */
