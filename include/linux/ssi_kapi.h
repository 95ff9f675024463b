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

#include <linux/types.h>
#include <linux/uio.h>

struct bio_vec;
struct dir_context;
struct file;
struct hmac_sha256_ctx;
struct page;
struct pt_regs;
struct task_struct;

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
void ssi_page_put(struct page *page);
void ssi_page_read(struct page *page, size_t offset, void *to, size_t bytes);
void ssi_page_write(struct page *page, size_t offset, const void *from, size_t bytes);

/* pids.c */

void ssi_pids_begin(int first, int end);

/* whereabouts.c: a node is 0 if there is none. */

int ssi_away_add(u32 pid, u8 node);
void ssi_away_remove(u32 pid);
u8 ssi_away(u32 pid);
int ssi_guest_add(u32 pid, u8 home, u32 parent);
void ssi_guest_remove(u32 pid);
bool ssi_guest(u32 pid, u8 *home, u32 *parent);
void ssi_guest_set_parent(u32 pid, u32 parent);
void ssi_guest_orphan(u32 pid);
u32 ssi_guest_next(u32 pid);

/* syscall.c */

bool ssi_syscall_hook(unsigned int number);
void ssi_syscall_arguments(struct pt_regs *regs, unsigned long *arguments);
long ssi_syscall_native(unsigned int number, const unsigned long *arguments);
bool ssi_sees_cluster(void);
u32 ssi_user(u32 who);

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

int ssi_remote_place(u32 tgid);
/* A file below /proc of another node. */
struct ssi_remote_at {
	u64 identity;	/* of the process, 0 if any that has the number will do */
	const char *path;
	u8 node;
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
#define SSI_PRIVATE_PIDS	65536U	/* Smaller ones are not seen by other nodes. */

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

int ssi_caller_begin(void);
void ssi_caller_current(struct ssi_caller *caller);
u32 ssi_caller_group_count(void);
u32 ssi_caller_groups(u32 *groups, u32 room);
const struct cred *ssi_caller_assume(const struct ssi_caller *caller, const u32 *groups,
				     u32 count);
void ssi_caller_return(const struct cred *before);
long ssi_system_call(unsigned long number, const unsigned long *args);
bool ssi_served(u32 nr);
u64 ssi_served_identity(u32 nr);
u32 ssi_served_next(u32 nr);
u32 ssi_served_next_of(u32 user, u32 nr);
int ssi_signal_number(const void *bytes);
int ssi_signal_code(const void *bytes);
void ssi_signal_user(void *bytes, int signal, int code, u32 tgid, u32 uid);
int ssi_signal_from_user(void *bytes, int signal, unsigned long address);
int ssi_signal_process(const void *bytes, u32 tgid);
int ssi_signal_thread(const void *bytes, u32 tgid, u32 tid);
int ssi_signal_group(const void *bytes, u32 pgid);
int ssi_signal_all(const void *bytes, u32 *count);

/* proc_served.c */

typedef bool (*ssi_proc_entry)(void *data, const char *name, size_t bytes, u64 ino, u8 type,
			       u64 next);

int ssi_proc_look(const char *path, struct ssi_proc_attributes *attributes);
ssize_t ssi_proc_read(const char *path, u64 offset, unsigned long to, size_t bytes);
ssize_t ssi_proc_read_kernel(const char *path, void *to, size_t bytes);
ssize_t ssi_proc_write(const char *path, u64 offset, unsigned long from, size_t bytes);
ssize_t ssi_proc_link(const char *path, unsigned long to, size_t bytes);
int ssi_proc_list(const char *path, u64 from, ssi_proc_entry entry, void *data);

#endif /* _LINUX_SSI_KAPI_H */
