//! The packets of a stream, with what is to be cut off at its ends alone.
//!
//! An Ogg page tells which sample it ends with. What the packets of a stream's last page hold beyond that is padding,
//! and is cut off (Vorbis I, appendix A.2; RFC 7845 §4.4). Symphonia cuts every page like that. But pages in the midst of
//! a stream may tell too little without anything being amiss: FFmpeg counts some samples where block sizes change to the
//! page before, so that 448 seem too many on the next, and some encoders do not count at all. Decoders ignore that, and so
//! do we: packets that are to be cut wait until it is known whether others follow.
//!
//! Samples before time zero, which the first page of a Vorbis stream may tell of, are cut off too; what precedes an Opus
//! stream, its decoder knows.

use std::collections::VecDeque;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::CODEC_ID_VORBIS;
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, well_known};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

/// Packets that may end on one Ogg page (RFC 3533 §6): one for each of its segments.
const MAX_PER_PAGE: usize = 255;

/// Largest block of a Vorbis stream, in samples: no more can lie before its first one.
const MAX_LEAD_IN: i64 = 8192;

/// A demultiplexer whose packets are cut at the ends of a stream only.
pub(super) struct Packets {
    demuxer: Box<dyn FormatReader>,
    is_paged: bool,
    /// Samples before time zero that are still to be cut off; unknown before the first packet.
    lead_in: Option<u64>,
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
        Self {
            demuxer,
            is_paged,
            lead_in: None,
            waiting: VecDeque::new(),
            ready: VecDeque::new(),
            then: None,
        }
    }

    pub(super) fn demuxer(&mut self) -> &mut dyn FormatReader {
        self.demuxer.as_mut()
    }

    /// The next packet of a track that holds `codec`; `None` at the end.
    pub(super) fn next(&mut self, track_id: u32, codec: AudioCodecId) -> Result<Option<Packet>, Error> {
        let is_vorbis = self.is_paged && codec == CODEC_ID_VORBIS;
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Ok(Some(if is_vorbis { self.without_lead_in(packet) } else { packet }));
            }
            if let Some(then) = self.then.take() {
                self.lead_in = None;
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

    fn without_lead_in(&mut self, mut packet: Packet) -> Packet {
        let before_zero = packet.pts.get().saturating_neg();
        let lead_in = self.lead_in.get_or_insert(match before_zero {
            1..=MAX_LEAD_IN => before_zero.unsigned_abs(),
            _ => 0,
        });
        let block = packet.block_dur().get();
        let cut = (*lead_in).min(block).max(packet.trim_start.get());
        *lead_in = lead_in.saturating_sub(block);
        packet.trim_start = Duration::new(cut);
        packet.dur = Duration::new(block.saturating_sub(cut).saturating_sub(packet.trim_end.get()));
        packet
    }
}

fn uncut(mut packet: Packet) -> Packet {
    packet.dur = packet.dur.saturating_add(packet.trim_end);
    packet.trim_end = Duration::ZERO;
    packet
}
