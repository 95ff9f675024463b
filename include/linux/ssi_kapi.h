/* SPDX-License-Identifier: GPL-2.0 */
/*
 * C helpers of ssi_kapi.
 *
 * What the kernel offers as a macro or an inline function only, or what would
 * be long in Rust for no gain: sockets with callbacks, waiting, threads. Each
 * group is defined in rust/kapi/<group>.c and wrapped by rust/kapi/<group>.rs;
 * nothing else calls it.
 */
#ifndef _LINUX_SSI_KAPI_H
#define _LINUX_SSI_KAPI_H

#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/uio.h>
#include <linux/wait.h>

struct bio_vec;
struct dir_context;
struct file;
struct fown_struct;
struct hmac_sha256_ctx;
struct inode;
struct mm_struct;
struct page;
struct path;
struct pid;
struct k_sigaction;
struct pt_regs;
struct rusage;
struct task_struct;
struct vfsmount;

/* notifier.c */

#define SSI_NOTIFIER_BITS	512

struct ssi_notifier;

struct ssi_notifier *ssi_notifier_new(void);
void ssi_notifier_free(struct ssi_notifier *notifier);
void ssi_notifier_raise(struct ssi_notifier *notifier, unsigned int bit);
void ssi_notifier_wait(struct ssi_notifier *notifier, u64 nanoseconds);
u64 ssi_notifier_take(struct ssi_notifier *notifier, unsigned int word);

/* event.c */

enum ssi_wait {
	SSI_WAIT_ALWAYS,
	SSI_WAIT_KILLABLE,
	SSI_WAIT_INTERRUPTIBLE,
};

struct ssi_event;

struct ssi_event *ssi_event_new(void);
void ssi_event_free(struct ssi_event *event);
void ssi_event_raise(struct ssi_event *event);
int ssi_event_wait(struct ssi_event *event, enum ssi_wait how, u64 microseconds);

/* thread.c */

struct task_struct *ssi_thread_run(int (*body)(void *data), void *data, const char *name);
void ssi_thread_stop(struct task_struct *thread);
bool ssi_thread_stopping(void);
bool ssi_thread_is_worker(void);
void ssi_thread_forbid_io(void);
unsigned int ssi_thread_no_io_begin(void);
void ssi_thread_no_io_end(unsigned int before);
void ssi_thread_hurry(void);
void ssi_thread_hurry_most(void);
void ssi_thread_sleep(u64 microseconds);

/* socket.c */

#define SSI_SOCKET_READABLE	1
#define SSI_SOCKET_WRITABLE	2
#define SSI_SOCKET_CHANGED	4

#define SSI_SOCKET_DONTWAIT	1
#define SSI_SOCKET_MORE		2

enum ssi_socket_kind {
	SSI_SOCKET_STREAM,
	SSI_SOCKET_DATAGRAM,
};

enum ssi_socket_state {
	SSI_SOCKET_CONNECTING,
	SSI_SOCKET_OPEN,
	SSI_SOCKET_CLOSED,
};

/* IPv4 address and port, both in the byte order of the host. */
struct ssi_endpoint {
	u32 address;
	u16 port;
};

struct ssi_socket;

struct ssi_socket *ssi_socket_new(enum ssi_socket_kind kind);
void ssi_socket_free(struct ssi_socket *socket);
int ssi_socket_bind(struct ssi_socket *socket, const struct ssi_endpoint *local,
		    const char *device);
int ssi_socket_listen(struct ssi_socket *socket, int backlog);
struct ssi_socket *ssi_socket_accept(struct ssi_socket *listener, unsigned int flags);
int ssi_socket_connect(struct ssi_socket *socket, const struct ssi_endpoint *peer,
		       unsigned int flags);
int ssi_socket_error(struct ssi_socket *socket);
enum ssi_socket_state ssi_socket_state(struct ssi_socket *socket);
u32 ssi_socket_round_trip(struct ssi_socket *socket);
int ssi_socket_peer(struct ssi_socket *socket, struct ssi_endpoint *peer);
void ssi_socket_abort(struct ssi_socket *socket);
void ssi_socket_shutdown(struct ssi_socket *socket);
int ssi_socket_user_timeout(struct ssi_socket *socket, unsigned int milliseconds);
ssize_t ssi_socket_send(struct ssi_socket *socket, struct kvec *parts, size_t count,
			size_t bytes, unsigned int flags);
ssize_t ssi_socket_send_pages(struct ssi_socket *socket, struct bio_vec *pieces, size_t count,
			      size_t bytes, unsigned int flags);
ssize_t ssi_socket_send_to(struct ssi_socket *socket, const struct ssi_endpoint *to,
			   struct kvec *parts, size_t count, size_t bytes);
ssize_t ssi_socket_receive(struct ssi_socket *socket, void *buffer, size_t bytes,
			   unsigned int flags);
ssize_t ssi_socket_receive_pages(struct ssi_socket *socket, struct bio_vec *pieces, size_t count,
				 size_t bytes, unsigned int flags);
ssize_t ssi_socket_receive_from(struct ssi_socket *socket, void *buffer, size_t bytes,
				struct ssi_endpoint *from);
void ssi_socket_watch(struct ssi_socket *socket, struct ssi_notifier *notifier,
		      unsigned int bit);
void ssi_socket_unwatch(struct ssi_socket *socket);
unsigned int ssi_socket_take(struct ssi_socket *socket);

/* crypto.c */

void ssi_hmac_update(struct hmac_sha256_ctx *context, const u8 *data, size_t bytes);
bool ssi_memory_equal(const void *one, const void *other, size_t bytes);
void ssi_memory_wipe(void *memory, size_t bytes);

/* page.c */

struct page *ssi_page_alloc(void);
void ssi_page_get(struct page *page);
void ssi_page_copy(struct page *to, struct page *from);
bool ssi_page_is_zero(struct page *page);
void ssi_page_put(struct page *page);
void ssi_page_read(struct page *page, size_t offset, void *to, size_t bytes);
void ssi_page_write(struct page *page, size_t offset, const void *from, size_t bytes);

/* pids.c */

void ssi_pids_begin(int first, int end);
void ssi_pid_withhold(u32 pid);

/* whereabouts.c: a node is 0 if there is none. */

int ssi_away_add(u32 pid, u8 node);
bool ssi_away_move(u32 pid, u8 from, u8 to);
void ssi_away_sends(u32 pid, bool sends);
bool ssi_away_is_sending(u32 pid);
void ssi_away_remove(u32 pid);
u8 ssi_away(u32 pid);
bool ssi_all_home(void);
bool ssi_any_lent(void);
u8 ssi_away_from(struct task_struct *task, u32 pid);
bool ssi_any_left(void);
bool ssi_none_away(u64 *so_far);
void ssi_none_left(u64 so_far);
void ssi_number_came(void);
u64 ssi_numbers(u32 first, u32 end, bool *in_use);
int ssi_guest_reserve(u32 pid);
int ssi_guest_add(u32 pid, u8 home, u32 parent, bool orphaned);
void ssi_guest_remove(u32 pid);
void ssi_guest_leaves(u32 pid, bool leaves);
bool ssi_guest_is_leaving(u32 pid);
bool ssi_guest(u32 pid, u8 *home, u32 *parent);
void ssi_guest_set_parent(u32 pid, u32 parent, bool orphaned);
void ssi_guest_set_orphaned(u32 pid, bool orphaned);
void ssi_guest_orphan(u32 pid);
u32 ssi_guest_next(u32 pid);

