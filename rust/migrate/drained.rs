// SPDX-License-Identifier: GPL-2.0

//! Nodes that are drained.
//!
//! Nothing comes to one from another node. A node is drained for one life, and itself is the
//! one that knows: it refuses what comes, and tells all members of each change, and who joins
//! before that one is up. So what others know is never more than late.
//!
//! ```text
//!   a user, on any node              the node itself             the others
//!   echo 1 >node2/drained  ---SET--> refuses from now on --TOLD--> leave it out
//!                          <-------- all were told       <--------
//! ```

use kernel::{
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        SetOnce,
        SpinLock, //
    },
    uaccess::UserSliceWriter, //
};
use ssi_core::{
    ids::{
        Instance,
        NodeId, //
    },
    migrate::drained::{
        Drained,
        Word,
        WORD_BYTES, //
    },
    view::NodeState,
    wire::{
        Reader,
        Writer, //
    }, //
};
use ssi_ics::{
    Ask,
    CallError,
    Handler,
    Place,
    Request,
    Service,
    ServiceRef, //
};
use ssi_kapi::{
    capability,
    event::Patience,
    print::Plain,
    procfs::{
        Opened,
        Stream, //
    }, //
};

const NAME: &str = "ssi.migrate.drained";
const VERSION: u16 = 1;

/// To be drained, or not, as the byte says.
const SET: u16 = 1;
/// The caller is, or is not, as the [`Word`] says.
const TOLD: u16 = 2;

/// The service of this node.
pub(crate) static SERVICE: Service = Service {
    name: NAME,
    version: VERSION,
    place: Place::Worker,
    window: 16,
    handler: &Server,
};

static DRAINED: SetOnce<Pin<KBox<SpinLock<Drained>>>> = SetOnce::new();

/// Who has a file: a bit for each node.
static SHOWN: Atomic<u64> = Atomic::new(0);

/// Makes the place where they are known. Call it once; may sleep.
///
/// # Errors
///
/// `ENOMEM`.
pub(crate) fn create() -> Result {
    DRAINED.populate(KBox::pin_init(
        kernel::new_spinlock!(Drained::EMPTY, "ssi_migrate_drained"),
        GFP_KERNEL,
    )?);
    Ok(())
}

/// Whether `node` is drained, as far as this one knows. Any context.
pub(crate) fn is(node: NodeId) -> bool {
    with(|drained| drained.is(node)).unwrap_or(false)
}

/// Whether this node takes in who comes from another one. Any context.
///
/// # Errors
///
/// `ECONNREFUSED` while it is drained.
pub(crate) fn admit() -> Result {
    let is_drained = ssi_ics::this_node().is_some_and(|me| is(me.node));
    (!is_drained).then_some(()).ok_or(ECONNREFUSED)
}

/// Whether a process of this node may go to `node`, another one. May sleep.
///
/// # Errors
///
/// `EHOSTDOWN` for one that is not in the cluster, `ECONNREFUSED` for one that is drained.
pub(crate) fn may_go_to(node: NodeId) -> Result {
    if !ssi_clms::view().members().contains(node) {
        return Err(EHOSTDOWN);
    }
    (!is(node)).then_some(()).ok_or(ECONNREFUSED)
}

/// `instance` has come: it gets a file, and is told if this node is drained. May sleep.
pub(crate) fn node_up(instance: Instance) {
    add_file(instance.node);
    let Some(me) = ssi_ics::this_node().map(|me| me.node) else {
        return;
    };
    if instance.node != me && is(me) {
        if let Some(word) = with(|drained| drained.word_of(me)) {
            tell(instance.node, word);
        }
    }
}

/// `node` is gone, and its next life is not drained.
pub(crate) fn node_down(node: NodeId) {
    with(|drained| drained.forget(node));
}

fn add_file(node: NodeId) {
    let (shown, bit) = (SHOWN.load(Relaxed), 1 << node.index());
    let Some(folder) = ssi_clms::node_folder(node).filter(|_| shown & bit == 0) else {
        return;
    };
    SHOWN.store(shown | bit, Relaxed);
    if let Err(error) = folder.add_stream::<Door>(c"drained", node.index()) {
        pr_err!("no file of node {} to drain it: {:?}\n", Plain(node), error);
    }
}

