//! Opus packets from Ogg, through the pure-Rust codec `opus-pure`.
//!
//! Symphonia demultiplexes but does not decode Opus. Source: RFC 7845 (Ogg Opus), §4.2 pre-skip, §5.1 the
//! identification header.

use opus_pure::{ChannelLayout, Error, OpusMSDecoder};
use symphonia::core::packet::Packet;

use super::error::Fault;

/// Opus always decodes to this rate here (RFC 7845 §5.1: the input rate is only informative).
const RATE_HZ: u32 = 48_000;
/// The longest packet: 120 ms.
const MAX_PACKET_SAMPLES: usize = 5760;

/// The decoder state of one Opus stream.
pub(super) struct OpusStream {
    decoder: OpusMSDecoder,
    channels: usize,
    gain: f32,
    /// Samples per channel still to be dropped at the start.
    pre_skip: usize,
    pcm: Vec<f32>,
}

impl OpusStream {
    /// From the identification header, `OpusHead` and what follows.
    pub(super) fn new(head: &[u8]) -> Result<Self, Fault> {
        let cut = || Fault::malformed("its Opus header is cut short");
        let fixed = head.get(..19).ok_or_else(cut)?;
        if &fixed[..8] != b"OpusHead" {
            return Err(Fault::malformed("its Opus header is missing"));
        }
        let (channels, family) = (usize::from(fixed[9]), fixed[18]);
        let unsupported =
            |_| Fault::Unsupported(format!("Opus of {channels} channels in mapping family {family}"));
        let layout = ChannelLayout::surround(channels, family).map_err(unsupported)?;
        if family != 0 {
            // The header may carry a layout of its own; the decoder knows the standard ones.
            let table = head.get(19..21 + channels).ok_or_else(cut)?;
            let streams = [layout.nb_streams, layout.nb_coupled_streams];
            if streams != [usize::from(table[0]), usize::from(table[1])] || layout.mapping != table[2..] {
                return Err(Fault::Unsupported("Opus with a channel layout of its own".into()));
            }
        }
        let decoder = OpusMSDecoder::new(RATE_HZ as i32, channels, family).map_err(unsupported)?;
        let gain_db = f32::from(i16::from_le_bytes([fixed[16], fixed[17]])) / 256.0;
        let pre_skip = usize::from(u16::from_le_bytes([fixed[10], fixed[11]]));
        Ok(Self { decoder, channels, gain: 10f32.powf(gain_db / 20.0), pre_skip, pcm: Vec::new() })
    }

    /// Decodes a packet into `block`, interleaved; returns rate and channels.
    pub(super) fn decode(&mut self, packet: &Packet, block: &mut Vec<f32>) -> Result<(u32, usize), Fault> {
        self.pcm.resize(MAX_PACKET_SAMPLES * self.channels, 0.0);
        let damaged = |error: Error| Fault::malformed(error.to_string());
        let samples =
            self.decoder.decode(&packet.data, MAX_PACKET_SAMPLES, &mut self.pcm).map_err(damaged)?;
        let start = self.pre_skip.min(samples);
        self.pre_skip -= start;
        let end = samples.saturating_sub(packet.trim_end.get() as usize).max(start);
        block.extend(
            self.pcm[start * self.channels..end * self.channels].iter().map(|sample| sample * self.gain),
        );
        Ok((RATE_HZ, self.channels))
    }
}
