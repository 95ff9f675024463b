// SPDX-License-Identifier: GPL-2.0

//! Tests inside the kernel.
//!
//! `ssi_core` knows no kernel and so has no suite of its own: its golden vectors
//! run from here. So do the parts of the links that work without a network.

#[kernel::macros::kunit_tests(ssi_core)]
mod core_tests {
    #[test]
    fn golden_vectors_hold() {
        assert_eq!(ssi_core::vectors::first_failure(), None);
    }

    #[test]
    fn golden_hashes_hold_with_the_hash_of_the_kernel() {
        assert_eq!(
            ssi_core::vectors::ics::first_hash_failure(&crate::engine::KernelHmac),
            None
        );
    }
}

#[kernel::macros::kunit_tests(ssi_ics)]
mod tests {
    use crate::{
        link::Seal,
        pages::Pages,
        ring::Ring, //
    };
    use kernel::prelude::*;
    use ssi_core::ics::seal::{
        Mode,
        TAG_BYTES, //
    };

    /// Header and payload of a frame that is sealed and opened.
    const HEAD: usize = 40;
    const FRAME: usize = HEAD + 100;

    fn sealed(mode: Mode, seal: &mut Seal) -> Result<KVec<u8>> {
        let mut frame = KVec::from_elem(7, FRAME + mode.tag_bytes(), GFP_KERNEL)?;
        assert!(seal.close(&mut frame, HEAD));
        Ok(frame)
    }

    #[test]
    fn a_queue_keeps_its_order_while_it_grows() -> Result {
        let mut ring = Ring::new();
        let (mut next_in, mut next_out) = (0u32, 0u32);
        // Pushes three for each two it takes, so that it wraps and grows.
        for _ in 0..100 {
            for _ in 0..3 {
                ring.reserve(1)?;
                ring.push(next_in);
                next_in += 1;
            }
            for _ in 0..2 {
                assert!(ring.pop() == Some(next_out));
                next_out += 1;
            }
            assert!(ring.get(0) == Some(&next_out));
        }
        assert!(ring.len() == 100 && ring.get(100).is_none());
        while let Some(value) = ring.pop() {
            assert!(value == next_out);
            next_out += 1;
        }
        assert!(next_out == next_in && ring.is_empty());
        Ok(())
    }

    #[test]
    fn any_of_a_queue_can_be_taken_out() -> Result {
        for removed in 0..6u32 {
            let mut ring = Ring::new();
            // So that it goes around the end of its places.
            for value in [6; 5] {
                ring.reserve(1)?;
                ring.push(value);
                assert!(ring.pop() == Some(value));
            }
            for value in 0..6 {
                ring.reserve(1)?;
                ring.push(value);
            }
            assert!(ring.remove(&removed) && !ring.remove(&removed));
            for value in (0..6).filter(|&value| value != removed) {
                assert!(ring.pop() == Some(value));
            }
            assert!(ring.is_empty());
        }
        Ok(())
    }

    #[test]
    fn a_queue_has_all_the_places_that_were_made() -> Result {
        let mut ring = Ring::new();
        ring.reserve(100)?;
        for value in 0..100 {
            ring.push(value);
        }
        assert!(ring.len() == 100 && ring.get(99) == Some(&99));
        Ok(())
    }

    #[test]
    fn frames_open_in_the_order_they_were_sealed() -> Result {
        for mode in Mode::ALL {
            let (mut tx, mut rx) = (Seal::new(mode, [1; 32]), Seal::new(mode, [1; 32]));
            for _ in 0..3 {
                let mut frame = sealed(mode, &mut tx)?;
                let is_hidden = frame[HEAD..FRAME] != [7; FRAME - HEAD];
                assert!(is_hidden == (mode == Mode::Aead) && frame[..HEAD] == [7; HEAD]);
                assert!(rx.open(&mut frame, HEAD));
                assert!(frame[..FRAME] == [7; FRAME]);
            }
        }
        Ok(())
    }

    #[test]
    fn a_frame_that_was_changed_left_out_or_repeated_does_not_open() -> Result {
        for mode in [Mode::Mac, Mode::Aead] {
            let mut tx = Seal::new(mode, [1; 32]);
            let frames = [sealed(mode, &mut tx)?, sealed(mode, &mut tx)?];
            for place in [0, HEAD - 1, HEAD, FRAME - 1, FRAME + TAG_BYTES - 1] {
                let mut frame = KVec::new();
                frame.extend_from_slice(&frames[0], GFP_KERNEL)?;
                frame[place] ^= 1;
                assert!(!Seal::new(mode, [1; 32]).open(&mut frame, HEAD));
            }
            let [mut first, mut second] = frames;
            assert!(!Seal::new(mode, [1; 32]).open(&mut second, HEAD));
            assert!(!Seal::new(mode, [2; 32]).open(&mut first, HEAD));
            let mut rx = Seal::new(mode, [1; 32]);
            let mut again = KVec::new();
            again.extend_from_slice(&first, GFP_KERNEL)?;
            assert!(rx.open(&mut first, HEAD));
            assert!(!rx.open(&mut again, HEAD));
        }
        Ok(())
    }

    #[test]
    fn pages_are_as_many_as_their_bytes_need() -> Result {
        assert!(Pages::alloc(0)?.is_empty());
        let pages = Pages::alloc(4097)?;
        assert!(pages.as_slice().len() == 2 && pages.bytes() == 4097);
        assert!(Pages::alloc(257 * 4096).err() == Some(EINVAL));
        assert!(Pages::new(KVec::new(), 1).err() == Some(EINVAL));
        Ok(())
    }

    #[test]
    fn a_single_page_travels_in_the_frame() -> Result {
        for bytes in [0, 1, 4096, 4097] {
            let mut text = KVec::from_elem(7, bytes, GFP_KERNEL)?;
            if let Some(last) = text.last_mut() {
                *last = 9;
            }
            let pages = Pages::holding(&text)?;
            let mut payload = KVec::from_elem(1, 3, GFP_KERNEL)?;
            pages.append_to(&mut payload)?;
            let (inside, bulk) = pages.ways();
            match bytes > 4096 {
                true => assert!((inside, bulk) == (0, 4097) && payload.len() == 3),
                false => {
                    assert!(inside as usize == bytes && bulk == 0);
                    assert!(payload[..3] == [1; 3] && payload[3..] == text[..]);
                }
            }
            assert!(pages.apart().bytes() == bulk);
        }
        Ok(())
    }
}
