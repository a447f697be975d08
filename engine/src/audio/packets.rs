//! The packets of a stream, with what is to be cut off at its end alone.
//!
//! An Ogg page tells which sample it ends with. What the packets of a stream's last page hold beyond that is padding,
//! and is cut off (Vorbis I, appendix A.2; RFC 7845 §4.4). Symphonia cuts every page like that. But pages in the midst of
//! a stream may tell too little without anything being amiss: libvorbis counts those that end before a change from long
//! blocks to short ones 448 samples short, and some encoders do not count at all. Decoders ignore that, and so do we:
//! packets that are to be cut wait until it is known whether others follow.

use std::collections::VecDeque;

use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, well_known};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// Packets that may end on one Ogg page (RFC 3533 §6): one for each of its segments.
const MAX_PER_PAGE: usize = 255;

/// A demultiplexer whose packets are cut at the end of a stream only.
pub(super) struct Packets {
    demuxer: Box<dyn FormatReader>,
    is_paged: bool,
    /// To be cut, if none follows.
    waiting: VecDeque<Packet>,
    /// To be given out next.
    ready: VecDeque<Packet>,
    /// What comes after those.
    then: Option<Result<Option<Packet>, Error>>,
}

impl Packets {
    pub(super) fn new(demuxer: Box<dyn FormatReader>) -> Self {
        let is_paged = demuxer.format_info().format == well_known::FORMAT_ID_OGG;
        Self { demuxer, is_paged, waiting: VecDeque::new(), ready: VecDeque::new(), then: None }
    }

    pub(super) fn demuxer(&mut self) -> &mut dyn FormatReader {
        self.demuxer.as_mut()
    }

    /// The next packet of a track; `None` at the end.
    pub(super) fn next(&mut self, track_id: u32) -> Result<Option<Packet>, Error> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Ok(Some(packet));
            }
            if let Some(then) = self.then.take() {
                return then;
            }
            match self.demuxer.next_packet() {
                Ok(Some(packet)) if packet.track_id != track_id => {}
                Ok(Some(packet)) if self.is_paged && packet.trim_end > Duration::ZERO => {
                    self.waiting.push_back(packet);
                    if self.waiting.len() > MAX_PER_PAGE {
                        self.ready.extend(self.waiting.pop_front().map(uncut));
                    }
                }
                Ok(Some(packet)) => {
                    self.ready.extend(self.waiting.drain(..).map(uncut));
                    self.ready.push_back(packet);
                }
                // The end of this stream: another one may be chained to it.
                end @ (Ok(None) | Err(Error::ResetRequired)) => {
                    self.ready.append(&mut self.waiting);
                    self.then = Some(end);
                }
                Err(error) => {
                    self.ready.extend(self.waiting.drain(..).map(uncut));
                    self.then = Some(Err(error));
                }
            }
        }
    }
}

fn uncut(mut packet: Packet) -> Packet {
    packet.dur = packet.dur.saturating_add(packet.trim_end);
    packet.trim_end = Duration::ZERO;
    packet
}
