// SPDX-License-Identifier: GPL-2.0

//! What the thread does when told.

use std::{
    io,
    ops::ControlFlow,
    os::fd::OwnedFd, //
};

use super::{
    command::Command,
    line::Line,
    Driver, //
};
use crate::{
    error::{
        AddError,
        Error, //
    },
    fabric::Parcel,
    fault::FaultChange,
    port::{
        PortId,
        PORT_SLOTS, //
    },
    report::{
        PortReport,
        Report, //
    },
};

/// Most commands obeyed per ring, so that commands cannot keep frames waiting.
const COMMANDS_MAX: usize = PORT_SLOTS;

impl Driver {
    /// Obeys what has come in; breaks when told to stop.
    pub(super) fn obey_all(&mut self) -> io::Result<ControlFlow<()>> {
        self.poller.bell().silence();
        for _ in 0..COMMANDS_MAX {
            let Ok(command) = self.commands.try_recv() else {
                return Ok(ControlFlow::Continue(()));
            };
            if self.obey(command)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        self.poller.bell().ring();
        Ok(ControlFlow::Continue(()))
    }

    /// Obeys one command. That nobody waits for the answer is no error.
    fn obey(&mut self, command: Command) -> io::Result<ControlFlow<()>> {
        match command {
            Command::Add {
                port,
                socket,
                reply,
            } => drop(reply.send(self.add(port, socket))),
            Command::Remove { port, reply } => drop(reply.send(self.remove(port)?)),
            Command::Flush { port, reply } => drop(reply.send(self.flush(port)?)),
            Command::Fault { change, reply } => drop(reply.send(self.fault(&change)?)),
            Command::Report { reply } => drop(reply.send(self.report())),
            Command::Stop => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }

    pub(super) fn add(&mut self, port: PortId, socket: OwnedFd) -> Result<(), AddError> {
        let refuse = |reason, socket| AddError {
            reason,
            fd: Some(socket),
        };
        let slot = &mut self.lines[port.index()];
        if slot.is_some() {
            return Err(refuse(Error::PortTaken(port.get()), socket));
        }
        let line = Line::open(&self.poller, port, socket)
            .map_err(|(error, socket)| refuse(Error::Io(error), socket))?;
        *slot = Some(line);
        self.fabric.attach(port);
        Ok(())
    }

    pub(super) fn remove(&mut self, port: PortId) -> io::Result<Result<(), Error>> {
        if self.lines[port.index()].is_none() {
            return Ok(Err(Error::PortFree(port.get())));
        }
        self.unload(port)?;
        self.close(port)?;
        self.lines[port.index()] = None;
        Ok(Ok(()))
    }

    pub(super) fn flush(&mut self, port: PortId) -> io::Result<Result<(), Error>> {
        let Some(line) = &self.lines[port.index()] else {
            return Ok(Err(Error::PortFree(port.get())));
        };
        // A socket that cannot be read is found out when it is read next.
        let _ = line.drain();
        let parcels = self.fabric.flush(port);
        self.count_each(&parcels, |counts| &mut counts.dropped);
        self.unload(port)?;
        Ok(Ok(()))
    }

    /// Drops what waits for room at `port`, or came from it and waits elsewhere.
    fn unload(&mut self, port: PortId) -> io::Result<()> {
        for line in self.lines.iter_mut().flatten() {
            let stale = |parcel: &Parcel| parcel.from == port || parcel.to == port;
            line.counts.dropped += line.discard(&self.poller, stale)?;
        }
        Ok(())
    }

    pub(super) fn fault(&mut self, change: &FaultChange) -> io::Result<Result<(), Error>> {
        let now = self.now();
        let parcels = match self.fabric.change(now, change) {
            Ok(parcels) => parcels,
            Err(error) => return Ok(Err(error)),
        };
        self.count_each(&parcels, |counts| &mut counts.lost);
        let fabric = &self.fabric;
        for line in self.lines.iter_mut().flatten() {
            let cut = |parcel: &Parcel| fabric.is_cut(parcel.from, parcel.to);
            line.counts.lost += line.discard(&self.poller, cut)?;
        }
        self.release(now)?;
        Ok(Ok(()))
    }

    pub(super) fn report(&self) -> Report {
        let ports = PortId::all().filter_map(|port| self.report_port(port));
        Report {
            seed: self.seed,
            ports: ports.collect(),
            faults: self.fabric.faults(),
        }
    }

    pub(super) fn report_port(&self, port: PortId) -> Option<PortReport> {
        let line = self.lines[port.index()].as_ref()?;
        Some(PortReport {
            stations: self.fabric.stations(port),
            ..line.report()
        })
    }
}