/* group_signal.c */

struct ssi_group_signal {
	u32 pgid;
	u32 session;		/* of the sender, as are both users */
	u32 user;
	u32 effective;
	bool is_unrestricted;	/* whoever the sender is */
};

int ssi_group_signal_begin(void);
bool ssi_group_signal_next(struct ssi_group_signal *signal, void *bytes);
int ssi_group_signal_settle(void);
bool ssi_group_is_sending(u32 pgid);
void ssi_group_signal_give(const struct ssi_group_signal *signal, const void *bytes, u8 from);
bool ssi_group_is_alone(u32 pgid);
bool ssi_group_member_has_it(struct task_struct *task, u8 from);

/* file_owner.c: who is sent SIGIO and SIGURG for a file. */

enum ssi_owner_kind {
	SSI_OWNER_PROCESS,
	SSI_OWNER_THREAD,
	SSI_OWNER_GROUP,
};

struct ssi_file_owner {
	u32 kind;		/* one of ssi_owner_kind */
	u32 number;		/* 0: nobody */
	u32 user;		/* of who made it the owner, as is the next */
	u32 effective;
	u64 identity;		/* of the process, as @node knows it */
	u8 node;
};

struct ssi_owner_state {
	struct ssi_file_owner owner;
	bool is_here;		/* it, or what it left */
	u32 signal;		/* of F_SETSIG */
};

bool ssi_owner_is_here(u32 kind, u32 number);
int ssi_owner_set(struct file *file, const struct ssi_file_owner *owner);
void ssi_owner_get(struct file *file, struct ssi_owner_state *state);
int ssi_owner_set_signal(struct file *file, u32 signal);
int ssi_owner_notify(struct file *file, int fd, bool notifies,
		     const struct ssi_file_owner *asks);
void ssi_owner_show_notified(struct file *file, bool notifies);
bool ssi_owner_is_socket(const struct file *file);
bool ssi_owner_elsewhere(const struct fown_struct *owner);
void ssi_owner_describe(const struct fown_struct *from, struct ssi_file_owner *owner);

/* owner_signal.c */

struct ssi_owner_signal {
	struct ssi_file_owner owner;
	u32 signal;		/* of F_SETSIG */
	s32 fd;
	u32 reason;		/* POLL_IN and so on, 0 for SIGURG */
	u8 hops;		/* how many nodes have sent it on */
	bool is_given;		/* to those of a group that are here */
};

int ssi_owner_signal_begin(void);
bool ssi_owner_signal_queue(const struct ssi_owner_signal *signal);
bool ssi_owner_signal_next(struct ssi_owner_signal *signal);
void ssi_owner_signal_give(const struct ssi_owner_signal *signal, u8 from);

/* syscall.c */

bool ssi_syscall_hook(unsigned int number);
void ssi_syscall_arguments(struct pt_regs *regs, unsigned long *arguments);
long ssi_syscall_native(unsigned int number, const unsigned long *arguments);
bool ssi_sees_cluster(void);
u32 ssi_user(u32 who);
u32 ssi_own_process(void);
bool ssi_is_leader(void);
u32 ssi_own_group(void);

/* proc_attributes.rs: what proc_served.c says and proc_remote.c takes. */

struct ssi_proc_attributes {
	u64 size;
	u64 ino;
	u64 identity;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 nlink;
};

/* proc_view.c */

void ssi_proc_begin(void);
int ssi_proc_ask(unsigned int fd);
void ssi_proc_forget(void);
void ssi_proc_set_init_here(bool here);
int ssi_proc_merge(struct file *file, struct dir_context *ctx,
		   int (*native)(struct file *, struct dir_context *),
		   const u32 *others, size_t count);

/* proc_remote.c */

bool ssi_remote_emit(struct dir_context *ctx, u8 node, const char *name, size_t bytes, u64 ino,
		     u8 type, u64 next);

/* proc_remote.rs: what fs/proc asks other nodes. A place is a node, 0 for this one. */

#define SSI_ANYWHERE	255	/* The place of who has lost its home: some other node. */

int ssi_remote_place(u32 tgid);
/* A file below /proc of another node. */
struct ssi_remote_at {
	u64 identity;	/* of the process, 0 if any that has the number will do */
	const char *path;
	u8 node;	/* where the process was thought to be, for numbers of inodes */
};

int ssi_remote_look(const struct ssi_remote_at *at, struct ssi_proc_attributes *out);
ssize_t ssi_remote_read(const struct ssi_remote_at *at, u64 offset, void *out, size_t bytes);
ssize_t ssi_remote_write(const struct ssi_remote_at *at, u64 offset, const void *data,
			 size_t bytes);
int ssi_remote_list(const struct ssi_remote_at *at, u64 from, struct dir_context *ctx);
ssize_t ssi_remote_link(const struct ssi_remote_at *at, void *out, size_t bytes);
int ssi_remote_processes(u32 **list, size_t *count);

/* host.c */

u64 ssi_host_features(void);

/* area.c */

#define SSI_AREA_BYTES		65536
#define SSI_AREAS_MAX		4

struct ssi_area;

struct ssi_area *ssi_area_attach(void);
void ssi_area_detach(struct ssi_area *area);
unsigned long ssi_area_address(const struct ssi_area *area);
int ssi_files_begin(int *nice);
void ssi_files_end(int nice);

/* behalf.c */

#define SSI_GROUPS_MAX		256

struct cred;

/* Numbers of the initial user namespace. */
struct ssi_ids {
	u32 real;
	u32 effective;
	u32 saved;
	u32 fs;
};

struct ssi_caller {
	struct ssi_ids user;
	struct ssi_ids group;
	u64 effective;
	u64 permitted;
	u32 tgid;
	u32 tid;
	u32 session;
	bool is_foreign;
};

/* What a number says of a task. */
enum ssi_whose {
	SSI_OF_USER,
	SSI_OF_GROUP,
};

int ssi_caller_begin(void);
bool ssi_caller_ids(struct cred *cred, const struct ssi_caller *caller);
int ssi_caller_set_groups(struct cred *cred, const u32 *groups, u32 count);
int ssi_put_user(struct cred *cred);
void ssi_caller_current(struct ssi_caller *caller);
u32 ssi_caller_group_count(void);
u32 ssi_caller_groups(u32 *groups, u32 room);
const struct cred *ssi_caller_assume(const struct ssi_caller *caller, const u32 *groups,
				     u32 count);
