// SPDX-License-Identifier: GPL-2.0
/*
 * Every call of libcluster, from C.
 *
 * calls ROOT: asks the cluster of plain files in ROOT, which tests/calls.rs has
 * made, and compares each answer. Ends with status 0 when all are right.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/cluster.h>

/* The tests' own: not in the header. */
int __libcluster_root(const char *root);

static int faults;

static void check(int line, const char *claim, long long actual, long long wanted)
{
	if (actual == wanted)
		return;
	fprintf(stderr, "calls.c:%d: %s is %lld, not %lld\n", line, claim, actual, wanted);
	faults++;
}

#define IS(actual, wanted) \
	check(__LINE__, #actual, (long long)(actual), (long long)(wanted))
#define FAILS(call, number) do { \
	errno = 0; \
	IS(call, -1); \
	IS(errno, number); \
} while (0)

static void without_a_cluster(void)
{
	IS(cluster_ssiconfig(), 0);
	FAILS(clusternode_num(), ENOSYS);
	FAILS(cluster_maxnodes(), ENOSYS);
	FAILS(clusternode_avail(1), ENOSYS);
	FAILS(node_pid(1), ENOSYS);
	FAILS(rexecl("/bin/true", "true", NULL, 1), ENOSYS);
	errno = 0;
	IS(cluster_name() == NULL, 1);
	IS(errno, ENOSYS);
}

static void names_and_numbers(void)
{
	IS(cluster_ssiconfig(), 1);
	IS(clusternode_num(), 2);
	IS(cluster_maxnodes(), 63);
	IS(strcmp(cluster_name(), "lab-2"), 0);
	IS(cluster_name() == cluster_name(), 1);
	IS(cluster_getnodebyname("node3"), 3);
	FAILS(cluster_getnodebyname("node9"), EINVAL);
	FAILS(cluster_getnodebyname("node03"), EINVAL);
	FAILS(cluster_getnodebyname("host3"), EINVAL);
	FAILS(cluster_getnodebyname(NULL), EINVAL);
}

static void membership(void)
{
	clusternode_t up[6] = { 9, 9, 9, 9, 9, 9 };
	transid_t transid = 0;

	IS(cluster_membership(&transid, 6, up), 2);
	IS(transid, 6);
	IS(up[0], 1);
	IS(up[1], 2);
	for (int i = 2; i < 6; i++)
		IS(up[i], 0);
	up[1] = 77;
	IS(cluster_membership(NULL, 1, up), 2);
	IS(up[0], 1);
	IS(up[1], 77);
	IS(cluster_membership(NULL, 0, NULL), 2);
	FAILS(cluster_membership(NULL, -1, up), EINVAL);
	FAILS(cluster_membership(NULL, 3, NULL), EINVAL);
}

static void nodes(void)
{
	clusternode_info_t info;
	struct { clusternode_info_t info; char more[8]; } wide;
	int size = sizeof(info);

	IS(clusternode_avail(1), 1);
	IS(clusternode_avail(3), 0);
	IS(clusternode_avail(63), 0);
	FAILS(clusternode_avail(0), EINVAL);
	FAILS(clusternode_avail(64), EINVAL);
	FAILS(clusternode_avail(257), EINVAL);
	FAILS(clusternode_avail(-1), EINVAL);

	memset(&info, 0xff, sizeof(info));
	IS(clusternode_info(3, size, &info), 0);
	IS(info.node_num, 3);
	IS(info.node_state, CLUSTERNODE_GOINGDOWN);
	IS(info.node_totalcpus, 2);
	IS(info.node_onlinecpus, 2);
	IS(info.node_memory, 268435456);
	IS(info.node_incarnation, 7);
	IS(info.node_lasttrans, 6);
	IS(info.node_lasttime.tv_sec, 1764214802);
	IS(info.node_lasttime.tv_nsec, 500000000);
	IS(clusternode_info(4, size, &info), 0);
	IS(info.node_state, CLUSTERNODE_NEVERUP);

	/* A program of a later header gets what is known, and 0 beyond. */
	memset(&wide, 0xff, sizeof(wide));
	IS(clusternode_info(1, sizeof(wide), &wide.info), 0);
	IS(wide.info.node_state, CLUSTERNODE_UP);
	IS(wide.more[0], 0);
	IS(wide.more[7], 0);
	FAILS(clusternode_info(1, size - 1, &info), EINVAL);
	FAILS(clusternode_info(1, -size, &info), EINVAL);
	FAILS(clusternode_info(1, size, NULL), EINVAL);
	FAILS(clusternode_info(64, size, &info), EINVAL);
}

static void simple_transitions(void)
{
	cluster_transinfo_t trans;
	transid_t transid = 2;
	int size = sizeof(trans);

	IS(cluster_transition(&transid, size, &trans), 0);
	IS(transid, 4);
	IS(trans.trans_id, 4);
	IS(trans.trans_time.tv_sec, 1764214801);
	IS(trans.trans_time.tv_nsec, 1000);
	IS(trans.trans_node, 2);
	IS(trans.trans_fromstate, CLUSTERNODE_COMINGUP);
	IS(trans.trans_tostate, CLUSTERNODE_UP);
	IS(trans.trans_epoch, 9);
	IS(trans.trans_incarnation, 2);
	IS(strcmp(trans.trans_cause, "active"), 0);
	IS(cluster_transition(&transid, size, &trans), 0);
	IS(cluster_transition(&transid, size, &trans), 0);
	IS(transid, 6);
	IS(trans.trans_tostate, CLUSTERNODE_GOINGDOWN);
	FAILS(cluster_transition(&transid, size, &trans), EAGAIN);
	IS(transid, 6);
	transid = 7;
	FAILS(cluster_transition(&transid, size, &trans), EINVAL);
	transid = 0;
	FAILS(cluster_transition(&transid, size, &trans), EOVERFLOW);
	IS(transid, 0);
	FAILS(cluster_transition(NULL, size, &trans), EINVAL);
	FAILS(cluster_transition(&transid, size, NULL), EINVAL);
	FAILS(cluster_transition(&transid, size - 1, &trans), EINVAL);
}

