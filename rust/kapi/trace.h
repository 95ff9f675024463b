/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints of SSI: what passes between nodes.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ssi

#if !defined(_SSI_KAPI_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _SSI_KAPI_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(ssi_frame,
	TP_PROTO(u8 peer, u8 kind, u64 seq, u64 call, u32 bytes),
	TP_ARGS(peer, kind, seq, call, bytes),
	TP_STRUCT__entry(
		__field(u64, seq)
		__field(u64, call)
		__field(u32, bytes)
		__field(u8, peer)
		__field(u8, kind)
	),
	TP_fast_assign(
		__entry->seq = seq;
		__entry->call = call;
		__entry->bytes = bytes;
		__entry->peer = peer;
		__entry->kind = kind;
	),
	TP_printk("peer=%u kind=%u seq=%llu call=%llu bytes=%u",
		  __entry->peer, __entry->kind, __entry->seq, __entry->call, __entry->bytes)
);

#define DEFINE_SSI_FRAME(name)						\
	DEFINE_EVENT(ssi_frame, name,					\
		TP_PROTO(u8 peer, u8 kind, u64 seq, u64 call, u32 bytes),	\
		TP_ARGS(peer, kind, seq, call, bytes))
DEFINE_SSI_FRAME(ssi_frame_sent);
DEFINE_SSI_FRAME(ssi_frame_received);
DEFINE_SSI_FRAME(ssi_frame_resent);

TRACE_EVENT(ssi_call_start,
	TP_PROTO(u8 peer, u64 service, u16 op, u64 call, u8 priority),
	TP_ARGS(peer, service, op, call, priority),
	TP_STRUCT__entry(
		__field(u64, service)
		__field(u64, call)
		__field(u16, op)
		__field(u8, peer)
		__field(u8, priority)
	),
	TP_fast_assign(
		__entry->service = service;
		__entry->call = call;
		__entry->op = op;
		__entry->peer = peer;
		__entry->priority = priority;
	),
	TP_printk("peer=%u service=%016llx op=%u call=%llu priority=%u",
		  __entry->peer, __entry->service, __entry->op, __entry->call,
		  __entry->priority)
);

TRACE_EVENT(ssi_call_end,
	TP_PROTO(u8 peer, u64 service, u16 op, s32 result, u64 microseconds),
	TP_ARGS(peer, service, op, result, microseconds),
	TP_STRUCT__entry(
		__field(u64, service)
		__field(u64, microseconds)
		__field(s32, result)
		__field(u16, op)
		__field(u8, peer)
	),
	TP_fast_assign(
		__entry->service = service;
		__entry->microseconds = microseconds;
		__entry->result = result;
		__entry->op = op;
		__entry->peer = peer;
	),
	TP_printk("peer=%u service=%016llx op=%u result=%d us=%llu",
		  __entry->peer, __entry->service, __entry->op, __entry->result,
		  __entry->microseconds)
);

TRACE_EVENT(ssi_link,
	TP_PROTO(u8 peer, u8 channel, bool is_up),
	TP_ARGS(peer, channel, is_up),
	TP_STRUCT__entry(
		__field(u8, peer)
		__field(u8, channel)
		__field(bool, is_up)
	),
	TP_fast_assign(
		__entry->peer = peer;
		__entry->channel = channel;
		__entry->is_up = is_up;
	),
	TP_printk("peer=%u channel=%s %s", __entry->peer,
		  __entry->channel ? "bulk" : "control", __entry->is_up ? "up" : "down")
);

TRACE_EVENT(ssi_refusal,
	TP_PROTO(u8 peer, u8 reason, bool is_ours),
	TP_ARGS(peer, reason, is_ours),
	TP_STRUCT__entry(
		__field(u8, peer)
		__field(u8, reason)
		__field(bool, is_ours)
	),
	TP_fast_assign(
		__entry->peer = peer;
		__entry->reason = reason;
		__entry->is_ours = is_ours;
	),
	TP_printk("peer=%u reason=%u by=%s", __entry->peer, __entry->reason,
		  __entry->is_ours ? "us" : "peer")
);

DECLARE_EVENT_CLASS(ssi_migrate_stage,
	TP_PROTO(u32 pid, u8 node, u64 microseconds),
	TP_ARGS(pid, node, microseconds),
	TP_STRUCT__entry(
		__field(u64, microseconds)
		__field(u32, pid)
		__field(u8, node)
	),
	TP_fast_assign(
		__entry->microseconds = microseconds;
		__entry->pid = pid;
		__entry->node = node;
	),
	TP_printk("pid=%u node=%u us=%llu", __entry->pid, __entry->node,
		  __entry->microseconds)
);

#define DEFINE_SSI_MIGRATE_STAGE(name)					\
	DEFINE_EVENT(ssi_migrate_stage, name,				\
		TP_PROTO(u32 pid, u8 node, u64 microseconds),		\
		TP_ARGS(pid, node, microseconds))
DEFINE_SSI_MIGRATE_STAGE(ssi_migrate_captured);
DEFINE_SSI_MIGRATE_STAGE(ssi_migrate_held);
DEFINE_SSI_MIGRATE_STAGE(ssi_migrate_committed);

TRACE_EVENT(ssi_migrate_request,
	TP_PROTO(u32 pid, u8 node, u32 by),
	TP_ARGS(pid, node, by),
	TP_STRUCT__entry(
		__field(u32, pid)
		__field(u32, by)
		__field(u8, node)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->by = by;
		__entry->node = node;
	),
	TP_printk("pid=%u node=%u by=%u", __entry->pid, __entry->node, __entry->by)
);

TRACE_EVENT(ssi_migrate_sent,
	TP_PROTO(u32 pid, u64 bytes, u64 pages),
	TP_ARGS(pid, bytes, pages),
	TP_STRUCT__entry(
		__field(u64, bytes)
		__field(u64, pages)
		__field(u32, pid)
	),
	TP_fast_assign(
		__entry->bytes = bytes;
		__entry->pages = pages;
		__entry->pid = pid;
	),
	TP_printk("pid=%u bytes=%llu pages=%llu", __entry->pid, __entry->bytes,
		  __entry->pages)
);

TRACE_EVENT(ssi_migrate_arrived,
	TP_PROTO(u32 pid, u8 from, u8 home),
	TP_ARGS(pid, from, home),
	TP_STRUCT__entry(
		__field(u32, pid)
		__field(u8, from)
		__field(u8, home)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->from = from;
		__entry->home = home;
	),
	TP_printk("pid=%u from=%u home=%u", __entry->pid, __entry->from, __entry->home)
);

TRACE_EVENT(ssi_migrate_failed,
	TP_PROTO(u32 pid, u8 node, s32 error),
	TP_ARGS(pid, node, error),
	TP_STRUCT__entry(
		__field(u32, pid)
		__field(s32, error)
		__field(u8, node)
	),
	TP_fast_assign(
		__entry->pid = pid;
		__entry->error = error;
		__entry->node = node;
	),
	TP_printk("pid=%u node=%u error=%d", __entry->pid, __entry->node, __entry->error)
);

#endif /* _SSI_KAPI_TRACE_H */

/* This part stands outside of the guard: it is read several times. */
#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH ../../ssi/rust/kapi
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