void ssi_caller_return(const struct cred *before);
long ssi_system_call(unsigned long number, const unsigned long *args);
bool ssi_served(u32 nr);
u32 ssi_served_process(u32 nr);
u64 ssi_served_identity(u32 nr);
u32 ssi_served_next(u32 nr);
u32 ssi_served_next_of(enum ssi_whose whose, u32 number, u32 nr);
u32 ssi_own_next_of(enum ssi_whose whose, u32 number, u32 nr);
int ssi_io_priority(u32 nr);
int ssi_signal_number(const void *bytes);
int ssi_signal_code(const void *bytes);
void ssi_signal_set_error(void *bytes, int error);
void ssi_signal_user(void *bytes, int signal, int code, u32 tgid, u32 uid);
int ssi_signal_from_user(void *bytes, int signal, unsigned long address);
int ssi_signal_process(const void *bytes, u32 tgid, u32 session);
int ssi_signal_thread(const void *bytes, u32 tgid, u32 tid, u32 session);
int ssi_signal_group(const void *bytes, u32 pgid, u32 session);
int ssi_signal_all(const void *bytes, u32 *count, u32 session);

/* task_state.c */

#define SSI_LIMITS		16
#define SSI_TASK_GROUPS_MAX	1024	/* A task with more does not travel. */

struct ssi_limit {
	u64 soft;
	u64 hard;
};

/* ITIMER_VIRTUAL and ITIMER_PROF. */
#define SSI_CPU_TIMERS		2

/* What is left of a timer, 0 if it does not run, and its interval, in ns. */
struct ssi_timer {
	u64 left;
	u64 interval;
};

/* Travels as its bytes, so none of them may be between two members. */
struct ssi_task_state {
	struct ssi_ids user;
	struct ssi_ids group;
	u64 inheritable;
	u64 permitted;
	u64 effective;
	u64 bounding;
	u64 ambient;
	struct ssi_limit limits[SSI_LIMITS];
	u64 blocked;		/* signals, the first in the lowest bit */
	u64 ignored;
	u64 timer;		/* what is left of ITIMER_REAL and its interval, in ns */
	u64 timer_interval;
	struct ssi_timer cpu_timers[SSI_CPU_TIMERS];
	u64 memory_flags;	/* of mm_struct, as far as execve(2) keeps them */
	u64 timer_slack;
	u64 timer_slack_default;
	u64 age;		/* since it was made, in ns */
	u32 pid;
	u32 parent;
	u32 pgid;
	u32 session;
	u32 securebits;
	u32 personality;
	u32 mask;
	u32 policy;
	u32 priority;
	s32 nice;
	u32 io_priority;
	u32 flags;		/* of task_struct, as far as prctl(2) sets them */
	u32 death_signal;	/* sent when the parent dies, or 0 */
	s16 oom_adjust;
	s16 oom_adjust_min;
	u16 no_new_privileges;
	u16 resets_on_fork;
	u32 group_count;
	u32 groups[SSI_TASK_GROUPS_MAX];
};

int ssi_task_state_take(struct ssi_task_state *state);
bool ssi_task_state_valid(const struct ssi_task_state *state);
int ssi_task_state_put(const struct ssi_task_state *state);
u64 ssi_timer_left(struct hrtimer *timer);
int ssi_task_state_put_rights(const struct ssi_task_state *state);
void ssi_task_state_put_memory(const struct ssi_task_state *state);
u32 ssi_task_pid(void);
ssize_t ssi_directory(char *buffer, size_t bytes);
int ssi_enter(const char *name);
int ssi_execute(const char *path, const char *const *arguments,
		const char *const *environment);

/* leave.c, and ssi_cannot_words() in leave.rs */

struct vm_area_struct;

enum ssi_cannot {
	SSI_CAN,
	SSI_CANNOT_KERNEL,
	SSI_CANNOT_INIT,
	SSI_CANNOT_PRIVATE,
	SSI_CANNOT_AWAY,
	SSI_CANNOT_ENDED,
	SSI_CANNOT_STOPPED,
	SSI_CANNOT_VFORK,
	SSI_CANNOT_TIMERS,
	SSI_CANNOT_THREADS,
	SSI_CANNOT_FIRST_THREAD,
	SSI_CANNOT_THREAD_USERS,
	SSI_CANNOT_THREAD_CHILDREN,
	SSI_CANNOT_THREAD_FILES,
	SSI_CANNOT_SHARED_SIGNALS,
	SSI_CANNOT_SHARED_SPACE,
	SSI_CANNOT_SHARED_FILES,
	SSI_CANNOT_TRACED,
	SSI_CANNOT_CHILDREN,
	SSI_CANNOT_ADOPTS,
	SSI_CANNOT_SECCOMP,
	SSI_CANNOT_NAMESPACES,
	SSI_CANNOT_ROOT,
	SSI_CANNOT_RING,
	SSI_CANNOT_SEMAPHORES,
	SSI_CANNOT_POLICY,
	SSI_CANNOT_AIO,
	SSI_CANNOT_SHARED_MEMORY,
	SSI_CANNOT_DEVICE,
	SSI_CANNOT_HUGE_PAGES,
	SSI_CANNOT_USERFAULTFD,
	SSI_CANNOT_GUARDS,
	SSI_CANNOT_FUTURE_LOCKED,
	SSI_CANNOT_PROGRAM,
	SSI_CANNOT_DIRECTORY,
	SSI_CANNOT_FILE,
	SSI_CANNOT_SET,
	SSI_CANNOT_COUNT,
};

enum ssi_cannot ssi_may_leave(void);
enum ssi_cannot ssi_may_move(struct task_struct *task, unsigned int *file);
enum ssi_cannot ssi_may_move_itself(void);
enum ssi_cannot ssi_may_be_moved(u32 pid);
const char *ssi_cannot_words(enum ssi_cannot why);

/* moves.rs */

#define SSI_GOTO_BYTES_MAX	16

int ssi_goto(u32 pid, const char *text, size_t bytes);

/* proc_goto.c */

bool ssi_goto_is_of(const struct file *file, struct task_struct *task);

/* change.rs: what a process and the children it waited for used, as in getrusage(2). */

enum ssi_used {
	SSI_USED_USER,		/* ns */
	SSI_USED_SYSTEM,	/* ns */
	SSI_USED_RESIDENT,	/* kilobytes, the most there were */
	SSI_USED_MINOR,
	SSI_USED_MAJOR,
	SSI_USED_READ,
	SSI_USED_WRITTEN,
	SSI_USED_VOLUNTARY,
	SSI_USED_INVOLUNTARY,
	SSI_USED_COUNT,
};

struct ssi_usage {
	u64 used[SSI_USED_COUNT];
};

/* surrogate.c */

struct ssi_place {
	u32 parent;
	u32 pgid;
	u32 session;
	bool is_orphaned;	/* its group */
};

struct ssi_departure;