/* Where a relation leads from a transition, or the number of the error. */
static long long leads(int which, transid_t transid)
{
	cluster_transinfo_t trans;

	if (cluster_detailedtransition(which, &transid, sizeof(trans), &trans) < 0)
		return -errno;
	IS(trans.trans_id, transid);
	return transid;
}

static void detailed_transitions(void)
{
	cluster_transinfo_t trans;
	int size = sizeof(trans);

	IS(leads(CLUSTER_TRANSWHICH_THIS, 4), 4);
	IS(leads(CLUSTER_TRANSWHICH_NEXT, 4), 5);
	IS(leads(CLUSTER_TRANSWHICH_PREVIOUS, 4), 3);
	IS(leads(CLUSTER_TRANSWHICH_FIRST, 4), 2);
	IS(leads(CLUSTER_TRANSWHICH_LAST, 4), 6);
	IS(leads(CLUSTER_TRANSWHICH_NEXT, 6), -EAGAIN);
	IS(leads(CLUSTER_TRANSWHICH_PREVIOUS, 2), -EOVERFLOW);
	IS(leads(CLUSTER_TRANSWHICH_THIS, 99), -EINVAL);
	IS(leads(77, 4), -EINVAL);
	IS(cluster_detailedtransition(CLUSTER_TRANSWHICH_LAST, NULL, size, &trans), 0);
	FAILS(cluster_detailedtransition(CLUSTER_TRANSWHICH_NEXT, NULL, size, &trans), EINVAL);
}

static void shutdown_of_a_node(void)
{
	clusternode_info_t info = { .node_state = CLUSTERNODE_SHUTDOWN };
	int size = sizeof(info);

	IS(clusternode_setinfo(1, CLUSTERNODE_SETSTATE, size, &info), 0);
	FAILS(clusternode_setinfo(4, CLUSTERNODE_SETSTATE, size, &info), ESRCH);
	FAILS(clusternode_setinfo(1, 9, size, &info), EINVAL);
	info.node_state = CLUSTERNODE_DOWN;
	FAILS(clusternode_setinfo(1, CLUSTERNODE_SETSTATE, size, &info), EOPNOTSUPP);
	info.node_state = 8;
	FAILS(clusternode_setinfo(1, CLUSTERNODE_SETSTATE, size, &info), EINVAL);
}

static void processes(void)
{
	IS(node_pid(65600), 1);
	IS(node_pid(1), 2);
	FAILS(node_pid(65601), ESRCH);
	FAILS(node_pid(2147483647), ESRCH);
	FAILS(node_pid(0), EINVAL);
	FAILS(node_pid(-1), EINVAL);
	FAILS(node_pid(7), EPROTO);
	/* A process of a kernel that does not know where it is. */
	FAILS(node_pid(8), ENOSYS);
}

/* Whoever runs this is on no node: there is no device. */
static void other_nodes(void)
{
	char *argv[] = { "true", NULL };

	FAILS(rexecve("/bin/true", argv, environ, 1), ENOSYS);
	FAILS(rexecv("/bin/true", argv, 1), ENOSYS);
	FAILS(rexecvp("true", argv, 63), ENOSYS);
	FAILS(rexecl("/bin/true", "true", NULL, 1), ENOSYS);
	FAILS(rexeclp("true", "true", "-x", NULL, 1), ENOSYS);
	FAILS(rexecle("/bin/true", "true", NULL, environ, 1), ENOSYS);
	FAILS(rexecvp("true", NULL, 1), ENOSYS);
	FAILS(rexecv("/bin/true", argv, 0), EINVAL);
	FAILS(rexecvp("true", argv, 64), EINVAL);
	FAILS(rexecve("/bin/true", argv, environ, -1), EINVAL);
	FAILS(rexecl("/bin/true", "true", NULL, 257), EINVAL);
	FAILS(rfork(1), ENOSYS);
	FAILS(rfork(0), EINVAL);
	FAILS(rfork(64), EINVAL);
	FAILS(migrate(1), ENOSYS);
	FAILS(migrate(0), EINVAL);
	FAILS(migrate(64), EINVAL);
}

/* The last: the order is written over the events of the plain file. */
static void signals(void)
{
	int fd = cluster_events_register_signal(-1, SIGUSR1);

	IS(fd >= 0, 1);
	IS(fcntl(fd, F_GETFD), FD_CLOEXEC);
	IS(close(fd), 0);
	IS(cluster_events_register_signal(42, SIGUSR2), 42);
	IS(fcntl(42, F_GETFD), FD_CLOEXEC);
	/* A number that is in use is replaced. */
	IS(cluster_events_register_signal(42, SIGUSR2), 42);
	IS(close(42), 0);
	FAILS(cluster_events_register_signal(-2, SIGUSR2), EBADF);
	FAILS(cluster_events_register_signal(1 << 30, SIGUSR2), EBADF);
}

int main(int argc, char **argv)
{
	if (argc == 2)
		IS(__libcluster_root(argv[1]), 0);
	if (argc != 2 || access(argv[1], F_OK) != 0) {
		without_a_cluster();
		return faults != 0;
	}
	names_and_numbers();
	membership();
	nodes();
	simple_transitions();
	detailed_transitions();
	shutdown_of_a_node();
	processes();
	other_nodes();
	signals();
	return faults != 0;
}
