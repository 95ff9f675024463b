// SPDX-License-Identifier: GPL-2.0

//! Facts known of a node.
//!
//! Its addresses, so nothing has to ask for them while it boots; and the datagram
//! by which its agent says that it listens, so nobody waits longer than that.

use smoltcp::wire::{
    ArpOperation,
    ArpPacket,
    ArpRepr,
    EthernetAddress,
    EthernetFrame,
    EthernetProtocol,
    EthernetRepr,
    IpProtocol,
    Ipv4Address,
    Ipv4Packet, //
};

/// The launcher's address on every wire.
pub(crate) const OUR_ADDRESS: Ipv4Address = Ipv4Address::new(169, 254, 83, 1);

/// The node's address on its wire.
pub(crate) const NODE_ADDRESS: Ipv4Address = Ipv4Address::new(169, 254, 83, 2);

/// The network of the two.
pub(crate) const PREFIX_BITS: u8 = 30;

/// The launcher's hardware address; the nodes' end in their number.
pub(crate) const OUR_HARDWARE: EthernetAddress = hardware(0);

const fn hardware(node: u8) -> EthernetAddress {
    EthernetAddress([0x02, 0x53, 0x53, 0x49, 0x01, node])
}

/// The answer to `frame`, if it asks for the hardware address of `node`.
pub(crate) fn answer(node: u8, frame: &[u8]) -> Option<Vec<u8>> {
    let ethernet = EthernetFrame::new_checked(frame).ok()?;
    if ethernet.ethertype() != EthernetProtocol::Arp {
        return None;
    }
    let query = ArpPacket::new_checked(ethernet.payload()).ok()?;
    let ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Request,
        source_hardware_addr,
        source_protocol_addr,
        target_protocol_addr: NODE_ADDRESS,
        ..
    } = ArpRepr::parse(&query).ok()?
    else {
        return None;
    };
    Some(encode(&ArpRepr::EthernetIpv4 {
        operation: ArpOperation::Reply,
        source_hardware_addr: hardware(node),
        source_protocol_addr: NODE_ADDRESS,
        target_hardware_addr: source_hardware_addr,
        target_protocol_addr: source_protocol_addr,
    }))
}

/// Whether `frame` is a datagram of the node to us: its agent listens now.
pub(crate) fn is_announcement(frame: &[u8]) -> bool {
    let Ok(ethernet) = EthernetFrame::new_checked(frame) else {
        return false;
    };
    if ethernet.ethertype() != EthernetProtocol::Ipv4 {
        return false;
    }
    Ipv4Packet::new_checked(ethernet.payload()).is_ok_and(|packet| {
        packet.next_header() == IpProtocol::Udp
            && packet.src_addr() == NODE_ADDRESS
            && packet.dst_addr() == OUR_ADDRESS
    })
}

fn encode(reply: &ArpRepr) -> Vec<u8> {
    let header = EthernetRepr {
        src_addr: hardware(0),
        dst_addr: OUR_HARDWARE,
        ethertype: EthernetProtocol::Arp,
    };
    let mut frame = vec![0; header.buffer_len() + reply.buffer_len()];
    let mut ethernet = EthernetFrame::new_unchecked(&mut frame[..]);
    header.emit(&mut ethernet);
    reply.emit(&mut ArpPacket::new_unchecked(ethernet.payload_mut()));
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(target_protocol_addr: Ipv4Address) -> Vec<u8> {
        encode(&ArpRepr::EthernetIpv4 {
            operation: ArpOperation::Request,
            source_hardware_addr: OUR_HARDWARE,
            source_protocol_addr: OUR_ADDRESS,
            target_hardware_addr: EthernetAddress::BROADCAST,
            target_protocol_addr,
        })
    }

    #[test]
    fn answers_for_the_node_and_for_nobody_else() {
        let reply = answer(5, &query(NODE_ADDRESS)).unwrap();
        let ethernet = EthernetFrame::new_checked(&reply[..]).unwrap();
        let reply = ArpPacket::new_checked(ethernet.payload()).unwrap();
        let ArpRepr::EthernetIpv4 {
            operation,
            source_hardware_addr,
            ..
        } = ArpRepr::parse(&reply).unwrap()
        else {
            unreachable!()
        };
        assert_eq!(operation, ArpOperation::Reply);
        assert_eq!(source_hardware_addr.0, [2, 0x53, 0x53, 0x49, 1, 5]);
        assert_eq!(answer(5, &query(OUR_ADDRESS)), None);
        assert_eq!(answer(5, &[0; 60]), None);
        assert_eq!(answer(5, &[]), None);
    }

    #[test]
    fn no_other_frame_is_an_announcement() {
        assert!(!is_announcement(&query(NODE_ADDRESS)));
        assert!(!is_announcement(&[8; 40]));
        assert!(!is_announcement(&[]));
    }
}