struct ssi_departure *ssi_departure_new(void (*body)(void *data), void *data);
int ssi_departure_add(struct task_struct *task, struct ssi_departure *departure);
int ssi_surrogate_work(struct task_struct *task, void (*body)(void *data), void *data);
int ssi_surrogate_blocked(void *bytes);
int ssi_surrogate_pending(void *bytes, bool spares);
bool ssi_surrogate_begin(bool executed);
int ssi_surrogate_revive(struct cred **rights);
void ssi_surrogate_rights(struct cred *rights, bool again);
bool ssi_surrogate_translate(void *bytes, u32 parent);
void ssi_surrogate_unmask(u64 blocked);
bool ssi_surrogate_place(struct task_struct *task, struct ssi_place *place, u8 node);
bool ssi_surrogate_is_child(struct task_struct *task);
int ssi_surrogate_signal(void *bytes, u32 parent, u32 former, bool *is_death);
void ssi_surrogate_stop(struct task_struct *task, int signal);
void ssi_surrogate_continue(struct task_struct *task);
void ssi_surrogate_wake(struct task_struct *task);
int ssi_surrogate_put_users(const struct ssi_caller *users);
void ssi_surrogate_look(struct task_struct *task);
void ssi_surrogate_account(u32 pid, const struct ssi_usage *usage);
void ssi_surrogate_exit(int status, const struct ssi_usage *usage) __noreturn;

/* children.c */

struct ssi_child_number {
	u32 pid;
	u32 pgid;	/* 0 for one that is private to this node */
};

/* As for waitid(2). */
struct ssi_wait_for {
	int which;
	int who;
	int options;
};

struct ssi_waited {
	struct ssi_usage usage;
	u32 pid;
	u32 uid;
	int status;
	int cause;
};

struct ssi_child_notice {
	wait_queue_entry_t entry;
	bool is_wanted;
	bool is_there;
};

struct ssi_waiter;

/* The longest time another node is believed, in nanoseconds: cputime_adjust() adds two. */
#define SSI_USED_MAX	(1ULL << 61)

u32 ssi_children(struct ssi_child_number *children, u32 room);
int ssi_wait_now(const struct ssi_wait_for *wanted, struct ssi_waited *waited);
int ssi_wait_for_other(const struct ssi_wait_for *wanted, struct ssi_waited *waited);
void ssi_child_account(const struct ssi_usage *usage);
int ssi_usage_give(unsigned long to, const struct ssi_usage *usage);
int ssi_waited_give(unsigned long to, const struct ssi_waited *waited);
struct ssi_waiter *ssi_waiter_new(void);
void ssi_waiter_free(struct ssi_waiter *waiter);
void ssi_waiter_begin(struct ssi_waiter *waiter);
int ssi_waiter_sleep(struct ssi_waiter *waiter);
void ssi_waiters_call(u32 pid);
void ssi_child_notice_begin(struct ssi_child_notice *notice);
void ssi_child_notice_end(struct ssi_child_notice *notice);
void ssi_child_notice_want(struct ssi_child_notice *notice);
bool ssi_child_notice_is_there(const struct ssi_child_notice *notice);
bool ssi_child_notice_take(struct ssi_child_notice *notice);
u32 ssi_handling_of(const struct k_sigaction *action);
u32 ssi_handling(void);
void ssi_surrogate_handle(u32 handling);
bool ssi_child_killed(u32 pid, u32 child);

/* guest.c */

int ssi_take_group(struct task_struct *task, u32 pgid, u32 session);

enum ssi_child_news {
	SSI_CHILD_EXITED,
	SSI_CHILD_STOPPED,
	SSI_CHILD_CONTINUED,
};

struct ssi_child {
	struct ssi_usage usage;
	u32 pid;
	int status;
	enum ssi_child_news news;
};

void ssi_procd_begin(void);
void ssi_procd_call(void);
void ssi_usage_of(struct ssi_usage *usage, const struct rusage *from);
bool ssi_procd_wait(struct ssi_child *child);
int ssi_guest_clone(u32 pid, int (*body)(void *data), void *data);
int ssi_guest_settle(u32 pid, u32 pgid, u32 session);
void ssi_guest_leave(void) __noreturn;
int ssi_guest_signal(u32 pid, const void *bytes);
int ssi_guest_parent_died(u32 pid, const void *bytes);
int ssi_guest_may_be_put(u32 pid);
int ssi_guest_regroup(u32 pid, u32 pgid, u32 session);
int ssi_guest_join(u32 pgid);
int ssi_guest_lead(void);
void ssi_guest_kill(u32 pid);

/* proc_served.c */

typedef bool (*ssi_proc_entry)(void *data, const char *name, size_t bytes, u64 ino, u8 type,
			       u64 next);

int ssi_proc_look(const char *path, struct ssi_proc_attributes *attributes);
ssize_t ssi_proc_read(const char *path, u64 offset, unsigned long to, size_t bytes);
ssize_t ssi_proc_read_kernel(const char *path, void *to, size_t bytes);
ssize_t ssi_proc_write(const char *path, u64 offset, unsigned long from, size_t bytes);
ssize_t ssi_proc_link(const char *path, unsigned long to, size_t bytes);
int ssi_proc_list(const char *path, u64 from, ssi_proc_entry entry, void *data);

/* file_home.c, file_pipe.c, file_watch.c: open files of this node that other nodes use. */

enum ssi_home_kind {
	SSI_HOME_PIPE,
	SSI_HOME_STREAM,	/* a socket, and so is the next */
	SSI_HOME_PACKETS,
	SSI_HOME_TERMINAL,
	SSI_HOME_PLAIN,		/* never waits for anybody */
	SSI_HOME_DEVICE,
	SSI_HOME_EVENTS,	/* of no type: a counter, a timer, notices of changes */
};

/* What does not change of an open file. Ids are those of the initial user namespace. */
struct ssi_file_description {
	u64 ino;
	u32 kind;	/* one of ssi_home_kind */
	u32 flags;	/* of open(2) */
	u32 mode;
	u32 rdev;
	u32 uid;
	u32 gid;
	u32 socket;	/* its type, 0 for what is no socket */
	bool can_seek;
};

/* What does. Times are nanoseconds since 1970. */
struct ssi_file_status {
	u64 size;
	u64 blocks;
	u64 accessed;
	u64 modified;
	u64 changed;
	u32 mode;
	u32 uid;
	u32 gid;
	u32 nlink;
	u32 block_bytes;
};

struct ssi_home;

struct ssi_home_transfer {
	void *buffer;		/* if there are no pieces */
	struct bio_vec *pieces;
	size_t count;
	size_t bytes;
	s64 position;		/* negative: where all users of the file are */
	u32 flags;		/* of open(2), of the user */
};

bool ssi_home_is_possible(struct file *file);
struct ssi_home *ssi_home_new(struct file *file);
struct ssi_home *ssi_home_again(const struct ssi_home *home);
void ssi_home_free(struct ssi_home *home);
enum ssi_home_kind ssi_home_kind(const struct ssi_home *home);
struct file *ssi_home_file(const struct ssi_home *home);
void ssi_home_call(struct ssi_home *home, u64 name);
bool ssi_home_is(const struct ssi_home *home, const struct file *file);
bool ssi_home_is_same(const struct ssi_home *one, const struct ssi_home *other);
void ssi_home_describe(const struct ssi_home *home, struct ssi_file_description *out,
		       char *name, size_t room);
