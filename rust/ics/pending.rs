// SPDX-License-Identifier: GPL-2.0

//! Call that somebody waits for.

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        SpinLock, //
    },
};
use ssi_core::ics::{
    payload::{
        RequestHead,
        REQUEST_HEAD_BYTES, //
    },
    priority::Priority,
    table::CallId, //
};
use ssi_kapi::{
    bytes,
    clock,
    event::Event, //
};

use crate::{
    fault::CallError,
    pages::Pages, //
};

/// What a service answered.
pub struct Reply {
    /// The service's own result.
    pub result: i32,
    /// What came with it.
    pub(crate) body: KVec<u8>,
    /// Pages that came with it.
    pub pages: Pages,
}

impl Reply {
    /// What came with the result.
    pub fn body(&self) -> &[u8] {
        &self.body
    }
}

/// A call that was made: shared by who waits for it and who ends it.
#[pin_data]
pub(crate) struct Pending {
    pub(crate) head: RequestHead,
    pub(crate) priority: Priority,
    /// Head, arguments and pages in the frame, as they travel; kept for sending them
    /// again.
    pub(crate) payload: KVec<u8>,
    /// The pages that travel apart.
    pub(crate) pages: Pages,
    pub(crate) is_one_way: bool,
    /// When it was made, in microseconds.
    pub(crate) began: u64,
    /// The name of the call, which changes when it is issued again.
    id: Atomic<u64>,
    event: Event,
    #[pin]
    outcome: SpinLock<Option<Result<Reply, CallError>>>,
}

impl Pending {
    /// May sleep.
    pub(crate) fn new(
        head: RequestHead,
        args: &[u8],
        pages: &Pages,
        priority: Priority,
        is_one_way: bool,
    ) -> Result<Arc<Self>> {
        let inside = usize::try_from(head.inside)?;
        let length = REQUEST_HEAD_BYTES + args.len() + inside;
        let mut payload = KVec::with_capacity(length, GFP_KERNEL)?;
        bytes::extend(&mut payload, &head.encode())?;
        bytes::extend(&mut payload, args)?;
        pages.append_to(&mut payload)?;
        let event = Event::new()?;
        Arc::pin_init(
            pin_init!(Self {
                head,
                priority,
                payload,
                pages: pages.apart(),
                is_one_way,
                began: clock::monotonic(),
                id: Atomic::new(0),
                event,
                outcome <- new_spinlock!(None, "ssi_call"),
            }),
            GFP_KERNEL,
        )
    }

    pub(crate) fn event(&self) -> &Event {
        &self.event
    }

    /// Its name now, `None` before it has one.
    pub(crate) fn id(&self) -> Option<CallId> {
        CallId::from_wire(self.id.load(Relaxed))
    }

    /// Names it. Under the lock of its peer.
    pub(crate) fn rename(&self, id: CallId) {
        self.id.store(id.get(), Relaxed);
    }

    /// Ends it and wakes who waits.
    pub(crate) fn finish(&self, outcome: Result<Reply, CallError>) {
        *self.outcome.lock() = Some(outcome);
        self.event.raise();
    }

    /// How it ended, once; `None` when it has not.
    pub(crate) fn take(&self) -> Option<Result<Reply, CallError>> {
        self.outcome.lock().take()
    }
}