/// This node is drained from now on, or is not. All that are up know it on return. May sleep.
fn change(is_drained: bool) -> Result {
    let me = ssi_ics::this_node().ok_or(ENODEV)?.node;
    let word = with(|drained| drained.change(me, is_drained)).ok_or(ENODEV)?;
    let Some(word) = word else {
        return Ok(());
    };
    pr_info!("is {}drained\n", if is_drained { "" } else { "not " });
    // Who joins behind this view is told when it comes up.
    let others = ssi_clms::view().members();
    others
        .iter()
        .filter(|&node| node != me)
        .for_each(|node| tell(node, word));
    Ok(())
}

/// Tells `node`, and waits until it knows or is gone.
fn tell(node: NodeId, word: Word) {
    let mut args = [0; WORD_BYTES];
    word.encode(&mut Writer::new(&mut args));
    let mut ask = question(TOLD, &args);
    ask.patience = Patience::Always;
    let told = ssi_ics::insist(|| ssi_ics::call(node, &ask));
    match told {
        Ok(_) | Err(CallError::NotMember | CallError::NodeDown) => (),
        Err(why) => pr_warn!("node {} may not know: {}\n", Plain(node), Plain(why)),
    }
}

fn question(operation: u16, args: &[u8]) -> Ask<'_> {
    Ask::new(ServiceRef::new(NAME, VERSION), operation, args)
}

struct Server;

impl Handler for Server {
    fn serve(&self, request: Request) {
        let mut message = Reader::new(request.args());
        match request.operation() {
            SET => match message.flag().and_then(|flag| message.end().map(|()| flag)) {
                Ok(is_drained) => {
                    let result = change(is_drained);
                    request.reply(result.map_or_else(Error::to_errno, |()| 0), &[]);
                }
                Err(_) => request.bad_arguments(),
            },
            TOLD => match Word::decode(message) {
                Ok(word) => {
                    with(|drained| drained.told(request.from().node, word));
                    request.reply(0, &[]);
                }
                Err(_) => request.bad_arguments(),
            },
            _ => request.no_operation(),
        }
    }
}

/// An open `/proc/cluster/node<N>/drained`.
struct Door {
    is_read: Atomic<u32>,
}

impl Stream for Door {
    const MODE: u16 = 0o644;

    fn open(_: usize) -> Result<Pin<KBox<Self>>> {
        let door = Self {
            is_read: Atomic::new(0),
        };
        Ok(KBox::pin(door, GFP_KERNEL)?)
    }

    fn read(&self, file: &Opened<'_>, out: &mut UserSliceWriter) -> Result<usize> {
        let text: &[u8] = match is(node_of(file)?) {
            true => b"1\n",
            false => b"0\n",
        };
        if out.len() < text.len() {
            return Err(EINVAL);
        }
        if self.is_read.xchg(1, Relaxed) != 0 {
            return Ok(0);
        }
        out.write_slice(text)?;
        Ok(text.len())
    }

    fn write(&self, file: &Opened<'_>, input: &[u8]) -> Result {
        if !capability::may_administrate() {
            return Err(EPERM);
        }
        let is_drained = match input.strip_suffix(b"\n").unwrap_or(input) {
            b"0" => false,
            b"1" => true,
            _ => return Err(EINVAL),
        };
        let node = node_of(file)?;
        if ssi_clms::view().entry(node).state != NodeState::Up {
            return Err(EHOSTDOWN);
        }
        if ssi_ics::this_node().is_some_and(|me| me.node == node) {
            return change(is_drained);
        }
        let args = [u8::from(is_drained)];
        let mut ask = question(SET, &args);
        ask.patience = Patience::Killable;
        match ssi_ics::call(node, &ask) {
            Ok(reply) if reply.result == 0 => Ok(()),
            Ok(reply) => Err(ssi_ics::error_of_peer(reply.result)),
            Err(CallError::NotMember | CallError::NodeDown) => Err(EHOSTDOWN),
            Err(why) => Err(why.into()),
        }
    }
}

fn node_of(file: &Opened<'_>) -> Result<NodeId> {
    let number = u8::try_from(file.number()).ok();
    number.and_then(NodeId::new).ok_or(EINVAL)
}

fn with<T>(act: impl FnOnce(&mut Drained) -> T) -> Option<T> {
    DRAINED.as_ref().map(|drained| act(&mut drained.lock()))
}