ssize_t ssi_home_read(const struct ssi_home *home, const struct ssi_home_transfer *wanted);
ssize_t ssi_home_write(const struct ssi_home *home, const struct ssi_home_transfer *given);
bool ssi_home_give(const struct ssi_home *home, const struct bio_vec *pieces, size_t count);
size_t ssi_home_take(const struct ssi_home *home, struct bio_vec *pieces, size_t count);
size_t ssi_home_there(const struct ssi_home *home);
bool ssi_home_reads_to_user(const struct ssi_home *home);
bool ssi_home_writes_from_user(const struct ssi_home *home);
ssize_t ssi_home_read_to_user(const struct ssi_home *home, unsigned long to, size_t bytes);
ssize_t ssi_home_write_from_user(const struct ssi_home *home, unsigned long from, size_t bytes);
int ssi_home_patience(const struct ssi_home *home);
u32 ssi_home_poll(struct ssi_home *home);
u32 ssi_home_arm(struct ssi_home *home, u32 events);
long ssi_home_ioctl(struct ssi_home *home, unsigned int number, unsigned long argument,
		    bool drains);
s64 ssi_home_seek(struct ssi_home *home, s64 offset, u32 whence);
int ssi_home_status(struct ssi_home *home, struct ssi_file_status *out);
int ssi_path_status(const struct path *path, struct ssi_file_status *out);
int ssi_home_truncate(struct ssi_home *home, u64 length);
int ssi_home_lock(struct ssi_home *home, int type);
int ssi_home_sync(struct ssi_home *home, u64 start, u64 end, bool is_data_only);

/* file_home.rs */

void ssi_home_ready(u64 name);

/* sender.c */

struct ssi_sending;

struct ssi_sending *ssi_sending_begin(u32 nr);
void ssi_sending_end(struct ssi_sending *sending);

/* file_lock.c: locks of fcntl(2) that processes of other nodes have. */

/* A lock of a part of a file, both ends included. */
struct ssi_record_lock {
	u64 owner;		/* of a process, 0: the open file itself */
	s64 start;
	s64 end;
	s32 process;		/* its number here, 0 for one that has none */
	u8 type;		/* F_RDLCK, F_WRLCK or F_UNLCK */
};

struct ssi_lock;

struct ssi_lock *ssi_lock_new(const struct ssi_home *home, const struct ssi_record_lock *wanted,
			      bool waits, u64 name);
void ssi_lock_free(struct ssi_lock *lock);
int ssi_lock_try(struct ssi_lock *lock);
bool ssi_lock_was_told(const struct ssi_lock *lock);
void ssi_lock_tell(struct ssi_lock *lock);
int ssi_lock_test(const struct ssi_home *home, struct ssi_record_lock *lock);
void ssi_home_unlock(const struct ssi_home *home, u64 owner);
bool ssi_home_take_locks(const struct ssi_home *home, u64 owner);
void ssi_home_give_locks(const struct ssi_home *home, u64 owner, u32 process);
void ssi_file_unlock_current(struct file *file);
bool ssi_file_current_has_locks(struct file *file);
bool ssi_files_are_own(void);
bool ssi_home_shares_locks(const struct ssi_home *one, const struct ssi_home *other);

/* file_lock.rs */

void ssi_lock_ready(u64 name);

/* file_proxy.c: open files of other nodes. */

struct ssi_proxy {
	refcount_t references;
	spinlock_t lock;	/* of @file, which is not counted */
	struct file *file;
	wait_queue_head_t wait;
	atomic_t sequence;	/* of wakeups */
	bool is_lost;
	u8 node;		/* its home */
	u64 incarnation;	/* the life of that */
	u64 handle;
	struct ssi_file_description about;
	char name[];
};

struct ssi_proxy_access {
	struct ssi_proxy *proxy;
	u32 flags;		/* of open(2) */
	s64 position;		/* negative: where all users of the file are */
};

int ssi_proxy_begin(void);
struct vfsmount *ssi_proxy_mount(void);
int ssi_proxy_adopt(struct ssi_proxy *proxy, struct file *file);
int ssi_proxy_adopt_named(struct ssi_proxy *proxy, struct file *file);
struct ssi_proxy *ssi_proxy_new(u8 node, u64 incarnation, u64 handle,
				const struct ssi_file_description *about, const char *name);
void ssi_proxy_get(struct ssi_proxy *proxy);
void ssi_proxy_put(struct ssi_proxy *proxy);
struct file *ssi_proxy_open(struct ssi_proxy *proxy);
struct file *ssi_proxy_file(struct ssi_proxy *proxy);
struct ssi_proxy *ssi_proxy_of(struct file *file);
void ssi_proxy_wake(struct ssi_proxy *proxy, u32 events);
void ssi_proxy_lose(struct ssi_proxy *proxy);
bool ssi_proxy_is_lost(struct ssi_proxy *proxy);
void ssi_proxy_broken(void);
u32 ssi_proxy_sequence(struct ssi_proxy *proxy);
int ssi_proxy_wait(struct ssi_proxy *proxy, u32 sequence, u64 microseconds);
size_t ssi_page_to_iter(struct page *page, size_t bytes, struct iov_iter *to);
size_t ssi_page_from_iter(struct page *page, size_t bytes, struct iov_iter *from);

/* file_proxy.rs: what an open file of another node asks there. */

ssize_t ssi_proxy_read(const struct ssi_proxy_access *access, struct iov_iter *to);
ssize_t ssi_proxy_write(const struct ssi_proxy_access *access, struct iov_iter *from);
u32 ssi_proxy_poll(struct ssi_proxy *proxy, u32 events, bool waits);
long ssi_proxy_ioctl(struct ssi_proxy *proxy, u32 flags, u32 number, unsigned long argument);
s64 ssi_proxy_seek(struct ssi_proxy *proxy, s64 offset, int whence);
int ssi_proxy_lock(struct ssi_proxy *proxy, u8 type, bool waits);
int ssi_proxy_record_lock(struct ssi_proxy *proxy, const struct ssi_record_lock *lock, bool waits);
int ssi_proxy_test_lock(struct ssi_proxy *proxy, struct ssi_record_lock *lock);
void ssi_proxy_flush(struct ssi_proxy *proxy, u32 process);
int ssi_proxy_sync(struct ssi_proxy *proxy, u64 start, u64 end, bool is_data_only);
int ssi_proxy_status(struct ssi_proxy *proxy, struct ssi_file_status *out);
int ssi_proxy_truncate(struct ssi_proxy *proxy, u64 length);
int ssi_proxy_opened(struct ssi_proxy *proxy);
void ssi_proxy_closed(struct ssi_proxy *proxy);

/* terminal.c */

/* A process, as far as a terminal looks at it. */
struct ssi_terminal_member {
	u32 session;	/* 0: none that other nodes know */
	u32 group;
	bool insists;	/* blocks or ignores SIGTTOU */
};

/* Whom a terminal controls; 0 for none. */
struct ssi_terminal_control {
	u32 session;
	u32 foreground;
	bool stops_writers;
};

int ssi_terminal_begin(void);
void ssi_terminal_member(struct ssi_terminal_member *out);
int ssi_terminal_background(int signal);
int ssi_terminal_vouch(int *group);
u32 ssi_terminal_visible(u32 group);
bool ssi_terminal_control(const struct ssi_home *home, struct ssi_terminal_control *out);
int ssi_terminal_set_foreground(const struct ssi_home *home, u32 session, u32 group,
				bool is_vouched);
long ssi_terminal_ioctl(const struct ssi_home *home, unsigned int number,
			unsigned long argument);
void ssi_terminal_inherit(void);
void ssi_terminal_joined(struct task_struct *task);
struct file *ssi_terminal_put_on(u32 session, unsigned int flags);
void ssi_terminal_take_off(void);
bool ssi_terminal_look(u32 session, u32 *device, u32 *foreground);
int ssi_terminal_vouches(u32 group, u32 session);
int ssi_terminal_put_group(int fd, u32 group);

/* The running task, as far as it may take a terminal. */
struct ssi_terminal_leader {
	u32 pid;
	bool leads;
	bool has_one;	/* of this node */
	bool is_admin;
	u32 user;
	u32 effective;
};

void ssi_terminal_leader(struct ssi_terminal_leader *out);

/* terminal.rs: -ENXIO if no other node has the terminal of the running task. */

int ssi_terminal_elsewhere(struct file *file, u32 flags);
void ssi_terminal_opened(struct ssi_proxy *proxy);
bool ssi_terminal_seen(u32 session, u32 *device, u32 *foreground);

/* pts.c: pseudo terminals of this node, for others */

int ssi_pts_status(u32 index, struct ssi_file_status *out);
struct file *ssi_pts_opened(u32 index, unsigned int flags, u32 user);

/* terminal.rs: those of node @node */

int ssi_pts_elsewhere(u32 index, u8 node, struct ssi_file_status *out);
int ssi_pts_open_elsewhere(u32 index, u8 node, struct file *file, u32 flags);

/* terminal_session.c: sessions with terminals of other nodes */

int ssi_session_begin(void);
int ssi_session_add(u32 session, u8 node);
void ssi_session_settle(void);
u8 ssi_session_node(u32 session);
void ssi_session_remove(u32 session, u8 node);
void ssi_session_hang_up(u32 session, u8 node);
void ssi_session_lose(u8 node);

/* terminal.rs: who leads the session ended, which has its terminal at @node. */

void ssi_session_ended(u32 session, u8 node);

/* terminal_leader.c: sessions of other nodes with terminals of this one */

long ssi_leader_ioctl(const struct ssi_home *home, const struct ssi_terminal_leader *who,
		      u8 client, unsigned int number, unsigned long argument);
void ssi_leader_end(u32 session);
void ssi_leader_lose(u8 client);

/* terminal.rs: the terminal of a session that node @client has the leader of hung up. */

void ssi_leader_hung_up(u32 session, u8 client);

/* socket_home.c: sockets of this node that other nodes use. */

struct ssi_home_sending {
	struct ssi_home_transfer data;
	const void *address;
	size_t address_bytes;
	void *control;
	size_t control_bytes;
	u32 flags;		/* of send(2) */
};

struct ssi_home_receiving {
	struct ssi_home_transfer data;
	unsigned long control;	/* in user memory */
	size_t control_bytes;	/* first how many there may be, then how many there are */
	u8 address[128];
	size_t address_bytes;
	size_t data_bytes;
	u32 flags;		/* first those of recv(2), then those it gives */
};

ssize_t ssi_home_send(const struct ssi_home *home, const struct ssi_home_sending *sending);
ssize_t ssi_home_receive(const struct ssi_home *home, struct ssi_home_receiving *receiving);
struct file *ssi_home_accept(const struct ssi_home *home);
int ssi_home_connect(const struct ssi_home *home, const void *address, size_t bytes);
int ssi_home_bind(const struct ssi_home *home, const void *address, size_t bytes);
int ssi_home_listen(const struct ssi_home *home, u32 backlog);
int ssi_home_shutdown(const struct ssi_home *home, int how);
int ssi_home_name(const struct ssi_home *home, int whose, void *address);
int ssi_home_get_option(const struct ssi_home *home, int level, int option, unsigned long value,
			unsigned long length);
int ssi_home_set_option(const struct ssi_home *home, int level, int option, void *value,
			size_t bytes);
s64 ssi_home_time_limit(const struct ssi_home *home, bool sends);
bool ssi_home_tells_senders(const struct ssi_home *home);
struct file *ssi_home_take_file(int fd);
int ssi_home_lend(struct file *file);
void ssi_home_end_loan(int fd);

/* socket_proxy.c: sockets of other nodes. */

struct msghdr;

struct ssi_remote_socket_sending {
	struct ssi_proxy *proxy;
	u32 flags;		/* of send(2) */
	const void *address;
	size_t address_bytes;
	const void *control;
	size_t control_bytes;
};

struct ssi_remote_socket_receiving {
	struct ssi_proxy *proxy;
	struct msghdr *message;
	u32 flags;		/* of recv(2) */
	size_t control_room;
};

int ssi_remote_socket_begin(void);
struct file *ssi_remote_socket_open(struct ssi_proxy *proxy);
struct ssi_proxy *ssi_remote_socket_proxy(struct file *file);
void ssi_remote_socket_put_address(struct msghdr *message, const void *address, size_t bytes);
void ssi_remote_socket_put_flags(struct msghdr *message, u32 flags);
int ssi_remote_socket_put_control(struct msghdr *message, int level, int type, void *data,
				  size_t bytes);
int ssi_remote_socket_give(struct file *file, bool ends_with_exec);

/* socket_proxy.rs: what a socket of another node asks there. */

ssize_t ssi_remote_socket_send(const struct ssi_remote_socket_sending *sending,
			       struct iov_iter *from);
ssize_t ssi_remote_socket_receive(const struct ssi_remote_socket_receiving *receiving,
				  struct iov_iter *to);
struct ssi_proxy *ssi_remote_socket_accept(struct ssi_proxy *proxy, bool waits);
int ssi_remote_socket_connect(struct ssi_proxy *proxy, const void *address, size_t bytes,
			      bool waits);
int ssi_remote_socket_bind(struct ssi_proxy *proxy, const void *address, size_t bytes);
int ssi_remote_socket_listen(struct ssi_proxy *proxy, u32 backlog);
int ssi_remote_socket_shutdown(struct ssi_proxy *proxy, u8 how);
int ssi_remote_socket_name(struct ssi_proxy *proxy, u8 whose, void *address, size_t room);
int ssi_remote_socket_get(struct ssi_proxy *proxy, u32 level, u32 option, void *value, size_t room);
int ssi_remote_socket_set(struct ssi_proxy *proxy, u32 level, u32 option, const void *value,
			  size_t bytes);

/* file_fixture.c: for tests. */

int ssi_fixture_pipe(struct file **ends);
struct file *ssi_fixture_counter(unsigned int count);
int ssi_fixture_sockets(int type, struct file **ends);
struct file *ssi_fixture_regular(void);
struct file *ssi_fixture_terminal(struct file **master);
u32 ssi_fixture_poll(struct file *file);

/* device.c, and ssi_device_control() in device.rs */

enum ssi_device_command {
	SSI_REXECVE_COMMAND = 0x4028c501,	/* SSI_REXECVE of uapi/linux/ssi.h */
	SSI_RFORK_COMMAND = 0x4008c502,		/* SSI_RFORK */
	SSI_MIGRATE_COMMAND = 0x4008c503,	/* SSI_MIGRATE */
};

enum ssi_rexecve_flag {
	SSI_REXECVE_FLAG_SEARCH = 1,		/* SSI_REXECVE_SEARCH */
};

int ssi_device_begin(void);
bool ssi_device_is(const struct file *file);
long ssi_device_control(unsigned int command, unsigned long argument);

/* open_files.c */

/* What tells two files of the same name apart. */
struct ssi_file_identity {
	u64 ino;
	u64 size;
	u64 written;	/* nanoseconds since 1970 */
};

struct ssi_opening {
	u64 offset;
	struct ssi_file_identity identity;
	unsigned int flags;
	bool closes;		/* on exec */
};

int ssi_open_file_next(unsigned int fd, bool *closes);
bool ssi_open_file_travels(struct file *file, struct task_struct *task);
bool ssi_file_is_shared(const struct inode *inode);
void ssi_file_identify(struct inode *inode, struct ssi_file_identity *identity);
struct file *ssi_file_open_same(const char *path, const struct ssi_file_identity *identity);
const char *ssi_open_file_everywhere(unsigned int fd, unsigned int *flags, char *buffer,
				     size_t bytes);
const char *ssi_open_file_shared(unsigned int fd, struct ssi_opening *opening, char *buffer,
				 size_t bytes);
int ssi_open_file_anew(unsigned int fd, const char *path, const struct ssi_opening *opening,
		       const struct ssi_file_identity *identity);

/* address_space.c */

enum ssi_mapping_origin {
	SSI_MAPPING_ANONYMOUS,
	SSI_MAPPING_COPIED,	/* of a file of this node */
	SSI_MAPPING_FILE,	/* of one several nodes may have */
	SSI_MAPPING_SHARED,	/* of such a one, with what others write */
	SSI_MAPPING_VDSO,
};

enum ssi_mapping_trait {
	SSI_TRAIT_GROWS_DOWN = 1,
	SSI_TRAIT_NO_RESERVE = 2,
	SSI_TRAIT_WIPED_ON_FORK = 4,
	SSI_TRAIT_NOT_DUMPED = 8,
	SSI_TRAIT_SEQUENTIAL = 16,
	SSI_TRAIT_RANDOM = 32,
	SSI_TRAIT_NOT_FORKED = 64,
	SSI_TRAIT_LOCKED = 128,
	SSI_TRAIT_LOCKED_ON_FAULT = 256,
};

struct ssi_mapping {
	u64 start;
	u64 end;
	u64 offset;		/* in the file, as is what follows */
	struct ssi_file_identity identity;
	u32 origin;
	u32 protection;		/* of mmap(2) */
	u32 traits;
};

struct mm_struct *ssi_memory_hold(void);
u64 ssi_memory_resident(struct mm_struct *mm);
struct mm_struct *ssi_memory_of(u32 pid);
bool ssi_memory_is_left(struct mm_struct *mm);
bool ssi_mapping_travels(const struct vm_area_struct *vma);
void ssi_memory_get(struct mm_struct *mm);
void ssi_memory_drop(struct mm_struct *mm);
ssize_t ssi_memory_program(char *buffer, size_t bytes);
int ssi_mapping_next(struct mm_struct *mm, u64 address, struct ssi_mapping *mapping,
		     char *name, size_t bytes);
u64 ssi_memory_hole_end(struct mm_struct *mm, u64 address);
int ssi_memory_read(struct mm_struct *mm, u64 address, struct page *to);
void ssi_memory_begin(void);
int ssi_memory_blank(const char *path);
int ssi_mapping_make(const struct ssi_mapping *mapping, const char *path);
int ssi_memory_write(u64 address, struct page *from);

/* own_pages.c */

struct ssi_run {
	u64 start;
	u64 pages;
};

struct ssi_own_page {
	u64 address;
	struct page *page;	/* may be NULL */
};

struct ssi_scanned_page {
	u64 address;
	struct page *page;
	bool is_written;
};

ssize_t ssi_own_runs(struct mm_struct *mm, u64 start, u64 end, struct ssi_run *runs,
		     size_t room, u64 *next);
ssize_t ssi_own_take(struct mm_struct *mm, u64 start, u64 end, struct ssi_own_page *pages,
		     size_t room, size_t *zeros, u64 *next);
ssize_t ssi_own_scan(struct mm_struct *mm, u64 start, u64 end, struct ssi_scanned_page *pages,
		     size_t room, bool is_marked, u64 *next);
bool ssi_own_put(u64 address, struct page *page);

/* restart.c */

#define SSI_RESTART_FOR_EVER	(-1)

enum ssi_restart_kind {
	SSI_RESTART_NONE,
	SSI_RESTART_SLEEP,
	SSI_RESTART_POLL,
	SSI_RESTART_FUTEX,
};

/* Call that is to go on. */
struct ssi_restart {
	u64 address;	/* of what it waits for, or where it says what was left */
	s64 left;	/* to wait, in ns */
	u32 kind;
	u32 value;	/* of a futex, or number of files to poll */
	u32 flags;	/* of a futex, or clock */
	u32 bitset;
};

int ssi_restart_begin(void);
void ssi_restart_take(struct ssi_restart *restart);
bool ssi_restart_valid(const struct ssi_restart *restart);
void ssi_restart_put(const struct ssi_restart *restart);
void ssi_restart_quietly(void);

/* program_state.c */

#define SSI_SIGNALS		64
#define SSI_AUXILIARY		54
#define SSI_REGISTERS		27
#define SSI_XSTATE_BYTES_MAX	16384

struct ssi_action {
	u64 handler;
	u64 flags;
	u64 restorer;
	u64 mask;
};

/* Travels as its bytes, so none of them may be between two members. */
struct ssi_program_state {
	u64 start_code;
	u64 end_code;
	u64 start_data;
	u64 end_data;
	u64 start_brk;
	u64 brk;
	u64 start_stack;
	u64 arg_start;
	u64 arg_end;
	u64 env_start;
	u64 env_end;
	u64 auxiliary[SSI_AUXILIARY];
	u64 registers[SSI_REGISTERS];
	s64 system_call;	/* its number, or -1 */
	struct ssi_restart restart;
	u64 has_executed;	/* a program, since it was forked */
	u64 clear_child_tid;	/* zeroed when the thread ends, or 0 */
	u64 robust_list;
	struct ssi_action actions[SSI_SIGNALS];
	u64 stack;		/* of signals */
	u64 stack_bytes;
	u32 stack_flags;
	u32 dumpable;
	char name[16];
	u64 xstate_bytes;
	u8 xstate[SSI_XSTATE_BYTES_MAX];
};

int ssi_program_state_take(struct ssi_program_state *state);
void ssi_program_environment(size_t *start, size_t *end);
bool ssi_program_state_valid(const struct ssi_program_state *state);
int ssi_program_state_put(const struct ssi_program_state *state);
void ssi_xstate_put(u8 *xstate, const u8 *from);

/* thread_state.c */

/* Travels as its bytes, so none of them may be between two members. */
struct ssi_thread_state {
	u64 registers[SSI_REGISTERS];
	s64 system_call;	/* its number, or -1 */
	struct ssi_restart restart;
	u64 clear_child_tid;	/* zeroed when the thread ends, or 0 */
	u64 robust_list;
	u64 blocked;		/* signals */
	u64 stack;		/* of signals */
	u64 stack_bytes;
	u64 timer_slack;	/* ns */
	u64 timer_slack_default;
	u64 age;		/* ns */
	u32 stack_flags;
	u32 flags;
	u32 policy;
	s32 nice;
	u32 priority;
	u32 resets_on_fork;
	u32 io_priority;
	u32 death_signal;
	u32 no_new_privileges;
	u32 personality;
	char name[16];
	u64 xstate_bytes;	/* without zeros at the end */
	u8 xstate[SSI_XSTATE_BYTES_MAX];
};

int ssi_thread_state_take(struct ssi_thread_state *state);
bool ssi_thread_state_valid(const struct ssi_thread_state *state);
int ssi_thread_state_put(const struct ssi_thread_state *state,
			 const struct ssi_task_state *process);

/* threads.c */

size_t ssi_threads(u32 *tids, size_t room);
int ssi_threads_work(u32 tid, void (*body)(void *data), void *data);
int ssi_threads_settled(u32 parked);
bool ssi_threads_is_first(void);
int ssi_threads_make(u32 tid, int (*body)(void *data), void *data);
void ssi_threads_end(void) __noreturn;
bool ssi_threads_signal(u32 tid, void *bytes);
int ssi_threads_send(u32 process, u32 tid, const void *bytes);

/* lent_number.c, and ssi_threads_ended() in lent_number.rs */

struct ssi_spare_number;

struct ssi_spare_number *ssi_spare_number_new(u32 tid);
void ssi_spare_number_free(struct ssi_spare_number *spare);
void ssi_number_lend(struct ssi_spare_number *spare);
int ssi_number_resume(u32 tid, u32 process);
void ssi_number_return(u32 tid, u32 process);
void ssi_number_return_all(u32 process);
bool ssi_number_is_lent(u32 tid);
u32 ssi_number_next_process(u32 process);
u32 ssi_process_of(u32 nr);
int ssi_lodger_add(void);
void ssi_lodger_remove(u32 tid);
void ssi_threads_ended(u32 process, const u32 *tids, size_t count);

/* itimer.c */

void ssi_itimer_pause(struct ssi_timer *was);
void ssi_itimer_resume(const struct ssi_timer *was);

/* posix_timer.c */

/* Both travel as their bytes, so none of them may be between two members. */
struct ssi_posix_timers {
	u32 next_id;		/* that timer_create(2) gives next */
	u32 names_ids;		/* PR_TIMER_CREATE_RESTORE_IDS */
};

struct ssi_posix_timer {
	u64 value;		/* that comes with the signal */
	s64 expires;		/* of a clock; of used time what is left; in ns */
	s64 interval;
	s64 overrun;
	s64 overrun_last;
	s32 clock;
	u32 id;
	s32 notify;
	s32 signal;
	u32 thread;		/* that gets the signal, or 0 */
	u32 thread_clock;	/* whose used time it is, or 0 */
	u16 is_set;
	u16 is_waiting;		/* its signal */
	u16 is_relative;	/* to when it was set: of CLOCK_REALTIME */
	u16 unused;
};

bool ssi_posix_timers_travel(struct task_struct *task);
u32 ssi_posix_timers_count(void);
void ssi_posix_timers_head(struct ssi_posix_timers *to);
void ssi_posix_timers_stop(struct ssi_posix_timer *to);
bool ssi_posix_timers_valid(const struct ssi_posix_timers *head);
bool ssi_posix_timer_valid(const struct ssi_posix_timer *timer);
void ssi_posix_timer_resume(const struct ssi_posix_timer *was);
int ssi_posix_timers_make(const struct ssi_posix_timers *head, const struct ssi_posix_timer *all,
			  u32 count);

/* event_file.c */

enum ssi_event_kind {
	SSI_EVENT_NONE,
	SSI_EVENT_COUNTER,	/* of eventfd(2) */
	SSI_EVENT_TIMER,	/* of timerfd_create(2) */
	SSI_EVENT_SIGNALS,	/* of signalfd(2) */
	SSI_EVENT_SET,		/* of epoll_create(2) */
	SSI_EVENT_PROCESS,	/* of pidfd_open(2) */
};

/* Both travel as their bytes, so none of them may be between two members. */
struct ssi_event_file {
	u64 count;		/* or how often it ran out, a mask of signals, or a process */
	s64 expires;		/* of the clock in ns, or 0 */
	s64 interval;
	s32 clock;
	u32 flags;		/* of the calls that make and set it */
	u16 kind;
	u16 waits_not;		/* O_NONBLOCK */
	u32 unused;
};

/* What a set watches. */
struct ssi_watched_file {
	u64 data;
	u32 set;
	u32 fd;
	u32 events;
	u32 unused;
};

struct file;

bool ssi_event_file_is_set(const struct file *file);
bool ssi_event_file_travels(struct file *file, struct task_struct *task);
int ssi_event_file_take(unsigned int fd, struct ssi_event_file *to, unsigned int *first);
long ssi_event_file_watches(unsigned int fd, struct ssi_watched_file *to, u32 room);
bool ssi_event_file_valid(const struct ssi_event_file *event);
int ssi_event_file_make(unsigned int fd, const struct ssi_event_file *event, bool closes);
int ssi_event_file_open_process(u32 pid, u32 flags);
int ssi_event_file_place(unsigned int fd, int made, const struct ssi_event_file *event,
			 bool closes);
int ssi_event_file_again(unsigned int fd, unsigned int from, bool closes);
int ssi_event_file_watch(const struct ssi_watched_file *watch);
unsigned long ssi_scratch_map(void);
void ssi_scratch_unmap(unsigned long place);

/* errand.c */

struct task_struct *ssi_errand_task(u32 pid);
bool ssi_errand_has(u32 pid);
int ssi_errand_give(u32 pid, void (*body)(void *data), void *data);
int ssi_errand_signal(u32 pid, const void *bytes);
void ssi_errand_result(int result);
void ssi_errand_end(void);

/* fork.c */

struct pid;

/* What clone(2) may be given: tells of the number and where threads keep theirs, and SIGCHLD. */
#define SSI_FORK_FLAGS	0x01380011

struct ssi_fork {
	u64 flags;
	u64 stack;
	u64 parent_tid;
	u64 child_tid;
	u64 tls;
};

bool ssi_fork_is_traced(void);
int ssi_fork(const struct ssi_fork *wanted, void (*body)(void *data), void *data,
	     struct pid **child);
bool ssi_fork_is_killed(void);
void ssi_fork_undo(void) __noreturn;
void ssi_fork_await_end(struct pid *child);
void ssi_fork_forget(struct pid *child);

#endif /* _LINUX_SSI_KAPI_H */
